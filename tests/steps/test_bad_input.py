"""The five steps of text on bad input: each ends in words or in a right result, and goes on once it is mended."""

import errno
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas import Corpus, RecipeError, Tokenizer
from steps.check_vocab_consistency import CheckVocabConsistency, check_vocab_consistency
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.split_long import SplitLong, split_long
from steps.text.elsewhere import CheckpointFrom
from steps.text.tokenizers import open_tokenizer
from steps.tokenize_bin import TokenizeBin, tokenize_bin
from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext
from tests.steps.disks import close, grow, small_disk
from tests.steps.text.made import corpus, folder, stories, tokenizer

Step = Callable[[Corpus, FakeContext], object]


def tokenizes(model: str) -> Step:
    return lambda given, context: train_tokenizer(TrainTokenizer(model=model, vocab_size=AtMost(at_most=600)), [given], context)  # type: ignore[arg-type]


def checks(given: Corpus, context: FakeContext) -> Tokenizer:
    return check_vocab_consistency(CheckVocabConsistency(), tokenizer(), [given], None, None, context)  # type: ignore[return-value]


def takes_out(given: Corpus, context: FakeContext) -> object:
    """check_vocab_consistency of a model folder, whose tokenizer it writes."""
    params = CheckVocabConsistency(checkpoint=CheckpointFrom(path=str(tokenizer().path)))
    return check_vocab_consistency(params, None, [given], None, None, context)


def bins(given: Corpus, context: FakeContext) -> object:
    return tokenize_bin(TokenizeBin(val_fraction=0.2, workers=1), [given], tokenizer(), context)


def splits(given: Corpus, context: FakeContext) -> object:
    return split_long(SplitLong(max_tokens=64, workers=1), [given], tokenizer(), context)


def parses(given: Corpus, context: FakeContext) -> object:
    """The corpus' own file, as a user's JSONL."""
    return parse_corpus(ParseCorpus(sources=[Source(path=str(given.path / "corpus.jsonl"))]), context)


READERS: dict[str, Step] = {
    "train_tokenizer bpe": tokenizes("bpe"),
    "train_tokenizer byte_bpe": tokenizes("byte_bpe"),
    "check_vocab_consistency": checks,
    "tokenize_bin": bins,
    "split_long": splits,
}
WRITERS: dict[str, Step] = {**READERS, "check_vocab_consistency": takes_out, "parse_corpus": parses}


def some() -> Corpus:
    return corpus(list(stories().rows())[:60])


def damaged(change: Callable[[list[bytes]], list[bytes]]) -> Corpus:
    """A corpus whose lines were changed behind the back of its description."""
    given = some()
    path = given.path / "corpus.jsonl"
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    return given


DAMAGE: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "binary": (lambda lines: [bytes(range(256)) * 40], r"D122: corpus\.jsonl, line 1: it is no"),
    "invalid UTF-8": (
        lambda lines: [*lines[:9], lines[9].replace(b"e", b"\xff", 1), *lines[10:]],
        r"D122: corpus\.jsonl, line 10: it is no",
    ),
    "broken line": (lambda lines: [*lines[:9], lines[9][:40] + b"\n", *lines[10:]], r"D122: corpus\.jsonl, line 10: it is no JSON"),
    "no object": (lambda lines: [*lines[:9], b"[1]\n", *lines[10:]], r"D122: corpus\.jsonl, line 10: it is no object with a text"),
    "text of another type": (lambda lines: [*lines[:9], b'{"text": 5}\n', *lines[10:]], r"D122: corpus\.jsonl, line 10: it is no object"),
    "cut": (lambda lines: lines[:30], r"D122: .*corpus\.jsonl has 30 lines, its description says 60: it was cut or changed"),
}


