"""A training that was stopped half-way, or is done, goes on as part of a longer one, where that is the same to the bit."""

from pathlib import Path
from typing import Any

import pytest

from schemas import Checkpoint, RecipeError, TrainLine
from schemas.context import Earlier
from steps.lm.watch import SpikeGuard
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


def done(folder: Path, **written: Any) -> FakeContext:
    """One that came to its end after six steps."""
    first = FakeContext(folder)
    run(first, **{**STEADY, "max_steps": 6, **written})
    return first


def after(half: FakeContext, folder: Path, finished: bool = False, **written: Any) -> tuple[Checkpoint, FakeContext]:
    """A training of nine steps that is offered what `half` kept, or made."""
    context = FakeContext(folder)
    context.earlier = [Earlier(half.workdir if finished else half.keep, half.keep.parent / "side", finished)]
    return run(context, **{**STEADY, "max_steps": 9, **written}), context


def files(made: Checkpoint) -> dict[str, bytes]:
    """All of a checkpoint but what says when and how it was made."""
    paths = (path for path in made.path.rglob("*") if path.suffix in (".safetensors", ".json") and path.name != "training.json")
    return {path.relative_to(made.path).as_posix(): path.read_bytes() for path in paths}


def spoilt(folder: Path, before: int, **written: Any) -> tuple[Checkpoint, dict[str, Any]]:
    """A training of nine steps whose best weights come before step `before`, since its rate is far too high, and what it was asked.

    Such losses jump, on each kind of processor to others: so the rate is the first of several with which it is so.
    """
    for rate in (0.4, 5.0, 3.0, 10.0, 1.0, 30.0):
        asked = {"learning_rate": rate, "max_grad_norm": 1000.0, "warmup_steps": 0, **written}
        try:
            whole = run(FakeContext(folder / str(rate)), **{**STEADY, "max_steps": 9, **asked})
        except RecipeError:  # a gradient that is no number
            continue
        if whole.best_step is not None and whole.best_step < before:
            return whole, asked
    raise AssertionError("no rate spoils it")


def steps(context: FakeContext) -> list[int]:
    return [line.step for line in context.lines if isinstance(line, TrainLine)]


@pytest.mark.parametrize("schedule", [{}, {"scheduler": "wsd", "decay_share": 0.25}], ids=["constant", "wsd before it falls"])
def test_what_was_done_is_part_of_the_longer_one(schedule: dict[str, Any], tmp_path: Path):
    """Stopped at 4 of 6 and then asked for 9: the files are those of nine steps without a break, best and state included."""
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **schedule})
    half = stopped(tmp_path / "half", **schedule)
    more, context = after(half, tmp_path / "more", **schedule)
    assert files(more) == files(whole)
    assert (steps(context), context.adopted) == ([5, 6, 7, 8, 9], context.earlier)
    said = [(e["step"], e["steps"], e["bitwise"]) for e in context.events if e["event"] == "resumed"]
    assert said == [(4, 6, True)]


def test_the_best_comes_with_it(tmp_path: Path):
    """Weights that were best before the stop, in step 7 of 8, are still there to be kept as the best."""
    whole, asked = spoilt(tmp_path / "whole", 7, model=SIZES["llama"])
    half = stopped(tmp_path / "half", at=7, max_steps=8, **asked)
    more, context = after(half, tmp_path / "more", **asked)
    assert [line.step for line in context.lines if not isinstance(line, TrainLine)] == [8, 9]
    assert whole.best_step == more.best_step
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


