"""Tables without rules that are set so close to the text that they came in its block: their rows stand out by cells one below the other."""

from collections.abc import Iterable
from typing import Any

from steps.text.columns import MARK, NUMBERED, Block, Line
from steps.text.pdf_fields import fields, placed

SENTENCE = 20  # letters: what stands behind the number of a paragraph has more
SHORT = 40  # letters: a cell has fewer
MOST = 12  # rows that are compared with each other
LEAST = 2  # rows of a table
DOTS = ". . ."  # lead from an entry to its page
APART = 8.0  # points of white between two cells
WIDE = 0.5  # sizes of the letters: so much white between two of them is more than a blank
ALIGNED = 3.0  # points: cells of a column begin at one place
RAISED = tuple("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")


def may_hold_rows(lines: list[str]) -> bool:
    """True when lines follow on each other that are as short as cells are; lists of contents have rows of dots."""
    if sum(map(SHORT.__gt__, map(len, lines))) < 2 * LEAST:  # nearly always
        return False
    following = 0
    for line in lines:
        following = following + 1 if len(line) < SHORT and ". . ." not in line else 0
        if following == 2 * LEAST:
            return True
    return False


def parted(block: Block, first: Any, text: str) -> list[Block]:
    """The block, or what it consists of: text above a table, its rows, text below. first: its first line of mupdf. text: what it says."""
    lines = list(placed(first, text))
    rows = rows_of(lines)
    whole = rows[:]
    if _has_columns([row for row in rows if len(row) > 1]) and any(len(row) == 1 for row in rows):
        _cut(rows, first, text)
    tabular = [len(row) > 1 and (_below(rows, at, -1) or _below(rows, at, 1)) for at, row in enumerate(rows)]
    if sum(tabular) < LEAST:
        return [block]
    out: list[Block] = []
    for row, uncut, cells in zip(rows, whole, tabular, strict=True):
        said = ["\t".join(" ".join(line[4].split()) for line in row)] if cells else [line[4] for line in uncut]
        edges = min(line[0] for line in row), min(line[1] for line in row), max(line[2] for line in row), max(line[3] for line in row)
        if out and out[-1].table == cells:
            last = out[-1]
            last.set_lines([*last.lines, *said])
            last.x0, last.x1, last.y1 = min(last.x0, edges[0]), max(last.x1, edges[2]), max(last.y1, edges[3])
        else:
            out.append(Block(*edges, said, table=cells))
    return out


def _has_columns(rows: list[list[Line]]) -> bool:
    """True when two rows have cells at the same places; in justified text a wide gap parts a line here and there."""
    return any(_aligned(a, b) for at, a in enumerate(rows[:MOST]) for b in rows[at + 1 : MOST])


def _cut(rows: list[list[Line]], line: Any, text: str) -> None:
    """Cut lines that stand alone where the cells of the row above or below begin, and more white than a blank stands before."""
    get = fields()
    gaps: dict[Line, list[tuple[int, float, float]]] = {}
    for said in text.split("\n"):
        if line is None:
            break
        gaps[(*get.box(get.line_box(line.this).this), said)] = _gaps(line, said) if len(said) < 2 * SHORT else []
        line = get.next_line(line.this)
    for step in (-1, 1):
        for at in range(len(rows))[::-step]:
            beside = rows[at + step] if 0 <= at + step < len(rows) else []
            if len(rows[at]) == 1 and len(beside) > 1 and (cells := _cells(rows[at][0], gaps.get(rows[at][0], []), beside)):
                rows[at] = cells


def _cells(line: Line, gaps: list[tuple[int, float, float]], beside: list[Line]) -> list[Line]:
    """A line as cells that stand below those of another row, none where they do not."""
    x0, y0, x1, y1, said = line
    ends = [next((gap for gap in gaps if abs(gap[2] - cell[0]) < ALIGNED), None) for cell in beside[1:]]
    if abs(x0 - beside[0][0]) >= ALIGNED or None in ends:
        return []
    cells, begun = [], 0
    for at, end, start in [gap for gap in ends if gap is not None]:
        cells.append((x0, y0, end, y1, said[begun:at]))
        x0, begun = start, at + 1
    return [*cells, (x0, y0, x1, y1, said[begun:])]


