"""The YAML parser's complaints in the words of somebody who is writing a recipe: code, message, fix, and which characters."""

import re
from typing import Any

from runner import strays, unquoted

Said = tuple[str, str, str, int, int]


def explain(error: Any, text: str) -> Said:
    """Code, message, fix, start and end offset for a MarkedYAMLError about `text`."""
    problem = str(error.problem or error.context or "this is no YAML")
    mark = error.problem_mark or error.context_mark
    at = min(mark.index, len(text)) if mark is not None else 0
    opened = error.context_mark.line + 1 if error.context_mark is not None else 0
    context = str(error.context or "")
    begun = min(error.context_mark.index, at) if error.context_mark is not None and "simple key" in context else at
    if (stray := strays.met(text, begun, at)) is not None:
        return "Y003", *stray
    if "'\\t'" in problem or "tab" in problem.lower():
        return _tab(text, at)
    if "sequence entries are not allowed" in problem and (listed := _list_behind(text, at)) is not None:
        return listed
    if "escape" not in f"{problem} {context}" and (inner := _inner_quotes(text, at)) is not None:
        return inner
    if "escape" not in f"{problem} {context}" and (late := _closed_late(text, at)) is not None:
        return late
    odd = _odd_character(text, at)
    if odd is not None:
        return odd
    variable = re.compile(r"\$\{[^}\n]*\}?").match(text, max(at - 1, 0))
    if variable and "flow" in context:
        return "Y003", f"{variable[0]} must be quoted inside {{ }} or [ ]", f'write "{variable[0]}"', at - 1, variable.end()
    if re.search(r"(?:scanning|parsing) an? tag", context):
        first = error.context_mark.index if error.context_mark is not None else at
        return "Y003", "a value cannot begin with !", "put the value in quotes", first, min(first + 1, len(text))
    if "escape" not in f"{problem} {context}" and (found := unquoted.value_at(text, at)) is not None:
        return "Y003", *found
    if (
        "escape" not in f"{problem} {context}"
        and "flow" not in context
        and "quoted" not in context
        and (dash := _dash(text, at)) is not None
    ):
        return dash
    if "expected alphabetic or numeric character" in problem and ("alias" in context or "anchor" in context):
        start = error.context_mark.index if error.context_mark is not None else at
        word = re.compile(r"[^\s,\]}]*").match(text, start)
        value = word[0] if word is not None else text[start : start + 1]
        what = "of an alias" if value[:1] == "*" else "of an anchor"
        return "Y003", f"{value[:1]} is the beginning {what} to YAML", f'put the value in quotes: "{value}"', start, start + len(value)
    if "flow" in context and (comment := _comment_in_braces(text, at)) is not None:
        return comment
    start = re.search(r"found character '(.)' that cannot start any token", problem)
    if start:
        return "Y003", f"a value cannot begin with {start[1]}", "put the value in quotes", at, at + 1
    if "quoted scalar" in context and "escape" not in problem and "escape" not in context:
        quote = error.context_mark.index if error.context_mark is not None else at
        return "Y003", f"the quote that opens in line {opened} is not closed", "close it", quote, quote + 1
    if "escape" in problem or "hexadecimal" in problem or "escape" in context:
        if (found := unquoted.backslashes(text, at)) is not None:
            return "Y003", *found
        return "Y003", "an unknown escape after \\ in double quotes", "use single quotes, in which \\ is only itself", at, at + 1
    return _structure(error, problem, context, at, text)


