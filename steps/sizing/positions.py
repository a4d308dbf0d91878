"""How many tokens a model reads at once, by its config.json."""

from collections.abc import Mapping
from typing import Any

STRETCHED = ("linear", "dynamic", "yarn")  # kinds of rope_scaling whose factor stands for positions beyond max_position_embeddings


def positions_of(config: Mapping[str, Any]) -> int | None:
    """Positions, those that rope_scaling adds among them; None where the config does not say, or there is no limit (Mamba).

    With `original_max_position_embeddings`, and for kinds in STRETCHED without it, the factor counts from there (transformers,
    modeling_rope_utils); the larger of both is meant, since some configs name the stretched length already.
    """
    found = config.get("max_position_embeddings") or config.get("n_positions")
    if not isinstance(found, int):
        return None
    rope = config.get("rope_scaling") or config.get("rope_parameters")
    if not isinstance(rope, Mapping):
        return found
    kind = rope.get("rope_type", rope.get("type"))
    known = rope.get("original_max_position_embeddings") or (found if kind in STRETCHED else None)
    factor = rope.get("factor")
    if not isinstance(known, int) or isinstance(factor, bool) or not isinstance(factor, (int, float)) or factor <= 1:
        return found
    return max(found, int(known * factor))
