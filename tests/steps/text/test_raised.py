"""Raised figures: calls of references and notes go, exponents stay; in PDFs each test draws its own page."""

import pymupdf
import pytest

from steps.text.raised import raised
from tests.steps.text.test_manuscripts import drawn, read, sentence


@pytest.mark.parametrize(
    ("before", "said", "read_as"),
    [
        ("an old wall", "12", ""),
        ("as an SVM", "5", ""),
        ("it was red.", "3,5–7", ""),
        ("the hill", "[4]", ""),
        ("It is red.”", "14", ""),
        ("Mira Tal", "1,*", ""),
        ("Mira Tal", "a,b", ""),
        ("Mme Tal, M", "me", "me"),
        ("on the 5", "th", "th"),
        ("a rate of 10", "−3", "⁻³"),
        ("some 10", "6.6", "^6.6"),
        ("an area of 3 deg", "2", "²"),
        ("an area of 25 m", "2", "²"),
        ("where x", "2", "²"),
        ("with cosh", "2", "²"),
        ("", "1", "1"),
        ("x³ = (ab)", "3", "³"),
        ("with (xy)", "4", "⁴"),
        ("a mass (kg)", "3", ""),
        ("in O(n", "k", "ᵏ"),
        ("of x³y", "2", "²"),
    ],
)
def test_what_is_raised_is_read_by_what_stands_before_it(before, said, read_as):
    assert raised(said, before) == read_as


def line_of(page, y, *pieces):
    """Pieces of a line one behind the other; those after the first of each pair are raised."""
    x = 72.0
    for i, piece in enumerate(pieces):
        size = 7 if i % 2 else 11
        page.insert_text((x, y - 4 * (i % 2)), piece, fontsize=size)
        x += pymupdf.get_text_length(piece, fontsize=size)


def test_raised_numbers_in_a_pdf_go_and_exponents_stay(tmp_path):
    def draw(page, _):
        line_of(page, 100, "Moss grew on each wall", "12", " of the town.", "3,4", " It covers 25 m", "2", " of brick.")
        for i in range(4):
            page.insert_text((72, 114 + 14 * i), sentence(i), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith("Moss grew on each wall of the town. It covers 25 m² of brick. ")


def test_powers_of_ten_and_of_units_in_a_pdf_are_powers(tmp_path):
    """Looked for in the whole page's text, where 101 may be a name's call and 1034 a number."""

    def draw(page, _):
        line_of(page, 100, "Some 10", "6.6", " walls, 3 × 10", "34", " cm", "−2", " s", "−1", " of rain, or 1034 mm, and 105 of them")
        line_of(page, 114, "by A. Pata", "102", ", B. Vila", "101", " and others, on 10", "8", " stones that are old and red")
        for i in range(4):
            page.insert_text((72, 128 + 14 * i), sentence(i), fontsize=11)

    document = pymupdf.open()
    page = document.new_page(width=612, height=792)
    page.insert_font(fontname="F0", fontbuffer=pymupdf.Font("helv").buffer)
    insert = page.insert_text
    page.insert_text = lambda place, said, fontsize: insert(place, said, fontsize=fontsize, fontname="F0")
    draw(page, 0)
    document.save(tmp_path / "m.pdf")
    assert read(tmp_path / "m.pdf").startswith(
        "Some 10^6.6 walls, 3 × 10³⁴ cm⁻² s⁻¹ of rain, or 1034 mm, and 105 of them by A. Pata, B. Vila and others, on 10⁸ stones"
    )


def test_powers_in_a_formula_and_beside_one_are_powers(tmp_path):
    """Letters alone have figures below them more often, so lines of a block are looked at beside one with a raised figure."""

    def draw(page, _):
        line_of(page, 100, "Here x", "2", " = y", "2", " for each of the walls and their stones")
        line_of(page, 114, "in O(n", "k", ") steps, and 25 m", "2", " of brick.")
        page.insert_text((72, 160), "Here x2 = 7 is the second one.", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf") == (
        "Here x² = y² for each of the walls and their stones in O(nᵏ) steps, and 25 m² of brick.\n\nHere x2 = 7 is the second one."
    )


def test_calls_behind_closing_quotes_go(tmp_path):
    """The quote is a sign of three bytes, behind a word or its full stop; what is no call stays."""
    font = pymupdf.Font("tiro")

    def draw(page, _):
        writer = pymupdf.TextWriter(page.rect)
        for i, before in enumerate(["They called it “moss”", "He said: “It is red.”", "Il l’appelait ‘mousse’"]):
            _, end = writer.append((72, 100 + 40 * i), before, font=font, fontsize=11)
            _, end = writer.append((end.x, end.y - 4), "14", font=font, fontsize=7)
            writer.append((end.x, 100 + 40 * i), f" and then {sentence(i)}, 1990–14.", font=font, fontsize=11)
        writer.write_text(page)

    drawn(tmp_path / "m.pdf", 1, draw)
    said = ["They called it “moss”", "He said: “It is red.”", "Il l’appelait ‘mousse’"]
    assert read(tmp_path / "m.pdf").split("\n\n") == [f"{before} and then {sentence(i)}, 1990–14." for i, before in enumerate(said)]


def test_calls_of_nearly_the_size_of_the_text_go_when_they_stand_high(tmp_path):
    """As WeasyPrint sets them."""

    def draw(page, _):
        x = 72.0
        for size, rise, piece in [(11, 0, "Moss grew on each wall"), (10.6, 5.3, "12"), (11, 0, " of the town, says zip12 of it.")]:
            page.insert_text((x, 100 - rise), piece, fontsize=size)
            x += pymupdf.get_text_length(piece, fontsize=size)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf") == "Moss grew on each wall of the town, says zip12 of it."


def test_a_name_that_ends_in_a_figure_keeps_it(tmp_path):
    def draw(page, _):
        line_of(page, 100, "The package lme4 and bzip2, too.")
        for i in range(4):
            page.insert_text((72, 114 + 14 * i), sentence(i), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith("The package lme4 and bzip2, too.")
