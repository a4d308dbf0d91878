"""recipe convert: a foreign checkpoint as a folder that every step opens."""

from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--tokenizer", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its tokenizer (tok512.bin, tokenizer.bin)."
)
@click.option("--out", type=click.Path(path_type=Path), help="The new folder.  [default: one of its name, here]")
def convert(file: Path, tokenizer: Path | None, out: Path | None) -> int:
    """Write a checkpoint of llama2.c and its tokenizer as a transformers folder.

    A recipe then names the folder: `model: {base: {path: FOLDER}}`.
    """
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
