"""What stands behind the beginning of a table: lines that are no rows, in the whole of a small file, in some places of a large one."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.context import ForecastContext
from steps.text.encodings import decode, wide
from steps.text.heads import HEAD, line_reason
from steps.text.jsonlines import MARK, Lines, wide_lines
from steps.text.packed import packing
from steps.text.unreadable import Unreadable

WHOLE = 10_000_000  # bytes of a file that is read to its end: less than a tenth of a second
PLACES = 16  # of a larger one, its end among them
TOLD = 3  # broken lines that are kept
FACT = "further 3"


class Further(NamedTuple):
    """broken: the first lines that are no rows, each with its number, or of a large file its first byte, and the reason.

    wrong: of them all. seen: lines that were looked at; whole: they are all of the file.
    """

    broken: list[tuple[int, str]]
    wrong: int
    seen: int
    whole: bool


def further(facts: ForecastContext, file: Path, kind: str) -> Further | None:
    """What is wrong behind the beginning of `file`, of `kind` jsonl or csv; None where it is not looked at."""
    size = facts.size(file)
    if kind not in ("jsonl", "csv") or packing(file) or (kind == "csv" and size > WHOLE):
        return None
    made = facts.remembered(f"{FACT} {kind}", [file], lambda: _looked(facts.project / file, kind, size))
    return None if made is None else Further([(line, reason) for line, reason in made[0]], *made[1:])


def _looked(file: Path, kind: str, size: int) -> list[Any] | None:
    try:
        if kind == "csv":
            found = _cells(file)
        else:
            with open(file, "rb") as opened:
                head = opened.read(HEAD)
            if size <= WHOLE:
                found = _lines(file, head)
            elif wide(head):
                return None  # a place in it may lie inside of a letter
            else:
                found = _places(file, size, Lines(head))
        broken: list[list[Any]] = []
        wrong = seen = 0
        for at, reason in found:
            seen += 1
            wrong += bool(reason)
            if reason and len(broken) < TOLD:
                broken.append([at, reason])
    except (OSError, Unreadable, csv.Error):
        return None
    return [broken, wrong, seen, size <= WHOLE]


def _lines(file: Path, head: bytes) -> Iterator[tuple[int, str]]:
    read = Lines(head)
    with open(file, "rb") as opened:
        lines = wide_lines(opened, head) or iter(opened.read().removesuffix(b"\n").split(b"\n"))
        yield from ((number, _reason(line, read)) for number, line in enumerate(lines, 1))


def _places(file: Path, size: int, read: Lines) -> Iterator[tuple[int, str]]:
    """Lines of some places with their first byte; what is cut at a place's ends is left out."""
    with open(file, "rb") as opened:
        for place in range(1, PLACES + 1):
            start = max(0, size - HEAD) if place == PLACES else place * (size // PLACES)
            opened.seek(start)
            data = opened.read(HEAD)
            lines = data.split(b"\n")
            at = start
            for number, line in enumerate(lines):
                cut = number == 0 or (number == len(lines) - 1 and place < PLACES)
                if not cut:
                    yield at, _reason(line, read)
                at += len(line) + 1


def _reason(line: bytes, read: Lines) -> str:
    """Why a line is no row; nothing when it is one, or empty."""
    line = line.removeprefix(MARK)
    if not line.strip():
        return ""
    try:
        row = _loads()(line)
    except ValueError:
        return _again(line, read)
    return "" if isinstance(row, dict) else f"a {type(row).__name__}, wanted a map of columns"


def _again(line: bytes, read: Lines) -> str:
    """Read by the patient parser, which says why in the words of the head."""
    try:
        text = read.text(line)
    except UnicodeDecodeError as error:
        return f"no UTF-8 at byte {error.start + 1} of the line"
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        return line_reason(text, str(error))
    return "" if isinstance(row, dict) else f"a {type(row).__name__}, wanted a map of columns"


def _loads() -> Callable[[bytes], Any]:
    try:
        from orjson import loads
    except ImportError:
        return json.loads
    return loads


def _cells(file: Path) -> Iterator[tuple[int, str]]:
    from steps.text.delimited import Cells, dialect_of

    text = decode(file.read_bytes())[0].removeprefix("\ufeff")
    table = Cells(io.StringIO(text, newline=""), dialect_of(text[:HEAD], file))
    for cells in table:
        if cells:
            yield table.line_num, "" if len(cells) == len(table.names) else f"cells: {len(cells)}, columns: {len(table.names)}"
