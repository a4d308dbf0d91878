"""Columns of a page in the order in which a person reads them, and rows of tables that no margin and no line number takes away."""

import re

import pymupdf
import pytest

from steps.text.columns import Block, ordered_pages, reading_order
from steps.text.documents import read_documents
from steps.text.papers import Hyphens, join_lines
from steps.text.pdf_text import paragraphs
from tests.steps.text.test_manuscripts import drawn, read, sentence

PROSE = (
    "The moss grew on the north wall for two years before anybody in the house had seen it there. We asked the owners to leave it as it "
    "was, and most of them did so gladly. "
)


ASKED = ["Which of these walls had the most moss after ten years?", "And the least?"]


def text_of(document: pymupdf.Document, path) -> str:
    document.save(path)
    return "\n\n".join(found.text for found in read_documents(path, complain=print))


def box(page, x: float, y: float, width: float, text: str, size: float = 9) -> None:
    left = page.insert_textbox(pymupdf.Rect(x, y, x + width, y + 700), text, fontsize=size, fontname="tiro")
    assert left >= 0


def test_a_column_of_figures_is_no_line_numbers(tmp_path):
    """Most numbers from 10 to 99 stand in it, and not one below the other. The first row of a page stands in its margin each time."""
    rows = [[f"Site {i}", f"{(i * 37) % 90 + 10}", f"{i % 7}.{i % 10}", ("north", "south")[i % 2]] for i in range(90)]
    document = pymupdf.open()
    for start in range(0, 90, 30):
        page = document.new_page()
        for at, row in enumerate([["Site", "Height", "Cover", "Face"], *rows[start : start + 30]]):
            for column, cell in enumerate(row):
                page.insert_text((80 + 90 * column, 75 + 22 * at), cell, fontname="tiro")
    lines = text_of(document, tmp_path / "a.pdf").split("\n")
    assert [line for line in lines if line.startswith("Site ")] == ["\t".join(row) for row in rows]


def test_questions_in_two_columns_are_read_down(tmp_path):
    """Each side is a list, with next to no running text."""
    document = pymupdf.open()
    page = document.new_page()
    said = []
    for column in range(2):
        y = 100
        for number in range(2):
            answers = [f"{letter}) {place}" for letter, place in zip("ABC", ("north", "south", "west"), strict=True)]
            for indent, line in zip((0, 16, 16, 16), [f"{2 * column + number + 1}. {ASKED[number]}", *answers], strict=True):
                page.insert_text((60 + 260 * column + indent, y), line, fontname="tiro", fontsize=10)
                said.append(line)
                y += 36
            y += 14
    assert text_of(document, tmp_path / "a.pdf").split("\n\n") == said


