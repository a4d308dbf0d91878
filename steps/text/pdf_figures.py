"""What is written inside of a figure of a PDF that has no axes: names of boxes and points above its caption, signs that mark points."""

import re
from collections import Counter

from steps.text.columns import Block
from steps.text.parts import CAPTION, section_of
from steps.text.pdf_joins import HEADING, ITEM

FIGURE = re.compile(r"(?:fig|şekil|abb|grafik)", re.IGNORECASE)  # its caption stands below it
PROMPT = re.compile(r"(?:\d+\s+)?(?:R|>>|\w*[$#%])?[>$+]\s")  # of a session that is shown
LEAST = 5  # labels of a figure
LONGEST = 40  # letters of a line of a label
SHORT = 60  # letters of a label
EDGE = 4.0  # points: left edges that differ by less are one
EDGES = 3  # left edges of labels, at least: a list has one
SIGNS = 12  # of one kind that mark points
SCATTERED = 0.5  # share of them that have a left edge of their own, and a top, at least: those of tables and lists have few
RUBBLE = 0.5  # share of letters in words, at most, in fonts that do not say which letters they draw


def drop_signs(blocks: list[Block]) -> None:
    """Take signs that mark points out of the blocks of a page: one again and again, all over a diagram."""
    short = [b for b in blocks if b.characters < LEAST]
    if len(short) < SIGNS:  # nearly always
        return
    often = Counter(b.lines[0][0] for b in short if len(set("".join(b.lines))) == 1 and not b.lines[0][0].isdigit())
    for sign, count in often.items():
        if count >= SIGNS:
            marks = [b for b in short if set("".join(b.lines)) == {sign}]
            if min(len({round(b.x0) for b in marks}), len({round(b.y0) for b in marks})) > SCATTERED * len(marks):
                gone = set(map(id, marks))
                blocks[:] = [b for b in blocks if id(b) not in gone]


def drop_names(blocks: list[Block]) -> None:
    """Take what stands above captions of figures, and is no text, out of the blocks of a page."""
    if sum(b.characters < SHORT for b in blocks) < LEAST:  # nearly always
        return
    gone: set[int] = set()
    for caption in blocks:
        if caption.lines[0][:1] in "FfŞşAaGg" and FIGURE.match(caption.lines[0]) and CAPTION.match(caption.lines[0]):
            gone.update(_above(caption, blocks))
    if gone:
        blocks[:] = [b for b in blocks if id(b) not in gone]


def _above(caption: Block, blocks: list[Block]) -> set[int]:
    """Labels, by their ids, between the caption of a figure and the text above it."""
    over = [b for b in blocks if b.y0 < caption.y0 - 1 and b is not caption]
    running = [b for b in over if not (b.formula or _is_label(b))]
    text = max((b for b in running if b.x0 < caption.x1 and b.x1 > caption.x0), key=lambda b: b.y1, default=None)
    left, right = (min(text.x0, caption.x0), max(text.x1, caption.x1)) if text is not None else (caption.x0, caption.x1)
    top = text.y1 - 1 if text is not None else 0.0
    found = [b for b in over if b.y0 > top and left - 1 < (b.x0 + b.x1) / 2 < right + 1 and not b.formula and _is_label(b)]
    if sum(not b.listing for b in found) < LEAST or len({round(b.x0 / EDGE) for b in found}) < EDGES:
        return set()
    return set(map(id, found))


def _is_label(block: Block) -> bool:
    lines = block.lines
    if max(map(len, lines)) > LONGEST or block.heads or (len(lines) > 2 and (block.table or block.listing)):
        return False
    said = lines[0].strip()
    if any(map(PROMPT.match, lines)) or ITEM.match(said) or CAPTION.match(said) or HEADING.match(said) or section_of(said):
        return False
    return block.characters < SHORT or sum(map(str.isalpha, "".join(lines))) < RUBBLE * block.characters
