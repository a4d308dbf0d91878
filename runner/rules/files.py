"""Files of sources that are there and give nothing: empty, cut off, something else than their name says, or without a row."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.meant import StepMeant
from runner.rules import FILES, View, path, rule, say, sources
from runner.rules.rows import name_of
from schemas.findings import Edit, Finding, RecipeError
from steps.text.choices import format_of
from steps.text.disguise import Disguise, disguise
from steps.text.heads import kind_of
from steps.text.mute import is_cut, mute
from steps.text.packed import cut_off, packing
from steps.text.unreadable import Unreadable

SAVED_AS = {  # what to do with files that no reader is for, where that is not to read them as text
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".ods", ".numbers"), "save it as CSV, and name that file"),
    **dict.fromkeys((".doc", ".odt", ".rtf", ".pages", ".epub", ".mobi", ".pptx", ".ppt"), "save it as .docx or .txt, and name that file"),
    **dict.fromkeys((".zip", ".tar", ".rar", ".7z", ".tgz", ".tbz2", ".lz4"), "unpack it, and name what is in it"),
    **dict.fromkeys((".arrow", ".feather", ".orc", ".avro", ".h5", ".hdf5", ".pkl", ".pickle", ".npy", ".npz", ".pt", ".bin", ".db"),
                    "write its rows as JSON lines or parquet, and name that file"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff"), "read its text by OCR into .txt, and name that file"),
}  # fmt: skip
UNPACKED = 8 << 20  # bytes of packed files that are read to their end, of one source
AS_TEXT = "name other files, or say what they are: format: txt"
EMPTY = Disguise("it is empty", "make the file again, or name another")
NO_ROWS = Disguise("it holds no rows", "make the file again, or name another")


@rule()
def files_can_be_read(view: View) -> Iterator[Finding]:
    """D104: files are there, and each is empty, not what it is called or of a kind that nobody reads; a warning where others are sound."""
    for step in view.of_type("parse_corpus"):
        for where, source, stands_by in sources(step):
            files = view.facts.files(source["path"]) if isinstance(source.get("path"), str) and source["path"] else []
            found = [(file, why) for file in files[:FILES] if (why := _unreadable(view, file, source)) is not None]
            if not found:
                yield from _cut_lists(view, step, where, source, files[:FILES])
                yield from _cut_archives(view, step, where, files[:FILES])
                continue
            file, (reason, fix) = found[0]
            none = len(found) == len(files[:FILES]) and not any(_has_reader(each, source) for each in files[FILES:])
            yield from _left_out(step, where, source, files)
            told = [pair for pair in found if pair[1] not in (EMPTY, NO_ROWS) and not pair[1].reason.startswith("no ")]
            if not none and not told:
                continue  # an empty file, or one of another kind, among others
            if not none:
                file, (reason, fix) = told[0]
            message = f"{source['path'] if len(files) == 1 else name_of(view, file)} cannot be read: {reason}"
            if len(files) > 1:
                all_of_them = f"{source['path']} matches {len(files)} files and none can be read: {file.name}: {reason}"
                message = (
                    all_of_them
                    if none
                    else f"{message} ({len(found)} of {'the first ' if len(files) > FILES else ''}{len(files[:FILES])} files)"
                )
            edits: tuple[Edit, ...] = (Edit("delete", path(step, f"{where}.format")),) if fix.startswith("delete format:") else ()
            if none and fix == AS_TEXT and len({each.suffix for each in files}) == 1 and b"\0" not in view.facts.head(file, 4096):
                edits = (Edit("set", path(step, f"{where}.format"), "txt"),)
            severity: Any = "error" if none and not stands_by else "warning"
            yield say("D104", step, f"{where}.path", message, fix, severity=severity, edits=edits)


def _has_reader(file: Path, source: dict[str, Any]) -> bool:
    try:
        return bool(format_of(file, source.get("format") or "auto"))
    except Unreadable:
        return False


def _left_out(step: StepMeant, where: str, source: dict[str, Any], files: list[Path]) -> Iterator[Finding]:
    """Texts that no reader is for, such as code, among files that are read: where they are named by their ending, or are most of all."""
    kinds = Counter(file.suffix for file in files if not _has_reader(file, source) and file.suffix.lower() not in SAVED_AS)
    if not kinds or sum(kinds.values()) == len(files):
        return
    (suffix, count), pattern = kinds.most_common(1)[0], str(source["path"])
    named = suffix[1:] in re.split(r"[{},.]", pattern.rpartition("/")[2])
    if suffix and (named or 2 * count > len(files)):
        message = f"{count} of the {len(files)} files of {pattern} are left out: no reader for {suffix} files"
        fix = "write format: txt beside it to read all as they stand, or give them a source of their own with it"
        yield say("D104", step, f"{where}.path", message, fix, severity="warning" if named else "info")


def _cut_lists(view: View, step: StepMeant, where: str, source: dict[str, Any], files: list[Path]) -> Iterator[Finding]:
    """A list of JSON that is not closed, a PDF without its end: what is there of them is read."""
    for file in files:
        if file.suffix.lower() == ".pdf" and not packing(file) and is_cut(view.facts, file):
            message = f"{name_of(view, file)} is cut off: a PDF ends with %%EOF, and pages may be missing"
            yield say("D104", step, f"{where}.path", message, "fetch or make it again: it was not written to its end", severity="warning")
        if kind_of(file, source.get("format")) != "json" or packing(file):
            continue
        start = view.facts.head(file, 1024).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start == b"[" and not _end(view, file).endswith(b"]"):
            message = f"{name_of(view, file)} is cut off: the list that opens at its beginning is not closed"
            yield say("D104", step, f"{where}.path", message, "fetch or make it again: it was not written to its end", severity="warning")


def _cut_archives(view: View, step: StepMeant, where: str, files: list[Path]) -> Iterator[Finding]:
    """Packed files that end before their end, of those that are soon read; the first of a source."""
    left = UNPACKED
    for file in files:
        left -= (view.facts.size(file) or 0) if packing(file) else 0
        if packing(file) and left >= 0 and (why := _cut(view, file)):
            message = f"{name_of(view, file)} cannot be read to its end: {why}; what stands before that is used"
            yield say("D104", step, f"{where}.path", message, "fetch or make it again", severity="warning")
            return


def _cut(view: View, file: Path) -> str:
    try:
        found: str | None = view.facts.remembered(
            f"cut off 1 {packing(file)}", [file], lambda: cut_off(view.facts.project / file, view.facts.size(file) or 0)
        )
    except RecipeError:
        return ""  # its reader is not here: told elsewhere
    return found or ""


def _end(view: View, file: Path) -> bytes:
    try:
        with open(view.facts.project / file, "rb") as opened:
            opened.seek(-min(64, view.facts.size(file)), os.SEEK_END)
            return opened.read().rstrip(b" \t\r\n\0")
    except OSError:
        return b"]"


def _unreadable(view: View, file: Path, source: dict[str, Any]) -> Disguise | None:
    wanted = source.get("format")
    if not view.facts.size(file):
        return EMPTY
    if (found := disguise(view.facts, file, wanted)) is not None:
        return found
    try:
        kind = format_of(file, wanted if isinstance(wanted, str) else "auto")  # type: ignore[arg-type]
    except Unreadable as error:
        return Disguise(str(error), SAVED_AS.get(file.suffix.lower(), AS_TEXT))
    if not kind_of(file, wanted):
        return mute(view.facts, file, kind, source.get("password"))
    return None if _has_rows(view, file, wanted) else _no_rows(view, file)


def _no_rows(view: View, file: Path) -> Disguise:
    """A list of texts lacks only a name for them."""
    try:
        found = json.loads(view.facts.head(file))
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, list) and found and all(isinstance(each, str) for each in found):
        command = f"jq -c '.[] | {{text: .}}' {name_of(view, file)} > rows.jsonl"
        return Disguise("it is a list of texts, not of rows", f"give them a name: {command}")
    return NO_ROWS


def _has_rows(view: View, file: Path, wanted: Any) -> bool:
    """False for a table whose whole content was looked at and is no row: `[]`, or the names of columns alone."""
    head = view.head(file, wanted)
    return bool(head.rows or head.broken) or not head.whole
