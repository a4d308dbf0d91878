"""Reading order on a page: columns are found by the white gutters between blocks."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from statistics import median

from steps.text.bands import ALIKE, BAND, GUTTER, authors_of, bands_of, beside_abstract, by_bands, by_lines, front_of, item_gutters

ENDED = tuple(".!?:;…”’\"')]}»。！？」□■∎⊔◻")  # the latter end proofs
SHORT = 0.8  # of the longest line of a block: a line of fewer letters looks as if a paragraph ended there
MARK = re.compile(r"(?:[•‣◦▪–▶●■○◆*-]|\d{1,2}[.)]?)$")  # of an item of a list
NUMBERED = re.compile(r"\[\d{1,4}\]|\((?:\d{1,3}|[A-Za-z]|[ivx]{1,5})\)|§ ?\d{1,4}[a-z]?")  # a paragraph of a law
LISTED = re.compile(r"\s*(?:[•‣◦▪–▶●■]|\(?(?:\d{1,2}|[A-Za-z])[.)])\s+\S")
LEAST_ITEMS = 4
WIDE = 0.6
LARGE = 1.5  # times the usual height: a line of a title, which may reach over a gutter
RUNNING = 800  # characters of running text in a part of a page that has columns of its own


Line = tuple[float, float, float, float, str]  # left, top, right and bottom of a line, its text


@dataclass(eq=False, slots=True)
class Block:
    """A box of text, coordinates in points from the top left."""

    x0: float
    y0: float
    x1: float
    y1: float
    lines: list[str]
    note: bool = False  # a footnote
    reference: bool = False  # in the reference list
    table: bool = False  # lines are rows, cells parted by tabs
    formula: bool = False  # lines are displayed formulas
    listing: bool = False  # lines are rows of code, with their indents
    heads: tuple[str, ...] = ()  # lines that are set larger or bolder than those below them
    full: tuple[str, ...] = ()  # lines of few letters that reach the right edge all the same: no paragraph ends there
    indent: float = -1.0  # of its first line, from its left edge; below 0 where that is not known
    ended: tuple[str, ...] = ()  # full lines, or such as end in no full stop, at which a paragraph ends
    forced: bool = False  # each line but the last leaves room for the first word of the next
    centred: bool = False  # its lines stand in the middle, and one leaves room for the first word of the next
    verse: bool = False  # lines end where their author ended them
    apart: bool = False  # nothing before it goes on in it: a page between them is left out
    size: float = 0.0  # of its first letter in points; 0 where it says nothing of the others
    marked: float = 0.0  # of the letters behind a smaller first one, as of a note behind its mark
    page: int = -1  # its number; below 0 where that is not known
    end: float = 0.0  # right edge of its last line, where that could go on in another block; else 0
    entry: bool = False  # one of the reference list, by itself
    placed: Sequence[float] = ()  # where its lines stand, as of pdf_entries, behind the heading of a reference list
    characters: int = field(init=False)  # letters, digits and marks in it

    def __post_init__(self) -> None:
        self.characters = sum(map(len, self.lines))

    def rename(self, named: Callable[[str], str]) -> None:
        """The same lines with other letters."""
        self.set_lines([named(line) for line in self.lines])
        self.heads, self.full, self.ended = (tuple(named(line) for line in told) for told in (self.heads, self.full, self.ended))

    def set_lines(self, lines: list[str]) -> None:
        """Other lines in the same box."""
        self.lines = lines
        self.characters = sum(map(len, lines))


def usual_size(blocks: list[Block]) -> float:
    """Size of the letters of running text, in tenths of points; 0 where nothing tells."""
    sizes: dict[float, int] = {}
    for block in blocks:
        sizes[block.size] = sizes.get(block.size, 0) + block.characters
    sizes.pop(0.0, None)
    most: float = max(sizes, key=sizes.__getitem__, default=0.0)
    return round(most, 1)


def ends_of_paragraphs(lines: list[str]) -> set[int]:
    """Numbers of the lines at which a paragraph seems to end: shorter than the others, behind a full stop, before a capital or a mark."""
    short = SHORT * max(map(len, lines))
    found = set()
    for at, line in enumerate(lines[:-1]):
        if len(line) > short + 2:
            continue
        line = line.rstrip()
        if len(line) < short and line.endswith(ENDED):
            first = lines[at + 1].lstrip()[:1]
            if first.isupper() or not first.isalnum():
                found.add(at)
    return found


def ordered_pages(pages: list[list[Block]]) -> list[Block]:
    """Blocks of all pages as a person reads them. A page whose own gutters are unclear has those that most pages have."""
    own = [_gutters(page) for page in pages]
    common = Counter(tuple(round(x / 12) for x in gutters) for gutters in own if gutters).most_common(1)
    usual: list[float] = []
    edge = 0.0  # the left one of their text
    if common:
        alike = [at for at, gutters in enumerate(own) if tuple(round(x / 12) for x in gutters) == common[0][0]]
        usual = [median(xs) for xs in zip(*[own[at] for at in alike], strict=True)]
        edge = median([min(b.x0 for b in pages[at]) for at in alike])
    out: list[Block] = []
    for number, (page, gutters) in enumerate(zip(pages, own, strict=True)):
        sections = _sections(page)
        if len(sections) > 1:
            for section, between in sections:
                out += reading_order(section, between)
            continue
        if not gutters and usual:
            shift = min((b.x0 for b in page), default=edge) - edge  # the other pages of a leaf have other margins
            gutters = min((usual, [x + shift for x in usual]), key=lambda xs: sum(b.characters for b in page if _over(b, xs)))
            gutters = gutters if _fit(page, gutters) else []
        if not gutters and (lists := _lists(page)):
            for part, between in lists:
                out += reading_order(part, between)
            continue
        front: list[Block] = []
        if number == 0:
            front = (beside_abstract(page, gutters) or front_of(page, gutters)) if gutters else authors_of(page)
        out += by_bands(front)
        out += reading_order([b for b in page if b not in front] if front else page, gutters)
    return out


def _sections(blocks: list[Block]) -> list[tuple[list[Block], list[float]]]:
    """Parts of a page whose columns differ, as a story in three over one in two, each with its gutters; the page where they do not."""
    bands = bands_of(blocks)
    if sum(map(_runs, bands)) < 2:
        return [(blocks, [])]
    sections: list[tuple[list[Block], list[float]]] = []
    between: list[Block] = []  # what has no columns, as the headings between them
    for band in bands:
        gutters = _gutters(band) if _runs(band) else []
        if not gutters:
            between += band
        elif sections and _alike(sections[-1][1], gutters):
            sections[-1][0].extend(between + band)
            between = []
        else:
            sections += [(between, []), (band, gutters)] if between else [(band, gutters)]
            between = []
    if len({len(gutters) for _, gutters in sections if gutters}) < 2:  # as many columns, but shifted: a figure may do that
        return [(blocks, [])]
    return [*sections, (between, [])]


def _lists(blocks: list[Block]) -> list[tuple[list[Block], list[float]]]:
    """Parts of a page without columns, where lists in it have some, each with its gutters; none where no list has."""
    if sum(LISTED.match(b.lines[0]) is not None for b in blocks) < LEAST_ITEMS:  # nearly always
        return []
    parts: list[tuple[list[Block], list[float]]] = []
    rest: list[Block] = []
    items: list[Block] = []
    for block in [*sorted(blocks, key=lambda b: b.y0), None]:
        if block is not None and LISTED.match(block.lines[0]) and not (block.table or block.listing):
            items.append(block)
            continue
        gutters = item_gutters(items) if len(items) >= LEAST_ITEMS else []
        if gutters:
            parts += [(rest, []), (items, gutters)]
            rest = []
        else:
            rest += items
        items = []
        rest += [block] if block is not None else []
    return [*parts, (rest, [])] if parts else []


def _runs(band: list[Block]) -> bool:
    """True when a band is running text in columns, not the authors of a paper or a table."""
    return len(band) > 1 and sum(b.characters for b in band if len(b.lines) > 2 and not b.table) > RUNNING


def _alike(one: list[float], other: list[float]) -> bool:
    return len(one) == len(other) and all(abs(a - b) < ALIKE for a, b in zip(one, other, strict=True))


def _over(block: Block, gutters: list[float]) -> bool:
    return any(block.x0 < x < block.x1 for x in gutters)


def _fit(blocks: list[Block], gutters: list[float]) -> bool:
    """True when less than half of the text reaches over the gutters, and each column has some."""
    if not gutters:
        return False
    edges = [float("-inf"), *gutters, float("inf")]
    inside = [0] * len(edges)
    for block in blocks:
        column = _column(block, edges)
        inside[-1 if column is None else column] += block.characters
    return inside[-1] * 2 < sum(inside) and min(inside[:-1]) > 0


def reading_order(blocks: list[Block], gutters: list[float]) -> list[Block]:
    """Blocks down each column, left to right, interrupted by what spans several columns.

    A title over some of three columns or more interrupts those alone: the story under it is read before the next.
    """
    if len(gutters) < 2 or len(blocks) < 3:
        return _down_columns(blocks, gutters)
    edges = [float("-inf"), *gutters, float("inf")]
    over = [b for b in blocks if _column(b, edges) is None and not _has_text_beside(b, blocks, edges)]
    through = [b for b in over if b.x0 < gutters[0] and b.x1 > gutters[-1]]
    titles = [b for b in over if b not in through]
    if not titles or not _runs(blocks) or not all(_begins(title, blocks, through) for title in titles):
        return _down_columns(blocks, gutters)
    out: list[Block] = []
    rest = blocks
    for bar in [*sorted(through, key=lambda b: b.y0), None]:
        above = [b for b in rest if b not in through and (bar is None or b.y0 < bar.y0)]
        rest = [b for b in rest if b not in above]
        crossed = [b for b in above if b in over]
        parting = [x for x in gutters if not any(b.x0 < x < b.x1 for b in crossed)]
        for left, right in pairwise([float("-inf"), *parting, float("inf")]):
            inside = [b for b in above if left <= (b.x0 + b.x1) / 2 < right]
            out += _down_columns(inside, [x for x in gutters if left < x < right])
        out += [bar] if bar is not None else []
    return out


def _begins(title: Block, blocks: list[Block], through: list[Block]) -> bool:
    """True for a large line with nothing above it in its columns but what reaches over the page."""
    if (title.y1 - title.y0) / len(title.lines) < LARGE * _usual_height(blocks):
        return False
    return not any(b.y0 < title.y0 and b.x0 < title.x1 and b.x1 > title.x0 for b in blocks if b is not title and b not in through)


def _down_columns(blocks: list[Block], gutters: list[float]) -> list[Block]:
    """Blocks down each column, left to right; what reaches over a gutter interrupts them all."""
    if not gutters or len(blocks) < 3:
        return by_lines(blocks)
    edges = [float("-inf"), *gutters, float("inf")]
    large = LARGE * _usual_height(blocks)
    out: list[Block] = []
    columns: list[list[Block]] = [[] for _ in range(len(edges))]  # in the last one quotes that stand between columns
    for block in sorted(blocks, key=lambda b: (b.y0, b.x0)):
        inside = _column(block, edges)
        if inside is not None and not any(columns) and _is_centred(block, blocks):
            out.append(block)
        elif inside is not None and not (block.y1 - block.y0 > large and _divides(block, inside, blocks, edges)):
            columns[inside].append(block)
        elif inside is None and _has_text_beside(block, blocks, edges):
            columns[-1].append(block)
        else:
            for column in columns:  # a title, a wide table: what stands above it is read first
                out += by_lines(column)
                column.clear()
            out.append(block)
    for column in columns:
        out += by_lines(column)
    return out


def _is_centred(block: Block, blocks: list[Block]) -> bool:
    """True for a line in the middle of the page with nothing beside it: it stands above the columns, though within one."""
    left, right = min(b.x0 for b in blocks), max(b.x1 for b in blocks)
    if abs(block.x0 + block.x1 - left - right) > 2 * BAND or len(block.lines) > 2:
        return False
    return not any(b.y0 < block.y1 and b.y1 > block.y0 for b in blocks if b is not block)


def _has_text_beside(block: Block, blocks: list[Block], edges: list[float]) -> bool:
    """True for what reaches over a gutter but parts no columns: the lines of those that it touches run around it."""
    least = 0.5 * (block.y1 - block.y0)
    for b in blocks:
        if b is not block and len(b.lines) > 2 and min(b.y1, block.y1) - max(b.y0, block.y0) > least and not b.table:
            column = _column(b, edges)
            if column is not None and edges[column] < block.x1 and edges[column + 1] > block.x0:
                return True
    return False


def _usual_height(blocks: list[Block]) -> float:
    return median([(b.y1 - b.y0) / len(b.lines) for b in blocks])


def _divides(block: Block, own: int, blocks: list[Block], edges: list[float]) -> bool:
    """True for a heading over columns that is narrower than they are: in each other column the text ends above it and begins below it.

    So near to it that no picture stands there.
    """
    if len(block.lines) > 1 or block.characters > 80:
        return False
    near = 2.5 * (block.y1 - block.y0)
    others = [b for b in blocks if b.y1 > block.y0 + 1 and b.y0 < block.y1 - 1]
    if len(others) > 1:
        return False
    ends, begins = [0.0] * len(edges), [float("inf")] * len(edges)
    for other in blocks:
        column = _column(other, edges)
        if column is not None and other is not block:
            if other.y1 <= block.y0 + 1:
                ends[column] = max(ends[column], other.y1)
            else:
                begins[column] = min(begins[column], other.y0)
    return all(block.y0 - ends[i] < near and begins[i] - block.y1 < near for i in range(len(edges) - 1) if i != own)


def _column(block: Block, edges: list[float]) -> int | None:
    """Number of the column that holds the block, or None when it reaches over a gutter."""
    middle = (block.x0 + block.x1) / 2
    for i, (left, right) in enumerate(pairwise(edges)):
        if left <= middle < right:
            over = max(left - block.x0, block.x1 - right)
            return i if over <= 0.15 * (block.x1 - block.x0) else None
    return None


def _gutters(blocks: list[Block]) -> list[float]:
    """Middles of the white strips that part columns.

    What spans more than 0.6 of the text's width (titles, abstracts) or is set large is left aside; the rest is projected on the x axis,
    each block weighing its height. A strip counts when next to nothing crosses it and both sides hold text that looks like a column.
    """
    if len(blocks) < 2:
        return []
    left, right = min(b.x0 for b in blocks), max(b.x1 for b in blocks)
    width = int(right - left) + 1
    large = LARGE * _usual_height(blocks)
    narrow = [b for b in blocks if b.x1 - b.x0 <= WIDE * width and (b.y1 - b.y0 < large or len(b.lines) > 1)]
    if width < 100 or len(narrow) < 2:
        return []
    covered = _covered(narrow, left, width)
    most = max(height for _, height in covered)
    clear = _strips(covered, width, max(14.0, 0.05 * most))
    found = [left + (a + b) / 2 for a, b in clear if _columns_beside(narrow, left + a, left + b)]
    if found:
        return found
    quarter = sum(b.characters for b in blocks) / 4
    for a, b in _strips(covered, width, 0.3 * most):
        sides = sum(x.characters for x in narrow if x.x1 <= left + a + 2), sum(x.characters for x in narrow if x.x0 >= left + b - 2)
        if min(sides) >= quarter:
            found.append(left + (a + b) / 2)
    return found


def _covered(blocks: list[Block], left: float, width: int) -> list[tuple[int, float]]:
    """The x axis from `left` on in whole points: where each stretch begins, and how many points of text stand over it."""
    steps: dict[int, float] = {0: 0.0}
    for block in blocks:
        start, end, height = max(0, int(block.x0 - left)), int(block.x1 - left) + 1, block.y1 - block.y0
        steps[start] = steps.get(start, 0.0) + height
        steps[end] = steps.get(end, 0.0) - height
    starts = sorted(start for start in steps if start < width)
    return list(zip(starts, accumulate([steps[start] for start in starts]), strict=True))


def _strips(covered: list[tuple[int, float]], width: int, limit: float) -> list[tuple[int, int]]:
    """Stretches of the x axis, away from the edges, that no more than `limit` points of text cover."""
    first, last = int(0.1 * width), int(0.9 * width) + 1
    white: list[tuple[int, int]] = []
    for (start, height), (end, _) in pairwise([*covered, (last, 0.0)]):
        start, end = max(start, first), min(end, last)
        if height <= limit and start < end:
            if white and white[-1][1] == start:
                start = white.pop()[0]
            white.append((start, end))
    return [(start, end) for start, end in white if end - start >= GUTTER]


def _columns_beside(blocks: list[Block], start: float, end: float) -> bool:
    """True when both sides of a strip hold running text: a block of three lines, or 200 characters in all; or both hold lists."""
    if _listed([b for b in blocks if b.x1 <= start + 2]) and _listed([b for b in blocks if b.x0 >= end - 2]):
        return True
    for side in ([b for b in blocks if b.x1 <= start + 2], [b for b in blocks if b.x0 >= end - 2]):
        wide = [b for b in side if b.x1 - b.x0 > 60]
        if sum(b.characters for b in wide) < 200 and not any(len(b.lines) > 2 and b.characters > 60 for b in wide):
            return False
    return True


def _listed(side: list[Block]) -> bool:
    """True when most blocks are items of lists, as questions with their answers."""
    return sum(LISTED.match(b.lines[0]) is not None for b in side) > max(LEAST_ITEMS - 1, 0.6 * len(side))
