"""The lines of a block of a PDF where their places say that they are not lines one below the other."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from steps.text.columns import Block, Line
from steps.text.pdf_fields import fields, placed
from steps.text.pdf_marks import LONE_MARK
from steps.text.pdf_rows import table_rows

SHARED = 8.5  # points of height for a line: with less, several stand side by side
LOOSE = 10.5  # the same for a few lines, which scripts may have parted
LOW = 8.0  # points: a line that low is small, or its font says little of its height
TALL = 1.9  # times the size of its letters, for a line: the box of a block says too much
ONE_LINE = 1.6  # times the size of its letters: a block of less height is one line, or cells side by side
STOP = 1.15  # times the size of the letters: white behind a full stop, at most
STOPS = (".", "?", "!", ":", ";", ",", ")", "”", '"')
HEADED, RUNNING = 2.0, 40  # the same behind a head that runs in, and letters of the line behind it, at least
CELL = 3.5  # points of white: more stands between the cells of a table
BACK = 10  # points: a script below begins so far left of where the one above ends
WORD = re.compile(r"[^\W\d_]{4}")


def look_at_lines(block: Block, first: Any, text: str) -> None:
    """Look at the places of a block's lines where its text or its height is not that of lines one below the other."""
    n = len(block.lines)
    height = block.y1 - block.y0
    if n == 1:
        if height < LOW and WORD.search(text):
            _heighten(block, first)
        return
    if min(map(len, block.lines[1:])) < 5 and any(len(line) < 5 and LONE_MARK.match(line) for line in block.lines[1:]):
        _set_marks_first(block, placed(first, text))
    if len(set(block.lines)) < n:
        block.set_lines(_once(placed(first, text)) or block.lines)
    if height < ONE_LINE * block.size and _join_line(block, first, text):
        return
    if n < 4:
        if height < (LOOSE if len(block.lines[0]) < 4 else SHARED) * n:
            _join_scripts(block, first, text)
    elif len(text) < 32 * n and height < SHARED * n:
        _find_rows(block, first, text)


def _set_marks_first(block: Block, lines: Iterable[Line]) -> None:
    """Set marks of items before what stands right of them in their row: some programs write them behind it."""
    found = list(lines)
    if len(found) != len(block.lines):
        return
    for at, (line, mark) in enumerate(pairwise(found[:])):
        beside = min(line[3], mark[3]) - max(line[1], mark[1]) > 0.5 * (mark[3] - mark[1])
        if len(mark[4]) < 5 and LONE_MARK.match(mark[4]) and beside and mark[2] <= line[0] + 1:
            found[at], found[at + 1] = mark, line
    block.set_lines([line[4] for line in found])


def _once(lines: Iterable[Line]) -> list[str]:
    """The text of lines, those that are set again in the same place, to look bold, left out."""
    out: list[Line] = []
    for line in lines:
        twice = any(line[4] == last[4] and abs(line[1] - last[1]) < 2 and abs(line[0] - last[0]) < 2 for last in out[-3:])
        if not twice:
            out.append(line)
    return [line[4] for line in out]


def _join_line(block: Block, first: Any, text: str) -> bool:
    """Make one line of those that wide white has parted and that are no cells: LaTeX sets more of it behind full stops, others justify so.

    Numbers of lines, which stand left of them, stay by themselves. Returns whether there was something to join.
    """
    row = list(placed(first, text))
    gaps = [(b[0] - a[2], a[4].rstrip()) for a, b in pairwise(row) if b[0] > a[0]]
    widest = max((gap for gap, _ in gaps), default=0.0)
    stopped = widest < STOP * block.size and all(said.endswith(STOPS) for _, said in gaps)
    even = len(gaps) > 2 and widest < 3 * block.size and widest - min(gap for gap, _ in gaps) < 0.15 * widest and _has_words(text)
    head = len(row) == 2 and widest < HEADED * block.size and row[0][4].rstrip().endswith(".") and len(row[1][4]) > RUNNING
    if not gaps or not (stopped or even or head):
        return False
    lines: list[str] = []
    for number, line in enumerate(row):
        if number and line[0] > row[number - 1][0]:
            lines[-1] = f"{lines[-1].rstrip()} {line[4].lstrip()}"
        else:
            lines.append(line[4])
    block.set_lines(lines)
    return True


def _has_words(text: str) -> bool:
    """True when next to none of the signs are figures, as in rows of numbers."""
    return 5 * sum(map(str.isdigit, text)) < sum(map(str.isalpha, text))


def _heighten(block: Block, first: Any) -> None:
    """The true height of a line whose font's box says too little."""
    letter = first.first_char
    base, size = letter.origin.y, letter.size
    block.y0, block.y1 = min(block.y0, base - 0.8 * size), max(block.y1, base + 0.2 * size)


def lower_box(block: Block, letter: Any) -> None:
    """The true top of a block, and of one line its bottom, whose box a sign of a bitmap font has made too high. letter: its first."""
    get = fields()
    base, size = get.y(get.origin(letter).this), get.size(letter)
    block.y0 = max(block.y0, base - size)
    if len(block.lines) == 1 or block.y1 - block.y0 < TALL * size:
        block.y1 = min(block.y1, base + 0.35 * size)


def _find_rows(block: Block, first: Any, text: str) -> None:
    """Rows of a block whose lines stand side by side."""
    if rows := table_rows(placed(first, text), sum(bool(said.strip()) for said in text.split("\n"))):
        block.set_lines(rows)
        block.table = any("\t" in row for row in rows)


def _join_scripts(block: Block, first: Any, text: str) -> None:
    """Make one line of those that a script has parted: what stands side by side without the white of a table's cells."""
    lines: list[str] = []
    end = top = bottom = 0.0
    for x0, y0, x1, y1, said in placed(first, text):
        gap, beside = x0 - end, min(y1, bottom) - max(y0, top) > 0.3 * min(y1 - y0, bottom - top)
        if lines and beside and -BACK < gap < CELL:
            lines[-1] += said if gap < 1 else f" {said.lstrip()}"
        elif len(lines) == 1 and not beside and y0 >= top and len(lines[0]) < 4 and bottom - top < 0.8 * (y1 - y0):
            lines[0] += f" {said}"  # a script of the block before, which makes this one look taller
            block.y0 = y0
        else:
            lines.append(said)
        end, top, bottom = x1, y0, y1
    if len(lines) < len(block.lines):
        block.set_lines(lines)
