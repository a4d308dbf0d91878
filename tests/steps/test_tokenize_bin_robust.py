"""tokenize_bin under hard conditions: many workers, kills, shards, books on one line, damaged corpora, full disks."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from schemas import Corpus, RecipeError
from steps.split_long import SplitLong, split_long
from steps.text import binning, blocks
from steps.text.binfile import BinReader
from steps.text.chat import render
from steps.text.pool import MOST_THREADS, ordered
from steps.tokenize_bin import TokenizeBin, tokenize_bin
from tests.conftest import ROOT, FakeContext
from tests.steps.text.made import corpus, folder, opened, stories, tokenizer

CHILD = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from schemas import Corpus, Tokenizer
from steps.text import binning, blocks
from steps.tokenize_bin import TokenizeBin, tokenize_bin
from tests.conftest import FakeContext
blocks.BLOCK, blocks.LONG, binning.SAVED_EVERY_TOKENS, binning.COPIED_TOKENS = 4000, 9000, 5000, 100
context = FakeContext(Path(sys.argv[4]))
print("ready", flush=True)
tokenize_bin(TokenizeBin(val_fraction=0.2, workers=int(sys.argv[5]), shard_tokens=30000), [Corpus.load(Path(sys.argv[2]))],
             Tokenizer.load(Path(sys.argv[3])), context)
print("done", len(context.events), flush=True)
"""


PEAK = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"  # kB


@pytest.fixture
def small(monkeypatch):
    """Blocks, long lines and savings of a size that tests can reach."""
    monkeypatch.setattr(blocks, "BLOCK", 4000)
    monkeypatch.setattr(blocks, "LONG", 9000)
    monkeypatch.setattr(binning, "SAVED_EVERY_TOKENS", 5000)
    monkeypatch.setattr(binning, "COPIED_TOKENS", 100)


def mixed() -> Corpus:
    """Stories, some of them repeated, two books among them, copies, empty ones, a letter that no vocabulary knows."""
    draw = random.Random(5)
    rows = [{**row, "repeat": draw.choice([1, 1, 1, 2, 3])} for row in stories().rows()]
    whole = "\n\n".join(row["text"] for row in rows[:40])
    rows[100:100] = [{"text": whole, "lang": "tr", "source": "book", "repeat": 3}, {"text": ""}, {"text": whole[::-1] + "ↈↈ"}]
    return corpus(rows + [{**row, "origin": "copy"} for row in rows[5:15]])


def made(*corpora, model="bpe", seed=1, context=None, **params):
    return tokenize_bin(
        TokenizeBin(val_fraction=0.2, **params), list(corpora), tokenizer(model), context or FakeContext(folder(), seed=seed)
    )


def files(bins) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(bins.path.iterdir())}


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_any_number_of_workers_gives_the_same_bytes(small, model):
    """And blocks of any size: those of one process that takes the corpus in one piece."""
    several = files(made(mixed(), model=model, workers=3))
    assert several == files(made(mixed(), model=model, workers=MOST_THREADS + 1))  # processes, where three of SentencePiece are threads
    assert several == files(made(mixed(), model=model, workers=1))
    blocks.BLOCK, blocks.LONG = 1 << 20, 1 << 22
    assert several == files(made(mixed(), model=model, workers=1))


@pytest.mark.parametrize(("model", "chat", "threads"), [("bpe", False, True), ("bpe", True, False), ("byte_bpe", False, False)])
def test_threads_are_for_what_does_not_run_in_python(monkeypatch, model, chat, threads):
    """A chat template does, and of it one would run at a time; `tokenizers` changes its settings while it works."""
    asked = []
    monkeypatch.setattr(binning, "ordered", lambda *given, **how: asked.append(how) or ordered(*given[:3], 1))
    given = corpus(list(stories().rows())[:20])
    made(given.model_copy(update={"shape": "chat"}).at(given.path) if chat else given, model=model, workers=2)
    assert asked == [{"threads": threads}]


def written(place: Path) -> int:
    try:
        return sum(path.stat().st_size for path in place.rglob("*.bin"))
    except FileNotFoundError:  # it is being made anew
        return 0


