"""Cheap facts of the disk for forecasts and rules: which files there are, how large, how they begin. Never the network."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.globs import alternatives
from schemas.machine import Machine

if TYPE_CHECKING:
    from runner.factcache import FactCache

LARGEST_JSON = 64 * 1024 * 1024
Stamp = tuple[str, int, int]  # path, size, mtime_ns


class Facts:
    """ForecastContext made real. What is read is kept under the file's path, size and time, and read again when they change."""

    def __init__(self, project: Path, target: Machine, seed: int) -> None:
        self.seed = seed
        self._project = project
        self._target = target
        self._heads: dict[Stamp, bytes] = {}
        self._jsons: dict[Stamp, Any] = {}
        self._files: dict[str, list[Path]] = {}
        self._dear: FactCache | None = None

    @property
    def project(self) -> Path:
        """The folder that relative paths start from."""
        return self._project

    @property
    def target(self) -> Machine:
        """The machine that the recipe is meant for."""
        return self._target

    def files(self, pattern: str) -> list[Path]:
        """Files that a glob, relative to the project, matches, sorted; a folder stands for all files below it. Hidden ones are left out.

        Nothing is matched by no pattern.
        """
        if pattern not in self._files:
            self._files[pattern] = _matched(self._project, pattern) if pattern else []
        return self._files[pattern]

    def head(self, path: Path, size: int = 65536) -> bytes:
        """The first `size` bytes of a file; empty if it cannot be read."""
        stamp = self._stamp(path)
        if stamp is None:
            return b""
        kept = self._heads.get(stamp)
        if kept is None or (len(kept) < size and len(kept) < stamp[1]):
            try:
                with open(stamp[0], "rb") as file:
                    kept = file.read(size)
            except OSError:
                kept = b""
            self._heads[stamp] = kept
        return kept[:size]

    def size(self, path: Path) -> int:
        """Bytes of a file, 0 if absent."""
        stamp = self._stamp(path)
        return 0 if stamp is None else stamp[1]

    def json(self, path: Path) -> Any:
        """A JSON file of at most 64 MiB, or None when it is absent, larger or damaged."""
        stamp = self._stamp(path)
        if stamp is None or stamp[1] > LARGEST_JSON:
            return None
        if stamp not in self._jsons:
            try:
                self._jsons[stamp] = json.loads(self.head(path, stamp[1]))
            except (ValueError, RecursionError):
                self._jsons[stamp] = None
        return self._jsons[stamp]

    def data_set(self, name: str, revision: str | None) -> Path | None:
        """The folder of a hub data set: the project's own in the hub's layout, or what the local cache has of it."""
        from runner.hubcache import snapshot

        local = self._project / name
        return local if local.is_dir() else snapshot(name, revision, "datasets")

    def model_folder(self, name: str, revision: str | None) -> Path | None:
        """What the local cache has of a hub model."""
        from runner.hubcache import snapshot

        return snapshot(name, revision)

    def remembered(self, name: str, files: Sequence[Path], make: Callable[[], Any]) -> Any:
        """What `make` says of the content of `files`, as plain data; kept between checks under the project. See runner.factcache."""
        if self._dear is None:
            from runner.factcache import FactCache

            self._dear = FactCache(os.path.join(self._project, ".recipe", "facts"))
        return self._dear.get(name, [os.path.join(self._project, os.path.expanduser(file)) for file in files], make)

    def _stamp(self, path: Path) -> Stamp | None:
        full = os.path.join(self._project, os.path.expanduser(path))
        try:
            status = os.stat(full)
        except (OSError, ValueError):
            return None
        return full, status.st_size, status.st_mtime_ns


def _matched(project: Path, pattern: str) -> list[Path]:
    from glob import glob

    full = os.path.join(project, os.path.expanduser(pattern))
    try:
        starts = [full] if os.path.exists(full) else [start for each in alternatives(full) for start in glob(each, recursive=True)]
    except (OSError, ValueError):
        return []
    found: set[str] = set()
    for start in starts:
        if os.path.isfile(start):
            found.add(start)
            continue
        for folder, below, files in os.walk(start):
            below[:] = [name for name in below if not name.startswith(".")]
            found.update(os.path.join(folder, name) for name in files if not name.startswith("."))
    return [Path(name) for name in sorted(found)]
