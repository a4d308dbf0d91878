"""The machine that a recipe is meant for: known cards by name, and what they can do. Detection of this one lives in `runner`."""

from functools import cache
from typing import Literal

from schemas.base import Strict

GIB = 1024**3


class Machine(Strict):
    """A target. memory_bytes: of one device (unified memory on Apple). tflops: dense fp16/bf16, or fp32 where there is neither.

    bandwidth: memory bytes a second of one device. capability: CUDA compute capability, times ten (75 for a T4).
    """

    name: str
    kind: Literal["cuda", "mps", "cpu"]
    title: str = ""
    count: int = 1
    memory_bytes: int
    system_bytes: int = 0
    capability: int = 0
    bf16: bool = False
    fp16: bool = True
    tflops: float = 1.0
    bandwidth: float = 0.0
    watts: float = 0.0
    cores: int = 1


# name, title, GiB, compute capability x 10, TFLOP/s, GB/s, watts. Memory is what the driver offers, not what the box says; rates are
# the makers' data sheets, dense tensor-core fp16/bf16.
_CARDS = (
    ("gtx1650", "NVIDIA GTX 1650", 3.8, 75, 6, 128, 75),
    ("rtx3060", "NVIDIA RTX 3060 12 GB", 11.8, 86, 51, 360, 170),
    ("rtx3090", "NVIDIA RTX 3090", 23.7, 86, 71, 936, 350),
    ("rtx4060", "NVIDIA RTX 4060 8 GB", 7.6, 89, 60, 272, 115),
    ("rtx4080", "NVIDIA RTX 4080 16 GB", 15.7, 89, 195, 717, 320),
    ("rtx4090", "NVIDIA RTX 4090", 23.6, 89, 165, 1008, 450),
    ("rtx5090", "NVIDIA RTX 5090", 31.4, 120, 210, 1792, 575),
    ("t4", "NVIDIA Tesla T4", 14.6, 75, 65, 320, 70),
    ("v100-16", "NVIDIA V100 16 GB", 15.8, 70, 125, 900, 300),
    ("v100-32", "NVIDIA V100 32 GB", 31.7, 70, 125, 900, 300),
    ("p100", "NVIDIA P100", 15.9, 60, 19, 732, 250),
    ("l4", "NVIDIA L4", 22.0, 89, 121, 300, 72),
    ("a10g", "NVIDIA A10G", 22.0, 86, 70, 600, 300),
    ("a4000", "NVIDIA RTX A4000", 15.7, 86, 77, 448, 140),
    ("a5000", "NVIDIA RTX A5000", 23.7, 86, 111, 768, 230),
    ("a6000", "NVIDIA RTX A6000", 47.5, 86, 155, 768, 300),
    ("a40", "NVIDIA A40", 44.5, 86, 150, 696, 300),
    ("l40s", "NVIDIA L40S", 44.5, 89, 362, 864, 350),
    ("a100-40", "NVIDIA A100 40 GB", 39.4, 80, 312, 1555, 400),
    ("a100-80", "NVIDIA A100 80 GB", 79.2, 80, 312, 2039, 400),
    ("h100", "NVIDIA H100 80 GB", 79.1, 90, 989, 3350, 700),
    ("h200", "NVIDIA H200", 139.8, 90, 989, 4800, 700),
)
_APPLE = ((1, 2.6, 68), (2, 3.6, 100), (3, 4.1, 100), (4, 4.6, 120))  # generation, TFLOP/s, GB/s
_APPLE_GIB = (8, 16, 24, 32, 64, 96, 128)
ALIASES = {"a100": "a100-80", "v100": "v100-16", "h100-80": "h100", "tesla-t4": "t4", "rtx-4090": "rtx4090"}


@cache
def names() -> tuple[str, ...]:
    """Names of all machines in the table."""
    return (*(card[0] for card in _CARDS), *(f"m{row[0]}-{gib}gb" for row in _APPLE for gib in _APPLE_GIB))


@cache
def known(name: str) -> Machine | None:
    """The machine of that name in the table, or None. Built when it is asked for: most commands need one or none."""
    word = name.lower().replace(" ", "")
    word = ALIASES.get(word, word)
    for card, title, gib, capability, tflops, gbs, watts in _CARDS:
        if card == word:
            return Machine(
                name=card, title=title, kind="cuda", memory_bytes=int(gib * GIB), capability=capability, bf16=capability >= 80,
                tflops=tflops, bandwidth=gbs * 1e9, watts=watts, cores=8,
            )  # fmt: skip
    for generation, rate, speed in _APPLE:
        for gib in _APPLE_GIB:
            if word == f"m{generation}-{gib}gb":
                return Machine(
                    name=word, title=f"Apple M{generation}, {gib} GB", kind="mps", memory_bytes=gib * GIB, system_bytes=gib * GIB,
                    bf16=True, tflops=rate, bandwidth=speed * 1e9, watts=40, cores=8,
                )  # fmt: skip
    return None
