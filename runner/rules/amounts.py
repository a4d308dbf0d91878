"""Amounts: text that cleaning leaves hardly anything of, data sets that no disk holds, and rows that were marked as bad."""

from collections.abc import Iterator

from runner.rules import View, at, param, rule, say, sources
from runner.rules.rows import name_of, read_heads
from runner.screen import in_bytes
from schemas.findings import Finding, RulePage
from steps.text.clean import cleaned, repeated_share

LIMITS = ("min_characters", "max_characters", "min_words", "max_words", "max_repeated_lines")
LEFT = 0.5  # of the first documents: where fewer stay, the limit was hardly meant so
FEWEST = 8  # documents, of fewer nothing is said
WHOLE = {  # bytes of data sets without a choice of configurations, by their pages on the hub
    "HuggingFaceFW/fineweb": 44e12, "tiiuae/falcon-refinedweb": 2.8e12, "togethercomputer/RedPajama-Data-1T": 5e12,
    "cerebras/SlimPajama-627B": 0.9e12, "EleutherAI/pile": 0.8e12, "monology/pile-uncopyrighted": 0.8e12,
}  # fmt: skip


@rule(
    RulePage(
        "D160",
        "a limit that leaves little",
        "clean drops a document that is too short, too long or full of repetitions, whole. Characters taken for tokens, or the length of a "
        "line for that of an article, leave out most of the text, and the training goes on with the rest. Long documents are better cut: "
        "split_long loses none of them.",
        wrong="clean: {max_characters: 300}   # of articles of three pages",
        right="- type: split_long\n  max_tokens: 512",
        source="hiyouga/LlamaFactory#3995",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    )
)
def cleaning_leaves_the_text(view: View) -> Iterator[Finding]:
    """D160: the limits of clean, tried on the first documents of each file as the run tries them."""
    for step in view.of_type("parse_corpus"):
        limits = [name for name in LIMITS if at(step.raw, f"clean.{name}") is not None]
        clean = param(step, "clean")
        if not limits or clean is None:
            continue
        lost, seen = dict.fromkeys(limits, 0), 0
        for maker, _, source, _, head, _ in read_heads(view):
            if maker is not step:
                continue
            for document in head.documents(source.get("columns")):
                seen += 1
                text = cleaned(document.text, nfc=clean.nfc, whitespace=clean.whitespace)
                for name in limits:
                    lost[name] += _drops(name, at(step.raw, f"clean.{name}"), text)
        name = max(limits, key=lambda each: lost[each])
        if seen >= FEWEST and lost[name] > (1 - LEFT) * seen:
            message = f"{name} drops {lost[name]} of the first {seen} documents"
            fix = "write a larger one; a split_long step cuts long documents and loses none" if name.startswith("max") else ""
            every = lost[name] == seen
            yield say("D160", step, f"clean.{name}", message, fix or "write a smaller one", severity="error" if every else "warning")


def _drops(name: str, limit: object, text: str) -> bool:
    if not isinstance(limit, (int, float)) or isinstance(limit, bool) or not text.strip():
        return False
    if name == "max_repeated_lines":
        return repeated_share(text) > limit
    size = len(text) if name.endswith("characters") else len(text.split())
    return size < limit if name.startswith("min") else size > limit


@rule(
    RulePage(
        "D161",
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
    """D161: a data set of WHOLE without take and without a configuration; mixing by weight ends with the first that is spent."""
    for step in view.of_type("parse_corpus"):
        listed = [(where, source) for where, source, _ in sources(step)]
        if any(source.get("weight") is not None for _, source in listed):
            continue
        for where, source in listed:
            size = WHOLE.get(str(source.get("hub")))
            if size is not None and source.get("take") is None and source.get("config") is None:
                message = f"{source['hub']} is {in_bytes(int(size))}, and all of it is read and written"
                fix = "write take: 1000000 beside it, or config: of a sample"
                yield say("D161", step, f"{where}.hub", message, fix, severity="warning")


@rule(
    RulePage(
        "D162",
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
    """D162: a column label that is true in some rows and false in others, beside answers that are learned."""
    learned: set[str] = {parser.id for step in view.of_type("train") if at(step.raw, "objective") == "sft" for parser in view.parsers(step)}
    for step, where, source, file, head, _ in read_heads(view):
        if step.id not in learned or not head.rows:
            continue
        marks = [row.get("label") for _, row in head.rows]
        if all(isinstance(mark, bool) for mark in marks) and False in marks and _answers(source, head.rows[0][1]):
            bad = marks.count(False)
            message = f"{name_of(view, file)}: {bad} of the first {len(marks)} rows have label: false, and their answers are learned too"
            yield say("D162", step, f"{where}.path", message, "keep the rows of label: true", severity="warning")


def _answers(source: dict[str, object], row: dict[str, object]) -> bool:
    """Whether the rows are questions with answers, by their columns."""
    return bool(source.get("columns")) or bool({"completion", "response", "output", "messages", "answer"} & row.keys())
