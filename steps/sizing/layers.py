"""What one layer of our networks keeps for its backward pass, and what that pass holds for a moment: counted tensor by tensor."""

from math import ceil
from typing import NamedTuple

from schemas.model import ModelConfig

SCAN_CHUNK = 16  # our Mamba-1 scan keeps one state a chunk and recomputes the others
SCAN_BLOCK, SCAN_STATE = 128, 8192  # time steps and state elements that its buffers are made for
SSD_CHUNK = 64  # Mamba-2 works on blocks of this many positions
MEMORY_CHUNK = 64  # and so does a Hebbian memory
MAMBA = ("mamba", "mamba_hebbian")


class Scores(NamedTuple):
    """Scores that stand in memory. width: bytes that training keeps of each. seen: tokens that each token is compared with, at most.
    apart: documents are attended one by one, so that only one's are worked on at a time."""

    width: int
    seen: int
    apart: bool = False


def layer_bytes(model: ModelConfig, length: int, half: bool, scores: Scores | None = None) -> int:
    """Bytes that one layer keeps for its backward pass, for each token of a sequence of `length`: counted on the saved tensors of steps.lm.

    wide: bytes of what autocast halves. Everywhere: the layer's input and the norm's, fp32, and the input of the first projection.
    mamba: x and z, u, what x_proj gives, the input of out_proj; in fp32 dt before and after softplus, of the states one in SCAN_CHUNK.
    mamba2: what in_proj gives, the convolution's other side, of x, y and the gate nine forms, per head two rows of the block matrix
    (SSD_CHUNK wide), a state every SSD_CHUNK twice; in half x, B and C once more.
    llama: q, k (rotated), v, the output (scores are never stored: flash attention); gate, up, silu(gate), their product; norms twice.
    scores: where they are (`scores_of`).
    gpt2: q, k, v, output; 4 d_model before, within (three times) and after gelu.
    """
    wide = 2 if half else 4
    d, inner, n, heads, ff = model.d_model, model.inner, model.state, model.heads, model.feed_forward
    if model.family in MAMBA:
        states = 4 * inner * n * (1 / SCAN_CHUNK + 1 / length)
        memory = memory_bytes(model, length, half) if model.family == "mamba_hebbian" else 0
        return round(8 * d + wide * (d + 4 * inner + model.dt_rank + 2 * n) + 8 * inner + states + memory)
    if model.family == "mamba2":
        channels, chunk = inner + 2 * n, min(SSD_CHUNK, length)
        mixed = 4 * (inner + 2 * n) + 2 * inner if half else 4 * channels
        states = 4 * inner * n * (2 / chunk - 1 / length)
        filled = ceil(length / chunk) * chunk / length  # the last block is filled up, which makes copies
        blocks = filled * (36 * inner + 8 * heads * (chunk + 3) + 4 * chunk) + (4 * (inner + 2 * n) if filled > 1 else 0)
        return round(8 * d + wide * (d + inner + channels + heads) + mixed + blocks + states)
    if model.family == "llama":
        kv = d // heads * model.kv_heads
        kept = 16 * d + wide * (4 * ff + (7 if half else 4) * d + 2 * kv) + 4 * heads
    else:
        kept = 8 * d + wide * (5 * ff + (7 if half else 6) * d) + 4 * heads
    return kept + score_bytes(model, half, scores)


def scores_of(model: ModelConfig, attention: str, half: bool, kind: str, length: int, documents: int | None = None) -> Scores | None:
    """The scores of an attention over rows of `length`, None where they never are in memory. documents: tokens of the longest document
    where documents are attended one by one; None: whole rows are."""
    width = score_width(model, attention, half, kind)
    return Scores(width, min(length, documents or length), documents is not None) if width else None


