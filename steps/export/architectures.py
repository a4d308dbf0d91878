"""What llama.cpp wants to know of each architecture: metadata, tensor names and shapes, from a transformers config.

Llama and its kin stand in attention.py, the Gemmas in gemma.py; here are GPT-2 and the Mambas.
"""

from collections.abc import Callable
from typing import Any

from schemas import RecipeError
from steps.export.attention import Metadata, attention, factors, reach
from steps.export.gemma import gemma

FAMILIES = {  # transformers' model_type to GGUF's
    "llama": "llama", "mistral": "llama", "qwen2": "qwen2", "qwen3": "qwen3", "phi3": "phi3", "gemma": "gemma", "gemma2": "gemma2",
    "gemma3_text": "gemma3", "mamba": "mamba", "mamba2": "mamba2", "gpt2": "gpt2",
}  # fmt: skip
UNTIED = ("llama", "mistral", "qwen2", "qwen3", "phi3", "mamba2")  # whose head is their own where the config does not say
ATTENTION = ("llama", "mistral", "qwen2", "qwen3", "phi3")
GEMMA = ("gemma", "gemma2", "gemma3_text")
GEMMA_NAMES = tuple(FAMILIES[kind] for kind in GEMMA)
MAMBA_CONTEXT = 2**20  # a recurrent model has no limit: what llama.cpp's own converter writes


def architecture(config: dict[str, Any]) -> str:
    """The GGUF architecture of a transformers `config.json`. Raises RecipeError E004 for one that is not exported."""
    found = str(config.get("model_type", ""))
    if found not in FAMILIES:
        raise RecipeError(
            "E004", f"a model of type {found!r} cannot be exported: {', '.join(FAMILIES)} can", fix="train one of these families"
        )
    return FAMILIES[found]


def metadata(config: dict[str, Any], context_length: int) -> Metadata:
    """GGUF keys below the architecture's name, in the order in which they are written.

    context_length: positions that the model was trained for; a recurrent model writes MAMBA_CONTEXT instead.
    Raises RecipeError E004 on rotary scaling, sliding windows and whatever else the file could not say.
    """
    architecture(config)
    kind = config["model_type"]
    keys = (attention if kind in ATTENTION else gemma if kind in GEMMA else OWN[kind])(config, context_length)
    within_reach(config, context_length)
    return keys


def within_reach(config: dict[str, Any], positions: int, field: str = "") -> None:
    """Raise RecipeError E004 where a text of so many positions is computed in another way by llama.cpp. field: what asks for them."""
    if config["model_type"] in ATTENTION:
        limit, why = reach(config)
        if limit and positions > limit:
            raise RecipeError(
                "E004", f"a {config['model_type']} with {why} can be exported for texts of {limit:,} tokens, this is {positions:,}: "
                "llama.cpp computes longer ones in another way", field=field, fix=f"write {field or 'max_seq_length'}: {limit} or less",
            )  # fmt: skip


def added_tensors(config: dict[str, Any]) -> dict[str, list[float]]:
    """Tensors that the file has beside the model's own, by their GGUF names."""
    return factors(config) if config["model_type"] in ATTENTION else {}


def _mamba(config: dict[str, Any], context_length: int) -> Metadata:
    rank = config["time_step_rank"]
    return {
        **_recurrent(config),
        "ssm.inner_size": config.get("intermediate_size") or config["expand"] * config["hidden_size"],
        "ssm.time_step_rank": -(-config["hidden_size"] // 16) if rank == "auto" else rank,
        "ssm.dt_b_c_rms": False,
    }


def _mamba2(config: dict[str, Any], context_length: int) -> Metadata:
    return {
        **_recurrent(config),
        "ssm.inner_size": config["expand"] * config["hidden_size"],
        "ssm.time_step_rank": config["num_heads"],
        "ssm.group_count": config["n_groups"],
    }


def _recurrent(config: dict[str, Any]) -> Metadata:
    return {
        "context_length": MAMBA_CONTEXT,
        "embedding_length": config["hidden_size"],
        "feed_forward_length": 0,
        "attention.head_count": 0,
        "block_count": config["num_hidden_layers"],
        "ssm.conv_kernel": config["conv_kernel"],
        "ssm.state_size": config["state_size"],
        "attention.layer_norm_rms_epsilon": float(config["layer_norm_epsilon"]),
    }


def _gpt2(config: dict[str, Any], context_length: int) -> Metadata:
    return {
        "context_length": config["n_positions"],
        "embedding_length": config["n_embd"],
        "block_count": config["n_layer"],
        "feed_forward_length": config.get("n_inner") or 4 * config["n_embd"],
        "attention.head_count": config["n_head"],
        "attention.layer_norm_epsilon": float(config["layer_norm_epsilon"]),
    }


OWN: dict[str, Callable[[dict[str, Any], int], Metadata]] = {"mamba": _mamba, "mamba2": _mamba2, "gpt2": _gpt2}


def standard_name(name: str) -> str:
    """The name under which the `gguf` package's table knows a tensor."""
    return name.replace("mixer.dt_bias", "mixer.dt_proj.bias")


def changed(config: dict[str, Any], name: str, shape: tuple[int, ...]) -> tuple[tuple[int, ...], Callable[[Any], Any]]:
    """The shape that llama.cpp wants a tensor in, and the function that makes it so.

    llama: rows of q and k reordered from halves to pairs, as its rotation takes them (qwen2's takes halves). mamba: A = -exp(A_log), the
    convolution without its middle axis. mamba2: A and D as columns, the norm by group. gpt2: transformers stores Conv1D transposed.
    gemma: norms with the one that transformers adds to them.
    """
    import numpy as np

    family = architecture(config)
    if family == "llama" and ".self_attn.q_proj." in name:
        return shape, lambda tensor: _paired(tensor, config["num_attention_heads"])
    if family == "llama" and ".self_attn.k_proj." in name:
        return shape, lambda tensor: _paired(tensor, config.get("num_key_value_heads") or config["num_attention_heads"])
    if family == "gpt2" and name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
        return shape[::-1], lambda tensor: np.ascontiguousarray(tensor.T)
    if family in GEMMA_NAMES and name.endswith("norm.weight"):
        return shape, lambda tensor: tensor + 1
    if name.endswith("conv1d.weight"):
        return (shape[0], shape[2]), lambda tensor: tensor[:, 0, :]
    if name.endswith(".A_log"):
        wanted = (shape[0], 1) if family == "mamba2" else shape
        return wanted, lambda tensor: -np.exp(tensor).reshape(wanted)
    if family == "mamba2" and name.endswith("mixer.D"):
        return (shape[0], 1), lambda tensor: tensor.reshape(-1, 1)
    if family == "mamba2" and name.endswith("mixer.norm.weight"):
        groups = config["n_groups"]
        return (groups, shape[0] // groups), lambda tensor: tensor.reshape(groups, -1)
    return shape, lambda tensor: tensor


def _paired(tensor: Any, heads: int) -> Any:
    half = tensor.shape[0] // heads // 2
    return tensor.reshape(heads, 2, half, *tensor.shape[1:]).swapaxes(1, 2).reshape(tensor.shape)
