"""Pages of a PDF as blocks of lines: what pymupdf is asked, at the least cost in time and memory."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text.columns import Block
from steps.text.notes import MARKED, RAISED
from steps.text.pdf_bidi import runs_back, turned
from steps.text.pdf_bitmaps import are_of_dots, blocks_of
from steps.text.pdf_breaks import Column, are_centred, columns_of, may_be_centred, set_breaks
from steps.text.pdf_cells import with_cells
from steps.text.pdf_damage import CODES, MISSING, faults, reason, warnings
from steps.text.pdf_display import LONGEST, Found, is_rubble, with_formulas
from steps.text.pdf_entries import names_list, places_of
from steps.text.pdf_fields import fields, placed, without_blank_lines
from steps.text.pdf_glyphs import (
    BRACES,
    DISTILLER,
    PAIR,
    SUITS,
    TIGHT,
    WORDLESS,
    WRITERS,
    with_blanks,
    with_braces,
    without_blanks,
    without_covered,
    without_gaps,
)
from steps.text.pdf_heads import headed, heads_of, may_be_heads, size_behind, size_of
from steps.text.pdf_inline import join_inline
from steps.text.pdf_lines import LOW, TALL, WORD, look_at_lines, lower_box
from steps.text.pdf_listings import Listing, holds_code, is_even, listing_of, set_listings
from steps.text.pdf_lone import set_lone_heads
from steps.text.pdf_marks import DRAWING, set_shapes, with_dingbats
from steps.text.pdf_math import RELATIONS
from steps.text.pdf_pi import has_pi, minus_signs, pi_signs, signs_of, with_signs
from steps.text.pdf_plots import drop_labels
from steps.text.pdf_raised import with_raised
from steps.text.pdf_rows import LEAST, may_hold_rows, parted, rows_of
from steps.text.pdf_said import said_on
from steps.text.pdf_sides import with_columns
from steps.text.pdf_unseen import BLACK, TINY, Place, is_doubtful, without_unseen
from steps.text.pdf_verses import part_entries, set_entries
from steps.text.unreadable import Unreadable, WrongPassword

UPRIGHT = 30.0  # points of height for a line: with more, the lines may run upwards or downwards
ASLANT = 18.0  # points of height for a line: with more, a few words may run up the page
STAMPED = 60  # letters that stamps have
MUCH, SHARE = 400, 10  # letters of a page too small to be read, and how often as many as the others: fonts of dots, each letter apart
INDENT = 12  # points: blocks of one column begin no farther from each other
WHOLE = re.compile(  # programs that part no words at line ends unless they are asked to
    r"Skia|Qt \d|Microsoft|Word|LibreOffice|OpenOffice|Writer|Pages|Quartz|WeasyPrint|ReportLab|fpdf|MuPDF|wkhtmltopdf|Google|cairo|WPS"
    r"|iText|TCPDF|jsPDF|Prince|PowerPoint|Excel|Acrobat PDFMaker",
    re.IGNORECASE,
)
BROWSER = re.compile(r"Skia|WeasyPrint|Prince|Chrom")  # programs that set U+2010 where they part a word, as CSS says
PARTING = re.compile(r"TeX|dvips|InDesign|QuarkXPress|Typst|FrameMaker|groff|troff|Arbortext|3B2|Ventura|Scribus", re.IGNORECASE)
COVERED = 2  # pages, of which the first may be another program's
TOGETHER = 8  # pages that mupdf reads before we look at them: going to and fro costs a fiftieth
AT_ONCE = 96  # pages between two openings, a multiple of TOGETHER: what mupdf has parsed of a file stays in memory until it is closed


@dataclass
class Page:
    """Blocks of one page, top to bottom as found."""

    height: float
    blocks: list[Block]
    pictures: bool
    listings: list[Listing] = field(default_factory=list)  # what of the blocks may be code
    lost: str = ""  # why it is left out


@dataclass
class Known:
    """What is known of a file, so that its pages are not asked again: places of white letters on dark ground, names with figures."""

    lit: set[Place] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    bitmaps: dict[str, bool] = field(default_factory=dict)  # fonts without names, and whether their letters are all as wide
    size: float = 0.0  # of the letters of the last block
    draws_marks: bool = False  # the program that made it draws the marks of lists
    parts: bool = False  # it parts words with a hyphen of its own
    renames: bool = False  # it names signs by what stands at their codes in another font
    tiny: int = 0  # letters of the last page too small to be read
    tight: bool = False  # it sets letters on blanks
    blanks: bool = False  # some of its glyphs say nothing and are read as blanks
    listed: bool = False  # a reference list may have begun
    pi: dict[str, dict[str, str]] | None = None  # its fonts of signs; none where it is not set in such


def read_pages(path: Path, password: str | None) -> tuple[list[Page], str, bool | None]:
    """All pages of a PDF, those that are damaged without text; its title; whether its program parts words, None where nobody knows.

    Raises Unreadable with the reason, WrongPassword, RecipeError D105 without pymupdf.
    """
    try:
        import pymupdf
        from pymupdf import mupdf
    except ImportError as error:
        raise RecipeError("D105", "PDF files need pymupdf, which is not installed", fix='pip install "recipe[docs]"') from error
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise Unreadable("not a PDF file: it does not begin with %PDF-")
    pymupdf.TOOLS.mupdf_display_errors(False)  # it writes to stderr what we say better
    pymupdf.TOOLS.mupdf_display_warnings(False)
    try:
        document, title = _opened(path, password)
    except faults() as error:
        raise Unreadable("damaged: it cannot be opened as a PDF") from error
    try:
        count = mupdf.fz_count_pages(document)
        repaired = mupdf.pdf_was_repaired(mupdf.pdf_document_from_fz_document(document))
        step = count if repaired else AT_ONCE  # mending it again and again would cost more
        pages: list[Page] = []
        producer = f"{_said(document, 'info:Creator')} {_said(document, 'info:Producer')}"
        known = Known(draws_marks=DRAWING.search(producer) is not None, parts=BROWSER.search(producer) is not None)
        known.tight = TIGHT.search(producer) is not None
        known.blanks, known.renames = WRITERS.search(producer) is not None, DISTILLER.search(producer) is not None
        for start in range(0, count, TOGETHER):
            if start and start % step == 0:
                document, _ = _opened(path, password)
            taken = [_taken(document, number) for number in range(start, min(start + TOGETHER, count))]
            if not start and any(has_pi(each[0]) for each in taken[:COVERED] if isinstance(each, tuple)):
                known.pi = {}
            pages += [_page(*each, known) if isinstance(each, tuple) else Page(0, [], False, lost=each) for each in taken]
        set_listings([(page.blocks, page.listings) for page in pages])
        for page in pages:
            page.listings = []
        return pages, title.strip(), True if PARTING.search(producer) else None if not producer.strip() else not WHOLE.search(producer)
    except (mupdf.FzErrorBase, RuntimeError, ValueError) as error:
        raise Unreadable("damaged: it cannot be opened as a PDF") from error


def _opened(path: Path, password: str | None) -> tuple[Any, str]:
    """The document and its title, by mupdf itself: pymupdf's Document reads the outline as well."""
    from pymupdf import mupdf

    document = mupdf.pdf_open_document(str(path)).super()
    if mupdf.fz_needs_password(document) and not (password and mupdf.fz_authenticate_password(document, password)):
        if password:
            raise WrongPassword("encrypted: the password that is given does not open it")
        raise Unreadable("encrypted: it opens only with a password")
    if not mupdf.fz_count_pages(document):
        raise Unreadable("damaged: no page in it")
    return document, _said(document, "info:Title")


