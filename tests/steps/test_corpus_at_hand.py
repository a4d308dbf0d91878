"""A corpus that goes away while a step reads it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from schemas import RecipeError
from steps.text import blocks
from tests.conftest import FakeContext
from tests.steps.test_bad_input import READERS, Step, files, some
from tests.steps.text.made import folder


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
