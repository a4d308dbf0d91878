"""What pymupdf is asked of a page, and that much of a file is held at a time."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from steps.text import pdf_pages
from steps.text.pdf_pages import read_pages

pymupdf = pytest.importorskip("pymupdf")


def lines(path: Path, password: str | None = None) -> list[list[str]]:
    """Of each page."""
    pages, _ = read_pages(path, password)
    return [[line for block in page.blocks for line in block.lines] for page in pages]


@pytest.mark.parametrize("password", [None, "sesame"])
def test_a_long_file_opened_piece_by_piece_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str | None):
    """Every page once, in order, with any number of pages at once; an encrypted file is opened with its password each time."""
    document = pymupdf.open()
    for number in range(7):
        document.new_page().insert_text((72, 72), f"page {number}")
    lock = {"encryption": pymupdf.PDF_ENCRYPT_AES_256, "user_pw": password} if password else {}
    document.save(tmp_path / "a.pdf", **lock)
    for at_once in (2, 7, 100):
        monkeypatch.setattr(pdf_pages, "AT_ONCE", at_once)
        assert lines(tmp_path / "a.pdf", password) == [[f"page {number}"] for number in range(7)]


def test_a_turned_page_is_read_as_it_is_shown(tmp_path: Path):
    """A wide table on a page set sideways: its height is that of the page as shown, its lines stand below each other."""
    document = pymupdf.open()
    page = document.new_page(width=500, height=800)
    page.set_rotation(90)
    for row in range(3):
        page.insert_text(pymupdf.Point(100, 100 + 40 * row) * page.derotation_matrix, f"row {row} of a wide table", rotate=90)
    document.save(tmp_path / "a.pdf")
    (found,), _ = read_pages(tmp_path / "a.pdf", None)
    assert [block.lines for block in found.blocks] == [[f"row {row} of a wide table"] for row in range(3)]
    assert found.height == 500
    assert all(block.x1 - block.x0 > 3 * (block.y1 - block.y0) for block in found.blocks)


def test_letter_by_letter_the_text_is_the_same(papers: Path):
    """Where the quick way does not tell as many blocks as there are, each letter is asked for."""
    from pymupdf import mupdf

    with pymupdf.open(papers / "raw" / "07-duvar-yonu-tr.pdf") as document:
        found = mupdf.FzStextPage(mupdf.fz_load_page(document.this, 0), mupdf.FzStextOptions(pymupdf.TEXT_PRESERVE_WHITESPACE))
        slow = pdf_pages._texts(mupdf, found, -1)
        quick = pdf_pages._texts(mupdf, found, len(slow))
    assert len(quick) > 10
    assert quick == slow


def test_ligatures_are_letters(tmp_path: Path):
    """A sign for several letters is those letters, whatever way a file gives it."""
    document = pymupdf.open()
    document.new_page().insert_htmlbox(pymupdf.Rect(50, 50, 500, 500), "<p>o\ufb03ce \ufb01n \ufb02at sta\ufb00 la\ufb06</p>")
    document.save(tmp_path / "a.pdf")
    assert lines(tmp_path / "a.pdf") == [["office fin flat staff last"]]


def test_what_is_said_of_a_page_is_freed(tmp_path: Path):
    """Reading pages again and again holds no more than reading them once."""
    document = pymupdf.open()
    page = document.new_page()
    for row in range(60):
        page.insert_text((72, 40 + 12 * row), f"line {row} of a page with many blocks", fontsize=6 + row % 3)
    document.save(tmp_path / "a.pdf")
    held = []
    tracemalloc.start()
    try:
        for _ in range(2):
            for _ in range(20):
                read_pages(tmp_path / "a.pdf", None)
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert held[1] - held[0] < 10_000  # bytes; twenty times its blocks are more than ten times that
