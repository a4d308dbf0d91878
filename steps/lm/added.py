"""Rows for tokens that were added to a base's tokenizer: its embedding, and its head, made longer; what was there stays as it is."""

from typing import Any

import torch
from torch import nn


@torch.no_grad()
def make_room(network: Any, first: int, size: int) -> None:
    """Give ids `first` to `size` - 1 rows that are the mean of the `first` rows before them, in the embedding and in a head of its own.

    With the mean a new token is as likely as the others are on the average, and no old one loses its place (John Hewitt:
    Initializing New Word Embeddings for Pretrained Language Models, 2021, nlp.stanford.edu/~johnhew/vocab-expansion.html). Rows that a
    base has for padding are taken before new ones are made.
    """
    if size > network.config.vocab_size:
        network.resize_token_embeddings(size, mean_resizing=False)
    for table in ends(network):
        table.weight[first:size] = table.weight[:first].float().mean(0).to(table.weight.dtype)
        if getattr(table, "bias", None) is not None:
            table.bias[first:size] = table.bias[:first].mean()


def ends(network: Any) -> list[nn.Module]:
    """The embedding, and the head where that has weights of its own."""
    embedding, head = network.get_input_embeddings(), network.get_output_embeddings()
    return [embedding] if head is None or head.weight is embedding.weight else [embedding, head]
