"""Conversations as others write them, made into turns of {"role", "content"}: OpenAI, ShareGPT, tools, content in parts."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

SPEAKERS = {  # ShareGPT and others
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "bot": "assistant", "chatgpt": "assistant",
    "model": "assistant", "bard": "assistant", "bing": "assistant", "system": "system", "developer": "system", "prompter": "user",
    "tool": "tool", "function": "tool", "ipython": "tool", "observation": "tool", "function_response": "tool", "tool_response": "tool",
    "function_call": "assistant", "tool_call": "assistant",
}  # fmt: skip
WHO, WHAT = ("role", "from", "speaker"), ("content", "value", "text", "message")  # keys of one turn
KEYS = 4  # of a turn are named, at most
NOTHING = ("", "<noinput>", "<no input>")  # how instruction rows write that there is no further input


class BadRow(ValueError):
    """A row that cannot become a document; the message says why.

    kind: the same without what only this row has, by which such rows are counted.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind or message


def turns(found: Any, column: str) -> list[dict[str, str]]:
    """Turns of a conversation that stands in one column.

    Raises BadRow for what is no conversation, has no answer, or in which the speakers do not take turns.
    """
    if isinstance(found, str) and found.lstrip().startswith("["):
        try:
            found = json.loads(found)  # CSV and some parquet files hold the list as text
        except ValueError:
            raise BadRow(f"{column} is no list of turns") from None
    if not isinstance(found, list) or not found:
        raise BadRow(f"{column} is no list of turns")
    messages = [_turn(turn, column) for turn in found]
    _in_order(messages)
    return messages


def pair(asked: Any, answer: Any, more: str, system: str) -> list[dict[str, str]]:
    """Instruction, further input and answer (alpaca, prompt and completion) as turns; both may be lists of turns themselves."""
    before = [_turn(turn, "prompt") for turn in asked] if isinstance(asked, list) else []
    if not before:
        asked = f"{asked}\n\n{more}" if more.strip() not in NOTHING else asked
        if not asked.strip():
            raise BadRow("the question is empty")
        before = [{"role": "user", "content": asked}]
    after = [_turn(turn, "answer") for turn in answer] if isinstance(answer, list) else [{"role": "assistant", "content": answer}]
    start = [{"role": "system", "content": system}] if system.strip() and before[0]["role"] != "system" else []
    messages = [*start, *before, *after]
    _in_order(messages)
    return messages


def _turn(turn: Any, column: str) -> dict[str, str]:
    """{"role", "content"} of OpenAI or {"from", "value"} of ShareGPT."""
    if not isinstance(turn, Mapping):
        inside = isinstance(turn, list) and turn and isinstance(turn[0], Mapping)
        raise BadRow(f"{column} holds a list in a list" if inside else f"{column} holds something that is no turn")
    said = str(turn.get("role") or turn.get("from") or "")
    role = SPEAKERS.get(said.lower())
    if role is None and not said and turn and not {"role", "from"} & turn.keys():
        lacks = f"a turn of {column} has neither role nor from"
        raise BadRow(f"{lacks}, but {', '.join(str(key) for key in list(turn)[:KEYS])}", lacks)
    if role is None:
        nobody = f"a turn of {column} has no known speaker"
        raise BadRow(f"{nobody}: {said[:30]!r}" if said else nobody, nobody)
    content = _content(turn.get("content", turn.get("value", turn.get("text"))), column)
    calls = turn.get("tool_calls")
    if isinstance(calls, list) and calls:
        content = "\n".join([*([content] if content else []), *(_call(call) for call in calls)])
    elif content is None:
        raise BadRow(f"a turn of {column} has no text")
    return {"role": role, "content": content or ""}


def _content(content: Any, column: str) -> str | None:
    """Text, or a list of parts of which those of text are joined. A part that is none (a picture) cannot be left out in silence."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadRow(f"a turn of {column} has no text")
    texts: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            kind = part.get("type") if isinstance(part, Mapping) else None
            strange = f"a turn of {column} holds a part that is no text"
            raise BadRow(f"{strange}: {kind or type(part).__name__}", strange)
    return "\n".join(texts)


def _call(call: Any) -> str:
    """A call of a tool as text, in the marks that Hermes and Qwen use."""
    told = call.get("function", call) if isinstance(call, Mapping) else {}
    arguments = told.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            arguments = {"text": arguments}
    data = {"name": told.get("name"), "arguments": arguments or {}}
    if not isinstance(data["name"], str):
        raise BadRow("a call of a tool has no name")
    return f"<tool_call>\n{json.dumps(data, ensure_ascii=False)}\n</tool_call>"


def _in_order(messages: list[dict[str, str]]) -> None:
    """Raise BadRow unless there are answers, none of them empty, and user and assistant take turns (tools speak after the assistant)."""
    before = ""
    for number, message in enumerate(messages, 1):
        role = message["role"]
        if role == "assistant" and not message["content"].strip():
            raise BadRow(f"turn {number} is an empty answer", "an empty answer")
        if role == "system" and number > 1:
            raise BadRow(f"turn {number} is of the system, which speaks first or not at all", "the system speaks later")
        if role in ("user", "assistant") and role == before:
            raise BadRow(f"turns {number - 1} and {number} are both of the {role}", f"two turns of the {role} in a row")
        if role == "assistant" and before in ("", "system"):
            raise BadRow("an answer comes before any question")
        if role == "tool" and before not in ("assistant", "tool"):
            raise BadRow(f"turn {number} is of a tool that nobody called", "a tool that nobody called")
        if role == "user" and before == "tool":
            raise BadRow(f"turn {number} is of the user, and the answer to the tool is missing", "no answer to a tool")
        before = role
    if not any(message["role"] == "assistant" for message in messages):
        raise BadRow("no answer to learn from")


def turns_alone(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The columns of speaker and words where each row is a turn, by several speakers who are known; None for other rows."""
    for who in WHO:
        for what in WHAT:
            said = [str(row[who]).lower() for row in rows if isinstance(row.get(who), str) and isinstance(row.get(what), str)]
            if len(said) == len(rows) and set(said) <= SPEAKERS.keys() and len({SPEAKERS[each] for each in said}) > 1:
                return who, what
    return None
