"""Hardware: what the target has and the recipe does not use, and the disk that it needs."""

import os
from collections.abc import Iterator
from pathlib import Path

from runner.meant import StepMeant
from runner.rules import View, at, number, path, rule, say
from runner.screen import in_bytes
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding, RecipePath, RulePage, Severity
from schemas.machine import GIB, known


@rule(
    RulePage(
        "P010",
        "one device of several is used",
        "Training runs on one device. With `count: 4` the memory and time in the forecast are those of one of them.",
        wrong="target: {gpu: t4, count: 4}",
        right="target: t4",
        source="karpathy/nanoGPT#283; huggingface/open-r1#249",
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
        "Each step's result is kept in the store, so that nothing is made twice, and shown in the run's folder; a training writes saves "
        "beside it, with the optimizer's state. A full disk stops the run at the step that fills it. Counted are corpus, bins, saves, "
        "best/, state/ and export, and the weights that the hub's cache lacks, on the file system where each of them goes. Where another "
        "machine is meant it is only told, unless it is more than machines have, or hundreds of gigabytes of saves.",
        wrong="store: /small/volume",
        right="store: /large/disk/store   # or RECIPE_STORE",
        source="mlfoundations/open_lm#154; databrickslabs/dolly#139",
        severity="warning",
    )
)
def disk_holds_it(view: View) -> Iterator[Finding]:
    """P011: what the steps are forecast to write, against what is free where they write it; told where another's disk counts."""
    recipe = view.meant.recipe
    if recipe is None:
        return
    from runner.hubcache import cache_folder
    from runner.room import downloads, places

    try:
        found = list(places(view.meant))
    except OSError:
        return
    trained = [step for step in view.of_type("train") if isinstance(step.forecast, CheckpointForecast)]
    for place in found:
        if place.need > place.free:
            folder = _shown(view, place.folders[0])
            message = f"a run writes about {in_bytes(place.need)} to the disk of {folder}, {in_bytes(place.free)} are free there"
            fetched = sum(downloads(view.meant).values()) if cache_folder() in place.folders else 0
            message += f"; {in_bytes(fetched)} of it are weights from the hub" if fetched else ""
            fix = "free some space, or name another folder: store: FOLDER"
            if fetched * 2 > place.need:
                fix = "free some space, or name another folder for the hub's cache: export HF_HOME=FOLDER"
            saves = sum(made.disk_parts.get("saves", 0) for step in trained if isinstance(made := step.forecast, CheckpointForecast))
            kept = int(max((number(step, "keep") or 2 for step in trained), default=0))
            if saves * 2 > place.need and kept > 1:
                fix += f"; with keep: 1 a training keeps one save, not {'two' if kept == 2 else kept}"
            many = kept > MANY_SAVES and saves > MUCH_FOR_SAVES
            sure = many or place.need > LARGE_DISK or _is_meant(view, place.folders)
            severity: Severity = "warning" if sure else "info"
            yield Finding("P011", severity, message, _filled_by(view), fix)


def _shown(view: View, folder: Path) -> str:
    project = view.meant.project
    if folder == project:
        return "the project"
    return str(folder.relative_to(project) if folder.is_relative_to(project) else folder)


LARGE_DISK = 2 << 40  # bytes that are rarely free on any machine
MANY_SAVES, MUCH_FOR_SAVES = 10, 256 << 30  # so many are kept on purpose, and so many bytes of them hardly are


def _is_meant(view: View, folders: tuple[Path, ...]) -> bool:
    """Whether these are on the machine that the recipe is meant for: this one, one with the same card, or a store named on it."""
    from runner.hardware import here
    from runner.room import store_of
    from runner.surroundings import variables

    recipe, own, target = view.meant.recipe, here(), view.meant.target
    if recipe is None or recipe.target == "here":
        return recipe is not None
    if own.kind == target.kind != "cpu" and own.capability == target.capability and abs(own.memory_bytes / target.memory_bytes - 1) < 0.1:
        return True
    named = variables().get("RECIPE_STORE") or recipe.store or ""
    return os.path.isabs(named) and any(store_of(view.meant).is_relative_to(folder) for folder in folders if folder != Path(folder.anchor))


def _filled_by(view: View) -> RecipePath:
    """What to look at: the store where one is named, else the number of saves of the training that writes most."""
    if view.meant.recipe is not None and view.meant.recipe.store is not None:
        return ("store",)
    sizes = {step.id: step.forecast.disk_bytes or 0 for step in view.of_type("train") if step.forecast is not None}
    largest = next((step for step in view.of_type("train") if sizes.get(step.id) == max(sizes.values(), default=0)), None)
    if largest is None:
        return ("store",)
    return path(largest, "keep" if number(largest, "keep") is not None else "")


