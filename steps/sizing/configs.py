"""config.json of a base model as transformers reads it: fields of a type that it refuses, and values that it has no meaning for. No torch.

Mostly of the families of steps.sizing.headers, whose fields are known; tried on transformers 5.23, which holds each field to its type.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeGuard

from steps.sizing.headers import COUNTS, KNOWN, WIDTHS, Tensors

INTEGERS = (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "n_embd",
    "n_layer", "n_head", "n_positions", "state_size", "conv_kernel", "expand", "n_groups", "num_heads",
)  # fmt: skip
NUMBERS = (*COUNTS, *WIDTHS, "vocab_size", "num_attention_heads", "n_head", "num_key_value_heads", "intermediate_size", "head_dim")
OR_NONE = ("num_key_value_heads", "head_dim", "n_inner", "sliding_window", "bos_token_id", "pad_token_id")
FLOATS = ("rms_norm_eps", "initializer_range", "layer_norm_epsilon")
SHARES = ("attention_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop")
SWITCHES = ("use_cache", "tie_word_embeddings", "attention_bias", "mlp_bias")
ACTIVATIONS = (
    "gelu", "gelu_10", "gelu_accurate", "gelu_fast", "gelu_new", "gelu_python", "gelu_python_tanh", "gelu_pytorch_tanh", "hardswish",
    "laplace", "leaky_relu", "linear", "mish", "prelu", "quick_gelu", "relu", "relu2", "relu6", "sigmoid", "silu", "sqrtsoftplus", "swish",
    "tanh", "xielu",
)  # fmt: skip
ACTS = ("hidden_act", "hidden_activation", "activation_function")
DTYPES = ("float32", "float16", "bfloat16", "float64", "float", "half", "double", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz",
          "float8_e5m2fnuz", "int8", "uint8", "int16", "int32", "int64")  # fmt: skip
MEANT = {"bf16": "bfloat16", "fp16": "float16", "f16": "float16", "fp32": "float32", "f32": "float32"}
TURNED = {  # kinds of rotary scaling, with what each needs
    "default": (), "linear": ("factor",), "dynamic": ("factor",), "yarn": ("factor",), "longrope": ("short_factor", "long_factor"),
    "su": ("short_factor", "long_factor"), "llama3": ("factor", "low_freq_factor", "high_freq_factor"), "proportional": (),
}  # fmt: skip
LAYERS = ("full_attention", "sliding_attention", "chunked_attention", "window_attention", "indexed_attention", "linear_attention", "conv",
          "moe", "hybrid", "compressed_sparse_attention", "heavily_compressed_attention", "minimax_m3_sparse", "hybrid_sliding",
          "reference_sliding_attention")  # fmt: skip
TINY = 4  # values of a head: of test models, which transformers lets be odd
CACHES = ("static", "offloaded_static", "sliding_window", "hybrid", "hybrid_chunked", "offloaded_hybrid", "offloaded_hybrid_chunked",
          "dynamic", "offloaded", "quantized", "paged")  # fmt: skip
DIGITS = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?", re.IGNORECASE)


class Refused(NamedTuple):
    """key: of config.json. said: what it is. better: what to write there instead, as JSON; empty where that is not known."""

    key: str
    said: str
    better: str = ""


def written(wrong: Refused, file: str) -> str:
    """What to do about it."""
    return f'write "{wrong.key}": {wrong.better} in {file}' if wrong.better else "write it as its model's page has it, or fetch it again"


def refused(config: Mapping[str, Any]) -> Refused | None:
    """The first field that transformers takes for none, of a family that is known here; of others sizes that are texts."""
    if config.get("model_type") not in KNOWN:
        return next((_wrong(name, config[name], "a whole number") for name in NUMBERS if isinstance(config.get(name), str)), None)
    return next(_refused(config), None)


def refused_generation(settings: Mapping[str, Any]) -> Refused | None:
    """The first field of generation_config.json with which transformers opens no model (GenerationConfig.validate)."""
    longest, cache, early = (settings.get(name) for name in ("max_new_tokens", "cache_implementation", "early_stopping"))
    if _is_number(longest) and longest <= 0:
        return Refused("max_new_tokens", f"is {longest}, and must be above 0 or null", "null")
    if isinstance(longest, str):
        return _wrong("max_new_tokens", longest, "a whole number or null")
    if cache is not None and cache not in CACHES:
        return Refused("cache_implementation", f"is {_shown(cache)}, a cache that transformers does not have", "null")
    if not (early is None or isinstance(early, bool) or early == "never"):
        return Refused("early_stopping", f'is {_shown(early)}, where true, false or "never" must stand', "false")
    return None


def _refused(config: Mapping[str, Any]) -> Iterator[Refused]:
    yield from _typed(config, INTEGERS, _is_integer, "a whole number")
    yield from _typed(config, OR_NONE, lambda value: value is None or _is_integer(value), "a whole number or null")
    yield from _typed(config, FLOATS, lambda value: isinstance(value, float), "a number with a point")
    yield from _typed(config, SHARES, lambda value: value is None or _is_number(value), "a number")
    yield from _typed(config, SWITCHES, lambda value: isinstance(value, bool), "true or false")
    end = config.get("eos_token_id")
    if not (end is None or _is_integer(end) or (isinstance(end, list) and all(map(_is_integer, end)))):
        yield _wrong("eos_token_id", end, "a whole number or a list of them")
    for name in ("num_attention_heads", "n_head", "hidden_size", "n_embd"):
        if config.get(name, 1) == 0:
            yield Refused(name, "is 0, and a model without any is none")
    acts = {name: config[name] for name in ACTS if name in config}
    for name, act in acts.items():
        unread = act is None and any(acts.values())  # Gemma is published with both names, one of them null
        if not unread and act not in ACTIVATIONS:
            yield Refused(name, f"is {_shown(act)}, an activation that transformers does not have")
    for name in ("dtype", "torch_dtype"):
        written = config.get(name)
        if isinstance(written, str) and written not in DTYPES:
            plain = written.removeprefix("torch.")
            better = MEANT.get(plain, plain if plain in DTYPES else "")
            yield Refused(name, f"is {written!r}, which is no type of torch", f'"{better}"' if better else "")
    rows, pad = config.get("vocab_size"), config.get("pad_token_id")
    if _is_integer(rows) and _is_integer(pad) and rows > 0 and not -rows <= pad < rows:
        yield Refused("pad_token_id", f"is {pad:,}, a row that an embedding of {rows:,} does not have: no model is made")
    labels = config.get("id2label")
    if isinstance(labels, dict) and not all(str(label).isdigit() for label in labels):
        yield Refused("id2label", "has names where numbers must stand")
    yield from _layers(config)
    yield from _heads(config)
    yield from _rotary(config)


def _typed(config: Mapping[str, Any], names: tuple[str, ...], fits: Callable[[Any], bool], what: str) -> Iterator[Refused]:
    for name in names:
        if name in config and not fits(config[name]):
            yield _wrong(name, config[name], what)


def _wrong(name: str, value: Any, what: str) -> Refused:
    better = ""
    if isinstance(value, str) and DIGITS.fullmatch(value.strip()) and "number" in what:
        better = value.strip()
    elif isinstance(value, float) and value.is_integer() and "whole" in what:
        better = str(int(value))
    elif _is_integer(value) and "point" in what:
        better = f"{value}.0"
    elif isinstance(value, str) and value.lower() in ("true", "false", "yes", "no") and "true" in what:
        better = "true" if value.lower() in ("true", "yes") else "false"
    elif isinstance(value, list) and len(value) == 1 and _is_integer(value[0]):
        better = str(value[0])
    return Refused(name, f"is {_shown(value)}, where {what} must stand", better)


def _shown(value: Any) -> str:
    return "null" if value is None else repr(value)[:60]


def _layers(config: Mapping[str, Any]) -> Iterator[Refused]:
    kinds, blocks = config.get("layer_types"), config.get("num_hidden_layers")
    if not isinstance(kinds, list):
        return
    strange = next((kind for kind in kinds if kind not in LAYERS), None)
    if strange is not None:
        yield Refused("layer_types", f"names {strange!r}, a kind of layer that transformers does not have")
    elif _is_integer(blocks) and len(kinds) != blocks:
        yield Refused("layer_types", f"has {len(kinds)} entries, and num_hidden_layers is {blocks}")


def _heads(config: Mapping[str, Any]) -> Iterator[Refused]:
    """Heads divide the width of a llama (LlamaConfig.validate_architecture) and of a GPT-2; one that is turned is even (validate_rope)."""
    width, heads, own = config.get("hidden_size"), config.get("num_attention_heads"), config.get("head_dim")
    if config.get("model_type") == "llama" and _is_integer(width) and _is_integer(heads) and heads > 0 and width % heads:
        yield Refused("num_attention_heads", f"is {heads}, and does not divide hidden_size {width}")
    width, heads = config.get("n_embd"), config.get("n_head")
    if config.get("model_type") == "gpt2" and _is_integer(width) and _is_integer(heads) and heads > 0 and width % heads:
        yield Refused("n_head", f"is {heads}, and does not divide n_embd {width}")
    if _is_integer(own) and own > TINY and own % 2 and config.get("partial_rotary_factor", 1.0) == 1.0:
        yield Refused("head_dim", f"is {own}, and rotary positions turn pairs of values: it must be even")


def _rotary(config: Mapping[str, Any]) -> Iterator[Refused]:
    key = "rope_parameters" if config.get("rope_parameters") else "rope_scaling"
    rope = config.get(key)
    for name in ("rope_theta", "rope_local_base_freq"):
        if name in config:
            yield from _above_zero(name, name, config[name])
    if rope is None:
        return
    if not isinstance(rope, dict):
        yield Refused(key, f"is {rope!r}, and must be a map or null")
        return
    for part in [each for each in rope.values() if isinstance(each, dict)] or [rope]:  # one for each kind of layer, as Gemma 3's
        yield from _scaling(config, key, part)


def _scaling(config: Mapping[str, Any], key: str, rope: Mapping[str, Any]) -> Iterator[Refused]:
    kind = rope.get("rope_type", rope.get("type"))
    if kind is None:
        return
    if kind not in TURNED:
        yield Refused(key, f"asks for rotary scaling {kind!r}, which transformers does not have for this model")
        return
    if absent := [name for name in TURNED[kind] if rope.get(name) is None]:
        yield Refused(key, f"of the kind {kind} lacks {' and '.join(absent)}")
    for name in ("rope_theta", "factor"):
        if name in rope and rope[name] is not None and (name == "rope_theta" or kind != "default"):
            yield from _above_zero(key, name, rope[name])
    for name in ("low_freq_factor", "high_freq_factor", "beta_fast", "beta_slow", "attention_factor"):
        if rope.get(name) is not None and not _is_number(rope[name]):
            yield Refused(key, f"says {name}: {rope[name]!r}, where a number must stand")
    low, high = rope.get("low_freq_factor"), rope.get("high_freq_factor")
    if kind == "llama3" and _is_number(low) and _is_number(high) and high <= low:
        yield Refused(key, f"says high_freq_factor: {high:g}, which is not above low_freq_factor: {low:g}")
    width = _head(config)
    for name in ("short_factor", "long_factor"):
        factors = rope.get(name)
        if isinstance(factors, list) and width and len(factors) != width // 2:
            yield Refused(key, f"has {len(factors)} numbers in {name}, and a head of {width} turns {width // 2} pairs")


def _above_zero(key: str, name: str, value: Any) -> Iterator[Refused]:
    says = "is" if name == key else f"says {name}:"
    if not _is_number(value):
        yield Refused(key, f"{says} {value!r}, where a number must stand")
    elif value <= 0:
        yield Refused(key, f"{says} {value}: every position would be no number")


def _head(config: Mapping[str, Any]) -> int:
    """Values of a head that are turned; 0 where that is not plain."""
    width, heads, size = config.get("hidden_size"), config.get("num_attention_heads"), config.get("head_dim")
    if config.get("partial_rotary_factor", 1.0) != 1.0 or not (_is_integer(width) and _is_integer(heads) and heads):
        return 0
    return size if _is_integer(size) and size else width // heads


def _is_integer(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def lacks_experts(config: Mapping[str, Any], tensors: Tensors) -> str:
    """Why weights without experts are not those of a config that asks for some; empty where they agree."""
    count = next((config[name] for name in ("num_local_experts", "num_experts", "n_routed_experts") if config.get(name)), None)
    if count is None or not tensors or any("expert" in name or "block_sparse_moe" in name for name in tensors):
        return ""
    if config.get("model_type") in KNOWN:
        return ""  # a field that nobody reads there
    return f"config.json asks for {count} experts a layer, and no weight is one of an expert"
