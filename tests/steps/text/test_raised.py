"""Raised figures: calls of references and notes go, exponents stay; in PDFs each test draws its own page."""

import pymupdf
import pytest

from steps.text.raised import raised
from tests.steps.text.test_manuscripts import drawn, read, sentence


@pytest.mark.parametrize(
    ("before", "said", "read_as"),
    [
        ("an old wall", "12", ""),
        ("it was red.", "3,5–7", ""),
        ("the hill", "[4]", ""),
        ("Mira Tal", "1,*", ""),
        ("Mira Tal", "a,b", ""),
        ("Mme Tal, M", "me", "me"),
        ("on the 5", "th", "th"),
        ("a rate of 10", "−3", "⁻³"),
        ("an area of 25 m", "2", "²"),
        ("where x", "2", "²"),
        ("with cosh", "2", "²"),
        ("", "1", "1"),
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


def test_a_name_that_ends_in_a_figure_keeps_it(tmp_path):
    def draw(page, _):
        line_of(page, 100, "The package lme4 and bzip2, too.")
        for i in range(4):
            page.insert_text((72, 114 + 14 * i), sentence(i), fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").startswith("The package lme4 and bzip2, too.")
