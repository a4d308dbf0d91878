"""Data: sources that are not there, and columns that rows do not have."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from runner.columns import as_written, columns_meant
from runner.meant import StepMeant
from runner.rules import View, at, number, param, path, rule, say, sources
from runner.rules.paths import hub_id
from schemas.artifacts import CorpusForecast
from schemas.findings import Edit, Finding, RulePage
from schemas.globs import alternatives
from steps.text.heads import kind_of
from steps.text.hubpage import told
from steps.text.rows import NoSuchColumn, found_in, is_chat, meant
from steps.text.turns import turns_alone

TOKENS = ("input_ids", "token_ids")  # columns of a data set that was tokenized elsewhere
OF_THEIR_OWN = "give each kind a parse_corpus step of its own"
TEXT_FILES = (".txt", ".md", ".html", ".htm", ".pdf", ".docx")
KINDS = {True: "conversations", False: "texts"}
SCHEMES = ("http", "https", "s3", "gs", "gcs", "hf", "ftp", "az", "abfs", "file")  # before :// in an address
LONGEST_NAME = 40  # characters of a column's name


@rule()
def files_exist(view: View) -> Iterator[Finding]:
    """D102: a path or glob that matches no file. A warning where a fallback stands by, or where the folder is another machine's."""
    said = {finding.path for finding in view.meant.findings}  # of a variable in it
    for step in view.of_type("parse_corpus"):
        for where, source, stands_by in sources(step):
            pattern, address = source.get("path"), source.get("url")
            if isinstance(address, str) and address and "://" not in address and "$" not in address:
                there = bool(view.facts.files(address))
                edits = (Edit("rename", path(step, f"{where}.url"), None, "path"),) if there else ()
                if "huggingface.co/datasets/" in address and (name := hub_id(address)):
                    edits = (Edit("rename", path(step, f"{where}.url"), name, "hub"),)
                    yield say("D102", step, f"{where}.url", f"{address} is no address of a file", f"write hub: {name}", edits=edits)
                    continue
                half = re.match(r"([A-Za-z][\w+.-]*):?/{1,2}(?=[\w.-])", address) if not there else None
                whole = f"{half[1]}://{address[half.end() :]}" if half and half[1] in SCHEMES else ""
                fix = f"write path: {address}" if there else f"write the whole address, https://{address}, or path: for a file"
                fix, edits = (f"write url: {whole}", (Edit("set", path(step, f"{where}.url"), whole),)) if whole else (fix, edits)
                yield say("D102", step, f"{where}.url", f"{address} is no address: it has no https://", fix, edits=edits)
            if not isinstance(pattern, str) or not pattern or path(step, f"{where}.path") in said:
                continue
            if view.facts.files(pattern):
                yield from _alternatives_exist(view, step, where, pattern)
                continue
            elsewhere = pattern.startswith(("/", "~")) and view.meant.target.name != "here"
            from runner.absent import EXAMPLE, of_source

            elsewhere = elsewhere and not EXAMPLE.search(pattern)
            message, fix, better = of_source(view, pattern)
            edits = (Edit("set", path(step, f"{where}.path"), better),) if better else ()
            yield say("D102", step, f"{where}.path", message, fix, severity="warning" if stands_by or elsewhere else "error", edits=edits)


def _alternatives_exist(view: View, step: StepMeant, where: str, pattern: str) -> Iterator[Finding]:
    """Of the files that braces name one by one, those that are not there, where others are."""
    named = [each for each in alternatives(pattern) if not any(mark in each for mark in "*?[")]
    lost = [each for each in named if not view.facts.files(each)]
    if lost and len(alternatives(pattern)) > 1:
        message = f"there is no {' and no '.join(lost)}, which {pattern} names"
        yield say("D102", step, f"{where}.path", message, "take it out of the braces, or look at its name", severity="warning")


