"""Rows for training and validation."""

import numpy as np
import torch

from steps.lm.batches import PackedRows, Row, WholeRows, pad, validation_rows
from steps.text.binfile import BinReader
from tests.steps.lm.small import text


def reader(split: str = "train") -> BinReader:
    return BinReader(text().bins.path, split)


def test_every_document_once_an_epoch():
    """An epoch of the stream is a permutation of the documents, end to end, and the next is another."""
    bins = reader()
    rows = PackedRows(bins, 48, seed=1)
    total = rows.tokens_per_epoch
    stream = np.concatenate([rows.row(r)[:-1] for r in range(2 * total // 48 + 1)])
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
    assert all(rows.row(r)[-1] == rows.row(r + 1)[0] for r in range(rows.tokens_per_epoch // 48 + 3))


def test_the_loader_is_a_number():
    """A step's rows are the same read in order or straight away, in one micro-batch or several."""
    in_order = PackedRows(reader(), 48, seed=1)
    steps = [in_order.batches(step, 6, 6)[0][0] for step in range(60)]
    ((straight, targets),) = PackedRows(reader(), 48, seed=1).batches(59, 6, 6)
    assert torch.equal(straight, steps[59])
    parts = PackedRows(reader(), 48, seed=1).batches(59, 6, 4)
    assert [len(ids) for ids, _ in parts] == [4, 2]
    assert torch.equal(torch.cat([t for _, t in parts]), targets)


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
    ids, targets = pad(rows)
    assert ids.tolist() == [[2, 5, 6], [2, 0, 0]]
    assert targets.tolist() == [[5, -100, 7], [8, -100, -100]]


def test_whole_rows_come_once_an_epoch():
    """Fine-tuning rows come each once an epoch in a seeded order, wrapping into the next epoch inside a step."""
    made = [Row(np.array([2, i]), np.array([False, True])) for i in range(5)]
    data = WholeRows(made, seed=3)
    seen = [int(t) for step in range(5) for _, targets in data.batches(step, 2, 2) for t in targets.flatten()]
    assert sorted(seen[:5]) == sorted(seen[5:]) == [0, 1, 2, 3, 4]
    assert seen[:5] != seen[5:]
