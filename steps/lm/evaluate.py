"""Loss on a fixed set of rows, token-weighted, in nats a token and bits a byte, by language and by source."""

import math
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch

from schemas import EvalLine
from steps.lm.batches import Row, end_to_end, filled, fullest, pad
from steps.lm.loss import Head
from steps.lm.oom import free, out_of_memory


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

    def line(self, step: int, texts: list[dict[str, str]]) -> EvalLine:
        """As a line of the log, with what was sampled at that step."""
        samples = [{"prompt": t["prompt"], "text": t["text"]} for t in texts]
        return EvalLine(step=step, eval_loss=self.loss, bits_per_byte=self.bits_per_byte, tokens=self.tokens, by=self.by,
                        by_source=self.by_source, samples=samples)  # fmt: skip


def score(
    head: Head, rows: list[Row], batch_size: int, context: AbstractContextManager[object], before_each: Callable[[], None] = lambda: None
) -> Scored:
    """Score `rows`. The same rows give the same figure whatever order they come in: they are batched by length.

    Where `head` takes rows end to end, a batch is as many of them as have no more tokens than `batch_size` of the longest.
    before_each: called before every batch.
    """
    network = head.network
    was_training = network.training
    network.eval()
    totals: dict[tuple[str, str], list[float]] = {}
    try:
        for chosen in _batches(sorted(rows, key=lambda row: len(row.ids)), batch_size, head.end_to_end):
            before_each()
            for row, nats in zip(chosen, _nats(head, chosen, context), strict=True):
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


def score_within(head: Head, rows: list[Row], batch_size: int, context: AbstractContextManager[object]) -> Scored:
    """`score`, with fewer rows at a time as often as memory runs out: the figure is the same."""
    while True:
        try:
            return score(head, rows, batch_size, context)
        except Exception as error:
            if not out_of_memory(error) or batch_size == 1:
                raise
        batch_size = -(-batch_size // 2)
        free(next(head.network.parameters()).device)


def worst(rows: list[Row], batch_size: int, end_to_end: bool) -> list[Row]:
    """The batch of `rows` that takes the most memory in `score`."""
    longest = max((len(row.ids) - 1 for row in rows), default=0)
    return fullest(rows, batch_size * longest) if end_to_end else sorted(rows, key=lambda row: -len(row.ids))[:batch_size]


def _batches(rows: list[Row], batch_size: int, end_to_end: bool) -> Iterable[list[Row]]:
    if end_to_end and rows:
        return filled(rows, batch_size * (len(rows[-1].ids) - 1))
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]


def _nats(head: Head, rows: list[Row], context: AbstractContextManager[object]) -> list[float]:
    """Summed loss of each row."""
    ids, targets, starts = end_to_end(rows) if head.end_to_end else pad(rows)
    with context:
        losses = head.each(ids, targets, starts).cpu().double()  # Apple's GPUs have no float64
    parts = losses[0].split([len(row.ids) - 1 for row in rows]) if head.end_to_end else losses.unbind()
    found: list[float] = torch.stack([part.sum() for part in parts]).tolist()
    return found


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
