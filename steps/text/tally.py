"""Counts of a corpus while it is written, and the statistics made of them."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from json.encoder import encode_basestring as quoted
from typing import Any, Protocol

from schemas import RecipeError
from steps.text.sieve import Kept

WHOLE = 1 << 20  # characters of a text that are written at once
ENCODE = json.JSONEncoder(ensure_ascii=False).encode


class Counted(Protocol):
    """A source, as far as it is counted."""

    @property
    def weight(self) -> float | None: ...
    @property
    def repeat(self) -> float: ...
    @property
    def label(self) -> str:
        """Its name in statistics."""


class Tally:
    """What was written so far, in all, by source, by language and by priority folder."""

    def __init__(self, sources: Sequence[Counted], seed: int) -> None:
        self.sources, self.seed = sources, seed
        self.documents = self.characters = self.bytes = self.chats = 0
        self.languages: Counter[str] = Counter()
        self.by_source = [[0, 0, 0] for _ in sources]  # documents, characters, documents as training sees them
        self.by_section: dict[str, list[float]] = {}  # section of a paper to the same two, and the sum of the repeats asked for
        self.by_priority: dict[str, list[int]] = {}  # folder to documents, and documents as training sees them

    def line(self, number: int, kept: Kept, name: str, repeat: int) -> Iterable[str]:
        """The document as its line of corpus.jsonl, in parts, counted. Raises RecipeError D109 when texts and conversations meet."""
        text = kept.text
        row = []
        if kept.lang:
            row.append(f'"lang": {quoted(kept.lang)}')
        row.append(f'"source": {quoted(name)}')
        if kept.title:
            row.append(f'"title": {quoted(kept.title)}')
        row.append(f'"origin": "{kept.origin.hex()}"')
        if repeat != 1:
            row.append(f'"repeat": {repeat}')
        if kept.messages is not None:
            row.append(f'"messages": {ENCODE(kept.messages)}')
            self.chats += 1
        self.documents += 1
        if 0 < self.chats < self.documents:
            raise RecipeError(
                "D109",
                f"{self.sources[number].label} holds {'conversations' if kept.messages else 'texts'}, what came before does not",
                field=f"sources.{number}",
                fix="give each kind its own parse_corpus step",
            )
        characters = len(text)
        self.characters += characters
        self.bytes += kept.size
        self.languages[kept.lang or "und"] += 1
        mine = self.by_source[number]
        mine[0] += 1
        mine[1] += characters
        mine[2] += repeat
        rest = ", ".join(["", *row]) + "}\n"
        if characters <= WHOLE:
            return [f'{{"text": {quoted(text)}{rest}']
        parts = (quoted(text[at : at + WHOLE])[1:-1] for at in range(0, characters, WHOLE))  # four copies of a book are not held
        return chain(['{"text": "'], parts, [f'"{rest}'])

    def priority(self, folder: str, repeat: int) -> None:
        """Count a document of a priority folder."""
        entry = self.by_priority.setdefault(folder, [0, 0])
        entry[0] += 1
        entry[1] += repeat

    def section(self, name: str, repeat: int, weight: float) -> None:
        """Count a section of a paper; weight: how often it was asked for."""
        entry = self.by_section.setdefault(name, [0, 0, 0.0])
        for at, more in enumerate((1, repeat, weight)):
            entry[at] += more

    def by_label(self) -> dict[str, int]:
        """Documents by the names of the sources; two of one name are one."""
        found: Counter[str] = Counter()
        for source, (documents, _, _) in zip(self.sources, self.by_source, strict=True):
            found[source.label] += documents
        return dict(found)

    def facts(self, priority: dict[str, float]) -> dict[str, Any]:
        """For the statistics: totals, languages, shares asked and got, repeats asked and drawn."""
        weighed = [i for i, source in enumerate(self.sources) if source.weight is not None]
        asked = sum(self.sources[i].weight or 0 for i in weighed)
        got = sum(self.by_source[i][1] for i in weighed)
        sources = []
        for i, (source, (documents, characters, seen)) in enumerate(zip(self.sources, self.by_source, strict=True)):
            entry: dict[str, Any] = {"source": source.label, "documents": documents, "characters": characters}
            if i in weighed:
                entry |= {"asked": round((source.weight or 0) / asked, 6), "got": round(characters / got, 6) if got else 0.0}
            if seen != documents:
                entry |= {"repeat": source.repeat, "seen": seen}
            sources.append(entry)
        found: dict[str, Any] = {
            "documents": self.documents,
            "characters": self.characters,
            "bytes": self.bytes,
            "languages": dict(sorted(self.languages.items())),
            "sources": sources,
        }
        if self.by_section:
            found["sections"] = [
                {"section": name, "repeat": round(asked / documents, 4), "documents": documents, "seen": seen}
                for name, (documents, seen, asked) in sorted(self.by_section.items())
            ]
        if priority:
            found["priority"] = [
                {
                    "folder": folder,
                    "repeat": repeat,
                    "documents": self.by_priority.get(folder, [0, 0])[0],
                    "seen": self.by_priority.get(folder, [0, 0])[1],
                    "seed": self.seed,
                }
                for folder, repeat in priority.items()
            ]
        return found


def drawn(repeat: float, digest: bytes, seed: int) -> int:
    """Whole repeats: the fraction is drawn from the seed and the text."""
    whole = int(repeat)
    part = repeat - whole
    return whole + (part > 0 and random.Random(f"{seed}:{digest.hex()}").random() < part)
