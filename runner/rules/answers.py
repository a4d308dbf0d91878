"""Answers: what Ollama is told to cut off, against the answers that the model learns."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from statistics import median

from runner.meant import StepMeant
from runner.modelfolder import TOKENIZERS
from runner.rules import View, at, number, path, rule, say
from runner.rules.export import spoken_by
from runner.rules.gates import CHARACTERS_A_TOKEN, SHORTEST_ANSWER, TRIED, counted_rows
from runner.rules.rows import name_of, read_heads
from runner.written import written
from schemas.findings import Edit, Finding, RulePage, Severity

FEWEST = 8  # answers of a file: of fewer nothing is said
SHARE = 0.2  # of the answers that a stop text may stand in


@rule(
    RulePage(
        "E026",
        "a stop text that answers hold",
        "Ollama ends an answer where a stop text begins. One that stands in what the model learned to say cuts its answers there: a line "
        "end after the first line, a heading before the list. What ends an answer follows from the chat template by itself.",
        wrong='parameters: {stop: ["It is"]}   # and answers that begin "It is four."',
        right="- type: export_ollama   # stop follows from the template",
        source="ollama/ollama#17939",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "E027",
        "a limit below the length of the answers",
        "num_predict is the most tokens that Ollama lets the model write, in the Modelfile for all who use it. Counted are the tokens "
        "of the base's own tokenizer, without its library the words. A limit below usual answers cuts them in the middle.",
        wrong="parameters: {num_predict: 16}   # of answers of eighty words",
        right="parameters: {num_predict: 512}",
        source="posit-dev/chatlas#327; ollama/ollama#3839",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
)
def answers_are_not_cut(view: View) -> Iterator[Finding]:
    """E026: a stop text in a fifth of the first answers of a file. E027: num_predict below the length of half of them."""
    for step in view.of_type("export_ollama"):
        trains = [c for c in view.makers(step, "checkpoint") if c.type == "train" and at(c.raw, "objective") == "sft"]
        parsers = view.parsers(trains[0]) if trains else []
        stops = at(step.raw, "parameters.stop")
        most = number(step, "parameters.num_predict")
        told: set[str] = set()
        for maker, _, source, file, head, _ in read_heads(view):
            if maker not in parsers:
                continue
            documents = head.documents(source.get("columns"))
            answers = [m["content"] for d in documents for m in d.messages or () if m["role"] == "assistant"]
            if len(answers) < FEWEST:
                continue
            name = name_of(view, file)
            for index, stop in enumerate(stops if isinstance(stops, list) else ()):
                held = sum(stop in answer.strip() for answer in answers) if isinstance(stop, str) and stop else 0
                if held >= SHARE * len(answers) and stop not in told:
                    told.add(stop)
                    message = f"{stop!r} stands in {held} of the first {len(answers)} answers of {name}: they would end there"
                    edits = (Edit("delete", path(step, f"parameters.stop.{index}")),) if len(stops) > 1 else ()
                    yield say("E026", step, f"parameters.stop.{index}", message, "delete it from stop", severity="warning", edits=edits)
            usual = max(median(len(answer.split()) for answer in answers), _tokens(view, trains[0], name, len(answers) / len(documents)))
            if most is not None and 0 < most < usual and "num_predict" not in told:
                told.add("num_predict")
                message = (
                    f"num_predict is {int(most):,}, half of the first {len(answers)} answers of {name} take {usual:,.0f} tokens and more"
                )
                edits = (Edit("delete", path(step, "parameters.num_predict")),)
                fix = f"write num_predict: {max(128, 1 << int(usual * 4).bit_length())}, or delete it"
                yield say("E027", step, "parameters.num_predict", message, fix, severity="warning", edits=edits)


SHORTEST = 12  # characters of a system message that is one


@rule(
    RulePage(
        "E028",
        "a system message that is learned and not exported",
        "Rows that all begin with one system message teach the model to answer behind it. Ollama puts before a question what system: says, "
        "and nothing else: without it, or with another, the model is asked in a way that it has not seen.",
        wrong="- type: export_ollama   # and rows that all begin with a system message",
        right="- type: export_ollama\n  system: You are a polite clerk.   # as in the rows",
        source="ollama/ollama#8982; unslothai/unsloth#416",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    )
)
def system_messages_are_exported(view: View) -> Iterator[Finding]:
    """E028: nine of ten first conversations begin with one message, and the export with none, or another (told)."""
    for step in view.of_type("export_ollama"):
        trains = [c for c in view.makers(step, "checkpoint") if c.type == "train" and at(c.raw, "objective") == "sft"]
        parsers = view.parsers(trains[0]) if trains else []
        said: list[str] = []
        for maker, _, source, _, head, _ in read_heads(view):
            if maker in parsers:
                chats = [d.messages for d in head.documents(source.get("columns")) if d.messages]
                said += [m[0]["content"].strip() if m[0]["role"] == "system" else "" for m in chats]
        usual, count = Counter(said).most_common(1)[0] if said else ("", 0)
        system = at(step.raw, "system")
        if len(said) < FEWEST or count < 0.9 * len(said) or len(usual) < SHORTEST or (isinstance(system, str) and system.strip() == usual):
            continue
        told = spoken_by(view, trains[0], usual)
        if told is not None and told.unsaid and told.template:
            continue  # E012 would ask to delete it
        shown = usual if len(usual) <= 60 else usual[:60] + "…"
        message = f"{count} of the first {len(said)} conversations begin with the system message {shown!r}, "
        message += "this export has another" if system else "this export has none"
        edits = () if system else (Edit("set", path(step, "system"), usual),)
        fix = f"write system: {written(shown)}" if len(usual) <= 60 else "write that message as system:"
        severity: Severity = "info" if system else "warning"
        yield say("E028", step, "system" if system else "", message, fix, severity=severity, edits=edits)


def _tokens(view: View, step: StepMeant, name: str, each: float) -> float:
    """Tokens of a usual answer of the file, without the mark at its end; 0 where they cannot be counted. each: answers of a row."""
    rows = next((rows[:TRIED] for file, rows, _ in counted_rows(view, step) or () if file == name), [])
    return median(row.learned for row in rows) / each - 1 if rows else 0


@rule(
    RulePage(
        "E030",
        "a system message that fills the context",
        "What Ollama shows the model is num_ctx tokens, which follow max_seq_length: the system message, the conversation and the answer "
        "together. One that leaves no room is cut or left out in silence. Counted are the tokens of the base's own tokenizer, without "
        "it one for twelve characters.",
        wrong="- type: train\n  max_seq_length: 512\n- type: export_ollama\n  system: …   # of 800 tokens",
        right="- type: train\n  max_seq_length: 2048\n- type: export_ollama\n  system: …   # of 800 tokens",
        source="ollama/ollama#6090",
        severity="warning",
        needs="the base's tokenizer",
    )
)
def system_message_fits(view: View) -> Iterator[Finding]:
    """E030: with the shortest question and answer behind it the system message is longer than the context."""
    for step in view.of_type("export_ollama"):
        trains = [c for c in view.makers(step, "checkpoint") if c.type == "train" and at(c.raw, "objective") == "sft"]
        system = at(step.raw, "system")
        asked = number(step, "parameters.num_ctx")
        context = asked or getattr(trains[0].params, "max_seq_length", None) if trains else None
        if not isinstance(system, str) or not context:
            continue
        took, known = _length(view, trains[0], system)
        if took + SHORTEST_ANSWER <= context:
            continue
        message = f"the system message takes {'' if known else 'at least '}{took:,} tokens, the context that is served has {int(context):,}"
        where = "num_ctx" if asked is not None else "max_seq_length"
        wanted = max(64, 1 << (2 * took).bit_length())
        base = view.base(trains[0])
        most = base.config.get("max_position_embeddings") if base is not None else None
        fits = not isinstance(most, int) or wanted <= most
        fix = f"shorten it, or write {where}: {wanted}" if fits else f"shorten it: the base has {most:,} positions"
        yield say("E030", step, "system", message, fix, severity="warning")


def _length(view: View, step: StepMeant, text: str) -> tuple[int, bool]:
    """Tokens of a text in the base's own tokenizer, and whether they were counted; a bound from below where they cannot be."""
    folder = view.base(step)
    if folder is not None and folder.kind and any(file in folder for file in TOKENIZERS):
        with suppress(Exception):  # `tokenizers` raises nothing finer; a damaged tokenizer is judged elsewhere
            from steps.text.tokenizers import open_tokenizer

            return len(open_tokenizer(folder.folder).encode(text)), True
    return len(text) // CHARACTERS_A_TOKEN, False
