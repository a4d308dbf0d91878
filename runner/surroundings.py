"""What a check looks at beside the recipe: variables, libraries and free disk of this machine, or of one that stands in for it."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Surroundings:
    """A machine as a check sees it. absent: libraries that are not installed; all others are. free: bytes of its one disk."""

    variables: Mapping[str, str]
    absent: frozenset[str] = frozenset()
    free: int = 1 << 40


_stands_in: list[Surroundings] = []


@contextmanager
def standing_in(other: Surroundings) -> Iterator[None]:
    """Let `other` be seen in place of this machine."""
    _stands_in.append(other)
    try:
        yield
    finally:
        _stands_in.pop()


def variables() -> Mapping[str, str]:
    """The environment's variables."""
    return _stands_in[-1].variables if _stands_in else os.environ


def store_root(project: Path, setting: str | None) -> Path:
    """The folder of the store: as the environment names it, else as the recipe does, else in the project."""
    return project / (variables().get("RECIPE_STORE") or setting or ".recipe/store")


def is_installed(library: str) -> bool:
    """Whether it can be imported; it is not."""
    return library not in _stands_in[-1].absent if _stands_in else find_spec(library) is not None


def free_bytes(folder: Path) -> int:
    """What is free on the file system of a folder that is there."""
    return _stands_in[-1].free if _stands_in else shutil.disk_usage(folder).free
