"""Rows from all over a file of JSON lines, where its beginning says nothing of them."""

import json
import os
from pathlib import Path
from typing import Any

from schemas.context import ForecastContext
from steps.text.encodings import wide
from steps.text.further import WHOLE
from steps.text.packed import packing

MOST = 400  # rows


def spread_rows(facts: ForecastContext, file: Path, behind: int) -> list[tuple[int, dict[str, Any]]]:
    """At most MOST rows of `file` behind line `behind`, evenly spaced, each with its line; none of a file of more than WHOLE bytes, of a
    packed one, and of one that cannot be read. What is no row is left out."""
    size = facts.size(file)
    if not size or size > WHOLE or packing(file) or wide(facts.head(file, 4)):
        return []
    try:
        lines = (facts.project / os.path.expanduser(file)).read_bytes().split(b"\n")
    except OSError:
        return []
    left = [n for n in range(behind, len(lines)) if lines[n].strip()]
    found = []
    for number in left[:: -(-len(left) // MOST) or 1]:
        try:
            row = json.loads(lines[number])
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            found.append((number + 1, row))
    return found
