"""The part of tokenize_bin that runs in several processes: a block of rows becomes ids, lengths and lines, parted by side."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain, compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas import Corpus
from steps.text.binwriter import meta_line
from steps.text.blocks import BadRow, Block, Changed, LongRow, Place, rows_of
from steps.text.chat import render
from steps.text.seams import Seams, seams_of
from steps.text.tokenizers import TextTokenizer, open_tokenizer

if TYPE_CHECKING:
    import numpy as np

OWN_WAY = "surrogatepass"  # a text is digested as it is


@dataclass(frozen=True, slots=True)
class Setting:
    """What all blocks share. cut: documents whose side is below it belong to val."""

    tokenizer: str
    dtype: str
    seed: int
    cut: int


@dataclass(slots=True)
class Side:
    """Documents of one side in a block. ids: in the bin's dtype. lengths: tokens of each. sizes: UTF-8 bytes of each. meta: a line each.

    digests: 64 bits of each text, of val only. again: (number in this block, repeat) of those that training sees more than once.
    """

    ids: bytes = b""
    lengths: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    meta: list[bytes] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    again: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Encoded:
    """A block, done. largest: its largest id, -1 when there is none. repeated: characters left out, since the piece before has them."""

    lines: int
    train: Side
    val: Side
    largest: int = -1
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class LongFacts:
    """Of a document that comes in stretches. digest: 64 bits of its text's. repeated: characters left out as overlap."""

    side: int
    digest: int
    size: int
    meta: bytes
    repeat: int
    repeated: int


def fresh(row: dict[str, Any]) -> dict[str, Any]:
    """What a bin takes of a row: of a piece that begins with the end of the piece before it (its `overlap`) only what is new.

    Every token of a bin is learned, and what stands in two pieces would be twice. Of a conversation this is about its last answer; a row
    with nothing new in it has no text.
    """
    overlap = row.get("overlap", 0)
    if not overlap:
        return row
    messages = row.get("messages")
    if not messages:
        return {**row, "text": row["text"][overlap:]}
    answer = messages[-1]["content"][overlap:]
    messages = [*messages[:-1], {**messages[-1], "content": answer}]
    return {**row, "messages": messages, "text": render(messages).text if answer else ""}


def side_of(row: dict[str, Any], seed: int) -> int:
    """A number in [0, 2^64) from the seed and the document's origin: below the cut it belongs to val."""
    return _side_of((row.get("origin") or row["text"]).encode("utf-8", OWN_WAY), seed)


def _side_of(origin: bytes, seed: int) -> int:
    return _digest(b"%d\0%b" % (seed, origin))


def _digest(data: bytes) -> int:
    """The first 64 bits of a text's digest."""
    return int.from_bytes(hasher()(data).digest(8), "little")


@cache
def hasher() -> "Callable[[bytes], Any]":
    """blake3, looked for once: an import inside a function costs as much as a short text's digest."""
    from blake3 import blake3

    return blake3


def sides_of(corpora: list[Corpus], seed: int) -> Iterator[int]:
    """The side of every document that has a text. Raises RecipeError D122 for a corpus that cannot be read."""
    place = Place(corpora)
    for number, block in place.blocks():
        try:
            if block.long:
                row, lines = LongRow(block), 1
                found = [long_facts(row, seed).side] if row.new else []
            else:
                rows, lines = rows_of(block)
                found = [side_of(row, seed) for row in map(fresh, rows) if row["text"]]
        except (BadRow, Changed, OSError) as error:
            raise place.error(number, error) from error
        yield from found
        place.passed(number, block, lines)


def long_facts(row: LongRow, seed: int) -> LongFacts:
    """What is known of a text that is not held."""
    from blake3 import blake3

    known, whole, size = row.row, blake3(), 0
    origin = blake3(f"{seed}\0".encode())
    for part in row.parts(row.repeated):
        data = part.encode("utf-8", OWN_WAY)
        whole.update(data)
        origin.update(data)
        size += len(data)
    side = side_of({**known, "text": ""}, seed) if known.get("origin") else int.from_bytes(origin.digest(8), "little")
    digest = int.from_bytes(whole.digest(8), "little")
    meta = meta_line(known.get("lang", ""), known.get("source", ""), size)
    return LongFacts(side, digest, size, meta, known.get("repeat", 1), row.repeated)


