"""Facts about files that are dear to make, kept between checks by the content they were made from: `.recipe/facts` of the project.

    stat.json        digests of small files, believed as `statcache` believes them
    <digest>.json    one fact, below a line with the digest of it: the digest is of its name and of what identifies each file behind it

It only saves time: what is absent, half written, damaged, of another format or not writable is made again and told to nobody.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from runner.statcache import StatCache, digest_bytes, settled, stamp_of, write_atomic

FORMAT = 1
WHOLE_BYTES = 8 << 20  # files up to here are known by their content, larger ones by stat, beginning and end: to read them costs more
ENDS = 65536  # bytes of each end
MOST_BYTES = 8 << 20  # of one fact; a larger one is quicker made again
MOST_FACTS = 256  # kept, those used last
MOST_IN_ALL = 256 << 20  # bytes of them


class FactCache:
    """Facts in `folder`, which is made when the first is kept."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._known: dict[str, Any] = {}
        self._digests: StatCache | None = None

    def get(self, name: str, files: Sequence[str], make: Callable[[], Any]) -> Any:
        """What `make` says of the content of `files` (absolute paths), made once for the same content.

        name: of the fact, with all else that it depends on and a number that rises when the same files should give another. Kept
        between processes only where it is plain data of JSON, not None, and no file changed while it was made.
        What `make` raises comes out.
        """
        before = self._identities(files)
        if before is None:
            return make()
        key = digest_bytes(json.dumps([FORMAT, name, before]).encode())
        if key in self._known:
            return self._known[key]
        path = f"{self.folder}/{key}.json"
        found = _read(path)
        if found is None:
            value = make()
            if self._identities(files) == before:
                self._keep(path, value)
        else:
            value = found[0]
            with suppress(OSError):
                os.utime(path)  # used: it stays longest
        self._known[key] = value
        return value

    def _identities(self, files: Sequence[str]) -> list[str] | None:
        """What tells the content of each file; None when one cannot be told for sure, or cannot be read."""
        try:
            return [self._identity(file) for file in files]
        except (OSError, ValueError):
            return None

    def _identity(self, file: str) -> str:
        import time

        at_ns = time.time_ns()
        stamp = stamp_of(os.stat(file))
        if stamp[0] <= WHOLE_BYTES:
            if self._digests is None:
                self._digests = StatCache(f"{self.folder}/stat.json")
            return self._digests.digest(file)
        if not settled(stamp, at_ns):
            raise ValueError("it was written a moment ago: a change would leave no trace in its stat")
        with open(file, "rb") as opened:
            start = opened.read(ENDS)
            opened.seek(-ENDS, os.SEEK_END)
            return json.dumps([*stamp, digest_bytes(start + opened.read(ENDS))])

    def _keep(self, path: str, value: Any) -> None:
        """Write a fact, if it comes back from JSON as it went in; and the digests that led to it."""
        try:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            data = text.encode()
            if value is None or len(data) > MOST_BYTES or json.loads(text) != value:
                return
        except (TypeError, ValueError, RecursionError):
            return
        with suppress(OSError):
            write_atomic(path, f"{FORMAT} {digest_bytes(data)}\n{text}")
            if self._digests is not None:
                self._digests.save()
            self._shrink()

    def _shrink(self) -> None:
        """Delete the facts that were not used for longest, and what killed processes left half written."""
        with os.scandir(self.folder) as entries:
            stats = [(entry.stat(), entry.path) for entry in entries if entry.name != "stat.json"]
        size = 0
        for number, (stat, path) in enumerate(sorted(stats, key=lambda each: -each[0].st_mtime_ns), 1):
            size += stat.st_size
            if number > MOST_FACTS or size > MOST_IN_ALL:
                with suppress(OSError):
                    os.unlink(path)


def _read(path: str) -> tuple[Any] | None:
    """The fact in a file, alone in a tuple; None when there is none, or not a whole one."""
    try:
        with open(path, "rb") as file:
            first, _, data = file.read().partition(b"\n")
        if first.decode() != f"{FORMAT} {digest_bytes(data)}":
            return None
        return (json.loads(data),)
    except (OSError, ValueError, RecursionError):
        return None
