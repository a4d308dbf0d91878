"""The recipe as meant, as YAML that can be run again: every value with where it comes from, defaults as comments."""

from typing import Any

from pydantic import BaseModel

from runner.meant import Link, Meant, StepMeant
from runner.origins import Origins, with_defaults
from runner.variables import escaped
from runner.written import written
from schemas.findings import RecipePath
from schemas.recipe import Recipe

Line = tuple[str, str]  # YAML, comment
WIDTH = 100
COMMENTS_AT = 56


def rendered(meant: Meant, origins: bool = True) -> str:
    """YAML text of `meant`. origins: with a comment behind each value; without, only the values.

    Read again it means the same. A step that is not understood is shown as far as it is written.
    """
    known = with_defaults(meant)
    lines: list[Line] = []
    for name in Recipe.model_fields:
        if name in ("steps", "extends"):
            continue
        value = getattr(meant.recipe, name) if meant.recipe is not None else meant.data.get(name)
        if (name,) not in known and not any(path[0] == name for path in known) and value in (None, "", {}):
            continue
        if value is None or (name == "vars" and not value):
            continue
        if name == "vars":  # they stand in their places, and nothing below reads them any more
            lines += [(f"# {text}", comment) for text, comment in _pair(name, value, (name,), 0, known)]
            continue
        lines += _pair(name, escaped(_plain(value)), (name,), 0, known)
    lines.append(("steps:", ""))
    for step_id in meant.order or [step.id for step in meant.steps]:
        lines += _step(meant.step(step_id), known)
    if not origins:
        lines = [(text, "") for text, _ in lines if text.strip()]
    column = min(max((len(text) for text, comment in lines if comment), default=0) + 2, COMMENTS_AT)
    return "\n".join(f"{text.ljust(column)} # {comment}".rstrip() if comment else text for text, comment in lines) + "\n"


def _step(step: StepMeant, known: Origins) -> list[Line]:
    base: RecipePath = ("steps", step.id)
    kind = step.step.makes.kind() if step.step is not None else ""
    makes = f"makes {'an' if kind[:1] in 'AEIOU' else 'a'} {kind}" if kind else ""
    lines: list[Line] = [("", ""), (f"  - type: {written(step.type)}", makes)]
    lines += _pair("id", step.id, (*base, "id"), 4, known)
    params = step.params
    for item in step.step.inputs if step.step is not None else ():
        links = step.inputs.get(item.name)
        if links and item.name not in step.raw:
            value = [_link(link) for link in links]
            path = (*base, item.name)
            whence = {} if path in known or (*path, 0) in known else {path: ("derived", _reason(step, links, item.kind.kind()))}
            lines += _pair(item.name, value if len(value) > 1 else value[0], path, 4, {**known, **whence} if whence else known)  # type: ignore[dict-item]
    for name, value in step.raw.items():
        if name == "subject":
            continue
        shown = _pair(name, escaped(value), (*base, name), 4, known)
        lines += shown
        inside = getattr(params, name, None)
        if len(shown) > 1 and isinstance(inside, BaseModel) and isinstance(value, dict):
            lines += _defaults(inside, 6)
    return lines + (_defaults(params, 4) if params is not None else [])


def _defaults(model: BaseModel, indent: int) -> list[Line]:
    """What is not written, as comments: a default that was written would count as said by hand, and a plan would respect it.

    Left out are those that are empty, and sizes beside a base model, which have no place there.
    """
    lines = []
    written_base = "base" in model.model_fields_set
    for name, field in type(model).model_fields.items():
        value = _plain(getattr(model, name))
        if name not in model.model_fields_set and name != "subject" and value not in (None, [], {}, "") and not written_base:
            lines.append((f"{' ' * indent}# {field.alias or name}: {written(value)}", "default"))
    return lines


def _reason(step: StepMeant, links: list[Link], kind: str) -> str:
    return f"the nearest {kind} before it" if links[0].inside and step.params is not None else "the step's params name it"


def _link(link: Link) -> Any:
    if link.folder is not None:
        return {"path": str(link.folder)}
    return {"recipe": link.recipe, "step": link.step} if link.recipe else link.step


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        pairs = ((f, f.alias or n, getattr(value, n)) for n, f in type(value).model_fields.items())
        return {name: _plain(child) for f, name, child in pairs if child is not None or f.default is not None}
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(child) for child in value]
    return value


def _pair(name: Any, value: Any, path: RecipePath, indent: int, known: Origins) -> list[Line]:
    """`name: value`, in one line where it fits and comes from one place, else spread out."""
    space = " " * indent
    key = f"{space}{written(name)}:"
    text = written(value)
    whole = known.get(path)
    if isinstance(value, dict) and value and whole is None:
        return [(key, ""), *(line for k, child in value.items() for line in _pair(k, child, (*path, k), indent + 2, known))]
    if isinstance(value, list) and value and (len(key) + len(text) > WIDTH or any(isinstance(v, dict) for v in value)):
        lines: list[Line] = [(key, "")]
        for index, child in enumerate(value):
            lines.append((f"{space}  - {written(child)}", _comment((*path, index), child, known) or _told(whole)))
        return lines
    return [(f"{key} {text}", _comment(path, value, known))]


def _comment(path: RecipePath, value: Any, known: Origins) -> str:
    """Where a value comes from; of a list or map, where its first part does."""
    while path not in known:
        if isinstance(value, dict) and value:
            first = next((k for k in value if (*path, k) in known), next(iter(value)))
            path, value = (*path, first), value[first]
        elif isinstance(value, list) and value:
            path, value = (*path, 0), value[0]
        else:
            return ""
    return _told(known[path])


def _told(origin: tuple[str, str] | None) -> str:
    if origin is None:
        return ""
    kind, detail = origin
    return f"{kind}: {detail}" if detail and kind == "derived" else f"{kind} {detail}".strip()
