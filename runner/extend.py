"""`extends`: a recipe laid over the recipes it builds on, node by node, so that each value still knows where it is written."""

import os
from collections.abc import Iterator
from pathlib import Path

from runner.document import Document, Node, read
from runner.nearest import did_you_mean, nearest
from schemas.findings import Finding

ABOUT_LAYERS = ("after", "before", "drop", "replace")  # keys of a step that only say how it is laid over another
NOT_INHERITED = ("recipe", "extends", "steps")


class Layers:
    """The recipe after all its `extends`.

    top: the top-level keys but `steps` and `extends`. steps: id to the step's map. implicit: ids that are no written id but the type.
    listed: the node of `steps`, as last written. documents: the recipe first, then what it extends, outward.
    readable: False when a file could not be read as a map, so that nothing can be said of the recipe's meaning.
    """

    def __init__(self) -> None:
        self.top: dict[str, Node] = {}
        self.steps: dict[str, Node] = {}
        self.implicit: set[str] = set()
        self.listed: Node | None = None
        self.documents: list[Document] = []
        self.findings: list[Finding] = []
        self.readable = True


def layers(file: Path, texts: dict[Path, str] | None = None) -> Layers:
    """The recipe in `file` laid over what it extends. `texts` stands for the contents of files, by their paths."""
    result = Layers()
    chain = _documents(file, texts or {}, result)
    result.documents = chain
    result.findings = [f for d in chain for f in d.findings] + result.findings
    result.readable = result.readable and all(d.root is not None for d in chain)
    if result.readable:
        for depth, document in enumerate(reversed(chain)):
            _lay(result, document, first=depth == 0, lonely=len(chain) == 1)
    return result


def merged(base: Node, over: Node) -> Node:
    """`over` laid on `base`: maps key by key, null removes a key, everything else replaces."""
    if not isinstance(base.items, dict) or not isinstance(over.items, dict):
        return over
    result = over.copy()
    result.items = dict(base.items)
    for key, child in over.items.items():
        if is_null(child):
            result.items.pop(key, None)
        elif key in result.items:
            result.items[key] = merged(result.items[key], child)
        else:
            result.items[key] = child
    return result


def is_null(node: Node) -> bool:
    """True for `null`, `~` and a key without a value."""
    return node.items is None and node.value is None


def _documents(file: Path, texts: dict[Path, str], result: Layers) -> list[Document]:
    """The recipe, then what it extends, and so on outward."""
    chain: list[Document] = []
    seen: dict[Path, str] = {}
    path, asked_by = file, None
    while True:
        real = path.resolve()
        if real in seen and asked_by is not None:
            circle = " -> ".join([*list(seen.values())[list(seen).index(real) :], path.name])
            result.findings.append(
                _said(asked_by, "Y021", f"the recipes extend each other in a circle: {circle}", "delete one of the extends")
            )
            result.readable = False
            return chain
        seen[real] = path.name
        text = texts.get(path, texts.get(real))
        if asked_by is not None and text is None and not path.is_file():
            result.findings.append(_missing(asked_by, path))
            result.readable = False
            return chain
        document = read(path, text=text)
        chain.append(document)
        asked_by = document.root.get("extends") if document.root is not None else None
        if asked_by is None or is_null(asked_by):
            return chain
        if not isinstance(asked_by.value, str) or not asked_by.value or "://" in asked_by.value:
            message = "extends names one file, relative to this one"
            result.findings.append(_said(asked_by, "Y020", message, "write extends: other.yaml"))
            result.readable = False
            return chain
        path = Path(os.path.normpath(path.parent / os.path.expanduser(asked_by.value)))