def _said(document: Any, name: str) -> str:
    """What a document says of itself, empty where it says nothing."""
    from pymupdf import mupdf

    try:
        said: str = mupdf.fz_lookup_metadata2(document, name)
    except faults():
        return ""
    return said


def _taken(document: Any, number: int) -> tuple[Any, Any] | str:
    """A page of mupdf and what is written on it; why not, where it is damaged.

    By the functions of mupdf itself: pymupdf's extractBLOCKS takes as long again for the box of every letter, and in 1.28 what it returns
    is never freed.
    """
    import pymupdf
    from pymupdf import mupdf

    flags = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
    warnings()
    try:
        page = mupdf.fz_load_page(document, number)
        options = mupdf.FzStextOptions(flags)
        inner = mupdf.pdf_page_from_fz_page(page).m_internal
        filled = mupdf.ll_pdf_first_widget(inner) or mupdf.ll_pdf_first_annot(inner)
        found = _with_forms(page, options) if filled else mupdf.FzStextPage(page, options)
        why = reason(page, found.m_internal.first_block is None) if warnings() else ""
    except faults():
        return MISSING
    return why or (page, found)


def _with_forms(page: Any, options: Any) -> Any:
    """What is written on a page and in its forms and notes: mupdf's own reading leaves these out."""
    from pymupdf import mupdf

    found = mupdf.FzStextPage(mupdf.fz_bound_page(page))
    device = mupdf.fz_new_stext_device(found, options)
    mupdf.fz_run_page(page, device, mupdf.FzMatrix(), mupdf.FzCookie())
    mupdf.fz_close_device(device)
    return found


