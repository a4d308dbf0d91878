"""train: a language model, new or from a base, to a checkpoint that transformers opens; killed, it goes on to the same bytes."""

from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import (
    Checkpoint,
    CheckpointForecast,
    Corpus,
    ForecastContext,
    Fraction,
    Machine,
    NotInKey,
    Plan,
    Positive,
    Read,
    StepContext,
    StepParams,
    TokenBin,
    Tokenizer,
    version_of,
)  # fmt: skip
from schemas.training import (
    ADAPTED,
    COUNTED,
    Attention,
    BaseRef,
    EarlyStopping,
    Expected,
    LoraSettings,
    Method,
    Objective,
    Optimizer,
    Packing,
    Precision,
    QuantSettings,
    Scheduler,
    Stage,
    TrackerName,
    Tracking,
    TrainModel,
)  # fmt: skip
from steps import step
from steps.lm.bitwise import BITWISE_PAGES
from steps.lm.model_pages import MODEL_PAGES
from steps.lm.pages import TRAIN_PAGES
from steps.lm.phases import PHASE_PAGES
from steps.sizing.attention import ATTENTION_PAGES
from steps.sizing.divisors import divisors
from steps.sizing.planned import with_plan

LORA_RATE, FULL_RATE = 2e-4, 1e-3
WARMUP_SHARE = 0.05
LOWEST_SHARE = 0.1
DECAY_SHARE = 0.2
KINDS = (".json", ".safetensors", ".model", ".txt", ".jinja")  # files of a transformers folder that count


