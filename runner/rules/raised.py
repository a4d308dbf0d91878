"""A training that was made longer: what its last run has done of it already."""

from collections.abc import Iterator

from runner.rules import View, at, number, rule, say
from runner.rules.resume import STATE, from_state
from runner.standing import Standing, last_file
from runner.store import Store
from schemas.findings import Finding, RulePage


@rule(
    RulePage(
        "R111",
        "a longer training begins anew",
        "Another max_steps is another training, and it begins at its first step. What the last run did can be gone on from with "
        "resume_from: exactly, where the rate was the same so far (constant after the warm-up, wsd before it falls); a cosine over "
        "1,000 steps has fallen where one over 2,000 is high, so the rate jumps.",
        wrong="max_steps: 2000   # after a run with max_steps: 1000",
        right="max_steps: 2000\nresume_from: {path: runs/20260101-120000-small/artifacts/train}",
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
    standing = Standing.read(last_file(view.meant.project, recipe.recipe))
    for step in view.of_type("train"):
        steps, row = number(step, "max_steps"), standing.steps.get(step.id)
        if steps is None or row is None or any(at(step.raw, name) is not None for name in ("resume_from", "init_from")):
            continue
        folder = Store(view.meant.project, recipe.store).object(row["digest"])
        data = view.facts.json(folder / STATE)
        done = data["progress"].get("step") if isinstance(data, dict) and isinstance(data.get("progress"), dict) else None
        if not isinstance(done, int) or not 0 < done < steps:
            continue
        place = f"runs/{row.get('run') or standing.run}/artifacts/{step.id}"
        against = list(from_state(view, step, folder, place, "max_steps", {"path": place}))
        if any(finding.severity == "error" for finding in against):
            continue  # another training
        message = f"the last run trained {done:,} of these {int(steps):,} steps, and this one begins at the first"
        fix = f"resume_from: {{path: {place}}} goes on from there" + (", and the rate jumps: it fell for fewer steps" if against else "")
        yield say("R111", step, "max_steps", message, fix, severity="info")
