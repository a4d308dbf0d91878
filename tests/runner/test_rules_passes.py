"""A part of a pass over the data that fills no step."""

import json
from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("num_train_epochs: 0.01\n    total_batch_size: 8", True),
        ("num_train_epochs: 0.5\n    total_batch_size: 8", False),
        ("num_train_epochs: 1\n    total_batch_size: 8", False),
        ("num_train_epochs: 0.01\n    total_batch_size: 1\n    max_seq_length: 64", False),
    ],
)
def test_a_part_of_a_pass_is_held_against_a_step(typed: str, said: bool, tmp_path: Path):
    """Where a step takes more rows than the part has it is told, and how to make a trial."""
    rows = [json.dumps({"text": f"Story {n} of a hen that met a fox near the old well. " * 20}) for n in range(300)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows), "utf-8")
    changes = (("max_steps: 1000", typed), (STORIES, "{path: a.jsonl}"), ("vocab_size: 16000", "vocab_size: {at_most: 500}"))
    found = [f.fix for f in meant(tmp_path, *changes).findings if f.code == "S027"]
    assert found == ["write num_train_epochs: 1, or max_steps: 20 for a trial"] * said
