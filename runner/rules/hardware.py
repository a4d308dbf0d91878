"""Hardware: what the target has and the recipe does not use."""

from collections.abc import Iterator

from runner.rules import View, rule
from schemas.findings import Finding, RulePage


@rule(
    RulePage(
        "P010",
        "one device of several is used",
        "Training runs on one device. With `count: 4` the memory and time in the forecast are those of one of them.",
        wrong="target: {gpu: t4, count: 4}",
        right="target: t4",
        severity="info",
    )
)
def devices_are_used(view: View) -> Iterator[Finding]:
    """P010: a target of several devices."""
    machine = view.meant.target
    if machine.count > 1 and any(view.of_type("train")):
        message = f"the target has {machine.count} devices, a train step uses one of them"
        yield Finding("P010", "info", message, ("target",))
