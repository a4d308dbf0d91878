"""What is trained beside adapters: modules in a copy of their own (`modules_to_save`), and the rows of added tokens. No torch."""

from collections.abc import Sequence
from typing import NamedTuple

from schemas.model import ModelConfig
from steps.sizing.layers import MAMBA, products

EMBEDDINGS = ("embeddings", "embed_tokens", "wte")
HEADS = ("lm_head",)


class Whole(NamedTuple):
    """embedding, head: whether that table is copied and trained; of a tied pair both are the one copy. inside: parameters of the other
    modules. rows: added tokens, whose rows alone are trained in each table that is not whole.
    """

    embedding: bool = False
    head: bool = False
    inside: int = 0
    rows: int = 0

    def at_ends(self, model: ModelConfig) -> int:
        """Parameters of the tables that are trained whole."""
        return (model.vocab_size or 0) * model.d_model * self._tables(model)

    def parameters(self, model: ModelConfig) -> int:
        """All that is trained beside the adapters."""
        left = (1 if model.tie_embeddings else 2) - self._tables(model)
        return self.at_ends(model) + self.inside + self.rows * model.d_model * left

    def _tables(self, model: ModelConfig) -> int:
        return max(self.embedding, self.head) if model.tie_embeddings else self.embedding + self.head


def whole_of(model: ModelConfig, names: Sequence[str], rows: int = 0, length: int = 0) -> Whole:
    """What `modules_to_save: names` copies of `model`, and `rows` added tokens. length: positions, which gpt2 learns.

    A name stands for every module whose name ends in it, as peft reads it: `norm` is `input_layernorm` too. Modules of other families
    count nothing.
    """
    embedding, head = any(name in EMBEDDINGS for name in names), any(name in HEADS for name in names)
    tied = model.tie_embeddings and (embedding or head)
    inside = sum(size for leaf, size in _modules(model, length) if any(leaf.endswith(name) for name in names))
    return Whole(embedding or tied, head or tied, inside, rows)


def _modules(model: ModelConfig, length: int) -> list[tuple[str, int]]:
    """Last names of the modules between the tables, and their parameters in all blocks together, as transformers has them."""
    d, inner = model.d_model, model.inner
    biases = model.family == "gpt2"
    blocks = [(name, a * b + (b if biases or name == "dt_proj" else 0)) for name, a, b in products(model)]
    if model.family == "llama":
        blocks += [("input_layernorm", d), ("post_attention_layernorm", d)]
        ends = [("norm", d)]
    elif model.family == "gpt2":
        blocks += [("ln_1", 2 * d), ("ln_2", 2 * d)]
        ends = [("ln_f", 2 * d), ("wpe", length * d)]
    else:
        channels = inner if model.family in MAMBA else inner + 2 * model.state
        norms = d if model.family == "mamba" else 2 * d if model.family == "mamba_hebbian" else d + inner
        blocks += [("conv1d", channels * (model.conv + 1)), ("norm", norms)]
        ends = [("norm_f", d)]
    return [*((name, model.n_layers * size) for name, size in blocks), *ends]
