"""Where paragraphs of a PDF begin and end by what the eye sees: sizes of letters, weight, room on the last line."""

import pymupdf
import pytest

from steps.text.columns import Block
from steps.text.parts import Wanted
from steps.text.pdf_joins import HEADING
from steps.text.pdf_text import paragraphs, pdf_parts
from tests.steps.text.test_manuscripts import drawn, read, sentence


def parts(path):
    return read(path).split("\n\n")


def test_a_title_is_no_part_of_the_line_below_it(tmp_path):
    """Its letters are larger, though both stand close and neither ends in a full stop."""

    def draw(page, _):
        page.insert_text((72, 80), "A short history of the northern shore", fontsize=17)
        page.insert_text((72, 96), "Fiona Flint, Coastal Board", fontsize=11)
        for i in range(12):
            page.insert_text((72, 130 + 14 * i), sentence(i).capitalize(), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[:2] == ["A short history of the northern shore", "Fiona Flint, Coastal Board"]


def test_the_lines_of_a_title_are_one(tmp_path):
    """Both are set in the same large letters."""

    def draw(page, _):
        page.insert_text((72, 80), "An Inquiry into the Nature and the Causes of", fontsize=20)
        page.insert_text((150, 106), "Fog on Northern Shores", fontsize=20)
        for i in range(12):
            page.insert_text((72, 150 + 14 * i), sentence(i), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[0] == "An Inquiry into the Nature and the Causes of Fog on Northern Shores"


def test_a_bold_line_within_a_block_is_a_heading(tmp_path):
    """It stands behind the end of a paragraph, as close to both as their lines to each other."""

    lines = [
        (0, "One line of the first paragraph, which is long enough to be read as running text,"),
        (0, "and ends."),
        (1, "Materials at hand"),
        (0, "Another paragraph begins here, and is as long as the one that stands above the heading,"),
        (0, "or nearly so."),
    ]

    def draw(page, _):
        for i, (bold, text) in enumerate(lines):
            page.insert_text((72, 80 + 13 * i), text, fontsize=11, fontname="hebo" if bold else "helv")

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[1] == "Materials at hand"


def test_a_paragraph_whose_last_line_has_room_is_at_its_end(tmp_path):
    """It ends in a comma or in nothing; the next begins with a capital, and would have begun on that line."""
    lines = [
        "He wrote that the harbour had been closed on account of the fog, and that no officer had",
        "come to the office for a week, which nobody had noticed until the clerk, who was new, had",
        "asked for them; and he remained, with all good wishes to the family and to the two dogs,",
        "their old friend, the keeper of the light,",
        "'What a letter,' said the chief of the board when he had read it twice, and put it into the",
        "drawer in which he kept all that had come from the island since the last winter of the war.",
    ]

    def draw(page, _):
        for i, line in enumerate(lines):
            page.insert_text((90 if i == 4 else 72, 80 + 14 * i), line, fontsize=11, fontname="tiro")

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[-1].startswith("'What a letter,'")


LINES = [
    "Nobody had asked the fog what it thought of the harbour, and it did not",
    "say; it came in at noon and went when it pleased, as it had always done.",
    "The keeper wrote it down. He had written it down for thirty years, and in",
    "all that time had not been late for the boat that brought the oil to him.",
]


def set_lines(page, x, y, lines, indented=(), width=330):
    """Lines at `x`, those that are long justified to a width of so many points."""
    for i, line in enumerate(lines):
        left = x + (14 if i in indented else 0)
        words = line.split()
        wide = [pymupdf.get_text_length(word, "tiro", 11) for word in words]
        blank = (x + width - left - sum(wide)) / (len(words) - 1) if len(line) > 60 else 2.75
        for word, letters in zip(words, wide, strict=True):
            page.insert_text((left, y + 14 * i), word, fontsize=11, fontname="tiro")
            left += letters + blank


def test_an_indented_line_begins_a_paragraph(tmp_path):
    """Also where the line above it is full."""
    drawn(tmp_path / "m.pdf", 1, lambda page, _: set_lines(page, 72, 80, LINES * 2, {0, 2, 4, 6}))
    assert parts(tmp_path / "m.pdf") == [" ".join(LINES[:2]), " ".join(LINES[2:])] * 2


def test_a_page_without_an_indent_goes_on_with_the_last(tmp_path):
    """Where all paragraphs begin with one, and the page ends with a full line and a full stop."""

    def draw(page, number):
        for k in range(3):
            set_lines(page, 72, 80 + 100 * k, [*LINES, "So he did it."], {0} if number == 0 or k else ())
        if number == 0:
            set_lines(page, 72, 400, LINES[:2], {0})

    drawn(tmp_path / "m.pdf", 2, draw)
    whole = " ".join([*LINES, "So he did it."])
    assert parts(tmp_path / "m.pdf") == [whole] * 3 + [" ".join([*LINES[:2], whole]), whole, whole]


def test_two_short_lines_of_a_verse_are_lines(tmp_path):
    """The next word would have fitted behind the first."""

    def draw(page, _):
        set_lines(page, 72, 80, LINES)
        set_lines(page, 100, 160, ["The river has no officer,", "the fog has no address;"])
        set_lines(page, 72, 220, LINES)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[1:-1] == ["The river has no officer,\nthe fog has no address;"]


def test_a_number_that_closes_a_parenthesis_begins_no_item(tmp_path):
    """It stands first on its line."""
    lines = [
        "The offset is stable over at least one long season, as is seen in the figure (see Fig.",
        "2) and in the next; so it is used in all.",
    ]
    drawn(tmp_path / "m.pdf", 1, lambda page, _: [page.insert_text((72, 80 + 14 * i), line, fontsize=11) for i, line in enumerate(lines)])
    assert parts(tmp_path / "m.pdf") == [" ".join(lines)]


def test_a_caption_of_several_centred_lines_is_one(tmp_path):
    """Each came as a block of its own."""

    def draw(page, _):
        set_lines(page, 72, 80, LINES)
        page.insert_text((92, 250), "Figure 1: Offsets of two stations; bars show the deviation of five", fontsize=11, fontname="tiro")
        page.insert_text((192, 264), "runs on the coast.", fontsize=11, fontname="tiro")
        set_lines(page, 72, 320, LINES)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[1] == "Figure 1: Offsets of two stations; bars show the deviation of five runs on the coast."


def test_rows_of_an_invoice_are_rows(tmp_path):
    """Each came as a block, its cells as lines of it, and no running text says how high a line is."""
    rows = [("Item", "Qty", "Total"), ("Buoy, refurbished, with service and certificate", "2", "2,900.00"), ("Visit", "1", "380.00")]

    def draw(page, _):
        for i, line in enumerate(["Flat Fields and Sons Ltd.", "14 Mill Lane, Upper Flats", "York YO1 7AB"]):
            page.insert_text((72, 60 + 12 * i), line, fontsize=10)
        for k, row in enumerate(rows):
            for x, cell in zip((72, 400, 480), row, strict=True):
                page.insert_text((x, 150 + 20 * k), cell, fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").replace("\n\n", "\n").split("\n")[-3:] == ["\t".join(row) for row in rows]


def test_a_line_justified_by_much_white_is_no_row(tmp_path):
    """Its words stand as far from each other as cells, but all equally far."""
    words = ["Atlantic", "coasts", "where", "they", "raided", "and", "then"]

    def draw(page, _):
        set_lines(page, 72, 80, LINES)
        x = 72.0
        blank = (330 - sum(pymupdf.get_text_length(word, "helv", 11) for word in words)) / (len(words) - 1)
        for word in words:
            page.insert_text((x, 142), word, fontsize=11)
            x += pymupdf.get_text_length(word, "helv", 11) + blank
        set_lines(page, 72, 162, LINES)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert "\t" not in read(tmp_path / "m.pdf")


def test_a_signature_at_the_right_edge_is_a_line(tmp_path):
    """What follows begins with a capital, far to the left of it."""

    def draw(page, _):
        set_lines(page, 72, 80, LINES)
        page.insert_text(
            (402 - pymupdf.get_text_length("M. Finch, Upper Flats", "tiro", 11), 136), "M. Finch, Upper Flats", fontsize=11, fontname="tiro"
        )
        set_lines(page, 72, 150, LINES)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf") == [" ".join(LINES), "M. Finch, Upper Flats", " ".join(LINES)]


def test_a_small_line_above_a_heading_is_none_of_it(tmp_path):
    """All three came as one block; the heading takes two lines."""

    def draw(page, _):
        page.insert_text((160, 80), "Volume 7, spring", fontsize=8)
        for i, line in enumerate(["Fog officers find their", "lost office"]):
            page.insert_text((72, 96 + 17 * i), line, fontsize=15)
        set_lines(page, 72, 136, LINES)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[:2] == ["Volume 7, spring", "Fog officers find their lost office"]


def test_a_word_parted_by_a_soft_hyphen_at_the_foot_of_a_page_is_whole(tmp_path):
    """The hyphen tells that the word goes on."""
    blocks = [
        Block(72, 80, 400, 108, ["Nobody had asked for it, since the", "whole of the board was non\u00ad"]),
        Block(72, 40, 400, 54, ["conformist, and so on."]),
    ]
    assert [part.text for part in paragraphs(blocks, 14.0)] == [
        "Nobody had asked for it, since the whole of the board was nonconformist, and so on."
    ]


def test_text_behind_a_line_of_code_is_none_of_it(tmp_path):
    """The code ends in a parenthesis, the text begins with a small letter."""

    def draw(page, _):
        set_lines(page, 72, 80, LINES)
        page.insert_text((72, 150), "R> model <- lm(cover ~ height, data = walls)", fontsize=10, fontname="cour")
        set_lines(page, 72, 170, ["and so on.", *LINES])

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[1] == "R> model <- lm(cover ~ height, data = walls)"


def test_a_heading_of_two_centred_lines_of_capitals_is_one(tmp_path):
    """Names below a title, set as large, are two."""

    def draw(page, _):
        for y, text in ((80, "CHECKLIST FOR ELECTRONIC"), (94, "PUBLICATION"), (330, "B. Stone, Mill Lane"), (344, "F. Flint")):
            page.insert_text((306 - pymupdf.get_text_length(text, fontsize=12) / 2, y), text, fontsize=12)
        for i in range(14):
            page.insert_text((72, 110 + 14 * i), sentence(i), fontsize=10)

    drawn(tmp_path / "m.pdf", 1, draw)
    found = parts(tmp_path / "m.pdf")
    assert found[0] == "CHECKLIST FOR ELECTRONIC PUBLICATION"
    assert found[-2:] == ["B. Stone, Mill Lane", "F. Flint"]


def test_text_below_a_heading_with_its_number_goes_on_in_the_next_column(tmp_path):
    """mupdf gives number, heading and text as one block; the text's letters are smaller, as those of the next column."""

    def draw(page, _):
        for i in range(30):
            page.insert_text((60, 80 + 12 * i), sentence(i, 7), fontsize=9)
        page.insert_text((60, 452), "4", fontsize=12)
        page.insert_text((76, 452), "Walls", fontsize=12)
        for i in range(20):
            page.insert_text((60, 465 + 12 * i), sentence(50 + i, 7).capitalize() if i == 0 else sentence(50 + i, 7), fontsize=9)
            page.insert_text((330, 80 + 12 * i), sentence(70 + i, 7), fontsize=9)

    drawn(tmp_path / "m.pdf", 1, draw)
    found = parts(tmp_path / "m.pdf")
    assert found[1] == "4 Walls"
    assert found[2] == " ".join([sentence(50, 7).capitalize(), *(sentence(50 + i, 7) for i in range(1, 40))])
    assert len(found) == 3


def test_paragraphs_of_one_line_above_a_longer_one(tmp_path):
    """All are indented, so most lines are; entries that hang begin at the left, and go on."""

    def draw(page, _):
        for i in range(8):
            page.insert_text((72, 80 + 14 * i), sentence(i), fontsize=11)
        lines = ["Of walls: one or two, or three of them by the sea, and none of them is ours.", "Of moss: green or grey, and"]
        for i, (x, line) in enumerate([(90, lines[0]), (90, lines[1] + " wet " * 9 + "walls"), (72, "and dry.")]):
            page.insert_text((x, 196 + 14 * i), line, fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert [part[:8] for part in parts(tmp_path / "m.pdf")[1:]] == ["Of walls", "Of moss:"]


def test_a_heading_that_ends_its_line_within_a_word_or_behind_an_abbreviation_is_one():
    """A wide gap may part it there; what an item says below its name is another line."""
    for lines, found in (
        (["2. Evanescent vs.", "conventional coupling"], ["2. Evanescent vs. conventional coupling"]),
        (["3 Notes on care and in-", "stallation"], ["3 Notes on care and installation"]),
        (["3 Grab the package", "apt-get source dash"], ["3 Grab the package"]),
    ):
        block = Block(72, 100, 300, 126, lines, size=10)
        assert [part.text for part in paragraphs([block, Block(72, 140, 300, 180, [sentence(1)] * 3, size=10)], 12)][: len(found)] == found


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("1 Introduction", True),
        ("2. Materials, tools and methods", True),
        ("3.2. seqMpfr() for sequences:", True),
        ("4 maxLik and its cousins", True),
        ("5. Proof of the theorem.", True),
        ("2.9.4 s51, sz80 - the simulators", True),
        ("1. natbib.sty for citation processing;", False),
        ("1. one", False),
        ("2. We weighed it again after 1, 4 and 24 hours.", False),
        ("3. Read the data and type the following:", False),
        ("1. Options that say what the man-", False),
        ("1 Department of Physics, University of Softland", False),
        ("20 April 1999", False),
        ("124.3 68.3", False),
        ("7 the Engineer Research Center", False),
    ],
)
def test_numbered_items_are_no_headings(line, heading):
    """Headings say what is below them; items are sentences and clauses, begin in small letters, or hold figures alone."""
    assert bool(HEADING.match(line)) is heading


def test_a_note_in_the_margin_is_no_line_of_the_text(tmp_path):
    """mupdf may make one block of it and of the text beside it."""

    def draw(page, _):
        page.insert_text((456, 229), "Another remark.", fontsize=8)
        for i in range(6):
            page.insert_text((72, 231 + 14 * i), sentence(i, 10), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split("\n\n") == [" ".join(sentence(i, 10) for i in range(6)), "Another remark."]


def test_a_head_that_runs_in_begins_its_paragraph(tmp_path):
    """However wide the white behind it, as APA sets it."""

    def draw(page, _):
        page.insert_text((108, 100), "Inter-rater moss.", fontsize=12, fontname="hebo")
        page.insert_text((126 + pymupdf.get_text_length("Inter-rater moss.", "hebo", 12), 100), sentence(0, 11).capitalize(), fontsize=12)
        for i in range(1, 12):
            page.insert_text((72, 100 + 24 * i), sentence(i, 13), fontsize=12)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert f"Inter-rater moss. {sentence(0, 11).capitalize()} {sentence(1, 13)}" in read(tmp_path / "m.pdf")


def test_a_name_in_larger_letters_goes_on_below_a_line_that_begins_with_a_small_word(tmp_path):
    """The line ends in letters of the text; the next one begins in those of a typewriter."""

    def draw(page, _):
        page.insert_text((72, 100), "Moss.", fontsize=8.8, fontname="hebo")
        page.insert_text((72 + pymupdf.get_text_length("Moss. ", "hebo", 8.8), 100), sentence(0), fontsize=9.66, fontname="tiro")
        page.insert_text((72, 112), "walls", fontsize=9.97, fontname="cour")
        page.insert_text((72 + pymupdf.get_text_length("walls ", "cour", 9.97), 112), sentence(1), fontsize=9.66, fontname="tiro")
        page.insert_text((72, 124), sentence(2), fontsize=9.66, fontname="tiro")

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf") == f"Moss. {sentence(0)} walls {sentence(1)} {sentence(2)}"


def test_a_line_above_one_that_begins_with_a_small_mark_is_no_heading(tmp_path):
    """The end of an author's address, above that of the next."""

    def draw(page, _):
        page.insert_text((72, 60), "Observatory of the Cape Town Walls,", fontsize=8)
        page.insert_text((72, 100), "South Africa", fontsize=8)
        page.insert_text((72, 107.5), "3", fontsize=6)
        page.insert_text((76, 110), "University of the Western Cape and of the Walls", fontsize=8)
        set_lines(page, 72, 150, [sentence(i) for i in range(9)])

    drawn(tmp_path / "m.pdf", 1, draw)
    assert "heading" not in [part.kind for part in pdf_parts(tmp_path / "m.pdf", Wanted())[0]]


def test_a_bold_first_line_nearly_as_long_as_the_next_is_a_heading(tmp_path):
    def draw(page, _):
        page.insert_text((72, 100), "Stimulating at the optimal patterns", fontname="hebo", fontsize=9)
        for i, line in enumerate(("After the choice of the optimal patterns for each", "of the walls all of them were looked at in turn.")):
            page.insert_text((72, 112 + 12 * i), line, fontsize=9)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[0] == "Stimulating at the optimal patterns"


def test_full_lines_of_a_narrower_paragraph_end_none(tmp_path):
    """An abstract is set in from both edges: where it ends, and not where the text below it does, a line is full."""
    abstract = [sentence(i, 14) for i in range(6)]
    abstract[1], abstract[2], abstract[5] = f"{abstract[1]}.", f"We {abstract[2]}", "and so it ends."

    def draw(page, _):
        set_lines(page, 110, 100, abstract, width=350)
        set_lines(page, 72, 220, [sentence(i, 19) for i in range(6, 26)], width=470)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert parts(tmp_path / "m.pdf")[0] == " ".join(abstract)
