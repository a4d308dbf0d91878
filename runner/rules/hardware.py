"""Hardware: what the target has and the recipe does not use, and the disk that it needs."""

import os
from collections.abc import Iterator

from runner.rules import View, rule
from runner.screen import in_bytes
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


@rule(
    RulePage(
        "P011",
        "the disk is too small",
        "Each step's result is kept in the store, so that nothing is made twice; a full disk stops the run at the step that fills it.",
        right="store: /large/disk/store   # or RECIPE_STORE",
        severity="warning",
    )
)
def disk_holds_it(view: View) -> Iterator[Finding]:
    """P011: what the steps are forecast to write, against what is free where the project is; only for a recipe meant for this machine."""
    recipe = view.meant.recipe
    if recipe is None or recipe.target != "here":
        return
    need = sum(step.forecast.disk_bytes or 0 for step in view.meant.steps if step.forecast is not None)
    try:
        disk = os.statvfs(view.facts.project / (recipe.store or "."))
    except (OSError, AttributeError):
        return
    free = disk.f_bavail * disk.f_frsize
    if need > free:
        message = f"the steps write about {in_bytes(need)}, {in_bytes(free)} are free"
        yield Finding("P011", "warning", message, ("store",), "free some space, or name another folder: store: FOLDER")
