"""Where the lines of a PDF's block were ended by their author: where the next word would have fitted, or the next line is indented."""

from collections import Counter
from typing import Any

from steps.text.columns import ENDED, SHORT, Block
from steps.text.pdf_fields import fields

Column = tuple[float, float, int]  # left and right edge of blocks, their lines
NEAR = 12.0  # points: blocks of one column begin no farther from each other
SLACK = 3.0  # points: edges of a column differ by less
WIDER = 1.1  # times the mean width of a line's letters: a letter of the next word, at most
LITTLE = 0.05  # of the column's width: so much more room than the next word needs ends a paragraph behind a full stop
MUCH = 0.12  # of the column's width: so much more room than the next word needs speaks for an end behind no full stop
OPENING = "“‘«„\"'([—– "  # what may stand before the first word of a paragraph
CENTRED = 3.0  # sizes of the letters: a line that begins farther in, and ends farther before the right edge, is centred
ENDS = (*ENDED, ",", "—")  # of verses
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
    next_line = get.next_line
    handles = [first]
    for _ in range(text.count("\n")):
        following = next_line(handles[-1].this)
        if following is None:
            return
        handles.append(following)
    lines = block.lines
    if len(handles) != len(lines):
        handles = [handle for handle, said in zip(handles, text.split("\n"), strict=True) if said and not said.isspace()]
        if len(handles) != len(lines):
            return
    x0, x1, box_of = get.x0, get.x1, get.line_box
    last = box_of(handles[-1].this).this
    block.end, block.indent = x1(last), x0(box_of(handles[0].this).this) - block.x0
    left, right, size = block.x0, _right(block, columns), block.size or 10.0
    most = SHORT * max(map(len, lines))
    full, ended, open_ones = [], [], []
    block.forced = forced = not lines[1][0].islower() or lines[0].rstrip().endswith(ENDS)
    much = MUCH * (right - left)
    block.forced = forced = forced and all(_room(right, *told) > much for told in zip(handles, lines, lines[1:], strict=False))
    for at in [at for at, said in enumerate(lines[1:]) if not said[0].islower()]:  # few: others go on
        said, following = lines[at].rstrip(), lines[at + 1]
        ends, begins = said.endswith(ENDED), following[0].isupper() or following[0] in OPENING
        if (not begins and (not ends or following[0].isalnum())) or not (ends or forced or len(said) < most):
            continue
        box, next_box = box_of(handles[at].this).this, box_of(handles[at + 1].this).this
        looks = ends and len(said) < most
        start, next_start, room = x0(box), x0(next_box), _room(right, handles[at], said, following)
        if (room > 0 or next_start > left + SLACK) and _is_beside(box, next_box):  # a wide gap parts one line
            if looks:
                full.append(lines[at])
        elif begins and start - next_start > SHIFTED * size and not (at and _is_beside(box_of(handles[at - 1].this).this, box)):
            ended.append(lines[at])
        elif looks:
            if room <= 0 and not _is_indented(handles, at + 1, left, size):
                full.append(lines[at])
        elif ends:
            if room > LITTLE * (right - left) or _is_indented(handles, at + 1, left, size):
                ended.append(lines[at])
        elif room > much and begins and next_start < left + SLACK:
            (ended if start > left + CENTRED * size else open_ones).append(lines[at])
    block.full = tuple(full)
    block.ended = tuple(ended + open_ones) if forced or len(open_ones) > 1 else tuple(ended)


def _room(right: float, line: Any, said: str, following: str) -> float:
    """What stays white of the column behind a line of mupdf if the first word of the next is set there; below 0 where it is too long."""
    get = fields()
    box = get.line_box(line.this).this
    start, end = get.x0(box), get.x1(box)
    return right - end - WIDER * (len(following.split(None, 1)[0]) + 1) * (end - start) / (len(said) or 1)


def _is_indented(lines: list[Any], at: int, left: float, size: float) -> bool:
    """True for a line that begins farther right than most, of a paragraph whose next line does not."""
    get = fields()
    starts = [get.x0(get.line_box(line.this).this) for line in lines]
    start = starts[at]
    if not LEAST * size < start - left < MOST * size or 2 * sum(x > left + SLACK for x in starts) > len(starts):
        return False
    return at + 1 == len(starts) or starts[at + 1] < left + SLACK or abs(starts[at + 1] - start) < 1.0


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
