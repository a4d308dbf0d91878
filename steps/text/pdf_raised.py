"""Raised figures in the lines of a PDF: mupdf gives them as part of the line, glued to the word before."""

import re
from typing import Any

from steps.text.pdf_fields import by_line, fields
from steps.text.raised import raised

SMALLER = 0.87  # of the size of the letters beside them
HIGHER = 0.15  # of that size, above their baseline
NEARLY, FAR = 0.98, 0.3  # the same for figures that are hardly smaller, but stand far above it
SURE = re.compile(  # what is worth a look at its letters
    r"(?:[^\W\d_]{2}[^\W\d_A-Z]|[A-ZÇĞİÖŞÜ]{3}|[^\W\d_]{2}[.,;:!?)\]”’\"']{1,2}|[\])][.,;:])(\[?\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\]?)(?![\w%]|[/:.]\w)"
    r"|\d ?[kcdmµμn]?m([23])(?!\w)|O\([a-z]([\da-z])(?!\w)"
    r"|10([−–-]\d)|(?:^|(?<=[\s×·x*(\[≈~∼=<>≤≥±–−]))10([1-9]\d?(?!\d|[.,]\d)|[1-9]\.\d(?!\d))|(?<![^\W\d_])[kcdmµμn]?[gmsKV](−[1-4])(?!\w)"
)
POWER = re.compile(r"(?<![^\W_])[a-z][\dn] ?=")  # the same beside others: most such figures are lowered
# A page as the kinds of its signs, a byte for each byte, and what figures that may be raised look like in it: letters (those of several
# bytes too), figures, marks. A pattern over the text itself costs ten times as much.
GLUED = re.compile(rb"0(?:(?<=aaa0)|(?<=aa\.0)|(?<=aa\.\.0)|(?<=0\.\.0)|(?<=\xe2aa0))")  # by its end, which is quick to find
POWERS = (b"10", b"m2", b"m3", b"O(", *(f"{unit}−".encode() for unit in "gmsKV"))  # in the text itself
CLOSING = (0x99, 0x9D)  # the last bytes of quotes, of which 0xE2 is the first
BEFORE, AFTER = 12, 16  # bytes around one that are looked at


def _kind(byte: int) -> int:
    if byte in (ord("\n"), 0xE2):  # the latter begins dashes, quotes and the like
        return byte
    sign = chr(byte)
    return ord("0" if "0" <= sign <= "9" else "." if sign in ".,;:)[]'\"!?" else "a" if byte > 127 or sign.isalpha() else " ")


KINDS = bytes(map(_kind, range(256)))


def glued(data: bytes, names: set[str]) -> dict[int, set[int]]:
    """Where figures are glued to words on a page, whose blocks are parted by empty lines: numbers of blocks to numbers of their lines.

    names: words known to end in figures that are not raised.
    """
    kinds = data.translate(KINDS)
    ends = [match.start() for match in GLUED.finditer(kinds)]
    places = [end - 2 for end in ends if kinds[end - 3] != 0xE2 or data[end - 1] in CLOSING]
    for power in POWERS:
        at = data.find(power)
        while at >= 0:
            places.append(at)
            at = data.find(power, at + 2)
    found: dict[int, set[int]] = {}
    for at in places:
        before = b"\0" * (at > BEFORE)  # it does not begin there
        match = SURE.search((before + data[max(0, at - BEFORE) : at + AFTER]).decode("utf-8", "ignore"))
        if match and match[0] not in names:
            block = data.count(b"\n\n", 0, at)
            found.setdefault(block, set()).add(data.count(b"\n", data.rfind(b"\n\n", 0, at) + 2 if block else 0, at))
    return found


def with_raised(line: Any, text: str, numbers: set[int], names: set[str]) -> str:
    """The text of a block, which begins with `line`, its raised figures read as such.

    numbers: of the lines that may have some; `names` is added to.
    """
    get = fields()
    lines = text.split("\n")
    this, met = line, False
    for number in range(min(len(lines), max(numbers) + 1)):
        if this is None:
            break
        if number in numbers:
            if _is_raised(this, lines[number]):
                lines[number] = _read(this, lines[number])
                met = True
            else:
                names.update(match[0] for match in SURE.finditer(lines[number]))
        this = get.next_line(this.this)
    if met and "=" in text and POWER.search(text):
        return by_line(line, "\n".join(lines), POWER.search, _read)
    return "\n".join(lines)


def _is_raised(line: Any, said: str) -> bool:
    """True when figures glued to a word are smaller than it, or far above it: names end in figures, too."""
    get = fields()
    places = [match.start(match.lastindex or 0) for match in SURE.finditer(said)]
    letters: list[Any] = []
    letter = get.first_letter(line.this)
    while letter is not None and len(letters) <= max(places, default=-1):
        letters.append(letter.this)
        letter = get.next_letter(letter.this)
    for before, this in [(letters[place - 1], letters[place]) for place in places if place < len(letters)]:
        size, now = get.size(before), get.size(this)
        rise = get.y(get.origin(before).this) - get.y(get.origin(this).this)
        if now < SMALLER * size or (now < NEARLY * size and rise > FAR * size):
            return True
    return False


def _read(line: Any, said: str) -> str:
    """One line of mupdf, which says `said`, letter by letter."""
    get = fields()
    out, held = "", ""  # read so far; raised signs that are not read yet
    size = base = 0.0  # of the last letter that is not raised
    letter = get.first_letter(line.this)
    for sign in said:
        if letter is None:
            break
        this = letter.this
        now, y = get.size(this), get.y(get.origin(this).this)
        small = now < SMALLER * size and base - y > HIGHER * size
        if sign != " " and (small or (now < NEARLY * size and base - y > FAR * size)):
            held += sign
        else:
            if held:
                out, held = out + raised(held, out), ""
            out += sign
            if sign != " ":
                size, base = now, y
        letter = get.next_letter(this)
    return out + (raised(held, out) if held else "")
