"""Names of weights by arithmetic, against those that torch has."""

import pytest

from schemas import ModelConfig
from steps.sizing.names import matched, weights

SHAPES = [
    {"family": "mamba", "d_model": 40, "n_layers": 2, "d_state": 5, "d_conv": 3, "expand": 3},
    {"family": "mamba", "d_model": 32, "n_layers": 1, "tie_embeddings": False},
    {"family": "mamba2", "d_model": 32, "n_layers": 2, "d_state": 16, "head_dim": 16},
    {"family": "mamba_hebbian", "d_model": 32, "n_layers": 2},
    {"family": "mamba_hebbian", "d_model": 32, "n_layers": 1, "hebbian_learned": False},
    {"family": "llama", "d_model": 48, "n_layers": 2, "n_heads": 6, "n_kv_heads": 2},
    {"family": "llama", "d_model": 64, "n_layers": 1, "tie_embeddings": False, "d_ff": 100},
    {"family": "gpt2", "d_model": 48, "n_layers": 2, "n_heads": 3, "d_ff": 70},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_names_and_shapes_are_those_of_the_network(shape: dict):
    """Every parameter, and no other."""
    pytest.importorskip("torch")
    from steps.lm.build import build

    model = ModelConfig(vocab_size=100, **shape)
    made = build(model, 100, {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}, 32, 0)
    assert weights(model, 32) == {name: tuple(p.shape) for name, p in made.named_parameters()}


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("all", "backbone.norm_f.weight", True),
        ("hebbian", "backbone.layers.0.hebbian.gate", True),
        ("hebb", "backbone.layers.0.hebbian.gate", False),
        ("hebb*", "backbone.layers.0.hebbian.gate", True),
        ("layers.1", "backbone.layers.1.mixer.D", True),
        ("layers.1", "backbone.layers.11.mixer.D", False),
        ("mixer.in_proj", "backbone.layers.1.mixer.in_proj.weight", True),
        ("backbone.layers.1.mixer.D", "backbone.layers.1.mixer.D", True),
        ("layers.*.norm", "backbone.layers.1.norm.weight", True),
    ],
)
def test_a_pattern_is_a_run_of_parts(pattern: str, name: str, found: bool):
    """Whole parts of the dotted name; a star stands for any text."""
    assert matched(pattern, name) is found
