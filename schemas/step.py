"""The step contract: what `@step` reads off a function, and what the runner may ask of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from schemas.artifacts import Artifact, Forecast
from schemas.base import StepParams
from schemas.findings import RecipeError, RulePage
from schemas.machine import Machine


class Again(NamedTuple):
    """What a step has to say of a reused result. changed: what stands beside it is other than before, so the report is made anew."""

    warnings: list[RecipeError]
    said: list[str]
    changed: bool


@dataclass(frozen=True, slots=True)
class Input:
    """One artifact that a step takes. `many`: a list of them. `optional`: wired by name, or by what the step's `needs` says."""

    name: str
    kind: type[Artifact]
    many: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Something outside the store that a step's result depends on.

    name: what enters the key beside the content (a path relative to the glob's root, never absolute).
    path: a file to digest; None when `identity` alone stands for the content (a hub data set at a commit).
    """

    name: str
    path: Path | None = None
    identity: str = ""


@dataclass
class Step:
    """A registered step type. Calling it calls the function."""

    name: str
    function: Callable[..., Artifact]
    params: type[StepParams]
    inputs: tuple[Input, ...]
    makes: type[Artifact]
    version: int
    libraries: tuple[str, ...] = ()
    last: bool = False
    looks_at: str = ""
    prolonged_by: tuple[str, ...] = ()
    forecast_function: Callable[..., Forecast] | None = None
    reads_function: Callable[[Any, Path], list[Read]] | None = None
    needs_function: Callable[[Any], dict[str, Any]] | None = None
    smoke_function: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    settle_function: Callable[[Any, Machine, Machine], StepParams] | None = None
    again_function: Callable[[Any, Path, str], Again | None] | None = None
    pages: tuple[RulePage, ...] = field(default=())

    def __call__(self, *args: Any, **kwargs: Any) -> Artifact:
        return self.function(*args, **kwargs)

    def forecast(self, function: Callable[..., Forecast]) -> Callable[..., Forecast]:
        """Decorator: `function(params, inputs, context)` says cheaply what the step will make.

        inputs: dict of input name to the Forecast of what is wired there (a list where the input is many; absent when not wired).
        context: a ForecastContext. It must not import anything heavy, never touches the network, and leaves None what it cannot know.
        """
        self.forecast_function = function
        return function

    def reads(self, function: Callable[[Any, Path], list[Read]]) -> Callable[[Any, Path], list[Read]]:
        """Decorator: `function(params, project)` lists files and hub sources whose content belongs in the key, sorted by name."""
        self.reads_function = function
        return function

    def needs(self, function: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
        """Decorator: `function(params)` says how optional inputs are wired when the recipe does not say.

        Returns input name to one of: "nearest" (required: the nearest earlier step that makes the kind), "auto" (nearest if there
        is one), a step id, or an outside reference ({"recipe": r, "step": s}). An input left out stays unwired.
        """
        self.needs_function = function
        return function

    def settle(self, function: Callable[[Any, Machine, Machine], StepParams]) -> Callable[[Any, Machine, Machine], StepParams]:
        """Decorator: `function(params, target, here)` resolves what `auto` means before the key is made."""
        self.settle_function = function
        return function

    def again(self, function: Callable[[Any, Path, str], Again | None]) -> Callable[[Any, Path, str], Again | None]:
        """Decorator: `function(params, side, name)` looks at a result that is reused with the eyes of today's params that are in no key.

        side: the folder of its logs and statistics, which it may bring up to date. name: of the run that made it and of the step. Returns
        None where nothing is to be said; raises RecipeError for what is not to be gone on from.
        """
        self.again_function = function
        return function

    def smoke(self, function: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Decorator: `function(params as written)` gives the params with which `--smoke` runs the step tiny."""
        self.smoke_function = function
        return function


def step(
    *,
    version: int,
    libraries: tuple[str, ...] = (),
    last: bool = False,
    looks_at: str = "",
    prolonged_by: tuple[str, ...] = (),
    pages: tuple[RulePage, ...] = (),
) -> Callable[[Callable[..., Artifact]], Step]:
    """Register a function as a step: params first, artifacts by name, the context last, one artifact back.

    version: raised when the same inputs should give different bytes. libraries: distributions whose version is byte-relevant.
    last: it sees the whole run, so it runs after every step before it, also when some failed (report).
    looks_at: a step type whose written params belong in this step's key; the runner puts them in the field `subject` (plan looks at train).
    prolonged_by: params that say no more than how long it goes on, and how it may end: what was done with others is offered as
    `context.earlier`, for the step to judge.
    pages: explanations of the codes that this step raises.
    """

    def register(function: Callable[..., Artifact]) -> Step:
        hints = dict(function.__annotations__)
        makes = hints.pop("return", None)
        names = list(hints)
        if len(names) < 2 or names[0] != "params" or names[-1] != "context" or not _is_artifact(makes):
            raise TypeError(f"{function.__name__}: a step is (params, artifacts..., context) -> artifact, all annotated")
        inputs = tuple(_input(name, hints[name]) for name in names[1:-1])
        return Step(
            function.__name__, function, hints["params"], inputs, makes, version, libraries, last, looks_at, prolonged_by, pages=pages
        )

    return register


def _input(name: str, hint: Any) -> Input:
    optional = False
    if get_origin(hint) in (Union, UnionType):
        hints = [a for a in get_args(hint) if a is not type(None)]
        optional, hint = True, hints[0]
    many = get_origin(hint) is list
    kind = get_args(hint)[0] if many else hint
    if not _is_artifact(kind):
        raise TypeError(f"input {name!r} must be an Artifact class, a list of one, or one | None")
    return Input(name, kind, many, optional)


def _is_artifact(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Artifact)
