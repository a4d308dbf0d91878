"""What training, validation and an export need, by arithmetic alone: bytes and floating point operations. No torch.

The terms are counted from the tensors that our own modules make, at the moments of a step when most of them live. What no tensor
accounts for (the runtime, an allocator's waste) is one term by itself, the allowance.
"""

from collections.abc import Mapping
from typing import Literal

from schemas.machine import GIB
from schemas.model import ModelConfig
from schemas.training import ADAPTED
from steps.sizing.adapted import Adapters, dora_forward_bytes, lora_forward_bytes, lora_layer_bytes
from steps.sizing.layers import (
    MAMBA,
    MEMORY_CHUNK,
    SSD_CHUNK,
    forward_bytes,
    layer_bytes,
    products,
    scores_of,
    small_parameters,
    workspace_bytes,
)
from steps.sizing.whole import Whole

Precision = Literal["fp32", "fp16", "bf16"]
Method = Literal["full", "lora"]

LOSS_CHUNK_TOKENS = 1024  # positions whose logits exist at one time
RUNTIME = {
    "cuda": int(0.6 * GIB),
    "mps": int(0.5 * GIB),
    "cpu": int(0.45 * GIB),
}  # context and libraries, before the first tensor (cpu: 392 to 482 MB, benchmarks/memory/cpu.md)
FRAGMENTATION = {
    "cuda": 0.05,
    "mps": 0.05,
    "cpu": 0.5,
}  # of what is allocated: blocks too small to give out, or kept by malloc (seen: 0.2 to 0.8)
MOMENTS = {"adamw": 8.0, "adamw_8bit": 2 + 8 / 256}  # optimizer: bytes of its state for each trained parameter
BLOCK_BYTES = {  # quantization: bytes of a block, weights in it (ggml-common.h of llama.cpp)
    "f32": (4, 1), "f16": (2, 1), "bf16": (2, 1), "q8_0": (34, 32),
    "q5_1": (24, 32), "q5_0": (22, 32), "q4_1": (20, 32), "q4_0": (18, 32),
}  # fmt: skip
PARTS = ("weights", "gradients", "optimizer", "activations", "logits", "workspace")


