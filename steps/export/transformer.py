"""What llama.cpp wants to know of a transformer with rotary positions: sizes, rotation, windows, caps. From a transformers config."""

import math
from typing import Any

from schemas import RecipeError

Config = dict[str, Any]
Metadata = dict[str, int | float | bool | str]
GEMMAS = ("gemma", "gemma2", "gemma3_text")
OWN_HEADS = ("qwen3", *GEMMAS)  # whose heads may be of any size, and always say which
WINDOWED = ("gemma2", "gemma3_text")  # of which llama.cpp knows which layers have a window
PATTERNS = {"gemma2": 2, "gemma3_text": 6}  # every so many layers one sees all: llama.cpp's own number, in no key
LARGEST = {"gemma2": 46, "gemma3_text": 62}  # layers of the 27B, whose attention llama.cpp scales by the width over the heads
ACTIVATIONS = {**dict.fromkeys(GEMMAS, ("gelu_pytorch_tanh",))}
SCALINGS = ("default", "linear", "llama3", "yarn")


def metadata(config: Config, context_length: int) -> Metadata:
    """Keys below the architecture's name. Raises RecipeError E004 on what a file could not say, or llama.cpp would not do."""
    heads, head, kind = config["num_attention_heads"], head_size(config), config["model_type"]
    rope = rotation(config)
    if strange := _not_covered(config, rope, context_length):
        raise RecipeError("E004", f"a {kind} with {strange} cannot be exported", fix="start from a base without it")
    own = kind in OWN_HEADS or head * heads != config["hidden_size"]
    return {
        "context_length": context_length,
        "embedding_length": config["hidden_size"],
        "block_count": config["num_hidden_layers"],
        "feed_forward_length": config["intermediate_size"],
        "attention.head_count": heads,
        "attention.head_count_kv": config.get("num_key_value_heads") or heads,
        **({"attention.key_length": head, "attention.value_length": head} if own else {}),
        "attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
        "rope.dimension_count": int(head * _rotated(config, rope)),
        "rope.freq_base": _base(config, rope),
        **_scaling(config, rope),
        **_windows(config),
    }


def head_size(config: Config) -> int:
    """Of one attention head."""
    found: int = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return found


