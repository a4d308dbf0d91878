"""The folder of one run: its layout, what is copied into it, its record; and how runs are found again."""

import contextlib
import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from runner.disk import full_disk
from runner.statcache import StatCache, write_atomic
from runner.store import READ_ONLY, Store, remove
from schemas.artifacts import LINKED_BYTES
from schemas.findings import RecipeError
from schemas.records import RunRecord, StepRecord
from schemas.secrets import starred

FOLDERS = ("config", "logs", "plots", "reports", "adapters", "stats", "artifacts")
GATHERED = ("plots", "reports", "adapters", "stats", "tracking")  # what of a step's side files is shown in the run's own folders
PROGRESS = "progress.json"  # in logs/ while a step works: how far it is
SMALL_BYTES = 1 << 16
_FICLONE = 0x40049409  # ioctl of Linux: share the blocks of another file (btrfs, xfs, bcachefs)
_no_clone: set[int] = set()  # devices that cannot


class RunDir:
    """runs/<id>/ while it is being written."""

    def __init__(self, folder: Path, cache: StatCache) -> None:
        self.folder = folder
        self.cache = cache
        self._events: Any = None
        self._named: dict[str, str] = {}  # side file in the run's folders to the step it came from

    @classmethod
    def create(cls, project: Path, recipe: str, cache: StatCache) -> "RunDir":
        """A new folder runs/<timestamp>-<recipe>/. Raises RecipeError R001 when it cannot be made."""
        stem = f"{datetime.now():%Y%m%d-%H%M%S}-{recipe}"
        runs = project / "runs"
        try:
            for number in range(1, 1000):
                folder = runs / (stem if number == 1 else f"{stem}-{number}")
                with contextlib.suppress(FileExistsError):
                    folder.mkdir(parents=True)
                    break
            for name in FOLDERS:
                (folder / name).mkdir()
            (folder / "run.pid").write_text(str(os.getpid()))
        except OSError as error:
            if full := full_disk(error, runs, only_full=True):
                raise full from None
            fix = f"make {runs} writable, or copy the project to where you may write"
            raise RecipeError("R001", f"cannot write the run's folder {runs}: {error.strerror}", fix=fix) from None
        return cls(folder, cache)

    def event(self, name: str, step_id: str = "", **fields: Any) -> None:
        """Append a line to logs/events.jsonl."""
        if self._events is None:
            self._events = (self.folder / "logs" / "events.jsonl").open("a", encoding="utf-8", buffering=1)
        line = {"event": name, "id": step_id, "timestamp": now(), **fields}
        self._events.write(starred(json.dumps(line, ensure_ascii=False, default=str)) + "\n")

    def write_config(self, written: bytes, meant: Mapping[str, Any], hardware: Mapping[str, Any], pins: Mapping[str, str]) -> None:
        """config/: the recipe as written, as meant (runnable again), the machine, and what outside results were used."""
        config = self.folder / "config"
        (config / "recipe.yaml").write_bytes(written)
        write_json(config / "run_config.json", meant)
        write_json(config / "hardware_info.json", hardware)
        if pins:
            write_json(config / "outside.json", pins)

    def export(self, store: Store, step_id: str, digest: str) -> bool:
        """Show an object's files in artifacts/<step id>/, read-only; files already there and whole stay. True if anything was (re)made.

        Copies share blocks where the file system can (reflink). Never hard links: an edit there would damage the store.
        """
        target = f"{self.folder}/artifacts/{step_id}"
        source = store.object(digest)
        files = store.manifest(digest)
        there = os.path.isdir(target)
        folders: set[str] = set()
        made = False
        for name, wanted in files.items():
            path = f"{target}/{name}"
            if there and self._is(path, wanted):
                continue
            made = True
            folder = os.path.dirname(path)
            if folder not in folders:
                folders.add(folder)
                os.makedirs(folder, exist_ok=True)
            if there:
                Path(path).unlink(missing_ok=True)
            place(f"{source}/{name}", path)
            self.cache.known(path, wanted, soft=True)
        return (there and self._drop_strangers(Path(target), set(files))) or made

    def _is(self, path: str, wanted: str) -> bool:
        try:
            return self.cache.digest(path) == wanted
        except OSError:
            return False

    def _drop_strangers(self, target: Path, expected: set[str]) -> bool:
        found = [path for path in target.rglob("*") if not path.is_dir() and path.relative_to(target).as_posix() not in expected]
        for path in found:
            path.unlink(missing_ok=True)
        return bool(found)

    def gather(self, step_id: str, side: Path, *, logs: bool) -> None:
        """Copy a step's side files into the run's plots/, reports/, adapters/, stats/; its training logs too for one that was reused.

        What was gathered before and is no longer among them goes.
        """
        for name in [name for name, owner in self._named.items() if owner == step_id and not (side / name).exists()]:
            del self._named[name]
            (self.folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # one that is not empty
                for folder in Path(name).parents[:-2]:
                    (self.folder / folder).rmdir()
        for kind in GATHERED:
            for path in _files(side / kind):
                name = f"{kind}/{path.relative_to(side / kind).as_posix()}"
                if self._named.setdefault(name, step_id) != step_id:  # two steps, one name
                    first, _, last = name.rpartition("/")
                    name = f"{first}/{step_id}.{last}"
                target = self.folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                shutil.copyfile(path, target)
        for path in _files(side / "logs") if logs else ():
            with (self.folder / "logs" / path.name).open("ab") as out, path.open("rb") as lines:
                shutil.copyfileobj(lines, out)

    def show(self, kind: str, digest: str, store: Store) -> None:
        """Put a report's page into reports/ and a checkpoint's adapter into adapters/, where the guide says they are."""
        source = store.object(digest)
        if kind == "Page":
            self.mend_page(kind, digest, store)
        elif kind == "Checkpoint" and (source / "adapter").is_dir():
            for path in _files(source / "adapter"):
                target = self.folder / "adapters" / path.relative_to(source / "adapter")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.unlink(missing_ok=True)
                place(str(path), str(target))

    def mend_page(self, kind: str, digest: str, store: Store) -> bool:
        """Make reports/report.html what the report step wrote; True if it was not."""
        wanted = store.manifest(digest).get("report.html") if kind == "Page" else None
        if wanted is None:
            return False
        page = self.folder / "reports" / "report.html"
        if self._is(str(page), wanted):
            return False
        page.parent.mkdir(parents=True, exist_ok=True)
        page.unlink(missing_ok=True)
        place(f"{store.object(digest)}/report.html", str(page))
        self.cache.known(str(page), wanted, soft=True)
        return True

    def write(self, record: RunRecord) -> None:
        """metadata.json, in one motion; paths relative to the run, so that a project may be moved."""
        data = record.model_dump(mode="json", exclude={"folder", "steps"})
        lines = [f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False, default=str)}" for name, value in data.items()]
        steps = [json.dumps(_step_data(step, self.folder), ensure_ascii=False, default=str) for step in record.steps]
        lines.append(' "steps": [\n  ' + ",\n  ".join(steps) + "\n ]")
        write_atomic(str(self.folder / "metadata.json"), starred("{\n" + ",\n".join(lines) + "\n}\n"))

    def abandon(self) -> None:
        """Let go of what is open, on a disk that takes nothing more."""
        with contextlib.suppress(OSError):
            if self._events is not None:
                self._events.close()

    def finish(self, record: RunRecord) -> None:
        """The last record, the pointer runs/latest, nothing left open."""
        self.write(record)
        (self.folder / "logs" / PROGRESS).unlink(missing_ok=True)
        (self.folder / "run.pid").unlink(missing_ok=True)
        if self._events is not None:
            self._events.close()
            self._events = None
        point_latest(self.folder)

    def drop(self) -> None:
        """Delete the folder: nothing happened in this run."""
        remove(self.folder)


