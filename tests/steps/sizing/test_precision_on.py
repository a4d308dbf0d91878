"""What `precision: auto` comes to on a machine."""

from typing import Any

import pytest

from runner.hardware import here, instruction_sets
from schemas.machine import Machine
from schemas.training import TrainModel
from steps.sizing.subject import precision_on
from steps.train import Train, train


def machine(kind: Any, bf16: bool) -> Machine:
    return Machine(name="here", kind=kind, memory_bytes=1 << 34, bf16=bf16)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ({"family": "llama", "d_model": 256, "n_layers": 2}, "bf16"),
        ({"family": "llama", "d_model": 192, "n_layers": 2}, "fp32"),
        ({"family": "mamba", "d_model": 512, "n_layers": 2}, "bf16"),
        ({"family": "mamba", "d_model": 256, "n_layers": 2}, "fp32"),
        ({"base": {"hub": "some/base"}}, "fp32"),
    ],
)
def test_a_cpu_with_units_for_it_trains_wide_models_in_bf16(model: dict[str, Any], found: str):
    """Where it pays; the key of the step holds what it came to. Without such units, and on Apple's, it is fp32."""
    written = Train.model_validate({"model": model, "max_steps": 5})
    assert precision_on(machine("cpu", True), TrainModel.model_validate(model)) == found
    assert train.settle_function is not None
    assert train.settle_function(written, machine("cuda", True), machine("cpu", True)).precision == found
    for other in (machine("cpu", False), machine("mps", False)):
        assert precision_on(other, TrainModel.model_validate(model)) == "fp32"
        assert train.settle_function(written, other, other).precision == "fp32"


def test_what_is_written_stays():
    """auto alone is settled."""
    wide = {"family": "llama", "d_model": 512, "n_layers": 2}
    written = Train.model_validate({"model": wide, "max_steps": 5, "precision": "fp32"})
    assert train.settle_function is not None
    assert train.settle_function(written, machine("cpu", True), machine("cpu", True)).precision == "fp32"


def test_a_card_has_bf16_or_fp16():
    """Whatever the model."""
    assert [precision_on(machine("cuda", has)) for has in (True, False)] == ["bf16", "fp16"]


def test_this_machine_says_whether_it_has_such_units():
    """By the kernel's own words, on a CPU."""
    if here().kind == "cpu":
        assert here().bf16 == ("amx_bf16" in instruction_sets())
