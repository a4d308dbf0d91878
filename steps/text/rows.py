"""Rows of a table, a JSONL file or a hub data set as documents: by a template, by named roles, or by the shapes others use."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas import Document
from steps.text.chat import render
from steps.text.turns import BadRow, pair, turns

__all__ = ["BadRow", "NoSuchColumn", "distinct", "document", "fields_of", "found_in", "is_chat", "meant"]

PAIRS = (  # columns of the question, columns of the answer: the first pair that is there is taken
    ("instruction", ("output", "response", "answer", "completion")),
    ("prompt", ("completion", "response", "output", "answer")),
    ("question", ("answer", "response", "output")),
)
SAME = {"prompt": "instruction", "question": "instruction", "completion": "output", "answer": "output", "conversations": "messages"}
FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")


class NoSuchColumn(ValueError):
    """The columns of the source do not hold what is asked; `wanted` is missing among `found`."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        super().__init__(f"there is no column {wanted!r}; the columns are {', '.join(found)}")
        self.wanted, self.found = wanted, list(found)


def fields_of(template: str) -> list[str]:
    """Column names that a template names in braces; a text without braces is itself the name of a column."""
    if "{" not in template:
        return [template]
    return [match[1] for match in FIELD.finditer(template) if match[1]]


def found_in(sample: Iterable[Mapping[str, Any]]) -> tuple[list[str], dict[str, Any]]:
    """Names of all columns in the rows of a sample, and one row made of the first value of each that is not empty."""
    merged: dict[str, Any] = {}
    for row in sample:
        for name, value in row.items():
            if empty(merged.get(name)):
                merged[name] = value
    return list(merged), merged


