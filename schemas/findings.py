"""What `recipe check` says and how a step fails: places in the recipe's text, findings, edits and RecipeError."""

from dataclasses import dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
RecipePath = tuple[str | int, ...]  # ("steps", "train", "model", "vocab_size"); a step stands by its id


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a recipe's text. Lines and columns count from 1; `start` and `end` are character offsets from 0."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of the recipe that mends a finding, named by the path in the recipe as meant.

    set: the value at `path` becomes `value` (a missing key is added to its parent).
    rename: the key at `path` becomes `key`, and its value `value` if one is given.
    delete: key and value at `path` go.
    """

    action: Literal["set", "rename", "delete"]
    path: RecipePath
    value: Any = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth knowing.

    code: letter and three digits, with a page for `recipe explain`. path: where in the recipe as meant.
    on: which part is underlined, the key with its value (`both`), `key` or `value`.
    fix: what to type, in words. edits: the same as changes that are safe to make without asking; empty when none is.
    """

    code: str
    severity: Severity
    message: str
    path: RecipePath = ()
    fix: str = ""
    edits: tuple[Edit, ...] = ()
    on: Literal["both", "key", "value"] = "both"
    place: Place | None = None

    def at(self, place: Place | None) -> "Finding":
        """The same finding at `place`, unless it has one already."""
        return self if self.place is not None else replace(self, place=place)


class RecipeError(Exception):
    """A mistake of the user's, with its remedy. A step names the `field`; the executor adds the place.

    field: a dotted path inside the step's params (`model.vocab_size`), or empty for the step itself.
    """

    def __init__(self, code: str, message: str, *, field: str = "", fix: str = "", place: Place | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.fix = fix
        self.place = place

    def at(self, place: Place | None) -> "RecipeError":
        """The same error at `place`, unless it has one already."""
        if self.place is None:
            self.place = place
        return self

    def finding(self, path: RecipePath = ()) -> Finding:
        """The error as a finding about `path`, the field appended."""
        parts: tuple[str | int, ...] = tuple(int(p) if p.isdigit() else p for p in self.field.split(".") if p)
        return Finding(self.code, "error", self.message, path + parts, self.fix, place=self.place)

    def __reduce__(self) -> Any:
        return (_rebuild, (self.code, self.message, self.field, self.fix, self.place))


def _rebuild(code: str, message: str, field: str, fix: str, place: Place | None) -> RecipeError:
    return RecipeError(code, message, field=field, fix=fix, place=place)


@dataclass(frozen=True, slots=True)
class RulePage:
    """What `recipe explain CODE` prints: one sentence, the reason, a wrong and a right recipe, the source.

    source: the issue (owner/repository#number) or document in which the mistake was seen. needs: the facts that the rule reads.
    """

    code: str
    title: str
    why: str
    wrong: str = ""
    right: str = ""
    source: str = ""
    severity: Severity = "error"
    needs: str = "the recipe"
