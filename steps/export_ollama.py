"""export_ollama: a GGUF file and a Modelfile from a checkpoint, and the proof in llama.cpp that the file is the model."""

import json
import re
import unicodedata
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import (
    Checkpoint,
    CheckpointForecast,
    Corpus,
    Export,
    ExportForecast,
    ForecastContext,
    NotInKey,
    RecipeError,
    RulePage,
    StepContext,
    StepParams,
    Strict,
)  # fmt: skip
from steps import step
from steps.export.architectures import FAMILIES, architecture, within_reach
from steps.export.tokenizer_kinds import SPLITS, Refusal, gguf_tokenizer
from steps.sizing.budget import export_bytes, export_memory

WORD = "[A-Za-z0-9_]"
NAME = re.compile(  # types/model/name.go of Ollama: host, namespace, model and tag; a host without dot or port is a slip, and nobody's
    rf"(?:(?:(?=[^/]*[.:]|localhost/){WORD}[\w.:-]{{0,349}}/)?{WORD}[\w-]{{0,79}}/)?{WORD}[\w.-]{{0,79}}(?::{WORD}[\w.-]{{0,79}})?",
    re.ASCII,
)
PAGES = (
    RulePage(
        "E001", "the tokenizer's bytes do not fit GGUF",
        "llama.cpp gives other ids than SentencePiece for unigram with byte fallback (61 of 450 sentences differed), and stops its whole "
        "process on bpe without byte pieces. The model would be fed other tokens than it was trained on, in silence.",
        wrong="model: unigram\nbyte_fallback: true", right="model: bpe\nbyte_fallback: true\n# or\nmodel: unigram\nbyte_fallback: false",
        source="llama.cpp src/llama-vocab.cpp: llm_tokenizer_ugm, byte_to_token",
    ),
    RulePage(
        "E002", "the tokenizer normalizes text and llama.cpp does not",
        "For bpe, llama.cpp takes the text as it is. With nmt_nfkc 51 of 450 sentences got other ids.",
        wrong="model: bpe\nnormalization: nmt_nfkc", right="model: bpe\nnormalization: identity",
        source="llama.cpp src/llama-vocab.cpp: llm_tokenizer_spm",
    ),
    RulePage(
        "E003", "llama.cpp has no tokenizer of this kind",
        "A GGUF file holds SentencePiece bpe (as tokenizer.model, or as a tokenizer.json with byte fallback and every merge), its "
        "unigram, or byte-level bpe with a split that llama.cpp knows by name "
        f"({', '.join(split.pre for split in SPLITS)}); anything else gets other ids.",
        wrong="- {type: train, model: {base: {path: models/own}}}   # whose tokenizer splits text by a pattern of its own\n"
        "- type: export_ollama",
        right="- {type: train, model: {base: {path: models/llama}}}\n- type: export_ollama",
        source="ggml-org/llama.cpp, src/llama-vocab.cpp: the kinds of tokenizers",
    ),
    RulePage(
        "E004", "this model has no place in GGUF",
        f"The exporter writes {', '.join(FAMILIES)}: those that were compared with torch, each with its rotary "
        "scaling (linear, llama3, yarn; longrope of phi3). Of sliding windows llama.cpp knows those of Gemma 2 and 3; a model of another "
        "family is exported where rows and num_ctx are no longer than its window.",
        wrong="model: {base: {hub: google/t5-small}}", right="model: {family: mamba}",
        source="ggml-org/llama.cpp#11263",
    ),
    RulePage(
        "E005", "a text that a Modelfile cannot hold",
        "Ollama's parser ends a quoted text at three double quotes before a line's end and knows no escape for them.",
        source="github.com/ollama/ollama parser/parser.go: unquote",
    ),
    RulePage(
        "E006", "ollama create did not succeed",
        "The GGUF and the Modelfile are written and proved; only the call of the ollama program failed. Run it by hand to see why.",
        source="Ollama's documentation of create",
        severity="warning",
    ),
    RulePage("E007", "llama.cpp does not read the file", "The file was written, but llama.cpp refused it or stopped: it is not shipped.",
        source="recipe: every GGUF file is opened once by llama.cpp"),
    RulePage(
        "E008", "llama.cpp gives other ids than the tokenizer",
        "Real paragraphs of the corpus were tokenized by both. A model that gets other ids than in training talks nonsense in Ollama.",
        source="ggml-org/llama.cpp#28862",
    ),
    RulePage(
        "E009", "llama.cpp foresees other tokens than torch",
        "The likeliest next token was compared position by position. The chosen quantization explains a small share; this is more.",
        wrong="quantization: q4_0",
        right="quantization: f16",
        source="recipe: llama.cpp and torch are asked for the same tokens",
    ),
    RulePage(
        "E010", "a name that Ollama does not take",
        "A model's name is letters, digits, dot, dash and underscore, and begins with a letter or a digit; before it may stand its owner, "
        "behind it a tag. Name and tag are the file's name too.",
        wrong="name: my model!", right="name: my-model",
        source="docs.ollama.com: model names",
    ),
    RulePage(
        "E012", "a chat template that Ollama's cannot say",
        "A Modelfile's template is written in Go. Ours is made from the model's own where each turn is a text before and a text after "
        "its content. This one does more (it may write earlier turns in another way), so the "
        "Modelfile has no TEMPLATE, and Ollama looks at the template in the GGUF file by itself: see whether `ollama show` has it. "
        "A system message that no template writes (it has no place for one, puts it into a question, or the model only continues text) "
        "is left out: nobody would see it.",
        wrong="- {type: train, model: {family: llama}}   # continues text\n- {type: export_ollama, system: You are a pirate.}",
        right="- {type: train, model: {family: llama}}\n- {type: export_ollama}",
        source="ollama/ollama#8956; ollama/ollama#693",
        severity="warning",
    ),
    RulePage(
        "E011", "a missing package stops the export", "GGUF is written with the packages gguf and numpy.",
        wrong="- type: export_ollama   # and gguf is not installed",
        right='pip install "recipe[export]"',
        source="recipe: export comes with the extra `export`",
    ),
)  # fmt: skip

