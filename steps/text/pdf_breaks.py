"""Where the lines of a PDF's block were ended by their author: where the next word would have fitted, or the next line is indented."""

import re
from itertools import pairwise
from typing import Any

from steps.text.columns import ENDED, SHORT, Block
from steps.text.pdf_fields import fields

Column = tuple[float, float, int]  # left and right edge of blocks, their lines
NEAR = 12.0  # points: blocks of one column begin no farther from each other
SLACK = 3.0  # points: edges of a column differ by less
WIDER = 1.1  # times the mean width of a line's letters: a letter of the next word, at most
LITTLE = 0.05  # of the column's width: so much more room than the next word needs ends a paragraph behind a full stop
MUCH = 0.12  # of the column's width: so much more room than the next word needs speaks for an end behind no full stop
BEGINNING = re.compile(r"\n(?=[^a-zçğıöşüâîûéèàäß])")
LONGEST = 90  # letters of a line of a verse
OPENING = "“‘«„\"'([—– "  # what may stand before the first word of a paragraph
CENTRED = 3.0  # sizes of the letters: a line that begins farther in, and ends farther before the right edge, is centred
ENDS = (*ENDED, ",", "—")  # of verses
SHIFTED = 6.0  # the same for one that ends at the right edge, as signatures do, above one that begins so much farther left
MAIL = re.compile(r"\s*[^\s@]+@[\w-]+(?:\.[\w-]+)+\s*")
WIDEST = 110  # letters of a line of them
CARD = 16  # lines of an address, at most
UNEVEN = 0.85  # times the longest line
SURELY = 1.3  # times the width of the next word: so much room was left on purpose
MARKED = re.compile(r"[•‣◦▪–]\s")  # an item
LEAST, MOST = 0.6, 5.0  # sizes of the letters: how far a first line is indented


EVEN, LEAST_EVEN, SHARE_EVEN = 0.7, 4, 0.8  # points between ends of lines; lines, and share of them, that end together


def columns_of(blocks: list[Block]) -> list[Column]:
    """Edges of what a page's text fills, from the most lines to the fewest."""
    edges: dict[tuple[int, int], int] = {}
    for block in blocks:
        n = len(block.lines)
        if n > 1 and block.y1 - block.y0 > 6 * n:
            edge = round(block.x0 / 4), round(block.x1 / 4)
            edges[edge] = edges.get(edge, 0) + n
    return [(4.0 * x0, 4.0 * x1, lines) for (x0, x1), lines in sorted(edges.items(), key=lambda edge: -edge[1])]


def set_breaks(block: Block, first: Any, text: str, columns: list[Column]) -> None:
    """Tell which lines of a block end a paragraph though they do not look so, and which do not though they do; and whether all are ended.

    first: its first line of mupdf. text: what it says. columns: of its page.
    """
    get = fields()
    lines = block.lines
    most = SHORT * max(map(len, lines))
    said, following = lines[-1].rstrip(), lines[1]
    asked = _beginnings(text, lines)  # few: other lines go on
    forced = (not following[0].islower() or lines[0].rstrip().endswith(ENDS)) and len(lines[0]) <= LONGEST
    if forced or len(said) >= most or not said.endswith(ENDED):
        last = len(lines) - 1
    else:
        last = min(asked[-1] + 2, len(lines) - 1) if asked else 0
    handles = _handles(first, text, lines, last)
    if not handles:
        return
    x0, x1, box_of = get.x0, get.x1, get.line_box
    block.indent = x0(box_of(first.this).this) - block.x0
    if last == len(lines) - 1:
        block.end = x1(box_of(handles[last].this).this)
    if not asked and not forced:
        return
    left, right, size = block.x0, _right(block, columns), block.size or 10.0
    if right > block.x1 + SLACK and _is_justified(block, handles[: len(lines) - 1]):
        right = block.x1
    full: list[str] = []
    ended: list[str] = []
    open_ones: list[str] = []  # behind no full stop
    much = MUCH * (right - left)
    block.forced = forced = forced and all(_room(right, *told) > much for told in zip(handles, lines, lines[1:], strict=False))
    starts: list[float] = []  # where all lines begin, once that is asked
    for at in asked:
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
            if room <= 0 and not _is_indented(starts, handles, lines, at + 1, left, size):
                full.append(lines[at])
        elif ends:
            if room > LITTLE * (right - left) or _is_indented(starts, handles, lines, at + 1, left, size):
                ended.append(lines[at])
        elif room > much and begins and next_start < left + SLACK:
            (ended if start > left + CENTRED * size else open_ones).append(lines[at])
    block.full = tuple(full)
    block.ended = tuple(ended + open_ones) if forced or len(open_ones) > 1 else tuple(ended)


