"""Lengths of documents before and after splitting: statistics, a picture, a page."""

from array import array
from pathlib import Path
from typing import Any


class Lengths:
    """Lengths in tokens, four bytes each."""

    def __init__(self, max_tokens: int) -> None:
        self.max_tokens = max_tokens
        self.before, self.after, self.pieces = array("I"), array("I"), array("I")
        self.chats = 0

    def add(self, before: int, after: list[int], chat: bool) -> None:
        """One document, and the pieces it became."""
        self.before.append(before)
        self.after.extend(after)
        self.pieces.append(len(after))
        self.chats += chat

    def facts(self) -> dict[str, Any]:
        """For the statistics; `chunks_per_entry` is over all entries."""
        import numpy as np

        before, after, pieces = (
            np.frombuffer(a, dtype=np.uint32) if len(a) else np.zeros(0) for a in (self.before, self.after, self.pieces)
        )
        top = max(float(before.max(initial=1)), float(self.max_tokens))
        edges = np.unique(np.concatenate([np.linspace(0, min(top, 2 * self.max_tokens), 33), [top + 1]]).astype(np.int64))
        return {
            "before": _five(before),
            "after": _five(after),
            "over_limit_share_before": round(float((before > self.max_tokens).mean()), 6) if len(before) else 0.0,
            "over_limit_after": int((after > self.max_tokens).sum()),
            "conversations": self.chats,
            "chunks_per_entry": {
                "mean": round(float(pieces.mean()), 4) if len(pieces) else 0.0,
                "max": int(pieces.max(initial=0)),
            },
            "histogram": {
                "edges": edges.tolist(),
                "before": np.histogram(before, edges)[0].tolist(),
                "after": np.histogram(after, edges)[0].tolist(),
            },
        }


def _five(lengths: Any) -> dict[str, int]:
    import numpy as np

    if not len(lengths):
        return dict.fromkeys(("count", "min", "median", "p90", "p95", "p99", "max"), 0)
    at = np.percentile(lengths, [0, 50, 90, 95, 99, 100], method="inverted_cdf")
    return {"count": len(lengths), **{name: int(v) for name, v in zip(("min", "median", "p90", "p95", "p99", "max"), at, strict=True)}}


def page(facts: dict[str, Any]) -> str:
    """The statistics as Markdown."""
    names = ("count", "min", "median", "p90", "p95", "p99", "max")
    rows = [f"| {when} | " + " | ".join(f"{facts[when][name]:,}" for name in names) + " |" for when in ("before", "after")]
    return "\n".join(
        (
            "# Lengths in tokens",
            "",
            f"Limit {facts['max_tokens']:,} tokens, strategy `{facts['strategy']}`{', only measured' if facts['analyze_only'] else ''}.",
            "",
            "| | " + " | ".join(names) + " |",
            "|---" * (len(names) + 1) + "|",
            *rows,
            "",
            f"- above the limit before: {facts['over_limit_share_before']:.2%} of the documents",
            f"- above the limit after: {facts['over_limit_after']}",
            f"- pieces of a document: {facts['chunks_per_entry']['mean']} on average, {facts['chunks_per_entry']['max']} at most",
            "",
        )
    )


def draw(facts: dict[str, Any], path: Path) -> bool:
    """Both distributions as one picture; False, and none, without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return False

    edges = facts["histogram"]["edges"]
    shown = edges[:-1] if len(edges) > 3 and edges[-1] > 1.5 * edges[-2] else edges  # the last bin holds all that is longer still
    widths = [b - a for a, b in zip(shown, [*shown[1:], 2 * shown[-1] - shown[-2]], strict=True)][: len(edges) - 1]
    figure = Figure(figsize=(8, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for when, colour in (("before", "#9aa5b1"), ("after", "#2f6f9f")):
        axes.bar(edges[:-1][: len(widths)], facts["histogram"][when], widths, align="edge", alpha=0.65, color=colour, label=when)
    axes.axvline(facts["max_tokens"], color="#b3261e", linewidth=1.2, label=f"limit {facts['max_tokens']}")
    axes.set_xlabel("tokens")
    axes.set_ylabel("documents")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Software": None})
    return True
