"""The manual that the schema is: what a step does, what it takes and makes, and what may be written in it. For `recipe explain`."""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from textwrap import fill
from typing import Any

import steps
from runner import shapes
from runner.jsonschema import build
from runner.pages import pages
from runner.written import written
from schemas.step import Step

WIDTH = 100
DEEPEST = 4  # names in a path: train.model.base.path
SHOWN = 8  # codes, or places of a name
_REF = "#/$defs/"
_NOT_PARAMS = ("type", "id")
_KINDS = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number", "object": "map", "array": "list"}


def page_of(word: str) -> str | None:
    """The page of a step, of a field, dotted or by its last names, or of another tool's name for one; None for a word that is none."""
    word = word.strip().rstrip(":")
    if word in _defs() and word in steps.names():
        return _step_page(word)
    if word == "steps":
        return "steps: list of map, what is done, in turn; the types there are:\n" + "\n".join(f"  {name}" for name in steps.names())
    places = _places(word)
    if not places and (other := _elsewhere(word)):
        ours, said = other
        places = _places(ours) if ours else []
        return "\n\n".join([said, *(_field_page(place) for place in places[:1])])
    if not places:
        return None
    if len(places) > SHOWN:
        return f"{word} stands in {len(places)} places:\n" + _listed("", {place: _fields()[place] for place in places}, [])
    return "\n\n".join(map(_field_page, places))


def names() -> list[str]:
    """Every step and every field by its last name, to find what a misspelt word is near to."""
    return sorted({*steps.names(), *(place.rpartition(".")[2] for place in _fields())})


@cache
def _schema() -> dict[str, Any]:
    return build()


def _defs() -> dict[str, Any]:
    return dict(_schema()["$defs"])


@cache
def _fields() -> dict[str, dict[str, Any]]:
    """Every field's schema by its dotted path, a step's below its type, those of the top level by their name alone."""
    found: dict[str, dict[str, Any]] = {name: field for name, field in _schema()["properties"].items() if name != "steps"}
    for step in steps.names():
        known = steps.find(step)
        if step in _defs() and known is not None:  # of its inputs those alone that are params, too
            own = {name: field for name, field in _defs()[step]["properties"].items() if name in shapes.fields(known.params)}
            found |= _below(step, {"properties": own})
    return found


