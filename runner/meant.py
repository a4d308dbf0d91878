"""The recipe as meant: what resolve makes of the text, and what the rules, the graph and the executor read."""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from schemas.artifacts import Forecast
from schemas.base import StepParams
from schemas.findings import Finding, Place, RecipePath
from schemas.machine import Machine
from schemas.recipe import Recipe
from schemas.step import Step

VOUCHING = {"check_vocab_consistency": "tokenizer", "validate_checkpoint": "checkpoint"}  # types that give this input back unchanged
DELETED = re.compile("(?:^|(?<=, or ))delete the line")  # of the recipe; elsewhere a line of data is meant
OriginKind = Literal["written", "extended", "default", "derived", "planned", "fixed", "command line"]


@dataclass(frozen=True, slots=True)
class Link:
    """What one input is wired to: a step of this recipe, a step of another recipe (by way of the store), or a folder on disk."""

    step: str = ""
    recipe: str = ""  # with `step`: the last result of that recipe's step
    folder: Path | None = None

    @property
    def inside(self) -> bool:
        """True when it is a step of this recipe."""
        return bool(self.step) and not self.recipe and self.folder is None


@dataclass(slots=True)
class StepMeant:
    """One step, as meant.

    raw: its params as plain data after extends, vars and --set, defaults not filled in, wiring and `type`/`id` taken out.
    params: `raw` validated; None when that failed. inputs: input name to links, as wired or by default. after: ids of all steps
    that must come before it, the wiring's and, for a `last` step, every earlier one's.
    """

    id: str
    type: str
    step: Step | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    params: StepParams | None = None
    inputs: dict[str, list[Link]] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)
    forecast: Forecast | None = None


@dataclass(slots=True)
class Meant:
    """A whole recipe, as meant, with everything that was found wrong with it so far.

    data: the recipe as plain data (what `recipe show` prints and a run keeps). order: step ids, each after those it needs, ties in
    the order of the file. Paths of findings name a step by its id: ("steps", "base", "model", "vocab_size").
    """

    file: Path
    project: Path
    data: dict[str, Any]
    recipe: Recipe | None
    target: Machine
    steps: list[StepMeant]
    order: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    places: dict[RecipePath, tuple[Place, Place, Place]] = field(default_factory=dict)  # whole, key, value
    origins: dict[RecipePath, tuple[OriginKind, str]] = field(default_factory=dict)  # kind, detail (file:line, reason)
    fixed: list[Finding] = field(default_factory=list)  # mended in memory
    files: list[Path] = field(default_factory=list)  # the recipe and all that it extends
    smoke: bool = False

    def step(self, step_id: str) -> StepMeant:
        """The step of that id. Raises KeyError."""
        for candidate in self.steps:
            if candidate.id == step_id:
                return candidate
        raise KeyError(step_id)

    def readers(self, step: StepMeant) -> dict[str, dict[str, Any]]:
        """Types of the steps that read the result of `step`, also behind one that only vouches for it, with their params as written."""
        found: dict[str, dict[str, Any]] = {}
        made = {step.id}
        for other in (self.step(name) for name in self.order):
            taken = [name for name, links in other.inputs.items() if any(link.inside and link.step in made for link in links)]
            if taken:
                found[other.type] = other.raw
            if VOUCHING.get(other.type) in taken:
                made.add(other.id)
        return found

    def place(self, path: RecipePath, on: Literal["both", "key", "value"] = "both") -> Place | None:
        """Where `path` is written; a path that is not written is looked for at its nearest parent's key."""
        found = self.places.get(path)
        if found is not None:
            return found[("both", "key", "value").index(on)]
        while path:
            path = path[:-1]
            if path in self.places:
                return self.places[path][1]
        return None

    def placed(self, finding: Finding) -> Finding:
        """The finding at its place. Of a key that shares its line with the map it is in, the key is to be deleted and not the line."""
        own, parent = self.places.get(finding.path), self.places.get(finding.path[:-1])
        if own and parent and own[1].line == parent[0].line:
            finding = replace(finding, fix=DELETED.sub(f"delete {finding.path[-1]}", finding.fix))
        return finding.at(self.place(finding.path, finding.on) if finding.path else None)

    @property
    def errors(self) -> list[Finding]:
        """Findings that stop a run."""
        return [f for f in self.findings if f.severity == "error"]