def _page(page: Any, found: Any, known: Known) -> Page:
    """One page as it is shown, turned if it is."""
    import pymupdf
    from pymupdf import mupdf

    known.tiny = 0
    told = with_cells(part_entries(with_columns(_told(page, found, known))))
    if known.tiny > max(MUCH, SHARE * sum(block.characters for block, *_ in told)):
        return Page(0, [], False, lost=CODES)
    known.listed = known.listed or names_list([block for block, _, _ in told])
    columns = columns_of([block for block, _, _ in told])
    blocks: list[Block] = []
    listings: list[Listing] = []
    turned: Counter[float] = Counter()  # characters of lines that run upwards (-1) and downwards (1)
    for block, first, text in told:
        n = len(block.lines)
        height = block.y1 - block.y0
        if first is not None and height > UPRIGHT * n and (n > 1 or height > 2 * (block.x1 - block.x0)) and len(text) > 9:
            turned[round(first.dir.y)] += len(text)
        if n == 1 and len(text) < 3 and is_rubble(text):
            continue
        if height > ASLANT * n and n < 4 and len(text) < STAMPED and first is not None and not _is_straight(first.dir.y):
            continue  # a stamp
        before = len(blocks)
        if first is not None:
            if block.listing:
                block.listing = False
                if listing := listing_of(first, text, known.bitmaps):  # none where letters are line feeds
                    listings.append((listing, []))
            if n > 1 and ". . ." in text and len(block.lines) > 1:
                set_entries(block, [[line[4] for line in row] for row in rows_of(list(placed(first, text)))])
            if not block.verse and (n > 1 or height < LOW):
                look_at_lines(block, first, text)
            if len(block.lines) > 1 and not (block.table or block.verse):
                _find_paragraphs(block, first, text, columns)
                if known.listed:
                    block.placed = places_of(first, text)
        if n > LEAST and not (block.table or block.verse) and first is not None and height < UPRIGHT * n and may_hold_rows(block.lines):
            blocks += parted(block, first, text)
        else:
            blocks.append(block)
        if listings and not listings[-1][1]:
            listings[-1][1].extend(blocks[before:])
    join_inline(blocks)
    if known.draws_marks:
        set_shapes(page, blocks)
    drop_labels(blocks)
    set_lone_heads(blocks, told)
    pictures = False
    if not blocks:
        drawn = mupdf.FzStextPage(page, mupdf.FzStextOptions(pymupdf.TEXT_PRESERVE_IMAGES))
        pictures = drawn.m_internal.first_block is not None  # of letters, too, that say nothing
    shown = mupdf.fz_bound_page(page)
    height = shown.y1 - shown.y0
    sideways, often = turned.most_common(1)[0] if turned else (0, 0)
    if sideways and 2 * often > sum(block.characters for block in blocks):
        height = shown.x1 - shown.x0
        for block in blocks:
            _turn(block, sideways, shown.x1, shown.y1)
        listings = []
    return Page(height, blocks, pictures, listings)


def _is_straight(rise: float) -> bool:
    """True of lines that run across, upwards or downwards, or nearly so, as those of scans."""
    return abs(rise) < 0.06 or abs(rise) > 0.94


