"""Blanks that mupdf reads where there are none, and those that it does not read.

Glyphs that say nothing, where the one before them says it for both, are blanks within words to it. It sets a blank for white between two
letters, but not behind signs of mathematics, letters of other scripts or letters of the Latin alphabet with two marks. A cedilla that is
drawn below a letter ends before it, so that white seems to follow. And braces and bars that Ghostscript calls by the signs that stand at
their codes in TeX's font of symbols.
"""

import re
from typing import Any

from steps.text.pdf_fields import by_line, fields, letters_of

WRITERS = re.compile("Typst")  # which let an f say `fi`, where a language wants no ligature of both, as Turkish does
PAIRS = ("fi ", "fj ", "ff ", "fl ")
PAIR = re.compile("f[fijl] ")
NOTHING = 0.05  # points: no width
WORDLESS = re.compile("[\u10a0-\u10ff\u1e00-\u1fff\u20d0-\u2e7f\U0001d400-\U0001d7ff](?=[^\\s,;:)])")  # what no blank is set behind
TIGHT = re.compile("QuarkXPress|groff")  # which leave a blank where a word may be parted, or kern over it, and set the next letter on it
ON = 0.08  # of the size of its letters: from where a blank begins to where the next one does
DISTILLER = re.compile("Ghostscript")
SUITS = re.compile("[¶♣♢]")
SYMBOLS = re.compile("MathSymbols|CMSY|CMBSY")
BRACES = str.maketrans("¶♣♢", "{|}")
CEDILLA = re.compile("[^\\W\\d_]¸ ")  # below the letter before it
WHITE = 0.15  # of the size of its letters: so much is a blank to mupdf
ALONE = 0.45  # of its size: an f that is wider is a ligature, behind which a blank is one


def has_signs(data: bytes) -> bool:
    """Whether a text in UTF-8 has signs that WORDLESS may name: beyond punctuation, letters with two marks, or letters of formulas."""
    return b"\xe1" in data or b"\xf0" in data or (b"\xe2" in data and data.count(b"\xe2\x80") < data.count(b"\xe2"))


def without_blanks(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, without the blanks that such glyphs seem to be."""
    return by_line(line, text, lambda said: any(pair in said for pair in PAIRS), lambda at, said: _without(PAIR, _are_glyphs(at), said))


def _without(pattern: re.Pattern[str], false: list[bool], said: str) -> str:
    """A line without the blank at the end of each match that is a false one."""
    told = iter(false)
    return pattern.sub(lambda found: found[0][:2] if next(told, False) else found[0], said)


def _are_glyphs(line: Any) -> list[bool]:
    """For each of those pairs in a line and what follows: the f is one alone, its second letter has no width, the blank stands there."""
    letters, size = letters_of(line)
    pairs = [letters[at.start() : at.end()] for at in PAIR.finditer("".join(sign for sign, *_ in letters))]
    return [f[2] - f[1] < ALONE * size and max(second[2], blank[1]) - second[1] < NOTHING for f, second, blank in pairs]


def without_covered(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, without blanks on which the next letter of a word stands."""
    return by_line(line, text, lambda said: " " in said, _uncovered)


def _uncovered(line: Any, said: str) -> str:
    letters, size = letters_of(line)
    if "".join(sign for sign, *_ in letters) != said:
        return said
    around = zip(letters, letters[1:], letters[2:], strict=False)
    gone = {at for at, (a, blank, b) in enumerate(around, 1)
            if blank[0] == " " and b[1] - blank[1] < ON * size and a[0].isalpha() and b[0].islower()}  # fmt: skip
    return "".join(sign for at, sign in enumerate(said) if at not in gone) if gone else said


def with_blanks(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, with a blank where white follows such a sign."""
    return by_line(line, text, lambda said: not said.isascii() and WORDLESS.search(said), _spaced)


def _spaced(line: Any, said: str) -> str:
    """One line. Signs of its letters and of what it says are told by their order, since others may have been read in another way."""
    get = fields()
    signs = {found[0] for found in WORDLESS.finditer(said)}
    places = _places(said, signs)
    codes = {ord(sign) for sign in signs}
    white: list[int] = []  # places behind which a blank is set
    code_of, next_letter = get.code, get.next_letter
    letter, number = get.first_letter(line.this), 0
    while letter is not None and number < len(places):
        this = letter.this
        letter = next_letter(this)
        code = code_of(this)
        if code in codes:
            at = places[number]
            if ord(said[at]) != code:
                return said
            if letter is not None and get.sides(letter.this)[0] - get.sides(this)[1] > WHITE * get.size(letter.this):
                white.append(at)
            number += 1
    out, begun = "", 0
    for at in white:
        if not said[at + 1 : at + 2].isspace():
            out += f"{said[begun : at + 1]} "
            begun = at + 1
    return out + said[begun:]


def _places(said: str, signs: set[str]) -> list[int]:
    """Where these signs stand."""
    places = []
    for sign in signs:
        at = said.find(sign)
        while at >= 0:
            places.append(at)
            at = said.find(sign, at + 1)
    return sorted(places)


def without_gaps(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, without blanks behind cedillas where the next letter stands close to theirs."""
    return by_line(line, text, lambda said: "¸ " in said, lambda at, said: _without(CEDILLA, _are_close(at), said))


def _are_close(line: Any) -> list[bool]:
    """For each letter with a cedilla and a blank behind it: the next one stands close to it."""
    letters, size = letters_of(line)
    found = CEDILLA.finditer("".join(sign for sign, *_ in letters))
    return [at.end() < len(letters) and letters[at.end()][1] - letters[at.start()][2] < WHITE * size for at in found]


def with_braces(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, such signs of TeX's symbols read as the braces and bars that are shown."""
    return by_line(line, text, SUITS.search, _braced)


def _braced(line: Any, said: str) -> str:
    get = fields()
    letter = get.first_letter(line.this)
    while letter is not None and chr(get.code(letter.this)) not in "¶♣♢":
        letter = get.next_letter(letter.this)
    theirs = letter is not None and SYMBOLS.search(get.font_name(get.font(letter.this).this))
    return said.translate(BRACES) if theirs else said
