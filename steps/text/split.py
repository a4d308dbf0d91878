"""Cutting a text into pieces that fit: between paragraphs where it can be, then sentences, then words, at worst tokens."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from steps.text.choices import Strategy
from steps.text.ruler import Ruler, Starts
from steps.text.sentences import last_sentence_end

FILLED = 0.5  # a nicer cut is taken only when the piece is at least so full
AHEAD = 64  # tokens that are known beyond a piece before it is cut: its end may be looked at with what follows
LAST_BLANK = re.compile(r"(?s:.*)\s")
BLANK = re.compile(r"\s*+").match
KINDS = {"auto": "psw", "paragraph": "psw", "sentence": "sw", "token": ""}


def split_text(text: str, max_tokens: int, ruler: Ruler | Starts, strategy: Strategy = "auto", overlap_tokens: int = 0) -> list[str]:
    """Pieces of at most `max_tokens` tokens each; joined, they are the text (with `overlap_tokens`, each begins that much earlier).

    A single character of more tokens than the limit stays whole. Raises ValueError unless 0 <= overlap_tokens < max_tokens.
    """
    measure = ruler if isinstance(ruler, Ruler) else Ruler(ruler)
    cutter = Cutter(max_tokens, measure, strategy, overlap_tokens)
    return [piece.text for piece in cutter.pieces(measure.windows([text]))]


class Piece(NamedTuple):
    """tokens: its real number by itself. repeated: characters at its beginning that the last piece had too."""

    text: str
    tokens: int
    repeated: int


class Overlap:
    """What each piece of a document has of what was seen before it, told piece by piece.

    known: characters at the document's own beginning that are seen elsewhere, when it is a piece itself.
    """

    def __init__(self, known: int = 0) -> None:
        self.known, self.end = known, 0

    def of(self, length: int, repeated: int) -> int:
        """Characters at the beginning of the next piece, which has `length` and repeats `repeated` of the last."""
        begin = self.end - repeated
        self.end = begin + length
        return max(repeated, min(length, self.known - begin))


class Cutter:
    """Cuts one text after the other. What is held of a text is a window and a piece, however long it is."""

    def __init__(self, max_tokens: int, ruler: Ruler, strategy: Strategy = "auto", overlap_tokens: int = 0) -> None:
        if not 0 <= overlap_tokens < max_tokens:
            raise ValueError("overlap_tokens must be below max_tokens")
        self.max_tokens, self.ruler, self.overlap_tokens = max_tokens, ruler, overlap_tokens
        kinds = KINDS[strategy]
        even_early = {"paragraph": "p", "sentence": "s"}.get(strategy)
        self._kinds = [(FINDERS[kind], kind == even_early) for kind in kinds]

    def pieces(self, windows: "Iterable[tuple[str, Sequence[int]]]") -> Iterator[Piece]:
        """The text's pieces. windows: the text in parts, and of each the first character of each token."""
        coming = iter(windows)
        held = _Held()
        begin = head = first = 0  # where the next piece begins, where what is new in it does, the first token that begins there or later
        while True:
            while not held.last and held.count - first <= self.max_tokens + AHEAD:
                if held.take(coming, begin, first):
                    begin, head, first = 0, head - begin, 0
            if head >= len(held.text):
                return
            cut, after, count = self._piece(held, begin, first, head)
            if count > self.max_tokens and begin < head:  # a character too wide beside its overlap goes without it
                begin, first = head, held.index(head)
                cut, after, count = self._piece(held, begin, first, head)
            yield Piece(held.text[begin:cut], count, head - begin)
            head = cut
            if self.overlap_tokens:  # so many tokens earlier, all of them of this piece
                begin = max(begin, held.start(max(0, after - self.overlap_tokens)))
                first = held.index(begin)
            else:
                begin, first = cut, after

    def _piece(self, held: "_Held", begin: int, first: int, head: int) -> tuple[int, int, int]:
        """Where the piece that begins at `begin`, with token `first`, ends, beyond `head` so that something new is in it.

        And the first token that begins there or later, and the number of tokens in the piece by itself.
        """
        text, starts, tokens, most = held.text, held.starts, held.count, self.max_tokens
        border = first < tokens and starts[first] == begin
        last = first + most  # the token that does not fit
        if held.last and tokens + (not border) <= last:
            cut, after = len(text), tokens
        else:
            limit = max(starts[last] if last < tokens else len(text), head + 1)
            cut = self._cut(text, head, limit)
            after = bisect_left(starts, cut, first, tokens if limit == head + 1 else min(last, tokens))
            blank = cut < limit and cut - 1 > head and text[cut - 1] == " "
            if blank and after and starts[after - 1] == cut - 1 and not held.border(cut, after):
                cut, after = cut - 1, after - 1  # it goes to the side whose token it is part of: so no token is cut, nothing counted anew
        sound = border and self.ruler.borders_are_sound
        if sound and (starts[after] == cut if after < tokens else held.last and cut == len(text)):
            return cut, after, after - first
        while True:
            count = self.ruler.between(text, held.starts, begin, cut, held.last)
            if count <= most or cut - head <= 1:
                return cut, held.index(cut), count
            nearer = held.start(max(first, held.index(cut) - (count - most)))
            cut = nearer if head < nearer < cut else max(head + 1, cut - max(1, (cut - head) // 8))

    def _cut(self, text: str, head: int, limit: int) -> int:
        """The best place to cut in (head, limit]."""
        low = max(head, head + int((limit - head) * FILLED) - 1)
        for find, even_early in self._kinds:
            best = find(text, head, head if even_early else low, limit)
            if best:
                return best
        return limit


class _Held:
    """The part of a text that is being cut, with its tokens. starts: where each begins. last: nothing follows."""

    def __init__(self) -> None:
        self.text = ""
        self.starts: Sequence[int] = ()
        self.count = 0
        self.last = False

    def take(self, coming: "Iterator[tuple[str, Sequence[int]]]", begin: int, first: int) -> bool:
        """One more window, and nothing more of what stands before `begin`, where token `first` is the next; False at the end."""
        import numpy as np

        window = next(coming, None)
        if window is None:
            self.last = True
            return False
        text, new = window
        rest = self.text[begin:]
        starts = np.asarray(new)
        if rest:
            starts = np.concatenate([np.asarray(self.starts[first:], np.int64) - begin, starts + len(rest)])
        self.text = rest + text
        self.starts = memoryview(starts)  # type: ignore[arg-type]  # gives single numbers quicker than an array
        self.count = len(starts)
        return True

    def index(self, at: int, low: int = 0) -> int:
        """The first token that begins at `at` or after it, which is `low` or after it."""
        return bisect_left(self.starts, at, low)

    def start(self, token: int) -> int:
        """Where a token begins; behind the last one, the end."""
        return self.starts[token] if token < self.count else len(self.text)

    def border(self, at: int, token: int) -> bool:
        """Whether a token begins, or the text ends, at `at`. token: the first that begins there or later."""
        return (self.starts[token] if token < self.count else len(self.text)) == at


def _paragraph(text: str, begin: int, low: int, limit: int) -> int:
    """The end of the last blank stretch with a line break in it, which begins at `low` or later, in (low, limit]; or 0."""
    stop = limit
    while (line := text.rfind("\n", low, stop)) >= 0:
        if not text[line + 1 : line + 2].isspace():
            return line + 1  # as mostly
        end = BLANK(text, line + 1, limit + 1).end()  # type: ignore[union-attr]  # it always matches
        if end <= limit:
            return end
        stop = low + len(text[low:line].rstrip())
    return 0


def _word(text: str, begin: int, low: int, limit: int) -> int:
    """As `_paragraph`, of any blank stretch, and before its last blank: pieces of a vocabulary begin with it."""
    stop = limit + 1
    while match := LAST_BLANK.match(text, low, stop):
        end = BLANK(text, match.end(), limit + 2).end()  # type: ignore[union-attr]  # it always matches
        if text[end - 1] == " " and end - 1 > low:
            end -= 1
        if end <= limit:
            return end
        stop = low + len(text[low : match.end()].rstrip())
    return 0


FINDERS: dict[str, Callable[[str, int, int, int], int]] = {"p": _paragraph, "s": last_sentence_end, "w": _word}
