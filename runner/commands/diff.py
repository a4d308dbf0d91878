"""recipe diff: in what two runs differ."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from schemas.records import RunRecord, StepRecord


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def diff(first: str, second: str, as_json: bool, project: str) -> int:
    """Say in what two runs differ: recipe, params, results, measurements, versions, machine."""
    from runner.rundir import find_run, read_record
    from schemas.findings import RecipeError

    records = []
    for name in (first, second):
        record = read_record(find_run(Path(project), name))
        if record is None:
            raise RecipeError("R006", f"the record of run {name} cannot be read", fix="see `recipe list` for the others")
        records.append(record)
    found = differences(*records)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return 0
    click.echo(f"{records[0].run}  ->  {records[1].run}")
    for title, rows in found.items():
        if rows:
            click.echo(f"\n{title}")
            for name, (before, after) in rows.items():
                click.echo(f"  {name}: {_short(before)} -> {_short(after)}")
    if not any(found.values()):
        click.echo("they do not differ")
    return 0


def differences(first: "RunRecord", second: "RunRecord") -> dict[str, dict[str, tuple[Any, Any]]]:
    """Heading to name to (before, after), of what differs only."""
    steps = [{step.id: step for step in record.steps} for record in (first, second)]
    top = [{k: v for k, v in flat(record.resolved).items() if not k.startswith("steps")} for record in (first, second)]
    machine = [flat(record.hardware.get("machine", {})) for record in (first, second)]
    return {
        "recipe": changed(*top),
        "params": changed(*({k: v for s in one.values() for k, v in flat(s.params, s.id).items()} for one in steps)),
        "results": changed(*({s.id: s.digest[:12] or s.status for s in one.values()} for one in steps)),
        "measurements": changed(*({k: v for s in one.values() for k, v in _measured(s).items()} for one in steps)),
        "versions": changed(first.packages, second.packages),
        "machine": changed(*machine),
        "commit": changed({"git": first.git_commit}, {"git": second.git_commit}),
    }


def _measured(step: "StepRecord") -> dict[str, Any]:
    """The step's figures: numbers and words of its statistics, no lists."""
    return {name: value for name, value in flat(step.stats, step.id).items() if isinstance(value, int | float | str)}


def flat(data: Any, prefix: str = "") -> dict[str, Any]:
    """Nested dicts as one, names joined by dots."""
    if not isinstance(data, dict):
        return {prefix: data}
    return {k: v for name, value in data.items() for k, v in flat(value, f"{prefix}.{name}" if prefix else str(name)).items()}


def changed(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs, in the order of the first, then what is new."""
    names = [*first, *(name for name in second if name not in first)]
    return {name: (first.get(name), second.get(name)) for name in names if first.get(name) != second.get(name)}


def _short(value: Any, width: int = 60) -> str:
    value = float(f"{value:.6g}") if isinstance(value, float) else value
    text = "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= width else text[: width - 1] + "…"
