"""Marks of the items of a list in a PDF: some programs set them beside the list, as blocks of their own, and after all of it."""

import re

from steps.text.columns import Block

LONE_MARK = re.compile(r"\s*(?:[•‣◦▪–▶►●■○◆➢✓]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s*$")
NEAR = 30  # points between a mark and its item, at most
INDENT = 60  # points that a mark stands right of other lines of its item's block


def set_marks(blocks: list[Block]) -> None:
    """Set marks that stand alone before the lines beside which they stand."""
    for mark in [block for block in blocks if block.characters < 8 and len(block.lines) == 1 and LONE_MARK.match(block.lines[0])]:
        beside = [
            b
            for b in blocks
            if b is not mark
            and -INDENT < b.x0 - mark.x1 < NEAR
            and b.y0 - 3 < mark.y0 < b.y1
            and not b.table
            and not b.formula
            and not b.listing
        ]
        if not beside:
            continue
        item = min(beside, key=lambda b: b.x0)
        height = (item.y1 - item.y0) / len(item.lines)
        at = round((mark.y0 - item.y0) / height)
        lone = len(item.lines) == 1 and item.y1 - item.y0 > 2 * (mark.y1 - mark.y0)
        if lone or at >= len(item.lines) or abs(item.y0 + at * height - mark.y0) > 0.4 * height:
            continue
        lines = [*item.lines]
        lines[at] = f"{mark.lines[0].strip()} {lines[at].lstrip()}"
        item.set_lines(lines)
        blocks.remove(mark)
