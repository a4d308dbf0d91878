"""Amounts: data sets that no disk holds, and rows that were marked as bad."""

from collections.abc import Iterator

from runner.rules import View, at, rule, say, sources
from runner.rules.rows import name_of, read_heads
from runner.screen import in_bytes
from schemas.findings import Finding, RulePage

WHOLE = {  # bytes of data sets without a choice of configurations, by their pages on the hub
    "HuggingFaceFW/fineweb": 44e12, "tiiuae/falcon-refinedweb": 2.8e12, "togethercomputer/RedPajama-Data-1T": 5e12,
    "cerebras/SlimPajama-627B": 0.9e12, "EleutherAI/pile": 0.8e12, "monology/pile-uncopyrighted": 0.8e12,
}  # fmt: skip


@rule(
    RulePage(
        "D165",
        "a data set of terabytes",
        "A source without take is read to its end, and the corpus is written to the disk. Of the largest data sets that takes weeks and "
        "more room than there is. take: N reads the first N documents and stops; their pages name samples as configurations.",
        wrong="sources: [{hub: HuggingFaceFW/fineweb}]",
        right="sources: [{hub: HuggingFaceFW/fineweb, config: sample-10BT, take: 1000000}]",
        source="mlfoundations/open_lm#154; huggingface.co/datasets/HuggingFaceFW/fineweb",
        severity="warning",
    )
)
def data_sets_have_an_end(view: View) -> Iterator[Finding]:
    """D165: a data set of WHOLE without take and without a configuration; mixing by weight ends with the first that is spent."""
    for step in view.of_type("parse_corpus"):
        listed = [(where, source) for where, source, _ in sources(step)]
        if any(source.get("weight") is not None for _, source in listed):
            continue
        for where, source in listed:
            size = WHOLE.get(str(source.get("hub")))
            if size is not None and source.get("take") is None and source.get("config") is None:
                message = f"{source['hub']} is {in_bytes(int(size))}, and all of it is read and written"
                fix = "write take: 1000000 beside it, or config: of a sample"
                yield say("D165", step, f"{where}.hub", message, fix, severity="warning")


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
