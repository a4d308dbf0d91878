"""The table of machines: names, what they can do, and what a process may fill of them."""

import pytest

from schemas.machine import GIB, known, names


def test_every_name_is_a_machine_with_its_rates() -> None:
    """No name twice, each with memory, bandwidth, rate and watts."""
    machines = [known(name) for name in names()]
    assert len(set(names())) == len(names())
    assert all(m is not None and min(m.memory_bytes, m.bandwidth, m.tflops, m.watts) > 0 for m in machines)


@pytest.mark.parametrize(
    ("name", "bf16", "flash", "fp8"),
    [("p100", 0, 0, 0), ("v100", 0, 0, 0), ("t4", 0, 0, 0), ("rtx2080ti", 0, 0, 0), ("a100", 1, 1, 0), ("rtx3090", 1, 1, 0),
     ("l4", 1, 1, 1), ("RTX 4090", 1, 1, 1), ("h100", 1, 1, 1), ("m3-36gb", 1, 0, 0), ("cpu", 0, 0, 0)],
)  # fmt: skip
def test_formats_follow_the_compute_capability(name: str, bf16: int, flash: int, fp8: int) -> None:
    """bf16 and flash attention from 8.0, fp8 from 8.9."""
    machine = known(name)
    assert machine is not None
    assert (machine.bf16, machine.flash, machine.fp8) == (bool(bf16), bool(flash), bool(fp8))


def test_metal_lets_a_process_use_a_part_of_unified_memory() -> None:
    """10.7 of 16 GB, 48 of 64; a card is used whole."""
    small, large, card = known("m2-16gb"), known("m1-64gb"), known("t4")
    assert small is not None
    assert large is not None
    assert card is not None
    assert (round(small.usable_bytes / GIB, 1), large.usable_bytes // GIB) == (10.7, 48)
    assert card.usable_bytes == card.memory_bytes
