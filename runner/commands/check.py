"""recipe check: everything that is wrong with a recipe, before anything runs; and the safe fixes, written into the file."""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from runner.judge import Mended, judge, mendable, mended, source_of
from runner.meant import Meant
from runner.overrides import Overrides, split_set
from runner.resolve import mean
from runner.screen import closing, github, head, text
from schemas.findings import Edit, Finding, RecipeError

OF_MEMORY = ("B010", "B013")
FORMATS = ("text", "json", "sarif", "github", "forecast")


@dataclass
class Checked:
    """One recipe after its check. before: the file's text as it was, when fixes were asked for."""

    file: Path
    meant: Meant
    fixed: list[Finding] = field(default_factory=list)
    before: str = ""
    after: str = ""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--fix", is_flag=True, help="Write the safe fixes into the files.")
@click.option("--diff", is_flag=True, help="Print what the safe fixes change; nothing is written without --fix.")
@click.option(
    "--format", "shape", type=click.Choice(FORMATS), default="text", help="How findings are printed; forecast: the cost, as JSON."
)
@click.option("--target", metavar="MACHINE", help="The machine it is meant for, instead of the recipe's own; t4,l4,here compares.")
@click.option("--because", is_flag=True, help="Say where each figure of the forecast comes from.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a value: steps.base.max_steps=100.")
@click.option("--online", is_flag=True, help="Look models and data sets up on the hub, and fetch their small files.")
def check(
    files: tuple[str, ...], fix: bool, diff: bool, shape: str, target: str | None, because: bool, sets: tuple[str, ...], online: bool
) -> int:
    """Say what is wrong with recipes; all of recipes/ without FILES. Exit code 2 when there are errors."""
    if target is not None and "," in re.sub(r"\{.*?\}", "", target):
        if fix or diff or because or online or shape in ("sarif", "github"):
            raise click.UsageError("several targets are compared in a table or as JSON alone: name one --target for the other options")
        return _compare(files, tuple(_pair(given) for given in sets), target, shape)
    overrides = Overrides(tuple(_pair(given) for given in sets), target=target)
    checked = [_checked(Path(name), overrides, fix or diff, online) for name in files or _all_recipes()]
    if fix:
        for each in checked:
            if each.after != each.before:
                write(each.file, each.after)
    if diff:
        sys.stdout.write("".join(_difference(each) for each in checked))
    if fix or not diff or shape != "text":
        _print(checked, shape, fixing=fix, because=because)
    left = [f for each in checked for f in (each.meant.findings if fix or not diff else each.meant.findings + each.fixed)]
    return 2 if any(f.severity == "error" for f in left) else 0


def _pair(typed: str) -> tuple[str, str]:
    found = split_set(typed)
    if found is None:
        raise click.UsageError(f"--set {typed}: write it as KEY=VALUE")
    return found


def _all_recipes() -> list[str]:
    found = sorted(str(p) for suffix in ("yaml", "yml") for p in Path("recipes").glob(f"*.{suffix}"))
    if not found:
        raise click.UsageError("there is no folder recipes/ with recipes here: name the files")
    return found


def _checked(file: Path, overrides: Overrides, mending: bool, online: bool = False) -> Checked:
    asked: list[Finding] = []
    if online:
        from runner.online import look_up  # the hub's client is heavy, and the network is only used when asked for

        asked = look_up(mean(file, overrides))
    if not mending:
        meant = mean(file, overrides)
        judge(meant)
        meant.findings += asked
        return Checked(file, meant)
    result: Mended = mended(file, overrides, alone=True)
    result.meant.findings += asked
    return Checked(file, result.meant, result.fixed, source_of({}, str(file)), source_of(result.texts, str(file)))


def _compare(files: tuple[str, ...], sets: tuple[tuple[str, str], ...], target: str, shape: str) -> int:
    """Each recipe on each of the machines, side by side; exit code 2 when it has errors on all of them, or one is not known."""
    from runner.cost import compare, plain

    names = [name.strip() for name in re.split(r",(?![^{]*\})", target) if name.strip()]
    good = True
    blocks: list[Any] = []
    for file in files or _all_recipes():
        each = [_checked(Path(file), Overrides(sets, target=name), False).meant for name in names]
        good &= any(not meant.errors for meant in each) and not any(f.code == "H001" for meant in each for f in meant.findings)
        if shape in ("json", "forecast"):
            blocks.append([plain(meant) for meant in each])
            continue
        known = [meant for meant in each if not any(f.code == "H001" for f in meant.findings)]
        blocks.append(
            "\n\n".join(filter(None, [*_errors_of(each, names), f"{file}\n{table}" if (table := compare(known or each)) else ""]))
        )
    sys.stdout.write((json.dumps(blocks, ensure_ascii=False, indent=1) if shape in ("json", "forecast") else "\n\n".join(blocks)) + "\n")
    return 0 if good else 2


def _errors_of(each: list[Meant], names: list[str]) -> list[str]:
    """The errors of one recipe on several machines, once each, with the machines where it is not one on all; not what the table says."""
    on: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Finding] = {}
    for meant, name in zip(each, names, strict=True):
        for finding in meant.findings:
            if finding.severity == "error" and finding.code not in OF_MEMORY:
                first.setdefault((finding.code, finding.message), finding)
                on.setdefault((finding.code, finding.message), []).append(name)
    colour, width = _terminal()
    said = []
    for key, finding in first.items():
        if finding.code == "H001":
            said.append(f"{finding.message}\n  fix: {finding.fix}")
            continue
        shown = text([finding], lambda file: source_of({}, file), file=str(each[0].file), colour=colour, width=width)
        said.append(shown if len(on[key]) == len(names) else f"on {', '.join(on[key])}:\n{shown}")
    return said


