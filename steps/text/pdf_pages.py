"""Pages of a PDF as blocks of lines: what pymupdf is asked, at the least cost in time and memory."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text.columns import Block, Line, table_rows
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
    except ImportError as error:
        raise RecipeError("D105", "PDF files need pymupdf, which is not installed", fix='pip install "recipe[docs]"') from error
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise Unreadable("not a PDF file: it does not begin with %PDF-")
    pymupdf.TOOLS.mupdf_display_errors(False)  # it writes to stderr what we say better
    pymupdf.TOOLS.mupdf_display_warnings(False)
    try:
        with _boxes_as_set(pymupdf):
            pages: list[Page] = []
            with _opened(pymupdf, path, password) as document:
                title = (document.metadata or {}).get("title") or ""
                count = document.page_count
                step = count if document.is_repaired else AT_ONCE  # mending it again and again would cost more
                pages += [_page(document, number) for number in range(min(step, count))]
            for start in range(step, count, step):
                with _opened(pymupdf, path, password) as document:
                    pages += [_page(document, number) for number in range(start, min(start + step, count))]
            return pages, title.strip()
    except Unreadable:
        raise
    except Exception as error:  # pymupdf raises its own, RuntimeError and ValueError for damaged files
        raise Unreadable("damaged: it cannot be opened as a PDF") from error


@contextmanager
def _opened(pymupdf: Any, path: Path, password: str | None) -> Iterator[Any]:
    with pymupdf.open(path) as document:
        if document.needs_pass and not (password and document.authenticate(password)):
            if password:
                raise WrongPassword("encrypted: the password that is given does not open it")
            raise Unreadable("encrypted: it opens only with a password")
        if not document.page_count:
            raise Unreadable("damaged: no page in it")
        yield document


@contextmanager
def _boxes_as_set(pymupdf: Any) -> Iterator[None]:
    """pymupdf works out the box of every letter anew from its font, which takes as long as all else that it does with a page's text."""
    before = pymupdf.TOOLS.unset_quad_corrections()
    pymupdf.TOOLS.unset_quad_corrections(True)
    try:
        yield
    finally:
        pymupdf.TOOLS.unset_quad_corrections(before)


def _page(document: Any, number: int) -> Page:
    """One page as it is shown, turned if it is."""
    import pymupdf
    from pymupdf import mupdf  # its own functions: a Page of pymupdf's costs a twentieth of the whole

    flags = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE
    page = mupdf.fz_load_page(document.this, number)
    found = pymupdf.TextPage(mupdf.FzStextPage(page, mupdf.FzStextOptions(flags)))
    blocks = []
    closer: dict[int, tuple[Block, str]] = {}
    for x0, y0, x1, y1, text, place, kind in found.extractBLOCKS():
        if kind != 0:
            continue
        lines = [line for line in text.split("\n") if line and not line.isspace()]
        if lines:
            block = Block(x0, y0, x1, y1, lines)
            n = len(lines)
            if (y1 - y0 < LOW and WORD.search(lines[0])) if n == 1 else n > 3 and y1 - y0 < SHARED * n and len(text) < 32 * n:
                closer[place] = block, text
            blocks.append(block)
    if closer:
        _look_closer(found, closer)
    box = mupdf.fz_bound_page(page)
    return Page(box.y1 - box.y0, blocks, pictures=bool(not blocks and document[number].get_images()))


def _look_closer(found: Any, closer: dict[int, tuple[Block, str]]) -> None:
    """Rows of blocks whose lines stand side by side; the true height of a line whose font's box says too little."""
    from pymupdf.mupdf import FzStextBlock

    last, set_block = 0, found.this.m_internal.first_block
    for number, (block, text) in closer.items():
        while last < number:
            last, set_block = last + 1, set_block.next
        line = next(iter(FzStextBlock(set_block))).m_internal
        if len(block.lines) == 1:
            base, size = line.first_char.origin.y, line.first_char.size
            block.y0, block.y1 = min(block.y0, base - 0.8 * size), max(block.y1, base + 0.2 * size)
        elif rows := table_rows(_lines(line, text)):
            block.set_lines(rows)
            block.table = any("\t" in row for row in rows)


def _lines(line: Any, text: str) -> list[Line]:
    """The lines of a block from its first on, empty where they are not those of its text."""
    found = []
    for said in text.split("\n")[:-1]:
        if line is None:
            return []
        if said and not said.isspace():
            box = line.bbox
            found.append((box.y0, box.y1, box, said))
        line = line.next
    return found if line is None else []
