"""Everything that a run prints: plain lines, a live terminal (rich, loaded only there), JSON lines, or almost nothing."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from errno import EIO
from pathlib import Path
from typing import IO, Any, cast

from schemas.findings import Finding
from schemas.records import RunRecord, StepRecord
from schemas.secrets import starred


class Screen:
    """What a run tells, and a screen that shows nothing of it."""

    def begin(self, recipe: str, steps: Sequence[tuple[str, str]]) -> None:
        """The run begins. steps: (id, type) in the order they are taken."""

    def opened(self, folder: Path) -> None:
        """Something has to be done: the run has this folder."""

    def start(self, step_id: str, type_name: str, reason: str) -> None:
        """A step begins to work."""

    def progress(self, step_id: str, done: float, total: float | None, unit: str, shown: dict[str, Any]) -> None:
        """How far the step at work is. Called at most ten times a second."""

    def said(self, step_id: str, message: str) -> None:
        """A step says a sentence."""

    def waiting(self, step_id: str) -> None:
        """Another run makes this very step. Called again and again while it does."""

    def finding(self, finding: Finding) -> None:
        """Something is wrong, or worth knowing."""

    def fixed(self, finding: Finding) -> None:
        """A mistake in the recipe was mended in memory."""

    def refused(self, errors: int, file: str) -> None:
        """The recipe has errors: nothing runs."""

    def done(self, record: StepRecord) -> None:
        """A step is over, whatever became of it."""

    def stopping(self) -> None:
        """A signal asked the run to stop."""

    def unchanged(self, record: RunRecord, mended: Sequence[str]) -> None:
        """Nothing had changed since the run of `record`. mended: what had been deleted or damaged in its folder."""

    def finish(self, record: RunRecord) -> None:
        """The run is over."""


def to_nowhere(terminals: Iterable[int]) -> None:
    """Let what is written to these file descriptors go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in terminals:
        os.dup2(nowhere, number)
    os.close(nowhere)


class Outlet:
    """A stream whose terminal may be taken away while something works: from then on nothing of it is shown, and nothing fails.

    A closed terminal answers EIO, to whatever writes before its SIGHUP is heard, and where none is sent.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._terminal = stream.isatty()  # one that is gone is none any more

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Characters taken."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """As of a stream."""
        self._try(self._stream.flush)

    def _try(self, act: Callable[..., Any], *given: str) -> None:
        try:
            act(*given)
        except OSError as error:
            if error.errno != EIO or not self._terminal:
                raise
            to_nowhere([self._stream.fileno()])


def report_of(record: RunRecord) -> str:
    """Path of the run's report, else of its folder, as short as it can be written from here."""
    page = record.folder / "reports" / "report.html"
    path = page if page.exists() else record.folder
    shorter = os.path.relpath(path)
    return shorter if len(shorter) < len(str(path)) else str(path)


