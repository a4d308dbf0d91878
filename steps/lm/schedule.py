"""Learning rates by step."""

import math

DECAY_SHARE = 0.2  # of the steps, at the end of `wsd` (arXiv 2404.06395 and 2405.18392 find 10 to 20 %)


def learning_rate(
    step: int, *, steps: int, peak: float, lowest: float, warmup: int, scheduler: str, decay_share: float = DECAY_SHARE
) -> float:
    """The rate of optimizer step `step`, counted from 0, of `steps`.

    Linear from peak / warmup to peak over `warmup` steps; then cosine (arXiv 1608.03983) or linear down to `lowest` at the last
    step, constant, or wsd: constant and over the last `decay_share` of the steps linear to `lowest`.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    if scheduler == "constant":
        return peak
    start = falls_from(steps, warmup, decay_share) if scheduler == "wsd" else warmup
    if step < start:
        return peak
    share = (step - start + 1) / max(1, steps - start)
    if scheduler == "cosine":
        return lowest + (peak - lowest) * 0.5 * (1 + math.cos(math.pi * share))
    return peak + (lowest - peak) * share


def falls_from(steps: int, warmup: int, decay_share: float) -> int:
    """How many steps of a `wsd` are done before its rate falls."""
    return max(warmup, steps - max(1, round(decay_share * steps)))


def told_apart(one: float, other: float) -> tuple[str, str]:
    """Two rates in as few digits as let them differ, three at least."""
    return next(
        ((a, b) for digits in range(3, 16) if (a := f"{one:.{digits}g}") != (b := f"{other:.{digits}g}")), (f"{one:.3g}", f"{other:.3g}")
    )