@rule(
    RulePage(
        "D011",
        "conversations in a token bin",
        "A bin is learnt token by token, the questions too. To learn the answers alone, train on the corpus itself with objective: "
        "sft. Both can "
        "be meant.",
        wrong="- type: tokenize_bin   # of question and answer rows\n- type: train",
        right="- type: split_long\n  max_tokens: 512\n- type: train\n  objective: sft",
        source="karpathy/nanochat#20",
        severity="info",
    )
)
def conversations_are_answered(view: View) -> Iterator[Finding]:
    """D011: a corpus of conversations that becomes a bin."""
    for step in view.of_type("tokenize_bin"):
        corpora = view.reaches(step, "corpus")
        if isinstance(corpora, list) and any(isinstance(c, CorpusForecast) and c.shape == "chat" for c in corpora):
            message = "these rows are conversations: in a bin the questions are learnt like the answers"
            yield say("D011", step, "", message, "for answers only: objective: sft, on the corpus itself", severity="info")


@rule(
    RulePage(
        "D012",
        "an overlap that a bin leaves out",
        "Every token of a bin is learned, and what two pieces have in common would be learned twice. So tokenize_bin writes of a piece "
        "only what is new in it, and overlap_tokens changes nothing but the places of the cuts. A train step with objective: sft reads "
        "the pieces themselves: there the overlap is context, and learned once.",
        wrong="- type: split_long\n  max_tokens: 512\n  overlap_tokens: 64\n- type: tokenize_bin",
        right="- type: split_long\n  max_tokens: 512\n- type: tokenize_bin",
        source="Transformers documentation, Perplexity of fixed-length models",
        severity="info",
    )
)
def overlap_is_counted_once(view: View) -> Iterator[Finding]:
    """D012: pieces with an overlap that become a bin."""
    for step in view.of_type("tokenize_bin"):
        for maker in view.makers(step, "corpus"):
            overlap = number(maker, "overlap_tokens") if maker.type == "split_long" and not param(maker, "analyze_only") else None
            if overlap:
                message = f"{step.id} leaves these {int(overlap):,} tokens out: each character is in a bin once"
                fix = "delete overlap_tokens, or train on the pieces themselves: objective: sft"
                yield say("D012", maker, "overlap_tokens", message, fix, severity="info")


@rule()
def columns_exist(view: View) -> Iterator[Finding]:
    """D106: `columns` against the first rows of tables, or the page of a hub data set. D109: conversations and texts in one corpus."""
    for step in view.of_type("parse_corpus"):
        shapes: dict[bool, str] = {}
        for where, source, stands_by in sources(step):
            shape, apart = None, ("", "")
            odd: list[Finding] = []
            mixed: list[Finding] = []
            several = not source.get("columns") and len(view.facts.files(str(source.get("path", "")))) > 1
            for file in view.tables(source):
                head = view.head(file, source.get("format"))
                if not head.rows:
                    continue
                try:
                    kind = is_chat(head.roles(source.get("columns")))
                    if shape not in (None, kind):
                        message = f"{file.name} holds {KINDS[kind]}, the files before it hold {KINDS[not kind]}"
                        mixed = mixed or [say("D109", step, f"{where}.path", message, OF_THEIR_OWN)]
                    shape = kind
                except NoSuchColumn as error:
                    odd = odd or _no_column(view, step, where, source, file, error, stands_by or several)
                    apart = apart if apart[0] else (str(_below(view, file)), columns_meant(error.found))
                    if not several:
                        break
            columns, row = _of_hub(view, source)
            try:
                shape = is_chat(meant(source.get("columns"), columns, row)) if columns else shape
            except NoSuchColumn as error:
                odd = odd or _no_column(view, step, where, source, Path(source["hub"]), error, stands_by)
            if odd and odd[0].code == "D106" and shape is not None and apart[0]:
                message = f"{odd[0].message}; other files of the source hold {KINDS[shape]}"
                odd = [replace(odd[0], message=message, fix=f"give it a source of its own: {{path: {apart[0]}, {apart[1]}}}")]
            if shape and not mixed and (texts := _texts(view, source)):
                message = f"{texts[0].name} holds {KINDS[False]}, other files of the source hold {KINDS[True]}"
                mixed = [say("D109", step, f"{where}.path", message, OF_THEIR_OWN)]
            yield from mixed or odd
            if shape is None and len(texts := _texts(view, source)) == len(view.facts.files(str(source.get("path", "")))) and texts:
                shape = False
            if shape is not None:
                shapes.setdefault(shape, where)
        if len(shapes) == 2:
            first, second = sorted(shapes, key=lambda s: shapes[s])
            message = f"this source holds {KINDS[second]}, {shapes[first]} holds {KINDS[first]}"
            yield say("D109", step, shapes[second], message, OF_THEIR_OWN)


