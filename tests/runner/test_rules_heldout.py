"""Files that were set aside, in the folder of a source."""

from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant


def found(folder: Path, source: str, *names: str) -> list[tuple[str, str]]:
    """Severity and fix of D185 for a source over files of these names in the folder `set`."""
    (folder / "set").mkdir()
    for number, name in enumerate(names):
        (folder / "set" / name).write_text(f'{{"text": "The hen of story {number} met a fox near the well."}}\n' * 9, "utf-8")
    return [(f.severity, f.fix) for f in meant(folder, (STORIES, f"{{path: {source}}}")).findings if f.code == "D185"]


@pytest.mark.parametrize(
    ("names", "path"),
    [
        (("train.jsonl", "valid.jsonl", "test.jsonl"), "set/train.jsonl"),
        (("train-00000-of-00002.jsonl", "train-00001-of-00002.jsonl", "validation-00000-of-00001.jsonl"), "set/train*"),
        (("wiki.train.txt", "wiki.test.txt"), "set/wiki.train.txt"),
    ],
)
def test_a_folder_with_test_rows_is_told(names: tuple[str, ...], path: str, tmp_path: Path):
    """Its training side is named."""
    assert found(tmp_path, "set", *names) == [("warning", f"write path: {path}; a share of it is kept for validation by itself")]


def test_a_pattern_that_takes_all_is_an_information(tmp_path: Path):
    """It may be meant."""
    assert [severity for severity, _ in found(tmp_path, "set/*.jsonl", "train.jsonl", "test.jsonl")] == ["info"]


@pytest.mark.parametrize(
    ("pattern", "severity"),
    [("set", "warning"), ("set/*.jsonl", "warning"), ("'set/{train,test}.jsonl'", "info")],
)
def test_where_answers_are_learned_a_pattern_is_a_warning(pattern: str, severity: str, tmp_path: Path):
    """A set of questions is what a model is tried on; who names the file means it."""
    tuned = (
        "recipe: r\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources: [SOURCE]\n"
        "  - type: train\n    objective: sft\n    method: lora\n    model: {base: {path: base}}\n"
    )
    (tmp_path / "set").mkdir()
    for name in ("train.jsonl", "test.jsonl"):
        (tmp_path / "set" / name).write_text('{"instruction": "And?", "output": "Yes."}\n' * 9, "utf-8")
    found = meant(tmp_path, ("SOURCE", f"{{path: {pattern}}}"), base=tuned).findings
    assert [f.severity for f in found if f.code == "D185"] == [severity]


@pytest.mark.parametrize(
    "names",
    [("train.jsonl",), ("trains.jsonl", "testimony.jsonl"), ("train.jsonl", "test.jsonl", "poems.jsonl"), ("a.jsonl", "test.jsonl")],
)
def test_other_names_are_not_told(names: tuple[str, ...], tmp_path: Path):
    """Words that only begin so, a folder of all kinds of texts, and a test alone."""
    assert found(tmp_path, "set", *names) == []


def test_the_training_side_alone_is_right(tmp_path: Path):
    """The others may lie beside it."""
    assert found(tmp_path, "set/train.jsonl", "train.jsonl", "test.jsonl") == []