def _missing(node: Node, path: Path) -> Finding:
    try:
        there = [p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml", ".json")]
    except OSError:
        return _said(node, "Y020", f"there is no folder {path.parent}", "the path is relative to this file")
    near = nearest(path.name, there)
    written = str(node.value)
    fix = f"write extends: {written[: len(written) - len(path.name)]}{near}" if near else "the path is relative to this file"
    if "${" in written:
        fix = "write the name of the file: variables are read when the recipes are one"
    return _said(node, "Y020", f"there is no file {path}", fix)


def _lay(result: Layers, document: Document, *, first: bool, lonely: bool) -> None:
    assert document.root is not None
    result.top.pop("recipe", None)
    for key, node in document.root.items.items():
        if key in ("extends", "steps"):
            continue
        if not first and is_null(node):
            result.top.pop(key, None)
        elif key in result.top and key not in NOT_INHERITED:
            result.top[key] = merged(result.top[key], node)
        else:
            result.top[key] = node
    steps = document.root.get("steps")
    if steps is None or (is_null(steps) and not first):
        return
    result.listed = steps
    if not isinstance(steps.items, list):
        fix = "begin each step with `- type: …`"
        result.findings.append(_said(steps, "K002", f"steps is {_shape(steps)}, wanted a list of steps", fix, ("steps",)))
        return
    if first:
        for name, node in _named(result, steps, {}):
            result.steps[name] = _without(result, node, name, lonely)
    else:
        _lay_steps(result, steps)


def _shape(node: Node) -> str:
    return "a map" if isinstance(node.items, dict) else "empty" if node.value is None else "one value"


def _named(result: Layers, steps: Node, known: dict[str, Node]) -> Iterator[tuple[str, Node]]:
    """Each step of one document with its id, made up where there is none or a second of the same."""
    seen: dict[str, Node] = {}
    for number, node in enumerate(steps.items, 1):
        if not isinstance(node.items, dict):
            name = f"#{number}"
            if node.items is None and isinstance(node.value, str):
                from runner import glued

                key, value = glued.pair(node.value) or ("type", node.value)
                fix = f"write `- {key}: {value}`"
            else:
                fix = "begin it with `- type: …`"
            result.findings.append(_said(node, "K002", f"step {number} is {_shape(node)}, wanted a map with a type", fix, ("steps", name)))
            continue
        written, kind = node.get("id"), node.get("type")
        name = ""
        for source in (written, kind):
            if source is not None and isinstance(source.value, str) and source.value and not name:
                name = source.value
        if written is None and name:
            result.implicit.add(name) if name not in known else None
        if not name:
            name = f"#{number}"
        if name in seen:
            name = _twice(result, name, node, seen)
        seen[name] = node
        yield name, node


def _twice(result: Layers, name: str, node: Node, seen: dict[str, Node]) -> str:
    first = seen[name]
    line = first.document.place(first.start, first.end).line
    count = 2
    while f"{name}#{count}" in seen:
        count += 1
    unique = f"{name}#{count}"
    message = f"two steps are called {name}, the other in line {line}"
    where = node.get("id") or node.get("type") or node
    result.findings.append(_said(where, "K009", message, f"give this one its own name: id: {name}_{count}", ("steps", unique)))
    return unique


def _without(result: Layers, node: Node, name: str, lonely: bool) -> Node:
    """The step without the keys that say how it is laid over another; in a recipe that extends nothing they are mistakes."""
    if not any(key in node.items for key in ABOUT_LAYERS):
        return node
    for key in ABOUT_LAYERS:
        if key in node.items and lonely:
            message = f"{key} has no effect: this recipe extends none"
            result.findings.append(_said(node.items[key], "Y022", message, "delete the line", ("steps", name, key)))
    twin = node.copy()
    twin.items = {key: child for key, child in node.items.items() if key not in ABOUT_LAYERS}
    return twin


def _lay_steps(result: Layers, steps: Node) -> None:
    order = list(result.steps)
    for name, node in list(_named(result, steps, result.steps)):
        base = result.steps.get(name)
        drop, replace = (_flag(result, node, name, key) for key in ("drop", "replace"))
        if base is None:
            if not _is_new(result, name, node, drop):
                continue
            result.steps[name] = _without(result, node, name, lonely=False)
            order.insert(_position(result, order, name, node), name)
            continue
        if drop:
            del result.steps[name]
            result.implicit.discard(name)
            order.remove(name)
            continue
        kind, was = node.get("type"), base.get("type")
        if kind is not None and was is not None and kind.value != was.value and not replace:
            message = f"step {name} is of type {was.value} in {base.document.path.name}, here of type {kind.value}"
            result.findings.append(_said(kind, "Y022", message, "add `replace: true` to start it anew", ("steps", name)))
        over = _without(result, node, name, lonely=False)
        if replace:
            fresh = over.copy()
            fresh.items = {**({"type": was} if was is not None else {}), **over.items}
            result.steps[name] = fresh
        else:
            result.steps[name] = merged(base, over)
        if node.get("after") is not None or node.get("before") is not None:
            order.remove(name)
            order.insert(_position(result, order, name, node), name)
    result.steps = {name: result.steps[name] for name in order}


def _flag(result: Layers, node: Node, name: str, key: str) -> bool:
    flag = node.get(key)
    if flag is None:
        return False
    if not isinstance(flag.value, bool):
        result.findings.append(_said(flag, "K002", f"{key} is true or left out", f"write {key}: true", ("steps", name, key)))
        return False
    return flag.value


def _is_new(result: Layers, name: str, node: Node, drop: bool) -> bool:
    """True when the step may be added; otherwise a finding says which step of the other recipe may be meant."""
    kind = node.get("type")
    known = list(result.steps)
    same = [i for i, n in result.steps.items() if kind is not None and n.get("type") is not None and n.items["type"].value == kind.value]
    if drop:
        fix = did_you_mean(name, known, "it has")
        result.findings.append(_said(node.get("id") or node, "Y022", f"there is no step {name} to drop", fix, ("steps", name)))
        return False
    if kind is None:
        where = node.get("id") or node
        fix = did_you_mean(name, known, "it has") + "; a new step needs a type"
        result.findings.append(_said(where, "Y022", f"there is no step {name} in the extended recipe", fix, ("steps", name)))
        return False
    if node.get("id") is None and same:
        calls = " and ".join(same)
        message = f"the extended recipe calls its {name} {calls}: is this that step, or another?"
        fix = f"write id: {same[0]} to change it, or another id for a second {name}"
        result.findings.append(_said(kind, "Y022", message, fix, ("steps", name)))
        return False
    return True


def _position(result: Layers, order: list[str], name: str, node: Node) -> int:
    """Where a new step stands in the order: as it says, else before the last report, else at the end."""
    for key, shift in (("after", 1), ("before", 0)):
        anchor = node.get(key)
        if anchor is None:
            continue
        if anchor.value in order:
            return order.index(anchor.value) + shift
        fix = did_you_mean(str(anchor.value), order, "there are")
        result.findings.append(_said(anchor, "Y022", f"there is no step {anchor.value} to stand {key}", fix, ("steps", name, key)))
    kind = node.get("type")
    if kind is not None and kind.value == "report":
        return len(order)
    for index in range(len(order) - 1, -1, -1):
        found = result.steps[order[index]].get("type")
        if found is not None and found.value == "report":
            return index
    return len(order)


def _said(node: Node, code: str, message: str, fix: str = "", path: tuple[str | int, ...] = ()) -> Finding:
    place = node.document.place(node.key_start if path[-1:] in (("after",), ("before",)) else node.start, node.end)
    return Finding(code, "error", message, path, fix, place=place)
