"""The frame of a chart: from values to places on paper, and the round numbers at its edges."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from steps.html.words import figure


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` drawn from `start` to `end`; log: by powers of ten."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value on paper."""
        if self.log:
            share = (log10(max(value, self.low)) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def back(self, place: float) -> float:
        """The value at a place on paper."""
        share = (place - self.start) / (self.end - self.start)
        if self.log:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + share * (self.high - self.low)

    def holds(self, value: float) -> bool:
        """Whether the value can be drawn."""
        return isfinite(value) and (not self.log or value > 0)

    def ticks(self, about: int) -> list[float]:
        """About that many round values within the axis."""
        return _log_ticks(self.low, self.high, about) if self.log else _even_ticks(self.low, self.high, about)


def fitted(values: Iterable[float], start: float, end: float, *, log: bool = False, zero: bool = False, tight: bool = False) -> Axis:
    """An axis that holds all finite values with a little air. zero: it begins at 0. tight: it ends where the values end."""
    good = [v for v in values if isfinite(v) and (v > 0 or not log)]
    low, high = (min(good), max(good)) if good else (1.0, 10.0) if log else (0.0, 1.0)
    if zero and not log:
        low = min(low, 0.0)
    if low == high:
        low, high = (low / 1.5, high * 1.5) if log else (low - (abs(low) / 4 or 0.5), high + (abs(high) / 4 or 0.5))
        low = 0.0 if zero and not log and good and min(good) >= 0 else low
    elif not tight:
        if log:
            air = (high / low) ** 0.06
            low, high = low / air, high * air
        else:
            air = (high - low) * 0.06
            low, high = (low if zero and low == 0 else low - air), high + air
    if not isfinite(high - low):
        low, high = max(low, -1e300), min(high, 1e300)
    return Axis(low, high, start, end, log)


def tick_text(value: float, ticks: list[float], log: bool = False) -> str:
    """The value as written at its tick, with as many decimals as the step between ticks needs."""
    if value == 0:
        return "0"
    for unit, word in ((1e9, " B"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= unit * (10 if unit == 1e3 else 1):
            return f"{value / unit:.3f}".rstrip("0").rstrip(".").replace("-", "−") + word
    gap = min((abs(b - a) for a, b in pairwise(ticks)), default=abs(value))
    if log or not gap:
        return figure(value)
    if max(map(abs, ticks)) < 1e-2 and gap < 1e-3:  # all in one form
        digits, exponent = f"{value:.2e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}".replace("-", "−")
    decimals = max(0, -floor(log10(gap) + 1e-9))
    decimals += abs(round(gap, decimals) - gap) > gap * 1e-6
    return f"{value:,.{decimals}f}".replace("-", "−")


def _even_ticks(low: float, high: float, about: int) -> list[float]:
    rough = (high - low) / max(about, 1)
    power = 10.0 ** floor(log10(rough)) if rough > 0 else 1.0
    gap = next((m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999), 10 * power)
    first, last = ceil(low / gap - 1e-9), floor(high / gap + 1e-9)
    return [round(i * gap, 12) if abs(gap) > 1e-9 else i * gap for i in range(first, last + 1)]


def _log_ticks(low: float, high: float, about: int) -> list[float]:
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**d for d in decades for m in digits if low * 0.999 <= m * 10.0**d <= high * 1.001]
        if len(ticks) <= about * 1.5:
            break
    while len(ticks) > about * 1.5:
        ticks = ticks[::2]
    return ticks if len(ticks) >= 2 else [t for t in _even_ticks(low, high, about) if t > 0]
