"""Typed pieces of training that more than one room reads: where a base model comes from, LoRA, and the bands a run is expected in."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Positive, Strict
from schemas.model import ModelConfig

Precision = Literal["auto", "fp32", "fp16", "bf16"]
Scheduler = Literal["cosine", "linear", "constant", "wsd"]
Objective = Literal["lm", "sft"]
Method = Literal["full", "lora", "qlora"]
ADAPTED: tuple[str, ...] = ("lora", "qlora")  # methods that train adapters beside a frozen base
Optimizer = Literal["adamw", "adamw_8bit", "muon"]
Packing = Literal["none", "stream", "documents"]
COUNTED = "early_stopping validations"  # what of a training's key says at which steps early stopping looks
Attention = Literal["auto", "sdpa", "eager", "flash_attention_2"]


class BaseRef(Strict):
    """A model to start from: a folder, a hub model at a revision, a step of this recipe, or of another one by way of the store."""

    path: str | None = Field(default=None, description="a transformers folder, relative to the project")
    hub: str | None = Field(default=None, description="a model's name on the hub")
    revision: str | None = Field(default=None, description="its commit, so that it is the same model tomorrow")
    recipe: str | None = Field(default=None, description="another recipe's name")
    step: str | None = Field(default=None, description="the step that made the checkpoint")
    trust_pickle: bool = Field(default=False, description="open pytorch_model.bin where there is no safetensors file; weights only")

    @model_validator(mode="after")
    def _one(self) -> Self:
        ways = [name for name in ("path", "hub", "step") if getattr(self, name) is not None]
        if len(ways) != 1:
            raise PydanticCustomError(
                "H003", "a base is {found}, and must be exactly one of path, hub, step",
                {"found": " and ".join(ways) or ("a recipe without its step" if self.recipe else "nothing"),
                 "fix": f"write {{recipe: {self.recipe}, step: train}}, by the id of its step" if self.recipe and not ways
                 else "write {path: folder}, {hub: name, revision: commit} or {step: id}"},
            )  # fmt: skip
        for name, needs in (("revision", "hub"), ("recipe", "step")):
            if getattr(self, name) is not None and getattr(self, needs) is None:
                raise PydanticCustomError("H004", "{name} has no effect without {needs}", {"name": name, "needs": needs})
        if self.trust_pickle and self.step is not None:
            raise PydanticCustomError("H004", "trust_pickle has no effect with step: what recipe trained is never pickled")
        return self

    def link(self) -> str | dict[str, str] | None:
        """How the runner wires it: a step's id, an outside reference, or None when the files are on disk."""
        if self.step is None:
            return None
        return {"recipe": self.recipe, "step": self.step} if self.recipe else self.step


class TrainModel(ModelConfig):
    """The `model:` of a train step: the sizes of a new network, or `base:` and nothing else."""

    base: BaseRef | None = None

    @model_validator(mode="after")
    def _base_alone(self) -> Self:
        others = sorted(self.model_fields_set - {"base"})
        if self.base is not None and others:
            first = "family" if "family" in others else others[0]
            instead = ", with init_from: for that base's weights" if first == "family" else ""
            raise PydanticCustomError(
                "M003", "{name} has no effect beside base: the base model has its own sizes",
                {"name": first, "fix": f"delete {first}, or delete base to train a new model{instead}"},
            )  # fmt: skip
        return self

    def sizes(self) -> ModelConfig:
        """The network's sizes alone."""
        return ModelConfig.model_validate(self.model_dump(exclude={"base"}))


class LoraSettings(Strict):
    """Low-rank adapters (arXiv 2106.09685). target_modules: names of linear layers; by family when left out."""

    r: Positive = Field(default=8, description="rank")
    lora_alpha: Positive = Field(default=16, description="scale: the update counts lora_alpha / r")
    lora_dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    target_modules: list[str] | None = Field(default=None, min_length=1, description="linear layers to adapt; by family when left out")
    use_rslora: bool = Field(default=False, description="the update counts lora_alpha / sqrt(r), arXiv 2312.03732: for high ranks")
    use_dora: bool = Field(default=False, description="length and direction of the weights apart, arXiv 2402.09353; slower")
    layers: Positive | None = Field(default=None, description="adapt the last so many blocks; all when left out")
    modules_to_save: list[str] | None = Field(
        default=None, min_length=1, description="modules trained whole beside the adapters, such as the embedding when tokens were added"
    )


