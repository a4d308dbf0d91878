"""Cutting a text into pieces that fit: between paragraphs where it can be, then sentences, then words, at worst tokens."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from steps.text.choices import Strategy
from steps.text.ruler import Ruler, Starts
from steps.text.sentences import LONGEST_WORD, sentence_ends

if TYPE_CHECKING:
    pass


FILLED = 0.5  # a nicer cut is taken only when the piece is at least so full
NEAR = 256  # characters before a limit that are looked at first
AHEAD = 64  # tokens that are known beyond a piece before it is cut: its end may be looked at with what follows
PARAGRAPH = re.compile(r"\n[^\S\n]*+(?:\n\s*+)?+")
WORD = re.compile(r"\s++")
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
        self.max_tokens, self.ruler, self.strategy, self.overlap_tokens = max_tokens, ruler, strategy, overlap_tokens

    def pieces(self, windows: "Iterable[tuple[str, Sequence[int]]]") -> Iterator[Piece]:
        """The text's pieces. windows: the text in parts, and of each the first character of each token."""
        coming = iter(windows)
        held = _Held()
        begin = head = 0  # where the next piece begins, and where what is new in it does
        while True:
            while not held.last and held.tokens_from(begin) <= self.max_tokens + AHEAD:
                held.drop(begin)
                begin, head = 0, head - begin
                held.take(coming)
            if head >= len(held.text):
                return
            cut, count = self._piece(held, begin, head)
            if count > self.max_tokens and begin < head:  # a character too wide beside its overlap goes without it
                begin = head
                cut, count = self._piece(held, begin, head)
            yield Piece(held.text[begin:cut], count, head - begin)
            begin, head = self._overlap(held, begin, cut), cut

    def _overlap(self, held: "_Held", begin: int, cut: int) -> int:
        """Where the piece after `cut` begins: `overlap_tokens` tokens earlier, all of them of the last piece."""
        if not self.overlap_tokens:
            return cut
        return max(begin, held.start(max(0, held.index(cut) - self.overlap_tokens)))

    def _piece(self, held: "_Held", begin: int, head: int) -> tuple[int, int]:
        """Where the piece that begins at `begin` ends, beyond `head` so that something new is in it; and its number of tokens."""
        first = held.index(begin)
        if held.last and held.tokens_from(begin) + (not held.border(begin)) <= self.max_tokens:
            cut = len(held.text)
        else:
            cut = self._cut(held, head, max(held.start(first + self.max_tokens), head + 1))
        while True:
            count = self.ruler.between(held.text, held.starts, begin, cut, held.last)
            if count <= self.max_tokens or cut - head <= 1:
                return cut, count
            nearer = held.start(max(first, held.index(cut) - (count - self.max_tokens)))
            cut = nearer if head < nearer < cut else max(head + 1, cut - max(1, (cut - head) // 8))

    def _cut(self, held: "_Held", head: int, limit: int) -> int:
        """The best place to cut in (head, limit]."""
        text = held.text
        least = head + int((limit - head) * FILLED)
        for kind in KINDS[self.strategy]:
            even_early = (self.strategy, kind) in (("paragraph", "p"), ("sentence", "s"))
            best = _last(kind, text, head if even_early else max(head, least - 1), limit)
            if best:
                return self._with_blank(held, best, head)
        return limit

    def _with_blank(self, held: "_Held", cut: int, head: int) -> int:
        """The blank before the next word goes to the side whose token it is part of: so no token is cut, and nothing counted anew."""
        if cut - 1 > head and held.text[cut - 1] == " " and not held.border(cut) and held.border(cut - 1):
            return cut - 1
        return cut


class _Held:
    """The part of a text that is being cut, with its tokens. last: nothing follows."""

    def __init__(self) -> None:
        import numpy as np

        self.text = ""
        self.starts: np.ndarray = np.zeros(0, np.int64)
        self.last = False

    def take(self, coming: "Iterator[tuple[str, Sequence[int]]]") -> None:
        """One more window."""
        import numpy as np

        window = next(coming, None)
        if window is None:
            self.last = True
            return
        self.starts = np.concatenate([self.starts, np.asarray(window[1], np.int64) + len(self.text)])
        self.text += window[0]

    def drop(self, begin: int) -> None:
        """Forget what stands before `begin`."""
        if begin:
            self.starts = self.starts[self.index(begin) :] - begin
            self.text = self.text[begin:]

    def index(self, at: int) -> int:
        """The first token that begins at `at` or after it."""
        return int(self.starts.searchsorted(at))

    def start(self, token: int) -> int:
        """Where a token begins; behind the last one, the end."""
        return int(self.starts[token]) if token < len(self.starts) else len(self.text)

    def border(self, at: int) -> bool:
        """Whether a token begins, or the text ends, at `at`."""
        return self.start(self.index(at)) == at

    def tokens_from(self, at: int) -> int:
        """Tokens that begin at `at` or after it."""
        return len(self.starts) - self.index(at)


def _last(kind: str, text: str, low: int, limit: int) -> int:
    """The last place of its kind in (low, limit], 0 when there is none; looked for near the end first."""
    size = NEAR
    while True:
        least = max(low, limit - size)
        from_here = max(0, least - LONGEST_WORD) if kind == "s" else least
        ends = _ends(kind, text[from_here : limit + 16])
        at = bisect_left(ends, limit + 1 - from_here) - 1
        if at >= 0 and from_here + ends[at] > least:
            return from_here + ends[at]
        if least == low:
            return 0
        size = limit


def _ends(kind: str, stretch: str) -> list[int]:
    if kind == "s":
        return sentence_ends(stretch)
    if kind == "w":  # before the blank: pieces of a vocabulary begin with it
        return [m.end() - 1 if m[0][-1] == " " and m.end() > 1 else m.end() for m in WORD.finditer(stretch)]
    return [m.end() for m in PARAGRAPH.finditer(stretch)]
