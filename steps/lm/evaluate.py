"""Loss on a fixed set of rows, token-weighted, in nats a token and bits a byte, by language."""

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch

from steps.lm.batches import Row, pad
from steps.lm.loss import Head


@dataclass(frozen=True)
class Scored:
    """loss: nats a target token. bits_per_byte: over the text behind the targets, None when its size is not known."""

    loss: float
    bits_per_byte: float | None
    tokens: int
    by: dict[str, dict[str, float]] = field(default_factory=dict)


def score(head: Head, rows: list[Row], batch_size: int, context: AbstractContextManager[object], device: torch.device) -> Scored:
    """Score `rows`. The same rows give the same figure whatever order they come in: they are batched by length."""
    network = head.network
    was_training = network.training
    network.eval()
    totals: dict[str, list[float]] = {}
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i].ids), i))
    try:
        for start in range(0, len(order), batch_size):
            chosen = [rows[i] for i in order[start : start + batch_size]]
            ids, targets = pad(chosen)
            with context:
                losses = head.each(ids.to(device), targets.to(device)).double().sum(1).tolist()
            for row, nats in zip(chosen, losses, strict=True):
                total = totals.setdefault(row.lang, [0.0, 0.0, 0.0])
                total[0] += nats
                total[1] += int(row.learned[1:].sum())
                total[2] += row.size
    finally:
        network.train(was_training)
    by = {lang: _rates(*total) for lang, total in sorted(totals.items())}
    nats, tokens, size = (sum(total[k] for total in totals.values()) for k in range(3))
    rates = _rates(nats, tokens, size)
    return Scored(rates["loss"], rates.get("bits_per_byte"), int(tokens), by)


def _rates(nats: float, tokens: float, size: float) -> dict[str, float]:
    found = {"loss": nats / max(1.0, tokens)}
    if size:
        found["bits_per_byte"] = nats / math.log(2) / size
    return found
