"""Work that was stopped under one cache key and may be asked for under another: what it belongs to, and which of it is like new."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from runner.statcache import write_atomic

ABOUT = "about.json"  # beside keep/ and side/ of a key
KEPT = "keep"  # what the step itself keeps there


class HalfDone(NamedTuple):
    """folder: of the key in the store. parts: of its key. when: of its last change, seconds since 1970."""

    folder: Path
    parts: dict[str, Any]
    when: float

    def differing(self, parts: dict[str, Any]) -> list[str]:
        """Names of the parts that are not the same here and there."""
        return sorted(name for name in {**self.parts, **parts} if self.parts.get(name) != parts.get(name))


def write_about(folder: Path, recipe: str, step_id: str, parts: dict[str, Any]) -> None:
    """Say beside kept work what it belongs to."""
    data = {"recipe": recipe, "id": step_id, "parts": parts}
    write_atomic(str(folder / ABOUT), json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str) + "\n")


def half_done(keeps: Path, recipe: str, step_id: str) -> list[HalfDone]:
    """Kept work of that step of that recipe below the store's `keeps`, the newest first; what cannot be read is left out."""
    found = []
    for file in keeps.glob(f"*/{ABOUT}"):
        try:
            data = json.loads(file.read_text("utf-8"))
            if (data["recipe"], data["id"]) == (recipe, step_id):
                found.append(HalfDone(file.parent, dict(data["parts"]), os.stat(file.parent / KEPT).st_mtime))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found, key=lambda one: one.when, reverse=True)


def prolonged(found: list[HalfDone], parts: dict[str, Any], names: tuple[str, ...]) -> list[Path]:
    """The kept folders of those whose keys differ from `parts` in nothing but the params `names`."""
    free = {f"param {name}" for name in names}
    return [one.folder / KEPT for one in found if free.issuperset(differing := one.differing(parts)) and differing]
