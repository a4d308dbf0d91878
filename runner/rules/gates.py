"""Gates: the first rows as the train step will meet them, counted in the base's own tokenizer where its library is installed."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.meant import StepMeant
from runner.modelfolder import TOKENIZERS
from runner.rules import View, at, number, param, rule, say, sources
from runner.rules.rows import name_of, read_heads
from schemas.artifacts import CheckpointForecast
from schemas.findings import Finding, RecipeError, RulePage
from steps.text.choices import MOST_LEFT_OUT
from steps.text.forms import first_other
from steps.text.vocabulary import bytes_per_token

if TYPE_CHECKING:
    from steps.text.tokenizers import TextTokenizer

SURELY, HARDLY = 2.0, 1.4  # times as long as a row by `bytes_per_token`, which is right to a quarter or a third
CHARACTERS_A_TOKEN = 12  # more than any tokenizer packs into a token of running text
TRIED = 64  # documents of a file are counted from its beginning
LONGEST = 32  # and so many of the longest behind them: more than MOST_LEFT_OUT of a head
SHORTEST_ANSWER = 8  # tokens: a system message that leaves less is no good
EDGES = 2  # tokens that an answer can have more between its marks than by itself
TURN_MARK = re.compile(  # what templates of known models write around turns
    r"\[/?INST\]|<</?SYS>>|<\|(?:im_start|im_end|(?:start|end)_header_id|eot_id|user|assistant|system)\|>|<(?:start|end)_of_turn>"
)
FILES = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


class Counted(NamedTuple):
    """A document in tokens. question: the longest that stands before an answer, marks included; around: that and the marks behind the
    answer. begins_twice, ends: see the gates."""

    line: int
    tokens: int
    question: int
    learned: int
    begins_twice: bool
    ends: bool
    chat: bool
    around: int


def _parsers(view: View, step: StepMeant) -> tuple[list[StepMeant], StepMeant | None]:
    """The parse_corpus steps behind a train step, and the split_long between, if any."""
    behind = view.makers(step, "corpus")
    split = next((maker for maker in behind if maker.type == "split_long" and not param(maker, "analyze_only")), None)
    return view.parsers(step), split


def counted_rows(view: View, step: StepMeant) -> list[tuple[str, list[Counted], int]] | None:
    """Each file's name, documents in tokens, the first and the longest behind them, and how many the head has; None without a tokenizer
    that can be opened."""
    folder = view.base(step)
    if folder is None or not folder.kind or not any(file in folder for file in TOKENIZERS):
        return None
    try:
        from steps.text.tokenizers import open_tokenizer
    except ImportError:
        return None
    opened: list[TextTokenizer] = []

    def count(document: Mapping[str, Any], line: int) -> Counted | None:
        if not opened:
            opened.append(open_tokenizer(folder.folder))
        return _count(document, line, opened[0])

    def every() -> Iterator[tuple[str, list[Counted], int]]:
        parsers, _ = _parsers(view, step)
        there = [folder.folder / file for file in FILES if file in folder]
        for maker, _, source, file, head, _ in read_heads(view):
            if maker not in parsers or not head.rows:
                continue
            roles = sorted((source.get("columns") or {}).items(), key=str)

            def make(head: Any = head, source: Any = source) -> list[Any]:
                documents = head.placed(source.get("columns"))
                behind = sorted(documents[TRIED:], key=lambda each: len(each[1].text), reverse=True)[:LONGEST]
                made = [count(document.model_dump(), line) for line, document in [*documents[:TRIED], *behind]]
                return [len(documents), *(list(each) for each in made if each is not None)]

            seen, *rows = view.facts.remembered(f"rows in tokens 4 {roles} {source.get('format')}", [*there, Path(file)], make)
            yield name_of(view, file), [Counted(*row) for row in rows], seen

    try:
        return list(every())
    except Exception:  # noqa: BLE001 - `tokenizers` raises nothing finer; a damaged tokenizer or template is judged elsewhere
        return None


def _count(document: Mapping[str, Any], line: int, tokenizer: "TextTokenizer") -> Counted | None:
    from steps.text.rowform import row_of

    try:
        row = row_of(document, tokenizer)
    except RecipeError:
        return None  # the template refuses it: judged elsewhere
    messages, question, around = document.get("messages") or [], 0, 0
    start = messages[:1] if messages and messages[0]["role"] == "system" else []
    for place, message in enumerate(messages):
        if message["role"] != "assistant" or place == len(start):
            continue
        try:
            alone = row_of({"messages": [*start, messages[place - 1], {**message, "content": "."}], "text": ""}, tokenizer)
        except RecipeError:
            continue
        question = max(question, alone.learned.index(True) if True in alone.learned else len(alone.ids))
        around = max(around, len(alone.ids) - 1)
    begin = tokenizer.bos_id
    last = max((i for i, each in enumerate(row.learned) if each), default=-1)
    ends = {tokenizer.eos_id} | {number for mark in tokenizer.form.marks for number in tokenizer.encode_marked(mark, [mark])[0]}
    ended = last < 0 or row.ids[last] in ends or tokenizer.piece(row.ids[last]).endswith((">", "|>"))
    return Counted(
        line,
        len(row.ids),
        question,
        sum(row.learned[1:]),
        begin is not None and row.ids[:2] == [begin, begin],
        ended,
        bool(messages),
        around,
    )


@rule()
def rows_fit_the_window(view: View) -> Iterator[Finding]:
    """D111: rows longer than a row of training, and no split_long between. D131: questions that leave an answer no room.

    D112, D148, D149: nothing to learn, a begin token twice, an answer without an end. Without a tokenizer lengths are a bound from below.
    """
    for step in view.of_type("train"):
        length = view.row_length(step)
        if at(step.raw, "objective") != "sft" or not isinstance(length, int):
            continue
        if _parsers(view, step)[1] is None:
            yield from _long_files(view, step, length)
        counted = counted_rows(view, step)
        if counted is None:
            yield from _by_characters(view, step, length)
            continue
        _, split = _parsers(view, step)
        for name, rows, seen in counted:
            if not rows:
                continue
            if split is not None:
                yield from _no_room(split, name, rows, seen, min(length, param(split, "max_tokens") or length))
            else:
                yield from _too_long(view, step, name, rows, seen, length)
            yield from _odd_ends(step, name, rows)


def _long_files(view: View, step: StepMeant, length: int) -> Iterator[Finding]:
    """D111 for text files that are a document each: by their size, as no tokenizer makes them short enough."""
    parsers, _ = _parsers(view, step)
    for maker in parsers:
        for where, source, _ in sources(maker):
            pattern = source.get("path")
            if not isinstance(pattern, str) or not pattern or source.get("document", "file") != "file":
                continue
            files = [f for f in view.facts.files(pattern) if f.suffix.lower() in (".txt", ".md")]
            long = [f for f in files if view.facts.size(f) > CHARACTERS_A_TOKEN * length]
            if long and first_other(view.facts, files, source.get("format")) is None:  # D159 says the rest
                first, row = name_of(view, long[0]), f"the {length:,} tokens of a row of {step.id}"
                message = f"{len(long)} of {len(files)} text files are longer than {row}, such as {first}; none is cut"
                if len(files) == 1:
                    message = f"{first} is longer than {row}, and is not cut"
                fix = f"put a split_long step with max_tokens: {length} between"
                if any(m.type == "split_long" for m in view.makers(step, "corpus")):
                    fix = "delete analyze_only from split_long, which only counts so"
                yield say("D111", maker, f"{where}.path", message, fix)
                return


def _too_long(view: View, step: StepMeant, name: str, rows: list[Counted], seen: int, length: int) -> Iterator[Finding]:
    texts = [row for row in rows if row.tokens - 1 > length and not row.chat]
    chats = [row for row in rows if row.tokens - 1 > length and row.chat]
    if not texts and len(chats) <= MOST_LEFT_OUT * seen:
        return
    long = [*texts, *chats]
    longest = max(row.tokens for row in long)
    where = "max_seq_length" if number(step, "max_seq_length") is not None else ""
    message = f"{name}: {len(long)} of the first {seen} rows are longer than {length:,} tokens, the longest has {longest:,}; none is cut"
    fix, base = f"put a split_long step with max_tokens: {length} before it", view.base(step)
    if base is None or base.positions is None or longest <= base.positions:
        fix += f", or write max_seq_length: {longest}"
    yield say("D111", step, where, message, fix)


def _no_room(split: StepMeant, name: str, rows: list[Counted], seen: int, most: int) -> Iterator[Finding]:
    from steps.text.conversations import LEAST_ROOM

    least = EDGES + max(LEAST_ROOM, 2 * int(number(split, "overlap_tokens") or 0))
    full = [row for row in rows if row.tokens > most and row.around + least > most]
    if not full:
        return
    longest = max(row.around for row in full)
    message = (
        f"{name}: {len(full)} of the first {seen} questions leave an answer no room in {most:,} tokens: with marks they take {longest:,}"
    )
    many = len(full) > MOST_LEFT_OUT * seen
    fix = "raise max_tokens and max_seq_length, or shorten those questions"
    yield say("D131", split, "max_tokens", message, fix, severity="error" if many else "warning")


def _odd_ends(step: StepMeant, name: str, rows: list[Counted]) -> Iterator[Finding]:
    idle = [row for row in rows if not row.learned]
    if len(idle) == len(rows):
        yield say("D112", step, "objective", f"{name}: no row has a token to learn", "give text, or conversations with answers")
        return
    twice = [row for row in rows if row.begins_twice]
    if twice:
        message = f"{name}, line {twice[0].line}: the row begins with the begin token twice"
        yield say("D148", step, "model.base", message, "take the begin token out of the template", severity="warning")
    endless = [row for row in rows if row.chat and not row.ends]
    if endless:
        message = f"{name}, line {endless[0].line}: the answer does not end with a mark: the model does not learn to stop"
        yield say("D149", step, "model.base", message, "end answers in the template with the end token", severity="warning")


def _by_characters(view: View, step: StepMeant, length: int) -> Iterator[Finding]:
    """D111 where no tokenizer is there to count by: a warning for rows that one of so many pieces hardly makes short enough, an error for
    those that it cannot; without its size for what no tokenizer makes so."""
    parsers = [maker for maker in view.makers(step, "corpus") if maker.type == "parse_corpus"]
    pieces = step.forecast.vocab_size if isinstance(step.forecast, CheckpointForecast) and view.base(step) is None else None
    a_token = bytes_per_token(pieces) if pieces else CHARACTERS_A_TOKEN
    where = "max_seq_length" if at(step.raw, "max_seq_length") is not None else ""
    fix = f"put a split_long step with max_tokens: {length} before it"
    for maker, _, source, file, head, _ in read_heads(view):
        if maker not in parsers:
            continue
        made = [(len(each.text.encode()) / a_token / length, bool(each.messages)) for each in head.documents(source.get("columns"))]
        longest, name = max((share for share, _ in made), default=0.0) * length, name_of(view, file)
        if pieces is None and longest > length:
            message = f"{name} has rows of {longest * a_token:,.0f} characters, far more than the {length:,} tokens of a row of {step.id}"
            yield say("D111", step, where, message, fix, severity="warning")
            break
        for surely in (SURELY, HARDLY) if pieces else ():
            long = [chat for share, chat in made if share > surely]
            if long and (not all(long) or len(long) > MOST_LEFT_OUT * len(made)):  # else they are left out, and told
                message = f"{name}: {len(long)} of the first {len(made)} rows are longer than {length:,} tokens, the longest has about"
                fix += f", or write max_seq_length: {2 ** math.ceil(math.log2(longest))}" if longest < 4 * length else ""
                message = f"{message} {longest:,.0f} in {pieces:,} pieces; none is cut"
                yield say("D111", step, where, message, fix, severity="error" if surely == SURELY else "warning")
                return


@rule(
    RulePage(
        "D151",
        "marks of a template typed into the text",
        "A mark such as <|im_end|> or </s> is one token where the template or the tokenizer puts it. In a document it is text, spelled "
        "letter by letter, so that text can never forge a turn: a conversation written out with marks in one text is learned whole, "
        "its questions too, and an end typed behind an answer is not the token that ends it. The right marks are put there anyway.",
        wrong='{"text": "<|im_start|>user\\nHello<|im_end|>\\n<|im_start|>assistant\\nGood day<|im_end|>"}',
        right='{"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]}',
        source="unslothai/unsloth#1273; lm-sys/FastChat#488; google/sentencepiece#667",
        severity="warning",
        needs="the first rows of JSONL and CSV files, and the base's tokenizer",
    )
)
def marks_are_put_by_the_template(view: View) -> Iterator[Finding]:
    """D151: special tokens in the texts of a fifth of the rows, and three at least; any template's marks in half of the conversations."""
    for step in view.of_type("train"):
        folder = view.base(step)
        marks = [t for t in (folder.tokens if folder is not None else ()) if len(t) > 3 and t[0] == "<" and t[-1] == ">" and t[1:3] != "0x"]
        parsers, _ = _parsers(view, step)
        if at(step.raw, "objective") != "sft":
            continue
        for maker, where, source, file, head, _ in read_heads(view):
            if maker not in parsers:
                continue
            found, turns, tried, written_out = [], [], 0, 0
            for made in head.documents(source.get("columns")):
                tried += 1
                texts = [m["content"] for m in made.messages] if made.messages else [made.text]
                if mark := next((m for m in marks if any(m in text for text in texts)), ""):
                    found.append(mark)
                    written_out += not made.messages
                elif made.messages and (other := next(filter(None, map(TURN_MARK.search, texts)), None)):
                    turns.append(other[0])
            if len(found) >= max(3, tried / 5):
                message, mark = f"have {found[0]} typed into their text, where it is no token", found[0]
            elif len(turns) >= max(3, tried / 2):
                message, mark = f"have {turns[0]} typed into their turns, where it is text: the template puts its own marks", turns[0]
                found = turns
            else:
                continue
            fix = "give the turns as rows of messages, and leave marks to the template" if written_out else f"take {mark} out of the rows"
            message = f"{name_of(view, file)}: {len(found)} of the first {tried} rows {message}"
            yield say("D151", maker, f"{where}.path", message, fix, severity="warning")
            break
