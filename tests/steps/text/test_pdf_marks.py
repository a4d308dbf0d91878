"""Marks of the items of a list in a PDF, however the program that made it sets them: each test draws its own."""

import pymupdf
import pytest

from steps.text.columns import Block
from steps.text.pdf_marks import set_marks
from tests.steps.text.test_manuscripts import drawn, read, sentence


def test_marks_drawn_after_a_list_begin_its_items(tmp_path):
    def draw(page, _):
        page.insert_text((72, 100), sentence(0), fontsize=11)
        for i in range(6):
            page.insert_text((96, 130 + 14 * i), sentence(i + 1), fontsize=11)
        for number, line in enumerate((0, 2, 4), 1):
            page.insert_text((78, 130 + 14 * line), f"{number}.", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    items = [f"{n}. {sentence(2 * n - 1)} {sentence(2 * n)}" for n in (1, 2, 3)]
    assert read(tmp_path / "m.pdf").split("\n\n")[1:] == items


def test_marks_that_came_as_one_block_begin_their_items(tmp_path):
    """WeasyPrint sets the marks of items close to each other, after all text of the page."""

    def draw(page, _):
        page.insert_text((72, 100), sentence(0), fontsize=11)
        for i in range(3):
            page.insert_text((96, 130 + 14 * i), sentence(i + 1), fontsize=11)
        for number in range(3):
            page.insert_text((84, 130 + 14 * number), f"{number + 1}.", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split("\n\n")[1:] == [f"{n}. {sentence(n)}" for n in (1, 2, 3)]


def test_marks_of_zapf_dingbats_begin_items(tmp_path):
    """ReportLab's discs, which mupdf calls G, after the 71 in the name of their sign."""

    def draw(page, _):
        page.insert_text((72, 100), sentence(0), fontsize=11)
        for i in range(3):
            page.insert_text((78, 130 + 18 * i), "l", fontsize=11, fontname="zadb")
            page.insert_text((96, 130 + 18 * i), sentence(i + 1), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split("\n\n")[1:] == [f"● {sentence(n)}" for n in (1, 2, 3)]


@pytest.mark.parametrize("producer", ["Skia/PDF m150", "Somebody else's"])
def test_marks_drawn_as_shapes_begin_items(tmp_path, producer):
    """As Chromium draws them; other programs are not asked, since shapes cost as much to find as text."""

    def draw(page, _):
        page.insert_text((72, 100), sentence(0), fontsize=11)
        for i in range(4):
            page.insert_text((96, 130 + 14 * i), sentence(i + 1), fontsize=11)
        for line in (0, 1, 3):
            page.draw_circle((88, 126.5 + 14 * line), 1.5, fill=(0, 0, 0))
        page.parent.set_metadata({"producer": producer})

    drawn(tmp_path / "m.pdf", 1, draw)
    items = [f"• {sentence(1)}", f"• {sentence(2)} {sentence(3)}", f"• {sentence(4)}"]
    assert (read(tmp_path / "m.pdf").split("\n\n")[1:] == items) == (producer == "Skia/PDF m150")


def test_numbers_written_behind_their_items_begin_them(tmp_path):
    """As pdfmake does: the item first, then its number left of it."""

    def draw(page, _):
        for i in range(3):
            page.insert_text((84, 100 + 12 * i), sentence(i, 4 + i), fontsize=11)
            page.insert_text((72, 100 + 12 * i), f"{i + 1}. ", fontsize=11)
        for i in range(6):
            page.insert_text((72, 136 + 12 * i), sentence(i + 9).capitalize(), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    first, second, third, *_ = read(tmp_path / "m.pdf").split("\n\n")
    assert (first, second) == (f"1. {sentence(0, 4)}", f"2. {sentence(1, 5)}")
    assert third.startswith(f"3. {sentence(2, 6)}")


def test_a_mark_above_a_low_line_is_none_of_it():
    """A line so low that the mark seems to stand two of them above it: it has no such line."""
    blocks = [Block(80, 98, 86, 108, ["•"]), Block(90, 100, 200, 101, ["_"])]
    set_marks(blocks)
    assert [block.lines for block in blocks] == [["•"], ["_"]]


def test_bullets_of_a_font_that_names_no_signs_are_bullets(tmp_path):
    """TeX's, as bitmaps or alone: U+0088 before the words of an item, which end as items do; within a line it stays."""
    document = pymupdf.open()
    page = document.new_page()
    for number, said in enumerate(("moss on walls", "\x88 on a wall", "\x88 on the moss", "the \x88 of a font")):
        page.insert_text((72, 100 + 14 * number), said, fontsize=11)
    document.xref_set_key(page.get_fonts()[0][0], "Encoding", "<</Differences[136/nameless]>>")
    document.save(tmp_path / "m.pdf")
    assert read(tmp_path / "m.pdf") == "moss on walls\n\n• on a wall\n\n• on the moss the \x88 of a font"
