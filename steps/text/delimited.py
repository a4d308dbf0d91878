"""Tables whose cells are parted by a sign, in the dialects that spreadsheets and data bases write."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

LINES = 1000  # of a cell, from which on they are looked at before it ends: a quote that nobody closes would hold the rest of the file
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


class _Swallowed(Exception):
    """A cell holds what look like rows."""


class Cells:
    """Rows as lists of cells; `names` is the first. A quote that opens a cell and is never closed is a letter of it. Raises csv.Error.

    whole: the lines are all of the file. line_num: those that are read so far, as of `csv.reader`. fault: what is wrong with the last row,
    which is read all the same.
    """

    def __init__(self, lines: Iterable[str], dialect: Dialect, *, whole: bool = True) -> None:
        csv.field_size_limit(1 << 30)
        lines = _unmarked(lines)
        self._source = (ESCAPED.sub(r'\1""', line) for line in lines) if dialect.escaped else lines
        self._dialect = dialect
        self._opening = re.compile(rf'(?:^|{re.escape(dialect.delimiter)}){" *" if dialect.spaced else ""}"(?:[^"]|"")*+("?)')
        self._row: list[str] = []  # lines of the row that is read
        self._again: deque[str] = deque()  # lines that are read once more
        self._whole, self._ended = whole, False
        self.names: list[str] = []
        self.line_num = 0
        self.fault = ""
        self._open()
        if dialect.told:
            next(self._reader, None)
        names = self._first()
        self.names = [name.strip(" ") for name in names] if dialect.spaced else names

    def _open(self) -> None:
        self._feed = self._lines()
        self._reader = self._cells_of(self._feed)

    def _cells_of(self, lines: Iterable[str], *, strict: bool = True, quoted: bool = True) -> Iterator[list[str]]:
        given = self._dialect
        if not quoted:
            return csv.reader(lines, delimiter=given.delimiter, skipinitialspace=given.spaced, quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=given.delimiter, skipinitialspace=given.spaced, strict=strict)

    def _lines(self) -> Iterator[str]:
        row, again, source = self._row, self._again, iter(self._source)
        while True:
            line = again.popleft() if again else next(source, None)
            if line is None:
                self._ended = self._whole
                return
            self.line_num += 1
            row.append(line)
            lines = len(row)
            if lines > LINES and not lines & (lines - 1) and self._are_rows(20):
                raise _Swallowed
            yield line

    def _first(self) -> list[str]:
        try:
            return next(self, [])
        except csv.Error:  # then no row has as many cells, which is told of each
            return []

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        self._row.clear()
        self.fault = ""
        try:
            cells = next(self._reader)
        except _Swallowed:
            return self._by_letter()
        except csv.Error:
            return self._broken()
        if len(self._row) > 1 and self._dialect.delimiter == "\t" and '""' not in "".join(self._row) and self._are_rows(20):
            return self._by_letter()  # in tables of tabs quotes are letters more often than not
        return cells

    def _broken(self) -> list[str]:
        """A row with a quote that is not closed at the file's end, or behind whose end the cell goes on."""
        look_so = self._are_rows(2 if self._ended else 20)
        enough = 2 if self._dialect.delimiter == "\t" else 3  # lines: one may look like a row by chance
        if look_so and (self._ended or len(self._row) >= enough):
            return self._by_letter()
        if self._ended:
            self.fault = "a quote that opens here is not closed: what is behind it is one cell"
        try:
            cells = next(self._cells_of(chain(list(self._row), self._feed), strict=False))
        except _Swallowed:
            return self._by_letter()
        return self._by_letter() if look_so and len(self._row) > 1 and len(cells) != len(self.names) else cells

    def _by_letter(self) -> list[str]:
        """The first line alone, its open quote a letter; the lines behind it are read again."""
        first, *others = self._row
        self._again.extendleft(reversed(others))
        self.line_num -= len(others)
        self._ended = False
        self._open()
        self.fault = "a quote that opens here is not closed: it is read as a letter"
        return self._split(first)

    def _are_rows(self, share: int) -> bool:
        """Whether the lines of a row look like rows of their own, all but one of `share` of those behind the first."""
        first, *others = self._row
        if len(self._split(first)) != len(self.names) or (len(self.names) < 2 and not self._ended):
            return False
        left = len(others) // share  # that may look otherwise
        for line in others:
            if self._width(line) != len(self.names):
                left -= 1
                if left < 0:
                    return False
        return True

    def _width(self, line: str) -> int:
        if '"' in line:
            return len(next(self._cells_of([line], strict=False), []))
        return line.count(self._dialect.delimiter) + 1 if line.strip() else 0

    def _split(self, line: str) -> list[str]:
        """The cells of a line; a quote that it does not close is a letter, and so are those behind it."""
        for cell in self._opening.finditer(line):
            if not cell[1]:
                start = cell.start() + cell[0].startswith(self._dialect.delimiter)
                before = next(self._cells_of([line[:start]], strict=False), [""])
                return [*before[:-1], *next(self._cells_of([line[start:]], quoted=False), [])]
        return next(self._cells_of([line], strict=False), [])


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
