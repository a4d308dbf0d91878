"""The quick way out: what it loads, when it is taken, and when it must not be."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runner import fresh
from tests.runner.by_hand import project, recipe, recipe_command

RECIPE = """\
# a comment
recipe: it
seed: 3
steps:
  - type: shell
    id: one
    run: cat $PROJECT/in/*.txt > out.txt
    inputs: [in/*.txt]
"""
SLOW = {"pydantic", "ruamel", "ruamel.yaml", "rich", "click", "filelock", "importlib.metadata", "blake3"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    project(tmp_path, RECIPE)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a\n")
    assert recipe(tmp_path, "run", "recipes/it.yaml").returncode == 0
    time.sleep(0.03)  # past the clock's grain, as between two commands that a person types
    assert quick(tmp_path)
    return tmp_path


def quick(home: Path, *arguments: str, **variables: str) -> bool:
    """Whether `recipe run` found the quick way (it then ends before click is loaded)."""
    command, how = recipe_command(home, "run", "recipes/it.yaml", *arguments, **variables)
    command[2] = "import sys, runner.fresh as f; sys.exit(0 if f.unchanged(sys.argv[2:]) is not None else 1)"
    return subprocess.run(command, **how, check=False).returncode == 0


def output(home: Path) -> str:
    return (home / "runs" / "latest" / "artifacts" / "one" / "out.txt").read_text()


def test_it_loads_nothing_slow(home):
    """Neither pydantic nor YAML nor click, and not the digests either when all stats are settled."""
    command, how = recipe_command(home, "run", "recipes/it.yaml")
    command[2] = (
        "import sys, runner.cli as c; c._leave = lambda said: (print(said, end=''), "
        f"print(sorted(set(sys.modules) & {SLOW!r})), sys.exit(0)); c.main()"
    )
    lines = subprocess.run(command, **how, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0].startswith("nothing changed: runs/2")
    assert lines[1] == "[]"


def test_a_touch_is_nothing(home):
    """The content is read once, and its new stat remembered."""
    os.utime(home / "in" / "a.txt")
    os.utime(home / "recipes" / "it.yaml")
    assert quick(home)


def test_content_counts_whatever_the_stat_says(home):
    """Same size, same mtime: the ctime tells."""
    file = home / "in" / "a.txt"
    before = file.stat()
    file.write_text("b\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not quick(home)
    recipe(home, "run", "recipes/it.yaml")
    assert output(home) == "b\n"


def test_a_new_file_that_a_glob_matches_counts(home):
    """The folders that were listed are watched; a file that came and went again is nothing."""
    (home / "in" / "b.txt").write_text("b\n")
    assert not quick(home)
    (home / "in" / "b.txt").unlink()
    assert quick(home)
    (home / "in" / "b.txt").write_text("b\n")
    recipe(home, "run", "recipes/it.yaml")
    assert output(home) == "a\nb\n"


def test_comments_and_key_order_run_nothing(home):
    """The text changed, so the long way is gone once; it finds all reused and makes no new run."""
    text = RECIPE.replace("# a comment", "# another")
    text = text.replace("recipe: it\nseed: 3\n", "seed: 3\nrecipe: it\n")
    (home / "recipes" / "it.yaml").write_text(text)
    assert not quick(home)
    assert "nothing changed" in recipe(home, "run", "recipes/it.yaml").stdout
    assert len([path for path in (home / "runs").iterdir() if not path.is_symlink()]) == 1
    assert quick(home)


@pytest.mark.parametrize("where", ["export", "store"])
@pytest.mark.parametrize("how", ["deleted", "flipped", "flipped, mtime kept"])
def test_damage_is_seen_and_made_good(home, where, how):
    """In the run's folder and in the store."""
    folder = (
        home / "runs" / "latest" / "artifacts" / "one"
        if where == "export"
        else next((home / ".recipe/store/objects").iterdir()) / "artifact"
    )
    file = folder / "out.txt"
    before = file.stat()
    if how == "deleted":
        file.unlink()
    else:
        file.chmod(0o644)
        file.write_text("b\n")
        if "kept" in how:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not quick(home)
    done = recipe(home, "run", "recipes/it.yaml")
    assert done.returncode == 0
    assert output(home) == "a\n"
    assert ("made whole again" in done.stdout) == (where == "export")
    assert recipe(home, "run", "recipes/it.yaml").stdout.startswith("nothing changed")


def test_the_code_and_the_packages_count(home):
    """A changed step file and a newly installed package go the long way; a plain reinstall of the same ends as it was."""
    (home / "site" / "other-1.0.dist-info").mkdir()
    assert not quick(home)
    assert "nothing changed" in recipe(home, "run", "recipes/it.yaml").stdout
    assert quick(home)
    module = home / "site" / "steps_sample.py"
    module.write_text(module.read_text() + "\n# changed\n")
    assert not quick(home)
    assert "+ one" in recipe(home, "run", "recipes/it.yaml").stdout


def test_other_commands_and_surroundings_go_the_long_way(home):
    """--set, --force, another store: none of them is the command that ended well."""
    assert quick(home, "--quiet")
    for other in (["--set", "seed=4"], ["--smoke"], ["--force"], ["--why"], ["--verify"], ["--only", "one"]):
        assert not quick(home, *other), other
    assert not quick(home, RECIPE_STORE=str(home / "elsewhere"))
    assert not quick(home, CUDA_VISIBLE_DEVICES="1")
    assert not quick(home, CUDA_DEVICE_ORDER="PCI_BUS_ID")


def test_after_another_variant_it_is_not_the_last_any_more(home):
    """Other recipes take this one's last result: a run with --set in between must be undone by a real run."""
    recipe(home, "run", "recipes/it.yaml", "--set", "seed=4")
    assert not quick(home)
    assert "reused" in recipe(home, "run", "recipes/it.yaml").stdout
    assert quick(home)


def test_a_damaged_state_is_no_state(home):
    """It only saves time."""
    for state in (home / ".recipe" / "fresh").iterdir():
        state.write_text("{}")
    assert not quick(home)
    assert "nothing changed" in recipe(home, "run", "recipes/it.yaml").stdout


def test_only_plain_commands_are_known(tmp_path, monkeypatch):
    """One file and the options that change what the recipe means, in any order."""
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").touch()
    one = fresh.command_of(["--set", "a=1", "a.yaml", "--smoke", "-q"])
    assert one == fresh.command_of(["a.yaml", "--smoke", "--set=a=1", "--quiet"])
    assert one is not None
    assert one.identity == [str(tmp_path / "a.yaml"), ["a=1"], [], True]
    assert [fresh.command_of(words) for words in ([], ["b.yaml"], ["a.yaml", "a.yaml"], ["a.yaml", "--force"], ["-h"])] == [None] * 5


def test_the_state_of_a_secret_is_whether_it_is_set(monkeypatch):
    """Its value is nowhere."""
    monkeypatch.setenv("RECIPE_TEST_SECRET", "s3cret")
    assert "s3cret" not in repr(fresh._surroundings(["RECIPE_TEST_SECRET", "RECIPE_TEST_UNSET"]))
    assert fresh._surroundings(["RECIPE_TEST_SECRET", "RECIPE_TEST_UNSET"])[5] == [True, False]
    assert sys.prefix in fresh._surroundings([])