def _told(page: Any, found: Any, known: Known) -> list[Found]:
    """Blocks of a page with what they say: those that are seen, formulas as one, raised figures read as such.

    `listing` tells of each whether it begins as one; more is not known yet.
    """
    get = fields()
    set_blocks = []
    set_block = found.m_internal.first_block
    while set_block is not None:
        set_blocks.append(set_block.this)
        set_block = get.next_block(set_block.this)
    told: list[Found] = []
    seeds = []
    doubtful = []
    of_dots = []
    pi = {} if known.pi is None else pi_signs(page, known.pi)
    signs, minus = signs_of(pi), minus_signs(pi) if pi else []
    said = said_on(found, len(set_blocks), minus, parts=known.parts, names=known.names)
    for number, (set_block, text) in enumerate(zip(set_blocks, said.texts, strict=True)):
        first = get.first_line(set_block)
        if pi:
            text = with_signs(first, text, pi, signs)
        if said.back and runs_back(text):
            text = turned(first, text)
        elif number in said.figures:
            text = with_raised(first, text, said.figures[number], known.names)
        if known.tight:
            text = without_covered(first, text)
        if known.blanks and PAIR.search(text):
            text = without_blanks(first, text)
        if not text.isascii():
            if said.signs and not said.back and WORDLESS.search(text):
                text = with_blanks(first, text)
            if known.renames and SUITS.search(text):
                text = with_braces(first, text)
            if "¸ " in text:
                text = without_gaps(first, text)
        lines = [line for line in text.split("\n") if line and not line.isspace()]
        if lines:
            if 1 in map(len, lines):
                text = with_dingbats(first, text)
                lines = [line for line in text.split("\n") if line and not line.isspace()]
            letter = get.first_letter(first.this).this
            size = asked = get.size(letter)
            if asked < TINY:
                if are_of_dots(first, letter):
                    of_dots.append(first)
                    continue
                known.tiny += len(text)
            even = is_even(letter, known.bitmaps)
            if even or size != known.size or not text[:3].isalpha():  # that of nearly all is looked at once
                size = known.size = 0.0 if even else size_of(first, letter)
            coded = even or (len(lines) > 2 and holds_code(first, text, known.bitmaps))
            box = get.box(get.block_box(set_block).this)
            if len(lines) <= text.count("\n"):
                box = without_blank_lines(box, placed(first, text))
            block = Block(*box, lines, listing=coded, size=size)
            if not (size or even) and (MARKED.match(text) or RAISED.match(text)):
                block.marked = size_behind(first, letter)
            if block.y1 - block.y0 > TALL * size * len(lines) > 0 and WORD.search(text) and abs(first.dir.y) < 0.06:
                lower_box(block, letter)
            if len(lines) < 2:
                told.append((block, first, text))
            else:
                told += headed(block, first, text)
            if (said.relations or pi) and len(text) < LONGEST and not RELATIONS.isdisjoint(text):
                seeds.append(told[-1])
            if (get.colour(letter) != BLACK or asked < TINY) and is_doubtful(first, letter):
                doubtful.append(told[-1])
    if of_dots:
        told += [(block, None, "\n".join(block.lines)) for block in blocks_of(of_dots)]
    if doubtful:
        told = without_unseen(page, told, doubtful, known.lit)
    told = with_formulas(told, seeds, pi) if seeds else told
    for block, *_ in told if known.renames else ():
        if block.formula and any(map(SUITS.search, block.lines)):
            block.rename(lambda line: line.translate(BRACES))
    return told


def _find_paragraphs(block: Block, first: Any, text: str, columns: list[Column]) -> None:
    """Tell where paragraphs end, and what is a heading."""
    set_breaks(block, first, text, columns)
    if may_be_centred(block.lines) and are_centred(block, first, text):
        block.centred = True
    if candidates := may_be_heads(block.lines):
        block.heads = heads_of(first, text, candidates)


def _turn(block: Block, sideways: float, width: float, height: float) -> None:
    """The box where it would stand if the page were turned so that its lines run across. sideways: -1 where they run upwards."""
    x0, y0, x1, y1, block.placed = block.x0, block.y0, block.x1, block.y1, ()
    if sideways < 0:
        block.x0, block.y0, block.x1, block.y1 = height - y1, x0, height - y0, x1
    else:
        block.x0, block.y0, block.x1, block.y1 = y0, width - x1, y1, width - x0
