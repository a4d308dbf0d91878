"""recipe info: the machine, and which known models fit it."""

import json

import pytest
from click.testing import CliRunner, Result

from runner.commands.info import info, models
from schemas.machine import GIB, known
from steps.sizing.known import KNOWN


def typed(*words: str) -> Result:
    return CliRunner().invoke(info, list(words), standalone_mode=False)


def test_a_t4_takes_seven_billion_by_qlora_alone() -> None:
    """Mistral 7B: not in full, not by LoRA over half-precision weights, but in four bits with room to spare."""
    said = typed("--target", "t4").output
    assert said.startswith("NVIDIA Tesla T4\n  memory   14.6 GiB, 320 GB/s\n  formats  fp32, fp16; 65 TFLOP/s, 70 W\n")
    (row,) = [line.split() for line in said.splitlines() if line.startswith("Mistral-7B")]
    assert (row[2].startswith("("), row[3].startswith("("), float(row[4]) < 0.8 * 14.6) == (True, True, True)
    assert max(map(len, said.splitlines())) <= 100


@pytest.mark.parametrize("name", ["t4", "a6000", "m2-16gb", "cpu"])
def test_more_parameters_need_more_and_adapters_need_less(name: str) -> None:
    """On every machine: full above LoRA above QLoRA; bitsandbytes does not run on Apple."""
    machine = known(name)
    assert machine is not None
    rows = models(machine, 1024)
    assert len(rows) == len(KNOWN)
    for row in rows:
        full, lora, qlora = (row["needs_bytes"][method] for method in ("full", "lora", "qlora"))
        assert full > lora
        assert qlora is None if machine.kind == "mps" else lora > qlora


def test_mistral_large_does_not_fit_48_gb() -> None:
    """The guide's table says that it does at four bits."""
    told = json.loads(typed("--target", "a6000", "--json").output)
    (row,) = [row for row in told["models"] if "Mistral-Large" in row["name"]]
    assert row["needs_bytes"]["qlora"] > told["usable_bytes"] == 47.5 * GIB
    assert "Mistral-Large" not in typed("--target", "a6000").output
    assert "Mistral-Large" in typed("--target", "a6000", "--all").output


def test_this_machine_is_described() -> None:
    """Cores, memory and what is free; as JSON with the details that a run records."""
    told = json.loads(typed("--json").output)
    assert told["hardware"]["cpu"]["cores"] >= 1
    assert 0 < told["hardware"]["free_bytes"] <= told["machine"]["system_bytes"]


def test_an_unknown_machine_is_answered_with_the_nearest() -> None:
    """A usage error, no traceback."""
    result = typed("--target", "rtx4091")
    assert str(result.exception) == "there is no machine rtx4091; write rtx4090"
