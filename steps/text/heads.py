"""The beginning of a table of rows, without reading the file: what rules know of the data before the run."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from schemas.artifacts import Document
from schemas.context import ForecastContext
from steps.text import rows
from steps.text.choices import format_of
from steps.text.encodings import beginning, wide
from steps.text.jsonlines import MARK, Lines
from steps.text.packed import open_bytes, packing, told
from steps.text.tables import SAMPLE, TABLES, rows_of_batch
from steps.text.unreadable import Unreadable

LONG_LINE = 8 << 20  # bytes that are read of a file without a line end in its beginning
HEAD = 65536
PARSERS_PLACE = re.compile(r": line 1 column (\d+) \(char \d+\)$")
MOST_ROWS = 200  # of a file are looked at
SWALLOWED = 8  # lines in one cell that look like rows
Rows = list[tuple[int, dict[str, Any]]]
Broken = list[tuple[int, str]]


@dataclass(frozen=True)
class Head:
    """rows: each with its line. broken: lines that are no row, with the reason. whole: they are all of the file.

    total: rows of the whole file, where they were counted or it says so itself. twice: lines of JSON that name a column again, which
    loses its first value. unclosed: a line of CSV whose row swallows the next, and how that is known.
    """

    rows: Rows
    broken: Broken
    whole: bool
    total: int | None = None
    twice: tuple[tuple[int, str], ...] = ()
    unclosed: tuple[int, str] | None = None

    def roles(self, columns: Any) -> dict[str, str]:
        """Role to column, known as in the run by the first rows together. Raises NoSuchColumn."""
        return rows.meant(columns if isinstance(columns, dict) else None, *rows.found_in(row for _, row in self.rows[:SAMPLE]))

    def made(self, columns: Any) -> list[tuple[int, Document | Exception]]:
        """What becomes of each row, with its line: a document, or why it is none. Made once: a dozen rules ask. Raises NoSuchColumn."""
        key = repr(columns)
        if key not in self._made:
            roles = self.roles(columns)
            self._made[key] = [(line, _document(row, roles)) for line, row in self.rows]
        return self._made[key]

    @cached_property
    def _made(self) -> dict[str, list[tuple[int, Document | Exception]]]:
        return {}

    def placed(self, columns: Any) -> list[tuple[int, Document]]:
        """The rows that become documents, each with its line; others are left out, and all where a column is missing."""
        try:
            return [(line, made) for line, made in self.made(columns) if isinstance(made, Document)]
        except rows.NoSuchColumn:
            return []

    def documents(self, columns: Any) -> list[Document]:
        """The same without their lines."""
        return [document for _, document in self.placed(columns)]


def _document(row: dict[str, Any], roles: dict[str, str]) -> Document | Exception:
    try:
        return rows.document(row, roles)
    except (rows.BadRow, KeyError, TypeError, ValueError, AttributeError) as error:
        return error


def kind_of(file: Path, wanted: Any = "auto") -> str:
    """The format of a file of rows, nothing for any other."""
    try:
        kind = format_of(file, wanted if isinstance(wanted, str) else "auto")  # type: ignore[arg-type]
    except Unreadable:
        return ""
    return kind if kind in TABLES else ""


def head_of(facts: ForecastContext, file: Path, wanted: Any = "auto") -> Head:
    """The first rows of a file of rows, packed or not; none of a file that cannot be read."""
    kind = kind_of(file, wanted) or "jsonl"
    if kind != "parquet" and not packing(file):
        return _head_of(facts, file, kind)
    name = f"head 4 {kind} {''.join(file.suffixes[-2:])}"
    made = facts.remembered(name, [file], lambda: _plain(_head_of(facts, file, kind)))
    if made is None:
        return _head_of(facts, file, kind)
    good, broken, whole, total, twice, unclosed = made
    pairs = [[(line, value) for line, value in part] for part in (good, broken, twice)]
    return Head(pairs[0], pairs[1], whole, total, tuple(pairs[2]), unclosed and tuple(unclosed))


def _plain(head: Head) -> list[Any] | None:
    """As lists, which are what JSON gives back; None without rows, for which the reason may be a library that is not here today."""
    if not head.rows:
        return None
    pairs = [[list(each) for each in part] for part in (head.rows, head.broken, head.twice)]
    return [pairs[0], pairs[1], head.whole, head.total, pairs[2], head.unclosed and list(head.unclosed)]


def _head_of(facts: ForecastContext, file: Path, kind: str) -> Head:
    if kind == "parquet":
        return _parquet(facts.project / file)
    try:
        data, whole = _unpacked(facts.project / file) if packing(file) else (facts.head(file, HEAD), False)
        if b"\n" not in data and not packing(file) and kind == "jsonl":
            data = facts.head(file, LONG_LINE)  # a first row that is longer than other files' first hundred
        if kind == "json" and not packing(file) and data.lstrip()[:1] == b"{" and len(data) < facts.size(file) <= LONG_LINE:
            data = facts.head(file, LONG_LINE)  # its rows are known when the map is closed
        whole = whole or (not packing(file) and facts.size(file) <= len(data))
        if kind == "jsonl" and not wide(data[:4]):
            read = Lines(data)
            lines = [_text(line.removeprefix(MARK), read) for line in data.split(b"\n")]
            return _json_lines(lines if whole else lines[:-1], whole)
        text = beginning(data, whole)
    except Unreadable:
        return Head([], [], False)
    if kind == "csv":
        return _csv(text, file, whole)
    if kind == "json":
        return _json(text, whole)
    return _json_lines(text.split("\n") if whole else text.split("\n")[:-1], whole)


def _text(line: bytes, read: Lines) -> str | int:
    """The line, or the number of its first byte that is no UTF-8 where nothing else fits."""
    try:
        return read.text(line)
    except UnicodeDecodeError as error:
        return error.start + 1


def _unpacked(file: Path) -> tuple[bytes, bool]:
    """The beginning of what is packed in `file`, and whether that is all. Raises Unreadable."""
    with told(file), open_bytes(file) as stream:
        data = stream.read(HEAD)
        return data, len(data) < HEAD


def _parquet(file: Path) -> Head:
    """Rows of the first row group, and the count that stands in the file's foot."""
    try:
        from pyarrow import ArrowException
        from pyarrow import parquet as engine
    except ImportError:
        return Head([], [], False)
    try:
        with engine.ParquetFile(file, pre_buffer=False, buffer_size=1 << 20) as opened:
            batch = next(opened.iter_batches(batch_size=SAMPLE), None)
            found = list(enumerate(rows_of_batch(batch), 1)) if batch is not None else []
            good = [(number, row) for number, row in found if isinstance(row, dict)]
            broken = [(number, row) for number, row in found if isinstance(row, str)]
            return Head(good, broken, len(found) == opened.metadata.num_rows, opened.metadata.num_rows)
    except (ArrowException, OSError, UnicodeDecodeError):
        return Head([], [], False)


