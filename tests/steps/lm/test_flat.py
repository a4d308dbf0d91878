"""Rows end to end without padding: the same loss and gradients as side by side, whatever attends."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import MistralConfig, MistralForCausalLM

from schemas.training import LoraSettings
from steps.lm import adapters
from steps.lm.batches import IGNORED, Row, WholeRows, end_to_end, pad
from steps.lm.evaluate import score, worst
from steps.lm.flat import attend
from steps.lm.generate import sample
from steps.lm.loss import Head
from steps.lm.pack import packed
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import IDS, SIZES, network, params, text, write_corpus


def rows() -> list[Row]:
    draw = np.random.default_rng(2)
    return [Row(draw.integers(4, 60, n), np.arange(n) % 4 > 1) for n in (5, 19, 3, 12, 7)]


def mistral() -> torch.nn.Module:
    """Its tokens see the last six only, fewer than there are in three of the rows."""
    torch.manual_seed(4)
    sizes = {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
    return MistralForCausalLM(MistralConfig(vocab_size=60, sliding_window=6, initializer_range=0.2, **sizes, **IDS))


def adapted() -> torch.nn.Module:
    made = network("llama")
    adapters.add(made, "llama", LoraSettings(r=4), seed=1)
    return made


def made_by(family: str) -> Callable[[], torch.nn.Module]:
    return lambda: network(family)


def learned(made: torch.nn.Module, micro, flat: bool, checkpointing: bool = False) -> tuple[float, list[torch.Tensor]]:
    head = Head(made.train())
    assert not flat or head.lay_flat()
    if checkpointing:
        head.checkpoint_activations()
    total, _ = head.summed(micro.ids, micro.targets, 0.0, micro.starts)
    total.backward()
    return total.item(), [p.grad for p in made.parameters() if p.grad is not None]


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("make", [*map(made_by, SIZES), adapted, mistral], ids=[*SIZES, "lora", "mistral"])
def test_loss_and_gradients_are_those_of_padded_rows(make, checkpointing: bool):
    """States and convolutions, grouped keys, learned positions, adapters and a sliding window; also with layers computed again."""
    padded, grads = learned(make(), pad(rows()), flat=False)
    laid, others = learned(make(), end_to_end(rows()), flat=True, checkpointing=checkpointing)
    assert laid == pytest.approx(padded, rel=1e-6)
    assert len(grads) == len(others) > 0
    for a, b in zip(grads, others, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-5)


def test_packed_rows_lie_flat_too():
    """Rows of several documents, side by side with the dense mask or each document by itself."""
    micro = pad(packed(rows(), 24))
    dense, grads = learned(network("llama"), micro, flat=False)
    laid, others = learned(network("llama"), micro, flat=True)
    assert laid == pytest.approx(dense, rel=1e-6)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(grads, others, strict=True))


def test_a_network_that_lets_documents_mix_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    """It is tried on the network itself: where the second document would see the first, rows are padded as before."""
    monkeypatch.setattr("steps.lm.flat.attend", lambda *given, document_lengths=None, **more: attend(*given, **more))
    made = network("llama")
    assert not Head(made).lay_flat()
    assert made.config._attn_implementation == "sdpa"


def test_generation_is_as_before():
    """With and without a cache, the same tokens as before rows lay flat."""
    made = network("llama")
    asked = {"copies": 2, "max_new_tokens": 12, "seed": 1, "ends": ()}
    before = sample(made, [5, 9, 7], **asked)
    Head(made).lay_flat()
    assert sample(made, [5, 9, 7], **asked) == before


def test_a_micro_batch_is_filled_up_to_the_tokens_of_the_longest():
    """No micro-batch has more tokens than `batch_size` of the longest rows, every row comes once, and the fullest is known before."""
    data = WholeRows(rows(), seed=3)
    data.flat = True
    parts, after = data.batches(0, 5, 1)
    widths = [part.ids.shape[1] for part in parts]
    assert after == 5
    assert max(widths) <= 18
    assert (sum(widths), len(widths) < 5) == (sum(len(row.ids) - 1 for row in rows()), True)
    assert sum(int((part.targets != IGNORED).sum()) for part in parts) == sum(int(row.learned[1:].sum()) for row in rows())
    assert data.longest(2, 5).ids.shape == (1, 18 + 11 + 6)
    assert data.longest(2, 1).ids.shape == (1, 18)


@pytest.mark.parametrize("family", ["llama", "mamba"])
def test_stopped_and_gone_on_it_ends_with_the_same_bytes(family: str, tmp_path: Path):
    """Dropout, accumulation and rows of all lengths: the rest of a run that was stopped is that of the whole one."""
    corpus = write_corpus(tmp_path / "corpus", [{"text": "kedi uyudu. " * (1 + 7 * n % 5)} for n in range(40)])
    model = {**SIZES[family], "dropout": 0.2}
    wanted = params(model=model, objective="sft", max_seq_length=96, total_batch_size=6, batch_size=2, max_steps=8, save_steps=1)
    whole = train(wanted, None, [corpus], text().tokenizer, None, None, FakeContext(tmp_path / "whole"))
    half = FakeContext(tmp_path / "half")
    half.log = lambda line: (half.lines.append(line), setattr(half, "asked_to_stop", line.step == 3))
    with pytest.raises(InterruptedError):
        train(wanted, None, [corpus], text().tokenizer, None, None, half)
    half.asked_to_stop, half.log = False, half.lines.append
    rest = train(wanted, None, [corpus], text().tokenizer, None, None, half)
    assert (rest.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()


@pytest.mark.parametrize("make", [*map(made_by, SIZES), adapted, mistral], ids=[*SIZES, "lora", "mistral"])
def test_validation_scores_end_to_end_what_it_scores_padded(make):
    """Loss, bits per byte, by language and by source, to a millionth; and the order of the rows does not matter."""
    chosen = [replace(row, lang="tr" if i % 2 else "en", source=f"s{i % 3}", size=40 + i) for i, row in enumerate(rows())]
    plain = nullcontext()
    padded = score(Head(make()), chosen, 2, plain)
    head = Head(make())
    assert head.lay_flat()
    laid = score(head, chosen[::-1], 2, plain)
    assert (laid.loss, laid.tokens) == (pytest.approx(padded.loss, abs=1e-6), padded.tokens)
    for one, other in ((laid.by, padded.by), (laid.by_source, padded.by_source)):
        assert {name: pytest.approx(rates, abs=1e-6) for name, rates in other.items()} == one


def test_the_batch_that_is_rehearsed_is_the_fullest(monkeypatch: pytest.MonkeyPatch):
    """No batch of a validation has more tokens than the one tried before step 1, and none more than `batch_size` of the longest."""
    head = Head(network("llama"))
    head.lay_flat()
    seen: list[int] = []
    each = head.each
    monkeypatch.setattr(head, "each", lambda ids, targets, starts: (seen.append(ids.numel()), each(ids, targets, starts))[1])
    score(head, rows(), 2, nullcontext())
    assert sum(seen) == sum(len(row.ids) - 1 for row in rows())
    assert max(seen) <= sum(len(row.ids) - 1 for row in worst(rows(), 2, end_to_end=True)) <= 2 * 18
