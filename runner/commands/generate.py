"""recipe generate: let a run's model write."""

import json
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any

import click


class Finite(click.FloatRange):
    """A number between bounds, and no `nan` or `inf`, which pass every comparison."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click's, then a look at it."""
        number = super().convert(value, param, ctx)
        return number if isfinite(number) else self.fail(f"{value} is no number to sample with", param, ctx)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", metavar="RUN_OR_FOLDER", default="latest")
@click.option("--prompt", "-p", "prompts", multiple=True, required=True, help="Text to continue, or the question; give it again for more.")
@click.option("--step", "step_id", default="", metavar="ID", help="The step that made the model, where a run has several; the last.")
@click.option("--chat/--no-chat", default=None, help="Ask in the model's chat template; where it has one, unless said otherwise.")
@click.option("--system", default="", help="A system message before the question.")
@click.option("--max-new-tokens", type=click.IntRange(1), default=200, show_default=True)
@click.option("--temperature", type=Finite(0), default=0.7, show_default=True, help="0 takes the likeliest token.")
@click.option("--top-k", type=click.IntRange(0), default=0, show_default=True, help="Draw of so many likeliest; 0: of all.")
@click.option("--top-p", type=Finite(0, 1, min_open=True), default=0.9, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a prompt, with the whole text.")
@click.option("--project", default=".", type=click.Path(exists=True, file_okay=False), help="The project, if it is not the current folder.")
def generate(
    run: str, prompts: tuple[str, ...], step_id: str, chat: bool | None, system: str, max_new_tokens: int, temperature: float,
    top_k: int, top_p: float, seed: int, as_json: bool, project: str,
) -> int:  # fmt: skip
    """Continue each prompt with the model of RUN (its id, `latest`, or a model's folder), as it is drawn."""
    folder = _folder(run, step_id, Path(project))
    try:
        from steps.lm.speak import answers, speak
    except ImportError as error:
        from schemas.findings import RecipeError

        raise RecipeError("R018", f"a model needs {error.name}, which is not installed", fix='pip install "recipe[train]"') from error
    notes: list[str] = []
    for prompt in prompts:
        pieces = speak(
            folder, prompt, chat=chat, system=system, max_new_tokens=max_new_tokens, temperature=temperature, top_k=top_k, top_p=top_p,
            seed=seed, told=notes.append,
        )  # fmt: skip
        if as_json:
            click.echo(json.dumps({"prompt": prompt, "text": "".join(pieces), "seed": seed}, ensure_ascii=False))
        else:
            begun = next(pieces, "")  # a model that cannot be opened says so before anything else is said
            click.echo(click.style(prompt, bold=True), nl=answers(folder, chat))
            for piece in chain([begun], pieces):
                click.echo(piece, nl=False)
            click.echo("\n" if len(prompts) > 1 else "")
        for note in notes:
            click.echo(note, err=True)
        notes.clear()
    return 0


def _folder(run: str, step_id: str, project: Path) -> Path:
    """The model's folder. Raises RecipeError R006 for no such run, R017 for one without a model."""
    from runner.rundir import find_run, read_record
    from schemas.findings import RecipeError

    if (Path(run) / "config.json").is_file():
        return Path(run)
    if (Path(run) / "adapter_config.json").is_file():
        raise RecipeError("R017", f"{run} holds an adapter, and no model without its base", fix="name the run: it keeps the merged model")
    folder = find_run(project, run)
    record = read_record(folder)
    made = [step for step in (record.steps if record else []) if step.kind == "Checkpoint" and step.artifact is not None]
    chosen = [step for step in made if step.id == step_id] if step_id else made
    if not chosen or chosen[-1].artifact is None:
        names = ", ".join(dict.fromkeys(step.id for step in made))
        message = f"{folder.name} has no model" + (f" of a step {step_id}" if step_id else "")
        raise RecipeError("R017", message, fix=f"name one of {names}" if names else "see `recipe list` for a run that trained one")
    return chosen[-1].artifact
