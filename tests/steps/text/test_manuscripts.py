"""Manuscripts and LaTeX papers as a person reads them: each test draws its own pages."""

import re

import pymupdf
import pytest

from steps.text.columns import Block
from steps.text.documents import read_documents
from steps.text.manuscripts import name_letters
from steps.text.notes import drop_marks, mark_notes
from steps.text.papers import Hyphens, reference_span
from steps.text.parts import Wanted

PHRASE = (
    "moss grows slowly on the north side of old walls and needs little more than rain and some shade to cover the stone in a few years "
    "while the south side stays bare because the sun dries every cushion before it can hold on to the joints between the bricks"
)
WORDS = PHRASE.split()


def sentence(seed: int, words: int = 11) -> str:
    """A line of text, another for each seed."""
    return " ".join(WORDS[(seed * 7 + i) % len(WORDS)] for i in range(words))


def read(path, **parts) -> str:
    [document] = read_documents(path, parts=Wanted(**parts), complain=print)
    return document.text


def drawn(path, pages: int, draw) -> None:
    """A PDF whose pages `draw(page, number)` fills."""
    document = pymupdf.open()
    for number in range(pages):
        draw(document.new_page(width=612, height=792), number)
    document.save(path)


@pytest.mark.parametrize("step", [1, 5])
def test_line_numbers_of_a_manuscript_are_no_text(tmp_path, step):
    """Numbered lines, double spaced: no number is left, and the lines are paragraphs."""

    def draw(page, number):
        for i in range(24):
            count = number * 24 + i + 1
            page.insert_text((110, 100 + 25 * i), sentence(count), fontsize=12)
            if count % step == 0:
                page.insert_text((80, 100 + 25 * i), str(count), fontsize=6)

    drawn(tmp_path / "m.pdf", 3, draw)
    text = read(tmp_path / "m.pdf", tables=False)
    assert re.findall(r"\d+", text) == []
    assert [sentence(i + 1) in text.replace("\n\n", " ") for i in range(72)] == [True] * 72
    assert text.count("\n\n") < 6


def test_a_table_of_years_in_a_paper_stays(tmp_path):
    """A column that counts up is no numbering of lines."""

    def draw(page, number):
        for i in range(20):
            page.insert_text((72, 200 + 14 * i), sentence(i + number * 20), fontsize=11)
        if number == 1:
            for i in range(6):
                page.insert_text((72, 80 + 14 * i), str(2015 + i), fontsize=11)
                page.insert_text((140, 80 + 14 * i), f"{i}.5", fontsize=11)

    drawn(tmp_path / "t.pdf", 3, draw)
    assert all(str(year) in read(tmp_path / "t.pdf") for year in range(2015, 2021))


def test_page_numbers_far_from_the_edge_go(tmp_path):
    """The wide margins of LaTeX's own classes: the number is the last on its page, and the head the first."""

    def draw(page, number):
        page.insert_text((130, 100), "A. Berg and M. Kaya", fontsize=10)
        for i in range(38):
            page.insert_text((130, 130 + 14 * i), sentence(i + number * 40), fontsize=11)
        page.insert_text((300, 698), str(number + 1), fontsize=11)

    drawn(tmp_path / "n.pdf", 3, draw)
    text = read(tmp_path / "n.pdf")
    assert "Berg" not in text
    assert re.findall(r"\d", text) == []


def test_a_footnote_of_one_line_and_its_mark_go(tmp_path):
    """Its raised number makes the line as tall as the text's; the number in the text goes with it, unless footnotes are kept."""

    def draw(page, number):
        for i in range(40):
            page.insert_text((72, 80 + 13 * i), sentence(i + number * 50), fontsize=11)
        if number == 0:
            end = 72 + pymupdf.get_text_length(sentence(39), fontsize=11)
            page.insert_text((end, 80 + 13 * 39 - 4), "1", fontsize=7)
            page.insert_text((80, 626), "1", fontsize=6)
            page.insert_text((84, 630), "Measured with the same ruler in both years.", fontsize=9)

    drawn(tmp_path / "f.pdf", 2, draw)
    assert "ruler" not in read(tmp_path / "f.pdf")
    assert re.findall(r"\d", read(tmp_path / "f.pdf")) == []
    assert "1" in read(tmp_path / "f.pdf", footnotes=True)


