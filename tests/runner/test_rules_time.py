"""Rules about where a run's time and files go: validations, passes over little text, small shards, the scale of an adapter."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, SFT, Case, findings

STEPS = "    max_steps: 1000\n"
EPOCHS = "    num_train_epochs: 3\n"
BIN = "  - type: tokenize_bin\n"


def told(folder: Path, code: str, changes: dict[str, str], recipe: str = LM, files: dict[str, Any] | None = None) -> list[str]:
    """Severity, message and fix of the findings with this code."""
    made = Case("test", "test", recipe, changes, files or {})
    return [f"{f.severity}: {f.message}; {f.fix}" for f in findings(made, folder / "project") if f.code == code]


@pytest.mark.parametrize(
    ("every", "share", "says"),
    [
        (1, 0.6, "warning: a validation takes about "),
        (2, 0.3, "info: about "),
        (200, 0.6, ""),
    ],
)
def test_time_that_goes_into_validation(tmp_path: Path, every: int, share: float, says: str):
    """Longer than the training between is a warning, a quarter of the time is worth telling."""
    changes = {STEPS: f"{STEPS}    eval_steps: {every}\n", BIN: f"{BIN}    val_fraction: {share}\n"}
    said = told(tmp_path, "S019", changes)
    assert [each.startswith(says) for each in said] == ([True] if says else [])


def test_time_that_goes_into_validation_is_not_mended_by_more_of_it(tmp_path: Path):
    """Validations that are rare already, of a run of few steps, are made smaller: a tenth of the steps would be more of them."""
    changes = {STEPS: "    max_steps: 6\n    eval_steps: 5\n", BIN: f"{BIN}    val_fraction: 0.9\n"}
    (said,) = told(tmp_path, "S019", changes)
    assert said.partition("; ")[2].startswith("write eval_tokens: ")


def test_time_that_goes_into_validation_of_conversations(tmp_path: Path):
    """Of many conversations a twentieth is validated on, after every step: by the passes that the steps are."""
    rows = [{"instruction": f"What is {n}?", "output": f"A number, {n}, which is one more than {n - 1}."} for n in range(4000)]
    changes = {EPOCHS: f"{EPOCHS}    eval_steps: 1\n"}
    assert told(tmp_path, "S019", changes, SFT, {"data/chat.jsonl": rows})[0].startswith("warning: a validation takes about ")
    assert told(tmp_path / "2", "S019", {}, SFT, {"data/chat.jsonl": rows}) == []


@pytest.mark.parametrize(("passes", "severity"), [(20, ""), (60, "info"), (150, "warning")])
def test_passes_that_are_asked_for(tmp_path: Path, passes: int, severity: str):
    """A hundred times through the same text is learned by heart."""
    said = told(tmp_path, "D010", {STEPS: f"    num_train_epochs: {passes}\n"})
    assert [each.split(":")[0] for each in said] == ([severity] if severity else [])
    assert all(each.endswith("or fewer passes") for each in said)


@pytest.mark.parametrize(("size", "found"), [(10, 1), (1000, 0), (1_000_000, 0)])
def test_shards_that_are_thousands_of_files(tmp_path: Path, size: int, found: int):
    """By the tokens that there will be."""
    said = told(tmp_path, "D126", {BIN: f"{BIN}    shard_tokens: {size}\n"})
    assert len(said) == found
    assert all(" files of the tokens" in each for each in said)


@pytest.mark.parametrize(("lora", "found"), [("r: 128", 1), ("r: 64", 0), ("r: 128, lora_alpha: 16", 0), ("r: 128, use_rslora: true", 0)])
def test_a_high_rank_with_the_default_scale(tmp_path: Path, lora: str, found: int):
    """What nobody chose is told from an eighth on; what is written, far later."""
    said = told(tmp_path, "A113", {"lora: {r: 8, lora_alpha: 16}": f"lora: {{{lora}}}"}, SFT)
    assert len(said) == found
    assert all("lora_alpha is 16 where it is left out; write lora_alpha: 256" in each for each in said)


def test_of_files_that_nobody_reads_no_length_is_said(tmp_path: Path):
    """An archive is no text: that it cannot be read is told, and nothing of how many steps it makes."""
    changes = {"path: data/stories.jsonl": "path: data/a.zip", STEPS: "    num_train_epochs: 2\n    warmup_steps: 100\n"}
    made = Case("test", "test", LM, changes, {"data/a.zip": b"PK\x03\x04" + bytes(200)})
    assert [f.code for f in findings(made, tmp_path / "project") if f.severity != "info"] == ["D104"]
