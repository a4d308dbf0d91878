"""What the headers of weights tell, against the networks that transformers makes of the same config.json."""

from typing import Any

import pytest

from steps.sizing.headers import Tensor, differs, matrices, quantised, unread, unread_blocks
from tests.steps.sizing import test_counting
from tests.steps.sizing.test_counting import STATE

GATED: dict[str, Any] = {**test_counting.GATED, "tie_word_embeddings": False}
GPT2: dict[str, Any] = {"model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 300, "n_positions": 50}
CASES: list[dict[str, Any]] = [
    {"model_type": "llama", **GATED},
    {"model_type": "llama", **GATED, "head_dim": 32, "attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True},
    {"model_type": "mistral", **GATED, "head_dim": 32},
    {"model_type": "qwen2", **GATED, "tie_word_embeddings": True},
    {"model_type": "qwen3", **GATED, "head_dim": 32},
    {"model_type": "phi3", **GATED, "pad_token_id": 0},
    {"model_type": "gemma", **GATED, "head_dim": 16},
    {"model_type": "gemma2", **GATED, "head_dim": 16},
    {"model_type": "gemma3_text", **GATED, "head_dim": 16},
    GPT2,
    {**GPT2, "n_inner": 100, "tie_word_embeddings": False},
    {"model_type": "mamba", **STATE, "expand": 2, "state_size": 16, "time_step_rank": "auto", "conv_kernel": 4},
    {"model_type": "mamba", **STATE, "expand": 3, "state_size": 8, "time_step_rank": 5, "conv_kernel": 3, "use_bias": True},
    {"model_type": "mamba2", **STATE, "num_heads": 8, "head_dim": 16, "n_groups": 2, "state_size": 32, "expand": 2, "conv_kernel": 4},
]


def made(config: dict[str, Any]) -> dict[str, Tensor]:
    """Every tensor of the network that transformers makes, tied ones twice."""
    torch = pytest.importorskip("torch")
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    return {name: Tensor("F32", tuple(tensor.shape)) for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("config", CASES, ids=lambda config: config["model_type"])
def test_weights_that_transformers_made_agree(config: dict[str, Any]):
    """Each matrix is known by name and shape, and nothing is told: grouped and wide heads, biases, tied heads, Conv1D."""
    tensors = made(config)
    for last, shape in matrices(config).items():
        assert {t.shape for name, t in tensors.items() if name.endswith(f".{last}")} == {shape}, last
    assert matrices(config)
    bare = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}  # as the hub's gpt2 names them
    for each in (tensors, bare):
        assert (quantised(config, each), differs(config, each), unread_blocks(config, each), unread(config, each)) == ("", "", 0, "")


ENDS = ("wpe.weight", "ln_f.weight", "norm.weight", "norm_f.weight", "embed_tokens.weight")


@pytest.mark.parametrize("config", CASES, ids=lambda config: config["model_type"])
def test_a_vector_that_is_gone_is_told(config: dict[str, Any]):
    """Of a block, and of what stands before and behind the blocks: a norm, a bias of GPT-2, the embedding."""
    tensors, absent = made(config), []
    if config["model_type"] == "mamba" and config.get("use_bias"):
        return  # what else it has then is not listed
    for name in tensors:
        vector = len(tensors[name].shape) == 1 and (".1." in name or name.endswith(ENDS))
        if vector or (name.endswith(ENDS) and config.get("tie_word_embeddings") is not True):
            absent.append(name)
            assert name in differs(config, {key: value for key, value in tensors.items() if key != name}), name
    assert len(absent) > 2


@pytest.mark.parametrize(
    "name", ["self_attn.q_proj.bias", "mlp.down_proj.bias", "self_attn.k_norm.weight", "self_attn.q_proj.lora_A.weight"]
)
def test_what_a_block_has_and_its_kind_has_not(name: str):
    """The loader passes it by: biases, norms of queries and keys, an adapter that was not merged."""
    whole = f"model.layers.1.{name}"
    assert unread(CONFIG, llama() | {whole: Tensor("F32", (64,))}) == whole
    assert unread({**CONFIG, "attention_bias": True}, llama() | {"model.layers.1.self_attn.q_proj.bias": FLOAT}) == ""


def llama(**changes: Tensor | None) -> dict[str, Tensor]:
    """The tensors of a small llama, some exchanged (`__` for a point) or left out."""
    shapes = {"model.embed_tokens": (300, 64), "lm_head": (300, 64)}
    for n in range(2):
        shapes |= {f"model.layers.{n}.self_attn.{p}_proj": (32 if p in "kv" else 64, 64) for p in "qkvo"}
        shapes |= {f"model.layers.{n}.mlp.{p}_proj": (96, 64) for p in ("gate", "up")} | {f"model.layers.{n}.mlp.down_proj": (64, 96)}
    found: dict[str, Tensor | None] = {f"{name}.weight": Tensor("BF16", shape) for name, shape in shapes.items()}
    found |= {name.replace("__", "."): tensor for name, tensor in changes.items()}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


CONFIG = {"model_type": "llama", **GATED}
FLOAT = Tensor("F32", (64,))


@pytest.mark.parametrize(
    "more",
    [
        {"model.layers.0.self_attn.rotary_emb.inv_freq": Tensor("F32", (8,))},
        {"model.layers.0.attn.masked_bias": Tensor("F32", ()), "h.0.attn.bias": Tensor("U8", (1, 1, 50, 50))},
        {"model.embeddings.position_ids": Tensor("I64", (1, 512))},
        {"v_head.summary.weight": Tensor("F32", (1, 64)), "score.weight": Tensor("BF16", (2, 64))},
        {"medusa_head.0.0.linear.weight": Tensor("BF16", (64, 64)), "eagle.layers.0.self_attn.q_proj.weight": Tensor("BF16", (9, 9))},
        {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": Tensor("F32", (8, 64))},
        {"model.layers.0.self_attn.q_proj.bias": FLOAT, "model.norm.weight": FLOAT, "router.scales": FLOAT},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_else_is_stored_is_left_alone(more: dict[str, Tensor]):
    """Tables of rotations, masks, other heads, adapters, biases, norms."""
    tensors = llama() | more
    assert (quantised(CONFIG, tensors), differs(CONFIG, tensors), unread_blocks(CONFIG, tensors)) == ("", "", 0)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (llama(model__layers__1__mlp__up_proj__weight=None),
         "the weights lack model.layers.1.mlp.up_proj.weight, which config.json asks for: it would be random numbers"),
        (llama(model__layers__0__self_attn__k_proj__weight=Tensor("BF16", (64, 64))),
         "model.layers.0.self_attn.k_proj.weight is 64 x 64, config.json asks for 32 x 64"),
        (llama(model__layers__0__mlp__down_proj__weight=Tensor("BF16", (96, 64))),
         "model.layers.0.mlp.down_proj.weight is 96 x 64, config.json asks for 64 x 96: it is transposed"),
        (llama(lm_head__weight=Tensor("BF16", (320, 64))), "lm_head.weight is 320 x 64, the embedding of the same tokens 300 x 64"),
        ({"layers.0.attention.wq.weight": Tensor("BF16", (64, 64)), "layers.1.attention.wq.weight": Tensor("BF16", (64, 64))},
         "the weights lack layers.0.self_attn.q_proj.weight, which config.json asks for; there is layers.0.attention.wq.weight"),
    ],
    ids=["absent", "another shape", "transposed", "head", "names of another tool"],
)  # fmt: skip
def test_a_matrix_that_config_does_not_ask_for_is_told(tensors: dict[str, Tensor], said: str):
    """By its name and both shapes."""
    assert differs(CONFIG, tensors) == said


def test_a_tied_head_may_be_stored_or_not():
    """Both are whole."""
    tied = {**CONFIG, "tie_word_embeddings": True}
    assert differs(tied, llama()) == differs(tied, llama(lm_head__weight=None)) == ""


def test_blocks_behind_the_last_are_counted():
    """transformers passes them by, and the model is another than its name says."""
    assert unread_blocks({**CONFIG, "num_hidden_layers": 1}, llama()) == 1


def test_a_size_that_config_lacks_is_the_familys_own():
    """As transformers has it; nothing is said of a kind that is not known here."""
    assert matrices({**CONFIG, "model_type": "qwen3"})["self_attn.k_proj.weight"][0] % 128 == 0
    assert matrices({"model_type": "mixtral", **GATED}) == {}
    bare = {key: value for key, value in CONFIG.items() if key != "num_hidden_layers"}
    assert differs(bare, llama()).startswith("config.json has no num_hidden_layers, and a llama has 32 blocks then")
    bare = {key: value for key, value in CONFIG.items() if key != "vocab_size"}
    assert "has 32,000 tokens then" in differs(bare, llama())


@pytest.mark.parametrize(
    ("change", "absent"),
    [
        ({"attention_bias": True}, "self_attn.q_proj.bias"),
        ({"mlp_bias": True}, "mlp.gate_proj.bias"),
        ({"model_type": "qwen2"}, "self_attn.q_proj.bias"),
        ({"model_type": "qwen3", "head_dim": 16}, "self_attn.q_norm.weight"),
    ],
)
def test_biases_and_norms_that_a_config_asks_for(change: dict[str, Any], absent: str):
    """transformers would draw them at random."""
    assert f"the weights lack model.layers.0.{absent}" in differs({**CONFIG, "num_key_value_heads": 2, **change}, llama())


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"x.weight": Tensor("U8", (2048, 1)), "x.weight.absmax": FLOAT, "x.weight.quant_state.bitsandbytes__nf4": FLOAT},
         "bitsandbytes nf4: x.weight is U8"),
        ({"x.weight": Tensor("I8", (64, 64)), "x.SCB": FLOAT}, "bitsandbytes, 8 bits: x.weight is I8"),
        ({"x.qweight": Tensor("I32", (8, 64)), "x.scales": FLOAT}, "gptq or awq"),
        ({"x.weight": Tensor("U32", (64, 8)), "x.scales": FLOAT, "x.biases": FLOAT}, "mlx: x.weight is U32"),
        ({"x.weight": Tensor("F8_E4M3", (64, 64)), "x.weight_scale_inv": FLOAT}, "fp8: x.weight is F8_E4M3"),
        ({"x.weight": Tensor("F8_E5M2", (64, 64))}, "x.weight is F8_E5M2"),
        ({"x.weight_packed": Tensor("I32", (64, 8)), "x.weight_scale": FLOAT}, "compressed-tensors"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_packed_weights_are_known_by_their_headers(more: dict[str, Tensor], said: str):
    """Whatever config.json says."""
    assert quantised(CONFIG, llama() | more) == f"{said}, which config.json does not say"
