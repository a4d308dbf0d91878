"""Which of a machine's cards are meant: as CUDA counts them, by number, name or part."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from runner import hardware
from schemas.machine import GIB, Machine

T4, RTX, HALVED = "GPU-aaaa-1", "GPU-bbbb-2", "GPU-cccc-3"
CARDS: dict[str, tuple[str, int, int, tuple[int, int]]] = {  # title, GiB, GiB that are free, capability
    T4: ("Tesla T4", 15, 12, (7, 5)),
    RTX: ("NVIDIA GeForce RTX 4090", 24, 20, (8, 9)),
    HALVED: ("NVIDIA H100 80GB HBM3", 80, 80, (9, 0)),
    "MIG-dddd-4": ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", 10, 9, (9, 0)),
    "MIG-eeee-5": ("NVIDIA H100 80GB HBM3 MIG 3g.40gb", 40, 39, (9, 0)),
}


class NVMLError(Exception):
    """As nvidia-ml-py has it."""


def driver(*slots: str) -> Any:
    """nvidia-ml-py on a machine with these cards; H100s are divided in two, in the first and the third of their places."""

    def part(handle: str, index: int) -> str:
        if index not in (0, 2):
            raise NVMLError
        return ("MIG-dddd-4", "", "MIG-eeee-5")[index]

    def divided(handle: str) -> list[int]:
        if handle == T4:
            raise NVMLError
        return [int(handle == HALVED), 0]

    return SimpleNamespace(
        NVMLError=NVMLError, nvmlInit=lambda: None, nvmlDeviceGetCount=lambda: len(slots), nvmlDeviceGetHandleByIndex=lambda i: slots[i],
        nvmlDeviceGetCudaComputeCapability=lambda h: CARDS[h][3], nvmlSystemGetDriverVersion=lambda: "580.82.07",
        nvmlDeviceGetName=lambda h: CARDS[h][0], nvmlDeviceGetUUID=lambda h: h, nvmlDeviceGetMigMode=divided,
        nvmlDeviceGetMemoryInfo=lambda h: SimpleNamespace(total=CARDS[h][1] * GIB, free=CARDS[h][2] * GIB),
        nvmlDeviceGetMaxMigDeviceCount=lambda h: 7, nvmlDeviceGetMigDeviceHandleByIndex=part,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("slots", "variables", "seen"),
    [
        ([T4, RTX], {}, [RTX, T4]),
        ([T4, RTX], {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, [T4, RTX]),
        ([T4, RTX], {"CUDA_VISIBLE_DEVICES": "0"}, [RTX]),
        ([T4, RTX], {"CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, [T4]),
        ([T4, RTX], {"CUDA_VISIBLE_DEVICES": "GPU-aaaa"}, [T4]),
        ([T4, RTX], {"CUDA_VISIBLE_DEVICES": "1,7,0"}, [T4]),
        ([T4, RTX], {"CUDA_VISIBLE_DEVICES": "-1"}, []),
        ([T4, RTX], {"CUDA_VISIBLE_DEVICES": ""}, []),
        ([HALVED], {}, ["MIG-dddd-4"]),
        ([HALVED], {"CUDA_VISIBLE_DEVICES": "MIG-eeee-5"}, ["MIG-eeee-5"]),
    ],
)
def test_cards_are_counted_as_cuda_counts_them(
    slots: list[str], variables: dict[str, str], seen: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """The fastest is the first, unless they are asked for by their slots; what is free is that of the first that counts."""
    monkeypatch.setitem(sys.modules, "pynvml", driver(*slots))
    monkeypatch.setattr(hardware, "_PROC", tmp_path)
    for name in ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    hardware._cards.cache_clear()
    try:
        found = hardware._nvidia()
        assert [(card.title, card.memory_bytes) for card in found] == [(CARDS[uuid][0], CARDS[uuid][1] * GIB) for uuid in seen]
        if seen:
            here = Machine(name="here", kind="cuda", memory_bytes=100 * GIB)
            assert hardware.free_on(here) == CARDS[seen[0]][2] * GIB
        assert {name for card in hardware._nvidia_details() for name in card} == {
            "title", "memory_bytes", "free_bytes", "capability", "driver",
        }  # fmt: skip
    finally:
        hardware._cards.cache_clear()


def test_a_part_of_a_card_has_a_part_of_its_rates(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """An eighth of the memory, an eighth of what the whole multiplies in a second."""
    monkeypatch.setitem(sys.modules, "pynvml", driver(HALVED))
    monkeypatch.setattr(hardware, "_PROC", tmp_path)
    for name in ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    hardware._cards.cache_clear()
    try:
        (part,) = hardware._nvidia()
        assert (part.capability, part.bf16, round(part.tflops)) == (90, True, round(989 / 8))
    finally:
        hardware._cards.cache_clear()