def _gaps(line: Any, said: str) -> list[tuple[int, float, float]]:
    """Wide white in a line that says `said`: the place of the blank that stands for it, where it begins, where it ends.

    said may lack raised letters, have them as other signs, and blanks more than the letters.
    """
    get = fields()
    found = []
    blank: tuple[int, float] | None = None
    letter, at = get.first_letter(line.this), 0
    while letter is not None:
        this = letter.this
        code = get.code(this)
        if said[at : at + 2] == f" {chr(code)}" and code != 0x20:
            at += 1
        x = get.x(get.origin(this).this)
        if code == 0x20:
            blank = at, x
        elif blank is not None:
            if x - blank[1] > WIDE * get.size(this):
                found.append((*blank, x))
            blank = None
        at += said[at : at + 1] == chr(code) or said[at : at + 1] in RAISED
        letter = get.next_letter(this)
    return found


def rows_of(lines: list[Line]) -> list[list[Line]]:
    """Lines that stand beside each other with white between them, together."""
    rows: list[list[Line]] = []
    for line in lines:
        last = rows[-1][-1] if rows else None
        low = min(last[3] - last[1], line[3] - line[1]) if last is not None else 0.0  # some fonts' boxes are lower than their letters
        beside = last is not None and min(last[3], line[3]) - max(last[1], line[1]) > 0.5 * low
        if last is not None and beside and line[0] - last[2] > (0 if DOTS in line[4] else APART):
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _below(rows: list[list[Line]], at: int, step: int) -> bool:
    """True when the next row has as many cells at the same places: wide gaps in justified lines do not come one below the other.

    Marks of items do, and are no cells.
    """
    mark = rows[at][0][4].strip()
    if MARK.match(mark) or (len(rows[at]) == 2 and len(rows[at][1][4]) > SENTENCE and NUMBERED.fullmatch(mark)):
        return False
    other = rows[at + step] if 0 <= at + step < len(rows) else []
    return _aligned(rows[at], other)


def _aligned(row: list[Line], other: list[Line]) -> bool:
    return len(other) == len(row) and all(abs(a[0] - b[0]) < ALIGNED for a, b in zip(row, other, strict=True))


def table_rows(lines: Iterable[Line], count: int) -> list[str]:
    """The rows of a block of `count` lines that stand side by side, as cells do; none where they do not."""
    rows: list[list[Line]] = []
    top = bottom = 0.0
    for at, line in enumerate(lines, 1):
        y0, y1 = line[1], line[3]
        if rows and min(y1, bottom) - max(y0, top) > 0.5 * min(y1 - y0, bottom - top):
            rows[-1].append(line)
        else:
            if len(rows) == at - 1 and 8 * (at - 1) > count - at + 1:  # too many alone: the rest cannot make up for them
                return []
            rows.append([line])
            top, bottom = y0, y1
    wide = [row for row in rows if len(row) > 1]
    if len(wide) < 2 or 5 * len(wide) < 4 * len(rows) or sum(map(len, rows)) != count:
        return []
    cells = [text for row in wide for *_, text in row if not text.strip().isdigit()]  # lines of manuscripts are numbered
    if sum(map(len, cells)) > 22 * len(cells):
        return []
    texts = [[" ".join(text.split()) for _, text in sorted([(x0, text) for x0, *_, text in row])] for row in rows]
    listed = all(
        len(row) == 2 and (MARK.match(row[0]) or NUMBERED.fullmatch(row[0])) and row[1][:1].isalpha() for row in texts if len(row) > 1
    )
    return [(" " if listed else "\t").join(row) for row in texts]
