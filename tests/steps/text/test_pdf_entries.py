"""Entries of the reference list of a PDF, told by their numbers or by how far in their other lines stand; and what is none."""

from steps.text.parts import Wanted
from steps.text.pdf_text import pdf_parts
from tests.steps.text.test_manuscripts import drawn, sentence

LISTED = [  # lines of entries, of which the first ends in a full stop, or is as wide as the column
    ["Berg, H. (1968). Points, wires and patience.", "Proceedings of the Walls Society, 13, 5-17."],
    ["Kaya, M. (2010). Counting green in digital pictures. Journal of", "Kitchen Methods, 2(1), 1-8. http:", "//walls.example/2010"],
    ["Stone, P. (2014). The Garden Wall as a Habitat. Berlin:", "Mill Press."],
    ["Vane, U. (2013). Training the eye. Wall Review, 5(3)."],
    ["Yarrow, F. (2016). Three ways to measure moss on old walls.", "Garden Letters, 7, 5-9."],
]
WHOLE = [" ".join(lines).replace("http: //", "http://") for lines in LISTED]
CAPTION = "Figure 6. The walls of the town by their height."
TEXT = [sentence(seed) + "." for seed in range(20)]


def write(page, lines, x=72.0, y=80.0, hang=0.0, size=10.0, skip=13.0) -> float:
    """Lines one below the other, those behind the first farther in; returns where the next one stands."""
    for at, line in enumerate(lines):
        page.insert_text((x + (hang if at else 0), y + skip * at), line, fontsize=size)
    return y + skip * len(lines)


def entries(page, listed, y, x=72.0, size=10.0) -> float:
    for lines in listed:
        y = write(page, lines, x, y, hang=12, size=size)
    return y


def numbered(listed, first=1):
    return [[f"[{number}] {lines[0]}", *lines[1:]] for number, lines in enumerate(listed, first)]


def parts_of(path, draw, pages=1) -> list[tuple[str, str]]:
    drawn(path, pages, draw)
    return [(part.kind, part.text) for part in pdf_parts(path, Wanted())[0]]


def references(found) -> list[str]:
    return [text for kind, text in found if kind == "references"]


def paper(page, listed) -> float:
    """A page of text with a list below it."""
    y = write(page, TEXT)
    page.insert_text((72, y + 20), "References", fontsize=12)
    return entries(page, listed, y + 42)


def test_an_entry_ends_where_the_next_number_stands(tmp_path):
    found = parts_of(tmp_path / "n.pdf", lambda page, _: paper(page, numbered(LISTED)))
    assert references(found) == ["References", *(f"[{at}] {said}" for at, said in enumerate(WHOLE, 1))]


def test_an_entry_without_a_number_ends_where_a_line_stands_farther_out(tmp_path):
    found = parts_of(tmp_path / "h.pdf", lambda page, _: paper(page, LISTED))
    assert references(found) == ["References", *WHOLE]


def test_an_entry_goes_on_in_the_next_column(tmp_path):
    """Its number stands in the one before."""

    def draw(page, _):
        write(page, [line[:44] for line in TEXT])
        page.insert_text((72, 350), "References", fontsize=12)
        listed = numbered([[line[:42] for line in lines] for lines in LISTED])
        entries(page, [*listed[:4], listed[4][:1]], 372)
        write(page, listed[4][1:], x=332, y=80)
        entries(page, numbered(LISTED[:2], 6), 93, x=320)

    found = references(parts_of(tmp_path / "c.pdf", draw))
    assert found[5] == "[5] Yarrow, F. (2016). Three ways to measure m Garden Letters, 7, 5-9."
    assert found[6:] == [f"[{at}] {said}" for at, said in enumerate(WHOLE[:2], 6)]


def test_a_numbered_list_without_a_heading_is_one_of_references(tmp_path):
    """It stands below the text of both columns, which goes on in the second."""

    def draw(page, _):
        for x, text, first in ((60, TEXT, 1), (320, TEXT[::-1], 6)):
            write(page, [line[:40] for line in text], x=x)
            entries(page, numbered(LISTED, first), 380, x=x, size=7)

    found = parts_of(tmp_path / "u.pdf", draw)
    assert references(found) == [f"[{at}] {said}" for at, said in enumerate(WHOLE * 2, 1)]
    assert [kind for kind, _ in found[:-10]] == ["text"] * (len(found) - 10)


def test_numbered_sentences_are_no_references(tmp_path):
    found = parts_of(tmp_path / "s.pdf", lambda page, _: entries(page, numbered([[line] for line in TEXT]), write(page, TEXT) + 20))
    assert references(found) == []


def test_captions_behind_the_list_are_captions(tmp_path):
    def draw(page, number):
        if number:
            write(page, [CAPTION], y=400)
        else:
            paper(page, LISTED)

    found = parts_of(tmp_path / "c.pdf", draw, pages=2)
    assert references(found) == ["References", *WHOLE]
    assert found[-1] == ("caption", CAPTION)


def test_a_note_below_the_list_is_a_note(tmp_path):
    note = "1 We thank the owners of the walls for their patience."

    def draw(page, _):
        write(page, [note], y=max(paper(page, numbered(LISTED)) + 40, 700), size=8)

    assert parts_of(tmp_path / "f.pdf", draw)[-1] == ("footnote", note)


def test_what_the_authors_say_of_themselves_behind_the_list_is_text(tmp_path):
    said = ["Hanna Berg measures walls in the north of the country and", "writes on what grows on them, for whoever may ask her."]
    found = parts_of(tmp_path / "a.pdf", lambda page, _: write(page, said, y=paper(page, LISTED) + 40))
    assert references(found) == ["References", *WHOLE]
    assert found[-1] == ("text", " ".join(said))


def test_a_list_is_one_though_few_of_its_lines_look_like_entries(tmp_path):
    """Each stands by itself, as in letters set wide apart."""
    listed = [
        [f"{name}, H. Points and wires.", "Patience of the walls in winter.", "Walls Society, 1968."] for name in ("Berg", "Kaya", "Stone")
    ]

    def draw(page, _):
        y = write(page, TEXT)
        page.insert_text((72, y + 20), "References", fontsize=12)
        for at, lines in enumerate(listed):
            write(page, lines, y=y + 50 + 75 * at, hang=12, skip=20)

    found = references(parts_of(tmp_path / "w.pdf", draw))
    assert found == ["References", *(" ".join(lines) for lines in listed)]


def test_pages_of_a_leaf_have_margins_of_their_own(tmp_path):
    """On the second, entries begin where other lines of the first stand."""

    def draw(page, number):
        if number:
            entries(page, LISTED, 80, x=84)
        else:
            paper(page, LISTED)

    assert references(parts_of(tmp_path / "l.pdf", draw, pages=2)) == ["References", *WHOLE, *WHOLE]
