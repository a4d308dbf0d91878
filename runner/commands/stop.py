"""recipe stop: ask a run to save and end, so that it goes on later where it was."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from schemas.records import RunRecord

MEANT = ("--set", "--target")  # options with a value that say what is run; so does --smoke


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", required=False)
@click.option("--now", is_flag=True, help="Interrupt the step: what it did since its last save is done again later.")
@click.option("--wait", "wait_s", default=600.0, show_default=True, metavar="SECONDS", help="How long to wait for the end.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def stop(run: str | None, now: bool, wait_s: float, project: str) -> int:
    """Stop RUN, or the only one at work: it saves first, and `recipe run` goes on from there."""
    from runner import background
    from runner.rundir import read_record

    folder = background.chosen(Path(project), run, running=True)
    told: list[float] = []

    def waiting(seconds: float) -> None:
        if seconds > 2 and not told:
            told.append(seconds)
            click.echo(f"{folder.name} is saving; waiting for its end")

    if not background.stop(folder, wait_s=wait_s, now=now, each=waiting):
        click.echo(f"{folder.name} was asked to stop and has not ended after {wait_s:g} s: `recipe stop {folder.name} --now` interrupts it")
        return 1
    record = read_record(folder)
    status = record.status if record is not None and record.status != "running" else "killed"
    again = f"; `{_again(record)}` goes on" if record is not None and record.file and status != "done" else ""
    click.echo(f"{folder.name}: {status}{again}")
    for step in record.steps if record is not None else ():
        if step.status == "failed":  # a save that found no room, for one
            click.echo(f"  {step.id} failed: {step.reason}")
    return 0


def _again(record: "RunRecord") -> str:
    """The command that goes on where the run of `record` was: with what was changed on its command line."""
    words = record.command
    changed = [word for before, word in zip(["", *words], words, strict=False)
               if word == "--smoke" or word.partition("=")[0] in MEANT or before in MEANT]  # fmt: skip
    return shlex.join(["recipe", "run", record.file, *changed])
