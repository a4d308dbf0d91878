"""Saves of a run: written while it goes on, and whole or not there whenever a kill comes."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import TrainLine
from steps.lm import checkpoint
from steps.lm.checkpoint import Saver, load_best, load_state, states
from tests.conftest import ROOT, FakeContext
from tests.steps.lm.small import SIZES, run

FREE: dict[str, Callable[[], int]] = {"from a copy": lambda: 1 << 62, "at once": lambda: 0}
both_ways = pytest.mark.parametrize("free", FREE.values(), ids=FREE)


def state(value: float) -> dict[str, Any]:
    return {"network": {"w": torch.full((3, 4), value), "none": torch.zeros(0)}, "optimizer": [{"state": {0: {"step": value}}}], "step": 7}


def files(made: Path) -> dict[str, bytes]:
    """All of a checkpoint but what says when and how it was made."""
    return {
        path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file() and path.name != "training.json"
    }


@both_ways
def test_what_is_saved_may_change_at_once(free: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Until a state is settled the one before it is the newest, and stays; then it is as it was when it was saved, and the old one goes."""
    saver, on, settle = Saver(tmp_path, 1, free), threading.Event(), checkpoint.settle
    saver.save(1, state(1.0))
    saver.wait()
    monkeypatch.setattr(checkpoint, "settle", lambda target: (on.wait(30), settle(target)))
    later = state(2.0)
    saver.save(2, later)
    later["network"]["w"].fill_(9.0)
    later["optimizer"][0]["state"][0]["step"] = 9.0
    assert load_state(tmp_path)[0]["step"] == 7  # type: ignore[index]
    assert [path.name for path in states(tmp_path)] == ["state-00000001.pt"]
    on.set()
    saver.wait()
    found, damaged = load_state(tmp_path)
    assert (str(found), damaged) == (str(state(2.0)), [])
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000002.pt"]


@both_ways
def test_the_best_is_kept_beside_the_states(free: Callable[[], int], tmp_path: Path):
    """Of the newest, and of each state what was the best then; a copy that is used again spoils no state, nor the other way."""
    saver = Saver(tmp_path, 3, free)
    for step in range(1, 13):
        saver.save_best(step, {"w": torch.full((3, 4), -1.0 * step)})
        if step % 3 == 0:
            saver.save(step, state(float(step)))
    saver.save_best(13, {"w": torch.full((3, 4), -13.0)})
    saver.save_best(14, {"w": torch.full((3, 4), -14.0)})
    saver.release()
    saver.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best-00000006.pt", "best-00000009.pt", "best-00000012.pt", "best-00000014.pt",
        "state-00000006.pt", "state-00000009.pt", "state-00000012.pt"]  # fmt: skip
    assert str(torch.load(tmp_path / "state-00000009.pt")) == str(state(9.0))
    assert str(load_best(tmp_path, 9)) == str({"w": torch.full((3, 4), -9.0)})


def test_a_best_that_a_killed_run_left_does_not_stand_in_for_this_ones(tmp_path: Path):
    """Newer than the state that is gone on from, it is of weights that are trained anew: it goes, what the run points at stays."""
    saver = Saver(tmp_path, 2, lambda: 0)
    saver.save_best(9, {"w": torch.zeros(1)})
    saver.save(10, state(10.0))
    saver.save_best(13, {"w": torch.zeros(1)})
    saver.save_best(12, {"w": torch.ones(1)})
    saver.wait()
    assert [path.name for path in sorted(tmp_path.glob("best-*"))] == ["best-00000009.pt", "best-00000012.pt"]


