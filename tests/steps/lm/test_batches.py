"""Rows for training and validation."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from steps.lm.batches import PackedRows, Row, WholeRows, pad, validation_rows
from steps.text.binfile import BinReader
from tests.steps.lm.small import text


def reader(split: str = "train") -> BinReader:
    return BinReader(text().bins.path, split)


def test_every_document_once_an_epoch():
    """An epoch of the stream is a permutation of the documents, end to end, and the next is another."""
    bins = reader()
    rows = PackedRows(bins, 100, seed=1)  # none is longer than PIECE_ROWS of them
    total = rows.tokens_per_epoch
    stream = np.concatenate([rows.row(100 * r)[0][:-1] for r in range(2 * total // 100 + 1)])
    documents = sorted(bins.document(i).tolist() for i in range(len(bins)))
    epochs = []
    for epoch in range(2):
        part = stream[epoch * total : (epoch + 1) * total]
        starts = np.flatnonzero(part == 2)  # every document begins with bos
        pieces = [part[a:b].tolist() for a, b in zip(starts, [*starts[1:], len(part)], strict=True)]
        assert sorted(pieces) == documents
        epochs.append(pieces)
    assert epochs[0] != epochs[1]


def test_rows_follow_each_other():
    """The last token of a row, only a target there, is the first of the next: nothing is learned twice, nothing left out."""
    rows = PackedRows(reader(), 48, seed=1)
    assert all(rows.row(48 * r)[0][-1] == rows.row(48 * (r + 1))[0][0] for r in range(rows.tokens_per_epoch // 48 + 3))


@pytest.mark.parametrize("isolated", [False, True])
def test_a_book_does_not_fill_the_steps_one_after_the_other(isolated: bool):
    """Half of the text is one document: each quarter of an epoch has its part of it, every token comes once, its pieces in order."""
    sizes = [40_000, *[200] * 150, *[10_000]]
    bins: Any = SimpleNamespace(offsets=np.cumsum([0, *sizes]), tokens=np.arange(sum(sizes)))
    rows = PackedRows(bins, 100, seed=1, isolated=isolated)
    made = [rows.row(100 * r) for r in range(sum(sizes) // 100)]
    stream = np.concatenate([ids[:-1] for ids, _ in made])
    assert sorted(stream) == list(range(sum(sizes)))
    shares = [(part < 40_000).mean() for part in np.split(stream, 4)]
    assert 0.35 < min(shares) <= max(shares) < 0.65
    begins = stream[np.concatenate([starts[:-1] for _, starts in made])]
    assert sorted(begins) == [*range(0, 40_000, 800), *range(40_000, 70_000, 200), *range(70_000, 80_000, 800)]


def test_the_loader_is_a_number():
    """A step's rows are the same read in order or straight away, in one micro-batch or several."""
    in_order = PackedRows(reader(), 48, seed=1)
    position, steps = 0, []
    for _ in range(60):
        (micro,), position = in_order.batches(position, 6, 6)
        steps.append(micro.ids)
    assert position == 60 * 6 * 48
    ((straight, targets, _),), _ = PackedRows(reader(), 48, seed=1).batches(59 * 6 * 48, 6, 6)
    assert torch.equal(straight, steps[59])
    parts, _ = PackedRows(reader(), 48, seed=1).batches(59 * 6 * 48, 6, 4)
    assert [len(m.ids) for m in parts] == [4, 2]
    assert torch.equal(torch.cat([m.targets for m in parts]), targets)


def test_shorter_rows_go_on_at_the_same_token():
    """After a cut of the length the stream goes on where it was: every token is a target once, whatever the rows' length."""
    whole = PackedRows(reader(), 100, seed=1)
    (before,), position = whole.batches(0, 3, 3)
    position = whole.shorten(75, position)
    (after,), end = whole.batches(position, 4, 4)
    straight, _ = PackedRows(reader(), end, seed=1).row(0)
    assert torch.cat([before.ids.flatten(), after.ids.flatten()]).tolist() == straight[:end].tolist()


def test_isolated_documents_are_marked():
    """With isolated documents each beginning is marked, and no document's end is asked to foretell the next one's first token."""
    (micro,), _ = PackedRows(reader(), 200, seed=1, isolated=True).batches(0, 4, 4)
    assert micro.starts is not None
    assert torch.equal(micro.starts, micro.ids == 2)
    assert bool((micro.targets != 2).all())
    assert int((micro.targets == -100).sum()) >= int(micro.starts[:, 1:].sum())


def test_rows_split_again_lose_nothing():
    """In the middle of an epoch, what was not yet seen comes split, once, in the same order; what was seen does not come back."""

    def halves(row: Row, length: int) -> list[Row]:
        middle = len(row.ids) // 2
        return [Row(row.ids[:middle], row.learned[:middle]), Row(row.ids[middle:], row.learned[middle:])]

    def seen(data: WholeRows, position: int, rows: int) -> list[int]:
        parts = [data.batches(position + n, 1, 1)[0][0] for n in range(rows)]
        return [int(t) for m in parts for t in [*m.ids.flatten(), m.targets.flatten()[-1]]]

    made = [Row(np.arange(10 * i, 10 * i + (4 if i % 2 else 2)), np.ones(4 if i % 2 else 2, bool)) for i in range(6)]
    straight = seen(WholeRows(made, seed=3), 0, 12)
    cut = WholeRows(made, seed=3, split=halves)
    first = seen(cut, 0, 2)
    position = cut.shorten(2, 2)
    rest = seen(cut, position, round(2 * cut.rows_per_epoch) - position)
    assert first + rest == straight


def test_validation_counts_each_token_once():
    """Windows of a document share one token, so each token but the first is a target exactly once; bytes are counted once too."""
    bins = reader("val")
    rows = validation_rows(bins, 32, None, seed=1)
    assert sum(int(row.learned[1:].sum()) for row in rows) == int(bins.offsets[-1]) - len(bins)
    assert sum(row.size for row in rows) == text().bins.val_bytes
    assert max(len(row.ids) for row in rows) == 33


def test_a_limited_set_is_fixed():
    """With a limit, whole documents are chosen by the seed, the same ones each time, at least one."""
    few = validation_rows(reader("val"), 32, 600, seed=1)
    again = validation_rows(reader("val"), 32, 600, seed=1)
    assert [r.ids.tolist() for r in few] == [r.ids.tolist() for r in again]
    assert 0 < sum(len(r.ids) for r in few) < 700
    assert validation_rows(reader("val"), 32, 1, seed=1)


def test_padding_is_no_target():
    """What fills a row up is never learned, nor is what the row masks."""
    rows = [Row(np.array([2, 5, 6, 7]), np.array([False, True, False, True])), Row(np.array([2, 8]), np.array([False, True]))]
    ids, targets, _ = pad(rows)
    assert ids.tolist() == [[2, 5, 6], [2, 0, 0]]
    assert targets.tolist() == [[5, -100, 7], [8, -100, -100]]


def test_whole_rows_come_once_an_epoch():
    """Fine-tuning rows come each once an epoch in a seeded order, wrapping into the next epoch inside a step."""
    made = [Row(np.array([2, i]), np.array([False, True])) for i in range(5)]
    data = WholeRows(made, seed=3)
    seen = [int(t) for step in range(5) for m in data.batches(2 * step, 2, 2)[0] for t in m.targets.flatten()]
    assert sorted(seen[:5]) == sorted(seen[5:]) == [0, 1, 2, 3, 4]
    assert seen[:5] != seen[5:]