class QuantSettings(Strict):
    """How the frozen base is held under qlora (arXiv 2305.14314), by bitsandbytes."""

    bits: Literal[4, 8] = Field(default=4, description="4: blocks of 64 weights; 8: LLM.int8(), arXiv 2208.07339")
    type: Literal["nf4", "fp4"] = Field(default="nf4", description="of four bits: nf4 for weights that are normally distributed, fp4")
    double: bool = Field(default=False, description="of four bits: the blocks' scales are quantised too, 0.4 bits a weight less")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.bits == 8:
            given = [name for name in ("type", "double") if name in self.model_fields_set]
            if given:
                said = {"name": given[0], "fix": f"delete {' and '.join(given)}: of four bits alone"}
                raise PydanticCustomError("A006", "{name} has no effect with bits: 8", said)
        return self


TrackerName = Literal["wandb", "tensorboard", "mlflow"]
TRACKERS: tuple[str, ...] = ("wandb", "tensorboard", "mlflow")


class WandbSettings(Strict):
    """Where runs go in wandb; a login comes from `wandb login` or WANDB_API_KEY, and without one runs stay in files."""

    project: str = Field(default="recipe", min_length=1)
    entity: str | None = Field(default=None, description="team or user; the login's own when left out")


class TensorBoardSettings(Strict):
    """TensorBoard has no settings: its files lie in the run's folder."""


class MLflowSettings(Strict):
    """Where runs go in MLflow: files in the run's folder unless a server is named here or in MLFLOW_TRACKING_URI."""

    experiment: str = Field(default="recipe", min_length=1)
    uri: str | None = Field(default=None, description="address of a tracking server, or a folder as file:///...")


class Tracking(Strict):
    """Trackers that are told the figures, with their settings."""

    wandb: WandbSettings | None = None
    tensorboard: TensorBoardSettings | None = None
    mlflow: MLflowSettings | None = None

    @classmethod
    def of(cls, written: "str | list[str] | Tracking | None") -> "Tracking":
        """`written` in long form; names alone mean their usual settings."""
        if isinstance(written, Tracking):
            return written
        names = [written] if isinstance(written, str) else written or []
        return cls.model_validate({name: {} for name in names})

    def kinds(self) -> list[str]:
        """Names of the trackers that are asked for."""
        return [name for name in TRACKERS if getattr(self, name) is not None]


class Stage(Strict):
    """A part of a training: what is trained in it; all else is frozen."""

    steps: Positive | None = Field(default=None, description="optimizer steps of this stage; the last takes the rest")
    train: list[str] = Field(
        min_length=1, description="all, or parts of the weights' names: hebbian, layers.3, mixer.in_proj; * stands for any text"
    )


class EarlyStopping(Strict):
    """Stop when validations no longer improve."""

    patience: Positive = Field(default=3, description="validations in a row without an improvement")
    min_delta: float = Field(default=0.0, ge=0.0, description="nats a token that count as an improvement")


Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class Expect(Strict):
    """Bands [low, high] at one step. Losses in nats a token, val_bits_per_byte in bits a byte of text."""

    train_loss: Pair | None = None
    val_loss: Pair | None = None
    val_bits_per_byte: Pair | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for name in type(self).model_fields:
            band = getattr(self, name)
            if band is not None and band[0] > band[1]:
                raise PydanticCustomError("S002", "the band of {name} is [{low}, {high}]: the lower bound comes first",
                                          {"name": name, "low": band[0], "high": band[1],
                                           "fix": f"write {name}: [{band[1]:g}, {band[0]:g}]"})  # fmt: skip
        return self


def _step_number(key: Any) -> Any:
    return int(key) if isinstance(key, str) and key.isdigit() else key  # JSON has only text as keys


Expected = dict[Annotated[int, BeforeValidator(_step_number), Field(gt=0)], Expect]

DEFAULT_TARGETS: dict[str, list[str]] = {
    "mamba": ["in_proj", "x_proj"],
    "mamba2": ["in_proj"],
    "mamba_hebbian": ["in_proj", "x_proj", "k_proj", "v_proj", "q_proj", "o_proj"],
    "llama": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
    "gpt2": ["c_attn", "c_proj", "c_fc"],
}  # peft refuses out_proj and conv1d on a Mamba; dt_proj, which learns here, gets no gradient in transformers' own forward pass
