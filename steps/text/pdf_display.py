"""Displayed formulas among the blocks of a page: one or several, without words, with a relation and letters of a font for formulas."""

import re
from typing import Any

from steps.text.columns import Block
from steps.text.pdf_fences import with_matrices
from steps.text.pdf_fields import fields
from steps.text.pdf_math import OPERATORS, PIECES, Piece, formula_lines

LONGEST = 160  # letters of a block that may be a formula
FONT = re.compile(
    r"CM(?:MI|SY|EX|BSY|MIB)|MSAM|MSBM|MTMI|MTSY|MTEX|math|symbol|(?:tx|px)(?:sy|mi|ex)|EU[SFR]M|stix|xits|rsfs|esint|AdvP4C4E|AdvMacMth",
    re.IGNORECASE,
)
TALL = re.compile(r"(?:CM|MT|tx|px|LMMath|yhm)\w*EX|Extension|AdvP4C4E46", re.IGNORECASE)
FONTS: dict[str, tuple[bool, bool]] = {}  # what is known of those met: few, and asked for at every sign
LETTERS = re.compile("[\U0001d400-\U0001d7ff]")  # of formulas alone
WORD = re.compile(r"(?<![^\W\d_])[A-Z]?[a-zß-öø-ÿğışœ]{2,}(?![^\W\d_])")
CITED = re.compile(r"[^\W\d_]{2},? (?:19|20)\d\d[a-z]?[);]")
LONG = 5  # letters of a word that stands in no formula
NAMES = re.compile(  # but these do
    r"(?:sin|cos|tan|cot|sec|exp|log|max|min|sup|inf|lim|det|dim|ker|deg|gcd|mod|arg|var|cov|diag|rank|sign|sinh|cosh|tanh|trace|const|argmin"
    r"|argmax|arcsin|arccos|arctan|liminf|limsup|softmax|otherwise|where|subject|for|and|with|all)$"
)
LARGE = frozenset(map(ord, OPERATORS))
NUMBER = re.compile(r"\([A-Z]?[\d.]{1,6}[a-z]?\)$")
TALLEST = 150  # points of a formula of several lines above or below one of them
NEAR = 16  # points between the parts of a formula
LIMIT = 6.5  # points between an operator's box, which is lower than its sign, and a limit below it
FEW = 8  # letters of the limits of an operator, which stand off its line
FAR = 320  # to its number


Found = tuple[Block, Any, str]  # a block, the first line of the one of mupdf that it is made of, and its text


def with_formulas(blocks: list[Found], seeds: list[Found], pi: dict[str, dict[str, str]]) -> list[Found]:
    """`blocks`, those that are parts of one displayed formula as one, marked as such. seeds: those short ones with a relation in them.

    pi: fonts of signs, as `pi_signs` knows them.
    """
    seeds = [found for found in seeds if _wordless(found[2])]
    if not seeds:
        return blocks
    short = [found for found in blocks if len(found[2]) < LONGEST]
    gone: set[int] = set()
    made: dict[int, Found] = {}
    for seed in seeds:
        if id(seed[0]) in gone:
            continue
        members = _around(seed, [found for found in short if id(found[0]) not in gone])
        pieces, of_formulas = [], False
        for found in members:
            more, told = _pieces(found, pi)
            pieces += more
            of_formulas = of_formulas or told
        if not of_formulas:
            continue
        lines = formula_lines(with_matrices(pieces))
        inside = [found[0] for found in members]
        gone |= {id(block) for block in inside}
        if lines:
            edges = min(b.x0 for b in inside), min(b.y0 for b in inside), max(b.x1 for b in inside), max(b.y1 for b in inside)
            made[id(seed[0])] = Block(*edges, lines, formula=True), None, ""
    return [made.get(id(found[0]), found) for found in blocks if id(found[0]) not in gone or id(found[0]) in made]


def _words(text: str) -> set[str]:
    return {word for word in WORD.findall(text) if len(word) > 2 and not NAMES.match(word)}


def _wordless(text: str) -> bool:
    """Names of one or two quantities at most, as in `yobs`; who cites a year, writes text."""
    if "(" in text and CITED.search(text):
        return False
    words = _words(text)
    return not words or (len(words) < 3 and max(map(len, words)) < LONG)


def _around(seed: Found, short: list[Found]) -> list[Found]:
    """The seed, and what stands beside, above and below it without white between them and without words."""
    few = [found for found in short if found is not seed and found[0].y1 > seed[0].y0 - TALLEST and found[0].y0 < seed[0].y1 + TALLEST]
    members = [seed]
    x0, y0, x1, y1 = seed[0].x0, seed[0].y0, seed[0].x1, seed[0].y1
    grown = True
    while grown:
        grown = False
        for found in few[:]:
            b = found[0]
            over = min(b.y1, y1) - max(b.y0, y0)
            aside = max(b.x0 - x1, x0 - b.x1)
            if over <= _least(found[2], aside) or aside >= FAR or (over <= 1 and _words(found[2])):
                continue
            if not _wordless(found[2]):
                few.remove(found)
                continue
            numbered = found[2][:1] == "(" and NUMBER.match(found[2].strip())
            if aside < (FAR if numbered and b.x0 > x1 else NEAR):
                members.append(found)
                few.remove(found)
                if not numbered:
                    x0, y0, x1, y1 = min(x0, b.x0), min(y0, b.y0), max(x1, b.x1), max(y1, b.y1)
                grown = True
    return members


def _least(text: str, aside: float) -> float:
    """Points that a part of a formula shares with the height of the rest, at least: below 0 where it may stand off above or below it."""
    if aside > 0:
        return 1.0
    return -2.5 if len(text) > FEW else -LIMIT if "=" in text else -5.0


def _pieces(found: Found, pi: dict[str, dict[str, str]]) -> tuple[list[Piece], bool]:
    """Letters of a block by baseline and size, and whether a font for formulas has set some of them."""
    get = fields()
    next_letter, code_of, size_of, origin_of, x_of, y_of = get.next_letter, get.code, get.size, get.origin, get.x, get.y
    pieces: list[Piece] = []
    of_formulas = LETTERS.search(found[2]) is not None or not OPERATORS.isdisjoint(found[2])
    line = found[1]
    while line is not None:
        letter = get.first_letter(line.this)
        base = size = x0 = 0.0
        text, tall = "", False
        was_large = False  # big operators are pieces of their own: limits stand over and under them
        while letter is not None:  # one look at each: this is where the time goes
            this = letter.this
            code = code_of(this)
            if pi and (signs := pi.get(get.font_name(get.font(this).this))):
                code = ord(signs.get(chr(code), chr(code)))
            if code != 0x20:
                origin, now = origin_of(this).this, size_of(this)
                y = y_of(origin)
                large = code in LARGE
                if now != size or abs(y - base) > 0.08 * size or large != was_large:
                    was_large = large
                    x = x_of(origin)
                    if text:
                        pieces.append(Piece(x0, x, base, size, text, tall))
                    base, size, x0, text = y, now, x, ""
                    name = get.font_name(get.font(this).this)
                    if name not in FONTS:
                        FONTS[name] = FONT.search(name) is not None, TALL.search(name) is not None
                    told, tall = FONTS[name]
                    of_formulas = of_formulas or told
            text += chr(code)
            letter = next_letter(this)
        if text.strip():
            pieces.append(Piece(x0, get.x1(get.line_box(line.this).this), base, size, text, tall))
        line = get.next_line(line.this)
    return pieces, of_formulas


def is_rubble(text: str) -> bool:
    """True for pieces of tall brackets that no formula has taken."""
    return not text.isascii() and not text.translate(PIECES).strip()
