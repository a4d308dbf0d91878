"""Findings as text: for people (source line, caret, fix), and as GitHub workflow commands. Nothing here prints."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from unicodedata import category, combining, east_asian_width

from schemas.findings import Finding, Place
from schemas.secrets import starred, starred_line

Source = Callable[[str], str]  # file, as named in a Place, to its text

_TAB = 4
_COLOURS = {"error": "31", "warning": "33", "info": "36"}


def text(findings: Iterable[Finding], source: Source, *, file: str = "", colour: bool = False, width: int = 120) -> str:
    """Each finding with the line it is about, a caret line below it and the fix.

    file: named for findings without a place. width: longer source lines are clipped around the caret.
    """
    return "\n".join(_one(f, source, file, colour, width) for f in findings)


def closing(findings: Sequence[Finding], file: str, mendable: int) -> str:
    """`2 errors, 1 warning; 1 can be fixed: recipe check --fix FILE`; empty when there is nothing to say."""
    counts = [(n, word) for word in ("error", "warning") if (n := sum(f.severity == word for f in findings))]
    said = ", ".join(plural(n, word) for n, word in counts)
    if not said or not mendable:
        return said
    return f"{said}; {mendable} can be fixed: recipe check --fix {file}"


def github(findings: Iterable[Finding], file: str = "") -> str:
    """One workflow command a finding (`::error file=…,line=…::message`), which GitHub shows beside the line of a pull request."""
    return "\n".join(_command(f, file) for f in findings)


def plural(count: int, word: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def scaled(value: float, units: tuple[tuple[float, str], ...]) -> str:
    """`value` in the largest of `units` (size, name; falling) that it fills, to three digits."""
    for size, unit in units:
        if value >= size:
            return f"{value / size:,.0f} {unit}" if value >= 100 * size else f"{value / size:.3g} {unit}"
    return f"{value:.0f}"


def in_bytes(value: float) -> str:
    """`12 kB`, `3.2 GB`: decimal units, as disks and texts are sold."""
    return scaled(value, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "bytes")))


def head(finding: Finding, file: str = "") -> str:
    """`file:line:column: CODE: message`, the severity named when it is no error."""
    place = finding.place
    where = f"{place.file}:{place.line}:{place.column}" if place else file
    return f"{where}: {_said(finding)}" if where else _said(finding)


def _said(finding: Finding) -> str:
    word = "" if finding.severity == "error" else f"{finding.severity}: "
    return f"{finding.code}: {word}{_safe(finding.message, lines=False)}"


def _one(finding: Finding, source: Source, file: str, colour: bool, width: int) -> str:
    paint = f"\x1b[1;{_COLOURS[finding.severity]}m" if colour else ""
    plain, dim, bold = ("\x1b[0m", "\x1b[2m", "\x1b[1m") if colour else ("", "", "")
    first = head(finding, file)
    if colour:
        where, code, rest = first.rpartition(_said(finding))[0], finding.code, _said(finding)[len(finding.code) :]
        first = f"{bold}{where}{plain}{paint}{code}{plain}{rest}"
    lines = [first]
    whole = source(finding.place.file) if finding.place is not None else ""
    if finding.place is not None and whole.strip():  # of a file that cannot be read there is no line to show
        shown, before, length = _excerpt(whole, finding.place, max(40, width - 10))
        lines.append(f"{dim}{finding.place.line:>5} |{plain} {shown}" if shown else f"{dim}{finding.place.line:>5} |{plain}")
        lines.append(f"{dim}      |{plain} {' ' * before}{paint}{'^' * length}{plain}")
    if finding.fix:
        fix = _safe(finding.fix).split("\n")
        lines.append(f"  {bold}fix:{plain} {fix[0]}")
        lines.extend(f"       {line}" for line in fix[1:])
    return "\n".join(lines)


def _excerpt(whole: str, place: Place, room: int) -> tuple[str, int, int]:
    """The line `place` begins on as it is shown, columns before the caret, columns of the caret."""
    lines = _lines(whole)
    line = starred_line(lines[place.line - 1]) if place.line <= len(lines) else ""
    first = min(place.column - 1, len(line))
    last = min(place.end_column - 1, len(line)) if place.end_line == place.line else len(line.rstrip())
    if place.end_line != place.line and (mark := line.find(" #", first)) > 0:
        last = len(line[:mark].rstrip())  # a block that goes on below: its first line, without the remark
    cells = _cells(line)
    widths = [w for _, w in cells]
    before, length = sum(widths[:first]), max(1, sum(widths[first : max(last, first)]))
    if sum(widths) <= room:
        return "".join(c for c, _ in cells).rstrip(), before, length
    return _clip(cells, first, before, length, room)


@lru_cache(maxsize=4)
def _lines(whole: str) -> list[str]:
    return re.split("\r\n|\n|\r", whole)


def _clip(cells: list[tuple[str, int]], first: int, before: int, length: int, room: int) -> tuple[str, int, int]:
    length = min(length, room - 4)
    left = max(0, min(before - (room - length) // 2, sum(w for _, w in cells) - room + 2))
    skipped = start = 0
    while skipped < left and start < first:
        skipped += cells[start][1]
        start += 1
    shown, used = ("…", 1) if start else ("", 0)
    shift = used - skipped
    for glyph, width in cells[start:]:
        if used + width > room - 1:
            return shown + "…", before + shift, length
        shown, used = shown + glyph, used + width
    return shown.rstrip(), before + shift, length


def _cells(line: str) -> list[tuple[str, int]]:
    """Each character as it is shown with the columns it takes on a terminal."""
    cells: list[tuple[str, int]] = []
    for glyph in line:
        if glyph == "\t":
            cells.append((" " * _TAB, _TAB))
        elif " " <= glyph <= "~":
            cells.append((glyph, 1))
        elif category(glyph) in ("Cc", "Cf", "Zl", "Zp"):
            cells.append(("\N{REPLACEMENT CHARACTER}", 1) if category(glyph) == "Cc" else ("", 0))
        elif combining(glyph):
            cells.append((glyph, 0))
        else:
            cells.append((glyph, 2 if east_asian_width(glyph) in "WF" else 1))
    return cells


def _safe(message: str, lines: bool = True) -> str:
    """`message` without secrets; what would move the cursor or colour the screen is written as an escape, line ends too if not `lines`."""
    message = starred(message)
    if message.isprintable():
        return message
    return "".join(c if c.isprintable() or (lines and c == "\n") else c.encode("unicode_escape").decode() for c in message)


def _command(finding: Finding, file: str) -> str:
    level = {"error": "error", "warning": "warning", "info": "notice"}[finding.severity]
    place = finding.place
    named = {"file": place.file if place else file, "title": finding.code}
    if place:
        named |= {"line": str(place.line), "endLine": str(place.end_line), "col": str(place.column)}
        if place.end_line == place.line:
            named["endColumn"] = str(place.end_column)
    said = starred(finding.message + (f"\nfix: {finding.fix}" if finding.fix else ""))
    properties = ",".join(f"{k}={_escape(v, True)}" for k, v in named.items() if v)
    return f"::{level} {properties}::{_escape(said, False)}"


def _escape(value: str, in_property: bool) -> str:
    """As https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts has it."""
    value = value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return value.replace(":", "%3A").replace(",", "%2C") if in_property else value