LORA: dict[str, Any] = {"method": "lora", "lora": {"r": 4, "lora_dropout": 0.1}}


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"total_batch_size": 4, "batch_size": 2, "packing": "documents", "optimizer": "muon"},
        {"stages": [{"steps": 4, "train": ["lm_head"]}, {"train": ["all"]}], "samples": ["<tr>"]},
    ],
    ids=["constant", "accumulated, packed, muon", "stages"],
)
def test_one_that_is_done_is_part_of_the_longer_one(written: dict[str, Any], tmp_path: Path):
    """Six steps, and then asked for more: the files are those of the longer one without a break, and it says where it went on."""
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **written})
    first = done(tmp_path / "first", **written)
    more, context = after(first, tmp_path / "more", finished=True, **written)
    assert files(more) == files(whole)
    assert (steps(context)[0], context.adopted) == (7, context.earlier)
    (said,) = [e["message"] for e in context.events if e["event"] == "resumed"]
    assert said == "goes on at step 6 of 9, where a training of 6 ended, bit for bit"


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_best_of_one_that_is_done_comes_with_it(method: str, tmp_path: Path):
    """Weights that were best before the last of 8 steps are the best of 9, as adapters too, where the checkpoint holds them merged."""
    base = {"model": {"base": {"path": str(done(tmp_path / "base").workdir)}}, **LORA} if method == "lora" else {"model": SIZES["llama"]}
    whole, asked = spoilt(tmp_path / "whole", 8, **base)
    first = done(tmp_path / "first", **asked, max_steps=8)
    more, context = after(first, tmp_path / "more", finished=True, **asked)
    assert whole.best_step == more.best_step
    assert (files(more), steps(context)) == (files(whole), [9])
    assert "best/model.safetensors" in files(more)


def test_a_best_where_the_longer_one_would_not_look_is_told(tmp_path: Path):
    """Its last validation is always at its end: the weights are the same to the bit, the best may be another, which is said; where early
    stopping counts the validations, it begins anew."""
    first = done(tmp_path / "first", eval_steps=4)
    more, context = after(first, tmp_path / "more", finished=True, eval_steps=4)
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, "eval_steps": 4})
    assert files(more)["model.safetensors"] == files(whole)["model.safetensors"]
    assert files(more)["state/state.safetensors"] == files(whole)["state/state.safetensors"]
    (said,) = [e["message"] for e in context.events if e["event"] == "resumed"]
    assert said.endswith("; its validations were at other steps, and the best is chosen from those, too")
    patient = {"eval_steps": 4, "early_stopping": {"patience": 5}}
    _, context = after(done(tmp_path / "patient", **patient), tmp_path / "anew", finished=True, **patient)
    assert steps(context) == list(range(1, 10))
    (said,) = [e["message"] for e in context.events if e["event"] == "not_taken_over"]
    assert said == ("a training of 6 steps was done; its validations were at other steps, which early_stopping counts (write eval_steps), "
                    "so this one begins at the first")  # fmt: skip


def test_the_further_one_is_taken(tmp_path: Path):
    """Of one that was stopped at 4 and one that ended at 6."""
    half, first = stopped(tmp_path / "half"), done(tmp_path / "first")
    context = FakeContext(tmp_path / "more")
    context.earlier = [Earlier(half.keep, half.keep.parent / "side"), Earlier(first.workdir, first.keep.parent / "side", finished=True)]
    run(context, **{**STEADY, "max_steps": 9})
    assert context.adopted == context.earlier[1:]


WSD: dict[str, Any] = {"scheduler": "wsd", "decay_share": 0.4}


@pytest.mark.parametrize("save_steps", [1, 5], ids=["every step is saved", "none where it begins to fall"])
def test_a_wsd_that_has_fallen_goes_on_where_it_began_to(save_steps: int, tmp_path: Path):
    """Done after 6 steps, of which the rate fell in the last 2, and asked for 9: the files are those of nine steps without a break."""
    asked = {**WSD, "save_steps": save_steps, "keep": 1}
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **asked})
    more, context = after(done(tmp_path / "first", **asked), tmp_path / "more", finished=True, **asked)
    assert files(more) == files(whole)
    assert (steps(context), context.adopted) == ([5, 6, 7, 8, 9], context.earlier)
    (said,) = [e["message"] for e in context.events if e["event"] in ("resumed", "not_taken_over")]
    assert said == "goes on at step 4 of 9, where a training of 6 began to lower its rate, bit for bit"


