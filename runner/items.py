"""Findings about several items of one list, told as one."""

from dataclasses import replace

from schemas.findings import Finding


def together(findings: list[Finding]) -> list[Finding]:
    """`findings`, those of the same mistake in items of one list as one at the first of them, with the edits of all."""
    alike: dict[object, list[Finding]] = {}
    for each in findings:
        mended = each.code == "K002" and bool(each.path) and isinstance(each.path[-1], int) and len(each.edits) == 1
        alike.setdefault((each.path[:-1], each.message.rpartition(",")[2]) if mended else id(each), []).append(each)
    return [_one(group) if len(group) > 1 else group[0] for group in alike.values()]


def _one(group: list[Finding]) -> Finding:
    first, more = group[0], len(group) - 1
    message = f"{first.message}; so {'are' if more > 1 else 'is'} {more} more of the list"
    quoted = all(isinstance(edit.value, str) for each in group for edit in each.edits)
    fix = "put each in quotes" if quoted else f"{first.fix}, and the others likewise"
    return replace(first, message=message, fix=fix, edits=tuple(edit for each in group for edit in each.edits))
