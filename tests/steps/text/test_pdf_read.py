"""What readers of real papers miss at once: numbers of citations at line beginnings, headings of small capitals, and the like."""

import re

import pymupdf
import pytest

from steps.text import pdf_glyphs
from steps.text.columns import Block
from steps.text.manuscripts import drop_line_numbers
from steps.text.manuscripts import name_letters as with_letters
from steps.text.parts import Part
from steps.text.pdf_joins import as_written
from steps.text.pdf_text import _label, goes_on, paragraphs
from tests.steps.text.test_manuscripts import drawn, read, sentence
from tests.steps.text.test_pdf_bidi import name_letters

TEXT = "The moss on the north wall covers more than that on the south wall, as the numbers of"


@pytest.mark.parametrize("number", ["(3)", "[3]"])
def test_a_number_cited_at_the_beginning_of_a_line_is_no_item(number):
    """Where the sentence goes on behind it, and nothing else is numbered."""
    lines = [TEXT, f"{number} tell us; we have counted them again in all four years and found the same.", "No wall was left out."]
    [part] = paragraphs([Block(72, 100, 500, 142, lines)], 14.0)
    assert part.text == " ".join(lines)


def test_items_of_a_list_in_small_letters_are_items():
    lines = ["Of the walls that we have seen we know", "(1) their height and the year in which they were built", "(2) their moss"]
    assert [part.text for part in paragraphs([Block(72, 100, 500, 142, lines)], 14.0)] == lines


def test_a_list_within_a_sentence_has_no_items():
    """Its numbers may stand at the beginning of lines."""
    lines = [
        "The steps are: (1) count the walls of the street and their moss,",
        "(2) count them again after a year, (3) if there",
        "is more, ask why.",
    ]
    assert [part.text for part in paragraphs([Block(72, 100, 500, 142, lines)], 14.0)] == [" ".join(lines)]


def test_lines_that_begin_with_a_dash_are_items():
    """Or what people say; a dash within a sentence may begin a line, too."""
    lines = [
        "— moss",
        "— walls of stone and of brick, which are old and were built by people whom nobody asked about them",
        "— rain",
        "Count all of",
    ]
    below = "them once a month, if you can, and write down what you have seen on that day, even where nothing has changed since the last"
    found = [part.text for part in paragraphs([Block(72, 100, 500, 170, [*lines, below])], 14.0)]
    assert found == [*lines[:3], f"{lines[3]} {below}"]
    prose = ["He asked Berg (“H. Berg”)", "— and nobody else — whether", "— as she had said — moss grows"]
    assert len(paragraphs([Block(72, 100, 500, 142, prose)], 14.0)) == 1


def test_a_short_name_in_parentheses_goes_on_above():
    assert goes_on(
        f"{TEXT} the relevance vector machine", "(RVM), which we have tried on all of the walls and found to be slower than the other one."
    )
    assert not goes_on(f"{TEXT} the machine", "(1) The first of the walls that we have seen has more moss than all the others together.")


def test_a_column_that_begins_with_a_citation_goes_on():
    assert goes_on("The moss covers the north wall", "[12, 14–16], whereas the south wall is bare.")
    assert not goes_on("The moss covers the north wall", "[12] Berg, H. Walls of the north.")


def test_a_heading_whose_font_has_low_boxes_is_no_label():
    """Small capitals come in boxes of half the height; their size says that they are no label of a figure."""
    assert not _label(Block(60, 100, 300, 106, ["2. On the age of walls"], size=11.0), 12.0)
    assert _label(Block(60, 100, 300, 106, ["age of walls"], size=6.0), 12.0)
    assert _label(Block(60, 100, 70, 106, ["X"], size=11.0), 12.0)
    assert not _label(Block(60, 100, 85, 106, ["Cat"], size=11.0), 12.0)


@pytest.mark.parametrize(
    "block",
    [
        Block(70, 100, 300, 107, ["#", "make uninstall"]),  # in a typewriter, whose boxes are low
        Block(226, 280, 334, 285, ["commercially, mentioning its origin."], size=5.0),
        Block(103, 267, 539, 274, ["12.1. Elements\t35"], size=7.6),  # of the contents
        Block(150, 361, 230, 366, ["• 2018/02/08 (v. 1.0)"], size=10.0),
        Block(76, 86, 202, 93, ["1", "def testCircularAdvection"], size=5.0),  # the number of a line of code is small
        Block(306, 716, 457, 722, ["Fig. 4. Walls of stone"], size=6.0),
    ],
)
def test_small_lines_of_text_are_no_labels(block):
    assert not _label(block, 12.0)


def test_numbers_of_sections_are_no_line_numbers(tmp_path):
    """All line numbers stand in a column of their own, left of the text."""

    def draw(page, number):
        for i in range(40):
            page.insert_text((24, 80 + 15 * i), str(40 * number + i + 1), fontsize=6)
        page.insert_text((72, 80), str(number + 1), fontsize=11, fontname="hebo")
        page.insert_text((95, 80), "On Walls", fontsize=11, fontname="hebo")
        for i in range(1, 40):
            page.insert_text((72, 80 + 15 * i), sentence(i + 40 * number).capitalize(), fontsize=11)

    drawn(tmp_path / "n.pdf", 2, draw)
    text = read(tmp_path / "n.pdf")
    assert re.findall(r"\d+.*?Walls|\d+", text) == ["1 On Walls", "2 On Walls"]


