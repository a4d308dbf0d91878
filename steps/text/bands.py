"""What a page's text is parted into by white that reaches over it: bands, and the front of a paper's first page above its columns."""

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from steps.text.columns import Block

GUTTER = 5  # points: narrower white is a gap between words
ALIKE = 15  # points: two gutters are one
BAND = 5  # points of white between rows of authors
HEADING = 16  # points: at most this high, and this far above its text
NAMED = 200  # letters of an author's name and address, at most
ABSTRACT, INSET = 100, 0.15  # letters of an abstract, and how far in it begins, as a share of the width, at least


def front_of(blocks: list["Block"], gutters: list[float]) -> list["Block"]:
    """What stands on a first page above all running text: the authors, whose places are not the columns', under a title over a gutter."""
    running = [b.y0 for b in blocks if not b.table and (b.characters > 150 or (len(b.lines) > 1 and b.characters > 38 * len(b.lines)))]
    title = min(blocks, key=lambda b: b.y0)
    if not running or not any(title.x0 < gutter - GUTTER and title.x1 > gutter + GUTTER for gutter in gutters):
        return []
    top = min(running)
    return [b for b in blocks if b.y1 < top and not (top - b.y1 < HEADING and b.y1 - b.y0 < HEADING and b.characters < 60)]


def beside_abstract(blocks: list["Block"], gutters: list[float]) -> list["Block"]:
    """What a first page begins with as far as an abstract reaches that is wider than a column, with its keywords left of it."""
    left, right = min(b.x0 for b in blocks), max(b.x1 for b in blocks)
    for wide in blocks:
        inset = left + INSET * (right - left) < wide.x0 < gutters[0] - GUTTER
        if not inset or wide.characters < ABSTRACT or wide.x1 < right - ALIKE:
            continue
        band = next(band for band in bands_of(blocks) if wide in band)
        bottom = max(b.y1 for b in band)
        front = [b for b in blocks if b.y1 <= bottom]
        beside = any(b.x1 < wide.x0 for b in band) and all(b.x1 < wide.x0 or b.x0 > wide.x0 - GUTTER for b in band)
        if beside and not any(len(b.lines) > 3 and b.x0 > gutters[0] for b in front if b not in band):
            return front
    return []


def item_gutters(items: list["Block"]) -> list[float]:
    """Where white parts items of a list into columns that are as long, more or less; none where they count from left to right."""
    columns: list[list[Block]] = []
    for item in sorted(items, key=lambda b: b.x0):
        if columns and item.x0 < max(b.x1 for b in columns[-1]) + GUTTER:
            columns[-1].append(item)
        else:
            columns.append([item])
    down = [item for column in columns for item in sorted(column, key=lambda b: b.y0)]
    tops = [min(b.y0 for b in column) for column in columns]
    if len(columns) < 2 or min(map(len, columns)) < 2 or max(tops) - min(tops) > HEADING:
        return []
    counted = [_count(item.lines[0]) for item in down]
    if any(counted) and any(b - a != 1 for a, b in pairwise(counted)):
        return []
    return [(max(b.x1 for b in left) + min(b.x0 for b in right)) / 2 for left, right in pairwise(columns)]


def _count(line: str) -> int:
    """The number of an item, or that of its letter; 0 where it has neither."""
    mark = line.split(None, 1)[0].strip("().")
    return int(mark) if mark.isdecimal() else ord(mark) if len(mark) == 1 and mark.isalpha() else 0


def bands_of(blocks: list["Block"]) -> list[list["Block"]]:
    """Blocks parted by white that reaches over the page, from top to bottom."""
    bands: list[list[Block]] = []
    bottom = 0.0
    for block in sorted(blocks, key=lambda b: b.y0):
        if bands and block.y0 < bottom + BAND:
            bands[-1].append(block)
            bottom = max(bottom, block.y1)
        else:
            bands.append([block])
            bottom = block.y1
    return bands


def by_bands(blocks: list["Block"]) -> list["Block"]:
    """Bands parted by white from top to bottom; in a band the groups that stand beside each other from left to right, each read down."""
    bands: list[list[list[Block]]] = []
    for band in bands_of(blocks):
        groups = _groups(band)
        last = bands[-1] if bands else []
        if len(groups) > 1 and len(last) == len(groups) and all(abs(a[0].x0 - b[0].x0) < BAND for a, b in zip(last, groups, strict=True)):
            for above, group in zip(last, groups, strict=True):  # headings and what stands under each
                above += group
        else:
            bands.append(groups)
    return [block for groups in bands for group in groups for block in (_stacked(group) if _are_authors(groups) else by_lines(group))]


def authors_of(blocks: list["Block"]) -> list["Block"]:
    """What stands above the text of a first page without columns, if authors stand there beside each other; else nothing."""
    running = [b.y0 for b in blocks if b.characters > 150]
    front = [b for b in blocks if b.y1 < min(running, default=0.0)]
    bands = [_groups(band) for band in bands_of(front)] if len(front) > 3 else []
    return front if any(map(_are_authors, bands)) else []


def _are_authors(groups: list[list["Block"]]) -> bool:
    """True for names with what stands under each, beside each other: each group has lines in the middle, and begins as high."""
    tops = [min(b.y0 for b in group) for group in groups]
    if len(groups) < 2 or max(tops) - min(tops) > BAND or not any(len(group) > 1 for group in groups):
        return False
    if any(sum(len(b.lines) for b in group) < 2 or sum(b.characters for b in group) > NAMED for group in groups):
        return False
    middles = [[(b.x0 + b.x1) / 2 for b in group] for group in groups]
    return all(max(xs) - min(xs) < BAND for xs in middles) and not any(b.table or b.listing for group in groups for b in group)


def _stacked(group: list["Block"]) -> list["Block"]:
    """The lines of a group as one block that keeps them."""
    first, *rest = by_lines(group)
    lines = first.lines[:1]
    for line in [*first.lines[1:], *(line for block in rest for line in block.lines)]:
        if lines[-1].endswith("-"):
            lines[-1] = f"{lines[-1][:-1] if line[:1].islower() else lines[-1]}{line}"
        else:
            lines.append(line)
    first.set_lines(lines)
    first.x0, first.x1, first.y1 = min(b.x0 for b in group), max(b.x1 for b in group), max(b.y1 for b in group)
    first.verse = True
    return [first]


def _groups(band: list["Block"]) -> list[list["Block"]]:
    """What stands beside each other in a band, from left to right."""
    groups: list[list[Block]] = []
    for block in sorted(band, key=lambda b: b.x0):
        if groups and block.x0 < max(b.x1 for b in groups[-1]):
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def by_lines(blocks: list["Block"]) -> list["Block"]:
    """Top to bottom; boxes that share a line (cells of a table) left to right."""
    ordered = sorted(blocks, key=lambda b: (b.y0, b.x0))
    out: list[Block] = []
    row: list[Block] = []
    for block in ordered:
        if row and block.y0 < row[0].y0 + 0.5 * min(row[0].y1 - row[0].y0, block.y1 - block.y0, 14):
            row.append(block)
        else:
            out += sorted(row, key=lambda b: b.x0) if len(row) > 1 else row
            row = [block]
    return out + sorted(row, key=lambda b: b.x0)