def duration(seconds: float) -> str:
    """`0.3 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def progress_line(done: float, total: float | None, unit: str, shown: dict[str, Any]) -> str:
    """`[ 25.0%] Step   250: Loss=1.8234 | 456.7 tok/s | 12.3GB` for training, `[ 25.0%] 250/1,000 rows` for the rest."""
    percent = f"[{100 * done / total:5.1f}%] " if total else ""
    if "loss" in shown:
        parts = [f"Loss={shown['loss']:.4f}"]
        rate = shown.get("tok_s", shown.get("tokens_per_sec"))
        memory = shown.get("memory_gb", shown.get("peak_memory_gb"))
        parts += [f"{rate:.1f} tok/s"] if rate is not None else []
        parts += [f"{memory:.1f}GB"] if memory is not None else []
        return f"{percent}Step {done:5.0f}: {' | '.join(parts)}"
    of = f"/{total:,.0f}" if total else ""
    extra = "".join(f" {name}={value}" for name, value in shown.items())
    return f"{percent}{done:,.0f}{of} {unit}{extra}".rstrip()


def outcome_line(record: StepRecord, width: int, *, why: bool) -> str:
    """One step in one line: mark, id, what became of it, how long it took, the reason."""
    mark = {"made": "+", "reused": "=", "failed": "x", "skipped": "-", "stopped": "!"}[record.status]
    took = duration(record.seconds) if record.status in ("made", "failed", "stopped") else ""
    reason = record.reason if why or len(record.reason) < 100 else record.reason[:99] + "…"
    return f"{mark} {record.id:<{width}}  {record.status:<7} {took:>10}  {reason}".rstrip()


def counts(record: RunRecord) -> str:
    """`3 made, 7 reused`."""
    found: dict[str, int] = {}
    for step in record.steps:
        found[step.status] = found.get(step.status, 0) + 1
    return ", ".join(f"{number} {status}" for status, number in found.items())


class Plain(Screen):
    """Lines for a pipe or CI: one a step, and from long ones a line now and then."""

    every_s = 10.0

    def __init__(self, show: Callable[[Finding], str], *, why: bool = False, out: IO[str] | None = None) -> None:
        self.show = show
        self.why = why
        self.out = out or cast(IO[str], Outlet(sys.stdout))
        self.width = 0
        self.said_at = 0.0
        self.waited = ""

    def line(self, text: str) -> None:
        """Print a line at once."""
        self.out.write(text + "\n")
        self.out.flush()

    def begin(self, recipe: str, steps: Sequence[tuple[str, str]]) -> None:
        self.width = min(32, max((len(name) for name, _ in steps), default=0))

    def start(self, step_id: str, type_name: str, reason: str) -> None:
        self.said_at = time.monotonic()

    def progress(self, step_id: str, done: float, total: float | None, unit: str, shown: dict[str, Any]) -> None:
        if time.monotonic() - self.said_at >= self.every_s:
            self.said_at = time.monotonic()
            self.line(f"  {step_id:<{self.width}}  {progress_line(done, total, unit, shown)}")

    def said(self, step_id: str, message: str) -> None:
        self.line(f"  {step_id:<{self.width}}  {message}")

    def waiting(self, step_id: str) -> None:
        if self.waited != step_id:
            self.waited = step_id
            self.line(f"  {step_id:<{self.width}}  another run makes this step; waiting for it")

    def finding(self, finding: Finding) -> None:
        self.line(self.show(finding))

    def fixed(self, finding: Finding) -> None:
        place = f"{finding.place.file}:{finding.place.line}:{finding.place.column}: " if finding.place else ""
        self.line(f"{place}{finding.code}: mended for this run: {finding.message}")
        self.line(f"  {finding.fix} (the file is as it was; `recipe check --fix` writes it)")

    def refused(self, errors: int, file: str) -> None:
        self.line(f"{errors} {'error' if errors == 1 else 'errors'}: nothing was run")

    def done(self, record: StepRecord) -> None:
        self.line(outcome_line(record, self.width, why=self.why))

    def stopping(self) -> None:
        self.line("stopping as soon as the step has saved; once more to stop at once")

    def unchanged(self, record: RunRecord, mended: Sequence[str]) -> None:
        for name in mended:
            self.line(f"made whole again from the store: {os.path.relpath(record.folder / name)}")
        self.line(f"nothing changed: {report_of(record)}")

    def finish(self, record: RunRecord) -> None:
        self.line(f"{record.status} in {duration(record.seconds)} ({counts(record)})")
        self.line(report_of(record))


class Quiet(Plain):
    """Findings and the last line only."""

    def start(self, step_id: str, type_name: str, reason: str) -> None: ...
    def progress(self, step_id: str, done: float, total: float | None, unit: str, shown: dict[str, Any]) -> None: ...
    def said(self, step_id: str, message: str) -> None: ...
    def waiting(self, step_id: str) -> None: ...
    def done(self, record: StepRecord) -> None: ...

    def unchanged(self, record: RunRecord, mended: Sequence[str]) -> None:
        self.line(report_of(record))

    def finish(self, record: RunRecord) -> None:
        self.line(report_of(record))


class Json(Plain):
    """One JSON object a line, each with `event`."""

    every_s = 1.0

    def tell(self, event: str, **fields: Any) -> None:
        """Print one event."""
        self.line(json.dumps({"event": event, **fields}, ensure_ascii=False, default=str))

    def begin(self, recipe: str, steps: Sequence[tuple[str, str]]) -> None:
        self.tell("begin", recipe=recipe, steps=[name for name, _ in steps])

    def opened(self, folder: Path) -> None:
        self.tell("run", folder=str(folder))

    def start(self, step_id: str, type_name: str, reason: str) -> None:
        super().start(step_id, type_name, reason)
        self.tell("start", id=step_id, type=type_name, reason=reason)

    def progress(self, step_id: str, done: float, total: float | None, unit: str, shown: dict[str, Any]) -> None:
        if time.monotonic() - self.said_at >= self.every_s:
            self.said_at = time.monotonic()
            self.tell("progress", id=step_id, done=done, total=total, unit=unit, **shown)

    def said(self, step_id: str, message: str) -> None:
        self.tell("said", id=step_id, message=message)

    def waiting(self, step_id: str) -> None:
        if self.waited != step_id:
            self.waited = step_id
            self.tell("waiting", id=step_id)

    def finding(self, finding: Finding) -> None:
        place = finding.place
        where = {"file": place.file, "line": place.line, "column": place.column} if place else {}
        said = {"code": finding.code, "severity": finding.severity, "message": starred(finding.message), "fix": starred(finding.fix)}
        self.tell("finding", **said, **where)

    def fixed(self, finding: Finding) -> None:
        self.tell("fixed", code=finding.code, message=finding.message, fix=finding.fix)

    def refused(self, errors: int, file: str) -> None:
        self.tell("refused", errors=errors, file=file)

    def done(self, record: StepRecord) -> None:
        keys = ("id", "type", "status", "reason", "seconds", "key", "digest", "error")
        self.tell("step", **{name: getattr(record, name) for name in keys})

    def stopping(self) -> None:
        self.tell("stopping")

    def unchanged(self, record: RunRecord, mended: Sequence[str]) -> None:
        self.tell("unchanged", run=record.run, folder=str(record.folder), report=report_of(record), mended=list(mended))

    def finish(self, record: RunRecord) -> None:
        ended = {"run": record.run, "status": record.status, "seconds": record.seconds, "folder": str(record.folder)}
        self.tell("finish", **ended, report=report_of(record))


def screen_for(show: Callable[[Finding], str], *, quiet: bool = False, as_json: bool = False, why: bool = False) -> Screen:
    """The screen that fits where we print."""
    if as_json:
        return Json(show)
    if quiet:
        return Quiet(show)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("CI"):
        from runner.terminal import Terminal

        return Terminal(show, why=why)
    return Plain(show, why=why)
