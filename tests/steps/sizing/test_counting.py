"""Parameters by arithmetic, against torch's own count."""

from typing import Any

import pytest

from schemas import ModelConfig
from steps.sizing.adapted import Adapters
from steps.sizing.budget import training_memory
from steps.sizing.counting import parameters_of
from steps.sizing.known import KNOWN

GATED: dict[str, Any] = {
    "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96,
    "vocab_size": 300,
}  # fmt: skip
STATE: dict[str, Any] = {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 300}
CASES: list[dict[str, Any]] = [
    {"model_type": "llama", **GATED},
    {"model_type": "llama", **GATED, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
    {"model_type": "mistral", **GATED, "head_dim": 32},
    {"model_type": "qwen2", **GATED, "tie_word_embeddings": True},
    {"model_type": "qwen3", **GATED, "head_dim": 32},
    {"model_type": "phi3", **GATED, "pad_token_id": 0},
    {"model_type": "gemma", **GATED, "head_dim": 16},
    {"model_type": "gemma2", **GATED, "head_dim": 16},
    {"model_type": "gemma3_text", **GATED, "head_dim": 16},
    {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 300, "n_positions": 50},
    {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 300, "n_inner": 100, "tie_word_embeddings": False},
    {"model_type": "mamba", **STATE},
    {"model_type": "mamba", **STATE, "use_bias": True, "use_conv_bias": False, "time_step_rank": 5, "tie_word_embeddings": False},
    {"model_type": "falcon_mamba", **STATE},
    {"model_type": "mamba2", **STATE, "num_heads": 8, "head_dim": 16, "n_groups": 2, "state_size": 32},
    {"model_type": "mamba2", **STATE, "num_heads": 8, "head_dim": 16, "n_groups": 1, "use_bias": True, "tie_word_embeddings": True},
]


@pytest.mark.parametrize("config", CASES, ids=lambda config: config["model_type"])
def test_a_config_is_counted_as_torch_counts_it(config: dict[str, Any]) -> None:
    """Biases, grouped and wide heads, tied and untied heads, fused forms: exactly."""
    assert parameters_of(config) == _by_torch(config)


@pytest.mark.parametrize("model", [each for each in KNOWN if each.config["vocab_size"] < 10**6][::4], ids=lambda model: model.name)
def test_known_models_have_the_parameters_that_torch_gives_them(model: Any) -> None:
    """Every fourth of the table, made without memory for its weights."""
    assert parameters_of(model.config) == _by_torch(model.config)


def test_what_is_not_known_is_not_guessed() -> None:
    """Another model_type, or a size that is missing."""
    assert parameters_of({"model_type": "t5", "d_model": 64}) is None
    assert parameters_of({"model_type": "llama", "hidden_size": 64}) is None


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("family", ["mamba", "mamba2", "llama", "gpt2"])
def test_new_networks_are_counted_exactly(family: str, tied: bool) -> None:
    """Our own families, as the train step asserts at every start."""
    pytest.importorskip("torch")
    from steps.lm.build import build, parameter_count

    more: dict[str, Any] = {"n_heads": 4, "n_kv_heads": 2} if family == "llama" else {}
    model = ModelConfig.model_validate({"family": family, "vocab_size": 300, "d_model": 64, "n_layers": 2, "tie_embeddings": tied, **more})
    network = build(model, 300, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 32, 1)
    assert parameter_count(network) == model.parameters(32)


def test_mistral_large_does_not_fit_the_guides_48_gb() -> None:
    """122.6 B parameters in four bits are 65 GB before the first activation: the guide's row for it is wrong by that."""
    from schemas.machine import known
    from steps.lm.shapes import sizes

    large = next(model for model in KNOWN if model.name.endswith("Mistral-Large-Instruct-2407"))
    assert parameters_of(large.config) == 122_610_069_504
    parts = training_memory(
        sizes(large.config), batch_size=1, length=512, precision="bf16", method="qlora", quant={"bits": 4, "double": True},
        lora_parameters=10_000_000, adapters=Adapters(8, ("q_proj", "v_proj")), checkpointing=True,
    )  # fmt: skip
    card = known("a6000")
    assert card is not None
    assert parts["weights"] > 62e9 > card.memory_bytes


def _by_torch(config: dict[str, Any]) -> int:
    torch = pytest.importorskip("torch")
    from transformers import AutoConfig, AutoModelForCausalLM

    from steps.lm.build import quiet

    quiet()
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    return sum(p.numel() for p in network.parameters())
