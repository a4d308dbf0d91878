"""The nearest known name to a misspelt one."""

from collections.abc import Iterable


def nearest(word: str, names: Iterable[str], cutoff: float = 0.66) -> str | None:
    """The name most like `word`, or None when none is near."""
    from difflib import get_close_matches  # only when something is wrong

    known = sorted(set(names))
    found = get_close_matches(word, known, 1, cutoff)
    if not found:
        lower = {name.lower().replace("-", "_"): name for name in known}
        found = [lower[n] for n in get_close_matches(word.lower().replace("-", "_"), list(lower), 1, cutoff)]
    return found[0] if found else None


def did_you_mean(word: str, names: Iterable[str], what: str = "one of") -> str:
    """The fix for a misspelt name: the nearest known one, or the list of all, shortened."""
    known = sorted(set(names))
    best = nearest(word, known)
    if best is not None:
        return f"write {best}"
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return f"{what}: {shown}" if known else ""
