"""The headers of a model's weights against its config.json: what is quantised, what is absent, and what has another shape. No torch."""

import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embeddings.weight", "embed_in.weight", "embedding.weight")
BLOCK = re.compile(r"(?:^|\.)(?:layers|h|blocks|layer)\.(\d+)\.")
PLACE = re.compile(r"((?:model\.|transformer\.|backbone\.)?(?:layers|h)\.)(\d+)\.(.+)")  # where transformers looks for a block's tensors
COUNTS = ("num_hidden_layers", "n_layer", "num_layers")  # of blocks, in config.json
WIDTHS = ("hidden_size", "n_embd", "d_model")
OF_ANOTHER_WIDTH = ("word_embed_proj_dim", "embedding_size", "num_nextn_predict_layers")  # keys of models that are counted in another way
PACKED_TYPES = ("U8", "I8", "I32", "U32", "F8_E4M3", "F8_E5M2")  # that packed weights are stored in
PACKED = (  # the end of a name beside packed weights, and who writes it; the first that is found tells
    (".quant_state.bitsandbytes__nf4", "bitsandbytes nf4"), (".quant_state.bitsandbytes__fp4", "bitsandbytes fp4"),
    (".weight.absmax", "bitsandbytes, 4 bits"), (".weight.SCB", "bitsandbytes, 8 bits"), (".SCB", "bitsandbytes, 8 bits"),
    (".qweight", "gptq or awq"), (".weight_packed", "compressed-tensors"), (".weight_scale_inv", "fp8"), (".weight_scale", "fp8 or int8"),
    (".weight._data", "quanto"), (".W_q", "hqq"), (".codebooks", "aqlm"), (".weight_scales", "eetq"), (".scales", "mlx"),
)  # fmt: skip
WRAPPERS = {  # what stands before the names of weights that were saved out of something else, and what that was
    "module.": "DataParallel", "_orig_mod.": "torch.compile", "base_model.model.": "peft", "_fsdp_wrapped_module.": "FSDP",
}  # fmt: skip
STARTS = {"gpt2": "transformer.", "mamba": "backbone.", "mamba2": "backbone.", **dict.fromkeys(("llama", "mistral", "qwen2"), "model.")}
GATED = ("llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text", "phi3")  # kinds with attention and a gated mlp
TWO = ("input_layernorm.weight", "post_attention_layernorm.weight")
FOUR = (*TWO, "pre_feedforward_layernorm.weight", "post_feedforward_layernorm.weight")
NORMS = {  # last names of the vectors of every block
    **dict.fromkeys(GATED, TWO), "gemma2": FOUR, "gemma3_text": FOUR,
    "gpt2": (*(f"{part}.{what}" for part in ("ln_1", "ln_2") for what in ("weight", "bias")),
             "attn.c_attn.bias", "attn.c_proj.bias", "mlp.c_fc.bias", "mlp.c_proj.bias"),
    "mamba": ("norm.weight", "mixer.D", "mixer.dt_proj.bias", "mixer.conv1d.bias"),
    "mamba2": ("norm.weight", "mixer.D", "mixer.A_log", "mixer.dt_bias", "mixer.norm.weight", "mixer.conv1d.bias"),
}  # fmt: skip
ENDS = {  # what stands outside of the blocks
    **dict.fromkeys(GATED, ("embed_tokens.weight", "norm.weight")), "gpt2": ("wte.weight", "wpe.weight", "ln_f.weight", "ln_f.bias"),
    **dict.fromkeys(("mamba", "mamba2"), ("norm_f.weight",)),
}  # fmt: skip
ADAPTED = re.compile(r"(?:^|\.)(?:lora_[AB]|lora_magnitude_vector|base_layer)(?:\.|$)")  # of an adapter of peft that was not merged
Shape = tuple[int, ...]


class Tensor(NamedTuple):
    """One entry of a safetensors header."""

    dtype: str
    shape: Shape


