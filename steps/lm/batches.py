"""Rows for training: each document once an epoch, in a seeded order. A loader's whole state is one number, its position."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from schemas import RecipeError

if TYPE_CHECKING:
    from steps.text.binfile import BinReader

IGNORED = -100  # as a target: no loss here
PIECE_ROWS = 8  # of a long document, that follow each other in training


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence with its targets. ids: tokens. learned: for each token whether the model learns to write it (never the first).

    lang, source: of its document. size: UTF-8 bytes of the text behind the learned tokens. document: its place among the documents
    that fine-tuning was given, so that it can be split again; -1 where there is none. starts, parts: of a row of several documents,
    where each begins, and the rows that it was packed from (steps.lm.pack).
    """

    ids: np.ndarray
    learned: np.ndarray
    lang: str = ""
    size: int = 0
    source: str = ""
    document: int = -1
    starts: np.ndarray | None = None
    parts: tuple["Row", ...] = ()


class Micro(NamedTuple):
    """What goes through the network at once. ids, targets: (b, T), the targets shifted, IGNORED where none.

    starts: None, or (b, T) booleans, true where a document begins that must not see what stands before it in its row.
    """

    ids: Tensor
    targets: Tensor
    starts: Tensor | None = None


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """`tensor` on `device`. From the CPU to a card through pinned memory: then nothing waits for what the card still has to do."""
    if tensor.device.type == "cpu" and device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


class Data(Protocol):
    """What the loop asks of its data."""

    tokens_per_epoch: int
    rows_per_epoch: float

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Micro], int]:
        """The next `rows` rows at `position` in micro-batches, and the position after them."""

    def longest(self, batch_size: int, rows: int | None = None) -> Micro:
        """The micro-batch that takes the most memory, of a step of `rows` rows."""

    def epochs(self, position: int) -> float:
        """Passes over the data that lie before `position`."""

    def shorten(self, length: int, position: int) -> int:
        """From now on rows of at most `length` tokens, none of them lost. Returns the position where the others go on."""


def pad(rows: list[Row]) -> Micro:
    """Rows side by side, filled up on the right: ids (b, T) and targets (b, T), what comes next, IGNORED in the filling."""
    width = max(len(row.ids) for row in rows) - 1
    ids = np.zeros((len(rows), width), np.int64)
    targets = np.full((len(rows), width), IGNORED, np.int64)
    starts = np.zeros((len(rows), width), bool)
    for i, row in enumerate(rows):
        n = len(row.ids) - 1
        if row.starts is not None:
            starts[i, :n] = row.starts[:-1]
        ids[i, :n] = row.ids[:-1]
        targets[i, :n] = np.where(row.learned[1:], row.ids[1:], IGNORED)
    return Micro(torch.from_numpy(ids), torch.from_numpy(targets), torch.from_numpy(starts) if starts.any() else None)


def end_to_end(rows: list[Row]) -> Micro:
    """Rows in one, without filling: ids, targets and starts (1, T). The last token of each is only a target, as in `pad`."""
    starts = [np.arange(len(row.ids) - 1) == 0 if row.starts is None else row.starts[:-1] for row in rows]
    parts = (
        np.concatenate([row.ids[:-1] for row in rows]).astype(np.int64, copy=False),
        np.concatenate([np.where(row.learned[1:], row.ids[1:], IGNORED) for row in rows]).astype(np.int64, copy=False),
        np.concatenate(starts),
    )
    return Micro(*(torch.from_numpy(part)[None] for part in parts))


def filled(rows: Iterable[Row], room: int) -> Iterator[list[Row]]:
    """`rows`, in their order, in parts of at most `room` tokens: micro-batches that lie end to end. None of them may be longer."""
    part: list[Row] = []
    free = room
    for row in rows:
        if len(row.ids) - 1 > free:
            yield part
            part, free = [], room
        part.append(row)
        free -= len(row.ids) - 1
    if part:
        yield part


def fullest(rows: Iterable[Row], room: int, most: int | None = None) -> list[Row]:
    """Of `rows` at most `most`, from the longest on, that together have at most `room` tokens."""
    chosen: list[Row] = []
    for row in sorted(rows, key=lambda row: -len(row.ids)):
        if len(chosen) == most or room < 2:
            break
        if len(row.ids) - 1 <= room:
            chosen.append(row)
            room -= len(row.ids) - 1
    return chosen


