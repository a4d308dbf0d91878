"""The arithmetic of memory and file sizes, against what torch keeps and the exporter writes."""

from typing import Any

import pytest

from schemas import ModelConfig
from steps.sizing.adapted import Adapters, lora_layer_bytes, lora_parameters
from steps.sizing.budget import PARTS, evaluation_memory, export_bytes, export_memory, step_flops, training_memory
from steps.sizing.layers import layer_bytes, scores_of
from tests.conftest import ROOT

SIZES = {
    "mamba": {"d_state": 16},
    "mamba2": {"d_state": 64},
    "mamba_hebbian": {"d_state": 16},
    "llama": {"n_heads": 8, "n_kv_heads": 2},
    "gpt2": {},
}


def model(family: str, **more: object) -> ModelConfig:
    return ModelConfig.model_validate({"family": family, "vocab_size": 1000, "d_model": 128, "n_layers": 3, **SIZES[family], **more})


KEPT = [*((family, "auto", 0.0, half) for family in SIZES for half in (False, True)),
        *((family, "eager", 0.0, half) for family in ("llama", "gpt2") for half in (False, True)),
        ("llama", "eager", 0.1, False), ("llama", "eager", 0.1, True), ("llama", "sdpa", 0.1, False)]  # fmt: skip


@pytest.mark.parametrize(("family", "asked", "dropout", "half"), KEPT)
def test_a_layer_keeps_what_is_counted(family: str, asked: str, dropout: float, half: bool) -> None:
    """Bytes that autograd saves for one layer of our own networks, to 5 %; below fp32 the copies of the weights counted apart. Scores of
    all heads by eager attention, and on a CPU with dropout by sdpa too."""
    torch = pytest.importorskip("torch")
    from steps.lm.attention import choose
    from steps.lm.build import build

    torch.set_num_threads(1)

    def saved(layers: int) -> int:
        config = model(family, n_layers=layers, dropout=dropout)
        network = build(config, 1000, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 256, 1).train()
        choose(network, asked)
        weights = {p.data_ptr() for p in network.parameters()}
        copies = {tuple(p.shape) for p in network.parameters()} | {tuple(p.shape[::-1]) for p in network.parameters()}
        seen: dict[int, int] = {}
        kept = []

        def pack(tensor: object) -> object:
            storage = tensor.untyped_storage()  # type: ignore[attr-defined]
            if storage.data_ptr() not in weights and tuple(tensor.shape) not in copies:  # type: ignore[attr-defined]
                seen[storage.data_ptr()] = storage.nbytes()
                kept.append(tensor)
            return tensor

        ids = torch.randint(4, 1000, (3, 192))
        with torch.autocast("cpu", torch.bfloat16, enabled=half), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            network.get_submodule(network.base_model_prefix)(input_ids=ids, use_cache=False)
        return sum(seen.values())

    scores = scores_of(model(family, dropout=dropout), asked, half, "cpu", 192)
    assert (scores is not None) == (asked != "auto")
    assert (saved(3) - saved(2)) / 576 == pytest.approx(layer_bytes(model(family), 192, half, scores), rel=0.05)


@pytest.mark.parametrize("family", list(SIZES))
def test_memory_grows_with_batch_and_length_and_lora_saves_the_moments(family: str) -> None:
    """Twice the rows are twice the activations; LoRA keeps gradients of the adapters alone."""
    one = training_memory(model(family), batch_size=2, length=256, precision="fp32")
    two = training_memory(model(family), batch_size=4, length=256, precision="fp32")
    lora = training_memory(model(family), batch_size=2, length=256, precision="fp32", method="lora", lora_parameters=1000)
    assert two["activations"] == pytest.approx(2 * one["activations"], rel=0.02)  # the fullest moment may be another
    assert (one["optimizer"], lora["optimizer"], lora["gradients"]) == (8 * model(family).parameters(256), 8000, 4000)


def test_checkpointing_and_half_precision_take_less() -> None:
    """Both are there to save activations."""
    big = ModelConfig(family="llama", vocab_size=32000, d_model=1024, n_layers=16)
    plain = training_memory(big, batch_size=8, length=1024, precision="fp32")["activations"]
    assert training_memory(big, batch_size=8, length=1024, precision="bf16")["activations"] < 0.75 * plain
    assert training_memory(big, batch_size=8, length=1024, precision="fp32", checkpointing=True)["activations"] < 0.2 * plain