def test_a_table_is_rows_of_cells(tmp_path):
    """Cells that stand side by side in one block are a row each, and no text when tables are not wanted."""

    def draw(page, number):
        for i in range(20):
            page.insert_text((72, 80 + 13 * i), sentence(i), fontsize=11)
        for i, row in enumerate([("Wall", "2019", "2020"), ("North", "12.1", "13.4"), ("South", "2.1", "3.4")]):
            for j, cell in enumerate(row):
                page.insert_text((200 + 40 * j, 400 + 12 * i), cell, fontsize=10)

    drawn(tmp_path / "t.pdf", 1, draw)
    assert "North\t12.1\t13.4" in read(tmp_path / "t.pdf")
    assert "North" not in read(tmp_path / "t.pdf", tables=False)


def test_letters_of_bitmap_fonts_are_named():
    """LaTeX's T1 fonts without names: Turkish letters and ligatures come as bare codes."""
    turkish = Block(0, 0, 1, 1, ["bak\x19r", "yaln\x19zca duvar\x19n a§ac\x19 ve \x93erit kar³\x19s\x19nda, \x9dki"])
    english = Block(0, 0, 1, 1, ["the di\x1berent \x1cgures, 3 m³ and § 4"])
    formula = Block(0, 0, 1, 1, ["\x12 a \x1b b", "Charlie Author§"])
    name_letters([turkish])
    name_letters([english, formula])
    assert turkish.lines == ["bakır", "yalnızca duvarın ağacı ve Şerit karşısında, İki"]
    assert english.lines == ["the different figures, 3 m³ and § 4"]
    assert formula.lines == ["\x12 a \x1b b", "Charlie Author§"]


def test_an_appendix_known_by_its_letter_ends_the_reference_list():
    """`A How the plots were drawn`, with text below it."""
    body = [sentence(i, 60) for i in range(6)]
    entries = [f"[{i}] Berg A. Moss on walls. {1990 + i}." for i in range(5)]
    paragraphs = [*body, "References", *entries, "A How the plots were drawn", sentence(3, 50)]
    assert reference_span(paragraphs) == (6, 12)


def test_authors_beside_each_other_are_read_one_by_one(tmp_path):
    """Three authors over two columns, each with two boxes, under a title that spans both."""

    def draw(page, number):
        page.insert_text((190, 70), "Moss on the walls of a small town", fontsize=16)
        for i, name in enumerate(["Anna Berg", "Mehmet Kaya", "Li Chen"]):
            page.insert_text((80 + 170 * i, 100), name, fontsize=12)
            page.insert_text((80 + 170 * i, 116), f"Institute {i + 1}", fontsize=9)
        for column in range(2):
            for i in range(40):
                page.insert_text((54 + 264 * column, 160 + 12 * i), sentence(i + 40 * column, 8), fontsize=9)

    drawn(tmp_path / "a.pdf", 1, draw)
    front = " ".join(read(tmp_path / "a.pdf").split())
    assert re.search(r"small town Anna Berg Institute 1 Mehmet Kaya Institute 2 Li Chen Institute 3", front)


def test_a_compound_parted_at_its_hyphen_keeps_it():
    """Both halves are words of the document; `mea-sured` is not two."""
    hyphens = Hyphens("it looks north to walls facing the sea")
    assert hyphens.join("north-", "facing walls") == "north-facing walls"
    assert hyphens.join("mea-", "sured") == "measured"


def test_bullets_set_apart_are_no_column_of_a_table(tmp_path):
    """Writers of PDF set a mark and its item as two pieces of one row: they stay text where tables are not wanted."""

    def draw(page, number):
        for i in range(20):
            page.insert_text((72, 80 + 13 * i), sentence(i), fontsize=11)
        for i, item in enumerate(["north is green", "south is dry", "east is between"]):
            page.insert_text((80, 400 + 13 * i), "-", fontsize=11)
            page.insert_text((98, 400 + 13 * i), item, fontsize=11)

    drawn(tmp_path / "b.pdf", 1, draw)
    text = read(tmp_path / "b.pdf", tables=False)
    assert [f"- {item}" in text for item in ("north is green", "south is dry", "east is between")] == [True] * 3


