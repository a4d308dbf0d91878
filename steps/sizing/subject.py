"""The train step that a plan is for, as far as its size matters: read from its params as they are written."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from schemas.model import ModelConfig
from schemas.training import DEFAULT_TARGETS, LoraSettings, TrainModel

ROWS = 8  # of a step, when the recipe says nothing of batches: as the train step has it


@dataclass(frozen=True)
class Subject:
    """What is asked of the train step. rows: sequences of one optimizer step, exactly when `asked`. None: the plan's to choose."""

    model: TrainModel
    method: str
    objective: str
    lora: LoraSettings
    precision: str
    rows: int
    asked: bool
    batch_size: int | None
    accumulation: int | None
    eval_batch_size: int | None
    length: int | None

    def micro_batches(self) -> list[int]:
        """The micro-batches to choose from: what is written, or what divides the effective batch."""
        if self.batch_size:
            return [self.batch_size]
        if self.accumulation and self.asked:
            return [max(1, ceil(self.rows / self.accumulation))]
        whole = self.rows // (self.accumulation or 1)
        return [n for n in range(1, whole + 1) if whole % n == 0]

    @property
    def lora_rank(self) -> int:
        """Rank of the adapters."""
        return self.lora.r

    def lora_targets(self, model: ModelConfig) -> tuple[str, ...]:
        """Names of the layers that are adapted."""
        return tuple(self.lora.target_modules or DEFAULT_TARGETS[model.family])


def read_subject(written: dict[str, Any], length: int | None = None) -> Subject:
    """The train step whose written params are `written`; `length` stands in where max_seq_length is not written.

    Raises pydantic's ValidationError for a model or lora that is none: the train step's own finding says it better.
    """
    rows_of = written.get("max_seq_length") or length
    tokens = written.get("total_batch_tokens")
    micro, times = written.get("batch_size"), written.get("gradient_accumulation_steps")
    asked = written.get("total_batch_size") or (max(1, tokens // rows_of) if tokens and rows_of else None)
    return Subject(
        model=TrainModel.model_validate(written.get("model") or {}),
        method=written.get("method", "full"),
        objective=written.get("objective", "lm"),
        lora=LoraSettings.model_validate(written.get("lora") or {}),
        precision=written.get("precision", "auto"),
        rows=asked or (micro or ROWS) * (times or 1),
        asked=asked is not None,
        batch_size=micro,
        accumulation=times,
        eval_batch_size=written.get("eval_batch_size"),
        length=written.get("max_seq_length"),
    )
