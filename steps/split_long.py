"""split_long: cut documents longer than the model's window into pieces, losing nothing."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from schemas import Corpus, CorpusForecast, ForecastContext, Positive, RecipeError, RulePage, StepContext, StepParams, Tokenizer
from steps import step
from steps.text.split import Strategy

if TYPE_CHECKING:
    from steps.text.lengths import Lengths
    from steps.text.tokenizers import TextTokenizer

BATCH_CHARACTERS = 1 << 20

PAGES = (
    RulePage(
        "D130",
        "max_tokens leaves no room",
        "The marks around a text (bos, eos, the chat template) count too, and overlap takes its part of every piece.",
        wrong="- type: split_long\n  max_tokens: 512\n  overlap_tokens: 512",
        right="- type: split_long\n  max_tokens: 512\n  overlap_tokens: 64",
    ),
    RulePage(
        "D131",
        "a question is longer than max_tokens",
        "An answer can be split, its question repeated before each part. A question that alone fills the window cannot: "
        "such a conversation is kept whole and counted, never cut in silence.",
        severity="warning",
    ),
)


class SplitLong(StepParams):
    """How long is too long, and where to cut."""

    max_tokens: Positive = Field(description="longest piece in tokens of the tokenizer; bos, eos and chat marks count")
    strategy: Strategy = Field(default="auto", description="auto: paragraphs, then sentences, then words, then tokens, as full as is nice")
    overlap_tokens: int = Field(default=0, ge=0, description="tokens of the last piece that the next repeats")
    analyze_only: bool = Field(default=False, description="only measure; the corpus goes on as it is")

    @model_validator(mode="after")
    def _fits(self) -> "SplitLong":
        if self.max_tokens < 16:
            raise PydanticCustomError("D130", "max_tokens {n} is below 16", {"n": self.max_tokens, "name": "max_tokens"})
        if self.overlap_tokens * 2 > self.max_tokens:
            raise PydanticCustomError(
                "D130",
                "overlap_tokens {n} is more than half of max_tokens {m}",
                {
                    "n": self.overlap_tokens,
                    "m": self.max_tokens,
                    "name": "overlap_tokens",
                    "fix": f"overlap_tokens: {self.max_tokens // 8}",
                },
            )
        return self


@step(version=1, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def split_long(params: SplitLong, corpus: list[Corpus], tokenizer: Tokenizer, context: StepContext) -> Corpus:
    """Write the corpora again, as one, with no document above `max_tokens`.

    Pieces keep their order and their origin; joined (overlap apart) they are the document. Of a conversation, turns are kept whole
    and the system message is repeated; a long answer is split with its question repeated. Its length is what training meets: by
    the chat template in the tokenizer's folder, where there is one. With `analyze_only` nothing is cut.
    """
    from steps.text.lengths import Lengths
    from steps.text.tokenizers import open_tokenizer

    opened = open_tokenizer(tokenizer.path)
    lengths = Lengths(params.max_tokens)
    total = sum(c.documents_count for c in corpus)
    if params.analyze_only and len(corpus) == 1:
        for row, count, _ in _counted(corpus, opened, context, total):
            lengths.add(count, [count], bool(row.get("messages")))
        _tell(params, lengths, context)
        return corpus[0]
    counts = _Counts()
    with (context.workdir / "corpus.jsonl").open("w", encoding="utf-8", newline="\n") as out:
        for row, count, ids in _counted(corpus, opened, context, total):
            fits = count <= params.max_tokens or params.analyze_only
            pieces = [(row, count)] if fits else _pieces(row, ids, params, opened)
            lengths.add(count, [size for _, size in pieces], bool(row.get("messages")))
            for piece, _ in pieces:
                out.write(json.dumps(piece, ensure_ascii=False) + "\n")
                counts.add(piece)
    _tell(params, lengths, context)
    return counts.artifact(corpus).save(context.workdir)


def _marks(opened: "TextTokenizer") -> int:
    """Tokens that are put around every document."""
    return (opened.bos_id is not None) + (opened.eos_id is not None)


def _counted(corpora: list[Corpus], opened: "TextTokenizer", context: StepContext, total: int) -> Iterator[tuple[dict[str, Any], int, Any]]:
    """Each row with its real length in tokens, marks included, and its ids."""
    marks, done = _marks(opened), 0
    for rows in _batches(corpora):
        for row, ids in zip(rows, opened.encode_arrays([row["text"] for row in rows]), strict=True):
            chat = row.get("messages") if opened.form.source else None  # ours is in the text already
            yield row, opened.form.count(chat, opened) if chat else len(ids) + marks, ids
        if context.stopping():
            raise context.stopped()
        done += len(rows)
        context.progress(done, total, "documents")


def _batches(corpora: list[Corpus]) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    held = 0
    for corpus in corpora:
        for row in corpus.rows():
            rows.append(row)
            held += len(row["text"])
            if held >= BATCH_CHARACTERS:
                yield rows
                rows, held = [], 0
    if rows:
        yield rows


def _pieces(row: dict[str, Any], ids: Any, params: SplitLong, opened: "TextTokenizer") -> list[tuple[dict[str, Any], int]]:
    """A row that is too long as rows that are not, each with its length in tokens."""
    from blake3 import blake3

    from steps.text.conversations import split_messages
    from steps.text.split import split_counted

    whole, marks = row["text"], _marks(opened)
    origin = row.get("origin") or blake3(whole.encode("utf-8")).hexdigest(16)
    room = params.max_tokens - marks

    def starts(text: str) -> Sequence[int]:
        return opened.starts(text, ids if text is whole else None)  # a text that fits into the window is not tokenized again

    if row.get("messages") and opened.form.source:

        def size(messages: list[dict[str, str]]) -> int:
            return opened.form.count(messages, opened)

        parts = split_messages(row["messages"], params.max_tokens, starts, params.strategy, params.overlap_tokens, size)
        return [({**row, "origin": origin, **part}, size(part["messages"])) for part in parts]
    if row.get("messages"):
        parts = split_messages(row["messages"], room, starts, params.strategy, params.overlap_tokens)
        return [({**row, "origin": origin, **part}, opened.count(part["text"]) + marks) for part in parts]
    pieces = split_counted(whole, room, starts, params.strategy, params.overlap_tokens)
    return [({**row, "origin": origin, "text": text}, count + marks) for text, count in pieces]


def _tell(params: SplitLong, lengths: "Lengths", context: StepContext) -> None:
    """Statistics, the picture, the page; and a warning for what could not be split."""
    from steps.text.lengths import draw, page

    facts = {"max_tokens": params.max_tokens, "strategy": params.strategy, "analyze_only": params.analyze_only, **lengths.facts()}
    context.stats("preprocess", facts)
    context.side("reports/preprocess.md").write_text(page(facts), "utf-8")
    if not draw(facts, context.side("plots/length_distribution.png")):
        context.event("no_picture", message="no picture of the lengths: pip install matplotlib")
    before, after = facts["before"]["count"], facts["after"]["count"]
    context.event("split", documents=before, pieces=after, over_limit_after=facts["over_limit_after"])
    if facts["over_limit_after"] and not params.analyze_only:
        context.warn(
            "D131",
            f"{facts['over_limit_after']} conversations stay above {params.max_tokens} tokens: their question alone fills the window",
            field="max_tokens",
            fix="raise max_tokens, or shorten those questions",
        )


class _Counts:
    """Counts of what is written."""

    def __init__(self) -> None:
        self.documents = self.characters = self.bytes = 0
        self.languages: dict[str, int] = {}
        self.chat = False

    def add(self, row: dict[str, Any]) -> None:
        """One row."""
        self.documents += 1
        self.characters += len(row["text"])
        self.bytes += len(row["text"].encode("utf-8"))
        lang = row.get("lang") or "und"
        self.languages[lang] = self.languages.get(lang, 0) + 1
        self.chat = self.chat or bool(row.get("messages"))

    def artifact(self, corpora: list[Corpus]) -> Corpus:
        """The description; sources keep the counts of the documents they came from."""
        if not self.documents:
            raise RecipeError("D104", "no document reached split_long", fix="look at the sources of parse_corpus")
        sources: dict[str, int] = {}
        for corpus in corpora:
            for source, documents in corpus.sources.items():
                sources[source] = sources.get(source, 0) + documents
        return Corpus(
            documents_count=self.documents,
            characters=self.characters,
            bytes=self.bytes,
            languages=dict(sorted(self.languages.items())),
            sources=sources,
            shape="chat" if self.chat else "text",
        )


@split_long.forecast
def forecast(params: SplitLong, inputs: dict[str, Any], context: ForecastContext) -> CorpusForecast:
    """The corpora together; how many pieces there will be only the run knows."""
    corpora = [c for c in inputs.get("corpus", []) if isinstance(c, CorpusForecast)]
    known = [c.bytes for c in corpora if c.bytes is not None]
    whole = sum(known) if corpora and len(known) == len(corpora) else None
    return CorpusForecast(
        bytes=whole,
        characters=sum(c.characters or 0 for c in corpora) if whole is not None else None,
        documents=corpora[0].documents if params.analyze_only and len(corpora) == 1 else None,
        columns=corpora[0].columns if corpora else None,
        languages=sorted({lang for c in corpora for lang in c.languages}),
        shape="chat" if any(c.shape == "chat" for c in corpora) else "text",
        seconds=1 + whole / 5e6 if whole is not None else None,
        disk_bytes=whole,
    )


@split_long.smoke
def smoke(params: dict[str, Any]) -> dict[str, Any]:
    """The same: it is quick on the few documents of a smoke run."""
    return dict(params)
