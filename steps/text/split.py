"""Cutting a text into pieces that fit: between paragraphs where it can be, then sentences, then words, at worst tokens."""

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Literal

Strategy = Literal["auto", "paragraph", "sentence", "token"]
Offsets = Callable[[str], list[tuple[int, int]]]  # the characters of each token

WINDOW = 1 << 16  # characters that are tokenized at once, so that a book on one line takes no more memory than a page
FILLED = 0.5  # a nicer cut is taken only when the piece is at least so full

ABBREVIATIONS = frozenset(
    """dr prof doç yrd mr mrs ms st sr jr no nr vol fig figs eq ref refs vs etc e.g i.e cf al approx dept inc ltd co örn bkz vb vd yy
    çev haz alm ing fr av cad sok mah apt tel s sy şek tab yay der op müh arş gör öğr m.ö m.s ö.ö""".split()  # noqa: SIM905
)
ENDS = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？｡]+[”’』」）]*)\s*")
PARAGRAPH = re.compile(r"\n[^\S\n]*(?:\n\s*)?")
WORD = re.compile(r"\s+")


def sentence_ends(text: str) -> list[int]:
    """Positions at which a sentence has just ended, its following blanks included; Turkish, English and Chinese.

    Not after abbreviations (Dr., örn.), initials (A. Yılmaz), ordinals (19. yüzyıl), nor inside numbers (3.14).
    """
    found = []
    for match in ENDS.finditer(text):
        if match[0][0] == "." and not _ends_here(text, match.start(), match.end()):
            continue
        found.append(match.end())
    return found


def _ends_here(text: str, dot: int, after: int) -> bool:
    following = text[after : after + 1]
    if following.islower():
        return False
    start = max(text.rfind(" ", 0, dot), text.rfind("\n", 0, dot)) + 1
    word = text[start:dot].lstrip("([\"'“‘").lower()
    if word in ABBREVIATIONS or (len(word) == 1 and word.isalpha()):
        return False
    return not (word.isdigit() and len(word) <= 2 and following.isalpha())


def split_text(text: str, max_tokens: int, offsets: Offsets, strategy: Strategy = "auto", overlap_tokens: int = 0) -> list[str]:
    """Pieces of at most `max_tokens` tokens each; joined, they are the text (with `overlap_tokens`, each begins that much earlier).

    A single character of more tokens than the limit stays whole. Raises ValueError unless 0 <= overlap_tokens < max_tokens.
    """
    if not 0 <= overlap_tokens < max_tokens:
        raise ValueError("overlap_tokens must be below max_tokens")
    pieces: list[str] = []
    start = 0  # where the next piece begins, overlap apart
    while start < len(text):
        back = _overlap_start(text, start, overlap_tokens, offsets)
        window = text[back : back + (8 * max_tokens if overlap_tokens else max(WINDOW, 16 * max_tokens))]
        spans = offsets(window)
        last = back + len(window) >= len(text)
        begin = 0
        while True:
            over = bisect_right(spans, (begin, -1)) if begin else 0
            room = spans[over : over + max_tokens + 1]
            if len(room) <= max_tokens and last and (not begin or len(offsets(window[begin:])) <= max_tokens):
                pieces.append(window[begin:])
                return pieces
            if len(room) <= max_tokens and begin and not last:
                break  # the window is used up: tokenize on from here
            head = max(start - back, 0) if begin == 0 else begin
            cut = _cut(window, begin, head, room, max_tokens, strategy)
            cut = _that_fits(window, begin, head, cut, max_tokens, offsets)
            pieces.append(window[begin:cut])
            start = back + cut
            if overlap_tokens:
                break  # where the overlap begins must be looked for anew
            begin = cut
            if begin >= len(window):
                break
    return pieces


def _overlap_start(text: str, start: int, overlap_tokens: int, offsets: Offsets) -> int:
    """Where a piece that goes on at `start` begins when it repeats `overlap_tokens` tokens."""
    if not overlap_tokens or not start:
        return start
    before = text[max(0, start - 16 * overlap_tokens) : start]
    spans = offsets(before)
    taken = spans[-overlap_tokens:]
    return start - (len(before) - taken[0][0]) if taken else start


def _cut(window: str, begin: int, head: int, room: list[tuple[int, int]], max_tokens: int, strategy: Strategy) -> int:
    """Where the piece that begins at `begin` ends; after `head`, so that something new is in it."""
    limit = room[max_tokens][0] if len(room) > max_tokens else len(window)
    limit = max(limit, head + 1)
    least = head + int((limit - head) * FILLED)
    stretch = window[head : limit + 1]
    kinds = {"auto": "psw", "paragraph": "psw", "sentence": "sw", "token": ""}[strategy]
    for kind in kinds:
        ends = _ends(kind, stretch)
        best = max((head + e for e in ends if e > 0 and head + e <= limit), default=0)
        if best >= least or (best and strategy == "paragraph" and kind == "p") or (best and strategy == "sentence" and kind == "s"):
            return best
    return limit


def _ends(kind: str, stretch: str) -> list[int]:
    if kind == "s":
        return sentence_ends(stretch)
    pattern = PARAGRAPH if kind == "p" else WORD
    if kind == "w":  # before the blank: pieces of a vocabulary begin with it
        return [m.end() - 1 if m[0][-1] == " " else m.end() for m in pattern.finditer(stretch)]
    return [m.end() for m in pattern.finditer(stretch)]


def _that_fits(window: str, begin: int, head: int, cut: int, max_tokens: int, offsets: Offsets) -> int:
    """`cut`, or the nearest place before it at which the piece, tokenized by itself, is within the limit.

    Cut out of its text, a piece can have a token or two more than it had inside.
    """
    while cut - head > 1:
        spans = offsets(window[begin:cut])
        if len(spans) <= max_tokens:
            return cut
        nearer = begin + spans[max_tokens][0]
        cut = min(nearer, cut - 1) if nearer > head else cut - 1
    return max(cut, head + 1)