def test_a_known_model_has_its_known_size() -> None:
    """A llama of 7 B parameters in bf16 with adamw: 16 bytes a parameter, two for a matrix's copy, and a q4_0 file of about 3.9 GB."""
    seven = ModelConfig(family="llama", vocab_size=32000, d_model=4096, n_layers=32, n_heads=32, d_ff=11008, tie_embeddings=False)
    memory = training_memory(seven, batch_size=1, length=512, precision="bf16")
    parameters = seven.parameters()
    assert parameters == 6_738_415_616
    in_layers = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    assert memory["weights"] + memory["gradients"] + memory["optimizer"] == 16 * parameters + 2 * in_layers
    assert 3.7e9 < export_bytes(seven, "q4_0") < 4.0e9
    assert step_flops(seven, 1, 512) == pytest.approx(6 * parameters, rel=0.05)


@pytest.mark.parametrize("family", list(SIZES))
def test_lora_parameters_are_what_peft_makes(family: str) -> None:
    """Counted on the adapters of a real network."""
    pytest.importorskip("peft")
    from schemas.training import DEFAULT_TARGETS, LoraSettings
    from steps.lm import adapters
    from steps.lm.build import build

    network = build(model(family), 1000, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 64, 1)
    adapters.add(network, family, LoraSettings(r=4, target_modules=DEFAULT_TARGETS[family]), 1)
    made = sum(p.numel() for name, p in network.named_parameters() if "lora_" in name)
    assert made == lora_parameters(model(family), Adapters(4, tuple(DEFAULT_TARGETS[family])))


@pytest.mark.parametrize("family", list(SIZES))
def test_a_layer_under_lora_keeps_what_is_counted(family: str) -> None:
    """Bytes that autograd saves over a base frozen in bf16, default adapters: to 2 %, for mamba2 (more is counted) to 10 %."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("peft")
    from schemas.training import DEFAULT_TARGETS, LoraSettings
    from steps.lm import adapters
    from steps.lm.build import build
    from steps.lm.frozen import halve

    torch.set_num_threads(1)

    def saved(layers: int) -> int:
        network = build(model(family, n_layers=layers), 1000, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 256, 1).train()
        halve(network, torch.bfloat16)
        adapters.add(network, family, LoraSettings(r=8, target_modules=DEFAULT_TARGETS[family]), 1)
        weights = {p.data_ptr() for p in network.parameters()}
        copies = {tuple(p.shape) for p in network.parameters()} | {tuple(p.shape[::-1]) for p in network.parameters()}
        seen: dict[int, int] = {}
        kept = []

        def pack(tensor: object) -> object:
            storage = tensor.untyped_storage()  # type: ignore[attr-defined]
            if storage.data_ptr() not in weights and tuple(tensor.shape) not in copies:  # type: ignore[attr-defined]
                seen[storage.data_ptr()] = storage.nbytes()
                kept.append(tensor)
            return tensor

        ids = torch.randint(4, 1000, (3, 192))
        with torch.autocast("cpu", torch.bfloat16), torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            network.get_submodule(network.base_model_prefix)(input_ids=ids, use_cache=False)
        return sum(seen.values())

    counted = lora_layer_bytes(model(family), 192, Adapters(8, tuple(DEFAULT_TARGETS[family])))
    assert (saved(3) - saved(2)) / 576 == pytest.approx(counted, rel=0.1 if family == "mamba2" else 0.02)


def test_lora_on_qwen_takes_what_a_hand_counts() -> None:
    """Qwen2.5-1.5B, r 8, one row of 1024 in bf16: 7.8 GiB, more than 80 % of an 8 GB card, and less than of one of 12 GB."""
    from schemas.machine import GIB, known

    qwen = ModelConfig(family="llama", vocab_size=151936, d_model=1536, n_layers=28, n_heads=12, n_kv_heads=2, d_ff=8960)
    assert qwen.parameters() == pytest.approx(1.5437e9, rel=1e-3)
    adapters = lora_parameters(qwen, Adapters(8))
    assert adapters == 28 * 8 * (2 * 3072 + 2 * 1792 + 3 * 10496)
    memory = training_memory(qwen, batch_size=1, length=1024, precision="bf16", method="lora", lora_parameters=adapters)
    # a layer and token: 2 norms' inputs fp32; q, k, v, out and gate, silu, up in bf16; 7 adapters' inputs and what A makes of them
    layer = 8 * 1536 + 8 + 2 * (2 * 1536 + 2 * 256 + 3 * 8960) + 4 * 12 + 2 * (6 * 1536 + 8960 + 7 * 8)
    assert memory["activations"] == 28 * 1024 * layer + 12 * 1024 * 1536
    assert memory["weights"] == pytest.approx(2 * 1.5437e9 + 6 * adapters, rel=1e-3)
    assert (memory["gradients"], memory["optimizer"]) == (4 * adapters, 8 * adapters)
    assert memory["logits"] == pytest.approx(1024 * 151936 * 6, rel=0.01)
    need = sum(memory.values())
    assert 7.7 * GIB < need < 7.9 * GIB
    small, large = known("rtx4060"), known("rtx3060")
    assert small is not None
    assert large is not None
    assert 0.8 * small.memory_bytes < need < 0.8 * large.memory_bytes


def test_lora_on_a_cpu_is_counted_over_an_fp32_base() -> None:
    """Only a GPU holds the base in half."""
    made = training_memory(model("llama"), batch_size=1, length=64, precision="fp32", method="lora", lora_parameters=10, kind="cpu")
    assert made["weights"] == 4 * model("llama").parameters(64) + 40


MEASURED = [
    ("mamba", "full", "fp32", 2, 64, 500, 1),
    ("mamba", "lora", "bf16", 2, 64, 2000, 1),
    ("mamba2", "full", "bf16", 4, 64, 500, 2),
    ("mamba2", "lora", "fp32", 2, 128, 500, 1),
    ("mamba_hebbian", "full", "fp32", 4, 64, 500, 1),
    ("mamba_hebbian", "full", "bf16", 2, 128, 500, 2),
    ("llama", "full", "fp32", 20, 64, 3000, 2),
    ("llama", "lora", "fp32", 2, 128, 500, 1),
    ("gpt2", "full", "bf16", 1, 64, 9000, 2),
    ("gpt2", "lora", "bf16", 4, 64, 500, 1),
]
SCORED = [("llama", "full", "fp32", 2, 256, 500, 1), ("gpt2", "full", "bf16", 2, 256, 500, 2)]
BY = [*((*each, "auto") for each in MEASURED), *((*each, "eager") for each in SCORED)]


@pytest.mark.parametrize(("family", "method", "precision", "rows", "length", "vocabulary", "times", "attention"), BY)
def test_the_peak_is_what_torch_holds(
    family: str, method: str, precision: str, rows: int, length: int, vocabulary: int, times: int, attention: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Live tensor bytes of three real steps and of a validation, tallied at every operation: to 10 %."""
    pytest.importorskip("peft" if method == "lora" else "torch")
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "memory"))
    from child import measure
    from grid import modelled, setting

    asked = setting(family, rows, length, vocabulary, {"d_model": 64, "n_layers": 3}, precision, method=method, times=times,
                    train={"attn_implementation": attention})  # fmt: skip
    found = measure(asked)
    training, evaluation = modelled(asked, "cpu", found["eval_batch_size"])
    assert sum(training[name] for name in PARTS) == pytest.approx(found["tensors"], rel=0.1)
    assert sum(evaluation[name] for name in PARTS) == pytest.approx(found["evaluation"], rel=0.1)


