"""Pages of a PDF as blocks of lines: what pymupdf is asked, at the least cost in time and memory."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text.columns import Block, Line, table_rows
from steps.text.pdf_display import LONGEST, Found, is_rubble, with_formulas
from steps.text.pdf_math import RELATION
from steps.text.unreadable import Unreadable, WrongPassword

SHARED = 8.5  # points of height for a line: with less, several stand side by side
WORD = re.compile(r"[^\W\d_]{4}")
LOW = 8.0  # points: a line that low is small, or its font says little of its height
AT_ONCE = 100  # pages between two openings: what pymupdf has parsed of a file stays in memory until it is closed


@dataclass
class Page:
    """Blocks of one page, top to bottom as found."""

    height: float
    blocks: list[Block]
    pictures: bool


def read_pages(path: Path, password: str | None) -> tuple[list[Page], str]:
    """All pages of a PDF, and its title. Raises Unreadable with the reason, WrongPassword, RecipeError D105 without pymupdf."""
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
        count = mupdf.fz_count_pages(document)
        repaired = mupdf.pdf_was_repaired(mupdf.pdf_document_from_fz_document(document))
        step = count if repaired else AT_ONCE  # mending it again and again would cost more
        pages: list[Page] = []
        for number in range(count):
            if number and number % step == 0:
                document, _ = _opened(path, password)
            pages.append(_page(document, number))
        return pages, title.strip()
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
    try:
        return document, mupdf.fz_lookup_metadata2(document, "info:Title")
    except mupdf.FzErrorBase:  # there is none
        return document, ""


def _page(document: Any, number: int) -> Page:
    """One page as it is shown, turned if it is.

    By the functions of mupdf itself: pymupdf's extractBLOCKS takes as long again for the box of every letter, and in 1.28 what it returns
    is never freed.
    """
    import pymupdf
    from pymupdf import mupdf

    flags = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
    page = mupdf.fz_load_page(document, number)
    found = mupdf.FzStextPage(page, mupdf.FzStextOptions(flags))
    set_blocks = []
    set_block = found.m_internal.first_block
    while set_block is not None:
        set_blocks.append(set_block)
        set_block = set_block.next
    told: list[Found] = []
    seeds = []
    for set_block, text in zip(set_blocks, _texts(mupdf, found, len(set_blocks)), strict=True):
        lines = [line for line in text.split("\n") if line and not line.isspace()]
        if lines:
            box = set_block.bbox
            told.append((Block(box.x0, box.y0, box.x1, box.y1, lines), set_block, text))
            if len(text) < LONGEST and RELATION.search(text):
                seeds.append(told[-1])
    if seeds:
        told = with_formulas(mupdf, told, seeds)
    blocks = []
    for block, set_block, text in told:
        n = len(block.lines)
        if n == 1:
            if block.y1 - block.y0 < LOW and not block.formula and WORD.search(text):
                _look_closer(block, set_block, text)
            elif len(text) < 3 and is_rubble(text):
                continue
        elif n > 3 and len(text) < 32 * n and block.y1 - block.y0 < SHARED * n and not block.formula:
            _look_closer(block, set_block, text)
        blocks.append(block)
    shown = mupdf.fz_bound_page(page)
    pictures = False
    if not blocks:
        drawn = mupdf.FzStextPage(page, mupdf.FzStextOptions(flags | pymupdf.TEXT_PRESERVE_IMAGES))
        pictures = drawn.m_internal.first_block is not None
    return Page(shown.y1 - shown.y0, blocks, pictures)


def _texts(mupdf: Any, found: Any, count: int) -> list[str]:
    """The text of each of `count` blocks, its lines parted by line feeds."""
    buffer = mupdf.FzBuffer(8192)
    out = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_text(out, found)
    out.fz_close_output()
    data: bytes = buffer.fz_buffer_extract()
    texts = data.replace(b"\xc0\x80", b"\0").decode("utf-8", "replace").split("\n\n")[:-1]
    if count == len(texts):
        return texts
    letters = [[[chr(letter.m_internal.c) for letter in line] for line in block] for block in found]  # line feeds in the text itself
    return ["\n".join("".join(line).replace("\n", " ") for line in block) for block in letters]


def _look_closer(block: Block, set_block: Any, text: str) -> None:
    """Rows of a block whose lines stand side by side; the true height of a line whose font's box says too little."""
    from pymupdf.mupdf import FzStextBlock

    line = next(iter(FzStextBlock(set_block))).m_internal
    if len(block.lines) == 1:
        base, size = line.first_char.origin.y, line.first_char.size
        block.y0, block.y1 = min(block.y0, base - 0.8 * size), max(block.y1, base + 0.2 * size)
    elif rows := table_rows(_lines(line, text)):
        block.set_lines(rows)
        block.table = any("\t" in row for row in rows)


def _lines(line: Any, text: str) -> list[Line]:
    """The lines of a block, with the places of its own, of which `line` is the first."""
    found = []
    for said in text.split("\n"):
        if line is None:
            return []
        if said and not said.isspace():
            box = line.bbox
            found.append((box.y0, box.y1, box, said))
        line = line.next
    return found
