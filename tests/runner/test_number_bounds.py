"""Numbers out of their range: each is told with what the field is for, and what to write."""

import sys
from pathlib import Path

import pytest

from tests.runner.judged import meant

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import SFT, Case, findings


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ("lora_alpha: 16", "lora_alpha: 0", "write lora_alpha: 16, or delete lora_alpha, which means the same"),
        ("lora_alpha: 16", "lora_alpha: 16, lora_dropout: 1", "write lora_dropout: 0, or delete lora_dropout, which means the same"),
        ("lora_alpha: 16", "lora_alpha: 16, layers: 0", "delete layers"),
        ("max_seq_length: 512", "max_seq_length: -1", "write max_seq_length: 512, or delete the line, which means the same"),
        ("max_tokens: 512", "max_tokens: 0", "write max_tokens: 512"),
        ("learning_rate: 2e-4", "learning_rate: 2e-4\n    weight_decay: -0.1",
         "write weight_decay: 0.1, or delete the line, which means the same"),
        ("learning_rate: 2e-4", "learning_rate: 2e-4\n    warmup_ratio: -0.1", "delete the line"),
        ("learning_rate: 2e-4", "learning_rate: 0", "write learning_rate: 1e-3, or 2e-4 for an adapter"),
        ("target: rtx4090", "target: {gpu: rtx4090, memory_gb: 0}", "delete memory_gb"),
        ("target: rtx4090", "target: {gpu: rtx4090, memory_gb: 16GB}", "write memory_gb: 16, which counts gigabytes"),
    ],
)  # fmt: skip
def test_a_bound_comes_with_a_remedy(tmp_path: Path, old: str, new: str, fix: str):
    """The default where there is one."""
    found = [f for f in findings(Case("test", "test", SFT, {old: new}), tmp_path / "project") if f.code in ("K002", "K003")]
    assert [f.fix for f in found] == [fix]


def test_a_bound_says_what_the_number_is_for(tmp_path: Path):
    """In the words of the schema."""
    (finding,) = meant(tmp_path, ("vocab_size: 16000", "vocab_size: 16000\n    character_coverage: 0.9")).findings
    assert finding.message == (
        "character_coverage is 0.9, wanted more than 0.9 (share of all characters that get a piece; 0.9995, and 1.0 below 50 MB without "
        "byte fallback)"
    )
    assert finding.fix == "write character_coverage: 0.9995, or delete the line"
