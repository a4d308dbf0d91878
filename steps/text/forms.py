"""What a text file is, by its beginning, when it is no text: rows of JSON or of a table, or a page."""

import csv
import io
import json
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from schemas.context import ForecastContext
from steps.text.choices import format_of
from steps.text.encodings import beginning
from steps.text.unreadable import Unreadable

HEAD = 65536  # bytes that are looked at
FILES = 20  # of a source are looked at: a folder may hold a million
TEXTS = ("txt", "md")
NAME = re.compile(r"[\w.-]+")
FEWEST = 3  # lines that are all rows; of a table with a header more
CELLS = {  # names of columns that rows of text have
    "text", "prompt", "completion", "instruction", "input", "output", "question", "answer", "response", "content", "title", "label",
}  # fmt: skip


def first_other(context: ForecastContext, files: Iterable[Path], wanted: object) -> tuple[Path, str] | None:
    """The first of the first FILES that `real_format` knows, with that format. wanted: the source's `format`, None where it has none."""
    found = ((file, real_format(context, file, str(wanted or "auto"))) for file in islice(files, FILES))
    return next((each for each in found if each[1]), None)


def real_format(context: ForecastContext, file: Path, wanted: str = "auto") -> str:
    """`json`, `jsonl`, `csv` or `html` for a file that is read as plain text by its name and is not; empty for a text.

    A format that is written out is what somebody wants.
    """
    try:
        if wanted != "auto" or format_of(file, "auto") not in TEXTS:
            return ""
        data = context.head(file, HEAD)
        whole = context.size(file) <= len(data)
        text = beginning(data, whole).lstrip()
    except (Unreadable, OSError):
        return ""
    if text[:1] in ("{", "["):
        return _json(text, whole)
    if text[:200].lower().startswith(("<!doctype html", "<html")):
        return "html"
    return "csv" if _is_table(text) else ""


def _json(text: str, whole: bool) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    if all(map(_is_map, lines[: 4 * FEWEST])) and (len(lines) >= FEWEST or whole):
        return "jsonl"
    try:
        if whole:
            found = json.loads(text)
            listed = found if isinstance(found, list) else [found]
            return "json" if listed and all(isinstance(each, dict) for each in listed) else ""
        first, at = json.JSONDecoder().raw_decode(text, 1 + len(text[1:]) - len(text[1:].lstrip())) if text[0] == "[" else (None, 0)
    except (ValueError, RecursionError):
        return ""
    return "json" if isinstance(first, dict) and text[at:].lstrip()[:1] == "," else ""


def _is_map(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _is_table(text: str) -> bool:
    """A header of names that rows of text have, and rows of as many cells."""
    for mark in ",\t;":
        names = [name.strip(" \"'").lower() for name in text.partition("\n")[0].rstrip("\r").split(mark)]
        if len(names) < 2 or CELLS.isdisjoint(names) or not all(map(NAME.fullmatch, names)):
            continue
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter=mark))[:-1]  # the last one may be cut off
        except csv.Error:
            continue
        if len(rows) > FEWEST and all(len(row) == len(names) for row in rows if row):
            return True
    return False
