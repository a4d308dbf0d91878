"""Tables of a PDF with white between their rows, any of whose cells hold several lines: mupdf gives such cells as blocks of their own.

Columns are told by the white that runs down through all rows, wherever cells begin; rows by the white that runs across.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from steps.text.columns import Block, Line
from steps.text.parts import CAPTION
from steps.text.pdf_fields import placed

Found = tuple[Block, Any, str]  # a block, the first line of the one of mupdf that it is made of, and its text

FAR = 7.0  # sizes of the letters between two rows of one line each: a wrapped cell of four lines may stand there
GUTTER = 0.6  # sizes: white between two columns, at least
RISE = 0.12  # sizes: white between two rows over that between lines
LOOSE = 1.0  # sizes: white between lines of one cell, at most
LONG = 5  # lines of a cell, at most: longer ones are paragraphs beside their heads
WORDS = 200  # letters of a cell, at most
FEW = 3  # columns, at least: two are labels and what they stand for
BREAK = re.compile(r"[^\W\d_]-$")
WORD = re.compile(r"[^\W\d_]{4}")
LONE = 3  # of so many rows one may have a single cell


def bands(told: list[Found], flat: list[int]) -> list[tuple[set[int], list[Line], list[str]]]:
    """Tables: the numbers of the blocks that they are made of, what these say and where, and their rows, cells parted by tabs.

    flat: numbers of the blocks whose lines stand side by side.
    """
    found: list[tuple[set[int], list[Line], list[str]]] = []
    gone: set[int] = set()
    for group in _groups(told, flat):
        members = _members(told, group)
        size = told[group[0]][0].size
        if members & gone or any(_is_other(told[at][0], size) for at in members):
            continue
        lines = {at: list(placed(*told[at][1:])) for at in members}
        pieces = [piece for at in sorted(members) for piece in lines[at]]
        columns = _columns(pieces, size)
        if len(columns) < FEW or max(_cells_of(lines[at]) for at in group) != len(columns):
            continue
        if rows := _rows(pieces, columns, _leading(lines.values()) + RISE * size):
            gone |= members
            found.append((members, pieces, rows))
    return found


def _is_other(block: Block, size: float) -> bool:
    """True for what is no cell beside letters of that size."""
    return block.formula or block.listing or block.verse or CAPTION.match(block.lines[0]) is not None or not 0.6 < block.size / size < 1.6


def _groups(told: list[Found], flat: list[int]) -> list[list[int]]:
    """Two or more of the flat blocks one below the other, with room for the lines of a cell between."""
    groups: list[list[int]] = []
    for at in sorted(flat, key=lambda at: told[at][0].y0):
        block = told[at][0]
        for group in groups:
            last = told[group[-1]][0]
            if -1 < block.y0 - last.y1 < FAR * block.size and min(block.x1, last.x1) > max(block.x0, last.x0):
                group.append(at)
                break
        else:
            groups.append([at])
    return [group for group in groups if len(group) > 1]


def _members(told: list[Found], group: list[int]) -> set[int]:
    """The blocks of a group and all that stand between them, and those below it that are as near as lines are."""
    inside = [told[at][0] for at in group]
    size = inside[0].size
    left, right = min(b.x0 for b in inside), max(b.x1 for b in inside)
    top, bottom = min(b.y0 for b in inside), max(b.y1 for b in inside)
    members = set(group)
    for at, (block, first, _) in sorted(enumerate(told), key=lambda each: each[1][0].y0):
        if at in members or first is None or block.x0 > right or block.x1 < left:
            continue
        further = bottom <= block.y0 < bottom + 0.3 * size and block.x1 < right and block.characters < 40 * len(block.lines)
        if (block.y0 < bottom and block.y1 > top) or further:
            members.add(at)
            left, right, bottom = min(left, block.x0), max(right, block.x1), max(bottom, block.y1)
    return members


def _cells_of(lines: list[Line]) -> int:
    """The most pieces that stand on one line."""
    return max(sum(abs(b[1] - a[1]) < 0.3 * (a[3] - a[1]) for b in lines) for a in lines)


def _columns(pieces: list[Line], size: float) -> list[tuple[float, float]]:
    """From where to where each column reaches."""
    found: list[tuple[float, float]] = []
    for x0, _, x1, *_ in sorted(pieces):
        if found and x0 < found[-1][1] + GUTTER * size:
            found[-1] = found[-1][0], max(found[-1][1], x1)
        else:
            found.append((x0, x1))
    return found


def _leading(blocks: Iterable[list[Line]]) -> float:
    """White between lines of one cell: the least between two lines of a block; there is none where no cell has two."""
    gaps = [b[1] - a[3] for lines in blocks for a, b in pairwise(lines) if b[1] > a[1] + 0.5 * (a[3] - a[1])]
    return min(gaps, default=-100.0)


def _rows(pieces: list[Line], columns: list[tuple[float, float]], most: float) -> list[str]:
    """The rows, none where white does not tell them. most: white between lines of one row."""
    size = min(piece[3] - piece[1] for piece in pieces)
    found: list[list[Line]] = []
    bottom = 0.0
    for piece in sorted(pieces, key=lambda piece: piece[1]):
        if found and piece[1] - bottom <= most:
            found[-1].append(piece)
        else:
            found.append([piece])
        bottom = max(bottom, piece[3])
    rows = []
    for band in found:
        cells: list[list[Line]] = [[] for _ in columns]
        for piece in sorted(band, key=lambda piece: (round(piece[1]), piece[0])):
            cells[next(n for n, (_, x1) in enumerate(columns) if piece[0] <= x1)].append(piece)
        rows.append(cells)
    tall = [[_heights(cell, size) for cell in cells] for cells in rows]
    if any(min(each) > 1 or (max(each) > 2 and 2 * each.count(max(each)) > len(each)) for each in tall):
        return []  # several rows, with no white between them
    wrapped = [cell for cells in rows for cell in cells if _heights(cell, size) > 1]
    if 2 * sum(any(map(WORD.search, (piece[4] for piece in cell))) for cell in wrapped) < len(wrapped):
        return []  # a formula
    filled = [sum(map(bool, cells)) for cells in rows]
    if filled.count(len(columns)) < 2 or LONE * filled.count(1) > len(rows) or not 1 < max(map(max, tall)) <= LONG or most > LOOSE * size:
        return []
    words = [[said(cell) for cell in cells] for cells in rows]
    return (
        []
        if any(len(cell) > WORDS or ". . ." in cell for cells in words for cell in cells)
        else ["\t".join(cells).rstrip("\t") for cells in words]
    )


def _heights(cell: list[Line], size: float) -> int:
    """Lines of a cell."""
    return sum(b[1] > a[1] + 0.5 * size for a, b in pairwise(cell)) + 1


def said(cell: list[Line]) -> str:
    """What the lines of a cell say together."""
    words = ""
    for piece in cell:
        text = " ".join(piece[4].split())
        words = f"{words[:-1]}{text}" if BREAK.search(words) and text[:1].islower() else f"{words} {text}".strip()
    return words