def test_a_story_under_a_title_over_two_of_three_columns_is_read_first(tmp_path):
    """The third column has a title of its own, which stands higher."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((40, 78), "Moss saves the old wall", fontsize=26, fontname="tiro")
    for column, name in enumerate(("Alpha", "Beta", "Gamma")):
        for part in range(3):
            box(page, 40 + 175 * column, (62 if column == 2 else 90) + 130 * part, 160, f"{name} {part}. {PROSE}")
    page.insert_text((390, 55), "Rain is late again", fontsize=11, fontname="tiro")
    found = text_of(document, tmp_path / "a.pdf")
    order = ["Moss saves", *(f"Alpha {n}" for n in range(3)), *(f"Beta {n}" for n in range(3)), "Rain is late", "Gamma 0", "Gamma 2"]
    assert sorted(order, key=found.index) == order


def test_items_of_items_are_items(tmp_path):
    """By the numbers of what they stand below; an amount at the beginning of a line is none."""
    document = pymupdf.open()
    page = document.new_page()
    items = ["1. Prepare the wall and its joints", "1.a. Brush off the dust", "1.b.i. with a soft brush", "2. Mix lime and sand"]
    box(page, 60, 60, 400, "\n".join(items), 11)
    box(
        page,
        60,
        200,
        400,
        "The error of the mean over all of the walls in the town was never more than\n0.81. It was less on the roof.",
        11,
    )
    found = text_of(document, tmp_path / "a.pdf").split("\n\n")
    assert found[:4] == items
    assert found[4].endswith("more than 0.81. It was less on the roof.")


@pytest.mark.parametrize(("end", "joined"), [("3% over the whole period.", True), ("3 Results of the work", False)])
def test_a_share_goes_on_in_the_next_column(tmp_path, end, joined):
    """Over a page, too; a heading with its number does not."""
    document = pymupdf.open()
    box(document.new_page(), 60, 60, 470, PROSE + "Their greenness changed by less than", 11)
    box(document.new_page(), 60, 60, 470, end, 11)
    assert (f"less than {end}" in text_of(document, tmp_path / "a.pdf")) is joined


def test_a_word_behind_hyphens_elsewhere_keeps_its_own():
    """`facing` stands behind one in this text; nothing is known of the other."""
    hyphens = Hyphens("The north-facing wall and the one in the south were compared by all of us.")
    assert join_lines(["to a south-", "facing wall"], hyphens) == "to a south-facing wall"
    assert join_lines(["a com-", "parison"], hyphens) == "a comparison"


def test_a_line_in_the_middle_of_the_page_stands_above_its_columns():
    """The issue of a newsletter, below its name and as wide as the middle one of three columns."""
    name, issue = Block(140, 30, 455, 70, ["The Courier"]), Block(233, 88, 362, 98, ["Volume 7, Issue 2"])
    columns = [Block(x, 110, x + 164, 400, [PROSE[:40]] * 24) for x in (43, 217, 391)]
    assert reading_order([*columns, issue, name], [212.0, 386.0]) == [name, issue, *columns]


def test_an_abstract_beside_its_keywords_is_read_before_the_columns():
    """As Elsevier sets it: wider than a column, from within the left one to the right edge; a heading above each of the two."""
    front = [
        Block(40, 40, 400, 60, ["On walls"]),
        Block(40, 80, 120, 90, ["Article info"]),
        Block(40, 100, 120, 150, ["Keywords:", "moss"]),
    ]
    abstract = [Block(200, 80, 280, 90, ["Abstract"]), Block(200, 100, 540, 160, [PROSE] * 5)]
    columns = [Block(x, 190 + 130 * i, x + 240, 310 + 130 * i, [PROSE[:60]] * 10) for x in (40, 300) for i in range(4)]
    assert ordered_pages([[*columns, *abstract, *front]]) == [*front, *abstract, *columns]


def test_contents_in_one_column_of_a_page_with_other_margins_are_a_column():
    """They are too little text to tell a gutter; that of the other pages, as far from the text's left edge, does."""
    pages = [[Block(x + 28 * (n % 2), 100, x + 28 * (n % 2) + 215, 700, [PROSE[:50]] * 50) for x in (58, 293)] for n in (1, 0, 1, 0, 1)]
    title = Block(130, 40, 440, 60, ["On the moss of our walls"])
    contents = [Block(58, 100 + 20 * i, 273, 109 + 20 * i, [f"{i} Walls", f"{i + 2}"]) for i in range(12)]
    text = [Block(293, 100, 508, 280, [PROSE[:50]] * 15), Block(293, 295, 508, 475, [PROSE[:50]] * 15)]
    assert ordered_pages([[title, *text, *contents], *pages])[:15] == [title, *contents, *text]


def test_words_in_a_figure_part_no_paragraph():
    """They came before its caption; a heading above the caption of a table begins another text."""
    before = Block(
        72, 600, 500, 640, ["The moss grew on the north wall for two years before anybody had seen it, and should be placed in"], size=10
    )
    label = Block(200, 100, 260, 130, ["Image"], size=30)
    caption = Block(150, 200, 400, 212, ["Figure 1: The wall"], size=10)
    after = Block(72, 300, 500, 330, ["the list of those walls that the town looks after, which is long."], size=10)
    assert [part.text[-11:] for part in paragraphs([before, label, caption, after], 12)] == ["ch is long.", "Image", "1: The wall"]
    before.set_lines([before.lines[0] + " the list."])
    assert len(paragraphs([before, label, caption, after], 12)) == 4


