"""Best-fit packing: every document once, none above the row, none seeing another."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import RecipeError, TrainLine
from steps.lm.batches import Row, WholeRows, pad
from steps.lm.loss import Head
from steps.lm.pack import pack, packed, split_packed
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, network, params, run, text, write_corpus


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 50), max_size=80), st.integers(50, 90))
def test_every_sequence_once_and_none_above_the_row(lengths: list[int], row: int):
    """Whatever the lengths; and no two rows could be one."""
    rows = pack(lengths, row)
    assert sorted(i for chosen in rows for i in chosen) == list(range(len(lengths)))
    sums = sorted(sum(lengths[i] for i in chosen) for chosen in rows)
    assert not sums or sums[-1] <= row
    assert len(sums) < 2 or sums[0] + sums[1] > row


def test_a_sequence_longer_than_a_row_is_refused():
    """It is not cut."""
    with pytest.raises(ValueError, match="60 tokens does not fit into 50"):
        pack([10, 60], 50)


def documents() -> list[Row]:
    draw = np.random.default_rng(2)
    return [Row(draw.integers(4, 60, n), np.arange(n) > 1) for n in (5, 9, 3, 12, 7)]


@pytest.mark.parametrize("family", SIZES)
def test_packed_documents_do_not_see_each_other(family: str):
    """Loss and gradients of documents packed into rows are those of the documents by themselves."""
    found = []
    for rows in (documents(), packed(documents(), 20)):
        model = network(family)
        head, total = Head(model), torch.zeros(())
        for row in rows:
            micro = pad([row])
            total = total + head.summed(micro.ids, micro.targets, 0.0, micro.starts)[0]
        total.backward()
        found.append((len(rows), total.item(), [p.grad.clone() for p in model.parameters() if p.grad is not None]))
    assert (found[0][0], found[1][0]) == (5, 2)
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-6)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found[0][2], found[1][2], strict=True))


def test_a_packed_row_split_again_keeps_every_document():
    """Shorter rows hold the same documents, those that were too long in pieces."""

    def halves(row: Row, length: int) -> list[Row]:
        return [Row(row.ids[:length], row.learned[:length]), Row(row.ids[length:], row.learned[length:])]

    data = WholeRows(packed(documents(), 20), seed=1, split=split_packed(halves))
    data.shorten(8, 0)
    kept = [row for group in data.groups for row in group]
    assert max(len(row.ids) for row in kept) <= 9
    assert sorted(np.concatenate([row.ids for row in kept])) == sorted(np.concatenate([row.ids for row in documents()]))


def test_fine_tuning_in_packed_rows(tmp_path: Path):
    """The run says how full its rows are and learns."""
    corpus = write_corpus(tmp_path / "corpus", [{"text": "kedi uyudu. " * (1 + n % 5)} for n in range(60)])
    asked = params(model=SIZES["llama"], objective="sft", packing="documents", max_seq_length=96, max_steps=8)
    context = FakeContext(tmp_path / "run")
    train(asked, None, [corpus], text().tokenizer, None, None, context)
    (event,) = [e for e in context.events if e["event"] == "packed"]
    assert event["full"] > 0.9
    losses = [line.train_loss for line in context.lines if isinstance(line, TrainLine)]
    assert losses[-1] < losses[0] - 0.5


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
def test_a_stream_of_documents_that_do_not_see_each_other(family: str, tmp_path: Path):
    """Rows cut from a bin, the state emptied at every border: it learns, also with layers computed again."""
    context = FakeContext(tmp_path)
    run(context, model=SIZES[family], packing="documents", activation_checkpointing=True, max_steps=10)
    losses = [line.train_loss for line in context.lines if isinstance(line, TrainLine)]
    assert losses[-1] < losses[0]


def test_a_model_that_knows_no_borders_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What documents of one row see of each other is tried on the model itself, before training."""
    monkeypatch.setattr("steps.lm.loss.borders", lambda starts: {})
    with pytest.raises(RecipeError, match="D119"):
        run(FakeContext(tmp_path), packing="documents")
