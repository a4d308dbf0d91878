"""Rotary positions as GGUF says them: the base, the scaling for long texts, and the factors by frequency that it keeps as a tensor."""

import math
from dataclasses import dataclass, field
from typing import Any

from schemas import RecipeError

BETAS = (32.0, 1.0)  # beta_fast and beta_slow of yarn where a config does not say


@dataclass(frozen=True)
class Rotation:
    """keys: metadata below the architecture's name. factors: tensors by GGUF name, each divides the frequencies of a head.

    positions: how long a text may be for llama.cpp to rotate it as transformers does; 0 for any.
    """

    keys: dict[str, int | float | str]
    factors: dict[str, list[float]] = field(default_factory=dict)
    positions: int = 0


def rotation(config: dict[str, Any], head: int, layer: str = "", base: float = 10000.0) -> Rotation:
    """The Rotation of a config with heads of `head` values. layer: a kind of layer that has one of its own, as Gemma 3's have.

    Raises RecipeError E004 for a scaling that llama.cpp has not, or computes in another way.
    """
    rope = parameters(config, layer)
    kind = rope.get("rope_type", rope.get("type", "default"))
    part = rope.get("partial_rotary_factor", config.get("partial_rotary_factor"))
    part = 1.0 if part is None else part
    if part != 1.0 and config["model_type"] != "phi3":
        raise _no(config, "rotation of a part of each head")
    width = int(head * part)
    theta = float(rope.get("rope_theta", config.get("rope_theta", base)))
    keys: dict[str, int | float | str] = {"rope.dimension_count": width, "rope.freq_base": theta}
    scaled = {"default": _plain, "linear": _linear, "llama3": _llama3, "yarn": _yarn, "longrope": _longrope, "su": _longrope}.get(kind)
    if scaled is None or (scaled is _longrope) != (config["model_type"] == "phi3" and kind != "default"):
        raise _no(config, f"rotary scaling {kind!r}")
    try:
        return scaled(config, rope, keys)
    except KeyError as error:
        raise RecipeError("E004", f"rope_scaling of its config.json lacks {error}", fix="write it as its model's page has it") from None


def parameters(config: dict[str, Any], layer: str = "") -> dict[str, Any]:
    """rope_parameters of transformers 5, or rope_scaling of those before. Raises RecipeError E004 where it is no map."""
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if layer and isinstance(rope, dict) and isinstance(rope.get(layer), dict):
        rope = rope[layer]
    if not isinstance(rope, dict):
        raise RecipeError("E004", f"rope_scaling of its config.json is {rope!r}, no map", fix="write it as its model's page has it")
    return rope


def _no(config: dict[str, Any], what: str) -> RecipeError:
    return RecipeError("E004", f"a {config['model_type']} with {what} cannot be exported", fix="start from a base without it")


def _plain(config: dict[str, Any], rope: dict[str, Any], keys: dict[str, int | float | str]) -> Rotation:
    return Rotation(keys)


def _linear(config: dict[str, Any], rope: dict[str, Any], keys: dict[str, int | float | str]) -> Rotation:
    return Rotation({**keys, "rope.scaling.type": "linear", "rope.scaling.factor": float(rope["factor"])})


def _llama3(config: dict[str, Any], rope: dict[str, Any], keys: dict[str, int | float | str]) -> Rotation:
    """Long waves are stretched by the factor, short ones left, those between in part: llama.cpp wants the quotients, one a frequency."""
    factor, width, base = float(rope["factor"]), int(keys["rope.dimension_count"]), float(keys["rope.freq_base"])
    low, high, known = float(rope["low_freq_factor"]), float(rope["high_freq_factor"]), rope["original_max_position_embeddings"]
    factors = []
    for pair in range(width // 2):
        turns = known / (2 * math.pi * base ** (2 * pair / width))  # of this frequency within the positions that it was made for
        share = min(1.0, max(0.0, (turns - low) / (high - low)))
        factors.append(1 / ((1 - share) / factor + share))
    return Rotation(keys, {"rope_freqs.weight": factors})


def _yarn(config: dict[str, Any], rope: dict[str, Any], keys: dict[str, int | float | str]) -> Rotation:
    """llama.cpp computes what transformers computes where nothing but the factor is written (arXiv 2309.00071)."""
    known = rope.get("original_max_position_embeddings") or config["max_position_embeddings"]
    factor = rope.get("factor") or config["max_position_embeddings"] / known
    usual = (rope.get("beta_fast") or BETAS[0], rope.get("beta_slow") or BETAS[1]) == BETAS and rope.get("truncate", True)
    scale = rope.get("attention_factor")
    if not usual or rope.get("mscale") or rope.get("mscale_all_dim") or scale not in (None, 0.1 * math.log(factor) + 1):
        raise _no(config, "rotary scaling 'yarn' beyond its factor")
    yarn: dict[str, int | float | str] = {"rope.scaling.type": "yarn", "rope.scaling.factor": float(factor)}
    return Rotation({**keys, **yarn, "rope.scaling.original_context_length": int(known)})


def _longrope(config: dict[str, Any], rope: dict[str, Any], keys: dict[str, int | float | str]) -> Rotation:
    """Two sets of factors. transformers takes the long ones for long texts, llama.cpp for long contexts: equal where neither is long."""
    known = rope.get("original_max_position_embeddings") or config.get("original_max_position_embeddings", 4096)
    factor = rope.get("factor") or config["max_position_embeddings"] / known
    scale = rope.get("attention_factor")
    scale = scale if scale is not None else 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(known))
    factors = {f"rope_factors_{name}.weight": [float(each) for each in rope[f"{name}_factor"]] for name in ("long", "short")}
    keys = {**keys, "rope.scaling.original_context_length": int(known), "rope.scaling.attn_factor": float(scale)}
    return Rotation(keys, factors, int(known))