def test_the_end_of_a_citation_at_the_top_of_a_column_is_no_page_number(tmp_path):
    """`7].` alone on the first line, where page numbers stand too."""

    def draw(page, number):
        page.insert_text((72, 60), "7]." if number else "See walls [6,", fontsize=11)
        for i in range(45):
            page.insert_text((72, 80 + 14 * i), sentence(i + number * 50), fontsize=11)

    drawn(tmp_path / "c.pdf", 2, draw)
    assert "7]." in read(tmp_path / "c.pdf")


def test_a_page_with_nothing_but_its_number_is_passed_over(tmp_path):
    """A scanned page among others, a divider: the text goes on behind it."""

    def draw(page, number):
        page.insert_text((300, 760), str(number + 1), fontsize=9)
        for i in range(6 if number != 1 else 0):
            page.insert_text((72, 100 + 14 * i), sentence(number * 6 + i), fontsize=11)

    drawn(tmp_path / "m.pdf", 3, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in [*range(6), *range(12, 18)]).split()


@pytest.mark.parametrize("head", ["Ek A: Ölçüm çizelgesi", "Ek 2", "Ekler", "Appendix B"])
def test_an_appendix_behind_the_references_is_read(head):
    """Entries end where it begins, in Turkish too."""
    texts = ["A long text. " * 9, "Kaynaklar", "Aksoy, A. (2019). Yosun.", "Dilek, C. (2017). Duvar.", head, "What the appendix says."]
    assert reference_span(texts) == (1, 4)


def test_the_number_of_a_section_calls_no_footnote():
    """A note 2 on the page takes the raised 2 behind a word or its full stop, never the one of `A.2.`."""
    note = Block(0, 700, 400, 710, ["2 The beds were dug by hand."], note=True)
    heading, text = Block(0, 100, 400, 112, ["A.2. Additive models"]), Block(0, 120, 400, 132, ["It was measured.2 Then it rained."])
    drop_marks([heading, text, note])
    assert (heading.lines, text.lines) == (["A.2. Additive models"], ["It was measured. Then it rained."])


@pytest.mark.parametrize("name", ["written in latin1 or", "see walls1.txt for", "看到这么多的方式1 来管理"])
def test_a_name_that_ends_in_a_figure_calls_no_footnote(name):
    """The document has `latin2`, too; or more of the name follows; or its script sets no blank before a number."""
    note = Block(0, 700, 400, 710, ["1 The beds were dug by hand."], note=True)
    text = Block(0, 120, 400, 132, [name])
    drop_marks([text, note], f"{name}\nwritten in latin2")
    assert text.lines == [name]


@pytest.mark.parametrize(("height", "noted"), [(7.5, True), (9.0, False)])
def test_an_item_of_a_list_at_the_foot_is_no_footnote(height, noted):
    """`1. Word` is a note where it is clearly smaller than the text, else an item."""
    body = [
        Block(0, 100 + 130 * i, 400, 100 + 130 * i + 12 * n - 2, ["The snails were counted twice a week."] * n)
        for i, n in enumerate((8, 9, 10))
    ]
    item = Block(0, 700, 300, 700 + height, ["1. Count the snails of the first bed."])
    mark_notes([(800.0, [*body, item])], 11.8)
    assert item.note is noted


def test_white_behind_full_stops_makes_no_cells(tmp_path):
    """LaTeX's sentences in a numbered manuscript: their lines are parted by mupdf, and go on below."""
    said = ["It stood for many years in the rain and in the wind.", "Nobody had come to look at it so far.", "Then an-"]

    def draw(page, number):
        for i in range(20):
            x = 110.0
            for piece in (
                said
                if i == 8
                else [sentence(20 * number + i) if i != 9 else "other wall was set beside it by the people of the town and the"]
            ):
                page.insert_text((x, 100 + 25 * i), piece, fontsize=10)
                x += pymupdf.get_text_length(piece, fontsize=10) + 9
            page.insert_text((80, 100 + 25 * i), str(20 * number + i + 1), fontsize=6)

    drawn(tmp_path / "m.pdf", 3, draw)
    assert f"{said[0]} {said[1]} Then another wall was set" in read(tmp_path / "m.pdf")


