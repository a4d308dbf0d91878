"""Notes at the foot of a PDF's page, known by the size of their letters; each test draws its own pages."""

import pytest

from steps.text.notes import notes_of
from tests.steps.text.test_manuscripts import drawn, read, sentence


def lines(page, count, size=10):
    for i in range(count):
        page.insert_text((72, 80 + 13 * i), sentence(i), fontsize=size)


@pytest.mark.parametrize(
    "notes",
    [
        ["1. The ruler was the same in both years, as far as we know."],
        ["Some walls were counted twice. Send letters to H. Berg.", "§ The ruler was borrowed."],
        ["Hanna Berg: berg@walls.example, who counted the ruler."],
        ["This document is a new version of that on the ruler of 2011."],
    ],
)
def test_a_note_in_letters_a_little_smaller_is_no_text(tmp_path, notes):
    """With `1.` it could be an item of a list, but for the white above it; on the first page some have no mark at all."""

    def draw(page, _):
        lines(page, 40)
        for i, note in enumerate(notes):
            page.insert_text((72 + 30 * i, 634 + 14 * i), note, fontsize=8.9)

    drawn(tmp_path / "n.pdf", 1, draw)
    text = read(tmp_path / "n.pdf")
    assert sentence(39) in text
    assert not any(note[3:] in text for note in notes)


def test_a_note_as_large_as_the_text_is_known_by_its_raised_mark(tmp_path):
    def draw(page, _):
        lines(page, 40)
        page.insert_text((72, 628), "1", fontsize=6)
        page.insert_text((76, 632), " The same ruler was taken to both walls.", fontsize=10)

    drawn(tmp_path / "r.pdf", 1, draw)
    assert "ruler" not in read(tmp_path / "r.pdf")


def test_numbered_lines_of_code_at_the_foot_are_no_notes(tmp_path):
    """Their numbers are smaller than the code, but stand on its line."""

    def draw(page, _):
        lines(page, 38)
        for i in range(4):
            page.insert_text((60, 600 + 12 * i), str(i + 17), fontsize=6)
            page.insert_text((72, 600 + 12 * i), f"ruler = measure(wall, {i})", fontsize=10, fontname="cour")

    drawn(tmp_path / "c.pdf", 1, draw)
    assert read(tmp_path / "c.pdf").count("ruler") == 4


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (["1 One is the", "unpublished", "work of H. Stone (1987), whom", "we thank."], 1),
        (["6 One is old.", "7See the wall", "of the north."], 2),
        (["1. See the wall.", "2. ", "Again, another."], 2),
        (["* By H. Stone", "† by B. Wall"], 2),
        (["of the last page.", "3 See the wall."], 2),
        (["4 It weighs", "90 kilograms."], 1),
    ],
)
def test_notes_below_each_other_are_told_by_their_marks(lines, count):
    """Not by lines that end short: notes are set as they come."""
    found = notes_of(lines)
    assert len(found) == count
    assert [line for note in found for line in note] == lines
