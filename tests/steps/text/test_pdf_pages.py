"""Pages of a PDF as a person reads them, whatever program set them: each test draws its own."""

import pymupdf
import pytest

from steps.text.columns import Block
from steps.text.documents import read_documents
from steps.text.manuscripts import name_letters
from steps.text.papers import Hyphens
from steps.text.pdf_text import paragraphs
from steps.text.unreadable import Unreadable
from tests.steps.text.test_manuscripts import drawn, read, sentence


def letters(*lines: str) -> list[str]:
    block = Block(0, 0, 100, 10, list(lines))
    name_letters([block])
    return block.lines


def text_of(page, number, y=120, lines=20):
    for i in range(lines):
        page.insert_text((72, y + 14 * i), sentence(number * lines + i), fontsize=11)


def words(pages: int, lines: int = 20) -> list[str]:
    return " ".join(sentence(i) for i in range(pages * lines)).split()


CHAPTERS = ["The Bird", "The Bird", "The Horse", "The Castle"]
HEADS = {
    "chapters with the number outside": lambda n: f"{n + 12} | {CHAPTERS[n]}" if n % 2 else f"{CHAPTERS[n]} | {n + 12}",
    "the number of all pages": lambda n: f"Draft, page {n + 1} of 4",
    "a report of one year": lambda n: f"Annual report 2019, {n + 3}",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_counts_the_pages_is_no_text(tmp_path, name):
    """Its words may change from page to page."""

    def draw(page, number):
        page.insert_text((72, 60), HEADS[name](number), fontsize=9)
        text_of(page, number)

    drawn(tmp_path / "m.pdf", 4, draw)
    assert read(tmp_path / "m.pdf").split() == words(4)


def test_a_head_set_close_to_the_text_is_no_text(tmp_path):
    """It came as the first line of the text's block, and the foot as the last."""

    def draw(page, number):
        page.insert_text((72, 66), "Writer Quarterly, Spring Number", fontsize=11)
        text_of(page, number, y=80, lines=48)
        page.insert_text((72, 752), f"Page {number + 1} of 2", fontsize=11)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert read(tmp_path / "m.pdf").split() == words(2, 48)


def test_a_title_is_no_running_head(tmp_path):
    """Nor on a paper of two pages, the second of which begins at the same height."""

    def draw(page, number):
        page.insert_text((72, 90), ["Walls in the Morning", sentence(99)][number], fontsize=[17, 11][number])
        text_of(page, number)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert read(tmp_path / "m.pdf").startswith("Walls in the Morning")


def test_captions_at_the_same_height_are_no_heads(tmp_path):
    """Table 1 on the first page and Table 2 on the second count the pages as heads do."""

    def draw(page, number):
        page.insert_text((200, 72), f"Table {number + 1}: Moss by the year", fontsize=9)
        text_of(page, number)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert [f"Table {n}: Moss by the year" in read(tmp_path / "m.pdf") for n in (1, 2)] == [True, True]


def test_a_line_that_comes_again_at_the_top_of_pages_is_text(tmp_path):
    """When it is as long as the others, and few pages have it."""
    drawn(tmp_path / "m.pdf", 2, lambda page, number: text_of(page, 0, y=80))
    assert read(tmp_path / "m.pdf").split() == [*words(1), *words(1)]


def columns_of(page, y, first):
    """Three columns of twelve lines each, from line `first`."""
    for column in range(3):
        for i in range(12):
            page.insert_text((40 + 180 * column, y + 12 * i), sentence(first + 12 * column + i, 5), fontsize=9)


def test_a_narrow_heading_between_stories_divides_their_columns(tmp_path):
    """The columns above it are read first."""

    def draw(page, number):
        columns_of(page, 100, 0)
        page.insert_text((40, 270), "Second story", fontsize=16)
        columns_of(page, 300, 36)

    drawn(tmp_path / "m.pdf", 1, draw)
    said = [sentence(i, 5) for i in range(72)]
    assert read(tmp_path / "m.pdf").split() == " ".join([*said[:36], "Second story", *said[36:]]).split()


def test_short_headings_at_one_height_are_no_heads(tmp_path):
    """Chapters begin on new pages, above the text."""
    names = ["PREFACE", "MOSS", "WALLS", "ROOFS"]

    def draw(page, number):
        page.insert_text((72, 95), names[number], fontsize=18)
        text_of(page, number)

    drawn(tmp_path / "m.pdf", 4, draw)
    assert [name in read(tmp_path / "m.pdf") for name in names] == [True] * 4


def test_text_that_runs_up_the_page_is_read_in_its_order(tmp_path):
    def draw(page, number):
        for i in range(20):
            page.insert_text((100 + 14 * i, 720), sentence(i), fontsize=11, rotate=90)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == words(1)


def test_a_line_drawn_twice_to_look_bold_is_read_once(tmp_path):
    def draw(page, number):
        for shift in (0, 0.4):
            page.insert_text((72 + shift, 100), "Walls in the Morning", fontsize=11)
        text_of(page, number)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == ["Walls", "in", "the", "Morning", *words(1)]


def test_a_heading_set_wide_is_a_word(tmp_path):
    def draw(page, number):
        page.insert_text((72, 80), "A B S T R A C T", fontsize=11)
        text_of(page, number)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == ["ABSTRACT", *words(1)]


def test_marks_that_stand_alone_belong_to_their_items():
    """LibreOffice sets the number of an item as a line of its own."""
    lines = [sentence(1), "1.", "moss", "2.", "stone", "a)", "lime", "•", "rain"]
    found = paragraphs([Block(72, 100, 300, 170, lines)], 14.0)
    assert [part.text for part in found] == [sentence(1), "1. moss", "2. stone", "a) lime", "• rain"]


def test_a_notice_over_the_page_is_no_text(tmp_path):
    def draw(page, number):
        text_of(page, number)
        turn = (pymupdf.Point(150, 600), pymupdf.Matrix(1, 1).prerotate(45))
        page.insert_text((150, 600), "CONFIDENTIAL", fontsize=70, morph=turn)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert read(tmp_path / "m.pdf").split() == words(2)


def test_glyphs_without_letters_are_refused(tmp_path):
    def draw(page, number):
        for i in range(20):
            page.insert_text((72, 100 + 14 * i), "!#$ %&'( )*+, -./: ;<=> ?@[] ^_{|", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    with pytest.raises(Unreadable, match="do not say which letters they draw"):
        list(read_documents(tmp_path / "m.pdf", complain=print))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("i¸cin ¨ort¨us¨un¨un kayna˘gı ya¸sında ˙Istanbul C¸in S¸ehir", "için örtüsünün kaynağı yaşında İstanbul Çin Şehir"),
        ("G¨odel, ˇSkoda, Erd˝os, na¨ıve, ´etude, pi`ece, art´ıculo", "Gödel, Škoda, Erdős, naïve, étude, pièce, artículo"),
        ("don´t, 5 ¨ and ˜ x", "don´t, 5 ¨ and ˜ x"),
        ("e\xadposta ve ön\xadçalışma", "e-posta ve ön-çalışma"),
        ("e-posta, Do\xadnau", "e-posta, Do\xadnau"),
    ],
)
def test_letters_that_came_in_parts(said, meant):
    """Accents before their letters, as LaTeX's oldest fonts set them; hyphens that a font calls soft, where it has no others."""
    assert letters(said) == [meant]


