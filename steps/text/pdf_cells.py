"""Tables of a PDF whose cells hold several lines, as in Word and in LaTeX's columns of a given width: mupdf gives each row as a block."""

import re
from itertools import pairwise
from typing import Any

from steps.text.columns import LISTED, MARK, NUMBERED, Block, Line
from steps.text.parts import CAPTION
from steps.text.pdf_bands import Found, bands, said
from steps.text.pdf_fields import placed

FLAT = 1.05  # times the size of its letters, for a line: lines of a block with less stand side by side, some of them
APART = 0.65  # of a line's height: white between two cells
ALIGNED = 3.0  # points: cells of a column begin at one place
SHORT = 30  # letters of a line of cells that stand by themselves
FULL = 4  # cells of a row that has none in the first column, and is no further line of the row above
NEAR = 3.5  # sizes of the letters: white between two rows, at most
LABEL = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*|[A-H]|[IVX]{1,4})\.?$")  # of a heading or an entry of contents
Row = list[Line]  # what stands side by side


def with_cells(told: list[Found]) -> list[Found]:
    """`told` with the rows of such tables as one block for each."""
    flat = [at for at, (block, *_) in enumerate(told) if _is_flat(block)]
    if len(flat) < 2:  # nearly always
        return told
    made: dict[int, list[Found]] = {}
    gone: set[int] = set()
    for members, pieces, lines in bands(told, flat):
        gone |= members
        table = _block(pieces, lines, told[min(members)][0].size)
        table.table = True
        made[min(members)] = [(table, None, "")]
    rows = {at: found for at in flat if at not in gone and (found := _rows(*told[at]))}
    if not made and len(rows) < 2:
        return told
    for group in _groups(told, rows):
        size = told[group[0][0]][0].size
        blocks, anchors = _with_right(told, rows, [at for at, _ in group], group[0][1], size)
        members = _members(told, blocks, anchors, size)
        pieces = [piece for at in sorted(members) for piece in placed(*told[at][1:])]
        captions = [piece for piece in pieces if CAPTION.match(piece[4].strip())]
        inside = [piece for piece in pieces if piece not in captions]
        cells = _cells(inside, anchors)
        if members & gone or len(cells) < 2 or any(_crosses(piece, anchors) for piece in inside):
            continue
        gone |= members
        made[min(members)] = [(_block([piece], [piece[4].strip()], size), None, "") for piece in captions]
        table = _block(inside, cells, size)
        table.table = True
        made[min(members)].append((table, None, ""))
    return [new for at, found in enumerate(told) for new in (made.get(at) or ([] if at in gone else [found]))]


def _block(pieces: list[Line], lines: list[str], size: float) -> Block:
    edges = min(p[0] for p in pieces), min(p[1] for p in pieces), max(p[2] for p in pieces), max(p[3] for p in pieces)
    return Block(*edges, lines, size=size)


def _is_flat(block: Block) -> bool:
    n = len(block.lines)
    return n > 1 and block.size > 0 and block.y1 - block.y0 < FLAT * block.size * n and not (block.formula or block.listing or block.verse)


