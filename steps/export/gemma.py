"""Gemma 1, 2 and 3 (text) as llama.cpp reads them: norms around one, wide heads, soft caps, windows in a fixed pattern."""

from typing import Any

from schemas import RecipeError
from steps.export.attention import Metadata
from steps.export.rotation import rotation

DEFAULTS: dict[str, dict[str, Any]] = {  # transformers' own, of what a config.json may leave out
    "gemma": {"num_key_value_heads": 16, "hidden_act": "gelu_pytorch_tanh"},
    "gemma2": {"num_key_value_heads": 4, "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0},
    "gemma3_text": {"num_key_value_heads": 4},
}
SHARED: dict[str, Any] = {
    "head_dim": 256, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-6, "sliding_window": 4096, "hidden_activation": "gelu_pytorch_tanh",
    "tie_word_embeddings": True,
}  # fmt: skip
PATTERN = {"gemma2": 2, "gemma3_text": 6}  # every so many layers one without a window, by llama.cpp's default
LARGEST = {"gemma2": 46, "gemma3_text": 62}  # layers of the 27B, whose attention llama.cpp scales by width and not by head
CAPS = ("attn_logit_softcapping", "final_logit_softcapping")
LOCAL_BASE = 10000.0  # of Gemma 3's layers with a window, by llama.cpp's default


def gemma(config: dict[str, Any], context_length: int) -> Metadata:
    """GGUF keys of a Gemma. Raises RecipeError E004 for what the file could not say."""
    kind = config["model_type"]
    config = SHARED | DEFAULTS[kind] | config
    turned = rotation(config, config["head_dim"], "full_attention", 1e6 if kind == "gemma3_text" else 10000.0)
    if strange := _not_covered(config, kind):
        raise RecipeError("E004", f"a {kind} with {strange} cannot be exported", fix=_fix(strange))
    return {
        "context_length": context_length,
        "embedding_length": config["hidden_size"],
        "block_count": config["num_hidden_layers"],
        "feed_forward_length": config["intermediate_size"],
        "attention.head_count": config["num_attention_heads"],
        "attention.head_count_kv": config["num_key_value_heads"],
        "attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "attention.key_length": config["head_dim"],
        "attention.value_length": config["head_dim"],
        **({} if kind == "gemma" else {"attention.sliding_window": config["sliding_window"]}),
        **({name: float(config[name]) for name in CAPS} if kind == "gemma2" else {}),
        **turned.keys,
    }


def softcapped(config: dict[str, Any]) -> bool:
    """Whether its attention caps its scores, which torch's sdpa leaves out."""
    return config.get("model_type") == "gemma2" and bool(config.get("attn_logit_softcapping", 50.0))


def _fix(strange: str) -> str:
    if "gelu'" in strange:
        return 'write "hidden_act": "gelu_pytorch_tanh" in its config.json, as Gemma was trained'
    return "start from a base without it"


def _not_covered(config: dict[str, Any], kind: str) -> str:
    """What of a config the file could not say, in words; empty where there is nothing."""
    act = config["hidden_act" if kind == "gemma" else "hidden_activation"]
    if act != "gelu_pytorch_tanh":
        return f"the activation {act!r}"
    if not config["tie_word_embeddings"]:
        return "a head of its own"
    if config.get("attention_bias"):
        return "biases in its attention"
    if config.get("use_bidirectional_attention"):
        return "attention in both directions"
    if kind == "gemma":
        return ""
    return _odd_cap(config, kind) or _odd_scale(config, kind) or _odd_layers(config, kind)


def _odd_cap(config: dict[str, Any], kind: str) -> str:
    for name in CAPS:
        if bool(config.get(name)) != (kind == "gemma2"):
            return f"{name}: {config.get(name)}"
    return ""


def _odd_scale(config: dict[str, Any], kind: str) -> str:
    largest = config["num_hidden_layers"] == LARGEST[kind]
    scaled = config["hidden_size"] // config["num_attention_heads"] if largest else config["head_dim"]
    found = config["query_pre_attn_scalar"]
    return "" if found == scaled else f"query_pre_attn_scalar: {found}, where llama.cpp takes {scaled},"


def _odd_layers(config: dict[str, Any], kind: str) -> str:
    count, every = config["num_hidden_layers"], PATTERN[kind]
    usual = ["full_attention" if (number + 1) % every == 0 else "sliding_attention" for number in range(count)]
    layers = config.get("layer_types")
    if (layers or usual) != usual or (not layers and config.get("sliding_window_pattern", every) != every):
        return f"sliding windows in another pattern than every layer but each {every}th"
    if not config["sliding_window"]:
        return "no sliding window"
    if kind == "gemma3_text":
        local = rotation({**config, "rope_scaling": None, "rope_theta": config.get("rope_local_base_freq", LOCAL_BASE)},
                         config["head_dim"], "sliding_attention").keys  # fmt: skip
        if local["rope.freq_base"] != LOCAL_BASE or len(local) > 2:
            return "another rotation in its windows than by a base of 10000"
    return ""
