"""A key that is glued to its value is told at its own line, with what to write."""

from pathlib import Path

import pytest

from runner import glued
from tests.runner.judged import meant

FAMILY = "model: {family: mamba, d_model: 512, n_layers: 12}"


@pytest.mark.parametrize(
    ("old", "new", "line", "fix"),
    [
        ("max_steps: 1000", "max_steps:1000", 10, "write max_steps: 1000"),
        ("vocab_size: 16000", "vocab_size=16000", 7, "write vocab_size: 16000"),
        ("vocab_size: 16000", "vocab_size 16000", 7, "write vocab_size: 16000"),
        ("target: t4", "target:t4", 2, "write target: t4"),
        ("- type: train\n", "- type:train\n", 9, "write type: train"),
        (FAMILY, FAMILY.replace("model: ", "model:", 1), 10, "write model: {family: mamba, d_model: 512, n_layers: 12}"),
        (FAMILY, "model: {family:mamba, d_model: 512}", 10, "write family: mamba"),
        (FAMILY, "model: {family: mamba, d_model=512}", 10, "write d_model: 512"),
        (FAMILY, "model: {base:{path: models/base}}", 10, "write base: {"),
        ("- type: tokenize_bin", "- type:tokenize_bin", 8, "write `- type: tokenize_bin`"),
    ],
)
def test_the_key_and_its_value_are_parted(old: str, new: str, line: int, fix: str, tmp_path: Path):
    """One error first, where the words stand."""
    found = meant(tmp_path, (old, new + ("\n    total_batch_size: 8" if new.startswith("max_steps") else ""))).findings
    first = next(f for f in found if f.severity == "error")
    assert first.place is not None
    assert (first.place.line, first.fix) == (line if "max_steps" not in new else 11, fix)


@pytest.mark.parametrize("text", ["https://a.example/b", "C:\\data", "a b: c", "file", "x==y"])
def test_an_address_is_no_pair(text: str):
    """Nor a Windows path or a text."""
    assert glued.pair(text) is None


def test_a_sentence_that_goes_on_is_no_key(tmp_path: Path):
    """A text that is broken into two lines wants its own fix."""
    found = meant(tmp_path, ("- type: export_ollama", "- type: export_ollama\n    system: Answer\nbriefly now\n    name: a")).findings
    assert [f.fix for f in found if f.code == "Y003"] == ["write `key: value`"]


def test_a_source_that_is_glued_or_bare_is_written_by_its_key(tmp_path: Path):
    """path: of a file, url: of an address."""
    for bare, fix in (
        ("path:data/a.txt", "write path: data/a.txt behind the dash"),
        ("https://a.example/b.txt", "write url: https://a.example/b.txt behind the dash"),
    ):
        base = f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      - {bare}\n"
        assert [f.fix for f in meant(tmp_path, base=base).findings if f.code == "K002"] == [fix]
