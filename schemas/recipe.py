"""The recipe file as a type. What stands in a step belongs to the step's own file; here is only what the runner reads."""

from typing import Any, Literal

from pydantic import Field

from schemas.base import Strict
from schemas.training import TrackerName, Tracking


class Target(Strict):
    """A target in long form: a known card, how many of it, or other memory."""

    gpu: str
    count: int = Field(default=1, gt=0)
    memory_gb: float | None = Field(default=None, gt=0)


class Recipe(Strict):
    """Everything but the steps' own params.

    format: of the file, 1. recipe: its name. target: a known machine, `here`, or the long form. vars: values for ${name}.
    tracking: trackers of every train step that names none itself.
    store: folder of the artifacts, `.recipe/store` under the project when left out.
    """

    format: Literal[1] = 1
    recipe: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    about: str = ""
    extends: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**32)
    target: str | Target = "here"
    vars: dict[str, Any] = Field(default_factory=dict)
    tracking: TrackerName | list[TrackerName] | Tracking | None = None
    store: str | None = None
    steps: list[dict[str, Any]] = Field(min_length=1)


SHARED = ("tracking",)  # keys that hold for every step that has a param of that name and does not write it
RESERVED = ("type", "id", "after", "before", "drop", "replace")  # keys of a step that are no params
