"""Work that was done under one cache key and may be asked for under another: what it belongs to, and which of it is like new."""

import json
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from runner.statcache import write_atomic
from runner.store import Store
from schemas.context import Earlier
from schemas.training import COUNTED

ABOUT = "about.json"  # beside keep/ and side/ of a key
KEPT = "keep"  # what the step itself keeps there
SIDE = "side"  # its logs and statistics


class HalfDone(NamedTuple):
    """folder: of the key in the store. recipe, step_id: what it belongs to. parts: of its key. when: of its last change, in
    seconds since 1970."""

    folder: Path
    recipe: str
    step_id: str
    parts: dict[str, Any]
    when: float

    @property
    def steps(self) -> int:
        """The step of its newest save, 0 where it is no training or has none."""
        names = (re.fullmatch(r"state-(\d{8})\.pt", path.name) for path in (self.folder / KEPT).glob("state-*.pt"))
        return max((int(name[1]) for name in names if name), default=0)


def write_about(folder: Path, recipe: str, step_id: str, parts: dict[str, Any]) -> None:
    """Say beside kept work what it belongs to."""
    data = {"recipe": recipe, "id": step_id, "parts": parts}
    write_atomic(str(folder / ABOUT), json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str) + "\n")


def all_half_done(keeps: Path) -> list[HalfDone]:
    """Kept work below the store's `keeps`, the newest first; what cannot be read is left out."""
    found = []
    for file in keeps.glob(f"*/{ABOUT}"):
        try:
            data = json.loads(file.read_text("utf-8"))
            when = os.stat(file.parent / KEPT).st_mtime
            found.append(HalfDone(file.parent, str(data["recipe"]), str(data["id"]), dict(data["parts"]), when))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: one.when, reverse=True)


def half_done(keeps: Path, recipe: str, step_id: str) -> list[HalfDone]:
    """Kept work of that step of that recipe, the newest first."""
    return [one for one in all_half_done(keeps) if (one.recipe, one.step_id) == (recipe, step_id)]


def earlier_work(store: Store, recipe: str, step_id: str, last: str, parts: dict[str, Any], names: tuple[str, ...]) -> list[Earlier]:
    """Work of that step of that recipe whose key differs from `parts` in nothing but the params `names`: what was stopped, the newest
    first, then the result of its `last` key."""
    found = []
    if names:
        stopped = half_done(store.root / KEPT, recipe, step_id)
        found = [Earlier(one.folder / KEPT, one.folder / SIDE) for one in stopped if _only(names, one.parts, parts)]
        entry = store.entry(last)
        if entry is not None and _only(names, entry.parts, parts) and store.whole(entry.digest):
            found.append(Earlier(store.object(entry.digest), store.side(last), finished=True))
    return found


def _only(names: tuple[str, ...], there: dict[str, Any], here: dict[str, Any]) -> bool:
    """Whether two keys differ, and in nothing but the params `names`, and what follows from these."""
    differing = {name for name in {**there, **here} if there.get(name) != here.get(name)}
    return bool(differing) and differing <= {f"source {COUNTED}", *(f"param {name}" for name in names)}
