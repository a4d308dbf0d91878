"""A training that was made longer: what its last run has done of it already."""

from collections.abc import Iterator
from typing import Any

from runner.meant import StepMeant
from runner.rules import View, at, number, param, rule, say
from runner.rules.resume import STATE, from_state, rates_agree
from runner.rules.stopped import begun_by, changed, same_so_far
from runner.standing import Standing, last_file
from runner.store import Store
from schemas.findings import Finding, RulePage

PROGRESS = "state/progress.json"  # what steps.lm.prolong keeps beside a finished training
STEADY = "state/steady-0*.pt"  # and steps.lm.steady, of a wsd before it falls


@rule(
    RulePage(
        "R111",
        "a longer training, of which the last run did a part",
        "Where max_steps or num_train_epochs alone was raised and the rate of the steps done is the same (constant after an equal "
        "warm-up), a finished training goes on by itself, and ends as one undisturbed training would. A wsd goes on where its rate began "
        "to fall: one save, three times its weights, stays in the store for that (save_only_model: none). Elsewhere it begins at its first "
        "step: a cosine over 1,000 steps has fallen where one over 2,000 is high. resume_from goes on all the same, and the rate jumps.",
        wrong="max_steps: 2000   # a cosine, after a run with max_steps: 1000",
        right="scheduler: constant   # from the first run on\nmax_steps: 2000",
        source="arXiv 2405.18392 (scaling laws beyond fixed training durations)",
        severity="info",
        needs="the last result of this recipe in the store",
    )
)
def longer_trainings_can_go_on(view: View) -> Iterator[Finding]:
    """R111: the last result of a train step is the beginning of what is asked for now."""
    recipe = view.meant.recipe
    if recipe is None or view.meant.smoke:
        return
    standing, store = Standing.read(last_file(view.meant.project, recipe.recipe)), Store(view.meant.project, recipe.store)
    for step in view.of_type("train"):
        steps, row = number(step, "max_steps"), standing.steps.get(step.id)
        if steps is None or row is None:
            continue
        folder = store.object(row["digest"])
        data = view.facts.json(folder / STATE)
        done = data["progress"].get("step") if isinstance(data, dict) and isinstance(data.get("progress"), dict) else None
        if not isinstance(done, int) or not 0 < done < steps:
            continue
        planned = _planned(data)
        if planned is not None and planned >= steps:
            continue  # no longer than it was: early stopping ended it
        place = f"runs/{row.get('run') or standing.run}/artifacts/{step.id}"
        against = list(from_state(view, step, folder, place, "max_steps", {"path": place}))
        if any(finding.severity == "error" for finding in against):
            continue  # another training
        message = f"the last run trained {done:,} of these {int(steps):,} steps, and this one "
        alike = planned is None or rates_agree(step, planned, done)  # a warm-up that is a share of the steps was another
        if not against and alike and _by_itself(step, store, row["key"], done):
            yield say("R111", step, "max_steps", message + "goes on from there, if what it trains on is the same", "nothing to do",
                      severity="info")  # fmt: skip
            continue
        fell = _fell_from(store, row["key"])
        if fell and fell < steps and planned and rates_agree(step, planned, fell) and _by_itself(step, store, row["key"], fell):
            message += f"goes on from step {fell:,}, where its rate began to fall, if what it trains on is the same"
            yield say("R111", step, "max_steps", message, "nothing to do", severity="info")
            continue
        if any(at(step.raw, name) is not None for name in ("resume_from", "init_from")):
            continue
        fix = f"resume_from: {{path: {place}}} goes on from there" + (", and the rate jumps: it fell for fewer steps" if against else "")
        yield say("R111", step, "max_steps", message + "begins at the first", fix, severity="info")


def _planned(data: Any) -> int | None:
    """Steps that the training of this state was to have, where it says so."""
    schedule = data.get("schedule")
    steps = schedule.get("steps") if isinstance(schedule, dict) else None
    return steps if isinstance(steps, int) else None


def _fell_from(store: Store, key: str) -> int:
    """The step of the state that was kept before its rate fell, 0 where there is none."""
    found = [path.stem.partition("-")[2] for path in store.side(key).glob(STEADY)]
    return max((int(step) for step in found if step.isdecimal()), default=0)


def _by_itself(step: StepMeant, store: Store, key: str, done: int) -> bool:
    """Whether the run will take it over: its length alone was changed, and early stopping, where it is asked for, counts the same."""
    entry = store.entry(key)
    if entry is None or step.step is None or step.params is None or not (store.side(key) / PROGRESS).is_file():
        return False
    every = number(step, "eval_steps")
    counted = param(step, "early_stopping") is None or (every is not None and done % every == 0)
    begun = begun_by(step, entry.parts)[0]
    return counted and not begun and same_so_far(entry.parts, changed(step, entry.parts), step.step.prolonged_by)
