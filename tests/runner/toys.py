"""Small steps to write recipes with, so that the language is tested without the real ones."""

from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

import steps as registry
from schemas import Checkpoint, Corpus, NotInKey, Page, Plan, Secret, StepContext, StepParams, Strict, TokenBin, Tokenizer
from schemas.step import Step, step


class Source(Strict):
    path: str
    weight: float = 1.0


class HubSource(Strict):
    hub: str
    revision: str | None = None
    token: Secret | None = None


class Read(StepParams):
    sources: list[Source | HubSource] = Field(min_length=1, description="where the text is")
    strict: bool = False
    lang: str = ""


@step(version=1)
def read(params: Read, context: StepContext) -> Corpus:
    raise AssertionError("never run")


@read.smoke
def _(raw: dict[str, Any]) -> dict[str, Any]:
    return {**raw, "strict": True}


class Pieces(StepParams):
    model: Literal["unigram", "bpe"] = "unigram"
    vocab_size: int = Field(default=8000, gt=0)


@step(version=1)
def pieces(params: Pieces, corpus: list[Corpus], context: StepContext) -> Tokenizer:
    raise AssertionError("never run")


class Proof(StepParams):
    pass


@step(version=1)
def proof(params: Proof, tokenizer: Tokenizer, context: StepContext) -> Tokenizer:
    raise AssertionError("never run")


class Bin(StepParams):
    val_fraction: float = Field(default=0.05, gt=0, lt=1)


@step(version=1)
def bins(params: Bin, corpus: list[Corpus], tokenizer: Tokenizer, context: StepContext) -> TokenBin:
    raise AssertionError("never run")


class Sizes(Strict):
    family: Literal["mamba", "llama"] = "mamba"
    d_model: int = Field(default=64, gt=0)
    n_layers: int = 2
    n_heads: int | None = None
    vocab_size: int | None = None


class Base(Strict):
    hub: str | None = None
    path: str | None = None
    step: str | None = None
    recipe: str | None = None


class Based(Strict):
    base: Base


class Lora(Strict):
    r: int = Field(default=8, gt=0)
    lora_alpha: float = 16
    target_modules: list[str] = Field(default_factory=list)


class Fit(StepParams):
    model: Sizes | Based = Field(default_factory=Sizes)
    method: Literal["full", "lora"] = "full"
    lora: Lora | None = None
    max_steps: int | None = Field(default=None, gt=0)
    num_train_epochs: float | None = None
    learning_rate: float = Field(default=1e-3, gt=0)
    warmup_steps: int | None = None
    warmup_ratio: float | None = None
    batch_size: int | Literal["auto"] = "auto"
    eval_steps: Annotated[int | None, NotInKey] = None
    max_seq_length: int = 512
    precision: Literal["auto", "fp32", "fp16", "bf16"] = "auto"
    max_grad_norm: float | None = 1.0
    deterministic: bool = False
    expect: dict[int, dict[str, list[float]]] = Field(default_factory=dict)
    prompts: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.lora is not None and self.method == "full":
            raise PydanticCustomError(
                "A001", "lora has no effect with method {method}", {"method": "full", "name": "lora", "fix": "write method: lora"}
            )
        return self


@step(version=1)
def train(
    params: Fit, bins: TokenBin | None, corpus: list[Corpus] | None, plan: Plan | None, checkpoint: Checkpoint | None, context: StepContext
) -> Checkpoint:
    raise AssertionError("never run")


@train.needs
def _(params: Fit) -> dict[str, Any]:
    wanted: dict[str, Any] = {"bins": "nearest", "plan": "auto"}
    if isinstance(params.model, Based) and params.model.base.step:
        base = params.model.base
        wanted["checkpoint"] = {"recipe": base.recipe, "step": base.step} if base.recipe else base.step
    return wanted


class Look(StepParams):
    for_: str | None = Field(default=None, alias="for")
    candidates: int = 5
    subject: dict[str, Any] = Field(default_factory=dict)


@step(version=1, looks_at="train")
def plan(params: Look, bins: TokenBin | None, context: StepContext) -> Plan:
    raise AssertionError("never run")


@plan.needs
def _(params: Look) -> dict[str, Any]:
    return {"bins": "auto"}


class Validate(StepParams):
    prompts: list[str] = Field(default_factory=list)


@step(version=1)
def validate(params: Validate, checkpoint: Checkpoint, context: StepContext) -> Checkpoint:
    raise AssertionError("never run")


class Report(StepParams):
    title: str = ""


@step(version=1, last=True)
def report(params: Report, context: StepContext) -> Page:
    raise AssertionError("never run")


TOYS: dict[str, Step] = {s.name: s for s in (read, pieces, proof, bins, train, plan, validate, report)}


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> dict[str, Step]:
    """The small steps stand in place of the real ones."""
    known = dict(TOYS)
    monkeypatch.setattr(registry, "find", known.get)
    monkeypatch.setattr(registry, "names", lambda: sorted(known))
    monkeypatch.setattr(registry, "builtin", lambda: tuple(sorted(known)))
    return known
