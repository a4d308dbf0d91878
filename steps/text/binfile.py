"""Token bins: flat little-endian ids (`<split>.bin`), document offsets (`.idx`), a line a document (`.meta.jsonl`), `index.json`.

A split above `shard_tokens` is several files, `<split>-00000.bin` and on: each holds so many tokens, the last one the rest, and one
after the other they are the flat file. Documents go over their borders; the offsets are those of the flat file.
"""

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, overload

if TYPE_CHECKING:
    import numpy as np

INDEX = "index.json"
FORMAT = 2  # 1: one file a split
SHARD_TOKENS = 1 << 31  # beyond it a token's place no longer fits into int32
Split = Literal["train", "val"]


def dtype_for(vocab_size: int) -> Literal["uint16", "uint32"]:
    """The smaller type that holds every id below `vocab_size`."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


def shard_name(split: Split, number: int) -> str:
    """File of one shard of several."""
    return f"{split}-{number:05d}.bin"


def write_index(folder: Path, *, dtype: str, vocab_size: int, tokenizer_digest: str, splits: dict[str, dict[str, Any]]) -> None:
    """Write `index.json`."""
    data = {"format": FORMAT, "dtype": dtype, "vocab_size": vocab_size, "tokenizer_digest": tokenizer_digest, "splits": splits}
    (folder / INDEX).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", "utf-8")


def read_index(folder: Path) -> dict[str, Any]:
    """What `index.json` says. Raises ValueError when it is missing, damaged or of a newer format."""
    try:
        data: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no readable {INDEX}") from error
    if data.get("format") not in (1, FORMAT):
        raise ValueError(f"{folder / INDEX} has format {data.get('format')}; this version reads formats 1 and {FORMAT}")
    for split, known in data["splits"].items():
        known.setdefault("shards", [{"file": f"{split}.bin", "tokens": known["tokens"]}])
    return data


class Shards:
    """The ids of a split in several files as one array: `shards[a:b]` is an array, read from the files that hold it."""

    def __init__(self, parts: "list[np.ndarray]", starts: list[int]) -> None:
        self._parts, self._starts = parts, starts
        self.dtype = parts[0].dtype
        self.shape = (sum(len(part) for part in parts),)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, where: "int | slice") -> "np.ndarray":
        import numpy as np

        if not isinstance(where, slice):
            at = range(len(self))[where]
            found: np.ndarray = self[at : at + 1][0]
            return found
        start, stop, step = where.indices(len(self))
        if step != 1:
            raise ValueError("shards are read in stretches without a step")
        pieces = [
            part[max(0, start - first) : stop - first]
            for part, first in zip(self._parts, self._starts, strict=True)
            if first < stop and start < first + len(part)
        ]
        return pieces[0] if len(pieces) == 1 else np.concatenate([self._parts[0][:0], *pieces])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "np.ndarray":
        return self[:].astype(dtype or self.dtype)


class Meta(Sequence[dict[str, Any]]):
    """What is known of each document: read line by line, never all of it at once."""

    def __init__(self, path: Path, documents: int) -> None:
        self._path, self._documents = path, documents

    def __len__(self) -> int:
        return self._documents

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    @overload
    def __getitem__(self, which: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, which: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, which: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(which, slice):
            return [self[i] for i in range(*which.indices(len(self)))]
        number = range(len(self))[which]
        start, stop = int(self._starts[number]), int(self._starts[number + 1])
        with self._path.open("rb") as file:
            file.seek(start)
            found: dict[str, Any] = json.loads(file.read(stop - start))
        return found

    @cached_property
    def _starts(self) -> "np.ndarray":
        """Byte at which each line begins, and the end: 8 bytes a document, and only where single documents are asked for."""
        import numpy as np

        found, at = [np.zeros(1, np.int64)], 0
        with self._path.open("rb") as file:
            while data := file.read(1 << 20):
                found.append(np.flatnonzero(np.frombuffer(data, np.uint8) == 10) + at + 1)
                at += len(data)
        return np.concatenate(found)


class BinReader:
    """One split, mapped into memory.

    tokens: (N,) ids. offsets: (D + 1,) uint64, document i is tokens[offsets[i]:offsets[i + 1]]. meta: {"lang", "source", "bytes"} of each.
    Raises ValueError when a file is missing or does not agree with index.json.
    """

    def __init__(self, folder: Path, split: Split) -> None:
        import numpy as np

        self.folder, self.split = Path(folder), split
        self.index = read_index(self.folder)
        known = self.index["splits"][split]
        dtype = np.dtype(self.index["dtype"]).newbyteorder("<")
        parts = [_mapped(self.folder / shard["file"], dtype, shard["tokens"]) for shard in known["shards"]]
        starts = np.cumsum([0, *(len(part) for part in parts)])
        if int(starts[-1]) != known["tokens"]:
            raise ValueError(f"the files of {split} do not hold the {known['tokens']} tokens that {INDEX} says")
        self.tokens: np.ndarray = parts[0] if len(parts) == 1 else cast("np.ndarray", Shards(parts, starts[:-1].tolist()))
        offsets = self.folder / f"{split}.idx"
        if not offsets.is_file() or offsets.stat().st_size != 8 * (known["documents"] + 1):
            raise ValueError(f"{split}.idx does not agree with {INDEX}")
        self.offsets: np.ndarray = np.asarray(np.memmap(offsets, dtype="<u8", mode="r"))
        if int(self.offsets[-1]) != known["tokens"]:
            raise ValueError(f"{split}.idx does not agree with {INDEX}")
        self.vocab_size: int = self.index["vocab_size"]
        self.meta = Meta(self.folder / f"{split}.meta.jsonl", known["documents"])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def digest(self) -> str:
        """Of its tokens: that of its file, or of the digests of its files."""
        from blake3 import blake3

        each = [str(shard["blake3"]) for shard in self.index["splits"][self.split]["shards"]]
        return each[0] if len(each) == 1 else blake3("".join(each).encode()).hexdigest()

    def document(self, i: int) -> "np.ndarray":
        """Ids of document `i`, bos and eos included."""
        return self.tokens[int(self.offsets[i]) : int(self.offsets[i + 1])]


def _mapped(path: Path, dtype: "np.dtype[Any]", tokens: int) -> "np.ndarray":
    import numpy as np

    wanted = tokens * dtype.itemsize
    if not path.is_file() or path.stat().st_size != wanted:
        raise ValueError(f"{path} does not have the {wanted} bytes that {INDEX} says")
    return np.asarray(np.memmap(path, dtype=dtype, mode="r")) if wanted else np.zeros(0, dtype)