def _room(right: float, line: Any, said: str, following: str) -> float:
    """What stays white of the column behind a line of mupdf if the first word of the next is set there; below 0 where it is too long."""
    get = fields()
    box = get.line_box(line.this).this
    start, end = float(get.x0(box)), float(get.x1(box))
    return right - end - WIDER * (len(following.split(None, 1)[0]) + 1) * (end - start) / (len(said) or 1)


def may_be_centred(lines: list[str]) -> bool:
    """Few lines of which one is shorter than another below it, or an address of mail: of nearly no running text."""
    lengths = list(map(len, lines))
    longest = max(lengths)
    if len(lines) > CARD or longest > WIDEST or not (min(lengths[:-1]) < UNEVEN * longest or MAIL.fullmatch(lines[-1])):
        return False
    return not any(line.endswith("-") for line in lines)


def are_centred(block: Block, first: Any, text: str) -> bool:
    """True for lines in the middle of their block, as of addresses: one leaves room for the first word of the next, or is one of mail."""
    get = fields()
    lines = block.lines
    handles = _handles(first, text, lines, len(lines) - 1)
    boxes = [get.line_box(line.this).this for line in handles]
    edges = [(get.x0(box), get.x1(box)) for box in boxes]
    if len(edges) != len(lines) or any(abs(x0 + x1 - block.x0 - block.x1) > SLACK for x0, x1 in edges):
        return False
    if any(_is_beside(box, below) for box, below in pairwise(boxes)):
        return False
    if any(map(MAIL.fullmatch, lines)):
        return True
    rooms = [block.x1 - block.x0 - (x1 - x0) for x0, x1 in edges]
    wide = [(x1 - x0) / len(line) for (x0, x1), line in zip(edges, lines, strict=True)]
    words = [len(line.split(None, 1)[0]) + 1 for line in lines[1:]]
    return any(room > SURELY * letter * word for room, letter, word in zip(rooms, wide, words, strict=False))


def _handles(first: Any, text: str, lines: list[str], last: int) -> list[Any]:
    """The lines of mupdf up to number `last`, blank ones left out; none where they are not those of the block."""
    next_line = fields().next_line
    blanks = text.count("\n") != len(lines) - 1
    found, line = [first], first
    for _ in range(text.count("\n") if blanks else last):
        line = next_line(line.this)
        if line is None:
            return []
        found.append(line)
    if blanks:
        found = [line for line, said in zip(found, text.split("\n"), strict=True) if said and not said.isspace()]
    return found if len(found) == len(lines) or not blanks else []


def _beginnings(text: str, lines: list[str]) -> list[int]:
    """Numbers of the lines of a block above those that begin with no small letter of ASCII."""
    if text.count("\n") != len(lines) - 1:
        return [at for at, said in enumerate(lines[1:]) if not said[0].islower()]
    found, number, start = [], -1, 0
    for match in BEGINNING.finditer(text):
        number += text.count("\n", start, match.end())
        start = match.end()
        found.append(number)
    return found


def _is_indented(starts: list[float], handles: list[Any], lines: list[str], at: int, left: float, size: float) -> bool:
    """True for a line that begins farther right than most, of a paragraph whose next line does not. starts: filled when it is empty."""
    get = fields()
    if not starts:
        starts += [get.x0(get.line_box(line.this).this) for line in handles]
    start = starts[at]
    if not LEAST * size < start - left < MOST * size:
        return False
    if 2 * sum(x > left + SLACK for x in starts) > len(starts):  # but for paragraphs of one line above one that begins as they do
        flush = at + 1 < len(starts) and abs(starts[0] - start) < 1.0 and starts[at + 1] < left + SLACK
        return flush and (lines[at].rstrip().endswith(",") or lines[at + 1][:1].islower())
    if at + 1 < len(lines) and MARKED.match(lines[at - 1]) and MARKED.match(lines[at + 1]):
        return False  # the second line of an item
    return at + 1 == len(starts) or starts[at + 1] < left + SLACK or abs(starts[at + 1] - start) < 1.0


def _is_beside(box: Any, following: Any) -> bool:
    """True for two lines, by the `this` of their boxes, that share most of their height."""
    get = fields()
    top, bottom = get.y0(box), get.y1(box)
    return bool(get.y0(following) < bottom - 0.6 * (bottom - top))


def _is_justified(block: Block, handles: list[Any]) -> bool:
    """True when nearly all lines of mupdf end where the block ends: it has a width of its own, as an abstract or a quote."""
    get = fields()
    even = sum(bool(get.x1(get.line_box(line.this).this) > block.x1 - EVEN) for line in handles)
    return even >= LEAST_EVEN and even >= SHARE_EVEN * len(handles)


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
