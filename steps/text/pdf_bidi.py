"""Hebrew and Arabic: names among Latin words, where mupdf sets what follows a name before it, and lines that run from right to left."""

import re
import unicodedata
from itertools import pairwise
from typing import Any

from steps.text.pdf_fields import fields

LEADS = [bytes([byte]) for byte in range(0xD6, 0xDC)]  # begin their letters in UTF-8
LETTERS = "\u0590-\u06ff\u200f"
MOVED = re.compile(rf"(?<= )([ ,.;:!?)]+)([{LETTERS}](?:[{LETTERS} ]*[{LETTERS}])?)(?=[^\W_])")


def has_letters(data: bytes) -> bool:
    """Whether a text in UTF-8 has Hebrew or Arabic letters: nearly none has, and to know that costs next to nothing."""
    return not data.isascii() and any(lead in data for lead in LEADS)


def followed(data: bytes, text: str) -> str:
    """`text`, decoded from `data`, with what follows such names behind them again."""
    if not has_letters(data):
        return text
    return MOVED.sub(lambda found: found[2] + found[1][::-1], text)


BACKWARDS = "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"  # without Arabic figures
LETTER = re.compile(f"[{BACKWARDS}]")
AHEAD = re.compile(r"[A-Za-zÀ-ɏͰ-ӿ]")  # letters that run from left to right
_ONE = rf"(?![{BACKWARDS}])[^\W_]"
RUN = re.compile(rf"{_ONE}(?:(?:[.,:/%+@&'’-]|(?<=[A-Za-z]) (?=[A-Za-z]))?{_ONE})*")  # figures and words of other scripts in such lines
Letter = tuple[float, float, str]  # left and right edge, sign
BLANK = 0.15  # of a line's height: white between two words
NOTHING = 0.05  # points: no width
SAME = 0.3  # points: places that differ by less are one
SHARED = 0.4  # of their height: lines of one row


def runs_back(text: str) -> bool:
    """True for a text that runs from right to left."""
    return len(LETTER.findall(text)) > len(AHEAD.findall(text))


def turned(line: Any, text: str) -> str:
    """The text of a block that runs from right to left, whose first line is `line`, in the order in which it is read.

    Programs write the words and figures of a line in any order; their places tell. A row that came as several lines is the first of them.
    """
    get = fields()
    lines = text.split("\n")
    rows: list[tuple[int, float, float, list[Letter]]] = []  # number of a line, top, bottom, letters
    for number in range(len(lines)):
        if line is None:
            break
        box = get.line_box(line.this).this
        top, bottom = get.y0(box), get.y1(box)
        letters = _letters(line)
        last = rows[-1] if rows else None
        if last is not None and min(bottom, last[2]) - max(top, last[1]) > SHARED * (bottom - top):
            last[3].extend(letters)
        else:
            rows.append((number, top, bottom, letters))
        line = get.next_line(line.this)
    out = [""] * len(lines)
    for number, top, bottom, letters in rows:
        letters.sort(key=lambda letter: -letter[0] - letter[1])
        said = letters[0][2]
        for before, (left, right, sign) in pairwise(letters):
            said += f" {sign}" if before[0] - right > BLANK * (bottom - top) and right - left > NOTHING else sign
        if len(LETTER.findall(said)) > len(AHEAD.findall(said)):
            said = RUN.sub(lambda found: found[0][::-1], said)
        else:
            said = said[::-1]
        out[number] = " ".join(said.split())
    return "\n".join(out)


def _letters(line: Any) -> list[Letter]:
    """Letters of a line; marks stand where their letters do."""
    get = fields()
    found: list[Letter] = []
    own: list[tuple[float, float]] = []  # where each stands by itself
    letter = get.first_letter(line.this)
    left = right = 0.0
    while letter is not None:
        sign = chr(get.code(letter.this))
        own.append(get.sides(letter.this))
        if not unicodedata.combining(sign):
            left, right = own[-1]
        found.append((left, right, sign))
        letter = get.next_letter(letter.this)
    return _ligatures(found, own) if any(end - start < NOTHING for start, end in own) else found


def _ligatures(letters: list[Letter], own: list[tuple[float, float]]) -> list[Letter]:
    """Letters that one glyph stands for, as lam and alef, in their order: mupdf gives all but one no width, and the last one first."""
    out: list[Letter] = []
    at = 0
    while at < len(letters):
        left, right = own[at]
        end = at + 1
        if right - left < NOTHING:
            while end < len(letters) and own[end][1] - own[end][0] < NOTHING and abs(own[end][0] - left) < SAME:
                end += 1
            wide = end < len(letters) and abs(own[end][1] - left) < SAME and letters[end][2] != " "
            wide = wide and not unicodedata.combining(letters[at][2])
            end += wide
            if out and out[-1][2] == " " and abs(out[-1][0] - left) < SAME and end - at > 1 and not wide:
                out.pop()  # no blank: a glyph that stands for nothing
        out += [(*own[end - 1], sign) for *_, sign in reversed(letters[at:end])] if end - at > 1 else [letters[at]]
        at = end
    return out
