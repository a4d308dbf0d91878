"""What adapters add to a layer, and what a frozen base keeps less: counted tensor by tensor, as peft computes them. No torch."""

from typing import NamedTuple

from schemas.model import ModelConfig
from schemas.training import DEFAULT_TARGETS, LoraSettings
from steps.sizing.layers import MAMBA, Scores, forward_bytes, layer_bytes, products, score_bytes

ATTENDING = ("llama", "gpt2")
MEMORY = ("k_proj", "v_proj", "q_proj")  # of a Hebbian memory: they have the same input


class Adapters(NamedTuple):
    """rank, and the layers that are adapted: targets by name (None: all of a block), in the last `layers` blocks (None: all).

    dora: with the length of each output's weights (arXiv 2402.09353). dropout: of what enters an adapter.
    """

    rank: int = 8
    targets: tuple[str, ...] | None = None
    layers: int | None = None
    dora: bool = False
    dropout: bool = False

    def of(self, model: ModelConfig) -> list[tuple[str, int, int]]:
        """Name, inputs and outputs of each adapted layer of a block."""
        return [each for each in products(model) if self.targets is None or each[0] in self.targets]

    def blocks(self, model: ModelConfig) -> int:
        """Blocks that are adapted."""
        return min(self.layers or model.n_layers, model.n_layers)


def adapters_of(lora: LoraSettings, model: ModelConfig) -> Adapters:
    """The adapters that `lora` asks for in `model`."""
    targets = tuple(lora.target_modules or DEFAULT_TARGETS[model.family])
    return Adapters(lora.r, targets, lora.layers, lora.use_dora, lora.lora_dropout > 0)


def lora_parameters(model: ModelConfig, adapters: Adapters) -> int:
    """Parameters of the adapters; DoRA's lengths too."""
    return adapters.blocks(model) * sum(adapters.rank * (a + b) + (b if adapters.dora else 0) for _, a, b in adapters.of(model))


def lora_layer_bytes(
    model: ModelConfig, length: int, adapters: Adapters, half: bool = True, scores: Scores | None = None, kind: str = "cuda"
) -> int:
    """What a layer keeps for its backward pass under LoRA, a token of a sequence of `length`: a frozen base keeps less.

    A frozen product needs its input no more, a frozen norm its output; an adapter keeps its input and what its A gives. In half each
    adapter casts an input of its own, and with dropout each has one; in fp32 those with the same input share it, and an attention's
    output is kept anyway. What falls out is a byte for each of an input, on a CPU four. DoRA keeps what the base gives and what the
    adapter gives; where the base adds a bias, the former in fp32.
    """
    wide = 2 if half else 4
    d, inner, heads, ff = model.d_model, model.inner, model.heads, model.feed_forward
    adapted = adapters.of(model)
    kept = wide * adapters.rank * len(adapted)
    own, names = half or adapters.dropout, {name for name, _, _ in adapted}
    if adapters.dropout:
        kept += (1 if kind == "cuda" else 4) * sum(entering for _, entering, _ in adapted)
    if adapters.dora:
        kept += ((4 if model.family == "gpt2" else wide) + wide) * sum(leaving for _, _, leaving in adapted)
    if model.family in ATTENDING:
        if own:
            kept += wide * sum(entering for _, entering, _ in adapted)
        else:
            first, second = {"q_proj", "k_proj", "v_proj", "c_attn"}, {"gate_proj", "up_proj", "c_fc"}
            kept += wide * d * (bool(names & first) + bool(names & second)) + wide * ff * bool(names & {"down_proj", "c_proj"})
        kept += score_bytes(model, half, scores)
        if model.family == "llama":
            return 8 * d + 8 + wide * (2 * d + 2 * (d // heads) * model.kv_heads + 3 * ff) + 4 * heads + kept
        return 8 * d + 16 + wide * (4 * d + 4 * ff) + 4 * heads + kept
    entering = wide * sum(width for name, width, _ in products(model) if name not in names)
    if model.family == "mamba2":
        entering += 8 * inner  # the gate's norm and D are frozen, too
    if model.family == "mamba_hebbian":
        entering += (8 + wide) * d  # its norm, η and the gate are frozen
        kept += wide * d * max(0, len(names & set(MEMORY)) - 1) if own and not half else 0
    if model.family in MAMBA and own and "x_proj" in names:
        kept += wide * inner  # the scan needs u, too
    return layer_bytes(model, length, half) - 4 * d - entering + kept


def lora_forward_bytes(
    model: ModelConfig, rows: int, length: int, adapters: Adapters, half: bool, scores: Scores | None = None, apart: bool = False,
    frozen: bool = False,
) -> int:  # fmt: skip
    """What a layer holds at most in validation (`forward_bytes`) under adapters: what the base gives, what the adapter gives, and their
    sum; of the stream, and in llama beside the gate; in half what enters down_proj is made wide.

    DoRA has what the base and the adapter give in three more forms, in fp32; in GPT-2 what the base gives without its bias, too.
    """
    wide, tokens, d = 2 if half else 4, rows * length, model.d_model
    whole, one_by_one = {"llama": (16 * d, 16 * d + 8 * d // model.heads), "gpt2": (20 * d, 24 * d)}.get(model.family, (12 * d, 8 * d))
    stream = one_by_one if apart else whole
    gate = wide * model.feed_forward
    beside = {"up_proj": gate, "down_proj": 4 * gate - wide * d if half else gate if adapters.dora else 0}
    forms = 2 * wide + 12 + (4 if model.family == "gpt2" else 0) if adapters.dora else 3 * wide
    worked = forward_bytes(model, rows, length, half, scores, apart)
    for name, entering, leaving in adapters.of(model):
        left, made = _dora_matrices(entering, leaving, adapters, half, frozen)
        worked = max(worked, tokens * (stream + beside.get(name, 0) + forms * leaving) + left, tokens * stream + made)
    return worked


def dora_forward_bytes(model: ModelConfig, tokens: int, adapters: Adapters, half: bool, frozen: bool) -> int:
    """Bytes that DoRA works in at its worst layer of a block, forward, in training, where what the base and the adapter give is kept: its
    matrices, or three forms of what it gives, in fp32."""
    worked = 0
    for _, entering, leaving in adapters.of(model) if adapters.dora else ():
        left, made = _dora_matrices(entering, leaving, adapters, half, frozen)
        worked = max(worked, made, left + 12 * tokens * leaving)
    return worked


def _dora_matrices(entering: int, leaving: int, adapters: Adapters, half: bool, frozen: bool) -> tuple[int, int]:
    """Bytes of DoRA's matrices of a layer while it multiplies tokens, and before, whoever trains: its weights' lengths are of whole ones.

    At first a unit matrix as wide as the layer's inputs, of which A and B make the adapter's weights; below fp32 also its half. Then these
    weights, scaled, and their sum with the base's; of a base in half its matrix in fp32. The unit matrix and the weights stay.
    """
    if not adapters.dora:
        return 0, 0
    wide, square, matrix = 2 if half else 4, entering * entering, entering * leaving
    summed = (16 if frozen else 12) * matrix
    return wide * square + 4 * matrix, max((6 if half else 4) * square + wide * matrix, wide * square + summed)
