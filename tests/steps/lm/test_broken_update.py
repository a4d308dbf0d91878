"""An update that breaks off half way: some weights are moved, others are not, and the last save is gone back to."""

from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import TrainLine
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run

# Muon moves hidden matrices, then AdamW the others: what breaks off between them has moved half of the weights.
WRITTEN: dict[str, Any] = {
    "model": SIZES["llama"], "optimizer": "muon", "total_batch_size": 4, "batch_size": 4, "max_steps": 7, "save_steps": 2,
}  # fmt: skip


def losses(context: FakeContext) -> dict[int, float]:
    return {line.step: line.train_loss for line in context.lines if isinstance(line, TrainLine)}


def test_a_broken_update_goes_back_to_the_last_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Memory runs out in the update of step 6, the last save is of step 4: steps 5 and 6 are done again in smaller micro-batches, and the
    losses are those of a run that nothing befell."""
    whole = FakeContext(tmp_path / "whole")
    run(whole, **WRITTEN)
    plain, updates = torch.optim.AdamW.step, 0

    def breaks_once(self: torch.optim.AdamW, *given: Any) -> Any:
        nonlocal updates
        updates += bool(self.param_groups[0]["lr"])  # a rehearsal's rate is 0
        if updates == 6:
            updates += 1
            raise MemoryError("cannot allocate memory")
        return plain(self, *given)

    monkeypatch.setattr(torch.optim.AdamW, "step", breaks_once)
    broken = FakeContext(tmp_path / "broken")
    run(broken, **WRITTEN)
    assert [(e["step"], e["given_up"]) for e in broken.events if e["event"] == "memory_fallback"] == [(4, "batch_size")]
    assert [e["step"] for e in broken.events if e["event"] == "resumed"] == [4]
    assert losses(broken) == pytest.approx(losses(whole), rel=1e-4)
    assert list(losses(broken)) == [1, 2, 3, 4, 5, 6, 7]
