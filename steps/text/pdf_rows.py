"""Tables without rules that are set so close to the text that they came in its block: their rows stand out by cells one below the other."""

from steps.text.columns import MARK, Block, Line

SHORT = 40  # letters: a cell has fewer
LEAST = 2  # rows of a table
APART = 8.0  # points of white between two cells
ALIGNED = 3.0  # points: cells of a column begin at one place


def may_hold_rows(lines: list[str]) -> bool:
    """True when lines follow on each other that are as short as cells are; lists of contents have rows of dots."""
    following = 0
    for line in lines:
        following = following + 1 if len(line) < SHORT and ". . ." not in line else 0
        if following == 2 * LEAST:
            return True
    return False


def parted(block: Block, lines: list[Line]) -> list[Block]:
    """The block, or what it consists of: text above a table, its rows, text below."""
    rows = _rows(lines)
    tabular = [len(row) > 1 and (_below(rows, at, -1) or _below(rows, at, 1)) for at, row in enumerate(rows)]
    if sum(tabular) < LEAST:
        return [block]
    out: list[Block] = []
    for row, cells in zip(rows, tabular, strict=True):
        said = ["\t".join(" ".join(line[4].split()) for line in row)] if cells else [line[4] for line in row]
        edges = min(line[0] for line in row), min(line[1] for line in row), max(line[2] for line in row), max(line[3] for line in row)
        if out and out[-1].table == cells:
            last = out[-1]
            last.set_lines([*last.lines, *said])
            last.x0, last.x1, last.y1 = min(last.x0, edges[0]), max(last.x1, edges[2]), max(last.y1, edges[3])
        else:
            out.append(Block(*edges, said, table=cells))
    return out


def _rows(lines: list[Line]) -> list[list[Line]]:
    """Lines that stand beside each other with white between them, together."""
    rows: list[list[Line]] = []
    for line in lines:
        last = rows[-1][-1] if rows else None
        beside = last is not None and min(last[3], line[3]) - max(last[1], line[1]) > 0.5 * (line[3] - line[1])
        if last is not None and beside and line[0] - last[2] > APART:
            rows[-1].append(line)
        else:
            rows.append([line])
    return rows


def _below(rows: list[list[Line]], at: int, step: int) -> bool:
    """True when the next row has as many cells at the same places: wide gaps in justified lines do not come one below the other.

    Marks of items do, and are no cells.
    """
    if MARK.match(rows[at][0][4].strip()):
        return False
    other = rows[at + step] if 0 <= at + step < len(rows) else []
    return len(other) == len(rows[at]) and all(abs(a[0] - b[0]) < ALIGNED for a, b in zip(rows[at], other, strict=True))
