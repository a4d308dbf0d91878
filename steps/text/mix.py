"""Mixing sources by weight: the shares of characters drawn are kept as exact as whole documents allow."""

from collections.abc import Callable, Iterator, Sequence

from schemas import Document

Opener = Callable[[bool], Iterator[Document]]  # called with True for the first pass over the source


def mixed(openers: Sequence[Opener], weights: Sequence[float], *, repeat: bool) -> Iterator[tuple[int, Document]]:
    """Documents with the number of their source; always the source furthest below its share is drawn next.

    Ends when the first source is spent; with `repeat`, a spent source starts again until each was read to its end once.
    """
    drawn = [0.0] * len(openers)
    streams = [opener(True) for opener in openers]
    finished = [False] * len(openers)
    empty_passes = [0] * len(openers)
    while True:
        i = min(range(len(openers)), key=lambda j: drawn[j] / weights[j])
        document = next(streams[i], None)
        if document is None:
            finished[i] = True
            empty_passes[i] += 1
            if not repeat or all(finished) or empty_passes[i] > 1:
                return
            streams[i] = openers[i](False)
            continue
        empty_passes[i] = 0
        drawn[i] += max(1, len(document.text))
        yield i, document
