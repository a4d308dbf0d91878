"""The boundary of our own faults: the traceback is saved, its path is told, nothing is hidden and nobody reads a screen of frames."""

import sys
import tempfile
import traceback
from datetime import datetime
from pathlib import Path

CODE = "R900"  # the finding that says so


def save_bug(error: BaseException, project: Path | None = None) -> Path:
    """Write the traceback, the command line and the versions to .recipe/bugs/, or to the temporary folder if that cannot be."""
    lines = [
        f"recipe {_version()}, Python {sys.version.split()[0]}, {sys.platform}",
        f"command: {' '.join(sys.argv)}",
        "",
        *traceback.format_exception(error),
    ]
    name = f"{datetime.now():%Y%m%d-%H%M%S-%f}.txt"
    for folder in ((project or Path.cwd()) / ".recipe" / "bugs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / name
            path.write_text("\n".join(lines), "utf-8", errors="backslashreplace")
        except OSError:
            continue
        return path
    return Path(name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("recipe")
    except PackageNotFoundError:
        return "(not installed)"
