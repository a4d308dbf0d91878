"""Token bins: flat little-endian ids (`<split>.bin`), document offsets (`.idx`), a line a document (`.meta.jsonl`), `index.json`."""

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TextIO

if TYPE_CHECKING:
    import numpy as np

INDEX = "index.json"
FLUSH_TOKENS = 1 << 20  # tokens held before they are written
Split = Literal["train", "val"]


def dtype_for(vocab_size: int) -> Literal["uint16", "uint32"]:
    """The smaller type that holds every id below `vocab_size`."""
    return "uint16" if vocab_size <= 1 << 16 else "uint32"


class BinWriter:
    """Writes one split of a bin, in bounded memory. Use as a context manager; `facts` is what index.json says of the split.

    add: one document's ids, bos and eos included.
    """

    def __init__(self, folder: Path, split: Split, dtype: str) -> None:
        from blake3 import blake3

        self.dtype = dtype
        self.tokens = self.documents = self.bytes = 0
        self.largest_id = -1
        self._held: list[Any] = []
        self._held_tokens = 0
        self._hash = blake3()
        self._bin: BinaryIO = (folder / f"{split}.bin").open("wb")
        self._idx: BinaryIO = (folder / f"{split}.idx").open("wb")
        self._meta: TextIO = (folder / f"{split}.meta.jsonl").open("w", encoding="utf-8", newline="\n")
        self._idx.write((0).to_bytes(8, "little"))
        self._offsets: list[int] = []

    def __enter__(self) -> "BinWriter":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            for file in (self._bin, self._idx, self._meta):
                file.close()

    def add(self, ids: "np.ndarray", *, lang: str, source: str, size: int) -> None:
        """One document; `size`: UTF-8 bytes of its text."""
        self._held.append(ids)
        self._held_tokens += len(ids)
        self.tokens += len(ids)
        self.documents += 1
        self.bytes += size
        self._offsets.append(self.tokens)
        self._meta.write(json.dumps({"lang": lang, "source": source, "bytes": size}, ensure_ascii=False) + "\n")
        if self._held_tokens >= FLUSH_TOKENS:
            self._flush()

    def facts(self) -> dict[str, Any]:
        """Counts and digest, once everything is written."""
        return {"tokens": self.tokens, "documents": self.documents, "bytes": self.bytes, "blake3": self._hash.hexdigest()}

    def _flush(self) -> None:
        import numpy as np

        if self._held:
            flat = np.concatenate(self._held)
            if len(flat):
                self.largest_id = max(self.largest_id, int(flat.max()))
            data = flat.astype(np.dtype(self.dtype).newbyteorder("<")).tobytes()
            self._bin.write(data)
            self._hash.update(data)
            self._held, self._held_tokens = [], 0
        self._idx.write(np.asarray(self._offsets, dtype="<u8").tobytes())
        self._offsets = []


def write_index(folder: Path, *, dtype: str, vocab_size: int, tokenizer_digest: str, splits: dict[str, dict[str, Any]]) -> None:
    """Write `index.json`."""
    data = {"format": 1, "dtype": dtype, "vocab_size": vocab_size, "tokenizer_digest": tokenizer_digest, "splits": splits}
    (folder / INDEX).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", "utf-8")


def read_index(folder: Path) -> dict[str, Any]:
    """What `index.json` says. Raises ValueError when it is missing, damaged or of a newer format."""
    try:
        data: dict[str, Any] = json.loads((folder / INDEX).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} holds no readable {INDEX}") from error
    if data.get("format") != 1:
        raise ValueError(f"{folder / INDEX} has format {data.get('format')}; this version reads format 1")
    return data


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
        path = self.folder / f"{split}.bin"
        wanted = known["tokens"] * dtype.itemsize
        if not path.is_file() or path.stat().st_size != wanted:
            raise ValueError(f"{path} does not have the {wanted} bytes that {INDEX} says")
        self.tokens: np.ndarray = np.memmap(path, dtype=dtype, mode="r") if wanted else np.zeros(0, dtype)
        self.offsets: np.ndarray = np.fromfile(self.folder / f"{split}.idx", dtype="<u8")
        if len(self.offsets) != known["documents"] + 1 or int(self.offsets[-1]) != known["tokens"]:
            raise ValueError(f"{split}.idx does not agree with {INDEX}")
        self.vocab_size: int = self.index["vocab_size"]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def meta(self) -> list[dict[str, Any]]:
        """What is known of each document."""
        with (self.folder / f"{self.split}.meta.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def document(self, i: int) -> "np.ndarray":
        """Ids of document `i`, bos and eos included."""
        return self.tokens[int(self.offsets[i]) : int(self.offsets[i + 1])]
