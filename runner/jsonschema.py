"""The recipe language as a JSON Schema (2020-12), built from the steps' own params, so that an editor knows what `recipe check` knows."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

import steps
from schemas.recipe import Recipe
from schemas.step import Input, Step

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VARIABLE = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_:.]*\}$", "description": "a value of `vars`"}
_INSIDE = {"type": "string", "pattern": r"\$\{"}  # text with a variable in it
_ABOUT = {
    "type": "what the step does",
    "id": "name of the step; its type, when it is the only one of that type",
    "after": "in a recipe that extends another: the step that a new step follows",
    "before": "in a recipe that extends another: the step that a new step precedes",
    "drop": "in a recipe that extends another: true leaves the step out",
    "replace": "in a recipe that extends another: true starts the step anew",
}


def build() -> dict[str, Any]:
    """The whole schema. A recipe that extends another may leave out what the other has, and write null to remove a key."""
    definitions: dict[str, Any] = {"variable": dict(VARIABLE)}
    whole: list[dict[str, Any]] = []
    partial: list[dict[str, Any]] = []
    for name in steps.names():
        try:
            found = steps.find(name)
        except Exception:  # noqa: BLE001 - another package's step may fail in any way; `recipe check` says so where it is used
            continue
        if found is None:
            continue
        for prefix, listed in (("", whole), ("extended.", partial)):
            definitions |= _step(found, prefix)
            condition = {"properties": {"type": {"const": name}}, "required": ["type"]}
            listed.append({"if": condition, "then": {"$ref": f"#/$defs/{prefix}{name}"}})
    kinds = {"type": "string", "enum": steps.names(), "description": _ABOUT["type"]}
    definitions["step"] = {"type": "object", "required": ["type"], "properties": {"type": kinds}, "allOf": whole}
    definitions["extended.step"] = {"type": "object", "properties": {"type": kinds, "id": _text("id")}, "allOf": partial}
    return {
        "$schema": DIALECT,
        "title": "recipe",
        "description": "A recipe: a list of steps that ends in a trained language model.",
        "type": "object",
        "properties": _top(),
        "required": ["recipe"],
        "additionalProperties": False,
        "if": {"required": ["extends"]},
        "then": {"properties": {"steps": {"type": "array", "items": {"$ref": "#/$defs/extended.step"}}}},
        "else": {"required": ["steps"], "properties": {"steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}}}},
        "$defs": definitions,
    }


def _top() -> dict[str, Any]:
    schema = Recipe.model_json_schema(by_alias=True, ref_template="{model}", schema_generator=_Generator)
    inner = schema.pop("$defs", {})
    properties = {name: _opened(_clean(field, ""), inner) for name, field in schema["properties"].items()}
    properties["steps"] = {"type": "array", "description": "what is done, in this order"}
    for name, described in _TOP.items():
        properties.setdefault(name, {})["description"] = described
    return properties


_TOP = {
    "format": "of this file: 1",
    "recipe": "the recipe's name",
    "about": "one line for people",
    "extends": "the recipe, relative to this file, that this one changes",
    "seed": "of everything that is drawn at random",
    "target": "the machine it is meant for: here, a known one (t4, rtx4090, m2-16gb …), or {gpu, count, memory_gb}",
    "vars": "values that ${name} stands for",
    "tracking": "wandb, tensorboard, mlflow, a list of them, or each with its settings: for every train step that names none itself",
    "store": "folder of the artifacts; .recipe/store under the project when left out",
}


def _opened(schema: dict[str, Any], inner: dict[str, Any]) -> dict[str, Any]:
    """`schema` with the few models of the top level, and those inside, written in place."""
    if set(schema) >= {"$ref"}:
        return _opened(_clean(inner[schema["$ref"]], ""), inner)
    if "anyOf" in schema:
        schema = {**schema, "anyOf": [_opened(part, inner) for part in schema["anyOf"]]}
    if "properties" in schema:
        schema = {**schema, "properties": {name: _opened(_clean(field, ""), inner) for name, field in schema["properties"].items()}}
    return schema


class _Generator(GenerateJsonSchema):
    """Leaves a default out where it is no plain value, and says nothing of it."""

    def emit_warning(self, kind: Any, detail: str) -> None:
        """No warning: a default that JSON cannot hold is simply not shown."""


def _step(step: Step, prefix: str) -> dict[str, Any]:
    """Definitions of one step: itself and the models inside its params, with `prefix` before each name."""
    generated = step.params.model_json_schema(
        by_alias=True, ref_template=f"#/$defs/{prefix}{step.name}.{{model}}", schema_generator=_Generator
    )
    inner = generated.pop("$defs", {})
    partial = bool(prefix)
    found = {f"{prefix}{step.name}.{name}": _model(schema, partial) for name, schema in inner.items()}
    schema = _model(generated, partial)
    schema["properties"].pop("subject", None)  # filled in by the runner
    wiring = {wire.name: _wire(wire, partial) for wire in step.inputs}
    for name in wiring.keys() & schema["properties"].keys():  # a param of an input's name: a map is the param, a word the wiring
        param = schema["properties"][name]
        parts = [*(param.get("anyOf") or [{k: v for k, v in param.items() if k != "description"}]), {"type": "string"}]
        wiring[name] = {"description": param.get("description", ""), "anyOf": parts}
    about = {name: _text(name) for name in ("id", "after", "before")} | {
        name: {"type": "boolean", "description": _ABOUT[name]} for name in ("drop", "replace")
    }
    if not partial:
        about = {"id": about["id"]}
    kind = {"const": step.name, "description": _ABOUT["type"]}
    schema["properties"] = {"type": kind, **about, **schema["properties"], **wiring}
    schema["description"] = (step.function.__doc__ or step.name).strip().split("\n")[0]
    if schema.get("required"):
        schema["required"] = [name for name in schema["required"] if name != "subject"]
    found[prefix + step.name] = schema
    return found


def _model(schema: dict[str, Any], partial: bool) -> dict[str, Any]:
    """An object's schema: no other keys, a variable for any value; nothing required, and null allowed, where another recipe is changed."""
    schema = {k: v for k, v in schema.items() if k != "title"}
    if "properties" not in schema and schema.get("type") == "object" and "additionalProperties" not in schema:
        schema["properties"] = {}
    if "properties" in schema:
        schema["properties"] = {name: _clean(field, "null" if partial else "var") for name, field in schema["properties"].items()}
        schema.setdefault("additionalProperties", False)
    if partial:
        schema.pop("required", None)
    return schema


