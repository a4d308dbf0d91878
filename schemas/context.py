"""The small protocols through which a step sees the run, and a forecast sees the disk."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from schemas.machine import Machine
from schemas.records import EvalLine, RunRecord, TrainLine


class Earlier(NamedTuple):
    """Work of a step under another key. folder: what it kept when it was stopped half-way, or, finished, its artifact. side: its logs,
    statistics and pictures. They are read, never written."""

    folder: Path
    side: Path
    finished: bool = False


class StepContext(Protocol):
    """A step's whole view of the run."""

    step_id: str
    seed: int
    smoke: bool

    @property
    def workdir(self) -> Path:
        """An empty folder; what the step writes here becomes the artifact."""

    @property
    def keep(self) -> Path:
        """A folder of this key's own that survives a kill, emptied when the step is done."""

    @property
    def earlier(self) -> Sequence[Earlier]:
        """Work of this very step under keys that differ in nothing but what it says of itself that it is `prolonged_by`: stopped half-way,
        the newest first, then its last result."""

    def adopt(self, earlier: Earlier) -> None:
        """Take what was logged beside one of `earlier` for this step's own; `rewind` cuts it back. Raises OSError."""

    @property
    def project(self) -> Path:
        """The folder that relative paths of the recipe start from."""

    @property
    def target(self) -> Machine:
        """The machine that the recipe is meant for."""

    @property
    def record(self) -> RunRecord:
        """The run so far, read-only."""

    @property
    def readers(self) -> dict[str, dict[str, Any]]:
        """Types of the steps that read what this one makes, also behind one that only vouches for it, with their params as written.

        No part of the key: a step may try early what they will do, and make nothing else of it.
        """

    def event(self, name: str, **fields: Any) -> None:
        """Append a line to `events.jsonl`; shown on the console when it carries `message=`."""

    def warn(self, code: str, message: str, *, field: str = "", fix: str = "") -> None:
        """Say something that does not stop the step: it becomes a finding of the run, at its place in the recipe."""

    def progress(self, done: float, total: float | None = None, unit: str = "", **shown: Any) -> None:
        """Tell how far the step is. Cheap; call it as often as you like."""

    def log(self, line: TrainLine | EvalLine) -> None:
        """Append to `train_steps.jsonl` or `eval_steps.jsonl` (`id` and `timestamp` are filled in)."""

    def rewind(self, step: int) -> None:
        """Cut both training logs back to `step`, inclusive: what came later will be done again."""

    def stats(self, name: str, data: dict[str, Any]) -> None:
        """Keep `data` as `stats/<name>.json`: shown by the report also when the step is reused."""

    def side(self, name: str) -> Path:
        """A path for a file that is kept with the step but is no part of its artifact (a picture, a page)."""

    def stopping(self) -> bool:
        """True once the run was asked to stop: save what is needed and call `stopped`."""

    def stopped(self) -> Exception:
        """The exception to raise after saving, when `stopping` was true: `raise context.stopped()`."""


class ForecastContext(Protocol):
    """What a forecast or a rule may look at: cheap facts of the disk and the target. Never the network, never torch."""

    seed: int

    @property
    def project(self) -> Path:
        """The folder that relative paths start from."""

    @property
    def target(self) -> Machine:
        """The machine that the recipe is meant for."""

    def files(self, pattern: str) -> list[Path]:
        """Files that a glob, relative to the project, matches, sorted; a folder stands for all files below it."""

    def head(self, path: Path, size: int = 65536) -> bytes:
        """The first `size` bytes of a file, from the cache when the file has not changed; empty if it cannot be read."""

    def size(self, path: Path) -> int:
        """Bytes of a file, 0 if absent."""

    def json(self, path: Path) -> Any:
        """A small JSON file, or None."""

    def data_set(self, name: str, revision: str | None) -> Path | None:
        """The folder of a hub data set: the project's own in the hub's layout, or what the local cache has of it. None without either."""

    def model_folder(self, name: str, revision: str | None) -> Path | None:
        """What the local cache has of a hub model; None without it."""

    def remembered(self, name: str, files: Sequence[Path], make: Callable[[], Any]) -> Any:
        """What `make` says of the content of `files`: plain data that is dear to make, kept until a file changes.

        name: of the fact, with all else that it depends on, and a number to raise when the same files should give another.
        """
