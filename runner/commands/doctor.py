"""recipe doctor: what is wrong with this machine and its Python, each with the one command that mends it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

import click

from runner.health import Seen, as_json, disk, handles, hub, interpreter, lone_clock, memory, shared_memory, text_encoding, worst
from runner.libraries import libraries
from runner.nearest import nearest
from runner.needs import Needs

COLOURS = {"ok": "32", "note": "36", "warning": "33", "broken": "31"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", required=False, metavar="[RECIPE]")
@click.option("--json", "plain", is_flag=True, help="Print one JSON object.")
@click.option("--offline", is_flag=True, help="Do not ask the network.")
def doctor(file: str | None, plain: bool, offline: bool) -> int:
    """Look at this machine and its Python; with a RECIPE, only at what that recipe needs.

    Exit code 0 when all is well or there are only warnings, 1 when something is broken that a run would stumble over, 2 when the
    RECIPE itself has errors or is not there.
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

    if needs.errors:
        yield _mistaken(needs)
    yield from interpreter()
    yield from text_encoding()
    yield from libraries(needs.extras, driver_version())
    yield from memory()
    yield from shared_memory()
    yield from handles()
    yield from disk(needs.project, needs.store, needs.disk_bytes)
    asked = list(hub(needed=needs.hub)) if not offline and (needs.recipe == "" or needs.hub) else []
    yield from asked
    if not any(each.name == "clock" for each in asked):
        yield lone_clock()


def _mistaken(needs: Needs) -> Seen:
    """A recipe that is not there, or has mistakes: what it needs is then known in part alone."""
    file = Path(needs.recipe)
    if not file.exists():
        there = [str(path) for pattern in ("*.yaml", "*.yml") for path in (*file.parent.glob(pattern), *Path("recipes").glob(pattern))]
        near = nearest(needs.recipe, there)
        return Seen("recipe", "broken", f"there is no file {file}", f"recipe doctor {quote(near)}" if near else "ls *.yaml recipes/*.yaml")
    if file.is_dir():
        return Seen("recipe", "broken", f"{file} is a folder, not a recipe", f"ls {quote(str(file))}")
    count, codes = len(needs.errors), ", ".join(dict.fromkeys(needs.errors))
    has = "a mistake" if count == 1 else f"{count} mistakes"
    return Seen("recipe", "broken", f"{file} has {has} ({codes}): recipe check names where", f"recipe check {quote(str(file))}")


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
