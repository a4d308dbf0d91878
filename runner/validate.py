"""Pydantic's errors in the language of somebody who writes a recipe, each once, at its key.

Apart from resolve because it is only loaded when something is wrong.
"""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from runner import shapes
from runner.document import scalar
from runner.items import together
from runner.nearest import nearest
from schemas.findings import Edit, Finding, RecipePath

Names = tuple[str | int, ...]
EXACT = 2**53  # below it a float stands for one whole number
_CODE = re.compile(r"[A-Z][0-9]{3}")
_WANTED = {
    "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number", "float_type": "a number",
    "float_parsing": "a number", "string_type": "text", "bool_type": "true or false", "bool_parsing": "true or false",
    "list_type": "a list", "tuple_type": "a list", "set_type": "a list", "dict_type": "a map", "mapping_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map", "dataclass_type": "a map", "none_required": "nothing", "path_type": "a path",
}  # fmt: skip
_LIMITS = {
    "greater_than": ("gt", "more than {}"), "greater_than_equal": ("ge", "{} or more"), "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "{} or less"), "multiple_of": ("multiple_of", "a multiple of {}"),
}  # fmt: skip
_WORDS = {
    "bfloat16": "bf16", "float16": "fp16", "half": "fp16", "float32": "fp32", "float": "fp32", "32": "fp32", "16": "fp16",
    "adamw_torch": "adamw", "adamw_torch_fused": "adamw", "adam": "adamw", "adamw_hf": "adamw", "cosine_with_min_lr": "cosine",
    "warmup_stable_decay": "wsd", "constant_with_warmup": "constant", "f32": "fp32",
}  # fmt: skip


@dataclass
class Scene:
    """What was validated, and where it stands.

    model, raw: the model, and the plain data given to it. base: path of `raw` in the recipe. called: what it is in words.
    text_at: a scalar as it is written, by path below `raw`. unknown: says what an unknown key is.
    """

    model: type[BaseModel]
    raw: dict[str, Any]
    base: RecipePath
    called: str
    text_at: Callable[[Names], str | None]
    unknown: Callable[["Scene", Names], Finding]
    taken: set[RecipePath] = field(default_factory=set)  # where a fix already puts something


@dataclass(frozen=True)
class _Error:
    type: str
    path: Names
    tags: tuple[tuple[Names, str], ...]  # which member of which union
    message: str
    context: dict[str, Any]


def findings_of(error: ValidationError, scene: Scene) -> list[Finding]:
    """What `error` says, without repeats: of a union only the member that was most likely meant."""
    errors = [_read(e, scene.raw) for e in error.errors(include_url=False, include_input=False)]
    result: list[Finding] = []
    for chosen in _without_unions(errors, scene, 0):
        found = chosen if isinstance(chosen, Finding) else _said(chosen, scene)
        if found not in result:
            result.append(found)
    told = {(*f.path[:-1], edit.key) for f in result if f.code == "K010" for edit in f.edits if edit.action == "rename"}
    told |= {(*f.path[:-1], "train") for f in result if f.code == "K010" and "stages" in f.path[:-1]}
    return together([f for f in result if f.code != "K005" or not (f.path in told or any(_fills(other, f) for other in result))])


def _fills(other: Finding, missing: Finding) -> bool:
    """Whether `other` says that a key beside it is what is missing, by another name."""
    name = str(missing.path[-1])
    said = other.code in ("K001", "K010") and other.path[:-1] == missing.path[:-1]
    return said and re.match(rf"write {re.escape(name)}(:|$)", other.fix) is not None


def with_whole_numbers(error: ValidationError, raw: dict[str, Any]) -> dict[str, Any] | None:
    """`raw` with 5e5 and 400.0 as the whole numbers that they are, where `error` wants such; None where nothing is to be changed."""
    found = None
    for each in error.errors(include_url=False, include_input=False):
        if each["type"] not in ("int_type", "int_from_float"):
            continue
        path = _read(each, raw).path
        value = value_at(raw, path)
        if isinstance(value, float) and abs(value) < EXACT and value == int(value):
            found = copy.deepcopy(raw) if found is None else found
            value_at(found, path[:-1])[path[-1]] = int(value)
    return found


def value_at(raw: Any, path: Names) -> Any:
    """The value at `path` of plain data, None when there is none."""
    for key in path:
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def shown(value: Any, text: str | None = None) -> str:
    """A value in a message, with its type where that is the question."""
    if isinstance(value, str):
        short = value if len(value) <= 60 else value[:57] + "…"
        return f"'{short}' (text)"
    if isinstance(value, bool):
        return f"{'true' if value else 'false'} (a truth value)"
    if value is None:
        return "empty"
    if isinstance(value, (int, float)):
        return text or str(value)
    return "a map" if isinstance(value, dict) else "a list"