def test_a_wsd_that_was_stopped_while_it_fell_goes_on_where_it_began_to(tmp_path: Path):
    """Whatever its last save is."""
    whole = run(FakeContext(tmp_path / "whole"), **{**STEADY, "max_steps": 9, **WSD})
    more, context = after(stopped(tmp_path / "half", at=5, **WSD), tmp_path / "more", **WSD)
    assert (files(more), steps(context)) == (files(whole), [5, 6, 7, 8, 9])


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_best_before_a_wsd_fell_comes_with_it(method: str, tmp_path: Path):
    """Weights that were best then, not those that were best in the end."""
    base = {"model": {"base": {"path": str(done(tmp_path / "base").workdir)}}, **LORA} if method == "lora" else {"model": SIZES["llama"]}
    whole, asked = spoilt(tmp_path / "whole", 6, **base, **WSD, min_lr=0.39)
    more, context = after(done(tmp_path / "first", **asked, max_steps=8), tmp_path / "more", finished=True, **asked)
    assert (files(more), steps(context), whole.best_step) == (files(whole), [6, 7, 8, 9], more.best_step)


def test_a_wsd_killed_before_its_state_was_set_aside_does_so_later(tmp_path: Path):
    """Its save was there: a kill came between that and what follows it."""
    half = stopped(tmp_path / "half", **WSD)
    for path in half.side("state/x").parent.iterdir():
        path.unlink()
    half.asked_to_stop, half.log = False, half.lines.append  # type: ignore[method-assign]
    run(half, **{**STEADY, "max_steps": 6, **WSD, "save_steps": 5})
    assert [path.name for path in half.side("state/x").parent.glob("steady-0*")] == ["steady-00000004.pt"]


@pytest.mark.parametrize(("schedule", "parted"), [({"scheduler": "cosine"}, 3), ({**WSD, "warmup_steps": None, "warmup_ratio": 0.5}, 1)])
def test_one_that_is_done_and_had_other_rates_is_told_and_left(schedule: dict[str, Any], parted: int, tmp_path: Path):
    """By the step from which its rate was another."""
    _, context = after(done(tmp_path / "a", **schedule), tmp_path / "b", finished=True, **schedule)
    (said,) = [e["message"] for e in context.events if e["event"] == "not_taken_over"]
    assert said.startswith(f"a training of 6 steps was done; from step {parted} on its rate was another (")
    assert steps(context) == list(range(1, 10))


def test_without_a_state_it_begins_anew(tmp_path: Path):
    """save_only_model leaves none, and nothing is said of it."""
    bare = done(tmp_path / "c", save_only_model=True, **WSD)
    _, context = after(bare, tmp_path / "d", finished=True, **WSD)
    assert steps(context) == list(range(1, 10))
    assert [e for e in context.events if e["event"] in ("resumed", "not_taken_over")] == []


def test_stopped_by_a_spike_it_goes_on_where_spikes_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """on_spike: skip in place of stop ends as if it had been so from the start, and no step before the spike is done again, however far
    the last save was. Without a guard spikes are not known: it begins anew."""
    plain, written = SpikeGuard.spiked, {"max_steps": 26, "spike_factor": 50.0, "eval_steps": 26, "save_steps": 26}

    def jumps(self: SpikeGuard, norm: float, step: int, context: Any) -> bool:
        return plain(self, 1e6 if step == 24 else norm, step, context)

    monkeypatch.setattr(SpikeGuard, "spiked", jumps)
    half = FakeContext(tmp_path / "half")
    with pytest.raises(RecipeError, match="S102"):
        run(half, **{**STEADY, **written, "on_spike": "stop"})
    more, context = after(half, tmp_path / "more", **written, on_spike="skip")
    whole = FakeContext(tmp_path / "whole")
    assert files(run(whole, **{**STEADY, **written, "on_spike": "skip"})) == files(more)
    assert (steps(context), context.kept["training"]["spikes"]) == ([24, 25, 26], 1)
    _, tighter = after(half, tmp_path / "tighter", **{**written, "spike_factor": 40.0}, on_spike="skip")
    (said,) = [e["message"] for e in tighter.events if e["event"] == "not_taken_over"]
    assert said.endswith("was stopped at step 23; spikes of its gradient were treated otherwise, so this one begins at the first")
