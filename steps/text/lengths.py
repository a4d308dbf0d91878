"""Lengths of documents before and after splitting: statistics, a picture, a page."""

from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

NAMES = ("count", "min", "median", "p90", "p95", "p99", "max")
QUANTILES = (0, 50, 90, 95, 99, 100)
RANK = "lengths that occur (nearest rank): half of all are no longer than the median, 90 % no longer than p90"


class Lengths:
    """Lengths in tokens: how often each occurs. What it holds grows with their variety, not with the corpus."""

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens
        self.before: Counter[int] = Counter()
        self.after: Counter[int] = Counter()
        self.pieces: Counter[int] = Counter()
        self.chats = 0
        self.done: Counter[str] = Counter()  # what was done to conversations

    def add(self, found: list[tuple[int, list[int], bool]]) -> None:
        """Documents: the length of each, those of the pieces it became, and whether it is a conversation."""
        self.before.update([before for before, _, _ in found])
        self.after.update([length for _, after, _ in found for length in after])
        self.pieces.update([len(after) for _, after, _ in found])
        self.chats += sum(chat for _, _, chat in found)

    def facts(self) -> dict[str, Any]:
        """For the statistics. truncated: what a trainer that cuts at the limit would have lost. chunks_per_entry: over all entries."""
        limit, total = self.max_tokens, max(1, self.before.total())
        over = sum(n for length, n in self.before.items() if length > limit)
        tokens = sum(length * n for length, n in self.before.items())
        cut = sum((length - limit) * n for length, n in self.before.items() if length > limit)
        edges = self._edges()
        return {
            "quantiles": RANK,
            "before": _summary(self.before),
            "after": _summary(self.after),
            "tokens_before": tokens,
            "tokens_after": sum(length * n for length, n in self.after.items()),
            "over_limit_share_before": round(over / total, 6),
            "over_limit_before": over,
            "over_limit_after": sum(n for length, n in self.after.items() if length > limit),
            "truncated": {"documents": over, "tokens": cut, "share_of_tokens": round(cut / max(1, tokens), 6)},
            "conversations": self.chats,
            **({"conversations_done": dict(sorted((+self.done).items()))} if +self.done else {}),
            "chunks_per_entry": {
                "mean": round(self.after.total() / total, 4),
                "max": max(self.pieces, default=0),
                "entries_split": sum(n for pieces, n in self.pieces.items() if pieces > 1),
            },
            "histogram": {"edges": edges, "before": _binned(self.before, edges), "after": _binned(self.after, edges)},
        }

    def _edges(self) -> list[int]:
        """32 bins up to twice the limit or the longest text, a length of exactly the limit before its border; the last holds all beyond."""
        top = max(max(self.before, default=1), self.max_tokens)
        end = min(top, 2 * self.max_tokens)
        return sorted({0, *(end * i // 32 + 1 for i in range(1, 33)), top + 1})


def _summary(lengths: "Counter[int]") -> dict[str, int]:
    count = lengths.total()
    found, ordered = [], sorted(lengths.items())
    for percent in QUANTILES:
        wanted = max(1, -(-count * percent // 100))
        passed = accumulate(n for _, n in ordered)
        found.append(next((length for (length, _), so_far in zip(ordered, passed, strict=True) if so_far >= wanted), 0))
    return dict(zip(NAMES, [count, *found], strict=True))


def _binned(lengths: "Counter[int]", edges: list[int]) -> list[int]:
    from bisect import bisect_right

    bins = [0] * (len(edges) - 1)
    for length, n in lengths.items():
        bins[bisect_right(edges, length) - 1] += n
    return bins


def page(facts: dict[str, Any]) -> str:
    """The statistics as Markdown."""
    rows = [f"| {when} | " + " | ".join(f"{facts[when][name]:,}" for name in NAMES) + " |" for when in ("before", "after")]
    lost, chunks = facts["truncated"], facts["chunks_per_entry"]
    lines = [
        "# Lengths in tokens",
        "",
        f"Limit {facts['max_tokens']:,} tokens, strategy `{facts['strategy']}`, overlap {facts['overlap_tokens']:,}"
        f"{', only measured' if facts['analyze_only'] else ''}.",
        "",
        "| | " + " | ".join(NAMES) + " |",
        "|---" * (len(NAMES) + 1) + "|",
        *rows,
        "",
        f"Quantiles are {facts['quantiles']}.",
        "",
        f"- above the limit before: {facts['over_limit_before']:,} documents, {facts['over_limit_share_before']:.2%}",
        f"- without splitting, cutting at the limit would lose {lost['tokens']:,} tokens, {lost['share_of_tokens']:.2%} of all",
        f"- above the limit after: {facts['over_limit_after']:,}",
        f"- pieces of a document: {chunks['mean']} on average, {chunks['max']:,} at most; {chunks['entries_split']:,} documents were split",
    ]
    if facts["conversations"]:
        lines.append(f"- conversations: {facts['conversations']:,}")
        lines += [f"    - {what}: {n:,}" for what, n in facts.get("conversations_done", {}).items()]
    return "\n".join([*lines, "", "## How many documents are how long", "", *_table(facts["histogram"]), ""])


def _table(histogram: dict[str, Any]) -> Iterable[str]:
    yield "| tokens | before | after |"
    yield "|---|---|---|"
    edges = histogram["edges"]
    for low, high, before, after in zip(edges, edges[1:], histogram["before"], histogram["after"], strict=False):
        if before or after:
            yield f"| {low:,} to {high - 1:,} | {before:,} | {after:,} |"


def draw(facts: dict[str, Any], path: Path) -> bool:
    """Both distributions as one picture; False, and none, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False

    edges = facts["histogram"]["edges"]
    beyond = len(edges) > 3 and edges[-1] - edges[-2] > 2 * (edges[1] - edges[0])  # the last bin holds all that is longer still
    width = edges[1] - edges[0]
    shown = [*edges[:-1], edges[-2] + width] if beyond else edges
    figure = Figure(figsize=(8, 4), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.1, 0.13, 0.87, 0.77))  # looking for the best place would take longer than all of the drawing
    for when, colour in (("before", "#9aa5b1"), ("after", "#2f6f9f")):
        axes.stairs(facts["histogram"][when], shown, fill=True, alpha=0.65, color=colour, label=when)
    axes.axvline(facts["max_tokens"], color="#b3261e", linewidth=1.2, label=f"limit {facts['max_tokens']}")
    axes.set_xlabel(f"tokens (the last bar: all from {shown[-2]:,} on)" if beyond else "tokens")
    axes.set_ylabel("documents")
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=3)  # above: the limit may stand anywhere
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Software": None})
    return True
