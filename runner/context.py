"""RunContext: StepContext made real. All that a step says goes through here to the logs, the side files and the screen."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from runner.rundir import PROGRESS, RunDir, now
from runner.statcache import write_atomic
from schemas.context import Earlier
from schemas.machine import Machine
from schemas.records import EvalLine, RunRecord, TrainLine

if TYPE_CHECKING:
    from runner.console import Screen

SHOWN_EVERY_S = 0.1
TOLD_EVERY_S = 1.0  # to those who watch from another process; a step that is over before that tells them nothing


class Stopped(Exception):
    """A step saved what is needed and ended, because the run was asked to stop."""


class RunContext:
    """One step's view of the run. Folders are made when they are first asked for."""

    def __init__(
        self,
        step_id: str,
        *,
        seed: int,
        smoke: bool,
        project: Path,
        target: Machine,
        place: Path,
        kept: Path,
        rundir: RunDir,
        screen: "Screen",
        record: Callable[[], RunRecord],
        stopping: Callable[[], bool],
        warn: Callable[[str, str, str, str], None],
        readers: dict[str, dict[str, Any]],
        about: Callable[[Path], None],
        earlier: Callable[[], list[Earlier]],
    ) -> None:
        self.step_id = step_id
        self.seed = seed
        self.smoke = smoke
        self.project = project
        self.target = target
        self.readers = readers
        self.kept = kept
        self.workdir = place / "artifact"
        self.workdir.mkdir()
        self._rundir = rundir
        self._screen = screen
        self._record = record
        self._stopping = stopping
        self._warn = warn
        self._about = about
        self._earlier = earlier
        self._logs: dict[str, tuple[TextIO, TextIO]] = {}
        self._shown_at = 0.0
        self._told_at = time.monotonic()
        self._first: tuple[float, float] | None = None
        self.statistics: dict[str, Any] = {}
        if (kept / "side").is_dir():
            self._take_up()

    def _take_up(self) -> None:
        """What a killed run logged belongs to this one too; the step cuts it back to where it resumes."""
        self._rundir.gather(self.step_id, self.kept / "side", logs=True)
        for path in (self.kept / "side" / "stats").glob("*.json"):
            self.statistics[path.stem] = json.loads(path.read_text("utf-8"))

    @property
    def keep(self) -> Path:
        """A folder of this key's own that survives a kill."""
        folder = self.kept / "keep"
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            self._about(self.kept)
        return folder

    @property
    def earlier(self) -> list[Earlier]:
        """Work of this step under keys that differ in how long it goes on: stopped, the newest first, then its last result."""
        return self._earlier()

    def adopt(self, earlier: Earlier) -> None:
        """Log, statistics and pictures of an earlier one become this one's own."""
        self.close()
        for path in sorted(earlier.side.rglob("*")):
            if path.is_file():
                shutil.copyfile(path, self.side(path.relative_to(earlier.side).as_posix()))
        self._take_up()

    @property
    def record(self) -> RunRecord:
        """The run so far."""
        return self._record()

    def event(self, name: str, **fields: Any) -> None:
        """Append a line to events.jsonl; shown when it carries `message=`."""
        self._rundir.event(name, self.step_id, **fields)
        if "message" in fields:
            self._screen.said(self.step_id, str(fields["message"]))

    def warn(self, code: str, message: str, *, field: str = "", fix: str = "") -> None:
        """A finding of the run, at its place in the recipe."""
        self._warn(code, message, field, fix)

    def progress(self, done: float, total: float | None = None, unit: str = "", **shown: Any) -> None:
        """Tell how far the step is; the screen hears of it ten times a second at most, and of the end always."""
        moment = time.monotonic()
        if self._first is None:
            self._first = (moment, done)  # what was resumed is no speed
        if moment - self._shown_at >= SHOWN_EVERY_S or done == total:
            self._shown_at = moment
            self._screen.progress(self.step_id, done, total, unit, shown)
        if moment - self._told_at >= TOLD_EVERY_S:
            self._told_at = moment
            since, first = self._first
            told = {"id": self.step_id, "done": done, "total": total, "unit": unit, "shown": shown, "first": first}
            text = json.dumps({**told, "seconds": round(moment - since, 1)}, default=str)
            write_atomic(str(self._rundir.folder / "logs" / PROGRESS), text + "\n")

    def log(self, line: TrainLine | EvalLine) -> None:
        """Append to the training logs, the run's and the step's own."""
        name = "train_steps.jsonl" if isinstance(line, TrainLine) else "eval_steps.jsonl"
        data = line.model_dump(mode="json", exclude_defaults=True) | {"step": line.step}
        data = {"id": self.step_id, **data, "timestamp": line.timestamp or now()}
        text = json.dumps(data, ensure_ascii=False) + "\n"
        for file in self._open(name):
            file.write(text)

    def _open(self, name: str) -> tuple[TextIO, TextIO]:
        if name not in self._logs:
            own = self.side(f"logs/{name}").open("a", encoding="utf-8", buffering=1)
            shared = (self._rundir.folder / "logs" / name).open("a", encoding="utf-8", buffering=1)
            self._logs[name] = (own, shared)
        return self._logs[name]

    def rewind(self, step: int) -> None:
        """Cut both training logs back to `step`, inclusive."""
        self.close()
        for name in ("train_steps.jsonl", "eval_steps.jsonl"):
            for path in (self.kept / "side" / "logs" / name, self._rundir.folder / "logs" / name):
                if path.exists():
                    _cut(path, self.step_id, step)

    def stats(self, name: str, data: dict[str, Any]) -> None:
        """Keep `data` as stats/<name>.json, in one motion."""
        path = self.side(f"stats/{name}.json")
        part = path.with_suffix(".part")
        part.write_text(json.dumps(data, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8")
        part.replace(path)
        self.statistics[name] = json.loads(path.read_text("utf-8"))

    def side(self, name: str) -> Path:
        """A path for a file kept with the step, its folder made."""
        path = self.kept / "side" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def stopping(self) -> bool:
        """True once the run was asked to stop."""
        return self._stopping()

    def stopped(self) -> Exception:
        """What to raise after saving."""
        return Stopped(self.step_id)

    def close(self) -> None:
        """Close the log files."""
        for files in self._logs.values():
            for file in files:
                file.close()
        self._logs.clear()


def _cut(path: Path, step_id: str, last: int) -> None:
    """Drop this step's lines after `last`, and a half line that a kill left."""
    part = path.with_suffix(".part")
    with path.open(encoding="utf-8", errors="replace") as lines, part.open("w", encoding="utf-8") as out:
        for line in lines:
            try:
                row = json.loads(line)
                late = row.get("id") == step_id and row["step"] > last
            except (ValueError, KeyError, AttributeError):
                continue
            if not late:
                out.write(line)
    part.replace(path)
