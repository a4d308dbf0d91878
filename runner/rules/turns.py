"""Turns: what stands beside the text of a turn and nothing reads, and questions without a word."""

from collections.abc import Iterator, Mapping
from typing import Any

from runner.rules import View, at, rule, say
from runner.rules.rows import name_of, read_heads
from schemas.findings import Finding, RulePage

FLAGS = ("train", "train_on_turn", "training", "weight", "loss", "loss_weight", "learn")  # of axolotl, OpenAI, ms-swift and others
LISTS = ("messages", "conversations", "conversation", "turns")
ANSWERING = ("assistant", "gpt", "bot", "model", "chatgpt")
SHARE = 0.1  # of a file's first rows without a question


@rule(
    RulePage(
        "D195",
        "answers that are marked not to be learned, and are",
        "In the files of some trainers a turn says whether it counts: train: false of axolotl, weight: 0 of OpenAI, loss: false of others. "
        "Nothing here reads such a mark: with objective: sft every answer is one to be learned, the bad ones that were to be shown only "
        "as what came before too.",
        wrong='{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "train": false}, …]}',
        right='{"messages": [{"role": "user", "content": "a, and then b; …"}, {"role": "assistant", "content": "…"}]}',
        source="docs.axolotl.ai: chat_template, message_field_training; platform.openai.com/docs: fine-tuning, weight of a message",
        severity="warning",
        needs="the first rows of JSONL files",
    ),
    RulePage(
        "D196",
        "questions without a word",
        "A conversation whose user says nothing teaches the model to talk unasked: what was asked got lost on the way, as when a column "
        "was read under another name.",
        wrong='{"messages": [{"role": "user", "content": ""}, {"role": "assistant", "content": "It is 4."}]}',
        right='{"messages": [{"role": "user", "content": "Double 2."}, {"role": "assistant", "content": "It is 4."}]}',
        source="allenai/open-instruct#161",
        severity="warning",
        needs="the first rows of JSONL, CSV and parquet files",
    ),
)
def turns_are_what_is_learned(view: View) -> Iterator[Finding]:
    """D195: a flag of an answer that is false or 0. D196: a tenth of the first conversations with an empty turn of the user."""
    learned = {parser.id for step in view.of_type("train") if at(step.raw, "objective") == "sft" for parser in view.parsers(step)}
    for step, where, source, file, head, _ in read_heads(view):
        if step.id not in learned or not head.rows:
            continue
        marked = [flag for _, row in head.rows if (flag := _left_out(row))]
        if marked:
            count = f"{len(marked)} of the first {len(head.rows)} rows"
            message = f"{name_of(view, file)}: {count} mark answers with {marked[0]}, and they are learned"
            fix = "take those conversations out, or give what comes before the answers that count as one question"
            yield say("D195", step, f"{where}.path", message, fix, severity="warning")
        documents = [document for document in head.documents(source.get("columns")) if document.messages]
        empty = sum(
            any(turn["role"] == "user" and not turn["content"].strip() for turn in document.messages or ()) for document in documents
        )
        if documents and empty >= SHARE * len(documents):
            message = f"{name_of(view, file)}: in {empty} of the first {len(documents)} conversations the user says nothing"
            yield say("D196", step, f"{where}.path", message, "look at the script that wrote the rows", severity="warning")


def _left_out(row: Mapping[str, Any]) -> str:
    """The mark of the first answer that is not to be learned, as it is written; empty where there is none."""
    for name in LISTS:
        turns = row.get(name)
        for turn in turns if isinstance(turns, list) else ():
            if isinstance(turn, dict) and str(turn.get("role", turn.get("from", ""))).lower() in ANSWERING:
                for flag in FLAGS:
                    if flag in turn and turn[flag] in (False, 0, "false", "False", "0"):
                        return f"{flag}: {str(turn[flag]).lower()}"
    return ""