def test_a_tied_head_costs_three_tables_and_an_untied_one_two() -> None:
    """With one short row the peak is the embedding's gradient: from the head, from the embedding, and their sum."""
    wide = {"vocab_size": 50257, "d_model": 256, "n_layers": 2}
    tied, untied = (ModelConfig(family="gpt2", tie_embeddings=tie, **wide) for tie in (True, False))
    table = 4 * 50257 * 256
    few: dict[str, Any] = {"batch_size": 1, "length": 64, "precision": "bf16", "accumulation": 1, "kind": "cpu"}
    assert training_memory(tied, **few)["gradients"] == 3 * table + 4 * (tied.parameters(64) - tied.embedding_parameters())
    assert training_memory(untied, **few)["gradients"] < 2.2 * table


def test_an_export_holds_one_tensor_at_a_time() -> None:
    """A file of 7 B parameters is written in the memory of its largest matrix: as read, in fp32, and as stored."""
    seven = ModelConfig(family="llama", vocab_size=32000, d_model=4096, n_layers=32, n_heads=32, d_ff=11008, tie_embeddings=False)
    parts = export_memory(seven, "f16")
    assert (parts["weights"], parts["workspace"]) == (4 * 32000 * 4096, 6 * 32000 * 4096)


def test_validation_needs_no_gradient_and_one_layer() -> None:
    """Eight rows in validation take less than eight in training, and as much for 8 layers as for 4."""
    few: dict[str, Any] = {"batch_size": 8, "length": 256, "precision": "fp32"}
    assert sum(evaluation_memory(model("llama"), **few).values()) < sum(training_memory(model("llama"), **few).values())
    four, eight = (evaluation_memory(model("llama", n_layers=n), **few)["activations"] for n in (4, 8))
    assert four == eight
