"""Training in fp16: what overflows leaves no trace, and never ends in silence. A CPU stands in for the card, its scaler scales in fp32."""

from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import RecipeError, TrainLine
from steps.lm.loop import Loop
from steps.lm.loss import HeadLoss
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run

STEADY: dict[str, Any] = {"scheduler": "constant", "warmup_steps": 0, "model": SIZES["llama"]}


def overflow(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """One value of one hidden matrix's gradient is infinite in these steps, counted from 1."""
    monkeypatch.setattr("steps.lm.precision.scaler", lambda *_: torch.amp.GradScaler("cpu", init_scale=8.0))
    plain = Loop.gradients

    def gradients(self: Loop, *given: Any) -> float:
        total = plain(self, *given)
        if self.progress.step + 1 in steps:
            next(p for name, p in self.named.items() if "q_proj" in name).grad[0, 0] = torch.inf  # type: ignore[index]
        return total

    monkeypatch.setattr(Loop, "gradients", gradients)


@pytest.mark.parametrize("longest", [1.0, None])
@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_step_that_overflows_moves_nothing(
    optimizer: str, longest: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    """Not one of two optimizers either, whose own gradients are finite."""
    overflow(monkeypatch, {2})
    asked = {**STEADY, "optimizer": optimizer, "max_grad_norm": longest}
    context = FakeContext(tmp_path / "two")
    two = run(context, **asked, max_steps=2)
    one = run(FakeContext(tmp_path / "one"), **asked, max_steps=1)
    assert (two.path / "model.safetensors").read_bytes() == (one.path / "model.safetensors").read_bytes()
    assert [line.grad_norm is None for line in context.lines if isinstance(line, TrainLine)] == [False, True]


def test_overflows_without_end_stop_the_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What no scale mends is no overflow: it would train nothing to its last step."""
    overflow(monkeypatch, set(range(3, 60)))
    context = FakeContext(tmp_path)
    with pytest.raises(RecipeError, match="S101: the gradient is inf at step 20") as error:
        run(context, **STEADY, max_steps=60)
    assert error.value.field == "learning_rate"


def test_a_frequent_token_does_not_overflow_the_heads_gradient():
    """A thousand times the same target before outputs of 100: the sum is past what fp16 holds, whatever the loss is scaled by."""
    hidden = torch.full((1000, 8), 100.0, requires_grad=True)
    weight, targets = torch.zeros(20, 8, requires_grad=True), torch.full((1000,), 3)
    found = []
    for dtype in (torch.float16, torch.float32):
        total, _ = HeadLoss.apply(hidden, weight, targets, 0.0, dtype)
        found.append(torch.autograd.grad(total, [hidden, weight]))
    for half, whole in zip(*found, strict=True):
        torch.testing.assert_close(half, whole, rtol=2e-3, atol=1e-3)