def _rows(block: Block, first: Any, text: str) -> list[Row]:
    """Lines of a block that share most of their height; none where it is a heading behind its number, an item, or an entry of contents."""
    if first is None or ". . ." in text or "....." in text:
        return []
    rows: list[Row] = []
    for line in placed(first, text):
        last = rows[-1][-1] if rows else None
        if last is not None and min(last[3], line[3]) - max(last[1], line[1]) > 0.5 * (line[3] - line[1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    if CAPTION.match(rows[0][0][4].strip()):
        rows = rows[1:] if len(rows[0]) == 1 else []
    row = sorted(rows[0]) if rows else []
    if len(row) < 2 or len(_anchors(row)) < 2:
        return []
    mark = row[0][4].strip()
    if MARK.match(mark) or NUMBERED.fullmatch(mark) or LISTED.match(f"{mark} x") or (LABEL.match(mark) and len(row) < 4):
        return []
    return rows


def _anchors(row: Row) -> list[float]:
    """Where the cells of a row begin."""
    row = sorted(row)
    return [row[0][0]] + [b[0] for a, b in pairwise(row) if b[0] - a[2] > APART * (a[3] - a[1])]


def _groups(told: list[Found], rows: dict[int, list[Row]]) -> list[list[tuple[int, list[float]]]]:
    """Blocks one below the other whose cells begin at the same places, at least one with cells of several lines: numbers and places."""
    groups: list[list[tuple[int, list[float]]]] = []
    for at in sorted(rows, key=lambda at: told[at][0].y0):
        block, own = told[at][0], _anchors(rows[at][0])
        for group in groups:
            last, anchors = told[group[-1][0]][0], group[0][1]
            shared = sum(min(abs(x - other) for other in anchors) < ALIGNED for x in own)
            if -1 < block.y0 - last.y1 < NEAR * block.size and abs(own[0] - anchors[0]) < ALIGNED and shared > 1:
                group.append((at, own))
                break
        else:
            groups.append([(at, own)])
    found = []
    for group in groups:
        anchors = _shared([row for at, _ in group for row in rows[at] if _begins(row, group[0][1])], group[0][1])
        begun = sum(_begins(row, anchors) for at, _ in group for row in rows[at])
        further = [row for at, _ in group for row in rows[at][1:] if not _begins(row, anchors)]
        wrapped = further and all(len({_column(piece, anchors) for piece in row}) < FULL for row in further)
        if wrapped and begun > (1 if len(anchors) > 2 else 2):
            found.append([(at, anchors) for at, _ in group])
    return found


def _shared(begun: list[Row], head: list[float]) -> list[float]:
    """Where columns begin: with the cells of the first row, and with those of two others; in justified cells wide gaps part words."""
    starts = sorted(x for row in begun for x in _anchors(row))
    often = [x for x in starts if sum(abs(x - other) < ALIGNED for other in starts) > max(1, len(begun) / 2)]
    anchors = list(head)
    for x in often:
        if min(abs(x - other) for other in anchors) > ALIGNED:
            anchors.append(x)
    return sorted(anchors)


def _begins(row: Row, anchors: list[float]) -> bool:
    return abs(min(row)[0] - anchors[0]) < ALIGNED and len(row) > 1


def _with_right(
    told: list[Found], rows: dict[int, list[Row]], group: list[int], anchors: list[float], size: float
) -> tuple[list[int], list[float]]:
    """A group and the places of its cells, with further columns right of it that came as blocks of their own."""
    inside = [told[at][0] for at in group]
    top, bottom, right = min(b.y0 for b in inside), max(b.y1 for b in inside), max(b.x1 for b in inside)
    for at in sorted(rows, key=lambda at: told[at][0].x0):
        block = told[at][0]
        if at not in group and 0 < block.x0 - right < 4 * size and top - size < block.y0 and block.y1 < bottom + size:
            group, anchors, right = [*group, at], anchors + _anchors(rows[at][0]), block.x1
    return group, anchors


def _members(told: list[Found], group: list[int], anchors: list[float], size: float) -> set[int]:
    """The blocks of a group, and others that hold further lines of its cells."""
    inside = [told[at][0] for at in group]
    top, bottom, right = min(b.y0 for b in inside), max(b.y1 for b in inside), max(b.x1 for b in inside)
    members = set(group)
    for at, (block, first, text) in enumerate(told):
        if at in members or first is None or block.formula or block.listing or CAPTION.match(block.lines[0]):
            continue
        near = block.x1 < right + 1.5 * size or (
            block.characters < SHORT * len(block.lines) and block.x0 < right + 4 * size and block.y1 < bottom + size
        )
        if (
            block.x0 > anchors[1] - ALIGNED
            and near
            and top - 1 < block.y0 < bottom + size
            and not any(_crosses(line, anchors) for line in placed(first, text))
        ):
            members.add(at)
    return members


def _cells(pieces: list[Line], anchors: list[float]) -> list[str]:
    """Rows of a table, cells parted by tabs: each begins with a piece in the first column beside others."""
    rows: list[list[list[Line]]] = []
    tops: list[float] = []
    columns = len(anchors)
    before: list[Line] = []  # lines of a cell whose last one stands beside the others
    for piece in sorted((p for p in pieces if _column(p, anchors) == 0), key=lambda p: p[1]):
        beside = any(_column(p, anchors) and min(p[3], piece[3]) - max(p[1], piece[1]) > 0.5 * (piece[3] - piece[1]) for p in pieces)
        if beside or not rows:
            rows.append([[] for _ in range(columns)])
            tops.append(piece[1])
            rows[-1][0] += [*before, piece]
            before = []
        elif piece[4].rstrip().endswith(","):
            before.append(piece)
        else:
            rows[-1][0].append(piece)
    if before:
        rows[-1][0] += before
    for piece in sorted((p for p in pieces if _column(p, anchors)), key=lambda p: (round(p[1]), p[0])):
        middle = (piece[1] + piece[3]) / 2
        at = max((n for n, top in enumerate(tops) if top < middle), default=0)
        if rows:
            rows[at][_column(piece, anchors)].append(piece)
    return ["\t".join(said(cell) for cell in row).rstrip("\t") for row in rows]


def _crosses(piece: Line, anchors: list[float]) -> bool:
    """True for what reaches into the next column, as lines of running text do."""
    at = _column(piece, anchors) + 1
    return at < len(anchors) and piece[2] > anchors[at] + ALIGNED


def _column(piece: Line, anchors: list[float]) -> int:
    return max((n for n, x in enumerate(anchors) if x < piece[0] + ALIGNED), default=0)
