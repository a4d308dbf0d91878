"""train_tokenizer on text that is not as it should be: nothing is dropped without a word, and no engine's complaint comes through."""

import errno
import os
import subprocess
import sys

import pytest

from schemas import RecipeError
from steps.text.tokenizers import open_tokenizer
from steps.text.trainers import CHUNK, SENTENCE_BYTES, draw_sample, train_sentencepiece
from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer
from tests.conftest import ROOT, FakeContext
from tests.steps.text.made import corpus, opened

MODELS = ("bpe", "unigram", "byte_bpe")
STRANGE = {
    "emoji": "😀👩\u200d👩\u200d👧🇹🇷" * 5,
    "chinese": "今日は良い天気です。中文" * 20,
    "NUL": "\0\0\0",
    "one letter": "a",
    "control": "".join(map(chr, range(1, 32))) * 9,
    "own signs": "\u2581\u2585" * 30,
    "one word": "x" * 9000,
}


def made(tmp_path, rows, **params):
    context = FakeContext(tmp_path)
    return open_tokenizer(train_tokenizer(TrainTokenizer(**params), [corpus(rows)], context).path), context


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", STRANGE)
def test_strange_text_gives_a_tokenizer(tmp_path, name, model):
    """Special ids, both forms proved equal, digits and line breaks known though the text has none."""
    tokens, context = made(tmp_path, [{"text": STRANGE[name]}], model=model, vocab_size=AtMost(at_most=2000))
    assert (tokens.pad_id, tokens.unk_id, tokens.bos_id, tokens.eos_id) == (0, 1, 2, 3)
    assert tokens.unk_id not in tokens.encode("0123456789\n")
    assert context.warnings == []


@pytest.mark.parametrize("rows", [[], [{"text": ""}], [{"text": " \t\n \u00a0"}] * 3])
def test_nothing_to_learn_from(tmp_path, rows):
    """No documents, empty ones, blanks alone: T107."""
    with pytest.raises(RecipeError, match="T107: the corpus holds no text"):
        made(tmp_path, rows)


@pytest.mark.parametrize("sign", ["\0", "\u2585"])
def test_a_sign_that_sentencepiece_drops_lines_for(sign):
    """Words that stand beside a NUL or beside ▅ are learnt all the same."""
    sample = draw_sample([f"zeytinyağlı {sign} dolma {sign} "] * 40 + ["Ali okula gitti. "] * 40, 1, 10**6, 1)
    model = train_sentencepiece(
        sample, kind="bpe", vocab_size=340, coverage=1.0, byte_fallback=True, normalization="identity", user_symbols=[]
    )
    assert b"zeytin" in model


def test_no_stretch_is_longer_than_the_engine_takes():
    """Four bytes a character, no blank anywhere: still under SentencePiece's limit, and all of it shown."""
    text = "\U0001f600" * (3 * CHUNK + 5)
    sample = draw_sample([text], len(text) * 4, 10**9, 1)
    assert "".join(sample.chunks) == text
    assert max(len(chunk.encode()) for chunk in sample.chunks) < SENTENCE_BYTES


def test_one_endless_line_is_sampled_within_bounds():
    """A document of 8 MB on one line: an even share of its stretches, and no more bytes than asked."""
    line = "".join(f"kelime{i} " for i in range(600_000))
    sample = draw_sample([line], len(line), 200_000, 3)
    assert 150_000 < sample.bytes < 210_000
    first, last = (int(chunk.split()[1].removeprefix("kelime")) for chunk in (sample.chunks[0], sample.chunks[-1]))
    assert (first < 60_000, last > 540_000) == (True, True)


def test_many_tiny_documents(tmp_path):
    """A hundred thousand documents of a word or two."""
    rows = [{"text": f"söz {i % 900}"} for i in range(100_000)]
    tokens, context = made(tmp_path, rows, vocab_size=600, sample_bytes=100_000)
    assert tokens.vocab_size == 600
    assert context.kept["tokenizer"]["sampled_bytes"] < 105_000


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel tells of a process's peak in /proc on Linux only")
def test_memory_is_bounded_by_the_sample(tmp_path):
    """Ten times the corpus, the same sample: hardly more memory. Counted by the kernel in a process of its own."""
    script = (
        "import sys; from pathlib import Path; from schemas import Corpus; from tests.conftest import FakeContext\n"
        "from steps.train_tokenizer import TrainTokenizer, train_tokenizer\n"
        "params = TrainTokenizer(vocab_size=1000, sample_bytes=1_000_000)\n"
        "train_tokenizer(params, [Corpus.load(Path(sys.argv[1]))], FakeContext(Path(sys.argv[2])))\n"
        "lines = Path('/proc/self/status').read_text().splitlines()\n"  # getrusage's has that of the process before exec, too
        "print(next(line.split()[1] for line in lines if line.startswith('VmHWM')))\n"
    )
    peaks = []
    for times in (1, 12):
        rows = [{"text": f"Belge {i}: " + "".join(f"kel{(i * 31 + k) % 7000} " for k in range(200))} for i in range(800 * times)]
        command = [sys.executable, "-c", script, str(corpus(rows).path), str(tmp_path / str(times))]
        peaks.append(int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout))
    assert peaks[1] < peaks[0] + 10_000  # kB; the larger corpus has 14 MB more


@pytest.mark.parametrize("model", MODELS)
def test_a_full_disk_is_an_error_of_the_disk(tmp_path, model):
    """The file system's refusal comes out as it is: the runner turns it into a message with the folder and the remedy."""
    script = (
        "import resource, signal, sys; from pathlib import Path; from tests.conftest import FakeContext\n"
        "from tests.steps.text.made import corpus\n"
        "from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer\n"
        "text = corpus([{'text': 'Ali okula gitti. Sonra eve gitti.'}] * 9)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "params = TrainTokenizer(model=sys.argv[2], vocab_size=AtMost(at_most=500))\n"
        "try:\n    train_tokenizer(params, [text], FakeContext(Path(sys.argv[1])))\n"
        "except OSError as error:\n    print('OSError', error.errno)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path), model]
    kept = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}  # a module's own file would be cut off, and stay so
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, **kept})
    assert (result.stdout.split(), result.stderr) == (["OSError", str(errno.EFBIG)], "")


def test_literal_marks_are_text(tmp_path):
    """Documents that speak of `<s>` and `<0x41>` are trained on, encoded as letters and given back."""
    rows = [{"text": "In HTML <s>old</s> is struck; <pad> and <0x41> are text, <unk> too.\n"}] * 30
    for model in MODELS:
        tokens, _ = made(tmp_path / model, rows, model=model, vocab_size=AtMost(at_most=700))
        ids = tokens.encode(rows[0]["text"])
        assert not {0, 1, 2, 3} & set(ids)
        assert tokens.decode(ids) == rows[0]["text"]


def test_user_symbols_in_the_middle_of_a_word():
    """A mark is one piece wherever it stands, and nothing is added around it."""
    for model in MODELS:
        tokens = opened(model)
        ids = tokens.encode("ev<tr>ler  <en>\n<tr>")
        assert [tokens.piece(i) for i in ids].count("<tr>") == 2
        assert tokens.decode(ids) == "ev<tr>ler  <en>\n<tr>"
