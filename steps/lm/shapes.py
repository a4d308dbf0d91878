"""Sizes of a network read off a transformers config, as plain data: no torch, so that forecasts may ask too."""

from typing import Any

from schemas import ModelConfig
from schemas.model import HEBBIAN

COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")  # of blocks, by the names that families have for it
HEADS = ("num_attention_heads", "n_head", "num_heads", "n_heads")
UNTIED = ("llama", "mamba2", "mistral", "phi3", "qwen2", "qwen3")  # transformers' default where config.json does not say

UNTRAINED = {  # model_type to why a base of that kind is not trained
    "xlstm": "transformers fails to write text with its state, and refuses the kernels that published configs name: it is not trained here"
}
ANOTHER_STATE = "name another model with a state, such as a mamba or mamba2"


def sizes(config: dict[str, Any]) -> ModelConfig:
    """The ModelConfig of a `config.json`; families that we do not build ourselves are described by the nearest that we do.

    Raises ValueError when width, layers or vocabulary are not in it.
    """
    kind = config.get("model_type", "")
    width, layers = _first(config, "hidden_size", "n_embd", "d_model"), _first(config, *COUNTS)
    tied = bool(config.get("tie_word_embeddings", kind not in UNTIED))
    shared: dict[str, Any] = {"d_model": width, "n_layers": layers, "vocab_size": _first(config, "vocab_size"), "tie_embeddings": tied}
    if kind in ("mamba", "falcon_mamba", "mamba_hebbian"):
        memory = {name: config[name] for name in HEBBIAN if config.get(name) is not None} if kind == "mamba_hebbian" else {}
        inner = config.get("intermediate_size") or config.get("expand", 2) * width
        return ModelConfig(family="mamba_hebbian" if memory else "mamba", d_state=config.get("state_size", 16),
                           d_conv=config.get("conv_kernel", 4), expand=max(1, inner // width), **memory, **shared)  # fmt: skip
    if kind == "mamba2":
        return ModelConfig(family="mamba2", d_state=config.get("state_size", 128), d_conv=config.get("conv_kernel", 4),
                           expand=config.get("expand", 2), head_dim=config.get("head_dim", 64), **shared)  # fmt: skip
    heads = _heads(config, width)
    if kind == "gpt2":
        return ModelConfig(family="gpt2", n_heads=heads, d_ff=config.get("n_inner") or 4 * width, **shared)
    shared_heads = config.get("num_key_value_heads") or heads
    return ModelConfig(family="llama", n_heads=heads, n_kv_heads=shared_heads if heads % shared_heads == 0 else heads,
                       d_ff=config.get("intermediate_size") or 4 * width, **shared)  # fmt: skip


def _heads(config: dict[str, Any], width: int) -> int:
    """Heads of attention, 1 where a network has none (RWKV); fewer where they are of a width of their own that does not divide `width`."""
    said = next((config[name] for name in HEADS if isinstance(config.get(name), int)), 1)
    return next((n for n in range(said, 0, -1) if width % (2 * n) == 0), said)


def _first(config: dict[str, Any], *names: str) -> int:
    for name in names:
        if isinstance(config.get(name), int):
            return int(config[name])
    raise ValueError(f"config.json does not say {names[0]}")