def _tab(text: str, at: int) -> Said:
    """A tab by what stands before it: nothing, a key or a dash that a blank should follow, or a value."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at) if "\n" in text[at:] else len(text)
    first = text.find("\t", start, end)
    at = first if first >= 0 else at
    before, behind = text[start:at].strip(), " ".join(text[at:end].split())
    if not before:
        return "Y011", "a tab cannot indent a line", "indent with spaces", at, at + 1
    blank = before.endswith(":") or before.strip("- ") == ""
    why = "where YAML wants a blank" if blank else "which YAML does not read"
    return "Y011", f"a tab stands behind {before.rpartition(' ')[2]}, {why}", f"write {before} {behind}".rstrip(), at, at + 1


DASHES = re.compile(r"[ ]*([-\u2010-\u2015\u2212*\u2022])( *)([\w.\"']+)(?= *:)")  # what stands for a dash and its blank at a line's begin


def _dash(text: str, at: int) -> Said | None:
    """An item of a list that begins with another sign than a dash and a blank."""
    start = text.rfind("\n", 0, at) + 1
    found = DASHES.match(text, start)
    if found is None:
        return None
    if found[1] == "-" and found[2]:
        return _beside(text, start, found)
    line = text[found.start(3) : text.find("\n", at) if "\n" in text[at:] else len(text)].strip()
    sign = "no blank stands behind the dash" if found[1] == "-" else f"{found[1]} is no dash to YAML"
    return "Y003", f"{sign}: an item of a list begins with - and a blank", f"write - {line}", found.start(1), found.end(3)


def _beside(text: str, start: int, found: "re.Match[str]") -> Said | None:
    """A dash before a key that stands in a map, below another of its keys in the same column."""
    column = found.start(1) - start
    for above in reversed(text[:start].split("\n")[:-1]):
        depth = len(above) - len(above.lstrip(" "))
        if not above.strip() or above.lstrip().startswith("#") or depth > column:
            continue
        key = re.match(r" *([\w.-]+) *:", above) if depth == column and not above.lstrip().startswith("-") else None
        if key is None:
            return None
        message = f"- begins an item of a list, and {found[3]} stands in a map, as {key[1]} above it"
        return "Y003", message, f"take the dash away, and begin {found[3]} in column {column + 1}", found.start(1), found.end(3)
    return None


def _closed_late(text: str, at: int) -> Said | None:
    """A quotation mark that was forgotten: the next one, lines below, ends the text, and what follows that stands bare."""
    before = text[:at].rstrip(" ")
    sign = before[-1:]
    opened = text.rfind(sign, 0, len(before) - 1) if sign in ("'", '"') else -1
    if opened < 0 or "\n" not in text[opened : len(before) - 1] or not re.search(r"[:,\[{(-] *$", text[:opened].rpartition("\n")[2]):
        return None
    line = text.count("\n", 0, opened) + 1
    return "Y003", f"the quote that opens in line {line} is not closed in its line", "close it", opened, opened + 1


def _list_behind(text: str, at: int) -> Said | None:
    """A list that begins behind its key, in the key's own line."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at) if "\n" in text[at:] else len(text)
    found = re.match(r"([ ]*(?:- +)*)([\w.-]+) *: *(- +\S.*)$", text[start:end])
    if found is None:
        return None
    place = start + found.start(3)
    fix = f"write {found[3].strip()} in a line of its own below it, in column {len(found[1]) + 3}"
    return "Y003", f"a list cannot begin in the line of its key, behind {found[2]}:", fix, place, start + found.end(3)


