"""Amounts: rows that were marked as bad."""

from collections.abc import Iterator

from runner.rules import View, at, rule, say
from runner.rules.rows import name_of, read_heads
from schemas.findings import Finding, RulePage


@rule(
    RulePage(
        "D166",
        "answers that were marked as bad are learned",
        "Rows of prompt, completion and label: false, or of a rating, come from a training by preferences: it learns away from some of "
        "them. With objective: sft every answer is one to be learned.",
        wrong='{"prompt": "Double 2.", "completion": "It is 5.", "label": false}',
        right='{"prompt": "Double 2.", "completion": "It is 4."}   # rows of label: true alone',
        source="hiyouga/LlamaFactory#9600; huggingface.co/docs/trl: KTO, unpaired preferences",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    )
)
def bad_answers_are_not_learned(view: View) -> Iterator[Finding]:
    """D166: a column label that is true in some rows and false in others, beside answers that are learned."""
    learned: set[str] = {parser.id for step in view.of_type("train") if at(step.raw, "objective") == "sft" for parser in view.parsers(step)}
    for step, where, source, file, head, _ in read_heads(view):
        if step.id not in learned or not head.rows:
            continue
        marks = [row.get("label") for _, row in head.rows]
        if all(isinstance(mark, bool) for mark in marks) and False in marks and _answers(source, head.rows[0][1]):
            bad = marks.count(False)
            message = f"{name_of(view, file)}: {bad} of the first {len(marks)} rows have label: false, and their answers are learned too"
            yield say("D166", step, f"{where}.path", message, "keep the rows of label: true", severity="warning")


def _answers(source: dict[str, object], row: dict[str, object]) -> bool:
    """Whether the rows are questions with answers, by their columns."""
    return bool(source.get("columns")) or bool({"completion", "response", "output", "messages", "answer"} & row.keys())
