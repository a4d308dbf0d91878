"""The deterministic mode: what is told to torch, and when a resume is said to be bit for bit. On a card: tests/steps/lm/test_card.py."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import TrainLine
from steps.lm.bitwise import FREE, UNTOLD, parted
from steps.lm.deterministic import COMPILED, VARIABLE, mode
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run

ON: dict[str, Any] = {"device": "cuda", "deterministic": True, "loose": [], "facts": {"the card": "H100", "torch": "2.13.0"}}
OFF = {**ON, "deterministic": False}
CPU = {"device": "cpu"}
AVX2: dict[str, Any] = {"device": "cpu", "facts": {"the processor": "x86_64 AVX2", "precision": "fp32", "compile": False}, "loose": []}
BF16 = {**AVX2, "facts": {**AVX2["facts"], "precision": "bf16"}}


@pytest.mark.parametrize(
    ("here", "state", "why"),
    [
        (CPU, {"computed": CPU}, ""),
        (CPU, {"cuda_generators": []}, ""),
        (CPU, {"computed": ON}, "that run was on cuda, this one is on cpu"),
        (CPU, {"cuda_generators": [0]}, "that run was on cuda, this one is on cpu"),
        (ON, {"computed": CPU}, "that run was on cpu, this one is on cuda"),
        (ON, {"computed": ON}, ""),
        (ON, {"computed": OFF}, "deterministic was off in that run"),
        (ON, {"cuda_generators": [0]}, "deterministic was off in that run"),
        (OFF, {"computed": ON}, FREE),
        (ON, {"computed": {**ON, "facts": {"the card": "L4", "torch": "2.13.0"}}}, "the card: L4 there, H100 here"),
        (ON, {"computed": {**ON, "facts": {"the card": "H100"}}}, "torch: None there, 2.13.0 here"),
        ({**ON, "loose": ["a kernel adds up anyhow"]}, {"computed": ON}, "a kernel adds up anyhow"),
        (AVX2, {"computed": AVX2}, ""),
        (AVX2, {"computed": BF16}, "precision: bf16 there, fp32 here"),
        (AVX2, {"computed": {**AVX2, "facts": {**AVX2["facts"], "compile": True}}}, "compile: True there, False here"),
        (AVX2, {"computed": {**AVX2, "facts": {}}}, "the processor: None there, x86_64 AVX2 here"),
        (AVX2, {"computed": CPU}, UNTOLD),
        ({**AVX2, "loose": [COMPILED]}, {"computed": AVX2}, COMPILED),
        ({"device": "mps"}, {"cuda_generators": []}, "mps has no deterministic mode"),
    ],
)
def test_a_resume_is_bit_for_bit_only_in_equal_surroundings(here: dict[str, Any], state: dict[str, Any], why: str):
    """On a CPU of the same kind in the same numbers; on CUDA in the mode in both halves, on the same card. Else the reason is said."""
    assert parted(here, state) == why


def test_on_a_cpu_the_mode_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It adds up in one order anyway: torch is told nothing, and the bytes are the same."""
    monkeypatch.delenv(VARIABLE, raising=False)
    found = []
    for name, written in (("plain", {}), ("asked", {"deterministic": True})):
        context = FakeContext(tmp_path / name)
        plain, modes = context.log, []

        def log(line: Any, plain: Any = plain, modes: list[bool] = modes) -> None:
            plain(line)
            if isinstance(line, TrainLine):
                modes.append(torch.are_deterministic_algorithms_enabled())

        context.log = log  # type: ignore[method-assign]
        made = run(context, model=SIZES["llama"], max_steps=3, **written)
        assert modes[:3] == [False] * 3
        found.append(
            {file.relative_to(made.path): file.read_bytes() for file in made.path.rglob("*") if file.suffix in (".safetensors", ".json")}
        )
    assert found[0] == found[1]
    assert VARIABLE not in os.environ


def test_the_mode_is_put_back_as_it_was():
    """Nothing is asked of a card that is not to be deterministic."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with mode(False, torch.device("cuda")):
            assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)
