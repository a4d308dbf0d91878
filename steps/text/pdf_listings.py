"""Listings in a PDF: rows set in a font whose letters are all as wide, which keep their breaks and their indents.

Where nearly all of a document is set in such a font, as manuscripts are, it says nothing, and all is text.
"""

import re
from itertools import groupby
from typing import Any

from steps.text.columns import Block, Line
from steps.text.pdf_fields import fields

FONT = re.compile(
    r"mono(?!type)|courier|typewriter|fixed|consol|menlo|monaco|andale|lettergothic|Code(?!\d)|CM(?:SL|I)?TT|CMVTT|(?:EC|[ES]F)(?:TT|ST|IT|TC)\d|[ES]TT\d|LMTT|txtt|t[1c]xb?tt|NimbusMon|pcr[rb]\d",
    re.IGNORECASE,
)
FONTS: dict[str, bool] = {}  # what is known of those met
BITMAP = re.compile(r"[A-Z]\d+|Type3 \(\d+ 0 R\)")  # names of fonts that have none, as LaTeX's bitmaps
BLANK = 0.25  # of their width: so much more white than a blank has stands between two words of such letters
NARROW = frozenset("fijlrtI.,:;'!()[]|-")
MEASURED = 14  # letters that are measured of them
LIKE = 0.07  # of their size: steps that differ by less are one
SPREAD = 1.05  # times their width: letters that stand farther from each other are spread over columns
ROW = 0.5  # of the lower one's height: what two lines share that stand side by side
APART = 2.2  # heights of a row: less white parts two blocks of one listing
EMPTY = 0.6  # of a row's height: more white is an empty line
SPACED = 8  # rows and white between them, of a listing that is set in wide spacing, at least
INDENT = 12  # columns: a listing's blocks begin no farther from each other
BRACES = ("{", "}", "|", "<", ">", "\\")  # which LaTeX may take from another font
CLOSED = frozenset(["}", "})", "};", "},"])
COMMAND = re.compile(  # a line of code that stands alone: behind a prompt, or with signs that no sentence has
    r"(?:>>>|[>$#%+]|[A-Z]:\\\S*>|[\w()~/@:-]+[>$#]) ?\S|[^@]*?(?:\w\([^)\s]|\w\(\)|[{};=|]|<-|[-=]>|\\\w| --?\w)"
)
SIGNS = (" <- ", ";\n", "{\n", "\n}", "\n> ", "\n$ ", "\n>>> ", "):\n", ")\n#")  # one of them stands in most code
MOST = 0.85  # share of the letters: with more in listings there are none
Listing = tuple[list[Block], list[Block]]  # blocks of a page, some of them listings, and those that are read where that is wrong


def is_even(letter: Any, bitmaps: dict[str, bool] | None = None) -> bool:
    """True when the font of a letter of mupdf (its `this`) has letters of one width, by its name: few fonts say so themselves.

    bitmaps: what is known of a file's fonts without names, which are measured.
    """
    get = fields()
    name = get.font_name(get.font(letter).this)
    even = FONTS.get(name)
    if even is not None:
        return even
    if BITMAP.fullmatch(name):
        measured = _is_measured_even(letter)
        if bitmaps is None or measured is None:
            return bool(measured) if bitmaps is None else bitmaps.get(name, False)
        bitmaps[name] = measured
        return measured
    even = FONTS[name] = FONT.search(name) is not None
    return even


def holds_code(line: Any, text: str, bitmaps: dict[str, bool] | None = None) -> bool:
    """True for a block of text that mupdf has made with the code close below it. line: its first one of mupdf. text: what it says."""
    if not any(sign in text for sign in SIGNS):
        return False
    get, even = fields(), 0
    for said in text.split("\n"):
        if line is None:
            break
        if said and not said.isspace():
            both = is_even(get.first_letter(line.this).this, bitmaps) and is_even(get.last_letter(line.this).this, bitmaps)
            even = even + 1 if both else 0
            if even > 1:
                return True
        line = get.next_line(line.this)
    return False