def _step_data(step: StepRecord, folder: Path) -> dict[str, Any]:
    data = step.model_dump(mode="json", exclude={"artifact", "side"})
    for name, path in (("artifact", step.artifact), ("side", step.side)):
        data[name] = None if path is None else os.path.relpath(path, folder)
    return data


def read_record(folder: Path) -> RunRecord | None:
    """The record of the run in `folder`, its paths absolute; None when there is none that can be read."""
    try:
        data = json.loads((folder / "metadata.json").read_text("utf-8"))
        for step in data["steps"]:
            for name in ("artifact", "side"):
                if step.get(name):
                    step[name] = os.path.normpath(folder / step[name])
        return RunRecord.model_validate({**data, "folder": folder})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find_runs(project: Path) -> list[Path]:
    """Folders of all runs, oldest first."""
    try:
        with os.scandir(project / "runs") as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def find_run(project: Path, name: str) -> Path:
    """The run called `name`: its id, the start of one that only it has, `latest`, or a path. Raises RecipeError R006."""
    for folder in (Path(name), project / "runs" / name):
        if (folder / "metadata.json").is_file():
            return folder.resolve()
    known = [path for path in find_runs(project) if path.name.startswith(name)]
    if len(known) == 1:
        return known[0]
    if known:
        raise RecipeError("R006", f"{name!r} is the start of {len(known)} runs", fix=f"write more of it: {known[0].name}, {known[1].name}")
    fix = "see `recipe list`, or write `latest`" if find_runs(project) and name != "latest" else "begin one: recipe run FILE"
    if not (project / "runs").is_dir() and not (project / "recipes").is_dir():
        fix = "go to the project's folder, or name it: --project FOLDER"
    raise RecipeError("R006", f"there is no run {name!r} in {project / 'runs'}", fix=fix)


