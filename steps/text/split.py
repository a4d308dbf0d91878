"""Cutting a text into pieces that fit: between paragraphs where it can be, then sentences, then words, at worst tokens."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Literal

Strategy = Literal["auto", "paragraph", "sentence", "token"]
Starts = Callable[[str], Sequence[int]]  # the first character of each token

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


def split_text(text: str, max_tokens: int, starts: Starts, strategy: Strategy = "auto", overlap_tokens: int = 0) -> list[str]:
    """Pieces of at most `max_tokens` tokens each; joined, they are the text (with `overlap_tokens`, each begins that much earlier).

    A single character of more tokens than the limit stays whole. Raises ValueError unless 0 <= overlap_tokens < max_tokens.
    """
    return [piece for piece, _ in split_counted(text, max_tokens, starts, strategy, overlap_tokens)]


def split_counted(
    text: str, max_tokens: int, starts: Starts, strategy: Strategy = "auto", overlap_tokens: int = 0
) -> list[tuple[str, int]]:
    """The pieces of `split_text`, each with its real number of tokens."""
    if not 0 <= overlap_tokens < max_tokens:
        raise ValueError("overlap_tokens must be below max_tokens")
    pieces: list[tuple[str, int]] = []
    at = 0  # where the next piece begins, overlap apart
    while at < len(text):
        back = _overlap_start(text, at, overlap_tokens, starts)
        size = at - back + 8 * max_tokens if overlap_tokens else max(WINDOW, 16 * max_tokens)
        window = text if not back and len(text) <= size else text[back : back + size]
        last = back + len(window) >= len(text)
        tokens = starts(window)
        begin = 0
        while begin < len(window):
            if begin and not last and len(tokens) - bisect_left(tokens, begin) <= max_tokens:
                break  # the window is used up: tokenize on from here
            cut, count = _piece(window, begin, max(at - back, begin), tokens, max_tokens, strategy, starts, last)
            if count > max_tokens and begin < at - back:  # a character too wide beside its overlap goes without it
                begin = at - back
                cut, count = _piece(window, begin, begin, tokens, max_tokens, strategy, starts, last)
            pieces.append((window[begin:cut], count))
            begin = cut
            if overlap_tokens:
                break  # where the overlap begins must be looked for anew
        at = back + begin
    return pieces


def _overlap_start(text: str, at: int, overlap_tokens: int, starts: Starts) -> int:
    """Where a piece that goes on at `at` begins when it repeats `overlap_tokens` tokens."""
    if not overlap_tokens or not at:
        return at
    before = text[max(0, at - 16 * overlap_tokens) : at]
    tokens = starts(before)
    return at - len(before) + int(tokens[-min(overlap_tokens, len(tokens))])


def _piece(
    window: str, begin: int, head: int, tokens: Sequence[int], max_tokens: int, strategy: Strategy, starts: Starts, last: bool
) -> tuple[int, int]:
    """Where the piece that begins at `begin` ends, beyond `head` so that something new is in it; and its number of tokens.

    Cut at the borders of tokens, a piece has by itself the very tokens that it had inside the text: no merge of BPE, and no best
    path of unigram, reaches over a border. Only a piece that begins or ends inside a token must be tokenized by itself.
    """
    first = bisect_left(tokens, begin)
    sound = first < len(tokens) and tokens[first] == begin
    if last and len(tokens) - first + (not sound) <= max_tokens:
        cut = len(window)
    else:
        limit = int(tokens[first + max_tokens]) if first + max_tokens < len(tokens) else len(window)
        cut = _cut(window, head, max(limit, head + 1), strategy)
    while True:
        after = bisect_left(tokens, cut)
        if sound and (cut == len(window) or (after < len(tokens) and tokens[after] == cut)):
            count = after - first
        else:
            alone = starts(window[begin:cut])
            count = len(alone)
        if count <= max_tokens or cut - head <= 1:
            return cut, count
        nearer = int(tokens[after - 1]) if after else cut - 1
        cut = nearer if head < nearer < cut else cut - 1


def _cut(window: str, head: int, limit: int, strategy: Strategy) -> int:
    """The best place to cut in (head, limit]."""
    least = head + int((limit - head) * FILLED)
    stretch = window[head : limit + 1]
    kinds = {"auto": "psw", "paragraph": "psw", "sentence": "sw", "token": ""}[strategy]
    for kind in kinds:
        best = max((head + e for e in _ends(kind, stretch) if e > 0 and head + e <= limit), default=0)
        if best > head and (best >= least or (strategy, kind) in (("paragraph", "p"), ("sentence", "s"))):
            return best
    return limit


def _ends(kind: str, stretch: str) -> list[int]:
    if kind == "s":
        return sentence_ends(stretch)
    if kind == "w":  # before the blank: pieces of a vocabulary begin with it
        return [m.end() - 1 if m[0][-1] == " " else m.end() for m in WORD.finditer(stretch)]
    return [m.end() for m in PARAGRAPH.finditer(stretch)]