def _read(error: Any, raw: Any) -> _Error:
    """Split pydantic's `loc` into the path in the data and the members of unions named on the way."""
    path: list[str | int] = []
    tags: list[tuple[Names, str]] = []
    value = raw
    loc = error["loc"]
    for index, key in enumerate(loc):
        if (isinstance(value, dict) and key in value) or (isinstance(value, list) and isinstance(key, int) and key < len(value)):
            path.append(key)
            value = value[key]
        elif key == "[key]":
            continue
        elif index == len(loc) - 1 and error["type"] == "missing":
            path.append(key)
        else:
            tags.append((tuple(path), str(key)))
    return _Error(error["type"], tuple(path), tuple(tags), error["msg"], error.get("ctx") or {})


def _without_unions(errors: list[_Error], scene: Scene, depth: int) -> list[_Error | Finding]:
    """Errors of one member for each union; a finding where no member has the right shape. In the order in which they came."""
    result: list[_Error | Finding] = []
    unions: dict[Names, dict[str, list[_Error]]] = {}
    for error in errors:
        if len(error.tags) <= depth:
            result.append(error)
            continue
        prefix, label = error.tags[depth]
        unions.setdefault(prefix, {}).setdefault(label, []).append(error)
    for prefix, branches in unions.items():
        fitting = {label: found for label, found in branches.items() if not any(_misshapen(e, prefix) for e in found)}
        if fitting:
            best = min(fitting.values(), key=lambda found: _distance(found, len(prefix)))
            result.extend(_without_unions(best, scene, depth + 1))
        else:
            result.append(_no_member(prefix, [e for found in branches.values() for e in found if e.path == prefix], scene))
    return result


def _distance(errors: list[_Error], depth: int) -> tuple[int, int]:
    """How far a value is from a member of a union: keys that are strange or missing in it, then further inside."""
    strange = [len(e.path) - depth for e in errors if e.type in ("extra_forbidden", "missing")]
    return sum(deep <= 1 for deep in strange), len(strange)


def _misshapen(error: _Error, prefix: Names) -> bool:
    return error.path == prefix and (error.type in _WANTED or error.type in ("literal_error", "enum"))


def _no_member(path: Names, errors: list[_Error], scene: Scene) -> Finding:
    wanted: list[str] = []
    for error in errors:
        word = _WANTED.get(error.type)
        if word and word not in wanted:
            wanted.append(word)
    words = shapes.literals_at(scene.model, path)
    value = value_at(scene.raw, path)
    if isinstance(value, str) and words and (edit := _same_word(value, words)):
        return _enum(path, value, words, wanted, scene, edit)
    for error in errors:
        mended = _mended(error.type, path, value, scene)
        if mended is not None:
            return _wrong_type(path, value, wanted + [str(w) for w in words], scene, mended)
    if isinstance(value, str) and words:
        return _enum(path, value, words, wanted, scene, None)
    return _wrong_type(path, value, wanted + [str(w) for w in words], scene, None)


def _said(error: _Error, scene: Scene) -> Finding:
    path, kind = error.path, error.type
    full = scene.base + path
    value = value_at(scene.raw, path)
    if kind == "extra_forbidden":
        return scene.unknown(scene, path)
    if kind == "missing":
        return _missing(path, scene)
    if kind == "literal_error" and not shapes.literals_at(scene.model, path):
        return _no_such_role(error, path, value, scene)
    if kind in ("literal_error", "enum"):
        return _enum(path, value, shapes.literals_at(scene.model, path), [], scene, None)
    if kind in _WANTED:
        return _wrong_type(path, value, [_WANTED[kind]], scene, _mended(kind, path, value, scene))
    if _CODE.fullmatch(kind):
        name = str(error.context.get("name", ""))
        parts: Names = tuple(int(p) if p.isdigit() else p for p in name.split(".") if p)
        return Finding(kind, "error", error.message, full + parts, str(error.context.get("fix", "")))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return Finding("K004", "error", f"{_name(path, scene)}: {_plain_message(error)}", full)
    if kind in ("too_short", "string_too_short") and value in ([], "", {}):
        return Finding("K003", "error", f"{_name(path, scene)} is empty", full, "name at least one, or delete it", on=_part(value))
    wanted = _limit(error)
    text = scene.text_at(path)
    if wanted:
        message = f"{_name(path, scene)} is {text or shown(value).removesuffix(' (text)')}, wanted {wanted}"
    else:
        message = f"{_name(path, scene)}: {_plain_message(error)}"
    from runner import hints, ranges

    fix, edits = ranges.of_range(scene.raw, scene.base, path, value)
    if not fix and wanted and (meaning := hints.of_field(scene.model, path, wanted)) is not None:
        message, fix = message + meaning.said, meaning.fix
    return Finding("K003", "error", message, full, fix, edits, on=_part(value))


