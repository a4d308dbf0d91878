"""What a source asks for in vain: settings of papers for rows of a table, a file that is read twice, a folder that is not there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.nearest import nearest
from runner.rules import View, at, path, rule, say, sources
from schemas.findings import Edit, Finding, RulePage
from steps.text.choices import format_of
from steps.text.sieve import priority_of
from steps.text.sources import files_of
from steps.text.unreadable import Unreadable

PAPERS = {"references": "drop", "tables": "keep", "captions": "keep", "footnotes": "drop", "formulas": "keep", "sections": None,
          "document": None, "password": None}  # with what they are when left out  # fmt: skip
LISTED = 1000  # files are compared, at most
ROWS = ("jsonl", "json", "csv", "parquet")


@rule()
def settings_have_files(view: View) -> Iterator[Finding]:
    """D101: parts of papers, and how a text is parted, where every file of a source is a table of rows; columns where none is."""
    for step in view.of_type("parse_corpus"):
        for where, source, _ in sources(step):
            written = [name for name, usual in PAPERS.items() if source.get(name) not in (None, usual)]
            kinds = _kinds(view, source) if written or source.get("columns") else set()
            idle = []
            if kinds and kinds <= set(ROWS):
                idle = [(name, f"rows of {source['path']}: each is a document as it is") for name in written]
            elif kinds and kinds.isdisjoint(ROWS) and source.get("columns"):
                idle = [("columns", f"{source['path']}: texts and papers have none")]
            for name, why in idle:
                message = f"{name} has no effect on {why}"
                edits = (Edit("delete", path(step, f"{where}.{name}")),)
                yield say("D101", step, f"{where}.{name}", message, f"delete {name}", severity="warning", edits=edits, on="key")


def _kinds(view: View, source: dict[str, Any]) -> set[str]:
    """The formats of a source's files; none where one is not known."""
    pattern, found = source.get("path"), set()
    for file in view.facts.files(pattern) if isinstance(pattern, str) and pattern else ():
        try:
            found.add(format_of(file, source.get("format") or "auto"))
        except Unreadable:
            return set()
    return found


@rule(
    RulePage(
        "D186",
        "a file that two sources read",
        "Of documents that are equal parse_corpus keeps the first, so the second source gives nothing: its weight counts for none, and a "
        "text that was to count double counts once. repeat: 2 is what counts it twice.",
        wrong="sources: [{path: data/best.txt}, {path: data/*.txt}]",
        right="sources: [{path: data/best.txt, repeat: 2}, {path: data/other.txt}]",
        source="arXiv 2107.06499 (deduplicating training data makes language models better)",
        severity="warning",
        needs="the names of the files",
    )
)
def files_are_read_once(view: View) -> Iterator[Finding]:
    """D186: a source all of whose files earlier ones read in the same format; an information where only some are."""
    for step in view.of_type("parse_corpus"):
        seen: dict[tuple[Path, str], str] = {}
        for where, source, _ in sources(step):
            pattern = source.get("path")
            if not isinstance(pattern, str) or not pattern or where.endswith("fallback"):
                continue
            form = "|".join(str(source.get(name)) for name in ("format", "columns", "document", "sections"))
            files = view.facts.files(pattern)
            twice = [file for file in files if (file, form) in seen]
            if twice:
                first, kept = seen[twice[0], form], at(step.raw, "clean.dedup") == "none"
                which = "all of it" if len(twice) == len(files) else f"{len(twice)} of its {len(files)} files, such as {twice[0].name}"
                message = f"{first} reads {which} too: " + ("dedup: none keeps both" if kept else "copies are dropped")
                fix = "delete it; repeat: 2 in the first counts it twice" if len(twice) == len(files) else "leave these files out of one"
                whole = len(twice) == len(files)
                yield say("D186", step, f"{where}.path", message, fix, severity="warning" if whole and not kept else "info")
            seen |= {(file, form): pattern for file in files if (file, form) not in seen}


@rule(
    RulePage(
        "D191",
        "a file and its copy, both kept",
        "dedup: none keeps documents that are equal. Of a file that lies there twice each document is then learned twice, and, since "
        "validation gets a share of the documents, what the model is tried on has been learned: its loss falls to the end.",
        wrong="clean: {dedup: none}   # of book.txt and book (1).txt",
        right="sources: [{path: texts/*.txt}]   # of copies one is kept",
        source="ai-forever/ru-gpts#23; arXiv 2107.06499 (deduplicating training data makes language models better)",
        severity="warning",
        needs="sizes and beginnings of the files",
    )
)
def copies_are_not_kept(view: View) -> Iterator[Finding]:
    """D191: under dedup: none, files of one size that begin with the same bytes."""
    for step in view.of_type("parse_corpus"):
        if at(step.raw, "clean.dedup") != "none":
            continue
        named = [source.get("path") for where, source, _ in sources(step) if not where.endswith("fallback")]
        files = dict.fromkeys(file for pattern in named if isinstance(pattern, str) and pattern for file in view.facts.files(pattern))
        sizes: dict[int, list[Path]] = {}
        for file in list(files)[:LISTED]:
            sizes.setdefault(view.facts.size(file), []).append(file)
        first: dict[tuple[int, bytes], Path] = {}
        copies = [
            (file, other)
            for size, alike in sizes.items()
            if size and len(alike) > 1
            for file in alike
            if (other := first.setdefault((size, view.facts.head(file)), file)) is not file
        ]
        if copies:
            file, other = (each.relative_to(view.facts.project) if each.is_relative_to(view.facts.project) else each for each in copies[0])
            more = f", and {len(copies) - 1} more files are copies" if len(copies) > 1 else ""
            message = f"{file} is a copy of {other}{more}: dedup: none keeps both, and validation is learned, too"
            yield say("D191", step, "clean.dedup", message, "delete dedup: none, or the copies", severity="warning")


@rule()
def priorities_have_folders(view: View) -> Iterator[Finding]:
    """D117 before the step: no file of any source lies in a priority folder, where all sources are of this machine."""
    for step in view.of_type("parse_corpus"):
        given = at(step.raw, "priority")
        listed = list(given) if isinstance(given, (dict, list)) else []
        patterns = [source.get("path") for _, source, _ in sources(step)]
        if not listed or not all(isinstance(pattern, str) and pattern for pattern in patterns):
            continue
        names = [name for pattern in patterns for name, _ in files_of(str(pattern), view.facts.project)]
        folders = {part for name in names for part in name.split("/")[:-1]}
        for number, folder in enumerate(listed):
            if not isinstance(folder, str) or not names or any(priority_of({folder: 1.0}, name)[0] for name in names):
                continue
            near = nearest(folder, folders)
            there = f"write {near}" if near else f"there are {', '.join(sorted(folders)[:5])}" if folders else "name a folder below path:"
            place = f"priority.{number}" if isinstance(given, list) else f"priority.{folder}" if "." not in folder else "priority"
            yield say("D117", step, place, f"no file lies in the priority folder {folder}", there, severity="warning")
