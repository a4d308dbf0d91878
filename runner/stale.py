"""Work that was stopped half-way and lies in the store: what it belongs to, and whether a recipe here would go on from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runner.halfdone import KEPT, HalfDone, all_half_done
from runner.judge import judge
from runner.meant import Meant, StepMeant
from runner.resolve import mean, project_of
from runner.rules.resume import rates_agree
from runner.rules.schedule import planned_steps
from runner.rules.stopped import changed, same_so_far
from runner.rundir import find_runs
from runner.standing import Standing, last_file
from runner.store import Store, remove

SUFFIXES = ("yaml", "yml")


class AtWork(Exception):
    """Another process has it in hand."""


@dataclass(frozen=True)
class Left:
    """One that was stopped. steps: done, of a training. size: bytes. stale: no recipe here goes on from it. why: in words."""

    half: HalfDone
    store: Store
    steps: int
    size: int
    stale: bool
    why: str

    def clear(self) -> bool:
        """Remove it. False when a run has taken it in hand meanwhile."""
        try:
            with self.store.lock(self.half.folder.name, _busy):
                remove(self.half.folder)
        except AtWork:
            return False
        return True


def left_behind(project: Path) -> list[Left]:
    """All work that was stopped in the stores of the project's recipes, the newest first."""
    recipes = [meant for file in _files(project) if (meant := mean(file)).recipe is not None]
    for meant in recipes:
        judge(meant)
    settings = {None, *(meant.recipe.store for meant in recipes if meant.recipe is not None)}
    stores = {Store(project, setting).root.absolute(): setting for setting in settings}  # two settings may name one folder
    found = []
    for setting in stores.values():
        for smoke in (False, True):
            store = Store(project, setting, smoke)
            found += [_judged(half, store, recipes, smoke) for half in all_half_done(store.root / KEPT)]
    return sorted(found, key=lambda one: one.half.when, reverse=True)


def _files(project: Path) -> Iterator[Path]:
    """Recipes of the project: in recipes/, beside it, and those that its runs were made of."""
    near = [path for suffix in SUFFIXES for path in (*project.glob(f"recipes/**/*.{suffix}"), *project.glob(f"*.{suffix}"))]
    ran = {name for folder in find_runs(project) if (name := _file(folder))}
    paths = {path.resolve(): path for path in [*near, *(project / name for name in ran)] if path.is_file()}
    yield from (path for path in paths.values() if project_of(path) == project.absolute())


def _file(run: Path) -> str:
    try:
        return str(json.loads((run / "metadata.json").read_text("utf-8")).get("file", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def _judged(half: HalfDone, store: Store, recipes: list[Meant], smoke: bool) -> Left:
    size = sum(path.stat().st_size for path in half.folder.rglob("*") if path.is_file())
    its = [meant for meant in recipes if meant.recipe is not None and meant.recipe.recipe == half.recipe]
    stale, why = (True, "of a smoke run") if smoke else _verdict(half, store, its)
    try:
        with store.lock(half.folder.name, _busy):
            pass
    except AtWork:
        stale, why = False, "a run has it in hand"
    except OSError as error:
        stale, why = False, f"the store cannot be written: {error.strerror}"
    return Left(half, store, half.steps, size, stale, why)


def _busy() -> None:
    raise AtWork


def _verdict(half: HalfDone, store: Store, recipes: list[Meant]) -> tuple[bool, str]:
    """Whether it is stale by all recipes of its name, and the last of their words; one that goes on from it is enough to keep it."""
    stale, why = True, f"no recipe here is called {half.recipe}"
    for meant in recipes:
        step = next((step for step in meant.steps if step.id == half.step_id), None)
        stale, why = (True, "the recipe has no such step now") if step is None else _by_step(half, store, meant, step)
        if not stale:
            break
    return stale, why


def _by_step(half: HalfDone, store: Store, meant: Meant, step: StepMeant) -> tuple[bool, str]:
    if step.params is None or step.step is None:
        return False, "the recipe has mistakes in that step"
    names, lengths = changed(step, half.parts), step.step.prolonged_by
    if not same_so_far(half.parts, names, lengths):
        other = [name for name in names if name not in lengths] or ["on_spike"]
        return True, f"{', '.join(other[:3])} changed" + (f" and {len(other) - 3} more" if len(other) > 3 else "")
    row = Standing.read(last_file(meant.project, half.recipe)).steps.get(step.id)
    entry = store.entry(row["key"]) if row is not None else None
    if entry is not None and not changed(step, entry.parts) and store.whole(entry.digest):
        return True, "the step is done"
    steps, was = planned_steps(step)[0], half.parts.get("param max_steps")
    if names and step.type == "train" and steps is not None:
        if half.steps >= steps:
            return True, f"the training ends at {steps:,} now"
        if isinstance(was, int) and not rates_agree(step, was, half.steps):
            return True, "the rates of its steps are others now"
    return False, "recipe run goes on from it"
