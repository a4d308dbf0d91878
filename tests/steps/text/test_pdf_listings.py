"""Listings in PDFs keep their breaks and indents; each test draws its own pages."""

import re

import pymupdf
import pytest

from steps.text import pdf_listings
from tests.steps.text.test_manuscripts import drawn, read, sentence

CODE = ["def grow(wall, years=3):", "    for year in range(years):", "        wall.moss += 1", "", "    return wall.moss"]
WIDTH = 5.4  # of a letter of Courier at 9 points


def text(page, top, first, lines):
    for i in range(lines):
        page.insert_text((72, top + 14 * i), sentence(first + i), fontsize=11)


def by_blanks(page, top, lines):
    for i, line in enumerate(lines):
        page.insert_text((80, top + 11 * i), line, fontsize=9, fontname="cour")


def by_places(page, top, lines):
    """As TeX does: no blanks, neither before a line nor where several stand."""
    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        for word in line.split():
            page.insert_text((80 + WIDTH * line.index(word, indent), top + 11 * i), word, fontsize=9, fontname="cour")


@pytest.mark.parametrize("how", [by_blanks, by_places])
def test_a_listing_keeps_its_breaks_and_indents(tmp_path, how):
    """An empty line in it, too, where the block ends."""

    def draw(page, _):
        text(page, 100, 0, 6)
        how(page, 200, CODE)
        text(page, 280, 6, 6)

    drawn(tmp_path / "m.pdf", 1, draw)
    before, _, rest = read(tmp_path / "m.pdf").partition("\n\n")
    assert before.split() == " ".join(sentence(i) for i in range(6)).split()
    assert rest.startswith("\n".join(CODE) + "\n\n" + sentence(6))


def test_text_close_below_a_listing_is_no_part_of_it(tmp_path):
    def draw(page, _):
        by_blanks(page, 100, CODE[:3])
        text(page, 134, 0, 6)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith("\n".join(CODE[:3]) + "\n\n" + sentence(0))


def test_columns_in_a_listing_stand_below_each_other(tmp_path):
    """Wide gaps part its lines, as in what a program prints."""
    rows = ["             Estimate   Error", "(Intercept)     833.1     461", "Income         -1834.2    1243"]

    def draw(page, _):
        text(page, 100, 0, 6)
        by_places(page, 200, rows)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").endswith("\n\n" + "\n".join(rows))


def test_a_listing_goes_on_on_the_next_page(tmp_path):
    def draw(page, number):
        if number == 0:
            text(page, 100, 0, 30)
            by_blanks(page, 600, CODE[:3])
        else:
            by_blanks(page, 100, [f"wall_{i} = grow(wall_{i - 1})" for i in range(1, 4)])
            text(page, 200, 30, 20)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert "        wall.moss += 1\nwall_1 = grow(wall_0)\nwall_2" in read(tmp_path / "m.pdf")


def test_a_manuscript_in_courier_is_text(tmp_path):
    def draw(page, number):
        for i in range(30):
            page.insert_text((72, 100 + 14 * i), sentence(30 * number + i), fontsize=11, fontname="cour")

    drawn(tmp_path / "m.pdf", 2, draw)
    assert "\n" not in read(tmp_path / "m.pdf")


def test_a_line_of_text_that_begins_and_ends_with_names_is_text(tmp_path):
    def draw(page, _):
        page.insert_text((72, 100), "grow()", fontsize=11, fontname="cour")
        page.insert_text((116, 100), "is called by", fontsize=11)
        page.insert_text((180, 100), "mend()", fontsize=11, fontname="cour")
        text(page, 114, 0, 8)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == ["grow()", "is", "called", "by", "mend()", *" ".join(sentence(i) for i in range(8)).split()]


def test_a_letter_that_is_a_line_feed_is_no_line(tmp_path):
    """Fonts may say so of any of their letters; what is set in Courier is read all the same."""
    with pymupdf.open() as paper:
        page = paper.new_page()
        page.insert_text((72, 72), "def grow(wall, years=3):", fontsize=9, fontname="cour")
        content = page.get_contents()[0]
        paper.update_stream(content, paper.xref_stream(content).replace(b"[<", b"[<0a"))
        paper.save(tmp_path / "m.pdf")
    assert read(tmp_path / "m.pdf").strip() == "def grow(wall, years=3):"


def spread(page, top, lines):
    """As LaTeX's lstlisting sets them: each word over columns that are wider than its letters, marks farther away."""
    for i, line in enumerate(lines):
        for column, letter in enumerate(line):
            if letter != " ":
                aside = 1.5 if letter in ",):" else 0.0
                page.insert_text((80 + 6 * column + aside, top + 11 * i), letter, fontsize=9, fontname="cour")


def test_letters_set_in_columns_are_parted_by_no_blanks(tmp_path):
    def draw(page, _):
        text(page, 100, 0, 6)
        spread(page, 200, CODE[:3])

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").endswith("\n\n" + "\n".join(CODE[:3]))


def test_fonts_without_names_are_measured(tmp_path, monkeypatch):
    """LaTeX's bitmap fonts have none: letters of a listing are as wide, narrow or not; those of text are not."""
    monkeypatch.setattr(pdf_listings, "FONTS", {})
    monkeypatch.setattr(pdf_listings, "FONT", re.compile("(?!)"))
    monkeypatch.setattr(pdf_listings, "BITMAP", re.compile(".*"))

    def draw(page, _):
        text(page, 100, 0, 6)
        by_places(page, 200, CODE)
        text(page, 280, 6, 6)

    drawn(tmp_path / "m.pdf", 1, draw)
    before, _, rest = read(tmp_path / "m.pdf").partition("\n\n")
    assert before.split() == " ".join(sentence(i) for i in range(6)).split()
    assert rest.startswith("\n".join(CODE) + "\n\n" + sentence(6))


