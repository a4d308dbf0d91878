"""The store: artifacts by content, and for each cache key the content it made. Every change is one atomic move.

    keys/<key>.json        the output digest, the parts of the key, where it was made
    objects/<digest>/      artifact/ (read-only files) and manifest.json (their digests; no times, no machine paths)
    side/<key>/            logs, statistics and pictures that are kept with the key
    keep/<key>/            keep/ and side/ of a step at work: they survive a kill
    work/<owner>-<n>/      half-written folders, never looked up
    locks/                 the kernel locks under which keys are made

A small file is not forced to the disk, which would cost more than many steps do; instead its digest is taken anew after
a restart of the machine. Larger ones are synced before they are moved.
"""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from runner.disk import full_disk
from runner.exclusion import alone
from runner.statcache import MAPPED_BYTES, StatCache, digest_bytes, write_atomic
from runner.surroundings import store_root
from schemas.findings import RecipeError

FORMAT = 1
SYNCED_BYTES = MAPPED_BYTES
READ_ONLY = 0o444
_numbers = count()


@dataclass(frozen=True, slots=True)
class Entry:
    """What a key made. made: provenance (run, recipe, step id, time, seconds). vouched: the output is one of its inputs."""

    key: str
    digest: str
    kind: str
    parts: dict[str, Any] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)
    vouched: bool = False


