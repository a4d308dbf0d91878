"""recipe schema: the JSON Schema of the recipe language, for editors."""

import json
import sys

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def schema() -> int:
    """Print the JSON Schema of recipes. Editors read it through the line `# yaml-language-server: $schema=…` on top of a recipe."""
    from runner.jsonschema import build

    sys.stdout.write(json.dumps(build(), ensure_ascii=False, indent=1) + "\n")
    return 0
