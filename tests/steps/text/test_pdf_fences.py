"""Matrices and cases in displayed formulas of PDFs, from where LaTeX sets their signs."""

from steps.text.pdf_fences import with_matrices
from steps.text.pdf_math import Piece, formula_lines

SIZE = 10.0
UPPER, LOWER, UPPER_END, LOWER_END = "\uf8ee", "\uf8f0", "\uf8f9", "\uf8fb"  # of a bracket that is built of pieces


def at(x: float, base: float, text: str, *, size: float = SIZE, tall: bool = False) -> Piece:
    return Piece(x, x + 0.5 * size * len(text), base, size, text, tall)


def rows(left: float, top: float, *texts: str) -> list[Piece]:
    """Rows 12 points apart, their cells 15."""
    return [at(left + 15 * i, top + 12 * j, cell) for j, text in enumerate(texts) for i, cell in enumerate(text.split())]


def brackets(left: float, right: float, top: float, bottom: float) -> list[Piece]:
    ends = (left, top, UPPER), (left, bottom, LOWER), (right, top, UPPER_END), (right, bottom, LOWER_END)
    return [at(x, base, sign, tall=True) for x, base, sign in ends]


def test_a_matrix_of_three_rows_is_one_thing_in_its_line():
    pieces = [at(271, 213.7, "A ="), *brackets(292, 335, 193.8, 211.7), *rows(299, 201.8, "1 2 3", "4 5 6", "7 8 9")]
    assert formula_lines(with_matrices(pieces)) == ["A = [1 2 3; 4 5 6; 7 8 9]"]


def test_cases_are_rows_behind_a_brace():
    """The number of the formula is none of them."""
    brace = at(286.8, 296.2, "(", tall=True)  # Computer Modern's code for the largest brace
    cases = [at(295, 306.5, "1,"), at(315, 306.5, "if x > 0"), at(295, 320.8, "0"), at(315, 320.8, "otherwise")]
    pieces = [at(254, 313.3, "f(x) ="), brace, *cases, at(465, 313.3, "(4)")]
    assert formula_lines(with_matrices(pieces)) == ["f(x) = {1, if x > 0; 0 otherwise (4)"]


def test_a_fraction_in_tall_brackets_is_no_matrix():
    pieces = [at(270, 208, "y ="), *brackets(292, 335, 196, 206), at(299, 201, "a"), at(320, 201, "c"), at(310, 208, "+")]
    pieces += [at(299, 215, "b"), at(320, 215, "d")]
    assert with_matrices(pieces) == pieces
