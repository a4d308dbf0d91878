"""Rules about the rows of a step: against the rows that there are, and what to write so that all keys of the batch agree."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import SFT, Case, findings

BATCH = "    total_batch_size: 8\n"  # of 200 conversations


def said(folder: Path, changes: dict[str, str], *codes: str) -> list[Any]:
    """What is said of the sound recipe with these changes, of these codes alone."""
    return [f for f in findings(Case("", "", SFT, changes), folder / "p") if f.code in codes]


@pytest.mark.parametrize(
    ("batch", "key", "fix"),
    [
        ("total_batch_size: 512", "total_batch_size", "write total_batch_size: 25"),
        ("batch_size: 512", "batch_size", "write batch_size: 25"),
        ("gradient_accumulation_steps: 512", "gradient_accumulation_steps", "write gradient_accumulation_steps: 3"),
        ("batch_size: 4\n    gradient_accumulation_steps: 128", "gradient_accumulation_steps", "write gradient_accumulation_steps: 6"),
        ("total_batch_size: 512\n    batch_size: 64", "total_batch_size", "write total_batch_size: 25 and batch_size: 25"),
        ("total_batch_tokens: 262144", "total_batch_tokens", "write total_batch_tokens: 12800"),
        (
            "total_batch_size: 512\n    batch_size: 4\n    gradient_accumulation_steps: 128",
            "total_batch_size",
            "write total_batch_size: 24 and gradient_accumulation_steps: 6",
        ),
    ],
)
def test_what_is_to_be_written_agrees_with_what_stands_there(tmp_path: Path, batch: str, key: str, fix: str):
    """Written so, nothing is said of the batch any more, but that tokens are the most that documents in rows of their own can have."""
    (found,) = said(tmp_path, {BATCH: f"    {batch}\n"}, "S013")
    assert (found.path[-1], found.fix) == (key, f"{fix}, or give it more")
    lines = dict(line.strip().split(": ") for line in batch.split("\n"))
    lines |= dict(part.split(": ") for part in fix.removeprefix("write ").split(" and "))
    better = "".join(f"    {name}: {value}\n" for name, value in lines.items())
    left = said(tmp_path / "better", {BATCH: better}, "S013", "S029", "B002", "B003")
    assert [(f.code, f.severity) for f in left] == ([("B003", "info")] if key == "total_batch_tokens" else [])


@pytest.mark.parametrize(("packing", "codes"), [("none", ["B003"]), ("documents", [])])
def test_rows_of_fine_tuning_hold_fewer_tokens_than_are_asked_for(tmp_path: Path, packing: str, codes: list[str]):
    """Each is as long as its document, unless documents fill the rows."""
    changes = {BATCH: f"    total_batch_tokens: 4096\n    packing: {packing}\n"}
    assert [f.code for f in said(tmp_path, changes, "B003")] == codes


def test_documents_that_fill_a_few_rows_may_have_a_row_each(tmp_path: Path):
    """Where packing is what makes the rows few."""
    changes = {BATCH: "    total_batch_size: 64\n    packing: documents\n", "max_seq_length: 512": "max_seq_length: 1024"}
    (found,) = said(tmp_path, changes, "S013")
    assert "or packing: none, a document a row" in found.fix


@pytest.mark.parametrize(
    ("batch", "passes", "message"),
    [
        (128, "1", "the whole run is about 2 steps: 200 rows, 128 a step"),
        (128, "2", "the whole run is about 3 steps: 200 rows, 128 a step"),
        (64, "3", ""),
        (8, "1", ""),
    ],
)
def test_a_handful_of_steps_is_told(tmp_path: Path, batch: int, passes: str, message: str):
    """Two or three steps end well and teach nothing."""
    changes = {"num_train_epochs: 3": f"num_train_epochs: {passes}", BATCH: f"    total_batch_size: {batch}\n"}
    assert [f.message for f in said(tmp_path, changes, "S029")] == ([message] if message else [])


def test_a_trial_of_few_steps_is_one(tmp_path: Path):
    """max_steps says that they are meant."""
    assert said(tmp_path, {"num_train_epochs: 3": "max_steps: 2", BATCH: "    total_batch_size: 128\n"}, "S029") == []


@pytest.mark.parametrize(
    ("stopping", "fix"),
    [("{patience: 500}", "write patience: 3; it counts validations, not steps"), ("{patience: 12}", "write eval_steps: 1")],
)
def test_patience_counts_validations(tmp_path: Path, stopping: str, fix: str):
    """No interval makes up for a patience of more validations than the run has steps."""
    (found,) = said(tmp_path, {BATCH: f"{BATCH}    early_stopping: {stopping}\n"}, "S017")
    assert found.fix == fix


@pytest.mark.parametrize(("steps", "told"), [(30, []), (50, ["S003"]), (68, ["S003"]), (200, ["S003"])])
def test_a_rate_that_rises_for_most_of_the_run_is_told(tmp_path: Path, steps: int, told: list[str]):
    """Of some 75 steps."""
    assert [f.code for f in said(tmp_path, {BATCH: f"{BATCH}    warmup_steps: {steps}\n"}, "S003")] == told
