"""The machine that a recipe is meant for: known cards by name, and what they can do. Detection of this one lives in `runner`."""

import re
from functools import cache
from typing import Literal

from schemas.base import Strict

GIB = 1024**3


class Machine(Strict):
    """A target. memory_bytes: of one device (unified memory on Apple). tflops: dense fp16/bf16, or fp32 where there is neither.

    bf16: of a CPU, that it has units for matrices of it. bandwidth: memory bytes a second of one device. capability: CUDA compute
    capability, times ten (75 for a T4).
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

    @property
    def usable_bytes(self) -> int:
        """What one process may fill: of Apple's unified memory Metal's recommendedMaxWorkingSetSize, two thirds below 36 GB, else three
        quarters (seen on M-series machines: 10.7 of 16, 48 of 64); elsewhere all of it."""
        if self.kind != "mps":
            return self.memory_bytes
        return self.memory_bytes * 2 // 3 if self.memory_bytes < 36 * GIB else self.memory_bytes * 3 // 4

    @property
    def flash(self) -> bool:
        """Flash attention in half precision: compute capability 8.0 (github.com/Dao-AILab/flash-attention)."""
        return self.kind == "cuda" and self.capability >= 80

    @property
    def fp8(self) -> bool:
        """Matrix products in eight bits: compute capability 8.9."""
        return self.kind == "cuda" and self.capability >= 89


# name, title, GiB, compute capability x 10, TFLOP/s, GB/s, watts. Memory is what the driver offers, not what the box says. Rates are the
# makers' data sheets: dense tensor-core fp16/bf16 that accumulates in fp32, as training does (consumer cards do that at half the
# rate that is printed on the box); fp16 without tensor cores for GTX and P100. Data sheets: nvidia.com, data-center GPUs; the Turing,
# Ampere (GA102), Ada and Blackwell architecture white papers, appendices.
_CARDS = (
    ("gtx1650", "NVIDIA GTX 1650", 3.8, 75, 6, 128, 75),
    ("gtx1080ti", "NVIDIA GTX 1080 Ti", 10.9, 61, 11, 484, 250),
    ("rtx2060", "NVIDIA RTX 2060", 5.8, 75, 26, 336, 160),
    ("rtx2080ti", "NVIDIA RTX 2080 Ti", 10.7, 75, 54, 616, 250),
    ("rtx3060", "NVIDIA RTX 3060 12 GB", 11.8, 86, 26, 360, 170),
    ("rtx3070", "NVIDIA RTX 3070", 7.8, 86, 41, 448, 220),
    ("rtx3080", "NVIDIA RTX 3080", 9.8, 86, 60, 760, 320),
    ("rtx3090", "NVIDIA RTX 3090", 23.7, 86, 71, 936, 350),
    ("rtx4060", "NVIDIA RTX 4060 8 GB", 7.6, 89, 30, 272, 115),
    ("rtx4070", "NVIDIA RTX 4070", 11.7, 89, 58, 504, 200),
    ("rtx4080", "NVIDIA RTX 4080 16 GB", 15.7, 89, 97, 717, 320),
    ("rtx4090", "NVIDIA RTX 4090", 23.6, 89, 165, 1008, 450),
    ("rtx5080", "NVIDIA RTX 5080", 15.5, 120, 113, 960, 360),
    ("rtx5090", "NVIDIA RTX 5090", 31.4, 120, 210, 1792, 575),
    ("t4", "NVIDIA Tesla T4", 14.6, 75, 65, 320, 70),
    ("v100-16", "NVIDIA V100 16 GB", 15.8, 70, 125, 900, 300),
    ("v100-32", "NVIDIA V100 32 GB", 31.7, 70, 125, 900, 300),
    ("p100", "NVIDIA P100", 15.9, 60, 19, 732, 250),
    ("l4", "NVIDIA L4", 22.0, 89, 121, 300, 72),
    ("a10", "NVIDIA A10", 22.0, 86, 125, 600, 150),
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
    ("b200", "NVIDIA B200", 178.0, 100, 2250, 8000, 1000),
)
# Generation, TFLOP/s in fp32, GB/s and watts of the plain chip (apple.com, specifications); larger memories come with larger chips.
_APPLE = ((1, 2.6, 68, 20), (2, 3.6, 100, 22), (3, 4.1, 100, 22), (4, 4.6, 120, 25))
_APPLE_GIB = (8, 16, 18, 24, 32, 36, 48, 64, 96, 128, 192)
_CHIPS = ((24, "", 1), (36, " Pro", 2), (128, " Max", 4), (10**6, " Ultra", 8))  # up to GiB: the chip that has it, times the plain one
ALIASES = {"a100": "a100-80", "v100": "v100-16", "h100-80": "h100"}


@cache
def names() -> tuple[str, ...]:
    """Names of all machines in the table."""
    return (*(card[0] for card in _CARDS), *(f"m{row[0]}-{gib}gb" for row in _APPLE for gib in _APPLE_GIB), "cpu")


def plain(name: str) -> str:
    """A machine's name as the table spells it: small letters, no blanks, no maker."""
    return re.sub(r"^(nvidia-?)?((geforce|tesla|apple)-?)?", "", name.lower().replace(" ", "").replace("_", "-"))


@cache
def known(name: str) -> Machine | None:
    """The machine of that name in the table, or None. Built when it is asked for: most commands need one or none."""
    word = plain(name)
    word = re.sub(r"^(rtx|gtx)-", r"\1", ALIASES.get(word, word))
    for card, title, gib, capability, tflops, gbs, watts in _CARDS:
        if card == word:
            return Machine(
                name=card, title=title, kind="cuda", memory_bytes=int(gib * GIB), capability=capability, bf16=capability >= 80,
                tflops=tflops, bandwidth=gbs * 1e9, watts=watts, cores=8,
            )  # fmt: skip
    for generation, rate, speed, watts in _APPLE:
        for gib in _APPLE_GIB:
            if word == f"m{generation}-{gib}gb":
                _, chip, times = next(row for row in _CHIPS if gib <= row[0])
                return Machine(
                    name=word, title=f"Apple M{generation}{chip}, {gib} GB", kind="mps", memory_bytes=gib * GIB, system_bytes=gib * GIB,
                    bf16=True, tflops=rate * times, bandwidth=speed * times * 1e9, watts=watts * times, cores=8,
                )  # fmt: skip
    if word == "cpu":  # a plain desktop: eight cores, 32 GB
        return Machine(name="cpu", title="CPU of 8 cores, 32 GB", kind="cpu", memory_bytes=31 * GIB, system_bytes=31 * GIB, fp16=False,
                       tflops=0.64, bandwidth=4e10, watts=120, cores=8)  # fmt: skip
    return None
