"""`vars` and `${name}`: values written once, put in where they are named. `${env:NAME}` stays as it is, for fields that hold secrets."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from runner.document import Document, Node
from runner.nearest import did_you_mean, nearest
from schemas.findings import Edit, Finding, RecipePath, Severity

_NAMED = r"\$\$\{|\$\{([^{}]*)\}"  # compiled only where a `${` is
_UNTOUCHED = ("type", "id")


class Variables:
    """The vars of a recipe, and what was found wrong while putting them in.

    secrets: paths of values in which ${env:NAME} stands. used: names that were asked for.
    """

    def __init__(self, node: Node | None) -> None:
        self.findings: list[Finding] = []
        self.secrets: list[tuple[RecipePath, Node]] = []
        self.used: set[str] = set()
        self._vars: dict[str, Node] = {}
        self._anchored = False  # an alias may read what no name does
        self._open: list[str] = []
        self._done: dict[str, Node] = {}
        if node is not None and isinstance(node.items, dict):
            self._vars = {str(key): child for key, child in node.items.items()}
            self._anchored = node.start >= 0 and "&" in node.document.text[node.key_start : node.end]

    def fill(self, node: Node, path: RecipePath) -> Node:
        """`node` with every ${name} in it replaced; the same node when there is none."""
        items = node.items
        if items is None:
            return self._scalar(node, path) if isinstance(node.value, str) and "${" in node.value else node
        if isinstance(items, dict):
            changed = {}
            for key, child in items.items():
                if child.items is not None or (isinstance(child.value, str) and "${" in child.value):
                    new = self._plain_word(child, (*path, key)) if self._is_name(path, key) else self.fill(child, (*path, key))
                    if new is not child:
                        changed[key] = new
            if not changed:
                return node
            twin = node.copy()
            twin.items = {key: changed.get(key, child) for key, child in items.items()}
            return twin
        new_list = [self.fill(child, (*path, index)) for index, child in enumerate(items)]
        if all(new is old for new, old in zip(new_list, items, strict=True)):
            return node
        twin = node.copy()
        twin.items = new_list
        return twin

    def unread(self, document: Document, keys: Collection[str]) -> None:
        """Y034 for each variable of `document` that no value names. keys: of the recipe, under one of which its value may belong.

        Nothing is said where a name is wanted that is not there: it was most likely meant to be one of these.
        """
        if self.findings or self._anchored:
            return
        for name, node in self._vars.items():
            if name in self.used or node.document is not document or node.start < 0:
                continue
            near = nearest(name, self.used)
            fix = f"write {near}, which is read" if near else f"name it where it is wanted: ${{{name}}}, or delete it"
            if not near and name in keys:
                fix = f"write {name}: ${{{name}}} in the step that it is for, or delete it"
            place = node.places()[1]
            message = f"nothing reads the variable {name}"
            self.findings.append(Finding("Y034", "warning", message, ("vars", name), fix, on="key", place=place))

    def misspelt(self, nodes: Mapping[str, Node], base: RecipePath) -> None:
        """Y030 for a variable that nothing reads and a value names as other tools do: {{ data }}, $data, $(data), %data%.

        In a text those of one sign may be meant, and the others are a warning: a path, a name or a number is no such text.
        """
        for key, node in nodes.items():
            for path, leaf in _texts(node, (*base, key)):
                for name in self._vars.keys() - self.used:
                    self._as_elsewhere(name, path, leaf)

    def _as_elsewhere(self, name: str, path: RecipePath, leaf: Node) -> None:
        word = re.escape(name)
        shape = rf"\$?\{{\{{\s*{word}\s*\}}\}}|\$\({word}\)"
        strict = rf"{shape}|\${word}\b|%{word}%|(?<!\$)\{{{word}\}}|<{word}>"
        sure = path[-1] in ("path", "hub", "url", "config", "name") or re.fullmatch(strict, leaf.value) is not None
        shape = strict if sure else shape
        found = re.search(shape, leaf.value)
        if found is not None:
            meant = re.sub(shape, f"${{{name}}}", leaf.value)
            message = f"{found[0]} is no variable here: of vars: a value is named by ${{{name}}}"
            fix = f"write {meant}" if isinstance(path[-1], int) else f"write {path[-1]}: {meant}"
            self._say("Y030", message, path, fix, leaf, (Edit("set", path, meant),), "error" if sure else "warning")
            self.used.add(name)

    def _is_name(self, path: RecipePath, key: Any) -> bool:
        return len(path) == 2 and path[0] == "steps" and key in _UNTOUCHED

    def _plain_word(self, node: Node, path: RecipePath) -> Node:
        if isinstance(node.value, str):
            self._say("Y032", f"{path[-1]} cannot hold a variable", path, "write the name itself", node)
        return node

    def _scalar(self, node: Node, path: RecipePath) -> Node:
        text: str = node.value
        whole = re.fullmatch(_NAMED, text)
        if whole and whole[1] is not None and not whole[1].startswith("env:"):
            value = self._value(whole[1].strip(), path, node)
            return node if value is None else _standing(value, node, whole[1].strip())
        secret = False
        unknown = False

        def put(match: re.Match[str]) -> str:
            nonlocal secret, unknown
            if match[1] is None:
                return "${"
            if match[1].startswith("env:"):
                secret = True
                return match[0]
            value = self._value(match[1].strip(), path, node)
            if value is None:
                unknown = True
                return match[0]
            if value.items is not None:
                shape = "a map" if isinstance(value.items, dict) else "a list"
                self._say("Y032", f"{match[1]} is {shape}, which has no place inside text", path, f"write ${{{match[1]}}} alone", node)
                unknown = True
                return match[0]
            return _shown(value)

        filled = re.sub(_NAMED, put, text)
        if filled == text and not secret and not unknown:
            double = re.search(r"\$\{\{\s*([\w.-]+)\s*\}\}", text)
            fix = "close it with }, or write $${ for the characters"
            if double is not None:
                fix = f"write {text.replace(double[0], f'${{{double[1]}}}')}"
                self.used.add(double[1])
            self._say(
                "Y030", f"{double[0]} names no variable" if double else "${ opens a variable's name that is not closed", path, fix, node
            )
        result = node.copy()
        result.value, result.text = filled, None
        if secret:
            self.secrets.append((path, result))
        return result

    def _value(self, name: str, path: RecipePath, node: Node) -> Node | None:
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            self._say("Y031", f"vars name each other in a circle: {circle}", ("vars", name), "give one of them a value", None)
            return None
        head, *rest = name.split(".") if name not in self._vars else [name]
        self.used.add(head)
        if head not in self._vars:
            near = nearest(name, self._vars) if name.split(".")[-1] not in self._vars else name.split(".")[-1]
            others = "" if name.isupper() else did_you_mean(name, self._vars, "there are")
            fix = f"write ${{{near}}}" if near else others or _undefined(name)
            if re.search(r"[-+*/%]|\bif\b|\bor\b|[|(]", name) and re.search(r"[\s(|]", name):
                fix = "nothing is computed in ${…}: write the value, or a variable of its own"
            self._say("Y030", f"there is no variable {name}", path, fix, node)
            return None
        if head not in self._done:
            self._open.append(head)
            self._done[head] = self.fill(self._vars[head], ("vars", head))
            self._open.pop()
        value: Node | None = self._done[head]
        for part in rest:
            value = value.get(part) if value is not None else None
        if value is None:
            self._say("Y030", f"there is no variable {name}", path, "", node)
        return value

    def _say(self, code: str, message: str, path: RecipePath, fix: str, node: Node | None, edits: tuple[Edit, ...] = (),
             severity: Severity = "error") -> None:  # fmt: skip
        place = node.document.place(node.start, node.end) if node is not None and node.start >= 0 else None
        found = Finding(code, severity, message, path, fix, edits, on="value", place=place)
        if found not in self.findings:
            self.findings.append(found)


def _undefined(name: str) -> str:
    if name.isupper():
        return f"write the value itself, or vars: {{{name}: …}} at the top: variables of the shell are not read"
    return "write it under vars:"


def _texts(node: Node, path: RecipePath) -> Iterator[tuple[RecipePath, Node]]:
    """Each text at and below `node`, with its path."""
    if isinstance(node.items, dict):
        for key, child in node.items.items():
            yield from _texts(child, (*path, key))
    elif node.items is not None:
        for index, child in enumerate(node.items):
            yield from _texts(child, (*path, index))
    elif isinstance(node.value, str):
        yield path, node


def escaped(value: Any) -> Any:
    """Plain data in which literal `${` is written `$${`, so that it means the same when it is read again."""
    if isinstance(value, str):
        return re.sub(r"\$\{(?!env:)", "$${", value) if "${" in value else value
    if isinstance(value, dict):
        return {key: escaped(child) for key, child in value.items()}
    if isinstance(value, list):
        return [escaped(child) for child in value]
    return value


def _standing(value: Node, at: Node, name: str) -> Node:
    """The variable's value as if it were written at `at`."""
    twin = value.copy()
    twin.document, twin.start, twin.end = at.document, at.start, at.end
    twin.key_start, twin.key_end = at.key_start, at.key_end
    twin.how = f"vars.{name}"
    twin.items = _unplaced(value.items, twin)
    return twin


def _unplaced(items: Any, top: Node) -> Any:
    """The children with no place of their own: they are written under vars, and here is only the variable's name."""
    if items is None:
        return None

    def bare(child: Node) -> Node:
        twin = child.copy()
        twin.document, twin.how = top.document, top.how
        twin.start = twin.end = twin.key_start = twin.key_end = -1
        twin.items = _unplaced(child.items, top)
        return twin

    return {key: bare(child) for key, child in items.items()} if isinstance(items, dict) else [bare(child) for child in items]


def _shown(node: Node) -> str:
    if node.text is not None:
        return node.text
    if isinstance(node.value, bool):
        return "true" if node.value else "false"
    return "" if node.value is None else str(node.value)
