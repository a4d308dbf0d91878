"""train before it runs: which params go together, what is foreseen, what is wired, and the precision that a machine settles."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from schemas import (
    CheckpointForecast,
    CorpusForecast,
    Machine,
    ModelConfig,
    TokenBinForecast,
    TokenizerForecast,
)
from schemas.machine import GIB, known
from steps.train import Train, train
from tests.conftest import FakeContext
from tests.steps.lm.small import params, run

CPU = Machine(name="here", kind="cpu", memory_bytes=8 * GIB, fp16=False)


@pytest.mark.parametrize(
    ("written", "code", "field"),
    [
        ({"max_steps": 5, "num_train_epochs": 1.0}, "S001", "num_train_epochs"),
        ({"warmup_steps": 6}, "S003", "warmup_steps"),
        ({"scheduler": "constant", "min_lr": 1e-5}, "S004", "min_lr"),
        ({"min_lr": 1.0}, "S005", "min_lr"),
        ({"lora": {"r": 4}}, "A001", "lora"),
        ({"method": "lora"}, "A002", "method"),
        ({"total_batch_size": 8, "batch_size": 3, "gradient_accumulation_steps": 2}, "B002", "gradient_accumulation_steps"),
        ({"total_batch_size": 2, "batch_size": 4}, "B002", "batch_size"),
        ({"total_batch_size": None, "total_batch_tokens": 20}, "B001", "total_batch_tokens"),
        ({"model": {"base": {"path": "x"}, "d_model": 8}}, "M003", "d_model"),
        ({"model": {"base": {"path": "x"}, "d_model": 8, "family": "mamba_hebbian"}}, "M003", "family"),
        ({"model": {"base": {"path": "x", "hub": "y"}}}, "H003", None),
        ({"model": {"base": {"path": "x", "revision": "y"}}}, "H004", "revision"),
        ({"expect": {5: {"train_loss": [3.0, 2.0]}}}, "S002", "train_loss"),
    ],
)
def test_settings_that_do_not_go_together(written: dict[str, Any], code: str, field: str | None):
    """Each has its code and points at the field."""
    with pytest.raises(ValidationError) as error:
        params(**written)
    (first,) = error.value.errors()
    assert (first["type"], first["ctx"].get("name")) == (code, field)


def test_the_effective_batch_says_the_rest():
    """Rows a step and rows at a time, from what is written."""
    none = {"total_batch_size": None}
    asked = [
        {"total_batch_size": 12},
        {"total_batch_size": 12, "batch_size": 4},
        {"total_batch_size": 12, "gradient_accumulation_steps": 3},
        {**none, "total_batch_tokens": 480},
        {**none, "batch_size": 3},
        {**none, "batch_size": 3, "gradient_accumulation_steps": 4},
    ]
    assert [params(**a).batch() for a in asked] == [(12, 6), (12, 4), (12, 4), (10, 5), (3, 3), (12, 3)]


def test_precision_is_settled_by_the_machine():
    """auto is fp32 on a CPU, bf16 where a card has it and fp16 on a T4; what is written stays."""
    t4, a100 = known("t4"), known("a100")
    settle = train.settle_function
    assert settle is not None
    assert t4 is not None
    assert a100 is not None
    assert [settle(params(), CPU, here).precision for here in (CPU, t4, a100)] == ["fp32", "fp16", "bf16"]
    assert settle(params(precision="fp16"), CPU, a100).precision == "fp16"
    assert settle(params(), CPU, CPU).model_fields_set == params().model_fields_set | {"precision"}


def forecast(written: dict[str, Any], inputs: dict[str, Any], context: FakeContext) -> CheckpointForecast:
    assert train.forecast_function is not None
    found = train.forecast_function(params(**written), inputs, context)
    assert isinstance(found, CheckpointForecast)
    return found


@pytest.mark.parametrize(
    ("corpus", "packing", "steps"),
    [
        (CorpusForecast(documents=146, bytes=14_600), None, 53),  # 7 held out: 139 rows, 417 of three epochs, in steps of 8
        (CorpusForecast(documents=19, bytes=1_900), None, 8),  # none held out
        (CorpusForecast(pieces=146, bytes=14_600), None, 53),  # of split_long
        (CorpusForecast(documents=400, bytes=40_000), "documents", 68),  # 380 of about 48 tokens in rows of 100: 181 rows
        (CorpusForecast(bytes=14_600), None, None),
        (CorpusForecast(documents=146), None, None),
    ],
)
def test_epochs_of_fine_tuning_are_steps(context: FakeContext, corpus: CorpusForecast, packing: str | None, steps: int | None):
    """By the documents that are not held out, or by the rows that they fill."""
    model = {"family": "llama", "d_model": 64, "n_layers": 2, "n_heads": 2, "vocab_size": 600}  # about 2.1 bytes a token
    written = {"model": model, "objective": "sft", "max_steps": None, "num_train_epochs": 3, "total_batch_size": 8, "max_seq_length": 100}
    found = forecast({**written, "packing": packing}, {"corpus": [corpus]}, context)
    assert found.optimizer_steps == steps
    assert ("held out" in found.because.get("optimizer_steps", "")) == (steps is not None)


@pytest.mark.parametrize(
    ("corpus", "packing", "epochs"),
    [
        (CorpusForecast(documents=146, bytes=14_600), None, 1000 * 8 / 139),
        (CorpusForecast(documents=400, bytes=40_000), "documents", 1000 * 8 / 181),
        (CorpusForecast(bytes=14_600), None, None),
    ],
)
def test_steps_of_fine_tuning_are_epochs(context: FakeContext, corpus: CorpusForecast, packing: str | None, epochs: float | None):
    """The other way round: how often each document is seen."""
    model = {"family": "llama", "d_model": 64, "n_layers": 2, "n_heads": 2, "vocab_size": 600}
    written = {"model": model, "objective": "sft", "max_steps": 1000, "total_batch_size": 8, "max_seq_length": 100, "packing": packing}
    assert forecast(written, {"corpus": [corpus]}, context).epochs == (None if epochs is None else pytest.approx(epochs, rel=0.01))


def test_the_forecast_knows_size_and_cost(context: FakeContext):
    """Before anything runs: the vocabulary follows the tokenizer; parameters, steps, tokens, epochs, memory and time follow."""
    inputs = {"tokenizer": TokenizerForecast(vocab_size=50257), "bins": TokenBinForecast(vocab_size=50257, train_tokens=1_000_000)}
    found = forecast({"model": {"d_model": 256, "n_layers": 6}, "max_steps": 100}, inputs, context)
    assert found.model is not None
    assert found.parameters == found.model.parameters(48) == ModelConfig(vocab_size=50257).parameters()
    assert (found.vocab_size, found.optimizer_steps, found.tokens) == (50257, 100, 100 * 2 * 48)
    assert found.epochs == pytest.approx(0.0096)
    assert found.embedding_parameters == 50257 * 256
    assert (found.seconds or 0) > 0
    assert found.peak_memory_bytes == sum(found.memory_parts.values())
    by_epoch = forecast({"max_steps": None, "num_train_epochs": 2.0}, inputs, context)
    assert by_epoch.optimizer_steps == -(-2_000_000 // 96)


def test_the_forecast_of_fine_tuning_counts_what_documents_have(context: FakeContext):
    """Documents far shorter than a row are not forecast as whole rows, neither in tokens nor in time."""
    written = {"model": {"family": "llama"}, "objective": "sft", "max_steps": 100, "total_batch_size": 4, "max_seq_length": 1024}
    inputs = {"tokenizer": TokenizerForecast(vocab_size=1 << 10)}  # 2.5 bytes a token
    whole = forecast(written, {**inputs, "corpus": [CorpusForecast(documents=50)]}, context)
    short = forecast(written, {**inputs, "corpus": [CorpusForecast(documents=50, bytes=50 * 270)]}, context)
    assert (whole.tokens, short.tokens) == (100 * 4 * 1024, 43_114)
    assert 0 < (short.seconds or 0) < (whole.seconds or 0) / 5
    assert short.peak_memory_bytes == whole.peak_memory_bytes


def test_the_forecast_counts_added_tokens(context: FakeContext):
    """Embedding and tokenizer grow by them, by as much as the table has no rows to spare."""
    base = CheckpointForecast(model=ModelConfig(family="llama", vocab_size=512), tokenizer=TokenizerForecast(vocab_size=500))
    written = {"model": {"base": {"step": "b"}}, "objective": "sft", "add_tokens": ["<a>", "<b>"]}
    spare = forecast(written, {"checkpoint": base}, context)
    assert (spare.vocab_size, spare.tokenizer) == (512, TokenizerForecast(vocab_size=502))
    full = base.model_copy(update={"tokenizer": TokenizerForecast(vocab_size=512)})
    grown = forecast(written, {"checkpoint": full}, context)
    assert (grown.vocab_size, grown.parameters) == (514, ModelConfig(family="llama", vocab_size=514).parameters(48))


def test_the_forecast_leaves_open_what_it_cannot_know(context: FakeContext):
    """Without a tokenizer's size there is no parameter count, and no guess."""
    found = forecast({}, {"tokenizer": TokenizerForecast(), "bins": TokenBinForecast()}, context)
    assert (found.parameters, found.vocab_size, found.seconds) == (None, None, None)


