"""YAML 1.2 text to plain data with the place of every key and value; text that cannot be read becomes findings, never a traceback.

Scalars are read by the core schema of YAML 1.2: `1e-5` is a number, `no` is text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from schemas.findings import Edit, Finding, Place

MOST_BYTES = 16 * 1024 * 1024

_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
# Patterns are compiled when they are first wanted (re keeps them): most recipes need one or two, and start-up is what `check` costs.
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_OTHER = r"(0o[0-7]+)|(0x[0-9a-fA-F]+)|([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_COMMENT = r"(?<![^ \t\r\n\ufeff])#[^\r\n]*"


class Node:
    """A value of the document: `items` is a dict of key to Node, a list of Nodes, or None for a scalar, whose value is `value`.

    start, end: character offsets of the value; key_start, key_end: of its key (the same as the value's in a list); all -1 when it is
    not written anywhere. text: a scalar as written. how: where the value comes from when it is not simply written in `document`.
    """

    __slots__ = ("document", "end", "how", "items", "key_end", "key_start", "start", "text", "value")

    def __init__(self, document: "Document", start: int, end: int, value: Any = None, items: Any = None, text: str | None = None) -> None:
        self.document = document
        self.start = self.key_start = start
        self.end = self.key_end = end
        self.value = value
        self.items = items
        self.text = text
        self.how = ""

    def copy(self) -> "Node":
        """The same node, so that marks or items may be changed; its children are shared."""
        twin = Node(self.document, self.start, self.end, self.value, self.items, self.text)
        twin.key_start, twin.key_end, twin.how = self.key_start, self.key_end, self.how
        return twin

    def get(self, key: Any) -> "Node | None":
        """The child of a map by its key; None when there is none or this is no map."""
        return self.items.get(key) if isinstance(self.items, dict) else None

    def written(self, path: Sequence[str | int]) -> str | None:
        """What stands in the document at `path` below: a scalar's text, a map or a list with its braces. None where nothing does."""
        current: Node | None = self
        for key in path:
            if current is None or current.items is None:
                return None
            if isinstance(current.items, list):
                current = current.items[key] if isinstance(key, int) and key < len(current.items) else None
            else:
                current = current.items.get(key)
        if current is not None and current.items is not None and current.start >= 0:
            return current.document.text[current.start : current.end]
        return current.text if current is not None else None

    def plain(self) -> Any:
        """The value as dicts, lists and scalars."""
        if self.items is None:
            return self.value
        if isinstance(self.items, dict):
            return {key: child.plain() for key, child in self.items.items()}
        return [child.plain() for child in self.items]

    def places(self) -> tuple[Place, Place, Place]:
        """Key with value, key, value."""
        place = self.document.place
        value = place(self.start, self.end)
        if self.key_start == self.start:
            return value, value, value
        key = place(self.key_start, self.key_end)
        both = Place(key.file, key.line, key.column, value.end_line, value.end_column, key.start, value.end)
        return both, key, value


class Document:
    """One file: its text, its tree (`root`, None when it could not be read as a map), and what was wrong with the text (`findings`).

    name: how the file is called in findings.
    """

    def __init__(self, path: Path, name: str, text: str = "") -> None:
        self.path = path
        self.name = name
        self.text = text
        self.root: Node | None = None
        self.findings: list[Finding] = []
        self._lines: list[int] = []

    def place(self, start: int, end: int) -> Place:
        """The stretch from character `start` to `end`."""
        if not self._lines:
            self._lines = _line_starts(self.text)
        line = bisect_right(self._lines, start)
        end_line = line if end < (self._lines[line] if line < len(self._lines) else end + 1) else bisect_right(self._lines, end)
        return Place(self.name, line, start - self._lines[line - 1] + 1, end_line, end - self._lines[end_line - 1] + 1, start, end)

    def comments(self) -> Iterator[tuple[Place, str]]:
        """Each comment, in order: its place and its text from the `#` on."""
        spans = sorted(_scalar_spans(self.root)) if self.root else []
        position, at = 0, 0
        while (match := re.compile(_COMMENT).search(self.text, position)) is not None:
            start, end = match.start(), match.end()
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            if at < len(spans) and spans[at][0] < start:
                position = spans[at][1]
                continue
            yield self.place(start, end), self.text[start:end]
            position = end

    def complain(
        self, code: str, message: str, start: int, end: int, fix: str = "", edits: tuple[Edit, ...] = (), severity: Any = "error"
    ) -> None:
        """Add a finding about the characters from `start` to `end`."""
        self.findings.append(Finding(code, severity, message, (), fix, edits, place=self.place(start, end)))


def read(path: Path, name: str = "", text: str | None = None) -> Document:
    """The document in `path`, or in `text` when that is given. Never raises for what the file holds."""
    from runner.compose import compose  # it knows this module's Node

    document = Document(path, name or str(path))
    if text is None:
        text = _decoded(document)
    if text is not None:
        document.text = text
        compose(document)
    return document


def value_of(text: str) -> Any:
    """The value of `text` as it would stand in a recipe: `1e-5`, `[1, 2]`, `{a: b}`. Raises ValueError when it is no YAML."""
    from runner.compose import compose

    document = Document(Path(), "", "value: " + text)
    compose(document)
    if document.findings or document.root is None or list(document.root.items or ()) != ["value"]:
        raise ValueError(document.findings[0].message if document.findings else "it is more than one value")
    return document.root.items["value"].plain()


def scalar(text: str) -> Any:
    """The value of a plain scalar by the core schema of YAML 1.2."""
    first = text[:1]
    if first in "-+.0123456789" and first:
        digits = text[1:] if first in "-+" else text
        if digits.isascii() and digits.isdigit():
            return int(text) if len(text) < 400 else text
        if re.fullmatch(_FLOAT, text) and len(text) < 400:
            return float(text)
        other = re.fullmatch(_OTHER, text)
        if other and other[1]:
            return int(other[1][2:], 8)
        if other and other[2]:
            return int(other[2], 16)
        if other:
            return float("nan") if other[3] is None else float(f"{other[3]}inf")
        return text
    return _WORDS.get(text, text)


def _line_starts(text: str) -> list[int]:
    if "\r" in text:
        return [0, *(match.end() for match in re.finditer("\r\n|\n|\r", text))]
    starts, at = [0], text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return starts


def _decoded(document: Document) -> str | None:
    path = document.path
    nowhere = Place(document.name, 1, 1, 1, 1, 0, 0)

    def refuse(code: str, message: str, fix: str = "") -> None:
        document.findings.append(Finding(code, "error", message, (), fix, place=nowhere))

    try:
        if path.is_dir():
            refuse("Y001", "this is a folder, not a recipe", "name the recipe's file")
            return None
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        refuse("Y001", f"the file cannot be read: {(error.strerror or str(error)).lower()}")
        return None
    if len(raw) > MOST_BYTES:
        refuse("Y001", f"the file is larger than {MOST_BYTES // 2**20} MiB: this is no recipe")
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        document.text = raw.decode("utf-8", "replace")
        at = len(raw[: error.start].decode("utf-8"))
        what = "this looks like UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte 0x{raw[error.start]:02x} is not UTF-8"
        document.complain("Y002", what, at, at + 1, "save the file as UTF-8")
        return None


def _scalar_spans(root: Node) -> Iterator[tuple[int, int]]:
    todo = [root]
    while todo:
        node = todo.pop()
        if node.key_start != node.start:
            yield node.key_start, node.key_end
        if node.items is None:
            yield node.start, node.end
        else:
            todo.extend(node.items.values() if isinstance(node.items, dict) else node.items)
