"""Files that are read as plain text by their name and are something else."""

import re
from collections.abc import Iterator

from runner.rules import FILES, View, rule, say, sources
from runner.rules.rows import name_of
from runner.screen import in_bytes
from schemas.findings import Finding, RulePage
from steps.text.forms import first_other

HEAD = 65536
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


@rule(
    RulePage(
        "D174",
        "a text without a blank line",
        "With document: blank_line a text is parted where a line is empty. A file without one is one document, however long: it is held "
        "out for validation as a whole or not at all, and copies within it are not found.",
        wrong="sources: [{path: sentences.txt, document: blank_line}]   # a sentence a line",
        right="sources: [{path: sentences.txt, document: line}]",
        source="seen with a treebank's sentences, one a line",
        severity="info",
        needs="the first 64 kB of text files",
    )
)
def blank_lines_part_texts(view: View) -> Iterator[Finding]:
    """D174: once for each source, at the first large file whose beginning has no empty line."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            pattern = source.get("path")
            if source.get("document") != "blank_line" or not isinstance(pattern, str) or not pattern:
                continue
            texts = [
                f
                for f in view.facts.files(pattern)[:FILES]
                if f.suffix.lower() in (".txt", ".text", ".md") or source.get("format") == "txt"
            ]
            for file in texts:
                head = view.facts.head(file, HEAD)
                if len(head) == HEAD and b"\0" not in head and not re.search(rb"\n[ \t\r]*\n", head):
                    size = in_bytes(view.facts.size(file))
                    message = f"{name_of(view, file)} has no blank line in its first 64 kB: it may be one document of {size}"
                    yield say("D174", step, f"{where}.document", message, "write document: line, if each line is one", severity="info")
                    break