def test_a_block_without_its_line_numbers_begins_where_its_text_does():
    """Else numbers between two columns would close the gutter."""
    numbered = [Block(299, 100 * i, 562, 100 * i + 60, [str(5 * i + 5), *[sentence(i)] * 4]) for i in range(9)]
    others = [Block(317, 100 * i + 60, 562, 100 * i + 80, [sentence(i)] * 2) for i in range(9)]
    assert drop_line_numbers([[*numbered, *others]]) == 9
    assert {block.x0 for block in numbered} == {317}


def test_a_heading_set_close_to_its_text_is_one_though_it_is_long(tmp_path):
    """In capitals, or parted from its number by a wide gap."""

    def draw(page, _):
        for at, head in ((80, ("2. THE WALLS THAT WE HAVE SEEN AND COUNTED",)), (180, ("3.", "The moss"))):
            for x, words in zip((72, 96), head, strict=False):
                page.insert_text((x, at), words, fontsize=10, fontname="hebo")
            for i in range(5):
                page.insert_text((72, at + 12 + 12 * i), sentence(i + at).capitalize(), fontsize=10)

    drawn(tmp_path / "h.pdf", 1, draw)
    parts = read(tmp_path / "h.pdf").split("\n\n")
    assert [part for part in parts if part[0].isdigit()] == ["2. THE WALLS THAT WE HAVE SEEN AND COUNTED", "3. The moss"]


@pytest.mark.parametrize("mark", ["[{}]", "({})"])
def test_numbered_paragraphs_are_no_table(tmp_path, mark):
    """As in laws and patents: each begins with its number and a wide gap; their lines go on below."""

    def draw(page, _):
        for i in range(6):
            page.insert_text((72, 80 + 60 * i), mark.format(i + 1), fontsize=11)
            page.insert_text((108, 80 + 60 * i), f"Wall {'abcdef'[i]}: {sentence(i, 13)}", fontsize=11)
            page.insert_text((72, 100 + 60 * i), sentence(i + 13, 4), fontsize=11)

    drawn(tmp_path / "p.pdf", 1, draw)
    wanted = [f"{mark.format(i + 1)} Wall {'abcdef'[i]}: {sentence(i, 13)} {sentence(i + 13, 4)}" for i in range(6)]
    assert read(tmp_path / "p.pdf").split("\n\n") == wanted


@pytest.mark.parametrize("close", [True, False])
def test_places_of_authors_are_lines(tmp_path, close):
    """Each behind its raised mark, in one block or not; neither the authors above nor an abstract below them goes on in one."""

    def draw(page, _):
        page.insert_text((200, 80), "Hanna Berg and Olaf Stein", fontsize=12)
        for i, place in enumerate(["Institute of Walls, Bergen", "School of Moss, Stavanger"]):
            page.insert_text((160, 100 + (12 if close else 24) * i), "ab"[i], fontsize=6)
            page.insert_text((163.5, 104 + (12 if close else 24) * i), place, fontsize=9)
        for i in range(12):
            page.insert_text((72, 150 + 14 * i), sentence(i), fontsize=11)

    drawn(tmp_path / "a.pdf", 1, draw)
    found = read(tmp_path / "a.pdf").split("\n\n")
    assert found[:3] == ["Hanna Berg and Olaf Stein", "aInstitute of Walls, Bergen", "bSchool of Moss, Stavanger"]
    assert found[3].startswith(sentence(0))