def score_width(model: ModelConfig, attention: str, half: bool, kind: str) -> int:
    """Bytes that training keeps of each score, one a head and pair of tokens; 0 where they never are in memory.

    eager: the softmax in fp32, below fp32 also as it is multiplied with v; with dropout what falls out (a byte; on a CPU as wide as
    what it falls out of), and in fp32 what is left. On a CPU sdpa with dropout is made of the same operations.
    """
    if model.family not in ("llama", "gpt2"):
        return 0
    if attention != "eager":
        return (14 if half else 12) if model.dropout and kind == "cpu" else 0
    if not model.dropout:
        return 6 if half else 4
    out = 1 if kind != "cpu" else 2 if half and model.family == "gpt2" else 4
    return (6 if half else 8) + out


def score_bytes(model: ModelConfig, half: bool, scores: Scores | None) -> int:
    """The same of all heads, a token; and k and v once for each query head, where heads share them."""
    if scores is None:
        return 0
    shared = 2 * (model.d_model - model.d_model // model.heads * model.kv_heads) if model.family == "llama" else 0
    return model.heads * scores.seen * scores.width + (2 if half else 4) * shared


def memory_bytes(model: ModelConfig, length: int, half: bool) -> float:
    """Bytes that a Hebbian memory keeps, a token: in fp32 its input, normed; k and v, each before and after its scaling; q; a state a
    chunk. What enters k, v and q (in half, each casts its own), and what enters and leaves o.
    """
    d, chunk = model.d_model, min(MEMORY_CHUNK, length)
    filled = ceil(length / chunk) * chunk / length  # the last chunk is filled up
    return 16 * d + 12 * d * filled + (10 if half else 12) * d + 4 * d * d * filled / chunk


def transient_bytes(model: ModelConfig, length: int, half: bool) -> int:
    """Bytes a token that the backward pass of one layer holds beyond what it has let go: gradients of its widest tensors."""
    wide = 2 if half else 4
    scan = (3 * wide + 4) * model.inner
    widest = {
        "mamba": scan,
        "mamba_hebbian": scan,
        "mamba2": 3 * 4 * model.inner,
        "llama": wide * model.feed_forward,
        "gpt2": 2 * wide * model.feed_forward,
    }
    return widest[model.family] + 4 * model.d_model


def workspace_bytes(model: ModelConfig, rows: int, length: int, half: bool, scores: Scores | None = None) -> int:
    """The same for a batch, with what a scan works in. A Hebbian memory goes backwards before its block's scan, and is gone by then.

    scores: their gradients, before and behind the softmax, when what the feed-forward part kept is gone.
    """
    tokens = rows * length
    if scores is not None:
        wide = 2 if half else 4
        gone = wide * (4 if model.family == "llama" else 5) * model.feed_forward
        worked = 8 * model.heads * scores.seen * (scores.seen if scores.apart else tokens)
        return max(tokens * transient_bytes(model, length, half), worked + tokens * (4 * model.d_model - gone))
    scan = tokens * transient_bytes(model, length, half) + scan_buffers(model, rows, length)
    if model.family != "mamba_hebbian":
        return scan
    d, chunk = model.d_model, min(MEMORY_CHUNK, length)
    memory = tokens * (40 * d + 16 * chunk + 4 * d * d // chunk)
    return max(memory, scan - round(tokens * memory_bytes(model, length, half)))


def scan_buffers(model: ModelConfig, rows: int, length: int) -> int:
    """Bytes that our Mamba-1 scan works in, whatever the batch: three of a chunk's states, ten of a block's time steps."""
    if model.family not in MAMBA:
        return 0
    channels = min(rows * model.inner, max(1, SCAN_STATE // model.state))
    return 4 * channels * (3 * min(SCAN_CHUNK, length) * model.state + 10 * min(SCAN_BLOCK, length))


def forward_bytes(model: ModelConfig, rows: int, length: int, half: bool, scores: Scores | None = None, apart: bool = False) -> int:
    """Bytes that one layer of a deep network holds at most in a forward pass that keeps nothing, over `rows` of `length`: validation.

    Of the stream what was embedded, what enters the layer, what leaves its mixer, and the norm. llama: gate, up and their product; or
    eight times the stream where q and k are rotated. gpt2: four tensors within gelu. mamba: x and z, u, dt, the output. mamba2: what
    in_proj gives, the convolution's output, four forms of x, three of the block matrix, three of the states. scores: those of all heads
    before and behind the mask or the softmax, and the mask of a row, or of one document. apart: documents lie end to end, so that places
    are embedded, or rotated, token by token.
    """
    wide, tokens = 2 if half else 4, rows * length
    d, inner, n, heads, ff = model.d_model, model.inner, model.state, model.heads, model.feed_forward
    if model.family == "llama":
        held = max(16 * d + wide * 3 * ff, 32 * d) + (8 * d // heads if apart else 0)
    elif model.family == "gpt2":
        held = (24 if apart else 20) * d + wide * 4 * ff
    elif model.family in MAMBA:
        stream = (12 if half else 16) - (4 if apart else 0)
        held = stream * d + wide * (4 * inner + model.dt_rank + 2 * n) + (6 if half else 4) * inner
        if model.family == "mamba_hebbian":
            held = max(held, _memory_forward(model, length, half) + 8 * d * d // (tokens if apart else length))
    else:
        channels, chunk = inner + 2 * n, min(SSD_CHUNK, length)
        narrow = wide * (inner + 2 * channels + heads) + (2 * d + 4 * channels if half else 0)
        held = round(8 * d + narrow + 16 * inner + 12 * heads * chunk + 12 * inner * n / chunk)
    if scores is None:
        return tokens * held + scan_buffers(model, rows, length) * 2 // 3
    masks = 4 * scores.seen * (scores.seen if apart else tokens)
    return max(tokens * held + (0 if apart else masks), 24 * tokens * d + (1 + 2 * heads) * masks)


def _memory_forward(model: ModelConfig, length: int, half: bool) -> int:
    """Of a Hebbian memory: its input, five forms of k, v and q, a chunk's pairs, a state a chunk, and three forms of its output."""
    d, chunk = model.d_model, min(MEMORY_CHUNK, length)
    filled = ceil(length / chunk) * chunk / length
    copied = 12 * d * filled if filled > 1 else 0
    return round((46 if half else 44) * d + copied + filled * (8 * chunk + 4 * d * d / chunk))


def products(model: ModelConfig) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of each linear layer of a block."""
    d, inner, n, ff = model.d_model, model.inner, model.state, model.feed_forward
    if model.family in MAMBA:
        memory = [(f"{name}_proj", d, d) for name in "kvqo"] if model.family == "mamba_hebbian" else []
        return [
            ("in_proj", d, 2 * inner),
            ("x_proj", inner, model.dt_rank + 2 * n),
            ("dt_proj", model.dt_rank, inner),
            ("out_proj", inner, d),
            *memory,
        ]
    if model.family == "mamba2":
        return [("in_proj", d, 2 * inner + 2 * n + model.heads), ("out_proj", inner, d)]
    if model.family == "gpt2":  # c_proj is the name of two layers
        return [("c_attn", d, 3 * d), ("c_proj", d, d), ("c_fc", d, ff), ("c_proj", ff, d)]
    kv = d // model.heads * model.kv_heads
    return [("q_proj", d, d), ("k_proj", d, kv), ("v_proj", d, kv), ("o_proj", d, d),
            ("gate_proj", d, ff), ("up_proj", d, ff), ("down_proj", ff, d)]  # fmt: skip


def small_parameters(model: ModelConfig) -> int:
    """Parameters a layer that no quantization and no autocast touches: norms, biases, a Mamba's scan."""
    if model.family in MAMBA:
        memory = model.memory_parameters() - 4 * model.d_model**2 if model.family == "mamba_hebbian" else 0
        return memory + model.d_model + model.inner * (model.conv + 3 + model.state + 2 * model.dt_rank + 2 * model.state)
    if model.family == "mamba2":
        return model.d_model + (model.inner + 2 * model.state) * (model.conv + 1) + model.inner + 3 * model.heads
    if model.family == "llama":
        return 2 * model.d_model
    return 9 * model.d_model + model.feed_forward
