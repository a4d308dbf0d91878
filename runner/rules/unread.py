"""Unread: columns that hold what is asked or answered, which nothing reads, and rows that are a turn each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.rules import View, param, path, rule, say, sources
from runner.rules.rows import name_of, read_heads
from schemas.findings import Edit, Finding, RulePage
from steps.text.rows import SAME, NoSuchColumn, fields_of
from steps.text.turns import NOTHING, WHAT, WHO, turns_alone

FEWEST = 2  # rows: of fewer nothing is said
NEARLY = 0.9  # of the rows
MOST = 0.5  # share of the rows in which a column is filled
ASKED = {  # columns that stand with a question, by the role that they would have
    "input": "input", "context": "input", "passage": "input", "system": "system", "system_prompt": "system",
}  # fmt: skip
PLACE = {"input": "goes behind the question", "system": "goes before the question"}
QUESTIONS = ("instruction", "question", "prompt", "query", "user", "human", "problem")
ANSWERS = ("output", "answer", "response", "completion", "reply", "assistant", "gpt", "solution", "chosen")
TARGETS = (
    *ANSWERS, "label", "label_text", "labels", "target", "summary", "highlights", "class", "category", "sentiment", "intent", "translation",
)  # fmt: skip
SPOKEN = 2, 6  # how many speakers rows have that are a turn each
PICTURES = ("images", "image", "image_path", "image_paths", "image_file", "pixel_values", "videos", "video", "audios", "audio")
SHARE = 0.1  # of the rows, of each of them


@rule(
    RulePage(
        "D181",
        "a column of the question that nothing reads",
        "Without columns: the shape of the rows is seen, and what further input a question has goes with it. Where columns: names question "
        "and answer, only what it names is read: the model then learns to answer about a text that it was never shown.",
        wrong='columns: {instruction: instruction, output: output}   # {"instruction": …, "input": …, "output": …}',
        right="columns: {instruction: instruction, input: input, output: output}",
        source="unslothai/unsloth#1957; hiyouga/LlamaFactory#5294; baidu-baige/LoongForge#47",
        severity="warning",
        needs="the first rows of JSONL, CSV and parquet files",
    )
)
def questions_are_read_whole(view: View) -> Iterator[Finding]:
    """D181: input, context, passage or system filled in half of the rows, beside columns that name question and answer; and history."""
    for step, where, source, file, head, _ in read_heads(view):
        columns = source.get("columns")
        if len(head.rows) < FEWEST:
            continue
        try:
            roles = head.roles(columns)
        except NoSuchColumn:
            continue  # said by the rule about columns
        if not {"instruction", "output"} <= roles.keys():
            continue
        read = {name.split(".")[0] for template in roles.values() for name in fields_of(template)}
        found = f"{name_of(view, file)}: {{}} is filled in {{}} of the first {len(head.rows)} rows, and "
        if "history" not in read and (filled := sum(_filled(row.get("history")) for _, row in head.rows)):
            message = found.format("history", filled) + "nothing reads it: those answers are learned without what was said before"
            fix = 'write the turns of a conversation as one list: {"messages": [{"role": "user", "content": "…"}, …]}'
            yield say("D181", step, f"{where}.path", message, fix, severity="warning")
        for name, role in ASKED.items() if isinstance(columns, dict) else ():
            filled = sum(_filled(row.get(name)) for _, row in head.rows)
            if role in roles or name in read or filled < MOST * len(head.rows):
                continue
            edits = (Edit("set", (*path(step, f"{where}.columns"), role), name),)
            fix = f"add {role}: {name}, which {PLACE[role]}"
            message = found.format(name, filled) + "columns does not name it"
            yield say("D181", step, f"{where}.columns", message, fix, severity="warning", edits=edits)
            break


@rule(
    RulePage(
        "D183",
        "question and answer the other way round",
        "In columns: the role stands first and the column of the file behind it: instruction is what is asked, output what is learned. The "
        "other way round the model learns to guess questions.",
        wrong="columns: {instruction: answer, output: question}",
        right="columns: {instruction: question, output: answer}",
        source="recipe: in columns the role stands first",
        severity="warning",
    )
)
def columns_name_roles(view: View) -> Iterator[Finding]:
    """D183: by what the columns are called."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            columns = source.get("columns")
            if not isinstance(columns, dict):
                continue
            keys = {SAME.get(role, role): role for role in columns}
            asked, said = (columns.get(keys.get(role)) for role in ("instruction", "output"))
            if str(asked).lower() in ANSWERS and str(said).lower() in QUESTIONS:
                turned = {keys["instruction"]: said, keys["output"]: asked}
                edits = tuple(Edit("set", (*path(step, f"{where}.columns"), role), column) for role, column in turned.items())
                fix = f"write columns: {{{', '.join(f'{role}: {column}' for role, column in turned.items())}}}"
                message = f"columns takes {asked} for the question and {said} for the answer that is learned"
                yield say("D183", step, f"{where}.columns", message, fix, severity="warning", edits=edits)