def test_the_forecast_reads_a_base_folder(tmp_path: Path):
    """base: {path} is known by its config.json."""

    class Reads(FakeContext):
        def json(self, path: Path) -> Any:
            return json.loads(path.read_text()) if path.is_file() else None

    made = run(FakeContext(tmp_path / "base"), max_steps=2)
    found = forecast({"model": {"base": {"path": "base/work"}}}, {}, Reads(tmp_path / "c", project=tmp_path))
    assert found.model == made.model
    assert found.parameters == made.parameters


def test_the_wiring_follows_what_is_trained():
    """lm reads a bin and a tokenizer, sft a corpus; a base that is a step is the checkpoint input."""
    needs = train.needs_function
    assert needs is not None
    assert needs(params()) == {"plan": "auto", "bins": "nearest", "tokenizer": "nearest"}
    assert needs(params(objective="sft", model={"base": {"recipe": "q", "step": "t"}})) == {
        "plan": "auto", "corpus": "nearest", "checkpoint": {"recipe": "q", "step": "t"}}  # fmt: skip
    assert needs(params(objective="sft", model={"base": {"path": "m"}})) == {"plan": "auto", "corpus": "nearest"}


def test_smoke_runs_on_any_machine():
    """A recipe for a card with FlashAttention or fp16 is tried on a laptop; what else is asked of the attention stays."""
    smoke = train.smoke_function
    assert smoke is not None
    model = {"family": "llama", "d_model": 64, "n_layers": 2}
    assert "attn_implementation" not in smoke({"model": model, "max_steps": 9, "attn_implementation": "flash_attention_2"})
    assert smoke({"model": model, "max_steps": 9, "attn_implementation": "eager"})["attn_implementation"] == "eager"
    assert "precision" not in smoke({"model": model, "max_steps": 9, "precision": "fp16"})
    assert smoke({"model": model, "max_steps": 9, "precision": "bf16"})["precision"] == "bf16"


