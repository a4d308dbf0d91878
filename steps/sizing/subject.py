"""The train step that a plan is for, as far as its size matters: read from its params as they are written."""

from dataclasses import dataclass, field
from math import ceil
from typing import Any

from schemas.machine import Machine
from schemas.model import ModelConfig
from schemas.training import ADAPTED, LoraSettings, TrainModel
from steps.sizing.adapted import Adapters, adapters_of, lora_parameters
from steps.sizing.attention import used
from steps.sizing.budget import LOSS_CHUNK_TOKENS, evaluation_memory, training_memory
from steps.sizing.divisors import divisors
from steps.sizing.throughput import tokens_per_second
from steps.sizing.whole import Whole, whole_of

ATTENDING = ("llama", "gpt2")
WIDE, WIDEST = {"llama": 256, "gpt2": 256}, 512  # from that width on a step is a third quicker in bf16 on a CPU (benchmarks/models/half.py)
ROWS = 8  # of a step, when the recipe says nothing of batches: as the train step has it


@dataclass(frozen=True)
class Subject:
    """What is asked of the train step. rows: sequences of one optimizer step, exactly when `asked`. None: the plan's to choose.

    mean_row: tokens of a row of fine-tuning on the average, where the data is known; longest: of the longest document. packed: rows are
    filled with several documents.
    attention: what `auto` comes to, or what is written. added: tokens that the tokenizer gets.
    """

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
    quant: dict[str, Any] = field(default_factory=dict)
    optimizer: str = "adamw"
    checkpointing: bool | None = None
    loss_chunk_tokens: int = LOSS_CHUNK_TOKENS
    compiled: bool = False
    packed: bool = False
    mean_row: float | None = None
    longest: int | None = None
    attention: str = "sdpa"
    added: int = 0

    def micro_batches(self) -> list[int]:
        """The micro-batches to choose from: what is written, or what divides the effective batch."""
        if self.batch_size:
            return [self.batch_size]
        if self.accumulation and self.asked:
            return [max(1, ceil(self.rows / self.accumulation))]
        whole = self.rows // (self.accumulation or 1)
        return divisors(whole)

    def adapters(self, model: ModelConfig) -> Adapters:
        """What adapters are put where."""
        return adapters_of(self.lora, model)

    @property
    def adapted(self) -> bool:
        """True when adapters are trained beside a frozen base."""
        return self.method in ADAPTED

    def trained(self, model: ModelConfig, length: int) -> int:
        """Parameters that get gradients."""
        if not self.adapted:
            return model.parameters(length)
        return lora_parameters(model, self.adapters(model)) + self.whole(model, length).parameters(model)

    def whole(self, model: ModelConfig, length: int) -> Whole:
        """What is trained beside the adapters."""
        return whole_of(model, self.lora.modules_to_save or (), self.added, length) if self.adapted else Whole()

    def memory(
        self,
        model: ModelConfig,
        machine: Machine,
        micro: int,
        length: int,
        precision: str,
        times: int,
        *,
        checkpointing: bool | None = None,
    ) -> dict[str, int]:
        """Parts of the peak of a training step with micro-batches of `micro` rows, `times` of them in a step."""
        again = bool(self.checkpointing) if checkpointing is None else checkpointing
        return training_memory(model, batch_size=micro, length=length, checkpointing=again, accumulation=times,
                               **self._shared(model, machine, precision, length))  # fmt: skip

    def attends(self, model: ModelConfig) -> bool:
        """Whether there is an attention to choose."""
        return model.family in ATTENDING

    def validation(self, model: ModelConfig, machine: Machine, rows: int, length: int, precision: str) -> dict[str, int]:
        """Parts of the peak of a validation by `rows` at a time."""
        return evaluation_memory(model, batch_size=rows, length=length, **self._shared(model, machine, precision, length))

    def speed(
        self,
        model: ModelConfig,
        machine: Machine,
        micro: int,
        length: int,
        precision: str,
        times: int,
        *,
        checkpointing: bool | None = None,
    ) -> float:
        """Modelled tokens a second of one device."""
        again = bool(self.checkpointing) if checkpointing is None else checkpointing
        method = "lora" if self.adapted else "full"
        mean = None if self.objective == "lm" or (self.packed and not self.end_to_end(model, machine)) else self.mean_row
        return tokens_per_second(model, machine, micro, length, precision, method=method, checkpointing=again, accumulation=times,
                                 mean=mean, end_to_end=self.end_to_end(model, machine), attention=self.attention)  # fmt: skip

    def end_to_end(self, model: ModelConfig, machine: Machine) -> bool:
        """Whether rows of fine-tuning lie one behind the other, without filling (steps.lm.loss.Head.lay_flat)."""
        return self.objective == "sft" and not self.compiled and (model.family in ATTENDING or machine.kind == "cpu")

    def documents(self, model: ModelConfig, machine: Machine, length: int) -> int | None:
        """Tokens of the longest document, where documents are attended one by one (steps.lm.assemble); None: whole rows are."""
        if not (self.end_to_end(model, machine) or (self.objective == "lm" and self.packed and machine.kind == "cpu")):
            return None
        return min(length, self.longest or length)

    def _shared(self, model: ModelConfig, machine: Machine, precision: str, length: int) -> dict[str, Any]:
        adapters = self.adapters(model)
        return {
            "precision": precision, "method": self.method, "quant": self.quant,
            "adapters": adapters, "lora_parameters": lora_parameters(model, adapters) if self.adapted else 0,
            "documents": self.documents(model, machine, length),
            "whole": self.whole(model, length),
            "loss_chunk_tokens": self.loss_chunk_tokens, "optimizer": self.optimizer, "kind": machine.kind,
            "attention": self.attention,
        }  # fmt: skip


def precision_on(machine: Machine, model: TrainModel | None = None) -> str:
    """What `precision: auto` means there: bf16 where the card has it, fp16 on other cards, fp32 elsewhere.

    On a CPU whose units for matrices have it, bf16 for a `model` that is trained from nothing and so wide that a step is quicker in it.
    """
    if machine.kind == "cuda":
        return "bf16" if machine.bf16 else "fp16"
    own = model is not None and model.base is None and model.d_model >= WIDE.get(model.family, WIDEST)
    return "bf16" if machine.kind == "cpu" and machine.bf16 and own else "fp32"


def read_subject(
    written: dict[str, Any], length: int | None = None, mean_row: float | None = None, kind: str = "", longest: int | None = None
) -> Subject:
    """The train step whose written params are `written`; `length` stands in where max_seq_length is not written.

    mean_row, longest: the data's, where they are known. kind: model_type of its base, where it is known.

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
        quant=dict(written.get("quant") or {}),
        optimizer=written.get("optimizer") or "adamw",
        checkpointing=written.get("activation_checkpointing"),
        loss_chunk_tokens=written.get("loss_chunk_tokens") or LOSS_CHUNK_TOKENS,
        compiled=bool(written.get("compile")),
        packed=written.get("packing") == "documents",
        mean_row=mean_row,
        longest=longest,
        attention=used(written.get("attn_implementation") or "auto", kind),
        added=len(set(written.get("add_tokens") or ())),
    )
