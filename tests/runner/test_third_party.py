"""A step of another package: pip-installed into an environment of its own, found by its entry point, keyed by its sources."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import ROOT

RECIPE = "recipe: it\nsteps:\n  - type: shell\n    run: echo hello > out.txt\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare environment that sees the packages of this one, and a copy of the sample package's source."""
    folder = tmp_path_factory.mktemp("third")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    site = next((folder / "env" / "lib").glob("python*")) / "site-packages"
    (site / "ours.pth").write_text(f"{ROOT}\n{sysconfig.get_paths()['purelib']}\n")
    (folder / "source").mkdir()
    for name in ("pyproject.toml", "steps_sample.py"):
        (folder / "source" / name).write_text((ROOT / "tests" / "steps_sample" / name).read_text())
    (folder / "it.yaml").write_text(RECIPE)
    return folder


def install(place: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", place / "env" / "bin" / "python", "install", "--quiet", "--disable-pip-version-check"]
    flags = ["--no-index", "--no-deps", "--no-build-isolation", "--force-reinstall"]
    subprocess.run([*pip, *flags, place / "source"], check=True, capture_output=True)


def recipe(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from runner.cli import main; sys.exit(main())"
    command = [place / "env" / "bin" / "python", "-c", code, *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=120)


def test_a_package_brings_a_step(place):
    """Unknown before it is installed, run after; installed again with other code and the same version, it runs again."""
    before = recipe(place, "run", "it.yaml")
    assert (before.returncode, "K007" in before.stdout) == (2, True), before.stdout + before.stderr
    install(place)
    assert recipe(place, "run", "it.yaml").stdout.startswith("+ shell"), recipe(place, "run", "it.yaml").stderr
    assert recipe(place, "run", "it.yaml").stdout.startswith("nothing changed")
    source = place / "source" / "steps_sample.py"
    source.write_text(source.read_text().replace("return Files(names=names)", "return Files(names=names[::-1])"))
    install(place)
    again = recipe(place, "run", "it.yaml", "--why").stdout
    assert again.startswith("+ shell")
    assert "package: 1.0 " in again
