"""Columns that came in one block: some programs write a page line by line, over the white between its columns."""

from itertools import pairwise
from typing import Any

from steps.text.columns import Block, Line
from steps.text.pdf_fields import placed
from steps.text.pdf_lines import SHARED

LEAST = 12  # lines of both columns
LETTERS = 24  # of a line in the mean: cells have fewer
WHITE = 8.0  # points between two columns, at least
MIDDLE = 0.25  # of the width: nearer to its edges no column ends
EACH = 0.3  # of the letters that each column has, at least
FILLED = 0.85  # of its column that a line in the middle fills: cells do not
WORDS = 4  # of a line in the mean: code has fewer
INDENT = 8.0  # points: a paragraph begins so far in

Found = tuple[Block, Any, str]  # a block, the first line of the one of mupdf that it is made of, and its text


def with_columns(told: list[Found]) -> list[Found]:
    """`told`, a block that holds two columns as one of each, and so others that reach over the same white."""
    gutters = [gutter for found in told if _is_low(found) and (gutter := _gutter(_lines(found)))]
    if not gutters:  # nearly always
        return told
    left, right = max(a for a, _ in gutters), min(b for _, b in gutters)
    if left >= right:
        return told
    out: list[Found] = []
    for found in told:
        block, first, _ = found
        sides = _sides(_lines(found), left, right) if first is not None and block.x0 < left and block.x1 > right else None
        out += [_made(block, side) for side in sides] if sides else [found]
    return out


def _is_low(found: Found) -> bool:
    """True when the lines of a block of prose stand side by side."""
    block, first, text = found
    n = len(block.lines)
    return n >= LEAST and first is not None and not block.listing and block.y1 - block.y0 < SHARED * n and len(text) > LETTERS * n


def _lines(found: Found) -> list[Line]:
    return list(placed(found[1], found[2])) if found[1] is not None else []


def _gutter(lines: list[Line]) -> tuple[float, float] | None:
    """Where the white between two columns begins and ends; None where no line leaves it free, or where cells stand beside it."""
    left, right = min(line[0] for line in lines), max(line[2] for line in lines)
    edge = MIDDLE * (right - left)
    end = left
    widest: tuple[float, float] | None = None
    for x0, _, x1, *_ in sorted(lines):
        if x0 - end > max(WHITE, widest[1] - widest[0] if widest else 0.0) and left + edge < end < right - edge:
            widest = end, x0
        end = max(end, x1)
    sides = _sides(lines, *widest) if widest else None
    if widest is None or sides is None:
        return None
    total = sum(len(line[4]) for line in lines)
    for side in sides:
        rows = _rows(side)
        width = max(line[2] for line in side) - min(line[0] for line in side)
        widths = sorted(max(line[2] for line in row) - min(line[0] for line in row) for row in rows)
        words = sum(len(line[4].split()) for line in side)
        few = len(rows) < LEAST / 2 or words < WORDS * len(rows) or sum(len(line[4]) for line in side) < EACH * total
        if few or widths[len(widths) // 2] < FILLED * width:
            return None
    return widest


def _sides(lines: list[Line], left: float, right: float) -> tuple[list[Line], list[Line]] | None:
    """Lines that end before the white, and those that begin behind it; None where one reaches over it or a side has none."""
    one, other = [line for line in lines if line[2] <= left + 1], [line for line in lines if line[0] >= right - 1]
    return (one, other) if one and other and len(one) + len(other) == len(lines) else None


def _rows(side: list[Line]) -> list[list[Line]]:
    """Lines of one column, top to bottom, those beside each other together."""
    rows: list[list[Line]] = []
    for line in sorted(side, key=lambda line: (line[1] + line[3]) / 2):
        middle = (line[1] + line[3]) / 2
        if rows and rows[-1][0][1] < middle < rows[-1][0][3]:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row) for row in rows]


def _made(block: Block, side: list[Line]) -> Found:
    """One column of `block` as a block."""
    rows = _rows(side)
    lines = [" ".join(line[4].strip() for line in row) for row in rows]
    edges = min(line[0] for line in side), min(line[1] for line in side), max(line[2] for line in side), max(line[3] for line in side)
    inside = [row[0][0] > edges[0] + INDENT for row in rows]
    ended = tuple(lines[at] for at, (above, below) in enumerate(pairwise(inside)) if below and not above)
    made = Block(*edges, lines, size=block.size, ended=ended)
    made.indent = rows[0][0][0] - edges[0]
    return made, None, "\n".join(lines)