@pytest.mark.parametrize("producer", ["Typst 0.15", "Somebody else's"])
def test_a_glyph_that_says_nothing_is_no_blank(tmp_path, producer):
    """In Turkish, Typst lets the f say `fi` and the i say nothing; behind a word that ends so, or in a ligature, there is a blank."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_text((72, 100), "grafqk bir harfq tarim daha", fontsize=11)
    name_letters(document, {letter: letter for letter in "grakbihdt "} | {"f": "fi", "q": " ", "m": "ff"})
    document.set_metadata({"producer": producer})
    document.save(tmp_path / "m.pdf")
    assert (read(tmp_path / "m.pdf") == "grafik bir harfi tariff daha") == producer.startswith("Typst")


def test_the_sign_behind_a_proof_ends_its_paragraph():
    proof = f"{TEXT} moss that we have seen on them in all of the years since tell us. This ends the proof"
    following = "Such walls are old, and nobody in the village knows who has built them or when that was."
    assert goes_on(proof, following)
    assert not goes_on(f"{proof} □", following)


def test_white_behind_a_sign_is_a_blank(tmp_path):
    """mupdf sets none behind signs of mathematics, as where TeX writes no blanks; what stands close to one stays so."""

    def draw(page, _):
        writer = pymupdf.TextWriter(page.rect)
        said = [(72, "Where k"), (116, "≤"), (125.5, "two and m"), (183.5, "≤"), (189.7, "three, the moss is thin.")]
        for x, word in said:
            writer.append((x, 100), word, font=pymupdf.Font("symb" if word == "≤" else "helv"), fontsize=11)
        writer.write_text(page)

    drawn(tmp_path / "s.pdf", 1, draw)
    assert read(tmp_path / "s.pdf") == "Where k ≤ two and m ≤three, the moss is thin."


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("Le m`etre est la longueur", "Le mètre est la longueur"),
        ("Ays¸e Güls¸en tas¸c¸ı", "Ayşe Gülşen taşçı"),  # each cedilla behind its letter
        ("ya¸samak ve ta¸s", "yaşamak ve taş"),  # before it, as TeX's own fonts have it
        ("Quote `apple' so", "Quote `apple' so"),
    ],
)
def test_accents_beside_their_letters_are_part_of_them(came, said):
    block = Block(72, 100, 300, 112, [came])
    with_letters([block])
    assert block.lines == [said]


def test_a_cedilla_below_its_letter_parts_no_word(tmp_path):
    """It ends before the letter does, so that a blank seems to follow; where one does, it stays."""

    def draw(page, _):
        for x, word in (72, "ukurova"), (124, "ve D"):
            page.insert_text((x, 100), "C", fontsize=11)
            page.insert_text((x + 1.5, 100), "¸", fontsize=11)
            page.insert_text((x + (8.2 if word == "ukurova" else 11.5), 100), word, fontsize=11)

    drawn(tmp_path / "c.pdf", 1, draw)
    assert read(tmp_path / "c.pdf") == "Çukurova Ç ve D"


def test_the_last_entry_of_contents_is_none_of_the_text_below(tmp_path):
    """LaTeX sets no white between them."""

    def draw(page, _):
        for i, (number, name, at) in enumerate((("1", "Old walls", "2"), ("2", "Young walls", "3"))):
            for x, word in ((72, number), (90, name), (500, at)):
                page.insert_text((x, 100 + 30 * i), word, fontsize=11, fontname="hebo")
        for i in range(6):
            page.insert_text((72, 143 + 13 * i), sentence(i, 16), fontsize=11)

    drawn(tmp_path / "c.pdf", 1, draw)
    assert read(tmp_path / "c.pdf") == f"1\tOld walls\t2\n\n2 Young walls\t3\n\n{' '.join(sentence(i, 16) for i in range(6))}"


@pytest.mark.parametrize(
    ("producer", "said"), [("GPL Ghostscript 9.55.0", "the set {a, b} of walls"), ("Another", "the set ¶a, b} of walls")]
)
def test_braces_that_ghostscript_renames_are_braces(tmp_path, monkeypatch, producer, said):
    """It takes their codes in ASCII for those of TeX's font of symbols."""
    monkeypatch.setattr(pdf_glyphs, "SYMBOLS", re.compile("Helvetica"))
    document = pymupdf.open()
    document.new_page().insert_text((72, 100), "the set ¶a, b} of walls", fontsize=11)
    document.set_metadata({"producer": producer})
    document.save(tmp_path / "g.pdf")
    assert read(tmp_path / "g.pdf") == said


def test_codes_of_glyphs_that_say_nothing_are_not_let_out():
    """Brackets of some fonts of formulas, and the joined i and j, which mupdf reads for them in other fonts."""
    said = ["\x00moss\x01 or\u0133inal", "10\x0210 mbar", "\x12\x13", "    if moss:\n\x08\tgrow"]
    parts = [Part("listing" if "\n" in text else "text", text) for text in said]
    assert [part.text for part in as_written(parts, "\n".join(said))] == ["moss orijinal", "10 10 mbar", "", "    if moss:\n\tgrow"]


@pytest.mark.parametrize(("creator", "said"), [("QuarkXPress 7.31", "Calibration of walls"), ("Another", "Calibra tion of walls")])
def test_a_blank_on_which_the_next_letter_stands_is_none(tmp_path, creator, said):
    """Some programs leave one where a word may be parted. Elsewhere letters are not looked at for it."""
    document = pymupdf.open()
    writer = pymupdf.TextWriter(document.new_page().rect)
    _, (x, _) = writer.append((72, 100), "Calibra", fontsize=11)
    writer.append((x, 100), " ", fontsize=11)
    writer.append((x, 100), "tion of walls", fontsize=11)
    writer.write_text(document[0])
    document.set_metadata({"creator": creator})
    document.save(tmp_path / "q.pdf")
    assert read(tmp_path / "q.pdf") == said


@pytest.mark.parametrize(("before", "count"), [("the plan is described in Sections 9 and", 1), ("the plan is described and", 2)])
def test_a_line_that_begins_with_the_number_of_a_section_is_no_item(before, count):
    lines = [before, "10. This proposal asks for a wall of stone that is as long as the whole street of the town."]
    assert len(paragraphs([Block(50, 100, 500, 124, lines, size=10)], 12.0)) == count
