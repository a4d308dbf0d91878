"""The training loop: an optimizer step is the unit of everything, and a run that was killed goes on to the same bytes."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, TypeVar

import torch

from schemas import RecipeError, StepContext, TrainLine
from steps.lm import precision as numbers
from steps.lm.astray import refuse_no_numbers
from steps.lm.batches import Data, Micro, Row
from steps.lm.bitwise import THREADS, parted, verdict
from steps.lm.checkpoint import Saver, forget, load_state, states
from steps.lm.evaluate import Scored, score, worst
from steps.lm.loss import Head
from steps.lm.oom import Generators, free, out_of_memory, peak_memory_gb
from steps.lm.optimizer import Optimizers
from steps.lm.progress import Hooks, Progress, Settings
from steps.lm.steady import set_aside
from steps.lm.trial import prove_save, rehearse_step
from steps.lm.watch import SMOOTHED_STEPS, SpikeGuard, patience_is_over
from steps.sizing.fallback import SMALLER, WRITTEN, During, Live, differences, reduced, written
from steps.sizing.lack import said_of

T = TypeVar("T")
EARLY_STEPS = 2  # in the first an adapter's B must get a gradient, in the second its A


class Loop:
    """One run of training."""

    def __init__(
        self, head: Head, data: Data, validation: list[Row], settings: Settings, context: StepContext, hooks: Hooks
    ) -> None:  # fmt: skip
        self.head, self.data, self.validation, self.settings, self.context, self.hooks = head, data, validation, settings, context, hooks
        self.device = next(head.network.parameters()).device
        self.named = {name: p for name, p in head.network.named_parameters() if p.requires_grad}
        self.trained = list(self.named.values())
        self.saver = Saver(context.keep, settings.keep, settled=lambda: set_aside(context, settings.falls_from))
        self.progress = Progress()
        self.updating = self.proved = False
        self._new_optimizer()
        self.live = settings.live
        self._apply(settings.live)

    def _new_optimizer(self) -> None:
        s = self.settings
        self.hooks.before_step(-1)  # what is frozen now and then belongs to it, too
        self.optimizer = Optimizers(s.optimizer, self.head.network, s.weight_decay, s.decay_embeddings)
        self.scaler = numbers.scaler(s.precision, self.device)

    def run(self, seed: int, before: Callable[["Loop"], None] | None = None) -> Progress:
        """Train to the last step. before: called once the state of a killed run is back, if there is one; else at the very start.

        Raises RecipeError S101 when the loss is no number, B021 when memory does not suffice, and `context.stopped()` once asked to stop.
        """
        torch.manual_seed(seed)
        try:
            if self.settings.compile:
                with numbers.autocast(self.settings.precision, self.device):  # over a base in half there is no other way through it
                    self.head.compile(self.context)
            if not self._restore():
                self._rehearse()
                if before is not None:
                    before(self)
            self._train()
        finally:
            self.saver.wait()
        return self.progress

    def _train(self) -> None:
        done, s = self.progress, self.settings
        if done.step == 0:
            self._evaluate(0)
        else:
            self._look()
        if not self.optimizer.whole and not states(self.context.keep):
            self.save()  # for an update that breaks off before the next
        self.head.network.train()
        while done.step < s.steps and not done.ended:
            self.saver.look()
            started = time.monotonic()
            loss, norm, rate, tokens, after = self._without_oom(lambda: self._step(done.step), "training")
            seconds = time.monotonic() - started
            done.step += 1
            done.position = after
            done.tokens += tokens
            done.seconds += seconds
            done.losses = [*done.losses, loss][-SMOOTHED_STEPS:]
            self._tell(loss, norm, rate, tokens / max(seconds, 1e-9))
            self._look()
            stopping = self.context.stopping()
            if not self.proved and done.step < s.steps and not stopping:
                prove_save(self)
            elif stopping or s.saves(done.step):
                self.save()
            if stopping and done.step < s.steps:
                self.saver.wait()
                raise self.context.stopped()

    def _step(self, step: int) -> tuple[float, float, float, int, int]:
        """One optimizer step. Gradients are of the mean over all its target tokens, however they lie in micro-batches."""
        s, live = self.settings, self.live
        if self.hooks.before_step(step):
            self.progress.norms, self.progress.skipped = [], 0  # of other weights: they say nothing of what a spike is now
        micro, after = self.data.batches(self.progress.position, live.rows, live.batch_size)
        tokens = sum(int((m.targets >= 0).sum()) for m in micro)
        if not tokens:
            raise RecipeError(
                "D110", f"no token of step {step + 1}'s rows is learned", fix="look at the documents: an answer must stand in each"
            )
        rate = s.rate(step)
        total = self.gradients(micro, tokens)
        if step < EARLY_STEPS:
            self.hooks.after_early_backward()
        self.optimizer.unscale(self.scaler)
        norm = float(torch.nn.utils.clip_grad_norm_(self.trained, s.max_grad_norm or math.inf))
        refuse_no_numbers(total, norm, step, self.head.network, s, self.scaler)
        guard = SpikeGuard(s.on_spike, s.spike_factor, self.progress.norms, self.progress.skipped)
        if not math.isfinite(norm):  # an overflow of the scaled loss: nothing moves, its scale falls
            self.scaler.update()
        elif guard.spiked(norm, step + 1, self.context):
            self.scaler.update()
            self.progress.spikes += 1
        else:
            self._update(rate)
        self.progress.norms, self.progress.skipped = guard.norms, guard.skipped
        self.optimizer.forget_gradients()
        return total / tokens, norm, rate, tokens, after

    def gradients(self, micro: list[Micro], tokens: int) -> float:
        """Forward and backward over the micro-batches; the summed loss in nats."""
        wide = torch.float32 if self.device.type == "mps" else torch.float64
        total = torch.zeros((), dtype=wide, device=self.device)
        for part in micro:
            with numbers.autocast(self.settings.precision, self.device):
                loss, plain = self.head.summed(part.ids, part.targets, self.settings.z_loss, part.starts)
            self.scaler.scale(loss / tokens).backward()
            total += plain
        return float(total)

    def _update(self, rate: float) -> None:
        self.optimizer.set_rate(rate)
        self.updating = True
        self.optimizer.step(self.scaler)
        self.updating = False

    def _tell(self, loss: float, norm: float, rate: float, speed: float) -> None:
        done, memory = self.progress, peak_memory_gb(self.device)
        self.context.log(
            TrainLine(step=done.step, train_loss=loss, learning_rate=rate, tokens_per_sec=speed, peak_memory_gb=memory,
                      trained_tokens=done.tokens, grad_norm=norm if math.isfinite(norm) else None)
        )  # fmt: skip
        shown = {"loss": round(done.train_loss, 3), "tok_s": round(speed), "memory_gb": round(memory, 2)}
        self.context.progress(done.step, self.settings.steps, "steps", **shown)

    def _look(self) -> None:
        """What is due after the last step: validation, once, also when a save was made in the middle of it; and the bands."""
        s, done = self.settings, self.progress
        if done.looked < done.step:
            if s.validates(done.step):
                self._evaluate(done.step)
            done.looked = done.step
        try:
            self.hooks.watcher(done.step, done)
        except RecipeError:  # with another band it goes on from here
            self.save()
            raise

    def _evaluate(self, step: int) -> None:
        """Score the fixed set and draw the samples that are due. Neither touches torch's generator, so neither changes the training."""
        s, done = self.settings, self.progress
        texts = self.hooks.sampler(step) if step in s.sample_at else []
        found = self._without_oom(self._score, "validation") if self.validation else None
        done.samples += [{"step": step, **text} for text in texts]
        if found is None:
            return
        done.scored = {"step": step, **found.plain()}
        if not done.best or found.loss < done.best["loss"]:
            done.best = {"step": step, "loss": found.loss}
        self.context.log(found.line(step, texts))
        if step == 0 or step not in s.eval_at:
            return
        done.evaluated.append(step)
        if not done.kept or found.loss < done.kept["loss"]:
            done.kept = {"step": step, "loss": found.loss}
            if step < s.steps:
                self.saver.save_best(step, self.weights())
        if not done.improved or found.loss < done.improved["loss"] - s.min_delta:
            done.improved = {"step": step, "loss": found.loss}
        elif s.patience is not None and patience_is_over(done.improved["step"], done.evaluated, s.patience):
            enough = f" by more than {s.min_delta:g}" if s.min_delta else ""
            done.ended = f"validation has not improved{enough} since step {done.improved['step']}"
            self.context.event("early_stopping", step=step, best=done.kept, message=f"stopped at step {step}: {done.ended}")

    def _score(self) -> Scored:
        context = numbers.autocast(self.settings.precision, self.device)
        return score(self.head, self.validation, self.live.eval_batch_size, context, self._leave)

    def _leave(self) -> None:
        """Between batches of a validation: one that is asked to stop does not wait for its end, which may be minutes away."""
        if self.context.stopping():
            if self.progress.step:
                self.save()
                self.saver.wait()
            raise self.context.stopped()

    def _rehearse(self) -> None:
        """One step on the longest rows as all of them will be made, and the fullest batch of validation beside the optimizer's state, so
        that memory runs out now or never.

        At a rate of 0 no weight moves; the optimizer is made anew and torch's generators put back: nothing is left of it.
        """
        before = Generators(self.device)
        self.head.network.train()
        self._without_oom(lambda: rehearse_step(self), "training")
        if self.validation:
            self._without_oom(self._rehearse_validation, "validation")
        self._new_optimizer()
        before.restore()

    def _rehearse_validation(self) -> None:
        rows = worst(self.validation, self.live.eval_batch_size, self.head.end_to_end)
        score(self.head, rows, self.live.eval_batch_size, numbers.autocast(self.settings.precision, self.device))

    def _without_oom(self, work: Callable[[], T], during: During) -> T:
        """What `work` gives, done again with less as often as memory runs out in it, from the same random numbers.

        Where an update broke off, the training stands at its last save again: `work` looks for itself at which step that is. Where a
        spike stops the training, the steps before it are saved, with the random numbers that it began with.
        """
        while True:
            before = Generators(self.device)
            try:
                return work()
            except Exception as error:  # allocators have many kinds; others are raised again
                if not out_of_memory(error):
                    if isinstance(error, RecipeError) and error.code == "S102" and self.progress.step:
                        self.optimizer.forget_gradients()
                        before.restore()
                        self.save()
                    raise
                said = said_of(error)
            if not self._recover():
                before.restore()
            self._reduce(during, said)

    def _recover(self) -> bool:
        """Free what the failed step holds. An update that broke off may have moved some weights: then the last save is gone back to,
        with its random numbers. Returns whether it was.
        """
        self.optimizer.forget_gradients()
        scale = self.scaler.state_dict()
        self.scaler = numbers.scaler(self.settings.precision, self.device)
        if scale:
            self.scaler.load_state_dict(scale)
        self.saver.release()
        free(self.device)
        broken, self.updating = self.updating, False
        if broken and self.progress.step == 0 and not self.optimizer.moves:
            self._new_optimizer()  # its state was half made, no weight was moved by a rate of 0
        elif broken and not self.optimizer.whole:
            self.saver.wait()
            if not self._restore(least=0):
                raise RecipeError("B021", "memory ran out in the middle of an update, and no save is left to go back to",
                                  field="batch_size", fix="run it again with a smaller batch_size")  # fmt: skip
            return True
        return False

    def _reduce(self, during: During, said: str) -> None:
        """Give up the next thing, say so, and save how it runs now."""
        done, step = self.progress, self.progress.step
        at = f"{during} at step {step + (during == 'training')}"
        found = reduced(self.live, kind=self.device.type, during=during, adapted_layers=self.hooks.adapted_layers,
                        can_checkpoint=self.head.can_checkpoint)  # fmt: skip
        if self.settings.on_oom == "stop" or found is None:
            table = self.hooks.memory_table(self.live)
            left, fix = "nothing is left to give up: more accumulation frees nothing", SMALLER
            if found is not None:
                left, fix = "on_oom is stop", f"write {written(*found)}, or on_oom: reduce, which does so by itself"
            self.context.event("out_of_memory", step=step, during=during, error=said, live=asdict(self.live), table=table)
            raise RecipeError("B021", f"out of memory in {at} ({said}); {left}\n{table}", field="batch_size", fix=fix)
        was, (now, name) = self.live, found
        if name == "max_seq_length":
            whole = self.data.rows_per_epoch
            done.position = self.data.shorten(now.length, done.position)
            now = replace(now, rows=max(1, round(was.rows * self.data.rows_per_epoch / whole)))  # of the same tokens
        self._apply(now)
        changed = differences(was, now)
        told = ", ".join(f"{WRITTEN.get(key, key)} {a} -> {b}" for key, (a, b) in changed.items())
        done.reductions.append({"step": step, "during": during, "given_up": name, "changed": changed, "error": said})
        self.context.event("memory_fallback", step=step, during=during, given_up=name, changed=changed, error=said,
                           message=f"out of memory in {at}: {told}")  # fmt: skip
        if step:
            self.save()

    def _apply(self, live: Live) -> None:
        self.live, self.progress.live = live, asdict(live)
        self.head.chunk_tokens = live.loss_chunk_tokens
        if live.checkpointing:
            self.head.checkpoint_activations()
        if live.layers is not None:
            self.hooks.freeze_below(live.layers)

    def weights(self) -> dict[str, torch.Tensor]:
        """What is trained, by name."""
        return {name: p.detach() for name, p in self.named.items()}

    def save(self) -> None:
        """Write the state; a kill after this goes on here."""
        state = {
            "fingerprint": self.settings.fingerprint,
            "network": self.weights(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generator": torch.get_rng_state(),
            "cuda_generators": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
            "threads": torch.get_num_threads(),
            "progress": {**vars(self.progress)},
            "schedule": self.settings.schedule,
            "guard": self.settings.guard,
            "computed": self.settings.computed,
        }
        self.saver.save(self.progress.step, state)

    def _restore(self, least: int = 1) -> bool:
        """Go on from the newest whole state of the same run, if there is one of `least` steps; the logs are cut back to it."""
        state, damaged = load_state(self.context.keep)
        on = "going on from the one before it" if state is not None else "there is no other, the training begins anew"
        for name in damaged:
            self.context.event("state_damaged", file=name, message=f"{name} cannot be read; {on}")
        other = state is not None and state["fingerprint"] != self.settings.fingerprint
        if state is not None and other:
            message = f"the save of step {state['progress']['step']} is of another training, this one begins at the first"
            self.context.event("state_of_another", step=state["progress"]["step"], message=message)
        if state is None or other or state["progress"]["step"] < least:
            forget(self.context.keep)  # of another run, or none that opens: they must not be taken for this one's
            self.context.rewind(-1)
            return False
        why = self.take_up(state)
        self.proved = self.proved or self.progress.step > 1
        message = f"resumed at step {self.progress.step} of {self.settings.steps}, {verdict(why)}"
        self.context.event("resumed", step=self.progress.step, bitwise=not why, message=message)
        return True

    def take_up(self, state: dict[str, Any]) -> str:
        """Go on from a state that `save` wrote; the logs are cut back to it. Returns why what follows is not the same to the bit."""
        why = self.put_back(state)
        vars(self.progress).update(state["progress"])  # in place: the training that goes back holds it
        self.run_as(Live(**self.progress.live))
        self.progress.resumed.append(self.progress.step)
        self.context.rewind(self.progress.step)
        return why

    def run_as(self, live: Live) -> None:
        """Run as a training did whose progress this one has: with rows as short as memory left them there."""
        for cut in self.progress.reductions:
            length = cut["changed"].get("length", [0, self.live.length])[1]
            if length < self.live.length:
                self.data.shorten(length, 0)
        self._apply(live)

    def put_back(self, state: dict[str, Any]) -> str:
        """Weights, optimizer, scaler, generators and thread count of `state`. Returns why what follows is not the same to the bit."""
        named = dict(self.head.network.named_parameters())
        with torch.no_grad():
            for name, value in state["network"].items():
                named[name].copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"]:  # of a training in fp16
            self.scaler.load_state_dict(state["scaler"])
        torch.set_rng_state(state["generator"])
        if self.device.type == "cuda" and len(state["cuda_generators"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda_generators"])
        if state["threads"] != torch.get_num_threads():
            torch.set_num_threads(state["threads"])
        return parted(self.settings.computed, state) or ("" if torch.get_num_threads() == state["threads"] else THREADS)
