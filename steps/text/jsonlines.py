"""JSON lines as text, whatever encoding their file is in: the step streams them and the checks sample them by the same functions."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from steps.text.encodings import WRONG, decode, wide
from steps.text.patchwork import BOTH
from steps.text.unreadable import Unreadable

MARK = codecs.BOM_UTF8  # at the beginning of a file, and of lines where files were put together
HEAD = 65536  # bytes of the beginning that say the encoding
ENOUGH = 3  # bytes that are no ASCII by which an encoding is told


def wide_lines(file: BinaryIO, start: bytes) -> Iterator[bytes] | None:
    """The lines of a file of units of two or four bytes, as UTF-8; None when it is none, by the `start` of it.

    Their line ends are no single bytes, so nothing may look for those. A unit that is wrong becomes U+FFFD.
    """
    name = wide(start)
    return (line.encode("utf-8") for line in io.TextIOWrapper(file, name, errors="replace", newline="\n")) if name else None


class Lines:
    """Lines of a file of single bytes as text: UTF-8, else what its beginning is in, else what the first line is in that is no UTF-8."""

    def __init__(self, head: bytes) -> None:
        self._head = head[:HEAD]
        self._other: str | None = None  # empty where nothing else fits

    @property
    def other(self) -> str:
        """The encoding of the lines so far that are no UTF-8."""
        return self._other or ""

    def text(self, line: bytes) -> str:
        """Raises UnicodeDecodeError for a line that is no UTF-8 in a file that is, or of which too few bytes tell what it is."""
        try:
            return str(line, "utf-8")
        except UnicodeDecodeError:
            if self._other is None:
                self._other = _other(self._head) if _enough(self._head) else _other(line) if _enough(line) else ""
            if not self._other:
                raise
            return str(line, self._other)


def _enough(data: bytes) -> bool:
    return sum(byte >= 0x80 for byte in data) >= ENOUGH


def _other(data: bytes) -> str:
    try:
        name = decode(data)[1].removeprefix(BOTH)
    except Unreadable:
        return ""
    return "" if name.startswith("utf") or name.endswith(WRONG) else name
