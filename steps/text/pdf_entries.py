"""The entries of a reference list in a PDF: where each begins, by the numbers before them or by how far in their other lines stand."""

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from statistics import median
from typing import Any, NamedTuple

from steps.text.columns import Block
from steps.text.papers import ENTRY, REFERENCES, is_prose, reference_span
from steps.text.parts import CAPTION
from steps.text.pdf_fields import placed

NUMBERS = (  # before the entries of a list
    re.compile(r"\s*\[(\d{1,3})\]"),
    re.compile(r"\s*(\d{1,3})[.)](?=\s|$)"),
    re.compile(r"\s*\((\d{1,3})\)(?=\s|$)"),
)
LONGEST_HEAD = 40  # letters of the heading of a list
LEAST_NUMBERED, LEAST_HUNG = 2, 3  # entries of a list, at least
UNNAMED = 8  # the same of one without a heading
TRIED = 9  # places where one may begin: each costs a look at all that follows
NEAR = 50  # blocks in which the second entry follows
LEFT_OUT = 2  # numbers that a line of another program may have swallowed
DATED = re.compile(r"\b(?:19|20)\d\d[a-z]?\b|\bdoi\b|https?://|\barXiv\b", re.IGNORECASE)
HANG = (0.6, 6.0)  # sizes of the letters: how far in the other lines of an entry stand
SLACK = 2.0  # points: edges that differ by less are one
MOST = 0.6  # share of the lines that stand so, or of the entries that have a year or an address, at least
AGAINST = 0.15  # share of the entries that begin or read as no entry does, at most
CLOSE, CLOSER = 0.5, 0.35  # sizes of the letters: white between the lines of an entry, and more of it than usual
SPACED = 1.5  # the same, at most
BESIDE = 0.6  # of the height of a line: more of it is shared by what stands in one row
ASIDE = 4.0  # sizes of the letters: no wider is the white within a row
SIZES = 0.08  # of the size of the letters: the same ones
LONG = 60  # letters of what says something


class Row(NamedTuple):
    """A row of a list: the parts of one line that wide white parts."""

    block: Block
    left: float | None  # None where that is not known
    top: float
    right: float
    bottom: float
    lines: list[str]


def names_list(blocks: list[Block]) -> bool:
    """True when one of them begins with the heading of a reference list."""
    return any(len(block.lines[0]) < LONGEST_HEAD and REFERENCES.match(block.lines[0].strip()) for block in blocks)


def with_entries(blocks: list[Block], start: int, end: int) -> list[Block]:
    """`blocks` with one for each entry of the reference list that reaches from `start` to `end`, heading included, where they can be told.

    Without a heading (`start` is `end`), a long list of numbered entries is looked for.
    """
    if start == end:
        return _with_torn(blocks) or _with_unnamed(blocks)
    listed = _entries(blocks[start:end])
    if not listed:
        for block in blocks[start + 1 : end]:
            block.reference = CAPTION.match(block.lines[0]) is None
        return blocks
    _leave_out(listed)
    return blocks[:start] + listed + blocks[end:]


def _entries(blocks: list[Block]) -> list[Block]:
    """The blocks of a list, heading included, with one for each entry; none where these cannot be told."""
    rows = [row for block in blocks for row in rows_of(block)]
    begun, hung = numbered(rows[1:]), set[int]()
    if not begun:
        begun, hung = hanging(rows[1:])
    return _parted(rows, {0, *(at + 1 for at in begun)}, {at + 1 for at in hung}) if begun else []


def _with_torn(blocks: list[Block]) -> list[Block]:
    """The same of a list that is one by its entries alone: too few of its blocks look like them."""
    heads = [at for at, block in enumerate(blocks) if names_list([block])]
    listed = _entries(blocks[heads[-1] :]) if heads else []
    if not listed:
        return []
    out = blocks[: heads[-1]] + listed
    start, end = reference_span(["\n".join(block.lines) for block in out])
    behind = [at for at in range(heads[-1], len(blocks)) if end < len(out) and _begin_alike(out[end], blocks[at])] or [len(blocks)]
    if start != heads[-1] or (end < len(out)) != (behind[0] < len(blocks)):
        return []
    for block in out[start:end]:
        block.reference = True
    _leave_out(out[start:end])
    return out[:end] + blocks[behind[0] :]


