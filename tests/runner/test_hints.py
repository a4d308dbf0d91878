"""What to type instead of a value that is of the wrong kind or out of its range."""

from pathlib import Path

import pytest

from tests.runner.judged import meant

STEPS = "max_steps: 1000"


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        (STEPS, "max_steps: 1000,", "write max_steps: 1000, without the comma"),
        (STEPS, "max_steps: $steps", "write ${steps}, a variable of vars:"),
        (STEPS, "max_steps: '{{ steps }}'", "write ${steps}, a variable of vars:"),
        (STEPS, f"{STEPS}\n    resume_from: true", "delete the line: a stopped run goes on by itself when it is run again"),
        (STEPS, f"{STEPS}\n    resume_from: latest",
         "delete the line: a stopped run goes on by itself; of another training write {step: ID} or {path: FOLDER}"),
        ("target: t4", "target: t4\nseed: random", "write a whole number, such as seed: 42, or delete the line"),
        (STEPS, f"{STEPS}\n    report_to: swanlab", "tracking: tells wandb, tensorboard and mlflow, and no other"),
        (STEPS, f"{STEPS}\n    wandb_log: true", "write tracking: wandb"),
    ],
)  # fmt: skip
def test_what_to_type_is_said(old: str, new: str, fix: str, tmp_path: Path):
    """One finding, with the words to write."""
    (found,) = [f for f in meant(tmp_path, (old, new)).findings if f.severity == "error"]
    assert fix in found.fix


def test_a_list_in_quotes_is_mended(tmp_path: Path):
    """And a list of words parted by commas; a text with blanks is one text."""
    for written, wanted in (("'[a_b]'", "[a_b]"), ("a_b, c.d", "[a_b, c.d]"), ("'Once upon, a time'", "[Once upon, a time]")):
        (found,) = [f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    samples: {written}")).findings if f.code == "K002"]
        assert found.fix.replace('"', "").replace("'", "") == f"write samples: {wanted}"


def test_a_role_of_columns_by_another_name(tmp_path: Path):
    """The key is at fault, not its value; and a source that is a bare path."""
    source = "- {hub: roneneldan/TinyStories, columns: {response: a, instruction: b}}"
    base = f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      {source}\n"
    (found,) = [f for f in meant(tmp_path, base=base).findings if f.code == "K001"]
    assert (found.message, found.fix) == ("unknown key response in sources.0.columns", "write output: a")
    (found,) = [f for f in meant(tmp_path, base=base.replace(source, "- data/a.jsonl")).findings if f.code == "K002"]
    assert found.fix == "write path: data/a.jsonl behind the dash"
