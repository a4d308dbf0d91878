"""Texts where numbers stand: what was meant is written."""

from pathlib import Path

import pytest

from runner.resolve import mean

TRAIN = "recipe: a\nsteps:\n  - type: train\n    model: {family: llama}\n"


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("num_train_epochs: three", "write num_train_epochs: 3"),
        ("max_seq_length: 2k", "write max_seq_length: 2048"),
        ("max_steps: 2k", "write max_steps: 2000"),
        ("learning_rate: 6 e-4", "write learning_rate: 6e-4"),
        ("max_steps: 10 000", "write max_steps: 10000"),
        ("max_seq_length: 2^10", "write max_seq_length: 1024"),
        ("max_seq_length: 2 ** 10", "write max_seq_length: 1024"),
        ("max_seq_length: 2⁹", "write max_seq_length: 512"),
        ("max_seq_length: 4*512", "write max_seq_length: 2048"),
        ("max_seq_length: ５１２", "write max_seq_length: 512"),
        ("warmup_ratio: 1/20", "write warmup_ratio: 0.05"),
        ("learning_rate: 2*10^-3", "write learning_rate: 2e-3"),
        ("save_steps: epoch", "it counts optimizer steps: write save_steps: N, or delete the line"),
        ("learning_rate: [6e-4, 3e-4]", "write learning_rate: 2e-4 for adapters, 1e-3 for a new model, or delete the line"),
        ("weight_decay: high", "write weight_decay: 0.1, or delete the line, which means the same"),
    ],
)
def test_a_text_that_was_meant_as_a_number_is_written_as_one(tmp_path: Path, line: str, fix: str):
    """Number words, units, blanks, powers and products; and what the field has else."""
    (tmp_path / "r.yaml").write_text(f"{TRAIN}    {line}\n")
    assert [each.fix for each in mean(tmp_path / "r.yaml").findings if each.code == "K002"] == [fix]