def test_a_killed_run_ends_with_the_same_bytes(tmp_path):
    """Killed again and again at random moments, with one worker and with two; what was saved is not done again."""
    given = mixed()
    draw, kills, taken_up = random.Random(1), 0, 0
    words = [str(ROOT), str(given.path), str(tokenizer().path)]
    finished = []
    for workers in ("1", "2"):
        for attempt in range(30):
            command = [sys.executable, "-c", CHILD, *words, str(tmp_path / workers), workers]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            if attempt < 5:
                reached = (attempt + draw.random()) * 60_000  # bytes; there will be about 400,000
                while child.poll() is None and written(tmp_path / workers / "keep") < reached:
                    time.sleep(0.002)
                child.send_signal(signal.SIGKILL)
            said = child.communicate()[0].split()
            if child.returncode == 0:
                finished.append(tmp_path / workers / "work")
                taken_up += int(said[1])
                break
            assert child.returncode == -signal.SIGKILL
            kills += 1
            for path in (tmp_path / workers / "work").iterdir():
                path.unlink()
    context = FakeContext(tmp_path / "whole")
    whole = made(given, context=context, workers=1, shard_tokens=30_000)
    assert kills >= 6
    assert taken_up == 2
    for place in finished:
        assert {path.name: path.read_bytes() for path in place.iterdir()} == files(whole)


def test_a_stopped_run_goes_on_where_it_was(small):
    """Asked to stop, it saves; the next one begins there, and the bytes are the same."""
    context = FakeContext(folder())
    looks = []
    context.stopping = lambda: looks.append(1) or len(looks) > 12
    with pytest.raises(InterruptedError):
        made(mixed(), context=context, workers=1)
    context.stopping = lambda: False
    done = made(mixed(), context=context, workers=1)
    assert context.events[0]["event"] == "taken_up"
    assert context.events[0]["tokens"] > 1000
    assert files(done) == files(made(mixed(), workers=1))


def test_a_full_shard_is_not_written_again(small, monkeypatch):
    """A run that ends without a word goes on behind the last document of the last full shard, long before it is time to save."""
    monkeypatch.setattr(binning, "SAVED_EVERY_TOKENS", 1 << 24)
    context, shards = FakeContext(folder()), []

    def progress(*_):
        shards[:] = (context.keep / "bins").glob("train-*.bin")
        if len(shards) > 3:
            raise MemoryError

    context.progress = progress
    with pytest.raises(MemoryError):
        made(mixed(), context=context, workers=1, shard_tokens=9000)
    context.progress = lambda *_: None
    done = made(mixed(), context=context, workers=1, shard_tokens=9000)
    [event] = [event for event in context.events if event["event"] == "taken_up"]
    assert event["tokens"] > 2 * 9000
    assert files(done) == files(made(mixed(), workers=1, shard_tokens=9000))


def test_an_overlap_of_pieces_is_written_once(small):
    """What a piece repeats of the piece before it is left out, and counted: the bytes are those of the documents before they were split."""
    rows = list(stories().rows())
    rows = [*rows[:40], {"text": "\n".join(row["text"] for row in rows[40:])[:60_000], "origin": "book"}]
    params = SplitLong(max_tokens=100, overlap_tokens=20, workers=1)
    pieces = split_long(params, [corpus(rows)], tokenizer(), FakeContext(folder()))
    context = FakeContext(folder())
    bins = made(pieces, context=context, workers=2)
    fresh = [row["text"][row.get("overlap", 0) :] for row in pieces.rows()]
    assert sorted(decoded(bins, "train") + decoded(bins, "val")) == sorted(fresh)
    assert bins.train_bytes + bins.val_bytes == sum(len(row["text"].encode()) for row in rows)
    repeated = sum(row.get("overlap", 0) for row in pieces.rows())
    assert repeated > 1000
    assert context.kept["bins"]["overlap_left_out"] == repeated
    plain = [{**row, "text": text, "overlap": 0} for row, text in zip(pieces.rows(), fresh, strict=True)]
    assert files(bins) == files(made(corpus(plain)))


def test_an_overlap_of_answers_and_of_long_lines_is_written_once(small):
    """Of a conversation the last answer begins later; a line that is not held loses its first characters too; nothing new is no row."""
    question, answer = {"role": "user", "content": "Anlat."}, "Bir varmış bir yokmuş. "
    long = "".join(row["text"] for row in stories().rows())[:50_000]
    talk = {"messages": [question, {"role": "assistant", "content": answer}]}
    rows = [
        {**talk, "text": render(talk["messages"]).text, "origin": "1", "overlap": 4},
        {**talk, "text": render(talk["messages"]).text, "origin": "2", "overlap": len(answer)},
        {"text": long, "origin": "3", "overlap": 20_001},
        {"text": "eski", "origin": "4", "overlap": 4},
        {"text": "yeni", "origin": "5"},
    ]
    for workers in (1, 2):
        bins = made(corpus(rows), workers=workers)
        cut = [question, {"role": "assistant", "content": answer[4:]}]
        assert sorted(decoded(bins, "train") + decoded(bins, "val")) == sorted([render(cut).text, long[20_001:], "yeni"])