def encode_block(setting: Setting, task: Block | list[str]) -> Any:
    """A block of rows as `Encoded`; stretches of a long text as (their ids in the bin's dtype, the largest)."""
    import numpy as np

    (opened, seams), dtype = tools(setting.tokenizer), setting.dtype
    if isinstance(task, list):
        ids = np.concatenate(opened.encode_arrays(task))
        return ids.astype(dtype).tobytes(), int(ids.max(initial=-1))
    whole, lines = rows_of(task)
    repeated = sum(row.get("overlap", 0) for row in whole)
    rows = [row for row in (map(fresh, whole) if repeated else whole) if row["text"]]
    texts = [row["text"].encode("utf-8", OWN_WAY) for row in rows]
    found = Encoded(lines, Side(), Side(), repeated=repeated)
    pieces = documents(opened, seams, rows, texts)
    origins = (row.get("origin") for row in rows)
    val = [
        _side_of(origin.encode("utf-8", OWN_WAY) if origin else data, setting.seed) < setting.cut
        for origin, data in zip(origins, texts, strict=True)
    ]
    found.val.digests = [_digest(data) for data in compress(texts, val)]
    train = [not each for each in val]
    again = enumerate(row.get("repeat", 1) for row in compress(rows, train))
    found.train.again = [(number, repeat) for number, repeat in again if repeat > 1]
    for side, own in ((found.train, train), (found.val, val)):
        found.largest = max(
            found.largest, _fill(side, list(compress(rows, own)), map(len, compress(texts, own)), compress(pieces, own), dtype)
        )
    return found


def _fill(side: Side, rows: list[dict[str, Any]], sizes: Iterator[int], pieces: "Iterator[list[np.ndarray]]", dtype: str) -> int:
    """Put the documents of one side into it; their largest id. sizes: UTF-8 bytes of each. pieces: ids of each."""
    import numpy as np

    known = list(pieces)
    side.sizes = list(sizes)
    side.lengths = [sum(map(len, each)) for each in known]
    side.meta = [_opening(row.get("lang", ""), row.get("source", "")) + b"%d}\n" % size for row, size in zip(rows, side.sizes, strict=True)]
    if not known:
        return -1
    ids = np.concatenate(list(chain.from_iterable(known)))
    side.ids = ids.astype(dtype).tobytes()
    return int(ids.max(initial=-1))


def documents(opened: TextTokenizer, seams: Seams, rows: list[dict[str, Any]], texts: list[bytes]) -> "list[list[np.ndarray]]":
    """The ids of each row, begin and end tokens included, in pieces. texts: of each row, in UTF-8.

    A conversation is written by the model's own chat template where the tokenizer's folder has one; ours stands in the text already.
    """
    import numpy as np

    first, last = marks(opened)
    whole = seams.whole if opened.takes_utf8 else -1  # characters of the longest text that may be given as its bytes
    talks = [bool(row.get("messages")) and opened.form.source is not None for row in rows]
    given: list[str | bytes] = []
    counts: list[int] = []
    for row, data, talk in zip(rows, texts, talks, strict=True):
        parted = [] if talk else [data] if len(row["text"]) <= whole else seams.parted(row["text"])
        given += parted
        counts.append(len(parted))
    ids = iter(opened.encode_arrays(given))
    made = []
    for row, talk, count in zip(rows, talks, counts, strict=True):
        if talk:
            made.append([np.array(opened.form.tokens(row["messages"], opened).ids, np.int32)])
        else:
            made.append([*first, *islice(ids, count), *last])
    return made


def marks(opened: TextTokenizer) -> "tuple[list[np.ndarray], list[np.ndarray]]":
    """What stands before and behind every text."""
    import numpy as np

    first, last = ([] if token is None else [np.array([token], np.int32)] for token in (opened.bos_id, opened.eos_id))
    return first, last


@cache
def tools(folder: str) -> tuple[TextTokenizer, Seams]:
    """The tokenizer and what is proved of it, opened once a process."""
    opened = open_tokenizer(Path(folder))
    return opened, seams_of(opened)


@lru_cache(1 << 12)
def _opening(lang: str, source: str) -> bytes:
    """A line of meta up to the bytes."""
    return meta_line(lang, source, 0)[:-3]
