"""Recipes as meant, made by hand, and tiny steps: the executor's tests need no YAML."""

import compileall
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

from runner.console import Screen
from runner.meant import Link, Meant, StepMeant
from runner.selection import Options
from schemas import Artifact, Machine, NotInKey, Read, RunRecord, Step, StepParams, step
from schemas.findings import Finding, RecipeError
from schemas.machine import GIB
from schemas.recipe import Recipe
from schemas.records import StepRecord
from tests.conftest import ROOT

HERE = Machine(name="here", kind="cpu", memory_bytes=8 * GIB, system_bytes=8 * GIB, fp16=False, cores=2)


class Words(Artifact):
    """One text file."""

    length: int = 0

    @property
    def text(self) -> str:
        return (self.path / "words.txt").read_text()


class Say(StepParams):
    text: str = ""
    upper: bool = False
    file: str = ""
    fail: str = ""
    threads: Annotated[int, NotInKey] = 1


ran: list[str] = []  # ids of the steps whose functions were called


def write(context: Any, text: str) -> Words:
    ran.append(context.step_id)
    (context.workdir / "words.txt").write_text(text)
    return Words(length=len(text)).save(context.workdir)


@step(version=1)
def say(params: Say, words: list[Words] | None, context: Any) -> Words:
    """Write the text of the inputs, of the file and of `text`, one after the other."""
    if params.fail == "bug":
        raise ZeroDivisionError("a slip")
    if params.fail:
        raise RecipeError("X009", params.fail, field="fail", fix="do not")
    text = "".join(item.text for item in words or []) + params.text
    if params.file:
        text += (context.project / params.file).read_text()
    context.stats("say", {"length": len(text)})
    return write(context, text.upper() if params.upper else text)


@say.reads
def _reads(params: Say, project: Path) -> list[Read]:
    return [Read(params.file, project / params.file)] if params.file else []


@step(version=1)
def vouch(params: StepParams, words: Words, context: Any) -> Words:
    """Say that the words are good."""
    ran.append(context.step_id)
    return words


@step(version=1, last=True)
def tell(params: StepParams, context: Any) -> Words:
    """Tell of the whole run."""
    return write(context, " ".join(f"{s.id}:{s.status}" for s in context.record.steps))


def alone(kind: Step) -> Step:
    """The step as if it stood in a package of its own: its key then holds no digest of this whole folder of tests."""
    kind.function.__module__ = "a_package_of_its_own"
    return kind


for _kind in (say, vouch, tell):
    alone(_kind)


def meant_of(project: Path, *steps: tuple[Any, ...], seed: int = 1, name: str = "hand") -> Meant:
    """A recipe of (step, id, params, inputs) rows; inputs: name to ids, or to links."""
    made = []
    for kind, step_id, params, inputs in steps:
        links = {key: [v if isinstance(v, Link) else Link(step=v) for v in value] for key, value in inputs.items()}
        after = [s.id for s in made] if kind.last else []
        made.append(StepMeant(step_id, kind.name, kind, params, kind.params.model_validate(params), links, after))
    data = {"recipe": name, "seed": seed, "steps": [{"type": s.type, "id": s.id, **s.raw} for s in made]}
    recipe = Recipe(recipe=name, seed=seed, steps=data["steps"])
    file = project / "hand.yaml"
    return Meant(file, project, data, recipe, HERE, made, [s.id for s in made], files=[file])


class Heard(Screen):
    """A screen that keeps what it is told."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.mended: list[str] | None = None

    def finding(self, finding: Finding) -> None:
        self.findings.append(finding)

    def unchanged(self, record: RunRecord, mended: Any) -> None:
        self.mended = list(mended)


def run(meant: Meant, screen: Screen | None = None, **options: Any) -> dict[str, StepRecord]:
    """Execute; the records by id. `ran` holds what was called in this run only."""
    from runner.executor import execute

    ran.clear()
    return {s.id: s for s in execute(meant, Options(**options), screen).steps}


def sample_site(folder: Path) -> Path:
    """A folder for PYTHONPATH in which the sample package looks installed, and is compiled as pip does it."""
    info = folder / "steps_sample-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "steps_sample" / "steps_sample.py", folder)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: steps-sample\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[recipe.steps]\nshell = steps_sample:shell\n")
    compileall.compile_dir(folder, quiet=2)
    return folder


def project(folder: Path, text: str) -> Path:
    """A project whose recipe is `text`, with the sample package beside it. Returns the recipe's path."""
    sample_site(folder / "site")
    (folder / "recipes").mkdir()
    file = folder / "recipes" / "it.yaml"
    file.write_text(text)
    return file


def recipe_command(folder: Path, *arguments: str, **variables: str) -> list[Any]:
    """What to start, and how, for `recipe ARGUMENTS` in `folder`."""
    env = {**os.environ, "PYTHONPATH": f"{folder / 'site'}", **variables}
    return [[sys.executable, "-c", "import sys; from runner.cli import main; sys.exit(main())", *arguments], {"cwd": folder, "env": env}]


def recipe(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `recipe ARGUMENTS` to its end."""
    command, how = recipe_command(folder, *arguments, **variables)
    return subprocess.run(command, **how, capture_output=True, text=True, check=False, timeout=120)


__all__ = [
    "Heard",
    "Say",
    "Step",
    "Words",
    "alone",
    "meant_of",
    "project",
    "ran",
    "recipe",
    "recipe_command",
    "run",
    "say",
    "tell",
    "vouch",
]
