"""Packed weights known by the headers of their files."""

import pytest

from steps.sizing.stored import packed

WHOLE = [("model.embed_tokens.weight", "BF16", 2), ("model.norm.weight", "F32", 1), ("rotary_emb.inv_freq", "F32", 1),
         ("attn.masked_bias", "F32", 0), ("attn.bias", "U8", 4), ("attn.bias", "BOOL", 4)]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], ""),
        ([("q_proj.weight", "U8", 2), ("q_proj.weight.absmax", "F32", 1)], "bitsandbytes"),
        ([("q_proj.weight", "I8", 2), ("q_proj.SCB", "F32", 1)], "bitsandbytes, 8 bits"),
        ([("q_proj.qweight", "I32", 2), ("q_proj.qzeros", "I32", 2), ("q_proj.scales", "F16", 2)], "GPTQ or AWQ"),
        ([("q_proj.weight", "U32", 2), ("q_proj.scales", "F16", 2), ("q_proj.biases", "F16", 2)], "packed with scales"),
        ([("q_proj.weight", "F8_E4M3", 2)], "stored as F8_E4M3"),
    ],
)
def test_packed_weights_are_known_by_names_and_types(more: list[tuple[str, str, int]], said: str):
    """Buffers of whole numbers beside whole weights are none."""
    assert packed([*WHOLE, *more]) == said
