"""Glyphs that say nothing, where the one before them says it for both: mupdf reads them as blanks within words."""

import re
from typing import Any

from steps.text.pdf_fields import fields

WRITERS = re.compile("Typst")  # which let an f say `fi`, where a language wants no ligature of both, as Turkish does
PAIRS = ("fi ", "fj ", "ff ", "fl ")
PAIR = re.compile("f[fijl] ")
NOTHING = 0.05  # points: no width
ALONE = 0.45  # of its size: an f that is wider is a ligature, behind which a blank is one


def without_blanks(line: Any, text: str) -> str:
    """The text of a block, which begins with `line`, without the blanks that such glyphs seem to be."""
    get = fields()
    lines = text.split("\n")
    for number, said in enumerate(lines):
        if line is None:
            break
        if any(pair in said for pair in PAIRS):
            false = iter(_are_glyphs(line))
            lines[number] = PAIR.sub(lambda found, false=false: found[0][:2] if next(false, False) else found[0], said)  # type: ignore[misc]
        line = get.next_line(line.this)
    return "\n".join(lines)


def _are_glyphs(line: Any) -> list[bool]:
    """For each of those pairs in a line and what follows: the f is one alone, its second letter has no width, the blank stands there."""
    get = fields()
    letters: list[tuple[str, float, float]] = []
    size = get.size(get.first_letter(line.this).this)
    letter = get.first_letter(line.this)
    while letter is not None:
        letters.append((chr(get.code(letter.this)), letter.quad.ll.x, letter.quad.lr.x))
        letter = get.next_letter(letter.this)
    pairs = [letters[at.start() : at.end()] for at in PAIR.finditer("".join(sign for sign, *_ in letters))]
    return [f[2] - f[1] < ALONE * size and max(second[2], blank[1]) - second[1] < NOTHING for f, second, blank in pairs]