def _is_measured_even(letter: Any) -> bool | None:
    """True when narrow and wide letters are as far from each other, False when they are not, None where there are too few."""
    get = fields()
    size, font = get.size(letter), get.font_name(get.font(letter).this)
    steps: list[tuple[float, str]] = []
    following = get.next_letter(letter)
    for _ in range(MEASURED):
        if following is None or get.font_name(get.font(following.this).this) != font:
            break
        sign, after = chr(get.code(letter)), chr(get.code(following.this))
        if sign != " " and after != " ":
            steps.append((get.x(get.origin(following.this).this) - get.x(get.origin(letter).this), sign))
            if abs(steps[-1][0] - steps[0][0]) > LIKE * size:
                return False
        letter, following = following.this, get.next_letter(following.this)
    narrow = sum(sign in NARROW for _, sign in steps)
    return True if 0 < narrow < len(steps) and len(steps) > 2 else None


def listing_of(line: Any, text: str, bitmaps: dict[str, bool] | None = None) -> list[Block]:
    """A block that begins in such a font as listings and text, in their order. line: its first one of mupdf. text: what it says."""
    get = fields()
    spread, first = _spread(line), line
    rows: list[list[Line]] = []
    even: list[bool] = []  # for each row
    for said in text.split("\n"):
        if line is None:
            break
        if said and not said.isspace():
            place = (*get.box(get.line_box(line.this).this), said)
            told = is_even(get.first_letter(line.this).this, bitmaps) and (
                is_even(get.last_letter(line.this).this, bitmaps) or said.rstrip().endswith(BRACES)
            )
            told = told or (said.strip() in CLOSED and even[-1:] == [True])
            if told and spread:
                place = (*place[:4], _without_gaps(line, spread))
            last = rows[-1][-1] if rows else None
            if last is not None and min(last[3], place[3]) - max(last[1], place[1]) > ROW * min(last[3] - last[1], place[3] - place[1]):
                rows[-1].append(place)
                even[-1] = even[-1] and told
            else:
                rows.append([place])
                even.append(told)
        line = get.next_line(line.this)
    lone = [at for at in range(1, len(rows)) if even[at] and not any(even[at - 1 : at] + even[at + 1 : at + 2])]
    if even[:2] == [True, False] and not _is_even_throughout(first, bitmaps):
        lone.append(0)
    for at in lone:  # a line of text that begins and ends with a name
        even[at] = False
    blocks = []
    for told, group in groupby(zip(even, rows, strict=True), key=lambda row: row[0]):
        inside = [row for _, row in group]
        places = [place for row in inside for place in row]
        edges = min(p[0] for p in places), min(p[1] for p in places), max(p[2] for p in places), max(p[3] for p in places)
        blocks.append(Block(*edges, _indented(inside, spread > 0) if told else [place[4] for place in places], listing=told))
    return blocks


def _is_even_throughout(line: Any, bitmaps: dict[str, bool] | None) -> bool:
    """True when no letter of a line is of another font."""
    get = fields()
    letter = get.first_letter(line.this)
    while letter is not None:
        this = letter.this
        if get.code(this) != 0x20 and not is_even(this, bitmaps):
            return False
        letter = get.next_letter(this)
    return True


def _spread(line: Any) -> float:
    """How wide letters are that stand farther from each other than that, 0 where they do not: blanks seem to part them."""
    get = fields()
    letter = get.first_letter(line.this)
    following = get.next_letter(letter.this)
    if following is None or 0x20 in (get.code(letter.this), get.code(following.this)):
        return 0.0
    step = get.x(get.origin(following.this).this) - get.x(get.origin(letter.this).this)
    left, right = get.sides(letter.this)
    width = right - left
    return width if SPREAD * width < step < 2 * width else 0.0


