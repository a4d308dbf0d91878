"""A training that was stopped half-way, and changed before it is run again: what is lost of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from runner.fingerprint import keyed
from runner.halfdone import KEPT, HalfDone, half_done
from runner.meant import StepMeant
from runner.rules import View, at, rule, say
from runner.rules.resume import rates_agree
from runner.rules.schedule import planned_steps
from runner.standing import Standing, last_file
from runner.store import Store
from schemas.base import version_of
from schemas.findings import Finding, RulePage
from schemas.training import COUNTED


@rule(
    RulePage(
        "R112",
        "a stopped training is not gone on with",
        "A training that was stopped goes on when it is run again, also with other save_steps, eval_steps, samples or trackers, and for "
        "more or fewer steps where the rate of the steps done is the same (constant after an equal warm-up, wsd before it falls); also "
        "with on_spike: skip in place of stop. With "
        "anything else changed (and eval_steps, where early_stopping counts by it), or by another version of the step or of the libraries "
        "that it computes with, it is another training, which begins at the first step; what was stopped stays in the store until "
        "`recipe gc --remove`.",
        wrong="max_steps: 20000   # a cosine over 10000 was stopped at 6000",
        right="scheduler: wsd     # can be prolonged exactly until it falls\nmax_steps: 20000",
        source="arXiv 2405.18392 (scaling laws beyond fixed training durations)",
        severity="warning",
        needs="the store, and what a stopped run left in it",
    )
)
def stopped_trainings_go_on(view: View) -> Iterator[Finding]:
    """R112: a warning where only its length was changed, and the rate differs, or what begins it; told where it is another training."""
    recipe = view.meant.recipe
    if recipe is None or view.meant.smoke:
        return
    store = Store(view.meant.project, recipe.store)
    standing = Standing.read(last_file(view.meant.project, recipe.recipe))
    for step in view.of_type("train"):
        found = half_done(store.root / KEPT, recipe.recipe, step.id)
        if not found or step.params is None or step.step is None:
            continue
        stopped, done = found[0], found[0].steps
        if done and not _finished_since(store, standing.steps.get(step.id), stopped):
            yield from _begins_anew(step, stopped, done, step.step.prolonged_by)


def _finished_since(store: Store, row: dict[str, Any] | None, stopped: HalfDone) -> bool:
    """Whether the step was done after that: what was stopped before is history."""
    entry = store.entry(row["key"]) if row is not None else None
    try:
        return entry is not None and datetime.fromisoformat(entry.made["at"]).timestamp() > stopped.when
    except (KeyError, TypeError, ValueError):
        return False


def changed(step: StepMeant, parts: dict[str, Any]) -> list[str]:
    """Names of the params that a key with these parts has otherwise; eval_steps where early stopping counts by it."""
    assert step.params is not None
    here = {f"param {name}": value for name, value in keyed(step.params).items()}
    there = {name: value for name, value in parts.items() if name.startswith("param ")}
    if at(step.raw, "precision") is None:  # settled for the machine before the key is made
        there.pop("param precision", None)
    found = [name.removeprefix("param ") for name in sorted({**here, **there}) if here.get(name) != there.get(name)]
    counted = getattr(step.params, "counted_validations", str)()
    return found + ["eval_steps"] * (parts.get(f"source {COUNTED}", "") != counted)


def begun_by(step: StepMeant, parts: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What work with these parts was begun by that is another here, in words, and what to type of it: the step's version, and libraries.

    A library that is not installed here is no difference: it is elsewhere that the recipe runs.
    """
    assert step.step is not None
    here, there = f"{step.step.name} version {step.step.version}", parts.get("step", "")
    words, wanted = ([f"{there} (here {step.step.version})"] if there and there != here else []), []
    for name in step.step.libraries:
        was, now = parts.get(f"library {name}", ""), version_of(name)
        if was and was != now and "absent" not in (was, now):
            words.append(f"{name} {was} (here {now})")
            wanted.append(f"{name}=={was}")
    return words, wanted


def same_so_far(parts: dict[str, Any], names: list[str], lengths: tuple[str, ...]) -> bool:
    """Whether a training with these parts may be the beginning of one that differs in `names`; not where no spike was looked for."""
    return set(names) <= set(lengths) and not ("on_spike" in names and "param on_spike" not in parts)


def _begins_anew(step: StepMeant, stopped: HalfDone, done: int, lengths: tuple[str, ...]) -> Iterator[Finding]:
    names = changed(step, stopped.parts)
    was, steps = stopped.parts.get("param max_steps"), planned_steps(step)[0]
    other, wanted = begun_by(step, stopped.parts)
    if other and same_so_far(stopped.parts, names, lengths):
        message = (
            f"a training of this step was stopped at step {done:,}; it was begun by {', '.join(other)}, so this one begins at the first"
        )
        fix = f"pip install {' '.join(wanted)}" if len(wanted) == len(other) else "let the recipe that began it end it"
        yield say("R112", step, "", message, f"{fix}, where those steps count; what was stopped stays in the store", severity="warning")
        return
    if not names:
        return
    if not same_so_far(stopped.parts, names, lengths):
        words = " and ".join(names if len(names) < 4 else [", ".join(names[:2]), f"{len(names) - 2} more"])
        message = f"a training of this step was stopped at step {done:,}; {words} changed, so this one begins at the first"
        yield say("R112", step, _first_written(step, names), message, "nothing where that is meant; written as it was, it goes on",
                  severity="info", on="key")  # fmt: skip
    elif isinstance(was, int) and steps is not None and (done >= steps or not rates_agree(step, was, done)):
        unlike = f"ends at {steps:,}" if done >= steps else "has other rates for them"
        message = f"{done:,} of {was:,} steps were done when this training was stopped; this one {unlike}, and begins at the first"
        fix = f"max_steps: {was} goes on; scheduler: constant with warmup_steps: N, or wsd, can be prolonged"
        yield say("R112", step, _first_written(step, names), message, fix, severity="warning", on="key")


def _first_written(step: StepMeant, names: list[str]) -> str:
    """The first of these that stands in the recipe, to point at."""
    return next((name for name in names if at(step.raw, name) is not None), "")
