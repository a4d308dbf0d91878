"""Calls `ollama create` where the program is found; nothing else of recipe needs it."""

import shutil
import subprocess

from schemas import StepContext

TIMEOUT_S = 600


def create(name: str, context: StepContext) -> str:
    """Make the model known to Ollama and say in words what happened. A failure is a warning E006: the files are good without it."""
    program = shutil.which("ollama")
    if program is None:
        return "not created: no program named ollama is on the PATH"
    try:
        done = subprocess.run(
            [program, "create", name, "-f", "Modelfile"], cwd=context.workdir, capture_output=True, text=True, timeout=TIMEOUT_S,
            check=False, encoding="utf-8", errors="replace",
        )  # fmt: skip
        said = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    if said:
        context.warn("E006", f"ollama create failed: {said}", field="create", fix=f"run: ollama create {name} -f Modelfile")
        return f"not created: {said}"
    return f"created: ollama run {name}"
