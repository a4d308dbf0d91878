"""Disk that a recipe is forecast to fill, by place: the store, the run's folder, which shows what is in the store, and the hub's cache."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from runner.meant import Meant, StepMeant
from runner.surroundings import free_bytes, store_root
from schemas.artifacts import LINKED_BYTES, CheckpointForecast

COPY = "copy in the run"
TRANSIENT = "saves"  # gone when the step is done
INDEX = "model.safetensors.index.json"


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


def downloads(meant: Meant) -> dict[str, int]:
    """Base models that a run will fetch from the hub, each with the bytes of its weights that the cache lacks; those of known size.

    Data sets are streamed: what is kept of them is the corpus, which is counted where it is written.
    """
    found: dict[str, int] = {}
    for step in meant.steps:
        base = (step.raw.get("model") or {}).get("base") if isinstance(step.raw.get("model"), dict) else None
        name, revision = (base.get("hub"), base.get("revision")) if isinstance(base, dict) else (None, None)
        if isinstance(name, str) and name and name not in found:
            size = _to_fetch(name, revision if isinstance(revision, str) else None)
            found |= {name: size} if size else {}
    return found


def _to_fetch(name: str, revision: str | None) -> int:
    """By the index of the weights' files, else by the sizes in config.json, else by those that are known of the model's name."""
    from runner.hubcache import snapshot
    from steps.sizing.counting import parameters_of
    from steps.sizing.known import config_of

    folder = snapshot(name, revision)
    stored = sum(file.stat().st_size for file in folder.glob("*.safetensors")) if folder is not None else 0
    index, config = (_json(folder / INDEX), _json(folder / "config.json")) if folder is not None else ({}, {})
    total = (index.get("metadata") or {}).get("total_size")
    if isinstance(total, int | float):
        return max(0, int(total) - stored)
    config = config or config_of(name) or {}
    count = None if stored or "quantization_config" in config else parameters_of(config)
    width = 4 if str(config.get("dtype") or config.get("torch_dtype")).endswith("float32") else 2
    return (count or 0) * width


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def store_of(meant: Meant) -> Path:
    """The folder of the store, as it is named now."""
    return store_root(meant.project, meant.recipe.store if meant.recipe is not None else None)


def places(meant: Meant) -> Iterator[Place]:
    """The file systems that a run of `meant` fills. What the last run left in the store counts as done already."""
    from runner.hubcache import cache_folder

    by_device: dict[int, list[tuple[Path, int]]] = {}
    need, fetched = needed(step for step in meant.steps if step.id not in _there(meant)), sum(downloads(meant).values())
    for folder, size in ((store_of(meant), need.store), (meant.project / "runs", need.runs), (cache_folder(), fetched)):
        if folder == cache_folder() and not size:
            continue
        there = next((p for p in (folder, *folder.parents) if p.exists()), None)
        if there is not None:
            by_device.setdefault(os.stat(there).st_dev, []).append((there, size))
    for each in by_device.values():
        free = free_bytes(each[0][0])
        yield Place(tuple(dict.fromkeys(folder for folder, _ in each)), sum(size for _, size in each), free)


def _there(meant: Meant) -> set[str]:
    """Steps whose newest result is in the store still."""
    if meant.recipe is None or not (meant.project / ".recipe" / "last").is_dir():
        return set()
    from runner.standing import Standing, last_file

    standing = Standing.read(last_file(meant.project, meant.recipe.recipe, meant.smoke))
    objects = store_of(meant) / ("smoke/objects" if meant.smoke else "objects")
    return {name for name, row in standing.steps.items() if row["digest"] and (objects / row["digest"]).is_dir()}
