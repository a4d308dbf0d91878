"""An update that breaks off half way: some weights are moved, others are not, and the last save is gone back to."""

from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import TrainLine
from steps.lm.optimizer import Optimizers
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, params, run, text

# Muon moves hidden matrices, then AdamW the others: what breaks off between them has moved half of the weights.
WRITTEN: dict[str, Any] = {
    "model": SIZES["llama"], "optimizer": "muon", "total_batch_size": 4, "batch_size": 4, "max_steps": 7, "save_steps": 2,
    "scheduler": "constant", "warmup_steps": 2, "eval_steps": 7,
}  # fmt: skip


def losses(context: FakeContext) -> dict[int, float]:
    return {line.step: line.train_loss for line in context.lines if isinstance(line, TrainLine)}


def break_once(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Memory runs out in AdamW's part of the `at`-th update from now on."""
    plain, updates = torch.optim.AdamW.step, 0

    def step(self: torch.optim.AdamW, *given: Any) -> Any:
        nonlocal updates
        updates += bool(self.param_groups[0]["lr"])  # a rehearsal's rate is 0
        if updates == at:
            updates += 1
            raise MemoryError("cannot allocate memory")
        return plain(self, *given)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)


@pytest.mark.parametrize(("at", "back_to"), [(6, 4), (1, 0)])
def test_a_broken_update_goes_back_to_the_last_save(at: int, back_to: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Memory runs out in the update of step 6, the last save is of step 4: steps 5 and 6 are done again in smaller micro-batches, and the
    losses are those of a run that nothing befell. So too in the very first update, before which nothing was trained."""
    whole = FakeContext(tmp_path / "whole")
    run(whole, **WRITTEN)
    break_once(monkeypatch, at)
    broken = FakeContext(tmp_path / "broken")
    run(broken, **WRITTEN)
    (told,) = [e for e in broken.events if e["event"] == "memory_fallback"]
    assert (told["step"], told["given_up"]) == (back_to, "batch_size")
    assert told["changed"] == {"batch_size": [4, 2], "accumulation": [1, 2]}
    assert told["message"].endswith(": batch_size 4 -> 2, accumulation 1 -> 2")
    assert [e["step"] for e in broken.events if e["event"] == "resumed"] == [back_to]
    assert losses(broken) == pytest.approx(losses(whole), rel=1e-4)
    assert list(losses(broken)) == [1, 2, 3, 4, 5, 6, 7]
    assert [line.step for line in broken.lines] == [line.step for line in whole.lines]


def test_it_goes_back_to_where_another_training_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Broken off in the first update after resume_from, before anything was saved here: its weights are that training's again."""
    whole = FakeContext(tmp_path / "whole")
    run(whole, **WRITTEN)
    first = run(FakeContext(tmp_path / "first"), **{**WRITTEN, "max_steps": 4})
    break_once(monkeypatch, 1)
    context = FakeContext(tmp_path / "more")
    train(params(**WRITTEN, resume_from={"step": "first"}), text().bins, None, text().tokenizer, None, first, context)
    assert [e["step"] for e in context.events if e["event"] == "resumed"] == [4, 4]
    assert losses(context) == pytest.approx({step: loss for step, loss in losses(whole).items() if step > 4}, rel=1e-4)


@pytest.mark.parametrize("at", [4, 36], ids=["a matrix", "a norm"])
def test_a_state_that_is_half_made_is_made_anew(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where a stage unfreezes weights, AdamW makes their moments, and memory runs out between those of one weight: none was moved before,
    not the matrices either, which are a group of their own."""
    written = {**WRITTEN, "optimizer": "adamw", "stages": [{"steps": 3, "train": ["lm_head"]}, {"train": ["all"]}]}
    whole = FakeContext(tmp_path / "whole")
    run(whole, **written)
    plain, zeros, made = Optimizers.step, torch.zeros_like, 0

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal made
        made += 1
        if made == at:
            raise MemoryError("cannot allocate memory")
        return zeros(*given, **named)

    def step(self: Optimizers, *given: Any) -> Any:
        with monkeypatch.context() as patched:
            if len(broken.lines) == 4 and not made:  # step 0's validation, and three steps
                patched.setattr(torch, "zeros_like", counted)
            return plain(self, *given)

    monkeypatch.setattr(Optimizers, "step", step)
    broken = FakeContext(tmp_path / "broken")
    run(broken, **written)
    assert [(e["step"], e["given_up"]) for e in broken.events if e["event"] == "memory_fallback"] == [(3, "batch_size")]
    assert made == at
    assert losses(broken) == pytest.approx(losses(whole), rel=1e-4)
