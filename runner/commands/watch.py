"""recipe watch: a run as it goes, from another terminal: its steps, how far it is, its losses."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from runner.following import Followed

BLOCKS = "▁▂▃▄▅▆▇█"
POINTS = 400  # of a curve that is drawn
SAID = 4
CODES = {"done": 0, "stopped": 130, "running": 0}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", required=False)
@click.option("--latest", is_flag=True, help="The newest run, also when an older one is at work.")
@click.option("--once", is_flag=True, help="Show it once, and leave.")
@click.option("--every", "every_s", default=1.0, show_default=True, metavar="SECONDS", help="How often to look.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def watch(run: str | None, latest: bool, once: bool, every_s: float, project: str) -> int:
    """Watch RUN, or the one at work, or the last. Ctrl-C leaves it; the run goes on.

    Exit code: the run's own, once it has ended.
    """
    import sys

    from rich.console import Console
    from rich.live import Live

    from runner import background
    from runner.following import Followed
    from runner.rundir import find_runs

    names = [folder.name for folder in find_runs(Path(project))] if latest and run is None else []
    folder = background.chosen(Path(project), names[-1] if names else run, running=False)
    seen = Followed(folder).look()
    console = Console(highlight=False)
    try:
        if once or not sys.stdout.isatty():
            while not once and not seen.over:
                time.sleep(every_s)
                seen.look()
            console.print(screen(seen, console.width), soft_wrap=True)
        else:
            with Live(screen(seen, console.width), console=console, refresh_per_second=4) as live:
                while not seen.over:
                    time.sleep(every_s)
                    live.update(screen(seen.look(), console.width))
    except KeyboardInterrupt:
        click.echo(f"{folder.name} goes on; `recipe stop {folder.name}` ends it")
        return 0
    return 0 if once else CODES.get(seen.status, 1)


def screen(seen: "Followed", width: int) -> Any:
    """Everything that is known, as rich prints it."""
    from rich.console import Group
    from rich.text import Text

    from runner.console import duration

    head = Text(f"{seen.folder.name}  {seen.status}  {duration(seen.seconds)}", style="bold")
    parts: list[Any] = [head, *(_step(seen, name, width) for name in seen.steps)]
    for name in dict.fromkeys([*seen.train, *seen.evals]):
        parts += _losses(seen, name, width)
    parts += [Text(f"  {line}"[:width], style="dim") for line in seen.said[-SAID:]]
    return Group(*parts)


def _step(seen: "Followed", name: str, width: int) -> Any:
    """A line: what became of a step, or how far it is."""
    from rich.text import Text

    from runner.console import duration, progress_line
    from runner.terminal import STYLES

    pad = min(32, max(map(len, seen.steps)))
    if name == seen.step:
        told, passed = seen.progress, max(0.0, time.time() - seen.began)
        shown = progress_line(told["done"], told["total"], told["unit"], told["shown"]) if told else "working"
        left = ""
        if told and told["total"] and told["done"] > told["first"]:
            left = f", {duration((told['total'] - told['done']) * told['seconds'] / (told['done'] - told['first']))} left"
        return Text(f"> {name:<{pad}}  {shown}  {duration(passed)}{left}"[:width], style="bold")
    row = seen.outcomes.get(name)
    if row is None:
        return Text(f"  {name:<{pad}}", style="dim")
    mark = {"made": "+", "reused": "=", "failed": "x", "skipped": "-", "stopped": "!"}[row["event"]]
    took = duration(row.get("seconds", 0.0)) if row["event"] in ("made", "failed", "stopped") else ""
    return Text(f"{mark} {name:<{pad}}  {row['event']:<7} {took:>10}  {row.get('reason', '')}"[:width], style=STYLES[row["event"]])


def _losses(seen: "Followed", name: str, width: int) -> list[Any]:
    """The losses of a training step, drawn by plotext where it is installed, else as a row of blocks."""
    from rich.text import Text

    train, evals = seen.train.get(name, []), seen.evals.get(name, [])
    last = [f"train {train[-1][1]:.4f} at step {train[-1][0]}"] if train else []
    last += [f"validation {evals[-1][1]:.4f} at step {evals[-1][0]}, lowest {min(v for _, v in evals):.4f}"] if evals else []
    out: list[Any] = ["", Text(f"  {name}: {'; '.join(last)}"[:width])]
    if len(train) < 2:
        return out
    try:
        import plotext
    except ImportError:
        return [*out, Text(f"  {sparkline([v for _, v in train], min(width - 4, 80))}")]
    plotext.clear_figure()
    plotext.plotsize(min(width, 100), 14)
    plotext.theme("clear")
    drawn = thinned(train)
    plotext.plot([x for x, _ in drawn], [y for _, y in drawn], label="train", marker="braille")
    if evals:
        plotext.scatter([x for x, _ in evals], [y for _, y in evals], label="validation", marker="x")
    ticks = sorted({round(train[-1][0] * share / 4) for share in range(5)})
    plotext.xticks(ticks, [f"{tick:,}" for tick in ticks])
    return [*out, Text.from_ansi(plotext.build())]


def thinned(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """At most POINTS points, each the mean of those it stands for."""
    size = -(-len(curve) // POINTS)
    parts = [curve[i : i + size] for i in range(0, len(curve), size)]
    return [(part[-1][0], sum(v for _, v in part) / len(part)) for part in parts]


def sparkline(values: list[float], width: int) -> str:
    """`values` as at most `width` blocks, the lowest empty."""
    size = -(-len(values) // max(1, width))
    means = [sum(part) / len(part) for part in (values[i : i + size] for i in range(0, len(values), size))]
    low, high = min(means), max(means)
    return "".join(BLOCKS[round((v - low) / (high - low) * (len(BLOCKS) - 1)) if high > low else 0] for v in means)
