"""The run as the report sees it: the record, and the logs and statistics beside each step, read with patience for damage."""

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, nan
from pathlib import Path
from typing import Any

from schemas import RunRecord, StepRecord
from steps.html.curves import Curve, smoothed
from steps.html.words import count, number, plural

TRAIN_FIELDS = ("train_loss", "learning_rate", "tokens_per_sec", "peak_memory_gb", "trained_tokens", "grad_norm")
EVAL_FIELDS = ("eval_loss", "bits_per_byte")
MEMORY_EVENTS = ("oom", "out_of_memory", "memory_fallback", "fallback")


@dataclass
class TrainLog:
    """What one training step logged: a curve for each field, evaluations by language or source, memory marks."""

    id: str
    curves: dict[str, Curve] = field(default_factory=dict)
    by: dict[str, Curve] = field(default_factory=dict)  # bits per byte of each language or source
    eval_samples: list[dict[str, Any]] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)  # (step, what happened)

    @cached_property
    def smooth(self) -> Curve:
        """The training loss, smoothed; empty when it is too short for that."""
        raw = self.curve("train_loss")
        return smoothed(raw) if len(raw) >= 10 else Curve()

    def curve(self, name: str) -> Curve:
        """The curve of a logged field, empty when it was never logged."""
        return self.curves.get(name) or Curve()


@dataclass
class RunLog:
    """The record with its logs. problems: what could not be read, in words."""

    record: RunRecord
    logs: list[TrainLog] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _stats: dict[str, dict[str, Any]] = field(default_factory=dict)  # step id to its statistics

    def stats(self, name: str) -> list[tuple[StepRecord, dict[str, Any]]]:
        """Each step that kept statistics of that name, in the order of the run, with them."""
        return [(s, self._stats[s.id][name]) for s in self.record.steps if isinstance(self._stats.get(s.id, {}).get(name), dict)]

    def stat(self, name: str) -> dict[str, Any]:
        """The statistics of that name that were kept last, empty when there are none."""
        found = self.stats(name)
        return found[-1][1] if found else {}

    def names(self) -> list[str]:
        """Names of all statistics, each once."""
        return list(dict.fromkeys(name for kept in self._stats.values() for name in kept))


def read_run(record: RunRecord) -> RunLog:
    """Open everything that the record points at. What is missing or damaged is listed in `problems`; nothing is raised for it."""
    run = RunLog(record)
    run.events = list(_lines(record.folder / "logs" / "events.jsonl", run.problems, "the run's events"))
    for step in record.steps:
        run._stats[step.id] = _statistics(run, step)
        log = _train_log(run, step)
        if log is not None:
            run.logs.append(log)
    return run


def _side(record: RunRecord, step: StepRecord) -> Path | None:
    return None if step.side is None else step.side if step.side.is_absolute() else record.folder / step.side


def _statistics(run: RunLog, step: StepRecord) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    side = _side(run.record, step)
    for path in sorted((side / "stats").glob("*.json")) if side is not None and not step.stats else ():
        try:
            kept[path.stem] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            run.problems.append(f"step {step.id}: stats/{path.name} could not be read ({_why(error)})")
    return {**kept, **step.stats}


def _train_log(run: RunLog, step: StepRecord) -> TrainLog | None:
    side = _side(run.record, step)
    expected = "training" in run._stats[step.id]
    log = TrainLog(step.id)
    for file, fields, value in (("train_steps.jsonl", TRAIN_FIELDS, "train_loss"), ("eval_steps.jsonl", EVAL_FIELDS, "eval_loss")):
        path = side / "logs" / file if side is not None else run.record.folder / "logs" / file
        where = f"step {step.id}: logs/{file}"
        if not path.is_file():
            if expected:
                run.problems.append(f"{where} is not there")
            continue
        lines = _lines(path, run.problems, where, needs=("step", value))
        if side is None:
            lines = (line for line in lines if line.get("id") == step.id)
        log.curves.update(_columns(_with_groups(lines, log), fields))
    for event in run.events:
        what, at = str(event.get("event", "")), number(event.get("step"))
        if at is not None and event.get("id", step.id) in (step.id, "") and any(word in what.lower() for word in MEMORY_EVENTS):
            at += event.get("during") == "training"  # events say how many steps were done: this one was the next
            log.marks.append((at, str(event.get("message") or event.get("decision") or "out of memory")))
    return log if any(len(curve) for curve in log.curves.values()) else None


def _with_groups(lines: Iterator[dict[str, Any]], log: TrainLog) -> Iterator[dict[str, Any]]:
    groups: dict[str, tuple[array[float], array[float]]] = {}
    for line in lines:
        by = line.get("by")
        for name, values in by.items() if isinstance(by, dict) else ():
            found = number(values.get("bits_per_byte")) if isinstance(values, dict) else None
            if found is not None:
                xs, ys = groups.setdefault(str(name), (array("d"), array("d")))
                xs.append(float(line["step"]))
                ys.append(found)
        samples = line.get("samples")
        if isinstance(samples, list):
            log.eval_samples += [{"step": line["step"], **s} for s in samples if isinstance(s, dict)]
        yield line
    log.by.update({name: Curve(xs, ys) for name, (xs, ys) in groups.items()})


def _columns(lines: Iterator[dict[str, Any]], fields: tuple[str, ...]) -> dict[str, Curve]:
    steps = array("d")
    values = {name: array("d") for name in fields}
    columns = [(name, column.append) for name, column in values.items()]
    for line in lines:  # a million times in a long training: nothing here that can be done outside
        steps.append(line["step"])
        for name, append in columns:
            found = line.get(name)
            append(found if type(found) is float or type(found) is int else nan)
    if any(steps[i] > steps[i + 1] for i in range(len(steps) - 1)):
        order = sorted(range(len(steps)), key=steps.__getitem__)
        steps = array("d", (steps[i] for i in order))
        values = {name: array("d", (column[i] for i in order)) for name, column in values.items()}
    return {name: Curve(steps, column) for name, column in values.items() if any(y == y for y in column) or name.endswith("_loss")}


def _lines(path: Path, problems: list[str], where: str, needs: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Each good line of a JSONL file; bad ones are counted, and named once at the end. needs: keys, the first of which is a number."""
    bad: list[int] = []
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for place, line in enumerate(lines, 1):
                try:
                    data = json.loads(line)
                except ValueError:
                    data = None
                if isinstance(data, dict) and (not needs or _has(data, *needs)):
                    yield data
                elif line.strip():
                    bad.append(place)
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(f"{where} could not be read ({_why(error)})")
    if bad:
        problems.append(f"{where}: {plural(len(bad), 'line')} could not be read, the first is line {count(bad[0])}; the rest is shown")


def _has(data: dict[str, Any], step: str, value: str) -> bool:
    at = data.get(step)
    return (type(at) is int or (type(at) is float and isfinite(at))) and value in data


def _why(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
