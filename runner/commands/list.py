"""recipe list: the runs of a project, oldest first."""

import json
import os
from pathlib import Path
from typing import Any

import click


@click.command(name="list", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a run.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def list(as_json: bool, project: str) -> int:
    """List the runs: id, recipe, how each ended, when, how long it took, its validation loss."""
    from runner.rundir import find_runs

    rows = [row for folder in find_runs(Path(project)) if (row := _row(folder)) is not None]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False))
        return 0
    if not rows:
        click.echo(f"no runs in {os.path.join(project, 'runs')}")
        return 0
    for line in table([["run", "recipe", "status", "when", "took", "val loss"], *([_cell(row, key) for key in row] for row in rows)]):
        click.echo(line)
    return 0


def _row(folder: Path) -> dict[str, Any] | None:
    """What the table shows of a run. Read as plain JSON: a hundred records need no validation to be listed."""
    try:
        data = json.loads((folder / "metadata.json").read_text("utf-8"))
        stats = [step.get("stats", {}) for step in data["steps"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    losses = [found for one in stats for name in ("training", "validation") if (found := one.get(name, {}).get("val_loss")) is not None]
    status = data.get("status", "")
    if status == "running":
        from runner.background import process_of

        status = status if process_of(folder) is not None else "killed"
    return {
        "run": folder.name, "recipe": data.get("recipe", "") + (" (smoke)" if data.get("smoke") else ""), "status": status,
        "when": data.get("started", ""), "seconds": data.get("seconds", 0.0), "val_loss": losses[-1] if losses else None,
    }  # fmt: skip


def _cell(row: dict[str, Any], key: str) -> str:
    from runner.console import duration

    value = row[key]
    if key == "when":
        return str(value)[:16].replace("T", " ")
    if key == "seconds":
        return duration(value) if row["status"] not in ("running", "killed") else ""
    return "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)


def table(rows: Any) -> Any:
    """Rows of text as lines with aligned columns."""
    lines = [*rows]
    widths = [max(len(row[column]) for row in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in lines]
