"""Where the lines of a PDF's block were ended by their author: where the next word would have fitted, or the next line is indented."""

from collections import Counter
from itertools import pairwise
from typing import Any

from steps.text.columns import ENDED, Block, ends_of_paragraphs
from steps.text.pdf_fields import fields

Column = tuple[float, float, int]  # left and right edge of blocks, their lines
NEAR = 12.0  # points: blocks of one column begin no farther from each other
SLACK = 3.0  # points: edges of a column differ by less
WIDER = 1.1  # times the mean width of a line's letters: a letter of the next word, at most
LITTLE = 0.05  # of the column's width: so much more room than the next word needs ends a paragraph behind a full stop
MUCH = 0.12  # of the column's width: so much more room than the next word needs speaks for an end behind no full stop
OPENING = "“‘«„\"'([—– "  # what may stand before the first word of a paragraph
CENTRED = 3.0  # sizes of the letters: a line that begins farther in, and ends farther before the right edge, is centred
SHIFTED = 6.0  # the same for one that ends at the right edge, as signatures do, above one that begins so much farther left
LEAST, MOST = 0.6, 5.0  # sizes of the letters: how far a first line is indented


def columns_of(blocks: list[Block]) -> list[Column]:
    """Edges of what a page's text fills, from the most lines to the fewest."""
    edges: Counter[tuple[int, int]] = Counter()
    for block in blocks:
        n = len(block.lines)
        if n > 1 and block.y1 - block.y0 > 6 * n:
            edges[round(block.x0 / 4), round(block.x1 / 4)] += n
    return [(4.0 * x0, 4.0 * x1, lines) for (x0, x1), lines in edges.most_common()]


def set_breaks(block: Block, first: Any, text: str, columns: list[Column]) -> None:
    """Tell which lines of a block end a paragraph though they do not look so, and which do not though they do; and whether all are ended.

    first: its first line of mupdf. text: what it says. columns: of its page.
    """
    get = fields()
    lefts, rights, boxes = [], [], []
    line = first
    for said in text.split("\n"):
        if line is None:
            return
        if said and not said.isspace():
            box = get.line_box(line.this).this
            lefts.append(get.x0(box))
            rights.append(get.x1(box))
            boxes.append(box)
        line = get.next_line(line.this)
    lines = block.lines
    if len(lefts) != len(lines):
        return
    block.end = rights[-1]
    left, right = min(lefts), _right(block, columns)
    block.indent = lefts[0] - left
    looks = ends_of_paragraphs(lines)
    full, ended, open_ones, rooms = [], [], [], 0
    for at, (said, following) in enumerate(pairwise(lines)):
        room = right - rights[at]
        word = following.split(None, 1)[0]
        room -= WIDER * (len(word) + 1) * (rights[at] - lefts[at]) / max(1, len(said))
        has_room = room > 0
        if (has_room or lefts[at + 1] > left + SLACK) and _is_beside(boxes[at], boxes[at + 1]):  # a wide gap parts one line
            if at in looks:
                full.append(said)
            continue
        shifted = lefts[at] - lefts[at + 1] > SHIFTED * (block.size or 10.0) and following.lstrip(OPENING)[:1].isupper()
        if shifted and not (at and _is_beside(boxes[at - 1], boxes[at])):
            ended.append(said)
            continue
        rooms += has_room and room > MUCH * (right - left)
        if at in looks:
            if not has_room and not _is_indented(lefts, at + 1, left, block.size):
                full.append(said)
        elif said.rstrip().endswith(ENDED):
            begins = following[:1].isupper() or not following[:1].isalnum()
            if begins and (room > LITTLE * (right - left) or _is_indented(lefts, at + 1, left, block.size)):
                ended.append(said)
        elif has_room and following.lstrip(OPENING)[:1].isupper() and room > MUCH * (right - left) and lefts[at + 1] < left + SLACK:
            (ended if lefts[at] > left + CENTRED * (block.size or 10.0) else open_ones).append(said)
    block.full, block.forced = tuple(full), rooms == len(lines) - 1
    block.ended = tuple(ended + open_ones) if block.forced or len(open_ones) > 1 else tuple(ended)


def _is_indented(lefts: list[float], at: int, left: float, size: float) -> bool:
    """True for a line that begins farther right than most, of a paragraph whose next line does not."""
    size = size or 10.0
    indent = lefts[at] - left
    if not LEAST * size < indent < MOST * size or 2 * sum(x > left + SLACK for x in lefts) > len(lefts):
        return False
    return at + 1 == len(lefts) or lefts[at + 1] < left + SLACK or abs(lefts[at + 1] - lefts[at]) < 1.0


def _is_beside(box: Any, following: Any) -> bool:
    """True for two lines, by the `this` of their boxes, that share most of their height."""
    get = fields()
    top, bottom = get.y0(box), get.y1(box)
    return get.y0(following) < bottom - 0.6 * (bottom - top)


def _right(block: Block, columns: list[Column]) -> float:
    """Where the block's column ends: at the right edge of most lines that begin there, else of the narrowest text around it."""
    own = 0
    for x0, x1, lines in columns:
        if abs(x0 - block.x0) < NEAR and x1 > block.x1 - SLACK:
            if x1 > block.x1 + SLACK or lines > len(block.lines):
                return x1
            own = lines
    around = [x1 - x0 for x0, x1, _ in columns if x0 < block.x0 + SLACK and x1 > block.x1 + SLACK] if own <= len(block.lines) else []
    narrow = min(around, default=0.0)
    return next((x1 for x0, x1, _ in columns if narrow and x1 - x0 == narrow and x0 < block.x0 + SLACK and x1 > block.x1 + SLACK), block.x1)