def _pieces_of(offsets: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Where documents begin, and how many tokens they have; those of more than `most` tokens as several, of `most` but for the last.

    offsets: (documents + 1,) int64, the last is the number of all tokens.
    """
    begins, sizes = offsets[:-1], np.diff(offsets)
    counts = np.maximum(1, -(-sizes // most))
    if (counts == 1).all():
        return begins, sizes
    inside = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)  # which piece of its document
    starts = np.repeat(begins, counts) + inside * most
    return starts, np.minimum(most, np.repeat(offsets[1:], counts) - starts)


class PackedRows:
    """A bin's documents end to end, cut into rows of `length` tokens that do not overlap.

    The stream is epoch after epoch, each a new order of all documents; a position is a token of it, and the last token of a row is
    only a target, the first of the next. So no token is lost at an epoch's end. isolated: documents do not see each other.

    A document longer than PIECE_ROWS rows is shuffled in pieces of so many: else a book would be all that many steps see, one after
    the other, and what was learned before it is unlearned.
    """

    def __init__(self, reader: "BinReader", length: int, seed: int, isolated: bool = False) -> None:
        self.reader, self.length, self.seed, self.isolated = reader, length, seed, isolated
        self.tokens_per_epoch = int(reader.offsets[-1])
        self.rows_per_epoch = self.tokens_per_epoch / length
        self._starts, self._sizes = _pieces_of(reader.offsets.astype(np.int64), PIECE_ROWS * length)
        self._epoch = -1
        self._order = self._ends = np.zeros(0, np.int64)

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Micro], int]:
        """The next `rows` rows in micro-batches of at most `batch_size`."""
        after = position + rows * self.length
        made = [self.row(start) for start in range(position, after, self.length)]
        whole = torch.from_numpy(np.stack([ids for ids, _ in made]))
        starts = torch.from_numpy(np.stack([starts for _, starts in made])).split(batch_size) if self.isolated else None
        parts = whole.split(batch_size)
        return [self._micro(part, starts[i] if starts else None) for i, part in enumerate(parts)], after

    def _micro(self, part: Tensor, starts: Tensor | None) -> Micro:
        if starts is None:
            return Micro(part[:, :-1], part[:, 1:])
        targets = torch.where(starts[:, 1:], IGNORED, part[:, 1:])  # the end of one document does not foretell the next
        return Micro(part[:, :-1], targets, starts[:, :-1])

    def longest(self, batch_size: int, rows: int | None = None) -> Micro:
        """All micro-batches are alike."""
        return self.batches(0, batch_size, batch_size)[0][0]

    def epochs(self, position: int) -> float:
        """Passes before `position`."""
        return position / self.tokens_per_epoch

    def shorten(self, length: int, position: int) -> int:
        """Go on at the same token with shorter rows."""
        self.length, self.rows_per_epoch = length, self.tokens_per_epoch / length
        return position

    def row(self, start: int) -> tuple[np.ndarray, np.ndarray]:
        """(length + 1,) int64 of the endless stream from token `start`, and (length + 1,) whether a document begins there."""
        pieces = list(self._pieces(start, start + self.length + 1))
        ids = np.concatenate([ids for ids, _ in pieces]).astype(np.int64)
        starts = np.zeros(len(ids), bool)
        at = 0
        for piece, begins in pieces:
            starts[at] = begins
            at += len(piece)
        return ids, starts

    def _pieces(self, start: int, end: int) -> Iterator[tuple[np.ndarray, bool]]:
        while start < end:
            epoch, place = divmod(start, self.tokens_per_epoch)
            self._shuffle(epoch)
            at = int(np.searchsorted(self._ends, place, side="right"))
            piece = self._order[at]
            inside = place - int(self._ends[at] - self._sizes[piece])
            offset = int(self._starts[piece]) + inside
            take = min(end - start, int(self._ends[at]) - place)
            yield self.reader.tokens[offset : offset + take], inside == 0
            start += take

    def _shuffle(self, epoch: int) -> None:
        if epoch != self._epoch:
            self._order = np.random.default_rng([self.seed, epoch]).permutation(len(self._sizes))
            self._ends = np.cumsum(self._sizes[self._order])
            self._epoch = epoch


class WholeRows:
    """Documents as they are, one a row, in a new seeded order each epoch: the rows of fine-tuning. A position is a row of the stream.

    split: makes of a row the rows of at most so many tokens that its document is split into; for `shorten`. flat: a micro-batch is its
    rows end to end, as many as take no more tokens than `batch_size` of the longest would; else they stand side by side, filled up.
    """

    def __init__(self, rows: list[Row], seed: int, split: Callable[[Row, int], list[Row]] | None = None) -> None:
        self.groups = [[row] for row in rows]  # of each document; the order of an epoch is an order of these
        self.seed, self._split, self.flat = seed, split, False
        self._count()

    def _count(self) -> None:
        self._sizes = np.array([len(group) for group in self.groups], np.int64)
        self._rows = int(self._sizes.sum())
        self._longest = max((len(row.ids) - 1 for group in self.groups for row in group), default=0)
        self.tokens_per_epoch = sum(len(row.ids) for group in self.groups for row in group)
        self.rows_per_epoch = float(self._rows)
        self._epoch = -1
        self._stream: list[Row] = []

    def batches(self, position: int, rows: int, batch_size: int) -> tuple[list[Micro], int]:
        """The next `rows` rows in micro-batches of at most `batch_size`."""
        chosen = [self._row(number) for number in range(position, position + rows)]
        if self.flat:
            return [end_to_end(part) for part in filled(chosen, batch_size * self._longest)], position + rows
        if rows > batch_size:
            chosen.sort(key=lambda row: -len(row.ids))  # those that are alike stand together; the mean over tokens knows no order
        return [pad(chosen[i : i + batch_size]) for i in range(0, rows, batch_size)], position + rows

    def longest(self, batch_size: int, rows: int | None = None) -> Micro:
        """The longest rows together, as many as a micro-batch holds."""
        every = [row for group in self.groups for row in group]
        if self.flat:
            return end_to_end(fullest(every, batch_size * self._longest, rows))
        return pad(sorted(every, key=lambda row: -len(row.ids))[:batch_size])

    def epochs(self, position: int) -> float:
        """Passes before `position`."""
        return position / self._rows

    def shorten(self, length: int, position: int) -> int:
        """Split again what is longer, and find the row that comes next: every row before `position` counts as the rows made of it."""
        if self._split is None:
            raise ValueError("these rows cannot be split")
        epoch, place = divmod(position, self._rows)
        order = self._order_of(epoch)
        made = [[self._split(row, length) if len(row.ids) - 1 > length else [row] for row in group] for group in self.groups]
        before = [len(rows) for at in order for rows in made[at]][:place]
        self.groups = [[row for rows in group for row in rows] for group in made]
        if not any(self.groups):
            raise RecipeError("D112", f"no document can be split into rows of {length} tokens", field="max_seq_length",
                              fix="a smaller model, or a larger machine")  # fmt: skip
        self._count()
        return epoch * self._rows + sum(before)

    def _order_of(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self.seed, epoch]).permutation(len(self.groups))

    def _row(self, number: int) -> Row:
        epoch, place = divmod(number, self._rows)
        if epoch != self._epoch:
            self._stream = [row for at in self._order_of(epoch) for row in self.groups[at]]
            self._epoch = epoch
        return self._stream[place]


def validation_rows(reader: "BinReader", length: int, limit: int | None, seed: int) -> list[Row]:
    """A fixed set of rows from a bin: the documents of `chosen_documents`.

    A document longer than `length` becomes several rows that share one token, so each of its tokens but the first is a target once.
    """
    rows: list[Row] = []
    for i in chosen_documents(reader, limit, seed):
        ids, meta = reader.document(i).astype(np.int64), reader.meta[i]
        for start in range(0, max(1, len(ids) - 1), length):
            piece = ids[start : start + length + 1]
            size = meta["bytes"] if start == 0 else 0
            rows.append(Row(piece, np.ones(len(piece), bool), meta.get("lang", ""), size, meta.get("source", "")))
    return [row for row in rows if len(row.ids) > 1]


def chosen_documents(reader: "BinReader", limit: int | None, seed: int) -> list[int]:
    """Documents of a bin that are validated on, as `chosen` says."""
    return chosen(np.diff(reader.offsets.astype(np.int64)), limit, seed)


def chosen(sizes: "np.ndarray", limit: int | None, seed: int) -> list[int]:
    """Which documents of so many tokens each are validated on: all of them, or a seeded choice of at most `limit` tokens, one at least."""
    if limit is None or int(sizes.sum()) <= limit:
        return list(range(len(sizes)))
    order = np.random.default_rng([seed, 0]).permutation(len(sizes))
    count = max(1, int(np.searchsorted(np.cumsum(sizes[order]), limit, side="right")))
    return [int(i) for i in np.sort(order[:count])]
