"""How many tokens a model reads at once."""

from typing import Any

import pytest

from steps.sizing.positions import positions_of

ORIGINAL = "original_max_position_embeddings"


@pytest.mark.parametrize(
    ("config", "positions"),
    [
        ({"max_position_embeddings": 4096}, 4096),
        ({"n_positions": 1024}, 1024),
        ({"model_type": "mamba"}, None),
        ({"max_position_embeddings": "many"}, None),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 4.0}}, 16384),  # vicuna-7b-v1.5-16k
        ({"max_position_embeddings": 4096, "rope_parameters": {"rope_type": "linear", "factor": 4.0}}, 16384),  # as transformers 5 has it
        ({"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, ORIGINAL: 8192}},
         131072),
        ({"max_position_embeddings": 32768, "rope_scaling": {"type": "yarn", "factor": 4, ORIGINAL: 32768}}, 131072),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "yarn"}}, 4096),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": True}}, 4096),
        ({"max_position_embeddings": 4096, "rope_parameters": {"full_attention": {"factor": 8.0}}}, 4096),
    ],
)  # fmt: skip
def test_positions_count_what_the_rotation_is_stretched_by(config: dict[str, Any], positions: int | None):
    """The larger of the named length and the original one times the factor."""
    assert positions_of(config) == positions