def _inner_quotes(text: str, at: int) -> Said | None:
    """Quotation marks inside a text that the same marks hold: the second of them ends it, and what follows stands bare."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start : text.find("\n", at) if "\n" in text[at:] else len(text)]
    closed = re.search(r"([\"'])[ ]*$", line[: at - start])
    if closed is None or not re.match(r"[\w(]", line[at - start :]):
        return None
    sign, other = closed[1], "'" if closed[1] == '"' else '"'
    opened = line.rfind(sign, 0, closed.start())
    whole = re.match(rf"{sign}(.*{sign}.*){sign}[ ]*(?=[\]}}]*[ ]*(?:#.*)?$)", line[opened:])
    if opened < 0 or whole is None:
        return None
    fits = other not in whole[1] and f"{sign}," not in whole[1]
    fix = f"write {other}{whole[1]}{other}" if fits else f"put {other} around each text that has {sign} in it"
    place = start + closed.start()
    return "Y003", f"a quotation mark inside the text ends it: the text began with {sign}, too", fix, place, place + 1


ODD = {"\u00a0": "a no-break space", "\u3000": "a wide space", "\u2003": "a wide space", "\u200b": "an invisible space",
       "\uff1a": "a wide colon", "\u201c": "a typographic quote", "\u201d": "a typographic quote"}  # fmt: skip


def _odd_character(text: str, at: int) -> Said | None:
    """A character that looks like a space, a colon or a quote, in the line of the complaint or the one before."""
    start = text.rfind("\n", 0, max(0, text.rfind("\n", 0, at))) + 1
    end = text.find("\n", at)
    for place in range(start, end if end >= 0 else len(text)):
        if text[place] in ODD:
            name = ODD[text[place]]
            return "Y003", f"{name} (U+{ord(text[place]):04X}) means nothing to YAML", "type it anew on the keyboard", place, place + 1
    return None


def _comment_in_braces(text: str, at: int) -> Said | None:
    """`[#]`: what closes the bracket stands in a comment, so the complaint comes at a line below."""
    for line in re.finditer(r"^[^#\n]*?[\s,\[{](#[^\n]*?[\]}][^\n]*)$", text[:at], re.M):
        before = text[line.start() : line.start(1)]
        if any(before.count(opens) > before.count(closes) for opens, closes in ("[]", "{}")) and not before.count('"') % 2:
            value = re.match(r"[^\s,\]}]*", line[1])
            shown = value[0] if value is not None else "#"
            message = "what begins with # is a comment, and the bracket is not closed"
            return "Y003", message, f'put the value in quotes: "{shown}"', line.start(1), line.end(1)
    return None


def _deeper(at: int, text: str) -> Said | None:
    """A key that stands deeper than the one in the line above, which has its value already."""
    start = text.rfind("\n", 0, at) + 1
    key = re.compile(r"( *)[\w.-]+ *$").match(text, start, at)
    above = re.search(r"(?:^|\n)( *)((?:- +)*)([\w.-]+) *: +[^\s#|>&{\[][^\n]*(?:\n *(?:#[^\n]*)?)*\n$", text[:start])
    if key is None or above is None or len(key[1]) <= (column := len(above[1]) + len(above[2])):
        return None
    message = f"the line stands deeper than {above[3]} above it, which has its value already"
    return "Y003", message, f"begin it in column {column + 1}, as {above[3]} does", start + len(key[1]), at


def _glued(error: Any, at: int, text: str) -> Said | None:
    """A key that is glued to its value: in the line where the parser began to read a key, or in the one that goes on in this."""
    from runner import glued

    begun = error.context_mark.index if "simple key" in str(error.context or "") else text.rfind("\n", 0, text.rfind("\n", 0, at) + 1)
    found = glued.in_lines(text, max(0, begun), at)
    return ("Y003", found.message, found.fix, found.start, found.end) if found is not None else None


def _structure(error: Any, problem: str, context: str, at: int, text: str) -> Said:
    end, opened = min(at + 1, len(text)), error.context_mark.line + 1 if error.context_mark is not None else 0
    broken = "could not find expected ':'" in problem or "mapping values are not allowed" in problem
    if broken and (found := _glued(error, at, text)) is not None:
        return found
    if "mapping values are not allowed" in problem:
        if (deeper := _deeper(at, text)) is not None:
            return deeper
        fix = "put the value in quotes, or begin the line under the key above it"
        return "Y003", "a ':' that can open no value here", fix, at, end
    if "flow" in context and text[at : at + 1] in ("{", "[") and (key := re.search(r"[A-Za-z_]\w*:$", text[:at])) is not None:
        return "Y003", f"no blank behind the colon of {key[0][:-1]}", f"write {key[0]} {text[at]}", key.start(), at + 1
    if "expected the node content" in problem and text[at : at + 1] == ",":
        return "Y003", "a comma stands behind another, with nothing between them", "take one of them out", at, end
    if "flow mapping" in context or "flow sequence" in context:
        close = "}" if "mapping" in context else "]"
        return "Y003", f"a ',' or '{close}' is missing in what opens in line {opened}", f"close it with {close}", at, end
    if "could not find expected ':'" in problem and error.context_mark is not None:
        begun = error.context_mark.index
        end = text.find("\n", begun) if "\n" in text[begun:] else len(text)
        return "Y003", "the line has no colon that parts a key from its value", "write `key: value`", begun, end
    if "could not find expected ':'" in problem:
        return "Y003", "a line without ':' where a key should stand", "write `key: value`", at, end
    if "block end" in problem or "document start" in problem or "block" in context:
        return "Y003", "the line begins in a column at which nothing is open", "indent it like its neighbours", at, end
    return "Y003", f"this is no YAML: {problem}", "", at, end
