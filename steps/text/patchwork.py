"""Files of two encodings, as when a log or a collection was written on by another program: each line is read in its own."""

import io
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate
from typing import BinaryIO

BOTH = "utf-8 and "  # before the name of the table that the other lines are in
SURE = 4  # letters of UTF-8 in a line that no other table has by chance
WORD = re.compile("[A-Za-z][\xc0-\u017f]|[\xc0-\u017f][A-Za-z]")  # of Latin letters, of which two are as good
SHARE = 0.05  # so many lines of UTF-8 to those that are none: fewer are chance, in a file of many short lines
ENOUGH = 3  # different bytes that are no ASCII, by which the table of the others is told
SAMPLE = 200_000  # bytes of the others by which that is done
SENSE = 0.8  # of their signs are letters or marks of texts
MARKS = frozenset("’‘“”„«»–—…•·€°§¿¡")


def line_by_line(data: bytes, table_of: Callable[[bytes], str]) -> tuple[str, str] | None:
    """The text of a file some of whose lines are UTF-8 and others in a table of their own; None for a file of one encoding.

    table_of: names the table of bytes, nothing where none fits.
    """
    lines = data.split(b"\n")
    sure = sum(_is_sure(line) for line in lines)
    if not sure:
        return None
    foreign = [line for line in lines if not line.isascii() and _is_foreign(line)]
    others = b"\n".join(line for line, end in zip(foreign, accumulate(map(len, foreign)), strict=True) if end - len(line) < SAMPLE)
    if sure < SHARE * len(foreign) or sum(byte > 0x7F for byte in set(others)) < ENOUGH:
        return None
    table = table_of(others)
    if not table:
        return None
    high = [sign for sign in others.decode(table, "replace") if sign > "\x7f"]
    if sum(sign.isalpha() or sign in MARKS for sign in high) < SENSE * len(high):
        return None
    return "\n".join(of_line(line, table) for line in lines), BOTH + table


def _is_sure(line: bytes) -> bool:
    """True for a line of UTF-8 that no other table gives by chance."""
    if line.isascii():
        return False
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    high = [sign for sign in text if sign > "\x7f"]
    return len(high) >= SURE or (len(high) > 1 and WORD.search(text) is not None and all("\xc0" <= sign < "\u0180" for sign in high))


def of_line(line: bytes, table: str) -> str:
    """A line as UTF-8 where it is, else by `table`; one of UTF-8 with a few wrong bytes has U+FFFD in their place."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode(table if _is_foreign(line) else "utf-8", "replace")


def _is_foreign(line: bytes) -> bool:
    """True when more of the line is no UTF-8 than is; a line that is UTF-8 may have U+FFFD of its own."""
    with suppress(UnicodeDecodeError):
        line.decode("utf-8")
        return False
    text = line.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return wrong > sum(sign > "\x7f" for sign in text) - wrong


class AsUtf8(io.RawIOBase):
    """A file of two encodings as a stream of UTF-8."""

    def __init__(self, file: BinaryIO, table: str) -> None:
        self._file, self._table, self._held = file, table, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        into = memoryview(buffer)  # type: ignore[arg-type]
        self._held = self._held or of_line(self._file.readline(), self._table).encode("utf-8")
        given, self._held = self._held[: len(into)], self._held[len(into) :]
        into[: len(given)] = given
        return len(given)
