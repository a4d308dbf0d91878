"""What a training step and an exported file need, by arithmetic alone: bytes and floating point operations. No torch.

The terms are counted from the tensors that our own modules keep for the backward pass. They leave out what an allocator wastes:
that is what a margin is for.
"""

from math import ceil
from typing import Literal

from schemas.machine import GIB
from schemas.model import ModelConfig

Precision = Literal["fp32", "fp16", "bf16"]
Method = Literal["full", "lora"]
Quantization = Literal["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"]

SCAN_CHUNK = 16  # our Mamba-1 scan keeps one state a chunk and recomputes the others
SSD_CHUNK = 64  # Mamba-2 works on blocks of this many positions
LOSS_CHUNK_TOKENS = 1024  # positions whose logits exist at one time
RUNTIME = {"cuda": int(0.6 * GIB), "mps": int(0.5 * GIB), "cpu": int(0.35 * GIB)}  # context and libraries, before the first tensor
BLOCK_BYTES = {  # quantization: bytes of a block, weights in it (ggml-common.h of llama.cpp)
    "f32": (4, 1), "f16": (2, 1), "bf16": (2, 1), "q8_0": (34, 32),
    "q5_1": (24, 32), "q5_0": (22, 32), "q4_1": (20, 32), "q4_0": (18, 32),
}  # fmt: skip


def training_memory(
    model: ModelConfig,
    *,
    batch_size: int,
    length: int,
    precision: str,
    method: str = "full",
    lora_parameters: int = 0,
    checkpointing: bool = False,
    loss_chunk_tokens: int | None = LOSS_CHUNK_TOKENS,
    optimizer: str = "adamw",
    kind: str = "cuda",
) -> dict[str, int]:
    """Bytes that one device holds at the peak of a training step, part by part; their sum is the peak.

    weights: four bytes a parameter; below fp32, autocast keeps a half-precision copy beside them for the length of a step.
    gradients: four bytes for each trained parameter. optimizer: adamw keeps two fp32 moments of each, sgd one, none without.
    activations: what every layer keeps for its backward pass (`layer_bytes`), for batch_size x length tokens; with
    `checkpointing` only each layer's input and one whole layer. logits: `loss_chunk_tokens` positions (None: all of them)
    x vocabulary, as logits, their fp32 softmax and its gradient. workspace: the runtime itself, and the larger of what one
    layer's backward pass holds for a moment and what the optimizer's step does.
    """
    total = model.parameters(length)
    trained = lora_parameters if method == "lora" else total
    half = precision != "fp32"
    tokens = batch_size * length
    one_layer = tokens * layer_bytes(model, length, half)
    kept = tokens * 4 * model.d_model
    activations = model.n_layers * one_layer if not checkpointing else model.n_layers * kept + one_layer
    at_once = tokens if loss_chunk_tokens is None else min(tokens, loss_chunk_tokens)
    logits = at_once * (model.vocab_size or 0) * (4 + 4 + (2 if half else 4)) + 3 * tokens * 4 * model.d_model
    moments = {"adamw": 8, "sgd": 4}.get(optimizer, 8)
    backward = tokens * transient_bytes(model, half)
    updating = max(0, 4 * trained - activations - logits)
    return {
        "weights": total * (6 if half else 4) + (lora_parameters * 4 if method == "lora" else 0),
        "gradients": 4 * trained,
        "optimizer": moments * trained,
        "activations": activations,
        "logits": logits,
        "workspace": RUNTIME[kind] + max(backward, updating),
    }


