"""Curves of a training log: smoothing and thinning, so that a million lines draw as fast as a hundred and lose no spike."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isfinite, nan


@dataclass
class Curve:
    """Points in the order of x. A y that is no finite number is a gap."""

    xs: Sequence[float] = field(default_factory=lambda: array("d"))
    ys: Sequence[float] = field(default_factory=lambda: array("d"))

    def __len__(self) -> int:
        return len(self.xs)

    @property
    def finite(self) -> list[float]:
        """The values that are finite numbers."""
        return [y for y in self.ys if isfinite(y)]

    @property
    def last(self) -> float | None:
        """The last finite value."""
        return next((y for y in reversed(self.ys) if isfinite(y)), None)

    @property
    def first(self) -> float | None:
        """The first finite value."""
        return next((y for y in self.ys if isfinite(y)), None)

    @property
    def lowest(self) -> tuple[float, float] | None:
        """(x, y) of the lowest finite value, the first of equals."""
        return min(((x, y) for x, y in zip(self.xs, self.ys, strict=True) if isfinite(y)), key=lambda point: point[1], default=None)


def smoothed(curve: Curve, window: int = 0) -> Curve:
    """Centred moving average. Gaps stay gaps.

    At the start, where a loss falls steeply, the window shrinks evenly so that the fall is not bent; at the end it is cut off, so that the
    last value is an average too.

    window: values on both sides together, a twentieth of the curve when 0.
    """
    n = len(curve)
    half = max(1, (window or n // 20) // 2)
    total, seen = array("d", [0.0]), array("q", [0])
    for y in curve.ys:
        good = isfinite(y)
        total.append(total[-1] + (y if good else 0.0))
        seen.append(seen[-1] + good)
    ys = array("d")
    for i in range(n):
        low, high = i - min(half, i), min(i + min(half, i) + 1, n)
        counted = seen[high] - seen[low]
        ys.append((total[high] - total[low]) / counted if counted and isfinite(curve.ys[i]) else nan)
    return Curve(curve.xs, ys)


def thinned(curve: Curve, most: int = 3000) -> Curve:
    """The curve with at most `most` points: of each bucket the lowest and the highest, in their order.

    Half of the buckets are equally wide and half grow geometrically, so that the start keeps its detail on a logarithmic axis.
    """
    n = len(curve)
    if n <= most:
        return curve
    buckets = (most - 6) // 4
    edges = {round(n * i / buckets) for i in range(buckets + 1)} | {round(n ** (i / buckets)) for i in range(buckets + 1)}
    kept: list[int] = []
    ys = curve.ys
    for low, high in pairwise(sorted(edges | {0})):
        good = [i for i in range(low, high) if isfinite(ys[i])]
        if good:
            kept += sorted({min(good, key=ys.__getitem__), max(good, key=ys.__getitem__)})
        else:
            kept.append(low)
    kept = sorted({0, *kept, n - 1})
    return Curve(array("d", (curve.xs[i] for i in kept)), array("d", (ys[i] for i in kept)))


def gaps(curve: Curve, most: int = 5) -> tuple[list[tuple[float, float]], int]:
    """Stretches (first x, last x) where y is no finite number, the first `most` of them, and how many values that are in all."""
    stretches: list[tuple[float, float]] = []
    bad, open_ = 0, False
    for x, y in zip(curve.xs, curve.ys, strict=True):
        if isfinite(y):
            open_ = False
            continue
        bad += 1
        if open_:
            stretches[-1] = (stretches[-1][0], x)
        else:
            stretches.append((x, x))
        open_ = True
    return stretches[:most], bad
