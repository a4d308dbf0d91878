"""What parse_corpus left out, in words: files that could not be read, documents that were dropped, or all of it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from schemas import RecipeError
from steps.text.patchwork import BOTH

ALTERED = "unreadable bytes"  # a file that is read, with U+FFFD for bytes that no encoding has
TWICE = "encoded twice"  # a text that is read as it was before the second time
OPEN = "open quote"  # a row of a table whose quote is not closed, read as a letter
NAMESAKES = "columns of one name"  # in a table, of which the first is read
STAYED = (ALTERED, TWICE, OPEN, NAMESAKES)  # counted beside what is dropped
BROKEN = "broken row"  # a line of a table that is none; its fault stands behind it
INCOMPLETE = "incomplete row"  # one that is no document, with its fault, too
IN_PART = "read in part"  # a file of which pages are left out
EACH = "each file stands in stats/corpus.json and in the report"
NUMBER = re.compile(r"\d+")
THINGS = (" row", "duplicate", " formula")  # how reasons end that are counted as things
ENCODED = "encoding"  # of a file that is not in UTF-8 alone: its name stands behind it


def counted(unreadable: Sequence[Mapping[str, str]], files: int) -> str:
    """How many of `files` could not be read, or not whole: `1 of 8 files could not be read, 2 were read in part`."""
    partly = sum("read" in entry for entry in unreadable)
    whole = len(unreadable) - partly
    told = [f"{whole} of {files} files could not be read"] if whole else []
    if partly:
        told.append(f"{partly}{'' if whole else f' of {files} files'} {'was' if partly == 1 else 'were'} {IN_PART}")
    return ", ".join(told)


def by_reason(unreadable: Sequence[Mapping[str, str]]) -> str:
    """All reasons, the commonest first, each with a file and how many others it holds for. Those that differ in numbers are one.

    unreadable: {"file", "reason"} of each, and "read" of those that were read in part.
    """
    reasons: dict[str, list[Mapping[str, str]]] = {}
    for entry in unreadable:
        reasons.setdefault(NUMBER.sub("0", entry["reason"]), []).append(entry)
    told = []
    for alike in sorted(reasons.values(), key=lambda alike: -len(alike)):
        told.append(f"{alike[0]['file']}{f' and {len(alike) - 1} more' if len(alike) > 1 else ''}: {alike[0]['reason']}")
    return "; ".join([*told, EACH] if len(told) < len(unreadable) else told)


def apart(told: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Mapping[str, Any]], dict[str, int], str]:
    """What was dropped or altered, by reason; files that are not in UTF-8 alone, by encoding, and the same in words."""
    found = {reason.partition(": ")[2]: entry for reason, entry in told.items() if reason.startswith(f"{ENCODED}: ")}
    words = []
    for name, entry in sorted(found.items(), key=lambda item: -item[1]["count"]):
        words.append(f"{entry['count']:,} in {name}" + (f", line by line ({entry['examples'][0]})" if name.startswith(BOTH) else ""))
    rest = {reason: entry for reason, entry in told.items() if not reason.startswith(f"{ENCODED}: ")}
    return rest, {name: entry["count"] for name, entry in found.items()}, f"not in UTF-8: {', '.join(words)}" if words else ""


def in_words(dropped: Mapping[str, Mapping[str, Any]]) -> str:
    """Reasons with their counts. dropped: {"count", "examples"} by reason, a row's with its fault behind a colon."""
    told = [f"left out: {', '.join(_grouped(dropped))}"] if dropped.keys() - set(STAYED) else []
    if altered := dropped.get(ALTERED):
        told.append(f"{_files(altered['count'])} with bytes that are no text, U+FFFD in their place: {altered['examples'][0]}")
    if twice := dropped.get(TWICE):
        texts = f"{twice['count']:,} text{'s' if twice['count'] > 1 else ''}"
        told.append(f"{texts} of UTF-8 that was encoded twice, read as it was before: {twice['examples'][0]}")
    if opened := dropped.get(OPEN):
        rows = f"{opened['count']:,} row{'s' if opened['count'] > 1 else ''}"
        told.append(f"{rows} with a quote that is not closed (double it where it is a letter): {opened['examples'][0]}")
    if namesakes := dropped.get(NAMESAKES):
        told.append(f"{_files(namesakes['count'])} with columns of one name: {namesakes['examples'][0]}")
    return "; ".join(told)


def _grouped(dropped: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Each thing with its count, the commonest first, and its faults: `3 broken rows (2 no JSON object, 1 no UTF-8)`."""
    things: dict[str, dict[str, int]] = {}
    for reason, entry in dropped.items():
        if reason not in STAYED:
            thing, _, fault = reason.partition(": ")
            things.setdefault(thing, {})[fault] = entry["count"]
    told = []
    for thing, faults in sorted(things.items(), key=lambda item: -sum(item[1].values())):
        ordered = sorted(faults.items(), key=lambda item: -item[1])
        named = ", ".join(f"{count:,} {fault}" if len(ordered) > 1 else fault for fault, count in ordered if fault)
        told.append(several(sum(faults.values()), thing) + (f" ({named})" if named else ""))
    return told


def several(count: int, reason: str) -> str:
    """`2 broken rows`; a reason that is no thing stays as it is: `2 too short`."""
    return f"{count:,} {reason}{'s' if count != 1 and reason.endswith(THINGS) else ''}"


def _files(count: int) -> str:
    return f"{count:,} file{'s' if count > 1 else ''}"


def nothing_left(unreadable: Sequence[Mapping[str, str]], dropped: Mapping[str, Mapping[str, Any]]) -> RecipeError:
    """D104, with why and what to do."""
    why = "; ".join(f"{entry['file']}: {entry['reason']}" for entry in unreadable[:3])
    if why and (broken := next((reason for reason in dropped if reason.startswith(BROKEN)), "")):
        why += f"; {dropped[broken]['examples'][0]}"
    each = (f"{several(entry['count'], reason.partition(': ')[0])}: {entry['examples'][0]}" for reason, entry in dropped.items())
    why = why or "; ".join(each)
    why = why or "the sources are empty"
    fix = "mend these files, or name others" if unreadable else "name other files, or clean less"
    if unreadable and all(entry["reason"].startswith("no reader for") for entry in unreadable):
        fix = "say what they are: format: txt, or name other files"
    if any("password" in entry["reason"] for entry in unreadable):
        fix = "give the password: password: ${env:NAME}"
    return RecipeError("D104", f"no document is left ({why})", field="sources", fix=fix)
