"""Tables whose cells are parted by a sign, in the dialects that spreadsheets and data bases write."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

EXCELS = re.compile(r"sep=([^\r\n])\r?(?:\n|$)", re.IGNORECASE)  # a line before the names, by which Excel knows the sign
ESCAPED = re.compile(r'(?<!\\)((?:\\\\)*)\\"')  # a quote inside of a cell behind a backslash, where others write two quotes


@dataclass(frozen=True, slots=True)
class Dialect:
    """delimiter: what parts cells. told: the file's first line says it. escaped: quotes inside of cells stand behind a backslash.

    spaced: a blank stands behind each delimiter.
    """

    delimiter: str
    told: bool = False
    escaped: bool = False
    spaced: bool = False


class Cells:
    """Rows as lists of cells; `names` is the first. line_num: lines that are read so far, as of `csv.reader`. Raises csv.Error."""

    def __init__(self, lines: Iterable[str], dialect: Dialect) -> None:
        csv.field_size_limit(1 << 30)
        lines = _unmarked(lines)
        lines = (ESCAPED.sub(r'\1""', line) for line in lines) if dialect.escaped else lines
        self._reader = csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=dialect.spaced)
        if dialect.told:
            next(self._reader, None)
        names = self._first()
        self.names = [name.strip(" ") for name in names] if dialect.spaced else names

    def _first(self) -> list[str]:
        try:
            return next(self._reader, [])
        except csv.Error:  # then no row has as many cells, which is told of each
            return []

    @property
    def line_num(self) -> int:
        """Lines that are read so far."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        return next(self._reader)


def _unmarked(lines: Iterable[str]) -> Iterator[str]:
    """Less the mark of bytes at the beginning: before a quote it would hide that a cell begins with one."""
    left = iter(lines)
    for first in left:
        yield first.removeprefix("\ufeff")
        yield from left


def dialect_of(head: str, path: Path) -> Dialect:
    """By the beginning of a file. The delimiter is a tab by the file's name; what its first line says; or of tab, semicolon, comma and bar
    the one that the names have most of."""
    head = head.lstrip("\ufeff")
    told = EXCELS.match(head)
    names = (head[told.end() :] if told else head).partition("\n")[0].partition("\r")[0]
    if told:
        delimiter = told[1]
    elif ".tsv" in (suffix.lower() for suffix in path.suffixes):
        delimiter = "\t"
    else:
        delimiter = max(",;\t|", key=lambda mark: (names.count(mark), mark == ","))
    behind = names.split(delimiter)[1:]
    spaced = bool(behind) and delimiter != "\t" and all(name.startswith(" ") and name.strip() for name in behind)
    return Dialect(delimiter, told is not None, _escapes(head, delimiter), spaced)


def _escapes(head: str, delimiter: str) -> bool:
    """Whether in a cell in quotes a letter stands behind a backslash and a quote: where quotes are doubled, the cell would end there."""
    if '\\"' not in head:
        return False
    cell = rf'(?:^|{re.escape(delimiter)})[ ]?"(?:[^"\\]|\\[^"])*+\\"\w'
    return re.search(cell, head, re.MULTILINE) is not None
