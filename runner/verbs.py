"""The click group: it knows its verbs by their files' names and loads only the one that is asked for."""

from importlib import import_module
from pathlib import Path

import click

from runner.nearest import nearest

FOLDER = Path(__file__).parent / "commands"


class Verbs(click.Group):
    """Verbs by file name; an unknown one is answered with the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, sorted."""
        return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, its file imported."""
        if not (FOLDER / f"{cmd_name}.py").is_file() or cmd_name.startswith("_"):
            return None
        command = getattr(import_module(f"runner.commands.{cmd_name}"), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but with the nearest name."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            verbs = self.list_commands(ctx)
            best = nearest(name, verbs)
            hint = f"did you mean `recipe {best}`?" if best else f"there are: {', '.join(verbs)}"
            if name.endswith((".yaml", ".yml")):
                hint = f"did you mean `recipe run {name}`?"
            raise click.UsageError(f"there is no verb {name!r}; {hint}", ctx)
        return name, command, args[1:]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(package_name="recipe", prog_name="recipe")
def recipe() -> None:
    """Train language models from one YAML file that is checked before it costs anything."""
