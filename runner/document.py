"""YAML 1.2 text to plain data with the place of every key and value; text that cannot be read becomes findings, never a traceback.

Apart from the rest because it alone knows ruamel.yaml. It reads the parser's events, so nothing here is recursive and nothing is
guessed by YAML 1.1: `1e-5` is a number, `no` is text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner import yamlwords
from schemas.findings import Edit, Finding, Place

MOST_BYTES = 16 * 1024 * 1024
DEEPEST = 60
MOST_ALIASED = 10_000  # nodes that aliases may stand for, in all

_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_OTHER = re.compile(r"(0o[0-7]+)|(0x[0-9a-fA-F]+)|([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_FORBIDDEN = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_END = re.compile("\r\n|\n|\r")


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


@dataclass
class Document:
    """One file: its text, its tree (None when it could not be read as a map), and what was wrong with the text.

    name: how the file is called in findings.
    """

    path: Path
    name: str
    text: str = ""
    root: Node | None = None
    findings: list[Finding] = field(default_factory=list)
    _lines: list[int] = field(default_factory=list)

    def place(self, start: int, end: int) -> Place:
        """The stretch from character `start` to `end`."""
        if not self._lines:
            self._lines = [0, *(m.end() for m in _LINE_END.finditer(self.text))]
        line = bisect_right(self._lines, start)
        end_line = line if end < (self._lines[line] if line < len(self._lines) else end + 1) else bisect_right(self._lines, end)
        return Place(self.name, line, start - self._lines[line - 1] + 1, end_line, end - self._lines[end_line - 1] + 1, start, end)

    def comments(self) -> Iterator[tuple[Place, str]]:
        """Each comment, in order: its place and its text from the `#` on."""
        spans = sorted(_scalar_spans(self.root)) if self.root else []
        at = 0
        for match in re.finditer(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*", self.text.removeprefix("\ufeff")):
            start = match.start() + (1 if self.text.startswith("\ufeff") else 0)
            while at < len(spans) and spans[at][1] <= start:
                at += 1
            if at < len(spans) and spans[at][0] < start:
                continue
            end = start + len(match.group())
            yield self.place(start, end), self.text[start:end]

    def complain(
        self, code: str, message: str, start: int, end: int, fix: str = "", edits: tuple[Edit, ...] = (), severity: Any = "error"
    ) -> None:
        """Add a finding about the characters from `start` to `end`."""
        self.findings.append(Finding(code, severity, message, (), fix, edits, place=self.place(start, end)))


def read(path: Path, name: str = "", text: str | None = None) -> Document:
    """The document in `path`, or in `text` when that is given. Never raises for what the file holds."""
    document = Document(path, name or str(path))
    if text is None:
        text = _decoded(document)
    if text is not None:
        document.text = text
        _compose(document)
    return document


def value_of(text: str) -> Any:
    """The value of `text` as it would stand in a recipe: `1e-5`, `[1, 2]`, `{a: b}`. Raises ValueError when it is no YAML."""
    document = Document(Path(), "", "value: " + text)
    _compose(document)
    if document.findings or document.root is None or list(document.root.items or ()) != ["value"]:
        raise ValueError(document.findings[0].message if document.findings else "it is more than one value")
    return document.root.items["value"].plain()


def scalar(text: str) -> Any:
    """The value of a plain scalar by the core schema of YAML 1.2."""
    first = text[:1]
    if first in "-+.0123456789" and first:
        if _INT.fullmatch(text) and len(text) < 400:
            return int(text)
        if _FLOAT.fullmatch(text) and len(text) < 400:
            return float(text)
        other = _OTHER.fullmatch(text)
        if other and other[1]:
            return int(other[1][2:], 8)
        if other and other[2]:
            return int(other[2], 16)
        if other:
            return float("nan") if other[3] is None else float(f"{other[3]}inf")
        return text
    return _WORDS.get(text, text)


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


def _compose(document: Document) -> None:
    text = document.text
    if text.startswith("\ufeff"):
        body, shift = text[1:], 1
    else:
        body, shift = text, 0
    bad = _FORBIDDEN.search(body)
    if bad:
        at = bad.start() + shift
        document.complain("Y002", f"the character U+{ord(bad[0]):04X} may not stand in YAML", at, at + 1, "delete it, or write it as an escape")
        return
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    builder = _Builder(document, shift)
    try:
        for event in YAML(typ="safe", pure=True).parse(body):
            builder.take(event)
            if builder.stopped:
                return
    except MarkedYAMLError as error:
        code, message, fix, start, end = yamlwords.explain(error, body)
        document.complain(code, message, start + shift, end + shift, fix)
        return
    except (YAMLError, ValueError, IndexError, AttributeError, OverflowError) as error:  # the parser's own slips on odd text
        first = str(error).split("\n")[0]
        document.complain("Y003", f"this is no YAML: {first}", shift, shift + 1)
        return
    _finish(document, builder.root, shift)


def _finish(document: Document, root: Node | None, shift: int) -> None:
    if root is None or (root.items is None and root.value is None):
        document.complain("Y007", "the file is empty", shift, shift, "begin with `recipe: name` and a list of `steps:`")
    elif not isinstance(root.items, dict):
        found = "a list" if isinstance(root.items, list) else "one value"
        end = min(root.end, len(document.text))
        line_end = document.text.find("\n", root.start)
        end = min(end, line_end if line_end > root.start else end)
        fix = "put `steps:` above the list" if found == "a list" else "write `key: value` lines"
        document.complain("Y007", f"a recipe is a map of keys, this is {found}", root.start, end, fix)
    else:
        document.root = root


class _Builder:
    """Makes the tree from the parser's events, one at a time, on a stack of open maps and lists."""

    def __init__(self, document: Document, shift: int) -> None:
        self.document = document
        self.shift = shift
        self.root: Node | None = None
        self.stopped = False
        self.stack: list[tuple[Node, bool]] = []  # node, and whether it is written in flow style
        self.keys: list[Node | None] = []  # the key that waits for its value, for each open node
        self.names: list[str | None] = []  # the anchor of each open node
        self.anchors: dict[str, Node | None] = {}
        self.aliased = 0
        self.documents = 0
        self.json = document.path.suffix == ".json"
        self.by_kind = {
            "ScalarEvent": self._scalar, "MappingStartEvent": self._open, "SequenceStartEvent": self._open,
            "MappingEndEvent": self._close, "SequenceEndEvent": self._close, "AliasEvent": self._alias,
            "DocumentStartEvent": self._document, "StreamStartEvent": self._nothing, "StreamEndEvent": self._nothing,
            "DocumentEndEvent": self._nothing,
        }  # fmt: skip

    def take(self, event: Any) -> None:
        """Add one event."""
        self.by_kind[type(event).__name__](event)

    def _nothing(self, event: Any) -> None:
        """A border of the stream, which holds nothing."""

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            at = event.start_mark.index + self.shift
            self.document.complain("Y008", "a second document begins here", at, at + 3, "keep one recipe in a file: delete the `---`")
            self.stopped = True
            _finish(self.document, self.root, self.shift)

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
        plain = event.implicit[0]
        text: str = event.value
        if event.tag is not None or event.anchor is not None:
            start = self._properties(event, start, end)
            plain = event.style is None or event.style == ""
        if event.style in ("|", ">"):
            end = self._trimmed(start, end)
        value = scalar(text) if plain else text
        node = Node(self.document, start, end, value, None, text if plain or value != text else None)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._add(node, empty=plain and not text)

    def _open(self, event: Any) -> None:
        start = event.start_mark.index + self.shift
        if event.tag is not None or event.anchor is not None:
            start = self._properties(event, start, len(self.document.text))
        mapping = type(event).__name__ == "MappingStartEvent"
        node = Node(self.document, start, start, None, {} if mapping else [])
        if len(self.stack) >= DEEPEST:
            self.document.complain("Y009", f"values are nested more than {DEEPEST} deep", start, start + 1)
            self.stopped = True
            return
        if event.anchor is not None:
            self.anchors[event.anchor] = None  # known, but not to be used inside itself
        self.stack.append((node, bool(event.flow_style)))
        self.keys.append(None)
        self.names.append(event.anchor)

    def _close(self, event: Any) -> None:
        node, flow = self.stack.pop()
        self.keys.pop()
        name = self.names.pop()
        if flow:
            node.end = node.key_end = event.end_mark.index + self.shift
        if name is not None:
            self.anchors[name] = node
        if isinstance(node.items, dict) and "<<" in node.items:
            self._merge(node)
        self._add(node)

    def _alias(self, event: Any) -> None:
        start, end = event.start_mark.index + self.shift, event.end_mark.index + self.shift
        source = self.anchors.get(event.anchor)
        if source is None:
            inside = event.anchor in self.anchors
            message = f"*{event.anchor} stands inside &{event.anchor} itself" if inside else f"there is no anchor &{event.anchor} before this"
            self.document.complain("Y006", message, start, end)
            self._add(Node(self.document, start, end))
            return
        self.aliased += _count(source, MOST_ALIASED)
        if self.aliased > MOST_ALIASED:
            self.document.complain("Y006", f"the aliases stand for more than {MOST_ALIASED} values", start, end, "write vars instead")
            self.stopped = True
            return
        node = source.copy()
        node.start = node.key_start = start
        node.end = node.key_end = end
        self._add(node)

    def _add(self, node: Node, empty: bool = False) -> None:
        if not self.stack:
            self.root = node
            return
        parent, flow = self.stack[-1]
        if isinstance(parent.items, list):
            parent.items.append(node)
        elif self.keys[-1] is None:
            self.keys[-1] = node
            return
        else:
            key = self.keys[-1]
            self.keys[-1] = None
            if empty:  # the parser puts a missing value at the next token
                colon = self.document.text.find(":", key.end)
                node.start = node.end = colon + 1 if colon >= 0 else key.end
            node.key_start, node.key_end = key.start, key.end
            self._put(parent, key, node)
        if not flow:
            parent.end = parent.key_end = max(parent.end, node.end)

    def _put(self, parent: Node, key: Node, node: Node) -> None:
        name = key.value
        if key.items is not None or not isinstance(name, (str, int)) or isinstance(name, bool):
            shown = "a map or a list" if key.items is not None else key.text or "nothing"
            fix = f'write "{key.text}"' if key.text else ""
            self.document.complain("Y010", f"a key is a word or a whole number, this is {shown}", key.start, key.end, fix)
            return
        if self.json and isinstance(name, str) and _INT.fullmatch(name):
            name = int(name)
        before = parent.items.get(name)
        if before is not None:
            first = self.document.place(before.key_start, before.key_end).line
            line = self.document.place(key.start, key.end).line
            where = f"in lines {first} and {line}" if first != line else f"twice in line {line}"
            self.document.complain("Y004", f"{name} is written {where}", key.start, node.end, "keep one of the two")
            return
        parent.items[name] = node

    def _merge(self, node: Node) -> None:
        """`<<: *other`: keys of the other map that this one does not have."""
        source = node.items.pop("<<")
        for other in source.items if isinstance(source.items, list) else [source]:
            if not isinstance(other.items, dict):
                self.document.complain("Y006", "<< wants the alias of a map", source.start, source.end)
                continue
            for key, child in other.items.items():
                node.items.setdefault(key, child)

    def _properties(self, event: Any, start: int, end: int) -> int:
        """Skip `&name` and complain about a tag; the offset at which the value itself begins."""
        text = self.document.text
        for _ in range(2):
            match = re.compile(r"([&!])[^\s,\[\]{}]*").match(text, start, end)
            if not match:
                break
            if match[1] == "!":
                self.document.complain("Y005", f"{match[0]} is a tag: a recipe takes none", start, match.end(), "delete it")
            start = match.end()
            gap = re.compile(r"(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*)*").match(text, start, end)
            start = gap.end() if gap else start
        return start

    def _trimmed(self, start: int, end: int) -> int:
        """The end of a block scalar without the blank lines and comments that follow it."""
        text = self.document.text[start:end]
        kept = text.rstrip()
        return start + len(kept)


def _count(node: Node, most: int) -> int:
    total, todo = 0, [node]
    while todo and total <= most:
        current = todo.pop()
        total += 1
        if current.items is not None:
            todo.extend(current.items.values() if isinstance(current.items, dict) else current.items)
    return total


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