Tensors = Mapping[str, Tensor]


def quantised(config: Mapping[str, Any], tensors: Tensors) -> str:
    """How the stored weights are quantised, in words, by config.json or else by the tensors themselves; empty when they are whole."""
    found = config.get("quantization_config") or config.get("quantization")
    if isinstance(found, dict):
        method = found.get("quant_method") or ("mlx" if "group_size" in found else "unknown method")
        bits = found.get("bits") or (4 if found.get("load_in_4bit") else 8 if found.get("load_in_8bit") else None)
        return f"{method}, {bits} bits" if bits else str(method)
    by_name = next((who for end, who in PACKED for name in tensors if name.endswith(end) and _stands_beside(name, end, tensors)), "")
    packed = next((f"{name} is {t.dtype}" for name, t in tensors.items() if _is_packed(name, t)), "")
    if by_name or packed:
        return f"{': '.join(each for each in (by_name, packed) if each)}, which config.json does not say"
    return ""


def _stands_beside(name: str, end: str, tensors: Tensors) -> bool:
    """Scales belong to a matrix of their layer; alone they may be anything."""
    return "scale" not in end or f"{name.removesuffix(end)}.weight" in tensors


def _is_packed(name: str, tensor: Tensor) -> bool:
    """A matrix of a layer in bytes or integers: masks and positions, which are integers too, are no `weight`."""
    return name.endswith(".weight") and tensor.dtype in PACKED_TYPES and len(tensor.shape) == 2


def differs(config: Mapping[str, Any], tensors: Tensors) -> str:
    """What whole weights lack of what config.json asks for, or have in another shape, in words; empty where they agree.

    Masks, other heads and whatever else is stored are left alone: only matrices of a family that is known here count, and biases and norms
    that some of them have and others have not.
    """
    if config.get("is_encoder_decoder") is True or any(key in config for key in OF_ANOTHER_WIDTH):
        return ""
    if named := misnamed(config, tensors):
        return named
    stored = {int(found[1]) for name in tensors if (found := BLOCK.search(name))}
    written, config = config, {**DEFAULTS.get(str(config.get("model_type")), {}), **config}
    asked = _first(config, COUNTS)
    if stored and asked is not None and asked > max(stored) + 1:
        says = _says(written, COUNTS, f"asks for {asked} blocks", f"{asked} blocks")
        return f"{says}, the weights have {max(stored) + 1}: the rest would be random numbers"
    width = _first(config, WIDTHS)
    embedding = _embedding(tensors)
    if width is not None and embedding is not None and embedding[1] != width:
        says = _says(written, WIDTHS, f"says a width of {width:,}", f"a width of {width:,}")
        return f"{says}, the embedding of the weights has {embedding[1]:,}"
    usual = config.get("vocab_size")
    if "vocab_size" not in written and usual and embedding is not None and embedding[0] != usual:
        says = f"config.json has no vocab_size, and a {config['model_type']} has {usual:,} tokens then"
        return f"{says}, the embedding of the weights has {embedding[0]:,}"
    heads = any(name.endswith(("lm_head.weight", "embed_out.weight", "output.weight")) for name in tensors)
    if config.get("tie_word_embeddings") is False and not heads and embedding is not None:
        return "config.json says that the output layer is not tied to the embedding, and the weights have none: it would be random numbers"
    return _in_blocks(config, tensors, asked) or _at_the_ends(config, tensors)


def misnamed(config: Mapping[str, Any], tensors: Tensors) -> str:
    """Blocks of which none is called as the loader looks for it, in words: transformers 5.23 fills them with random numbers and goes on."""
    own, lasts = STARTS.get(str(config.get("model_type"))), tuple(matrices(config))
    blocks = [name for name in tensors if BLOCK.search(name) and name.endswith(lasts)] if own and lasts else []
    looked_for = tuple(f"{start}{part}." for start in (own, "") for part in ("h", "layers"))
    if not blocks or any(name.startswith(looked_for) for name in blocks):
        return ""
    before = next((f", as {who} names them" for start, who in WRAPPERS.items() if blocks[0].startswith(start)), "")
    return f"the weights are called {blocks[0]}{before}, and {own}{'h' if own == 'transformer.' else 'layers'}.0 is looked for: all random"


