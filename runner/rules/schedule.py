"""Schedule: steps, warm-up, validation, saves and expected figures must lie within the run."""

from collections.abc import Iterator

from runner.meant import StepMeant
from runner.rules import View, at, number, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding, RulePage


def planned_steps(step: StepMeant) -> tuple[int | None, str]:
    """Optimizer steps of a train step, and how that is known."""
    written = number(step, "max_steps")
    if isinstance(written, int):
        return written, f"max_steps is {written:,}"
    found = step.forecast.optimizer_steps if isinstance(step.forecast, CheckpointForecast) else None
    return found, f"the run has about {found:,} steps" if found else ""


@rule()
def warm_up_ends(view: View) -> Iterator[Finding]:
    """S003 for a run that is given in epochs: its length is only known from the data (max_steps is compared by the step itself)."""
    for step in view.of_type("train"):
        steps, known = planned_steps(step)
        warmup = number(step, "warmup_steps")
        if steps is None or warmup is None or number(step, "max_steps") is not None or warmup < 1.2 * steps:
            continue
        message = f"warmup_steps is {warmup:,}, but {known}: the learning rate never reaches its peak"
        edits = (Edit("rename", ("steps", step.id, "warmup_steps"), 0.05, "warmup_ratio"),)
        yield say("S003", step, "warmup_steps", message, "write warmup_ratio: 0.05", severity="warning", edits=edits)


@rule(
    RulePage(
        "S011",
        "an interval longer than the run",
        "With eval_steps or save_steps beyond the last step, nothing happens at that interval: the run is validated and saved only "
        "at its end, "
        "and a crash before it loses everything.",
        wrong="max_steps: 300\nsave_steps: 500",
        right="max_steps: 300\nsave_steps: 100",
        severity="warning",
    )
)
def intervals_happen(view: View) -> Iterator[Finding]:
    """S011: eval_steps and save_steps beyond the last step."""
    for step in view.of_type("train"):
        steps, known = planned_steps(step)
        for name, what in (("eval_steps", "validated"), ("save_steps", "saved")):
            interval = number(step, name)
            if steps and interval is not None and interval > steps:
                better = max(1, steps // 4)
                yield say("S011", step, name, f"{name} is {interval:,}, but {known}: it is {what} only at the end",
                          f"write {name}: {better}, or delete it", severity="warning")  # fmt: skip


@rule(
    RulePage(
        "S012",
        "a figure is expected after the end",
        "`expect:` compares what the run logs with bands that are written by step. A step that the run never reaches is never "
        "compared, so the "
        "expectation guards nothing.",
        wrong="max_steps: 5000\nexpect: {10000: {train_loss: [2.6, 3.0]}}",
        right="max_steps: 5000\nexpect: {5000: {train_loss: [3.0, 3.4]}}",
        severity="warning",
    )
)
def expectations_are_met_on_the_way(view: View) -> Iterator[Finding]:
    """S012: a step of `expect` beyond the last one."""
    for step in view.of_type("train"):
        steps, known = planned_steps(step)
        expected = at(step.raw, "expect")
        if not steps or number(step, "max_steps") is None or not isinstance(expected, dict):
            continue
        for key in expected:
            if str(key).isdigit() and int(key) > steps:
                message = f"figures are expected at step {int(key):,}, but {known}"
                yield say(
                    "S012", step, f"expect.{key}", message, f"write a step up to {steps}, or raise max_steps", severity="warning", on="key"
                )
