"""Rows for training: each document once an epoch, in a seeded order. Where a step's rows lie follows from the step's number alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from steps.text.binfile import BinReader

IGNORED = -100  # as a target: no loss here


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence with its targets. ids: tokens. learned: for each token whether the model learns to write it (never the first).

    lang: of its document. size: UTF-8 bytes of the text behind the learned tokens.
    """

    ids: np.ndarray
    learned: np.ndarray
    lang: str = ""
    size: int = 0


class Data(Protocol):
    """What the loop asks of its data."""

    tokens_per_epoch: int
    rows_per_epoch: float

    def batches(self, step: int, rows: int, batch_size: int) -> list[tuple[Tensor, Tensor]]:
        """The `rows` rows of optimizer step `step` (from 0) in micro-batches: ids and targets, (b, T) each, IGNORED where none."""


def pad(rows: list[Row]) -> tuple[Tensor, Tensor]:
    """Rows side by side, filled up on the right. Returns ids (b, T) and targets (b, T): what comes next, IGNORED in the filling."""
    width = max(len(row.ids) for row in rows) - 1
    ids = np.zeros((len(rows), width), np.int64)
    targets = np.full((len(rows), width), IGNORED, np.int64)
    for i, row in enumerate(rows):
        n = len(row.ids) - 1
        ids[i, :n] = row.ids[:-1]
        targets[i, :n] = np.where(row.learned[1:], row.ids[1:], IGNORED)
    return torch.from_numpy(ids), torch.from_numpy(targets)


class PackedRows:
    """A bin's documents end to end, cut into rows of `length` tokens that do not overlap.

    The stream is epoch after epoch, each a new order of all documents; row r is tokens [r length, (r + 1) length], the last of
    them only a target. So no token is lost at an epoch's end, and the loader's whole state is the number of the row.
    """

    def __init__(self, reader: "BinReader", length: int, seed: int) -> None:
        self.reader, self.length, self.seed = reader, length, seed
        self.tokens_per_epoch = int(reader.offsets[-1])
        self.rows_per_epoch = self.tokens_per_epoch / length
        self._sizes = np.diff(reader.offsets.astype(np.int64))
        self._epoch = -1
        self._order = self._ends = np.zeros(0, np.int64)

    def batches(self, step: int, rows: int, batch_size: int) -> list[tuple[Tensor, Tensor]]:
        """The rows of optimizer step `step` in micro-batches of at most `batch_size`."""
        first = step * rows
        made = np.stack([self.row(r) for r in range(first, first + rows)])
        whole = torch.from_numpy(made)
        return [(part[:, :-1], part[:, 1:]) for part in whole.split(batch_size)]

    def row(self, number: int) -> np.ndarray:
        """Row `number` of the endless stream: (length + 1,) int64."""
        start = number * self.length
        return np.concatenate(list(self._pieces(start, start + self.length + 1))).astype(np.int64)

    def _pieces(self, start: int, end: int) -> Iterator[np.ndarray]:
        while start < end:
            epoch, place = divmod(start, self.tokens_per_epoch)
            self._shuffle(epoch)
            at = int(np.searchsorted(self._ends, place, side="right"))
            document = self._order[at]
            offset = int(self.reader.offsets[document]) + place - int(self._ends[at] - self._sizes[document])
            take = min(end - start, int(self._ends[at]) - place)
            yield self.reader.tokens[offset : offset + take]
            start += take

    def _shuffle(self, epoch: int) -> None:
        if epoch != self._epoch:
            self._order = np.random.default_rng([self.seed, epoch]).permutation(len(self._sizes))
            self._ends = np.cumsum(self._sizes[self._order])
            self._epoch = epoch


class WholeRows:
    """Documents as they are, one a row, in a new seeded order each epoch: the rows of fine-tuning."""

    def __init__(self, rows: list[Row], seed: int) -> None:
        self.rows, self.seed = rows, seed
        self.tokens_per_epoch = sum(len(row.ids) for row in rows)
        self.rows_per_epoch = float(len(rows))
        self._epoch = -1
        self._order = np.zeros(0, np.int64)

    def batches(self, step: int, rows: int, batch_size: int) -> list[tuple[Tensor, Tensor]]:
        """The rows of optimizer step `step` in micro-batches of at most `batch_size`."""
        chosen = [self._row(number) for number in range(step * rows, (step + 1) * rows)]
        return [pad(chosen[i : i + batch_size]) for i in range(0, rows, batch_size)]

    def _row(self, number: int) -> Row:
        epoch, place = divmod(number, len(self.rows))
        if epoch != self._epoch:
            self._order = np.random.default_rng([self.seed, epoch]).permutation(len(self.rows))
            self._epoch = epoch
        return self.rows[self._order[place]]


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
            rows.append(Row(piece, np.ones(len(piece), bool), meta.get("lang", ""), size))
    return [row for row in rows if len(row.ids) > 1]


def chosen_documents(reader: "BinReader", limit: int | None, seed: int) -> list[int]:
    """Documents of a bin that are validated on: all of them, or a seeded choice that holds at most `limit` tokens, one at least."""
    sizes = np.diff(reader.offsets.astype(np.int64))
    if limit is None or int(sizes.sum()) <= limit:
        return list(range(len(reader)))
    order = np.random.default_rng([seed, 0]).permutation(len(reader))
    count = max(1, int(np.searchsorted(np.cumsum(sizes[order]), limit, side="right")))
    return [int(i) for i in np.sort(order[:count])]
