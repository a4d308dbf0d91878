"""Further rows of a table or a listing of a PDF: below it as a block of their own, or on the next page."""

from collections.abc import Callable

from steps.text.columns import Block

ROW_GAP = 8  # points of white between two rows of a table, at most
SAME = 2.0  # points: edges of pages that differ by less are one
MOST = 24  # columns that rows of a listing stand farther in than those of the page before


def goes_on_below(above: Block, block: Block) -> bool:
    """True for rows that came as a block of their own: close below the table or the listing, or with nothing between on the next page."""
    if above.note != block.note:
        return False
    if block.listing and block.page == above.page + 1 > 0:  # above and below are whole: what stands between them is none of it
        return True
    return block.y1 <= above.y0 or block.y0 - above.y1 < 2 * (above.y1 - above.y0) / len(above.lines) + ROW_GAP


def cells_of(table: str) -> int:
    """How many tabs its widest row has."""
    return max(row.count("\t") for row in table.split("\n"))


def without_head(rows: str, table: str) -> str:
    """Further rows of a table without its head, which is set again on the next page."""
    head, _, rest = rows.strip().partition("\n")
    return rest.strip() if head == table.partition("\n")[0] else rows.strip()


def below(above: Block, block: Block, lefts: Callable[[], dict[int, float]]) -> str:
    """Further rows of a listing, at their columns where they stand farther in than those above them; its box then begins where theirs does.

    lefts: left edges of the pages by their numbers: those of a book differ.
    """
    rows = "\n".join(block.lines).rstrip().split("\n")
    width = (block.x1 - block.x0) / max(1, *map(len, rows))
    columns = round((block.x0 - above.x0) / width) if width > 0 else 0
    if not 0 < columns < MOST:
        return "\n".join(rows)
    if block.page == above.page:
        comparable = block.y0 > above.y1 - width
    else:
        comparable = abs(lefts().get(block.page, 0.0) - lefts().get(above.page, 0.0)) < SAME
    if not comparable:
        return "\n".join(rows)
    block.x0 = above.x0
    return "\n".join(f"{' ' * columns}{row}" if row else row for row in rows)


def left_edges(blocks: list[Block]) -> dict[int, float]:
    """Where the text of each page begins."""
    lefts: dict[int, float] = {}
    for block in blocks:
        lefts[block.page] = min(block.x0, lefts.get(block.page, block.x0))
    return lefts
