"""What looks at a run: spikes, bands that stop, validations that no longer improve."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas import Checkpoint, EvalLine, RecipeError, TrainLine
from steps.lm.trackers import OPENERS
from steps.lm.watch import SpikeGuard, judge_again, patience_is_over
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, params, run


def test_a_spike_is_left_out_and_told(context: FakeContext):
    """Ten times the median of the last norms: no update, a line, and the norm is not remembered; eleven in a row end the run."""
    guard = SpikeGuard("skip", 10.0, [1.0] * 20)
    assert not guard.spiked(9.0, 21, context)
    assert guard.spiked(11.0, 22, context)
    assert [(e["event"], e["step"], e["threshold"]) for e in context.events] == [("spike", 22, 10.0)]
    assert guard.norms == [1.0] * 20 + [9.0]
    for step in range(23, 32):
        assert guard.spiked(11.0, step, context)
    with pytest.raises(RecipeError, match="S102"):
        guard.spiked(11.0, 32, context)


def test_a_step_that_is_left_out_moves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Accumulated from two micro-batches and far above the others: the weights are those of the step before; it counts as a step."""
    steady = {"scheduler": "constant", "warmup_steps": 0, "batch_size": 1, "on_spike": "skip", "model": SIZES["llama"]}
    plain = SpikeGuard.spiked
    monkeypatch.setattr(SpikeGuard, "threshold", lambda self: 1.0)
    monkeypatch.setattr(SpikeGuard, "spiked", lambda self, norm, step, *rest: plain(self, 100.0 if step == 3 else 0.5, step, *rest))
    made = run(FakeContext(tmp_path / "three"), max_steps=3, **steady)
    two = run(FakeContext(tmp_path / "two"), max_steps=2, **steady)
    assert (made.path / "model.safetensors").read_bytes() == (two.path / "model.safetensors").read_bytes()
    assert (made.step, made.trained_tokens) == (3, two.trained_tokens * 3 // 2)


def test_a_spike_needs_something_to_be_compared_with(context: FakeContext):
    """Until twenty norms are known nothing is a spike, nor ever where none is asked for."""
    assert not SpikeGuard("skip", 10.0, [1.0] * 19).spiked(1e6, 20, context)
    assert not SpikeGuard("none", 10.0, [1.0] * 50).spiked(1e6, 51, context)
    with pytest.raises(RecipeError, match="S102: the gradient's norm is 1e"):
        SpikeGuard("stop", 10.0, [1.0] * 50).spiked(1e6, 51, context)


def test_patience():
    """So many validations after the best."""
    assert not patience_is_over(4, [2, 4, 6], 2)
    assert patience_is_over(4, [2, 4, 6, 8], 2)


def test_a_run_that_gets_worse_ends_early_and_keeps_the_best(tmp_path: Path):
    """A rate that ruins the model: the run ends, and the weights of the best validation stand beside the last."""
    context = FakeContext(tmp_path)
    made = run(context, max_steps=40, eval_steps=2, learning_rate=0.3, warmup_steps=30, early_stopping={"patience": 2}, eval_tokens=None)
    assert made.step < 40
    assert [e["event"] for e in context.events if e["event"] == "early_stopping"] == ["early_stopping"]
    best = made.choose("best")
    assert made.choose("last") == made
    assert (best.path, best.step) == (made.path / "best", made.best_step)
    assert best.val_loss < made.val_loss
    assert (best.path / "tokenizer.json").is_file()
    assert (best.path / "model.safetensors").read_bytes() != (made.path / "model.safetensors").read_bytes()
    assert Checkpoint.load(made.path) == made


def test_ended_early_by_too_small_steps_the_best_is_the_lowest_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """min_delta says what early stopping counts, not what is best. What was never reached (a stage, a band) is not told as if it were; a
    tracker hears that the run is done."""
    closed: list[bool] = []

    class Hears:
        where, catches_up, held = "here", False, 0

        def metrics(self, step: int, values: dict[str, float]) -> None: ...

        def close(self, done: bool) -> None:
            closed.append(done)

    monkeypatch.setitem(OPENERS, "wandb", lambda *_: Hears())
    context = FakeContext(tmp_path)
    made = run(context, max_steps=40, eval_steps=2, early_stopping={"patience": 2, "min_delta": 5.0}, tracking="wandb",
               stages=[{"steps": 30, "train": ["all"]}, {"train": ["norm_f"]}],
               expect={2: {"train_loss": [0.0, 9.0]}, 40: {"train_loss": [0.0, 9.0]}})  # fmt: skip
    found = context.kept["training"]
    assert found["ended"] == "validation has not improved by more than 5 since step 2"
    assert (made.step, made.best_step, made.best_val_loss) == (6, 6, made.val_loss)
    assert found["best"] == found["kept"]
    assert found["stages_words"] == "1 to 6: all"
    assert [e["message"] for e in context.events if e["event"] == "stages_not_reached"] == ["ended in stage 1 of 2, before norm_f"]
    assert [(row["step"], row["inside"]) for row in found["expect"]] == [(2, True), (40, None)]
    assert closed == [True]


def test_a_band_may_stop_the_run(tmp_path: Path):
    """on_expect: stop ends the run where a figure leaves its band."""
    context = FakeContext(tmp_path)
    with pytest.raises(RecipeError, match=r"S111: train_loss at step 3 is \d\.\d{3}, the mean of 3 steps, expected") as error:
        run(context, expect={3: {"train_loss": [0.0, 0.1]}}, on_expect="stop")
    assert error.value.field == "expect.3"
    assert max(line.step for line in context.lines if isinstance(line, TrainLine)) == 3


def finished(folder: Path, **written: Any) -> FakeContext:
    """A training of four steps, validated at 2 and 4, with its logs and statistics beside it as a run keeps them."""
    context = FakeContext(folder)
    run(context, **{"model": SIZES["llama"], "max_steps": 4, "eval_steps": 2, **written})
    for name, kind in (("train_steps", TrainLine), ("eval_steps", EvalLine)):
        lines = (line.model_dump_json() for line in context.lines if isinstance(line, kind))
        context.side(f"logs/{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    context.side("stats/training.json").write_text(json.dumps(context.kept["training"]), "utf-8")
    return context


def test_bands_that_are_written_after_the_training_are_judged_by_its_logs(tmp_path: Path):
    """As the training itself would have judged them, once; and what stands in the report follows."""
    bands = {2: {"train_loss": [0.0, 1.0], "val_loss": [0.0, 99.0]}, 3: {"val_loss": [0.0, 1.0]}, 9: {"train_loss": [0.0, 1.0]}}
    asked = params(model=SIZES["llama"], max_steps=4, expect=bands)
    context = finished(tmp_path / "after")
    side = context.side("x").parent
    told = judge_again(asked, side)
    while_it_ran = finished(tmp_path / "during", expect={2: bands[2], 9: bands[9]})
    assert told is not None
    assert [(e.code, e.message) for e in told] == [(c, m) for c, m in while_it_ran.warnings if c == "S110"]
    assert json.loads((side / "stats" / "training.json").read_text("utf-8"))["expect"] == while_it_ran.kept["training"]["expect"]
    assert judge_again(asked, side) is None
    assert judge_again(params(model=SIZES["llama"], max_steps=4), side) == []


def test_a_band_that_stops_stops_what_goes_on_from_a_training_that_is_done(tmp_path: Path):
    """However often it is run."""
    side = finished(tmp_path).side("x").parent
    asked = params(model=SIZES["llama"], max_steps=4, expect={2: {"train_loss": [0.0, 1.0]}}, on_expect="stop")
    for _ in range(2):
        with pytest.raises(RecipeError, match=r"S111: train_loss at step 2 is .*, the mean of 2 steps, expected 0 to 1"):
            judge_again(asked, side)
