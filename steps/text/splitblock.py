"""The part of split_long that runs in several processes: a block of rows becomes the lines of its pieces, and what is to be counted."""

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from steps.text.blocks import Block, LongRow, lines_of
from steps.text.choices import Strategy
from steps.text.conversations import split_conversation
from steps.text.ruler import TokenRuler
from steps.text.split import Cutter, Overlap, Piece
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

    def add(self, row: dict[str, Any], texts: Sequence[str] | None = None, whole: str | None = None) -> None:
        """One row, or one for each of `texts`, which stand in place of its own. whole: what they are, joined, where that is known."""
        texts = [row["text"]] if texts is None else texts
        counted = texts if whole is None else [whole]
        self.documents += len(texts)
        self.characters += sum(map(len, counted))
        self.bytes += sum(len(text) if text.isascii() else len(text.encode("utf-8")) for text in counted)
        self.languages[row.get("lang") or "und"] += len(texts)
        self.chats += len(texts) * bool(row.get("messages"))

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
    with uncollected():
        return _split(setting, block)


@contextmanager
def uncollected() -> Iterator[None]:
    """Rows and their pieces hold no cycles: while they are made the collector would look at all of them again and again, for nothing."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _split(setting: Setting, block: Block) -> Split:
    opened, ruler = tools(setting.tokenizer)
    around, knife = marks(opened), cutter(setting)
    rows, lines = lines_of(block)
    made = Split(lines)
    parted = [ruler.parted(row["text"]) for row, _ in rows]
    out: list[bytes] = []
    for (row, line), (tokens, starts) in zip(rows, ruler.texts(parted), strict=True):
        chat = row.get("messages") if opened.form.source else None  # ours is in the text already
        count = opened.form.count(chat, opened) if chat else tokens + around
        if count <= setting.max_tokens or setting.analyze_only:
            out += (line, b"\n")
            made.tally.add(row)
            sizes = [count]
        elif row.get("messages"):
            sizes = []
            for piece, size in _talk(row, setting, made.done):
                out.append(dumps(piece).encode("utf-8") + b"\n")
                made.tally.add(piece)
                sizes.append(size)
        else:
            found = list(knife.pieces([(row["text"], starts())]))
            out += map(Lines({**row, "origin": row.get("origin") or _digest(row["text"]), "text": ""}).of, found)
            made.tally.add(row, [piece.text for piece in found], None if setting.overlap_tokens else row["text"])
            sizes = [piece.tokens + around for piece in found]
        made.lengths.append((count, sizes, bool(row.get("messages"))))
    made.out = b"".join(out)
    return made


class Lines:
    """Lines of the pieces of one row, in turn."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._quoted = quote = quoted()
        pairs = [(key, value) for key, value in row.items() if key != "overlap"]
        fields = [quote(key) + b": " + (quote(value) if isinstance(value, str) else dumps(value).encode("utf-8")) for key, value in pairs]
        at = [key for key, _ in pairs].index("text")
        self._opening = b"{" + b"".join(field + b", " for field in fields[:at]) + b'"text": '
        self._closing = b"".join(b", " + field for field in fields[at + 1 :])
        self._known = Overlap(known) if (known := row.get("overlap", 0)) else None

    def of(self, piece: Piece) -> bytes:
        """The row with the text of `piece`, and with the number of characters at its beginning that the piece before it has too."""
        text, _, overlap = piece
        if self._known:
            overlap = self._known.of(len(text), overlap)
        more = b', "overlap": %d' % overlap if overlap else b""
        return b"%b%b%b%b}\n" % (self._opening, self._quoted(text), self._closing, more)


@cache
def quoted() -> Callable[[str], bytes]:
    """What writes a text as JSON, as `dumps` does; by orjson, where it is, in a tenth of the time."""
    try:
        from orjson import dumps as quick
    except ImportError:
        return lambda text: dumps(text).encode("utf-8")
    return quick


def overlapping(row: dict[str, Any], characters: int) -> dict[str, Any]:
    """`row` with so many characters that the piece before it has too."""
    known = {key: value for key, value in row.items() if key != "overlap"}
    return {**known, "overlap": characters} if characters else known


def _talk(row: dict[str, Any], setting: Setting, done: "Counter[str]") -> Iterator[tuple[dict[str, Any], int]]:
    """A conversation that is too long in rows, each with its length in tokens."""
    opened, ruler = tools(setting.tokenizer)
    origin = row.get("origin") or _digest(row["text"])
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


def split_row(setting: Setting, long: LongRow, met: Callable[[int], None]) -> Iterator[tuple[bytes, Piece]]:
    """The pieces of a text that is not held, each with its line, cut as it comes. met: told the tokens of each window."""

    def told(windows: Iterator[tuple[str, Sequence[int]]]) -> Iterator[tuple[str, Sequence[int]]]:
        for text, starts in windows:
            met(len(starts))
            yield text, starts

    row = {"text": "", **{key: value for key, value in long.row.items() if key != "text"}}
    whole, parted = Lines(row), Lines({**row, "origin": row.get("origin") or _digest_of(long)})
    for piece in cutter(setting).pieces(told(tools(setting.tokenizer)[1].windows(long.parts()))):
        yield (whole if len(piece.text) == long.characters else parted).of(piece), piece


def cutter(setting: Setting) -> Cutter:
    """What cuts texts, with room for the marks around each piece."""
    opened, ruler = tools(setting.tokenizer)
    return Cutter(setting.max_tokens - marks(opened), ruler, setting.strategy, setting.overlap_tokens)


def _digest(text: str) -> str:
    from blake3 import blake3

    return str(blake3(text.encode("utf-8")).hexdigest(16))


def _digest_of(long: LongRow) -> str:
    from blake3 import blake3

    whole = blake3()
    for part in long.parts():
        whole.update(part.encode("utf-8"))
    return str(whole.hexdigest(16))
