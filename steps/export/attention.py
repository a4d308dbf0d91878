"""Llama and its kin as llama.cpp reads them: Mistral (a llama in GGUF), Qwen 2 and 3, Phi-3. From a transformers config."""

from typing import Any

from schemas import RecipeError
from steps.export.rotation import rotation

Metadata = dict[str, int | float | bool | str]
DEFAULTS: dict[str, dict[str, Any]] = {  # transformers' own, of what a config.json may leave out
    "llama": {"rms_norm_eps": 1e-6},
    "mistral": {"rms_norm_eps": 1e-6, "num_key_value_heads": 8, "sliding_window": 4096},
    "qwen2": {"rms_norm_eps": 1e-6, "num_key_value_heads": 32, "sliding_window": 4096},
    "qwen3": {"rms_norm_eps": 1e-6, "num_key_value_heads": 32, "sliding_window": 4096, "head_dim": 128},
    "phi3": {"rms_norm_eps": 1e-5, "max_position_embeddings": 4096},
}
UNBIASED = ("qwen3",)  # whose q, k, v and o have no bias in llama.cpp
NARROW = ("qwen2", "phi3")  # whose heads together are as wide as the model in llama.cpp


def attention(config: dict[str, Any], context_length: int) -> Metadata:
    """GGUF keys of one of these families. Raises RecipeError E004 for what the file could not say."""
    config = DEFAULTS[config["model_type"]] | config
    heads, head = config["num_attention_heads"], head_width(config)
    turned = rotation(config, head)
    if strange := _not_covered(config, heads, head):
        raise RecipeError("E004", f"a {config['model_type']} with {strange} cannot be exported", fix="start from a base without it")
    wide: Metadata = {"attention.key_length": head, "attention.value_length": head}
    return {
        "context_length": context_length,
        "embedding_length": config["hidden_size"],
        "block_count": config["num_hidden_layers"],
        "feed_forward_length": config["intermediate_size"],
        "attention.head_count": heads,
        "attention.head_count_kv": config.get("num_key_value_heads") or heads,
        "attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        **({} if head * heads == config["hidden_size"] else wide),
        **turned.keys,
    }


def factors(config: dict[str, Any]) -> dict[str, list[float]]:
    """Tensors beside those of the model: what its frequencies are divided by."""
    config = DEFAULTS[config["model_type"]] | config
    return rotation(config, head_width(config)).factors


def head_width(config: dict[str, Any]) -> int:
    """Values of a head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def reach(config: dict[str, Any]) -> tuple[int, str]:
    """The longest text on which llama.cpp computes what transformers does, and what of the model is the reason; 0 for any length."""
    config = DEFAULTS[config["model_type"]] | config
    known = rotation(config, head_width(config)).positions
    window = _window(config)
    if known and (not window or known < window):
        return known, f"rotary factors for texts up to {known:,} tokens and others beyond"
    return window, f"a sliding window of {window:,} tokens"


def _window(config: dict[str, Any]) -> int:
    """The sliding window of any of its layers, which llama.cpp does not have in these families; 0 where there is none."""
    window = int(config.get("sliding_window") or 0)
    if config["model_type"] in ("mistral", "phi3"):
        return window
    layers = config.get("layer_types")
    if layers:
        return window if any(layer != "full_attention" for layer in layers) else 0
    slides = config.get("use_sliding_window") and config["num_hidden_layers"] > config.get("max_window_layers", 28)
    return window if slides else 0


def _not_covered(config: dict[str, Any], heads: int, head: int) -> str:
    """What of a config the file could not say, in words; empty where there is nothing."""
    kind = config["model_type"]
    if config.get("hidden_act", "silu") not in ("silu", "swish"):
        return f"the activation {config['hidden_act']!r}"
    if config.get("attention_bias") and kind in UNBIASED:
        return "biases in its attention"
    if kind in NARROW and head * heads != config["hidden_size"]:
        return f"{heads} heads of {head} in a width of {config['hidden_size']}"
    return ""