def _begin_alike(one: Block, other: Block) -> bool:
    return (one.page, one.y0, one.lines[0]) == (other.page, other.y0, other.lines[0])


def places_of(line: Any, text: str) -> Sequence[float]:
    """Where the lines of a block stand, as little as can be kept: of each its left, top, right and bottom, and its letters."""
    return array("f", [told for *box, said in placed(line, text) for told in (*box, _letters(said))])


def _letters(line: str) -> int:
    return sum(map(len, line.split()))


def rows_of(block: Block) -> list[Row]:
    """The rows of a block, with their places where these are known."""
    lines, n = block.lines, len(block.lines)
    if n == 1:
        return [Row(block, block.x0, block.y0, block.x1, block.y1, lines)]
    rows: list[Row] = []
    parts: list[list[int]] = []  # letters of the parts of each row
    for x0, y0, x1, y1, letters in zip(*[iter(block.placed)] * 5, strict=True):
        last = rows[-1] if rows else None
        if last is not None and y0 < last.bottom - BESIDE * (last.bottom - last.top) and x0 > last.right - SLACK:
            rows[-1] = last._replace(right=x1, bottom=max(last.bottom, y1))
            parts[-1].append(int(letters))
        else:
            rows.append(Row(block, x0, y0, x1, y1, []))
            parts.append([int(letters)])
    if read := _as_read(parts, lines):
        return [row._replace(lines=said) for row, said in zip(rows, read, strict=True)]
    height = (block.y1 - block.y0) / n
    return [Row(block, None, block.y0 + at * height, block.x1, block.y0 + (at + 1) * height, [line]) for at, line in enumerate(lines)]