def test_shards_are_one_split(small):
    """Joined they are the flat file; the reader gives the same documents as from one file."""
    one, many = made(mixed()), made(mixed(), shard_tokens=777)
    names = sorted(path.name for path in many.path.glob("train-*.bin"))
    assert names[:2] == ["train-00000.bin", "train-00001.bin"]
    assert b"".join((many.path / name).read_bytes() for name in names) == (one.path / "train.bin").read_bytes()
    assert {len((many.path / name).read_bytes()) for name in names[:-1]} == {2 * 777}
    for split in ("train", "val"):
        whole, parted = BinReader(one.path, split), BinReader(many.path, split)
        assert len(whole.tokens) == len(parted.tokens)
        assert all(np.array_equal(whole.document(i), parted.document(i)) for i in range(len(whole)))
        assert np.array_equal(whole.tokens[100:5000], parted.tokens[100:5000])
        assert np.array_equal(np.asarray(parted.tokens), whole.tokens)
        assert list(whole.meta) == list(parted.meta) == [parted.meta[i] for i in range(len(parted))]
    assert np.memmap(one.path / "train.bin", dtype=np.uint16, mode="r").tolist() == BinReader(one.path, "train").tokens.tolist()


def test_the_trainer_reads_shards_as_one_file(small):
    """Rows of training are the same."""
    pytest.importorskip("torch")
    from steps.lm.batches import PackedRows, validation_rows

    one, many = made(mixed()), made(mixed(), shard_tokens=777)
    rows = [PackedRows(BinReader(bins.path, "train"), 64, 3) for bins in (one, many)]
    assert all(np.array_equal(rows[0].row(i), rows[1].row(i)) for i in range(0, 600, 7))
    held = [validation_rows(BinReader(bins.path, "val"), 64, 3000, 1) for bins in (one, many)]
    assert [row.ids.tolist() for row in held[0]] == [row.ids.tolist() for row in held[1]]


def test_documents_added_at_the_end_move_nothing(small):
    """Train and val begin with the very bytes they had; so do the counts."""
    rows = [dict(row, repeat=1) for row in mixed().rows()]
    few, more = made(corpus(rows[:250])), made(corpus(rows))
    for split in ("train", "val"):
        for end in ("bin", "idx", "meta.jsonl"):
            before, after = ((bins.path / f"{split}.{end}").read_bytes() for bins in (few, more))
            assert after.startswith(before)


def test_conversations_are_written_by_the_models_own_template(tmp_path):
    """With its marks as control tokens; without a template ours stands in the text."""
    from schemas import Tokenizer
    from steps.text.tokenizers import open_tokenizer
    from tests.steps.text.models_with_templates import CHATML
    from tests.steps.text.models_with_templates import folder as model_folder

    words = open_tokenizer(model_folder(tmp_path / "model", CHATML))
    talks = [[{"role": "user", "content": f"Soru {i}?"}, {"role": "assistant", "content": "Evet."}] for i in range(20)]
    given = corpus([{"text": f"soru {i}", "messages": talk} for i, talk in enumerate(talks)])
    artifact = Tokenizer(vocab_size=words.vocab_size, model="byte_bpe").save(tmp_path / "model")
    bins = tokenize_bin(TokenizeBin(val_fraction=0.3), [given], artifact, FakeContext(tmp_path))
    found = [
        BinReader(bins.path, split).document(i).tolist() for split in ("train", "val") for i in range(len(BinReader(bins.path, split)))
    ]
    assert sorted(found) == sorted(words.form.tokens(talk, words).ids for talk in talks)


