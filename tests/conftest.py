"""Shared by all tests: a step's context without a runner, sample data, and the folder of other people's data."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from schemas import Machine, RunRecord
from schemas.context import Earlier
from schemas.machine import GIB

ROOT = Path(__file__).parent.parent
NEED_TORCH = [
    "steps/lm",
    "runner/test_two_phases.py",
    "steps/test_train.py",
    "steps/test_train_params.py",
    "steps/test_validate_checkpoint.py",
]
collect_ignore = [] if find_spec("torch") else NEED_TORCH


def pytest_report_header() -> str | None:
    """Say what is not collected for want of torch."""
    return f"torch is not installed: {', '.join(NEED_TORCH)} are left out" if collect_ignore else None


class FakeContext:
    """A StepContext that keeps all it is told in lists."""

    def __init__(self, folder: Path, *, seed: int = 1, smoke: bool = False, project: Path = ROOT) -> None:
        self.step_id = "step"
        self.seed = seed
        self.smoke = smoke
        self.project = project
        self.target = Machine(name="here", kind="cpu", memory_bytes=8 * GIB, system_bytes=8 * GIB, fp16=False, cores=2)
        self.workdir = folder / "work"
        self.keep = folder / "keep"
        self.record = RunRecord(run="test", recipe="test", started="")
        self._side = folder / "side"
        for path in (self.workdir, self.keep, self._side):
            path.mkdir(parents=True, exist_ok=True)
        self.events: list[dict[str, Any]] = []
        self.warnings: list[tuple[str, str]] = []
        self.lines: list[Any] = []
        self.kept: dict[str, dict[str, Any]] = {}
        self.asked_to_stop = False
        self.readers: dict[str, dict[str, Any]] = {}
        self.earlier: list[Earlier] = []
        self.adopted: list[Earlier] = []

    def event(self, name: str, **fields: Any) -> None:
        self.events.append({"event": name, **fields})

    def warn(self, code: str, message: str, *, field: str = "", fix: str = "") -> None:
        self.warnings.append((code, message))

    def progress(self, done: float, total: float | None = None, unit: str = "", **shown: Any) -> None: ...

    def log(self, line: Any) -> None:
        self.lines.append(line)

    def rewind(self, step: int) -> None:
        self.lines = [line for line in self.lines if line.step <= step]

    def adopt(self, earlier: Earlier) -> None:
        self.adopted.append(earlier)

    def stats(self, name: str, data: dict[str, Any]) -> None:
        self.kept[name] = data

    def side(self, name: str) -> Path:
        path = self._side / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def stopping(self) -> bool:
        return self.asked_to_stop

    def stopped(self) -> Exception:
        return InterruptedError("asked to stop")


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


@pytest.fixture
def stories() -> Path:
    return ROOT / "data" / "stories"


@pytest.fixture
def papers() -> Path:
    return ROOT / "data" / "papers"


@pytest.fixture
def test_data() -> Path:
    """Other people's data, read in place; the test is skipped where it is absent."""
    place = os.environ.get("RECIPE_TEST_DATA", "")
    if not place or not Path(place).is_dir():
        pytest.skip("RECIPE_TEST_DATA names no folder: other people's data is not here")
    return Path(place)
