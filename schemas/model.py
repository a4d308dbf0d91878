"""Sizes of a network by family, and its parameter count by arithmetic: no torch."""

from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Positive, Strict

Family = Literal["mamba", "mamba2", "mamba_hebbian", "llama", "gpt2"]
Decay = Annotated[float, Field(gt=0.0, lt=1.0)]
Rate = Annotated[float, Field(gt=0.0)]
HEBBIAN = ("hebbian_decay", "hebbian_rate", "hebbian_learned")


class ModelConfig(Strict):
    """A causal language model built from scratch.

    d_model: width. n_layers: blocks. n_heads, n_kv_heads, d_ff: llama and gpt2. d_state, d_conv, expand: mamba and mamba2
    (`d_state` 16 and 128 by default, as the papers have it: arXiv 2312.00752 section 3.6, arXiv 2405.21060 section 8).
    head_dim: mamba2. hebbian_decay, hebbian_rate: mamba_hebbian, λ and η of its memories at the start (0.98 and 1), one number or one a
    layer; hebbian_learned: whether each layer learns its own. vocab_size follows the tokenizer when it is left out.
    `pad_vocab_to_multiple_of` rounds the embedding up.
    """

    family: Family = "mamba"
    vocab_size: Positive | None = None
    d_model: Positive = 256
    n_layers: Positive = 6
    n_heads: Positive | None = None
    n_kv_heads: Positive | None = None
    d_ff: Positive | None = None
    d_state: Positive | None = None
    d_conv: Positive | None = None
    expand: Positive | None = None
    head_dim: Positive | None = None
    hebbian_decay: Decay | list[Decay] | None = None
    hebbian_rate: Rate | list[Rate] | None = None
    hebbian_learned: bool = True
    tie_embeddings: bool = True
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        attention = self.family in ("llama", "gpt2")
        strange = ("d_state", "d_conv", "expand", "head_dim") if attention else ("n_heads", "n_kv_heads", "d_ff")
        if self.family == "gpt2":
            strange = (*strange, "n_kv_heads")
        if self.family in ("mamba", "mamba_hebbian"):
            strange = (*strange, "head_dim")
        if self.family != "mamba_hebbian":
            strange = (*strange, *HEBBIAN)
        for name in strange:
            if getattr(self, name) != type(self).model_fields[name].default:
                other = "mamba_hebbian" if self.family == "mamba" and name in HEBBIAN else ""
                other = "mamba2, which has heads" if self.family == "mamba" and name == "head_dim" else other
                words = {"name": name, "family": self.family, "fix": f"delete {name}" + (f", or write family: {other}" if other else "")}
                raise PydanticCustomError("M002", "{name} has no effect in family {family}", words)
        for name in HEBBIAN[:2]:
            written = getattr(self, name)
            if isinstance(written, list) and len(written) != self.n_layers:
                fix = f"write one number, or {self.n_layers} of them"
                numbers = {"name": name, "found": len(written), "layers": self.n_layers, "fix": fix}
                raise PydanticCustomError("M004", "{name} has {found} numbers for {layers} layers", numbers)
        if attention and self.d_model % self.heads:
            raise PydanticCustomError(
                "M001", "d_model {whole} is no multiple of n_heads {part}", _numbers(self.d_model, self.heads, "n_heads")
            )
        if self.family == "llama" and self.d_model // self.heads % 2:
            even = [n for n in range(1, self.d_model // 2 + 1) if not self.d_model % n and not self.d_model // n % 2]
            fix = (
                f"write n_heads: {min(even, key=lambda n: abs(n - self.heads))}"
                if even
                else f"write d_model: {self.heads * (self.d_model // self.heads + 1)}"
            )
            said: dict[str, object] = {"each": self.d_model // self.heads, "name": "n_heads" if even else "d_model", "fix": fix}
            raise PydanticCustomError("M001", "each head would be {each} wide: rotary positions turn pairs, so it must be even", said)
        if attention and self.heads % self.kv_heads:
            raise PydanticCustomError(
                "M001", "n_heads {whole} is no multiple of n_kv_heads {part}", _numbers(self.heads, self.kv_heads, "n_kv_heads")
            )
        if self.family == "mamba2" and self.inner % self.mamba2_head_dim:
            raise PydanticCustomError(
                "M001",
                "d_model x expand = {whole} is no multiple of head_dim {part}",
                _numbers(self.inner, self.mamba2_head_dim, "head_dim"),
            )
        return self

    @property
    def inner(self) -> int:
        """Width inside a Mamba block."""
        return (self.expand or 2) * self.d_model

    @property
    def state(self) -> int:
        """State size of a Mamba block."""
        return self.d_state or (128 if self.family == "mamba2" else 16)

    @property
    def conv(self) -> int:
        """Kernel width of the causal convolution."""
        return self.d_conv or 4

    @property
    def dt_rank(self) -> int:
        """Rank of the step-size projection of Mamba-1: ceil(d_model / 16)."""
        return ceil(self.d_model / 16)

    @property
    def decays(self) -> list[float]:
        """λ of each layer's Hebbian memory at the start."""
        return self._by_layer(self.hebbian_decay or 0.98)

    @property
    def rates(self) -> list[float]:
        """η of each layer's Hebbian memory at the start."""
        return self._by_layer(self.hebbian_rate or 1.0)

    def _by_layer(self, written: float | list[float]) -> list[float]:
        return written if isinstance(written, list) else [written] * self.n_layers

    @property
    def mamba2_head_dim(self) -> int:
        """Head size of Mamba-2, 64 unless the inner width is smaller."""
        return self.head_dim or min(64, self.inner)

    @property
    def heads(self) -> int:
        """Heads of attention (64 wide unless said), or of Mamba-2."""
        if self.family == "mamba2":
            return self.inner // self.mamba2_head_dim
        return self.n_heads or max(1, self.d_model // 64)

    @property
    def kv_heads(self) -> int:
        """Key and value heads of a llama."""
        return self.n_kv_heads or self.heads

    @property
    def feed_forward(self) -> int:
        """Inner width of the feed-forward part: 8/3 d_model rounded up to 64 (llama), 4 d_model (gpt2)."""
        if self.d_ff:
            return self.d_ff
        return 4 * self.d_model if self.family == "gpt2" else 64 * ceil(8 * self.d_model / 3 / 64)

    def with_vocab(self, vocab_size: int) -> "ModelConfig":
        """The same network for `vocab_size` tokens."""
        return self.model_copy(update={"vocab_size": vocab_size})

    def embedding_parameters(self) -> int:
        """Parameters of the input embedding (and of the output head when it is not tied)."""
        return (self.vocab_size or 0) * self.d_model * (1 if self.tie_embeddings else 2)

    def parameters(self, max_seq_length: int = 0) -> int:
        """All parameters, as torch counts them (tied ones once). gpt2 learns positions, so it needs `max_seq_length`."""
        d = self.d_model
        total = self.embedding_parameters() + self.n_layers * self.layer_parameters()
        if self.family == "gpt2":
            return total + max_seq_length * d + 2 * d
        return total + d  # the last RMSNorm

    def layer_parameters(self) -> int:
        """Parameters of one block, its norms included."""
        d, inner, n = self.d_model, self.inner, self.state
        if self.family in ("mamba", "mamba_hebbian"):
            memory = self.memory_parameters() if self.family == "mamba_hebbian" else 0
            conv = inner * self.conv + inner
            projections = d * 2 * inner + inner * (self.dt_rank + 2 * n) + self.dt_rank * inner + inner + inner * d
            return d + conv + projections + inner * n + inner + memory
        if self.family == "mamba2":
            channels = inner + 2 * n
            return d + d * (inner + channels + self.heads) + channels * self.conv + channels + 3 * self.heads + inner + inner * d
        if self.family == "llama":
            head = d // self.heads
            return 2 * d + 2 * d * d + 2 * d * self.kv_heads * head + 3 * d * self.feed_forward
        return 4 * d + 3 * d * d + 3 * d + d * d + d + 2 * d * self.feed_forward + self.feed_forward + d

    def memory_parameters(self) -> int:
        """Parameters of one Hebbian memory: k, v, q, o, its norm, its gate, and λ and η where they are learned."""
        return 4 * self.d_model**2 + 2 * self.d_model + 2 * self.hebbian_learned


def _numbers(whole: int, part: int, name: str) -> dict[str, object]:
    """What a message about a part that does not divide the whole says, with the nearest number that does."""
    near = min((n for n in range(1, whole + 1) if whole % n == 0), key=lambda n: abs(n - part))
    return {"whole": whole, "part": part, "name": name, "fix": f"write {name}: {near}"}