def _without_gaps(line: Any, width: float) -> str:
    """What a line of such letters says, with a blank for each that is one."""
    get = fields()
    code_of, next_letter, x_of, origin = get.code, get.next_letter, get.x, get.origin
    said, letter, end = "", get.first_letter(line.this), 0.0
    while letter is not None:
        this = letter.this
        if (code := code_of(this)) != 0x20:
            x = x_of(origin(this).this)
            said += " " * round((x - end) / width - BLANK if said else 0) + chr(code)
            end = x + width
        letter = next_letter(this)
    return said


def _indented(rows: list[list[Line]], spread: bool) -> list[str]:
    """Rows as text, each line at its column. spread: letters stand farther from each other than they are wide, more or less."""
    wide = [(line[2] - line[0]) / len(line[4]) for row in rows for line in row if len(line[4]) > 2]
    left, width = min(line[0] for row in rows for line in row), (max if spread else min)(wide, default=0.0) or 5.0
    said = []
    for row in rows:
        text = ""
        for x0, _, _, _, letters in sorted(row):
            text = text.ljust(round((x0 - left) / width))
            text += f" {letters}" if text and not text.endswith(" ") else letters
        said.append(text.rstrip())
    return said


def set_listings(pages: list[tuple[list[Block], list[Listing]]]) -> None:
    """Put listings in place of the blocks that hold them. pages: blocks and what may be listings of each."""
    found = sum(block.characters for _, listings in pages for new, _ in listings for block in new if block.listing)
    if found > MOST * sum(block.characters for blocks, _ in pages for block in blocks):
        return
    for blocks, listings in pages:
        for new, old in _joined(listings):
            lines = [line for block in new if block.listing for line in block.lines]
            if old and (len(lines) > 1 or (lines and len(new) == 1 and _is_command(lines[0]))):
                gone = {id(block) for block in old}
                at = next((i for i, block in enumerate(blocks) if block is old[0]), -1)
                if at < 0:  # taken for a label of a diagram, or for the rest of the line before
                    continue
                blocks[:] = [*blocks[:at], *new, *(block for block in blocks[at:] if id(block) not in gone)]


def _is_command(line: str) -> bool:
    return "://" not in line and COMMAND.match(line.strip()) is not None


def _joined(listings: list[Listing]) -> list[Listing]:
    """Listings that empty lines have parted into blocks as one."""
    out: list[Listing] = []
    for new, old in listings:
        last, block = (out[-1][0][-1] if out else None), new[0]
        if last is not None and last.listing and block.listing and _goes_on(last, block):
            _add(last, block)
            out[-1] = [*out[-1][0], *new[1:]], out[-1][1] + old
        else:
            out.append((new, old))
    for new, _ in out:
        for block in new:
            if block.listing and len(block.lines) > SPACED and any(block.lines[::2]) and not any(block.lines[1::2]):
                block.set_lines(block.lines[::2])  # white below each row: the document is set in wide spacing
    return out


def _goes_on(last: Block, block: Block) -> bool:
    height = _height(last)
    return -0.2 * height < block.y0 - last.y1 < APART * height and abs(block.x0 - last.x0) < INDENT * _width(last)


def _add(last: Block, block: Block) -> None:
    """Set the rows of a block below those of the last one, at their columns."""
    shift = round((block.x0 - last.x0) / _width(last))
    above, below = ([f"{' ' * by}{row}" if row else row for row in b.lines] for b, by in ((last, max(0, -shift)), (block, max(0, shift))))
    empty = [""] if block.y0 - last.y1 > EMPTY * _height(last) else []
    last.set_lines([*above, *empty, *below])
    last.x0, last.x1, last.y1 = min(last.x0, block.x0), max(last.x1, block.x1), block.y1


def _height(listing: Block) -> float:
    return (listing.y1 - listing.y0) / len(listing.lines)


def _width(listing: Block) -> float:
    """How wide a letter is."""
    return (listing.x1 - listing.x0) / max(1, *map(len, listing.lines))
