"""Lines of a PDF that end where their author ended them, names in other scripts, and stamps."""

import pymupdf

from steps.text.columns import Block
from steps.text.documents import read_documents
from steps.text.pdf_bidi import followed
from steps.text.pdf_text import paragraphs
from steps.text.pdf_verses import set_entries, set_verses

POEM = [
    "The wall stood up before the rain,", "and rain came down the wall;", "the moss that drank it came again", "and did not mind at all."
]  # fmt: skip
SONNET = [
    "O wall that stands where all the winds have blown,", "Thou keepest count of every drop of rain,",
    "And every winter takes of thee a stone", "That no spring ever gives thee back again;",
]  # fmt: skip
PROSE = "The moss grew on the north wall for two years before anybody in the house had seen it, and we asked the owners to leave it. " * 3


def read(path) -> list[str]:
    return "\n\n".join(found.text for found in read_documents(path, complain=print)).split("\n\n")


def page_of(path, *boxes: tuple[float, str]) -> list[str]:
    """What is read of a page with boxes of text at these heights."""
    document = pymupdf.open()
    page = document.new_page()
    for y, text in boxes:
        assert page.insert_textbox(pymupdf.Rect(70, y, 520, y + 200), text, fontsize=11, fontname="tiro") >= 0
    document.save(path)
    return read(path)


def test_verses_keep_their_lines(tmp_path):
    """Those that all begin with capitals by themselves, others by the room that is left beside them."""
    found = page_of(tmp_path / "a.pdf", (60, "\n".join(SONNET)), (160, "\n".join(POEM)), (260, PROSE))
    assert found == ["\n".join(SONNET), "\n".join(POEM), PROSE.strip()]


def test_an_address_keeps_its_lines(tmp_path):
    """And nothing goes on in it."""
    address = "Ms B. Stone\nMill Lane 3\n34000 Istanbul"
    assert page_of(tmp_path / "a.pdf", (60, address), (160, PROSE)) == [address, PROSE.strip()]


def test_centred_lines_keep_their_ends(tmp_path):
    """Where one left room for the first word of the next, or is an address of mail; centred text goes on."""

    def read_centred(name: str, lines: list[str]) -> list[str]:
        document = pymupdf.open()
        page = document.new_page()
        for i, line in enumerate(lines):
            width = pymupdf.get_text_length(line, fontname="tiro", fontsize=11)
            page.insert_text((297 - width / 2, 80 + 13 * i), line, fontsize=11, fontname="tiro")
        page.insert_textbox(pymupdf.Rect(70, 200, 520, 400), PROSE, fontsize=11, fontname="tiro")
        document.save(tmp_path / name)
        return read(tmp_path / name)[:-1]

    labs = ["P. Moss, Institute of Walls, Ankara", "B. Stone, C. Flint, Coastal University, 34000 Galway, Ireland"]
    assert read_centred("a.pdf", labs) == ["\n".join(labs)]
    mail = ["Hekla, Iceland", "flint@coast-and-wall.org"]
    assert read_centred("b.pdf", mail) == ["\n".join(mail)]
    text = [
        "the moss that grew on the north wall for two long years",
        "was seen by nobody until the owners had it scraped",
        "from all of it.",
    ]
    assert read_centred("c.pdf", text) == [" ".join(text)]


def test_prose_in_a_narrow_column_is_prose(tmp_path):
    """So is a title, a caption, a list with marks, and what stands side by side."""
    narrow = ["Moss is old, and", "walls are older", "than any of us", "have ever been."]
    for lines, height in (
        (narrow, 14),
        (["Moss on Mortar", "In a Small Town", "Of the North"], 30),
        (["Figure 1. The wall,", "The tower,", "The roof."], 14),
        (["1. The wall", "2. The tower", "3. The roof"], 14),
        (["Ver 0.1", "Sep. 6, 2012,", "The first version."], 5),
    ):
        block = Block(70, 100, 160, 100 + height * len(lines), lines)
        set_verses([block, Block(70, 300, 520, 400, [PROSE[:90]] * 6)], 14)
        assert not block.verse, lines


def test_what_follows_a_name_in_arabic_or_hebrew_stands_behind_it():
    """mupdf gives blanks and commas before it."""
    data = "by  ابنin the town of  ,דמשקand later".encode()
    assert followed(data, data.decode()) == "by ابن in the town of דמשק, and later"
    assert followed(b"by  Ibn, in", "by  Ibn, in") == "by  Ibn, in"


def test_a_stamp_aslant_is_no_text(tmp_path):
    """A few words that run up the page; a scan that is turned by two degrees is read."""
    document = pymupdf.open()
    for angle, said in ((12, "RECEIVED"), (2, "ACCEPTED")):
        page = document.new_page()
        page.insert_textbox(pymupdf.Rect(70, 200, 520, 400), PROSE, fontsize=11)
        point = pymupdf.Point(300, 120)
        page.insert_text(point, said, fontsize=18, morph=(point, pymupdf.Matrix(angle)))
    document.save(tmp_path / "a.pdf")
    text = " ".join(read(tmp_path / "a.pdf"))
    assert "RECEIVED" not in text
    assert "ACCEPTED" in text


