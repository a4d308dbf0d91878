"""train_tokenizer: learn a vocabulary from corpora, and write it for SentencePiece and for transformers with the same ids."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import (
    Corpus,
    CorpusForecast,
    ForecastContext,
    Positive,
    RecipeError,
    RulePage,
    StepContext,
    StepParams,
    Strict,
    Tokenizer,
    TokenizerForecast,
)
from steps import step

SPELLED_OUT = "a mark that a text spells, such as </s>, stays text, in transformers with split_special_tokens=True"
PAGES = (
    RulePage(
        "T102",
        "the corpus is too small for the vocabulary",
        "A tokenizer of N pieces needs a text in which N different pieces occur. "
        "The step finds the largest size that works by training it.",
        wrong="- type: train_tokenizer\n  vocab_size: 50257   # on 5 MB of text",
        right="- type: train_tokenizer\n  vocab_size: {at_most: 50257}",
        source="SentencePiece: `Vocabulary size too high`",
    ),
    RulePage(
        "T103",
        "the vocabulary is too small for the alphabet",
        "Every character that must be known, the 256 bytes of byte fallback and all marks take one entry each before a single word does.",
        wrong="- type: train_tokenizer\n  vocab_size: 200",
        right="- type: train_tokenizer\n  vocab_size: 1000",
        source="google/sentencepiece#885",
    ),
    RulePage(
        "T104",
        "the two forms of the tokenizer give different ids",
        "The step writes tokenizer.model and tokenizer.json and compares their ids on text that was kept back. "
        "A difference would make a model that is trained with one and served with the other silently worse.",
        source="huggingface/tokenizers#1183",
    ),
    RulePage(
        "T105",
        "a param that this kind of tokenizer does not have",
        "byte_bpe knows every byte, so coverage, byte fallback and normalization have nothing to act on.",
        wrong="- type: train_tokenizer\n  model: byte_bpe\n  byte_fallback: true",
        right="- type: train_tokenizer\n  model: byte_bpe",
        source="recipe: byte_bpe knows every byte",
    ),
    RulePage(
        "T106",
        "a bad user symbol",
        "A user symbol is a piece of its own: written once, not empty, no special token.",
        wrong="- type: train_tokenizer\n  user_symbols: [<tool>, <tool>]",
        right="- type: train_tokenizer\n  user_symbols: [<tool>]",
        source="google/sentencepiece, doc/special_symbols.md: user defined symbols",
    ),
    RulePage(
        "T107",
        "no text to learn from",
        "The corpora that reach this step hold no characters.",
        source="recipe: a tokenizer is learned from text",
    ),
    RulePage(
        "T100",
        "a library is missing",
        "Tokenizers need sentencepiece and tokenizers, which come with the extra `train`.",
        wrong="- type: train_tokenizer   # and sentencepiece is not installed",
        right='pip install "recipe[train]"',
        source="recipe: tokenizers come with the extra `train`",
    ),
    RulePage(
        "T101",
        "a tokenizer cannot be opened",
        "The folder holds no tokenizer.model and no tokenizer.json, or a damaged one.",
        wrong="model: {base: {path: models/small}}   # weights and config.json alone",
        right="hf download owner/name --local-dir models/small",
        source="huggingface/transformers#34017; google/sentencepiece#1054",
    ),
)


class AtMost(Strict):
    """The largest size up to `at_most` that the corpus allows."""

    at_most: Positive


class TrainTokenizer(StepParams):
    """How the vocabulary is learnt."""

    model: Literal["unigram", "bpe", "byte_bpe"] = Field(default="bpe", description="algorithm; byte_bpe is the byte-level kind of GPT-2")
    vocab_size: Positive | AtMost = Field(default=AtMost(at_most=32000), description="number of pieces, or {at_most: N}")
    character_coverage: Annotated[float, Field(gt=0.9, le=1.0)] | None = Field(
        default=None, description="share of all characters that get a piece; 0.9995, and 1.0 below 50 MB without byte fallback"
    )
    byte_fallback: bool | None = Field(default=None, description="unknown characters become bytes; on for bpe, off for unigram")
    normalization: Literal["identity", "nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf"] | None = Field(
        default=None, description="what is done to the text first: identity, nothing"
    )
    split_digits: bool = Field(default=False, description="every digit is a piece of its own: 1984 is 1 9 8 4")
    user_symbols: list[str] = Field(default_factory=list, description="marks that are always one piece, such as <tr> and <|user|>")
    sample_bytes: Positive = Field(default=100_000_000, description="text shown to the trainer; more is sampled down to this")

    @model_validator(mode="after")
    def _fits(self) -> "TrainTokenizer":
        if self.model == "byte_bpe":
            for name in ("character_coverage", "byte_fallback", "normalization"):
                if getattr(self, name) is not None:
                    raise PydanticCustomError("T105", "{name} has no effect with model: byte_bpe", {"name": name, "fix": f"delete {name}"})
        for symbol in self.user_symbols:
            if not symbol.strip() or self.user_symbols.count(symbol) > 1 or symbol in ("<pad>", "<unk>", "<s>", "</s>"):
                why = "stands twice" if self.user_symbols.count(symbol) > 1 else "is empty or a special token"
                raise PydanticCustomError(
                    "T106",
                    "the symbol {symbol} " + why,
                    {"symbol": repr(symbol), "name": "user_symbols", "fix": f"take {symbol!r} out of user_symbols"},
                )
        return self

    @property
    def fallback(self) -> bool:
        """Byte fallback as it will be."""
        return self.model == "bpe" if self.byte_fallback is None else self.byte_fallback

    @property
    def asked(self) -> int:
        """The size that is wanted."""
        return self.vocab_size if isinstance(self.vocab_size, int) else self.vocab_size.at_most


@step(version=3, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def train_tokenizer(params: TrainTokenizer, corpus: list[Corpus], context: StepContext) -> Tokenizer:
    """Train a tokenizer; pad, unk, bos and eos are ids 0, 1, 2, 3.

    Raises RecipeError T102 when the corpus holds fewer pieces than asked (with the largest size that works), T103 when the size
    does not hold the alphabet, T104 when tokenizer.json would give other ids than tokenizer.model, D122 when a corpus cannot be read.
    """
    from steps.text.blocks import Place
    from steps.text.fast import SPECIAL
    from steps.text.tokenizers import open_tokenizer
    from steps.text.trainers import TooSmall, draw_sample, longest_pieces, normal_pieces

    sample = draw_sample(Place(corpus).texts(), sum(c.bytes for c in corpus), params.sample_bytes, context.seed, params.model)
    if not any(chunk.strip() for chunk in sample.chunks):
        raise RecipeError("T107", "the corpus holds no text", fix="look at the sources of parse_corpus")
    context.event("sampled", bytes=sample.bytes, chunks=len(sample.chunks), held_out=len(sample.held))
    folder = context.workdir
    try:
        size = _byte_bpe(params, sample, folder) if params.model == "byte_bpe" else _sentencepiece(params, sample, folder)
    except TooSmall as error:
        raise RecipeError(
            "T103",
            f"{error.asked} pieces are too few: characters, bytes and marks alone take {error.smallest}",
            field="vocab_size",
            fix=f"write vocab_size: {max(2 * error.smallest, 1000)}, or lower character_coverage",
        ) from error
    opened = open_tokenizer(folder)
    proved = ""
    if params.model != "byte_bpe":
        proved = _prove_ids(opened, folder, sample.held, context) + "; "
        pieces = normal_pieces(folder / "tokenizer.model")
    else:
        pieces = [opened.piece(i) for i in range(len(SPECIAL) + len(params.user_symbols), opened.vocab_size)]
    facts: dict[str, Any] = {
        "vocab_size": size,
        "model": params.model,
        "byte_fallback": params.model != "byte_bpe" and params.fallback,
        "normalization": params.normalization or "identity",
    }
    told = {"asked": params.asked, "sampled_bytes": sample.bytes, "longest_pieces": longest_pieces(pieces), "ids": proved + SPELLED_OUT}
    context.stats("tokenizer", {**facts, **told})
    if size != params.asked:
        context.event("vocabulary", asked=params.asked, made=size, message=f"{size} pieces: the corpus holds no more")
    return Tokenizer(**facts, user_symbols=params.user_symbols).save(folder)


def _sentencepiece(params: TrainTokenizer, sample: Any, folder: Path) -> int:
    """Write all files of a SentencePiece tokenizer; returns its size."""
    from steps.text.fast import SPECIAL, build_fast, save_fast
    from steps.text.spmodel import parse_model
    from steps.text.trainers import SMALL_CORPUS, train_sentencepiece

    coverage = params.character_coverage
    if coverage is None:
        coverage = 1.0 if not params.fallback and sample.bytes < SMALL_CORPUS else 0.9995

    def train(size: int) -> bytes:
        return train_sentencepiece(
            sample,
            kind=params.model,
            vocab_size=size,
            coverage=coverage,
            byte_fallback=params.fallback,
            normalization=params.normalization or "identity",
            user_symbols=params.user_symbols,
            split_digits=params.split_digits,
        )

    size, data = _largest(params, train)
    (folder / "tokenizer.model").write_bytes(data)
    save_fast(build_fast(parse_model(data)), folder, special=SPECIAL)
    return size


def _byte_bpe(params: TrainTokenizer, sample: Any, folder: Path) -> int:
    """Write all files of a byte-level tokenizer; returns its size."""
    from steps.text.fast import SPECIAL, save_fast
    from steps.text.trainers import train_byte_bpe

    def train(size: int) -> Any:
        return train_byte_bpe(sample, vocab_size=size, user_symbols=params.user_symbols, split_digits=params.split_digits)

    size, fast = _largest(params, train)
    save_fast(fast, folder, special=SPECIAL)
    return size


def _largest(params: TrainTokenizer, train: Callable[[int], Any]) -> tuple[int, Any]:
    """Train at the size asked for; where that is too much, at the largest that works, or fail with that figure."""
    from steps.text.trainers import TooFewPieces

    size = params.asked
    while True:
        try:
            made = train(size)
        except TooFewPieces as error:
            size, made = min(error.largest, size - 1), error.made
            if made is None:
                continue
        if size == params.asked or isinstance(params.vocab_size, AtMost):
            return size, made
        raise RecipeError(
            "T102",
            f"the corpus holds {size} pieces, not {params.asked}",
            field="vocab_size",
            fix=f"write vocab_size: {size}, or {{at_most: {params.asked}}}, or give it more text",
        )


def _prove_ids(opened: Any, folder: Path, held: list[str], context: StepContext) -> str:
    """Compare both forms on text that was kept back, which must agree, and on lines made to be hard. Returns what was proved.

    With a normalisation, `tokenizers` goes by what a person sees as one character where SentencePiece goes by code points
    (a mark on a ligature, Hangul in parts): there a difference on the hard lines is told and not fatal.
    """
    from steps.text.fast import HARD_LINES, first_difference
    from steps.text.tokenizers import FastTokenizer

    fast = FastTokenizer(folder)
    found = first_difference(opened, fast, held)
    hard = first_difference(opened, fast, HARD_LINES)
    if hard and not found and opened.model.charsmap:
        context.warn("T104", f"tokenizer.json gives other ids for unusual text, {hard[1]}", field="normalization", fix="write identity")
    elif found := found or hard:
        raise RecipeError(
            "T104",
            f"tokenizer.json gives other ids than tokenizer.model ({len(held)} texts compared), {found[1]}",
            field="model",
            fix="write model: bpe with normalization: identity",
        )
    context.event("ids proved", texts=len(held), hard_lines=len(HARD_LINES))
    unusual = f"others for unusual text, {hard[1]}" if hard else f"and on {len(HARD_LINES)} hard lines"
    return f"tokenizer.json gives those of tokenizer.model on {len(held)} texts kept back, {unusual}"


@train_tokenizer.forecast
def forecast(params: TrainTokenizer, inputs: dict[str, Any], context: ForecastContext) -> TokenizerForecast:
    """The size is certain when it is a number, and an upper bound when it is {at_most: N}."""
    exact = isinstance(params.vocab_size, int)
    corpora: list[CorpusForecast] = [c for c in inputs.get("corpus", []) if isinstance(c, CorpusForecast)]
    sizes = [c.bytes for c in corpora]
    text = sum(s for s in sizes if s is not None) if sizes and None not in sizes else None
    rate = 1.5e6 if params.model == "unigram" else 6e6  # bytes a second, measured on 2 cores
    return TokenizerForecast(
        vocab_size=params.asked,
        exact=exact,
        model=params.model,
        byte_fallback=params.model != "byte_bpe" and params.fallback,
        normalization=params.normalization or "identity",
        pad_id=0,
        seconds=min(text, params.sample_bytes) / rate + 1 if text is not None else None,
        disk_bytes=40 * params.asked,
        because={"vocab_size": "written" if exact else f"at most {params.asked}; the corpus decides"},
    )


@train_tokenizer.smoke
def smoke(params: dict[str, Any]) -> dict[str, Any]:
    """A vocabulary that a handful of documents can fill."""
    size = params.get("vocab_size")
    asked = size.get("at_most", 1000) if isinstance(size, dict) else size
    return {**params, "vocab_size": {"at_most": min(asked, 1000) if isinstance(asked, int) else 1000}, "sample_bytes": 2_000_000}
