"""The ids in token files that somebody made: ours, or nanoGPT's flat `.bin`, held against the rows of a model."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

Dtype = Literal["auto", "uint16", "uint32"]
STRETCH = 4 << 20  # bytes looked at in one go
GLANCE = 256 << 20  # bytes of a file that are looked at before the run
HEADERS = {20240520: "uint16", 20240801: "uint32"}  # llm.c's magic numbers: 256 int32 stand before the tokens (dev/data/data_common.py)
HEADER_BYTES = 1024
SURE = 1000  # ids by which an order of bytes is known


_ALONE = "write the ids alone: numpy.load(path).tofile(path)"
STRANGE = {  # by how a file begins: what it is, and what gives a file of ids
    b"\x93NUMPY": ("an array that numpy.save wrote, with a header before its ids", _ALONE),
    b"PK\x03\x04": ("a packed archive, as numpy.savez and torch.save write it", "write the ids alone, with numpy's tofile"),
    b"\x80\x02": ("a pickle", "write the ids alone, with numpy's tofile"),
    b"GGUF": ("a model in GGUF", "name a .bin file of ids, or a folder of them"),
    b"\x80\x04": ("a pickle", "write the ids alone, with numpy's tofile"),
    b"\x1f\x8b": ("packed with gzip", "unpack it: gunzip, and name the file that comes out"),
    b"\x28\xb5\x2f\xfd": ("packed with zstandard", "unpack it: zstd -d, and name the file that comes out"),
    b"version https://git-lfs": ("a pointer of Git LFS", "git lfs pull"),
    b"MMIDIDX": ("Megatron's index of another file", "name the .bin file beside it"),
    **dict.fromkeys((b"PAR1", b"ARROW1", b"FEA1"), ("a table of rows", "name it as a source of parse_corpus, if it has texts")),
    b"\xfd7zXZ\x00": ("packed with xz", "unpack it: unxz, and name the file that comes out"),
    b"BZh91AY&SY": ("packed with bzip2", "unpack it: bunzip2, and name the file that comes out"),
    b"7z\xbc\xaf": ("packed with 7-Zip", "unpack it: 7z x, and name the file that comes out"),
    b"\x89HDF": ("an HDF5 file", "write the ids alone, with numpy's tofile"),
    b"SQLite format 3": ("a data base", "write the ids alone, with numpy's tofile"),
    b"%PDF-": ("a PDF", "write its text with pdftotext, and name that in parse_corpus"),
    b"\x89PNG": ("a picture", "name a .bin file of ids, or a folder of them"),
}


class Unknown(ValueError):
    """The files cannot be read as token ids; the message says why. field: below `bins`. fix: what to write there."""

    def __init__(self, message: str, fix: str = "name a .bin file of ids, or a folder of them", field: str = "path") -> None:
        super().__init__(message)
        self.fix, self.field = fix, field


@dataclass(frozen=True)
class Range:
    """What a token file holds. bad: the first id without a row, at: its position (in tokens), document: the number of its document.

    looked_at: tokens that were read; fewer than `tokens` where only a sample was asked for.
    """

    file: str
    dtype: str
    tokens: int
    looked_at: int
    largest: int
    bad: int | None = None
    at: int = 0
    document: int | None = None

    def place(self) -> str:
        """Where the first bad id stands, in words."""
        document = f", in document {self.document:,}" if self.document is not None else ""
        return f"in {self.file}, token {self.at:,}{document}"


def token_files(path: Path) -> list[Path]:
    """The token files that `path` names: itself, or every `.bin` of a folder. Raises Unknown when there is none."""
    found = sorted(path.glob("*.bin")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise Unknown(f"there is no token file in {path.name}" if path.is_dir() else f"there is no file {path.name}")
    return found


def look(
    file: Path,
    rows: int | None,
    *,
    dtype: Dtype = "auto",
    end_id: int | None = None,
    most_bytes: int | None = None,
    each: Callable[[int, int], None] = lambda done, total: None,
) -> Range:
    """The range of ids in one file, and the first one that has no row among `rows`.

    end_id: the token that ends a document, to count them in a file that has no index. most_bytes: look only at so much, in stretches
    from the beginning to the end. each: told the bytes done and all of them, after every stretch. Raises Unknown.
    """
    import numpy as np

    start, kind = _layout(file, dtype)
    size = np.dtype(kind).itemsize
    total = file.stat().st_size - start
    if total % size:
        written = "dtype: uint16 if it was written so" if kind == "uint32" and not total % 2 else "the dtype that it was written in"
        fix = f"write {written}, or make the file again: it may be cut off"
        raise Unknown(f"{file.name} has {total:,} bytes, which is no whole number of {kind} ids", fix)
    tokens = total // size
    stretches = list(range(0, total, STRETCH))
    whole = most_bytes is None or total <= most_bytes
    if most_bytes is not None and not whole:  # from the first to the last, evenly
        count = max(2, most_bytes // STRETCH)
        stretches = [(total - STRETCH) * n // (count - 1) // size * size for n in range(count)]
    looked_at, largest, ended = 0, -1, 0
    bad, at, document = None, 0, None
    with file.open("rb") as stream:
        for begin in stretches:
            stream.seek(start + begin)
            ids = np.frombuffer(stream.read(min(STRETCH, total - begin)), dtype=np.dtype(kind).newbyteorder("<"))
            looked_at += len(ids)
            top = int(ids.max()) if len(ids) else -1
            largest = max(largest, top)
            if rows is not None and bad is None:
                if top >= rows:
                    _refuse_swapped(file.name, ids, rows)
                    _refuse_joined(file.name, ids, rows)
                    first = int(np.argmax(ids >= rows))
                    bad, at = int(ids[first]), begin // size + first
                    ended += int(np.count_nonzero(ids[:first] == end_id)) if end_id is not None else 0
                    document = ended + 1 if end_id is not None and whole else None
                elif end_id is not None:
                    ended += int(np.count_nonzero(ids == end_id))
            each(begin + STRETCH, total)
    if bad is not None and (ours := _offsets(file)) is not None:
        document = int(np.searchsorted(np.fromfile(ours[0], dtype="<u8"), ours[1] + at, side="right"))
    return Range(file.name, kind, tokens, looked_at, largest, bad, at, document)


@lru_cache(maxsize=256)
def sampled(stamp: tuple[str, int, int], rows: int | None, dtype: Dtype) -> Range:
    """As `look`, at no more than GLANCE bytes of the file that `stamp` names: what `recipe check` can afford, once for each content."""
    return look(Path(stamp[0]), rows, dtype=dtype, most_bytes=GLANCE)


def stamps(path: Path) -> list[tuple[str, int, int]]:
    """Path, size and time of each token file that `path` names. Raises Unknown when there is none, or nothing in them."""
    found = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in token_files(path)]
    if not any(size for _, size, _ in found):
        raise Unknown(
            f"{path.name} is empty" if len(found) == 1 else f"every file of {path.name} is empty", "make it again, or name another"
        )
    return found


def _layout(file: Path, dtype: Dtype) -> tuple[int, str]:
    """Bytes before the first id, and the type of an id: from the header, our index beside the file, `dtype`, or the ids themselves."""
    with file.open("rb") as stream:
        head = stream.read(1 << 16)
    magic = int.from_bytes(head[:4], "little")
    if magic in HEADERS and len(head) >= HEADER_BYTES and file.stat().st_size >= HEADER_BYTES:
        return HEADER_BYTES, HEADERS[magic]
    for begin, (what, remedy) in STRANGE.items():
        if head.startswith(begin):
            raise Unknown(f"{file.name} is no flat file of ids: it is {what}", remedy)
    if head[257:262] == b"ustar":
        raise Unknown(f"{file.name} is no flat file of ids: it is an archive", "unpack it: tar xf, and name the files that come out")
    if head[8:9] == b"{" and b"data_offsets" in head:  # safetensors: a header behind its length
        raise Unknown(f"{file.name} is no flat file of ids: it holds weights", "name a .bin file of ids, or a folder of them")
    if what := _is_text(head):
        raise Unknown(f"{file.name} is no flat file of ids: it is {what}", "make ids of it with parse_corpus and tokenize_bin")
    if _is_wide(head):
        message = f"{file.name} is written as int64: three of four halves in it are nothing, and would be read as token 0"
        raise Unknown(message, "write it again as uint16, or uint32 above 65,535: ids.astype(numpy.uint16).tofile(path)")
    if kind := _fractions(head):
        message = f"{file.name} holds numbers with a point, {kind}, and no ids: read as whole ones each is another token"
        raise Unknown(message, "write it again as uint16, or uint32 above 65,535: ids.astype(numpy.uint16).tofile(path)")
    if dtype == "uint16" and _guess(head) == "uint32":
        message = f"{file.name} is written as uint32: read as uint16, every second id in it is next to nothing"
        raise Unknown(message, "write dtype: uint32", "dtype")
    if dtype != "auto":
        return 0, dtype
    written = _index(file).get("dtype")
    if written in ("uint16", "uint32"):
        return 0, str(written)
    return 0, _guess(head)


def _is_text(head: bytes) -> str:
    """What a file is whose every byte is a letter or a sign of a text; a file of ids has others among its first hundred."""
    start = head[: SURE * 4]
    if len(start) < 100 or any(byte < 9 or 13 < byte < 32 for byte in start):
        return ""
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:
            return ""
    shown = start.lstrip().lower()
    return "a web page" if shown.startswith((b"<!doctype html", b"<html")) else "text"


def _offsets(file: Path) -> tuple[Path, int] | None:
    """The file with the document offsets of a bin of ours, and how many tokens of its split stand before `file`."""
    for split, known in _index(file).get("splits", {}).items():
        before = 0
        for shard in known.get("shards") or [{"file": f"{split}.bin", "tokens": 0}]:
            if shard["file"] == file.name and (file.parent / f"{split}.idx").is_file():
                return file.parent / f"{split}.idx", before
            before += shard["tokens"]
    return None


def _index(file: Path) -> dict[str, Any]:
    try:
        found = json.loads((file.parent / "index.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _refuse_swapped(name: str, ids: "np.ndarray", rows: int) -> None:
    """Raises Unknown when ids are out of range as they are read, and all in it with their bytes the other way round."""
    turned = ids.byteswap()
    if len(ids) >= SURE and int(turned.max()) < rows:
        size = 4 if ids.itemsize == 4 or not turned[: len(turned) // 2 * 2 : 2].any() else 2  # of four bytes the upper half stands first
        message = (
            f"{name} is written in big-endian: with its bytes the other way round every id has a row, as it is {int(ids.max()):,} is met"
        )
        raise Unknown(message, f"write it again in little-endian: numpy.fromfile(path, '>u{size}').astype('<u{size}').tofile(path)")


def _refuse_joined(name: str, ids: "np.ndarray", rows: int) -> None:
    """Raises Unknown when ids of four bytes are out of range, and all are in it as two of two bytes each."""
    if ids.itemsize == 4 and len(ids) >= SURE and (halves := ids.view("<u2"))[1::2].any() and int(halves.max()) < rows:
        message = f"{name} is written as uint16: read as uint32, two ids are one, {int(ids.max()):,} and the like"
        raise Unknown(message, "write dtype: uint16", "dtype")


def _is_wide(head: bytes) -> bool:
    """Whether ids take eight bytes each: the upper half of every one is zero, and the lower half looks like a uint32."""
    import numpy as np

    words = np.frombuffer(head[: len(head) // 8 * 8], dtype="<u4")
    upper, lower = words[1::2], words[::2]
    return len(upper) > 1 and not upper.any() and float((lower < 1 << 18).mean()) > 0.99 and float((lower > 0).mean()) > 0.5


def _fractions(head: bytes) -> str:
    """float32 or float64 where every number of the file, read so, is a whole one as ids are; empty elsewhere."""
    import numpy as np

    for kind in ("float32", "float64"):
        size = np.dtype(kind).itemsize
        values = np.frombuffer(head[: len(head) // size * size], dtype=np.dtype(kind).newbyteorder("<"))
        if len(values) < 64:
            continue
        with np.errstate(invalid="ignore"):
            whole = np.isfinite(values) & (values >= 0) & (values < 1 << 24) & (values == np.floor(values))
        if bool(whole.all()) and float((values >= 1).mean()) > 0.5:
            return kind
    return ""


def _guess(head: bytes) -> str:
    """uint32 when nearly every second half is a tiny number, as the upper halves of ids are: text of uint16 ids is never like that."""
    import numpy as np

    halves = np.frombuffer(head[: len(head) // 4 * 4], dtype="<u2")
    upper, lower = halves[1::2], halves[::2]
    return "uint32" if len(upper) and float((upper <= 3).mean()) > 0.99 and float((lower <= 3).mean()) < 0.9 else "uint16"
