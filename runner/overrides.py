"""What the command line changes in a recipe: `--set steps.base.max_steps=100`, `--target`, `--smoke`."""

from typing import Any, NamedTuple

from runner.document import Document, Node, value_of
from runner.extend import ABOUT_LAYERS, Layers, is_null
from runner.nearest import did_you_mean
from schemas.findings import Finding

COMMAND_LINE = "command line"


class Overrides(NamedTuple):
    """sets: (dotted name, value as typed) of each --set. smoke: every step tiny. target: in place of the recipe's."""

    sets: tuple[tuple[str, str], ...] = ()
    smoke: bool = False
    target: str | None = None


def apply(overrides: Overrides, result: Layers) -> list[Finding]:
    """Lay the overrides over the recipe; what does not fit it is said."""
    if not result.documents:
        return []
    document = result.documents[0]
    findings: list[Finding] = []
    for name, typed in overrides.sets:
        try:
            value = value_of(typed)
        except ValueError as error:
            findings.append(_said(name, typed, f"{typed!r} is no value: {error}", "put it in quotes"))
            continue
        found = _set(result, document, name, typed, made(document, value))
        if found is not None:
            findings.append(found)
    if overrides.target is not None:
        long = overrides.target.lstrip().startswith("{")  # {gpu: t4, count: 8}
        try:
            result.top["target"] = made(document, value_of(overrides.target) if long else overrides.target)
        except ValueError as error:
            findings.append(_said("target", overrides.target, f"{overrides.target!r} is no value: {error}", "put it in quotes"))
    return findings


def made(document: Document, value: Any) -> Node:
    """A tree for a value that stands in no file."""
    items: Any = None
    if isinstance(value, dict):
        items = {key: made(document, child) for key, child in value.items()}
    elif isinstance(value, list):
        items = [made(document, child) for child in value]
    node = Node(document, -1, -1, None if items is not None else value, items)
    node.how = COMMAND_LINE
    return node


def _set(result: Layers, document: Document, name: str, typed: str, node: Node) -> Finding | None:
    parts = name.split(".")
    if not all(parts):
        return _said(name, typed, f"{name!r} is no name", "write steps.base.max_steps=100, vars.block=128 or seed=7")
    head, *rest = parts
    if head == "steps":
        return _set_step(result, name, typed, node, rest)
    if head in ("extends", "format"):
        return _said(name, typed, f"{head} cannot be set from the command line")
    known, variables = result.top.get(head), result.top.get("vars")
    if known is None and variables is not None and isinstance(variables.items, dict) and head in variables.items:
        return _said(name, typed, f"{head} is a variable", f"write --set vars.{name}={typed}")
    if head == "vars" and rest and (known is None or known.get(rest[0]) is None):
        names = known.items if known is not None and isinstance(known.items, dict) else ()
        return _said(name, typed, f"there is no variable {rest[0]}", did_you_mean(rest[0], map(str, names), "there are"))
    if not rest:
        if is_null(node):
            result.top.pop(head, None)
        else:
            result.top[head] = node
        return None
    parent = (known if known is not None and isinstance(known.items, dict) else made(document, {})).copy()
    result.top[head] = parent
    return _put(parent, rest, node, name, typed)


def _set_step(result: Layers, name: str, typed: str, node: Node, rest: list[str]) -> Finding | None:
    if len(rest) < 2:
        return _said(name, typed, "a step's key is missing", "write steps.<id>.<key>=<value>")
    step_id, *keys = rest
    if step_id not in result.steps:
        return _said(name, typed, f"there is no step {step_id}", did_you_mean(step_id, result.steps, "there are"))
    if keys[0] in (*ABOUT_LAYERS, "id", "type"):
        return _said(name, typed, f"{keys[0]} cannot be set from the command line", "write it in the recipe")
    step = result.steps[step_id].copy()
    result.steps[step_id] = step
    return _put(step, keys, node, name, typed)


def _put(parent: Node, keys: list[str], node: Node, name: str, typed: str) -> Finding | None:
    """Put `node` below `parent`, whose maps and lists are copied on the way, so that nothing shared is changed."""
    parent.items = dict(parent.items)
    for index, word in enumerate(keys):
        key = _key(parent, word)
        last = index == len(keys) - 1
        if isinstance(parent.items, list) and (not isinstance(key, int) or not 0 <= key < len(parent.items)):
            return _said(name, typed, f"{'.'.join(keys[:index])} is a list of {len(parent.items)}", "count from 0")
        if last:
            if isinstance(parent.items, dict) and is_null(node):
                parent.items.pop(key, None)
            else:
                parent.items[key] = node
            return None
        child = parent.items[key] if isinstance(parent.items, list) else parent.items.get(key)
        if child is None or is_null(child):
            child = made(parent.document, {})
        elif child.items is None:
            return _said(name, typed, f"{word} holds one value, no keys")
        twin = child.copy()
        twin.items = dict(child.items) if isinstance(child.items, dict) else list(child.items)
        parent.items[key] = twin
        parent = twin
    return None


def _key(parent: Node, word: str) -> Any:
    if word in (parent.items if isinstance(parent.items, dict) else ()):
        return word
    if word.isdigit() and (isinstance(parent.items, list) or int(word) in parent.items):
        return int(word)
    return word


def _said(name: str, typed: str, message: str, fix: str = "") -> Finding:
    return Finding("Y040", "error", f"--set {name}={typed}: {message}", (), fix)


def split_set(typed: str) -> tuple[str, str] | None:
    """`steps.base.max_steps=100` in its two parts; None when it has no `=` or no name."""
    name, equals, value = typed.partition("=")
    return (name.strip(), value) if equals and name.strip() else None
