"""A corpus that goes away while a step reads it, and one of true size: a million documents, or 100 MB on one line."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from schemas import Corpus, RecipeError
from steps.text import blocks
from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext
from tests.steps.test_bad_input import READERS, Step, checks, files, some
from tests.steps.text.made import folder, stories, tokenizer


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def replaced(path: Path) -> None:
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


AWAY: dict[str, tuple[Callable[[Path], None], str]] = {
    "gone": (Path.unlink, r"D122: corpus\.jsonl cannot be read: No such file or directory"),
    "cut": (cut, r"D122: .*corpus\.jsonl was cut while it was read"),
    "replaced": (replaced, r"D122: corpus\.jsonl was changed while it was read"),
}


@pytest.mark.parametrize("step", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize(("change", "said"), AWAY.values(), ids=AWAY.keys())
def test_a_corpus_that_vanishes_half_way_is_told(monkeypatch: pytest.MonkeyPatch, step: Step, change: Callable[[Path], None], said: str):
    """D122 when its file goes, is cut or is replaced behind the first blocks; nothing is an artifact, and put back it is read whole."""
    monkeypatch.setattr(blocks, "BLOCK", 4000)
    given, whole, context = some(), FakeContext(folder()), FakeContext(folder())
    step(given, whole)
    path, before, read = given.path / "corpus.jsonl", (given.path / "corpus.jsonl").read_bytes(), []

    def end(file: BinaryIO, start: int, size: int) -> int:
        read.append(start)
        if len(read) == 4:
            change(path)
        return _end(file, start, size)

    _end = blocks._end
    monkeypatch.setattr(blocks, "_end", end)
    with pytest.raises(RecipeError, match=said) as error:
        step(given, context)
    assert (error.value.field, bool(error.value.fix), read[3] > 0) == ("corpus", True, True)
    assert not (context.workdir / "artifact.json").exists()
    path.write_bytes(before)
    step(given, context)
    assert files(context) == files(whole)


def lines_of_a_million(place: Path) -> Corpus:
    lines = [f'{{"text": "söz {i}", "lang": "tr"}}\n' for i in range(1_000_000)]
    (place / "corpus.jsonl").write_text("".join(lines), "utf-8")
    return Corpus(documents_count=len(lines), bytes=11 * len(lines)).save(place)


def one_line_of_100_mb(place: Path) -> Corpus:
    page = " ".join(row["text"] for row in stories().rows()).replace("\n", " ") + " "
    size = len(page.encode())
    times = 100_000_000 // size + 1
    (place / "corpus.jsonl").write_text(f'{{"text": "{json.dumps(page, ensure_ascii=False)[1:-1] * times}.", "lang": "tr"}}\n', "utf-8")
    return Corpus(documents_count=1, bytes=size * times + 1).save(place)


@pytest.mark.parametrize("made", [lines_of_a_million, one_line_of_100_mb])
def test_a_million_documents_and_100_megabytes_on_one_line(tmp_path: Path, made: Callable[[Path], Corpus]):
    """Of the two steps that look at a part of them, in seconds; the others take a minute, and smaller ones below.

    tokenize_bin has the line in its own test. All of it at its true size, and the memory that it takes: benchmarks/text/hard.py.
    """
    given, context = made(tmp_path), FakeContext(folder())
    params = TrainTokenizer(vocab_size=AtMost(at_most=600), model="bpe", sample_bytes=200_000)
    assert train_tokenizer(params, [given], context).vocab_size > 100
    assert context.events[0]["bytes"] < 250_000
    checked = FakeContext(folder())
    assert checks(given, checked).path == tokenizer().path
    assert {facts["round_trip"] for facts in checked.kept["vocabulary"]["by_language"].values()} == {1.0}
