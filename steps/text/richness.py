"""How many pieces a text can give, told from its size and the different words in a sample of it: no training, no library."""

import json
from collections.abc import Iterable
from math import log2
from typing import Any

from schemas import ForecastContext
from steps.text import rows
from steps.text.choices import format_of
from steps.text.encodings import beginning
from steps.text.unreadable import Unreadable

SAMPLED = 2_000_000  # bytes looked at
FILES = 32  # files looked into
LEAST = 16_384  # bytes of each
SMALL = 50_000  # bytes of the smallest text measured
FEW = 600  # beginnings of words, up to which their pieces grow with them
FULL = 0.9  # of a budget that must be there to tell
SPARE = 16  # special tokens, and letters of a language that are always pieces
RATIOS = {"unigram": (0.8, -0.1), "bpe": (4.0, -0.16)}  # pieces a word at SMALL bytes, and the power of the size by which it falls


def most_pieces(text_bytes: int, model: str) -> int:
    """A generous bound of the pieces in so much text: distinct words grow as bytes^0.6 (Heaps), and pieces with them.

    Measured with SentencePiece: the largest unigram vocabulary was 1,623 of 53 kB (English), 8,799 of 248 kB (Turkish), 7,019 of
    562 kB, 11,318 of 1.1 MB; the largest bpe 6,278, 41,144, 24,419 and 43,274. The factors lie a little above the richest of these.
    """
    return int((5.5 if model == "unigram" else 25.0) * text_bytes**0.6)


def pieces_of_words(words: int, text_bytes: int, model: str) -> int:
    """The pieces in a text of so many different words, at most.

    Measured on 24 texts of Turkish prose, Turkish documentation, English prose and mixes of them, 50 kB to 8.3 MB. Largest unigram
    vocabulary for each different word: 0.68-0.79 at 50 kB, 0.59-0.65 at 250 kB, 0.51-0.56 at 1 MB, 0.45-0.51 at 3 MB, 0.46 at
    8.3 MB (62,091 pieces); bpe: 2.8-4.0, 2.1-3.0, 1.6-2.3, 1.3-2.0 and 1.6. The curve lies on the richest of these.
    """
    ratio, power = RATIOS["unigram" if model == "unigram" else "bpe"]
    return int(ratio * (max(text_bytes, SMALL) / SMALL) ** power * words)


def pieces_of_little(texts: Iterable[str], model: str, bytes_in: bool, budget: int) -> int | None:
    """The pieces in less than SMALL bytes of a text, at most, `budget` bytes of it taken evenly; None where `texts` hold less than that.

    Counted are the beginnings of its different words, each of which is a piece at the most. Measured on Turkish, English, documentation,
    random words, lines that differ in a number and sentences of few words: bpe makes up to 1.75 pieces for each of some hundred, 1.39 of
    1,337, 1.21 of 3,347, 0.98 of 7,924;
    unigram 0.3 of prose, and up to 1.05 of lines that repeat. bytes_in: the 256 bytes are pieces, too.
    """
    lines = [line for text in texts for line in text.splitlines(keepends=True)]
    there = sum(len(line.encode("utf-8", "replace")) for line in lines)
    if not lines or there < FULL * budget:
        return None
    share, due, taken = min(1.0, budget / there), 0.0, []
    for line in lines:
        due += share * len(line.encode("utf-8", "replace"))
        if due > 0:
            taken.append(line)
            due -= len(line.encode("utf-8", "replace"))
    text = "".join(taken)
    beginnings = {word[:size] for word in set(text.split()) for size in range(1, len(word) + 1)}
    ratio = 1.1 if model == "unigram" else 2.0 * (max(FEW, len(beginnings)) / FEW) ** -0.2
    return int((256 if bytes_in else 0) + SPARE + len(set(text)) + ratio * len(beginnings))


def words_in(texts: Iterable[str], text_bytes: int) -> int | None:
    """Different words in the `text_bytes` of a corpus that begins like `texts`; None for a sample too small to tell.

    The growth over the second half of the sample goes on to the end, which is a little more than there will be.
    """
    sample = list(texts)
    read = sum(len(text.encode("utf-8", "replace")) for text in sample)
    if read < SMALL:
        return None
    found: set[str] = set()
    half, seen = 0, 0
    for text in sample[::2] + sample[1::2]:  # each half from all over the sample
        found.update(text.split())
        seen += len(text.encode("utf-8", "replace"))
        if seen * 2 <= read:
            half = len(found)
    growth = min(1.0, max(0.5, log2(len(found) / half))) if half else 1.0
    return int(len(found) * max(1.0, text_bytes / read) ** growth)


def sampled_texts(sources: Iterable[Any], context: ForecastContext) -> list[str]:
    """Stretches of the texts of parse_corpus' `sources`: from the beginnings of plain and jsonl files, about SAMPLED bytes.

    A large file gives more than a small one, as it will to the corpus.
    """
    paths = [(source, path) for source in sources if source.path is not None for path in context.files(source.path)]
    paths = paths[:: max(1, len(paths) // FILES)]
    part = min(1.0, SAMPLED / max(1, sum(context.size(path) for _, path in paths)))
    found: list[str] = []
    for source, path in paths:
        try:
            kind = format_of(path, source.format)
        except Unreadable:
            continue
        if kind not in ("txt", "md", "jsonl") or path.suffix in (".gz", ".zst"):
            continue
        share = max(LEAST, int(context.size(path) * part))
        try:
            lines = beginning(context.head(path, share), context.size(path) <= share).splitlines()
        except Unreadable:
            continue
        found += _texts(source, lines) if kind == "jsonl" else ["\n".join(lines[at : at + 50]) for at in range(0, len(lines), 50)]
    return found


def _texts(source: Any, lines: list[str]) -> list[str]:
    made: list[str] = []
    roles: dict[str, str] | None = None
    for line in lines:
        try:
            row = json.loads(line)
            roles = roles or rows.meant(source.columns, list(row), row)
            made.append(rows.document(row, roles).text)
        except (ValueError, AttributeError, TypeError):
            continue
    return made