def _says(config: Mapping[str, Any], names: tuple[str, ...], asked: str, usual: str) -> str:
    if _first(config, names) is not None:
        return f"config.json {asked}"
    own = {"gpt2": ("n_layer", "n_embd")}.get(str(config.get("model_type")), ("num_hidden_layers", "hidden_size"))
    return f"config.json has no {next(name for name in own if name in names)}, and a {config.get('model_type')} has {usual} then"


def _in_blocks(config: Mapping[str, Any], tensors: Tensors, asked: int | None) -> str:
    wanted = matrices(config)
    blocks: dict[int, dict[str, str]] = {}  # number to last names to whole names
    for name in tensors:
        if wanted and (found := PLACE.fullmatch(name)):
            blocks.setdefault(int(found[2]), {})[found[3]] = name
            start = found[1]
    for number in range(asked or 0) if blocks else ():
        names = blocks.get(number, {})
        for last, shape in wanted.items():
            if last not in names:
                other = next((name for each, name in names.items() if each.endswith("weight") and each not in wanted
                              and len(tensors[name].shape) == 2), "")  # fmt: skip
                stead = f"; there is {other}" if other else ": it would be random numbers"
                return f"the weights lack {start}{number}.{last}, which config.json asks for{stead}"
            if has := _other(tensors[names[last]].shape, shape):
                return f"{names[last]} is {has}"
        told = (*vectors(config), *(_norms(config) if _has_norms(config, blocks) else ()))
        if absent := next((last for last in told if last not in names), ""):
            return f"the weights lack {start}{number}.{absent}, which a {config['model_type']} of this config.json has"
    return _outside(config, tensors, start) if blocks and _has_norms(config, blocks) else ""


def _has_norms(config: Mapping[str, Any], blocks: Mapping[int, Mapping[str, str]]) -> bool:
    """False where only matrices are stored: headers that were made to be looked at."""
    return any(last in names for names in blocks.values() for last in _norms(config))


def _outside(config: Mapping[str, Any], tensors: Tensors, start: str) -> str:
    """What a family has before and behind its blocks. start: of a block's names, such as `model.layers.`."""
    before = re.sub(r"(layers|h)\.$", "", start)
    tied = config.get("tie_word_embeddings") is not False and any(name.endswith("lm_head.weight") for name in tensors)
    for last in ENDS.get(str(config.get("model_type")), ()):
        if before + last not in tensors and not (tied and last.endswith(EMBEDDINGS)):
            return f"the weights lack {before}{last}, which config.json asks for: it would be random numbers"
    return ""


def unread(config: Mapping[str, Any], tensors: Tensors) -> str:
    """A bias, a norm of queries or an adapter in a block, of a family that is known here and has none; empty without one.

    The loader passes it by, and the model computes something else than the one that was trained with it.
    """
    wanted = matrices(config)
    if not wanted or config.get("model_type") not in GATED:
        return ""
    known = {*vectors(config), *_norms(config)}
    strange = {f"{last.removesuffix('weight')}bias" for last in wanted} | {"self_attn.q_norm.weight", "self_attn.k_norm.weight"}
    for name in tensors:
        last = found[3] if (found := PLACE.fullmatch(name)) else ""
        if last and last not in known and (last in strange or ADAPTED.search(last)):
            return name
    return ""


