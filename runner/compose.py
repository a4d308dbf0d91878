"""The parser's events to a tree of Nodes with places: keys twice, tags, aliases and depth are judged here.

The only module that knows ruamel.yaml. Nothing in it is recursive, so no text can exhaust the stack.
"""

import re
from typing import Any

from runner.document import Document, Node, scalar
from runner.nearest import nearest

DEEPEST = 60
TEXTS = ("about", "system", "title")  # keys of texts for people and for models
MOST_ALIASED = 10_000  # nodes that aliases may stand for, in all
_PROPERTY = r"([&!])[^\s,\[\]{}]*"
_GAP = r"(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*)*"


def compose(document: Document) -> None:
    """Fill in the document's root from its text, and say what is wrong with it."""
    text = document.text
    if text.startswith("\ufeff"):
        body, shift = text[1:], 1
    else:
        body, shift = text, 0
    forbidden = {c for c in set(body) if _is_forbidden(c)}
    if forbidden:
        at = next(i for i, c in enumerate(body) if c in forbidden)
        message = f"the character U+{ord(body[at]):04X} may not stand in YAML"
        document.complain("Y002", message, at + shift, at + shift + 1, "delete it, or write it as an escape")
        return
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import Reader

    class Checked(Reader):  # type: ignore[misc, unused-ignore]
        """A reader of text that was checked above: its own check begins with a pattern that takes longer than a recipe."""

        def check_printable(self, data: Any) -> None:
            """See `_is_forbidden`."""

    builder = _Builder(document, shift)
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader = Checked
    try:
        for event in yaml.parse(body):
            builder.take(event)
            if builder.stopped:
                return
    except MarkedYAMLError as error:
        from runner import yamlwords

        code, message, fix, start, end = yamlwords.explain(error, body)
        line = document.place(start + shift, end + shift).line
        if any(finding.place is not None and finding.place.line == line for finding in document.findings):
            return  # what stands in the line is said
        document.complain(code, message, start + shift, end + shift, fix)
        return
    except (YAMLError, ValueError, IndexError, AttributeError, OverflowError) as error:  # the parser's own slips on odd text
        first = str(error).split("\n")[0]
        document.complain("Y003", f"this is no YAML: {first}", shift, shift + 1)
        return
    _finish(document, builder.root, shift)


def _is_forbidden(character: str) -> bool:
    """True for what YAML's c-printable leaves out (section 5.1 of the specification)."""
    if character < " ":
        return character not in "\t\n\r"
    return ("\x7f" <= character < "\xa0" and character != "\x85") or "\ud800" <= character < "\ue000" or character in "\ufffe\uffff"


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
        if " #" in document.text:
            _cut_by_a_number_sign(document)


