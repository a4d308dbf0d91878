"""kill -9 at twenty random moments: what comes out, and what is logged, is what one undisturbed run gives."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.steps.lm.small import SIZES, text

COMMON: dict[str, Any] = {"save_steps": 1, "keep": 2, "total_batch_size": 4, "batch_size": 2, "eval_steps": 20, "scheduler": "cosine",
                          "warmup_steps": 5, "packing": "documents"}  # fmt: skip


@pytest.mark.parametrize(
    ("kills", "written"),
    [
        (20, {"max_steps": 100, "max_seq_length": 160, "model": {**SIZES["mamba"], "dropout": 0.1}}),
        (
            5,
            {
                "max_steps": 24,
                "max_seq_length": 1200,
                "model": {**SIZES["llama"], "dropout": 0.1},
                "objective": "sft",
                "z_loss": 1e-4,
                "total_batch_size": 2,
                "batch_size": 1,
            },
        ),
    ],
    ids=["a stream", "fine-tuning"],
)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(kills: int, written: dict[str, Any], tmp_path: Path):
    """With accumulation, dropout, packed rows, a falling rate and an epoch's end between two kills; every third comes while a save is being
    written, which is then no save, and goes."""
    asked = [sys.executable, "-m", "tests.steps.lm.killed", str(tmp_path), str(kills), "3", json.dumps({**COMMON, **written})]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["differing"] == []
    assert all(found["inside"][1::3])
    assert found["left"] == []
    assert {"model.safetensors", "state/state.safetensors", "state/state.json"} <= set(found["names"])
    whole, killed = found["whole"], found["killed"]
    assert killed["losses"] == whole["losses"][found["steps"][-1] :]
    assert (killed["stats"], len(whole["losses"])) == (found["steps"], written["max_steps"])  # each went on from the newest save
    if written.get("objective") != "sft":
        row = 4 * written["max_seq_length"]
        assert found["steps"][0] * row < text().bins.train_tokens < found["steps"][-1] * row  # tokens of an epoch