@both_ways
def test_a_full_disk_is_not_kept_full(free: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What could not be written is gone, and the training hears of it at its next step, not at its next save."""
    saver, save = Saver(tmp_path, 1, free), torch.save

    def full(data: Any, file: Any) -> None:
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    def save_and_train_on() -> None:
        saver.save(1, state(1.0))
        assert saver._thread is not None
        saver._thread.join()
        saver.look()

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match="No space left"):
        save_and_train_on()
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(torch, "save", save)
    saver.save(2, state(2.0))
    saver.wait()
    saver.look()
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000002.pt"]


@both_ways
def test_what_the_thread_meets_is_raised_by_the_next_save(free: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And by `wait`; the state of before is still the newest, and a later save clears away what was left."""
    saver, settle = Saver(tmp_path, 1, free), checkpoint.settle
    saver.save(1, state(1.0))
    saver.wait()

    def full(target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "settle", full)
    for again in (lambda: saver.save(3, state(3.0)), saver.wait):
        saver.save(2, state(2.0))
        with pytest.raises(OSError, match="No space left"):
            again()
    assert [path.name for path in states(tmp_path)] == ["state-00000001.pt"]
    monkeypatch.setattr(checkpoint, "settle", settle)
    saver.save(4, state(4.0))
    saver.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000004.pt"]


def test_without_room_for_a_thread_it_is_settled_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where no thread starts, as under a limit of the process, the state is whole when `save` returns."""

    def no_room(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_room)
    Saver(tmp_path, 1, lambda: 0).save(1, state(1.0))
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000001.pt"]


WRITTEN: dict[str, Any] = {
    "max_steps": 7, "save_steps": 1, "keep": 1, "model": {**SIZES["llama"], "dropout": 0.2}, "total_batch_size": 4, "batch_size": 2,
    "eval_steps": 2, "scheduler": "cosine",
}  # fmt: skip
CHILD = """
import os, signal, sys
from functools import partial
from pathlib import Path
from steps.lm import checkpoint, loop
from tests.conftest import FakeContext
from tests.steps.lm.small import run
from tests.steps.lm.test_checkpoint import FREE, WRITTEN

folder, way, moment, name = sys.argv[1:]
loop.Saver = partial(checkpoint.Saver, free=FREE[way])
settle, write_half = checkpoint.settle, checkpoint.write_half

def killed_there(target):
    if target.name == name and moment == "before the rename":
        os.kill(os.getpid(), signal.SIGKILL)
    settle(target)
    if target.name == name and moment == "after the rename":
        os.kill(os.getpid(), signal.SIGKILL)

def killed_inside(target, data):
    write_half(target, data)
    if target.name == name and moment == "inside the write":
        half = target.with_suffix(".half")
        os.truncate(half, half.stat().st_size // 2)
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.settle, checkpoint.write_half = killed_there, killed_inside
run(FakeContext(Path(folder)), **WRITTEN)
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FakeContext:
    """The undisturbed run."""
    context = FakeContext(tmp_path_factory.mktemp("whole"))
    run(context, **WRITTEN)
    return context


@pytest.mark.parametrize(
    ("way", "moment", "name", "step"),
    [
        ("from a copy", "before the rename", "state-00000003.pt", 2),
        ("at once", "inside the write", "state-00000003.pt", 2),
        ("at once", "before the rename", "state-00000003.pt", 2),
        ("at once", "before the rename", "best-00000004.pt", 3),
        ("at once", "after the rename", "state-00000003.pt", 3),
    ],
)
def test_killed_while_it_saves_it_ends_with_the_same_bytes(way: str, moment: str, name: str, step: int, whole: FakeContext, tmp_path: Path):
    """Either way, with the newest state alone kept: it goes on from the last that is whole, and ends as if nothing had been."""
    asked = [sys.executable, "-c", CHILD, str(tmp_path / "killed"), way, moment, name]
    assert subprocess.run(asked, cwd=ROOT, check=False, timeout=120).returncode == -signal.SIGKILL
    again = FakeContext(tmp_path / "killed")
    run(again, **WRITTEN)
    (resumed,) = [e["step"] for e in again.events if e["event"] == "resumed"]
    assert resumed == step
    here, there = ([line.train_loss for line in c.lines if isinstance(line, TrainLine)] for c in (again, whole))
    assert here == there[resumed:]
    assert files(again.workdir) == files(whole.workdir)
    assert list(again.keep.glob("*.half")) == []
