"""Margins of PDFs: what is set in them once is no text either; each test draws its own pages."""

import pymupdf
import pytest

from tests.steps.text.test_manuscripts import drawn, read, sentence


def lines(page, first, last, top=110):
    for i in range(first, last):
        page.insert_text((72, top + 14 * (i - first)), sentence(i), fontsize=11)


@pytest.mark.parametrize(
    ("place", "notice"),
    [
        ((72, 60), "Preprint. Under review."),
        ((72, 60), "Journal of Walls 12 (2019) 33–41"),
        ((72, 60), "11/26/26, 12:32 PM"),
        ((72, 760), "© 2021 The Wall Society. All rights reserved."),
        ((72, 760), "https://walls.example/moss.html  1/1"),
        ((72, 640), "Confidential"),
    ],
)
def test_a_notice_that_is_set_once_is_no_text(tmp_path, place, notice):
    def draw(page, _):
        page.insert_text(place, notice, fontsize=9)
        lines(page, 0, 20)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(20)).split()


@pytest.mark.parametrize("said", ["Drafts of the walls lie here.", "Moss grew in 12 of them."])
def test_a_short_line_apart_from_the_text_is_text(tmp_path, said):
    def draw(page, _):
        page.insert_text((72, 60), said, fontsize=11)
        lines(page, 0, 20)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith(said)


def test_a_page_number_far_below_a_short_text_is_no_text(tmp_path):
    """On A4 the classes of LaTeX set it at five sixths of the page."""

    def draw(page, _):
        lines(page, 0, 5)
        page.insert_text((303, 650), "1", fontsize=10)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(5)).split()


def test_a_short_watermark_aslant_is_no_text(tmp_path):
    def draw(page, _):
        lines(page, 0, 20)
        turn = (pymupdf.Point(200, 560), pymupdf.Matrix(1, 1).prerotate(45))
        page.insert_text((200, 560), "DRAFT", fontsize=48, morph=turn)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert "DRAFT" not in read(tmp_path / "m.pdf")


def test_line_numbers_on_a_last_page_of_few_lines_go(tmp_path):
    """They stand right of the text here; the number of a heading is none of them."""

    def draw(page, number):
        for i in range(24 if number == 0 else 2):
            said = "2 Later walls" if (number, i) == (0, 12) else sentence(24 * number + i)
            page.insert_text((72, 100 + 25 * i), said, fontsize=12)
            page.insert_text((540, 100 + 25 * i), str(24 * number + i + 1), fontsize=6)

    drawn(tmp_path / "m.pdf", 2, draw)
    text = read(tmp_path / "m.pdf")
    assert [word for word in text.split() if word.isdecimal()] == ["2"]


@pytest.mark.parametrize(("height", "stays"), [(768, False), (700, True)])
def test_the_foot_of_the_only_page_is_no_text(tmp_path, height, stays):
    """It lies nearer to the edge of the page than the text does to the sides; a last line apart from the others does not."""

    def draw(page, _):
        lines(page, 0, 20)
        page.insert_text((72, height), "Moss Society, 12 Mill Lane, Reg. no. 12345", fontsize=9)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert ("Moss Society" in read(tmp_path / "m.pdf")) == stays


def test_titles_of_slides_are_text(tmp_path):
    """They stand at one place on each page, as running heads do, but are larger than the text."""
    titles = ["Why walls?", "Two ways to look", "A definition", "What is next"]
    document = pymupdf.open()
    for title in titles:
        page = document.new_page(width=720, height=405)
        page.insert_text((42, 54), title, fontsize=23)
        for i, line in enumerate(["Walls are old and were built by people whom nobody asked", "Moss is difficult", "Nobody asks"]):
            page.insert_text((60, 120 + 30 * i), line, fontsize=18)
        page.insert_text((42, 390), "A. Writer, Walls and moss", fontsize=9)
    document.save(tmp_path / "m.pdf")
    found = read(tmp_path / "m.pdf")
    assert [title for title in titles if title not in found] == []
    assert "A. Writer" not in found


def test_a_head_above_all_running_text_is_none_of_it(tmp_path):
    """The chapter's, of which each page has another, where many pages have none."""

    def draw(page, number):
        if number in (2, 5):
            page.insert_text((72, 40), ["", "", "Of old walls", "", "", "Of moss and rain"][number], fontsize=11)
        lines(page, 40 * number, 40 * number + 40, top=90)

    drawn(tmp_path / "m.pdf", 8, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(320)).split()