def test_the_address_of_a_sender_keeps_its_lines(tmp_path):
    """It is set at the right edge."""
    document = pymupdf.open()
    page = document.new_page()
    address = "Jane Roe\n12 Mill Lane\nYork YO1 7AB"
    page.insert_textbox(pymupdf.Rect(70, 60, 520, 110), address, fontsize=11, fontname="tiro", align=pymupdf.TEXT_ALIGN_RIGHT)
    page.insert_textbox(pymupdf.Rect(70, 160, 520, 400), PROSE, fontsize=11, fontname="tiro", align=pymupdf.TEXT_ALIGN_JUSTIFY)
    document.save(tmp_path / "a.pdf")
    assert read(tmp_path / "a.pdf") == [address, PROSE.strip()]


def test_entries_of_contents_are_lines(tmp_path):
    """A tab stands for the dots that lead to the number, which may be set by itself below a long title."""
    entries = ["Contents", f"1 Walls {'.' * 60} 3", f"1.1 Walls to the north {'. ' * 30}3", "2 Moss", f"{'.' * 40} 12"]
    found = page_of(tmp_path / "a.pdf", (60, "\n".join(entries)), (260, PROSE))
    assert found == ["Contents\n1 Walls\t3\n1.1 Walls to the north\t3\n2 Moss\t12", PROSE.strip()]


def test_dots_that_lead_nowhere_are_text(tmp_path):
    found = page_of(tmp_path / "a.pdf", (60, f"He waited ...... and said: 3\n{PROSE}"))
    assert found[0].startswith("He waited ...... and said: 3 The moss")


def test_entries_of_contents_that_came_in_pieces_are_lines(tmp_path):
    """LaTeX sets number, name, dots and page apart, and no dots behind a chapter."""
    document = pymupdf.open()
    page = document.new_page()
    rows = [("1", "Walls", "", "3"), ("1.1", "Walls to the north", ". " * 20, "3"), ("1.2", "Walls to the south", ". " * 20, "12")]
    for at, (number, name, dots, to) in enumerate(rows):
        for x, piece in ((70, number), (95, name), (210, dots), (440, to)):
            page.insert_text((x, 80 + 13 * at), piece, fontsize=11, fontname="tiro")
    page.insert_textbox(pymupdf.Rect(70, 260, 520, 460), PROSE, fontsize=11, fontname="tiro")
    document.save(tmp_path / "a.pdf")
    assert read(tmp_path / "a.pdf")[0] == "1 Walls\t3\n1.1 Walls to the north\t3\n1.2 Walls to the south\t12"


def test_a_long_entry_of_contents_has_its_page_in_its_last_row():
    rows = [
        ["1", "Of walls", "2"],
        ["1.1", "The moss on the north side and the sun-"],
        ["dried cushions . . . . . .", "3"],
        ["1.2 Rain . . . . . . .", "4"],
    ]
    block = Block(72, 100, 300, 150, [cell for row in rows for cell in row])
    set_entries(block, rows)
    assert block.lines == ["1 Of walls\t2", "1.1 The moss on the north side and the sundried cushions\t3", "1.2 Rain\t4"]


def test_lines_of_an_algorithm_are_lines():
    """In the letters of the text, with or without numbers; prose that begins with such words is prose."""
    lines = ["Data: the walls of a street", "Result: their moss", "while there are walls do", "look at the next one;"]
    numbered = ["9: while n > 0 do", "10:", "if n is even then", "11: end if"]
    prose = [
        "while the walls of the street are old and have moss on them",
        "for years they were young, until the rain",
        "begin to fall on them.",
    ]
    blocks = [Block(72, 100, 300, 148, lines), Block(72, 160, 300, 196, numbered), Block(72, 200, 300, 236, list(prose))]
    set_verses(blocks, 12.0)
    assert [block.verse for block in blocks] == [True, True, False]
    assert blocks[1].lines == ["9: while n > 0 do", "10: if n is even then", "11: end if"]


def test_entries_of_contents_with_numbers_are_no_headings():
    entries = ["1 Walls\t2", "1.1 Old walls\t2", "2 References\t14"]
    blocks = [Block(50, 100 + 14 * at, 400, 112 + 14 * at, [entry], size=10.0, verse=True) for at, entry in enumerate(entries)]
    text = Block(50, 200, 400, 236, ["2\tWalls of stone"], size=10.0)
    parts = paragraphs([*blocks, text], 12.0)
    assert {part.kind for part in parts[:-1]} == {"table"}
    assert "\n".join(part.text for part in parts[:-1]) == "\n".join(entries)
    assert parts[-1].kind == "heading"
