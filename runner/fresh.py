"""The quick way out of `recipe run`: nothing changed since the same command last ended well. Stats and digests only.

Imported before anything else, so it may import nothing slow: no pydantic, ruamel, rich, click, filelock, importlib.metadata.
What a run looked at is remembered, by its own command line, in .recipe/fresh/: recipe files, sources and the folders that were
listed to find them, the store's objects and keys, what the run's folder shows of them, our own code, the installed packages,
the variables that matter. If all is as it was, so is the result; if in doubt, the long way decides.
"""

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from runner.statcache import Entry, digest_file, listing_of, settled, stamp_of, write_atomic
from runner.statcache import boot as boot_id

if TYPE_CHECKING:
    from runner.statcache import StatCache

FORMAT = 1
VARIABLES = ("RECIPE_STORE", "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")  # their values change what a recipe means here
_GPUS = "/proc/driver/nvidia/gpus"


class Command(NamedTuple):
    """A plain `recipe run`. identity: what tells it from another one."""

    file: str
    identity: list[Any]
    quiet: bool
    as_json: bool


def command_of(arguments: list[str]) -> Command | None:
    """The command line of `recipe run` if it is a plain one, else None: --force and the like always go the long way."""
    values: dict[str, list[str]] = {"--set": [], "--target": []}
    flags = {"--smoke": False, "--quiet": False, "--json": False}
    files: list[str] = []
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in flags or word == "-q":
            flags["--quiet" if word == "-q" else word] = True
        elif name in values:
            values[name].append(value if equals else next(rest, ""))
        elif word.startswith("-"):
            return None
        else:
            files.append(word)
    if len(files) != 1 or not os.path.isfile(files[0]):
        return None
    file = os.path.abspath(files[0])
    return Command(file, [file, values["--set"], values["--target"][-1:], flags["--smoke"]], flags["--quiet"], flags["--json"])


def unchanged(arguments: list[str]) -> str | None:
    """What to print when nothing changed since this command last ended well; None when the long way must be gone."""
    command = command_of(arguments)
    if command is None:
        return None
    found = _state_file(command)
    if found is None:
        return None
    try:
        with open(found, "rb") as file:
            state = json.loads(file.read())
        if state["format"] != FORMAT or state["command"] != command.identity or state["surroundings"] != _surroundings(state["secrets"]):
            return None
        same, renewed = _same(state)
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None  # damaged, or of another version: it only saves time
    if not same:
        return None
    if renewed:
        write_atomic(found, _text(state))
    return _said(command, state)


def _said(command: Command, state: dict[str, Any]) -> str:
    report = shortened(state["report"])
    if command.as_json:
        event = {"event": "unchanged", "run": state["run"], "folder": state["folder"], "report": report, "mended": []}
        return json.dumps(event, ensure_ascii=False)
    return report if command.quiet else f"nothing changed: {report}"


def shortened(path: str) -> str:
    """`path` from the current folder, if that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(path) else path


def _state_name(command: Command) -> str:
    return f".recipe/fresh/{crc32(json.dumps(command.identity).encode()):08x}.json"


def _state_file(command: Command) -> str | None:
    """The state of this command: in the recipe's project, which is the recipe's folder or one above."""
    name = _state_name(command)
    folder = os.path.dirname(command.file)
    while True:
        path = f"{folder}/{name}"
        if os.path.exists(path):
            return path
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _surroundings(secrets: list[str]) -> list[Any]:
    """The machine, the interpreter, where it looks for packages, and the variables that matter; of secrets only whether they are set."""
    try:
        gpus = sorted(os.listdir(_GPUS))
    except OSError:
        gpus = []
    values = [os.environ.get(name) for name in VARIABLES]
    return [boot_id(), sys.version, sys.prefix, sys.path[1:], values, [name in os.environ for name in secrets], gpus]


def _same(state: dict[str, Any]) -> tuple[bool, bool]:
    """Whether all is as it was, and whether the state learned newer stamps of files whose content is the same."""
    renewed = False
    stat = os.stat
    for root, rows in state["files"].items():
        for name, row in rows.items():
            path = root + name
            try:
                found = stat(path)
            except FileNotFoundError:
                if row[5]:
                    return False, False
                continue
            if not row[5]:
                return False, False
            stamp = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            if stamp == (row[0], row[1], row[2], row[3]) and settled(stamp, row[4]):
                continue
            at_ns = time.time_ns()
            if found.st_size != row[0] or digest_file(path, found.st_size) != row[5]:
                return False, False
            row[:5] = [*stamp, at_ns]
            renewed = True
    for path, row in state["folders"].items():
        try:
            stamp = stamp_of(stat(path))
        except OSError:
            stamp = (0, 0, 0, 0)
        if list(stamp) == row[:4] and settled(stamp, row[4]):
            continue
        at_ns = time.time_ns()
        if listing_of(path) != row[5]:
            return False, False
        row[:5] = [*stamp, at_ns]
        renewed = True
    return True, renewed


def _text(state: dict[str, Any]) -> str:
    return json.dumps(state, ensure_ascii=False, separators=(",", ":"))


def remember(project: str, command: Command, cache: "StatCache", record: dict[str, str], secrets: list[str], packages: list[str]) -> None:
    """Write down what the run that has just ended well looked at. record: its "run", "folder" and "report". packages: top-level modules
    of steps that other packages bring, whose sources matter as ours do."""
    sources = _sources({"runner", "schemas", "steps", *packages})
    for path in sources:
        cache.watch(path)
    files: dict[str, dict[str, list[Any]]] = {project: {}, "": {}}
    for path, entry in cache.used.items():
        root = project if path.startswith(project) else ""
        files[root][path[len(root) :]] = entry.row()
    folders = {path: _folder_row(path, listing) for path, listing in cache.listed.items()}
    folders.update({path: _folder_row(path, listing_of(path)) for path in sys.path[1:] if os.path.isdir(path)})
    state = {
        "format": FORMAT, "command": command.identity, "surroundings": _surroundings(secrets), "secrets": secrets, "files": files,
        "folders": folders, **record,
    }  # fmt: skip
    write_atomic(f"{project}/{_state_name(command)}", _text(state))


def _folder_row(path: str, listing: str) -> list[Any]:
    """Stamp, time, listing. The time is none when the folder was listed earlier than now: it is listed again once."""
    try:
        stamp = stamp_of(os.stat(path))
    except OSError:
        stamp = (0, 0, 0, 0)
    return [*stamp, 0, listing]


def _sources(packages: set[str]) -> list[str]:
    """Files of the loaded modules of these packages."""
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.partition(".")[0] in packages:
            found.append(file)
    return found


__all__ = ["Command", "Entry", "command_of", "remember", "shortened", "unchanged"]