def test_an_address_below_a_running_head_is_text(tmp_path):
    """The sentence that the page before ends with goes on in it."""

    def draw(page, number):
        page.insert_text((400, 50), f"H. Berg: Walls {number + 1}", fontsize=9)
        if number:
            page.insert_text((180, 85), "https://walls.example/moss.zip", fontsize=11)
        lines(page, 30 * number, 30 * number + 30, 115)

    drawn(tmp_path / "a.pdf", 2, draw)
    assert "https://walls.example/moss.zip" in read(tmp_path / "a.pdf")


def test_a_title_on_several_pages_is_no_running_head(tmp_path):
    """A title page, a table of contents and the first page may all have it; a running head stands on nearly all pages."""

    def draw(page, number):
        if number < 2:
            page.insert_text((72, 80), "The moss on our walls", fontsize=20)
        lines(page, 20 * number, 20 * number + 20, 130)

    drawn(tmp_path / "t.pdf", 5, draw)
    assert read(tmp_path / "t.pdf").count("The moss on our walls") == 2


def test_headings_below_a_running_head_are_text(tmp_path):
    """Though most pages begin with one, at one place: only what stands outermost is known by its place."""
    heads = ["Old walls", "Young walls", "Rain", "Shade", "The north", "The south"]

    def draw(page, number):
        page.insert_text((400, 40), "H. Berg: On walls", fontsize=9)
        page.insert_text((72, 74), heads[number], fontsize=11, fontname="hebo")
        lines(page, 30 * number, 30 * number + 30, 104)

    drawn(tmp_path / "h.pdf", 6, draw)
    text = read(tmp_path / "h.pdf")
    assert [head for head in heads if head in text.split("\n\n")] == heads
    assert "Berg" not in text


@pytest.mark.parametrize(("said", "dropped"), [("The Jonrnal of Mosses and WaIls", True), ("On Journals of Mosses", False)])
def test_a_running_head_with_letters_misread_is_no_text(tmp_path, said, dropped):
    """Scans do not stand at one height, nor are they read alike; a head of its own is one."""

    def draw(page, number):
        head = said if number == 3 else "The Journal of Mosses and Walls"
        page.insert_text((220, 40 + 7 * (number * 3 % 5)), head, fontsize=10)
        for i in range(6):
            page.insert_text((72, 120 + 14 * i), sentence(number * 6 + i), fontsize=11)

    drawn(tmp_path / "m.pdf", 8, draw)
    assert (said not in read(tmp_path / "m.pdf")) == dropped


def test_a_large_head_with_the_number_of_its_page_is_no_text(tmp_path):
    """On every second page; a slide's title with a number in parentheses is text."""

    def draw(page, number):
        head = f"Walls: a guide for authors {number + 1}" if number % 2 else f"{number + 1} B. Stone"
        page.insert_text((72, 34), head, fontsize=13)
        if 1 < number < 5:
            page.insert_text((72, 84), f"Step by step ({number + 1})", fontsize=16)
        for i in range(30):
            page.insert_text((72, 110 + 14 * i), sentence(31 * number + i), fontsize=10)

    drawn(tmp_path / "m.pdf", 8, draw)
    found = read(tmp_path / "m.pdf")
    assert "guide for authors" not in found
    assert "B. Stone" not in found
    assert found.count("Step by step (") == 3


def test_a_head_of_a_small_page_on_a_large_sheet_is_no_text(tmp_path):
    """It stands a fifth of the sheet below its edge, with the number of its page."""

    def draw(page, number):
        page.insert_text((100, 160), "Walls and moss", fontsize=10)
        page.insert_text((420, 160), str(number + 1), fontsize=10)
        lines(page, 24 * number, 24 * number + 24, top=200)

    drawn(tmp_path / "m.pdf", 6, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(144)).split()


def test_a_head_in_one_block_with_its_number_and_the_text_is_no_text(tmp_path):
    """Word sets a line of a blank between both, so that they are one block."""

    def draw(page, number):
        page.insert_text((72, 56), f"Future Walls 2014, {number + 6}", fontsize=11)
        page.insert_text((520, 56), str(number + 61), fontsize=11)
        page.insert_text((72, 71), " ", fontsize=11)
        lines(page, 30 * number, 30 * number + 30, top=86)

    drawn(tmp_path / "m.pdf", 5, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(150)).split()


def test_the_only_head_of_a_short_paper_is_no_text(tmp_path):
    """It names the page that it stands on; a heading with its number first is text."""

    def draw(page, number):
        if number:
            page.insert_text((72, 50), "Three ways to measure moss", fontsize=9)
            page.insert_text((530, 50), "2", fontsize=9)
        else:
            page.insert_text((72, 64), "1 Walls", fontsize=9)
        lines(page, 30 * number, 30 * number + 30, top=90)

    drawn(tmp_path / "m.pdf", 2, draw)
    found = read(tmp_path / "m.pdf")
    assert "Three ways" not in found
    assert found.startswith("1 Walls")
