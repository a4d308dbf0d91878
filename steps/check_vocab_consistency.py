"""check_vocab_consistency: prove a tokenizer on real text, and that everything that counts tokens counts the same."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import (
    Checkpoint,
    CheckpointForecast,
    Corpus,
    ForecastContext,
    Fraction,
    Read,
    RecipeError,
    RulePage,
    StepContext,
    StepParams,
    Strict,
    Tokenizer,
    TokenizerForecast,
)
from steps import step

if TYPE_CHECKING:
    from steps.text.proof import Tally
    from steps.text.tokenizers import TextTokenizer

SAMPLE_DOCUMENTS = 2000
FILES = ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")

PAGES = (
    RulePage(
        "V101",
        "an id has no row",
        "Every token id is a row of the embedding. An id beyond the last row reads foreign memory or stops the GPU with an assert "
        "that names neither the tokenizer nor the model.",
        source="AETHER's Triton assert: tokenizer 50257, model 32000",
    ),
    RulePage("V102", "two vocabulary sizes disagree", "Tokenizer, token files, model and export must count the same tokens."),
    RulePage(
        "T120",
        "text does not come back from the tokenizer",
        "Encoded and decoded again, every paragraph must be the same, to the last blank. What is lost here the model never sees.",
        wrong="- type: train_tokenizer\n  character_coverage: 0.95",
        right="- type: train_tokenizer\n  model: bpe   # byte fallback: nothing is unknown",
    ),
    RulePage(
        "T121", "too many unknown tokens", "An unknown token stands for a character that the vocabulary does not hold; 0.01 % is the limit."
    ),
    RulePage(
        "T122",
        "a basic character is lost",
        "Line break, tab, digits and ASCII letters occur in every text that the model will be asked to continue.",
        severity="warning",
    ),
    RulePage("T123", "no tokenizer to check", "Give the step a tokenizer, or name a model folder with `checkpoint:`."),
    RulePage("H110", "a model folder cannot be had", "The path does not exist, or the hub does not answer for that id and revision."),
)


class CheckpointFrom(Strict):
    """Where a model folder comes from: `path`, `hub` with `revision`, `step`, or `recipe` with `step`."""

    path: str | None = None
    hub: str | None = None
    revision: str | None = None
    recipe: str | None = None
    step: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "CheckpointFrom":
        if (self.path is not None) + (self.hub is not None) + (self.step is not None) != 1 or (self.recipe and not self.step):
            raise PydanticCustomError(
                "T123", "a checkpoint is named by path, by hub, or by step", {"fix": "write one of {path: ...}, {hub: ...}, {step: ...}"}
            )
        return self


class CheckVocabConsistency(StepParams):
    """What the tokenizer is held to."""

    checkpoint: CheckpointFrom | None = Field(default=None, description="take the tokenizer out of this model folder")
    max_unknown_rate: Fraction = Field(default=0.0001, description="largest share of unknown tokens, by language")


@step(version=1, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def check_vocab_consistency(
    params: CheckVocabConsistency,
    tokenizer: Tokenizer | None,
    corpus: list[Corpus] | None,
    checkpoint: Checkpoint | None,
    context: StepContext,
) -> Tokenizer:
    """Prove the tokenizer and hand it on, unchanged.

    With `params.checkpoint` it is taken out of that model folder. Raises RecipeError T120 when a paragraph does not come back
    exactly, T121 when too much is unknown, V101 when the model of that folder has fewer rows than the tokenizer has ids.
    """
    from steps.text.proof import lost_essentials, prove
    from steps.text.tokenizers import open_tokenizer

    folder = _model_folder(params, checkpoint, context)
    if folder is not None:
        tokenizer = _taken_out(folder, context.workdir)
    if tokenizer is None:
        raise RecipeError("T123", "there is no tokenizer to check", fix="add a train_tokenizer step, or write checkpoint: {path: ...}")
    opened = open_tokenizer(tokenizer.path)
    agreement = _agreement(tokenizer, opened, folder)
    tallies, shown = prove(opened, _sampled(corpus or [], context))
    special = {"pad": opened.pad_id, "unk": opened.unk_id, "bos": opened.bos_id, "eos": opened.eos_id}
    context.stats(
        "vocabulary",
        {
            "vocab_size": opened.vocab_size,
            "special": special,
            "by_language": {lang: tally.facts() for lang, tally in sorted(tallies.items())},
            "sample": shown,
            "agreement": agreement,
        },
    )
    if lost := lost_essentials(opened):
        names = ", ".join(repr(c) for c in lost[:8])
        fix = "train it with normalization: identity, and byte_fallback: true or character_coverage: 1.0"
        context.warn("T122", f"the tokenizer does not keep {names}", fix=fix)
    for entry in agreement:
        if not entry["agrees"]:
            raise RecipeError(entry["code"], entry["note"], fix="use the tokenizer that the model was made with")
    for lang, tally in sorted(tallies.items()):
        _judge(lang, tally, params.max_unknown_rate)
    return tokenizer


def _judge(lang: str, tally: "Tally", max_unknown_rate: float) -> None:
    where = f"in language {lang!r}" if lang != "und" else "in the corpus"
    if tally.unknown_rate > max_unknown_rate:
        raise RecipeError(
            "T121",
            f"{tally.unknown_rate:.4%} of the tokens {where} are unknown "
            f"({tally.unknown} of {tally.tokens}; at most {max_unknown_rate:.2%})",
            field="max_unknown_rate",
            fix="train the tokenizer with byte_fallback: true, or with character_coverage: 1.0",
        )
    if tally.example is not None:
        text, back = tally.example
        at = next((i for i, (a, b) in enumerate(zip(text, back, strict=False)) if a != b), min(len(text), len(back)))
        raise RecipeError(
            "T120",
            f"{tally.broken} of {tally.paragraphs} paragraphs {where} do not come back: "
            f"{text[max(0, at - 20) : at + 20]!r} became {back[max(0, at - 20) : at + 20]!r}",
            fix="train the tokenizer with normalization: identity and byte_fallback: true",
        )


def _agreement(tokenizer: Tokenizer, opened: "TextTokenizer", folder: Path | None) -> list[dict[str, Any]]:
    """Every place that counts tokens, what it counts, and whether it agrees."""
    from steps.text.tokenizers import FastTokenizer

    size = opened.vocab_size
    found: list[dict[str, Any]] = []

    def add(where: str, other: int, agrees: bool, note: str, code: str = "V102") -> None:
        found.append({"where": where, "size": other, "agrees": agrees, "note": note, "code": code})

    add("tokenizer", size, size == tokenizer.vocab_size, f"the files hold {size} pieces, artifact.json says {tokenizer.vocab_size}")
    if (tokenizer.path / "tokenizer.json").is_file():
        fast = FastTokenizer(tokenizer.path)
        add("tokenizer.json", fast.vocab_size, fast.vocab_size == size, f"{fast.vocab_size} entries beside {size} pieces")
        ours = (opened.pad_id, opened.unk_id, opened.bos_id, opened.eos_id)
        theirs = (fast.pad_id, fast.unk_id, fast.bos_id, fast.eos_id)
        same = all(a == b or a is None or b is None for a, b in zip(ours, theirs, strict=True))
        add("special tokens", len(ours), same, f"pad, unk, bos, eos are {ours} and {theirs}")
    dtype = "uint16" if size <= 1 << 16 else "uint32"
    add("token files", 1 << (16 if dtype == "uint16" else 32), True, f"{dtype} holds every id up to {size - 1}")
    rows = _embedding_rows(folder)
    if rows is not None:
        note = f"{rows} rows" + (f", {rows - size} of them unused" if rows > size else "")
        note = note if rows >= size else f"the model has rows for {rows} tokens, the tokenizer in its folder has {size}"
        add("model", rows, rows >= size, note, "V101")
    return found


def _embedding_rows(folder: Path | None) -> int | None:
    import json

    if folder is None or not (folder / "config.json").is_file():
        return None
    config = json.loads((folder / "config.json").read_text("utf-8"))
    rows = config.get("vocab_size") or config.get("text_config", {}).get("vocab_size")
    return rows if isinstance(rows, int) else None


def _sampled(corpora: list[Corpus], context: StepContext) -> Any:
    """Up to SAMPLE_DOCUMENTS rows, evenly from all corpora, long ones cut to their first part."""
    total = sum(c.documents_count for c in corpora)
    every = max(1, total // SAMPLE_DOCUMENTS)
    number = 0
    for corpus in corpora:
        for row in corpus.rows():
            number += 1
            if (number - 1) % every == 0:
                context.progress(number, total, "documents")
                yield {**row, "text": row["text"][:20_000]}


def _model_folder(params: CheckVocabConsistency, checkpoint: Checkpoint | None, context: StepContext) -> Path | None:
    if checkpoint is not None:
        return checkpoint.path
    source = params.checkpoint
    if source is None:
        return None
    if source.path is not None:
        folder = context.project / source.path
        if not folder.is_dir():
            raise RecipeError("H110", f"there is no folder {source.path}", field="checkpoint.path", fix="name a model folder")
        return folder
    return _from_hub(source)


def _from_hub(source: CheckpointFrom) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise RecipeError("H110", "hub models need huggingface_hub", field="checkpoint.hub", fix='pip install "recipe[train]"') from error
    try:
        return Path(snapshot_download(source.hub or "", revision=source.revision, allow_patterns=[*FILES, "config.json"]))
    except Exception as error:
        raise RecipeError(
            "H110",
            f"{source.hub} cannot be had from the hub: {str(error).splitlines()[0] if str(error) else type(error).__name__}",
            field="checkpoint.hub",
            fix="check the id, the revision and the network, or name a folder: {path: ...}",
        ) from error


def _taken_out(folder: Path, workdir: Path) -> Tokenizer:
    """Copy the tokenizer's files out of a model folder and describe them."""
    from steps.text.tokenizers import SentencePieceTokenizer, open_tokenizer

    for name in FILES:
        if (folder / name).is_file():
            shutil.copyfile(folder / name, workdir / name)
    opened = open_tokenizer(workdir)
    model = opened.model if isinstance(opened, SentencePieceTokenizer) else None
    return Tokenizer(
        vocab_size=opened.vocab_size,
        model=("unigram" if model.kind == "unigram" else "bpe") if model else "byte_bpe",
        byte_fallback=model is not None and model.byte_fallback,
        normalization=model.normalization if model else "identity",
        pad_id=opened.pad_id,
        unk_id=opened.unk_id,
        bos_id=opened.bos_id,
        eos_id=opened.eos_id,
        user_symbols=opened.user_symbols,
    ).save(workdir)


