"""Writing a split of a token bin: in bounded memory, in shards, and so that a killed writer's work can be taken up again."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from steps.text.binfile import SHARD_TOKENS, Split, shard_name

if TYPE_CHECKING:
    import numpy as np

READ = 1 << 22  # bytes of a shard that are digested at once when it is taken up again


class BinWriter:
    """Writes one split. Use as a context manager, then `facts` is what index.json says of it and `files` what belongs to it.

    state: what `saved` gave when all before it was on the disk; what was written after it is cut off again.
    """

    def __init__(
        self, folder: Path, split: Split, dtype: str, *, shard_tokens: int = SHARD_TOKENS, state: dict[str, Any] | None = None
    ) -> None:
        import numpy as np

        self.folder, self.split = Path(folder), split
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.shard_tokens = shard_tokens
        begun: dict[str, Any] = state or {"tokens": 0, "documents": 0, "bytes": 0, "largest_id": -1, "shards": [], "meta_bytes": 0}
        self.tokens, self.documents, self.bytes = begun["tokens"], begun["documents"], begun["bytes"]
        self.largest_id: int = begun["largest_id"]
        self.shards: list[dict[str, Any]] = list(begun["shards"])  # those that are full
        self._idx = resumed(self.folder / f"{split}.idx", 8 * (self.documents + 1) if state else 0)
        self._meta = resumed(self.folder / f"{split}.meta.jsonl", begun["meta_bytes"])
        if not state:
            self._idx.write(bytes(8))
        self._in_shard = self.tokens - sum(shard["tokens"] for shard in self.shards)
        self._begin_shard()

    def __enter__(self) -> "BinWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._end_shard()
        finally:
            for file in (self._bin, self._idx, self._meta):
                _close(file, quietly=kind is not None)

    def _begin_shard(self) -> None:
        from blake3 import blake3

        path = self.folder / shard_name(self.split, len(self.shards))
        size = self._in_shard * self.dtype.itemsize
        self._bin: BinaryIO = resumed(path, size)
        self._hash = blake3()
        if size:
            with path.open("rb") as file:
                while data := file.read(min(READ, size)):
                    self._hash.update(data)
                    size -= len(data)

    def _end_shard(self) -> None:
        self._bin.flush()
        os.fsync(self._bin.fileno())  # `saved` forces the last shard alone
        name = shard_name(self.split, len(self.shards))
        self.shards.append({"file": name, "tokens": self._in_shard, "blake3": self._hash.hexdigest()})

    def add(self, ids: "np.ndarray", *, lang: str, source: str, size: int) -> None:
        """One document; `size`: UTF-8 bytes of its text."""
        import numpy as np

        self.largest_id = max(self.largest_id, int(ids.max(initial=0)))
        self.add_many(ids.astype(self.dtype).tobytes(), np.array([len(ids)]), meta_line(lang, source, size), size)

    def add_many(self, ids: bytes, lengths: "np.ndarray", meta: bytes, size: int) -> None:
        """Documents one after the other: their ids in this bin's dtype, how many each has, a line of `meta` each, UTF-8 bytes of all."""
        import numpy as np

        ends = self.tokens + np.cumsum(lengths, dtype=np.uint64)
        self.extend(ids)
        self._idx.write(ends.astype("<u8").tobytes())
        self._meta.write(meta)
        self.documents += len(lengths)
        self.bytes += size

    def extend(self, ids: bytes) -> None:
        """Ids of a document that is not at its end; `end` ends it."""
        view = memoryview(ids)
        while len(view):
            room = (self.shard_tokens - self._in_shard) * self.dtype.itemsize
            if not room:
                self._end_shard()
                self._bin.close()
                self._in_shard = 0
                self._begin_shard()
                continue
            part = view[:room]
            self._bin.write(part)
            self._hash.update(part)
            self._in_shard += len(part) // self.dtype.itemsize
            self.tokens += len(part) // self.dtype.itemsize
            view = view[len(part) :]

    def end(self, meta: bytes, size: int) -> None:
        """The document that `extend` wrote is whole."""
        self._idx.write(self.tokens.to_bytes(8, "little"))
        self._meta.write(meta)
        self.documents += 1
        self.bytes += size

    def read(self, start: int, stop: int) -> "np.ndarray":
        """Ids [start, stop) of what was saved already."""
        import numpy as np

        pieces = []
        while start < stop:
            number, at = divmod(start, self.shard_tokens)
            count = min(stop - start, self.shard_tokens - at)
            path = self.folder / shard_name(self.split, number)
            pieces.append(np.fromfile(path, self.dtype, count, offset=at * self.dtype.itemsize))
            start += count
        return np.concatenate(pieces) if pieces else np.zeros(0, self.dtype)

    def saved(self) -> dict[str, Any]:
        """Force all of it to the disk and say where it stands: the state to begin with after a kill."""
        for file in (self._bin, self._idx, self._meta):
            file.flush()
            os.fsync(file.fileno())
        return {
            "tokens": self.tokens, "documents": self.documents, "bytes": self.bytes, "largest_id": self.largest_id,
            "shards": self.shards, "meta_bytes": self._meta.tell(),
        }  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """Counts and digests, once everything is written. One shard stands under the split's own name."""
        shards = self.shards if len(self.shards) > 1 else [{**self.shards[0], "file": f"{self.split}.bin"}]
        facts = {"tokens": self.tokens, "documents": self.documents, "bytes": self.bytes, "shards": shards}
        return {**facts, "blake3": shards[0]["blake3"]} if len(shards) == 1 else facts

    def files(self) -> dict[str, Path]:
        """Names in the finished folder, and where the files stand."""
        found = {f"{self.split}{end}": self.folder / f"{self.split}{end}" for end in (".idx", ".meta.jsonl")}
        for number, shard in enumerate(self.facts()["shards"]):
            found[shard["file"]] = self.folder / shard_name(self.split, number)
        return found


def meta_line(lang: str, source: str, size: int) -> bytes:
    """A document's line of `.meta.jsonl`."""
    return json.dumps({"lang": lang, "source": source, "bytes": size}, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def resumed(path: Path, size: int) -> BinaryIO:
    """The file, cut to `size` bytes, to go on from there. Raises OSError when it is shorter."""
    file = path.open("r+b" if size else "wb")
    if size:
        if file.seek(0, os.SEEK_END) < size:
            file.close()
            raise OSError(f"{path} is shorter than was written down")
        file.truncate(size)
        file.seek(size)
    return file


def _close(file: BinaryIO, *, quietly: bool) -> None:
    """After an error the first one counts: what a full disk says again when a buffer is emptied is not told."""
    try:
        file.close()
    except OSError:
        if not quietly:
            raise
