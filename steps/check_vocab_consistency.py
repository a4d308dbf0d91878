"""check_vocab_consistency: prove a tokenizer on real text, and that everything that counts tokens counts the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from schemas import (
    Checkpoint,
    CheckpointForecast,
    Corpus,
    ForecastContext,
    Fraction,
    Positive,
    Read,
    RecipeError,
    RulePage,
    StepContext,
    StepParams,
    Tokenizer,
    TokenizerForecast,
)
from steps import step
from steps.text.elsewhere import BinsFrom, CheckpointFrom, ModelFrom, ReferenceFrom, copied, files_of, folder_of
from steps.text.vocabulary import padded

if TYPE_CHECKING:
    from steps.text.agreement import Counted
    from steps.text.id_range import Range
    from steps.text.proof import Tally
    from steps.text.tokenizers import TextTokenizer

SAMPLE_DOCUMENTS = 2000
SAMPLE_CHARACTERS = 20_000  # of each

PAGES = (
    RulePage(
        "V101",
        "an id has no row",
        "Every token id is a row of the embedding. An id beyond the last row reads foreign memory or stops the GPU with an assert "
        "that names neither the tokenizer nor the model.",
        wrong="- {type: train_tokenizer, vocab_size: 50257}\n- {type: check_vocab_consistency, model: {vocab_size: 32000}}",
        right="- {type: train_tokenizer, vocab_size: 32000}\n- {type: check_vocab_consistency, model: {vocab_size: 32000}}",
        source="AETHER's Triton assert: tokenizer 50257, model 32000",
    ),
    RulePage(
        "V102",
        "two vocabulary sizes disagree",
        "Tokenizer, token files, model and export must count the same tokens.",
        source="pytorch/torchtitan#1495",
    ),
    RulePage(
        "T120",
        "text does not come back from the tokenizer",
        "Encoded and decoded again, every paragraph must be the same, to the last blank. What is lost here the model never sees.",
        wrong="- type: train_tokenizer\n  character_coverage: 0.95",
        right="- type: train_tokenizer\n  model: bpe   # byte fallback: nothing is unknown",
        source="google/sentencepiece#175",
    ),
    RulePage(
        "T121",
        "too many unknown tokens",
        "An unknown token stands for a character that the vocabulary does not hold; 0.01 % is the limit.",
        wrong="- type: train_tokenizer\n  model: unigram\n  character_coverage: 0.95",
        right="- type: train_tokenizer\n  model: bpe   # byte fallback: nothing is unknown",
        source="google/sentencepiece#175; google/sentencepiece#322",
    ),
    RulePage(
        "T122",
        "a basic character is lost",
        "Line break, tab, digits and ASCII letters occur in every text that the model will be asked to continue.",
        wrong="- type: train_tokenizer\n  normalization: nmt_nfkc   # makes a line break a blank",
        right="- type: train_tokenizer\n  normalization: identity",
        source="google/sentencepiece, doc/normalization.md",
        severity="warning",
    ),
    RulePage(
        "T124",
        "a sign that SentencePiece keeps for itself",
        "SentencePiece writes a blank as ▁ (U+2581), so a ▁ of the text comes back as a blank. Nothing else is lost with it.",
        wrong="- type: check_vocab_consistency   # of a text with ▁ in it",
        right="model: byte_bpe   # where the sign must stay",
        source="google/sentencepiece README: whitespace is treated as a basic symbol",
        severity="warning",
    ),
    RulePage(
        "V103",
        "a model's file cannot be read",
        "It is no safetensors or GGUF file, or it ends too early.",
        wrong="- type: check_vocab_consistency\n  model: {path: models/small}   # whose weights were cut off",
        right="hf download owner/name --local-dir models/small",
        source="huggingface/safetensors README: format",
    ),
    RulePage(
        "V105",
        "a token file cannot be read",
        "It is no flat file of uint16 or uint32 ids, as nanoGPT, llm.c and tokenize_bin write them, or it is not there.",
        wrong="bins: {path: data/train.npy}",
        right="bins: {path: data/train.bin, dtype: uint16}",
        source="karpathy/nanoGPT, data/openwebtext/prepare.py: uint16 in one flat file",
    ),
    RulePage(
        "T123",
        "no tokenizer to check",
        "Give the step a tokenizer, or name a model folder with `checkpoint:`.",
        wrong="- type: check_vocab_consistency\n  checkpoint: {}",
        right="- type: check_vocab_consistency\n  checkpoint: {path: models/small}",
        source="recipe: a tokenizer is made by a step, or lies in a model's folder",
    ),
    RulePage(
        "H110",
        "a model folder cannot be had",
        "The path does not exist, or the hub does not answer for that id and revision.",
        source="the documentation of huggingface_hub: RepositoryNotFoundError",
    ),
)


class CheckVocabConsistency(StepParams):
    """What the tokenizer is held to."""

    checkpoint: CheckpointFrom | None = Field(default=None, description="take the tokenizer out of this model folder")
    model: ModelFrom | None = Field(default=None, description="the model it will feed, made elsewhere")
    bins: BinsFrom | None = Field(default=None, description="token files made elsewhere: no id in them may lack a row")
    pad_vocab_to_multiple_of: Positive | None = Field(default=None, description="rows of the model are rounded up to this, for speed")
    max_unknown_rate: Fraction = Field(default=0.0001, description="largest share of unknown tokens, by language")
    reference: ReferenceFrom | None = Field(default=None, description="another tokenizer, tried on the same text and shown beside it")


@step(version=3, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def check_vocab_consistency(
    params: CheckVocabConsistency,
    tokenizer: Tokenizer | None,
    corpus: list[Corpus] | None,
    checkpoint: Checkpoint | None,
    model: Checkpoint | None,
    context: StepContext,
) -> Tokenizer:
    """Prove the tokenizer and hand it on, unchanged.

    With `params.checkpoint` it is taken out of that model folder; with `pad_vocab_to_multiple_of` the rows that its model gets are
    written beside it. Raises RecipeError T120 when a paragraph does not come back exactly, T121 when too much is unknown, V101 when
    a model has fewer rows than there are ids in the tokenizer or in `params.bins`.
    """
    from steps.text.proof import lost_essentials, prove
    from steps.text.tokenizers import open_tokenizer
    from steps.text.turkish import lost_letters, page

    folder = folder_of(params.checkpoint, "checkpoint", checkpoint, context)
    if folder is not None:
        tokenizer = copied(folder, context.workdir)
    if tokenizer is None:
        raise RecipeError("T123", "there is no tokenizer to check", fix="add a train_tokenizer step, or write checkpoint: {path: ...}")
    opened = open_tokenizer(tokenizer.path)
    rows = padded(opened.vocab_size, params.pad_vocab_to_multiple_of) if params.pad_vocab_to_multiple_of else None
    agreement = _agreement(params, tokenizer, opened, folder, folder_of(params.model, "model", model, context), rows)
    bins = _bins(params, opened, min((c.size for c in agreement if c.where.startswith("model")), default=opened.vocab_size), context)
    sample = list(_sampled(corpus or [], context))
    tallies, shown = prove(opened, sample)
    special = {"pad": opened.pad_id, "unk": opened.unk_id, "bos": opened.bos_id, "eos": opened.eos_id}
    stats: dict[str, Any] = {
        "vocab_size": opened.vocab_size,
        "special": special,
        "by_language": {lang: tally.facts() for lang, tally in sorted(tallies.items())},
        "sample": shown,
        "agreement": [counted.facts() for counted in agreement],
    }
    if bins:
        stats["bins"] = [
            {"file": b.file, "dtype": b.dtype, "tokens": b.tokens, "largest_id": b.largest, "fits": b.bad is None} for b in bins
        ]
    if params.reference is not None:
        stats["reference"] = _compared(params.reference, sample, context)
    turkish = [row["text"] for row in sample if row.get("lang") == "tr"]
    if turkish:
        stats["turkish"] = page(opened, turkish)
    context.stats("vocabulary", stats)
    if lost := [*lost_essentials(opened), *(lost_letters(opened) if turkish else [])]:
        names = ", ".join(repr(c) for c in dict.fromkeys(lost[:8]))
        fix = "train it with normalization: identity, and byte_fallback: true or character_coverage: 1.0"
        context.warn("T122", f"the tokenizer does not keep {names}", fix=fix)
    _judge_sizes(agreement, bins)
    for lang, tally in sorted(tallies.items()):
        _judge(lang, tally, params.max_unknown_rate, context)
    if rows is None or rows == tokenizer.rows:
        return tokenizer
    context.event("padded", rows=rows, message=f"the model gets {rows:,} rows: {opened.vocab_size:,} rounded up for speed")
    return (
        (tokenizer if tokenizer.path == context.workdir else copied(tokenizer.path, context.workdir, tokenizer))
        .model_copy(update={"rows": rows})
        .save(context.workdir)
    )


def _judge_sizes(agreement: "list[Counted]", bins: "list[Range]") -> None:
    for found in bins:  # first: they name the very token that would stop a GPU
        if found.bad is not None:
            raise RecipeError(
                "V101",
                f"{found.file} holds id {found.bad:,}, which has no row ({found.place()}; the largest is {found.largest:,})",
                field="bins",
                fix="make the file again with this model's tokenizer, or give the model as many rows as that tokenizer has ids",
            )
    for counted in agreement:
        if not counted.agrees:
            field = "model" if counted.where.startswith("model") else ""
            raise RecipeError(counted.code, counted.note, field=field, fix="use the tokenizer that the model was made with")


def _judge(lang: str, tally: "Tally", max_unknown_rate: float, context: StepContext) -> None:
    where = f"in language {lang!r}" if lang != "und" else "in the corpus"
    if tally.signs:
        message = f"{tally.signs} of {tally.paragraphs} paragraphs {where} hold the sign ▁, which comes back as a blank"
        context.warn("T124", message, fix="write model: byte_bpe in train_tokenizer, where the sign must stay")
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


def _agreement(
    params: CheckVocabConsistency, tokenizer: Tokenizer, opened: "TextTokenizer", folder: Path | None, other: Path | None, rows: int | None
) -> "list[Counted]":
    """Every place that counts tokens, what it counts, and whether it agrees."""
    from steps.text.agreement import Counted, of_model, of_tokenizer
    from steps.text.vocabulary import out_of_reach

    found = of_tokenizer(opened, tokenizer.path, tokenizer.vocab_size, rows)
    for path in (folder, other):
        if path is not None:
            found += of_model(path, opened.vocab_size, "model")
    if params.model is not None and params.model.vocab_size is not None:
        size, has = opened.vocab_size, params.model.vocab_size
        note = f"{has} rows" if has >= size else out_of_reach(size - 1, has, "the model", "in the tokenizer")
        found.append(Counted("model", has, has >= size, note, "V101"))
    return found


def _bins(params: CheckVocabConsistency, opened: "TextTokenizer", rows: int, context: StepContext) -> "list[Range]":
    """The range of ids in each token file; `rows`: the least that any model has."""
    from steps.text.id_range import Unknown, look, token_files

    if params.bins is None:
        return []

    def each(done: int, total: int) -> None:
        context.progress(min(done, total), total, "bytes")
        if context.stopping():
            raise context.stopped()

    try:
        files = token_files(context.project / params.bins.path)
        return [look(file, rows, dtype=params.bins.dtype, end_id=opened.eos_id, each=each) for file in files]
    except Unknown as error:
        raise RecipeError("V105", str(error), field=f"bins.{error.field}", fix=error.fix) from error
    except OSError as error:
        raise RecipeError("V105", str(error), field="bins.path", fix="name a .bin file of ids, or a folder of them") from error


def _compared(reference: ReferenceFrom, sample: list[dict[str, Any]], context: StepContext) -> dict[str, Any]:
    """The proof's figures of another tokenizer on the same text."""
    from steps.text.proof import prove
    from steps.text.tokenizers import open_tokenizer

    folder = folder_of(reference, "reference", None, context)
    assert folder is not None
    opened = open_tokenizer(folder)
    tallies, _ = prove(opened, sample)
    name = reference.hub or Path(reference.path or "").name
    return {"name": name, "vocab_size": opened.vocab_size, "by_language": {lang: t.facts() for lang, t in sorted(tallies.items())}}