@check_vocab_consistency.needs
def needs(params: CheckVocabConsistency) -> dict[str, Any]:
    """Without `checkpoint` the nearest tokenizer; with one, that model, and no tokenizer beside it."""
    source = params.checkpoint
    if source is None:
        return {"tokenizer": "nearest", "corpus": "auto"}
    if source.recipe is not None:
        return {"checkpoint": {"recipe": source.recipe, "step": source.step}, "corpus": "auto"}
    if source.step is not None:
        return {"checkpoint": source.step, "corpus": "auto"}
    return {"corpus": "auto"}


@check_vocab_consistency.reads
def reads(params: CheckVocabConsistency, project: Path) -> list[Read]:
    """The tokenizer's files of a folder, or the hub's name for them."""
    source = params.checkpoint
    if source is None or source.step is not None:
        return []
    if source.hub is not None:
        return [Read(f"hub:{source.hub}", identity=f"{source.hub}@{source.revision or 'main'}")]
    folder = project / (source.path or "")
    return [Read(name, folder / name) for name in sorted((*FILES, "config.json")) if (folder / name).is_file()]


@check_vocab_consistency.forecast
def forecast(params: CheckVocabConsistency, inputs: dict[str, Any], context: ForecastContext) -> TokenizerForecast:
    """The tokenizer that comes in, or the one of the model folder as far as its config.json tells."""
    given = inputs.get("tokenizer")
    if isinstance(given, TokenizerForecast):
        return given.model_copy(update={"seconds": 2.0})
    model = inputs.get("checkpoint")
    if isinstance(model, CheckpointForecast):
        if model.tokenizer is not None:
            return model.tokenizer
        return TokenizerForecast(vocab_size=model.vocab_size, exact=False, because={"vocab_size": "rows of the model's embedding"})
    if params.checkpoint is not None and params.checkpoint.path is not None:
        config = context.json(context.project / params.checkpoint.path / "config.json")
        size = config.get("vocab_size") if isinstance(config, dict) else None
        if isinstance(size, int):
            return TokenizerForecast(vocab_size=size, exact=False, because={"vocab_size": "rows of the model's embedding"})
    return TokenizerForecast(vocab_size=None, exact=False)
