"""The last rows of a file of JSON lines, found from its end: what the first rows say nothing of."""

import json
import os
from pathlib import Path
from typing import Any

from schemas.context import ForecastContext
from steps.text.encodings import wide
from steps.text.packed import packing

TAIL = 65536  # bytes that are looked at
MOST = 100  # rows
COUNTED = 10_000_000  # bytes of a file whose lines are counted, so that a row can be named by its line


def last_rows(facts: ForecastContext, file: Path, behind: int) -> tuple[int, list[dict[str, Any]]]:
    """The line of the first of them, 0 where the file is too long to count, and the rows; none up to line `behind`, which was seen."""
    size = facts.size(file)
    if packing(file) or not size or wide(facts.head(file, 4)):
        return 0, []
    start = max(0, size - TAIL)
    before = 0
    try:
        with open(facts.project / os.path.expanduser(file), "rb") as opened:
            if start and size <= COUNTED:
                before = opened.read(start).count(b"\n")
            opened.seek(start)
            data = opened.read(TAIL)
    except OSError:
        return 0, []
    lines = data.split(b"\n")
    if start:  # half a line
        lines, before = lines[1:], before + 1
    kept = [(before + number, line) for number, line in enumerate(lines, 1) if line.strip()]
    kept = [pair for pair in kept if start or pair[0] > behind][-MOST:]
    rows = []
    for _, line in kept:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue  # said by the rule about lines that are no rows
        if isinstance(row, dict):
            rows.append(row)
    return (kept[0][0] if kept and size <= COUNTED else 0), rows
