"""The screen on a terminal: a live line for the step at work, with a bar and the time left once it takes more than a moment."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from runner.console import Plain, duration, outcome_line, progress_line
from schemas.findings import Finding
from schemas.records import RunRecord, StepRecord

BAR_AFTER_S = 2.0
STYLES = {"made": "green", "reused": "dim", "failed": "bold red", "skipped": "yellow", "stopped": "yellow"}


class Terminal(Plain):
    """Lines as in a pipe, coloured, and below them the step at work."""

    def __init__(self, show: Callable[[Finding], str], *, why: bool = False, console: Console | None = None) -> None:
        super().__init__(show, why=why)
        self.console = console or Console(highlight=False, file=self.out)
        self.live: Live | None = None
        self.spinner = Spinner("dots")
        self.step = ""
        self.began = 0.0
        self.now: tuple[float, float | None, str, dict[str, Any]] | None = None
        self.first: tuple[float, float] | None = None  # (time, done) at the first progress: what was resumed is no speed

    def line(self, text: str) -> None:
        self.console.print(Text.from_ansi(text), soft_wrap=True)

    def start(self, step_id: str, type_name: str, reason: str) -> None:
        super().start(step_id, type_name, reason)
        self.step, self.began, self.now, self.first = step_id, time.monotonic(), None, None
        self.live = Live(self, console=self.console, refresh_per_second=8, transient=True)
        self.live.start()

    def progress(self, step_id: str, done: float, total: float | None, unit: str, shown: dict[str, Any]) -> None:
        self.now = (done, total, unit, shown)
        if self.first is None:
            self.first = (time.monotonic(), done)

    def __rich__(self) -> Table:
        """The live line."""
        table = Table.grid(padding=(0, 1))
        passed = time.monotonic() - self.began
        cells: list[Any] = [self.spinner, Text(self.step, style="bold")]
        if self.now is not None:
            done, total, unit, shown = self.now
            if total and passed > BAR_AFTER_S:
                cells.append(ProgressBar(total=total, completed=min(done, total), width=24))
            cells.append(Text(progress_line(done, total, unit, shown)))
            cells.append(Text(self._left(done, total, passed), style="dim"))
        else:
            cells.append(Text(duration(passed), style="dim"))
        table.add_row(*cells)
        return table

    def _left(self, done: float, total: float | None, passed: float) -> str:
        if not total or self.first is None or passed < BAR_AFTER_S:
            return duration(passed)
        since, first = self.first
        if done <= first:
            return duration(passed)
        return f"{duration((time.monotonic() - since) * (total - done) / (done - first))} left"

    def done(self, record: StepRecord) -> None:
        self._end()
        self.console.print(Text(outcome_line(record, self.width, why=self.why), style=STYLES[record.status]), soft_wrap=True)

    def _end(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def unchanged(self, record: RunRecord, mended: Sequence[str]) -> None:
        self._end()
        super().unchanged(record, mended)

    def finish(self, record: RunRecord) -> None:
        self._end()
        super().finish(record)
