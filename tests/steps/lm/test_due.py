"""What is due after a step (validation, bands) is done once, whatever comes between: a signal, a lack of memory, a kill, another band."""

from pathlib import Path
from typing import Any

import pytest

from schemas import Checkpoint, RecipeError, TrainLine
from steps.lm import loop
from steps.lm.watch import Bands, judged
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run

WRITTEN: dict[str, Any] = {"model": SIZES["llama"], "max_steps": 6, "eval_steps": 2, "save_steps": 5, "eval_batch_size": 4}


class Killed(BaseException):
    """As kill -9 would end it: nothing of ours handles it."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> FakeContext:
    """A run that nothing befell."""
    context = FakeContext(tmp_path_factory.mktemp("whole"))
    run(context, **WRITTEN)
    return context


def figures(context: FakeContext) -> list[tuple[str, int, float]]:
    """All that is in its logs but the clock's."""
    return [("train", line.step, line.train_loss) if isinstance(line, TrainLine) else ("eval", line.step, line.eval_loss)
            for line in context.lines]  # fmt: skip


def weights(context: FakeContext) -> bytes:
    return (context.workdir / "model.safetensors").read_bytes()


@pytest.mark.parametrize("step", [4, 6])
def test_without_memory_in_a_validation_and_killed_it_is_validated_all_the_same(
    step: int, whole: FakeContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Memory runs out in the validation of a step, also of the last; how it runs now is saved, then it is killed: run again, it validates
    that step with the smaller batch, its logs are those of the undisturbed run, and the loss of the checkpoint is the last weights'."""
    context, plain = FakeContext(tmp_path), loop.score

    def fails(*given: Any) -> Any:
        if not context.lines or context.lines[-1].step != step:
            return plain(*given)
        raise MemoryError("cannot allocate memory") if given[2] == 4 else Killed  # of so many rows at a time

    with monkeypatch.context() as patched:
        patched.setattr(loop, "score", fails)
        with pytest.raises(Killed):
            run(context, **WRITTEN)
    (said,) = [e["message"] for e in context.events if e["event"] == "memory_fallback"]
    assert said == f"out of memory in validation at step {step}: eval_batch_size 4 -> 2"
    made = run(context, **WRITTEN)
    assert [e["step"] for e in context.events if e["event"] == "resumed"] == [step]
    assert figures(context) == [(kind, at, pytest.approx(value, abs=1e-6)) for kind, at, value in figures(whole)]
    assert made.val_loss == pytest.approx(Checkpoint.load(whole.workdir).val_loss, abs=1e-6)
    assert weights(context) == weights(whole)


def test_asked_to_stop_in_a_validation_it_does_not_wait_for_its_end(whole: FakeContext, tmp_path: Path):
    """Asked during the validation of step 4: it saves and ends there; run again, that validation comes first, and nothing is missing."""

    class Asked(FakeContext):
        looks = 0

        def stopping(self) -> bool:
            self.looks += bool(self.lines) and self.lines[-1].step == 4 and isinstance(self.lines[-1], TrainLine)
            return self.looks > 2

    context = Asked(tmp_path)
    with pytest.raises(InterruptedError):
        run(context, **WRITTEN)
    assert figures(context)[-1][:2] == ("train", 4)
    again = FakeContext(tmp_path)
    again.lines = context.lines
    run(again, **WRITTEN)
    assert [e["step"] for e in again.events if e["event"] == "resumed"] == [4]
    assert figures(again) == figures(whole)
    assert weights(again) == weights(whole)


def test_after_a_band_that_stopped_it_it_goes_on_from_that_very_step(whole: FakeContext, tmp_path: Path):
    """Outside its band the run ends, and its state is kept; with another band no step is done again, and the figures are judged by that."""
    context = FakeContext(tmp_path)
    with pytest.raises(RecipeError, match="S111: val_loss at step 4 is"):
        run(context, **WRITTEN, expect={4: {"val_loss": [0.0, 0.1]}}, on_expect="stop")
    with pytest.raises(RecipeError, match="S111: val_loss at step 4 is"):
        run(context, **WRITTEN, expect={4: {"val_loss": [0.0, 0.2]}}, on_expect="stop")
    run(context, **WRITTEN, expect={4: {"val_loss": [0.0, 9.0]}}, on_expect="stop")
    assert [e["step"] for e in context.events if e["event"] == "resumed"] == [4, 4]
    assert figures(context) == figures(whole)
    (entry,) = context.kept["training"]["expect"]
    assert (entry["step"], entry["high"], entry["inside"]) == (4, 9.0, True)


def test_a_run_that_goes_on_is_judged_by_the_bands_that_stand_now(context: FakeContext):
    """A band that was changed or deleted since is not what the report shows; one beyond the last step was not reached."""
    bands = {2: {"train_loss": [0.0, 1.0]}, 3: {"train_loss": [0.0, 1.0]}, 9: {"val_loss": [0.0, 1.0]}}
    done = Figures()
    asked = train.params.model_validate({"expect": bands}).expect
    for step in (2, 3, 3):
        Bands(asked, context)(step, done)
    assert [(code, message.split(" is ")[0]) for code, message in context.warnings] == [("S110", "train_loss at step 2"),
                                                                                         ("S110", "train_loss at step 3")]  # fmt: skip
    done.scored = {"step": 8, "loss": 0.5}
    Bands(asked, context)(9, done)
    assert context.warnings[-1][1] == "val_loss at step 9 is not known, expected 0 to 1"  # what is known is another step's
    done.expected.pop()
    now = train.params.model_validate({"expect": {2: {"train_loss": [0.0, 5.0]}, 9: {"val_loss": [0.0, 1.0]}}}).expect
    assert [(row["step"], row["high"], row["found"], row["inside"]) for row in judged(now, done.expected, 7)] == [
        (2, 5.0, 4.0, True), (9, 1.0, None, None)]  # fmt: skip


class Figures:
    """A training as bands see it."""

    def __init__(self) -> None:
        self.train_loss, self.scored, self.expected = 4.0, {}, []
