"""Tables of a Word file: rows as lines, cells parted by tabs; or, where they only set text beside text, what stands in them."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from steps.text.docx_styles import W, on
from steps.text.parts import Part

BREAKS = re.compile(r"[\n\t]")
WRAPPERS = tuple(f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo"))  # of what is in a text or table


def table_parts(table: Any, read: Callable[[Any], Iterator[Part]]) -> Iterator[Part]:
    """Rows as lines, cells parted by tabs; a merged cell once. A box, or columns of text side by side, are read cell by cell.

    read: the parts of a cell.
    """
    shown = [row for row in _inside(table, f"{W}tr") if not _is_gone(row)]
    skipped = _skipped(shown)
    rows: list[list[list[Part]]] = []
    for row, before in zip(shown, skipped, strict=True):
        cells: list[list[Part]] = [[] for _ in range(before)]
        for cell in _inside(row, f"{W}tc"):
            if cell.find(f"{W}tcPr/{W}cellDel") is not None:
                continue
            merge = cell.find(f"{W}tcPr/{W}vMerge")
            going_on = merge is not None and merge.get(f"{W}val") in (None, "continue")
            cells.append([] if going_on else list(read(cell)))
        rows.append(cells)
    full = [sum(bool(part.text) for part in cell) for cells in rows for cell in cells]
    if len(full) == 1 or (max(full, default=0) > 1 and (len(rows) == 1 or all(len(cells) < 2 for cells in rows))):
        yield from (part for cells in rows for cell in cells for part in cell)
        return
    lines = [line for cells in rows for line in _lines(cells)]
    yield Part("table", "\n".join([line for line in lines if line.strip()]))


def _lines(cells: list[list[Part]]) -> Iterator[str]:
    """A row, and behind it the rows of the tables that stand in its cells."""
    yield "\t".join([" ".join([BREAKS.sub(" ", part.text) for part in cell if part.text and not _has_rows(part)]) for cell in cells])
    yield from (part.text for cell in cells for part in cell if _has_rows(part))


def _has_rows(part: Part) -> bool:
    """True for a table of several rows and columns; others are a few words of a cell."""
    return part.kind == "table" and "\n" in part.text and "\t" in part.text


def _is_gone(row: Any) -> bool:
    """True for a row that was deleted or is hidden."""
    properties = row.find(f"{W}trPr")
    return properties is not None and (properties.find(f"{W}del") is not None or on(properties.find(f"{W}hidden")))


def _inside(parent: Any, tag: str) -> Iterator[Any]:
    """Children of a table or a row, those too that stand in a form's field, in markup of its own or in a revision."""
    for child in parent.iterchildren():
        if child.tag == tag:
            yield child
        elif child.tag in WRAPPERS:
            yield from _inside(child, tag)


def _skipped(rows: list[Any]) -> list[int]:
    """How many cells each row leaves out before its first: those of the rows beside it that end there."""
    before = [_number(row.find(f"{W}trPr/{W}gridBefore")) for row in rows]
    if not any(before):
        return before
    whole = [_ends(row, 0) for row, skipped in zip(rows, before, strict=True) if not skipped]
    right = max((ends[-1] for ends in whole if ends), default=0)
    above = whole[0] if whole else []
    counts = []
    for row, skipped in zip(rows, before, strict=True):
        own = _ends(row, skipped)
        left_out = [end for end in above if end <= skipped] if own and own[-1] <= right else []  # others are shifted, as centred rows are
        counts.append(len(left_out))
        above = left_out + own
    return counts


def _ends(row: Any, start: int) -> list[int]:
    """The columns of the table's grid at which the cells of a row end."""
    ends: list[int] = []
    for cell in _inside(row, f"{W}tc"):
        start += _number(cell.find(f"{W}tcPr/{W}gridSpan")) or 1
        ends.append(start)
    return ends


def _number(said: Any) -> int:
    given = said.get(f"{W}val", "") if said is not None else ""
    return int(given) if given.isdecimal() else 0
