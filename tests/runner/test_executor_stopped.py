"""The executor where a step is stopped: it goes on where it was, and a longer one takes over what a shorter one did."""

import json
import os
from typing import Any

from runner.context import Stopped
from schemas import StepParams, TrainLine, step
from tests.runner.by_hand import Words, alone, meant_of, run, say, tell, write


class Count(StepParams):
    steps: int = 10
    text: str = ""
    upper: bool = False


@alone
@step(version=1, prolonged_by=("steps",))
def train(params: Count, context: Any) -> Words:
    """As many steps, one log line each; asked to stop at the step in `text`; what is done is kept, and taken from a shorter one."""
    state = context.keep / "state"
    done = int(state.read_text()) if state.exists() else 0
    for earlier in context.earlier if not done else ():
        context.adopt(earlier)
        done = int((earlier.side / "done" if earlier.finished else earlier.folder / "state").read_text())
    context.rewind(done)
    for number in range(done + 1, params.steps + 1):
        context.log(
            TrainLine(step=number, train_loss=1 / number, learning_rate=1, tokens_per_sec=1, peak_memory_gb=0, trained_tokens=number)
        )
        if str(number) == params.text and done == 0:
            state.write_text(str(number - 2))  # two steps behind what was logged
            os.kill(os.getpid(), 2)
        if context.stopping():
            raise context.stopped()
    context.stats("training", {"resumed": done})
    context.side("done").write_text(str(params.steps))
    return write(context, "done")


def test_a_stopped_step_goes_on_where_it_was(tmp_path):
    """SIGINT: the run is stopped; the next one resumes, and both its logs and the run's are those of an undisturbed run."""

    def meant():
        return meant_of(tmp_path, (train, "train", {"text": "5"}, {}), (say, "behind", {}, {"words": ["train"]}), (tell, "told", {}, {}))

    first = run(meant())
    assert {name: record.status for name, record in first.items()} == {"train": "stopped"}
    assert first["train"].side is not None
    again = run(meant())
    assert again["train"].stats == {"training": {"resumed": 3}}
    for log in (again["train"].side / "logs" / "train_steps.jsonl", again["train"].artifact.parents[1] / "logs" / "train_steps.jsonl"):
        assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == list(range(1, 11))
    assert list((tmp_path / ".recipe" / "store" / "keep").iterdir()) == []


class Ends(StepParams):
    how: str = ""


@alone
@step(version=1)
def ends(params: Ends, context: Any) -> Words:
    """Asked to stop, it fails: for want of disk, or with a worker that the same signal ended."""
    os.kill(os.getpid(), 2)
    raise OSError(28, "No space left on device", "state.pt") if params.how == "full" else RuntimeError("a worker died")


def test_what_fails_while_it_stops_is_told(tmp_path):
    """Where a save found no room there is nothing to go on from: it failed, with R003. What else fails came of the signal, and is told."""
    full = run(meant_of(tmp_path, (ends, "ends", {"how": "full"}, {})))["ends"]
    assert full.status == "failed"
    assert full.reason.startswith("R003: no space left on the disk that holds state.pt")
    stopped = run(meant_of(tmp_path, (ends, "ends", {}, {})))["ends"]
    assert stopped.status == "stopped"
    events = (sorted((tmp_path / "runs").glob("2*"))[-1] / "logs" / "events.jsonl").read_text("utf-8")
    assert '"message": "while it stopped: RuntimeError: a worker died"' in events


def test_a_longer_step_takes_over_from_one_that_was_stopped(tmp_path):
    """One that differs in its length alone is offered, with its logs; what differs in more, or belongs to another step, is not."""

    def made(name="train", **params):
        return run(meant_of(tmp_path, (train, name, {"text": "5", **params}, {})))[name]

    made()
    longer = made(steps=12)
    assert longer.stats == {"training": {"resumed": 3}}
    for log in (longer.side / "logs" / "train_steps.jsonl", longer.artifact.parents[1] / "logs" / "train_steps.jsonl"):
        assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == list(range(1, 13))
    assert made(steps=12, upper=True).status == "stopped"
    assert made("other", steps=13).status == "stopped"


def test_a_longer_step_takes_over_from_one_that_was_done(tmp_path):
    """The last result of the step, if its length alone is another, and its files are whole; its logs come with it."""

    def made(**params):
        record = run(meant_of(tmp_path, (train, "train", params, {})))["train"]
        lines = (record.side / "logs" / "train_steps.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in lines] == list(range(1, params["steps"] + 1))
        return record.stats["training"]["resumed"]

    assert made(steps=4) == 0
    assert made(steps=7) == 4
    assert made(steps=9, upper=True) == 0
    assert made(steps=11) == 0
    assert made(steps=12) == 11
    for path in (tmp_path / ".recipe" / "store" / "objects").glob("*/artifact/words.txt"):
        path.chmod(0o600)
        path.write_text("damaged")
    assert made(steps=13) == 0


def test_stopped_is_an_ordinary_exception():
    """A step may clean up after itself with `except Exception`."""
    assert issubclass(Stopped, Exception)
