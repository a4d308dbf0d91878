"""Fields of config.json that transformers refuses, known without it."""

from typing import Any

import pytest

from steps.sizing.configs import lacks_experts, refused, refused_generation, written
from steps.sizing.headers import Tensor

LLAMA: dict[str, Any] = {
    "model_type": "llama", "vocab_size": 300, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 128, "rms_norm_eps": 1e-5, "max_position_embeddings": 2048, "hidden_act": "silu",
    "tie_word_embeddings": False, "torch_dtype": "float16", "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "better"),
    [
        ("eos_token_id", "2", "2"), ("bos_token_id", [1], "1"), ("hidden_size", 64.0, "64"), ("rms_norm_eps", "1e-5", "1e-5"),
        ("rms_norm_eps", 1, "1.0"), ("use_cache", "no", "false"), ("tie_word_embeddings", None, ""), ("torch_dtype", "bf16", '"bfloat16"'),
        ("torch_dtype", "torch.float16", '"float16"'), ("torch_dtype", "auto", ""), ("hidden_act", "swishy", ""), ("rope_theta", 0, ""),
        ("rope_theta", "10000", ""), ("pad_token_id", 300, ""), ("pad_token_id", -301, ""), ("sliding_window", "4096", "4096"),
        ("layer_types", ["full_attention"], ""), ("layer_types", ["full_attention", "half_attention"], ""), ("id2label", {"a": "b"}, ""),
        ("num_attention_heads", 0, ""), ("num_attention_heads", 5, ""), ("head_dim", 15, ""),
    ],
)  # fmt: skip
def test_a_field_of_another_type_or_value(field: str, value: Any, better: str):
    """It is named, with what to write where that is plain."""
    found = refused({**LLAMA, field: value})
    assert found is not None
    assert (found.key, found.better) == (field, better)
    assert (f'"{field}": {better} in config.json' in written(found, "config.json")) is bool(better)


@pytest.mark.parametrize(
    ("rope", "said"),
    [
        ({"type": "yarn"}, "lacks factor"),
        ({"rope_type": "llama3", "factor": 8.0}, "lacks low_freq_factor and high_freq_factor"),
        (
            {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0},
            "says high_freq_factor: 1, which is not above low_freq_factor: 4",
        ),
        ({"rope_type": "zigzag", "factor": 2}, "'zigzag'"),
        ({"type": "linear", "factor": "4"}, "factor: '4'"),
        ({"type": "linear", "factor": 0}, "no number"),
        ({"type": "yarn", "factor": 2.0, "beta_fast": "x"}, "beta_fast: 'x'"),
        ({"type": "longrope", "short_factor": [1.0] * 3, "long_factor": [1.0] * 8}, "3 numbers in short_factor"),
        ("yarn", "must be a map"),
    ],
)
def test_a_scaling_of_positions_that_cannot_be_computed(rope: Any, said: str):
    """Under its old name and its new one."""
    for key in ("rope_scaling", "rope_parameters"):
        found = refused({**LLAMA, key: rope})
        assert found is not None
        assert found.key == key
        assert said in found.said


@pytest.mark.parametrize(
    "change",
    [
        {}, {"pad_token_id": -1}, {"eos_token_id": [2, 4]}, {"eos_token_id": None}, {"num_key_value_heads": None}, {"rope_scaling": None},
        {"rope_scaling": {"type": "linear", "factor": 4}}, {"rope_scaling": {"factor": 2.0}}, {"torch_dtype": None}, {"dtype": "float32"},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}, {"attention_dropout": 0}, {"layer_types": ["full_attention"] * 2},
        {"model_type": "zebra", "hidden_act": "any"}, {"model_type": "gemma", "hidden_activation": None},
        {"rope_parameters": {"full_attention": {"rope_type": "default"}, "sliding_attention": {"rope_type": "linear", "factor": 8.0}}},
    ],
)  # fmt: skip
def test_what_transformers_bears_is_let_be(change: dict[str, Any]):
    """Ids below zero that mean none, lists of ends, scalings without a kind; kinds that are not known here."""
    assert refused({**LLAMA, **change}) is None


def test_heads_that_do_not_divide_a_gpt2():
    """Its width has no field for the size of a head."""
    found = refused({"model_type": "gpt2", "n_embd": 32, "n_head": 3})
    assert found is not None
    assert (found.key, found.said) == ("n_head", "is 3, and does not divide n_embd 32")


def test_a_size_that_is_a_text_is_refused_of_any_family():
    """Whatever it is, it computes with its sizes."""
    found = refused({"model_type": "gpt_neox", "num_hidden_layers": "24"})
    assert found is not None
    assert (found.key, found.better) == ("num_hidden_layers", "24")


def test_weights_without_experts():
    """Of a config that asks for some; a field that a Llama never reads says nothing."""
    dense, sparse = (
        {name: Tensor("F16", (4, 4))} for name in ("model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.experts.0.w1.weight")
    )
    mixtral = {"model_type": "mixtral", "num_local_experts": 8}
    assert "8 experts" in lacks_experts(mixtral, dense)
    assert lacks_experts(mixtral, sparse) == ""
    assert lacks_experts({**LLAMA, "num_local_experts": 8}, dense) == ""


@pytest.mark.parametrize(
    ("field", "value", "better"),
    [
        ("max_new_tokens", 0, "null"),
        ("max_new_tokens", "64", "64"),
        ("cache_implementation", "paper", "null"),
        ("early_stopping", 1, "false"),
    ],
)
def test_a_generation_config_that_is_refused(field: str, value: Any, better: str):
    """No model is opened beside it."""
    found = refused_generation({"eos_token_id": 2, field: value})
    assert found is not None
    assert (found.key, found.better) == (field, better)
    assert refused_generation({"max_new_tokens": 64, "cache_implementation": "dynamic", "early_stopping": "never", "top_p": 2.0}) is None
