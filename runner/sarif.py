"""Findings for other programs: a JSON list, and SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html)."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from schemas.findings import Edit, Finding, Place, RulePage
from schemas.secrets import starred

Patch = tuple[int, int, str]  # characters [start, end) of the file become the string
Patcher = Callable[[str, Sequence[Edit]], Patch | None]  # file, edits: how its text would change

_LEVEL = {"error": "error", "warning": "warning", "info": "note"}


def as_json(findings: Sequence[Finding], file: str = "") -> str:
    """A list of objects, one a finding, with everything that is known of it, edits included."""
    return json.dumps([plain(f, file) for f in findings], ensure_ascii=False, indent=1)


def plain(finding: Finding, file: str = "") -> dict[str, Any]:
    """One finding as plain data. Lines and columns count from 1, `start` and `end` are characters from 0."""
    place = finding.place
    where: dict[str, Any] = {"file": file, "line": None, "column": None}
    if place:
        names = ("file", "line", "column", "end_line", "end_column", "start", "end")
        where = {name: getattr(place, name) for name in names}
    edits = [{"action": e.action, "path": list(e.path), "value": e.value, "key": e.key} for e in finding.edits]
    return {
        "code": finding.code, "severity": finding.severity, "message": starred(finding.message), **where,
        "path": list(finding.path), "fix": starred(finding.fix), "edits": edits,
    }  # fmt: skip


def sarif(findings: Sequence[Finding], pages: Mapping[str, RulePage], patch: Patcher, version: str, file: str = "") -> str:
    """One SARIF run. pages: help text of each code. patch: what the edits of a finding do to a file's text."""
    codes = sorted({f.code for f in findings})
    rules = [_rule(code, pages.get(code)) for code in codes]
    driver = {"name": "recipe", "version": version, "semanticVersion": version, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(f, codes.index(f.code), patch, file) for f in findings],
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1)


def _rule(code: str, page: RulePage | None) -> dict[str, Any]:
    if page is None:
        return {"id": code}
    parts = [page.why]
    for word, shown in (("Wrong", page.wrong), ("Right", page.right)):
        if shown:
            parts.append(f"{word}:\n\n```yaml\n{shown.rstrip()}\n```")
    if page.source:
        parts.append(f"Source: {page.source}")
    return {
        "id": code,
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": page.why},
        "help": {"text": "\n\n".join(parts), "markdown": "\n\n".join(parts)},
        "defaultConfiguration": {"level": _LEVEL[page.severity]},
    }


def _result(finding: Finding, index: int, patch: Patcher, file: str) -> dict[str, Any]:
    said = starred(finding.message + (f"\nfix: {finding.fix}" if finding.fix else ""))
    place = finding.place
    named = place.file if place else file
    result: dict[str, Any] = {
        "ruleId": finding.code, "ruleIndex": index, "level": _LEVEL[finding.severity], "message": {"text": said},
    }  # fmt: skip
    if named:
        where: dict[str, Any] = {"artifactLocation": {"uri": _uri(named)}}
        if place:
            where["region"] = _region(place)
        result["locations"] = [{"physicalLocation": where}]
    change = patch(named, finding.edits) if named and finding.edits else None
    if change is not None:
        result["fixes"] = [_fix(finding, named, change)]
    return result


def _region(place: Place) -> dict[str, int]:
    return {
        "startLine": place.line, "startColumn": place.column, "endLine": place.end_line, "endColumn": place.end_column,
        "charOffset": place.start, "charLength": place.end - place.start,
    }  # fmt: skip


def _fix(finding: Finding, named: str, change: Patch) -> dict[str, Any]:
    start, end, inserted = change
    replacement = {"deletedRegion": {"charOffset": start, "charLength": end - start}, "insertedContent": {"text": inserted}}
    changes = [{"artifactLocation": {"uri": _uri(named)}, "replacements": [replacement]}]
    return {"description": {"text": starred(finding.fix or finding.message)}, "artifactChanges": changes}


def _uri(named: str) -> str:
    from urllib.parse import quote

    path = PurePath(named)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