def test_a_word_in_quotes_at_the_foot_of_a_page_ends_nothing(tmp_path):
    """The next page goes on with a small letter."""

    def draw(page, number):
        for i in range(40):
            line = (
                "and so the whole of the wall in the north was called as it had been, 'flat'"
                if (number, i) == (0, 39)
                else sentence(40 * number + i)
            )
            page.insert_text((72, 80 + 14 * i), line, fontsize=11)

    drawn(tmp_path / "m.pdf", 2, draw)
    assert f"'flat' {sentence(40)}" in read(tmp_path / "m.pdf")


def test_more_letters_of_bitmap_fonts(tmp_path):
    """Once it is sure that codes are letters: capitals alone, other languages, marks of items, pounds; signs of formulas stay."""
    lines = [
        "bak\x19r d\x19\xb3\x19 ya\xa7mur", "\x93u anda \x9d\xb3 ve A\xa7", "\x88 a\xa7a\xe7", "35 milyon \xbf",
        "Bogus\xaaawski", "3 m³ ve § 4", "a \x12 b", "\x1celd di\x1bers sat\x19r",
    ]  # fmt: skip
    block = Block(0, 0, 1, 1, lines, ended=("bak\x19r d\x19\xb3\x19 ya\xa7mur",))
    name_letters([block])
    assert block.lines == [
        "bakır dışı yağmur", "Şu anda İş ve Ağ", "• ağaç", "35 milyon £", "Bogusławski", "3 m³ ve § 4", "a „ b", "field differs satır",
    ]  # fmt: skip
    assert block.ended == ("bakır dışı yağmur",)


def test_german_in_bitmap_fonts_of_latex():
    """Without a ligature, which would tell: ß is the last letter of such a font; other signs of its are named with it."""
    block = Block(50, 100, 300, 150, ["Die Gröÿe \x16 groÿe Maÿe", "auÿer \x10Fuÿ\x11 und \x9f. 18 \x15 ÿ"])
    name_letters([block])
    assert block.lines == ["Die Größe — große Maße", "außer “Fuß” und §. 18 – ÿ"]
    french = Block(50, 100, 300, 150, ["L’Haÿ et Louÿs, à Aÿ, Croÿ et Faÿ"])
    name_letters([french])
    assert french.lines == ["L’Haÿ et Louÿs, à Aÿ, Croÿ et Faÿ"]


@pytest.mark.parametrize(
    ("said", "read_as"), [("the variable \ud44e and", "the variable \U0001d44e and"), ("\uc548 \ud558", "\uc548 \ud558")]
)
def test_letters_of_formulas_cut_to_16_bits_are_whole(said, read_as):
    """A syllable of Korean without another is such a letter."""
    block = Block(50, 100, 300, 112, [said])
    name_letters([block])
    assert block.lines == [read_as]


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("si ˛e je´sli posiadaj ˛a wiedz˛e o Tre´sci", "się jeśli posiadają wiedzę o Treści"),
        ("it´s Goethe´sche Art", "it´s Goethe´sche Art"),
        ("tende `a pseudo", "tende à pseudo"),
        ("cos`ı c’`e una", "così c’è una"),
        ("he said `a wall’ and", "he said `a wall’ and"),
        ("˘Strumbelj and Tu˘cek", "Štrumbelj and Tuček"),
        ("Karasuog˘lu and ˘gu", "Karasuoğlu and ğu"),
    ],
)
def test_accents_beside_their_letters_are_set_on_them(said, read_as):
    """Of Polish, Italian, Portuguese, Czech and Turkish, where such a sign may stand for an apostrophe or a quote, too."""
    block = Block(50, 100, 300, 112, [said])
    name_letters([block])
    assert block.lines == [read_as]
