"""The beginning of a table of rows, without reading the file: what rules know of the data before the run."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from schemas.artifacts import Document
from schemas.context import ForecastContext
from steps.text import rows
from steps.text.encodings import decode
from steps.text.tables import SAMPLE, delimiter_of

HEAD = 65536
MOST_ROWS = 200  # of a file are looked at
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv", ".json")
Rows = list[tuple[int, dict[str, Any]]]
Broken = list[tuple[int, str]]


class Head(NamedTuple):
    """rows: each with its line. broken: lines that are no row, with the reason. whole: it is the whole file."""

    rows: Rows
    broken: Broken
    whole: bool

    def roles(self, columns: Any) -> dict[str, str]:
        """Role to column, known as in the run by the first rows together. Raises NoSuchColumn."""
        return rows.meant(columns if isinstance(columns, dict) else None, *rows.found_in(row for _, row in self.rows[:SAMPLE]))

    def documents(self, columns: Any) -> Iterator[Document]:
        """The rows that become documents; others are left out."""
        try:
            roles = self.roles(columns)
        except rows.NoSuchColumn:
            return
        for _, row in self.rows:
            try:
                yield rows.document(row, roles)
            except (rows.BadRow, KeyError, TypeError, ValueError, AttributeError):
                continue


def head_of(facts: ForecastContext, file: Path) -> Head:
    """The first rows of a JSONL, JSON or CSV file."""
    data = facts.head(file, HEAD)
    whole = facts.size(file) <= len(data)
    text = decode(data)[0].removeprefix("\ufeff")
    if file.suffix.lower() in (".csv", ".tsv"):
        return _csv(text, file, whole)
    if file.suffix.lower() == ".json":
        return _json(text, whole)
    lines = text.split("\n")
    return _json_lines(lines if whole else lines[:-1], whole)


def _csv(text: str, file: Path, whole: bool) -> Head:
    lines = text if whole else text[: text.rfind("\n") + 1]
    table = csv.reader(io.StringIO(lines), delimiter=delimiter_of(text, file))
    good: Rows = []
    broken: Broken = []
    try:
        names = next(table, [])
        for cells in table:
            if len(cells) == len(names):
                good.append((table.line_num, dict(zip(names, cells, strict=True))))
            elif cells:
                broken.append((table.line_num, f"cells: {len(cells)}, columns: {len(names)}"))
            if len(good) + len(broken) >= MOST_ROWS:
                break
    except csv.Error as error:
        broken.append((table.line_num, str(error)))
    if not whole and broken and good and broken[-1][0] == table.line_num:
        broken.pop()  # the head ends inside of a quoted cell
    return Head(good, broken, whole)


def _json(text: str, whole: bool) -> Head:
    """A list of rows, or a map that holds one; of a large file only the rows in its beginning."""
    decoder = json.JSONDecoder()
    good: Rows = []
    at = text.find("[")
    if at < 0 or (text.lstrip()[:1] == "{" and not whole):
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
    return Head(good, [], whole)


def _json_lines(lines: list[str], whole: bool) -> Head:
    good: Rows = []
    broken: Broken = []
    for number, line in enumerate(lines[:MOST_ROWS], 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            broken.append((number, _shape_of(line, str(error))))
            continue
        if isinstance(row, dict):
            good.append((number, row))
        else:
            broken.append((number, f"a {type(row).__name__}, wanted a map of columns"))
    return Head(good, broken, whole)


def _shape_of(line: str, reason: str) -> str:
    if line.strip().rstrip(",") in ("[", "{") or line.lstrip().startswith("[{"):
        return "this is a JSON file, not one row a line"
    if line.rstrip().endswith(","):
        return "a comma behind the row: this is a JSON list, not one row a line"
    return reason
