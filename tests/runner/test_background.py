"""Runs in the background: they survive a closed terminal, and are watched, read and stopped from another process."""

import errno
import io
import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.commands.watch import sparkline, thinned
from runner.console import Outlet
from runner.following import Followed, Lines
from tests.runner.by_hand import project, recipe, recipe_command

SLOW = """\
recipe: it
steps:
  - type: shell
    id: one
    run: echo words > out.txt
  - type: shell
    id: two
    files: [one]
    run: while [ ! -e $PROJECT/go ]; do sleep 0.05; done; cp $IN/out.txt big.txt
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    project(tmp_path, SLOW)
    yield tmp_path
    (tmp_path / "go").touch()  # the commands of killed runs are still waiting for it


def detached(home: Path, *more: str) -> str:
    """Start the recipe in the background; the run's name."""
    done = recipe(home, "run", "recipes/it.yaml", *more, "--detach")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()[0]


def ended(home: Path, name: str, seconds: float = 20) -> str:
    """Wait for the end of a run; its status."""
    end = time.monotonic() + seconds
    record = home / "runs" / name / "metadata.json"
    while (status := json.loads(record.read_text())["status"] if record.exists() else "running") == "running":
        assert time.monotonic() < end, "it never ended"
        time.sleep(0.05)
    return str(status)


def test_latest_is_the_run_that_began_last(home):
    """Also while it is at work, and the link in runs/ still points to the one before."""
    (home / "go").touch()
    assert recipe(home, "run", "recipes/it.yaml").returncode == 0
    (home / "go").unlink()
    file = home / "recipes" / "it.yaml"
    file.write_text(file.read_text().replace("echo words", "echo other words"))
    name = detached(home)
    stopped = recipe(home, "stop", "latest", "--now")
    assert name in stopped.stdout, stopped.stdout + stopped.stderr
    assert ended(home, name) == "stopped"


def test_without_a_run_latest_is_no_advice(home):
    """Who asks for the latest run is not told to ask for it."""
    told = recipe(home, "watch", "latest")
    assert (told.returncode, "begin one: recipe run FILE" in told.stderr + told.stdout) == (1, True)