def training_memory(
    model: ModelConfig,
    *,
    batch_size: int,
    length: int,
    precision: str,
    method: str = "full",
    lora_parameters: int = 0,
    adapters: Adapters = Adapters(),  # noqa: B008
    quant: Mapping[str, object] | None = None,
    checkpointing: bool = False,
    loss_chunk_tokens: int | None = LOSS_CHUNK_TOKENS,
    optimizer: str = "adamw",
    accumulation: int = 2,
    kind: str = "cuda",
    attention: str = "sdpa",
    documents: int | None = None,
    whole: Whole = Whole(),  # noqa: B008
) -> dict[str, int]:
    """Bytes that one device holds at the peak of a training step, part by part; their sum is what must be free.

    All parts but the last are tensors, at the worst of six moments: DoRA's work in the last layer, the loss, the head's backward pass,
    that of the last and of the first layer, and the optimizer's step.
    weights: four bytes a parameter; below fp32, autocast keeps a half-precision copy of the layers' matrices until their backward
    pass. LoRA below fp32 on CUDA holds the frozen base in half alone (steps.lm.frozen: two bytes, small tensors four); its adapters
    are fp32 with a copy. So are modules that are trained `whole` beside them, whose frozen originals stay.
    gradients: four bytes for each trained parameter that has one by then; from the second micro-batch of a step on (`accumulation`
    above 1) all have. A tied embedding gets a second one, from the head, before they are added. optimizer: MOMENTS.
    activations: what every layer keeps (`layer_bytes`), for batch_size x length tokens, and the last norm's; with `checkpointing`
    only each layer's input, and one whole layer in the backward pass. Layers below the first that is adapted keep nothing else, unless
    the gradient goes on through them to what is trained whole.
    logits: `loss_chunk_tokens` positions (None: all) x vocabulary and what the loss makes of them (`_loss`), the head's gradient too.
    attention: eager keeps its scores (`score_width`), of whole rows, or of `documents` of at most so many tokens that are attended one by
    one. adapters: DoRA also works in matrices as large as the weights that it adapts (`dora_forward_bytes`).
    workspace: gradients of activations in the backward pass of one layer. allowance: RUNTIME, and FRAGMENTATION of all the rest.
    """
    total, tokens, d = model.parameters(length), batch_size * length, model.d_model
    vocabulary, half = model.vocab_size or 0, precision != "fp32"
    lora, scores = method in ADAPTED, scores_of(model, attention, half, kind, length, documents)
    frozen = lora and half and kind == "cuda"
    table = vocabulary * d
    matrices = _matrices(model)
    beside = whole.parameters(model) if lora else 0
    trained = lora_parameters + beside if lora else total
    one = lora_layer_bytes(model, length, adapters, half, scores, kind) if lora else layer_bytes(model, length, half, scores)
    one *= tokens
    held = _held(model, length, frozen, quant if method == "qlora" else None) + (4 * trained if lora else 0)
    narrow = lora_parameters + whole.inside
    cast = narrow if frozen or method == "qlora" else narrow + matrices if lora else matrices
    copies = 2 * cast if half else 0
    through = model.n_layers - adapters.blocks(model) if lora and (whole.embedding or whole.rows or whole.inside) else 0
    idle = tokens * lora_layer_bytes(model, length, adapters._replace(targets=()), half, scores, kind) if through else 0
    adapted = adapters.blocks(model) if lora else model.n_layers
    layers = 4 * tokens * d * model.n_layers if checkpointing else adapted * one + through * idle
    ends = 8 * tokens * d
    again = one if checkpointing else 0
    widened = (2 if half else 4) * max(a * b for _, a, b in products(model)) if method == "qlora" else 0
    moved = workspace_bytes(model, batch_size, length, half, scores) + widened
    known = 4 * trained if accumulation > 1 else 0
    own = 4 * table if whole.head or not lora else 0  # the head's gradient; a tied one waits for the embedding's, their sum is a third
    other = 4 * table if whole.embedding or not lora else 0  # the embedding's
    waiting = own if model.tie_embeddings or not known else 0
    in_layers = known or 4 * (trained - (whole.at_ends(model) if lora else model.embedding_parameters()))
    in_loss, left = _loss(table, vocabulary, 4 * tokens * d, tokens, half, loss_chunk_tokens, own, frozen and not own)
    if whole.rows and not whole.head:
        in_loss = _loss_of_rows((2 if half else 4) * table, vocabulary, tokens, loss_chunk_tokens) + 4 * tokens * d
    dora = dora_forward_bytes(model, tokens, adapters, half, frozen) if lora else 0
    one_copy = copies // max(1, model.n_layers)  # of a block: recomputed, it makes its own, and the others' are gone
    moments = (
        (copies, known, layers + ends, 0, dora),
        (copies, known, layers + ends + 4 * tokens * d, in_loss, 0),
        (copies, known, layers + ends, left + own + 4 * tokens * d, 0),
        (one_copy if checkpointing else copies, known + waiting, layers + ends + again, 4 * tokens * d, moved),
        (one_copy, in_layers + waiting, again or one, 4 * tokens * d, moved),
        (0, in_layers + (3 * own if model.tie_embeddings else other + (0 if known else own)), 0, 4 * tokens * d, 0),
    )
    copied, gradients, activations, logits, workspace = max(moments, key=sum)
    parts = {
        "weights": held + copied,
        "gradients": gradients,
        "optimizer": _state(model, trained, optimizer, lora, length, whole),
        "activations": activations,
        "logits": logits,
        "workspace": workspace,
    }
    return {**parts, "allowance": allowance(parts, kind)}


