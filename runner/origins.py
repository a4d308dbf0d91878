"""Where each value of the recipe as meant comes from: flat tables of places and origins, by path."""

from dataclasses import replace
from typing import Any

from runner.document import Document, Node
from runner.meant import Meant, OriginKind
from schemas.findings import Finding, Place, RecipePath

Places = dict[RecipePath, tuple[Place, Place, Place]]
Origins = dict[RecipePath, tuple[OriginKind, str]]


def flatten(main: Document, top: dict[str, Node], steps: dict[str, Node], listed: Node | None) -> tuple[Places, Origins]:
    """Places and origins of every value that is written somewhere, or came from the command line."""
    places: Places = {}
    origins: Origins = {}
    todo: list[tuple[RecipePath, Node]] = [(("steps", name), node) for name, node in reversed(steps.items())]
    if listed is not None and listed.start >= 0:
        places[("steps",)] = listed.places()
    todo.extend(((key,), node) for key, node in reversed(top.items()))
    while todo:
        path, node = todo.pop()
        if node.start >= 0:
            places[path] = _step_places(node) if len(path) == 2 and path[0] == "steps" else node.places()
        items = node.items
        if items is None:
            origins[path] = _origin(main, node, path, places)
            continue
        if not items:
            origins[path] = _origin(main, node, path, places)
        children = items.items() if isinstance(items, dict) else enumerate(items)
        todo.extend([((*path, key), child) for key, child in children][::-1])
    return places, origins


def _step_places(node: Node) -> tuple[Place, Place, Place]:
    """A step stands in a list and has no key: what it is missing points at its `type: …`, or its `id: …`."""
    whole = node.document.place(node.start, node.end)
    for name in ("type", "id"):
        child = node.get(name)
        if child is not None and child.start >= 0 and child.document is node.document:
            return whole, child.places()[0], whole
    return whole, whole, whole


def _origin(main: Document, node: Node, path: RecipePath, places: Places) -> tuple[OriginKind, str]:
    if node.how == "command line":
        return "command line", ""
    if node.how == "smoke":
        return "derived", "--smoke"
    kind: OriginKind = "written" if node.document is main else "extended"
    at = path
    while at not in places and at:
        at = at[:-1]
    where = f"{places[at][2].file}:{places[at][2].line}" if at else node.document.name
    return kind, f"{where}, {node.how}" if node.how else where


def at_its_variable(meant: Meant, finding: Finding) -> Finding:
    """A value of the wrong kind that a variable stands for is mended under vars, where it is written."""
    kind, whence = meant.origins.get(finding.path, ("", ""))
    named = whence.rpartition(", vars.")[2] if ", vars." in whence else ""
    at: RecipePath = ("vars", named)
    inner = next((tail for n in range(1, len(finding.path)) if (*at, *(tail := finding.path[n:])) in meant.places), ())
    at = (*at, *inner)
    if finding.code != "K002" or len(finding.edits) != 1 or finding.edits[0].path != finding.path or at not in meant.places or not kind:
        return finding
    edit = replace(finding.edits[0], path=at)
    fix = finding.fix.replace(f"write {finding.path[-1]}: ", f"write {at[-1]}: ")
    return replace(finding, path=at, edits=(edit,), fix=fix)


def with_defaults(meant: Meant) -> Origins:
    """The origins of all values, those that stand at a default or follow from others too."""
    origins: Origins = {}
    if meant.recipe is not None:
        for name in type(meant.recipe).model_fields:
            if (name,) not in meant.places and name != "steps" and not any(path[0] == name for path in meant.origins):
                origins[(name,)] = ("default", "")
    for step in meant.steps:
        base: RecipePath = ("steps", step.id)
        if (*base, "id") not in meant.places:
            origins[(*base, "id")] = ("derived", "the step's type")
        if step.params is not None:
            _defaults(step.params, step.raw, base, origins)
    origins.update(meant.origins)
    return origins


def _defaults(model: Any, raw: Any, path: RecipePath, origins: Origins) -> None:
    if isinstance(model, list):
        for index, child in enumerate(model):
            _defaults(child, raw[index] if isinstance(raw, list) and index < len(raw) else None, (*path, index), origins)
        return
    if isinstance(model, dict):
        for key, child in model.items():
            _defaults(child, raw.get(key) if isinstance(raw, dict) else None, (*path, key), origins)
        return
    fields = getattr(type(model), "model_fields", None)
    if fields is None:
        return
    for name, field in fields.items():
        shown = field.alias or name
        if isinstance(raw, dict) and shown in raw:
            _defaults(getattr(model, name), raw[shown], (*path, shown), origins)
        else:
            origins[(*path, shown)] = ("default", "")
