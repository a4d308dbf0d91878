"""What a training gives up when memory runs out, in which order: a pure function of how it runs now. No torch."""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

During = Literal["training", "validation"]
HALVINGS = 2  # of the micro-batch before anything else is given up (CUDA and CPU)
LENGTH_SHARE = 0.75
LENGTH_CUTS = 3  # in all: below four tenths of its length a row is another task
LEAST_LENGTH = 16
CHUNK_DIVISOR, LEAST_CHUNK_TOKENS = 4, 64
WRITTEN = {"checkpointing": "activation_checkpointing", "length": "max_seq_length", "layers": "lora.layers"}  # as a recipe has them
SMALLER = "a smaller model, a shorter max_seq_length, or a larger machine"


@dataclass(frozen=True)
class Live:
    """How a training runs at the moment; it is saved with its state.

    rows: sequences of one step, in micro-batches of `batch_size`. layers: how many of the last layers have adapters that are trained,
    None for all. halvings, cuts: how often the micro-batch was halved and the length cut.
    """

    rows: int
    batch_size: int
    eval_batch_size: int
    length: int
    checkpointing: bool = False
    loss_chunk_tokens: int = 1024
    layers: int | None = None
    halvings: int = 0
    cuts: int = 0

    @property
    def accumulation(self) -> int:
        """Micro-batches of one step."""
        return -(-self.rows // self.batch_size)


def reduced(live: Live, *, kind: str, during: During, adapted_layers: int = 0, can_checkpoint: bool = True) -> tuple[Live, str] | None:
    """The next smaller way to run, and its name; None when only accumulation is left, which frees nothing.

    CUDA and CPU: halve the micro-batch and double accumulation, twice; activation checkpointing; smaller loss chunks; a quarter of
    the length; then halve on. Apple's Metal: validation's batch first, the micro-batch down to one row, and at the end the layers
    that have adapters (`adapted_layers`, 0 without LoRA). Rows of a step, and with a shorter length its tokens, stay as they were.
    """
    if during == "validation":
        return _smaller_validation(live) or _smaller_chunk(live)
    if kind == "mps":
        order = [_smaller_validation(live), _halved(live), _checkpointed(live, can_checkpoint), _smaller_chunk(live), _shorter(live),
                 _fewer_layers(live, adapted_layers)]  # fmt: skip
    else:
        first = _halved(live) if live.halvings < HALVINGS else None
        later = _halved(live) if live.cuts else None
        order = [first, _checkpointed(live, can_checkpoint), _smaller_chunk(live), later, _shorter(live)]
    return next((found for found in order if found is not None), None)


def differences(was: Live, now: Live) -> dict[str, list[Any]]:
    """What `reduced` changed, by name: before and now. What is counted by it alone is left out, what follows is there."""
    names = [one.name for one in fields(Live) if one.name not in ("halvings", "cuts")]
    pairs = {name: [getattr(was, name), getattr(now, name)] for name in [*names, "accumulation"]}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def written(now: Live, name: str) -> str:
    """What `reduced` gave, as a line of a recipe."""
    field = next((field for field, key in WRITTEN.items() if key == name), name)
    value = getattr(now, field)
    return f"{name}: {str(value).lower() if isinstance(value, bool) else value}"


def _halved(live: Live) -> tuple[Live, str] | None:
    if live.batch_size <= 1:
        return None
    return replace(live, batch_size=live.batch_size // 2, halvings=live.halvings + 1), "batch_size"


def _smaller_validation(live: Live) -> tuple[Live, str] | None:
    return (replace(live, eval_batch_size=live.eval_batch_size // 2), "eval_batch_size") if live.eval_batch_size > 1 else None


def _checkpointed(live: Live, possible: bool) -> tuple[Live, str] | None:
    return (replace(live, checkpointing=True), "activation_checkpointing") if possible and not live.checkpointing else None


def _smaller_chunk(live: Live) -> tuple[Live, str] | None:
    if live.loss_chunk_tokens <= LEAST_CHUNK_TOKENS:
        return None
    return replace(live, loss_chunk_tokens=max(LEAST_CHUNK_TOKENS, live.loss_chunk_tokens // CHUNK_DIVISOR)), "loss_chunk_tokens"


def _shorter(live: Live) -> tuple[Live, str] | None:
    length = int(live.length * LENGTH_SHARE)
    if live.cuts >= LENGTH_CUTS or length < LEAST_LENGTH:
        return None
    return replace(live, length=length, cuts=live.cuts + 1), "max_seq_length"


def _fewer_layers(live: Live, adapted: int) -> tuple[Live, str] | None:
    now = live.layers or adapted
    return (replace(live, layers=now // 2), "lora.layers") if now > 1 else None