def _below(path: str, model: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, field in (model.get("properties") or {}).items():
        if name in _NOT_PARAMS and "." not in path:
            continue
        found[f"{path}.{name}"] = field
        if path.count(".") < DEEPEST - 2:
            for inner in _models(field):
                found |= _below(f"{path}.{name}", inner)
    return found


def _models(field: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The maps that a field takes, those of its list and of its map's values too."""
    for part in _parts(field):
        if "properties" in part:
            yield part
        for inner in (part.get("items"), part.get("additionalProperties")):
            if isinstance(inner, dict):
                yield from _models(inner)


def _parts(field: dict[str, Any]) -> list[dict[str, Any]]:
    """The alternatives of a field, references followed; what lets a variable or nothing stand for them left out."""
    found = []
    for part in field.get("anyOf", [field]):
        name = str(part.get("$ref", "")).removeprefix(_REF)
        part = _defs().get(name, part) if name else part
        if name != "variable" and part.get("type") != "null" and part.get("pattern") != r"\$\{":
            found.append(part)
    return found


def _places(word: str) -> list[str]:
    """Paths that are the word or end in it, the shallowest first."""
    found = [path for path in _fields() if path == word or path.endswith(f".{word}")]
    exact = [path for path in found if path == word]
    return exact or sorted(found, key=lambda path: path.count("."))


def _elsewhere(word: str) -> tuple[str, str] | None:
    """Our path of another tool's name for a step's field, and what is said of it; or what a step of another tool is here."""
    from runner.step_words import called
    from runner.synonyms import met

    if fix := called(word):
        return "", f"{word} is no step here: {fix}"
    for step in ("train", *steps.builtin()):
        known = met(step, (word,), None, {})
        if known is not None and known.path:
            ours = f"{known.step or step}.{'.'.join(map(str, known.path))}"
            return ours, f"{word} is another tool's name for {ours}"
        if known is not None and known.words:
            return "", f"{word} is another tool's key: {known.words}"
    return None


def _step_page(name: str) -> str:
    step = steps.find(name)
    model = _defs()[name]
    wires = [wire.name for wire in step.inputs] if step is not None else []
    needed = model.get("required") or []
    params = {key: field for key, field in model["properties"].items() if key not in (*_NOT_PARAMS, *wires)}
    parts = [f"type: {name}", *_about(step)]
    if params:
        parts.append("params:\n" + _listed(name, params, needed))
    if step is not None:
        parts.append(_wiring(step))
    also = [place for place in _places(name) if "." in place]
    if also:
        parts.append(f"{name} is a field, too: recipe explain {also[0]}")
    return "\n\n".join(parts)


def _about(step: Step | None) -> list[str]:
    """What the step's function says of itself, without what it raises."""
    said = inspect.cleandoc(step.function.__doc__ or "") if step is not None else ""
    said = re.split(r"\bRaises RecipeError", said)[0].strip().replace("`params` say", "its params say")
    return [fill(" ".join(part.split()), WIDTH) for part in said.split("\n\n") if part.strip()]


def _wiring(step: Step) -> str:
    lines = []
    if step.inputs:
        lines.append("takes, of the nearest earlier step that makes one, or as named (a step's id, {recipe, step} or {path}):")
    for wire in step.inputs:
        more = [word for word, there in (("one or several", wire.many), ("where it is wanted", wire.optional)) if there]
        lines.append(f"  {wire.name}: {wire.kind.kind()}" + (f", {', '.join(more)}" if more else ""))
    return "\n".join([*lines, f"makes: {step.makes.kind()}"])


def _listed(path: str, fields: dict[str, Any], needed: list[str]) -> str:
    """A field a line: its kind, its default, what it is for; of a map the page that lists its own."""
    width = max(map(len, fields))
    lines = []
    for name, field in fields.items():
        inner = f" (recipe explain {path}.{name})" if path and path.count(".") < DEEPEST - 2 and any(_models(field)) else ""
        text = f"{_kind(field)}{_default(field, name in needed)}{_for(field)}{inner}"
        lines.append(fill(text, WIDTH, initial_indent=f"  {name:<{width}}  ", subsequent_indent=" " * (width + 4)))
    return "\n".join(lines)


def _field_page(place: str) -> str:
    field = _fields()[place]
    needed = _defs().get(place.split(".")[0], {}).get("required") or [] if place.count(".") == 1 else []
    name = place.rpartition(".")[2]
    parts = [f"{place}: {_kind(field)}{_default(field, name in needed)}"]
    if field.get("description"):
        parts.append(fill(field["description"], WIDTH))
    for model in list(_models(field))[:1]:
        parts.append("in it:\n" + _listed(place, model["properties"], model.get("required") or []))
    judged = (page for page in pages().values() if page.code[0] not in "YKLR")  # those speak of any key
    codes = [f"{page.code} {page.title}" for page in judged if re.search(rf"(?<![\w.]){re.escape(name)}:", page.wrong)]
    if codes:
        more = ["…"] if len(codes) > SHOWN else []
        parts.append("told of it:\n" + "\n".join(f"  {each}" for each in [*codes[:SHOWN], *more]))
    return "\n\n".join(parts)


def _kind(field: dict[str, Any]) -> str:
    kinds = list(dict.fromkeys(_kind_of(part) for part in _parts(field)))
    return " or ".join(kinds) if kinds else "text"


def _kind_of(part: dict[str, Any]) -> str:
    if "const" in part:
        return str(part["const"])
    if "enum" in part:
        words = [str(word) for word in part["enum"]]
        return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
    kind = str(part.get("type", "map" if "properties" in part else "text"))
    word = _KINDS.get(kind, kind)
    if kind == "array":
        inner = _kind(part["items"]) if isinstance(part.get("items"), dict) and part["items"] else ""
        return f"list of {inner}" if inner else "list"
    if kind == "object" and isinstance(part.get("additionalProperties"), dict):
        return f"map of {_kind(part['additionalProperties'])}"
    return word + _bounds(part) if kind in ("integer", "number") else word


def _bounds(part: dict[str, Any]) -> str:
    least, above, most, under = (
        f"{part[key]:,}".removesuffix(".0") if key in part else "" for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    )
    if least and most:
        return f" from {least} to {most}"
    low = f"from {least}" if least else f"above {above}" if above else ""
    high = f"at most {most}" if most else f"below {under}" if under else ""
    low += " on" if least and not high else ""
    return f" {', '.join(filter(None, (low, high)))}" if low or high else ""


def _default(field: dict[str, Any], needed: bool) -> str:
    if needed:
        return "; needed"
    usual = field.get("default")
    if isinstance(usual, float) and usual == int(usual):
        usual = int(usual)
    plain = isinstance(usual, str | int | float) and usual != ""
    return f"; default {written(usual)}" if plain else ""


def _for(field: dict[str, Any]) -> str:
    return f": {field['description']}" if field.get("description") else ""