def _print(checked: list[Checked], shape: str, *, fixing: bool, because: bool = False) -> None:
    texts = {each.file: each.after for each in checked if fixing and each.after}
    findings = [f for each in checked for f in each.meant.findings]
    alone = str(checked[0].file) if len(checked) == 1 else ""
    if shape == "json":
        from runner.sarif import as_json

        sys.stdout.write(as_json(findings, alone) + "\n")
    elif shape == "sarif":
        from runner.pages import pages
        from runner.sarif import sarif

        sys.stdout.write(sarif(findings, pages(), lambda name, edits: _patch(texts, name, edits), _version(), alone) + "\n")
    elif shape == "forecast":
        from runner.cost import plain

        sys.stdout.write(json.dumps([plain(each.meant) for each in checked], ensure_ascii=False, indent=1) + "\n")
    elif shape == "github":
        sys.stdout.write("".join(f"{github(each.meant.findings, str(each.file))}\n" for each in checked if each.meant.findings))
    else:
        colour, width = _terminal()
        shown = [_shown(each, texts, colour=colour, width=width, many=len(checked) > 1, because=because) for each in checked]
        sys.stdout.write("\n\n".join(shown) + "\n")


def _shown(
    each: Checked, texts: dict[Path, str], *, colour: bool = False, width: int = 120, many: bool = False, because: bool = False
) -> str:
    """One recipe's screen: what was fixed, what is left, and the line that sums it up."""
    from runner.cost import all_clear, forecast

    name = str(each.file)
    blocks = [f"{head(f, name)}\n  fixed: {'; '.join(map(_done, f.edits))}" for f in each.fixed] if texts else []
    blocks += [text([f], lambda file: source_of(texts, file), file=name, colour=colour, width=width) for f in each.meant.findings]
    said = closing(each.meant.findings, name, mendable(each.meant))
    if not said:
        said = all_clear(each.meant, name, because=because)
    else:
        said = f"{name}: {said}" if many else said
        if all(f.code in OF_MEMORY for f in each.meant.errors):  # then the table says what does not fit
            said = "\n".join([said, *forecast(each.meant, because=because)])
    return "\n\n".join([*blocks, said])


def _done(edit: Edit) -> str:
    """A change that was made, in the words of the recipe."""
    from runner.written import written

    name = ".".join(str(part) for part in edit.path[2 if edit.path[0] == "steps" else 0 :])
    if edit.action == "set":
        return f"{name}: {written(edit.value)}"
    if edit.action == "delete":
        return f"{name} deleted"
    return f"{name} is now {edit.key}" + (f": {written(edit.value)}" if edit.value is not None else "")


def screen(file: Path, overrides: Overrides | None = None, *, fix: bool = False) -> str:
    """The screen of `recipe check FILE` as it is printed in a pipe; with `fix`, that of --fix, without writing."""
    each = _checked(file, overrides or Overrides(), fix)
    return _shown(each, {each.file: each.after} if fix else {})


def fixed_text(file: Path, overrides: Overrides | None = None) -> str:
    """The text of `file` as --fix would leave it."""
    return _checked(file, overrides or Overrides(), True).after


def write(file: Path, content: str) -> None:
    """Replace a file's text in one motion; its mode stays, and a link still points to it.

    Raises RecipeError Y012 when the folder or the file may not be written.
    """
    real = os.path.realpath(file)
    half = f"{real}.{os.getpid()}.half"
    try:
        mode = os.stat(real).st_mode
        if not os.access(real, os.W_OK):
            raise PermissionError(13, "permission denied")
        with open(half, "xb") as out:
            out.write(content.encode("utf-8"))
            out.flush()
            os.fsync(out.fileno())
        os.chmod(half, mode & 0o7777)
        os.replace(half, real)
    except OSError as error:
        if os.path.exists(half):
            os.unlink(half)
        reason = (error.strerror or str(error)).lower()
        raise RecipeError("Y012", f"{file} cannot be written: {reason}", fix="give it write permission, or use --diff") from None


def _difference(each: Checked) -> str:
    """The unified diff of the fixes; line ends as they are in the file."""
    if each.before == each.after:
        return ""
    from difflib import unified_diff

    name = str(each.file)
    lines = unified_diff(each.before.splitlines(keepends=True), each.after.splitlines(keepends=True), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _patch(texts: dict[Path, str], name: str, edits: Sequence[Edit]) -> tuple[int, int, str] | None:
    from runner.repair import CannotEdit, edited, patch

    before = source_of(texts, name)
    try:
        return patch(before, edited(before, edits))
    except CannotEdit:
        return None


def _terminal() -> tuple[bool, int]:
    """Whether to use colours, and the width of the screen."""
    if not sys.stdout.isatty():
        return False, 120
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return colour, os.get_terminal_size(sys.stdout.fileno()).columns or 120


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("recipe")
    except PackageNotFoundError:
        return "0"