def _sampled(corpora: list[Corpus], context: StepContext) -> Iterator[dict[str, Any]]:
    """Up to SAMPLE_DOCUMENTS rows, evenly from all corpora, long ones cut to their first part."""
    from steps.text.blocks import Place

    total = sum(c.documents_count for c in corpora)
    every = max(1, total // SAMPLE_DOCUMENTS)
    for taken, row in enumerate(Place(corpora).beginnings(every, SAMPLE_CHARACTERS)):
        context.progress(taken * every + 1, total, "documents")
        yield {"text": row["text"], "lang": row.get("lang") or ""}


@check_vocab_consistency.needs
def needs(params: CheckVocabConsistency) -> dict[str, Any]:
    """Without `checkpoint` the nearest tokenizer; with one, that model, and no tokenizer beside it."""
    wanted: dict[str, Any] = {"corpus": "auto"}
    if params.checkpoint is None:
        wanted["tokenizer"] = "nearest"
    for name, source in (("checkpoint", params.checkpoint), ("model", params.model)):
        if source is not None and (link := source.link()) is not None:
            wanted[name] = link
    return wanted


@check_vocab_consistency.reads
def reads(params: CheckVocabConsistency, project: Path) -> list[Read]:
    """The files of the folders that are named, or the hub's name for them."""
    from steps.text.id_range import Unknown, token_files

    found: list[Read] = []
    for role, source in (("", params.checkpoint), ("model/", params.model), ("reference/", params.reference)):
        if source is None:
            continue
        if source.hub is not None:
            found.append(Read(f"{role}hub:{source.hub}", identity=f"{source.hub}@{source.revision or 'main'}"))
        elif source.path is not None:
            found += [Read(role + name, path) for name, path in files_of(project / source.path)]
    if params.bins is not None:
        try:
            files = token_files(project / params.bins.path)
        except Unknown:
            files = []
        found += [Read(f"bins/{file.name}", file) for file in files]
    return sorted(found, key=lambda read: read.name)


@check_vocab_consistency.forecast
def forecast(params: CheckVocabConsistency, inputs: dict[str, Any], context: ForecastContext) -> TokenizerForecast:
    """The tokenizer that comes in, or the one of the model folder as far as its files tell."""
    found = _foreseen(params, inputs, context)
    multiple = params.pad_vocab_to_multiple_of
    rows = padded(found.vocab_size, multiple) if multiple and found.vocab_size else found.rows
    return found.model_copy(update={"rows": rows, "seconds": 2.0})


def _foreseen(params: CheckVocabConsistency, inputs: dict[str, Any], context: ForecastContext) -> TokenizerForecast:
    given = inputs.get("tokenizer")
    if isinstance(given, TokenizerForecast):
        return given
    model = inputs.get("checkpoint")
    of_rows = {"vocab_size": "rows of the model's embedding"}
    if isinstance(model, CheckpointForecast):
        return model.tokenizer or TokenizerForecast(vocab_size=model.vocab_size, exact=False, because=of_rows)
    if params.checkpoint is not None and params.checkpoint.step is None:
        from steps.lm.foresee import base_config

        config, where = base_config(params.checkpoint, context)
        size = config.get("vocab_size") if config is not None else None
        of_rows = {"vocab_size": f"rows of the model's embedding, by {where}"} if params.checkpoint.hub is not None else of_rows
        if isinstance(size, int) and not isinstance(size, bool) and size > 0:
            return TokenizerForecast(vocab_size=size, exact=False, because=of_rows)
    return TokenizerForecast(vocab_size=None, exact=False)
