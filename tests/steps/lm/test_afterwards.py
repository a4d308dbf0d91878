"""What is written into a recipe after its training was done: told from its log, or said to be too late."""

from pathlib import Path

import pytest

from schemas.step import Again
from steps.lm.afterwards import look_again
from steps.lm.trackers import OPENERS
from tests.steps.lm.small import SIZES, params
from tests.steps.lm.test_trackers import CURVES, losses
from tests.steps.lm.test_watch import finished


@pytest.mark.parametrize("kind", ["tensorboard", "mlflow", "wandb"])
def test_a_tracker_that_comes_after_the_training_is_told_its_log(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Once: every step and every validation, as if it had been there."""
    pytest.importorskip({"mlflow": "mlflow.tracking"}.get(kind, kind))
    monkeypatch.setenv("WANDB_MODE", "offline")
    context = finished(tmp_path)
    side = context.side("x").parent
    asked = params(model=SIZES["llama"], max_steps=4, tracking=kind)
    said = f"{kind}: told all 4 steps of this training, which was done before; tracking/{kind}/step of the run's folder"
    assert look_again(asked, side, "test/step") == Again([], [said], True)
    assert [path.name for path in (side / "tracking" / kind).iterdir()] == ["step"]
    found = CURVES[kind](side / "tracking" / kind / "step")
    assert [value for _, value in found["train/loss"]] == pytest.approx(losses(context))
    assert [step for step, _ in found["eval/loss"]] == [0, 2, 4]
    assert look_again(asked, side, "test/step") is None


def test_a_tracker_that_was_there_is_told_nothing_afterwards(tmp_path: Path):
    """Its curve is whole."""
    pytest.importorskip("tensorboard")
    asked = params(model=SIZES["llama"], max_steps=4, tracking="tensorboard")
    side = finished(tmp_path, tracking="tensorboard").side("x").parent
    assert look_again(asked, side, "test/step") is None


def test_a_tracker_that_fails_afterwards_is_a_warning_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing of it stays, and the report is as it was."""
    monkeypatch.setitem(OPENERS, "mlflow", lambda *_: (_ for _ in ()).throw(OSError("no route to host")))
    side = finished(tmp_path).side("x").parent
    for _ in range(2):
        found = look_again(params(model=SIZES["llama"], max_steps=4, tracking="mlflow"), side, "test/step")
        assert found is not None
        assert ([str(e.message) for e in found.warnings], found.changed) == (["mlflow does not start: no route to host"], False)
        assert list((side / "tracking" / "mlflow").iterdir()) == []


def test_samples_that_come_after_the_training_are_said_to_be_too_late(tmp_path: Path):
    """Nobody can write what the model would have written half-way; what asks it now is named."""
    side = finished(tmp_path, samples=["<tr>"]).side("x").parent
    assert look_again(params(model=SIZES["llama"], max_steps=4, samples=["<tr>"]), side, "test/step") is None
    found = look_again(params(model=SIZES["llama"], max_steps=4, samples=["<tr>", "<en>"]), side, "test/step")
    assert found is not None
    assert found.said == [
        "samples: 1 of 2 prompts came after this training was done and show no way there; "
        "recipe generate asks its model, recipe run --force trains it again"
    ]