def test_a_book_on_one_line_needs_little_memory(tmp_path):
    """100 MB in one document: the same ids, a fraction of its size in memory, whatever the tokenizer."""
    page = " ".join(row["text"] for row in stories().rows()).replace("\n", " ")[:200_000] + " "
    times = 100_000_000 // len(page.encode()) + 1
    (tmp_path / "corpus").mkdir()
    with (tmp_path / "corpus" / "corpus.jsonl").open("w", encoding="utf-8") as out:
        out.write('{"text": "' + json.dumps(page, ensure_ascii=False)[1:-1] * times + '", "lang": "tr"}\n{"text": "ek", "origin": "1"}\n')
    Corpus(documents_count=2, bytes=100_000_000).save(tmp_path / "corpus")
    code = CHILD.replace("blocks.BLOCK, blocks.LONG, binning.SAVED_EVERY_TOKENS, binning.COPIED_TOKENS = 4000, 9000, 5000, 100", "")
    code = code.replace(", shard_tokens=30000", "") + PEAK
    words = tokenizer("unigram")
    command = [sys.executable, "-c", code, str(ROOT), str(tmp_path / "corpus"), str(words.path), str(tmp_path), "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 150_000
    ids = [BinReader(tmp_path / "work", split).tokens for split in ("train", "val")]
    book = max(ids, key=len)[1:-1]
    one = np.asarray(opened("unigram").encode(page), np.uint16)
    assert np.array_equal(book, np.tile(one, times))


def test_many_tiny_documents(tmp_path):
    """Linear, and nothing is held: fifty thousand of a word each."""
    rows = [{"text": f"söz {i}"} for i in range(50_000)]
    bins = made(corpus(rows), workers=2)
    assert bins.train_documents + bins.val_documents == 50_000
    assert 9_000 < bins.val_documents < 11_000


def test_an_empty_corpus_is_told():
    """D120."""
    for rows in ([], [{"text": ""}, {"text": ""}]):
        with pytest.raises(RecipeError, match="D120: the corpus holds no document"):
            made(corpus(rows))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_line_stops_it_by_number(small, workers):
    """D122 with the line, however many processes read; the rest of the corpus is not trained on without a word."""
    given = mixed()
    lines = (given.path / "corpus.jsonl").read_bytes().splitlines(keepends=True)
    lines[200] = lines[200][:50] + b"\n"
    (given.path / "corpus.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(RecipeError, match=r"D122: corpus\.jsonl, line 201: it is no JSON"):
        made(given, workers=workers)


@pytest.mark.parametrize("change", ["gone", "cut"])
def test_a_corpus_that_changes_half_way_is_told(small, change):
    """D122, whether the file vanished or was cut behind the place that is read."""
    given, context = mixed(), FakeContext(folder())
    path, looks = given.path / "corpus.jsonl", []

    def stopping() -> bool:
        looks.append(1)
        if len(looks) == 5:
            path.unlink() if change == "gone" else os.truncate(path, path.stat().st_size // 2)
        return False

    context.stopping = stopping
    with pytest.raises(RecipeError, match="D122"):
        made(given, context=context, workers=1)


def test_a_full_disk_fails_and_what_was_saved_stays(small, monkeypatch):
    """The system's own error, which the runner tells as R003; with space again it goes on and the bytes are the same."""
    context = FakeContext(folder())
    fill = binning.BinWriter.extend
    disk = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the writer closes it

    def full(self, ids):
        if self.split == "train" and self.tokens > 40_000:
            self._bin = disk
        fill(self, ids)

    monkeypatch.setattr(binning.BinWriter, "extend", full)
    with pytest.raises(OSError, match="No space left on device"):
        made(mixed(), context=context, workers=1)
    monkeypatch.undo()
    done = made(mixed(), context=context, workers=1)
    assert context.events[0]["tokens"] > 20_000
    assert files(done) == files(made(mixed(), workers=1))


def test_an_output_that_cannot_be_written_is_the_systems_error():
    """PermissionError or its like, which the runner tells as R001; never a bin that is half there."""
    context = FakeContext(folder())
    context.keep = Path("/proc/self")
    with pytest.raises(OSError, match="bins"):
        made(corpus([{"text": f"{i}"} for i in range(9)]), context=context)
    assert list(context.workdir.iterdir()) == []


def test_near_duplicates_stand_on_one_side(tmp_path):
    """Documents that parse_corpus keeps together are together in train or in val, from file to bin."""
    pytest.importorskip("rensa")
    from steps.parse_corpus import Clean, ParseCorpus, Source, parse_corpus

    texts = [row["text"] for row in stories().rows()][:60]
    lines = [json.dumps({"text": f"{text}\nSürüm {k}."}, ensure_ascii=False) + "\n" for k in range(3) for text in texts]
    (tmp_path / "near.jsonl").write_text("".join(lines), "utf-8")
    params = ParseCorpus(sources=[Source(path=str(tmp_path / "near.jsonl"))], clean=Clean(near_duplicates="together"))
    bins = made(parse_corpus(params, FakeContext(tmp_path / "parse")))
    sides = [{text.rpartition("\n")[0] for text in decoded(bins, split)} for split in ("train", "val")]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 60
    assert len(decoded(bins, "val")) == 3 * len(sides[1])


def decoded(bins, split) -> list[str]:
    reader = BinReader(bins.path, split)
    return [opened().decode(reader.document(i)[1:-1]) for i in range(len(reader))]
