"""The training loop: an optimizer step is the unit of everything, and a run that was killed goes on to the same bytes."""

import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from schemas import EvalLine, RecipeError, StepContext, TrainLine
from steps.lm import precision as numbers
from steps.lm.batches import Data, Row
from steps.lm.checkpoint import load_state, save_state
from steps.lm.evaluate import Scored, score
from steps.lm.loss import Head
from steps.lm.optimizer import adamw
from steps.lm.schedule import learning_rate

EARLY_STEPS = 2  # in the first an adapter's B must get a gradient, in the second its A
SMOOTHED_STEPS = 20  # the loss that is compared and reported is the mean of the last so many steps


@dataclass(frozen=True)
class Settings:
    """What the loop needs to know. steps: optimizer steps. rows: sequences of one step, over all micro-batches of `batch_size`."""

    steps: int
    rows: int
    batch_size: int
    eval_batch_size: int
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


@dataclass
class Progress:
    """What a run has done so far; it is saved with the state, so that it survives a kill."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)  # of the last SMOOTHED_STEPS steps
    scored: dict[str, Any] = field(default_factory=dict)  # the last evaluation: loss, bits_per_byte, tokens, by
    best: dict[str, Any] = field(default_factory=dict)  # {"step", "loss"} of the lowest
    resumed: list[int] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)

    @property
    def train_loss(self) -> float:
        """Mean loss of the last steps, nats a token."""
        return sum(self.losses) / len(self.losses) if self.losses else math.nan


class Loop:
    """One run of training. sampler: makes texts at a step; watcher: looks at each step's figures (bands)."""

    def __init__(
        self,
        head: Head,
        data: Data,
        validation: list[Row],
        settings: Settings,
        context: StepContext,
        sampler: Callable[[int], list[dict[str, str]]],
        watcher: Callable[[int, Progress], None],
        after_early_backward: Callable[[], None],
    ) -> None:
        self.head, self.data, self.validation, self.settings, self.context = head, data, validation, settings, context
        self.sampler, self.watcher, self.after_early_backward = sampler, watcher, after_early_backward
        self.device = next(head.network.parameters()).device
        self.optimizer = adamw(head.network, settings.weight_decay)
        self.scaler = numbers.scaler(settings.precision, self.device)
        self.trained = [p for p in head.network.parameters() if p.requires_grad]
        self.progress = Progress()

    def run(self, seed: int) -> Progress:
        """Train to the last step. Raises RecipeError S101 when the loss is no number, and `context.stopped()` once asked to stop."""
        torch.manual_seed(seed)
        self._restore()
        done, s = self.progress, self.settings
        if done.step == 0:
            self._evaluate(0)
        self.head.network.train()
        while done.step < s.steps:
            started = time.monotonic()
            loss, norm, rate, tokens = self._step(done.step)
            seconds = time.monotonic() - started
            done.step += 1
            done.tokens += tokens
            done.seconds += seconds
            done.losses = [*done.losses, loss][-SMOOTHED_STEPS:]
            self._tell(loss, norm, rate, tokens / max(seconds, 1e-9))
            if done.step in s.eval_at or done.step in s.sample_at:
                self._evaluate(done.step)
            self.watcher(done.step, done)
            stopping = self.context.stopping()
            if stopping or (done.step % s.save_steps == 0 and done.step < s.steps):
                self._save()
            if stopping and done.step < s.steps:
                raise self.context.stopped()
        return done

    def _step(self, step: int) -> tuple[float, float, float, int]:
        """One optimizer step. Gradients are of the mean over all its target tokens, however they lie in micro-batches."""
        s = self.settings
        micro = self.data.batches(step, s.rows, s.batch_size)
        tokens = sum(int((targets >= 0).sum()) for _, targets in micro)
        if not tokens:
            raise RecipeError(
                "D110", f"no token of step {step + 1}'s rows is learned", fix="look at the documents: an answer must stand in each"
            )
        rate = learning_rate(step, steps=s.steps, peak=s.peak_rate, lowest=s.lowest_rate, warmup=s.warmup, scheduler=s.scheduler)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for ids, targets in micro:
            with numbers.autocast(s.precision, self.device):
                loss, plain = self.head.summed(ids.to(self.device), targets.to(self.device), s.z_loss)
            self.scaler.scale(loss / tokens).backward()
            total += float(plain)
        if step < EARLY_STEPS:
            self.after_early_backward()
        self.scaler.unscale_(self.optimizer)
        norm = float(torch.nn.utils.clip_grad_norm_(self.trained, s.max_grad_norm or math.inf))
        if not math.isfinite(total):
            raise RecipeError("S101", f"the loss is {total} at step {step + 1}", field="learning_rate",
                              fix=f"lower learning_rate (now {s.peak_rate:g}), or warm up longer")  # fmt: skip
        if not math.isfinite(norm) and not self.scaler.is_enabled():
            raise RecipeError("S101", f"the gradient is {norm} at step {step + 1}", field="learning_rate",
                              fix=f"lower learning_rate (now {s.peak_rate:g}), or set max_grad_norm")  # fmt: skip
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad(set_to_none=True)
        return total / tokens, norm, rate, tokens

    def _tell(self, loss: float, norm: float, rate: float, speed: float) -> None:
        done, memory = self.progress, peak_memory_gb(self.device)
        self.context.log(
            TrainLine(step=done.step, train_loss=loss, learning_rate=rate, tokens_per_sec=speed, peak_memory_gb=memory,
                      trained_tokens=done.tokens, grad_norm=norm if math.isfinite(norm) else None)
        )  # fmt: skip
        shown = {"loss": round(done.train_loss, 3), "tok_s": round(speed), "memory_gb": round(memory, 2)}
        self.context.progress(done.step, self.settings.steps, "steps", **shown)

    def _evaluate(self, step: int) -> None:
        """Score the fixed set and draw the samples that are due. Neither touches torch's generator, so neither changes the training."""
        s, done = self.settings, self.progress
        texts = self.sampler(step) if step in s.sample_at else []
        done.samples += [{"step": step, **text} for text in texts]
        if not self.validation:
            return
        found = score(self.head, self.validation, s.eval_batch_size, numbers.autocast(s.precision, self.device), self.device)
        done.scored = {"loss": found.loss, "bits_per_byte": found.bits_per_byte, "tokens": found.tokens, "by": found.by}
        if not done.best or found.loss < done.best["loss"]:
            done.best = {"step": step, "loss": found.loss}
        self.context.log(line(step, found, texts))

    def _save(self) -> None:
        state = {
            "fingerprint": self.settings.fingerprint,
            "network": {name: p.detach() for name, p in self.head.network.named_parameters() if p.requires_grad},
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generator": torch.get_rng_state(),
            "cuda_generators": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
            "threads": torch.get_num_threads(),
            "progress": vars(self.progress),
        }
        save_state(self.context.keep, self.progress.step, state, self.settings.keep)

    def _restore(self) -> None:
        """Go on from the newest whole state of the same run, if there is one; the logs are cut back to it."""
        state, damaged = load_state(self.context.keep)
        for name in damaged:
            self.context.event("state_damaged", file=name, message=f"{name} cannot be read; going on from the one before it")
        if state is None or state["fingerprint"] != self.settings.fingerprint:
            self.context.rewind(-1)
            return
        named = dict(self.head.network.named_parameters())
        with torch.no_grad():
            for name, value in state["network"].items():
                named[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["generator"])
        if self.device.type == "cuda":
            torch.cuda.set_rng_state_all(state["cuda_generators"])
        self.progress = Progress(**state["progress"])
        exact = self.device.type == "cpu"
        if state["threads"] != torch.get_num_threads():
            torch.set_num_threads(state["threads"])
            exact = exact and torch.get_num_threads() == state["threads"]
        step = self.progress.step
        self.progress.resumed.append(step)
        self.context.rewind(step)
        how = "bit for bit" if exact else "not bitwise: the device's sums may differ in order"
        self.context.event("resumed", step=step, bitwise=exact, message=f"resumed at step {step} of {self.settings.steps}, {how}")


def line(step: int, found: Scored, texts: list[dict[str, str]]) -> EvalLine:
    """`found` as a line of the log."""
    samples = [{"prompt": t["prompt"], "text": t["text"]} for t in texts]
    return EvalLine(step=step, eval_loss=found.loss, bits_per_byte=found.bits_per_byte, tokens=found.tokens, by=found.by, samples=samples)


def peak_memory_gb(device: torch.device) -> float:
    """GiB: of CUDA tensors at their peak, else the process's largest resident size."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**30
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(size) / (2**30 if sys.platform == "darwin" else 2**20)  # bytes there, KiB elsewhere
