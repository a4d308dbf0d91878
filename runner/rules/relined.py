"""What makes rows of the lines of a table that are none: the one command, or the one change, that mends all of them."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from runner.rules import View
from steps.parse_corpus import Role

PYTHON = "write each row with json.dumps(row), not str(row)"
UNCLOSED = "write it again by a library for CSV, which doubles the quotes inside of a cell"
BEFORE = {"data: ": "sed 's/^data: //'"}  # what stands before each row, by the tool that takes it away

ROLES = get_args(Role)
FOREIGN = re.compile(r"\{\{-? *(?:\w+[.\[])?['\"]?(\w+)['\"]?\]? *-?\}\}|%\((\w+)\)s|\$(\w+)|<(\w+)>|\[(\w+)\]|#(\w+)#")  # of other tools


def the_other_way_round(columns: Mapping[Any, Any] | None, found: Sequence[str]) -> dict[str, str]:
    """Role to column, where `columns` names the columns first and the roles behind them; nothing where it does not."""
    if not columns or not set(columns) <= set(found) or not all(value in ROLES and value not in found for value in columns.values()):
        return {}
    turned = {str(role): str(column) for column, role in columns.items()}
    return turned if len(turned) == len(columns) else {}


def in_braces(template: str, found: Sequence[str]) -> str:
    """`template` with each column in one pair of braces, where another tool's way names all of them: {{title}}, $title, %(title)s."""
    named = [next(filter(None, match.groups())) for match in FOREIGN.finditer(template)]
    return FOREIGN.sub(lambda match: f"{{{next(filter(None, match.groups()))}}}", template) if named and set(named) <= set(found) else ""


def remedy(view: View, file: Path, name: str, line: int, reason: str) -> str:
    """What to do about line `line` of `file`, called `name`, which is no row for `reason`."""
    into = f"{name} > rows.jsonl"
    text = view.facts.head(file).decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    if "a Python dict" in reason:
        return PYTHON
    if "before the closing bracket" in reason:
        return "take the comma out: json.dumps(row) writes none there"
    if reason.startswith("a quote that opens"):
        return UNCLOSED
    if "map of lists" in reason:
        return 'write a list of rows: [{"instruction": "…", "output": "…"}, …]'
    if "a comma behind" in reason or reason.startswith("this is a JSON"):
        if text[:1] == "[":
            return f"write one row a line: jq -c '.[]' {into}"
        commas = "a comma behind" in reason
        return f"take the commas away: sed 's/,[[:space:]]*$//' {into}" if commas else f"write one row a line: jq -c . {into}"
    if "more than one row" in reason:
        return f"write one row a line: jq -c . {into}"
    if reason.startswith("cells: "):
        return _cells(reason)
    if reason.startswith("Unterminated string"):
        return r"a line break inside of a text is written \n: write each row with json.dumps(row)"
    written = _line(text, line)
    for mark, tool in BEFORE.items():
        if written.startswith(mark):
            return f"take {mark.strip()!r} away: {tool} {into}"
    front, tab, row = written.partition("\t")
    if tab and front.isalnum() and row.startswith("{"):
        return f"take the first column away: cut -f2- {into}"
    if reason.startswith("a list"):
        return _of_lists(written, into)
    if reason.startswith("a text"):
        return _of_texts(written, into)
    return "mend or delete the line"


def _line(text: str, number: int) -> str:
    lines = text.split("\n", number)
    return lines[number - 1].strip() if len(lines) >= number else ""


def _cells(reason: str) -> str:
    """Of a table: more cells than columns are commas inside of texts, most of the time."""
    cells, columns = (int(part) for part in reason.replace(",", "").split() if part.isdigit())
    return 'put a cell that holds a comma into double quotes: "Yes, on day 3"' if cells > columns else "mend or delete the line"


def _of_lists(line: str, into: str) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = []
    if line.startswith("[{"):
        turns = bool(row) and all(isinstance(turn, dict) and set(turn) & {"role", "from"} for turn in row)
        return f"name it: jq -c '{{messages: .}}' {into}" if turns else f"write one row a line: jq -c '.[]' {into}"
    if len(row) == 2 and all(isinstance(cell, str) for cell in row):
        return f"name the parts: jq -c '{{instruction: .[0], output: .[1]}}' {into}"
    return f"name the parts: jq -c '{{text: .[0]}}' {into}"


def _of_texts(line: str, into: str) -> str:
    """Of lines that are one text each: rows of JSON that were written twice over, or texts."""
    try:
        inner = json.loads(json.loads(line))
    except (ValueError, TypeError, RecursionError):
        inner = None
    return f"take the outer quotes away: jq -c fromjson {into}" if isinstance(inner, dict) else f"name the text: jq -c '{{text: .}}' {into}"


def numbered(rows: Sequence[tuple[int, dict[str, Any]]]) -> bool:
    """Whether a file that is one map holds rows by their numbers, as pandas writes a table with orient="index"."""
    inner = list(rows[0][1].values()) if len(rows) == 1 else []
    return len(inner) > 1 and all(isinstance(row, dict) and row.keys() == inner[0].keys() for row in inner) and _counts(rows[0][1])


def by_columns(rows: Sequence[tuple[int, dict[str, Any]]]) -> bool:
    """Whether a file that is one map holds columns, each with its cells by the numbers of rows, as pandas writes a table."""
    columns = list(rows[0][1].values()) if len(rows) == 1 else []
    return len(columns) > 1 and all(isinstance(cells, dict) and len(cells) > 1 and _counts(cells) for cells in columns)


def _counts(row: dict[str, Any]) -> bool:
    return all(key.isdigit() for key in row)
