"""Files behind gzip, zstandard, bzip2 or xz, opened as the bytes inside. What their readers raise becomes Unreadable."""

import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from schemas import RecipeError
from steps.text.unreadable import Unreadable

PACKED = ("gz", "zst", "bz2", "xz")
RATIO = 3  # bytes in one of a packed file, roughly
MOST = 1032  # bytes that deflate packs into one, at best (zlib, technical details)
READ = {"gz": 4 << 20, "zst": 8 << 20, "bz2": 1 << 20, "xz": 2 << 20}  # bytes of a file that is read to its end: a tenth of a second
DAMAGE = (EOFError, zlib.error, lzma.LZMAError)


def packing(path: Path) -> str:
    """`gz`, `zst`, `bz2`, `xz`, or nothing for a file that stands as it is."""
    last = path.suffix.lower().lstrip(".")
    return last if last in PACKED else ""


def unpacked_bytes(path: Path, size: int) -> int:
    """Bytes inside of a packed file of `size` bytes: what the foot of a gzip file says, else roughly."""
    if packing(path) == "gz" and size > 18:
        try:
            with path.open("rb") as file:
                file.seek(-4, io.SEEK_END)
                said = int.from_bytes(file.read(4), "little")  # modulo 4 GiB, and of the last part where there are several
        except OSError:
            said = 0
        if size < said <= MOST * size and size < 1 << 28:
            return said
    return size * RATIO


def open_bytes(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked as they are read. Raises RecipeError D105 when zstandard's reader is not installed."""
    kind = packing(path)
    raw = path.open("rb")
    if kind == "gz":
        import gzip

        return cast(BinaryIO, gzip.open(raw, "rb"))
    if kind == "bz2":
        import bz2

        return cast(BinaryIO, bz2.open(raw, "rb"))
    if kind == "xz":
        return cast(BinaryIO, lzma.open(raw, "rb"))
    if kind == "zst":
        try:
            import pyarrow
        except ImportError as error:
            fix = 'pip install "recipe[train]"'
            raise RecipeError("D105", ".zst files need pyarrow, which is not installed", field="path", fix=fix) from error
        stream: Any = pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, mode="r"), "zstd")
        return cast(BinaryIO, io.BufferedReader(stream, 1 << 18))
    return raw


def cut_off(path: Path, size: int) -> str:
    """Why a packed file of `size` bytes cannot be read to its end; empty where it can, or is too large to be tried.

    Raises RecipeError D105 when zstandard's reader is not installed.
    """
    if not 0 < size <= READ.get(packing(path), 0):
        return ""
    try:
        with told(path), open_bytes(path) as file:
            while file.read(1 << 20):
                pass
    except Unreadable as error:
        return str(error)
    return ""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What goes wrong in reading `path` inside of this becomes Unreadable with the reason."""
    try:
        yield
    except DAMAGE as error:
        raise Unreadable(f"damaged {NAMES.get(packing(path), 'archive')}: {error}") from error
    except OSError as error:
        if packing(path) and error.errno is None:
            raise Unreadable(f"damaged {NAMES[packing(path)]}: {error}") from error
        raise Unreadable(error.strerror or str(error)) from error


NAMES = {"gz": "gzip", "zst": "zstandard", "bz2": "bzip2", "xz": "xz"}
