"""Lengths in the real tokenizer's tokens: of whole texts, and of pieces of a text that was tokenized once.

A piece between two borders of tokens has, by itself, the very tokens that it had inside the text: no merge of BPE and no best path of
unigram reaches over a border. So a SentencePiece text is tokenized once. A byte-level tokenizer cuts words by a pattern that looks
around: there the words at a piece's ends are counted anew, and only they. Where nothing is known, the whole piece is.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from steps.text.seams import STRETCH, PieceSeams, Seams, WordSeams, gathered, seams_of
from steps.text.tokenizers import SentencePieceTokenizer, TextTokenizer

if TYPE_CHECKING:
    import numpy as np

Starts = Callable[[str], Sequence[int]]  # the first character of each token

FORCED = 1 << 20  # characters that are tokenized at once where no seam is known
WINDOW = 1 << 15  # characters that are cut at once
SHORT = 64  # characters: the ends of pieces that are counted anew are mostly the same few blanks and words
GRID = 64  # unigram scores that are multiples of 1/64 add up exactly: near ties fall alike in a piece and in its text


class Ruler:
    """Of one tokenizer, given by its `starts`; every border of tokens is taken for sound."""

    borders_are_sound = True

    def __init__(self, starts: Starts) -> None:
        self._starts = starts

    def count(self, text: str) -> int:
        """Tokens of a text by itself."""
        return len(self._starts(text))

    def parted(self, text: str) -> list[str]:
        """`text` in parts that are tokenized as they are in the whole."""
        return [text[i : i + FORCED] for i in range(0, len(text), FORCED)] or [""]

    def windows(self, parts: Iterable[str]) -> "Iterator[tuple[str, Sequence[int]]]":
        """A text that comes in parts, with its tokens, in windows."""
        for part in parts:
            for some in self.parted(part):
                yield some, self._starts(some)

    def between(self, text: str, starts: Sequence[int], begin: int, cut: int, last: bool) -> int:
        """Tokens of text[begin:cut] by itself. starts: of the text's tokens. last: nothing follows the text."""
        first, after = bisect_left(starts, begin), bisect_left(starts, cut)
        ends = starts[after] == cut if after < len(starts) else cut == len(text)
        if first < len(starts) and starts[first] == begin and ends:
            return after - first
        return self.count(text[begin:cut])


class TokenRuler(Ruler):
    """Of an opened tokenizer."""

    def __init__(self, opened: TextTokenizer) -> None:
        self.opened = opened
        self.seams: Seams = seams_of(opened)
        if isinstance(self.seams, PieceSeams):
            self.seams.whole = self.seams.stretch = STRETCH  # short, so that little is tokenized twice where some is unk
        exact = not isinstance(opened, SentencePieceTokenizer) or opened.model.kind == "bpe" or _on_grid(opened.model.pieces)
        self._count_short = lru_cache(1 << 12)(self._count)
        self._known = exact and type(self.seams) is not Seams
        self.borders_are_sound = self._known and not isinstance(self.seams, WordSeams)

    def texts(self, parted: list[list[str]]) -> "list[tuple[int, Callable[[], Sequence[int]]]]":
        """Of each text, which comes in its `parted`, its number of tokens, and what gives the first character of each."""
        ids = iter(self.opened.encode_arrays([part for parts in parted for part in parts]))
        found = [(parts, [next(ids) for _ in parts]) for parts in parted]
        return [(sum(map(len, own)), partial(self._begins, parts, own)) for parts, own in found]

    def _begins(self, parts: list[str], ids: "list[np.ndarray]") -> Sequence[int]:
        """The first character of each token of a text, in which its parts follow each other."""
        import numpy as np

        whole = ids[0] if len(ids) == 1 else np.concatenate(ids)
        known = self.opened.starts_by_length("".join(parts), whole)
        if known is not None:
            return known
        begins = accumulate(map(len, parts[:-1]), initial=0)
        starts = [np.asarray(self.opened.starts(*one), np.int64) + at for one, at in zip(zip(parts, ids, strict=True), begins, strict=True)]
        return cast("Sequence[int]", np.concatenate(starts))

    def count(self, text: str) -> int:
        """Tokens of a text by itself."""
        return self._count_short(text) if len(text) <= SHORT else self._count(text)

    def _count(self, text: str) -> int:
        return sum(map(len, self.opened.encode_arrays(self.parted(text)))) if text else 0

    def parted(self, text: str) -> list[str]:
        """Parts whose tokens are the whole's; where no seam is known, FORCED characters each."""
        return [part for some in self.seams.parted(text) for part in super(TokenRuler, self).parted(some)]

    def windows(self, parts: Iterable[str]) -> "Iterator[tuple[str, Sequence[int]]]":
        """A text that comes in parts, with its tokens, in windows that end at seams where there are any."""
        for some in gathered(self._stretches(parts), WINDOW):
            yield from zip(some, (starts() for _, starts in self.texts([[one] for one in some])), strict=True)

    def _stretches(self, parts: Iterable[str]) -> Iterator[str]:
        stretches = self.seams.stretches(parts) if type(self.seams) is not Seams else parts
        for some in stretches:
            yield from super().parted(some)

    def between(self, text: str, starts: Sequence[int], begin: int, cut: int, last: bool) -> int:
        """Tokens of text[begin:cut] by itself, counted anew only where its ends may have other tokens than inside the text."""
        if not self._known:
            return self.count(text[begin:cut])
        piece = text[begin:cut]
        first = 0 if self._sure(text, starts, begin) else self.seams.first(piece)
        final = len(piece) if self._sure(text, starts, cut) or (last and cut == len(text)) else self.seams.last(piece)
        if first < 0 or final <= first:
            return self.count(piece)
        inner = bisect_left(starts, begin + final) - bisect_left(starts, begin + first)
        return inner + (self.count(piece[:first]) if first else 0) + (self.count(piece[final:]) if final < len(piece) else 0)

    def _sure(self, text: str, starts: Sequence[int], at: int) -> bool:
        """Whether tokens on either side are the same when the other side is not there."""
        if isinstance(self.seams, WordSeams):
            return 0 < at < len(text) and self.seams.is_seam(text, at)
        token = bisect_left(starts, at)
        return token < len(starts) and starts[token] == at


def _on_grid(pieces: Sequence[Any]) -> bool:
    return all((piece.score * GRID).is_integer() for piece in pieces)