class Train(StepParams):
    """How a model is trained. A step is an optimizer step in every field."""

    model: TrainModel = Field(default_factory=TrainModel, description="sizes of a new network, or {base: ...}")
    method: Method = Field(default="full", description="all weights; low-rank adapters, merged at the end; or those over a quantised base")
    lora: LoraSettings | None = Field(default=None, description="with method: lora or qlora")
    quant: QuantSettings | None = Field(default=None, description="with method: qlora; 4 bits, nf4, when left out")
    add_tokens: list[Annotated[str, Field(min_length=1)]] | None = Field(
        default=None, min_length=1, description="tokens that the base's tokenizer lacks, such as chat marks; their rows begin as the mean"
    )
    objective: Objective = Field(default="lm", description="lm: next token of a bin; sft: documents and answers of a corpus")
    max_steps: Positive | None = Field(default=None, description="optimizer steps")
    num_train_epochs: float | None = Field(default=None, gt=0, description="passes over the data; 1 when max_steps is left out too")
    total_batch_size: Positive | None = Field(default=None, description="sequences of one step, on whatever machine")
    total_batch_tokens: Positive | None = Field(default=None, description="the same, in tokens")
    batch_size: Positive | None = Field(default=None, description="sequences at a time")
    gradient_accumulation_steps: Positive | None = Field(default=None, description="micro-batches of one step")
    eval_batch_size: Positive | None = Field(
        default=None, description="sequences at a time in validation; as in training, 8 at least, when left out"
    )
    max_seq_length: Positive = Field(default=512, description="tokens of a row")
    packing: Packing | None = Field(
        default=None,
        description="lm: stream, rows cut from the documents end to end, or documents, the same and none sees another; "
        "sft: none, a document a row, or documents, rows filled with several, none sees another. The first of each when left out",
    )
    learning_rate: float | None = Field(default=None, gt=0, description="at its peak; 1e-3, and 2e-4 for lora, when left out")
    warmup_steps: int | None = Field(default=None, ge=0, description="steps of rising rate")
    warmup_ratio: Fraction | None = Field(default=None, description="the same as a share of all steps; 0.05 when both are left out")
    scheduler: Scheduler = Field(default="cosine", description="how the rate falls")
    decay_share: Fraction | None = Field(default=None, description="with scheduler: wsd, the share of steps that it falls over; 0.2")
    min_lr: float | None = Field(default=None, ge=0, description="the last rate; a tenth of the peak when left out")
    weight_decay: float = Field(default=0.1, ge=0, description="of matrices; never of norms, biases and a Mamba's A and D")
    decay_embeddings: bool = Field(default=True, description="false: weight_decay leaves embeddings alone")
    max_grad_norm: float | None = Field(default=1.0, gt=0, description="longer gradients are scaled down; null: never")
    on_spike: Literal["none", "skip", "stop"] = Field(default="none", description="what a gradient far above the last ones does")
    spike_factor: float | None = Field(default=None, gt=1, description="how far: times the median norm of the last 100 steps; 10")
    z_loss: float = Field(default=0.0, ge=0, description="weight of log^2 of the softmax's denominator")
    optimizer: Optimizer = Field(default="adamw", description="adamw_8bit: moments of matrices in a byte; muon: for hidden matrices")
    precision: Precision = Field(
        default="auto",
        description="auto: bf16 where the card has it, fp16 on other cards; on a CPU fp32, or bf16 for a wide model where it has AMX",
    )
    attn_implementation: Attention = Field(
        default="auto", description="how attention is computed, as transformers names it; auto: sdpa, eager for a base that lacks it"
    )
    activation_checkpointing: bool = Field(
        default=False, description="compute a layer again in the backward pass: a third slower, less memory"
    )
    compile: bool = Field(default=False, description="torch.compile; where it does not work the run goes on without and says so")
    deterministic: bool = Field(
        default=False, description="on CUDA: a resume is bit for bit, as it is on a CPU anyway; slower, Mamba-1 by our own scan"
    )
    loss_chunk_tokens: Positive = Field(default=1024, description="positions whose logits exist at one time")
    on_oom: Literal["reduce", "stop"] = Field(default="reduce", description="out of memory: smaller micro-batches, then less, or stop")
    eval_steps: Annotated[Positive | None, NotInKey] = Field(default=None, description="steps between validations; a tenth of all")
    eval_tokens: Positive | None = Field(default=1_000_000, description="size of the fixed validation set; null: all of it")
    save_steps: Annotated[Positive | None, NotInKey] = Field(default=None, description="steps between saves; a 20th of all, 500 at most")
    keep: Annotated[Positive, NotInKey] = Field(default=2, description="saves kept while training, in case the newest is damaged")
    early_stopping: EarlyStopping | None = Field(default=None, description="end when validations no longer improve")
    resume_from: BaseRef | None = Field(
        default=None, description="go on from the end of another training: weights, optimizer, schedule and place in the data"
    )
    init_from: BaseRef | None = Field(
        default=None, description="weights of another training, by name, for a new network; nothing else of it"
    )
    stages: list[Stage] | None = Field(
        default=None,
        min_length=1,
        description="what is trained when, [{steps: 500, train: [hebbian]}, {train: [all]}]; all when left out",
    )
    save_only_model: bool = Field(default=False, description="true: leave out what resume_from needs, twice the weights in bytes")
    expect: Annotated[Expected, NotInKey] = Field(
        default_factory=dict, description="bands by step, {1000: {train_loss: [4.0, 5.0]}}; of 20 steps"
    )
    tracking: Annotated[TrackerName | list[TrackerName] | Tracking | None, NotInKey] = Field(
        default=None, description="wandb, tensorboard, mlflow, a list of them, or each with its settings; a failing one stops nothing"
    )
    on_expect: Annotated[Literal["warn", "stop"], NotInKey] = Field(default="warn", description="what a figure outside its band does")
    samples: Annotated[list[str], NotInKey] = Field(default_factory=list, description="prompts continued at 0, 25, 50 and 100 %")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        self._method_agrees()
        for one, other in (("max_steps", "num_train_epochs"), ("total_batch_size", "total_batch_tokens"), ("warmup_steps", "warmup_ratio")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                _mistake("S001", f"{one} and {other} say the same thing twice", other, f"delete {one} or {other}")
        if self.scheduler == "constant" and self.min_lr is not None:
            _mistake("S004", "min_lr has no effect with scheduler: constant", "min_lr", "delete min_lr, or choose another scheduler")
        if self.min_lr is not None and self.min_lr > self.rate:
            lower = (self.min_lr if self.min_lr < 1 else 0.1) * self.rate  # where a share of the rate was meant
            fix = f"it is a rate, and no share of one: write min_lr: {lower:g}"
            _mistake("S005", f"min_lr {self.min_lr:g} is above learning_rate {self.rate:g}", "min_lr", fix)
        if self.max_steps is not None and (self.warmup_steps or 0) >= self.max_steps > 1:
            _mistake("S003", f"warmup_steps {self.warmup_steps} leaves nothing of max_steps {self.max_steps}", "warmup_steps",
                     f"write warmup_steps: {max(1, self.max_steps // 20)}")  # fmt: skip
        self._batch_agrees()
        self._choices_agree()
        self._resume_agrees()
        self._stages_agree()
        return self

    def _method_agrees(self) -> None:
        if self.lora is not None and self.method not in ADAPTED:
            _mistake("A001", "lora has no effect with method: full", "lora", "write method: lora, or delete lora")
        if self.quant is not None and self.method != "qlora":
            _mistake("A005", f"quant has no effect with method: {self.method}", "quant", "write method: qlora, or delete quant")
        if self.method in ADAPTED and self.model.base is None:
            _mistake("A002", f"method: {self.method} adapts a trained model, and model has no base", "method",
                     "write model: {base: {path: ...}}, or method: full")  # fmt: skip

    def _choices_agree(self) -> None:
        if self.add_tokens and self.model.base is None:
            _mistake("V107", "add_tokens is for a base's tokenizer, and model has no base", "add_tokens",
                     "write user_symbols in train_tokenizer")  # fmt: skip
        if self.add_tokens and self.objective == "lm":
            _mistake("V107", "add_tokens has no effect with objective: lm: its bin was made without them", "add_tokens",
                     "write objective: sft, or delete add_tokens")  # fmt: skip
        if self.decay_share is not None and self.scheduler != "wsd":
            _mistake("S007", f"decay_share has no effect with scheduler: {self.scheduler}", "decay_share",
                     "write scheduler: wsd, or delete it")  # fmt: skip
        if self.spike_factor is not None and self.on_spike == "none":
            _mistake("S008", "spike_factor has no effect with on_spike: none", "spike_factor",
                     "write on_spike: skip, or delete spike_factor")  # fmt: skip
        wrong, right = {"lm": ("none", "stream or documents"), "sft": ("stream", "none or documents")}[self.objective]
        if self.packing == wrong:
            _mistake("D150", f"packing: {wrong} is not for objective: {self.objective}", "packing", f"write {right}")
        if self.optimizer == "muon" and self.method in ADAPTED:
            _mistake("O003", "muon is for whole matrices, lora trains their low-rank factors", "optimizer", "write optimizer: adamw")

    def _resume_agrees(self) -> None:
        earlier, base = self.resume_from, self.model.base
        for name, ref in (("resume_from", earlier), ("init_from", self.init_from)):
            if ref is not None and ref.trust_pickle:
                _mistake("H004", f"trust_pickle has no effect in {name}", f"{name}.trust_pickle", "delete it")
        if self.init_from is not None and (base is not None or earlier is not None):
            other = "model.base" if base is not None else "resume_from"
            _mistake("R107", f"init_from and {other} both say what the weights are", "init_from",
                     "delete init_from" if base is not None else "delete one of them")  # fmt: skip
        if earlier is not None and earlier.hub is not None:
            _mistake("R101", "resume_from needs the optimizer's state, which a hub model has not", "resume_from",
                     "write model: {base: {hub: ...}}")  # fmt: skip
        if earlier is not None and earlier.step is not None and base is not None and base.step is not None:
            _mistake("R106", "resume_from and model.base are both steps, and a train step takes one checkpoint", "resume_from",
                     "name one of them as a folder: {path: runs/latest/artifacts/...}")  # fmt: skip

    def _stages_agree(self) -> None:
        stages = self.stages or []
        if stages and self.method in ADAPTED:
            _mistake("S022", f"stages choose among all weights, and method: {self.method} trains its adapters alone", "stages",
                     "write method: full, or delete stages")  # fmt: skip
        for number, stage in enumerate(stages[:-1], 1):
            if stage.steps is None:
                _mistake("S021", f"stage {number} of {len(stages)} has no steps: the next would never begin", "stages",
                         "write steps: in every stage but the last")  # fmt: skip
        if stages and self.max_steps is not None:
            before, last = sum(stage.steps or 0 for stage in stages[:-1]), stages[-1].steps
            if before >= self.max_steps:
                _mistake("S023", f"the stages before the last take {before} steps, max_steps is {self.max_steps}", "stages",
                         f"write max_steps above {before}, or give the stages fewer steps")  # fmt: skip
            if last is not None and before + last != self.max_steps:
                _mistake("S023", f"the stages take {before + last} steps, max_steps is {self.max_steps}", "stages",
                         "delete steps of the last stage: it takes the rest")  # fmt: skip

    def _batch_agrees(self) -> None:
        if self.total_batch_tokens is not None and self.total_batch_tokens < self.max_seq_length:
            _mistake("B001", f"total_batch_tokens {self.total_batch_tokens} is less than one row of {self.max_seq_length}",
                     "total_batch_tokens", f"write at least {self.max_seq_length}")  # fmt: skip
        total, micro, times = self.asked_rows, self.batch_size, self.gradient_accumulation_steps
        if total is not None and (micro or 1) * (times or 1) > total:
            name = "batch_size" if micro else "gradient_accumulation_steps"
            product = f"batch_size {micro or 1} x gradient_accumulation_steps {times or 1}"
            fix = f"write {name}: {total}" if (micro or 1) > total or not micro else "delete gradient_accumulation_steps: it follows"
            _mistake("B002", f"{product} is more than the effective batch of {total}", name, fix)
        if total is not None and micro and times and micro * times != total:
            _mistake("B002", f"batch_size {micro} x gradient_accumulation_steps {times} is not the effective batch of {total}",
                     "gradient_accumulation_steps", f"delete it: {ceil(total / micro)} follows")  # fmt: skip

    @property
    def asked_rows(self) -> int | None:
        """Sequences of one step as written, None when that follows from the micro-batch."""
        return self.total_batch_size or (self.total_batch_tokens and self.total_batch_tokens // self.max_seq_length)

    @property
    def rate(self) -> float:
        """The peak learning rate."""
        return self.learning_rate or (LORA_RATE if self.method in ADAPTED else FULL_RATE)

    @property
    def lowest_rate(self) -> float:
        """The rate of the last step."""
        return self.rate * LOWEST_SHARE if self.min_lr is None else self.min_lr

    @property
    def falling_share(self) -> float:
        """The share of steps over which `wsd` falls."""
        return DECAY_SHARE if self.decay_share is None else self.decay_share

    def batch(self) -> tuple[int, int]:
        """Sequences of one step, and of one micro-batch: what is written, and for the rest at most 8 at a time."""
        micro, times = self.batch_size, self.gradient_accumulation_steps
        rows = self.asked_rows or (micro or 8) * (times or 1)
        if micro is None:
            micro = ceil(rows / times) if times else divisors(rows, 8)[-1]
        return rows, micro

    def steps(self, rows_per_epoch: float) -> int:
        """Optimizer steps, for data of so many rows."""
        return self.max_steps or max(1, ceil((self.num_train_epochs or 1.0) * rows_per_epoch / self.batch()[0]))

    def counted_validations(self) -> str:
        """How often is validated, where that decides how a training ends: `eval_steps` is in no key by itself. Empty elsewhere."""
        if self.early_stopping is None:
            return ""
        every = self.eval_steps or (self.max_steps and max(1, self.max_steps // 10))
        return f"every {every} steps" if every else "a tenth of all steps"

    def warmup(self, steps: int) -> int:
        """Steps of rising rate."""
        if self.warmup_steps is not None:
            return self.warmup_steps
        return ceil(steps * (WARMUP_SHARE if self.warmup_ratio is None else self.warmup_ratio))


def _mistake(code: str, message: str, name: str, fix: str) -> None:
    raise PydanticCustomError(code, message, {"name": name, "fix": fix})


@step(
    version=10,
    libraries=("torch", "transformers", "peft"),
    prolonged_by=("max_steps", "num_train_epochs", "on_spike", "spike_factor"),
    pages=(*TRAIN_PAGES, *MODEL_PAGES, *PHASE_PAGES, *ATTENTION_PAGES, *BITWISE_PAGES),
)
def train(
    params: Train,
    bins: TokenBin | None,
    corpus: list[Corpus] | None,
    tokenizer: Tokenizer | None,
    plan: Plan | None,
    checkpoint: Checkpoint | None,
    context: StepContext,
) -> Checkpoint:
    """Train as `params` say and leave a transformers folder with the tokenizer's files.

    objective lm reads `bins`, sft reads `corpus`; the tokenizer is the base model's own, if there is a base. Killed, it goes on from
    its last save, on a CPU to the same bytes, on CUDA with `deterministic`. Raises RecipeError for what cannot be trained, each with its
    remedy.
    """
    from steps.lm import build, deterministic
    from steps.lm.assemble import assemble
    from steps.lm.job import Job

    with deterministic.mode(params.deterministic, build.device()):
        return assemble(Job(with_plan(params, plan), bins, corpus or [], tokenizer, checkpoint, context))


@train.needs
def _needs(params: Train) -> dict[str, Any]:
    wanted: dict[str, Any] = {"plan": "auto"}
    base = params.model.base
    if params.objective == "sft":
        wanted["corpus"] = "nearest"
        if base is None:
            wanted["tokenizer"] = "nearest"
    else:
        wanted |= {"bins": "nearest", "tokenizer": "nearest"}
    link = next((ref.link() for ref in (base, params.resume_from, params.init_from) if ref is not None and ref.step is not None), None)
    if link is not None:
        wanted["checkpoint"] = link
    return wanted


@train.settle
def _settle(params: Train, target: Machine, here: Machine) -> Train:
    if params.precision != "auto":
        return params
    from steps.sizing.subject import precision_on

    return Train.model_validate({**params.model_dump(exclude_unset=True), "precision": precision_on(here, params.model)})


@train.reads
def _reads(params: Train, project: Path) -> list[Read]:
    base, earlier = params.model.base, params.resume_from
    engine = [Read("bitsandbytes", identity=version_of("bitsandbytes"))] if params.method == "qlora" else []
    if params.optimizer == "adamw_8bit":
        engine.append(Read("adamw_8bit", identity=f"bitsandbytes {version_of('bitsandbytes')}, embeddings in 32 bits"))
    engine += [Read(COUNTED, identity=counted)] if (counted := params.counted_validations()) else []
    if earlier is not None and earlier.path is not None:
        folder = project / earlier.path
        engine += [Read(f"resume_from/{p.name}", p) for p in sorted([*folder.glob("*.safetensors"), *folder.glob("state/*")])]
    if (first := params.init_from) is not None and first.hub is not None:
        engine.append(Read("init_from", identity=f"{first.hub}@{first.revision or 'main'}"))
    elif first is not None and first.path is not None:
        files = (p for p in sorted((project / first.path).glob("*")) if p.suffix in KINDS)
        engine += [Read(f"init_from/{p.name}", p) for p in files]
    if base is None or base.step is not None:
        return engine
    if base.hub is not None:
        return [Read("base", identity=f"{base.hub}@{base.revision or 'main'}"), *engine]
    folder = project / (base.path or "")
    kinds = (*KINDS, ".bin") if base.trust_pickle else KINDS
    return [*(Read(p.name, p) for p in sorted(folder.glob("*")) if p.suffix in kinds), *engine]


@train.smoke
def _smoke(written: dict[str, Any]) -> dict[str, Any]:
    small = {k: v for k, v in written.items() if v not in ("flash_attention_2", "fp16") and k not in (  # for it runs on any machine
        "num_train_epochs", "total_batch_tokens", "gradient_accumulation_steps", "warmup_ratio", "expect")}  # fmt: skip
    model = dict(written.get("model") or {})
    if "base" not in model:
        layers = {"n_layers": model["n_layers"]} if written.get("stages") and "n_layers" in model else {"n_layers": 2}  # stages name them
        kept = {k: model[k] for k in ("family", "tie_embeddings", "hebbian_learned") if k in model}
        small["model"] = {**kept, "d_model": 32, **layers}  # rows follow the tokenizer, which is tiny too
    if stages := written.get("stages"):
        first = [{**stage, "steps": 1} for stage in stages[:-1][:3]]
        small["stages"] = [*first, {k: v for k, v in stages[-1].items() if k != "steps"}]
    if set(written.get("init_from") or {"step": ""}) != {"step"}:
        del small["init_from"]  # weights of a real size
    if written.get("objective", "lm") == "lm":
        small["max_seq_length"] = min(64, int(written.get("max_seq_length", 64)))
    return {**small, "max_steps": 4, "total_batch_size": 2, "batch_size": 2, "warmup_steps": 1, "eval_steps": 2, "save_steps": 2,
            "eval_tokens": 2000}  # fmt: skip


@train.forecast
def _forecast(params: Train, inputs: dict[str, Any], context: ForecastContext) -> CheckpointForecast:
    from steps.lm.foresee import foresee

    return foresee(params, inputs, context)


train.again(lambda *asked: import_module("steps.lm.afterwards").look_again(*asked))  # which loads when it is asked
__all__ = ["Train", "train"]
