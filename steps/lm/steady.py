"""The last state before the rate of a `wsd` falls: it stays beside the training, for a longer one goes on from there to the bit."""

import os
import shutil
from pathlib import Path

from schemas import StepContext
from steps.lm.checkpoint import STATE, step_of

FOLDER = "state"  # among the side files
STEADY = "steady-{step:08d}.pt"
BEST = "steady-best.pt"  # the best weights of its time, where there were any


def set_aside(context: StepContext, step: int | None) -> None:
    """Keep the state of `step`, once it is among the saves, with the best weights so far; links where the file system has them."""
    if step is None or not (source := context.keep / STATE.format(step=step)).is_file():
        return
    target = context.side(f"{FOLDER}/{STEADY.format(step=step)}")
    if target.is_file() and _alike(source, target):
        return
    for old in target.parent.glob("steady-*"):
        old.unlink()
    best = [path for path in context.keep.glob("best-*.pt") if step_of(path) <= step]
    if best:
        _link(max(best, key=step_of), target.with_name(BEST))
    _link(source, target)  # last: where it is there, all of it is


def steady_of(side: Path) -> Path | None:
    """That state among the side files of a training, None where there is none."""
    return max((side / FOLDER).glob("steady-0*.pt"), default=None)


def _alike(one: Path, other: Path) -> bool:
    a, b = one.stat(), other.stat()
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def _link(source: Path, target: Path) -> None:
    """No one writes into such a file: it is made whole, and goes."""
    half = target.with_suffix(".half")
    half.unlink(missing_ok=True)
    try:
        os.link(source, half)
    except OSError:
        shutil.copy2(source, half)
    half.replace(target)
