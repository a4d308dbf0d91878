"""Rows of a table, a JSONL file or a hub data set as documents: by a template, by named roles, or by the shapes others use."""

import string
from collections.abc import Mapping, Sequence
from typing import Any

from schemas import Document
from steps.text.chat import render

PAIRS = (  # columns of the question, columns of the answer: the first pair that is there is taken
    ("instruction", ("output", "response", "answer", "completion")),
    ("prompt", ("completion", "response", "output", "answer")),
    ("question", ("answer", "response", "output")),
)
SPEAKERS = {  # ShareGPT and others
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "model": "assistant", "bard": "assistant", "bing": "assistant", "system": "system", "prompter": "user",
}  # fmt: skip
ROLES = ("text", "title", "lang", "messages", "instruction", "input", "output", "system")


class BadRow(ValueError):
    """A row that cannot become a document; the message says why."""


class NoSuchColumn(ValueError):
    """The columns of the source do not hold what is asked; `wanted` is missing among `found`."""

    def __init__(self, wanted: str, found: Sequence[str]) -> None:
        super().__init__(f"there is no column {wanted!r}; the columns are {', '.join(found)}")
        self.wanted, self.found = wanted, list(found)


def fields_of(template: str) -> list[str]:
    """Column names that a template names in braces; a text without braces is itself the name of a column."""
    if "{" not in template:
        return [template]
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def meant(columns: Mapping[str, str] | None, found: Sequence[str]) -> dict[str, str]:
    """How rows with the columns `found` become documents: role to column or template.

    Without `columns` the shape is recognised: text, messages, conversations, alpaca, prompt and completion, question and answer.
    Raises NoSuchColumn when a named column is not there, or nothing is recognised.
    """
    if columns:
        for value in columns.values():
            for name in fields_of(value):
                if name not in found:
                    raise NoSuchColumn(name, found)
        return dict(columns)
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
    raise NoSuchColumn("text", found)


def is_chat(roles: Mapping[str, str]) -> bool:
    """True when rows become conversations."""
    return "messages" in roles or "instruction" in roles


def document(row: Mapping[str, Any], roles: Mapping[str, str]) -> Document:
    """One row as a document. Raises BadRow when a value is missing or of a strange type."""
    lang = _value(row, roles["lang"]) if "lang" in roles else row.get("lang")
    title = _value(row, roles["title"]) if "title" in roles else row.get("title")
    about: dict[str, Any] = {"lang": lang if isinstance(lang, str) else "", "title": title if isinstance(title, str) else ""}
    if not is_chat(roles):
        return Document(text=_value(row, roles["text"]), **about)
    messages = _turns(row, roles["messages"]) if "messages" in roles else _pair(row, roles)
    if not any(m["role"] == "assistant" and m["content"].strip() for m in messages):
        raise BadRow("no answer to learn from")
    return Document(text=render(messages).text, messages=messages, **about)


def _value(row: Mapping[str, Any], template: str) -> str:
    if "{" not in template:
        value = row.get(template)
        if value is None:
            raise BadRow(f"{template} is empty")
        return value if isinstance(value, str) else str(value)
    values = {name: row.get(name) for name in fields_of(template)}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise BadRow(f"{missing[0]} is empty")
    return template.format_map({name: str(value) for name, value in values.items()})


def _pair(row: Mapping[str, Any], roles: Mapping[str, str]) -> list[dict[str, str]]:
    """Instruction, further input and answer (alpaca, prompt and completion) as turns."""
    asked = _value(row, roles["instruction"])
    more = row.get(roles["input"]) if "input" in roles and "{" not in roles["input"] else None
    if isinstance(more, str) and more.strip():
        asked = f"{asked}\n\n{more}"
    turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": _value(row, roles["output"])}]
    system = row.get(roles["system"]) if "system" in roles else None
    return [{"role": "system", "content": system}, *turns] if isinstance(system, str) and system.strip() else turns


def _turns(row: Mapping[str, Any], column: str) -> list[dict[str, str]]:
    """Turns in the shape of OpenAI ({"role", "content"}) or ShareGPT ({"from", "value"})."""
    turns = row.get(column)
    if not isinstance(turns, list) or not turns:
        raise BadRow(f"{column} is no list of turns")
    messages: list[dict[str, str]] = []
    for turn in turns:
        if not isinstance(turn, Mapping):
            raise BadRow(f"{column} holds something that is no turn")
        role = SPEAKERS.get(str(turn.get("role") or turn.get("from") or "").lower())
        content = turn.get("content", turn.get("value"))
        if role is None or not isinstance(content, str):
            raise BadRow(f"a turn of {column} has no known speaker" if role is None else f"a turn of {column} has no text")
        messages.append({"role": role, "content": content})
    return messages