def evaluation_memory(
    model: ModelConfig,
    *,
    batch_size: int,
    length: int,
    precision: str,
    method: str = "full",
    lora_parameters: int = 0,
    quant: Mapping[str, object] | None = None,
    loss_chunk_tokens: int | None = LOSS_CHUNK_TOKENS,
    optimizer: str = "adamw",
    kind: str = "cuda",
    attention: str = "sdpa",
    documents: int | None = None,
    adapters: Adapters = Adapters(),  # noqa: B008
    whole: Whole = Whole(),  # noqa: B008
) -> dict[str, int]:
    """Bytes at the peak of a validation between two training steps, part by part as `training_memory` has them.

    No gradient is there, the optimizer's state is; one layer's tensors at a time (`forward_bytes`); logits of a chunk, and their
    log-softmax. Below fp32 autocast keeps a half copy of every trained matrix for the length of a batch.
    """
    row = min(length, documents or length)  # of a validation: a document, or what one is cut into
    tokens, vocabulary = batch_size * row, model.vocab_size or 0
    half, lora = precision != "fp32", method in ADAPTED
    frozen = lora and half and kind == "cuda"
    size = vocabulary * (tokens if loss_chunk_tokens is None else min(tokens, loss_chunk_tokens))
    scores = scores_of(model, attention, half, kind, row, documents) if attention == "eager" else None
    hidden = 4 * tokens * model.d_model
    low = 2 * vocabulary * model.d_model if half and (whole.head or not frozen) else 0
    outside = (10 if half else 8) * size + low
    if lora:
        inside = lora_forward_bytes(model, batch_size, row, adapters, half, scores, documents is not None, frozen)
    else:
        inside = forward_bytes(model, batch_size, row, half, scores, documents is not None)
    held = _held(model, length, frozen, quant if method == "qlora" else None)
    copies = 2 * (lora_parameters + whole.inside if lora else _matrices(model)) if half else 0
    trained = lora_parameters + whole.parameters(model) if lora else model.parameters(length)
    parts = {
        "weights": held + copies + (4 * trained if lora else 0),
        "gradients": 0,
        "optimizer": _state(model, trained, optimizer, lora, length, whole),
        "activations": hidden if outside + hidden > inside else inside,
        "logits": outside if outside + hidden > inside else 0,
        "workspace": 0,
    }
    return {**parts, "allowance": allowance(parts, kind)}


