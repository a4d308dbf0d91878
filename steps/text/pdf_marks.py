"""Marks of the items of a list in a PDF.

Some programs set them beside the list, as blocks of their own, and after all of it; Chromium and Qt draw them as shapes.
"""

import re
from typing import Any

from steps.text.columns import Block
from steps.text.pdf_fields import by_line, fields

LONE_MARK = re.compile(r"\s*(?:[•‣◦▪–▶►●■○◆➢✓]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s*$")
# Zapf Dingbats by the numbers in the names of its signs (a71 is a disc), as which mupdf reads those that it does not know.
DINGBATS = dict.fromkeys((71, 108), "●") | dict.fromkeys((73, 74, 110), "■") | {19: "✓", 20: "✓", 72: "○", 76: "▲", 78: "◆", 117: "◆"}
NEAR = 30  # points between a mark and its item, at most
INDENT = 60  # points that a mark stands right of other lines of its item's block
DRAWING = re.compile(r"Skia|Qt \d")  # programs that draw marks
SMALLEST, LARGEST = 1.5, 9.0  # points: sides of a mark that is drawn
MOST = 200  # of them on a page: more are points of a diagram
CENTRED = 0.35  # of a line's height: a mark stands no farther from its middle
MARKED = 12.0  # points right of the text's left edge: items of a list begin farther in


def set_marks(blocks: list[Block]) -> None:
    """Set marks that stand alone before the lines beside which they stand."""
    for mark in [block for block in blocks if block.characters < 8 * len(block.lines) and all(map(LONE_MARK.match, block.lines))]:
        height = (mark.y1 - mark.y0) / len(mark.lines)
        left = []
        for number, line in enumerate(mark.lines):
            top = mark.y0 + number * height
            if not _set_mark(line.strip(), (mark.x1, top, top + height), [b for b in blocks if b is not mark]):
                left.append(line)
        if not left:
            blocks.remove(mark)
        elif len(left) < len(mark.lines):
            mark.set_lines(left)


def _set_mark(sign: str, place: tuple[float, float, float], blocks: list[Block]) -> bool:
    """Set a mark before the line beside which it stands, if there is one. place: its right edge, top and bottom."""
    right, top, bottom = place
    beside = [b for b in blocks if -INDENT < b.x0 - right < NEAR and b.y0 - 3 < top < b.y1 and not (b.table or b.formula or b.listing)]
    if not beside:
        return False
    item = min(beside, key=lambda b: b.x0)
    height = (item.y1 - item.y0) / len(item.lines)
    at = round((top - item.y0) / height)
    lone = len(item.lines) == 1 and item.y1 - item.y0 > 2 * (bottom - top)
    if lone or not 0 <= at < len(item.lines) or abs(item.y0 + at * height - top) > 0.4 * height:
        return False
    item.set_lines([*item.lines[:at], f"{sign} {item.lines[at].lstrip()}", *item.lines[at + 1 :]])
    return True


def with_dingbats(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, signs of Zapf Dingbats that stand alone read as the marks that they are."""
    return by_line(line, text, lambda said: len(said) == 1 and ord(said) in DINGBATS, _dingbat)


def _dingbat(line: Any, said: str) -> str:
    get = fields()
    letter = get.first_letter(line.this).this
    return DINGBATS[ord(said)] if "Dingbats" in get.font_name(get.font(letter).this) else said


def set_shapes(page: Any, blocks: list[Block]) -> None:
    """Set a mark before each line beside which a small shape is drawn, as high as wide. page: of mupdf."""
    left = min((block.x0 for block in blocks), default=0.0)
    inside = [b for b in blocks if b.x0 > left + MARKED and not (b.table or b.formula or b.listing)]
    if not inside:  # nothing that could be a list: shapes cost as much as the text
        return
    shapes = _shapes(page)
    if len(shapes) > MOST:
        return
    for right, middle in shapes:
        for block in inside:
            if 0 < block.x0 - right < NEAR and block.y0 < middle < block.y1:
                height = (block.y1 - block.y0) / len(block.lines)
                at, off = divmod((middle - block.y0) / height, 1)
                line = block.lines[int(at)]
                if abs(off - 0.5) < CENTRED and not LONE_MARK.match(line[:2]):
                    block.set_lines([*block.lines[: int(at)], f"• {line.lstrip()}", *block.lines[int(at) + 1 :]])
                break


def _shapes(page: Any) -> list[tuple[float, float]]:
    """The right edges and the middles, from the top, of small shapes on a page that are as high as wide."""
    from pymupdf import mupdf

    get = fields()
    drawn = mupdf.FzStextPage(page, mupdf.FzStextOptions(mupdf.FZ_STEXT_COLLECT_VECTORS))
    found = []
    block = drawn.m_internal.first_block
    while block is not None:
        if block.type == mupdf.FZ_STEXT_BLOCK_VECTOR:
            x0, y0, x1, y1 = get.box(get.block_box(block.this).this)
            if SMALLEST < x1 - x0 < LARGEST and abs((y1 - y0) - (x1 - x0)) < 0.2 * (x1 - x0):
                found.append((x1, (y0 + y1) / 2))
        block = block.next
    return found