def _texts(view: View, source: dict[str, Any]) -> list[Path]:
    """The files of a source that are texts, pages or papers, and not empty."""
    files = view.facts.files(source["path"]) if isinstance(source.get("path"), str) and source.get("format") in (None, "auto") else []
    return [file for file in files if file.suffix.lower() in TEXT_FILES and view.facts.size(file)]


def _of_hub(view: View, source: dict[str, Any]) -> tuple[list[str], dict[str, Any] | None]:
    """The columns of a hub data set by its page, else by the first rows on this machine, with one of those; none where neither is there."""
    from runner.rules.hub import rows_of

    name, config, split, revision, columns = (source.get(key) for key in ("hub", "config", "split", "revision", "columns"))
    if not isinstance(name, str) or not name or view.tables(source):
        return [], None
    if isinstance(columns, dict) and not all(isinstance(column, str) for column in columns.values()):
        return [], None  # which validation has told
    commit, part = (each if isinstance(each, str) else None for each in (revision, config))
    page = told(view.facts, name, commit, part, split if isinstance(split, str) else "train")
    if page is not None and page.columns:
        return page.columns, None
    for file in rows_of(view, source):
        if kind_of(file, "auto") and (head := view.head(file)).rows:
            return found_in(row for _, row in head.rows)
    return [], None


def _below(view: View, file: Path) -> Path:
    return file.relative_to(view.facts.project) if file.is_relative_to(view.facts.project) else file


def _no_column(
    view: View, step: StepMeant, where: str, source: dict[str, Any], file: Path, error: NoSuchColumn, stands_by: bool
) -> list[Finding]:
    from runner.nearest import nearest
    from runner.rules.relined import in_braces, numbered, the_other_way_round

    name = _below(view, file)
    listed = ", ".join(error.found[:10])
    severity = "warning" if stands_by else "error"
    told: list[Finding] = []
    edits: tuple[Edit, ...] = ()
    if turned := the_other_way_round(source.get("columns"), error.found):
        shown = ", ".join(f"{role}: {as_written(column)}" for role, column in turned.items())
        fix = f"they are the other way round, first the role: write columns: {{{shown}}}"
        edits = (Edit("set", (*path(step, where), "columns"), turned),)
        message = f"{name} has no column {error.wanted!r}; it has {listed}"
        return [say("D106", step, f"{where}.columns", message, fix, severity=severity, edits=edits, on="key")]  # type: ignore[arg-type]
    for role, value in (source.get("columns") or {}).items():
        wanted = error.wanted if error.wanted in str(value) else str(value)
        if wanted != error.wanted and (not told or wanted in error.found or not re.fullmatch(r"[\w -]+", wanted)):
            continue  # a name of another row than the first, or a template, is told when it is met
        named = role == "text" and "text" in error.found  # wins over a name that is but a little alike
        near = nearest(wanted, error.found, 0.8 if named else 0.66) or ("text" if named and re.fullmatch(r"[\w -]+", wanted) else None)
        if better := in_braces(str(value), error.found):
            message, fix = f"{name} has no column {wanted!r}; a column's name stands in braces", f"write {role}: {as_written(better)}"
            edits = (Edit("set", (*path(step, where), "columns", role), better),)
            told.append(say("D106", step, f"{where}.columns.{role}", message, fix, severity=severity, edits=edits))  # type: ignore[arg-type]
            continue
        edits = ()
        if near is not None and near.strip().lower() == wanted.strip().lower():
            edits = (Edit("set", (*path(step, where), "columns", role), str(value).replace(wanted, near)),)
        fix = f"write {role}: {as_written(str(value).replace(wanted, near))}" if near else f"name one of {listed}"
        message = f"{name} has no column {wanted!r}; it has {listed}"
        if near is not None and near.strip() == wanted:
            message = f"{name} has no column {wanted!r}; the name begins or ends with a blank: {near!r}"
            fix = f"take the blank out of its first line, or write {role}: {as_written(str(value).replace(wanted, near))}"
        told.append(say("D106", step, f"{where}.columns.{role}", message, fix, severity=severity, edits=edits))  # type: ignore[arg-type]
    if told:
        return told
    message = f"{name} has no column that is known to hold text; it has {listed}"
    answers = any(at(train.raw, "objective") == "sft" for train in view.of_type("train"))
    fix = f"say which: {columns_meant(error.found, answers)}"
    if not error.found:
        message, fix = f"the rows of {name} are empty", "make the file again, or name another"
    held = view.head(file, source.get("format")).rows if file.suffix.lower() in (".json", ".jsonl") and not source.get("columns") else ()
    if numbered(held):
        message, fix = f"{name} is one map of rows by their numbers", f"write one row a line: jq -c '.[]' {name} > rows.jsonl"
    elif places := _lists_in(held):
        message = f"{name} is one JSON object, and its rows stand under {' and '.join(places[:4])}"
        fix = f"write those of one a line, jq -c '.{places[0]}[]' {name} > rows.jsonl, and name that file"
    if file.suffix and turns_alone([row for _, row in view.head(file, source.get("format")).rows]):
        return []  # D182
    last = {column.rsplit(".", 1)[-1]: column for column in error.found}
    if {"chosen", "rejected"} <= last.keys():
        message = f"{name} holds preferences ({last['chosen']} and {last['rejected']}), and what is learned here are answers"
        fix = _chosen(view, file, source, last)
    if tokens := next((column for column in error.found if column in TOKENS), ""):
        message, fix = f"{name} holds tokens ({tokens}), and rows are read as text", "name the data set that they were made from"
    if file.name.lower().endswith((".csv", ".tsv")) and any(map(_no_name, error.found)):
        message = f"the first line of {name} is a row, not the names of its columns"
        fix = "write the names into its first line, such as: text"
    named = "hub" if source.get("hub") else "path"
    return [say("D106", step, f"{where}.{named}", message, fix, severity=severity)]  # type: ignore[arg-type]