def _cut_by_a_number_sign(document: Document) -> None:
    """`about: phase #1 of two`: what follows the # is a comment, and was hardly meant as one when a digit follows at once.

    Behind several words it is a sentence that is cut, and a warning; so is a template that begins with one. A word that follows at once
    is mentioned in texts for people and models, where a sign such as #spring is a word.
    """
    for match in re.finditer(r"^[^#\"'\n]*: +(#[^\n]*\{[A-Za-z_]\w*\}[^\n]*)$", document.text, re.M):
        fix = f'put the value in quotes: "{match[1].strip()}"'
        document.complain("Y014", "what begins with # is a comment", match.start(1), match.end(), fix, severity="warning")
    for match in re.finditer(r"^([^#\"'\n]*): [^#\"'\n,\[\]{}]*[^\s#\"'\n:] (#\w[^\n]*)$", document.text, re.M):
        start = match.start(2)
        cut = match[0][: start - match.start()].split(": ", 1)[1].strip()
        digit = match[2][1:2].isdigit()
        if not digit and (match[1].strip(" -") not in TEXTS or cut.count(" ") < 2):
            continue
        document.complain("Y014", f"what begins with {match[2][:20].strip()} is a comment", start, match.end(), "put the value in quotes",
                          severity="warning" if " " in cut and digit else "info")  # fmt: skip


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
            self._second(at)
            self.stopped = True
            _finish(self.document, self.root, self.shift)

    def _second(self, at: int) -> None:
        """A second document: behind the `...` that ended the first, or at its own `---`."""
        before = re.search(r"\n(\.\.\.)\s*(?:#[^\n]*\s*)*$", self.document.text[:at])
        if before is not None:
            self.document.complain("Y008", "`...` ends the recipe here", before.start(1), before.end(1), "delete the `...`")
        else:
            self.document.complain("Y008", "a second document begins here", at, at + 3, "keep one recipe in a file: delete the `---`")

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
        if plain and text[:1] == "0" and len(text) > 1 and text.isdecimal() and self.keys and self.keys[-1] is not None:
            fix = f"write {int(text)}, or 0o{text.lstrip('0') or 0} for the octal number"
            message = f"{text} is {int(text)} here, and an octal number to older YAML readers"
            self.document.complain("Y013", message, start, end, fix, severity="warning")
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
            message = (
                f"*{event.anchor} stands inside &{event.anchor} itself" if inside else f"there is no anchor &{event.anchor} before this"
            )
            glob = not inside and any(mark in event.anchor for mark in "./*")
            fix = f'a text that begins with * stands in quotes: "*{event.anchor}"'
            if not glob:
                near = nearest(event.anchor, [name for name, node in self.anchors.items() if node is not None])
                named = f"write *{near}" if near else f"write &{event.anchor} behind the key whose value is meant, above this line"
                fix = "write the value itself" if inside else named
            self.document.complain("Y006", message, start, end, fix)
            self._add(Node(self.document, start, end, f"*{event.anchor}" if glob else None))
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
            if flow and empty and self._cut_by_a_comma(parent, key):
                return
            self._put(parent, key, node)
        if not flow:
            parent.end = parent.key_end = max(parent.end, node.end)

    def _put(self, parent: Node, key: Node, node: Node) -> None:
        name = key.value
        if key.items is not None or not isinstance(name, (str, int)) or isinstance(name, bool):
            shown = "a map or a list" if key.items is not None else key.text or "nothing"
            from runner import unquoted

            if key.items is not None and (found := unquoted.value_at(self.document.text, key.start)) is not None:
                self.document.complain("Y010", found.message, found.start, found.end, found.fix)
                self.stopped = True  # what is read behind it is no value of anybody's
                return
            fix = f'write "{key.text}"' if key.text else "write ${NAME} for a variable of vars:" if key.items is not None else ""
            self.document.complain("Y010", f"a key is a word or a whole number, this is {shown}", key.start, key.end, fix)
            return
        if self.json and isinstance(name, str) and name.removeprefix("-").isdecimal():
            name = int(name)
        before = parent.items.get(name)
        if before is not None:
            first = self.document.place(before.key_start, before.key_end).line
            line = self.document.place(key.start, key.end).line
            where = f"in lines {first} and {line}" if first != line else f"twice in line {line}"
            step = name == "type" and first != line and len(self.stack) > 1 and isinstance(self.stack[-2][0].items, list)
            fix = f"begin line {line} with `- ` where another step begins there, or keep one of the two" if step else "keep one of the two"
            self.document.complain("Y004", f"{name} is written {where}", key.start, node.end, fix)
            return
        parent.items[name] = node

    def _cut_by_a_comma(self, parent: Node, key: Node) -> bool:
        """Complain about `{dropout: 0,1}`: a key without value that is the rest of a number."""
        name, before = next(reversed(parent.items.items()), (None, None))
        if before is None or not re.fullmatch(r"-?\d+", before.text or "") or not re.fullmatch(r"\d+(e-?\d+)?", key.text or ""):
            return False
        if not re.fullmatch(r",\s?", self.document.text[before.end : key.start]):
            return False
        whole = len(str(key.text)) == 3 and before.value != 0
        message = f"a comma ends a value between braces: {name} is {before.text} here, and {key.text} another key"
        self.document.complain("Y010", message, before.start, key.end, f"write {name}: {before.text}{'' if whole else '.'}{key.text}")
        return True

    def _merge(self, node: Node) -> None:
        """`<<: *other`: keys of the other map that this one does not have."""
        source = node.items.pop("<<")
        for other in source.items if isinstance(source.items, list) else [source]:
            if other.items is None and self.document.text.startswith("*", other.start) and other.value is None:
                continue  # an alias of nothing, which is said
            if not isinstance(other.items, dict):
                self.document.complain(
                    "Y006", "<< wants the alias of a map", source.start, source.end, "write <<: *name, of a map that is marked &name above"
                )
                continue
            for key, child in other.items.items():
                node.items.setdefault(key, child)

    def _properties(self, event: Any, start: int, end: int) -> int:
        """Skip `&name` and complain about a tag; the offset at which the value itself begins."""
        text = self.document.text
        for _ in range(2):
            match = re.compile(_PROPERTY).match(text, start, end)
            if not match:
                break
            if match[0] == "!":
                self.document.complain("Y005", "! is the beginning of a tag to YAML", start, start + 1, 'put the value in quotes: "!"')
                self.stopped = True
            elif match[1] == "!":
                self.document.complain("Y005", f"{match[0]} is a tag: a recipe takes none", start, match.end(), "delete it")
            start = match.end()
            gap = re.compile(_GAP).match(text, start, end)
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