def _csv(text: str, file: Path, whole: bool) -> Head:
    from steps.text.delimited import Cells, dialect_of

    lines = text if whole else text[: text.rfind("\n" if "\n" in text else "\r") + 1]
    dialect = dialect_of(text, file)
    table = Cells(io.StringIO(lines, newline=""), dialect, whole=whole)
    names, begins = rows.distinct(table.names)[0], table.line_num + 1
    good: Rows = []
    broken: Broken = []
    more = 0  # rows that are only counted
    last = 0  # line at which the last broken row ends
    opened: tuple[int, str] | None = None
    try:
        for cells in table:
            opened = opened or ((begins, table.fault) if table.fault else None)
            if len(cells) == len(names):
                good.append((table.line_num, dict(zip(names, cells, strict=True))))
            elif cells:
                broken.append(_miscounted(cells, len(names), begins, table.line_num))
                last = table.line_num
            begins = table.line_num + 1
            if len(good) + len(broken) >= MOST_ROWS:
                more = sum(1 for cells in table if cells)
                break
    except csv.Error as error:
        broken.append((table.line_num, str(error)))
        last = table.line_num
    if not whole and broken and good and last == table.line_num:
        broken.pop()  # the head ends inside of a quoted cell
    total = len(good) + len(broken) + more if whole and more else None
    return Head(good, broken, whole and not more, total, unclosed=opened or _unclosed(good, dialect.delimiter))


def _miscounted(cells: list[str], columns: int, first: int, last: int) -> tuple[int, str]:
    """The line of a row that has another number of cells than there are columns, and why."""
    if last > first and any("\n" in cell for cell in cells):
        lines = "the line behind it is" if last == first + 1 else f"the {last - first} lines behind it are"
        return first, f"a quote that opens here is not closed: {lines} one cell with it"
    return last, f"cells: {len(cells)}, columns: {columns}"


