"""Whether what follows a resume is the same to the bit, and why not; what `recipe explain` says of `deterministic`. No torch here."""

from collections.abc import Mapping
from typing import Any

from schemas import RulePage

FREE = "the device's sums may differ in order (deterministic: true keeps it)"
THREADS = "the thread count of that run is not had here"
UNTOLD = "it is from a time when a state did not tell what it was computed with"
RATES = "the rate was another so far"

BITWISE_PAGES = (
    RulePage(
        "P120",
        "deterministic, and cuBLAS began without a fixed workspace",
        "cuBLAS adds up in one order only where CUBLAS_WORKSPACE_CONFIG is :4096:8 or :16:8 before the process multiplies its first "
        "matrices on the card. A train step with deterministic: true sets it, unless it holds something else; where an earlier step of "
        "the same run has used the card it is too late, and the variable must be set before `recipe run`.",
        source="the documentation of PyTorch, torch.use_deterministic_algorithms",
    ),
    RulePage(
        "P121",
        "deterministic, and an operation that cannot be",
        "PyTorch has no form of this operation that adds up in one order on CUDA, and refuses it under deterministic: true. The networks "
        "that recipe builds need none of those; a base from elsewhere may.",
        source="the documentation of PyTorch, torch.use_deterministic_algorithms",
    ),
)


def parted(here: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """Why a training that is computed as `here` says does not go on from `state` bit for bit; empty where it does.

    here: of steps.lm.deterministic.computed_by. state: as Loop.save writes it; one that is older says no more than whether a card was
    in use.
    """
    device = here.get("device", "cpu")
    older = "cuda" if state.get("cuda_generators") else "cpu" if device == "cuda" else device
    there: Mapping[str, Any] = state.get("computed") or {"device": older}
    other = there.get("device", "cpu")
    if device != other:
        return f"that run was on {other}, this one is on {device}"
    if why := loose(here):
        return why
    if device != "cpu" and not there.get("deterministic"):
        return "deterministic was off in that run"
    if here.get("facts") and "facts" not in there:
        return UNTOLD
    for name, value in here.get("facts", {}).items():
        if (found := there["facts"].get(name)) != value:
            return f"{name}: {found} there, {value} here"
    return ""


def loose(here: Mapping[str, Any]) -> str:
    """Why a training that is computed so gives other bits when it is run again; empty where it gives the same."""
    device = here.get("device", "cpu")
    if device == "cpu":
        return ", and ".join(here.get("loose", []))
    if device != "cuda":
        return f"{device} has no deterministic mode"
    if not here["deterministic"]:
        return FREE
    return ", and ".join(here["loose"])


def verdict(why: str) -> str:
    """In words, for a resume."""
    return f"not bitwise: {why}" if why else "bit for bit"
