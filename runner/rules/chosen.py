"""Chosen: columns, languages and files that are there, and hardly the ones that were meant. Copies are no harm: they stay together."""

import re
from collections import Counter
from collections.abc import Iterator
from statistics import mean

from runner.rules import FEWEST, View, at, path, rule, say, sources
from runner.rules.rows import name_of, read_heads
from schemas.findings import Edit, Finding, RulePage
from steps.text.language import WORDS, code_of, guessed_language

TEXTS = (
    "text",
    "content",
    "body",
    "article",
    "document",
    "story",
    "passage",
    "maintext",
    "raw_content",
)  # columns that are called what they are
LONGER = 10  # times, that a column of the text is longer than one that was named in its place
ADDRESS = re.compile(
    r"(?:https?|s3|gs|file)://\S+|(?:[A-Za-z]:)?(?:[\w.~-]*[/\\])+[\w.~-]+\.\w{2,5}|[\w-]+\.(?:txt|jsonl?|csv|parquet|md|html?|pdf|png|jpe?g|wav|mp3)"
)


@rule(
    RulePage(
        "D162",
        "texts that are no texts",
        "A table that lists its documents holds their file names or addresses. Nothing is fetched by them: the model learns the names.",
        wrong='{"text": "data/texts/00017.txt"}',
        right="sources: [{path: data/texts/*.txt}]",
        source="huggingface/datasets#8241; hiyouga/LlamaFactory#5340",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D163",
        "another column holds the text",
        "columns: names one column for the text, and the rows have one that is called text and is much longer: most often the title was "
        "named, or a summary. Where just that is wanted, a comment says so.",
        wrong="columns: {text: title}   # of rows with title and text",
        right='columns: {text: "{title}\\n{text}"}',
        source="axolotl-ai-cloud/axolotl#618",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D164",
        "texts in another language than is said",
        "lang: is written into every document of a source: figures by language and the unknown rate of a tokenizer go by "
        "it. The commonest words of the first texts say another.",
        wrong="{path: english.jsonl, lang: tr}",
        right="{path: english.jsonl, lang: en}",
        source="arXiv 2103.12028 (quality at a glance: wrong language labels in web corpora)",
        severity="warning",
        needs="the first rows of JSONL and CSV files",
    ),
)
def rows_hold_what_was_meant(view: View) -> Iterator[Finding]:
    """D162, D163, D164: nine of ten first documents of a file are addresses, far shorter than a column beside, or of another language."""
    for step, where, source, file, head, _ in read_heads(view):
        documents = head.documents(source.get("columns"))
        if len(documents) < FEWEST:
            continue
        name, many = name_of(view, file), 0.9 * len(documents)
        texts = [document.text for document in documents]
        if not documents[0].messages and sum(bool(ADDRESS.fullmatch(text.strip())) for text in texts) >= many:
            message = f"{name}: {len(texts)} texts are names of files or addresses, such as {texts[0].strip()[:60]!r}: these are learned"
            fix = "name the files themselves: path: for those of this machine, url: for others"
            yield say("D162", step, f"{where}.path", message, fix, severity="warning")
            continue
        named = at(source, "columns.text")
        if isinstance(named, str) and "{" not in named and named not in TEXTS:
            sizes = {column: mean(len(str(row.get(column) or "")) for _, row in head.rows) for column in head.rows[0][1] if column in TEXTS}
            other = max(sizes, key=lambda column: sizes[column], default="")
            mine = mean(map(len, texts))
            if other and sizes[other] > LONGER * mine:
                message = f"{named} has {mine:,.0f} characters a row, and {name} has a column {other} of {sizes[other]:,.0f}"
                fix = f'write text: {other}, or both: text: "{{{named}}}\\n{{{other}}}"'
                yield say("D163", step, f"{where}.columns.text", message, fix, severity="warning")
        said = source.get("lang")
        found = Counter(filter(None, map(guessed_language, texts)))
        if isinstance(said, str) and said in WORDS and found and found.most_common(1)[0][0] != said and found.most_common(1)[0][1] >= many:
            language, count = found.most_common(1)[0]
            message = f"lang is {said}, and {count} of the first {len(texts)} texts of {name} are in {language}"
            yield say("D164", step, f"{where}.lang", message, f"write lang: {language}, or delete it", severity="warning")


@rule(
    RulePage(
        "D167",
        "a language by its name",
        "lang: is the code of a language, ISO 639-1 where there is one. What a source says is written into its documents as it is: under "
        "another spelling the same language is counted twice, and the report's page for Turkish does not find it.",
        wrong="{path: stories.jsonl, lang: turkish}",
        right="{path: stories.jsonl, lang: tr}",
        source="ISO 639-1; RFC 5646",
        severity="warning",
    )
)
def languages_are_codes(view: View) -> Iterator[Finding]:
    """D167: names, capitals and three letters where a code of two is known."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            said = source.get("lang")
            code = code_of(said) if isinstance(said, str) else None
            if code:
                edits = (Edit("set", path(step, f"{where}.lang"), code),)
                message = f"lang is {said}, a name: the code of that language is {code}"
                yield say("D167", step, f"{where}.lang", message, f"write lang: {code}", severity="warning", edits=edits)