@rule(
    RulePage(
        "D182",
        "rows that are a turn each",
        "A conversation is one row: a list of turns. Where every turn has a row of its own nothing says which belong together, and the "
        "questions would be learned like the answers, each as a text by itself.",
        wrong='{"from": "human", "value": "Two and two?"}\n{"from": "gpt", "value": "Four."}',
        right='{"conversations": [{"from": "human", "value": "Two and two?"}, {"from": "gpt", "value": "Four."}]}',
        source="unslothai/unsloth#337",
        needs="the first rows of JSONL, CSV and parquet files",
    )
)
def a_conversation_is_a_row(view: View) -> Iterator[Finding]:
    """D182: rows of a speaker and what he says, with two speakers at least; of speakers nobody knows where answers are learned."""
    tuned = any(param(step, "objective") == "sft" for step in view.of_type("train"))
    for step, where, source, file, head, stands_by in read_heads(view):
        rows = [row for _, row in head.rows]
        found = turns_alone(rows) or (_spoken(rows) if tuned else None)
        if found is None or len(head.rows) < FEWEST or source.get("columns"):
            continue
        who, what = found
        message = f"{name_of(view, file)}: each row is one turn ({who} and {what}), and nothing says which turns are one conversation"
        keys = found if turns_alone(rows) and who != "speaker" and what != "message" else ("role", "content")
        fix = f'write a conversation a row: {{"conversations": [{{"{keys[0]}": "…", "{keys[1]}": "…"}}, …]}}'
        yield say("D182", step, f"{where}.path", message, fix, severity="warning" if stands_by else "error")


@rule(
    RulePage(
        "D188",
        "pictures that nothing reads",
        "Texts are trained alone. An answer about a picture that the model was never shown teaches it to invent what it cannot see.",
        wrong='{"messages": […], "images": ["scans/1.png"]}',
        right="rows whose answers follow from their texts",
        source="trl 1.16: SFTTrainer, the dataset appears to be vision-related",
        severity="warning",
        needs="the first rows of JSONL, CSV and parquet files",
    )
)
def answers_need_no_picture(view: View) -> Iterator[Finding]:
    """D188: a column of pictures, films or sound that is filled in half of the rows, where answers are learned."""
    if not any(param(step, "objective") == "sft" for step in view.of_type("train")):
        return
    for step, where, _, file, head, _ in read_heads(view):
        counts = {name: sum(_filled(row.get(name)) for _, row in head.rows) for name in PICTURES}
        name = next((name for name, count in counts.items() if len(head.rows) >= FEWEST and count > MOST * len(head.rows)), "")
        if name:
            message = f"{name_of(view, file)}: {name} is filled in {counts[name]} of the first {len(head.rows)} rows, and nothing reads it"
            fix = "leave out rows whose answers need it; a model of pictures is trained by other tools"
            yield say("D188", step, f"{where}.path", message, fix, severity="warning")


def _spoken(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The columns of speaker and words, where few speakers say all rows between them: customer and agent, as others are called."""
    for who in WHO:
        for what in WHAT:
            said = Counter(str(row[who]) for row in rows if isinstance(row.get(who), str) and isinstance(row.get(what), str))
            few = SPOKEN[0] <= len(said) <= SPOKEN[1] and min(said.values()) >= SHARE * len(rows)
            if few and sum(said.values()) == len(rows) > 2 * len(said):
                return who, what
    return None


@rule(
    RulePage(
        "D190",
        "an answer that nothing reads",
        "Rows with a text are learned as texts, whatever stands beside it. Where answers are to be learned and another column holds them, "
        "the label of a text or its summary, the model only learns to go on writing such texts.",
        wrong='{"text": "The room was cold.", "label": "complaint"}   # objective: sft',
        right="columns: {instruction: text, output: label}",
        source="oobabooga/textgen#2710; hiyouga/LlamaFactory#9600",
        severity="warning",
        needs="the first rows of JSONL, CSV and parquet files",
    )
)
def answers_are_read(view: View) -> Iterator[Finding]:
    """D190: texts that an sft learns, with a column beside them that is called as answers are and is filled in nearly all rows."""
    tuned = {parser.id for step in view.of_type("train") if param(step, "objective") == "sft" for parser in view.parsers(step)}
    for step, where, source, file, head, _ in read_heads(view):
        if step.id not in tuned or len(head.rows) < FEWEST or source.get("columns"):
            continue  # what columns names is meant
        try:
            roles = head.roles(None)
        except NoSuchColumn:
            continue  # said by the rule about columns
        read = {name.split(".")[0] for template in roles.values() for name in fields_of(template)}
        name = next((n for n in TARGETS if n not in read and _said(n, [row for _, row in head.rows])), "")
        if "text" not in roles or {"messages", "instruction"} & roles.keys() or not name:
            continue
        text = roles["text"] if "{" not in roles["text"] else "text"
        message = f"{name_of(view, file)}: {text} alone is learned, and nothing reads {name}, which stands beside it"
        fix = f"to learn it as the answer: columns: {{instruction: {text}, output: {name}}}; if it is none: columns: {{text: {text}}}"
        yield say("D190", step, f"{where}.path", message, fix, severity="warning")


def _said(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a column holds a text, a number or a truth value in nearly all rows, and not the same in each."""
    values = [row.get(name) for row in rows]
    told = [value for value in values if isinstance(value, str | int | float) and str(value).strip()]
    return len(told) >= NEARLY * len(rows) and len(set(map(str, told))) > 1


def _filled(value: Any) -> bool:
    return value.strip() not in NOTHING if isinstance(value, str) else bool(value)