@pytest.mark.parametrize("step", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(("change", "said"), DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_corpus_is_told_by_line(step: Step, change, said: str):
    """D122 with the line, in every step that reads one; nothing is made of the rest."""
    context = FakeContext(folder())
    with pytest.raises(RecipeError, match=said) as error:
        step(damaged(change), context)
    assert (error.value.field, bool(error.value.fix)) == ("corpus", True)
    assert not list(context.workdir.glob("*.json"))


@pytest.mark.parametrize("step", READERS.values(), ids=READERS.keys())
def test_a_corpus_that_is_gone_is_told(step: Step):
    """D122, also where only its file went."""
    given = some()
    (given.path / "corpus.jsonl").unlink()
    with pytest.raises(RecipeError, match=r"D122: corpus\.jsonl cannot be read: No such file or directory"):
        step(given, FakeContext(folder()))


EMPTY = {"train_tokenizer bpe": "T107", "train_tokenizer byte_bpe": "T107", "tokenize_bin": "D120", "split_long": "D104"}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_corpus_is_told(name: str):
    """Each with the code of what it lacks."""
    with pytest.raises(RecipeError, match=EMPTY[name]):
        READERS[name](corpus([]), FakeContext(folder()))


def test_without_a_text_a_tokenizer_is_checked_by_itself():
    """An empty corpus leaves nothing to compare, which is no mistake of the tokenizer's."""
    assert checks(corpus([]), FakeContext(folder())).path == tokenizer().path


# Disks ----------------------------------------------------------------------------------------------------------------


def files(context: FakeContext) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(context.workdir.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("step", WRITERS.values(), ids=WRITERS.keys())
def test_a_full_disk_is_the_systems_error_and_with_room_it_goes_on(tmp_path: Path, step: Step):
    """On a real disk, full at once and half-way: ENOSPC, which the runner tells as R003; then the same bytes as on a large one."""
    given = some()
    whole = FakeContext(tmp_path / "large")
    step(given, whole)
    with small_disk(tmp_path / "disk", 4096) as disk:
        context = FakeContext(disk)
        for size in (4096, 4096 * 6):
            grow(disk, size)
            with pytest.raises(OSError, match="No space left on device") as error:
                step(given, context)
            assert error.value.errno == errno.ENOSPC
            assert not (context.workdir / "artifact.json").exists()
            for path in context.workdir.iterdir():  # as the runner does
                path.unlink()
        grow(disk, 1 << 24)
        step(given, context)
        assert files(context) == files(whole)


@pytest.mark.parametrize("step", WRITERS.values(), ids=WRITERS.keys())
def test_a_read_only_disk_is_the_systems_error(tmp_path: Path, step: Step):
    """EROFS, which the runner tells as R001."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        context = FakeContext(disk)
        close(disk)
        with pytest.raises(OSError, match="Read-only file system") as error:
            step(some(), context)
        assert error.value.errno == errno.EROFS


# Sizes ----------------------------------------------------------------------------------------------------------------


def tiny(documents: int) -> Corpus:
    return corpus([{"text": f"söz {i}", "lang": "tr"} for i in range(documents)])


@pytest.mark.parametrize("name", ["train_tokenizer bpe", "check_vocab_consistency", "split_long", "parse_corpus"])
def test_many_tiny_documents_are_all_there(name: str):
    """Eight thousand of a word each. A million of them are in test_true_size.py."""
    context = FakeContext(folder())
    made = {**WRITERS, **READERS}[name](tiny(8_000), context)
    if isinstance(made, Corpus):
        assert [row["text"] for row in made.rows()] == [f"söz {i}" for i in range(8_000)]
    elif name == "check_vocab_consistency":
        assert context.kept["vocabulary"]["by_language"]["tr"]["round_trip"] == 1.0
    else:
        assert open_tokenizer(context.workdir).decode(open_tokenizer(context.workdir).encode("söz 7999")) == "söz 7999"


@pytest.mark.parametrize("name", ["train_tokenizer bpe", "check_vocab_consistency", "split_long", "parse_corpus"])
def test_a_document_on_one_long_line_comes_out_whole(name: str):
    """A megabyte without a line break. A hundred of them are in test_true_size.py."""
    page = " ".join(row["text"] for row in stories().rows()).replace("\n", " ")
    long = (page * 8)[:1_000_000].strip()
    context = FakeContext(folder())
    made = {**WRITERS, **READERS}[name](corpus([{"text": long, "lang": "tr"}]), context)
    if isinstance(made, Corpus):
        assert "".join(row["text"] for row in made.rows()) == long
    elif name == "check_vocab_consistency":
        assert context.kept["vocabulary"]["by_language"]["tr"]["round_trip"] == 1.0
    else:
        opened = open_tokenizer(context.workdir)
        assert opened.decode(opened.encode(long[:50_000])) == long[:50_000]


def test_a_text_file_on_one_long_line(tmp_path: Path):
    """As one document, and, by line or by blank line, the same."""
    text = "bir iki üç " * 200_000
    (tmp_path / "a.txt").write_text(text, "utf-8")
    for split in (None, "line", "blank_line"):
        made = parse_corpus(ParseCorpus(sources=[Source(path=str(tmp_path), document=split)]), FakeContext(folder()))
        assert [row["text"] for row in made.rows()] == [text.strip()]


# Sources --------------------------------------------------------------------------------------------------------------


def sources(tmp_path: Path, given: dict[str, bytes], **params) -> tuple[list[str], FakeContext]:
    place = tmp_path / "project" / "texts"
    for name, data in given.items():
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    context = FakeContext(folder(), project=tmp_path / "project")
    made = parse_corpus(ParseCorpus(sources=[Source(path="texts")], **params), context)
    return [row["text"] for row in made.rows()], context


def test_bytes_that_are_no_text_are_told_and_the_rest_is_read(tmp_path: Path):
    """A binary file named .txt is listed; one with a few wrong bytes is read, with U+FFFD, and that is said in words."""
    wrong = ("Güneş doğdu, kuşlar öttü. " * 20).encode() + b"\xff\xfe\x80"
    texts, context = sources(tmp_path, {"a.txt": bytes(range(256)) * 9, "b.txt": wrong, "c.txt": "İyi.".encode()})
    assert [text[-3:] for text in texts] == ["\ufffd" * 3, "yi."]
    assert context.kept["corpus"]["unreadable"] == [{"file": "a.txt", "reason": "binary content, not text"}]
    assert [e["message"] for e in context.events] == [
        "1 of 3 files could not be read: a.txt: binary content, not text",
        "1 file with bytes that are no text, U+FFFD in their place: b.txt: 3 places became U+FFFD",
    ]


def test_a_text_that_was_encoded_twice_is_read_as_it_was(tmp_path: Path):
    """That is told; a text with one such pair among letters of its own stays what it is."""
    text = "Güneş doğdu, “kuşlar… öttü.\n"
    twice, page = text.encode().decode("cp1252").encode(), "Bazı sayfalarda Ã¼ görünür."
    texts, context = sources(tmp_path, {"a.txt": twice, "b.txt": page.encode()}, on_bad_row="error")
    assert texts == [text.strip(), page]
    texts, context = sources(tmp_path, {"a.txt": twice, "b.txt": page.encode()})
    told = "1 text of UTF-8 that was encoded twice, read as it was before: "
    assert [e["message"] for e in context.events] == [f"{told}a.txt: {twice.decode()[:30]!r} is {text[:30]!r}"]


def test_a_packed_table_under_another_name_is_told(tmp_path: Path):
    """By its first bytes; the others are read."""
    packed = {f"a.{ending}": gzip.compress(b'{"text": "bir"}\n' * 9) for ending in ("csv", "json", "jsonl", "txt")}
    texts, context = sources(tmp_path, {**packed, "b.jsonl": b'{"text": "iki"}\n'})
    assert texts == ["iki"]
    assert {entry["reason"] for entry in context.kept["corpus"]["unreadable"]} == {"a gzip file under another name"}
    assert len(context.kept["corpus"]["unreadable"]) == 4


def test_a_broken_row_ends_it_or_is_left_out(tmp_path: Path):
    """By `on_bad_row`: D116 with file and line, or counted with an example."""
    lines = b'{"text": "bir"}\n{"text": "ik\n{"text": "\xc3\x28"}\n{"text": null}\n{"text": "son"}\n'
    with pytest.raises(RecipeError, match=r"D116: broken row: a\.jsonl, line 2: Invalid control character") as error:
        sources(tmp_path, {"a.jsonl": lines}, on_bad_row="error")
    assert (error.value.field, error.value.fix) == ("on_bad_row", "mend the row, or write on_bad_row: skip")
    texts, context = sources(tmp_path, {"a.jsonl": lines})
    assert texts == ["bir", "son"]
    assert {reason: entry["count"] for reason, entry in context.kept["corpus"]["dropped"].items()} == {
        "broken row: Invalid control character": 1,
        "broken row: no UTF-8": 1,
        "incomplete row: text is empty": 1,
    }


def test_parquet_of_other_types_is_text_or_told(tmp_path: Path):
    """Numbers become text; lists of maps and nothing but nulls say what to write instead."""
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    place = tmp_path / "project" / "texts"
    place.mkdir(parents=True)
    parquet.write_table(arrow.table({"text": [1, None, 3]}), place / "a.parquet")
    texts, context = sources(tmp_path, {})
    assert texts == ["1", "3"]
    assert context.kept["corpus"]["dropped"]["incomplete row: text is empty"] == {
        "count": 1,
        "examples": ["a.parquet, row 2: text is empty"],
    }
    parquet.write_table(arrow.table({"text": [[{"a": "b"}]]}), place / "a.parquet")
    with pytest.raises(RecipeError, match=r"left \(1 incomplete row: a\.parquet, row 1: text holds a list, no text"):
        sources(tmp_path, {})


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_source_that_vanishes_half_way_is_told(tmp_path: Path, kind: str):
    """R004: nothing is made of what was read before; put back, it is read."""
    given = {f"{i}.txt": f"Metin {i}. ".encode() * 300 for i in range(400)}
    context = FakeContext(folder(), project=tmp_path / "project")
    params = ParseCorpus(sources=[Source(path="texts")])
    place = tmp_path / "project" / "texts"

    def stopping() -> bool:
        if kind == "file":
            (place / "99.txt").unlink()
        else:
            place.rename(tmp_path / "project" / "elsewhere")
        return False

    place.mkdir(parents=True)
    for name, data in given.items():
        (place / name).write_bytes(data)
    context.stopping = stopping  # type: ignore[method-assign]
    with pytest.raises(RecipeError, match=r"R004: .* went away while the sources were read"):
        parse_corpus(params, context)
    assert not (context.workdir / "artifact.json").exists()
    if kind == "file":
        (place / "99.txt").write_bytes(given["99.txt"])
    else:
        (tmp_path / "project" / "elsewhere").rename(place)
    assert parse_corpus(params, FakeContext(folder(), project=tmp_path / "project")).documents_count == 400


def test_a_jsonl_that_vanishes_half_way_is_told(tmp_path: Path):
    """What is open is read to its end by the system; one that is cut is told by the runner, which saw it change (R013)."""
    place = tmp_path / "project" / "texts"
    place.mkdir(parents=True)
    for name in ("a.jsonl", "b.jsonl"):
        (place / name).write_text("".join(json.dumps({"text": f"{name} {i}"}) + "\n" for i in range(300)), "utf-8")
    context = FakeContext(folder(), project=tmp_path / "project")
    context.stopping = lambda: (place / "b.jsonl").unlink(missing_ok=True)  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(RecipeError, match=r"R004: .*b\.jsonl went away while the sources were read"):
        parse_corpus(ParseCorpus(sources=[Source(path="texts")]), context)


def test_a_data_set_that_vanishes_half_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """D107 with the rows that came, and no fallback: half of one data set and all of another would be neither."""
    pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "project" / "set" / "data"
    place.mkdir(parents=True)
    for number in range(3):
        rows = (json.dumps({"text": f"satır {number} {i}"}) + "\n" for i in range(300))
        (place / f"train-{number}.jsonl").write_text("".join(rows), "utf-8")
    context = FakeContext(folder(), project=tmp_path / "project")
    context.stopping = lambda: (place / "train-2.jsonl").unlink(missing_ok=True)  # type: ignore[method-assign,assignment,return-value]
    source = Source(hub="set", fallback=Source(path="set/data"))
    with pytest.raises(RecipeError, match=r"D107: set, after 600 rows cannot be read from the hub: ") as error:
        parse_corpus(ParseCorpus(sources=[source]), context)
    assert (error.value.field, error.value.message.count("\n")) == ("sources.0.hub", 0)


# Fallbacks ------------------------------------------------------------------------------------------------------------


def test_a_fallback_says_what_it_says_and_takes_the_rest_from_its_source(tmp_path: Path):
    """Its own take and repeat hold, those of the source where it has none; the statistics name it."""
    place = tmp_path / "project" / "texts"
    place.mkdir(parents=True)
    (place / "a.jsonl").write_text("".join(json.dumps({"text": f"satır {i}"}) + "\n" for i in range(9)), "utf-8")
    own = Source(path="texts", take=2)
    for source, taken, repeat in (
        (Source(path="none", take=5, repeat=3, fallback=own), 2, 3),
        (Source(path="none", take=5, fallback=Source(path="texts", repeat=2)), 5, 2),
        (Source(path="none", fallback=Source(path="none", fallback=own)), 2, 1),
    ):
        context = FakeContext(folder(), project=tmp_path / "project")
        made = parse_corpus(ParseCorpus(sources=[source]), context)
        assert (made.documents_count, {d.repeat for d in made.documents()}) == (taken, {repeat})
        assert context.kept["corpus"]["fallbacks"] == {"none": "texts"}


def test_a_weight_in_a_fallback_is_refused():
    """The share of the source that it stands in for holds."""
    with pytest.raises(ValidationError, match="weight has no effect in a fallback"):
        Source(path="a", weight=2, fallback=Source(path="b", weight=1))