def point_latest(folder: Path) -> None:
    """Make runs/latest point at `folder`: a link, or a file with the name where links cannot be."""
    latest = folder.parent / "latest"
    temporary = folder.parent / f".latest.{os.getpid()}"
    try:
        temporary.symlink_to(folder.name, target_is_directory=True)
        os.replace(temporary, latest)
    except OSError:
        write_atomic(str(latest), folder.name + "\n")


def place(source: str, target: str) -> None:
    """Make `target` a read-only file with the content of `source`: shared blocks, a copy, or for large files a link.

    Raises RecipeError R003 when the disk is full.
    """
    try:
        size = os.stat(source).st_size
        if size <= SMALL_BYTES:
            _copy_small(source, target)
        elif _clone(source, target):
            os.chmod(target, READ_ONLY)
        elif size <= LINKED_BYTES:
            shutil.copyfile(source, target)
            os.chmod(target, READ_ONLY)
        else:
            os.symlink(source, target)
    except OSError as error:
        raise full_disk(error, Path(target)) or error from None


def _copy_small(source: str, target: str) -> None:
    """In five system calls: a run of many small steps consists of this."""
    with open(source, "rb", buffering=0) as file:
        data = file.readall()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, READ_ONLY)
    try:
        written = os.write(descriptor, data)
    finally:
        os.close(descriptor)
    if written != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)


def _clone(source: str, target: str) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    device = os.stat(os.path.dirname(target)).st_dev
    if device in _no_clone:
        return False
    with open(source, "rb") as old, open(target, "wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
        except OSError:
            _no_clone.add(device)
        else:
            return True
    os.unlink(target)
    return False


def write_json(path: Path, data: Any) -> None:
    """Write `data` as readable JSON, in one motion."""
    write_atomic(str(path), json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n")


def _files(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()


def now() -> str:
    """The time, as it stands in records and logs: local, to the millisecond, with the offset."""
    return datetime.fromtimestamp(time.time()).astimezone().isoformat(timespec="milliseconds")


def packages() -> dict[str, str]:
    """Installed distributions and their versions, read off folder names: opening 100 metadata files would cost more than a step."""
    found: dict[str, str] = {}
    for folder in reversed(sys.path):
        for name in _names(folder):
            stem, _, suffix = name.rpartition(".")
            distribution, dash, version = stem.partition("-")
            if suffix in ("dist-info", "egg-info") and dash:
                found[distribution.lower().replace("_", "-")] = version.split("-")[0]
    return {"python": sys.version.split()[0], **dict(sorted(found.items()))}


def _names(folder: str) -> Iterator[str]:
    try:
        yield from os.listdir(folder or ".")
    except OSError:
        return


def git_commit(project: Path) -> str:
    """The commit that HEAD names, read from .git itself; empty outside a checkout."""
    for folder in (project, *project.parents):
        git = folder / ".git"
        if git.is_file():  # a worktree: `gitdir: PATH`
            git = folder / git.read_text().partition(":")[2].strip()
        if git.is_dir():
            return _head(git)
    return ""


def _head(git: Path) -> str:
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        common = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
        for base in (git, common):
            if (base / head[5:]).is_file():
                return (base / head[5:]).read_text().strip()
        for line in (common / "packed-refs").read_text().splitlines():
            if line.endswith(" " + head[5:]):
                return line.split()[0]
    except OSError:
        return ""
    return ""