@rule(
    RulePage(
        "H002",
        "a card that was never built",
        "memory_gb overrides the memory of a card for variants of it. So many gigabytes no card of that name has: most often "
        "megabytes were written, and every forecast of memory is then useless.",
        wrong="target: {gpu: t4, memory_gb: 16384}",
        right="target: {gpu: t4, memory_gb: 16}",
        source="NVIDIA's data sheets",
        severity="warning",
    )
)
def memory_is_in_gigabytes(view: View) -> Iterator[Finding]:
    """H002: memory_gb more than four times, or less than an eighth of the card's."""
    recipe = view.meant.recipe
    target = recipe.target if recipe is not None and not isinstance(recipe.target, str) else None
    card = known(target.gpu) if target is not None else None
    if target is None or card is None or target.memory_gb is None:
        return
    has = card.memory_bytes / GIB
    if target.count > 1 and 0.7 * has * target.count < target.memory_gb < 1.3 * has * target.count:
        several = f"what {target.count} cards have together"
        message = f"memory_gb is {target.memory_gb:g}, {several}: it is the memory of one, {has:.0f} of {card.title}"
        edits = (Edit("delete", ("target", "memory_gb")),)
        yield Finding("H002", "warning", message, ("target", "memory_gb"), "delete memory_gb: it is the memory of one card", edits)
        return
    if target.memory_gb > 4 * has or target.memory_gb < has / 8:
        message = f"memory_gb is {target.memory_gb:g}, {card.title} has {has:.0f}"
        edits = (Edit("delete", ("target", "memory_gb")),)
        yield Finding("H002", "warning", message, ("target", "memory_gb"), "write gigabytes, or delete it", edits)


@rule(
    RulePage(
        "P014",
        "sizes that the fast kernels do not take",
        "mamba-ssm's scan takes states of up to 256, causal-conv1d takes convolutions of 2 to 4, and channels and heads by 8. Other sizes "
        "train on the scan in PyTorch, several times slower, and other tools refuse the checkpoint.",
        wrong="model: {family: mamba, d_conv: 8, d_state: 512}",
        right="model: {family: mamba, d_conv: 4, d_state: 16}",
        source="Dao-AILab/causal-conv1d README; state-spaces/mamba csrc/selective_scan (MAX_DSTATE 256); state-spaces/mamba#643",
        severity="warning",
        needs="the recipe and the target",
    )
)
def kernels_take_the_sizes(view: View) -> Iterator[Finding]:
    """P014: d_conv, d_state and channels of a Mamba meant for CUDA."""
    if view.meant.target.kind != "cuda":
        return
    for step in view.of_type("train"):
        model = step.raw.get("model") or {}
        if not isinstance(model, dict) or "base" in model or model.get("family", "mamba") not in ("mamba", "mamba2", "mamba_hebbian"):
            continue
        yield from _odd_sizes(step)


def _odd_sizes(step: StepMeant) -> Iterator[Finding]:
    conv, state = number(step, "model.d_conv"), number(step, "model.d_state")
    inner = (number(step, "model.d_model") or 256) * (number(step, "model.expand") or 2)
    if conv is not None and not 2 <= conv <= 4:
        edits = (Edit("set", path(step, "model.d_conv"), 4),)
        message = f"causal-conv1d takes a d_conv of 2 to 4, not {int(conv)}: training takes the slow path"
        yield say("P014", step, "model.d_conv", message, "write d_conv: 4", severity="warning", edits=edits)
    if state is not None and state > 256:
        message = f"mamba-ssm takes a d_state of at most 256, not {int(state)}: training takes the slow path"
        yield say("P014", step, "model.d_state", message, "write d_state: 128 or less", severity="warning")
    head = number(step, "model.head_dim") or min(64, inner)
    if at(step.raw, "model.family") == "mamba2" and head and inner % head == 0 and inner // head % 8:
        message = f"causal-conv1d takes heads by 8, d_model x expand / head_dim is {int(inner // head)}: training takes the slow path"
        yield say("P014", step, "model", message, "write a head_dim that gives 8, 16, 24, … heads", severity="warning", on="key")
    if inner % 8:
        message = f"causal-conv1d takes channels by 8, d_model x expand is {int(inner)}: training takes the slow path"
        yield say("P014", step, "model.d_model", message, "write a d_model that is a multiple of 8", severity="warning")
