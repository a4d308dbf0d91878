"""Mixing sources by weight: the shares of characters drawn are kept as exact as whole documents allow."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Opener = Callable[[int], Iterator[tuple[int, Item]]]  # called with the number of the pass, from 0; yields characters and document


def mixed(openers: Sequence[Opener[Item]], weights: Sequence[float], *, repeat: bool, seed: int) -> Iterator[tuple[int, Item]]:
    """Documents with the number of their source; always the source furthest below its share is drawn next, at a tie by the seed.

    Ends when the first source is spent; with `repeat`, a spent source starts again until each was read to its end once.
    """
    drawn = [0.0] * len(openers)
    streams = [opener(0) for opener in openers]
    passes = [0] * len(openers)
    empty = [0] * len(openers)
    rank = random.Random(f"{seed}:mix").sample(range(len(openers)), len(openers))
    order = range(len(openers))
    while True:
        i = min(order, key=lambda j: (drawn[j] / weights[j], rank[j]))
        found = next(streams[i], None)
        if found is None:
            passes[i] += 1
            empty[i] += 1
            if not repeat or all(passes) or empty[i] > 1:
                return
            streams[i] = openers[i](passes[i])
            continue
        empty[i] = 0
        characters, item = found
        drawn[i] += max(1, characters)
        yield i, item
