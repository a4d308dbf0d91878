"""Best-fit packing: sequences into rows of a fixed length, by counting the free space of open rows."""

from collections.abc import Callable, Sequence

import numpy as np

from steps.lm.batches import Row


def pack(lengths: Sequence[int] | np.ndarray, row: int) -> list[list[int]]:
    """Which sequences share a row of `row` tokens: best fit in decreasing order (Johnson 1973), the longest first.

    The open row with the least space that suffices is found in a bit set of free spaces: one shift, one lowest bit. Equal inputs give
    equal rows. Raises ValueError for a sequence longer than a row.
    """
    sizes = np.asarray(lengths, np.int64)
    if len(sizes) and int(sizes.max()) > row:
        raise ValueError(f"a sequence of {int(sizes.max())} tokens does not fit into {row}")
    rows: list[list[int]] = []
    open_rows: list[list[list[int]]] = [[] for _ in range(row + 1)]  # by free space
    free = 0  # bit s: a row with s tokens of space is open
    order = np.argsort(-sizes, kind="stable")
    for index, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        fits = free >> size
        if fits:
            space = size + (fits & -fits).bit_length() - 1
            stack = open_rows[space]
            chosen = stack.pop()
            if not stack:
                free ^= 1 << space
            left = space - size
        else:
            chosen = []
            rows.append(chosen)
            left = row - size
        chosen.append(index)
        open_rows[left].append(chosen)
        free |= 1 << left
    return rows


def packed(rows: list[Row], length: int) -> list[Row]:
    """`rows` of fine-tuning side by side in rows of at most `length` targets, each marked where a document begins; order as packed."""
    return [joined([rows[i] for i in chosen]) for chosen in pack([len(row.ids) for row in rows], length + 1)]


def joined(parts: list[Row]) -> Row:
    """Several documents as one row. The first token of each is no target, so nothing is foretold across a border."""
    learned = [np.concatenate([[False], part.learned[1:]]) for part in parts]
    starts = np.zeros(sum(len(part.ids) for part in parts), bool)
    starts[np.cumsum([0, *(len(part.ids) for part in parts[:-1])])] = True
    ids = np.concatenate([part.ids for part in parts])
    return Row(ids, np.concatenate(learned), size=sum(part.size for part in parts), starts=starts, parts=tuple(parts))


def split_packed(split: Callable[[Row, int], list[Row]]) -> Callable[[Row, int], list[Row]]:
    """How a packed row is split for shorter ones: its documents by `split`, and what comes of them packed again."""

    def again(row: Row, length: int) -> list[Row]:
        pieces = [piece for part in row.parts for piece in (split(part, length) if len(part.ids) - 1 > length else [part])]
        return packed(pieces, length)

    return again
