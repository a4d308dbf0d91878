"""Settings that a train step could run with on a machine: what they need, how fast they are, and which is best. No torch, no measuring."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from schemas.machine import GIB, Machine
from schemas.model import ModelConfig
from steps.sizing.subject import Subject, precision_on

# Where a plan starts: memory in GB, rows, tokens of a row. From the GSWA guide, which is for models of 2 to 14 B parameters in four
# bits; the memory model says what a network of another size leaves room for.
VRAM = ((4, 1, 512), (8, 1, 1024), (16, 2, 1536), (24, 4, 2048), (48, 8, 2048))
UNIFIED = ((8, 1, 512), (16, 1, 1024), (32, 2, 1536), (64, 4, 2048), (128, 8, 4096))
NEAR = 0.9  # a card "of 16 GB" offers 14.6 GiB
EASY = 0.5  # of the memory: up to here nothing is at risk


@dataclass(frozen=True)
class Candidate:
    """One way to run the step. memory: bytes by part. budget: what it may use. verdict: fits, over the margin, or rejected."""

    batch_size: int
    accumulation: int
    eval_batch_size: int
    length: int
    precision: str
    memory: dict[str, int]
    budget: int
    tokens_per_s: float
    stability: float
    batch_factor: float
    score: float
    checkpointing: bool = False
    verdict: str = "fits"
    why: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The same, under the names of train's params."""
        return {
            "batch_size": self.batch_size, "gradient_accumulation_steps": self.accumulation, "eval_batch_size": self.eval_batch_size,
            "max_seq_length": self.length, "precision": self.precision, "activation_checkpointing": self.checkpointing,
        }  # fmt: skip

    @property
    def key(self) -> tuple[int, bool]:
        """What tells it from the others."""
        return self.batch_size, self.checkpointing

    @property
    def memory_bytes(self) -> int:
        """Peak of a training step."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """True while nothing speaks against it."""
        return self.verdict == "fits"


def starting_point(machine: Machine) -> tuple[int, int]:
    """Rows and tokens of a row that the guide's table has for the memory of `machine`. A CPU is taken as unified memory."""
    table = VRAM if machine.kind == "cuda" else UNIFIED
    fitting = [row for row in table if machine.memory_bytes >= NEAR * row[0] * 1e9]
    return (fitting or table[:1])[-1][1:]


def candidates(subject: Subject, model: ModelConfig, machine: Machine, length: int, *, margin: float, most: int) -> list[Candidate]:
    """Up to `most` settings that fit, best first, then the smallest that does not.

    A micro-batch divides the effective batch, so that accumulation keeps it exactly; what is written by hand is the only choice.
    score = throughput x stability x batch factor, each 0 to 1. throughput: modelled tokens a second over the fastest's that fits.
    stability: 1 up to half of the memory, falling to 0.5 at the margin, 0 above. batch factor: the smaller over the larger of
    micro-batch x accumulation and the effective batch asked for. Equal scores: the smaller micro-batch, then without checkpointing.
    A micro-batch that does not fit is weighed with activation checkpointing too, unless that is written; it costs a forward pass.
    """
    made = [_candidate(subject, model, machine, length, micro, margin, bool(subject.checkpointing)) for micro in subject.micro_batches()]
    if subject.checkpointing is None:
        made += [_candidate(subject, model, machine, length, c.batch_size, margin, True) for c in made if not c.fits]
    fastest = max((c.tokens_per_s for c in made if c.fits), default=1.0)
    scored = [_scored(c, fastest) for c in made]
    fitting = sorted((c for c in scored if c.fits), key=lambda c: (-c.score, c.batch_size, c.checkpointing))[:most]
    over = sorted((c for c in scored if not c.fits), key=lambda c: c.memory_bytes)
    return fitting + over[:1]


def _candidate(subject: Subject, model: ModelConfig, machine: Machine, length: int, micro: int, margin: float, again: bool) -> Candidate:
    precision = subject.precision if subject.precision != "auto" else precision_on(machine, subject.model)
    times = subject.accumulation or ceil(subject.rows / micro)
    memory = subject.memory(model, machine, micro, length, precision, times, checkpointing=again)
    need, budget = sum(memory.values()), int(machine.usable_bytes * margin)
    share = need / max(1, machine.usable_bytes)
    stability = 1.0 if share <= EASY else 0.0 if need > budget else 1.0 - 0.5 * (share - EASY) / max(1e-9, margin - EASY)
    factor = min(micro * times, subject.rows) / max(micro * times, subject.rows)
    speed = subject.speed(model, machine, micro, length, precision, times, checkpointing=again)
    over = need > budget
    return Candidate(
        micro, times, subject.eval_batch_size or _eval_rows(subject, model, machine, micro, length, precision, need), length, precision,
        memory, budget, speed, stability, factor, 0.0, again, "over the margin" if over else "fits",
        f"needs {need / GIB:.1f} GiB, {budget / GIB:.1f} are allowed" if over else "",
    )  # fmt: skip


def _eval_rows(subject: Subject, model: ModelConfig, machine: Machine, micro: int, length: int, precision: str, need: int) -> int:
    """Rows that validation takes at a time: as many as need no more than training, up to four times its own."""
    return max(
        n * micro for n in (1, 2, 4) if n == 1 or sum(subject.validation(model, machine, n * micro, length, precision).values()) <= need
    )


def _scored(candidate: Candidate, fastest: float) -> Candidate:
    throughput = min(1.0, candidate.tokens_per_s / fastest)
    return replace(candidate, score=round(throughput * candidate.stability * candidate.batch_factor, 6))
