"""Old papers whose letters are pictures of dots, in fonts that say nothing of their size: dvips made such, and Ghostscript PDFs of them.

One unit of such a font is a dot, not an em, so mupdf takes a letter of ten points for one of a quarter point. Every kern is white then that
parts two lines, and every line a block. What is right are the places of the letters: words, lines and paragraphs are made of these.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from steps.text.columns import Block
from steps.text.pdf_fields import fields
from steps.text.pdf_unseen import TINY

WIDER = 2.0  # times the size that is told: so wide are letters of no true font
EM = 2.1  # times the mean width of the letters: one em of their font
MANY = 20  # letters of a font that tell its size
FIGURE = 400  # letters of a figure, at most
BLANK = 0.16  # em of white: between two words, at least; a kern is less
COLUMN = 1.3  # em of white: what stands behind it is no part of the line
PITCH = 1.25  # times the usual distance of two lines: more parts two blocks
LEAST, MOST = 0.8, 2.2  # em: distances of lines that are usual
RAISED, SMALLER = 0.7, 0.85  # em: a script stands so near to its line, and is so much smaller
INDENT = 0.8  # em: a paragraph begins so far in
ASCENT, DESCENT = 0.75, 0.25  # em of a line above and below the letters' base
DIGITS = {code: str(code) for code in range(1, 10)}  # glyphs named 1 to 9, which are taken for codes
LETTERS = {0x0B: "ff", 0x0C: "fi", 0x0D: "fl", 0x0E: "ffi", 0x0F: "ffl", 0x10: "ı", 0x11: "ȷ", 0x12: "`", 0x13: "´", 0x7F: "¨"}  # TeX's OT1
SIGNS = {0x00: "−", 0x0F: "•", 0x11: "≡", 0x12: "θ", 0x14: "≤", 0x15: "≥"}  # of its fonts for formulas, which stand alone
STANDING = re.compile(r"(?<=\w)[{|](?=\w)|(?:^|(?<=\())\\(?=\w)|(?<=[\w.,;!?])\"")  # where TeX's fonts have other signs than ASCII
SIGN = {"{": "–", "|": "—", "\\": "“", '"': "”"}


@dataclass(slots=True)
class Piece:
    """Letters that follow each other without white. x0, x1: its sides. y: its base. em: the size of its letters. font: its name."""

    x0: float
    x1: float
    y: float
    text: str
    font: str
    em: float = 0.0


@dataclass(slots=True)
class Row:
    """A line. x0, x1, y, em: as of a Piece."""

    x0: float
    x1: float
    y: float
    em: float
    text: str


def are_of_dots(line: Any, letter: Any) -> bool:
    """True when a line of mupdf begins and ends with letters far wider than the size that their font tells. letter: its first's `this`."""
    return _is_of_dots(letter) and _is_of_dots(fields().last_letter(line.this).this)


def _is_of_dots(letter: Any) -> bool:
    get = fields()
    size: float = get.size(letter)
    left, right = get.sides(letter)
    return 0 < size < TINY and right - left > WIDER * size


def blocks_of(firsts: Iterable[Any]) -> list[Block]:
    """Blocks of a page in such fonts, none where they say nothing. firsts: the first line of each block of mupdf that is."""
    pieces = [piece for first in firsts for piece in _pieces(first)]
    said = "".join(piece.text for piece in pieces)
    if len(said) < MANY or (len(said) < FIGURE and 2 * sum(map(str.isalpha, said)) < len(said)):
        return []  # marks of notes, and figures made of such letters
    _measure(pieces)
    rows = _rows(pieces)
    return [_block(found) for found in _parted(rows)]


def _pieces(line: Any) -> Iterable[Piece]:
    get = fields()
    while line is not None:
        codes: list[int] = []
        letter = first = get.first_letter(line.this)
        left, right = get.sides(first.this)
        while letter is not None:
            codes.append(get.code(letter.this))
            right = max(right, get.sides(letter.this)[1])
            letter = get.next_letter(letter.this)
        font = get.font_name(get.font(first.this).this)
        if text := _said(codes):
            yield Piece(left, right, get.y(get.origin(first.this).this), text, font)
        line = get.next_line(line.this)


