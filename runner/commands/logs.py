"""recipe logs: what a run printed or wrote down, the end of it or all, once or as it comes."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

KINDS = ("console", "events", "train", "eval")
CHUNK = 1 << 16


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", required=False)
@click.option("--of", "kind", type=click.Choice(KINDS), help="Which log; the console of a detached run, else its events.")
@click.option("--lines", "-n", default=20, show_default=True, help="How many lines of the end; 0 for all.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run ends.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def logs(run: str | None, kind: str | None, lines: int, follow: bool, project: str) -> int:
    """Print the log of RUN, or of the one at work, or of the last."""
    from runner import background
    from runner.following import LOGS

    folder = background.chosen(Path(project), run, running=False)
    console = folder / "logs" / background.CONSOLE
    if kind == "console" and not console.exists():
        click.echo(f"{folder.name} was not detached: its console was the terminal; see --of events", err=True)
        return 1
    path = console if kind in (None, "console") and console.exists() else folder / "logs" / LOGS.get(kind or "events", LOGS["events"])
    try:
        for text in _from(path, lines, folder if follow else None):
            click.echo(text, nl=False)
    except KeyboardInterrupt:  # the reader has enough; the run goes on
        return 0
    return 0


def _from(path: Path, lines: int, following: Path | None) -> Iterator[str]:
    """The end of `path`, then what is added to it until nobody works on `following`."""
    from runner.background import process_of

    at = _start(path, lines)
    while True:
        alive = following is not None and process_of(following) is not None  # before the file: nothing written last is missed
        if path.exists():
            with path.open("rb") as file:
                at = 0 if path.stat().st_size < at else at
                file.seek(at)
                data = file.read()
            whole = data if not alive else data[: data.rfind(b"\n") + 1]
            at += len(whole)
            if whole:
                yield whole.decode("utf-8", errors="replace")
        if not alive:
            return
        time.sleep(0.2)


def _start(path: Path, lines: int) -> int:
    """Where the last `lines` lines begin."""
    if lines <= 0 or not path.exists():
        return 0
    with path.open("rb") as file:
        end = at = file.seek(0, 2)
        tail = b""
        while at and tail.count(b"\n") <= lines:
            at = max(0, at - CHUNK)
            file.seek(at)
            tail = file.read(end - at)
    kept = tail.splitlines(keepends=True)[-lines:]
    return end - sum(map(len, kept))
