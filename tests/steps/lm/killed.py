"""`python -m tests.steps.lm.killed FOLDER KILLS SEED WRITTEN`: a training that is killed with -9 so many times, and one that is not.

Each begins as a fork of this process, which has imported all and computed no gradient: so twenty kills take no longer than two imports. A
kill comes within the time of some saves after the newest, and every third while a state is being written: the training is stopped, and
killed if a file of another name is still there. Writes FOLDER/result.json: at which steps it was resumed, which kills left such a file,
the losses of both, and what differs between their files.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from schemas import TrainLine
from steps.lm import assemble  # noqa: F401  for the forks
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import network, params, run, text

DEADLINE_S = 240


def learn(folder: Path, written: dict[str, Any]) -> None:
    """Train there, going on from what is kept, and write the losses of this process beside it."""
    context = FakeContext(folder)
    for path in sorted(context.workdir.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    if written.get("objective") == "sft":
        train(params(**written), None, [text().corpus], text().tokenizer, None, None, context)
    else:
        run(context, **written)
    lines = [(line.step, line.train_loss) for line in context.lines if isinstance(line, TrainLine)]
    resumed = [event["step"] for event in context.events if event["event"] == "resumed"]
    (folder / "end.json").write_text(json.dumps({"losses": lines, "resumed": resumed, "stats": context.kept["training"]["resumed"]}))


def forked(folder: Path, written: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        try:
            learn(folder, written)
            os._exit(0)
        finally:
            os._exit(1)
    return child


def newest(keep: Path) -> int:
    """The newest whole save, by its step."""
    return max((int(path.stem[6:]) for path in keep.glob("state-*.pt")), default=0)


def half_written(keep: Path) -> dict[str, int]:
    """What is being written, or was when it was killed: when it was last changed, by name."""
    found = {}
    for path in keep.glob("*.half"):
        with suppress(FileNotFoundError):  # it is whole by now
            found[path.name] = path.stat().st_mtime_ns
    return found


def stop_inside(child: int, keep: Path, before: dict[str, int], ends: float) -> None:
    """Stop `child` while it writes a file that is none of `before`."""
    while time.monotonic() < ends:
        if half_written(keep).items() - before.items():
            os.kill(child, signal.SIGSTOP)
            assert os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1]), "it ended before the kill"
            if half_written(keep).items() - before.items():
                return
            os.kill(child, signal.SIGCONT)
        time.sleep(0.0002)
    raise AssertionError("no write was met")


def main(folder: Path, kills: int, seed: int, written: dict[str, Any]) -> None:
    text()
    network(written["model"]["family"])  # so that its libraries are here
    whole, killed = folder / "whole", folder / "killed"
    assert os.waitpid(forked(whole, written), 0)[1] == 0, "the training itself failed"
    draw, ends = random.Random(seed), time.monotonic() + DEADLINE_S
    steps: list[int] = []
    inside: list[bool] = []
    for kill in range(kills):
        before = half_written(killed / "keep")
        child, begun = forked(killed, written), newest(killed / "keep")
        wanted = begun + draw.randrange(1, 4)
        while newest(killed / "keep") < wanted and time.monotonic() < ends:
            done, status = os.waitpid(child, os.WNOHANG)
            assert not done, f"it ended before the kill: {status}"
            time.sleep(0.0005)
        if kill % 3 == 1:
            stop_inside(child, killed / "keep", before, ends)
        else:
            time.sleep(draw.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        steps.append(newest(killed / "keep"))
        inside.append(bool(half_written(killed / "keep").items() - before.items()))
    assert os.waitpid(forked(killed, written), 0)[1] == 0, "the last one failed"
    names = sorted({path.relative_to(top / "work") for top in (whole, killed) for path in (top / "work").rglob("*") if path.is_file()})
    differing = [str(name) for name in names if name.name != "training.json" and read(whole, name) != read(killed, name)]
    found: dict[str, Any] = {"steps": steps, "inside": inside, "left": [*half_written(killed / "keep")]}
    found |= {"differing": differing, "names": [str(name) for name in names]}
    found |= {top.name: json.loads((top / "end.json").read_text()) for top in (whole, killed)}
    (folder / "result.json").write_text(json.dumps(found))


def read(top: Path, name: Path) -> bytes:
    path = top / "work" / name
    return path.read_bytes() if path.is_file() else b"absent"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
