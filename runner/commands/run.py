"""recipe run: make what the recipe describes, reuse what is there."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from runner.console import Screen
    from runner.meant import Meant
    from runner.overrides import Overrides
    from runner.selection import Options
    from runner.statcache import StatCache
    from schemas.findings import Finding
    from schemas.records import RunRecord

DETACH_WAIT_S = 60.0  # for its folder: after that it is looked for by its process


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("recipe", metavar="RECIPE_OR_RUN")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a value: steps.base.max_steps=100.")
@click.option("--smoke", is_flag=True, help="Run every step tiny, in a store of its own.")
@click.option("--target", metavar="MACHINE", help="The machine it is meant for, instead of the recipe's own.")
@click.option("--force", multiple=True, metavar="[ID]", is_flag=False, flag_value="*", help="Make a step again; all, without an ID.")
@click.option("--only", multiple=True, metavar="ID", help="Run this step alone.")
@click.option("--from", "start", default="", metavar="ID", help="Run this step and all that depend on it.")
@click.option("--to", default="", metavar="ID", help="Run this step and all that it needs.")
@click.option("--why", is_flag=True, help="Say in full why each step was run or reused.")
@click.option("--dry-run", is_flag=True, help="Say what would run and why; do nothing.")
@click.option("--verify", is_flag=True, help="Believe no time stamp: read every file once more.")
@click.option("--detach", is_flag=True, help="Run in the background; a closed terminal does not end it.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings and the report's path only.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def run(
    recipe: str, sets: tuple[str, ...], smoke: bool, target: str | None, force: tuple[str, ...], only: tuple[str, ...],
    start: str, to: str, why: bool, dry_run: bool, verify: bool, detach: bool, quiet: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run a recipe, or a run's folder again. What has not changed is not done again."""
    from runner.console import screen_for
    from runner.launched import refuse_several
    from runner.overrides import Overrides
    from runner.resolve import project_of
    from runner.selection import Options
    from runner.statcache import StatCache
    from runner.surroundings import variables

    refuse_several(variables())
    file, smoke, pins = _asked(recipe, smoke)
    if detach:
        return _send_off(project_of(file))
    overrides = Overrides(sets=tuple(_pair(text) for text in sets), smoke=smoke, target=target)
    options = Options(
        force=frozenset(force) - {"*"}, force_all="*" in force, only=frozenset(only), start=start, to=to, verify=verify,
        dry_run=dry_run, pins=pins, command=tuple(sys.argv),
    )  # fmt: skip
    screen = screen_for(_words, quiet=quiet, as_json=as_json, why=why or dry_run)
    project = project_of(file)
    cache = StatCache(str(project / ".recipe" / "stat.json"), verify=verify)
    cache.watch(str(file.absolute()))  # before it is read: an edit during the run is then seen by the next one
    return _run(file, overrides, options, screen, cache)


def _send_off(project: Path) -> int:
    """Run this very command in the background. A recipe with errors, or with nothing to do, ends here as it would without."""
    from runner import background

    started = background.detach([word for word in sys.argv[1:] if word != "--detach"], project, wait_s=DETACH_WAIT_S)
    if started.code is not None:
        click.echo(started.said, nl=False)
        return started.code
    if started.folder is None:
        click.echo(f"still at its beginning after {DETACH_WAIT_S:g} s, process {started.pid}; it prints to {started.log}")
        return 0
    name = started.folder.name
    click.echo(f"{name} runs in the background; a closed terminal does not end it")
    click.echo(f"  recipe watch {name}\n  recipe logs -f {name}\n  recipe stop {name}")
    return 0


def _run(file: Path, overrides: "Overrides", options: "Options", screen: "Screen", cache: "StatCache") -> int:
    import gc

    from runner.executor import execute
    from runner.judge import mend

    meant, fixed = mend(file, overrides)
    findings = meant.findings
    if meant.smoke:  # a trial is there to find what would stop the real run, and tiny params hide it
        judged, fixed = mend(file, overrides._replace(smoke=False))
        findings = [*judged.findings, *(finding for finding in meant.errors if not judged.errors)]
    meant.fixed = [*meant.fixed, *(finding for finding in fixed if finding not in meant.fixed)]
    for path in meant.files[1:]:
        cache.watch(str(path.absolute()))
    for finding in meant.fixed:
        screen.fixed(finding)
    for finding in findings:
        if finding.severity != "info":
            screen.finding(finding)
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        screen.refused(errors, str(file))
        return 2
    gc.enable()
    gc.freeze()  # what is loaded by now stays: no collection need look at it
    record = execute(meant, options, screen, cache)
    if record.status == "done" and not options.dry_run:
        _remember(meant, cache, record)
    return _exit_code(record)


def _exit_code(record: "RunRecord") -> int:
    from runner.bugs import CODE

    if record.status == "stopped":
        return 130
    if record.status == "failed":
        return 3 if any(finding["code"] == CODE for finding in record.findings) else 1
    return 0


def _remember(meant: "Meant", cache: "StatCache", record: "RunRecord") -> None:
    """Let the quick way out know that this very command ended well."""
    from runner import fresh

    command = fresh.command_of(sys.argv[2:]) if sys.argv[1:2] == ["run"] else None
    if command is None:
        return
    page = record.folder / "reports" / "report.html"
    where = {"run": record.run, "folder": str(record.folder), "report": str(page if page.exists() else record.folder)}
    secrets = sorted(set(re.findall(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}", json.dumps(meant.data))))
    modules = {step.step.function.__module__.partition(".")[0] for step in meant.steps if step.step is not None}
    fresh.remember(str(meant.project), command, cache, where, secrets, sorted(modules))


def _asked(recipe: str, smoke: bool) -> tuple[Path, bool, tuple[tuple[str, str], ...]]:
    """The file to read, and for a run's folder whether it was a smoke run and which outside results it used."""
    file = Path(recipe)
    if not file.is_file():
        from runner.rundir import find_run

        if file.suffix in (".yaml", ".yml"):
            raise click.UsageError(f"there is no file {recipe}")
        if file.is_dir() and (inside := sorted([*file.glob("*.yaml"), *file.glob("*.yml")])):
            raise click.UsageError(f"{recipe} is a folder: name a recipe in it, such as {inside[0]}")
        file = find_run(Path.cwd(), recipe) / "config" / "run_config.json"
    config = file.parent
    if file.name != "run_config.json" or not (config.parent / "metadata.json").is_file():
        return file, smoke, ()
    was: dict[str, Any] = json.loads((config.parent / "metadata.json").read_text("utf-8"))
    outside = config / "outside.json"
    pins: dict[str, str] = json.loads(outside.read_text("utf-8")) if outside.is_file() else {}
    return file, smoke or bool(was.get("smoke")), tuple(sorted(pins.items()))


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.UsageError(f"--set wants KEY=VALUE, found {text!r}")
    return key, value


def _words(finding: "Finding") -> str:
    """A finding as text, in colour on a terminal."""
    from runner.screen import text

    return text([finding], _source, colour=sys.stdout.isatty())


def _source(file: str) -> str:
    try:
        return Path(file).read_text("utf-8", errors="replace")
    except OSError:
        return ""