def _unclosed(good: Rows, delimiter: str) -> tuple[int, str] | None:
    """A row that swallowed the next, for a quote that is not closed: known by the number that each row begins with, or by a cell of
    many lines that all have the delimiters of a row, in a table where cells are lines."""
    for line, row in good:
        first, *others = [str(cell) for cell in row.values()]
        for name, cell in zip(list(row)[1:], others, strict=True):
            if first.isdigit() and (found := re.search(r"\n(\d+)[,;\t]", cell)) and int(found[1]) == int(first) + 1:
                return line, f"a quote in {name} is not closed: the row of {first} goes on into that of {found[1]}"
    long = [(line, row) for line, row in good if any("\n" in str(cell) for cell in row.values())]
    for line, row in long if len(long) * 20 <= len(good) else ():
        for name, cell in row.items():
            inner = str(cell).split("\n")[1:-1]
            if len(inner) >= SWALLOWED and 10 * sum(each.count(delimiter) == len(row) - 1 for each in inner) >= 9 * len(inner):
                return line - len(inner) - 1, f"a quote in {name} is not closed: {len(inner)} lines behind it are one cell with it"
    return None


def _json(text: str, whole: bool) -> Head:
    """A list of rows, or a map that holds one; of a large file only the rows in its beginning."""
    decoder = json.JSONDecoder()
    good: Rows = []
    at = text.find("[")
    if text.lstrip()[:1] == "{":
        return _one_map(text, whole)
    if at < 0:
        return _json_lines(text.split("\n") if whole else text.split("\n")[:-1], whole)
    at += 1
    while len(good) < MOST_ROWS:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if isinstance(row, dict):
            good.append((len(good) + 1, row))
    return Head(good, [], whole and len(good) < MOST_ROWS)


def _one_map(text: str, whole: bool) -> Head:
    """A map as the run reads it: the rows of its only list of maps, else the map itself as a row; or it is a row of JSON lines."""
    lines = text.split("\n") if whole else text.split("\n")[:-1]
    try:
        found = json.loads(text) if whole else None
    except (ValueError, RecursionError):
        found = None
    if found is None:
        opens = not whole and line_reason(text.lstrip().split("\n")[0], "").startswith("this is a JSON file")
        return Head([], [], False) if opens else _json_lines(lines, whole)
    lists = {name: value for name, value in found.items() if isinstance(value, list) and value and isinstance(value[0], dict)}
    if len(lists) == 1:
        held = [(number, row) for number, row in enumerate(next(iter(lists.values())), 1) if isinstance(row, dict)]
        return Head(held[:MOST_ROWS], [], len(held) <= MOST_ROWS, len(held))
    if found and not lists and all(isinstance(value, list) for value in found.values()):
        return Head([], [(1, "this is one map of lists, not a list of rows")], whole)
    return Head([(1, found)], [], whole, 1)


WORDS = {str: "a text", list: "a list", int: "a number", float: "a number", bool: "a truth value", type(None): "null"}  # what is no row


def _json_lines(lines: Sequence[str | int], whole: bool) -> Head:
    good: Rows = []
    broken: Broken = []
    twice: list[tuple[int, str]] = []
    for number, line in enumerate(lines[:MOST_ROWS], 1):
        if isinstance(line, int):
            broken.append((number, f"no UTF-8 at byte {line} of the line"))
            continue
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=partial(_map, number, twice))
        except (ValueError, RecursionError) as error:
            broken.append((number, line_reason(line, str(error))))
            continue
        if isinstance(row, dict):
            good.append((number, row))
        else:
            broken.append((number, f"{WORDS[type(row)]}, wanted a map of columns"))
    cut = len(lines) > MOST_ROWS
    counted = sum(1 for line in lines if isinstance(line, int) or line.strip()) if whole and cut else None
    return Head(good, broken, whole and not cut, counted, tuple(twice))


def _map(number: int, twice: list[tuple[int, str]], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON map as Python reads it; a name that comes again is noted."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice.append((number, next(name for name in made if names.count(name) > 1)))
    return made


def line_reason(line: str, reason: str) -> str:
    """Why a line is no JSON, in words; `reason`: the parser's."""
    if line.strip().rstrip(",") in ("[", "{") or line.lstrip().startswith("[{"):
        return "this is a JSON file, not one row a line"
    if line.rstrip().endswith(","):
        return "a comma behind the row, as in a JSON list"
    if line.rstrip().endswith(",}") and "'" not in line.partition(":")[0]:
        return "a comma before the closing bracket"
    if reason.startswith("Expecting property name") and _is_python(line):
        return "a Python dict in single quotes, no JSON"
    if reason.startswith("Extra data") and line.lstrip()[:1] == "{":
        return "more than one row on the line: a line break is missing"
    return PARSERS_PLACE.sub(r" at column \1", reason)


def _is_python(line: str) -> bool:
    """True for a map as Python prints it; of a long one, by how it begins."""
    import ast

    if len(line) > 10_000:
        return line.lstrip().startswith("{'")
    try:
        return isinstance(ast.literal_eval(line.strip()), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
