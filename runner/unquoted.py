"""Values that YAML takes apart, for they have no quotes or the wrong ones: templates, other tools' variables, paths of Windows."""

import re
from typing import NamedTuple

_KEY = re.compile(r"(?<![\w$.-])([A-Za-z_][\w-]*):[ \t]+(?=\S)")
_COLUMN = re.compile(r"\{[A-Za-z_][\w.-]*\}")
_MAP = re.compile(r"\{[^{}]*:(?: |$)")
DOUBLE = re.compile(r"\$?\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
ROLES = ("text", "title", "lang", "messages", "instruction", "input", "output", "system", "prompt")  # of columns: they take templates
_PATHS = ("path", "url", "bins", "store", "folder", "file", "hub", "base", "extends")
ESCAPES = {"\0": "0", "\a": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e", "\x85": "N", "\u2028": "L",
           "\u2029": "P", "\xa0": "_"}  # fmt: skip


class Unquoted(NamedTuple):
    """message, fix: in words. start, end: characters of the value in the text."""

    message: str
    fix: str
    start: int
    end: int


def value_at(text: str, at: int) -> Unquoted | None:
    """The value in the line of character `at` that was meant as a text with names in braces; None where there is none."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    if not line.strip(" \t}]") and start:  # a complaint at the beginning of the next line
        return value_at(text, start - 1)
    for key in _KEY.finditer(line):
        value = _value(line, key.end())
        found = None if value.startswith(("'", '"')) and not _goes_on(value) else _meant(key[1], value, "{" in line[: key.start()])
        if found is not None:
            return Unquoted(*found, start + key.end(), start + key.end() + len(value))
    return None


def _meant(name: str, value: str, inside: bool) -> tuple[str, str] | None:
    """Message and fix. inside: the value stands between braces."""
    if _MAP.search(value):
        return None
    double = DOUBLE.search(value)
    if double is not None and name not in ROLES:
        meant = DOUBLE.sub(r"${\1}", value)
        written = quoted(meant) if inside or '"' in meant else meant
        return f"{double[0]} is no variable here: of vars: a value is named by ${{{double[1]}}}", f"write {name}: {written}"
    column = _COLUMN.search(value)
    if column is None or "${" in value:
        return None
    return f"{column[0]} in a value without quotes is a map to YAML", f"put it in quotes: {name}: {quoted(DOUBLE.sub(_in_braces, value))}"


def _in_braces(found: re.Match[str]) -> str:
    return f"{{{found[1]}}}"


def quoted(value: str) -> str:
    """In double quotes, in which \\n goes on to be a line end; quotes that stood around a part of it go."""
    if value[:1] in "'\"" and value[:1]:
        value = value.replace(value[0], "")
    return '"' + value.replace('"', '\\"') + '"'


def _goes_on(value: str) -> bool:
    """True for `"{title}" {text}`."""
    closing = value.find(value[0], 1)
    return closing > 0 and "{" in value[closing:]


def _value(line: str, start: int) -> str:
    """The value that begins at `start`, to the end of the line, or of the braces in which its key stands."""
    inside = line.count("{", 0, start) - line.count("}", 0, start) + line.count("[", 0, start) - line.count("]", 0, start)
    depth = 0
    for at in range(start, len(line)):
        sign = line[at]
        if sign == "#" and line[at - 1] in " \t" and not depth:
            return line[start:at].rstrip()
        if sign in "{[":
            depth += 1
        elif sign in "}]":
            if not depth:
                return line[start:at].rstrip()
            depth -= 1
        elif sign == "," and not depth and inside > 0:
            return line[start:at].rstrip()
    return line[start:].rstrip()


def backslashes(text: str, at: int) -> Unquoted | None:
    """A path of Windows in double quotes around character `at`, in which YAML reads each backslash as an escape."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    for found in re.finditer(r'([\w-]+):\s+"([^"]*)"', line):
        name, value = found[1], found[2]
        if start + found.start(2) <= at <= start + found.end(2) and (
            name in _PATHS or re.match(r"(?:[A-Za-z]:\\|\\\\|\.{1,2}\\)\S*$", value)
        ):
            fix = f'a path has / between its folders: write {name}: "{with_slashes(value)}"'
            return Unquoted(f"in double quotes \\{text[at : at + 1]} is an escape that YAML does not know", fix, at - 1, at + 1)
    return None


def with_slashes(path: str) -> str:
    """A path of Windows with the signs of everybody."""
    path = re.sub(r"^\\(?!\\)", "", path)  # paths start at the project's folder
    return re.sub(r"\\+", "/", path)


def as_typed(value: str) -> str:
    """A value of double quotes as it was typed, of which YAML read `\\t` as a tab."""
    return "".join(f"\\{ESCAPES[sign]}" if sign in ESCAPES else sign for sign in value)


def escapes_in(value: str) -> list[str]:
    """The escapes that were read in a value, as they are typed, each once."""
    return list(dict.fromkeys(f"\\{ESCAPES[sign]}" for sign in value if sign in ESCAPES))