Share = Annotated[float, Field(ge=0.0, le=1.0)]


class OllamaParameters(Strict):
    """PARAMETER lines of the Modelfile, by Ollama's names."""

    temperature: Annotated[float, Field(ge=0.0)] | None = None
    top_p: Share | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    min_p: Share | None = None
    repeat_penalty: Annotated[float, Field(gt=0.0)] | None = None
    repeat_last_n: int | None = None
    num_ctx: Annotated[int, Field(gt=0)] | None = Field(default=None, description="context; what training saw, for models with attention")
    num_predict: int | None = None
    seed: int | None = None
    stop: list[str] | None = Field(default=None, description="texts that end an answer; the end-of-turn mark of a chat model by default")


class ExportOllama(StepParams):
    """Params of export_ollama."""

    name: str = Field(default="model", description="the model's name in Ollama, and of the GGUF file")
    quantization: Literal["f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0"] = "f16"
    adapter: Literal["merge"] = Field(default="merge", description="a LoRA is written into the weights")
    weights: Literal["last", "best"] = Field(default="last", description="which of the checkpoint's weights: best, of its best validation")
    system: str | None = Field(default=None, description="the system message of a chat model")
    parameters: OllamaParameters = OllamaParameters()
    create: Annotated[Literal["auto", "never"], NotInKey] = Field(default="auto", description="call `ollama create` where ollama is found")

    @model_validator(mode="after")
    def _named(self) -> "ExportOllama":
        if not NAME.fullmatch(self.name):
            kept = "letters, digits, dots and dashes: model, owner/model, model:tag"
            plain = _plain(self.name)
            fix = f"write name: {plain}; a name is of {kept}" if NAME.fullmatch(plain) else f"write {kept}"
            raise PydanticCustomError(
                "E010", "{found} is no name for an Ollama model", {"found": repr(self.name), "name": "name", "fix": fix}
            )
        return self

    @property
    def file(self) -> str:
        """Of the weights: the model's name and its tag, without its owner."""
        return self.name.rsplit("/", 1)[-1].replace(":", "-") + ".gguf"


def _plain(name: str) -> str:
    """`name` in the letters that Ollama takes: accents go, all else becomes a dash."""
    ascii_only = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._/:-]+", "-", ascii_only).strip("-._/:")


