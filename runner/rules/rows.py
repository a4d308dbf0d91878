"""Rows: the first rows of JSONL and CSV files become documents here as they do in the run, so what is wrong with them is known before."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.rules import View, param, rule, say, sources
from runner.rules.relined import PYTHON, UNCLOSED, by_columns, remedy
from schemas.findings import Finding, RulePage, Severity
from steps.text import rows
from steps.text.further import further
from steps.text.heads import Head, kind_of
from steps.text.turns import SPEAKERS


def read_heads(view: View) -> Iterator[tuple[StepMeant, str, dict[str, Any], Path, Head, bool]]:
    """Each table of each source: step, dotted path of the source, the source, the file, its head, whether a fallback stands by."""
    for step in view.of_type("parse_corpus"):
        for where, source, stands_by in sources(step):
            for file in view.tables(source):
                if view.facts.size(file):
                    yield step, where, source, file, view.head(file, source.get("format")), stands_by


@rule(
    RulePage(
        "D141",
        "rows that cannot become documents",
        "A row without an answer, with a speaker that nobody knows, or with other columns than the first is left out with a warning. When "
        "all of them are, there is nothing to learn from; when some are, the data is not what was thought.",
        wrong='{"messages": [{"role": "user", "content": "a"}]}   # nobody answers',
        right='{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}',
        source="hiyouga/LlamaFactory#40; hiyouga/LlamaFactory#9600; hiyouga/LlamaFactory#7577",
        needs="the first rows of JSONL and CSV files",
    ),
    RulePage(
        "D142",
        "lines that are no rows",
        "A .jsonl file holds one JSON map a line. A file that begins with [ is a JSON list; a line that ends early was cut in the middle.",
        wrong='[{"text": "a"},\n {"text": "b"}]',
        right='{"text": "a"}\n{"text": "b"}',
        source="huggingface/datasets#3449; hiyouga/LlamaFactory#40",
        needs="the first rows of JSONL and CSV files",
    ),
)
def rows_are_documents(view: View) -> Iterator[Finding]:
    """D141, D142: errors when no row of the beginning is of use and no other file of the source is better; warnings when some are not."""
    for (step_id, _), found in groupby(_told(view), key=lambda told: (told[0].id, told[1])):
        told = list(found)
        step, source = view.meant.step(step_id), told[0][2]
        files = len(view.facts.files(str(source.get("path") or "")))
        lost = sum(finding.severity == "error" for *_, finding in told)
        others = 0 < lost < files and not param(step, "strict")
        yield from (replace(f, severity="warning") if others and f.severity == "error" else f for *_, f in told)


def _told(view: View) -> Iterator[tuple[StepMeant, str, dict[str, Any], Finding]]:
    """What is said of each table by itself."""
    for step, where, source, file, head, stands_by in read_heads(view):
        found = _of_table(view, step, where, source, file, head, stands_by)
        yield from ((step, where, source, finding) for finding in found)


def _of_table(
    view: View, step: StepMeant, where: str, source: dict[str, Any], file: Path, head: Head, stands_by: bool
) -> Iterator[Finding]:
    name, unit = name_of(view, file), "row" if file.suffix == ".parquet" else "line"
    read = source.get("take") if isinstance(source.get("take"), int) else None  # rows behind these are never reached
    if head.broken and (read is None or head.broken[0][0] <= read + 1 or not head.rows):
        line, reason = head.broken[0]
        all_of_them = not head.rows
        fix = _in_utf8(view, file, name) if "no UTF-8" in reason else remedy(view, file, name, line, reason)
        if all_of_them:
            message = f"{name}, {unit} {line}: {reason}; no line is a row"
        else:
            message = f"{name}, {unit} {line}: {reason} ({len(head.broken)} of the first {len(head.broken) + len(head.rows)} {unit}s)"
        strict = param(step, "on_bad_row") == "error"
        yield say("D142", step, f"{where}.path", message, fix, severity=_severity(all_of_them or strict, stands_by))
    elif head.rows and not head.whole and (read is None or read > len(head.rows)):
        yield from _further(view, step, where, source, file, name, stands_by)
    if head.twice:
        line, column = head.twice[0]
        message = f"{name}, line {line}: the row has {column} twice, and its first value is lost"
        yield say("D142", step, f"{where}.path", message, "give each column of a row once", severity="warning")
    if head.unclosed is not None:
        line, reason = head.unclosed
        yield say("D142", step, f"{where}.path", f"{name}, line {line}: {reason}", UNCLOSED, severity="warning")
    if head.rows:
        bad = list(_documents(step, where, source, name, head, stands_by, unit))
        yield from bad or _at_the_end(view, step, where, source, file, head)


def _at_the_end(view: View, step: StepMeant, where: str, source: dict[str, Any], file: Path, head: Head) -> Iterator[Finding]:
    """D141 of the last rows of a file whose first ones are good, and of those between."""
    if head.whole or kind_of(file, source.get("format")) != "jsonl" or isinstance(source.get("take"), int):
        return
    from steps.text.heads import MOST_ROWS
    from steps.text.lastrows import last_rows
    from steps.text.spread import spread_rows

    first, found = last_rows(view.facts, file, MOST_ROWS)
    try:
        roles = head.roles(source.get("columns"))
    except rows.NoSuchColumn:
        return  # said by the rule about columns
    bad = list(_unused(enumerate(found), roles))
    if bad and len(bad) * 20 >= len(found):
        number, reason = bad[0]
        place = f"line {first + number}" if first else f"the last row but {len(found) - 1 - number}"
        message = f"{name_of(view, file)}: the first rows can be used, {len(bad)} of the last {len(found)} cannot"
        yield say("D141", step, f"{where}.path", f"{message}: {place}: {reason}", _remedy(reason), severity="warning")
        return
    between = spread_rows(view.facts, file, len(head.rows) + len(head.broken))
    bad = list(_unused(between, roles))
    if bad and len(bad) * 20 >= len(between):
        line, reason = bad[0]
        message = f"{name_of(view, file)}: the first rows can be used, {len(bad)} of {len(between)} from the rest cannot"
        yield say("D141", step, f"{where}.path", f"{message}: line {line}: {reason}", _remedy(reason), severity="warning")


def _unused(numbered: Iterable[tuple[int, dict[str, Any]]], roles: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The rows that become no document, each with its number and the reason."""
    for number, row in numbered:
        try:
            rows.document(row, roles)
        except (rows.BadRow, KeyError, TypeError, ValueError, AttributeError) as error:
            yield number, str(error) if isinstance(error, rows.BadRow) else f"{type(error).__name__}: {error}"