def test_lines_whose_letters_are_stretched_go_on():
    """A paragraph whose lines came as blocks: LaTeX sets one a little wider than the other, and a parenthesis hangs before it."""
    said = "The moss on this wall covers more than all that grows on the others, and dries."
    full = [Block(72, 40 + 40 * i, 540, 60 + 40 * i, [said], size=10) for i in range(8)]
    above = Block(70.8, 666, 540, 676, ["(Credits: The original algorithm for walls was developed by Noah Simon, Jerome"], size=10.06)
    below = Block(
        72, 678, 540, 712, ["Friedman, Trevor Stone and Rob Flint: see there. The other was developed by Kenneth", "Moss, too.)"], size=9.9
    )
    assert paragraphs([*full, above, below], 12)[-1].text.startswith(
        "(Credits: The original algorithm for walls was developed by Noah Simon, Jerome Fr"
    )


def test_two_lines_that_are_too_long_to_stand_side_by_side_are_text():
    """Their block is hardly higher than a line, as boxes of some fonts are."""
    lines = [
        "The design matches as closely as necessary the standards set up within the univer-",
        "sity. This concerns the fonts and the page layout.",
    ]
    assert paragraphs([Block(100, 100, 390, 117, lines, size=10)], 13)[0].text == f"{lines[0][:-1]}{lines[1]}"
    assert paragraphs([Block(100, 100, 500, 111, ["The north wall is", "of red bricks only"], size=10)], 13)[0].kind == "table"


def test_a_reference_of_two_lines_that_came_as_blocks_is_one():
    """The second one hangs, or begins with a capital, and is full of figures; a new entry begins at the left."""
    said = "The moss on this wall covers more than all that grows on the others, and dries."
    full = [Block(90, 40 + 40 * i, 513, 60 + 40 * i, [said], size=10) for i in range(8)]
    heads = [Block(90, 400, 150, 412, ["References"], size=12, heads=("References",), reference=True)]
    entries = [
        Block(left, 420 + 12 * i, right, 430 + 12 * i, [line], size=10, reference=True)
        for i, (left, right, line) in enumerate(
            (
                (90, 513, "G. C. Chow. Tests of equality between sets of coefficients in two linear regressions. Econometrica,"),
                (100, 250, "28:591–605, 1960."),
                (90, 513, "B. E. Hansen. Tests for parameter instability in regressions with processes of walls. Journal of Business"),
                (100, 300, "& Economic Statistics, 10:321–335, 1992a."),
            )
        )
    ]
    found = [part.text for part in paragraphs([*full, *heads, *entries], 12) if part.kind == "references"][1:]
    assert [text[:5] + text[-6:] for text in found] == ["G. C. 1960.", "B. E.1992a."]


def test_names_of_points_in_a_drawing_are_no_text():
    """They stand above its caption, captions of its parts between them; words there are read, and so is what stands above a table."""
    before = Block(
        72, 40, 500, 80, ["The moss grew on the north wall for two years before anybody had seen it, and should be placed in"], size=10
    )
    names = [Block(200 + 20 * i, 100, 208 + 20 * i, 110, [name], size=10) for i, name in enumerate(("r", "φ0", "R", "C"))]
    names.insert(2, Block(200, 120, 290, 130, ["(a) Interior region"], size=10))
    after = Block(72, 300, 500, 330, ["the list of those walls that the town looks after, which is long."], size=10)

    def read_with(caption: str) -> list[str]:
        below = Block(150, 200, 400, 212, caption.split("|"), size=10)
        return [part.text for part in paragraphs([before, *names, below, after], 12)]

    found = read_with("Fig. 1|The wall, seen from above")
    assert found[1:] == ["(a) Interior region", "Fig. 1 The wall, seen from above"]
    assert found[0].endswith("should be placed in the list of those walls that the town looks after, which is long.")
    assert "r" in read_with("Table 1: The walls")


