"""split_long: cut documents longer than the model's window into pieces, losing nothing."""

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

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
    Tokenizer,
    TokenizerForecast,
)
from steps import step
from steps.text.choices import Strategy
from steps.text.vocabulary import bytes_per_token

if TYPE_CHECKING:
    from steps.text.blocks import Block
    from steps.text.lengths import Lengths
    from steps.text.splitblock import Setting, Split, Tally

USUAL_VOCABULARY = 32_000  # pieces, where the tokenizer is not known
PAGES = (
    RulePage(
        "D130",
        "max_tokens leaves no room",
        "The marks around a text (bos, eos, the chat template) count too, and overlap takes its part of every piece.",
        wrong="- type: split_long\n  max_tokens: 512\n  overlap_tokens: 512",
        right="- type: split_long\n  max_tokens: 512\n  overlap_tokens: 64",
        source="recipe: overlap is a part of a piece",
    ),
    RulePage(
        "D131",
        "a question is longer than max_tokens",
        "An answer can be split, its question repeated before each part. A question that alone fills the window cannot: "
        "such a conversation is kept whole and counted, and a training leaves it out. When more than a tenth of the rows are such, the "
        "window is too small for this data, and the step stops.",
        wrong="- type: split_long\n  max_tokens: 64   # and questions of a page each",
        right="- type: split_long\n  max_tokens: 2048",
        source="unslothai/unsloth#3019",
    ),
)


class SplitLong(StepParams):
    """How long is too long, and where to cut."""

    max_tokens: Positive = Field(description="longest piece in tokens of the tokenizer; bos, eos and chat marks count")
    strategy: Strategy = Field(default="auto", description="auto: paragraphs, then sentences, then words, then tokens, as full as is nice")
    overlap_tokens: int = Field(default=0, ge=0, description="tokens of the last piece that the next repeats")
    analyze_only: bool = Field(default=False, description="only measure; the corpus goes on as it is")
    workers: Annotated[Positive | Literal["auto"], NotInKey] = Field(
        default="auto", description="processes that tokenize; auto: as many as there are cores and work; the bytes are the same"
    )

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


@step(version=8, libraries=("sentencepiece", "tokenizers"), pages=PAGES)
def split_long(params: SplitLong, corpus: list[Corpus], tokenizer: Tokenizer, context: StepContext) -> Corpus:
    """Write the corpora again, as one, with no document above `max_tokens`.

    Pieces keep their order and their origin; joined (overlap apart, which a piece tells, so that fine-tuning learns it once) they are
    the document. Of a conversation, turns are kept whole
    and the system message is repeated; a long answer is split with its question repeated. Its length is what training meets: by
    the chat template in the tokenizer's folder, where there is one. With `analyze_only` nothing is cut.
    Raises RecipeError D131 when too many questions alone are longer, D104 for a corpus without documents, D122 for one that cannot be read,
    D123 when a worker dies.
    """
    from steps.text.lengths import Lengths
    from steps.text.splitblock import Setting, Tally

    measured = (params.max_tokens, params.strategy, params.overlap_tokens, params.analyze_only)
    setting = Setting(str(tokenizer.path), *measured)
    lengths, tally = Lengths(params.max_tokens), Tally()
    hand_on = params.analyze_only and len(corpus) == 1
    with ExitStack() as stack:
        out = None if hand_on else stack.enter_context((context.workdir / "corpus.jsonl").open("wb"))
        _rewrite(params, corpus, setting, lengths, tally, out, context)
    if not tally.documents:
        raise RecipeError("D104", "no document reached split_long", fix="look at the sources of parse_corpus")
    _tell(params, lengths, context)
    return corpus[0] if hand_on else _described(tally, corpus).save(context.workdir)


def _rewrite(
    params: SplitLong, corpora: list[Corpus], setting: "Setting", lengths: "Lengths", tally: "Tally", out: BinaryIO | None,
    context: StepContext,
) -> None:  # fmt: skip
    """Every row measured and, to `out`, written in its pieces."""
    from steps.text.blocks import BadRow, Changed, Place
    from steps.text.pool import Task, ordered, workers_for
    from steps.text.splitblock import split_block

    place, total = Place(corpora), sum(one.documents_count for one in corpora)
    workers = workers_for(params.workers, sum(one.bytes for one in corpora))
    results = ordered(split_block, setting, (Task(block, (number, block)) for number, block in place.blocks()), workers)
    while True:
        try:
            task, made = next(results)
            number, block = task.ours
            if made is None:
                made = _one_long(setting, block, lengths, tally, out)
        except StopIteration:
            break
        except (BadRow, Changed, OSError) as error:
            if isinstance(error, OSError) and not str(error.filename or "").endswith("corpus.jsonl"):
                raise  # of writing
            raise place.error(place.corpus, error) from error
        if out is not None:
            out.write(made.out)
        tally.join(made.tally)
        lengths.done.update(made.done)
        lengths.add(made.lengths)
        place.passed(number, block, made.lines)
        if context.stopping():
            raise context.stopped()
        context.progress(lengths.before.total(), total, "documents")
    place.finish()