def test_a_detached_run_survives_its_terminal(home):
    """Started on a real terminal that is closed, which sends SIGHUP to all that hangs on it, it goes on to its end."""
    master, terminal = pty.openpty()
    command, how = recipe_command(home, "run", "recipes/it.yaml", "--detach")
    child = subprocess.Popen(command, **how, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    said = b""
    while b"recipe stop" not in said:
        said += os.read(master, 4096)
    child.wait(20)
    os.close(master)
    name = said.split()[0].decode()
    assert (home / "runs" / name / "run.pid").exists()
    (home / "go").touch()
    assert ended(home, name) == "done"
    assert (home / "runs" / name / "artifacts" / "two" / "big.txt").read_text() == "words\n"
    assert (home / "runs" / name / "logs" / "console.log").read_text().splitlines()[1].split()[:3] == ["+", "two", "made"]


@pytest.mark.parametrize("told", ["before", "after", "never"])
def test_a_run_in_the_foreground_saves_when_its_terminal_is_closed(home, told):
    """As after Ctrl-C: the connection to a rented machine breaks, the run is stopped and the next one goes on.

    The shell may pass the signal on when the terminal is long gone. Where nobody sends one, the run goes on to its end and shows nothing.
    """
    file = home / "recipes" / "it.yaml"
    file.write_text(file.read_text() + "  - {type: shell, id: three, run: echo > last.txt}\n")
    master, terminal = pty.openpty()
    command, how = recipe_command(home, "run", "recipes/it.yaml")
    child = subprocess.Popen(command, **how, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
    os.close(terminal)
    while b"one" not in os.read(master, 4096):  # the first step is made, the second waits
        pass
    time.sleep(0.3)
    if told == "before":
        child.send_signal(signal.SIGHUP)  # what the session's leader and its children get
    os.close(master)
    time.sleep(0.3)  # the live line is drawn eight times a second
    if told == "after":
        child.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    (home / "go").touch()
    assert child.wait(20) == (0 if told == "never" else 130)
    (folder,) = (path for path in (home / "runs").iterdir() if not path.is_symlink())
    assert ended(home, folder.name) == ("done" if told == "never" else "stopped")
    assert recipe(home, "run", "recipes/it.yaml").returncode == 0


def test_a_file_that_cannot_be_written_is_no_closed_terminal():
    """EIO is then a disk that fails, which is told."""

    class Failing(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        Outlet(Failing()).write("words")


def test_what_has_errors_or_nothing_to_do_ends_at_once(home):
    """The screen and the exit code are those of a run in the foreground."""
    bad = recipe(home, "run", "recipes/it.yaml", "--detach", "--set", "steps.one.runn=x")
    assert (bad.returncode, "unknown key" in bad.stdout) == (2, True)
    (home / "go").touch()
    assert recipe(home, "run", "recipes/it.yaml").returncode == 0
    again = recipe(home, "run", "recipes/it.yaml", "--detach")
    assert (again.returncode, "nothing changed" in again.stdout) == (0, True)
    assert not [*(home / ".recipe" / "detached").iterdir()]


def test_stop_ends_the_run_at_work(home):
    """Its record says stopped, the screen how to go on; then there is none to stop. The step that was at work is made again."""
    name = detached(home)
    done = recipe(home, "stop", "--now")
    assert (done.returncode, done.stdout) == (0, f"{name}: stopped; `recipe run recipes/it.yaml` goes on\n")
    none = recipe(home, "stop")
    assert (none.returncode, "R016: no run is at work" in none.stderr) == (1, True)
    (home / "go").touch()
    assert recipe(home, "run", "recipes/it.yaml").returncode == 0


def test_stop_says_the_whole_command_that_goes_on(home):
    """With what was changed on the command line: without it, another run would begin."""
    name = detached(home, "--set", "steps.one.run=echo other > out.txt", "--target=t4")
    done = recipe(home, "stop", "--now")
    assert done.stdout == f"{name}: stopped; `recipe run recipes/it.yaml --set 'steps.one.run=echo other > out.txt' --target=t4` goes on\n"


def test_stop_tells_what_failed(home):
    """Before, or while it stopped: the terminal that asks is not the one where that was shown."""
    file = home / "recipes" / "it.yaml"
    file.write_text(
        file.read_text().replace("  - type: shell\n    id: two", "  - {type: shell, id: bad, run: exit 3}\n  - type: shell\n    id: two")
    )
    log = home / "runs" / detached(home) / "logs" / "events.jsonl"
    while '"failed"' not in log.read_text("utf-8"):
        time.sleep(0.05)
    done = recipe(home, "stop", "--now")
    assert done.returncode == 0
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()[1:]] == ["  bad failed"]


def test_a_number_that_another_process_has_now_is_not_the_run(home):
    """A run that was killed, whose process number was given to someone else: nobody is stopped."""
    name = detached(home)
    pid = home / "runs" / name / "run.pid"
    os.kill(int(pid.read_text()), signal.SIGKILL)
    stranger = subprocess.Popen(["sleep", "60"])
    pid.write_text(str(stranger.pid))
    os.utime(pid, (time.time() - 100, time.time() - 100))
    try:
        done = recipe(home, "stop", name)
        assert (done.returncode, f"{name} is not at work: it was killed" in done.stderr, stranger.poll()) == (1, True, None)
    finally:
        stranger.kill()
        stranger.wait()


def test_watch_shows_each_step_and_ends_with_the_runs_exit_code(home):
    """Seen once while it works, then to its end."""
    name = detached(home)
    seen = recipe(home, "watch", "--once").stdout.splitlines()
    assert seen[0].startswith(f"{name}  running")
    assert [line[:5] for line in seen[1:3]] == ["+ one", "> two"]
    (home / "go").touch()
    done = recipe(home, "watch", name)
    assert (done.returncode, done.stdout.splitlines()[2][:11]) == (0, "+ two  made")


def test_logs_follow_to_the_end(home):
    """The console of a detached run, from its beginning to the path of its page; --of events gives JSON lines."""
    name = detached(home)
    command, how = recipe_command(home, "logs", "-f")
    reader = subprocess.Popen(command, **how, stdout=subprocess.PIPE, text=True)
    (home / "go").touch()
    said, _ = reader.communicate(timeout=20)
    assert [line.split()[1] for line in said.splitlines() if line.startswith("+ ")] == ["one", "two"]
    assert said.splitlines()[-1] == f"runs/{name}"
    events = [json.loads(line)["event"] for line in recipe(home, "logs", "--of", "events", "-n", "0").stdout.splitlines()]
    assert [event for event in events if event != "finding"] == ["start", "made", "start", "made"]  # of `go`, where it was there first
    assert recipe(home, "logs", "-n", "1").stdout == f"runs/{name}\n"


def test_a_log_that_was_cut_back_is_read_anew(tmp_path):
    """A half line waits for its end; a shorter file is a resumed run's."""
    lines = Lines(tmp_path / "log.jsonl")
    lines.path.write_text('{"step": 1}\n{"ste')
    assert lines.new() == [{"step": 1}]
    lines.path.write_text('{"step": 1}\n{"step": 2}\n')
    assert lines.new() == [{"step": 2}]
    lines.path.write_text('{"step": 7}\n')
    assert lines.new() == [{"step": 7}]


def test_a_killed_run_is_called_killed(home):
    """Its record still says running, but nobody writes it."""
    name = detached(home)
    os.kill(int((home / "runs" / name / "run.pid").read_text()), signal.SIGKILL)
    end = time.monotonic() + 10
    while Followed(home / "runs" / name).look().status == "running":
        assert time.monotonic() < end
    assert Followed(home / "runs" / name).look().status == "killed"
    assert recipe(home, "watch", name).returncode == 1


def test_curves_are_thinned_to_means():
    """No point is left out, each drawn one stands for its neighbours."""
    assert thinned([(i, float(i)) for i in range(800)])[:2] == [(1, 0.5), (3, 2.5)]
    assert sparkline([3.0, 3.0, 2.0, 1.0], 2) == "█▁"
