"""Loss on a fixed set of rows, token-weighted, in nats a token and bits a byte, by language and by source."""

import math
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch

from steps.lm.batches import Row, pad
from steps.lm.loss import Head


@dataclass(frozen=True)
class Scored:
    """loss: nats a target token. bits_per_byte: over the text behind the targets, None when its size is not known."""

    loss: float
    bits_per_byte: float | None
    tokens: int
    by: dict[str, dict[str, float]] = field(default_factory=dict)  # language
    by_source: dict[str, dict[str, float]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As it is saved and shown."""
        return {"loss": self.loss, "bits_per_byte": self.bits_per_byte, "tokens": self.tokens, "by": self.by, "by_source": self.by_source}


def score(head: Head, rows: list[Row], batch_size: int, context: AbstractContextManager[object], device: torch.device) -> Scored:
    """Score `rows`. The same rows give the same figure whatever order they come in: they are batched by length."""
    network = head.network
    was_training = network.training
    network.eval()
    totals: dict[tuple[str, str], list[float]] = {}
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i].ids), i))
    try:
        for start in range(0, len(order), batch_size):
            chosen = [rows[i] for i in order[start : start + batch_size]]
            ids, targets, _ = pad(chosen)
            with context:
                losses = head.each(ids.to(device), targets.to(device)).double().sum(1).tolist()
            for row, nats in zip(chosen, losses, strict=True):
                total = totals.setdefault((row.lang, row.source), [0.0, 0.0, 0.0])
                total[0] += nats
                total[1] += int(row.learned[1:].sum())
                total[2] += row.size
    finally:
        network.train(was_training)
    by, by_source = _by(totals, 0), _by(totals, 1)
    nats, tokens, size = (sum(total[k] for total in totals.values()) for k in range(3))
    rates = _rates(nats, tokens, size)
    return Scored(rates["loss"], rates.get("bits_per_byte"), int(tokens), by, by_source)


def _by(totals: dict[tuple[str, str], list[float]], part: int) -> dict[str, dict[str, float]]:
    """Rates by language (part 0) or source (part 1)."""
    summed: dict[str, list[float]] = {}
    for names, total in totals.items():
        one = summed.setdefault(names[part], [0.0, 0.0, 0.0])
        for k in range(3):
            one[k] += total[k]
    return {name: _rates(*total) for name, total in sorted(summed.items())}


def _rates(nats: float, tokens: float, size: float) -> dict[str, float]:
    found = {"loss": nats / max(1.0, tokens)}
    if size:
        found["bits_per_byte"] = nats / math.log(2) / size
    return found
