"""What a training is told, and what it has done so far: the part of its state that is plain data."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from steps.lm.schedule import DECAY_SHARE, falls_from, learning_rate
from steps.lm.watch import SPIKE_FACTOR
from steps.sizing.fallback import Live

SCHEDULE = ("steps", "peak_rate", "lowest_rate", "warmup", "scheduler", "decay_share")  # all that the rate of a step follows from


@dataclass(frozen=True)
class Settings:
    """What the loop needs to know, and what no lack of memory changes. steps: optimizer steps. live: how it begins to run."""

    steps: int
    live: Live
    peak_rate: float
    lowest_rate: float
    warmup: int
    scheduler: str
    weight_decay: float
    max_grad_norm: float
    z_loss: float
    precision: str
    eval_at: frozenset[int]
    sample_at: frozenset[int]
    save_steps: int
    keep: int
    fingerprint: str  # of all that a saved state must agree with
    decay_share: float = DECAY_SHARE
    decay_embeddings: bool = True
    optimizer: str = "adamw"
    on_spike: str = "none"
    spike_factor: float = SPIKE_FACTOR
    on_oom: str = "reduce"
    patience: int | None = None
    min_delta: float = 0.0
    band_at: frozenset[int] = frozenset()  # where a figure of the validation is expected
    compile: bool = False
    prolongable: bool = False  # what a longer training needs is kept
    computed: dict[str, Any] = field(default_factory=dict)  # of steps.lm.deterministic: what its bits depend on beside all this

    def validates(self, step: int) -> bool:
        """Whether the fixed set is scored after `step` steps. Only at `eval_at` does that choose the best weights and stop early."""
        return step in self.eval_at or step in self.sample_at or step in self.band_at

    @property
    def falls_from(self) -> int | None:
        """The step after which a `wsd` falls: its state is kept for a longer one. None where there is no such state."""
        return falls_from(self.steps, self.warmup, self.decay_share) if self.scheduler == "wsd" and self.prolongable else None

    def saves(self, step: int) -> bool:
        """Whether the state after `step` steps is saved."""
        return step < self.steps and (step % self.save_steps == 0 or step == self.falls_from)

    def rate(self, step: int) -> float:
        """The learning rate of step `step`, from 0."""
        return learning_rate(step, steps=self.steps, peak=self.peak_rate, lowest=self.lowest_rate, warmup=self.warmup,
                             scheduler=self.scheduler, decay_share=self.decay_share)  # fmt: skip

    @property
    def guard(self) -> dict[str, Any]:
        """What becomes of spikes, as a state keeps it."""
        return {"action": self.on_spike, "factor": self.spike_factor}

    def guarded_as(self, guard: dict[str, Any] | None, spikes: int) -> bool:
        """Whether steps that were done under that `guard`, with so many `spikes`, would have been the same under this one."""
        if guard == self.guard:
            return True
        looked = guard is not None and guard["action"] != "none" and not spikes
        return looked and guard is not None and (self.on_spike == "none" or self.spike_factor >= guard["factor"])

    @property
    def schedule(self) -> dict[str, Any]:
        """What the rates follow from, as a state keeps it."""
        return {name: getattr(self, name) for name in SCHEDULE}

    def parts_from(self, schedule: dict[str, Any], done: int) -> tuple[int, float] | None:
        """The first of `done` steps that had another rate by that `schedule`, and the rate it had; None where they agree."""
        other = replace(self, **schedule)
        found = ((step, other.rate(step)) for step in range(done))
        return next(((step, rate) for step, rate in found if not math.isclose(rate, self.rate(step), rel_tol=1e-9)), None)


@dataclass
class Progress:
    """What a run has done so far; it is saved with the state, so that it survives a kill."""

    step: int = 0
    position: int = 0  # in the data
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)  # of the last SMOOTHED_STEPS steps
    norms: list[float] = field(default_factory=list)  # what a spike is judged by
    skipped: int = 0  # updates in a row that were left out
    spikes: int = 0  # and in all
    scored: dict[str, Any] = field(default_factory=dict)  # the last evaluation: step, loss, bits_per_byte, tokens, by, by_source
    evaluated: list[int] = field(default_factory=list)  # steps of the validations since the start
    best: dict[str, Any] = field(default_factory=dict)  # {"step", "loss"} of the lowest, the untrained model's included
    kept: dict[str, Any] = field(default_factory=dict)  # the validation whose weights are kept as the best
    improved: dict[str, Any] = field(default_factory=dict)  # the one that was lower by min_delta, from which early stopping counts
    looked: int = 0  # the last step after which all was done that is due then: validation, samples
    resumed: list[int] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)
    reductions: list[dict[str, Any]] = field(default_factory=list)  # what was given up for want of memory
    live: dict[str, Any] = field(default_factory=dict)
    ended: str = ""  # why it ended before its last step

    @property
    def train_loss(self) -> float:
        """Mean loss of the last steps, nats a token."""
        return sum(self.losses) / len(self.losses) if self.losses else math.nan


@dataclass
class Hooks:
    """What the loop calls. sampler: makes texts at a step; watcher: looks at each step's figures (bands); after_early_backward: looks
    at gradients; memory_table: says in words what fills the memory; freeze_below: stops training adapters below the last n layers;
    prove_save: writes the model as at the end, and opens it; adapted_layers: how many have adapters; before_step: told how many steps
    are done, or -1 when an optimizer is made (stages), and says whether other weights are trained from there on.
    """

    sampler: Callable[[int], list[dict[str, str]]]
    watcher: Callable[[int, Progress], None]
    after_early_backward: Callable[[], None]
    memory_table: Callable[[Live], str]
    freeze_below: Callable[[int], None]
    prove_save: Callable[[], None]
    adapted_layers: int = 0
    before_step: Callable[[int], bool] = lambda step: False
