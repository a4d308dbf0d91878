"""What a training step and an exported file need, by arithmetic alone: bytes and floating point operations. No torch.

The terms are counted from the tensors that our own modules keep for the backward pass. They leave out what an allocator wastes:
that is what a margin is for.
"""

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
    lora_rank: int = 8,
    lora_targets: tuple[str, ...] | None = None,
    checkpointing: bool = False,
    loss_chunk_tokens: int | None = LOSS_CHUNK_TOKENS,
    optimizer: str = "adamw",
    kind: str = "cuda",
) -> dict[str, int]:
    """Bytes that one device holds at the peak of a training step, part by part; their sum is the peak.

    weights: four bytes a parameter; below fp32, autocast keeps a half-precision copy beside them for the length of a step. LoRA below
    fp32 on CUDA holds the frozen base in half alone (steps.lm.frozen: two bytes, small tensors four), and no copy; its adapters are
    fp32 with a copy, and its layers keep `lora_layer_bytes`, that is not the inputs of what is frozen.
    gradients: four bytes for each trained parameter. optimizer: adamw keeps two fp32 moments of each, sgd one.
    activations: what every layer keeps for its backward pass (`layer_bytes`), for batch_size x length tokens, and the last norm's;
    with `checkpointing` only each layer's input and one whole layer. logits: `loss_chunk_tokens` positions (None: all of them) x
    vocabulary in fp32, below fp32 with their half-precision form before and after; and the head's gradient, which is formed with
    them and added later. workspace: the runtime itself, and what the backward pass of one layer holds for a moment; on a CPU half
    of the activations again, because the C library keeps what is freed piece by piece (seen: 0.3 to 0.9 of them).
    """
    total = model.parameters(length)
    trained = lora_parameters if method == "lora" else total
    half = precision != "fp32"
    frozen = method == "lora" and half and kind == "cuda"
    tokens, d, vocabulary = batch_size * length, model.d_model, model.vocab_size or 0
    one_layer = tokens * (lora_layer_bytes(model, length, lora_rank, lora_targets) if frozen else layer_bytes(model, length, half))
    activations = model.n_layers * one_layer if not checkpointing else model.n_layers * tokens * 4 * d + one_layer
    at_once = tokens if loss_chunk_tokens is None else min(tokens, loss_chunk_tokens)
    head = vocabulary * d * ((0 if method == "lora" else 4 + 4) + (2 if half and not frozen else 0))
    base = 2 * (total + model.n_layers * _small(model)) if frozen else total * (6 if half else 4)
    return {
        "weights": base + (lora_parameters * (6 if frozen else 4) if method == "lora" else 0),
        "gradients": 4 * trained,
        "optimizer": {"adamw": 8, "sgd": 4}.get(optimizer, 8) * trained,
        "activations": activations + 8 * tokens * d,
        "logits": at_once * vocabulary * (8 if half else 4) + head + 4 * tokens * d,
        "workspace": RUNTIME[kind] + tokens * transient_bytes(model, length, half) + (activations // 2 if kind == "cpu" else 0),
    }


def layer_bytes(model: ModelConfig, length: int, half: bool) -> int:
    """Bytes that one layer keeps for its backward pass, for each token of a sequence of `length`: counted on the saved tensors of steps.lm.

    wide: bytes of what autocast halves. Everywhere: the layer's input and the norm's, fp32, and the input of the first projection.
    mamba: x and z, the inputs of x_proj and out_proj, silu(z); in fp32 the convolution's two sides, u, dt before and after
    softplus, y; of the states one in SCAN_CHUNK. mamba2: what in_proj gives, the convolution's two sides, per head three rows of
    the block matrix (SSD_CHUNK wide), five of B and C, x, y and the gates ten times, a state every SSD_CHUNK.
    llama: q, k (rotated), v, the output (scores are never stored: flash attention); gate, up, silu(gate), their product; norms twice.
    gpt2: q, k, v, output; 4 d_model before, within (three times) and after gelu.
    """
    wide = 2 if half else 4
    d, inner, n, heads, ff = model.d_model, model.inner, model.state, model.heads, model.feed_forward
    if model.family == "mamba":
        states = 4 * inner * n * (1 / SCAN_CHUNK + 1 / length)
        return round(8 * d + wide * (d + 5 * inner + model.dt_rank) + 4 * ((6 if half else 5) * inner + 2 * n) + states)
    if model.family == "mamba2":
        channels, chunk = inner + 2 * n, min(SSD_CHUNK, length)
        projected = 8 * inner if half else 4 * (inner + channels + heads)
        blocks = wide * heads * (2 * chunk + 4 * n) + 4 * heads * (chunk + n + 5)
        states = wide * inner * n * (2 / chunk + 1 / length)
        return round(8 * d + wide * (d + 2 * channels + 4 * inner) + 20 * inner + projected + blocks + states)
    if model.family == "llama":
        kv = d // heads * model.kv_heads
        return 16 * d + wide * (4 * ff + (7 if half else 4) * d + 2 * kv) + 4 * heads
    return 8 * d + wide * (5 * ff + (7 if half else 6) * d) + 4 * heads


def lora_layer_bytes(model: ModelConfig, length: int, rank: int, targets: tuple[str, ...] | None = None) -> int:
    """The same under LoRA over a base frozen in half (steps.lm.frozen), for adapters of `rank` on `targets` (None: all of a block).

    A frozen product needs its input no more, a frozen norm its output; an adapter keeps its input and what its A gives, in half.
    llama: the input of two norms, q, k, v and the output; gate, silu(gate), up. gpt2: the same, and four times what stands around
    gelu. The Mambas keep what they do otherwise, less the inputs of their projections and a norm's output.
    """
    d, inner, heads, ff = model.d_model, model.inner, model.heads, model.feed_forward
    adapters = sum(2 * (entering + rank) for name, entering, _ in _products(model) if targets is None or name in targets)
    if model.family == "llama":
        return 8 * d + 8 + 2 * (2 * d + 2 * (d // heads) * model.kv_heads + 3 * ff) + 4 * heads + adapters
    if model.family == "gpt2":
        return 8 * d + 16 + 2 * (4 * d + 4 * ff) + 4 * heads + adapters
    unkept = 4 * d + 2 * (d + 2 * inner if model.family == "mamba" else d + 3 * inner)
    return layer_bytes(model, length, half=True) - unkept + adapters


def transient_bytes(model: ModelConfig, length: int, half: bool) -> int:
    """Bytes a token that the backward pass of one layer holds only while it runs: gradients of its widest tensors, buffers of the scan."""
    wide = 2 if half else 4
    buffers = 4 * 3 * min(SCAN_CHUNK, length) * model.state * model.inner // length
    widest = {
        "mamba": 6 * 4 * model.inner + buffers,
        "mamba2": 5 * 4 * model.inner + 3 * 4 * model.heads * min(SSD_CHUNK, length) * model.state,  # B times C, before it is summed
        "llama": 4 * model.feed_forward * wide,
        "gpt2": 3 * model.feed_forward * wide,
    }
    return widest[model.family] + 8 * model.d_model


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
    return model.n_layers * rank * sum(a + b for name, a, b in _products(model) if targets is None or name in targets)


def _products(model: ModelConfig) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of each linear layer of a block."""
    d, inner, n, ff = model.d_model, model.inner, model.state, model.feed_forward
    if model.family == "mamba":
        return [
            ("in_proj", d, 2 * inner),
            ("x_proj", inner, model.dt_rank + 2 * n),
            ("dt_proj", model.dt_rank, inner),
            ("out_proj", inner, d),
        ]
    if model.family == "mamba2":
        return [("in_proj", d, 2 * inner + 2 * n + model.heads), ("out_proj", inner, d)]
    if model.family == "gpt2":  # c_proj is the name of two layers
        return [("c_attn", d, 3 * d), ("c_proj", d, d), ("c_fc", d, ff), ("c_proj", ff, d)]
    kv = d // model.heads * model.kv_heads
    return [("q_proj", d, d), ("k_proj", d, kv), ("v_proj", d, kv), ("o_proj", d, d),
            ("gate_proj", d, ff), ("up_proj", d, ff), ("down_proj", ff, d)]  # fmt: skip


def export_bytes(model: ModelConfig, quantization: str) -> int:
    """Bytes of a GGUF file, to a few in a hundred: matrices in blocks of `quantization`, small tensors in f32, and the vocabulary.

    As the exporter writes it: of the four- and five-bit kinds the embedding is q8_0; a Mamba's small matrices stay f32, and so do
    rows that fill no block.
    """
    small = model.n_layers * _small(model)
    tables = model.embedding_parameters()
    layers = model.parameters() - small - tables
    inside = "f32" if quantization.startswith("q") and model.d_model % 32 else quantization
    outside = "q8_0" if inside.startswith(("q4", "q5")) else inside
    vocabulary = 26 * (model.vocab_size or 0)  # piece, score, type
    return _stored(layers, inside) + _stored(tables, outside) + 4 * small + vocabulary + 120 * (12 * model.n_layers + 20)


def _stored(parameters: int, quantization: str) -> int:
    block, weights = BLOCK_BYTES[quantization]
    return parameters * block // weights


def _small(model: ModelConfig) -> int:
    """Parameters a layer that stay in fp32."""
    if model.family == "mamba":
        return model.d_model + model.inner * (model.conv + 3 + model.state + 2 * model.dt_rank + 2 * model.state)
    if model.family == "mamba2":
        return model.d_model + (model.inner + 2 * model.state) * (model.conv + 1) + model.inner + 3 * model.heads
    if model.family == "llama":
        return 2 * model.d_model
    return 9 * model.d_model + model.feed_forward
