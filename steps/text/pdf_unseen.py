"""Text of a PDF that nobody sees: drawn in no colour or in the paper's, or far too small. A scan's text layer is unseen, too, and read."""

from typing import Any

from steps.text.columns import Block
from steps.text.pdf_damage import faults
from steps.text.pdf_display import Found
from steps.text.pdf_fields import fields

DRAWN = 16 | 32  # FZ_STEXT_FILLED, FZ_STEXT_STROKED
BLACK = 0xFF000000  # a colour is alpha, red, green, blue; that of letters without one is 0
WHITE = 0xF8F8F8  # bits that are set in a colour next to white
FAINT = 16  # of 255: a colour of less opacity is none
TINY = 1.0  # points: no eye reads that
SCALE = 0.5  # pixels a point, of the picture in which we look for something to see
CONTRAST = 48  # of 255 levels of grey: with less an area is blank
COPIED = 0.5  # share of an unseen block that seen text covers, of which it is a copy
Place = tuple[int, int]  # left and top of a block, in points


def is_doubtful(line: Any, letter: Any) -> bool:
    """True when the first line of a block begins with a letter drawn in no colour, in white, or too small to be read.

    Both ends of it are looked at: numbers of items may be white on a dark ball. letter: the `this` of its first one.
    """
    get = fields()
    if get.colour(letter) == BLACK and get.size(letter) >= TINY:  # nearly always: this is asked of each block of each page
        return False
    return _is_faint(letter) and _is_faint(get.last_letter(line.this).this)


def _is_faint(letter: Any) -> bool:
    get = fields()
    colour = get.colour(letter)
    return not get.flags(letter) & DRAWN or colour & WHITE == WHITE or colour >> 24 < FAINT or get.size(letter) < TINY


def without_unseen(page: Any, told: list[Found], doubtful: list[Found], lit: set[Place]) -> list[Found]:
    """`told` without those of `doubtful` that show nothing.

    A block shows something when the page is not of one tone where it stands (the picture of a scan, a dark ground under white letters),
    and no seen text stands there. lit: where other pages have shown white letters, as the titles of slides; of this page they are added.
    """
    get = fields()
    letters = {id(found): get.first_letter(found[1].this).this for found in doubtful}
    doubtful = [found for found in doubtful if not get.flags(letters[id(found)]) & DRAWN or _place(found[0]) not in lit]
    seen = [found[0] for found in told if id(found) not in letters]
    scan = not seen and _has_pictures(page)  # nothing but a text layer: it needs no second look, which costs more than the reading
    shown = _picture(page) if doubtful and not scan else None
    gone = set()
    for found in doubtful:
        letter = letters[id(found)]
        drawn = bool(get.flags(letter) & DRAWN)
        copied = not drawn and any(_covers(other, found[0]) for other in seen)
        if get.size(letter) < TINY or copied or (shown is not None and not _has_ink(shown, found[0])):
            gone.add(id(found))
        elif drawn:
            lit.add(_place(found[0]))
    return [found for found in told if id(found) not in gone]


def _place(block: Block) -> Place:
    return round(block.x0), round(block.y0)


def _covers(other: Block, block: Block) -> bool:
    width = min(other.x1, block.x1) - max(other.x0, block.x0)
    height = min(other.y1, block.y1) - max(other.y0, block.y0)
    return width > 0 and height > 0 and width * height > COPIED * (block.x1 - block.x0) * (block.y1 - block.y0)


def _has_pictures(page: Any) -> bool:
    import pymupdf
    from pymupdf import mupdf

    found = mupdf.FzStextPage(page, mupdf.FzStextOptions(pymupdf.TEXT_PRESERVE_IMAGES))
    block = found.m_internal.first_block
    while block is not None and block.type != mupdf.FZ_STEXT_BLOCK_IMAGE:
        block = block.next
    return block is not None


def _picture(page: Any) -> Any:
    """The page as it is shown, in levels of grey; None when it cannot be drawn, which hides no text."""
    from pymupdf import mupdf

    grey = mupdf.FzColorspace(mupdf.FzColorspace.Fixed_GRAY)
    try:
        return mupdf.fz_new_pixmap_from_page_contents(page, mupdf.fz_scale(SCALE, SCALE), grey, 0)
    except faults():
        return None


def _has_ink(shown: Any, block: Block) -> bool:
    """True when the picture is not of one tone where the block stands."""
    from pymupdf import mupdf

    levels = mupdf.fz_pixmap_samples_memoryview(shown)
    width, height, stride = shown.w(), shown.h(), shown.stride()
    left, right = (min(width, max(0, round(x * SCALE) - shown.x())) for x in (block.x0, block.x1))
    top, bottom = (min(height, max(0, round(y * SCALE) - shown.y())) for y in (block.y0, block.y1))
    area = b"".join(bytes(levels[row * stride + left : row * stride + right]) for row in range(top, bottom))
    return bool(area) and max(area) - min(area) > CONTRAST
