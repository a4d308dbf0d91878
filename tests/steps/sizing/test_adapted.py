"""Adapters and documents in the memory model, as torch holds them."""

from typing import Any

import pytest

from schemas.machine import known
from steps.sizing.adapted import Adapters, dora_forward_bytes, lora_parameters
from steps.sizing.subject import read_subject
from tests.conftest import ROOT
from tests.steps.sizing.test_budget import model

DORA, DROPPED, LAST = {"use_dora": True}, {"lora_dropout": 0.1}, {"layers": 1}
EAGER = {"attn_implementation": "eager"}
APART, TUNED, AGAIN = {"packing": "documents"}, {"objective": "sft"}, {"activation_checkpointing": True}


@pytest.mark.parametrize(
    ("family", "precision", "method", "said"),
    [
        ("llama", "fp32", "lora", {"lora": DORA}),
        ("gpt2", "bf16", "lora", {"lora": DORA}),
        ("mamba", "fp32", "lora", {"lora": {**DORA, **DROPPED}}),
        ("llama", "bf16", "lora", {"lora": {**DORA, **DROPPED}}),
        ("llama", "fp32", "lora", {"lora": DROPPED}),
        ("mamba2", "bf16", "lora", {"lora": DROPPED}),
        ("llama", "fp32", "lora", {"lora": LAST}),
        ("mamba", "fp32", "lora", {"lora": LAST}),
        ("llama", "fp32", "lora", {"lora": LAST, "added": 8}),
        ("llama", "fp32", "full", {"train": {**EAGER, **APART}, "document": 32}),
        ("llama", "bf16", "full", {"train": {**EAGER, **APART, **AGAIN}, "document": 64}),
        ("llama", "fp32", "full", {"train": {**EAGER, **APART}, "document": 32, "dropout": 0.1}),
        ("llama", "fp32", "lora", {"train": {**EAGER, **TUNED, "eval_batch_size": 32}, "document": 256}),
        ("gpt2", "fp32", "full", {"train": {**TUNED, "eval_batch_size": 32}, "document": 256}),
        ("mamba", "fp32", "full", {"train": {"eval_batch_size": 32}}),
        ("mamba_hebbian", "fp32", "full", {"train": {"eval_batch_size": 32}}),
    ],
)
def test_the_peak_is_what_torch_holds(
    family: str, precision: str, method: str, said: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tensor bytes of real steps and of a validation, tallied at every operation: to 6 %."""
    pytest.importorskip("peft")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "memory"))
    from child import measure
    from grid import modelled, setting

    from steps.sizing.budget import PARTS

    size = {"d_model": 64, "n_layers": 3}
    asked = setting(family, 4, 256, 500, size, precision, method=method, **said)
    found = measure(asked)
    training, evaluation = modelled(asked, "cpu", found["eval_batch_size"])
    assert sum(training[name] for name in PARTS) == pytest.approx(found["tensors"], rel=0.06)
    assert sum(evaluation[name] for name in PARTS) == pytest.approx(found["evaluation"], rel=0.06)


def test_the_last_blocks_alone_are_counted() -> None:
    """Their parameters, and no more blocks than there are."""
    four = model("llama", n_layers=4)
    assert (
        lora_parameters(four, Adapters(8, layers=1)) * 4
        == lora_parameters(four, Adapters(8))
        == lora_parameters(four, Adapters(8, layers=9))
    )


def test_dora_works_in_matrices_as_large_as_the_weights() -> None:
    """On a base of 7 B parameters a unit matrix of 14,336 rows and three forms of down_proj, whatever the batch."""
    seven = model("llama", d_model=4096, n_heads=32, n_kv_heads=8, d_ff=14336)
    few = dora_forward_bytes(seven, 1, Adapters(8, dora=True), half=True, frozen=True)
    assert few == 2 * 14336**2 + 16 * 14336 * 4096
    assert dora_forward_bytes(seven, 1, Adapters(8), half=True, frozen=True) == 0


def test_scores_are_of_the_longest_document_where_they_are_made_one_by_one() -> None:
    """On a CPU, and in fine-tuning; rows that a card attends whole are counted whole."""
    llama, cpu, card = model("llama"), known("cpu"), known("t4")
    assert cpu is not None
    assert card is not None
    stream = read_subject({**EAGER, **APART}, 512, longest=64)
    tuned = read_subject({**EAGER, **TUNED, "model": {"base": {"path": "b"}}}, 512, longest=64)
    assert [stream.documents(llama, cpu, 512), stream.documents(llama, card, 512)] == [64, None]
    assert [tuned.documents(llama, cpu, 512), tuned.documents(llama, card, 512)] == [64, 64]
    assert read_subject({**EAGER, **APART}, 512).documents(llama, cpu, 512) == 512