def _clean(schema: dict[str, Any], open_to: str) -> dict[str, Any]:
    """A value's schema without pydantic's titles. open_to: `var` lets ${name} stand for it, `null` that and nothing at all."""
    schema = {k: v for k, v in schema.items() if k not in ("title", "writeOnly")}
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            schema[word] = [_clean(part, "") for part in schema[word]]
    for word in ("items", "additionalProperties", "propertyNames", "contains"):
        if isinstance(schema.get(word), dict):
            schema[word] = _clean(schema[word], "" if word == "propertyNames" else open_to)
    if "prefixItems" in schema:
        schema["prefixItems"] = [_clean(part, open_to) for part in schema["prefixItems"]]
    return _open(schema, open_to) if open_to else schema


def _open(schema: dict[str, Any], open_to: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = schema.get("anyOf", [schema])
    if (
        any(part == {} or (part.get("type") == "string" and not set(part) & {"enum", "const", "pattern"}) for part in parts)
        and open_to == "var"
    ):
        return schema
    about = {k: v for k, v in schema.items() if k in ("description", "default")}
    bare = [{k: v for k, v in part.items() if k not in about} for part in parts]
    words = any("enum" in part or "const" in part or "pattern" in part for part in bare)
    extra: list[dict[str, Any]] = [dict(_INSIDE) if words else {"$ref": "#/$defs/variable"}]
    if open_to == "null":
        extra.append({"type": "null"})
    return {**about, "anyOf": [*bare, *(part for part in extra if part not in bare)]}


def _text(name: str) -> dict[str, Any]:
    return {"type": "string", "description": _ABOUT[name]}


def _wire(wire: Input, partial: bool) -> dict[str, Any]:
    """How an input is named: a step's id, none, auto, another recipe's step, a folder; several in a list where several are taken."""
    outside = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("recipe", "step", "path")},
        "additionalProperties": False,
        "minProperties": 1,
    }
    one: list[dict[str, Any]] = [{"type": "string"}, outside]
    parts: list[dict[str, Any]] = [*one, {"type": "array", "items": {"anyOf": one}}] if wire.many else list(one)
    if partial:
        parts.append({"type": "null"})
    said = f"the {wire.kind.kind()}: id of a step, {{recipe, step}} or {{path}}; the nearest step that makes one when left out"
    return {"description": said, "anyOf": parts}
