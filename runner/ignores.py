"""Findings that the recipe itself says to leave out: `# recipe: ignore[V001] the reason`, on their line or alone on the one above."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from runner.meant import Meant
from schemas.findings import Finding, Place, RulePage

PAGES = (
    RulePage(
        "Y050",
        "a finding is left out without a reason",
        "Whoever reads the recipe next must know why a finding does not count here, so the words behind the brackets are needed; "
        "without them it counts.",
        wrong="max_steps: 1000\nsave_steps: 5000   # recipe: ignore[S011]",
        right="max_steps: 1000\nsave_steps: 5000   # recipe: ignore[S011] the platform saves",
        source="the same rule of eslint-plugin-eslint-comments: require-description",
        severity="warning",
    ),
    RulePage(
        "Y051",
        "nothing is left out here",
        "The comment names a code that is not found on its line any more. It may go, or it hides the next mistake of that kind.",
        wrong="max_steps: 1000   # recipe: ignore[S013] an old reason",
        right="max_steps: 1000",
        source="ruff RUF100 (unused-noqa)",
        severity="warning",
    ),
    RulePage(
        "Y052",
        "an error is left out",
        "It is said in few words all the same: if the finding is right, the run stops there.",
        wrong="precision: bf16   # recipe: ignore[P101] emulation is wanted",
        right="precision: auto",
        source="the recipe's own comment",
        severity="info",
    ),
    RulePage(
        "Y053",
        "an error that cannot be left out",
        "What cannot be read as YAML, as a key or as a link, and params that contradict each other, leave nothing that could be run.",
        wrong="max_steps: many   # recipe: ignore[K002] later",
        right="max_steps: 1000",
        source="the recipe's own comment",
        severity="warning",
    ),
)
COMMENT = r"(?i)#\s*recipe:\s*ignore\s*\[([^\]]*)\]\s*[:,-]?\s*(.*)"
MARK = "ignore["


@dataclass
class Ignore:
    """One comment. line: the line whose findings it is about. codes: upper case."""

    place: Place
    line: int
    codes: list[str]
    reason: str


def applied(meant: Meant, found: list[Finding], texts: dict[Path, str]) -> list[Finding]:
    """`found` without what comments leave out, and with what there is to say about these comments.

    texts: contents to use instead of those on disk.
    """
    ignores = list(_ignores(meant, texts))
    if not ignores:
        return found
    used: set[tuple[int, str]] = set()
    kept: list[Finding] = []
    for finding in found:
        hit = next((n for n, each in enumerate(ignores) if _covers(each, finding)), None)
        if hit is None or not ignores[hit].reason:
            kept.append(finding)
            if hit is not None:
                used.add((hit, finding.code))
            continue
        used.add((hit, finding.code))
        if finding.severity == "error":
            firm = _is_firm(meant, finding)
            words = f"{finding.code} cannot be left out: nothing could be run" if firm else f"{finding.code} is left out: {finding.message}"
            said = Finding("Y053" if firm else "Y052", "warning" if firm else "info", words, place=ignores[hit].place)
            kept += [finding, said] if firm else [replace(said, fix="if it is right, the run stops there")]
    return [*kept, *_about(ignores, used)]


def _about(ignores: Iterable[Ignore], used: set[tuple[int, str]]) -> Iterator[Finding]:
    for number, each in enumerate(ignores):
        if not each.reason and any(at == number for at, _ in used):
            message = f"{', '.join(each.codes)} is to be left out without a reason, so it counts"
            yield Finding("Y050", "warning", message, fix="write the reason behind the brackets", place=each.place)
        for code in each.codes:
            if (number, code) not in used:
                yield Finding("Y051", "warning", f"{code} is not found here", fix="delete the comment", place=each.place)


def _covers(ignore: Ignore, finding: Finding) -> bool:
    place = finding.place
    return place is not None and finding.code in ignore.codes and place.file == ignore.place.file and place.line == ignore.line


def _is_firm(meant: Meant, finding: Finding) -> bool:
    """True when nothing can be run while it stands."""
    if finding.code[0] in "YKL" or meant.recipe is None:
        return True
    step = next((s for s in meant.steps if finding.path[:2] == ("steps", s.id)), None)
    return step is not None and step.params is None


def _ignores(meant: Meant, texts: dict[Path, str]) -> Iterator[Ignore]:
    from runner.document import read  # only for a recipe that has such a comment

    for path in meant.files:
        try:
            text = texts[path] if path in texts else path.read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if MARK not in text:
            continue
        document = read(path, str(path), text)
        lines = text.split("\n")
        for place, comment in document.comments():
            match = re.match(COMMENT, comment)
            if match is None:
                continue
            line = place.line
            if not lines[line - 1][: place.column - 1].strip("\ufeff \t"):
                line = next((n for n in range(line + 1, len(lines) + 1) if not re.match(r"\s*(#|$)", lines[n - 1])), line)
            yield Ignore(place, line, [code.strip().upper() for code in match[1].split(",") if code.strip()], match[2].strip())