class Store:
    """One folder of artifacts. `damaged`: what was found wrong and put aside, in words, since it was last asked for."""

    def __init__(self, project: Path, setting: str | None = None, smoke: bool = False, cache: StatCache | None = None) -> None:
        self.root = store_root(project, setting)
        if smoke:
            self.root = self.root / "smoke"
        self.cache = cache or StatCache(str(project / ".recipe" / "stat.json"))
        self.damaged: list[str] = []
        self._checked: dict[str, dict[str, str]] = {}  # objects found whole in this run, with their manifests

    def open(self) -> "Store":
        """Make the folders and clear away what killed runs left half-written. Raises RecipeError R001 when it cannot be written."""
        try:
            for name in ("keys", "objects", "side", "keep", "work", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            written = self.root / "format.json"
            if not written.exists():
                write_atomic(str(written), json.dumps({"format": FORMAT}))
            else:
                self._check_format(written)
            self._sweep()
        except OSError as error:
            if full := full_disk(error, self.root, only_full=True):
                raise full from None
            fix = "give the folder write permission, or name another one: store: FOLDER in the recipe, or RECIPE_STORE"
            raise RecipeError("R001", f"cannot write the store {self.root}: {error.strerror}", fix=fix) from None
        return self

    def _check_format(self, written: Path) -> None:
        try:
            found = json.loads(written.read_text())["format"]
        except (ValueError, KeyError, TypeError):
            found = None
        if found != FORMAT:
            fix = "name another store (store: FOLDER, or RECIPE_STORE), or use the version of recipe that made this one"
            raise RecipeError("R002", f"the store {self.root} has format {found}, this version reads format {FORMAT}", fix=fix)

    # What is there -----------------------------------------------------------------------------------------------------

    def object(self, digest: str) -> Path:
        """The folder of the artifact with that digest, whether it is there or not."""
        return self.root / "objects" / digest / "artifact"

    def entry(self, key: str) -> Entry | None:
        """What `key` made, or None when nothing is known, or nothing that can be read."""
        path = f"{self.root}/keys/{key}.json"
        try:
            text = self.cache.read(path)
        except OSError:
            return None
        try:
            data = json.loads(text)
            check = data.pop("check")
            if check != _check(data):
                raise ValueError("check")
            entry = Entry(**{name: data[name] for name in Entry.__slots__})
        except (ValueError, KeyError, TypeError, AttributeError):
            self.damaged.append(f"the store's entry keys/{key[:12]}… is damaged")
            self.cache.forget([path])
            Path(path).unlink(missing_ok=True)
            return None
        return entry

    def whole(self, digest: str) -> bool:
        """True when every file of the object has the digest its manifest says; a damaged object is put aside and told."""
        if digest in self._checked:
            return True
        folder = self.root / "objects" / digest
        if not os.path.isdir(folder):
            return False
        wrong = self._wrong(folder, digest)
        if not wrong:
            return True
        self.damaged.append(f"the store's object {digest[:12]}… is damaged ({wrong})")
        self.discard(digest)
        return False

    def _wrong(self, folder: Path, digest: str) -> str:
        manifest_path = folder / "manifest.json"
        try:
            text = self.cache.read(str(manifest_path))
            if digest_bytes(text) != digest:
                return "its manifest changed"
            files: dict[str, str] = json.loads(text)["files"]
        except (OSError, ValueError, KeyError):
            return "its manifest is missing"
        artifact = str(folder / "artifact")
        present = {name for name, _, _ in _walk(artifact)}
        if present != set(files):
            names = sorted(present ^ set(files))
            return f"{names[0]} {'is missing' if names[0] in files else 'does not belong there'}"
        for name, expected in files.items():
            try:
                if self.cache.digest(f"{artifact}/{name}") != expected:
                    return f"{name} changed"
            except OSError:
                return f"{name} cannot be read"
        self._checked[digest] = files
        return ""

    def manifest(self, digest: str) -> dict[str, str]:
        """File name to digest of an object that is whole."""
        if digest not in self._checked:
            files: dict[str, str] = json.loads((self.root / "objects" / digest / "manifest.json").read_bytes())["files"]
            return files
        return self._checked[digest]

    def discard(self, digest: str) -> None:
        """Put an object out of sight and delete it."""
        self._checked.pop(digest, None)
        folder = self.root / "objects" / digest
        self.cache.forget([*(path for _, path, _ in _walk(str(folder)))])
        aside = self.workplace()
        with suppress(OSError):
            os.replace(folder, aside / "damaged")
        remove(aside)

    # Making ------------------------------------------------------------------------------------------------------------

    def workplace(self) -> Path:
        """A new folder of our own in which to make something."""
        folder = self.root / "work" / f"{_owner()}-{next(_numbers)}"
        folder.mkdir(parents=True)
        return folder

    def publish(self, place: Path) -> str:
        """Move `place`/artifact into the store and return its digest. An equal object that is there already stays.

        Raises RecipeError R005 when the folder holds something that is no plain file.
        """
        artifact = str(place / "artifact")
        files: dict[str, str] = {}
        states: dict[str, tuple[str, bool]] = {}
        for name, path, entry in _walk(artifact):
            if not entry.is_file(follow_symlinks=False):
                raise RecipeError("R005", f"the step wrote {name}, which is no plain file", fix="write files and folders only, no links")
            os.chmod(path, READ_ONLY)
            size = entry.stat(follow_symlinks=False).st_size
            if size >= SYNCED_BYTES:
                _sync(path)
            files[name] = self.cache.digest(path)
            states[name] = (path, size < SYNCED_BYTES)
        text = manifest_text(files)
        digest = digest_bytes(text)
        if self.whole(digest):
            self.cache.forget(path for path, _ in states.values())
            remove(place)
            return digest
        (place / "manifest.json").write_bytes(text)
        target = self.root / "objects" / digest
        self._move(place, target)
        for name, (path, soft) in states.items():
            known = self.cache.used.pop(path)
            known.soft = soft
            self.cache.used[f"{target}/artifact/{name}"] = known
        self.cache.known(f"{target}/manifest.json", digest, soft=True)
        self._checked[digest] = files
        return digest

    def _move(self, place: Path, target: Path) -> None:
        try:
            os.replace(place, target)
        except OSError:
            if not target.is_dir():
                raise
            remove(place)  # another run made the same object meanwhile

    def remember(self, entry: Entry) -> None:
        """Write down what a key made. From this moment the step is done."""
        data = {name: getattr(entry, name) for name in Entry.__slots__}
        path = f"{self.root}/keys/{entry.key}.json"
        text = json.dumps({**data, "format": FORMAT, "check": _check({**data, "format": FORMAT})}, ensure_ascii=False)
        write_atomic(path, text)
        self.cache.known(path, digest_bytes(text.encode()), soft=True)

    def lock(self, key: str, waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Hold the key's kernel lock. `waiting` is called every 0.2 s while another run has it, and may raise."""
        return alone(f"{self.root}/locks", key, waiting)

    # A step at work ----------------------------------------------------------------------------------------------------

    def keep(self, key: str) -> Path:
        """The folder under the key that survives a kill (made when first asked for by the step)."""
        return self.root / "keep" / key

    def side(self, key: str) -> Path:
        """Where logs, statistics and pictures of a finished key stand; absent when it wrote none."""
        return self.root / "side" / key

    def begin(self, key: str) -> None:
        """Make ready for work on `key`: what a killed step kept stays, the side files of one that kept nothing go."""
        kept, finished = self.keep(key), self.side(key)
        if not kept.is_dir():
            return
        if (kept / "keep").is_dir() and any((kept / "keep").iterdir()):
            if not (kept / "side").exists() and finished.is_dir():
                os.replace(finished, kept / "side")  # killed between moving these and writing the key
        else:
            remove(kept)

    def finish(self, entry: Entry, *, remember: bool = True) -> None:
        """The side files in place, then the key, then the kept folder emptied: a kill between any two loses nothing."""
        kept, finished = self.keep(entry.key), self.side(entry.key)
        if (kept / "side").is_dir():
            self._replace_folder(kept / "side", finished)
        elif finished.is_dir():
            self._replace_folder(None, finished)
        if remember:
            self.remember(entry)
        if kept.is_dir():
            remove(kept)

    def _replace_folder(self, new: Path | None, target: Path) -> None:
        if target.is_dir():
            aside = self.workplace()
            os.replace(target, aside / "old")
            remove(aside)
        if new is not None:
            os.replace(new, target)

    def _sweep(self) -> None:
        """Delete the half-written folders of runs on this machine that are no longer alive."""
        for folder in (self.root / "work").iterdir():
            host, _, rest = folder.name.partition("+")
            pid = rest.split("-")[0]
            if host == _host() and pid.isdigit() and not alive(int(pid)):
                remove(folder)


def manifest_text(files: dict[str, str]) -> bytes:
    """The manifest's bytes; their BLAKE3 is the artifact's digest."""
    data = {"files": files, "format": FORMAT}
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_folder(folder: Path, cache: StatCache) -> str:
    """The digest that `folder` would have as an object. Raises OSError."""
    return digest_bytes(manifest_text({name: cache.digest(path) for name, path, _ in _walk(str(folder))}))


def alive(pid: int) -> bool:
    """True when a process with that id runs on this machine."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove(folder: Path) -> None:
    """Delete a folder of ours, read-only files and all. What cannot be deleted is left to the next sweep."""
    shutil.rmtree(folder, ignore_errors=True)


def _check(data: dict[str, Any]) -> str:
    return digest_bytes(json.dumps(data, sort_keys=True, ensure_ascii=False).encode())[:16]


def _host() -> str:
    return socket.gethostname().replace("+", "-")


def _owner() -> str:
    return f"{_host()}+{os.getpid()}"


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(folder: str, prefix: str = "") -> Iterator[tuple[str, str, os.DirEntry[str]]]:
    """Everything below `folder` that is no folder: its name with `/`, its path, its entry; sorted, links not followed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.path, entry
