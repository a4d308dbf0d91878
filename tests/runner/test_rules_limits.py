"""Limits with nothing beyond them: processes, and the memory that a plan may fill."""

import os
from pathlib import Path

import pytest

from tests.runner.judged import meant

BIN, TRAIN = "  - type: tokenize_bin\n", "  - type: train\n"


def told(folder: Path, *changes: tuple[str, str]) -> list[tuple[str, str]]:
    return [(f.code, f.fix) for f in meant(folder, *changes).findings if f.code in ("P018", "B107")]


@pytest.mark.parametrize(("workers", "fixes"), [(256, ["write workers: auto"]), (64, []), ("auto", [])])
def test_more_processes_than_any_machine_has_cores(tmp_path: Path, workers: int | str, fixes: list[str]):
    """On another machine nobody knows how many cores there are: a few dozen are borne."""
    assert [fix for _, fix in told(tmp_path, (BIN, f"{BIN}    workers: {workers}\n"))] == fixes


def test_more_processes_than_this_machine_has_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Four for each are borne."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    here = ("target: t4", "target: here")
    assert told(tmp_path, here, (BIN, f"{BIN}    workers: 32\n")) == []
    assert told(tmp_path, here, (BIN, f"{BIN}    workers: 33\n")) == [("P018", "write workers: auto")]


@pytest.mark.parametrize(("margin", "fixes"), [("1.0", ["write memory_margin: 0.9"]), ("0.95", []), ("0.8", [])])
def test_a_plan_for_the_last_byte(tmp_path: Path, margin: str, fixes: list[str]):
    """What is left is for fragments."""
    plan = f"  - type: plan\n    memory_margin: {margin}\n"
    assert [fix for _, fix in told(tmp_path, (TRAIN, plan + TRAIN))] == fixes
