"""Headings and titles of a PDF, told from the text below them by the size and the weight of their letters."""

import re
from itertools import pairwise
from typing import Any

from steps.text.columns import ENDED, Block
from steps.text.pdf_fields import fields
from steps.text.pdf_listings import is_even

LARGER = 1.1  # times the size of the text: a heading
BOLD = re.compile(  # in names of fonts
    r"bold|black|heavy|semib|demi|[A-Z]BX\d|-B(?:d|$)|[ ,-]B$|SFBX|SFSX|NimbusRomNo9L-Medi|\bLin\w+TZ?B|\bp(?:tm|hv|pl|nc|bk|cr)b\d",
    re.IGNORECASE,
)
LOW = 8.0  # points: a line that low is small, or its font says little of its height
RAISED = 0.15  # of their size, above their baseline: marks of notes
BESIDE = 0.35  # of their size: letters whose lines share more of their height stand side by side
ENDING = tuple(".!?;,-\u00ad")  # of a line that is no heading
HEADED = 0.6  # of the length of its text's first line: a heading is shorter
FIRST = 0.85  # the same where it is the first line of a block
TITLE = 13.0  # points: so large are letters of titles, which take several lines
WORD = re.compile(r"[^\W\d_]{3}")
LABEL = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*|[A-H](?:\.\d{1,2})*|[IVX]{1,4})\.?")  # of a heading, parted from it by a wide gap
Found = tuple[Block, Any, str]  # a block, its first line of mupdf, and what it says


def size_of(line: Any, letter: Any) -> float:
    """Size of the letters of a line of mupdf, 0 where the first one (its `this`) is of another than the last."""
    get = fields()
    size, last = get.size(letter), get.size(get.last_letter(line.this).this)
    return size if last <= LARGER * size and size <= LARGER * last else 0.0


def size_behind(line: Any, letter: Any) -> float:
    """Size of the last letter of a line of mupdf where the first one (its `this`) is smaller and raised, else 0."""
    get = fields()
    end = get.last_letter(line.this).this
    last = get.size(end)
    smaller = last > LARGER * get.size(letter)
    return last if smaller and get.y(get.origin(letter).this) < get.y(get.origin(end).this) - RAISED * last else 0.0


def headed(block: Block, first: Any, text: str) -> list[Found]:
    """The block in parts: the lines that it begins with, if the one that follows is set smaller or larger, and the rest.

    first: its first line of mupdf. text: what it says.
    """
    get = fields()
    small = block.size / LARGER
    at, below = 1, get.next_line(first.this)
    if small and below is not None and len(block.lines) > 2 and LABEL.fullmatch(block.lines[0].strip()) and block.lines[1][:1].isupper():
        at, below = 2, get.next_line(below.this)  # a number, parted from its heading by a wide gap
    if not small or below is None:
        return [(block, first, text)]
    following = get.size(get.first_letter(below.this).this)
    larger = following > LARGER * max(block.size, get.size(get.last_letter(first.this).this))  # it may begin with a small word
    if block.size < TITLE and not (larger or following < small):
        return [(block, first, text)]
    bottom = get.y1(get.line_box(first.this).this)
    while not larger and below is not None and not 0 < size_of(below, get.first_letter(below.this).this) < small:
        bottom = max(bottom, get.y1(get.line_box(below.this).this))
        at, below = at + 1, get.next_line(below.this)
    return [(block, first, text)] if below is None else _split(block, first, text.split("\n"), at, below, bottom)


def _split(block: Block, first: Any, lines: list[str], at: int, below: Any, bottom: float) -> list[Found]:
    """The first `at` lines, down to `bottom`, and those from `below` on, as blocks of their own; one, where both are not words."""
    get = fields()
    above = [line for line in lines[:at] if line and not line.isspace()]
    rest = [line for line in lines[at:] if line and not line.isspace()]
    top, letter = get.y0(get.line_box(below.this).this), get.first_letter(below.this).this
    size = size_of(below, letter)
    larger = size > block.size
    beside = top < bottom - BESIDE * block.size and not (
        larger and _edges(first, at)[0] > _edges(below, len(lines) - at)[1]
    )  # a margin's note
    if not size or not rest or beside or not WORD.search(" ".join(above)) or not WORD.search(rest[0]):
        return [(block, first, "\n".join(lines))]
    heads = tuple(above) if len(above) == 1 and not larger else ()
    head = Block(block.x0, block.y0, block.x1, bottom, above, size=block.size, heads=heads)
    head.x0, head.x1 = _edges(first, at)
    body = Block(block.x0, min(top, bottom), block.x1, block.y1, rest, size=size, listing=is_even(letter))
    body.x0, body.x1 = _edges(below, len(lines) - at)
    said = "\n".join(lines[at:])
    return [(head, first, "\n".join(lines[:at])), *(headed(body, below, said) if larger else [(body, below, said)])]


def _edges(line: Any, count: int) -> tuple[float, float]:
    """Left and right edge of `count` lines."""
    get = fields()
    left, right = float("inf"), 0.0
    while line is not None and count:
        box = get.line_box(line.this).this
        left, right = min(left, get.x0(box)), max(right, get.x1(box))
        line, count = get.next_line(line.this), count - 1
    return left, right


def may_be_heads(lines: list[str]) -> list[int]:
    """Numbers of the lines that could be headings of those below them: short ones, the first or behind the end of a sentence."""
    found = []
    lengths = list(map(len, lines))
    if lines[0].isupper() and not lines[1].isupper() and WORD.search(lines[0]) and not lines[0].rstrip().endswith(ENDING):
        found.append(0)
    for at in [at for at, (one, next_) in enumerate(pairwise(lengths)) if one < (HEADED if at else FIRST) * next_ + 1]:  # nearly none
        line = lines[at].strip()
        if not 2 < len(line) < (HEADED if at else FIRST) * len(lines[at + 1]) or line.endswith(ENDING) or line[0].islower():
            continue
        begins = at == 0 or lines[at - 1].rstrip().endswith(ENDED) or (at == 1 and LABEL.fullmatch(lines[0].strip()) is not None)
        if begins and at not in found and not lines[at + 1].lstrip()[:1].islower():
            found.append(at)
    return found


def heads_of(first: Any, text: str, candidates: list[int]) -> tuple[str, ...]:
    """Those lines of a block that are headings by their fonts. candidates: numbers of filled lines."""
    get = fields()
    found, number, line = [], 0, first
    for said in text.split("\n"):
        if line is None or number > candidates[-1]:
            break
        if said and not said.isspace():
            if number in candidates and _is_headed(line):
                found.append(said)
            number += 1
        line = get.next_line(line.this)
    return tuple(found)


def _is_headed(first: Any) -> bool:
    """True when a line is set larger than the next, or in a bold font which that is not in."""
    get = fields()
    second = get.next_line(first.this)
    if second is None:
        return False
    above, last, below = (get.first_letter(first.this).this, get.last_letter(first.this).this, get.first_letter(second.this).this)
    end = get.last_letter(second.this).this  # what begins with the mark of a note is as large as what follows it
    if get.size(above) > LARGER * max(get.size(below), get.size(end)):
        return True
    bold = [BOLD.search(get.font_name(get.font(letter).this)) is not None for letter in (above, last, below)]
    return bold == [True, True, False] and abs(get.y0(get.line_box(first.this).this) - get.y0(get.line_box(second.this).this)) > LOW
