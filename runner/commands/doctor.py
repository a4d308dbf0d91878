"""recipe doctor: what is wrong with this machine and its Python, each with the one command that mends it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from runner.health import Seen, as_json, disk, handles, hub, interpreter, memory, shared_memory, text_encoding, worst
from runner.libraries import libraries
from runner.needs import Needs

COLOURS = {"ok": "32", "note": "36", "warning": "33", "broken": "31"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False, metavar="[RECIPE]")
@click.option("--json", "plain", is_flag=True, help="Print one JSON object.")
@click.option("--offline", is_flag=True, help="Do not ask the network.")
def doctor(file: str | None, plain: bool, offline: bool) -> int:
    """Look at this machine and its Python; with a RECIPE, only at what that recipe needs.

    Exit code 0 when all is well or there are only warnings, 1 when something is broken that a run would stumble over, 2 when the
    RECIPE itself has errors.
    """
    from runner.needs import needs_of

    needs = needs_of(Path(file)) if file else Needs()
    seen = list(_seen(needs, offline))
    if plain:
        sys.stdout.write(json.dumps(as_json(seen), ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(shown(seen, needs.recipe) + "\n")
    return 2 if needs.errors else 1 if worst(seen) == "broken" else 0


def _seen(needs: Needs, offline: bool) -> Iterator[Seen]:
    from runner.hardware import driver_version

    yield from interpreter()
    yield from text_encoding()
    yield from libraries(needs.extras, driver_version())
    yield from memory()
    yield from shared_memory()
    yield from handles()
    yield from disk(needs.project, needs.store, needs.disk_bytes)
    if not offline and (needs.recipe == "" or needs.hub):
        yield from hub(needed=needs.hub)


def shown(seen: list[Seen], recipe: str = "", columns: int | None = None) -> str:
    """The screen: a line a matter, its remedy below it, and the sum; wrapped to `columns`, a remedy never (it is to be copied)."""
    from textwrap import wrap

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    if columns is None:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 120
    width = max(len(each.name) for each in seen)
    margin = " " * (11 + width)
    lines = []
    for each in seen:
        state = f"\033[{COLOURS[each.state]}m{each.state:<7}\033[0m" if colour else f"{each.state:<7}"
        first, *more = wrap(each.found, max(40, columns - len(margin) - 1), break_long_words=False, break_on_hyphens=False) or [""]
        lines += [f"{state}  {each.name:<{width}}  {first}", *(f"{margin}{line}" for line in more)]
        if each.mend and each.state != "ok":
            lines.append(f"{margin}fix: {each.mend}")
    counts = [(sum(each.state == state for each in seen), word) for state, word in (("broken", "broken"), ("warning", "to look at"))]
    said = ", ".join(f"{count} {word}" for count, word in counts if count) or "all is well"
    return "\n".join([*lines, "", f"{recipe}: {said}" if recipe else said])
