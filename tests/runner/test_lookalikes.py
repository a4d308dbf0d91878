"""Keys with letters of other alphabets and with characters that nobody sees; values in each other's place; numbers out of range."""

from pathlib import Path
from typing import Any

import pytest

from schemas.findings import Edit, Finding
from tests.runner.judged import meant

STEPS = "max_steps: 1000"
EXPORT = "  - type: export_ollama\n"


def error(folder: Path, *changes: tuple[str, str]) -> list[Finding]:
    """The errors."""
    return [f for f in meant(folder, *changes).findings if f.severity == "error"]


@pytest.mark.parametrize(
    ("key", "said"),
    [("m\u0430x_steps", "letter 2"), ("max_steps\u200b", "nobody sees"), ("max\u2013steps", ""), ("\uff4dax_steps", "letter 1")],
)
def test_a_key_that_only_looks_like_ours(key: str, said: str, tmp_path: Path):
    """It is named by its letter, and written anew."""
    (found,) = error(tmp_path, (STEPS, f"{key}: 1000"))
    if said:
        assert said in found.message
        assert [(e.action, e.key) for e in found.edits] == [("rename", "max_steps")]
    assert "max_steps" in found.fix


@pytest.mark.parametrize(
    ("values", "values_meant"),
    [("top_p: 40, top_k: 0.9", {"top_p": 0.9, "top_k": 40}), ("temperature: 40, top_k: 0.7", {"temperature": 0.7, "top_k": 40})],
)
def test_two_values_in_each_others_place(values: str, values_meant: dict[str, Any], tmp_path: Path):
    """Both are written where they belong, whichever is complained about."""
    for found in error(tmp_path, (EXPORT, f"{EXPORT}    parameters: {{{values}}}\n")):
        assert {str(e.path[-1]): e.value for e in found.edits} == values_meant


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        (STEPS, f"{STEPS}\n    eval_tokens: -1", "write eval_tokens: null, which takes all of the validation side"),
        (STEPS, f"{STEPS}\n    learning_rate: 1e-3 // of AdamW", "a remark begins with # in YAML: write learning_rate: 1e-3 # of AdamW"),
        (STEPS, f"{STEPS}\n    learning_rate: 1e-3 ; of AdamW", "a remark begins with # in YAML: write learning_rate: 1e-3 # of AdamW"),
        (EXPORT, f"{EXPORT}    parameters: {{repeat_penalty: 0}}\n", "write repeat_penalty: 1.0, which is no penalty"),
        ("  - type: train\n", "  - type: plan\n    dry_run_steps: 0\n  - type: train\n", "write skip_dry_run: true in its place"),
    ],
)
def test_what_to_write_for_a_number_that_means_something_elsewhere(old: str, new: str, fix: str, tmp_path: Path):
    """-1 for all, 0 for none, a remark behind the number."""
    (found,) = error(tmp_path, (old, new))
    assert fix in found.fix


def test_a_number_in_a_map_of_vars_is_mended_there(tmp_path: Path):
    """The commit that reads as a number is put into quotes, and the map around it stays."""
    changes = [
        ("target: t4\n", "target: t4\nvars: {base: {hub: a/b, revision: 9509425349e4}}\n"),
        ("model: {family: mamba, d_model: 512, n_layers: 12}", 'model: {base: "${base}"}'),
    ]
    found = next(f for f in error(tmp_path, *changes) if f.code == "K002")
    assert found.edits == (Edit("set", ("vars", "base", "revision"), "9509425349e4"),)
    assert "in quotes" in found.fix


@pytest.mark.parametrize(
    ("bands", "fix"),
    [
        ("{1000: {val_loss: 3.5}}", "a band has two ends: write val_loss: [3.15, 3.85]"),
        ("{val_loss: [3, 4]}", "name the step first: write expect: {1000: {val_loss: [3, 4]}}"),
        ("{1000: {val_ppl: [20, 40]}}", "its logarithm is the loss: write val_loss: [3.0, 3.69]"),
        ("{1000: {train_ppl: 20}}", "its logarithm is the loss: write train_loss: [low, high]"),
        ("{1000: {accuracy: [0.5, 0.9]}}", "only losses are expected: write one of train_loss, val_loss"),
    ],
)
def test_bands_that_are_none(bands: str, fix: str, tmp_path: Path):
    """One number, a figure without its step, a perplexity, an accuracy."""
    found = error(tmp_path, (STEPS, f"{STEPS}\n    expect: {bands}"))
    assert any(fix in f.fix for f in found), [f.fix for f in found]
