"""Eighty-nine more failures like those of public trackers, written before any rule was read, and 29 sound recipes that look like them.

`must` is what the screen has to say. A source without a number is known by its title or its manual only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cases import LM, SFT, Report


@dataclass(frozen=True)
class Blind(Report):
    """must: the cause and its place, in one sentence."""

    must: str = ""


def blind(
    recipe: str, family: str, source: str, title: str, must: str, changes: Mapping[str, str], at: str, says: str, **rest: Any
) -> Blind:
    """A case; its repair takes the changes back unless another one is given."""
    repair = rest.pop("repair", None)
    if repair is None:
        repair = {new: old for old, new in changes.items()}
    elif isinstance(repair, str):
        repair = {next(iter(changes.values())): repair}
    if "mended" not in rest and "files" in rest and rest.pop("mend", True):
        rest["mended"] = {}
    return Blind(family, title, recipe, changes=changes, source=source, at=at, says=says, repair=repair, must=must, **rest)


def lm(*given: Any, **rest: Any) -> Blind:
    """A mistake in the recipe that trains from nothing."""
    return blind(LM, *given, **rest)


def sft(*given: Any, **rest: Any) -> Blind:
    """A mistake in the recipe that tunes a base with chat rows."""
    return blind(SFT, *given, **rest)


def talk(*turns: tuple[str, Any]) -> dict[str, Any]:
    """A conversation as a row."""
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


def text(data: Any) -> str:
    """JSON that replaces a file instead of being merged into it."""
    return json.dumps(data, ensure_ascii=False)


BASE = "models/base"
STORIES = [
    {"title": f"Story {n}", "text": f"Number {n}. " + "A hen met a fox near the old well, and they spoke of rain. " * 8 + str(n * 7919)}
    for n in range(300)
]
HUB = "revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00"


def hub(name: str) -> dict[str, str]:
    """The base from the hub, pinned."""
    found = f"hub: {name}, {HUB}"
    return {"checkpoint: {path: models/base}": f"checkpoint: {{{found}}}", "{base: {path: models/base}}": f"{{base: {{{found}}}}}"}
