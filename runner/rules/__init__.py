"""Judgements across steps, one family a file: each rule is a function that looks at the recipe as meant and says what it finds."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal

from runner.meant import Link, Meant, StepMeant
from schemas.context import ForecastContext
from schemas.findings import Edit, Finding, RecipePath, RulePage, Severity

FAMILIES = ("links", "vocabulary", "data", "schedule", "memory", "precision", "adapters", "export", "hardware", "paths")
VOUCHES = ("check_vocab_consistency", "validate_checkpoint")  # types that hand on what they were given


class View:
    """What a rule sees: the recipe as meant, facts of disk and target, and the forecasts that reach each step.

    given: step id to input name to the forecast wired there, a list where the input takes several; as a step's own forecast gets it.
    """

    def __init__(self, meant: Meant, facts: ForecastContext) -> None:
        self.meant = meant
        self.facts = facts
        self.given: dict[str, dict[str, Any]] = {}

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
        return [self._behind(self.by_id[link.step]) for link in step.inputs.get(name, []) if link.inside and link.step in self.by_id]

    def is_read(self, step: StepMeant) -> bool:
        """True when a step of this recipe takes what `step` makes."""
        return step.id in self._read

    def _behind(self, step: StepMeant) -> StepMeant:
        for _ in range(len(self.meant.steps)):
            name = {"check_vocab_consistency": "tokenizer", "validate_checkpoint": "checkpoint"}.get(step.type, "")
            links: list[Link] = step.inputs.get(name, []) if name else []
            if len(links) != 1 or not links[0].inside or links[0].step not in self.by_id:
                return step
            step = self.by_id[links[0].step]
        return step

    @cached_property
    def by_id(self) -> dict[str, StepMeant]:
        """Each step by its id."""
        return {step.id: step for step in self.meant.steps}

    @cached_property
    def _read(self) -> set[str]:
        return {k.step for s in self.meant.steps for links in s.inputs.values() for k in links if k.inside}


Judge = Callable[[View], Iterator[Finding]]


class Rule:
    """A judgement with the pages of the codes that only it raises (the page of a step's own code stands in the step)."""

    def __init__(self, judge: Judge, pages: tuple[RulePage, ...]) -> None:
        self.judge = judge
        self.pages = pages


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
