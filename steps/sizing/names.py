"""Names and shapes of the weights of our own networks, as transformers has them, by arithmetic: no torch."""

from fnmatch import fnmatchcase

from schemas.model import ModelConfig
from steps.sizing.layers import MAMBA

Shapes = dict[str, tuple[int, ...]]


def weights(model: ModelConfig, length: int) -> Shapes:
    """Name to shape of each parameter of a new network for `length` positions, tied ones once."""
    d, rows, n = model.d_model, model.vocab_size or 0, model.n_layers
    if model.family == "gpt2":
        first, layer, prefix, norm = "transformer.wte", _gpt2(model), "transformer.h", {"transformer.ln_f.weight": (d,),
                                                                                         "transformer.ln_f.bias": (d,)}  # fmt: skip
        ends: Shapes = {"transformer.wpe.weight": (length, d)}
    elif model.family == "llama":
        first, layer, prefix, norm, ends = "model.embed_tokens", _llama(model), "model.layers", {"model.norm.weight": (d,)}, {}
    else:
        layer = _mamba(model) if model.family in MAMBA else _mamba2(model)
        first, prefix, norm, ends = "backbone.embeddings", "backbone.layers", {"backbone.norm_f.weight": (d,)}, {}
    head: Shapes = {} if model.tie_embeddings else {"lm_head.weight": (rows, d)}
    inside = {f"{prefix}.{i}.{name}": shape for i in range(n) for name, shape in layer.items()}
    return {f"{first}.weight": (rows, d), **ends, **inside, **norm, **head}


def matched(pattern: str, name: str) -> bool:
    """Whether `pattern` means the weight: `all`, or a run of the dotted parts of its name, with * and ? inside."""
    return pattern == "all" or fnmatchcase(f".{name}.", f"*.{pattern}.*")


def _mamba(model: ModelConfig) -> Shapes:
    d, inner, n, rank = model.d_model, model.inner, model.state, model.dt_rank
    found: Shapes = {
        "norm.weight": (d,), "mixer.A_log": (inner, n), "mixer.D": (inner,), "mixer.conv1d.weight": (inner, 1, model.conv),
        "mixer.conv1d.bias": (inner,), "mixer.in_proj.weight": (2 * inner, d), "mixer.x_proj.weight": (rank + 2 * n, inner),
        "mixer.dt_proj.weight": (inner, rank), "mixer.dt_proj.bias": (inner,), "mixer.out_proj.weight": (d, inner),
    }  # fmt: skip
    if model.family == "mamba_hebbian":
        found |= {f"hebbian.{name}_proj.weight": (d, d) for name in "kvqo"} | {"hebbian.norm.weight": (d,), "hebbian.gate": (d,)}
        found |= {"hebbian.decay_logit": (1,), "hebbian.log_rate": (1,)} if model.hebbian_learned else {}
    return found


def _mamba2(model: ModelConfig) -> Shapes:
    d, inner, heads, channels = model.d_model, model.inner, model.heads, model.inner + 2 * model.state
    return {
        "norm.weight": (d,), "mixer.dt_bias": (heads,), "mixer.A_log": (heads,), "mixer.D": (heads,), "mixer.norm.weight": (inner,),
        "mixer.conv1d.weight": (channels, 1, model.conv), "mixer.conv1d.bias": (channels,),
        "mixer.in_proj.weight": (inner + channels + heads, d), "mixer.out_proj.weight": (d, inner),
    }  # fmt: skip


def _llama(model: ModelConfig) -> Shapes:
    d, ff, kv = model.d_model, model.feed_forward, model.d_model // model.heads * model.kv_heads
    return {
        "self_attn.q_proj.weight": (d, d), "self_attn.k_proj.weight": (kv, d), "self_attn.v_proj.weight": (kv, d),
        "self_attn.o_proj.weight": (d, d), "mlp.gate_proj.weight": (ff, d), "mlp.up_proj.weight": (ff, d), "mlp.down_proj.weight": (d, ff),
        "input_layernorm.weight": (d,), "post_attention_layernorm.weight": (d,),
    }  # fmt: skip


def _gpt2(model: ModelConfig) -> Shapes:
    d, ff = model.d_model, model.feed_forward
    products = {
        "attn.c_attn": (d, 3 * d),
        "attn.c_proj": (d, d),
        "mlp.c_fc": (d, ff),
        "mlp.c_proj": (ff, d),
    }  # transposed, as GPT-2 has them
    found: Shapes = {f"{name}.{kind}": (d,) for name in ("ln_1", "ln_2") for kind in ("weight", "bias")}
    for name, (entering, leaving) in products.items():
        found |= {f"{name}.weight": (entering, leaving), f"{name}.bias": (leaving,)}
    return found
