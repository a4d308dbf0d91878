"""Judgements across steps, one family a file: each rule is a function that looks at the recipe as meant and says what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from runner.meant import Link, Meant, StepMeant
from schemas.artifacts import Forecast
from schemas.context import ForecastContext
from schemas.findings import Edit, Finding, RecipePath, RulePage, Severity

FAMILIES = ("links", "vocabulary", "data", "schedule", "memory", "precision", "adapters", "export", "hardware", "paths")
VOUCHES = ("check_vocab_consistency", "validate_checkpoint")  # types that hand on what they were given


@dataclass
class View:
    """What a rule sees: the recipe as meant, facts of disk and target, and the forecasts that reach each step.

    given: step id to input name to the forecast wired there, a list where the input takes several; as a step's own forecast gets it.
    """

    meant: Meant
    facts: ForecastContext
    given: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of_type(self, *types: str) -> Iterator[StepMeant]:
        """Steps of these types, in the order of the file."""
        return (step for step in self.meant.steps if step.type in types)

    def of_kind(self, kind: str) -> Iterator[StepMeant]:
        """Steps that make this kind of artifact."""
        return (step for step in self.meant.steps if step.step is not None and step.step.makes.kind() == kind)

    def reaches(self, step: StepMeant, name: str) -> Any:
        """The forecast at an input, or None."""
        return self.given.get(step.id, {}).get(name)

    def makers(self, step: StepMeant, name: str) -> list[StepMeant]:
        """The steps of this recipe that make what is wired to an input, seen through those that only vouch for it."""
        return [self._behind(self._by_id[link.step]) for link in step.inputs.get(name, []) if link.inside and link.step in self._by_id]

    def readers(self, step: StepMeant) -> list[StepMeant]:
        """The steps that take what `step` makes."""
        return [s for s in self.meant.steps for links in s.inputs.values() if any(k.inside and k.step == step.id for k in links)]

    def after(self, step: StepMeant) -> list[StepMeant]:
        """`step` and all steps that its result reaches, in the order of the file."""
        reached = {step.id}
        for step_id in self.meant.order:
            later = self._by_id.get(step_id)
            if later is not None and any(k.inside and k.step in reached for links in later.inputs.values() for k in links):
                reached.add(step_id)
        return [s for s in self.meant.steps if s.id in reached]

    def _behind(self, step: StepMeant) -> StepMeant:
        for _ in self.meant.steps:
            name = {"check_vocab_consistency": "tokenizer", "validate_checkpoint": "checkpoint"}.get(step.type, "")
            links: list[Link] = step.inputs.get(name, []) if name else []
            if len(links) != 1 or not links[0].inside or links[0].step not in self._by_id:
                return step
            step = self._by_id[links[0].step]
        return step

    @cached_property
    def _by_id(self) -> dict[str, StepMeant]:
        return {step.id: step for step in self.meant.steps}


Judge = Callable[[View], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """A judgement with the pages of the codes that only it raises (the page of a step's own code stands in the step)."""

    judge: Judge
    pages: tuple[RulePage, ...]


RULES: list[Rule] = []


def rule(*pages: RulePage) -> Callable[[Judge], Judge]:
    """Decorator: the function is asked at every check."""

    def register(function: Judge) -> Judge:
        RULES.append(Rule(function, pages))
        return function

    return register


def every() -> list[Rule]:
    """All rules, the families in the order of FAMILIES."""
    from importlib import import_module

    for family in FAMILIES:
        import_module(f"runner.rules.{family}")
    return RULES


def say(
    code: str,
    step: StepMeant,
    where: str,
    message: str,
    fix: str = "",
    *,
    severity: Severity = "error",
    edits: tuple[Edit, ...] = (),
    on: Literal["both", "key", "value"] = "both",
) -> Finding:
    """A finding about the param `where` (dotted) of `step`; about the step itself when `where` is empty."""
    return Finding(code, severity, message, path(step, where), fix, edits, on)


def path(step: StepMeant, where: str) -> RecipePath:
    """The path of a step's dotted param in the recipe as meant."""
    return ("steps", step.id, *(int(part) if part.isdigit() else part for part in where.split(".") if part))


def at(data: Any, where: str) -> Any:
    """The value at a dotted path of plain data, None when something on the way is missing."""
    for part in where.split("."):
        data = data.get(part) if isinstance(data, dict) else None
    return data


def number(step: StepMeant, where: str) -> float | None:
    """A number written in the step's params, None when there is none (a truth value is none)."""
    value = at(step.raw, where)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def param(step: StepMeant, name: str) -> Any:
    """A param as validated, its default included; None where the params did not validate."""
    return getattr(step.params, name, None)


def forecast_of(step: StepMeant) -> Forecast | None:
    """What the step is expected to make."""
    return step.forecast
