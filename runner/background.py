"""Runs that go on without a terminal: started in a session of their own, found again by their process, stopped by a signal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.rundir import find_run, find_runs, read_record
from schemas.findings import RecipeError

if TYPE_CHECKING:
    from psutil import Process

CONSOLE = "console.log"  # in a run's logs/: what a detached run would have printed
LOOK_EVERY_S = 0.1
CLOCK_S = 2.0  # what a file's time and a process's may differ by
START = "import sys; sys.path = {path!r}; from runner.cli import entry; entry()"  # as we were found, whatever the current folder holds


@dataclass(frozen=True)
class Started:
    """What became of a command that was sent to the background.

    folder: its run, once there is one. code: its exit code, if it has ended. said: what it printed until then. log: where it prints.
    """

    pid: int
    log: Path
    folder: Path | None = None
    code: int | None = None
    said: str = ""


def detach(arguments: Sequence[str], project: Path, *, wait_s: float) -> Started:
    """Start `recipe ARGUMENTS` in a session of its own, where no closing terminal reaches it, and see it off.

    Returns as soon as the run has its folder, has ended, or `wait_s` is over. Raises RecipeError R001 where its log cannot be written.
    """
    log = project / ".recipe" / "detached" / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            child = subprocess.Popen(
                [sys.executable, "-c", START.format(path=[p for p in sys.path if p]), *arguments],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )  # fmt: skip
    except OSError as error:
        raise RecipeError("R001", f"cannot write {log}: {error.strerror}", fix="give the project's folder write permission") from None
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        code = child.poll()
        folder = next((run for run in reversed(find_runs(project)) if _pid(run) == child.pid), None)
        if folder is not None:
            log = _moved(log, folder)
            return Started(child.pid, log, folder)
        if code is not None:
            said = log.read_text("utf-8", errors="replace")
            log.unlink(missing_ok=True)
            return Started(child.pid, log, code=code, said=said)
        time.sleep(LOOK_EVERY_S)
    return Started(child.pid, log)


def _moved(log: Path, folder: Path) -> Path:
    """The log at its place in the run: the process goes on writing into it, whatever it is called."""
    target = folder / "logs" / CONSOLE
    try:
        log.rename(target)
    except OSError:  # runs/ on another disk
        return log
    return target


def _pid(folder: Path) -> int | None:
    try:
        return int((folder / "run.pid").read_text())
    except (OSError, ValueError):
        return None


def process_of(folder: Path) -> "Process | None":
    """The live process that writes the run in `folder`. A number that another process has by now is not it."""
    import psutil

    pid = _pid(folder)
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        born, noted = process.create_time(), (folder / "run.pid").stat().st_mtime
        return process if process.status() != psutil.STATUS_ZOMBIE and born <= noted + CLOCK_S else None
    except (psutil.Error, OSError):
        return None


def at_work(project: Path) -> list[Path]:
    """Folders of the runs that are being written now, oldest first."""
    return [folder for folder in find_runs(project) if (folder / "run.pid").exists() and process_of(folder) is not None]


def chosen(project: Path, name: str | None, *, running: bool) -> Path:
    """The run called `name`; without a name the one that is at work, else, unless it must be `running`, the last.

    `latest` is the one that began last, also while it is at work (the link runs/latest waits for its end).

    Raises RecipeError R006 when there is none, R016 when several are at work or the one named is not.
    """
    busy = at_work(project) if name in (None, "latest") else []
    if name == "latest" and busy and (running or busy[-1] == find_runs(project)[-1]):
        return busy[-1]
    if name is not None:
        folder = find_run(project, name)
        if running and process_of(folder) is None:
            record = read_record(folder)
            how = record.status if record is not None and record.status != "running" else "killed"
            raise RecipeError("R016", f"{folder.name} is not at work: it was {how}" if how != "done" else f"{folder.name} is done",
                              fix="see `recipe list`")  # fmt: skip
        return folder
    if len(busy) > 1:
        names = ", ".join(folder.name for folder in busy)
        raise RecipeError("R016", f"{len(busy)} runs are at work: {names}", fix="name one of them")
    if busy:
        return busy[0]
    if running:
        raise RecipeError("R016", "no run is at work", fix="see `recipe list`")
    return find_run(project, "latest")


def stop(folder: Path, *, wait_s: float, now: bool = False, each: Callable[[float], None] = lambda waited: None) -> bool:
    """Ask the run to save and stop, and wait for its end; True once it has ended.

    now: interrupt the step at work, which loses what it did since its last save. each: called while waiting, with the seconds.
    """
    process = process_of(folder)
    if process is None:
        return True
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    again = now
    while time.monotonic() - began < wait_s:
        if process_of(folder) is None:
            return True
        time.sleep(LOOK_EVERY_S)
        if again and time.monotonic() - began > 10 * LOOK_EVERY_S:  # two at once would be taken for one
            process.send_signal(signal.SIGTERM)
            again = False
        each(time.monotonic() - began)
    return process_of(folder) is None