def export_memory(model: ModelConfig, quantization: str) -> dict[str, int]:
    """Bytes at the peak of writing a GGUF file: the largest tensor alone, as it is read, in fp32, and as it is stored. On the CPU."""
    largest = max([(model.vocab_size or 0) * model.d_model, *(a * b for _, a, b in products(model))])
    parts = {"weights": 4 * largest, "workspace": 4 * largest + _stored(largest, quantization)}
    return {**parts, "allowance": RUNTIME["cpu"] // 3}  # numpy and gguf; torch is not loaded


def _state(model: ModelConfig, trained: int, optimizer: str, lora: bool, length: int, whole: Whole) -> int:
    """Bytes of the optimizer's state. adamw: two fp32 moments. adamw_8bit: two bytes, and for each block of 256 the scale of both
    (arXiv 2110.02861); fp32 for embeddings. muon: one fp32 moment for hidden matrices, adamw for the rest."""
    if optimizer == "muon" and not lora:
        hidden = _matrices(model)
        return 4 * hidden + 8 * (trained - hidden)
    if optimizer == "adamw_8bit":
        table = 0 if lora and not whole.embedding else (model.vocab_size or 0) * model.d_model
        positions = length * model.d_model if model.family == "gpt2" and not lora else 0
        return int(8 * (table + positions) + MOMENTS[optimizer] * (trained - table - positions))
    return int(MOMENTS.get(optimizer, 8) * trained)


def _held(model: ModelConfig, length: int, frozen: bool, quant: Mapping[str, object] | None) -> int:
    """Bytes of the base: fp32; where `frozen`, matrices and embeddings in half; with `quant` the linear layers in four or eight bits.

    Four bits: a byte for two weights, and for each block of 64 its largest in fp32; `double`: that in a byte, and fp32 for 256 of them
    (arXiv 2305.14314, section 3). Eight: a byte a weight, and fp32 a row (arXiv 2208.07339). A Mamba's x_proj and dt_proj stay whole.
    """
    total, small = model.parameters(length), model.n_layers * small_parameters(model)
    wide = 2 if frozen else 4
    if quant is None:
        return wide * total + (4 - wide) * small
    packed = [(a, b) for name, a, b in products(model) if name not in ("x_proj", "dt_proj")]
    weights, rows = (model.n_layers * sum(size) for size in ([a * b for a, b in packed], [b for _, b in packed]))
    if quant.get("bits", 4) == 8:
        bytes_packed = weights + 4 * rows
    else:
        bytes_packed = weights // 2 + (weights // 64 + weights // 64 // 64 if quant.get("double") else weights // 16)
    return bytes_packed + wide * (total - weights - small) + 4 * small


def _matrices(model: ModelConfig) -> int:
    """Parameters of all layers' linear maps: what autocast copies."""
    return model.n_layers * sum(a * b for _, a, b in products(model))


def allowance(parts: Mapping[str, int], kind: str) -> int:
    """Bytes beyond the tensors that must be free: the runtime's, and those that an allocator cannot give out."""
    return RUNTIME[kind] + round(FRAGMENTATION[kind] * sum(parts[name] for name in PARTS if name in parts))


def _loss(table: int, vocabulary: int, hidden: int, tokens: int, half: bool, chunk: int | None, own: int, frozen: bool) -> tuple[int, int]:
    """Bytes at the worst moment of the loss, and of what it leaves for the backward pass: the gradients of the head and of its input.

    fp32: one chunk's logits, which become their own gradient; the head's gradient, and a chunk's share of it. Below fp32 the logits
    also stand in half before they are widened and after they became gradients, and so does the head.
    """
    logits = 4 * (tokens if chunk is None else min(tokens, chunk)) * vocabulary
    low = 0 if frozen or not half else 2 * table
    worst = low + logits * 3 // 2 + own // 2 if half else logits + own
    return worst + own + hidden, own + hidden


def _loss_of_rows(head: int, vocabulary: int, tokens: int, chunk: int | None) -> int:
    """The same where the head's rows for added tokens are trained, whose weights are `head` bytes: they are copied for each chunk, and
    autograd keeps its logits, their log-softmax and the gradient, or the gradient of the whole copy."""
    logits = 4 * (tokens if chunk is None else min(tokens, chunk)) * vocabulary
    return max(3 * logits + head, logits + 2 * head)


def matrix_parameters(model: ModelConfig) -> int:
    """Parameters that each token is multiplied with: every layer's, and the output head's whether tied or not."""
    return model.n_layers * model.layer_parameters() + (model.vocab_size or 0) * model.d_model


def mixing_flops(model: ModelConfig, length: int) -> int:
    """Operations a token, forward, that no parameter accounts for: causal attention, or the scan over the state."""
    if model.family in ("llama", "gpt2"):
        return model.n_layers * 2 * length * model.d_model  # two products, half of the square
    if model.family in MAMBA:
        memory = 4 * model.d_model * (min(MEMORY_CHUNK, length) + model.d_model) if model.family == "mamba_hebbian" else 0
        return model.n_layers * (9 * model.inner * model.state + memory)
    chunk = min(SSD_CHUNK, length)
    return model.n_layers * (2 * chunk * (model.state + model.inner) + 4 * model.inner * model.state)


def step_flops(model: ModelConfig, tokens: int, length: int, *, method: str = "full", checkpointing: bool = False) -> int:
    """Floating point operations of forward and backward over `tokens` tokens in sequences of `length`.

    Two operations a parameter and token forward, four backward (arXiv 2001.08361, section 2.1); LoRA leaves out the gradient of
    the frozen weights, recomputation adds a forward pass.
    """
    forward = 2 * matrix_parameters(model) + mixing_flops(model, length)
    backward = forward + (mixing_flops(model, length) if method in ADAPTED else forward)
    return tokens * (forward + backward + (forward if checkpointing else 0))


def export_bytes(model: ModelConfig, quantization: str, parameters: int | None = None) -> int:
    """Bytes of a GGUF file, to a few in a hundred: matrices in blocks of `quantization`, small tensors in f32, and the vocabulary.

    As the exporter writes it: of the four- and five-bit kinds the embedding is q8_0; a Mamba's small matrices stay f32, and so do
    rows that fill no block. parameters: as they were counted, of a base that `model` only comes near to (wide heads, more norms).
    """
    small = model.n_layers * small_parameters(model)
    tables = model.embedding_parameters()
    layers = max(model.parameters() if parameters is None else parameters, small + tables) - small - tables
    inside = "f32" if quantization.startswith("q") and model.d_model % 32 else quantization
    outside = "q8_0" if inside.startswith(("q4", "q5")) else inside
    vocabulary = 26 * (model.vocab_size or 0)  # piece, score, type
    return _stored(layers, inside) + _stored(tables, outside) + 4 * small + vocabulary + 120 * (12 * model.n_layers + 20)


def _stored(parameters: int, quantization: str) -> int:
    block, weights = BLOCK_BYTES[quantization]
    return parameters * block // weights
