"""Displayed formulas of a PDF: a line each, in the order in which they are read."""

from pathlib import Path

import pytest

from steps.text.documents import read_documents
from steps.text.parts import Wanted
from steps.text.pdf_math import Piece, formula_lines

SIZE = 10.0
PARAGRAPH = "The snails were counted twice a week in every bed, at the same hour, by the same two people, all summer long."


def row(x: float, base: float, *signs: str, size: float = SIZE, tall: bool = False) -> list[Piece]:
    """Signs one after the other, half their size wide."""
    pieces = []
    for sign in signs:
        wide = len(sign) * size / 2
        pieces.append(Piece(x, x + wide, base, size, sign, tall))
        x += wide
    return pieces


def test_scripts_are_marked_and_kept_at_their_letter():
    """Below and above, one over the other, and those of scripts that are longer than a sign in brackets."""
    pieces = row(100, 50, "x") + row(105, 46, "2", size=7) + row(105, 52, "i+1", size=7) + row(120, 50, "= c") + row(135, 46, "n", size=7)
    assert formula_lines(pieces) == ["x_(i+1)^2 = c^n"]


def test_what_stands_above_another_is_divided_by_it():
    """Numerator and denominator without baselines of their own; in brackets where they are more than one thing."""
    pieces = row(100, 50, "y =") + row(120, 43, "a + b") + row(128, 57, "2") + row(150, 50, "+") + row(160, 43, "1") + row(160, 57, "n")
    assert formula_lines(pieces) == ["y = (a + b)/2 + 1/n"]


def test_big_operators_have_their_limits():
    """Above and below the operator, which hangs from a baseline above the line's, or, in other fonts, stands on it."""
    limits = row(118, 36, "n", size=7) + row(116, 64, "i=1", size=7)
    pieces = row(100, 50, "s =") + row(119, 40, "X", tall=True) + limits + row(132, 50, "x") + row(137, 52, "i", size=7)
    assert formula_lines(pieces) == ["s = ∑_(i=1)^n x_i"]
    pieces = row(100, 50, "s =") + row(119, 50, "∑\ufe01") + limits + row(132, 50, "x") + row(137, 52, "i", size=7)
    assert formula_lines(pieces) == ["s = ∑_(i=1)^n x_i"]


def test_rows_in_tall_brackets_are_rows():
    """A column vector is no fraction; the pieces of its brackets are one bracket."""
    left = row(115, 40, "\uf8ee", tall=True) + row(115, 48, "\uf8f0", tall=True)
    right = row(130, 40, "\uf8f9", tall=True) + row(130, 48, "\uf8fb", tall=True)
    pieces = row(95, 50, "v =") + left + row(122, 43, "a") + row(122, 57, "b") + right
    assert formula_lines(pieces) == ["v = [a; b]"]


def test_lines_of_a_formula_stay_lines():
    """Each with its relation, top to bottom, numbers at their ends."""
    pieces = row(120, 64, "= d + e") + row(300, 64, "(2)") + row(100, 50, "a = b + c") + row(300, 50, "(1)")
    assert formula_lines(pieces) == ["a = b + c (1)", "= d + e (2)"]


# ---------------------------------------------------------------- on a page
def page_with_a_formula(path: Path) -> Path:
    """A paragraph, a displayed formula with a sum, scripts, a fraction and its number, and a paragraph that goes on in lower case."""
    pymupdf = pytest.importorskip("pymupdf")
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_htmlbox(pymupdf.Rect(72, 72, 523, 160), f'<p style="font-size:11px">{PARAGRAPH * 3} The rate was then</p>')
    for x, y, text, font, size in (
        (200, 200, "r", "tiit", 11), (204.5, 202, "i", "tiit", 7), (210, 200, "=", "symb", 11),
        (222, 193, "a + b", "tiit", 11), (233, 208, "2", "tiro", 11), (250, 200, "+ c", "tiit", 11), (264.5, 196, "n", "tiit", 7),
        (500, 200, "(4)", "tiro", 11),
    ):  # fmt: skip
        page.insert_text((x, y), text, fontname=font, fontsize=size)
    page.draw_line((221, 197), (246, 197))
    page.insert_htmlbox(pymupdf.Rect(72, 226, 523, 320), f'<p style="font-size:11px">where c is what was left. {PARAGRAPH * 3}</p>')
    document.save(path)
    return path


def read(path: Path, **wanted: bool) -> tuple[str, list[tuple[str, str]]]:
    complaints: list[tuple[str, str]] = []
    (document,) = read_documents(path, parts=Wanted(**wanted), complain=lambda *said: complaints.append(said))
    return document.text, complaints


def test_a_displayed_formula_is_a_line_between_its_paragraphs(tmp_path: Path):
    """Its signs in order, and the text around it in one piece each, in place."""
    text, complaints = read(page_with_a_formula(tmp_path / "a.pdf"))
    before, formula, after = text.split("\n\n")
    assert before.endswith("The rate was then")
    assert formula == "r_i = (a + b)/2 + c^n (4)"
    assert after.startswith("where c is what was left.")
    assert complaints == []


def test_displayed_formulas_are_dropped_by_choice_and_counted(tmp_path: Path):
    """With the formula as an example."""
    text, complaints = read(page_with_a_formula(tmp_path / "a.pdf"), formulas=False)
    before, after = text.split("\n\n")
    assert before.endswith("The rate was then")
    assert after.startswith("where c")
    assert complaints == [("displayed formula", "a.pdf: 'r_i = (a + b)/2 + c^n (4)'")]


def test_a_line_of_code_is_no_formula(tmp_path: Path):
    """Nor a cell of a table: what has a relation in it and no font for formulas stays as it is."""
    pymupdf = pytest.importorskip("pymupdf")
    document = pymupdf.open()
    page = document.new_page()
    page.insert_htmlbox(pymupdf.Rect(72, 72, 523, 160), f"<p>{PARAGRAPH * 3}</p>")
    page.insert_text((90, 200), "x = f(a, b)", fontname="cour", fontsize=10)
    page.insert_text((90, 250), "n = 12", fontname="helv", fontsize=10)
    page.insert_text((150, 250), "n = 14", fontname="helv", fontsize=10)
    document.save(tmp_path / "a.pdf")
    text, complaints = read(tmp_path / "a.pdf", formulas=False)
    assert text.split("\n\n")[1:] == ["x = f(a, b)", "n = 12\tn = 14"]
    assert complaints == []


def test_scripts_over_each_other_part_no_line(tmp_path: Path):
    """A letter with one script above and one below in running text: no cell of a table, no line of its own."""
    pymupdf = pytest.importorskip("pymupdf")
    document = pymupdf.open()
    page = document.new_page()
    page.insert_htmlbox(pymupdf.Rect(72, 72, 523, 160), f"<p>{PARAGRAPH * 3}</p>")
    start = 72 + pymupdf.get_text_length("Every entry of Z", "tiro", 11)
    wide = pymupdf.get_text_length("ij", "tiro", 7)
    for x, y, text, size in (
        (72, 200, "Every entry of Z", 11),
        (start, 196, "2", 7),
        (start, 203, "ij", 7),
        (start + wide, 200, " is small.", 11),
    ):
        page.insert_text((x, y), text, fontname="tiro", fontsize=size)
    document.save(tmp_path / "a.pdf")
    text, _ = read(tmp_path / "a.pdf")
    assert text.split("\n\n")[1:] == ["Every entry of Z2 ij is small."]
