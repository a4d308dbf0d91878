"""How much text there is: rows for a model, documents for both sides, pieces that fit, passes over it."""

import math
from collections.abc import Iterator
from typing import Any

from runner.meant import StepMeant
from runner.rules import FILES, GUESS, View, at, number, path, rule, say, sources
from schemas.artifacts import CheckpointForecast, CorpusForecast, TokenBinForecast
from schemas.findings import Edit, Finding, RulePage, Severity
from steps.text.choices import BY_EXTENSION
from steps.text.tables import TABLES

LEARNED_EPOCHS = 80  # passes over answers, after which a base says them by heart
MANY_EPOCHS, WASTED_EPOCHS, ASKED_EPOCHS = 40, 1000, 100  # passes over the text: worth telling, surely not meant, and so when asked for


def _row_of(tokens: int) -> int:
    """A length of which so many tokens make four rows: a power of two, and no less than 16."""
    return max(16, 1 << (tokens // 4).bit_length() - 1) if tokens >= 4 else 16


@rule()
def bins_hold_a_row(view: View) -> Iterator[Finding]:
    """D113: fewer tokens than one row of the model. The count is an estimate: only where it is short by half, or far shorter if guessed."""
    for step in view.of_type("train"):
        bins = view.reaches(step, "bins")
        length = view.row_length(step)
        if not isinstance(bins, TokenBinForecast) or not isinstance(length, int):
            continue
        least = min(_row_of(bins.train_tokens or length), _row_of(4 * (bins.val_tokens or length)))  # of validation one row is enough
        for tokens, what in ((bins.train_tokens, "training"), (bins.val_tokens, "validation")):
            if tokens and tokens * (GUESS if bins.guessed else 2) < length:
                where = "max_seq_length" if number(step, "max_seq_length") is not None else ""
                message = f"{what} has about {tokens:,} tokens in all, one row takes {length:,}"
                fix = f"write max_seq_length: {least}, or give it more text"
                maker = next(iter(view.makers(step, "bins")), None)
                if what == "validation" and (share := _share_of_rows(bins, length)):
                    fix = f"write val_fraction: {share:g}, or max_seq_length: {least}, or give it more text"
                    if maker is not None and number(maker, "val_fraction") is not None:
                        step, where = maker, "val_fraction"
                yield say("D113", step, where, message, fix)
                break


def _share_of_rows(bins: TokenBinForecast, length: int) -> float:
    """The share for validation that is four rows of `length` tokens, rounded up to two digits; 0 where that is more than a fifth."""
    share = 4 * length / max(1, (bins.train_tokens or 0) + (bins.val_tokens or 0))
    return math.ceil(100 * share) / 100 if share <= 0.2 else 0.0


@rule()
def pieces_fit_rows(view: View) -> Iterator[Finding]:
    """D111: fine-tuning takes no document that is longer than a row, and split_long makes them longer."""
    for step in view.of_type("train"):
        length = view.row_length(step)
        if at(step.raw, "objective") != "sft" or not isinstance(length, int):
            continue
        for maker in view.makers(step, "corpus"):
            longest = number(maker, "max_tokens") if maker.type == "split_long" else None
            if longest is not None and longest > length:
                message = f"{maker.id} leaves documents of up to {int(longest):,} tokens, a row of {step.id} takes {length:,}"
                edits = (Edit("set", path(maker, "max_tokens"), length),) if length >= 16 else ()
                yield say("D111", maker, "max_tokens", message, f"write max_tokens: {length}", severity="warning", edits=edits)


@rule(
    RulePage(
        "D010",
        "the same text again and again",
        "So many passes over so little text are learnt by heart: the training loss falls on, the validation loss turns. More text, fewer "
        "steps or a smaller model is better spent.",
        wrong="max_steps: 100000   # of 300 kB of text",
        right="num_train_epochs: 10",
        source="arXiv 2305.16264 (scaling data-constrained language models)",
        severity="info",
    )
)
def text_is_not_worn_out(view: View) -> Iterator[Finding]:
    """D010: more than MANY_EPOCHS passes."""
    for step in view.of_type("train"):
        made, bins = step.forecast, view.reaches(step, "bins")
        if isinstance(bins, TokenBinForecast) and (bins.train_tokens or 0) * 2 < (view.row_length(step) or 0):
            continue  # not one row: D113
        epochs = made.epochs if isinstance(made, CheckpointForecast) else None
        if epochs is not None and epochs > MANY_EPOCHS:
            name = "max_steps" if number(step, "max_steps") is not None else "num_train_epochs"
            tuned = at(step.raw, "objective") == "sft" and at(step.raw, "model.base") is not None
            most = LEARNED_EPOCHS if tuned else WASTED_EPOCHS if name == "max_steps" else ASKED_EPOCHS
            severity: Severity = "warning" if epochs > most else "info"
            message = f"every text is seen about {epochs:,.0f} times"
            fewer = "fewer steps" if name == "max_steps" else "fewer passes"
            yield say("D010", step, name, message, f"give it more text, or {fewer}", severity=severity)


@rule()
def validation_gets_a_document(view: View) -> Iterator[Finding]:
    """D120: a corpus of one document, of which none can be kept for validation; a warning for one conversation."""
    for step in view.of_type("train"):
        parsers = view.parsers(step) if at(step.raw, "objective") == "sft" else []
        if [p.forecast.documents if isinstance(p.forecast, CorpusForecast) else None for p in parsers] == [1]:
            message = "the corpus is one document: nothing can be kept for validation"
            for where, source, _ in sources(parsers[0]):
                heads = [view.head(file, source.get("format")) for file in view.tables(source)]
                if [len(head.documents(source.get("columns"))) for head in heads] == [1]:  # one that can be used
                    yield say("D120", parsers[0], f"{where}.path", message, "give it more, some hundred", severity="warning")
    for step in view.of_type("tokenize_bin"):
        corpora = view.reaches(step, "corpus")
        made: list[Any] = [parser.forecast for parser in view.parsers(step)]  # pieces of split_long stay on the side of their document
        made = made or (corpora if isinstance(corpora, list) else [])
        counts = [c.documents if isinstance(c, CorpusForecast) else None for c in made]
        if counts and None not in counts and sum(n or 0 for n in counts) == 1:
            message = "the corpus is one document: nothing can be kept for validation"
            fix, edits = "let parse_corpus read smaller ones: document: blank_line, or add documents", list[Edit]()
            if (rows := _rows_as_text(view, step)) is not None:
                parser, where, name = rows
                message += f", for format: txt makes one text of {name} and its rows"
                fix, edits = "delete format: txt", [Edit("delete", path(parser, f"{where}.format"))]
            yield say("D120", step, "", message, fix, edits=tuple(edits))


def _rows_as_text(view: View, step: StepMeant) -> tuple[StepMeant, str, str] | None:
    """The source that reads a table as one text, with the parse_corpus step that it belongs to and the file's name."""
    for parser in view.parsers(step):
        for where, source, _ in sources(parser):
            for file in view.facts.files(source["path"])[:FILES] if isinstance(source.get("path"), str) and source["path"] else []:
                if source.get("format") in ("txt", "md") and BY_EXTENSION.get(file.suffix.lower().lstrip(".")) in TABLES:
                    return parser, where, file.name
    return None