def rotation(config: Config) -> Config:
    """How positions are rotated in layers that see all. Raises RecipeError E004 where it is no map."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if isinstance(rope, dict) and isinstance(rope.get("full_attention"), dict):
        rope = rope["full_attention"]
    if not isinstance(rope, dict):
        raise RecipeError("E004", f"rope_scaling of its config.json is {rope!r}, no map", fix="write it as its model's page has it")
    return rope


def factors(config: Config) -> list[float]:
    """What each rotation's frequency is divided by, for the tensor `rope_freqs.weight`; empty where the file needs none.

    Of rope_type llama3: long waves are stretched, short ones are not, and between the two it goes over (Llama 3.1's reference code,
    apply_scaling).
    """
    rope = rotation(config) if config["model_type"] in ("llama", "mistral", "qwen2", "qwen3") else {}
    if _type(rope) != "llama3":
        return []
    base, head = _base(config, rope), head_size(config)
    old, low, high = (rope[name] for name in ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"))
    found = []
    for number in range(0, head, 2):
        waves = old / (2 * math.pi * base ** (number / head))  # in the length of the first training
        smooth = min(1.0, max(0.0, (waves - low) / (high - low)))
        found.append(1 / ((1 - smooth) / rope["factor"] + smooth))
    return found


def _base(config: Config, rope: Config) -> float:
    return float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0)


def _type(rope: Config) -> str:
    return str(rope.get("rope_type", rope.get("type", "default")))


def _rotated(config: Config, rope: Config) -> float:
    """The share of each head that is rotated."""
    found = rope.get("partial_rotary_factor", config.get("partial_rotary_factor"))
    return 1.0 if found is None else float(found)


def _scaling(config: Config, rope: Config) -> Metadata:
    kind = _type(rope)
    if kind not in ("linear", "yarn"):
        return {}
    found: Metadata = {"rope.scaling.type": kind, "rope.scaling.factor": float(rope["factor"])}
    if kind == "yarn":
        found["rope.scaling.original_context_length"] = rope.get("original_max_position_embeddings") or config["max_position_embeddings"]
    return found


def _windows(config: Config) -> Metadata:
    kind, found = config["model_type"], Metadata()
    if kind in WINDOWED:
        found["attention.sliding_window"] = config["sliding_window"]
    if kind == "gemma2":
        found["attn_logit_softcapping"] = float(config["attn_logit_softcapping"])
        found["final_logit_softcapping"] = float(config["final_logit_softcapping"])
    if kind == "gemma3_text":
        found["rope.freq_base_swa"] = _local_base(config)
    return found


def _local_base(config: Config) -> float:
    """Of the rotation in layers with a window."""
    rope = (config.get("rope_parameters") or {}).get("sliding_attention") or {}
    return float(rope.get("rope_theta") or config.get("rope_local_base_freq") or 10000.0)


def _not_covered(config: Config, rope: Config, context_length: int) -> str:
    """What of the model the file could not say, in words; empty where there is nothing."""
    kind, scaling = config["model_type"], _type(rope)
    if scaling not in SCALINGS or (scaling == "llama3" and kind not in ("llama", "mistral", "qwen2", "qwen3")):
        return f"rotary scaling {scaling!r}"
    odd = sorted({"mscale", "mscale_all_dim", "attention_factor", "beta_fast", "beta_slow", "truncate"} & {k for k, v in rope.items() if v})
    if scaling == "yarn" and odd:
        return f"{odd[0]} in its rotary scaling"
    if _rotated(config, rope) != 1.0 and kind != "phi3":
        return "rotation of a part of each head"
    allowed = ACTIVATIONS.get(kind, ("silu", "swish"))
    activation = config.get("hidden_activation") or config.get("hidden_act") or allowed[0]
    if activation not in allowed and not (kind in GEMMAS and activation == "gelu"):  # gemma's, which transformers takes for the other
        return f"the activation {activation!r}"
    return _odd_windows(config, context_length) or _odd_scores(config)


def _odd_windows(config: Config, context_length: int) -> str:
    kind, layers, window = config["model_type"], config.get("layer_types") or [], config.get("sliding_window")
    if kind in WINDOWED:
        every = PATTERNS[kind]
        wanted = ["full_attention" if n % every == every - 1 else "sliding_attention" for n in range(config["num_hidden_layers"])]
        written = config.get("sliding_window_pattern", every)
        return "" if (layers or wanted) == wanted and written == every and window else "windows in other layers than llama.cpp knows"
    slides = config.get("use_sliding_window") if kind in ("qwen2", "qwen3") else window
    if any(layer != "full_attention" for layer in layers):
        slides = True
    if slides and not (isinstance(window, int) and context_length <= window):
        known = f" of {window:,} positions, shorter than its rows" if isinstance(window, int) else ""
        return f"a sliding window{known}"
    return ""


def _odd_scores(config: Config) -> str:
    """Scales and caps of attention that llama.cpp has by itself, and in no key."""
    kind, caps = config["model_type"], (config.get("attn_logit_softcapping"), config.get("final_logit_softcapping"))
    if kind == "gemma2" and None in caps:
        return "no caps on its logits"
    if kind == "gemma3_text" and any(caps):
        return "caps on its logits"
    if kind in WINDOWED:
        largest = config["num_hidden_layers"] == LARGEST[kind]
        own = config["hidden_size"] // config["num_attention_heads"] if largest else head_size(config)
        scalar = config.get("query_pre_attn_scalar", own)
        if scalar != own:
            return f"query_pre_attn_scalar {scalar}, where llama.cpp takes {own}"
    return ""