def _at_the_ends(config: Mapping[str, Any], tensors: Tensors) -> str:
    """The output layer where it is not tied, and GPT-2's table of positions."""
    width, embedding, head = _first(config, WIDTHS), _embedding(tensors), tensors.get("lm_head.weight")
    if not matrices(config) or width is None:
        return ""
    tied = config.get("tie_word_embeddings") is not False
    if head is not None and embedding is not None and not tied and head.shape != embedding:
        return f"lm_head.weight is {_size(head.shape)}, the embedding of the same tokens {_size(embedding)}"
    for name in ("wpe.weight", "transformer.wpe.weight"):
        positions = config.get("n_positions")
        if name in tensors and isinstance(positions, int) and (has := _other(tensors[name].shape, (positions, width))):
            return f"{name} is {has}"
    return ""


def _embedding(tensors: Tensors) -> Shape | None:
    names = (name for name, t in tensors.items() if name.endswith(EMBEDDINGS) and "position" not in name and len(t.shape) == 2)
    return next((tensors[name].shape for name in names), None)


def unread_blocks(config: Mapping[str, Any], tensors: Tensors) -> int:
    """Blocks of a known family that are stored behind the last that config.json asks for: the loader passes them by."""
    asked = _first(config, COUNTS)
    if asked is None or not matrices(config) or any(key in config for key in OF_ANOTHER_WIDTH):
        return 0
    return len({number for name in tensors if (found := PLACE.fullmatch(name)) and (number := int(found[2])) >= asked})


def _other(stored: Shape, wanted: Shape) -> str:
    """Both shapes in words where they differ."""
    if stored == wanted:
        return ""
    turned = ": it is transposed" if stored == wanted[::-1] else ""
    return f"{_size(stored)}, config.json asks for {_size(wanted)}{turned}"


def _size(shape: Shape) -> str:
    return " x ".join(f"{each:,}" for each in shape) or "a number"


