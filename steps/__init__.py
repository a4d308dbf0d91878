"""The registry: a step's type is its file's name here, or the name of an entry point in the group `recipe.steps`."""

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from schemas.step import Step, step

__all__ = ["find", "names", "step"]

GROUP = "recipe.steps"
if not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}:
    # torch's threads wait for each other 300,000 turns of a loop; beside another program's work nearly all of a training went into that
    # (seen: 17 times its CPU seconds). libgomp reads this once, when torch loads, which any step may do by way of a library.
    os.environ["GOMP_SPINCOUNT"] = "1000"


@cache
def builtin() -> tuple[str, ...]:
    """Types that ship with recipe, sorted."""
    return tuple(sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem != "__init__"))


@cache
def outside() -> dict[str, Any]:
    """Types that other installed packages bring: name to entry point."""
    from importlib.metadata import entry_points  # slow: only when a type is not one of ours

    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> list[str]:
    """All types, ours first."""
    return [*builtin(), *sorted(set(outside()) - set(builtin()))]


@cache
def find(type_name: str) -> Step | None:
    """The step of that type, its file imported, or None when there is none.

    Raises TypeError when the file or the entry point does not hold a step.
    """
    if type_name in builtin():
        found: Any = getattr(import_module(f"steps.{type_name}"), type_name)
    elif type_name in outside():
        found = outside()[type_name].load()
    else:
        return None
    if not isinstance(found, Step):
        raise TypeError(f"{type_name} is registered but is no step: decorate the function with @step")
    return found