def distinct(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names of columns, of which those that come again are numbered, and which do: the first has the name, the second is `name (2)`."""
    told: list[str] = []
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
        told.append(name if found[name] == 1 or not name.strip() else f"{name} ({found[name]})")
    return told, [name for name, times in found.items() if times > 1 and name.strip()]


def meant(columns: Mapping[Any, str] | None, found: Sequence[str], row: Mapping[str, Any] | None = None) -> dict[str, str]:
    """How rows with the columns `found` become documents: role to column or template.

    row: one of them, to follow names with dots (`instances.0.output`) into. Without `columns` the shape is recognised: text, messages,
    conversations, alpaca, prompt and completion, question and answer. Raises NoSuchColumn when a named column is not there, or
    nothing is recognised.
    """
    if columns:
        for value in columns.values():
            for name in fields_of(value):
                if name not in found and (name.split(".")[0] not in found or (row is not None and not _leads(row, name))):
                    raise NoSuchColumn(name, [*found, *_inside(row)])
        return {SAME.get(role, role): value for role, value in columns.items()}
    for name in ("messages", "conversations", "conversation"):
        if name in found:
            return {"messages": name}
    if "text" in found:
        return {"text": "text"}
    for asked, answers in PAIRS:
        for answer in answers:
            if asked in found and answer in found:
                more = {role: role for role in ("input", "system") if role in found}
                more |= {"input": "context"} if "context" in found and "input" not in found else {}
                return {"instruction": asked, "output": answer, **more}
    if "content" in found:
        return {"text": "content"}
    raise NoSuchColumn("text", [*found, *_inside(row)])


def _leads(row: Mapping[str, Any], name: str) -> bool:
    """True when a name with dots leads somewhere in `row`, or cannot be judged since something on the way is empty in it."""
    value: Any = row
    for part in name.split("."):
        if isinstance(value, Mapping):
            if part not in value:
                return False
            value = value[part]
        elif isinstance(value, list):
            if not part.isdigit():
                return False
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return empty(value)
    return True


def empty(value: Any) -> bool:
    """True for a cell without a value: pandas writes one as NaN, which equals nothing."""
    return value is None or (isinstance(value, float) and value != value)


def _inside(row: Mapping[str, Any] | None) -> list[str]:
    """Names with dots of what lies in the columns of `row`, two levels deep."""
    names: list[str] = []
    for name, value in (row or {}).items():
        inner, prefix = (value[0], f"{name}.0") if isinstance(value, list) and value else (value, name)
        if isinstance(inner, Mapping):
            names += [f"{prefix}.{part}" for part in inner]
    return names[:20]


def is_chat(roles: Mapping[str, str]) -> bool:
    """True when rows become conversations."""
    return "messages" in roles or "instruction" in roles


def columns_of(roles: Mapping[str, str], found: Sequence[str]) -> list[str]:
    """The columns among `found` that rows are read for: those of the roles, and title and lang."""
    wanted = {"lang", "title"}
    for template in roles.values():
        for name in fields_of(template):
            wanted.add(name if name in found else name.split(".")[0])
    return [name for name in found if name in wanted]


def document(row: Mapping[str, Any], roles: Mapping[str, str]) -> Document:
    """One row as a document. Raises BadRow when a value is missing or of a strange type."""
    lang = _value(row, roles["lang"]) if "lang" in roles else row.get("lang")
    title = _value(row, roles["title"]) if "title" in roles else row.get("title")
    lang = lang if isinstance(lang, str) else ""
    title = title if isinstance(title, str) else ""
    repeat = _repeat(row, roles["repeat"]) if "repeat" in roles else 1
    if not is_chat(roles):
        return read(_value(row, roles["text"]), lang, title, repeat)
    if "messages" in roles:
        messages = turns(_at(row, roles["messages"]), roles["messages"])
        system = _optional(row, roles, "system")
        if system and messages[0]["role"] != "system":
            messages.insert(0, {"role": "system", "content": system})
    else:
        asked = _raw(row, roles["instruction"])
        answer = _raw(row, roles["output"])
        messages = pair(asked, answer, _optional(row, roles, "input"), _optional(row, roles, "system"))
    return read(render(messages).text, lang, title, repeat, messages)


def read(text: str, lang: str = "", title: str = "", repeat: float = 1, messages: list[dict[str, str]] | None = None) -> Document:
    """A document as it was read, not yet drawn: its repeat may have a fraction. Not validated: there may be millions."""
    return Document.model_construct(text=text, lang=lang, source="", title=title, origin="", repeat=repeat, messages=messages)  # type: ignore[arg-type]


def _repeat(row: Mapping[str, Any], name: str) -> float:
    """How often the row is to be seen, by its own word."""
    try:
        repeat = float(_value(row, name))
    except ValueError:
        raise BadRow(f"{name} is no number") from None
    if not 0 <= repeat <= 1000:
        raise BadRow(f"{name} is no number from 0 to 1000")
    return repeat


def _optional(row: Mapping[str, Any], roles: Mapping[str, str], role: str) -> str:
    """The text of a role that rows may lack, empty when this one does."""
    if role not in roles:
        return ""
    value = _at(row, roles[role]) if "{" not in roles[role] else ""
    if empty(value):
        return ""
    return _value(row, roles[role])


def _raw(row: Mapping[str, Any], template: str) -> Any:
    """A list of turns as it is, anything else as text."""
    value = _at(row, template) if "{" not in template else None
    return value if isinstance(value, list) and value and isinstance(value[0], Mapping) else _value(row, template)


def _value(row: Mapping[str, Any], template: str) -> str:
    if "{" not in template:
        return _text(_at(row, template), template)

    def filled(match: re.Match[str]) -> str:
        name = match[1]
        return match[0][0] if name is None else _text(_at(row, name), name) if name else ""

    return FIELD.sub(filled, template)


def _text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    if empty(value):
        raise BadRow(f"{name} is empty")
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise BadRow(f"{name} holds bytes that are no text") from None
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    if isinstance(value, list | Mapping):
        kind, inner = ("list", value[0] if value else None) if isinstance(value, list) else ("map", value)
        first = f"{name}.0" if isinstance(value, list) else name
        hint = f"{first}.{next(iter(inner))}" if isinstance(inner, Mapping) and inner else first
        raise BadRow(f"{name} holds a {kind}, no text: name a part of it, such as {hint}", f"{name} holds a {kind}, no text")
    return str(value)


def _at(row: Mapping[str, Any], name: str) -> Any:
    """The value of a column, or of a part of it by a name with dots; None when it is not there."""
    if name in row or "." not in name:
        return row.get(name)
    value: Any = row
    for part in name.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value
