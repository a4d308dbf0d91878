"""Disk that a recipe is forecast to fill, by place: the store, and the run's folder, which shows what is in the store."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from runner.meant import Meant, StepMeant
from schemas.artifacts import LINKED_BYTES, CheckpointForecast

COPY = "copy in the run"
TRANSIENT = "saves"  # gone when the step is done


class Needed(NamedTuple):
    """Bytes at the fullest moment of a run. On a file system that shares blocks the run's folder takes none."""

    store: int = 0
    runs: int = 0


class Place(NamedTuple):
    """One file system that a run writes to. folders: those of ours that lie on it."""

    folders: tuple[Path, ...]
    need: int
    free: int


def needed(steps: Iterable[StepMeant]) -> Needed:
    """What `steps` write, one after the other; of what is not known, nothing."""
    kept = most = runs = 0
    for step in steps:
        made = step.forecast
        size = (made.disk_bytes or 0) if made is not None else 0
        parts = made.disk_parts if isinstance(made, CheckpointForecast) else {}
        copy = parts.get(COPY, size if not parts and size <= LINKED_BYTES else 0)
        here = size - parts.get(COPY, 0)
        most = max(most, kept + here)
        kept += here - parts.get(TRANSIENT, 0)
        runs += copy
    return Needed(max(most, kept), runs)


def store_of(meant: Meant) -> Path:
    """The folder of the store, as it is named now."""
    setting = meant.recipe.store if meant.recipe is not None else None
    return meant.project / (os.environ.get("RECIPE_STORE") or setting or ".recipe/store")


def places(meant: Meant) -> Iterator[Place]:
    """The file systems that a run of `meant` fills. What the last run left in the store counts as done already."""
    import shutil

    by_device: dict[int, list[tuple[Path, int]]] = {}
    need = needed(step for step in meant.steps if step.id not in _there(meant))
    for folder, size in ((store_of(meant), need.store), (meant.project / "runs", need.runs)):
        there = next((p for p in (folder, *folder.parents) if p.exists()), None)
        if there is not None:
            by_device.setdefault(os.stat(there).st_dev, []).append((there, size))
    for each in by_device.values():
        free = shutil.disk_usage(each[0][0]).free
        yield Place(tuple(dict.fromkeys(folder for folder, _ in each)), sum(size for _, size in each), free)


def _there(meant: Meant) -> set[str]:
    """Steps whose newest result is in the store still."""
    from runner.standing import Standing, last_file

    if meant.recipe is None:
        return set()
    standing = Standing.read(last_file(meant.project, meant.recipe.recipe, meant.smoke))
    objects = store_of(meant) / ("smoke/objects" if meant.smoke else "objects")
    return {name for name, row in standing.steps.items() if row["digest"] and (objects / row["digest"]).is_dir()}