def _first(config: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((config[name] for name in names if isinstance(config.get(name), int)), None)


def matrices(config: Mapping[str, Any]) -> dict[str, Shape]:
    """Last names and shapes of the matrices of a block, as transformers makes them; none of a family that is not known here.

    A size that config.json leaves out is the family's own, as in transformers. None where one is written that is no number.
    """
    kind = str(config.get("model_type"))
    make = KNOWN.get(kind)
    try:
        found = make({**DEFAULTS.get(kind, {}), **config}) if make else {}
    except (KeyError, TypeError, ZeroDivisionError):
        return {}
    if not all(isinstance(size, int) for shape in found.values() for size in shape):
        return {}  # a size that is a text, or a float: transformers says so
    return {name if name.endswith("A_log") else f"{name}.weight": shape for name, shape in found.items()}


def vectors(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Last names of the biases and norms of a block that tell one family, or one switch of config.json, from another."""
    kind, biased = config.get("model_type"), config.get("attention_bias") is True
    attention = {"qwen2": "qkv", "qwen3": "qkvo" * biased, "llama": "qkvo" * biased, "gemma": "qkvo" * biased}.get(str(kind), "")
    names = [f"self_attn.{part}_proj.bias" for part in attention]
    if kind in ("qwen3", "gemma3_text"):
        names += ["self_attn.q_norm.weight", "self_attn.k_norm.weight"]
    if kind == "llama" and config.get("mlp_bias") is True:
        names += [f"mlp.{part}_proj.bias" for part in ("gate", "up", "down")]
    return tuple(names)


def _norms(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Last names of the vectors that every block of a family has."""
    kind = str(config.get("model_type"))
    return () if config.get("use_bias") is True or config.get("use_conv_bias") is False else NORMS.get(kind, ())


def _attention(config: Mapping[str, Any]) -> dict[str, Shape]:
    d, ff, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    kind = config["model_type"]
    groups = (config.get("num_key_value_heads") or heads) if kind == "llama" else config["num_key_value_heads"]
    size = (config.get("head_dim") or d // heads) if kind in ("llama", "mistral", "qwen2", "phi3") else config["head_dim"]
    asked, shared = heads * size, groups * size
    if kind == "phi3":
        return {"self_attn.qkv_proj": (asked + 2 * shared, d), "self_attn.o_proj": (d, asked),
                "mlp.gate_up_proj": (2 * ff, d), "mlp.down_proj": (d, ff)}  # fmt: skip
    return {
        "self_attn.q_proj": (asked, d), "self_attn.k_proj": (shared, d), "self_attn.v_proj": (shared, d), "self_attn.o_proj": (d, asked),
        "mlp.gate_proj": (ff, d), "mlp.up_proj": (ff, d), "mlp.down_proj": (d, ff),
    }  # fmt: skip


def _gpt2(config: Mapping[str, Any]) -> dict[str, Shape]:
    """Of Conv1D, whose matrices stand the other way round: inputs first."""
    d = config["n_embd"]
    ff = config.get("n_inner") or 4 * d
    return {"attn.c_attn": (d, 3 * d), "attn.c_proj": (d, d), "mlp.c_fc": (d, ff), "mlp.c_proj": (ff, d)}


def _mamba(config: Mapping[str, Any]) -> dict[str, Shape]:
    d, n, rank = config["hidden_size"], config["state_size"], config["time_step_rank"]
    inner = config.get("intermediate_size") or int(config["expand"] * d)
    rank = ceil(d / 16) if rank == "auto" else rank
    return {
        "mixer.in_proj": (2 * inner, d), "mixer.x_proj": (rank + 2 * n, inner), "mixer.dt_proj": (inner, rank),
        "mixer.out_proj": (d, inner), "mixer.A_log": (inner, n), "mixer.conv1d": (inner, 1, config["conv_kernel"]),
    }  # fmt: skip


def _mamba2(config: Mapping[str, Any]) -> dict[str, Shape]:
    d, n, groups, heads = config["hidden_size"], config["state_size"], config["n_groups"], config["num_heads"]
    inner = int(config["expand"] * d)
    channels = inner + 2 * groups * n
    return {
        "mixer.in_proj": (inner + channels + heads, d), "mixer.out_proj": (d, inner), "mixer.conv1d": (channels, 1, config["conv_kernel"])
    }  # fmt: skip


KNOWN: dict[str, Callable[[Mapping[str, Any]], dict[str, Shape]]] = {
    **dict.fromkeys(GATED, _attention),
    "gpt2": _gpt2, "mamba": _mamba, "mamba_hebbian": _mamba, "mamba2": _mamba2,
}  # fmt: skip


_LLAMA = {"vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 11008}
_QWEN = {**_LLAMA, "vocab_size": 151936, "intermediate_size": 22016, "num_key_value_heads": 32}
_GEMMA2 = {"vocab_size": 256000, "hidden_size": 2304, "num_hidden_layers": 26, "num_attention_heads": 8, "num_key_value_heads": 4,
           "head_dim": 256, "intermediate_size": 9216}  # fmt: skip
DEFAULTS: dict[str, dict[str, Any]] = {  # sizes that transformers takes where config.json has none
    "llama": _LLAMA, "mistral": {**_LLAMA, "intermediate_size": 14336, "num_key_value_heads": 8},
    "qwen2": _QWEN, "qwen3": {**_QWEN, "head_dim": 128},
    "gemma": {"vocab_size": 256000, "hidden_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 16,
              "head_dim": 256, "intermediate_size": 24576},
    "gemma2": _GEMMA2, "gemma3_text": {**_GEMMA2, "vocab_size": 262208},
    "phi3": {"vocab_size": 32064, "hidden_size": 3072, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
             "intermediate_size": 8192},
    "gpt2": {"vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12},
    "mamba": {"vocab_size": 50280, "hidden_size": 768, "num_hidden_layers": 32, "state_size": 16, "expand": 2, "conv_kernel": 4,
              "time_step_rank": "auto"},
    "mamba2": {"vocab_size": 32768, "hidden_size": 4096, "num_hidden_layers": 64, "state_size": 128, "expand": 2, "conv_kernel": 4,
               "n_groups": 8, "num_heads": 128},
}  # fmt: skip
