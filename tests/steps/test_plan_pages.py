"""What plan.md and plan.json say of dry runs."""

import json
from pathlib import Path

import pytest

from schemas.machine import GIB
from steps.sizing.dryrun import Tried
from tests.steps.test_plan import SMALL, made


def test_both_pages_say_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was rejected, and why; one that held; what was measured stands beside the artifact and not in it."""
    answers = [
        Tried("rejected", "the dry run used 7.3 GiB, 6.4 are allowed", {"steps": 2, "peak_bytes": 7.3 * GIB, "tokens_per_s": 911.0}),
        Tried("", "", {"steps": 3, "peak_bytes": GIB, "tokens_per_s": 876.0}),
    ]
    monkeypatch.setattr("steps.sizing.dryrun.dry_run", lambda *all: answers.pop(0))
    found, context = made(tmp_path, SMALL, target="here")
    tried = json.loads((found.path / "plan.json").read_text())["tried"]
    assert [(c["verdict"], c["why"]) for c in tried["candidates"]] == [
        ("rejected", "it needs more memory than may be used"), ("held", "it stays within the memory that may be used"),
    ]  # fmt: skip
    assert (tried["steps"], tried["none"]) == (3, "")
    page, beside = (found.path / "plan.md").read_text(), context.side("reports/plan.md").read_text()
    first, second = (c["batch_size"] for c in tried["candidates"])
    assert "Tried here, in up to 3 steps each:" in page
    assert f"- {first} rows at a time: rejected, it needs more memory than may be used" in page
    assert f"- {second} rows at a time: held, it stays within the memory that may be used" in page
    assert "none is measured" not in page
    assert "911" not in page
    assert beside.startswith(page)
    assert f"| {first} | no | 2 | 7.30 | 911 | the dry run used 7.3 GiB, 6.4 are allowed |" in beside
    assert f"| {second} | no | 3 | 1.00 | 876 | passed |" in beside


@pytest.mark.parametrize(
    ("target", "skip", "answer", "why"),
    [
        ("t4", False, None, "the target, NVIDIA Tesla T4, is another machine"),
        ("here", True, None, "skip_dry_run is written"),
        ("here", False, Tried("", "the dry run could not be made: process 4711", {}, told=False), "the dry run could not be made"),
    ],
)
def test_both_pages_say_why_none_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, skip: bool, answer: Tried | None, why: str
) -> None:
    """Another machine, a written skip_dry_run, or a dry run that could not be made; of the last the reason alone, not its figures."""
    monkeypatch.setattr("steps.sizing.dryrun.here", lambda machine: machine.name == "here")
    monkeypatch.setattr("steps.sizing.dryrun.dry_run", lambda *all: answer)
    found, _ = made(tmp_path, SMALL, target=target, skip_dry_run=skip)
    assert json.loads((found.path / "plan.json").read_text())["tried"] == {"candidates": [], "steps": 0, "none": why}
    assert f"None was tried here: {why}. All figures are modelled, none is measured." in (found.path / "plan.md").read_text()
