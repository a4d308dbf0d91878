"""Near duplicates: documents that share most of their runs of five words, found by MinHash (rensa) and banding.

Broder 1997 (https://doi.org/10.1109/SEQUEN.1997.666900) for the sketch; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
chapter 3.4, for the bands. A document costs 480 bytes on disk (its sketch) and, in memory, 12 to 24 bytes a band.
"""

import os
import re
import zlib
from array import array
from pathlib import Path
from typing import Any, NamedTuple

from schemas import RecipeError

SLOTS = 112  # of a sketch: 14 bands of 8 find 92 % of the pairs that are 80 % alike
RUN = 5  # words, or characters where words are not parted by blanks
SEED = 1
RECALL = 0.9  # of pairs that are just as alike as asked
WORD = re.compile(r"\w+")
DIGEST = 16  # bytes
RECORD = 4 * SLOTS + 2 * DIGEST


class First(NamedTuple):
    """Of the first document of a cluster, the digest of its text and its origin, which of a section is its paper's."""

    digest: bytes
    origin: bytes


class Near:
    """Knows the sketches of all documents that were added.

    folder: where they are kept while it is open. similarity: share of the runs of two documents that both have (Jaccard), at least.
    """

    def __init__(self, folder: Path, similarity: float) -> None:
        try:
            import rensa
        except ImportError as error:
            fix = 'pip install "recipe[train]"'
            message = "near duplicates need rensa, which is not installed"
            raise RecipeError("D105", message, field="clean.near_duplicates", fix=fix) from error
        self._sketch: Any = rensa.RMinHash
        self.similarity = similarity
        self.rows = rows_of(similarity)
        self._tables = [Table() for _ in range(SLOTS // self.rows)]
        self._file = open(folder / "sketches", "wb+", buffering=0)  # noqa: SIM115 - open as long as the step reads
        self._count = 0

    def close(self) -> None:
        """Delete the sketches."""
        self._file.close()
        os.unlink(self._file.name)

    def like(self, text: str, own: First, *, add: bool) -> First | None:
        """The first of the documents that `text` is alike, or None. add: know this one, as `own`, from now on.

        A document that is alike another is added under the first of that one, so that a chain is one cluster. What was added before, and
        looked for again, finds what it found then, or itself.
        """
        hashes = runs(text)
        if hashes is None:
            return None
        rows = self._sketch.digest_matrix_from_flat_token_hashes(hashes, [0, len(hashes)], SLOTS, SEED).to_rows()
        sketch = array("I", rows[0])
        data = sketch.tobytes()
        width = 4 * self.rows
        keys = [zlib.crc32(data[at * width : (at + 1) * width]) for at in range(len(self._tables))]
        found = {table.get(key) for table, key in zip(self._tables, keys, strict=True)} - {0}
        first = None
        for number in sorted(found):
            other = os.pread(self._file.fileno(), RECORD, (number - 1) * RECORD)
            same = sum(map(int.__eq__, sketch, array("I", other[: 4 * SLOTS])))
            if same >= self.similarity * SLOTS:
                first = First(other[4 * SLOTS : -DIGEST], other[-DIGEST:])
                break
        if add:
            self._file.write(data + b"".join(first or own))
            self._count += 1
            for table, key in zip(self._tables, keys, strict=True):
                table.put(key, self._count)
        return first


def rows_of(similarity: float) -> int:
    """Rows of a band: as many as leave RECALL of the pairs that are so much alike in one band at least."""
    for rows in range(16, 0, -1):
        if 1 - (1 - similarity**rows) ** (SLOTS // rows) >= RECALL:
            return rows
    return 1


def runs(text: str) -> Any:
    """(n,) uint64 hashes of the runs of words of a text; None for one too short to be alike another."""
    import numpy as np
    import rensa

    words = WORD.findall(text.lower())
    if len(text) > 24 * len(words):  # Chinese, Japanese, Thai: no blanks between words
        codes = text.lower().encode("utf-32-le", "surrogatepass")
        hashes = np.frombuffer(codes, np.uint32).astype(np.uint64) * np.uint64(0xD6E8FEB86659FD93)
    else:
        hashes = np.array(rensa.RMinHash.hash_token_sets([words])[0], dtype=np.uint64)
    if len(hashes) < RUN:
        return None
    last = len(hashes) - RUN + 1
    with np.errstate(over="ignore"):
        mixed = hashes[:last].copy()
        for i in range(1, RUN):
            mixed *= np.uint64(0x9E3779B97F4A7C15)
            mixed += hashes[i : last + i]
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0xD6E8FEB86659FD93)
        mixed ^= mixed >> np.uint64(32)
    return mixed


class Table:
    """32-bit keys to the number (from 1) of the first document with it, in 8 bytes a slot, at most two of three taken."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 << 8))
        self._count = 0

    def get(self, key: int) -> int:
        """The number, or 0."""
        slots, mask = self._slots, len(self._slots) - 1
        at = _place(key) & mask
        while found := slots[at]:
            if found >> 32 == key:
                return found & 0xFFFFFFFF
            at = (at + 1) & mask
        return 0

    def put(self, key: int, number: int) -> None:
        """Keep `number` unless the key is there."""
        if self._count * 3 > len(self._slots) * 2:
            self._grow()
        slots, mask = self._slots, len(self._slots) - 1
        at = _place(key) & mask
        while found := slots[at]:
            if found >> 32 == key:
                return
            at = (at + 1) & mask
        slots[at] = key << 32 | number
        self._count += 1

    def _grow(self) -> None:
        old = self._slots
        slots = self._slots = array("Q", bytes(16 * len(old)))
        mask = len(slots) - 1
        for value in old:
            if value:
                at = _place(value >> 32) & mask
                while slots[at]:
                    at = (at + 1) & mask
                slots[at] = value


def _place(key: int) -> int:
    return key ^ (key >> 15)