def _usual(path: Names, scene: Scene) -> str:
    """What to write where nothing better is known: what the field has when it is left out."""
    name = path[-1] if path else ""
    for model in shapes.models_at(scene.model, path[:-1]):
        known = shapes.fields(model).get(str(name))
        if known is None or known.is_required():
            continue
        usual = known.default
        if isinstance(usual, (str, int, float)) and usual != "":
            from runner.written import written

            return f"write {name}: {written(usual)}, as it is when left out"
    return ""


def _no_such_role(error: _Error, path: Names, value: Any, scene: Scene) -> Finding:
    """A key of a map whose keys are words, such as the roles of columns."""
    words = re.findall(r"'([^']+)'", str(error.context.get("expected", "")))
    from runner import hints

    name = str(path[-1])
    held = value_at(scene.raw, path[:-1])
    if (
        isinstance(held, dict)
        and all(isinstance(each, str) and each in words for each in held.values())
        and len(set(held.values())) == len(held)
    ):
        from runner.written import written

        turned = {role: column for column, role in held.items()}
        fix = f"they are the other way round, first the role: write columns: {written(turned)}"
        turn = (Edit("set", scene.base + path[:-1], turned),)
        return Finding("K001", "error", f"{name} is no role of a column, {value} is one", scene.base + path, fix, turn, on="key")
    meant = hints.ROLES.get(name.lower()) or nearest(name, words)
    fix = f"write {meant}: {value}" if meant else f"it has: {', '.join(words)}"
    edits = (Edit("rename", scene.base + path, None, meant),) if meant else ()
    return Finding("K001", "error", f"unknown key {name} in {_name(path[:-1], scene)}", scene.base + path, fix, edits, on="key")


def _limit(error: _Error) -> str:
    if error.type in _LIMITS:
        key, words = _LIMITS[error.type]
        limit = error.context.get(key)
        return words.format(int(limit) if isinstance(limit, float) and limit == int(limit) else limit)
    if error.type in ("too_short", "string_too_short"):
        least = error.context.get("min_length", 1)
        return "something, not nothing" if least == 1 else f"at least {least} of them"
    if error.type in ("too_long", "string_too_long"):
        return f"at most {error.context.get('max_length')}"
    if error.type == "string_pattern_mismatch":
        return f"text that matches {error.context.get('pattern')}"
    return "a finite number" if error.type == "finite_number" else ""


def _plain_message(error: _Error) -> str:
    message = error.message
    for opening in ("Value error, ", "Assertion failed, ", "Input "):
        message = message.removeprefix(opening)
    return message


def _missing(path: Names, scene: Scene) -> Finding:
    name = str(path[-1])
    where = scene.called if len(path) == 1 else ".".join(map(str, path[:-1]))
    wanted = "…"
    for model in shapes.models_at(scene.model, path[:-1]):
        known = shapes.fields(model).get(name)
        if known is not None and known.description:
            wanted = known.description
    message = f"{where} needs {name}" + (f": {wanted}" if wanted != "…" else "")
    fix = f"add {name}: …" if path != ("target", "gpu") else "add gpu: and the card's name, such as {gpu: a100-80, count: 4}, or write here"
    return Finding("K005", "error", message, scene.base + path, fix, on="key")


def _wrong_type(path: Names, value: Any, wanted: list[str], scene: Scene, mended: Any) -> Finding:
    text = scene.text_at(path)
    message = f"{_name(path, scene)} is {shown(value, text)}, wanted {_either(wanted)}"
    full = scene.base + path
    from runner import hints

    meant = hints.of_type(scene.model, scene.raw, scene.base, path, value, text or "")
    if meant.fix:
        return Finding("K002", "error", message, full, meant.fix, meant.edits, on=_part(value))
    if mended is not None:
        from runner.written import written

        edit = Edit("set", full, mended)
        typed = value.strip() if isinstance(value, str) and scalar(value.strip()) == mended else written(mended)
        called = f"{path[-1]}: " if isinstance(path[-1], str) else ""
        why = ", in quotes: without them it is a number to YAML" if isinstance(mended, str) and isinstance(value, (int, float)) else ""
        return Finding("K002", "error", message, full, f"write {called}{typed}{why}", (edit,), on=_part(value))
    fix = hints.of_kind(scene.model, value, wanted, path)
    return Finding("K002", "error", message, full, fix, on=_part(value))


