"""Files that are read as plain text by their name and are something else."""

from collections.abc import Iterator

from runner.rules import View, rule, say, sources
from runner.rules.rows import name_of
from schemas.findings import Finding, RulePage
from steps.text.forms import first_other

CALLED = {"json": "a JSON list", "jsonl": "one JSON map a line", "csv": "a table", "html": "a web page"}


@rule(
    RulePage(
        "D159",
        "rows in a file that is called a text",
        "A .txt or .md file is one text, or one a line or paragraph. Rows of JSON or of a table in it are learned with their brackets, "
        "quotes and names of columns, and no question is told from its answer. Where just that is wanted, format: txt says so.",
        wrong='sources: [{path: data/rows.txt}]   # [{"instruction": …, "output": …}, …]',
        right="sources: [{path: data/rows.txt, format: json}]",
        source="hiyouga/LlamaFactory#3018",
        severity="warning",
        needs="the first 64 kB of text files",
    )
)
def texts_are_texts(view: View) -> Iterator[Finding]:
    """D159: once for each source, at the first such file."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            pattern = source.get("path")
            files = view.facts.files(pattern) if isinstance(pattern, str) and pattern else []
            found = first_other(view.facts, files, source.get("format"))
            if found is not None:
                file, real = found
                message = f"{name_of(view, file)} is {CALLED[real]} and would be learned as plain text"
                fix = f"write format: {real} beside path, or format: txt to learn it as it stands"
                yield say("D159", step, f"{where}.path", message, fix, severity="warning")