@pytest.mark.parametrize("grid_first", [True, False])
def test_names_in_a_grid_go_with_those_beside_it(grid_first: bool):
    """Further rows of a grid are kept by the number of their first, which is no other part's when that is taken out."""
    before = Block(
        72, 40, 500, 80, ["The moss grew on the north wall for two years before anybody had seen it, and should be placed in"], size=10
    )
    grid = [Block(200, 100 + 14 * i, 260, 110 + 14 * i, names, size=10) for i, names in enumerate((["r", "R"], ["φ", "C"]))]
    names = [Block(200 + 20 * i, 150, 208 + 20 * i, 160, [name], size=10) for i, name in enumerate(("r", "φ0", "R"))]
    caption = Block(150, 200, 400, 212, ["Fig. 1: The wall, seen from above"], size=10)
    after = Block(72, 300, 500, 330, ["the list of those walls that the town looks after, which is long."], size=10)
    found = paragraphs([before, *(grid + names if grid_first else names + grid), caption, after], 12)
    assert [part.text for part in found] == [f"{before.lines[0]} {after.lines[0]}", caption.lines[0]]


@pytest.mark.parametrize(
    "marks", [["1.", "2.", "3.", "4.", "5.", "6."], ["a)", "b)", "c)", "d)", "e)", "f)"], ["1.", "3.", "5.", "2.", "4.", "6."]]
)
def test_a_list_in_two_columns_on_a_page_of_one(tmp_path, marks):
    """Read down the columns where its items count so, else by rows."""

    document = pymupdf.open()
    page = document.new_page(width=612, height=792)
    for i in range(12):
        page.insert_text((72, 90 + 14 * i), PROSE[:80], fontsize=10)
    for at, mark in enumerate(marks):
        page.insert_text((90 + 200 * (at // 3), 290 + 22 * (at % 3)), f"{mark} snail", fontsize=10)
    assert re.findall(r"(\S+) snail", text_of(document, tmp_path / "m.pdf")) == sorted(marks)


def test_items_without_numbers_are_read_down_their_columns():
    text = [
        Block(72, 90, 500, 200, ["Moss grows on old walls where little else does so."] * 8),
        Block(72, 400, 500, 500, ["It stays."] * 8),
    ]
    items = [
        Block(90 + 200 * (at // 3), 290 + 22 * (at % 3), 200 + 200 * (at // 3), 302 + 22 * (at % 3), [f"• wall {at}"]) for at in range(6)
    ]
    found = ordered_pages([[text[0], *items[::2], *items[1::2], text[1]]])
    assert found == [text[0], *items, text[1]]


def test_authors_beside_each_other_are_read_one_by_one():
    """On a page without columns, too, and though the lines of one came as blocks of their own."""

    def line(x: float, y: float, *lines: str) -> Block:
        return Block(x - 60, y, x + 60, y + 12 * len(lines), list(lines))

    title = Block(94, 60, 509, 78, ["On the Moss of Old Walls"])
    authors = [line(160, 100, "Anna Berg"), line(160, 114, "Long Name of the University-"), line(160, 128, "Haus Graz")]
    page = [title, *authors, line(420, 102, "Paul Held", "University of Ulm"), Block(72, 200, 520, 230, [PROSE, PROSE])]
    read = [block.lines for block in ordered_pages([page])]
    assert read[1:3] == [["Anna Berg", "Long Name of the University-Haus Graz"], ["Paul Held", "University of Ulm"]]


def test_columns_that_are_written_line_by_line_are_read_one_after_the_other(tmp_path):
    """mupdf makes one block of both, whose lines stand side by side; a paragraph begins farther in, cells are no columns."""
    left, right = ([sentence(i, 10) for i in range(first, first + 16)] for first in (0, 16))
    left[8], left[15] = "Here a new paragraph of the left column begins it", "and with this line it ends at the foot of the page."
    right[0] = "Then the right column goes on with all of them here"

    def draw(page, _):
        words = pymupdf.TextWriter(page.rect)
        for at, (one, other) in enumerate(zip(left, right, strict=True)):
            indent = 12 if at == 8 else 0
            for x, line, wide in ((72 + indent, one, 225 - indent), (312, other, 225)):
                size = 9 * wide / pymupdf.get_text_length(line, fontsize=9)
                words.append((x, 100 + 11 * at), line, fontsize=size)
        words.write_text(page)

    drawn(tmp_path / "m.pdf", 1, draw)
    with pymupdf.open(tmp_path / "m.pdf") as document:
        assert len(document[0].get_text("blocks")) == 1
    assert read(tmp_path / "m.pdf").split("\n\n") == [" ".join(left[:8]), " ".join(left[8:]), " ".join(right)]
