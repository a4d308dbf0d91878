"""Sees which folders and files a step's `reads` looks at, so that the next run knows when a new file would match a glob."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.statcache import StatCache

_watchers: list["Lookout"] = []
_hooked: list[bool] = []


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if not _watchers:
        return
    if event in ("os.scandir", "os.listdir"):
        _watchers[-1].folders.add(_absolute(args[0] or "."))
    elif event == "open" and isinstance(args[0], str | bytes | os.PathLike) and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        _watchers[-1].files.add(_absolute(args[0]))


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path)) if not isinstance(path, int) else ""


class Lookout:
    """Collects what is looked at while `watching`, by Python's audit events (a hook cannot be removed: one serves all)."""

    def __init__(self, cache: StatCache) -> None:
        self.cache = cache
        self.folders: set[str] = set()
        self.files: set[str] = set()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, every folder that is listed and every file that is opened is noted, in the cache's use."""
        if not _hooked:
            sys.addaudithook(_hear)
            _hooked.append(True)
        self.folders.clear()
        self.files.clear()
        _watchers.append(self)
        try:
            yield
        finally:
            _watchers.pop()
        for folder in self.folders - {""}:
            self.cache.list(folder)
        for file in self.files - {""}:
            if not file.endswith((".py", ".pyc")):  # a module that is loaded on the way
                self.cache.watch(file)

    def list(self, folder: Path) -> None:
        """Note a folder and all below it, without a step's doing."""
        for path, _, _ in os.walk(folder):
            self.cache.list(os.path.abspath(path))