def _further(view: View, step: StepMeant, where: str, source: dict[str, Any], file: Path, name: str, stands_by: bool) -> Iterator[Finding]:
    """D142 behind the beginning of a table that begins well."""
    found = further(view.facts, file, kind_of(file, source.get("format")))
    if found is None or not found.wrong:
        return
    at, reason = found.broken[0]
    place, seen = (f"line {at}", f"{found.seen} lines") if found.whole else (f"byte {at:,}", f"{found.seen} lines looked at")
    message = f"{name}, {place}: {reason} ({found.wrong} of {seen})"
    fix = _in_utf8(view, file, name) if "no UTF-8" in reason else PYTHON if "a Python dict" in reason else "mend or delete the line"
    strict = param(step, "on_bad_row") == "error"
    yield say("D142", step, f"{where}.path", message, fix, severity=_severity(strict, stands_by))


def _in_utf8(view: View, file: Path, name: str) -> str:
    """What to do about lines that are no UTF-8, which no other encoding fits: of a file of text, or of one that is packed or none."""
    from steps.text.encodings import decode
    from steps.text.unreadable import Unreadable

    if file.suffix == ".parquet":
        return "write the file again with this column as UTF-8, which parquet's own texts are"
    try:
        decode(view.facts.head(file))
        return "write the line again in UTF-8, or delete it"
    except Unreadable:
        packed = view.facts.head(file)[:2] == b"\x1f\x8b"
        return f"it is packed: call it {name}.gz" if packed else "it is no text: name another file"


