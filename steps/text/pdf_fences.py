"""Matrices and cases in displayed formulas of a PDF: rows between tall brackets, read as `[1 2; 3 4]`, `{x if x > 0; 0 otherwise`.

The extension fonts of TeX hang their brackets from the baseline; how far down each reaches follows from its code (The TeXbook, Appendix F).
"""

from itertools import pairwise
from typing import NamedTuple

from steps.text.pdf_math import CLOSING, EXTENSION, OPENING, Piece, formula_lines

PART = 1.8  # sizes of the text: height of a piece of a bracket that is built of several
WIDE = 0.8  # sizes: white between two cells of a row


class Fence(NamedTuple):
    """A tall bracket: its sides, where it begins and ends from top to bottom, and what it is."""

    x0: float
    x1: float
    top: float
    bottom: float
    sign: str


def with_matrices(pieces: list[Piece]) -> list[Piece]:
    """`pieces` with each matrix and each list of cases as one piece."""
    fences = _fences(pieces)
    for opening in sorted((fence for fence in fences if fence.sign in OPENING), key=lambda fence: fence.bottom - fence.top):
        closing = _closing(opening, fences)
        if closing is None and opening.sign != "{":
            continue
        right = closing.x0 if closing else max(p.x1 for p in pieces)
        inside = [p for p in pieces if not p.tall and opening.x0 < p.x0 and p.x1 < right + 1 and opening.top < p.base < opening.bottom]
        if closing is None:
            inside = [p for p in inside if not (p.text.strip().startswith("(") and p.text.strip()[1:-1].isdigit())]
            right = max((p.x1 for p in inside), default=right)
        lines = formula_lines(inside)
        if len(lines) < 2 or _nested(pieces, opening, right) or (closing is not None and len(lines) == 2 and not _is_matrix(inside)):
            continue
        text = "; ".join(line.rstrip(" ,;") for line in lines)
        size = max(p.size for p in inside)
        base = (opening.top + opening.bottom) / 2 + 0.25 * size
        whole = Piece(opening.x0, right, base, size, f"{opening.sign}{text}{closing.sign if closing else ''}")
        gone = {id(p) for p in inside} | {id(p) for p in pieces if p.tall and _belongs(p, opening, closing)}
        pieces = [*(p for p in pieces if id(p) not in gone), whole]
    return pieces


def _fences(pieces: list[Piece]) -> list[Fence]:
    """Tall brackets, those that are built of pieces as one."""
    found = []
    for p in pieces:
        sign = p.text.translate(EXTENSION) if p.tall and len(p.text) == 1 else ""
        if sign and sign in OPENING | CLOSING:
            below = [q.base for q in pieces if q.tall and abs(q.x0 - p.x0) < 0.1 * p.size and q.base > p.base and len(q.text) == 1]
            bottom = max(below) + PART * p.size if below else p.base + _height(ord(p.text)) * p.size
            found.append(Fence(p.x0, p.x1, p.base - 0.1 * p.size, bottom, sign))
    return found


def _height(code: int) -> float:
    """Sizes of the text that a bracket of one piece is high."""
    if code < 0x10:
        return 1.2
    return 1.8 if code < 0x12 or code > 0x67 else 2.4 if code < 0x20 else 3.0


def _closing(opening: Fence, fences: list[Fence]) -> Fence | None:
    """The bracket that ends what another begins: the next to the right that is as high."""
    height = opening.bottom - opening.top
    right = [
        f
        for f in fences
        if f.sign in CLOSING and f.x0 > opening.x0 and abs(f.top - opening.top) + abs(f.bottom - opening.bottom) < height / 2
    ]
    return min(right, key=lambda fence: fence.x0, default=None)


def _belongs(piece: Piece, opening: Fence, closing: Fence | None) -> bool:
    return any(f is not None and abs(piece.x0 - f.x0) < 0.1 * piece.size and f.top <= piece.base <= f.bottom for f in (opening, closing))


def _nested(pieces: list[Piece], opening: Fence, right: float) -> bool:
    """True when other tall signs stand between two brackets: the lines of a long formula, not the rows of a matrix."""
    return any(
        p.tall and p.text.translate(EXTENSION) and opening.x1 < p.x0 < right - 1 and opening.top < p.base < opening.bottom for p in pieces
    )


def _is_matrix(pieces: list[Piece]) -> bool:
    """True for two rows that white parts into cells; with something between the rows they are numerators and denominators."""
    size = max(p.size for p in pieces)
    large = [p for p in pieces if p.size > WIDE * size]
    middle = (min(p.base for p in large) + max(p.base for p in large)) / 2
    if any(abs(p.base - middle) < 0.3 * size for p in large):
        return False
    rows = [p for p in large if p.base < middle], [p for p in large if p.base > middle]
    return all(any(b.x0 - a.x1 > WIDE * size for a, b in pairwise(sorted(row, key=lambda p: p.x0))) for row in rows)
