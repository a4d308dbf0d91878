"""The plots as PNG files, for papers and chats: loss, throughput and memory over the steps, one line for each training step."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

from steps.html.curves import Curve, thinned
from steps.html.runlog import RunLog, TrainLog

BLUE, GREEN, RED = (
    "#0072B2",
    "#009E73",
    "#C62828",
)  # blue and green: M. Okabe, K. Ito: Color Universal Design, https://jfly.uni-koeln.de/color/
FURTHER = ("#0072B2", "#E69F00", "#CC79A7", "#56B4E9", "#000000")
DPI = 120


def draw(run: RunLog, place: Callable[[str], Path]) -> list[str]:
    """Write `plots/loss.png`, `plots/throughput.png`, `plots/memory.png` where `place(name)` says; return the names written.

    A picture without data is left out. Raises ImportError when matplotlib is not installed.
    """
    pictures = (
        ("plots/loss.png", "loss, nats per token", _loss),
        ("plots/throughput.png", "tokens per second", _throughput),
        ("plots/memory.png", "peak memory, GB", _memory),
    )
    written = []
    for name, y_name, draw_lines in pictures:
        if _picture(run, place, name, y_name, draw_lines):
            written.append(name)
    return written


def _picture(run: RunLog, place: Callable[[str], Path], name: str, y_name: str, lines: Callable[[Any, TrainLog, str, bool], int]) -> bool:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # without pyplot: no display, no global state, half the import
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.6), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    several = len(run.logs) > 1
    drawn = sum(lines(axes, log, colour, several) for log, colour in zip(run.logs, cycle(FURTHER), strict=False))
    if not drawn:
        return False
    marks = [(x, text) for log in run.logs for x, text in log.marks]
    for i, (x, _) in enumerate(marks):
        axes.axvline(x, color=RED, linestyle="--", linewidth=1.2, label="out of memory" if i == 0 else None)
    axes.set_xlabel("step")
    axes.set_ylabel(y_name)
    axes.set_title(_plain(f"{run.record.recipe}: {y_name.partition(',')[0]}"), loc="left", fontsize=11)
    axes.grid(True, color="#e1e4e8", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, fontsize=9)
    figure.savefig(place(name), metadata={"Software": None})
    return True


def _points(curve: Curve) -> tuple[list[float], list[float]]:
    few = thinned(curve)
    return list(few.xs), list(few.ys)


def _plain(text: str) -> str:
    """Text in which matplotlib sees no formula."""
    return text.replace("$", r"\$")


def _loss(axes: Any, log: TrainLog, colour: str, several: bool) -> int:
    raw, evals = log.curve("train_loss"), log.curve("eval_loss")
    name = _plain(f"{log.id} ") if several else ""
    drawn = 0
    if raw.finite:
        long = bool(len(log.smooth))
        alone = {"marker": "o"} if len(raw) == 1 else {}
        axes.plot(*_points(raw), color=colour, alpha=0.3 if long else 1, linewidth=0.9, label=None if long else f"{name}train", **alone)
        if long:
            axes.plot(*_points(log.smooth), color=colour, linewidth=2, label=f"{name}train, smoothed")
        drawn += 1
    if evals.finite:
        style = {"linestyle": "--", "markeredgecolor": colour} if several else {}
        axes.plot(*_points(evals), color=GREEN, linewidth=1.6, marker="o", markersize=4.5, label=f"{name}eval", **style)
        drawn += 1
    return drawn


def _throughput(axes: Any, log: TrainLog, colour: str, several: bool) -> int:
    return _simple(axes, log, "tokens_per_sec", colour, several, filled=False)


def _memory(axes: Any, log: TrainLog, colour: str, several: bool) -> int:
    return _simple(axes, log, "peak_memory_gb", colour, several, filled=not several)


def _simple(axes: Any, log: TrainLog, field: str, colour: str, several: bool, *, filled: bool) -> int:
    curve = log.curve(field)
    if not curve.finite:
        return 0
    xs, ys = _points(curve)
    axes.plot(xs, ys, color=colour, linewidth=1.6, label=_plain(log.id) if several else None, marker="o" if len(xs) == 1 else None)
    if filled:
        axes.fill_between(xs, ys, color=colour, alpha=0.15)
    axes.set_ylim(bottom=0)
    return 1
