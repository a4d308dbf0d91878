"""A run as it stands in its folder, read by another process: which steps are over, which one works, how far it is, its curves."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from runner.background import process_of
from runner.rundir import PROGRESS, read_record

LOGS = {"events": "events.jsonl", "train": "train_steps.jsonl", "eval": "eval_steps.jsonl"}
OUTCOMES = ("made", "reused", "failed", "skipped", "stopped")


@dataclass
class Lines:
    """Whole JSON lines that were added to a file since the last look. A file that became shorter (a resumed run) is read anew."""

    path: Path
    at: int = 0

    def new(self) -> list[dict[str, Any]]:
        """The rows that were not there before; a line that is still being written comes next time."""
        try:
            if self.path.stat().st_size < self.at:
                self.at = 0
            with self.path.open("rb") as file:
                file.seek(self.at)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self.at += len(whole)
        rows = []
        for line in whole.splitlines():
            try:
                row = json.loads(line)
            except ValueError:  # cut by a kill
                continue
            if isinstance(row, dict):
                rows.append(row)
        return rows


@dataclass
class Followed:
    """What is known of a run. steps: ids in order. outcomes: id to its last event. step: the one at work, since `began`.

    train, evals: id to (step, loss) pairs. progress: what the step at work last told. said: sentences of steps and findings.
    """

    folder: Path
    recipe: str = ""
    status: str = "running"
    started: str = ""
    seconds: float = 0.0
    steps: list[str] = field(default_factory=list)
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)
    step: str = ""
    began: float = 0.0
    progress: dict[str, Any] = field(default_factory=dict)
    train: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    evals: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._logs = {name: Lines(self.folder / "logs" / file) for name, file in LOGS.items()}

    @property
    def over(self) -> bool:
        """True once nobody works on it."""
        return self.status != "running"

    def look(self) -> "Followed":
        """Read what was added, and return itself."""
        alive = process_of(self.folder) is not None  # before the files: what it wrote last is then read
        self._events()
        for name, curves, key in (("train", self.train, "train_loss"), ("eval", self.evals, "eval_loss")):
            if self._logs[name].path.exists() and self._logs[name].path.stat().st_size < self._logs[name].at:
                curves.clear()
            for row in self._logs[name].new():
                if isinstance(row.get(key), int | float):
                    curves.setdefault(str(row.get("id", "")), []).append((int(row.get("step", 0)), float(row[key])))
        self._record(alive)
        self.progress = self._told()
        return self

    def _events(self) -> None:
        for row in self._logs["events"].new():
            event, step = str(row.get("event", "")), str(row.get("id", ""))
            if event == "start":
                self.step, self.began = step, _moment(row.get("timestamp", ""))
            elif event in OUTCOMES and step:
                self.outcomes[step] = row
                self.step = "" if step == self.step else self.step
            elif event in ("finding", "fixed"):
                self.said.append(f"{row.get('code', '')}: {row.get('message', '')}")
            elif row.get("message"):
                self.said.append(f"{step}: {row['message']}")

    def _record(self, alive: bool) -> None:
        record = read_record(self.folder)
        if record is None:
            self.status = self.status if alive else "killed"
            return
        self.recipe, self.started, self.seconds = record.recipe, record.started, record.seconds
        written = [str(step.get("id") or step.get("type")) for step in record.resolved.get("steps", []) if isinstance(step, dict)]
        self.steps = written or [step.id for step in record.steps]
        self.status = record.status if record.status != "running" or alive else "killed"
        if self.over:
            self.step = ""
        else:
            self.seconds = max(0.0, time.time() - _moment(record.started))

    def _told(self) -> dict[str, Any]:
        try:
            data = json.loads((self.folder / "logs" / PROGRESS).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) and data.get("id") == self.step else {}


def _moment(stamp: str) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return time.time()
