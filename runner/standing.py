"""Where a recipe stood after its last run: .recipe/last/<recipe>.json. Other recipes find its results there."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.statcache import write_atomic

if TYPE_CHECKING:
    from runner.meant import Meant

FORMAT = 1


def last_file(project: Path, recipe: str, smoke: bool = False) -> Path:
    """The file that tells where `recipe` stands; a smoke run has its own."""
    folder = project / ".recipe" / "last"
    return (folder / "smoke" if smoke else folder) / f"{recipe}.json"


@dataclass(slots=True)
class Standing:
    """run: id of the last run. status: how it ended. part: which part of the recipe it was, empty for the whole.

    steps: id to {"digest", "key", "kind", "last"} of the newest result of each step, also from runs before the last.
    """

    run: str = ""
    status: str = ""
    part: str = ""
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Standing":
        """What stands in `file`; nothing when it is absent or damaged: then all is compared with nothing."""
        try:
            data = json.loads(file.read_text("utf-8"))
            steps = {str(name): dict(row) for name, row in data["steps"].items() if {"digest", "key", "kind"} <= set(row)}
            return cls(data.get("run", ""), data.get("status", ""), data.get("part", ""), steps)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()

    def write(self, file: Path) -> None:
        """Write it down, in one motion."""
        data = {"format": FORMAT, "run": self.run, "status": self.status, "part": self.part, "steps": self.steps}
        write_atomic(str(file), json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n")

    @property
    def keys(self) -> dict[str, str]:
        """Step id to the key of its newest result."""
        return {name: row["key"] for name, row in self.steps.items()}

    @property
    def digests(self) -> dict[str, str]:
        """Step id to the digest of its newest result."""
        return {name: row["digest"] for name, row in self.steps.items()}


def stored(meant: "Meant", recipe: str, step: str) -> Path | None:
    """The folder in the store of a step's newest result, by the name of its recipe; None where it has none."""
    from runner.store import Store

    row = Standing.read(last_file(meant.project, recipe, meant.smoke)).steps.get(step)
    setting = meant.recipe.store if meant.recipe is not None else None
    return Store(meant.project, setting, meant.smoke).object(row["digest"]) if row is not None else None