def _as_read(parts: list[list[int]], lines: list[str]) -> list[list[str]]:
    """What `lines`, some of which may have been put together, say of each row; nothing where they say something else."""
    if sum(map(len, parts)) == len(lines):
        ends = list(accumulate(map(len, parts)))
        return [lines[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    if sum(map(sum, parts)) != sum(map(_letters, lines)):
        return []
    found: list[list[str]] = []
    rest = list(lines)
    for count in map(sum, parts):
        found.append([])
        while count > 0:
            line = rest.pop(0)
            letters = [at for at, letter in enumerate(line, 1) if not letter.isspace()]
            if len(letters) > count:
                line, behind = line[: letters[count - 1]], line[letters[count - 1] :]
                rest.insert(0, behind)
            found[-1].append(line)
            count -= len(letters)
    return found


def numbered(rows: list[Row], *, least: int = LEAST_NUMBERED) -> set[int]:
    """Numbers of the rows at which entries begin with the next number of a sequence; none where that is no sequence of all."""
    for form in NUMBERS:
        if any(form.match(row.lines[0]) for row in rows[:2]):
            return _sequence(rows, form, least)
    return set()


def _sequence(rows: list[Row], form: re.Pattern[str], least: int) -> set[int]:
    found: set[int] = set()
    beyond = 0  # numbers behind the last one of the sequence
    number, last = 0, None
    for at, row in enumerate(rows):
        mark = form.match(row.lines[0])
        if mark is None:
            continue
        step = int(mark[1]) - number
        inwards = last is not None and _is_below(last, row) and (row.left or 0) > (last.left or row.left or 0) + SLACK
        again = form is NUMBERS[0] and int(mark[1]) == 1 and number > 1  # another list
        if again or (0 < step <= (1 + LEFT_OUT if form is NUMBERS[0] else 1) and not inwards):
            found.add(at)
            number, last, beyond = number + step, row, 0
        elif step > 0 and not inwards:
            beyond += 1
    return found if len(found) >= least and not beyond else set()


def hanging(rows: list[Row]) -> tuple[set[int], set[int]]:
    """Numbers of the rows at which entries begin, and of those that go on farther in; none where the list is not set so."""
    size = _size_of(rows)
    standing = [(at, row) for at, row in enumerate(rows) if row.left is not None and not CAPTION.match(row.block.lines[0])]
    if len(standing) < 2 * LEAST_HUNG or standing[0][0] or not size:
        return set(), set()
    steps = [(row, round(2 * (_left(below) - _left(row))) / 2) for (_, row), (_, below) in pairwise(standing) if _is_below(row, below)]
    found = Counter(step for _, step in steps if HANG[0] * size < step < HANG[1] * size).most_common(1)
    if not found or found[0][1] < LEAST_HUNG:
        return set(), set()
    flush, hung = _stands(standing, steps, found[0][0])
    begun, inside = set[int](), set[int]()
    for at, row in standing:  # all of a block or nothing
        goes_on = at > 0 and row.block is rows[at - 1].block and (at - 1 in begun or at - 1 in inside)
        if at in hung and (goes_on or row.block is not rows[at - 1].block):
            inside.add(at)
        elif at in flush and (goes_on or not at or row.block is not rows[at - 1].block):
            if at + 1 in hung or ENTRY.search(" ".join(row.lines)):
                begun.add(at)
        elif goes_on and at not in flush:
            inside.add(at)
    against = sum(_is_within(rows[at - 1], rows[at], alone=at - 1 in begun) for at in begun if at)
    clear = 0 in begun and against <= AGAINST * len(begun) and len(begun | inside) >= MOST * (max(begun) + 1)
    return (begun, inside) if clear and len(inside) >= LEAST_HUNG <= len(begun) else (set(), set())


def _stands(standing: list[tuple[int, Row]], steps: list[tuple[Row, float]], hang: float) -> tuple[set[int], set[int]]:
    """Numbers of the rows at left edges of a list and of those that stand `hang` farther in, by the edges of their page or by all.

    standing: the rows and their numbers. steps: rows, and how much farther in the next one stands.
    """
    begun = [(row.block.page, round(2 * _left(row)) / 2) for row, step in steps if abs(step - hang) < SLACK]
    times = Counter(edge for _, edge in begun)
    every = {(page, edge) for page, edge in begun if times[edge] > 1 or abs(edge - _left(standing[0][1])) < SLACK}
    own: dict[int, set[float]] = {}
    for page, edge in every:
        own.setdefault(page, set()).add(edge)
    lefts = {edge for _, edge in every}
    flush, hung = set[int](), set[int]()
    for at, row in standing:
        for edges in (own.get(row.block.page, set()), lefts):
            out = any(abs(_left(row) - x) < SLACK for x in edges)
            inwards = any(abs(_left(row) - hang - x) < SLACK for x in edges)
            if out != inwards:
                (flush if out else hung).add(at)
            if out or inwards:
                break
    return flush, hung


def _is_within(last: Row, row: Row, *, alone: bool) -> bool:
    """True for a row that begins as no entry does. alone: the one before begins as far left."""
    end = last.lines[-1].rstrip()
    return end.endswith((",", "-")) or row.lines[0][:1].islower() or (alone and end[-1:].isalpha() and row.block is last.block)


def _left(row: Row) -> float:
    return row.left or 0.0


def _size_of(rows: list[Row]) -> float:
    sizes = Counter(row.block.size for row in rows if row.block.size)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _is_below(row: Row, below: Row) -> bool:
    """True for rows of one column."""
    return row.block.page == below.block.page and below.top > row.top and (below.left or row.left or 0) < row.right


def _parted(rows: list[Row], begun: set[int], hung: set[int], *, headed: bool = True) -> list[Block]:
    """One block for each entry, and what belongs to none as it is. headed: the first row is a heading."""
    size = _size_of(rows) or 10.0
    gaps = [row.top - above.bottom for at, (above, row) in enumerate(pairwise(rows), 1) if at not in begun and _is_below(above, row)]
    close = max(CLOSE, min(median(gaps) / size if gaps else 0, SPACED) + CLOSER) * size
    found: list[tuple[bool, list[Row]]] = []
    for at, row in enumerate(rows):
        entry = at in begun
        if not entry and found:
            entry = found[-1][0] and at > headed and (not hung or at in hung) and _continues(rows[at - 1], row, size, close)
            if entry or (not found[-1][0] and row.block is rows[at - 1].block):
                found[-1][1].append(row)
                continue
        found.append((entry, [row]))
    return [_block_of(inside, entry=entry) for entry, inside in found]


def _continues(last: Row, row: Row, size: float, close: float) -> bool:
    """True for the next row of an entry: near below, or the first one of the next column or page."""
    if row.block is last.block:
        return True
    if row.block.page == last.block.page and row.bottom > last.top:
        beside = row.top < last.bottom - BESIDE * (last.bottom - last.top)
        if beside:
            return -SLACK < _left(row) - last.right < ASIDE * size
        return row.top - last.bottom < close and _left(row) < last.right
    if row.block.note or row.block.table or CAPTION.match(row.lines[0]) or row.block.page - last.block.page > 1:
        return False
    return not row.block.size or abs(row.block.size - size) < SIZES * size


def _block_of(rows: list[Row], *, entry: bool) -> Block:
    first = rows[0].block
    if not entry and len(rows) == len(rows_of(first)):
        return first
    column = [row for row in rows if row.block.page == first.page and row.top >= rows[0].top]
    lines = [line.replace("\t", " ") if entry else line for row in rows for line in row.lines]
    return replace(
        first,
        x0=min(row.block.x0 if row.left is None else row.left for row in column),
        y0=rows[0].top,
        x1=max(row.right for row in column),
        y1=column[-1].bottom,
        lines=lines,
        entry=entry,
        reference=True,
        note=first.note and not entry,
        table=first.table and not entry,
        formula=first.formula and not entry,
        listing=first.listing and not entry,
        verse=first.verse and not entry,
        placed=(),
        indent=-1.0,
        end=0.0,
    )


def _leave_out(listed: list[Block]) -> None:
    """Tell what is none of the list: captions and notes in it, and all behind its last entry that looks like none."""
    last = max(at for at, block in enumerate(listed) if block.entry)
    for block in listed:
        if not block.entry and (block.note or CAPTION.match(block.lines[0])):
            block.reference = False
    behind = listed[last + 1 :]
    long = [block for block in behind if block.characters > LONG and not block.note and not CAPTION.match(block.lines[0])]
    alike = sum(ENTRY.search(text) is not None and not is_prose(text) for text in (" ".join(block.lines) for block in long))
    for block in behind if 2 * alike <= len(long) > 0 else []:
        block.reference = False


def _with_unnamed(blocks: list[Block]) -> list[Block]:
    """The same of a list without a heading; text between its columns stands above it."""
    start, rows, begun = _unnamed(blocks)
    listed = _parted(rows, begun, set(), headed=False)
    said = sum(block.characters for block in listed if block.entry)
    if not begun or said > MOST * sum(block.characters for block in blocks):
        return blocks  # which are a list alone
    last = max(at for at, block in enumerate(listed) if block.entry)
    for block in listed:
        block.reference = block.entry
    listed[:last] = sorted(listed[:last], key=lambda block: block.entry)
    return blocks[:start] + listed


def _unnamed(blocks: list[Block]) -> tuple[int, list[Row], set[int]]:
    """Where a list without a heading begins, its rows, and at which of them its entries do."""
    ones = [at for at, block in enumerate(blocks) if block.lines[0].lstrip().startswith("[1]") and not (block.listing or block.table)]
    for start in [at for at in ones[-TRIED:] if _counts(blocks[at : at + NEAR])][::-1]:
        rows = [row for block in blocks[start:] for row in rows_of(block)]
        begun = sorted(numbered(rows, least=UNNAMED))
        if not begun:
            continue
        said = [" ".join(line for row in rows[at:end] for line in row.lines) for at, end in pairwise([*begun, begun[-1] + 2])]
        dated = sum(DATED.search(text) is not None for text in said)
        prose = sum(is_prose(text.partition("]")[2]) for text in said)
        if dated >= MOST * len(said) and prose <= AGAINST * len(said):
            return start, rows, set(begun)
    return len(blocks), [], set()


def _counts(blocks: list[Block]) -> bool:
    """True when a second entry follows: what programs print begins with `[1]`, too."""
    return any(line.lstrip().startswith("[2]") for block in blocks for line in block.lines)
