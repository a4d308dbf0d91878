"""shell: run a command. Its outputs are the files that it writes into its own folder; its inputs are files and other shell steps."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from schemas import Artifact, Read, RecipeError, RulePage, StepContext, StepParams, step


class Files(Artifact):
    """Whatever a command wrote."""

    names: list[str] = Field(default_factory=list)
    files: ClassVar[tuple[str, ...]] = ()


class Shell(StepParams):
    """Params of `shell`."""

    run: str = Field(description="command for sh, started where its outputs belong; $PROJECT is the project, $IN the inputs")
    inputs: list[str] = Field(default_factory=list, description="files that it reads, globs relative to the project")
    outputs: list[str] = Field(default_factory=list, description="files that it must have written")


PAGES = (
    RulePage(
        "X001", "a command failed", "its exit code was not zero", "run: 'false'", "run: 'true'", "sh(1)"
    ),
    RulePage(
        "X002", "a command reads a file that is no input", "the file is watched all the same, but the recipe should say so",
        "run: python $PROJECT/a.py", "run: python $PROJECT/a.py\ninputs: [a.py]", "the recipe must name what a step depends on", "warning",
    ),
)  # fmt: skip


@step(version=1, pages=PAGES)
def shell(params: Shell, files: list[Files] | None, context: StepContext) -> Files:
    """Run the command and keep what it wrote. Raises RecipeError X001 when it fails or an output is missing."""
    for path in undeclared(params, context.project):
        context.warn("X002", f"the command reads {path}, which is no input", field="run", fix=f"add it: inputs: [{path}]")
    folders = [str(item.path) for item in files or []]
    ours = {"PROJECT": str(context.project), "IN": ":".join(folders), "KEEP": str(context.keep) if "$KEEP" in params.run else ""}
    done = subprocess.run(["sh", "-c", params.run], cwd=context.workdir, env={**os.environ, **ours}, check=False)
    if done.returncode:
        raise RecipeError("X001", f"the command ended with exit code {done.returncode}", field="run", fix="run it by hand to see why")
    for name in params.outputs:
        if not (context.workdir / name).exists():
            raise RecipeError("X001", f"the command wrote no {name}", field="outputs", fix="take it out of outputs, or write it")
    names = sorted(os.path.relpath(f"{at}/{name}", context.workdir) for at, _, found in os.walk(context.workdir) for name in found)
    return Files(names=names).save(context.workdir)


@shell.reads
def _reads(params: Shell, project: Path) -> list[Read]:
    found: dict[str, Path] = {}
    for pattern in params.inputs:
        matches = sorted(project.glob(pattern)) if any(mark in pattern for mark in "*?[") else [project / pattern]
        found.update({path.relative_to(project).as_posix(): path for path in matches})
    found.update({name: project / name for name in undeclared(params, project)})
    return [Read(name, path) for name, path in sorted(found.items())]


@shell.needs
def _needs(params: Shell) -> dict[str, Any]:
    return {}


def undeclared(params: Shell, project: Path) -> list[str]:
    """Files of the project that the command names and `inputs` does not."""
    named = set(re.findall(r"\$PROJECT/([^\s;|&<>()'\"*?]+)", params.run)) - set(params.inputs)
    declared = {path for pattern in params.inputs for path in project.glob(pattern)} if named else set()
    return sorted(name for name in named if (project / name).is_file() and project / name not in declared)
