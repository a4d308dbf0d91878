"""Reading order on a page: columns are found by the white gutters between blocks."""

from dataclasses import dataclass
from itertools import accumulate, pairwise

GUTTER = 5  # points: narrower white is a gap between words
WIDE = 0.6


@dataclass(eq=False, slots=True)
class Block:
    """A box of text, coordinates in points from the top left."""

    x0: float
    y0: float
    x1: float
    y1: float
    lines: list[str]

    @property
    def characters(self) -> int:
        """Letters, digits and marks in it."""
        return sum(map(len, self.lines))


def reading_order(blocks: list[Block]) -> list[Block]:
    """Blocks as a person reads them: down each column, left to right, interrupted by what spans several columns."""
    if len(blocks) < 3:
        return sorted(blocks, key=lambda b: (round(b.y0), b.x0))
    gutters = _gutters(blocks)
    if not gutters:
        return _by_lines(blocks)
    edges = [float("-inf"), *gutters, float("inf")]
    out: list[Block] = []
    columns: list[list[Block]] = [[] for _ in edges[1:]]
    for block in sorted(blocks, key=lambda b: (b.y0, b.x0)):
        inside = _column(block, edges)
        if inside is not None:
            columns[inside].append(block)
            continue
        for column in columns:  # a title, a wide table: what stands above it is read first
            out += _by_lines(column)
            column.clear()
        out.append(block)
    for column in columns:
        out += _by_lines(column)
    return out


def _column(block: Block, edges: list[float]) -> int | None:
    """Number of the column that holds the block, or None when it reaches over a gutter."""
    middle = (block.x0 + block.x1) / 2
    for i, (left, right) in enumerate(pairwise(edges)):
        if left <= middle < right:
            over = max(left - block.x0, block.x1 - right)
            return i if over <= 0.15 * (block.x1 - block.x0) else None
    return None


def _by_lines(blocks: list[Block]) -> list[Block]:
    """Top to bottom; boxes that share a line (cells of a table) left to right."""
    ordered = sorted(blocks, key=lambda b: (b.y0, b.x0))
    out: list[Block] = []
    row: list[Block] = []
    for block in ordered:
        if row and block.y0 < row[0].y0 + 0.5 * min(row[0].y1 - row[0].y0, block.y1 - block.y0, 14):
            row.append(block)
        else:
            out += sorted(row, key=lambda b: b.x0)
            row = [block]
    return out + sorted(row, key=lambda b: b.x0)


def _gutters(blocks: list[Block]) -> list[float]:
    """Middles of the white strips that part columns.

    What spans more than 0.6 of the text's width (titles, abstracts) is left aside; the rest is projected on the x axis, each block
    weighing its height. A strip counts when next to nothing crosses it and both sides hold text that looks like a column.
    """
    left, right = min(b.x0 for b in blocks), max(b.x1 for b in blocks)
    width = int(right - left) + 1
    narrow = [b for b in blocks if b.x1 - b.x0 <= WIDE * width]
    if width < 100 or len(narrow) < 2:
        return []
    steps = [0.0] * (width + 2)
    for block in narrow:
        steps[max(0, int(block.x0 - left))] += block.y1 - block.y0
        steps[min(width, int(block.x1 - left) + 1)] -= block.y1 - block.y0
    covered = list(accumulate(steps[:width]))
    limit = max(14.0, 0.05 * max(covered))
    found: list[float] = []
    start = None
    last = int(0.9 * width)
    for x in range(int(0.1 * width), last + 1):
        white = covered[x] <= limit
        if white and start is None:
            start = x
        if start is not None and (not white or x == last):
            if x - start >= GUTTER and _columns_beside(narrow, left + start, left + x):
                found.append(left + (start + x) / 2)
            start = None
    return found


def _columns_beside(blocks: list[Block], start: float, end: float) -> bool:
    """True when both sides of a strip hold running text: a block of three lines, or 200 characters in all."""
    for side in ([b for b in blocks if b.x1 <= start + 2], [b for b in blocks if b.x0 >= end - 2]):
        wide = [b for b in side if b.x1 - b.x0 > 60]
        if sum(b.characters for b in wide) < 200 and not any(len(b.lines) > 2 and b.characters > 60 for b in wide):
            return False
    return True
