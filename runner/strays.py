"""Lines from elsewhere in a recipe: marks of git and of a diff, fences of Markdown, remarks of other languages. Loaded on error."""

import re

Stray = tuple[str, str, int, int]  # message, fix, and which characters
CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: [^\n]*)?$", re.M)
BETWEEN = re.compile(r"^={7}$", re.M)
FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*$")
REMARK = re.compile(r"[ \t]*(//|/\*|\*/|<!--|--(?!-)|;|%)[ \t]*(.*?)[ \t]*(?:\*/|-->)?$")
HUNK = re.compile(r"(?:@@ -\d|diff --git |index [0-9a-f]{7}|\+\+\+ |--- [ab]/)")
ADDED = re.compile(r"\+[ \t]*(?=(?:- +)?[\w-]+ *:|- )")
NUMBERED = re.compile(r"[ \t]*\d+[ \t]*[:|.)]?[ \t]+(?=(?:- +)?[A-Za-z_][\w-]* *:)")
QUOTED = re.compile(r"[ \t]*[>|][ \t]+(?=(?:- +)?[A-Za-z_][\w-]* *:)")
LEFT_OUT = re.compile(r"[ \t]+(?:\.{2,}|\u2026)[ \t]*$")
WRAPPED = re.compile(r"[ \t]*(['\"])([A-Za-z_][\w-]*: +[^'\"]+)\1[ \t]*,?$")
ARROW = re.compile(r"[ \t]*(?:- +)?([A-Za-z_][\w-]*)[ \t]*(:=|->|=>|<-|~)[ \t]*(\S.*?)[ \t]*$")
GONE = re.compile(r"-[ \t]+(?=(?:- +)?[\w-]+ *:)")


def met(text: str, first: int, at: int) -> Stray | None:
    """The stray line that the parser stumbled over, between the characters `first` and `at` and the line above; a conflict anywhere."""
    if (mark := CONFLICT.search(text) or _between(text, at)) is not None:
        message = f"git left a conflict here: {mark[0].split(' ')[0]} is its mark, and both sides stand in the file"
        fix = "keep one side, and delete the lines that begin with <<<<<<<, ======= and >>>>>>>"
        return message, fix, mark.start(), mark.end()
    start = text.rfind("\n", 0, max(0, text.rfind("\n", 0, min(first, at)))) + 1
    for found in re.finditer(r"[^\n]+", text[start : _end(text, at)]):
        if (stray := _line(text, found[0])) is not None:
            begin = start + found.start()
            return stray[0], stray[1], begin + len(found[0]) - len(found[0].lstrip()), begin + len(found[0].rstrip())
    return None


def _between(text: str, at: int) -> "re.Match[str] | None":
    """A line of seven equals signs alone, where the parser stopped: the other marks were taken away already."""
    start = text.rfind("\n", 0, max(0, text.rfind("\n", 0, at))) + 1
    return BETWEEN.search(text, start, _end(text, at))


def _end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return end if end >= 0 else len(text)


def _line(text: str, line: str) -> tuple[str, str] | None:
    """What a stray line is, and what to do with it."""
    if (fence := FENCE.match(line)) is not None:
        return f"{fence[1]} is a fence of Markdown around the recipe, and no part of it", "delete the line, and the one that closes it"
    if HUNK.match(line) is not None:
        return "the line comes from a diff, and is no part of the recipe", "delete it"
    if (added := ADDED.match(line)) is not None:
        return "the + at the beginning of the line comes from a diff", f"take it away: write {line[added.end() :].strip()}"
    if GONE.match(line) is not None and re.search(r"^\+[ \t]", text, re.M) is not None:
        return "the - at the beginning of the line comes from a diff, which took the line away", "delete the line"
    if LEFT_OUT.match(line) is not None:
        return "dots stand where something was left out of an example", "delete the line, or write what belongs there"
    for mark, what in ((NUMBERED, "the number of a line"), (QUOTED, "the mark of a quotation or a table")):
        if (begun := mark.match(line)) is not None:
            return f"{what} stands before the key: {begun[0].strip()}", f"take it away: write {line[begun.end() :].strip()}"
    if (wrapped := WRAPPED.match(line)) is not None:
        return "quotation marks stand around a key and its value, which makes one text of both", f"write {wrapped[2]}"
    if (arrow := ARROW.match(line)) is not None:
        return f"{arrow[2]} stands between {arrow[1]} and its value, not a colon and a blank", f"write {arrow[1]}: {arrow[3]}"
    if (remark := REMARK.match(line)) is not None:
        said = f"write # {remark[2]}" if remark[2] else "delete the line"
        return f"{remark[1]} begins no remark in YAML, # does", said
    return None