@step(version=2, libraries=("gguf", "numpy"), pages=PAGES)
def export_ollama(params: ExportOllama, checkpoint: Checkpoint, corpus: list[Corpus] | None, context: StepContext) -> Export:
    """Write `<name>.gguf` and a `Modelfile`; prove the file in llama.cpp where xllamacpp is installed.

    What was not tried is called so in the artifact and in the statistics; a file that llama.cpp disproves is an error.
    Raises RecipeError E001 to E005 for what GGUF or a Modelfile cannot hold, E007 to E009 for a disproved file.
    """
    _packages()
    from steps.export.convert import convert
    from steps.export.modelfile import modelfile, parse_modelfile
    from steps.export.ollama import create
    from steps.export.proof import paragraphs, prove
    from steps.export.spoken import spoken
    from steps.text.tokenizers import open_tokenizer

    if params.weights == "best" and checkpoint.best_step is None and not context.smoke:
        message = "no weights are kept as the best: nothing was validated, or they could not be read again; the last are exported"
        context.warn("C122", message, field="weights", fix="delete weights, or give the training documents to validate on")
    checkpoint = checkpoint.choose(params.weights)
    tokenizer = open_tokenizer(checkpoint.path)
    config = json.loads((checkpoint.path / "config.json").read_text("utf-8"))
    built = architecture(config)
    within_reach(config, params.parameters.num_ctx or 0, "parameters.num_ctx")
    gguf = params.file
    form, chat = tokenizer.form, checkpoint.objective == "sft"
    said = spoken(checkpoint.objective, form, params.system)
    if said.unsaid:
        context.warn("E012", said.unsaid, field="system" if said.template else "", fix=said.fix)
    text = modelfile(gguf, said.template, _parameters(params, checkpoint, said.stop), said.system)
    parse_modelfile(text)
    size = convert(
        checkpoint.path, context.workdir / gguf, tokenizer, rows=checkpoint.vocab_size, name=params.name, quantization=params.quantization,
        max_seq_length=checkpoint.max_seq_length, chat=chat, begins=form.begins() if chat else True,
        progress=lambda done, total: context.progress(done, total, "tensors"),
    )  # fmt: skip
    (context.workdir / "Modelfile").write_text(text, "utf-8")
    proof = prove(
        context.workdir / gguf, checkpoint.path, tokenizer, paragraphs(corpus or [], context.seed),
        quantization=params.quantization, parameters=checkpoint.parameters, trained=not context.smoke,
        served=checkpoint.max_seq_length,
    )  # fmt: skip
    context.event("exported", gguf=gguf, bytes=size, proof=proof.state, message=_told(proof))
    context.stats(
        "export",
        {
            "gguf": gguf, "bytes": size, "quantization": params.quantization, "architecture": built,
            "modelfile": text, "proof": proof.plain(), "ollama": "not asked" if params.create == "never" else create(params.name, context),
        },
    )  # fmt: skip
    return Export(
        name=params.name, gguf=gguf, quantization=params.quantization, bytes=size,
        proof="proved in llama.cpp" if proof.state == "proved in llama.cpp" else "not tried",
    ).save(context.workdir)  # fmt: skip


def _parameters(params: ExportOllama, checkpoint: Checkpoint, stop: list[str]) -> dict[str, Any]:
    """The Modelfile's parameters, with what follows from the checkpoint for those left out."""
    derived: dict[str, Any] = {"stop": stop} if stop else {}
    if checkpoint.model.family in ("llama", "gpt2") and checkpoint.max_seq_length:
        derived["num_ctx"] = checkpoint.max_seq_length
    return {**derived, **params.parameters.model_dump(exclude_none=True)}


def _told(proof: Any) -> str:
    if proof.state == "not tried":
        return f"not proved in llama.cpp: {proof.why}"
    return f"proved in llama.cpp: equal ids for {proof.equal_ids} paragraphs, same top token on {proof.same_top1:.1%} of {proof.positions}"


def _packages() -> None:
    from importlib.util import find_spec

    absent = [name for name in ("gguf", "numpy") if find_spec(name) is None]
    if absent:
        raise RecipeError("E011", f"export_ollama needs {' and '.join(absent)}", fix='pip install "recipe[export]"')


@export_ollama.needs
def needs(params: ExportOllama) -> dict[str, Any]:
    """The corpus is where the proof's paragraphs come from."""
    return {"corpus": "auto"}


@export_ollama.forecast
def forecast(params: ExportOllama, inputs: dict[str, Any], context: ForecastContext) -> ExportForecast:
    """The file's size, and a tokenizer that will not do."""
    checkpoint = inputs.get("checkpoint")
    if not isinstance(checkpoint, CheckpointForecast) or checkpoint.model is None:
        return ExportForecast()
    because = {}
    tokenizer = checkpoint.tokenizer
    if tokenizer is not None and tokenizer.model:
        kind = gguf_tokenizer(tokenizer.model, tokenizer.byte_fallback, tokenizer.normalization)
        because["tokenizer"] = kind.why if isinstance(kind, Refusal) else f"a {kind} tokenizer in the file"
    model = (
        checkpoint.model if checkpoint.model.vocab_size or not checkpoint.vocab_size else checkpoint.model.with_vocab(checkpoint.vocab_size)
    )
    if not model.vocab_size:
        return ExportForecast(because=because)
    size = export_bytes(model, params.quantization, checkpoint.parameters)
    because["disk_bytes"] = f"{checkpoint.parameters or model.parameters():,} parameters in {params.quantization}"
    because["memory_parts"] = "one tensor at a time: as it is read, in fp32 and as it is stored"
    return ExportForecast(disk_bytes=size, memory_parts=export_memory(model, params.quantization), because=because)


@export_ollama.smoke
def smoke(written: dict[str, Any]) -> dict[str, Any]:
    """The same file, of a model that is tiny already; ollama is left alone."""
    return {**written, "create": "never"}