def _said(codes: list[int]) -> str:
    """What the codes say: a glyph named by a figure has it as its code, the others stand where TeX's fonts have them."""
    alone = len(codes) == 1
    named = SIGNS if alone else LETTERS
    said = "".join(DIGITS.get(code) or named.get(code) or (chr(code) if code >= 0x20 else "") for code in codes)
    return STANDING.sub(lambda found: SIGN[found[0]], said)


def _measure(pieces: list[Piece]) -> None:
    """Tell the size of the letters of each, by how wide those of its font are; of fonts with few letters by all."""
    widths: dict[str, float] = {}
    letters: Counter[str] = Counter()
    for piece in pieces:
        widths[piece.font] = widths.get(piece.font, 0.0) + piece.x1 - piece.x0
        letters[piece.font] += len(piece.text)
    usual = EM * sum(widths.values()) / letters.total()
    for piece in pieces:
        often = letters[piece.font]
        piece.em = EM * widths[piece.font] / often if often >= MANY else usual


def _rows(pieces: list[Piece]) -> list[Row]:
    """Pieces on one base, left to right, with blanks where there is white; wide white ends a row."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.y):
        if lines and piece.y - lines[-1][0].y < 0.3 * piece.em:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    rows: list[Row] = []
    for line in _with_scripts(lines):
        line.sort(key=lambda piece: piece.x0)
        row = None
        for piece in line:
            gap = piece.x0 - row.x1 if row is not None else 0.0
            if row is None or gap > COLUMN * piece.em:
                row = Row(piece.x0, piece.x1, piece.y, piece.em, piece.text)
                rows.append(row)
            else:
                row.text += f" {piece.text}" if gap > BLANK * row.em else piece.text
                row.x1 = max(row.x1, piece.x1)
    return rows


def _with_scripts(lines: list[list[Piece]]) -> list[list[Piece]]:
    """Lines with the scripts above and below them, which came as lines of their own, as far as they stand behind a letter of them."""
    taken: set[int] = set()
    for at, line in enumerate(lines):
        beside = [near for near in (at - 1, at + 1) if 0 <= near < len(lines) and near not in taken]
        for near in sorted(beside, key=lambda near: -sum(len(piece.text) for piece in lines[near])):
            other = lines[near]
            em = max(piece.em for piece in other)
            close = abs(other[0].y - line[0].y) < RAISED * em
            if close and all(piece.em < SMALLER * em and any(abs(piece.x0 - p.x1) < 0.3 * em for p in other + line) for piece in line):
                other += line
                taken.add(at)
                break
    return [line for at, line in enumerate(lines) if at not in taken]


def _parted(rows: list[Row]) -> list[list[Row]]:
    """Rows one below the other at the usual distance, together."""
    distances = Counter(
        round(b.y - a.y, 1) for a, b in pairwise(rows) if LEAST * b.em < b.y - a.y < MOST * b.em and min(a.x1, b.x1) > max(a.x0, b.x0)
    )
    pitch = distances.most_common(1)[0][0] if distances else 0.0
    found: list[list[Row]] = []
    for row in rows:
        for block in reversed(found):
            last = block[-1]
            below = 0 < row.y - last.y < PITCH * (pitch or row.em)
            alike = abs(row.em - last.em) < 0.15 * row.em
            if below and alike and min(row.x1, last.x1) - max(row.x0, last.x0) > 0.5 * min(row.x1 - row.x0, last.x1 - last.x0):
                block.append(row)
                break
        else:
            found.append([row])
    return found


def _block(rows: list[Row]) -> Block:
    """A block of these rows. Where one begins farther in than the others, the one before ends a paragraph."""
    left, right, em = min(row.x0 for row in rows), max(row.x1 for row in rows), rows[0].em
    lines = [row.text for row in rows]
    ended = tuple(above.text for above, row in pairwise(rows) if row.x0 > left + INDENT * em and above.x0 <= left + INDENT * em)
    block = Block(left, rows[0].y - ASCENT * em, right, rows[-1].y + DESCENT * em, lines, size=round(em, 1), ended=ended)
    block.indent = rows[0].x0 - left
    return block
