"""Files of sources that are there and give nothing: empty, cut off, something else than their name says, or without a row."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.rules import FILES, View, path, rule, say, sources
from runner.rules.rows import name_of
from schemas.findings import Edit, Finding
from steps.text.choices import format_of
from steps.text.disguise import Disguise, disguise
from steps.text.heads import kind_of
from steps.text.unreadable import Unreadable

EMPTY = Disguise("it is empty", "make the file again, or name another")


@rule()
def files_can_be_read(view: View) -> Iterator[Finding]:
    """D104: files are there, and each is empty, not what it is called or of a kind that nobody reads; a warning where others are sound."""
    for step in view.of_type("parse_corpus"):
        for where, source, stands_by in sources(step):
            files = view.facts.files(source["path"]) if isinstance(source.get("path"), str) and source["path"] else []
            found = [(file, why) for file in files[:FILES] if (why := _unreadable(view, file, source.get("format"))) is not None]
            if not found:
                continue
            file, (reason, fix) = found[0]
            none = len(found) == len(files)
            if not none and not any(disguise(view.facts, each, source.get("format")) for each, _ in found):
                continue  # an empty file, or one of another kind, among others
            if not none:
                file, (reason, fix) = next(pair for pair in found if disguise(view.facts, pair[0], source.get("format")))
            message = f"{source['path'] if len(files) == 1 else name_of(view, file)} cannot be read: {reason}"
            if len(files) > 1:
                all_of_them = f"{source['path']} matches {len(files)} files and none can be read: {file.name}: {reason}"
                message = all_of_them if none else f"{message} ({len(found)} of {len(files[:FILES])} files)"
            edits = (Edit("delete", path(step, f"{where}.format")),) if fix.startswith("delete format:") else ()
            severity: Any = "error" if none and not stands_by else "warning"
            yield say("D104", step, f"{where}.path", message, fix, severity=severity, edits=edits)


def _unreadable(view: View, file: Path, wanted: Any) -> Disguise | None:
    if not view.facts.size(file):
        return EMPTY
    if (found := disguise(view.facts, file, wanted)) is not None:
        return found
    try:
        format_of(file, wanted if isinstance(wanted, str) else "auto")  # type: ignore[arg-type]
    except Unreadable as error:
        return Disguise(str(error), "name other files, or say what they are: format: txt")
    return None if not kind_of(file, wanted) or _has_rows(view, file, wanted) else _NO_ROWS


_NO_ROWS = Disguise("it holds no rows", "make the file again, or name another")


def _has_rows(view: View, file: Path, wanted: Any) -> bool:
    """False for a table whose whole content was looked at and is no row: `[]`, or the names of columns alone."""
    head = view.head(file, wanted)
    return bool(head.rows or head.broken) or not head.whole
