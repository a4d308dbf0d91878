"""Headings that came as blocks of one line: larger, bolder or in other capitals than the text that they stand above."""

import re
from typing import Any

from steps.text.columns import Block
from steps.text.parts import CAPTION
from steps.text.pdf_fields import fields
from steps.text.pdf_heads import BOLD, ENDING, LABEL, LARGER, WORD

CAPITALS = re.compile(r"csc|sc\d|smallcaps|caps|-SC|SmCap", re.IGNORECASE)  # in names of fonts
ROW = 1.6  # times the size of its letters: a block of one row is lower
LONGEST = 70  # letters of a heading
TEXT = 80  # letters of the text below it, at least
NEAR = 2.6  # of its height: so much white stands below it, at most
IN_THE_MIDDLE = 12.0  # points: twice what a centred heading may stand off the middle
INDENT = 30.0  # points: a heading begins no farther in than that

Found = tuple[Block, Any, str]  # a block, the first line of the one of mupdf that it is made of, and its text
Lone = tuple[Block, Any]  # a block and its first line of mupdf


def set_lone_heads(blocks: list[Block], told: list[Found]) -> None:
    """Tell which blocks of one line are headings. told: what the blocks of the page were made of."""
    lone = [block for block in blocks if (len(block.lines) == 1 or _is_labelled(block)) and _may_be_head(block)]
    if not lone:
        return
    firsts = {id(block): first for block, first, _ in told}
    known = [(block, firsts.get(id(block))) for block in blocks]
    for block in lone:
        line = firsts.get(id(block))
        below = _below(block, known) if line is not None else None
        if below is not None and _differs(block, line, *below):
            block.heads = (" ".join(line.strip() for line in block.lines) if len(block.lines) > 1 else block.lines[0],)


def _is_labelled(block: Block) -> bool:
    """True for a number, and what it numbers beside it, which wide white has parted."""
    lines = block.lines
    return len(lines) == 2 and LABEL.fullmatch(lines[0].strip()) is not None and block.y1 - block.y0 < ROW * block.size


def _may_be_head(block: Block) -> bool:
    """True when the words of a line could be a heading's."""
    said = block.lines[-1].strip()
    if not 2 < len(said) <= LONGEST or said.endswith((*ENDING, ":")) or "\t" in said or not (said[0].isupper() or said[0].isdigit()):
        return False
    plain = not (block.table or block.listing or block.formula or block.verse or block.note or block.heads)
    return plain and WORD.search(said) is not None and not CAPTION.match(said)


def _below(block: Block, told: list[Lone]) -> Lone | None:
    """The text that begins right below a line, in its column; None where something stands beside it."""
    height = block.y1 - block.y0
    best: Lone | None = None
    for other, first in told:
        if other is block or other.x0 > block.x1 or other.x1 < block.x0:
            continue
        if block.y1 - 1 <= other.y0 < block.y1 + NEAR * height and (best is None or other.y0 < best[0].y0):
            best = other, first
    if best is None or best[1] is None or best[0].table or best[0].listing or best[0].formula or best[0].characters < TEXT:
        return None
    text = best[0]
    if CAPTION.match(text.lines[0]):
        return None  # the line is a word of the figure
    middle = abs(block.x0 + block.x1 - text.x0 - text.x1) < IN_THE_MIDDLE
    if not (middle or -1 < block.x0 - text.x0 < INDENT):
        return None
    column = [other for other, _ in told if other is not block and other.x0 < text.x1 and other.x1 > text.x0]
    beside = any(min(other.y1, block.y1) - max(other.y0, block.y0) > 0.5 * height for other in column)
    return None if beside else best


def _differs(block: Block, line: Any, text: Block, first: Any) -> bool:
    """True when the letters of a heading are others than those of the text below it."""
    get = fields()
    letters = get.first_letter(line.this).this, get.last_letter(line.this).this
    below = get.first_letter(first.this).this
    if get.size(letters[0]) > LARGER * get.size(below) and get.size(letters[1]) > LARGER * get.size(below):
        return True
    names = [get.font_name(get.font(letter).this) for letter in (*letters, below)]
    if BOLD.search(names[0]) and BOLD.search(names[1]):
        return not BOLD.search(names[2])
    said = block.lines[0]
    return (said.isupper() and not text.lines[0].isupper()) or (names[0] != names[2] and CAPITALS.search(names[0]) is not None)
