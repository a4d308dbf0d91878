"""What every typed piece of a recipe is built on: strict frozen models and the field markers that the runner reads."""

import os
import re
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A frozen model that refuses unknown keys and never guesses a type (`"512"` is not a number)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, protected_namespaces=(), defer_build=True)


class StepParams(Strict):
    """Base of a step's params: what stands flat beside `type` in the recipe."""


class _NotInKey:
    """Marks a field that cannot change the bytes of the result, such as a worker count."""


class _Secret:
    """Marks a field whose value is a secret: only set or unset enters a key, nothing enters a log."""


NotInKey = _NotInKey()  # Annotated[int, NotInKey]
SecretMark = _Secret()
Secret = Annotated[str, SecretMark]  # the one kind of field in which ${env:NAME} may stand

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(gt=0)]


def marked(model: type[BaseModel], mark: object) -> set[str]:
    """Names of the fields of `model` that carry `mark` in their annotation."""
    return {name for name, field in model.model_fields.items() if any(meta is mark for meta in field.metadata)}


def plain(value: Any) -> Any:
    """`value` with every model in it turned into dicts and lists of plain values, fields unset left at their defaults."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    return value


def reveal(value: str | None) -> str | None:
    """The secret that `value` names (`${env:NAME}`), or None when the variable is not set. A plain value is returned as it is."""
    match = re.fullmatch(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", value or "")
    return os.environ.get(match[1]) if match else value


@cache
def version_of(distribution: str) -> str:
    """The installed version of a library, or "absent"."""
    from importlib.metadata import PackageNotFoundError, version  # slow

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "absent"