def test_smoke_is_small_and_valid():
    """The params of --smoke are valid, tiny, and keep what makes a recipe what it is."""
    smoke = train.smoke_function
    assert smoke is not None
    small = Train.model_validate(smoke({
        "model": {"family": "llama", "d_model": 2048, "n_layers": 24, "n_heads": 16}, "num_train_epochs": 3,
        "total_batch_tokens": 500000,
        "max_seq_length": 4096, "warmup_ratio": 0.1,
        "expect": {1000: {"train_loss": [1, 2]}}, "samples": ["a"], "scheduler": "wsd"}))  # fmt: skip
    assert (small.model.family, small.max_steps, small.batch(), small.max_seq_length, small.scheduler) == ("llama", 4, (2, 2), 64, "wsd")
    assert small.samples == ["a"]


def test_how_often_is_validated_is_part_of_a_training_that_it_may_end(tmp_path: Path):
    """eval_steps is in no key, but under early stopping, where it says which weights are the last; a tenth written out is the same."""
    reads = train.reads_function
    assert reads is not None
    patient = {"early_stopping": {"patience": 2}, "max_steps": 100}
    assert reads(params(eval_steps=5), tmp_path) == []
    assert reads(params(**patient), tmp_path) == reads(params(**patient, eval_steps=10), tmp_path) != []
    assert reads(params(**patient), tmp_path) != reads(params(**patient, eval_steps=5), tmp_path)
