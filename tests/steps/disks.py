"""Real disks for tests: one of a few bytes, and one that nobody may write to. Where nothing may be mounted, the test is skipped."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SKIPPED = "no disk can be mounted here: run as root, or where mount is allowed"


def _mount(*words: str) -> None:
    if not sys.platform.startswith("linux") or subprocess.run(["mount", *words], capture_output=True, check=False).returncode:
        pytest.skip(SKIPPED)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes at `folder`. Whoever wants it larger calls `grow`."""
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def grow(folder: Path, size: int) -> None:
    """Give the disk at `folder` so many bytes."""
    _mount("-o", f"remount,size={size}", str(folder))


def close(folder: Path) -> None:
    """Let nobody write to the disk at `folder` any more."""
    _mount("-o", "remount,ro", str(folder))
