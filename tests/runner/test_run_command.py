"""`recipe run` from the outside: exit codes, screens, signals, kills, two at once."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from runner.commands.diff import _short
from tests.conftest import ROOT
from tests.runner.by_hand import project, recipe, recipe_command
from tests.steps.disks import close, grow, small_disk

CHAIN = """\
recipe: it
steps:
  - type: shell
    id: one
    run: cat $PROJECT/in.txt > out.txt
    inputs: [in.txt]
  - type: shell
    id: two
    files: [one]
    run: tr a-z A-Z < $IN/out.txt > big.txt
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    project(tmp_path, CHAIN)
    (tmp_path / "in.txt").write_text("words\n")
    return tmp_path


def edit(home: Path, old: str, new: str) -> None:
    file = home / "recipes" / "it.yaml"
    file.write_text(file.read_text().replace(old, new))


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    command, how = recipe_command(home, *arguments)
    return subprocess.Popen(command, **how, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for(path: Path, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


def result(home: Path, run: str = "latest") -> str:
    return (home / "runs" / run / "artifacts" / "two" / "big.txt").read_text()


def test_a_run_prints_a_line_a_step_and_where_it_is(home):
    """In a pipe: plain lines, the last one is the path."""
    done = recipe(home, "run", "recipes/it.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[:3] for line in lines[:2]] == [["+", "one", "made"], ["+", "two", "made"]]
    assert (home / lines[-1] / "metadata.json").is_file()
    assert result(home) == "WORDS\n"


def test_quiet_and_json(home):
    """--quiet prints the path alone; --json one object a line, each with its event."""
    quiet = recipe(home, "run", "recipes/it.yaml", "--quiet").stdout.splitlines()
    assert len(quiet) == 1
    edit(home, "tr a-z A-Z", "rev")
    lines = [json.loads(line) for line in recipe(home, "run", "recipes/it.yaml", "--json").stdout.splitlines()]
    assert [line["event"] for line in lines] == ["begin", "step", "run", "start", "step", "finish"]
    assert [json.loads(line)["event"] for line in recipe(home, "run", "recipes/it.yaml", "--json").stdout.splitlines()] == ["unchanged"]


def test_why_names_what_changed(home):
    """The param, its old value and its new one."""
    recipe(home, "run", "recipes/it.yaml")
    edit(home, "tr a-z A-Z", "rev")
    said = recipe(home, "run", "recipes/it.yaml", "--why").stdout
    assert "param run: tr a-z A-Z < $IN/out.txt > big.txt -> rev < $IN/out.txt > big.txt" in " ".join(said.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run", "recipes/none.yaml"], 64, "there is no file recipes/none.yaml"),
        (["run", "recipes"], 64, "recipes is a folder: name a recipe in it, such as recipes/it.yaml"),
        (["run"], 64, "Missing argument"),
        (["ran", "recipes/it.yaml"], 64, "there is no verb 'ran'; did you mean `recipe run`?"),
        (["recipes/it.yaml"], 64, "did you mean `recipe run recipes/it.yaml`?"),
        (["run", "recipes/it.yaml", "--set", "seed"], 64, "--set wants KEY=VALUE, found 'seed'"),
        (["run", "nothing-like-it"], 1, "R006: there is no run 'nothing-like-it'"),
        (["run", "recipes/it.yaml", "--only", "tow"], 64, "R008: the recipe has no step 'tow'"),
        (["run", "recipes/it.yaml", "--set", "steps.one.runn=x"], 2, "unknown key"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_have_their_exit_code(home, arguments, code, said):
    """64 for the command line, 2 for the recipe, 1 for what stops a run."""
    done = recipe(home, *arguments)
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


def test_a_failed_step_is_1_and_a_mended_one_goes_on(home):
    """A command that fails half-way leaves nothing behind that is taken for a result."""
    edit(home, "tr a-z A-Z < $IN/out.txt > big.txt", "echo half > big.txt; exit 4")
    done = recipe(home, "run", "recipes/it.yaml")
    assert done.returncode == 1
    assert "recipes/it.yaml:10:5: X001: the command ended with exit code 4" in done.stdout
    edit(home, "echo half > big.txt; exit 4", "tr a-z A-Z < $IN/out.txt > big.txt")
    assert recipe(home, "run", "recipes/it.yaml").returncode == 0
    assert result(home) == "WORDS\n"


def test_a_bug_of_ours_is_3(tmp_path, monkeypatch, capsys):
    """One line, the traceback in a file."""
    from runner import cli, verbs

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verbs.recipe, "main", lambda **_: 1 / 0)
    assert cli.door([]) == 3
    said = capsys.readouterr().err
    assert said.startswith("this is a fault of recipe itself, not of yours: ZeroDivisionError: division by zero\n  fix: report it with ")
    assert "Traceback" in next((tmp_path / ".recipe" / "bugs").iterdir()).read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_130_and_the_next_run_goes_on(home, number):
    """Nothing half-done is taken for a result; what was made before is reused."""
    edit(home, "tr a-z", "touch $PROJECT/began; sleep 3; tr a-z")
    running = started(home, "run", "recipes/it.yaml")
    wait_for(home / "began")
    os.killpg(running.pid, number)
    out, _ = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "stopping as soon as the step has saved" in out
    edit(home, "sleep 3; ", "")
    again = recipe(home, "run", "recipes/it.yaml")
    assert again.stdout.splitlines()[0].split()[:3] == ["=", "one", "reused"]
    assert result(home) == "WORDS\n"


@pytest.mark.parametrize("group", [True, False], ids=["runner and step", "runner alone"])
def test_killed_and_run_again_it_ends_the_same(home, group):
    """kill -9 in the middle of a step, also when the step's own process lives on and writes."""
    edit(home, "tr a-z", "touch $PROJECT/began; echo half > big.txt; sleep 0.7; tr a-z")
    running = started(home, "run", "recipes/it.yaml")
    wait_for(home / "began")
    (os.killpg if group else os.kill)(running.pid, signal.SIGKILL)
    running.wait()
    again = recipe(home, "run", "recipes/it.yaml")
    assert again.returncode == 0
    assert result(home) == "WORDS\n"
    assert "killed" in recipe(home, "list").stdout


def test_two_runs_at_once_make_each_step_once(home):
    """The second waits for the first one's step and reuses it."""
    edit(home, "tr a-z", 'echo x >> "$PROJECT"/count; sleep 0.8; tr a-z')
    runs = [started(home, "run", "recipes/it.yaml") for _ in range(2)]
    outs = [running.communicate(timeout=60)[0] for running in runs]
    assert [running.returncode for running in runs] == [0, 0]
    assert (home / "count").read_text() == "x\n"
    assert "another run makes this step; waiting for it" in "".join(outs)
    assert len([path for path in (home / "runs").iterdir() if not path.is_symlink()]) == 2


def test_a_run_is_run_again_from_its_folder(home):
    """By folder, by config, by the start of its id; with an empty store too it makes the same bytes."""
    recipe(home, "run", "recipes/it.yaml")
    run = os.readlink(home / "runs" / "latest")
    before = json.loads((home / "runs" / run / "metadata.json").read_text())
    edit(home, "tr a-z A-Z", "rev")
    recipe(home, "run", "recipes/it.yaml")
    assert result(home) == "sdrow\n"
    subprocess.run(["rm", "-rf", home / ".recipe"], check=True)
    done = recipe(home, "run", f"runs/{run}")
    assert done.returncode == 0, done.stdout + done.stderr
    after = json.loads((home / "runs" / "latest" / "metadata.json").read_text())
    keys = [[(s["id"], s["key"], s["digest"]) for s in data["steps"]] for data in (before, after)]
    assert keys[0] == keys[1]
    assert "nothing changed" in recipe(home, "run", f"runs/{run}/config/run_config.json").stdout
    assert "nothing changed" in recipe(home, "run", run).stdout


def test_runs_are_listed_and_compared(home):
    """The table names both, the comparison what differs."""
    recipe(home, "run", "recipes/it.yaml")
    edit(home, "tr a-z A-Z", "rev")
    recipe(home, "run", "recipes/it.yaml")
    rows = [json.loads(line) for line in recipe(home, "list", "--json").stdout.splitlines()]
    assert [(row["recipe"], row["status"]) for row in rows] == [("it", "done"), ("it", "done")]
    assert recipe(home, "list").stdout.splitlines()[0].split() == ["run", "recipe", "status", "when", "took", "val", "loss"]
    found = json.loads(recipe(home, "diff", rows[0]["run"], "latest", "--json").stdout)
    assert found["params"] == {"two.run": ["tr a-z A-Z < $IN/out.txt > big.txt", "rev < $IN/out.txt > big.txt"]}
    assert list(found["results"]) == ["two"]
    assert _short(2.123456789) == "2.12346"
    assert "they do not differ" in recipe(home, "diff", "latest", "latest").stdout


def test_a_killed_run_is_not_at_work_by_the_number_of_another(home):
    """Its process's number has another by now, which began later than the run."""
    recipe(home, "run", "recipes/it.yaml")
    (folder,) = (path for path in (home / "runs").iterdir() if not path.is_symlink())
    metadata = folder / "metadata.json"
    metadata.write_text(json.dumps({**json.loads(metadata.read_text()), "status": "running"}))
    (folder / "run.pid").write_text(str(os.getpid()))
    os.utime(folder / "run.pid", (1e9, 1e9))
    (row,) = [json.loads(line) for line in recipe(home, "list", "--json").stdout.splitlines()]
    assert row["status"] == "killed"


def test_a_read_only_project_is_said(home):
    """No traceback, and before anything runs: what cannot be written and what to do."""
    (home / ".recipe").write_text("in the way")
    done = recipe(home, "run", "recipes/it.yaml")
    assert done.returncode == 2
    assert "R001: .recipe/store cannot be written: .recipe is a file" in done.stderr + done.stdout
    assert "fix:" in done.stderr + done.stdout


def on_disk(folder: Path) -> Path:
    project(folder, CHAIN)
    (folder / "in.txt").write_text("words\n" * 3000)
    return folder


def test_on_a_full_disk_it_says_so_and_with_room_it_goes_on(tmp_path):
    """R003 and exit code 1 whatever it is that finds no room: the store, the run's folder, a record, a step; then the same result."""
    home = on_disk(tmp_path / "large")
    assert recipe(home, "run", "recipes/it.yaml").returncode == 0
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        on_disk(disk)
        taken = shutil.disk_usage(disk).used
        codes = []
        for room in (0, 4, 16, 40, 80, 400):
            grow(disk, taken + (room << 10))
            done = recipe(disk, "run", "recipes/it.yaml")
            said = done.stderr + done.stdout
            assert done.returncode in (0, 1), said
            assert done.returncode == 0 or "R003: no space left" in said or "cat: " in said  # what a step of a shell says itself
            assert "Traceback" not in said
            codes.append(done.returncode)
        assert (codes[0], codes[-1]) == (1, 0)
        assert result(disk) == result(home)
        assert not list(disk.rglob("*.part"))


def test_a_step_whose_compiled_file_was_cut_off_is_told(tmp_path):
    """As a full disk leaves it, for good: Python does not look at the source again, so it is said what to delete."""
    home = on_disk(tmp_path)
    (compiled,) = home.glob("site/__pycache__/steps_sample*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:-200])
    done = recipe(home, "check", "recipes/it.yaml")
    assert done.returncode == 2
    assert "K008: the step shell cannot be loaded: EOFError" in done.stdout
    assert "fix: delete the __pycache__ folders of the package that brings it" in done.stdout
    shutil.rmtree(compiled.parent)
    assert recipe(home, "check", "recipes/it.yaml").returncode == 0


def test_on_a_read_only_disk_it_says_so(tmp_path):
    """R001 with what cannot be written; reading verbs work; with the store elsewhere it is the run's folder that is named."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        on_disk(disk)
        close(disk)
        for more in ({}, {"RECIPE_STORE": str(tmp_path / "store")}):
            done = recipe(disk, "run", "recipes/it.yaml", **more)
            assert done.returncode == 1
            assert "R001: cannot write" in done.stderr + done.stdout
            assert "Read-only file system" in done.stderr + done.stdout
        assert recipe(disk, "check", "recipes/it.yaml").returncode == 0
        assert recipe(disk, "list").returncode == 0


def test_a_smoke_run_tells_what_would_stop_the_real_one(tmp_path):
    """Tiny params would hide the mistake: the recipe is judged as it is written, then run tiny, and the model follows the tokenizer."""
    for name in ("recipes", "data"):
        shutil.copytree(ROOT / name, tmp_path / name)
    file = tmp_path / "recipes" / "quickstart.yaml"
    file.write_text(file.read_text("utf-8").replace("{family: mamba,", "{family: mamba, vocab_size: 32000,"), "utf-8")
    done = recipe(tmp_path, "run", "recipes/quickstart.yaml", "--smoke", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "recipes/quickstart.yaml:22:28: V002: mended for this run: the model has rows for 32,000 tokens" in done.stdout + done.stderr
    assert "would run" in done.stdout
