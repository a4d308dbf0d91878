"""Digests of files, remembered by their stat. Apart because `fresh` uses it too: it may import nothing that is slow to load.

A digest is believed as long as size, mtime, ctime and inode are what they were. As in git ("racy git"), a file that was written
within the clock's grain of being read is read again next time: a second write in the same tick would leave no trace in the stat.
"""

import json
import os
from collections.abc import Iterable
from typing import Any

FORMAT = 1
GRAIN_NS = 20_000_000  # the kernel stamps files with a clock of up to 10 ms
COARSE_NS = 2_100_000_000  # file systems that keep whole seconds (FAT: two)
MAPPED_BYTES = 1 << 20  # from here on a file is mapped and digested by all cores
KEPT = 200_000  # entries of earlier runs that are kept

Stamp = tuple[int, int, int, int]  # size, mtime_ns, ctime_ns, inode


def stamp_of(found: os.stat_result) -> Stamp:
    """What tells one state of a file from another without reading it."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def settled(stamp: Stamp, at_ns: int) -> bool:
    """True when a change after `at_ns`, the moment of reading, must show in the stamp."""
    newest = max(stamp[1], stamp[2])
    grain = COARSE_NS if stamp[1] % 1_000_000_000 == 0 and stamp[2] % 1_000_000_000 == 0 else GRAIN_NS
    return newest + grain < at_ns


def digest_bytes(data: bytes) -> str:
    """BLAKE3 of `data`, in hexadecimal."""
    from blake3 import blake3

    return blake3(data).hexdigest()


def digest_file(path: str, size: int) -> str:
    """BLAKE3 of a file of about `size` bytes, in hexadecimal. Raises OSError."""
    from blake3 import blake3

    if size >= MAPPED_BYTES:
        return blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()
    with open(path, "rb", buffering=0) as file:
        return blake3(file.readall()).hexdigest()


def listing_of(folder: str) -> str:
    """Digest of the names in a folder, each with whether it is a folder; of nothing when it is not there.

    What we put into a project ourselves, `.recipe` and beside it `runs`, is no news: a glob may list the project's own folder.
    """
    try:
        with os.scandir(folder) as entries:
            found = {entry.name: entry.is_dir() for entry in entries}
    except OSError:
        return ""
    if found.pop(".recipe", False):
        found.pop("runs", None)
    names = sorted(found.items())
    return digest_bytes(json.dumps(names).encode())


def boot() -> str:
    """What names this start of the machine: a small file written before the last crash was perhaps never on the disk."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return ""


class Entry:
    """One remembered file. soft: written by us and not forced to the disk, so not believed after a restart of the machine."""

    __slots__ = ("at_ns", "digest", "soft", "stamp")

    def __init__(self, stamp: Stamp, at_ns: int, digest: str, soft: bool = False) -> None:
        self.stamp = stamp
        self.at_ns = at_ns
        self.digest = digest
        self.soft = soft

    def row(self) -> list[Any]:
        """The entry as it is written."""
        return [*self.stamp, self.at_ns, self.digest, int(self.soft)]

    @classmethod
    def of(cls, row: list[Any]) -> "Entry":
        """The entry that `row` wrote."""
        return cls((row[0], row[1], row[2], row[3]), row[4], row[5], bool(row[6]))


class StatCache:
    """Digests by absolute path, kept in one JSON file.

    used: what this run looked at, by path; the state that `fresh` checks the next time. verify: read every file once more.
    """

    def __init__(self, file: str, *, verify: bool = False) -> None:
        self.file = file
        self.verify = verify
        self.used: dict[str, Entry] = {}
        self.listed: dict[str, str] = {}  # folder to its listing
        self._old = _read(file)
        self._changed = False

    def digest(self, path: str) -> str:
        """Digest of the file at `path` (absolute). Raises OSError when it cannot be read."""
        stamp = stamp_of(os.stat(path))
        seen = self.used.get(path)
        if seen is not None and seen.stamp == stamp and settled(stamp, seen.at_ns):
            return seen.digest
        old = self._old.get(path)
        if old is not None and not self.verify and old.stamp == stamp and settled(stamp, old.at_ns):
            self.used[path] = old
            return old.digest
        return self._read(path, stamp).digest

    def _read(self, path: str, stamp: Stamp) -> Entry:
        at_ns = _now_ns()
        digest = digest_file(path, stamp[0])
        after = stamp_of(os.stat(path))
        if after != stamp:  # written while we read: believed this once, read again next time
            at_ns = 0
        entry = self.used[path] = Entry(after, at_ns, digest)
        self._changed = True
        return entry

    def read(self, path: str) -> bytes:
        """The bytes of a small file, its digest remembered on the way. Raises OSError."""
        at_ns, stamp = _now_ns(), stamp_of(os.stat(path))
        with open(path, "rb", buffering=0) as file:
            data = file.readall()
        self.used[path] = Entry(stamp, at_ns, digest_bytes(data))
        self._changed = True
        return data

    def known(self, path: str, digest: str, *, soft: bool = False) -> None:
        """Remember the digest of a file that we have just written and so need not read."""
        self.used[path] = Entry(stamp_of(os.stat(path)), _now_ns(), digest, soft)
        self._changed = True

    def watch(self, path: str) -> None:
        """Let `fresh` look at `path` too: its content if it is a file, its absence if it is not there."""
        try:
            self.digest(path)
        except OSError:
            self.used[path] = Entry((0, 0, 0, 0), 0, "")

    def list(self, folder: str) -> None:
        """Let `fresh` notice when a name comes or goes in `folder`."""
        if folder not in self.listed:
            self.listed[folder] = listing_of(folder)

    def forget(self, paths: Iterable[str]) -> None:
        """Drop what is remembered of files that are gone or no longer matter."""
        for path in list(paths):
            self.used.pop(path, None)
            self._old.pop(path, None)

    def save(self) -> None:
        """Write the cache, in one motion; entries of earlier runs stay as long as there is room."""
        if not self._changed:
            return
        entries = {**dict(list(self._old.items())[-KEPT:]), **self.used}
        rows = {path: entry.row() for path, entry in entries.items() if entry.digest}
        write_atomic(self.file, json.dumps({"format": FORMAT, "boot": boot(), "files": rows}, separators=(",", ":")))
        self._changed = False


def _read(file: str) -> dict[str, Entry]:
    """The entries in `file`; none when it is absent, damaged or of another format: the cache only saves time."""
    try:
        with open(file, encoding="utf-8") as text:
            data = json.load(text)
        if data["format"] != FORMAT:
            return {}
        same_boot = bool(data["boot"]) and data["boot"] == boot()
        entries = {path: Entry.of(row) for path, row in data["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}
    return {path: entry for path, entry in entries.items() if same_boot or not entry.soft}


def write_atomic(path: str, text: str, *, sync: bool = False) -> None:
    """Write a small file so that a reader sees the old text or the new one, never a part. Makes its folder."""
    temporary = f"{path}.{os.getpid()}.part"
    try:
        file = open(temporary, "w", encoding="utf-8")  # noqa: SIM115
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        file = open(temporary, "w", encoding="utf-8")  # noqa: SIM115
    try:
        with file:
            file.write(text)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)  # a part of it, on a full disk, takes the room that the next one needs
        raise


def _now_ns() -> int:
    import time

    return time.time_ns()
