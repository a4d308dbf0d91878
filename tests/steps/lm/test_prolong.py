"""A training that was stopped half-way goes on as part of a longer one, where that is the same to the bit."""

from pathlib import Path
from typing import Any

import pytest

from schemas import Checkpoint, TrainLine
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run

STEADY: dict[str, Any] = {
    "scheduler": "constant", "warmup_steps": 2, "eval_steps": 2, "save_steps": 1, "model": {**SIZES["llama"], "dropout": 0.2},
}  # fmt: skip


def stopped(folder: Path, at: int = 4, **written: Any) -> FakeContext:
    """A training that was asked to stop in its step `at`."""
    half = FakeContext(folder)
    half.log = lambda line: (half.lines.append(line), setattr(half, "asked_to_stop", line.step == at))  # type: ignore[method-assign,func-returns-value,assignment]
    with pytest.raises(InterruptedError):
        run(half, **{**STEADY, "max_steps": 6, **written})
    return half


def after(half: FakeContext, folder: Path, **written: Any) -> tuple[Checkpoint, FakeContext]:
    """A training of nine steps that is offered what `half` kept."""
    context = FakeContext(folder)
    context.earlier = [half.keep]
    return run(context, **{**STEADY, "max_steps": 9, **written}), context


def files(made: Checkpoint) -> dict[str, bytes]:
    """All of a checkpoint but what says when and how it was made."""
    paths = (path for path in made.path.rglob("*") if path.suffix in (".safetensors", ".json") and path.name != "training.json")
    return {path.relative_to(made.path).as_posix(): path.read_bytes() for path in paths}


def steps(context: FakeContext) -> list[int]:
    return [line.step for line in context.lines if isinstance(line, TrainLine)]


@pytest.mark.parametrize("schedule", [{}, {"scheduler": "wsd", "decay_share": 0.25}], ids=["constant", "wsd before it falls"])
def test_what_was_done_is_part_of_the_longer_one(schedule: dict[str, Any], tmp_path: Path):
    """Stopped at 4 of 6 and then asked for 9: the files are those of nine steps without a break, best and state included."""
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **schedule})
    half = stopped(tmp_path / "half", **schedule)
    more, context = after(half, tmp_path / "more", **schedule)
    assert files(more) == files(whole)
    assert (steps(context), context.adopted) == ([5, 6, 7, 8, 9], [half.keep])
    said = [(e["step"], e["steps"], e["bitwise"]) for e in context.events if e["event"] == "resumed"]
    assert said == [(4, 6, True)]


def test_the_best_comes_with_it(tmp_path: Path):
    """Weights that were best before the stop, at step 6 of 7, are still there to be kept as the best."""
    spoilt = {"learning_rate": 0.4, "max_grad_norm": 1000.0, "model": SIZES["llama"], "warmup_steps": 0}
    half = stopped(tmp_path / "half", at=7, max_steps=8, **spoilt)
    more, context = after(half, tmp_path / "more", **spoilt)
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **spoilt})
    assert [line.step for line in context.lines if not isinstance(line, TrainLine)] == [8, 9]
    assert (whole.best_step, more.best_step) == (6, 6)
    assert files(more) == files(whole)
    assert "best/model.safetensors" in files(more)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"scheduler": "cosine"}, "a training of 6 steps was stopped at step 4; from step 3 on its rate was another"),
        ({"max_steps": 3}, "a training of 6 steps was stopped at step 4; this one ends at 3, so this one begins at the first"),
    ],
    ids=["cosine", "further than asked"],
)
def test_what_would_be_another_is_told_and_left(written: dict[str, Any], said: str, tmp_path: Path):
    """It begins at the first step, and ends as if nothing had been."""
    half = stopped(tmp_path / "half", **{name: value for name, value in written.items() if name != "max_steps"})
    more, context = after(half, tmp_path / "more", **written)
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **written})
    assert files(more) == files(whole)
    (event,) = [e for e in context.events if e["event"] == "not_taken_over"]
    assert said in event["message"]
    assert context.adopted == []


def test_one_that_is_being_cleared_away_is_left(tmp_path: Path):
    """Its best weights are gone: the first step is where this one begins."""
    half = stopped(tmp_path / "half")
    for path in half.keep.glob("best-*.pt"):
        path.unlink()
    _, context = after(half, tmp_path / "more")
    assert steps(context) == list(range(1, 10))