def _one_long(setting: "Setting", block: "Block", lengths: "Lengths", tally: "Tally", out: BinaryIO | None) -> "Split":
    """A line too long to be held: its text is cut as it is read."""
    from steps.text.blocks import LongRow
    from steps.text.splitblock import Split, marks, split_block, split_row, tools

    long = LongRow(block)
    if not long.parted or long.row.get("messages"):
        made = split_block(setting, replace(block, long=False))
        assert made is not None
        return made
    if setting.analyze_only:
        opened, ruler = tools(setting.tokenizer)
        count = sum(len(starts) for _, starts in ruler.windows(long.parts())) + marks(opened)
        lengths.add([(count, [count], False)])
        tally.add({"text": "", **long.row})
        return Split(1)
    sizes: list[int] = []
    around = marks(tools(setting.tokenizer)[0])
    met = [around]  # tokens of the whole
    for line, piece in split_row(setting, long, met.append):
        sizes.append(piece.tokens + around)
        tally.add(long.row, [piece.text])
        if out is not None:
            out.write(line)
    return Split(1, lengths=[(sum(met), sizes, False)])


def _tell(params: SplitLong, lengths: "Lengths", context: StepContext) -> None:
    """Statistics, the picture, the page. Raises RecipeError D131 when much could not be split; of a little, train tells."""
    from steps.text.choices import MOST_LEFT_OUT
    from steps.text.lengths import draw, page

    written = params.model_dump(include={"max_tokens", "strategy", "overlap_tokens", "analyze_only"})
    facts = {**written, **lengths.facts()}
    context.stats("preprocess_stats", facts)
    context.side("reports/preprocess.md").write_text(page(facts), "utf-8")
    if not draw(facts, context.side("plots/length_distribution.png")):
        context.event("no_picture", message="no picture of the lengths: pip install matplotlib")
    before, after = facts["before"]["count"], facts["after"]["count"]
    done = facts.get("conversations_done", {})
    context.event("split", documents=before, pieces=after, over_limit_after=facts["over_limit_after"], **({"chats": done} if done else {}))
    if facts["over_limit_after"] > MOST_LEFT_OUT * after and not params.analyze_only:
        kept = {what.partition(": ")[2]: n for what, n in done.items() if what.startswith("rounds kept whole")}
        why = "; ".join(f"{n} because {reason}" if len(kept) > 1 else reason for reason, n in kept.items())
        raise RecipeError(
            "D131",
            f"{facts['over_limit_after']} of {after} rows stay above {params.max_tokens} tokens: {why or 'a single character has more'}",
            field="max_tokens",
            fix="raise max_tokens, or shorten those questions",
        )


def _described(tally: "Tally", corpora: list[Corpus]) -> Corpus:
    """The description; sources keep the counts of the documents they came from."""
    sources: dict[str, int] = {}
    for corpus in corpora:
        for source, documents in corpus.sources.items():
            sources[source] = sources.get(source, 0) + documents
    return Corpus(
        documents_count=tally.documents,
        characters=tally.characters,
        bytes=tally.bytes,
        languages=dict(sorted(tally.languages.items())),
        sources=sources,
        shape="chat" if tally.chats else "text",
    )


@split_long.forecast
def forecast(params: SplitLong, inputs: dict[str, Any], context: ForecastContext) -> CorpusForecast:
    """The corpora together; how many pieces there will be only the run knows."""
    corpora = [c for c in inputs.get("corpus", []) if isinstance(c, CorpusForecast)]
    known = [c.bytes for c in corpora if c.bytes is not None]
    whole = sum(known) if corpora and len(known) == len(corpora) else None
    return CorpusForecast(
        bytes=whole,
        guessed=any(c.guessed for c in corpora),
        characters=sum(c.characters or 0 for c in corpora) if whole is not None else None,
        documents=corpora[0].documents if params.analyze_only and len(corpora) == 1 else None,
        pieces=sum(_pieces(params, c, inputs.get("tokenizer")) for c in corpora) or None if whole is not None else None,
        columns=corpora[0].columns if corpora else None,
        languages=sorted({lang for c in corpora for lang in c.languages}),
        shape="chat" if any(c.shape == "chat" for c in corpora) else "text",
        seconds=1 + whole / 5e6 if whole is not None else None,
        disk_bytes=whole,
    )


def _pieces(params: SplitLong, corpus: CorpusForecast, tokenizer: Any) -> int:
    """About how many pieces a corpus becomes, as if all of its documents were as long as the mean; 0 where that is not known."""
    if not corpus.documents or not corpus.bytes:
        return 0
    size = tokenizer.vocab_size if isinstance(tokenizer, TokenizerForecast) and tokenizer.vocab_size else USUAL_VOCABULARY
    mean = corpus.bytes / corpus.documents / bytes_per_token(size)
    return round(corpus.documents * max(1.0, mean / (params.max_tokens - params.overlap_tokens)))


@split_long.smoke
def smoke(params: dict[str, Any]) -> dict[str, Any]:
    """The same: it is quick on the few documents of a smoke run."""
    return dict(params)
