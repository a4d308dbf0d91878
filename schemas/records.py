"""What is written in `runs/`: one record of the run, and one line a training step, an evaluation, an event."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field

from schemas.base import Strict

Status = Literal["made", "reused", "failed", "skipped", "stopped"]


class Record(Strict):
    """Read leniently: a record of a newer version still opens."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=False)


class StepRecord(Record):
    """What became of one step in a run.

    reason: why it was made or reused, in words. side: folder with this step's logs (`logs/*.jsonl`), statistics (`stats/*.json`)
    and pictures, kept beside the artifact when the step is reused.
    """

    id: str
    type: str
    status: Status
    key: str = ""
    digest: str = ""
    kind: str = ""
    reason: str = ""
    seconds: float = 0.0
    artifact: Path | None = None
    side: Path | None = None
    stats: dict[str, Any] = Field(default_factory=dict)  # name to what the step gave to context.stats
    error: str = ""
    params: dict[str, Any] = Field(default_factory=dict)


class RunRecord(Record):
    """`metadata.json`: one execution of a recipe."""

    format: int = 1
    run: str
    recipe: str
    about: str = ""
    started: str
    finished: str = ""
    seconds: float = 0.0
    status: Literal["running", "done", "failed", "stopped"] = "running"
    file: str = ""
    recipe_digest: str = ""
    smoke: bool = False
    command: list[str] = Field(default_factory=list)
    git_commit: str = ""
    packages: dict[str, str] = Field(default_factory=dict)
    hardware: dict[str, Any] = Field(default_factory=dict)
    steps: list[StepRecord] = Field(default_factory=list)
    findings: list[dict[str, Any]] = Field(default_factory=list)  # code, severity, message, fix, place, fixed
    resolved: dict[str, Any] = Field(default_factory=dict)
    folder: Path = Path()


class TrainLine(Record):
    """One line of `logs/train_steps.jsonl`, as the guide has it, and the step's id. Loss in nats per token."""

    id: str = ""
    step: int
    timestamp: str = ""
    train_loss: float
    learning_rate: float
    tokens_per_sec: float
    peak_memory_gb: float
    trained_tokens: int
    grad_norm: float | None = None


class EvalLine(Record):
    """One line of `logs/eval_steps.jsonl`."""

    id: str = ""
    step: int
    timestamp: str = ""
    eval_loss: float
    bits_per_byte: float | None = None
    tokens: int = 0
    by: dict[str, dict[str, float]] = Field(default_factory=dict)  # language to {loss, bits_per_byte}
    by_source: dict[str, dict[str, float]] = Field(default_factory=dict)
    samples: list[dict[str, str]] = Field(default_factory=list)  # {prompt, text}


class Event(Record):
    """One line of `logs/events.jsonl`. Further fields differ by event."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=False)
    event: str
    id: str = ""
    timestamp: str = ""
