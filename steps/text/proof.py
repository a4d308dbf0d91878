"""The proof of a tokenizer on real text: does every paragraph come back, what is unknown, how much does a token carry."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from steps.text.tokenizers import SentencePieceTokenizer, TextTokenizer

BLANK = "\u2581"  # SentencePiece writes a blank so, and gives a blank back where the text itself has the sign
PARAGRAPH = re.compile(r".+?(?:\n[ \t\r]*\n\s*|\Z)", re.DOTALL)  # to the blank line after it, that included
ESSENTIAL = "\n\t0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Tally:
    """Counts of one language. broken: paragraphs that did not come back although all of them is known; example: one, and what came.

    signs: paragraphs that hold ▁ and come back with a blank in its place: nothing else is lost in them.
    """

    documents: int = 0
    paragraphs: int = 0
    exact: int = 0
    tokens: int = 0
    unknown: int = 0
    bytes: int = 0
    characters: int = 0
    words: int = 0
    broken: int = 0
    signs: int = 0
    example: tuple[str, str] | None = None

    @property
    def round_trip(self) -> float:
        """Share of paragraphs that come back exactly."""
        return self.exact / self.paragraphs if self.paragraphs else 1.0

    @property
    def unknown_rate(self) -> float:
        """Share of tokens that are unk."""
        return self.unknown / self.tokens if self.tokens else 0.0

    def facts(self) -> dict[str, Any]:
        """For the statistics."""
        return {
            "documents": self.documents,
            "paragraphs": self.paragraphs,
            "round_trip": self.round_trip,
            "unknown_rate": self.unknown_rate,
            "characters_per_token": round(self.characters / max(1, self.tokens), 3),
            "bytes_per_token": round(self.bytes / max(1, self.tokens), 3),
            "tokens_per_word": round(self.tokens / max(1, self.words), 3),
        }


def prove(tokenizer: TextTokenizer, rows: Iterable[dict[str, Any]]) -> tuple[dict[str, Tally], list[dict[str, Any]]]:
    """Tallies by language over documents ({"text", "lang"}), and a paragraph of each language cut into its pieces."""
    tallies: dict[str, Tally] = {}
    shown: list[dict[str, Any]] = []
    for row in rows:
        lang = row.get("lang") or "und"
        if lang not in tallies:
            tallies[lang] = Tally()
            shown.append(_shown(tokenizer, row["text"], lang))
        _count(tokenizer, row["text"], tallies[lang])
    return tallies, [sample for sample in shown if sample["pieces"]]


def _count(tokenizer: TextTokenizer, text: str, tally: Tally) -> None:
    tally.documents += 1
    tally.bytes += len(text.encode("utf-8", "replace"))
    tally.characters += len(text)
    tally.words += len(text.split())
    paragraphs = PARAGRAPH.findall(text)  # with the line breaks inside and behind it: they must come back too
    for paragraph, ids in zip(paragraphs, tokenizer.encode_batch(paragraphs), strict=True):
        back = tokenizer.decode(ids)
        tally.paragraphs += 1
        tally.tokens += len(ids)
        unknown = ids.count(tokenizer.unk_id) if tokenizer.unk_id is not None else 0
        tally.unknown += unknown
        if back in (paragraph, tokenizer.normalized(paragraph)):
            tally.exact += 1
        elif BLANK in paragraph and back == tokenizer.normalized(paragraph).replace(BLANK, " "):
            tally.signs += 1
        elif not unknown:  # what is unknown is counted by itself
            tally.broken += 1
            tally.example = tally.example or (paragraph, back)


def _shown(tokenizer: TextTokenizer, text: str, lang: str) -> dict[str, Any]:
    paragraph = next((line for line in text.splitlines() if len(line) > 40), text)[:160]
    ids, spans = tokenizer.encode_offsets(paragraph)
    if isinstance(tokenizer, SentencePieceTokenizer):
        return {"lang": lang, "text": paragraph, "pieces": [tokenizer.piece(i) for i in ids]}
    pieces = [paragraph[start:end].replace(" ", BLANK) for start, end in spans]  # a byte-level piece is spelled in signs of its own
    return {"lang": lang, "text": paragraph, "pieces": [piece for piece in pieces if piece]}


def lost_essentials(tokenizer: TextTokenizer) -> list[str]:
    """Characters no text should lose (line break, tab, digits, ASCII letters) that this tokenizer does not know, or changes."""
    return [c for c in ESSENTIAL if tokenizer.unk_id in (ids := tokenizer.encode(f"a{c}a")) or tokenizer.decode(ids) != f"a{c}a"]
