"""What one layer of our networks keeps for its backward pass, and what that pass holds for a moment: counted tensor by tensor."""

from schemas.model import ModelConfig

SCAN_CHUNK = 16  # our Mamba-1 scan keeps one state a chunk and recomputes the others
SSD_CHUNK = 64  # Mamba-2 works on blocks of this many positions


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


def lora_layer_bytes(model: ModelConfig, length: int, rank: int, targets: tuple[str, ...] | None = None, half: bool = True) -> int:
    """The same under LoRA, for adapters of `rank` on `targets` (None: all of a block): a frozen base keeps less.

    A frozen product needs its input no more, a frozen norm its output; an adapter keeps its input and what its A gives. In half each
    adapter casts an input of its own; in fp32 those with the same input share it, and an attention's output is kept anyway.
    """
    wide = 2 if half else 4
    d, inner, heads, ff = model.d_model, model.inner, model.heads, model.feed_forward
    adapted = [each for each in products(model) if targets is None or each[0] in targets]
    kept = wide * rank * len(adapted)
    names = {name for name, _, _ in adapted}
    if model.family in ("llama", "gpt2"):
        if half:
            kept += wide * sum(entering for _, entering, _ in adapted)
        else:
            first, second = {"q_proj", "k_proj", "v_proj", "c_attn"}, {"gate_proj", "up_proj", "c_fc"}
            kept += wide * d * (bool(names & first) + bool(names & second)) + wide * ff * bool(names & {"down_proj", "c_proj"})
        if model.family == "llama":
            return 8 * d + 8 + wide * (2 * d + 2 * (d // heads) * model.kv_heads + 3 * ff) + 4 * heads + kept
        return 8 * d + 16 + wide * (4 * d + 4 * ff) + 4 * heads + kept
    entering = wide * sum(width for name, width, _ in products(model) if name not in names)
    if model.family == "mamba2":
        entering += 8 * inner  # the gate's norm and D are frozen, too
    return layer_bytes(model, length, half) - 4 * d - entering + kept


def transient_bytes(model: ModelConfig, length: int, half: bool) -> int:
    """Bytes a token that the backward pass of one layer holds beyond what it has let go: gradients of its widest tensors, scan buffers."""
    wide = 2 if half else 4
    buffers = 4 * 3 * min(SCAN_CHUNK, length) * model.state * model.inner // length
    widest = {
        "mamba": 2 * 4 * model.inner + buffers,
        "mamba2": 4 * 4 * model.inner,
        "llama": wide * model.feed_forward,
        "gpt2": 2 * wide * model.feed_forward,
    }
    return widest[model.family] + 4 * model.d_model


def forward_bytes(model: ModelConfig, length: int, half: bool) -> int:
    """Bytes a token of a sequence of `length` that one layer holds at most in a forward pass that keeps nothing: validation.

    llama: gate, up and their product, four times the stream; or eight times the stream where q and k are rotated. gpt2: four tensors
    within gelu. mamba: x and z, u, dt, their product, y, the convolution's input, the scan's buffers. mamba2: ten times x, and B, C
    and the block matrix for every head.
    """
    wide = 2 if half else 4
    d, inner, n, heads = model.d_model, model.inner, model.state, model.heads
    if model.family == "llama":
        return max(16 * d + wide * 3 * model.feed_forward, 32 * d)
    if model.family == "gpt2":
        return 20 * d + wide * 4 * model.feed_forward
    if model.family == "mamba":
        chunk = min(SCAN_CHUNK, length)
        return round(6 * d + 28 * inner + 4 * inner * n * (1 / chunk + (1 + 2 * chunk) / length))
    chunk = min(SSD_CHUNK, length)
    blocks = heads * chunk * (8 if half else 10) + 18 * heads * n + (0 if half else 32 * n)
    return 16 * d + (30 if half else 40) * inner + blocks


def products(model: ModelConfig) -> list[tuple[str, int, int]]:
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


def small_parameters(model: ModelConfig) -> int:
    """Parameters a layer that no quantization and no autocast touches: norms, biases, a Mamba's scan."""
    if model.family == "mamba":
        return model.d_model + model.inner * (model.conv + 3 + model.state + 2 * model.dt_rank + 2 * model.state)
    if model.family == "mamba2":
        return model.d_model + (model.inner + 2 * model.state) * (model.conv + 1) + model.inner + 3 * model.heads
    if model.family == "llama":
        return 2 * model.d_model
    return 9 * model.d_model + model.feed_forward
