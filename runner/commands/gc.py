"""recipe gc: what stopped runs left half-done in the store, and which of it nobody will go on from."""

import json
import sys
import time
from pathlib import Path

import click

from runner.commands.list import table

DAY_S = 86_400


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--remove", "removing", is_flag=True, help="Delete what no recipe here goes on from.")
@click.option("--days", default=0.0, show_default=True, metavar="N", help="Only what was not touched for so many days.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def gc(removing: bool, days: float, as_json: bool, project: str) -> int:
    """List the half-done work in the store; with --remove, delete what no recipe here goes on from. Results stay."""
    from runner.screen import in_bytes
    from runner.stale import left_behind

    now = time.time()
    found = [one for one in left_behind(Path(project)) if now - one.half.when >= days * DAY_S]
    stale = [one for one in found if one.stale]
    cleared = {id(one) for one in stale if removing and one.clear()}
    if as_json:
        for one in found:
            row = {"recipe": one.half.recipe, "id": one.half.step_id, "steps": one.steps, "bytes": one.size,
                   "seconds": round(now - one.half.when), "stale": one.stale, "why": one.why, "removed": id(one) in cleared}  # fmt: skip
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        return 0
    rows = [["recipe", "step", "done", "size", "age", ""]]
    for one in found:
        done = f"{one.steps:,} steps" if one.steps else ""
        fate = "removed" if id(one) in cleared else "stale" if one.stale else "kept"
        rows.append([one.half.recipe, one.half.step_id, done, in_bytes(one.size), age(now - one.half.when), f"{fate}: {one.why}"])
    if not found:
        sys.stdout.write("nothing half-done is in the store\n")
        return 0
    size = in_bytes(sum(one.size for one in stale if not removing or id(one) in cleared))
    ending = f"{len(cleared)} removed, {size}" if removing else f"recipe gc --remove frees {size}" if stale else "nothing is stale"
    sys.stdout.write("\n".join([*table(rows), ending]) + "\n")
    return 0


def age(seconds: float) -> str:
    """`5 min`, `3 h`, `12 days`."""
    for length, word in ((DAY_S, "days"), (3600, "h")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {word}"
    return f"{max(0.0, seconds) / 60:.0f} min"