def layer_bytes(model: ModelConfig, length: int, half: bool) -> int:
    """Bytes that one layer keeps for its backward pass, for each token of a sequence of `length`.

    The residual stream and the norms stay in fp32; inputs of matrix products, gates and attention are half as wide under autocast.
    mamba: x and z (2 inner), convolution in and out, silu, dt before and after softplus, y, the gated y and silu(z): 10 inner; B, C and
    the low-rank dt; of the states one in SCAN_CHUNK, fp32. mamba2: 9 inner, and per head a SSD_CHUNK-wide row of the block
    matrix, three times (decay, scores, product). llama: q, k, v, both rotated, the output: the scores are never stored
    (flash attention, a row sum a head); gate, up, silu(gate) and their product. gpt2: q, k, v, output, and 4 d_model before and after gelu.
    """
    wide = 2 if half else 4
    d, inner, n = model.d_model, model.inner, model.state
    stream = 4 * 2 * d  # the layer's input and the norm's fp32 result
    if model.family == "mamba":
        states = ceil(4 * inner * n / SCAN_CHUNK)
        return stream + wide * (d + 7 * inner + model.dt_rank + 2 * n) + 4 * (3 * inner + 2 * n) + states
    if model.family == "mamba2":
        block = 4 * (3 * model.heads * min(SSD_CHUNK, length) + 2 * inner * n // SSD_CHUNK)
        return stream + wide * (d + 5 * inner + 4 * n + model.heads) + 4 * (4 * inner + 2 * n + 2 * model.heads) + block
    if model.family == "llama":
        kv = d // model.heads * model.kv_heads
        attention = wide * (d + 3 * d + 3 * kv) + 4 * model.heads
        return 2 * stream + attention + wide * (d + 4 * model.feed_forward)
    return 2 * stream + wide * (d + 3 * d + d) + 4 * model.heads + wide * (d + 2 * model.feed_forward)


def transient_bytes(model: ModelConfig, half: bool) -> int:
    """Bytes a token that the backward pass of one layer holds only while it runs: gradients of its widest tensors."""
    wide = 2 if half else 4
    widest = {
        "mamba": 4 * model.inner * 4 + 2 * model.inner * wide,
        "mamba2": 3 * model.inner * 4 + 2 * model.inner * wide,
        "llama": 3 * model.feed_forward * wide,
        "gpt2": 2 * model.feed_forward * wide,
    }
    return widest[model.family] + 4 * model.d_model


def matrix_parameters(model: ModelConfig) -> int:
    """Parameters that each token is multiplied with: every layer's, and the output head's whether tied or not."""
    return model.n_layers * model.layer_parameters() + (model.vocab_size or 0) * model.d_model


def mixing_flops(model: ModelConfig, length: int) -> int:
    """Operations a token, forward, that no parameter accounts for: causal attention, or the scan over the state."""
    if model.family in ("llama", "gpt2"):
        return model.n_layers * 2 * length * model.d_model  # two products, half of the square
    if model.family == "mamba":
        return model.n_layers * 9 * model.inner * model.state
    chunk = min(SSD_CHUNK, length)
    return model.n_layers * (2 * chunk * (model.state + model.inner) + 4 * model.inner * model.state)


def step_flops(model: ModelConfig, tokens: int, length: int, *, method: str = "full", checkpointing: bool = False) -> int:
    """Floating point operations of forward and backward over `tokens` tokens in sequences of `length`.

    Two operations a parameter and token forward, four backward (arXiv 2001.08361, section 2.1); LoRA leaves out the gradient of
    the frozen weights, recomputation adds a forward pass.
    """
    forward = 2 * matrix_parameters(model) + mixing_flops(model, length)
    backward = forward + (mixing_flops(model, length) if method == "lora" else forward)
    return tokens * (forward + backward + (forward if checkpointing else 0))


def lora_parameters(model: ModelConfig, rank: int, targets: tuple[str, ...] | None = None) -> int:
    """Parameters of LoRA of `rank` on the linear layers named in `targets` (None: all of a block)."""
    d, inner, n, ff = model.d_model, model.inner, model.state, model.feed_forward
    kv = d // model.heads * model.kv_heads if model.family == "llama" else d
    shapes = {
        "mamba": {"in_proj": (d, 2 * inner), "x_proj": (inner, model.dt_rank + 2 * n), "dt_proj": (model.dt_rank, inner), "out_proj": (inner, d)},
        "mamba2": {"in_proj": (d, 2 * inner + 2 * n + (model.heads if model.family == "mamba2" else 0)), "out_proj": (inner, d)},
        "llama": {"q_proj": (d, d), "k_proj": (d, kv), "v_proj": (d, kv), "o_proj": (d, d),
                  "gate_proj": (d, ff), "up_proj": (d, ff), "down_proj": (ff, d)},
        "gpt2": {"c_attn": (d, 3 * d), "c_proj": (d, d), "c_fc": (d, ff)},
    }[model.family]  # fmt: skip
    chosen = shapes if targets is None else {name: shape for name, shape in shapes.items() if name in targets}
    return model.n_layers * rank * sum(a + b for a, b in chosen.values())


def export_bytes(model: ModelConfig, quantization: str) -> int:
    """Bytes of a GGUF file, to about one in a hundred: matrices in blocks of `quantization`, vectors in fp32, and the vocabulary.

    Matrices whose rows are no multiple of the block stay in f16; a Mamba's convolution, A and D stay in f32, as the exporter leaves them.
    """
    block, weights = BLOCK_BYTES[quantization]
    total = model.parameters()
    small = model.n_layers * _small(model)
    vocabulary = 24 * (model.vocab_size or 0)  # piece, score, type
    return (total - small) * block // weights + 4 * small + vocabulary + 4096


def _small(model: ModelConfig) -> int:
    """Parameters a layer that stay in fp32."""
    if model.family == "mamba":
        return model.d_model + model.inner * (model.conv + 3 + model.state)
    if model.family == "mamba2":
        return model.d_model + (model.inner + 2 * model.state) * (model.conv + 1) + model.inner + 3 * model.heads
    if model.family == "llama":
        return 2 * model.d_model
    return 9 * model.d_model + model.feed_forward
