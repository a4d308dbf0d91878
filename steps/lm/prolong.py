"""Going on from a training that differs in its length alone: one that was stopped half-way, or one that came to its end."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import torch

from schemas import StepContext
from schemas.context import Earlier
from steps.lm.bitwise import verdict
from steps.lm.checkpoint import BEST, load_state, load_whole, newest, step_of, write_json
from steps.lm.loop import Loop
from steps.lm.resume import read_state
from steps.lm.schedule import told_apart
from steps.lm.steady import BEST as STEADY_BEST
from steps.lm.steady import set_aside, steady_of

PROGRESS = "state/progress.json"  # beside a finished training: what its checkpoint's state leaves out
BEST_ADAPTERS = "state/best.pt"  # its best trained weights, where the checkpoint holds them merged
OTHER_STEPS = "its validations were at other steps, and the best is chosen from those, too"


def remember(loop: Loop, context: StepContext, whole: bool) -> None:
    """Keep beside a finished training what a longer one needs of it. whole: the checkpoint's own weights are the trained ones."""
    done = loop.progress
    write_json(context.side(PROGRESS), vars(done))
    set_aside(context, loop.settings.falls_from)
    best = context.side(BEST_ADAPTERS)
    best.unlink(missing_ok=True)  # of the training that this one went on from
    if not whole and done.kept and done.kept["step"] < done.step:
        shutil.copyfile(context.keep / BEST.format(step=done.kept["step"]), best)


def taken_over(loop: Loop, context: StepContext) -> bool:
    """Whether `loop` stands where such a training stood: its weights, optimizer, logs and best weights are this one's own from here on.

    Only where all steps done had the rates of this one's schedule (constant after an equal warm-up, wsd before it falls), so that what
    comes out is what one undisturbed training gives. Where not, what that costs is told, and nothing is taken. A wsd that has fallen
    stood, before it fell, where a longer one stands.
    """
    for old in context.side("state/x").parent.glob("steady-*"):
        old.unlink()  # of a training whose saves were none of this one's
    refused: dict[Path, tuple[int, int, str]] = {}
    for stood in sorted((place for one in context.earlier for place in _places(one)), key=lambda place: -place.step):
        step, earlier = stood.step, stood.earlier
        state = _state(stood, loop)
        if state is None or "schedule" not in state:
            continue
        of, ended = state["schedule"]["steps"], "was done" if earlier.finished else f"was stopped at step {step:,}"
        looked = _validated_alike(loop, state["progress"])
        if (why := _against(loop, state, step, looked)) is not None:
            refused.setdefault(earlier.folder, (step, of, f"a training of {of:,} steps {ended}; {why}, so this one begins at the first"))
            continue
        try:
            _take_best(loop, context, stood, state)
            context.adopt(earlier)
        except OSError:  # it is being cleared away
            context.rewind(-1)
            continue
        why = loop.take_up(state)
        loop.save()
        ended = "began to lower its rate" if stood.steady else "ended" if earlier.finished else "was stopped"
        there = f"a training of {of:,} {ended}"
        message = f"goes on at step {step:,} of {loop.settings.steps:,}, where {there}, {verdict(why)}"
        message += "" if looked else f"; {OTHER_STEPS}"
        context.event("resumed", step=step, bitwise=not why, steps=of, message=message)
        return True
    for step, of, message in refused.values():
        context.event("not_taken_over", step=step, steps=of, message=message)
    return False


class Stood(NamedTuple):
    """Where an earlier training stood. steady: before its rate fell; else where it ended, or was stopped."""

    step: int
    earlier: Earlier
    steady: Path | None = None


def _places(earlier: Earlier) -> list[Stood]:
    """Those of which something is left."""
    if earlier.finished:
        progress = _progress(earlier)
        step = int(progress["step"]) if progress else 0
    else:
        step = newest(earlier.folder)
    steady = steady_of(earlier.side)
    before = Stood(0 if steady is None else step_of(steady), earlier, steady)
    return [place for place in (Stood(step, earlier), before) if place.step]


def _progress(earlier: Earlier) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((earlier.side / PROGRESS).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _state(stood: Stood, loop: Loop) -> dict[str, Any] | None:
    """Its state as `loop` saves one, None where none can be read."""
    earlier = stood.earlier
    if stood.steady is not None:
        return load_whole(stood.steady)
    if not earlier.finished:
        return load_state(earlier.folder)[0]
    try:
        return {**read_state(earlier.folder).state(loop), "progress": _progress(earlier)}
    except (OSError, ValueError, KeyError):
        return None


def _against(loop: Loop, state: dict[str, Any], step: int, looked: bool) -> str | None:
    """Why what comes out would be another training."""
    here = loop.settings.steps
    if step >= here:
        return f"this one ends at {here:,}"
    if (parted := loop.settings.parts_from(state["schedule"], step)) is not None:
        was, now = told_apart(parted[1], loop.settings.rate(parted[0]))
        return f"from step {parted[0] + 1:,} on its rate was another ({was}, here {now})"
    if not loop.settings.guarded_as(state["guard"], state["progress"]["spikes"]):
        return "spikes of its gradient were treated otherwise"
    if loop.settings.patience is not None and not looked:
        return "its validations were at other steps, which early_stopping counts (write eval_steps)"
    return None


def _validated_alike(loop: Loop, progress: dict[str, Any]) -> bool:
    """Whether it kept as its best what this one would have kept: it looked wherever this one looks, and at no step more; or saw the
    lowest loss of all where this one looks, too."""
    mine = [step for step in sorted(loop.settings.eval_at) if step <= progress["looked"]]
    theirs, kept = progress["evaluated"], progress["kept"]
    if theirs == mine or not loop.validation:
        return True
    alone = loop.settings.patience is None and not loop.settings.min_delta
    if alone and set(mine) <= set(theirs) and (not kept or kept["step"] in mine):
        progress["evaluated"] = mine
        return True
    return False


def _take_best(loop: Loop, context: StepContext, stood: Stood, state: dict[str, Any]) -> None:
    """Put the weights of its best validation among this one's saves. Raises OSError where they are not there."""
    kept, earlier = state["progress"]["kept"], stood.earlier
    if not kept:
        return
    name = BEST.format(step=kept["step"])
    if stood.steady is not None:
        shutil.copyfile(stood.steady.with_name(STEADY_BEST), context.keep / name)
    elif not earlier.finished:
        shutil.copyfile(earlier.folder / name, context.keep / name)
    elif (earlier.side / BEST_ADAPTERS).is_file():
        shutil.copyfile(earlier.side / BEST_ADAPTERS, context.keep / name)
    else:
        weights = state["network"] if kept["step"] == state["progress"]["step"] else _tensors(earlier.folder / "best" / "model.safetensors")
        loop.saver.save_best(kept["step"], {name: weights[name] for name in loop.named})
        loop.saver.wait()


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)