def _documents(step: StepMeant, where: str, source: dict[str, Any], name: str, head: Head, stands_by: bool, unit: str) -> Iterator[Finding]:
    try:
        roles = head.roles(source.get("columns"))
    except rows.NoSuchColumn:
        return  # said by the rule about columns
    if (not rows.is_chat(roles) and "text" not in roles) or ("instruction" in roles) != ("output" in roles):
        absent = "output" if "instruction" in roles else "instruction" if "output" in roles else ""
        message = f"columns names no {absent}" if absent else "columns names neither text, nor messages, nor instruction and output"
        yield say("D141", step, f"{where}.columns", message, f"add {absent or 'text'}: and the name of its column")
        return
    bad: list[tuple[int, str]] = []
    for line, made in head.made(source.get("columns")):
        if isinstance(made, Exception):
            bad.append((line, str(made) if isinstance(made, rows.BadRow) else f"{type(made).__name__}: {made}"))
        elif not made.text.strip():
            bad.append((line, "it is empty"))
    if not bad:
        return
    line, reason = bad[0]
    if by_columns(head.rows):
        message = f"{name} is one map of columns, each with its cells by the numbers of rows"
        fix = 'write rows: frame.to_json("rows.jsonl", orient="records", lines=True)'
        yield say("D141", step, f"{where}.path", message, fix, severity=_severity(True, stands_by))
        return
    every = len(bad) == len(head.rows)
    few = len(bad) * 20 < len(head.rows)
    if every:
        message = f"{name}: no row can be used: {unit} {line}: {reason}"
    else:
        message = f"{name}: {len(bad)} of the first {len(head.rows)} rows cannot be used: {unit} {line}: {reason}"
    yield say("D141", step, f"{where}.path", message, _remedy(reason), severity="info" if few else _severity(every, stands_by))


@rule(
    RulePage(
        "D170",
        "lists where one text is wanted",
        "A list of texts is read as its parts, a line each. So the lines of a text may be given; several answers of which any one is right "
        "are learned as one answer that says them all.",
        wrong='{"instruction": "Who wrote Emma?", "output": ["Jane Austen", "Austen"]}',
        right="columns: {instruction: instruction, output: output.0}   # the first of each list",
        source="huggingface/autotrain-advanced#688",
        severity="info",
        needs="the first rows of JSONL and parquet files",
    )
)
def questions_and_answers_are_texts(view: View) -> Iterator[Finding]:
    """D170: half of the rows of a table have a list of texts as question or answer."""
    for step, where, source, file, head, _ in read_heads(view):
        try:
            roles = head.roles(source.get("columns"))
        except rows.NoSuchColumn:
            continue  # said by the rule about columns
        for role in ("instruction", "output"):
            name = roles.get(role, "")
            held = [row[name] for _, row in head.rows if isinstance(row.get(name), list)]
            lists = [value for value in held if value and all(isinstance(part, str) for part in value)]
            if not lists or 2 * len(lists) < len(head.rows):
                continue
            several = sum(len(value) > 1 for value in lists)
            mixed = any(isinstance(row.get(name), str) and row[name].strip() for _, row in head.rows)  # and texts in others
            does = "its parts are learned as one text, a line each" if several else "each has one text, which is read as it stands"
            message = f"{name_of(view, file)}: {name} holds lists in {len(lists)} of the first {len(head.rows)} rows; {does}"
            first = {each: f"{column}.0" if each == role else column for each, column in roles.items()}
            listed = ", ".join(f"{each}: {column}" for each, column in first.items())
            fix = f"to learn the first text alone: columns: {{{listed}}}" if several else "write the text itself, without [ and ]"
            if mixed and several:
                message, fix = message.replace("; its", " and a text in others; its"), f"{fix}; or write a text in every row"
            yield say("D170", step, f"{where}.path", message, fix, severity="warning" if mixed and several else "info")


def _remedy(reason: str) -> str:
    if "neither role nor from" in reason:
        return 'name the keys of a turn role and content: {"role": "user", "content": "…"}'
    if "a list in a list" in reason:
        return "take the outer brackets away, or name the first of them: columns: {messages: messages.0}"
    if "speaker" in reason:
        return f"name the speakers as one of {', '.join(sorted(SPEAKERS))}"
    if "no list of turns" in reason:
        return 'write turns as a list: [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]'
    if "has no text" in reason:
        return 'write the content of each turn as one text: {"role": "user", "content": "…"}'
    if "no answer" in reason:
        return "a conversation to learn from ends with what the assistant says"
    return "mend the rows, name the columns with columns:, or give rows of each shape a source of their own"


def _severity(every: bool, stands_by: bool) -> Severity:
    return "error" if every and not stands_by else "warning"


def name_of(view: View, file: Path) -> str:
    """The file as the recipe would name it."""
    return str(file.relative_to(view.facts.project)) if file.is_relative_to(view.facts.project) else str(file)
