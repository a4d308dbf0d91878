"""Unread: columns that hold what is asked or answered, which nothing reads, and rows that are a turn each."""

from collections.abc import Iterator
from typing import Any

from runner.rules import View, path, rule, say
from runner.rules.rows import name_of, read_heads
from schemas.findings import Edit, Finding, RulePage
from steps.text.rows import NoSuchColumn, fields_of
from steps.text.turns import NOTHING, turns_alone

FEWEST = 2  # rows: of fewer nothing is said
MOST = 0.5  # share of the rows in which a column is filled
ASKED = ("input", "context", "passage")  # columns that a question is about, when the roles of others are named


@rule(
    RulePage(
        "D181",
        "a column of the question that nothing reads",
        "Without columns: the shape of the rows is seen, and what further input a question has goes with it. Where columns: names question "
        "and answer, only what it names is read: the model then learns to answer about a text that it was never shown.",
        wrong='columns: {instruction: instruction, output: output}   # {"instruction": …, "input": …, "output": …}',
        right="columns: {instruction: instruction, input: input, output: output}",
        source="unslothai/unsloth#1957; hiyouga/LlamaFactory#5294",
        severity="warning",
        needs="the first rows of JSONL, CSV and parquet files",
    )
)
def questions_are_read_whole(view: View) -> Iterator[Finding]:
    """D181: input, context or passage filled in half of the rows, beside columns that name question and answer."""
    for step, where, source, file, head, _ in read_heads(view):
        columns = source.get("columns")
        if not isinstance(columns, dict) or len(head.rows) < FEWEST:
            continue
        try:
            roles = head.roles(columns)
        except NoSuchColumn:
            continue  # said by the rule about columns
        if not {"instruction", "output"} <= roles.keys() or "input" in roles:
            continue
        read = {name.split(".")[0] for template in roles.values() for name in fields_of(template)}
        for name in ASKED:
            filled = sum(_text(row.get(name)) not in NOTHING for _, row in head.rows)
            if name in read or filled < MOST * len(head.rows):
                continue
            message = (
                f"{name_of(view, file)}: {name} is filled in {filled} of the first {len(head.rows)} rows, and columns does not name it"
            )
            edits = (Edit("set", (*path(step, f"{where}.columns"), "input"), name),)
            fix = f"add input: {name}, which goes behind the question"
            yield say("D181", step, f"{where}.columns", message, fix, severity="warning", edits=edits)
            break


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
    """D182: rows of a speaker and what he says, with two speakers at least."""
    for step, where, source, file, head, stands_by in read_heads(view):
        found = turns_alone([row for _, row in head.rows])
        if found is None or len(head.rows) < FEWEST or source.get("columns"):
            continue
        who, what = found
        message = f"{name_of(view, file)}: each row is one turn ({who} and {what}), and nothing says which turns are one conversation"
        fix = f'write a conversation a row: {{"conversations": [{{"{who}": "…", "{what}": "…"}}, …]}}'
        yield say("D182", step, f"{where}.path", message, fix, severity="warning" if stands_by else "error")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)