def _lists_in(rows: Sequence[tuple[int, dict[str, Any]]]) -> list[str]:
    """Dotted names of the lists of maps in a file that is one map, two levels deep."""
    whole = rows[0][1] if len(rows) == 1 else {}
    inner = [(f"{name}.{part}", value) for name, held in whole.items() if isinstance(held, dict) for part, value in held.items()]
    return [name for name, value in [*whole.items(), *inner] if isinstance(value, list) and value and isinstance(value[0], dict)]


def _chosen(view: View, file: Path, source: dict[str, Any], last: dict[str, str]) -> str:
    """How the chosen answers alone are learned: they are turns, or a text that stands beside its question."""
    rows = view.head(file, source.get("format")).rows if view.facts.size(file) else []
    asked = next((last[word] for word in ("prompt", "question", "instruction", "query") if word in last), None)
    turns = bool(rows) and isinstance(rows[0][1].get(last["chosen"]), list)
    if turns or asked is None:
        return f"to learn the chosen conversations: columns: {{messages: {last['chosen']}}}"
    return f"to learn the chosen answers: columns: {{instruction: {asked}, output: {last['chosen']}}}"


def _no_name(cell: str) -> bool:
    """True for what is no name of a column: a sentence, or a number."""
    return (
        len(cell) > LONGEST_NAME or cell.count(" ") > 3 or cell.endswith((".", "?", "!")) or (cell.count(" ") > 1 and cell[-1:].isdigit())
    )


@rule()
def languages_are_let_through(view: View) -> Iterator[Finding]:
    """D112: sources that say a language which clean.languages drops."""
    from steps.text.language import KNOWN

    for step in view.of_type("parse_corpus"):
        allowed = at(step.raw, "clean.languages.allow")
        said = [source.get("lang") for _, source, _ in sources(step)]
        if not isinstance(allowed, list) or not allowed or not all(code in KNOWN for code in allowed if isinstance(code, str)):
            continue  # D101
        if said and all(isinstance(lang, str) and lang and lang not in allowed for lang in said):
            message = f"clean lets {', '.join(map(str, allowed))} through, and the sources are {', '.join(sorted(set(map(str, said))))}"
            yield say("D112", step, "clean.languages.allow", message, f"add {said[0]} to allow, or mend lang of the source")
