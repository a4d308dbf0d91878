"""Attention over documents that lie end to end in one row: every product of matrices sees tokens alone, no padding and no dense mask.

A mask over the whole row would cost its square; attention document by document costs what the documents cost by themselves.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from steps.lm import even

NAME = "by_document"  # of the attention function, as transformers knows it
EAGER, FLASH = "eager_by_document", "flash_by_document"  # those of steps.lm.attention
KINDS = {"full_attention", "sliding_attention"}  # layers that it computes


def lay(ids: Tensor, starts: Tensor, rounded: bool = False) -> dict[str, Any]:
    """What a network that attends by document is called with. ids, starts: (b, T), where a document begins; so does one with every row.

    Returns input_ids (1, b T) and position_ids that count from each start; document_lengths, which `attend` cuts at, and whether it rounds
    them; and a mask that says nothing, so that transformers makes none.
    """
    begins = starts.clone()
    begins[:, 0] = True
    begins = begins.flatten()
    first = begins.nonzero()[:, 0]
    lengths = torch.diff(first, append=first.new_tensor([len(begins)]))
    place = torch.arange(len(begins), device=ids.device) - first.repeat_interleave(lengths)
    nothing = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=ids.device)
    return {
        "input_ids": ids.reshape(1, -1), "position_ids": place[None], "attention_mask": nothing, "document_lengths": lengths.tolist(),
        "documents_rounded": rounded,
    }  # fmt: skip


def attend(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None,
    document_lengths: list[int] | None = None, documents_rounded: bool = False, **given: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """transformers' attention by PyTorch, once for each document. query, key, value: (b, heads, T, d). Returns (b, T, heads, d).

    Without document_lengths (generation) it is that attention and nothing else. documents_rounded: each is filled up at its end,
    where nothing before it looks (steps.lm.even).
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward as plain

    if document_lengths is None:
        return plain(module, query, key, value, attention_mask, **given)
    window = given.get("sliding_window")

    def one(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return plain(module, q, k, v, band(q, window), **given)[0]

    return by_document(one, query, key, value, document_lengths, documents_rounded), None


def by_document(
    one: Callable[[Tensor, Tensor, Tensor], Tensor], query: Tensor, key: Tensor, value: Tensor, lengths: list[int], rounded: bool
) -> Tensor:
    """What `one` gives for each document, end to end again."""
    found = []
    for q, k, v in zip(query.split(lengths, 2), key.split(lengths, 2), value.split(lengths, 2), strict=True):
        length = q.shape[2]
        if rounded:
            q, k, v = (even.filled(each, 2) for each in (q, k, v))
        found.append(one(q, k, v)[:, :length])
    return torch.cat(found, 1)


def band(query: Tensor, window: int | None) -> Tensor | None:
    """(1, 1, T, T), the last `window` tokens of each; None where that is all before it."""
    T = query.shape[2]
    if window is None or window >= T:
        return None
    return torch.ones(T, T, dtype=torch.bool, device=query.device).tril().triu(1 - window)[None, None]


def use(network: Any) -> bool:
    """Let `network` attend by document where it is asked to. Returns whether its attention is of a kind that can be replaced."""
    config = network.config
    kinds = set(getattr(config, "layer_types", None) or ())
    if config._attn_implementation not in ("sdpa", NAME, EAGER, FLASH) or not kinds <= KINDS:
        return False
    if config._attn_implementation == "sdpa":
        config._attn_implementation = registered(NAME, attend)
    return True


def leave(network: Any) -> None:
    """Undo `use`; the attention that was asked for stays."""
    if network.config._attn_implementation == NAME:
        network.config._attn_implementation = "sdpa"


def registered(name: str, function: Callable[..., Any]) -> str:
    """`name`, by which transformers knows `function` from now on; without document_lengths its masks are those that it always had."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask, sdpa_mask
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    ALL_ATTENTION_FUNCTIONS.register(name, function)
    ALL_MASK_ATTENTION_FUNCTIONS.register(name, eager_mask if name == EAGER else sdpa_mask)
    return name
