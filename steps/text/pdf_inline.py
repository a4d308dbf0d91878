"""Paragraphs that a tall sign in a line has parted: the box of a sum or a brace reaches over others, and mupdf begins a block anew."""

import re

from steps.text.columns import Block
from steps.text.pdf_math import closed
from steps.text.raised import NAMES, POWERED, raised

# Computer Modern's extension font names its operators by letters (The TeXbook, Appendix F).
OPERATORS = {"P": "∑", "Q": "∏", "R": "∫", "S": "⋃", "T": "⋂"}
OPERATOR = re.compile(r"(?<![^\W_])([PQRST])([^\W_]|∞)?$")  # at the end of a line, with its upper limit
LIMIT = re.compile(r"([^\W\d_][=∈<≤](?:\d{1,3}|[^\W\d_])|[^\W\d_](?=\s))\s?")  # the lower one, in front of the rest of the line
EXPONENT = re.compile(r"[-−–]?\d{1,2}(?![\w.,])")
BACK, ON = 0.6, 0.5  # of the size of the letters: the rest begins so far before and behind where the line ended
SCRIPTS = 1.8  # the same for what begins in smaller letters: a lower script stands below the upper one with which the line ended
SMALLER = 0.85  # the same: of scripts; 0 where the first letter is of another size than the last
ROWS = 0.7  # the same, for a line: with less, several stand side by side
RAISED = 0.2  # the same: so far above the foot of the line an exponent ends
HIGHER = 1.2  # of a line's height: one that begins with an exponent is so high
LABEL, LINE, LARGER = 5, 1.3, 1.15  # letters of a heading's number; sizes of its letters for a line; of those of the text
WORD = re.compile(r"[^\W\d_A-Z]{2}")  # goes on behind the large first letter of a paragraph
SHARED = 0.3  # the same: what both blocks share of the page's height


def join_inline(blocks: list[Block]) -> None:
    """Put a block that begins in the last line of the one before, right behind it, into that one."""
    at = 1
    while at < len(blocks):
        above, block = blocks[at - 1], blocks[at]
        if not _goes_on_in_line(above, block):
            at += 1
        elif _ends_in_initial(above, block):
            blocks.insert(at, Block(block.x0, block.y0, above.end, above.y1, [above.lines[-1].strip()], size=above.size))
            above.set_lines(above.lines[:-1])
            rows = len(above.lines) - (len(above.lines[0]) < LABEL)  # a number stands beside its heading
            above.y1, above.end = min(block.y0, above.y0 + LINE * above.size * rows), 0.0
            at += 2
        else:
            _join(above, block)
            del blocks[at]


def _goes_on_in_line(above: Block, block: Block) -> bool:
    size, more = above.size, len(block.lines) > 1
    if not size or block.y0 > above.y1 - SHARED * size or block.y1 < above.y1 - size or block.x0 < above.x0 - 1:
        return False
    if above.table or above.formula or above.listing or above.verse or block.table or block.listing or (more and block.indent < 0):
        return False
    if any(b.y1 - b.y0 < ROWS * size * len(b.lines) for b in (above, block) if len(b.lines) > 1):
        return False  # cells side by side
    end = above.end or (above.x1 if len(above.lines) == 1 else 0.0)
    start = block.x0 + max(block.indent, 0.0)
    if not (end > 0 and -(SCRIPTS if block.size < SMALLER * size else BACK) * size < start - end < ON * size):
        return False
    return block.y0 > above.y0 + ROWS * size if len(above.lines) > 1 else more and block.x0 < above.x0 + 1


def _ends_in_initial(above: Block, block: Block) -> bool:
    """True when the last line of a heading is the large letter with which the paragraph below begins."""
    last = above.lines[-1].strip()
    heading = len(above.lines) > 1 and above.size > LARGER * block.size > 0
    return heading and len(last) == 1 and last.isupper() and WORD.match(block.lines[0]) is not None


def _join(above: Block, block: Block) -> None:
    """The first line of a block behind the last one of another, a sign of the extension font between them read as what it is."""
    last, first = above.lines[-1].rstrip(), block.lines[0].strip()
    if sign := OPERATOR.search(last):
        limits = f"^{closed(sign[2], small=True)}" if sign[2] else ""
        if low := LIMIT.match(first):
            limits, first = f"_{closed(low[1], small=True)}{limits}", first[low.end() :]
        last = f"{last[: sign.start()]}{OPERATORS[sign[1]]}{limits}"
    power = EXPONENT.match(first)
    if power and (POWERED.search(last) or NAMES.search(last)) and _is_raised(above, block):
        last, first = f"{last}{raised(power[0], last)}", first[power.end() :].lstrip()
    told = above.full, above.ended, above.heads
    above.set_lines([*above.lines[:-1], f"{last} {first}".rstrip(), *block.lines[1:]])
    above.full, above.ended, above.heads = (one + other for one, other in zip(told, (block.full, block.ended, block.heads), strict=True))
    above.x1, above.y1, above.end = max(above.x1, block.x1), max(above.y1, block.y1), block.end if len(block.lines) > 1 else block.x1
    above.y0 = min(above.y0, block.y0) if len(above.lines) == len(block.lines) else above.y0


def _is_raised(above: Block, block: Block) -> bool:
    """True of a block that begins with signs which are smaller than those of the line before and stand above its foot."""
    if block.size:
        return block.size < SMALLER * above.size and block.y1 < above.y1 - RAISED * above.size
    high = (block.y1 - block.y0) * len(above.lines) > HIGHER * (above.y1 - above.y0)
    return high and len(block.lines) == 1 and block.y1 < above.y1 + 1