@pytest.mark.parametrize(
    ("left", "right", "joined"),
    [
        ("state-of-", "the-art", "state-of-the-art"),
        ("a well-", "known man", "a well-known man"),
        ("the high-", "lands", "the highlands"),
        ("the first-", "class man", "the first-class man"),
        ("the well-estab-", "lished man", "the well-established man"),
        ("Ein-", "und Ausfuhr", "Ein- und Ausfuhr"),
        ("pre-", "and post-war", "pre- and post-war"),
        ("remem-", "ber it", "remember it"),
        ("a statically-", "typed name", "a statically-typed name"),
        ("a camera-", "ready copy", "a camera-ready copy"),
        ("we ana-", "lyzed it", "we analyzed it"),
        ("we analy-", "zed it", "we analyzed it"),
        ("by multiply-", "ing it", "by multiplying it"),
    ],
)
def test_hyphens_that_stay_at_line_ends(left, right, joined):
    assert Hyphens("the of words").join(left, right) == joined


def test_a_hyphen_by_its_own_sign_joins_too(tmp_path):
    """U+2010, which WeasyPrint and Chrome write at line ends, and the soft hyphen with a visible one behind it."""
    font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
    if not pymupdf.os.path.exists(font):
        pytest.skip("DejaVu Sans is not installed")

    def draw(page, number):
        page.insert_font("F", font)
        for i, line in enumerate(["moss on the north side of old walls remem‐", "bers rain, and well‑known shade helps it"]):
            page.insert_text((72, 100 + 14 * i), line, fontname="F", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf") == "moss on the north side of old walls remembers rain, and well-known shade helps it"


def test_a_browser_parts_words_with_a_sign_of_its_own(tmp_path):
    """U+2010 at line ends is such a one, though no other hyphen stands on the page and the browser parts words seldom."""
    font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
    if not pymupdf.os.path.exists(font):
        pytest.skip("DejaVu Sans is not installed")
    document = pymupdf.open()
    page = document.new_page()
    page.insert_font("F", font)
    for i, line in enumerate(["moss on the north side of old walls remem‐", "bers rain, and shade helps it"]):
        page.insert_text((72, 100 + 14 * i), line, fontname="F", fontsize=11)
    document.set_metadata({"producer": "WeasyPrint 62.3"})
    document.save(tmp_path / "m.pdf")
    assert read(tmp_path / "m.pdf") == "moss on the north side of old walls remembers rain, and shade helps it"


@pytest.mark.parametrize(
    ("letter", "rest", "read_as"), [("M", "oss grows", "Moss grows"), ("A", "nd so it grew", "And so it grew"), ("A", "wall", "A wall")]
)
def test_a_large_first_letter_begins_its_word(letter, rest, read_as):
    """Under a heading or alone, beside the first lines of the paragraph."""
    heading = Block(72, 80, 200, 120, ["Of Walls", letter])
    text = Block(90, 100, 300, 142, [rest, sentence(1), "and every wall has moss."])
    assert [part.text for part in paragraphs([heading, text], 14.0)] == ["Of Walls", f"{read_as} {sentence(1)} and every wall has moss."]


def test_a_full_line_of_few_letters_ends_no_paragraph(tmp_path):
    """Wide gaps between words leave it short of letters, yet it reaches the edge."""
    said = ["It stood for many years in the rain.", "Nobody saw it.", "Then a wall of brick was set beside it, and", "the moss came down."]

    def draw(page, _):
        for i, line in enumerate([*said, *(sentence(j, 8) for j in range(6))]):
            width = pymupdf.get_text_length(line, fontsize=11)
            x = 72.0
            for word in line.split():  # justified
                page.insert_text((x, 120 + 14 * i), word, fontsize=11)
                gap = (230 - width) / (len(line.split()) - 1) if i < len(said) - 1 else 0
                x += pymupdf.get_text_length(f"{word} ", fontsize=11) + gap

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith(" ".join(said[:3]))


def test_rows_that_are_blocks_of_their_own_are_one_table(tmp_path):
    """Without rules, set wide apart; the head comes again on the next page."""
    rows = [("Wall", "Height", "Note"), *((f"Gate {i}", f"{i}.5", "red") for i in range(1, 9))]

    def draw(page, number):
        shown = rows[:5] if number == 0 else [rows[0], *rows[5:]]
        top = 520 if number == 0 else 100
        if number == 0:
            text_of(page, 0)
        for i, row in enumerate(shown):
            for x, cell in zip((72, 220, 360), row, strict=True):
                page.insert_text((x, top + 26 * i), cell, fontsize=11)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert read(tmp_path / "m.pdf").endswith("\n\n" + "\n".join("\t".join(row) for row in rows))


@pytest.mark.parametrize("head", [{"fontsize": 14}, {"fontsize": 11, "fontname": "hebo"}])
def test_a_heading_set_close_to_its_text_is_no_part_of_it(tmp_path, head):
    def draw(page, _):
        page.insert_text((72, 100), "Old walls", **head)
        for i in range(5):
            page.insert_text((72, 114 + 14 * i), sentence(i).capitalize(), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith("Old walls\n\n")


def test_narrow_cells_that_came_as_one_line_are_cells(tmp_path):
    """Less white than a letter is wide parts them from the longest of the first column, as in tables of web pages."""
    rows = [("Wall", "Age"), ("Northern", "300"), ("South", "12"), ("East", "7")]

    def draw(page, _):
        for i in range(5):
            page.insert_text((72, 100 + 14 * i), sentence(i).capitalize(), fontsize=11)
        for i, row in enumerate(rows):
            for x, cell in zip((76, 126), row, strict=True):
                page.insert_text((x, 180 + 14 * i), cell, fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").endswith("\n\n" + "\n".join("\t".join(row) for row in rows))


def test_a_quote_between_two_columns_parts_no_sentence(tmp_path):
    """Their lines run around it; it is read behind them."""
    said = []

    def draw(page, _):
        for column in range(2):
            for i in range(30):
                aside = 12 <= i < 16
                line = sentence(len(said), 4 if aside else 8)
                x, y = 60 + 250 * column + (100 if column and aside else 0), 100 + 13 * i + 6 * (i // 10)  # paragraphs
                page.insert_text((x, y), line, fontsize=9)
                said.append(line)
        for i in range(2):
            page.insert_text((190, 277 + 18 * i), ["Nobody mends a wall alone,", "not even a wall of stones"][i], fontsize=15)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join([*said, "Nobody mends a wall alone, not even a wall of stones"]).split()


def test_a_story_in_three_columns_over_one_in_two_is_read_first(tmp_path):
    said = []

    def draw(page, _):
        top = 72
        for columns in (3, 2):
            for column in range(columns):
                for i in range(16):
                    line = sentence(len(said), 4 if columns == 3 else 7)
                    page.insert_text((60 + column * 510 / columns, top + 13 * i), line, fontsize=9)
                    said.append(line)
            top += 260

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(said).split()


def test_a_table_without_rules_close_to_its_text_is_rows(tmp_path):
    """Heading, rows and text came as one block."""
    rows = [("Point", "Result"), ("Paint the gate", "agreed by all"), ("Buy lime", "put off")]

    def draw(page, _):
        page.insert_text((72, 100), "What was said there", fontsize=11)
        for i, row in enumerate(rows):
            for x, cell in zip((72, 250), row, strict=True):
                page.insert_text((x, 114 + 14 * i), cell, fontsize=11)
        for i in range(5):
            page.insert_text((72, 156 + 14 * i), sentence(i).capitalize(), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    said = read(tmp_path / "m.pdf").split("\n\n")
    assert said[:2] == ["What was said there", "\n".join("\t".join(row) for row in rows)]


def test_what_is_filled_into_a_form_is_read(tmp_path):
    """Values of its fields, and what is typed onto the page."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "Name:", fontsize=11)
    field = pymupdf.Widget()
    field.field_name, field.field_type, field.rect = "name", pymupdf.PDF_WIDGET_TYPE_TEXT, pymupdf.Rect(150, 88, 400, 106)
    field.field_value = "Fiona Flint"
    page.add_widget(field)
    page.add_freetext_annot(pymupdf.Rect(72, 200, 400, 220), "Seen by the board.", fontsize=11)
    document.save(tmp_path / "m.pdf")
    assert read(tmp_path / "m.pdf").split("\n\n") == ["Name:", "Fiona Flint", "Seen by the board."]
