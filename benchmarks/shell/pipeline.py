"""The same pipelines for recipe and its peers, and the CPU seconds of a whole process tree."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
RECIPE = [sys.executable, "-c", "from runner.cli import entry; entry()"]


def measured(command: Sequence[object], folder: Path) -> tuple[float, float]:
    """CPU seconds, user and system, of the command and all its children, and its peak memory in MiB. Raises if it fails."""
    with tempfile.TemporaryFile() as output:
        words = [str(word) for word in command]
        running = subprocess.Popen(words, cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode:
            output.seek(0)
            raise RuntimeError(f"{words} ended with {running.returncode}:\n{output.read().decode()[-2000:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def cpu_of(command: Sequence[object], folder: Path) -> float:
    """CPU seconds of the whole process tree."""
    return measured(command, folder)[0]


def median(command: Sequence[object], folder: Path, times: int = 7, prepare: Callable[[], object] | None = None) -> float:
    """The median of several runs."""
    found = []
    for _ in range(times):
        if prepare:
            prepare()
        found.append(cpu_of(command, folder))
    return statistics.median(found)


def environment() -> dict[str, str]:
    """The sample package installed in a folder of its own; bytecode is kept, as pip leaves it for every installed peer."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": f"{site()}{os.pathsep}{ROOT}"}


_site: list[Path] = []


def site() -> Path:
    """Where the sample package is installed (by pip, once)."""
    if not _site:
        place = Path(tempfile.mkdtemp(prefix="recipe-site-"))
        shutil.copytree(
            ROOT / "tests" / "steps_sample", place / "source", ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
        )
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
        subprocess.run([*pip, "--no-build-isolation", "--target", place / "site", place / "source"], check=True)
        _site.append(place / "site")
    return _site[0]


def recipe_project(folder: Path, steps: int, *, chained: bool = False, name: str = "bench") -> Path:
    """A recipe of `steps` commands that write a file each; each reads the one before, or the same source file."""
    (folder / "recipes").mkdir(parents=True)
    (folder / "in.txt").write_text("words\n")
    lines = [f"recipe: {name}", "steps:"]
    for number in range(steps):
        lines += ["  - type: shell", f"    id: s{number}"]
        if chained and number:
            lines += [f"    files: [s{number - 1}]", f"    run: cat $IN/out.txt > /dev/null; echo {number} > out.txt"]
        else:
            lines += ["    inputs: [in.txt]", f"    run: cat $PROJECT/in.txt > out.txt; echo {number} >> out.txt"]
    file = folder / "recipes" / f"{name}.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def doit_project(folder: Path, steps: int) -> Path:
    """The same for doit."""
    folder.mkdir(parents=True)
    (folder / "in.txt").write_text("words\n")
    (folder / "dodo.py").write_text(
        "def task_s():\n"
        f"    for n in range({steps}):\n"
        "        yield {'name': str(n), 'file_dep': ['in.txt'], 'targets': [f'out{n}.txt'],\n"
        "               'actions': [f'cat in.txt > out{n}.txt; echo {n} >> out{n}.txt']}\n"
    )
    return folder


def workshop() -> Path:
    """A new empty folder, deleted at the end of the process."""
    import atexit

    folder = Path(tempfile.mkdtemp(prefix="recipe-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def row(name: str, ours: float, theirs: float, peer: str, bound: float, unit: str = "s") -> bool:
    """Print one comparison; True when it keeps its bound."""
    ratio = ours / theirs
    good = ratio <= bound
    figures = f"{ours:8.3f} {unit}   {peer:<34} {theirs:8.3f} {unit}"
    said = f"{name:<34} {figures}   ratio {ratio:5.2f}  (at most {bound:g})"
    print(said if good else f"{said} MISSED", flush=True)
    return good
