"""recipe convert: a foreign checkpoint as a folder that every step opens, another trainer's configuration as a recipe."""

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--tokenizer", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its tokenizer (tok512.bin, tokenizer.bin)."
)
@click.option("--out", type=click.Path(path_type=Path), help="The new folder, or recipe.  [default: one of its name, here or in recipes/]")
def convert(file: Path, tokenizer: Path | None, out: Path | None) -> int:
    """Write another trainer's configuration as a recipe, or a checkpoint of llama2.c and its tokenizer as a transformers folder.

    A recipe then names the folder: `model: {base: {path: FOLDER}}`. Configurations are those of transformers, axolotl, LLaMA-Factory,
    torchtune, nanoGPT and their like: YAML, JSON, TOML, a Python file of assignments, or a script with the command's flags.
    """
    from runner.otherconfigs import ENDINGS

    if file.suffix.lower() in ENDINGS and file.is_file():
        return _config(file, out)
    return _checkpoint(file, tokenizer, out)


def _config(file: Path, out: Path | None) -> int:
    """A recipe of what can be taken over, and what cannot, with why, as comments below it."""
    from runner.foreign import foreign
    from runner.otherconfigs import CODE, read_config
    from runner.resolve import mean
    from runner.screen import text
    from runner.statcache import write_atomic
    from schemas.findings import RecipeError

    if file.suffix.lower() in (".yaml", ".yml"):
        meant = mean(file)
        if meant.steps or not any(finding.code == "K011" for finding in meant.findings):
            if not meant.steps and meant.errors:
                click.echo(text(meant.errors, lambda name: Path(name).read_text("utf-8", "replace"), file=str(file)))
                return 2
            raise RecipeError(CODE, f"{file} is a recipe already", fix=f"recipe check {file}")
        keys = {key: value for key, value in meant.data.items() if key != "steps" and value is not None}
    else:
        keys = read_config(file)
    made = foreign(keys, file.stem)
    target = out or Path("recipes", f"{file.stem}.yaml")
    if target.exists():
        raise RecipeError("C051", f"{target} is there already", fix="name another: --out recipes/NAME.yaml, or move it away")
    why = [f"#   {key}: {' '.join(reason.split())}" for key, reason in made.left.items()]
    left = [f"# Not taken over from {file.name}:", *why] if why else []
    try:
        write_atomic(str(target), "\n".join([f"# Made of {file.name} by `recipe convert`.", made.recipe, *left, ""]), sync=True)
    except OSError as error:
        raise RecipeError(CODE, f"{target} cannot be written: {error.strerror}", fix="name another place: --out FILE") from error
    taken = f"{made.keys - len(made.left)} of {made.keys} keys of {file.name}"
    click.echo(f"{target}: {taken}" + (f"; {len(why)} left out, each with why at its end" if why else ""))
    click.echo(f"  next: recipe check {target}")
    return 0


def _checkpoint(file: Path, tokenizer: Path | None, out: Path | None) -> int:
    from schemas.findings import RecipeError

    try:
        from steps.lm import llama2c
    except ImportError as error:
        raise RecipeError("R018", f"a model needs {error.name}, which is not installed", fix='pip install "recipe[train]"') from error
    if file.is_dir():
        raise RecipeError(llama2c.CODE, f"{file} is a folder: recipes take transformers folders as they are", fix="name the file, or "
                          f"write model: {{base: {{path: {file}}}}}")  # fmt: skip
    llama2c.read_shape(file)
    if tokenizer is None:
        near = sorted(p.name for p in file.resolve().parent.glob("tok*.bin"))
        raise RecipeError(llama2c.CODE, f"{file.name} holds no tokenizer: llama2.c keeps it in a file of its own",
                          fix=f"add --tokenizer {file.parent / near[0] if near else 'tokenizer.bin'}")  # fmt: skip
    folder = out or Path(file.stem)
    made = llama2c.convert(file, tokenizer, folder)
    click.echo(
        f"{folder}: a llama of {made['parameters']:,} parameters, {made['layers']} layers of {made['width']}, {made['positions']} "
        f"positions, {made['vocabulary']:,} tokens\n  in a recipe: model: {{base: {{path: {folder}}}}}"
    )
    return 0
