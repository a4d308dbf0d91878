"""tokenize_bin: turn documents into flat files of token ids, split into training and validation by document."""

from collections.abc import Iterator
from math import log2
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from schemas import (
    Corpus,
    CorpusForecast,
    ForecastContext,
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
    from steps.text.binfile import BinWriter
    from steps.text.tokenizers import TextTokenizer

BATCH_CHARACTERS = 1 << 20  # text held at once

PAGES = (
    RulePage(
        "D120",
        "one document cannot be split",
        "Training and validation are parted by document, so that no text stands on both sides. "
        "Pieces of one document stay together, so a corpus of one document leaves one side empty.",
        wrong="- type: parse_corpus\n  sources: [{path: book.txt}]",
        right="- type: parse_corpus\n  sources: [{path: book.txt, document: blank_line}]",
    ),
    RulePage(
        "D121",
        "ids do not fit into the chosen dtype",
        "uint16 holds ids below 65536. `auto` takes the smaller type that fits.",
        wrong="dtype: uint16   # with a vocabulary of 100000",
        right="dtype: auto",
    ),
)


class TokenizeBin(StepParams):
    """How documents become token files."""

    val_fraction: float = Field(default=0.05, gt=0.0, lt=1.0, description="share of documents kept for validation")
    dtype: Literal["auto", "uint16", "uint32"] = Field(default="auto", description="type of an id; auto takes the smaller that fits")


@step(version=1, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def tokenize_bin(params: TokenizeBin, corpus: list[Corpus], tokenizer: Tokenizer, context: StepContext) -> TokenBin:
    """Write `train` and `val`: each document as bos, ids, eos.

    A document's side follows from the seed and its origin alone, so copies and pieces stay together and new documents move none.
    Repeats are written to train only; val holds each text once. Raises RecipeError D120 when there is only one document, D121 when
    the ids do not fit `dtype`, V101 when an id lies outside the vocabulary.
    """
    from blake3 import blake3

    from steps.text.binfile import BinWriter, dtype_for, write_index
    from steps.text.tokenizers import open_tokenizer
    from steps.text.vocabulary import ids_fit

    opened = open_tokenizer(tokenizer.path)
    dtype = dtype_for(opened.vocab_size) if params.dtype == "auto" else params.dtype
    if dtype == "uint16" and opened.vocab_size > 1 << 16:
        raise RecipeError(
            "D121", f"uint16 cannot hold ids up to {opened.vocab_size - 1}", field="dtype", fix="write dtype: auto, or delete the line"
        )
    cut = _cut(corpus, context.seed, params.val_fraction)
    folder = context.workdir
    with BinWriter(folder, "train", dtype) as train, BinWriter(folder, "val", dtype) as val:
        _write(corpus, opened, train, val, cut, context)
    largest = max(train.largest_id, val.largest_id)
    ids_fit(largest, opened.vocab_size, "the tokenizer")
    digest = blake3((tokenizer.path / "tokenizer.json").read_bytes()).hexdigest()
    splits = {"train": train.facts(), "val": val.facts()}
    write_index(folder, dtype=dtype, vocab_size=opened.vocab_size, tokenizer_digest=digest, splits=splits)
    counts = {name: {k: facts[k] for k in ("tokens", "documents", "bytes")} for name, facts in splits.items()}
    tokens, size = train.tokens + val.tokens, train.bytes + val.bytes
    context.stats("bins", {"dtype": dtype, **counts, "bytes_per_token": round(size / max(1, tokens), 4), "largest_id": largest})
    return TokenBin(
        dtype=dtype,
        vocab_size=opened.vocab_size,
        train_tokens=train.tokens,
        val_tokens=val.tokens,
        train_documents=train.documents,
        val_documents=val.documents,
        train_bytes=train.bytes,
        val_bytes=val.bytes,
        largest_id=largest,
        tokenizer_digest=digest,
    ).save(folder)


def side_of(row: dict[str, Any], seed: int) -> int:
    """A number in [0, 2^64) from the seed and the document's origin: below the cut it belongs to val."""
    from blake3 import blake3

    origin = row.get("origin") or row["text"]
    return int.from_bytes(blake3(f"{seed}\0{origin}".encode("utf-8", "surrogatepass")).digest(8), "little")


def _cut(corpora: list[Corpus], seed: int, val_fraction: float) -> int:
    """The number that parts val from train; moved by as little as gives both sides a document when there are few."""
    cut = int(val_fraction * 2**64)
    low, high = 2**64, -1
    for corpus in corpora:
        for row in corpus.rows():
            side = side_of(row, seed)
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


def _write(corpora: list[Corpus], opened: "TextTokenizer", train: "BinWriter", val: "BinWriter", cut: int, context: StepContext) -> None:
    """Each document once, then those that training sees twice, then thrice: copies stand far apart."""
    total = sum(c.documents_count for c in corpora)
    seen: set[int] = set()
    done, most, turn = 0, 1, 1
    while turn <= most:
        for rows, sides in _batches(corpora, context.seed, turn):
            texts = [row["text"] for row in rows]
            for row, side, ids in zip(rows, sides, opened.encode_arrays(texts), strict=True):
                most = max(most, row.get("repeat", 1))
                if side >= cut:
                    _add(train, row, ids, opened)
                elif turn == 1 and (key := hash_of(row["text"])) not in seen:
                    seen.add(key)
                    _add(val, row, ids, opened)
            if context.stopping():
                raise context.stopped()
            done += len(rows)
            context.progress(done, max(total, done), "documents")
        turn += 1


def hash_of(text: str) -> int:
    """64 bits of a text's digest."""
    from blake3 import blake3

    return int.from_bytes(blake3(text.encode("utf-8", "surrogatepass")).digest(8), "little")


def _batches(corpora: list[Corpus], seed: int, turn: int) -> Iterator[tuple[list[dict[str, Any]], list[int]]]:
    """Rows that training sees at least `turn` times, with their sides, in stretches of bounded size."""
    rows: list[dict[str, Any]] = []
    sides: list[int] = []
    held = 0
    for corpus in corpora:
        for row in corpus.rows():
            if row.get("repeat", 1) < turn or not row["text"]:
                continue
            rows.append(row)
            sides.append(side_of(row, seed))
            held += len(row["text"])
            if held >= BATCH_CHARACTERS:
                yield rows, sides
                rows, sides, held = [], [], 0
    if rows:
        yield rows, sides


def _add(out: "BinWriter", row: dict[str, Any], ids: Any, opened: "TextTokenizer") -> None:
    import numpy as np

    edges = opened.bos_id is not None, opened.eos_id is not None
    document = np.empty(len(ids) + sum(edges), dtype=np.uint32)
    if opened.bos_id is not None:
        document[0] = opened.bos_id
    document[edges[0] : edges[0] + len(ids)] = ids
    if opened.eos_id is not None:
        document[-1] = opened.eos_id
    out.add(document, lang=row.get("lang", ""), source=row.get("source", ""), size=len(row["text"].encode("utf-8", "surrogatepass")))


@tokenize_bin.forecast
def forecast(params: TokenizeBin, inputs: dict[str, Any], context: ForecastContext) -> TokenBinForecast:
    """Tokens from the corpus' bytes: a token stands for about 0.27 log2(vocabulary) bytes (2.9 at 1750, measured on stories)."""
    tokenizer = inputs.get("tokenizer")
    size = tokenizer.vocab_size if isinstance(tokenizer, TokenizerForecast) else None
    corpora = [c for c in inputs.get("corpus", []) if isinstance(c, CorpusForecast)]
    known = [c.bytes for c in corpora if c.bytes is not None]
    dtype = params.dtype if params.dtype != "auto" else None
    if dtype is None and size is not None:
        dtype = "uint16" if size <= 1 << 16 else "uint32"
    if size is None or not corpora or len(known) < len(corpora):
        return TokenBinForecast(vocab_size=size, dtype=dtype)
    per_token = max(1.0, 0.27 * log2(max(2, size)))
    tokens = int(sum(known) / per_token)
    return TokenBinForecast(
        vocab_size=size,
        dtype=dtype,
        train_tokens=int(tokens * (1 - params.val_fraction)),
        val_tokens=int(tokens * params.val_fraction),
        seconds=1 + sum(known) / 10e6,
        disk_bytes=tokens * (4 if dtype == "uint32" else 2),
        because={"train_tokens": f"{sum(known)} bytes at about {per_token:.1f} bytes a token"},
    )


@tokenize_bin.smoke
def smoke(params: dict[str, Any]) -> dict[str, Any]:
    """A handful of documents needs a larger share for validation."""
    return {**params, "val_fraction": max(params.get("val_fraction", 0.05), 0.2)}