def _mended(kind: str, path: Names, value: Any, scene: Scene) -> Any:
    """The value that was meant, when there can be no doubt; None otherwise."""
    if isinstance(value, str):
        meant = scalar(value.strip())
        if isinstance(meant, str) and re.fullmatch(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?", value.strip()):
            meant = scalar(value.strip().replace("_", ""))
        number = isinstance(meant, (int, float)) and not isinstance(meant, bool)
        if kind in ("int_type", "int_parsing") and number:
            return int(meant) if meant == int(meant) else None
        if kind in ("float_type", "float_parsing") and number:
            return meant
        if kind in ("bool_type", "bool_parsing"):
            return {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(value.strip().lower())
    if kind in ("int_type", "int_from_float") and isinstance(value, float) and abs(value) < EXACT and value == int(value):
        return int(value)
    if kind == "string_type" and isinstance(value, (int, float)):
        return scene.text_at(path) or (str(value).lower() if isinstance(value, bool) else str(value))
    if kind == "list_type" and isinstance(value, (str, int, float)):
        inner = [part for part in shapes.at(scene.model, (*path, 0)) if isinstance(part, type)]
        parts = [part.strip(" '\"") for part in value.strip().strip("[]").split(",")] if isinstance(value, str) else []
        if isinstance(value, str) and str in inner and re.fullmatch(r"\((['\"]).*\1,?\)", value.strip()):
            return [each for _, each in re.findall(r"(['\"])(.*?)\1", value)]  # a tuple of Python
        if isinstance(value, str) and path[-1] in ("target_modules", "modules_to_save") and re.fullmatch(r"[\w.]+([ |;]+[\w.]+)+", value):
            return re.split(r"[ |;]+", value)  # names without a comma between them
        if str in inner and parts not in ([], [value]) and all(re.fullmatch(r"[\w.<>|-]+", part) for part in parts):
            return parts  # "q_proj, v_proj", and "[q_proj]" in quotes
        return [value] if value in shapes.literals_at(scene.model, (*path, 0)) or any(type(value) is part for part in inner) else None
    return None


def _enum(path: Names, value: Any, words: list[Any], wanted: list[str], scene: Scene, same: Any) -> Finding:
    full = scene.base + path
    text = value if isinstance(value, str) else shown(value, scene.text_at(path))
    message = f"{_name(path, scene)} is {text}, wanted {_either([*map(str, words), *wanted])}"
    same = same if same is not None else _same_word(str(value), words) if isinstance(value, (str, int)) else None
    if same is not None:
        called = f"{path[-1]}: " if isinstance(path[-1], str) else ""
        return Finding("K004", "error", message, full, f"write {called}{same}", (Edit("set", full, same),), on=_part(value))
    from runner import hints, numerals

    if isinstance(value, (dict, list)) and (shape := hints.of_type(scene.model, scene.raw, scene.base, path, value, "")).fix:
        return Finding("K004", "error", message, full, shape.fix, shape.edits, on=_part(value))
    known = hints.of_word(path, value, list(map(str, words)))
    if known:
        return Finding("K004", "error", message, full, known, on=_part(value))
    if (isinstance(value, bool) or str(value).strip().lower() in numerals.NOTHING) and type(None) in shapes.at(scene.model, path):
        fix = "delete the line: without it there is none"
        return Finding("K004", "error", message, full, fix, (Edit("delete", full),), on=_part(value))
    near = nearest(str(value), map(str, words)) if isinstance(value, str) else None
    called = f"{path[-1]}: " if isinstance(path[-1], str) else ""  # an item of a list has no name
    return Finding("K004", "error", message, full, f"write {called}{near}" if near else _usual(path, scene), on=_part(value))


def _same_word(value: str, words: list[Any]) -> Any:
    """The word that differs only in case or dashes, or that other tools call by this name."""

    def folded(word: Any) -> str:
        return re.sub(r"[-_ ]", "", str(word)).lower()

    for word in words:
        if isinstance(word, str) and folded(word) == folded(value):
            return word
    other = _WORDS.get(value.lower())
    return other if other in words else None


def _name(path: Names, scene: Scene) -> str:
    return ".".join(map(str, path)) if path else scene.called


def _part(value: Any) -> Any:
    return "key" if isinstance(value, (dict, list)) else "both"


def _either(words: list[str]) -> str:
    unique = list(dict.fromkeys(words))
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + " or " + unique[-1] if unique else "something else"
