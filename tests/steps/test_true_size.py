"""The steps of text on a corpus of true size: a million documents, or 100 MB on one line; their memory is in benchmarks/text/hard.py."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas import Corpus
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.split_long import SplitLong, split_long
from steps.text.binfile import BinReader
from steps.tokenize_bin import TokenizeBin, tokenize_bin
from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext
from tests.steps.test_bad_input import checks
from tests.steps.text.made import folder, stories, tokenizer

MILLION = 1_000_000


def lines_of_a_million(place: Path) -> Corpus:
    lines = [f'{{"text": "söz {i}", "lang": "tr"}}\n' for i in range(MILLION)]
    (place / "corpus.jsonl").write_text("".join(lines), "utf-8")
    size = sum(len(str(i)) for i in range(MILLION)) + 5 * MILLION
    return Corpus(documents_count=MILLION, bytes=size, characters=size - MILLION).save(place)


def page() -> str:
    return " ".join(row["text"] for row in stories().rows()).replace("\n", " ") + " "


def one_line_of_100_mb(place: Path) -> Corpus:
    text = page()
    size = len(text.encode())
    times = 100_000_000 // size + 1
    (place / "corpus.jsonl").write_text(f'{{"text": "{json.dumps(text, ensure_ascii=False)[1:-1] * times}.", "lang": "tr"}}\n', "utf-8")
    return Corpus(documents_count=1, bytes=size * times + 1, characters=len(text) * times + 1).save(place)


BOTH = pytest.mark.parametrize("made", [lines_of_a_million, one_line_of_100_mb])


@BOTH
def test_a_tokenizer_is_trained_and_checked(tmp_path: Path, made: Callable[[Path], Corpus]):
    """On a sample of it, in seconds."""
    given, context = made(tmp_path), FakeContext(folder())
    params = TrainTokenizer(vocab_size=AtMost(at_most=600), model="bpe", sample_bytes=200_000)
    assert train_tokenizer(params, [given], context).vocab_size > 100
    assert context.events[0]["bytes"] < 250_000
    checked = FakeContext(folder())
    assert checks(given, checked).path == tokenizer().path
    assert {facts["round_trip"] for facts in checked.kept["vocabulary"]["by_language"].values()} == {1.0}


@BOTH
def test_it_is_parsed(tmp_path: Path, made: Callable[[Path], Corpus]):
    """As a file of rows: each is there, and each letter of it."""
    given = made(tmp_path)
    parsed = parse_corpus(ParseCorpus(sources=[Source(path=str(tmp_path / "corpus.jsonl"))]), FakeContext(folder()))
    assert (parsed.documents_count, parsed.bytes, parsed.characters) == (given.documents_count, given.bytes, given.characters)


@BOTH
def test_it_is_split(tmp_path: Path, made: Callable[[Path], Corpus]):
    """Joined, the pieces are what was given."""
    given = made(tmp_path)
    pieces = split_long(SplitLong(max_tokens=512, workers=2), [given], tokenizer(), FakeContext(folder()))
    assert pieces.characters == given.characters
    last = "."
    for row in pieces.rows():
        last = row["text"]
    assert last == f"söz {MILLION - 1}" if given.documents_count == MILLION else last.endswith(".")


def test_a_million_documents_are_binned(tmp_path: Path):
    """A line of 100 MB is in a test of its own, which looks at its ids."""
    given = lines_of_a_million(tmp_path)
    bins = tokenize_bin(TokenizeBin(workers=2), [given], tokenizer(), FakeContext(folder()))
    assert (bins.train_documents + bins.val_documents, bins.train_bytes + bins.val_bytes) == (MILLION, given.bytes)
    assert sum(len(BinReader(bins.path, split)) for split in ("train", "val")) == MILLION
