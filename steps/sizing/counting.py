"""Parameters of a transformers `config.json` by arithmetic, exactly as torch counts them: biases, tied heads, wide heads. No torch."""

from math import ceil
from typing import Any

UNTIED = ("llama", "mamba2", "mistral", "phi3", "qwen2", "qwen3")  # transformers' default where config.json does not say
ATTENTION = ("llama", "mistral", "qwen2", "qwen3", "phi3", "gemma", "gemma2", "gemma3_text")


def parameters_of(config: dict[str, Any]) -> int | None:
    """All parameters, tied ones once; None for a `model_type` that is none of ours, or a config that lacks a size."""
    kind = config.get("model_type", "")
    try:
        if kind in ATTENTION:
            layer, ends = _attention(config, kind), 1
        elif kind == "gpt2":
            layer, ends = _gpt2(config), 2
        elif kind in ("mamba", "falcon_mamba"):
            layer, ends = _mamba(config), 1
        elif kind == "mamba_hebbian":
            layer, ends = _mamba(config) + _memory(config), 1
        elif kind == "mamba2":
            layer, ends = _mamba2(config), 1
        else:
            return None
    except (KeyError, TypeError):
        return None
    d = config["n_embd"] if kind == "gpt2" else config["hidden_size"]
    layers = config["n_layer"] if kind == "gpt2" else config["num_hidden_layers"]
    tied = config.get("tie_word_embeddings", kind not in UNTIED)
    positions = config.get("n_positions", 1024) * d if kind == "gpt2" else 0
    return int(config["vocab_size"] * d * (1 if tied else 2) + positions + layers * layer + ends * d)


def _attention(config: dict[str, Any], kind: str) -> int:
    """One block of attention and gated feed-forward: q, k, v, o, gate, up, down, norms; fused forms have as many."""
    d, ff, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    kv = config.get("num_key_value_heads") or heads
    width = config.get("head_dim") or (256 if kind.startswith("gemma") else 128 if kind == "qwen3" else d // heads)
    asked, shared = heads * width, kv * width
    biases = 0
    if kind == "qwen2":
        biases = asked + 2 * shared
    elif config.get("attention_bias"):
        biases = asked + 2 * shared + d
    if config.get("mlp_bias"):
        biases += 2 * ff + d
    norms = (4 * d if kind in ("gemma2", "gemma3_text") else 2 * d) + (2 * width if kind in ("qwen3", "gemma3_text") else 0)
    return int(2 * d * asked + 2 * d * shared + 3 * d * ff + biases + norms)


def _gpt2(config: dict[str, Any]) -> int:
    d = config["n_embd"]
    ff = config.get("n_inner") or 4 * d
    return int(4 * d + 4 * d * d + 4 * d + 2 * d * ff + ff + d)


def _mamba(config: dict[str, Any]) -> int:
    d, n, taps = config["hidden_size"], config.get("state_size", 16), config.get("conv_kernel", 4)
    inner = config.get("intermediate_size") or config.get("expand", 2) * d
    rank = config.get("time_step_rank", "auto")
    rank = ceil(d / 16) if rank == "auto" else rank
    biases = (inner if config.get("use_conv_bias", True) else 0) + (2 * inner + d if config.get("use_bias", False) else 0)
    matrices = d * 2 * inner + inner * (rank + 2 * n) + rank * inner + inner * d
    return int(d + matrices + inner * taps + inner + inner * n + inner + biases)  # the norm, the bias of dt, A, D


def _memory(config: dict[str, Any]) -> int:
    d = config["hidden_size"]
    return int(4 * d * d + 2 * d + 2 * bool(config.get("hebbian_learned", True)))


def _mamba2(config: dict[str, Any]) -> int:
    d, n, groups, taps = config["hidden_size"], config.get("state_size", 128), config.get("n_groups", 8), config.get("conv_kernel", 4)
    inner, heads = config.get("expand", 2) * d, config.get("num_heads", 128)
    channels = inner + 2 * groups * n
    biases = (channels if config.get("use_conv_bias", True) else 0) + (inner + channels + heads + d if config.get("use_bias", False) else 0)
    return int(d + d * (inner + channels + heads) + channels * taps + 3 * heads + inner + inner * d + biases)
