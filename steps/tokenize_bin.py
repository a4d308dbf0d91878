"""tokenize_bin: turn documents into flat files of token ids, split into training and validation by document."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from schemas import (
    Corpus,
    CorpusForecast,
    ForecastContext,
    NotInKey,
    Positive,
    RecipeError,
    RulePage,
    StepContext,
    StepParams,
    TokenBin,
    TokenBinForecast,
    Tokenizer,
    TokenizerForecast,
)
from steps import step

if TYPE_CHECKING:
    from steps.text.binning import Bins

PAGES = (
    RulePage(
        "D120",
        "one document cannot be split",
        "Training and validation are parted by document, so that no text stands on both sides. "
        "Pieces of one document stay together, so a corpus of one document leaves one side empty.",
        wrong="- type: parse_corpus\n  sources: [{path: book.txt}]",
        right="- type: parse_corpus\n  sources: [{path: book.txt, document: blank_line}]",
        source="hiyouga/LlamaFactory#3119",
    ),
    RulePage(
        "D121",
        "ids do not fit into the chosen dtype",
        "uint16 holds ids below 65536. `auto` takes the smaller type that fits.",
        wrong="dtype: uint16   # with a vocabulary of 100000",
        right="dtype: auto",
        source="allenai/dolma#142",
    ),
    RulePage(
        "D122",
        "a corpus cannot be read as it was written",
        "A line of corpus.jsonl is no row, or the file is shorter than its description says, was changed, or is gone. Tokenizing what "
        "is left would train on part of the text without a word.",
        wrong="corpus: {path: copied}   # whose corpus.jsonl was cut off on the way",
        right="rsync -a --checksum old/corpus/ copied/",
        source="recipe: a corpus says how long its file is",
    ),
    RulePage(
        "D123",
        "a worker process ended",
        "Usually the system ended it for want of memory. What was saved stays: the next run goes on from there.",
        wrong="workers: 16   # on a machine with 2 GB",
        right="workers: 1",
        source="the documentation of Python, BrokenProcessPool",
    ),
)


class TokenizeBin(StepParams):
    """How documents become token files."""

    val_fraction: float = Field(default=0.05, gt=0.0, lt=1.0, description="share of documents kept for validation")
    dtype: Literal["auto", "uint16", "uint32"] = Field(default="auto", description="type of an id; auto takes the smaller that fits")
    shard_tokens: Positive = Field(default=1 << 31, description="tokens of one file; above it a side is several files, read as one")
    workers: Annotated[Positive | Literal["auto"], NotInKey] = Field(
        default="auto", description="processes that tokenize; auto: as many as there are cores and work; the bytes are the same"
    )


@step(version=4, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def tokenize_bin(params: TokenizeBin, corpus: list[Corpus], tokenizer: Tokenizer, context: StepContext) -> TokenBin:
    """Write `train` and `val`: each document as bos, ids, eos.

    A document's side follows from the seed and its origin alone, so copies and pieces stay together and new documents move none
    (but for a corpus of so few documents that one side would be empty, see `cut_of`). Repeats are written to train only; val holds
    each text once; what a piece of split_long repeats of the piece before it (`overlap_tokens`) is written once. A killed run goes on
    where it last saved, and ends with the same bytes.
    Raises RecipeError D120 when there is only one document, D121 when the ids do not fit `dtype`, V101 when an id lies outside the
    vocabulary, D122 when a corpus cannot be read, D123 when a worker dies.
    """
    from blake3 import blake3

    from steps.text.binblock import Setting, tools
    from steps.text.binfile import dtype_for, write_index
    from steps.text.binning import Filling
    from steps.text.pool import workers_for
    from steps.text.same_words import words_digest
    from steps.text.vocabulary import ids_fit

    opened, _ = tools(str(tokenizer.path))
    dtype = dtype_for(opened.vocab_size) if params.dtype == "auto" else params.dtype
    if dtype == "uint16" and opened.vocab_size > 1 << 16:
        raise RecipeError(
            "D121", f"uint16 cannot hold ids up to {opened.vocab_size - 1}", field="dtype", fix="write dtype: auto, or delete the line"
        )
    digest = blake3((tokenizer.path / "tokenizer.json").read_bytes()).hexdigest()
    setting = Setting(str(tokenizer.path), dtype, context.seed, cut_of(corpus, context.seed, params.val_fraction))
    filling = Filling(context.keep / "bins", corpus, setting, digest, params.shard_tokens, context)
    made = filling.run(workers_for(params.workers, sum(one.bytes for one in corpus)))
    ids_fit(made.largest_id, opened.vocab_size, "the tokenizer")
    for name, path in made.files.items():
        _hand_over(path, context.workdir / name)
    splits: dict[str, dict[str, Any]] = {"train": made.train, "val": made.val}
    write_index(context.workdir, dtype=dtype, vocab_size=opened.vocab_size, tokenizer_digest=digest, splits=splits)
    return _described(made, dtype, opened.vocab_size, digest, words_digest(tokenizer.path), context).save(context.workdir)


def _hand_over(kept: Path, target: Path) -> None:
    """The kept file stays until the step is done, so that a kill now costs nothing; where links cannot be, it moves."""
    try:
        os.link(kept, target)
    except OSError:
        shutil.move(kept, target)


def _described(
    made: "Bins", dtype: Literal["uint16", "uint32"], vocab_size: int, digest: str, words: str, context: StepContext
) -> TokenBin:
    splits = {"train": made.train, "val": made.val}
    counts = {name: {k: facts[k] for k in ("tokens", "documents", "bytes")} for name, facts in splits.items()}
    tokens, size = (sum(facts[k] for facts in splits.values()) for k in ("tokens", "bytes"))
    shards = {name: len(facts["shards"]) for name, facts in splits.items()}
    per_token = round(size / max(1, tokens), 4)
    facts = {"dtype": dtype, **counts, "bytes_per_token": per_token, "largest_id": made.largest_id, "shards": shards}
    context.stats("bins", facts | ({"overlap_left_out": made.repeated} if made.repeated else {}))
    if made.repeated:
        message = f"{made.repeated:,} characters that pieces repeat of the piece before them are left out: each is in the bin once"
        context.event("overlap_left_out", characters=made.repeated, message=message)
    return TokenBin(
        dtype=dtype,
        vocab_size=vocab_size,
        train_tokens=made.train["tokens"],
        val_tokens=made.val["tokens"],
        train_documents=made.train["documents"],
        val_documents=made.val["documents"],
        train_bytes=made.train["bytes"],
        val_bytes=made.val["bytes"],
        largest_id=made.largest_id,
        tokenizer_digest=digest,
        words_digest=words,
    )


def cut_of(corpora: list[Corpus], seed: int, val_fraction: float) -> int:
    """The number that parts val from train: `val_fraction` of all numbers.

    Where no document, or every one, lies below it, it is moved by as little as gives both sides one; this is the only case in which
    documents added later can move others, and it ends with the first that lies on the empty side.
    """
    from steps.text.binblock import sides_of

    cut = int(val_fraction * 2**64)
    low, high = 2**64, -1
    for side in sides_of(corpora, seed):
        low, high = min(low, side), max(high, side)
        if low < cut <= high:
            return cut  # both sides have some: no need to look further
    if low >= high:
        what = "no document" if high < 0 else "one document"
        raise RecipeError(
            "D120",
            f"the corpus holds {what}: nothing can be kept for validation",
            fix="add documents, or let parse_corpus read smaller ones: document: blank_line",
        )
    return min(max(cut, low + 1), high)


@tokenize_bin.forecast
def forecast(params: TokenizeBin, inputs: dict[str, Any], context: ForecastContext) -> TokenBinForecast:
    """Tokens from the corpus' bytes."""
    from steps.text.vocabulary import bytes_per_token

    tokenizer = inputs.get("tokenizer")
    size = tokenizer.vocab_size if isinstance(tokenizer, TokenizerForecast) else None
    corpora = [c for c in inputs.get("corpus", []) if isinstance(c, CorpusForecast)]
    known = [c.bytes for c in corpora if c.bytes is not None]
    dtype = params.dtype if params.dtype != "auto" else None
    if dtype is None and size is not None:
        dtype = "uint16" if size <= 1 << 16 else "uint32"
    if size is None or not corpora or len(known) < len(corpora):
        return TokenBinForecast(vocab_size=size, dtype=dtype)
    per_token = bytes_per_token(size)
    tokens = int(sum(known) / per_token)
    counts = [c.pieces or c.documents for c in corpora]
    documents = sum(count or 0 for count in counts) if all(counts) else 0
    held = max(params.val_fraction, 1 / documents) if documents > 1 else params.val_fraction  # one document at least
    return TokenBinForecast(
        vocab_size=size,
        dtype=dtype,
        train_tokens=int(tokens * (1 - held)),
        val_tokens=int(tokens * held),
        guessed=any(c.guessed for c in corpora),
        seconds=1 + sum(known) / 10e6,
        disk_bytes=tokens * (4 if dtype == "uint32" else 2),
        because={"train_tokens": f"{sum(known)} bytes at about {per_token:.1f} bytes a token"},
    )


@tokenize_bin.smoke
def smoke(params: dict[str, Any]) -> dict[str, Any]:
    """A handful of documents needs a larger share for validation."""
    return {**params, "val_fraction": max(params.get("val_fraction", 0.05), 0.2)}
