"""The part of split_long that runs in several processes: a block of rows becomes the lines of its pieces, and what is to be counted."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from steps.text.blocks import Block, LongRow, lines_of
from steps.text.choices import Strategy
from steps.text.conversations import split_conversation
from steps.text.ruler import TokenRuler
from steps.text.split import Cutter, Overlap
from steps.text.tokenizers import TextTokenizer, open_tokenizer

dumps = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Setting:
    """What all blocks share."""

    tokenizer: str
    max_tokens: int
    strategy: Strategy
    overlap_tokens: int
    analyze_only: bool


@dataclass(slots=True)
class Tally:
    """Counts of rows that are written."""

    documents: int = 0
    characters: int = 0
    bytes: int = 0
    languages: Counter[str] = field(default_factory=Counter)
    chats: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """One row."""
        self.documents += 1
        self.characters += len(row["text"])
        self.bytes += len(row["text"].encode("utf-8"))
        self.languages[row.get("lang") or "und"] += 1
        self.chats += bool(row.get("messages"))

    def join(self, other: "Tally") -> None:
        """All of another's."""
        self.documents += other.documents
        self.characters += other.characters
        self.bytes += other.bytes
        self.languages.update(other.languages)
        self.chats += other.chats


@dataclass(slots=True)
class Split:
    """A block, done. out: lines of the new corpus. lengths: of each row its tokens, those of its pieces, and whether it is a chat.

    done: what was done to conversations.
    """

    lines: int
    out: bytes = b""
    lengths: list[tuple[int, list[int], bool]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    done: Counter[str] = field(default_factory=Counter)


@cache
def tools(folder: str) -> tuple[TextTokenizer, TokenRuler]:
    """The tokenizer and its ruler, opened once a process."""
    opened = open_tokenizer(Path(folder))
    return opened, TokenRuler(opened)


def marks(opened: TextTokenizer) -> int:
    """Tokens that are put around every document."""
    return (opened.bos_id is not None) + (opened.eos_id is not None)


def split_block(setting: Setting, block: Block) -> Split | None:
    """The rows of a block, those that are too long in pieces. None for a long line: whoever holds the output cuts it as it comes."""
    if block.long:
        return None
    opened, ruler = tools(setting.tokenizer)
    found, lines = lines_of(block)
    made = Split(lines)
    parted = [ruler.parted(row["text"]) for row, _ in found]
    tokens = iter(ruler.starts([part for parts in parted for part in parts]))
    out: list[bytes] = []
    for (row, line), parts in zip(found, parted, strict=True):
        known = [next(tokens) for _ in parts]
        chat = row.get("messages") if opened.form.source else None  # ours is in the text already
        count = opened.form.count(chat, opened) if chat else sum(n for n, _ in known) + marks(opened)
        if count <= setting.max_tokens or setting.analyze_only:
            out += (line, b"\n")
            made.tally.add(row)
            sizes = [count]
        else:
            windows = ((part, starts()) for part, (_, starts) in zip(parts, known, strict=True))
            sizes = []
            for piece, size in pieces(row, windows, setting, made.done):
                out.append(dumps(piece).encode("utf-8") + b"\n")
                made.tally.add(piece)
                sizes.append(size)
        made.lengths.append((count, sizes, bool(row.get("messages"))))
    made.out = b"".join(out)
    return made


def pieces(
    row: dict[str, Any], windows: Iterator[tuple[str, Sequence[int]]], setting: Setting, done: "Counter[str]"
) -> Iterator[tuple[dict[str, Any], int]]:
    """A row that is too long as rows that are not, each with its length in tokens. windows: its text with its tokens."""
    opened, ruler = tools(setting.tokenizer)
    origin = row.get("origin") or _digest(row["text"])
    if row.get("messages"):
        yield from _talk(row, origin, setting, done)
        return
    cutter = Cutter(setting.max_tokens - marks(opened), ruler, setting.strategy, setting.overlap_tokens)
    seen = Overlap(row.get("overlap", 0))
    for piece in cutter.pieces(windows):
        made = {**row, "origin": origin, "text": piece.text}
        yield overlapping(made, seen.of(len(piece.text), piece.repeated)), piece.tokens + marks(opened)


def overlapping(row: dict[str, Any], characters: int) -> dict[str, Any]:
    """`row` with so many characters that the piece before it has too."""
    known = {key: value for key, value in row.items() if key != "overlap"}
    return {**known, "overlap": characters} if characters else known


def _talk(row: dict[str, Any], origin: str, setting: Setting, done: "Counter[str]") -> Iterator[tuple[dict[str, Any], int]]:
    opened, ruler = tools(setting.tokenizer)
    own = opened.form.source is not None
    around = 0 if own else marks(opened)

    def size(messages: list[dict[str, str]]) -> int:
        return opened.form.count(messages, opened)

    split = split_conversation(
        row["messages"], setting.max_tokens - around, ruler, setting.strategy, setting.overlap_tokens, size if own else None
    )
    done["conversations split"] += len(split.rows) > 1
    done["rounds that begin a new row, without the rounds before them"] += split.apart
    done["long answers split, their question repeated"] += split.answers
    for why in split.whole:
        done[f"rounds kept whole above the limit: {why}"] += 1
    seen = Overlap(row.get("overlap", 0))  # a row that has one is a single round: its parts are those of its answer
    for part in split.rows:
        made = overlapping({**row, "origin": origin, **part}, seen.of(len(part["messages"][-1]["content"]), part.get("overlap", 0)))
        yield made, size(part["messages"]) if own else ruler.count(part["text"]) + around


def split_row(setting: Setting, long: LongRow, met: Callable[[int], None]) -> Iterator[tuple[bytes, dict[str, Any], int]]:
    """A text that is not held, cut as it comes: (the line, the row, its tokens) of each piece. met: told the tokens of each window."""

    def told(windows: Iterator[tuple[str, Sequence[int]]]) -> Iterator[tuple[str, Sequence[int]]]:
        for text, starts in windows:
            met(len(starts))
            yield text, starts

    opened, ruler = tools(setting.tokenizer)
    origin = long.row.get("origin") or _digest_of(long)
    cutter = Cutter(setting.max_tokens - marks(opened), ruler, setting.strategy, setting.overlap_tokens)
    seen = Overlap(long.row.get("overlap", 0))
    for piece in cutter.pieces(told(ruler.windows(long.parts()))):
        whole = len(piece.text) == long.characters
        row = {"text": piece.text, **{k: v for k, v in long.row.items() if k != "text"}, **({} if whole else {"origin": origin})}
        row = overlapping(row, seen.of(len(piece.text), piece.repeated))
        yield dumps(row).encode("utf-8") + b"\n", row, piece.tokens + marks(opened)


def _digest(text: str) -> str:
    from blake3 import blake3

    return str(blake3(text.encode("utf-8")).hexdigest(16))


def _digest_of(long: LongRow) -> str:
    from blake3 import blake3

    whole = blake3()
    for part in long.parts():
        whole.update(part.encode("utf-8"))
    return str(whole.hexdigest(16))