@pytest.mark.parametrize("font", ["SFTT1000", "SFST0800", "SFIT1000", "ECTT0900", "ECST1000", "CMSLTT10"])
def test_typewriters_of_latex_are_known_by_name(font):
    """Slanted and italic ones, in which R's sessions are set, too."""
    assert pdf_listings.FONT.search(font)


@pytest.mark.parametrize("font", ["SFRM1000", "SFTI1000", "ECBX1200", "ECSI1000", "CMTI10"])
def test_other_fonts_of_latex_are_none(font):
    assert not pdf_listings.FONT.search(font)


@pytest.mark.parametrize("command", ["> model <- lm(moss ~ wall)", "$ make install", "grow(wall, years=3)", r"\usepackage{moss}"])
def test_a_command_alone_is_no_part_of_the_text_below(tmp_path, command):
    def draw(page, _):
        text(page, 100, 0, 3)
        by_blanks(page, 150, [command])
        text(page, 174, 3, 3)

    drawn(tmp_path / "m.pdf", 1, draw)
    text_above, text_below = (" ".join(sentence(i) for i in range(at, at + 3)) for at in (0, 3))
    assert read(tmp_path / "m.pdf").split("\n\n") == [text_above, command, text_below]


def test_a_name_alone_in_a_typewriter_is_text(tmp_path):
    """As an address, or the word with which a paragraph goes on."""

    def draw(page, _):
        text(page, 100, 0, 3)
        by_blanks(page, 150, ["https://walls.example/moss?year=3"])

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").endswith(f"{sentence(2)} https://walls.example/moss?year=3")


def test_braces_of_another_font_are_part_of_a_listing(tmp_path):
    """LaTeX takes them from its signs of mathematics."""
    rows = ["grow <- function(wall) {", "    wall$moss + 1", "}"]

    def draw(page, _):
        text(page, 100, 0, 6)
        for i, line in enumerate(rows):
            for at, sign in enumerate(line):
                if sign != " ":
                    page.insert_text((80 + WIDTH * at, 200 + 11 * i), sign, fontsize=9, fontname="tiro" if sign in "{}" else "cour")
        text(page, 260, 6, 6)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert "\n".join(rows) in read(tmp_path / "m.pdf")


def test_a_listing_in_wide_spacing_has_no_empty_lines(tmp_path):
    """White below each row is the document's spacing; below some rows it parts them."""

    def draw(page, _):
        for i in range(6):
            page.insert_text((72, 100 + 22 * i), sentence(i), fontsize=11)
        for i in range(6):
            page.insert_text((72, 240 + 22 * i), f"> wall[{i}] <- {i}", fontsize=11, fontname="cour")

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").endswith("\n".join(f"> wall[{i}] <- {i}" for i in range(6)))


def test_a_line_that_begins_and_ends_with_names_is_text(tmp_path):
    """It is the first of its block."""

    def draw(page, _):
        for i in range(6):
            page.insert_text((72, 100 + 13 * i), sentence(i), fontsize=11)
        x = 72.0
        for word, font in (("glmnet", "cour"), (" handles ties in time, which is different from ", "tiro"), ("survival", "cour")):
            page.insert_text((x, 200), word, fontsize=10, fontname=font)
            x += pymupdf.get_text_length(word, fontname=font, fontsize=10)
        page.insert_text((72, 212), "and its function, whose default is another method.", fontsize=10, fontname="tiro")

    drawn(tmp_path / "m.pdf", 1, draw)
    words = read(tmp_path / "m.pdf").split()[66:]
    assert "\n" not in read(tmp_path / "m.pdf").partition("glmnet")[2]
    assert " ".join(words) == (
        "glmnet handles ties in time, which is different from survival and its function, whose default is another method."
    )


def test_code_in_the_block_of_the_text_above_it(tmp_path):
    """mupdf begins no block where less white than a line's parts both."""

    def draw(page, _):
        for i in range(4):
            page.insert_text((72, 100 + 12 * i), sentence(i), fontsize=10)
        for i, line in enumerate(["moss <- rep(1, 9)", "wall <- moss + 2", "plot(wall)"]):
            page.insert_text((72, 150 + 12 * i), line, fontsize=9, fontname="cour")

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split("\n\n")[1] == "moss <- rep(1, 9)\nwall <- moss + 2\nplot(wall)"


def test_a_listing_goes_on_over_a_page_break(tmp_path):
    """As tall on both pages: its rows stay together, and keep their indents though none is as far left on the second."""
    rows = ["def grow(wall):", *(f"    wall.moss += {year}" for year in range(54))]

    def draw(page, number):
        text(page, 80 if number == 0 else 450, 10 * number, 20)
        by_places(page, 400 if number == 0 else 80, rows[:30] if number == 0 else rows[30:] if number == 1 else [])

    drawn(tmp_path / "m.pdf", 3, draw)
    assert "\n".join(rows) in read(tmp_path / "m.pdf")


def test_fonts_of_bitmaps_are_told_by_their_names():
    """mupdf calls one that has no name by its object."""
    assert all(pdf_listings.BITMAP.fullmatch(name) for name in ("F12", "Type3 (44 0 R)"))
    assert not pdf_listings.BITMAP.fullmatch("CMR10")
