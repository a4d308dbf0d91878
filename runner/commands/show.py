"""recipe show: the recipe as meant, with the origin of every value."""

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change a value: steps.base.max_steps=100.")
@click.option("--smoke", is_flag=True, help="As --smoke would run it, every step tiny.")
@click.option("--target", metavar="MACHINE", help="The machine it is meant for, instead of the recipe's own.")
@click.option("--origins/--no-origins", default=True, help="Say behind each value where it comes from (default), or only the values.")
@click.option("--rows", type=click.IntRange(1), metavar="N", help="Instead: the first N rows of the data as training will see them.")
def show(file: Path, sets: tuple[str, ...], smoke: bool, target: str | None, origins: bool, rows: int | None) -> int:
    """Print a recipe as it is meant: extends, vars, defaults and wiring filled in. What is printed can be run."""
    from runner.asmeant import rendered
    from runner.overrides import Overrides, split_set
    from runner.resolve import mean

    pairs = []
    for typed in sets:
        pair = split_set(typed)
        if pair is None:
            raise click.UsageError(f"--set {typed}: write it as KEY=VALUE")
        pairs.append(pair)
    meant = mean(file, Overrides(tuple(pairs), smoke, target))
    if rows is not None and meant.steps:
        from runner.firstrows import first_rows

        lines, found = first_rows(meant, rows)
        click.echo("\n".join(lines))
        meant.findings += [f.at(meant.place(f.path)) for f in found]
    elif meant.steps:
        click.echo(rendered(meant, origins), nl=False)
    if meant.findings:
        from runner.screen import text

        click.echo(text(meant.findings, _source, file=str(file)), err=True)
    return 2 if meant.errors else 0


def _source(name: str) -> str:
    try:
        return Path(name).read_text("utf-8", "replace")
    except OSError:
        return ""
