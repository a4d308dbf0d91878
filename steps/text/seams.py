"""Seams: places where a text may be parted without changing its ids. So a book on one line needs no more memory than a page.

What is not proved is not parted. SentencePiece BPE merges two neighbours only when the vocabulary has the merged piece, and unigram's
best path runs through every place that no piece reaches over: where the characters left and right of a place stand side by side in no
piece of the vocabulary, both sides are tokenized as if the other were not there. (An unknown character beside another becomes one unk
with it, so one of the two must be known.) A byte-level tokenizer first cuts a text into words by a pattern; before a blank that follows
a visible character all patterns known here begin a new word. With a normalisation, a dummy prefix or another pattern nothing is proved.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from steps.text.spmodel import CONTROL
from steps.text.tokenizers import FastTokenizer, SentencePieceTokenizer, TextTokenizer

# SentencePiece's unigram adds float32: beyond 2^18 nats sums of our 1/64 grid are no longer exact and the whole text's ids
# depend on its length. Up to WHOLE_UNIGRAM a text is taken whole, as SentencePiece alone would; longer ones get the exact best path.
WHOLE_UNIGRAM = 1 << 20
STRETCH_UNIGRAM = 1 << 16
STRETCH = 1 << 13  # characters; BPE's time and memory grow faster than the text
PATTERNS = (  # of Split in a tokenizer.json: Llama 3, Qwen 2
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
BLANK_AFTER_VISIBLE = re.compile(r"\S ")


class Seams:
    """Of one tokenizer. whole: the longest text that is taken whole. stretch: about so long are the parts of a longer one."""

    whole: int = 1 << 62
    stretch: int = STRETCH

    def last(self, text: str, low: int = 0) -> int:
        """The last seam after `low`: text[:seam] and text[seam:] have, joined, the ids of `text`. 0 when none is known."""
        return next((at for at in range(len(text) - 1, max(low, 0), -1) if self.is_seam(text, at)), 0)

    def first(self, text: str) -> int:
        """The first seam, -1 when none is known."""
        return next((at for at in range(1, len(text)) if self.is_seam(text, at)), -1)

    def is_seam(self, text: str, at: int) -> bool:
        """Whether `at`, inside the text, is one."""
        return False

    def parted(self, text: str) -> list[str]:
        """`text` in stretches whose ids, joined, are its ids."""
        return [text] if len(text) <= self.whole else list(self.stretches([text]))

    def stretches(self, parts: Iterable[str]) -> Iterator[str]:
        """The same of a text that comes in parts; no more of it is held than there is between two seams."""
        held: list[str] = []
        size = 0
        for part in parts:
            at = 0
            while at < len(part):
                taken = part[at : at + self.stretch]
                at += len(taken)
                before = held[-1][-1:] if held else ""
                seam = self.last(before + taken) if size + len(taken) >= self.stretch else 0
                if seam:
                    yield "".join(held) + taken[: seam - len(before)]
                    held, size = [taken[seam - len(before) :]], 0
                else:
                    held.append(taken)
                size += len(held[-1]) if seam else len(taken)
        if rest := "".join(held):
            yield rest


class PieceSeams(Seams):
    """Of a SentencePiece model without normalisation."""

    def __init__(self, opened: SentencePieceTokenizer) -> None:
        texts = [p.text.replace("▁", " ") for p in opened.model.pieces if p.kind != CONTROL]
        self._inside = {text[i : i + 2] for text in texts for i in range(len(text) - 1)}
        self._known = {text for text in texts if len(text) == 1}
        unigram = opened.model.kind == "unigram"
        self.whole, self.stretch = (WHOLE_UNIGRAM, STRETCH_UNIGRAM) if unigram else (STRETCH, STRETCH)

    def is_seam(self, text: str, at: int) -> bool:
        """A place over which no piece reaches."""
        pair = text[at - 1 : at + 1].replace("▁", " ")
        return pair not in self._inside and (pair[0] in self._known or pair[1] in self._known)


class WordSeams(Seams):
    """Of a byte-level tokenizer whose words begin at blanks."""

    whole = STRETCH

    def is_seam(self, text: str, at: int) -> bool:
        """A blank that follows a visible character."""
        return text[at] == " " and not text[at - 1].isspace()

    def last(self, text: str, low: int = 0) -> int:
        """The last blank after `low` that follows a visible character."""
        at = len(text)
        while (at := text.rfind(" ", max(low, 0) + 1, at)) > 0:
            if not text[at - 1].isspace():
                return at
        return 0


def seams_of(opened: TextTokenizer) -> Seams:
    """What is proved of `opened`."""
    if isinstance(opened, SentencePieceTokenizer):
        model = opened.model
        plain = model.normalization == "identity" and not model.add_dummy_prefix and not model.remove_extra_whitespaces
        return PieceSeams(opened) if plain and model.kind in ("unigram", "bpe") else Seams()
    if isinstance(opened, FastTokenizer) and _words_begin_at_blanks(opened.described):
        return WordSeams()
    return Seams()


def _words_begin_at_blanks(data: dict[str, Any]) -> bool:
    if data.get("model", {}).get("type") != "BPE" or data["model"].get("dropout"):
        return False
    if (data.get("normalizer") or {"type": "NFC"})["type"] != "NFC":
        return False
    for token in data.get("added_tokens", []):
        if token.get("lstrip") or token.get("rstrip") or token.get("single_word") or BLANK_AFTER_VISIBLE.search(token["content"]):
            return False
    first = data.get("pre_tokenizer") or {}
    kinds = first.get("pretokenizers", []) if first.get("type") == "Sequence" else [first]
    if not kinds or kinds[-1].get("type") != "ByteLevel" or kinds[-1].get("add_prefix_space"):
        return False
    before = kinds[:-1]
    if kinds[-1].get("use_regex", True):
        return all(kind.get("type") == "Digits" for kind in before)
    patterns = [kind.get("pattern", {}).get("Regex") for kind in before if kind.get("type") == "Split"]
    isolated = all(kind.get("behavior") == "Isolated" and not kind.get("invert") for kind in before if kind.get("type") == "Split")
    return isolated and len(patterns) == len(before) == 1 and patterns[0] in PATTERNS


def gathered(stretches: Iterator[str], size: int) -> Iterator[list[str]]:
    """Stretches in lists of about `size` characters together: enough for a tokenizer, or a process, to be worth calling."""
    held: list[str] = []
    count = 0
    for stretch in stretches:
        held.append(stretch)
        count += len(stretch)
        if count >= size:
            yield held
            held, count = [], 0
    if held:
        yield held
