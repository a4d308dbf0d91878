"""A fix written into the user's text: only the characters that must change do, and the result is read back before it is believed."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from runner.document import scalar
from schemas.findings import Edit, RecipePath

_BREAKS = "\n\r"
_PLAIN = re.compile(r"(?:[A-Za-z_/]|\.{1,2}/)[\w ./~+=@%^${}*-]*")  # strings that may stand without quotes in a block
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}  # some readers take these for no strings


class CannotEdit(ValueError):
    """The edit cannot be written so that exactly this one thing changes (an alias, a duplicate key, a value shared by an anchor)."""


def edited(text: str, edits: Sequence[Edit]) -> str:
    """`text` with every edit made, one after the other; comments, quotes, order, line endings and all not named stay byte for byte.

    The result is parsed again: were anything but the named value different, CannotEdit is raised and nothing is changed.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text[len(mark) :]
    for edit in edits:
        text = _one(text, edit)
    return mark + text


def patch(before: str, after: str) -> tuple[int, int, str]:
    """The one stretch that differs: characters [start, end) of `before`, and what stands there in `after`."""
    start, shortest = 0, min(len(before), len(after))
    while start < shortest and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shortest - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return start, len(before) - tail, after[start : len(after) - tail]


def _one(text: str, edit: Edit) -> str:
    root, data = _parsed(text)
    path = _spelled(data, edit.path)
    wanted = _applied(data, edit, path)
    if _same(data, wanted) and not _reads_otherwise(root, path, edit):
        return text
    for candidate in _candidates(text, root, edit, path):
        try:
            found = _parsed(candidate)[1]
        except CannotEdit:
            continue
        if _same(found, wanted):
            return candidate
    raise CannotEdit(f"{'.'.join(map(str, edit.path))} cannot be changed here without changing something else")


def _reads_otherwise(node: Any, path: list[Any], edit: Edit) -> bool:
    """True where the parser takes a number for what a recipe takes for text, such as 1_000."""
    for part in path:
        node = _value(node, part) if node is not None else None
    written = scalar(node.value) if node is not None and isinstance(node.value, str) and not node.style else edit.value
    return isinstance(written, str) and isinstance(edit.value, (int, float))


def _parsed(text: str) -> tuple[Any, Any]:
    """The node graph and the data. Aliases are unfolded, so that data shared in the text is separate here."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml: Any = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
        return root, _unfolded(yaml.constructor.construct_document(root)) if root is not None else None
    except (YAMLError, ValueError) as error:
        raise CannotEdit(str(error)) from error


def _unfolded(data: Any) -> Any:
    if isinstance(data, dict):
        return {k: _unfolded(v) for k, v in data.items()}
    return [_unfolded(v) for v in data] if isinstance(data, list) else data


def _same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return {*map(repr, a)} == {*map(repr, b)} and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b or (a != a and b != b))


# The change as it should show in the data -----------------------------------------------------------------------------


def _spelled(data: Any, path: RecipePath) -> list[Any]:
    """`path` with a step's id turned into its index, and every key as it stands in the data (a number is no string)."""
    found: list[Any] = []
    for depth, part in enumerate(path):
        if depth == 1 and path[0] == "steps" and isinstance(part, str) and isinstance(data, list):
            part = _step_index(data, part)
        if isinstance(data, dict) and part not in data:
            part = next((k for k in data if str(k) == str(part)), part)
        found.append(part)
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int) and part < len(data)
        data = data[part] if inside else None
    return found


def _step_index(steps: list[Any], step_id: str) -> int:
    """The step of that id, or of that type without an id of its own. `#3` is the third; `train#2` the second called train."""
    name, _, number = step_id.partition("#")
    if number.isdigit() and not name:
        return int(number) - 1
    called = [i for i, item in enumerate(steps) if isinstance(item, dict) and (item.get("id") or item.get("type")) == name]
    nth = int(number) - 1 if number.isdigit() else 0
    if nth >= len(called):
        raise CannotEdit(f"step {step_id} is not written in this file")
    return called[nth]


def _applied(data: Any, edit: Edit, path: list[Any]) -> Any:
    if not path:
        raise CannotEdit("the whole recipe cannot be changed")
    head, rest = path[0], path[1:]
    if data is None and edit.action == "set":
        data = {}
    if not isinstance(data, dict | list) or (rest and edit.action != "set" and not _holds(data, head)):
        raise CannotEdit(f"{head} is not written in this file")
    if rest:
        inner = _applied(data[head] if _holds(data, head) else None, edit, rest)
        return _replaced(data, head, inner)
    if edit.action == "set":
        return _replaced(data, head, edit.value)
    if not _holds(data, head):
        raise CannotEdit(f"{head} is not written in this file")
    if edit.action == "delete":
        if isinstance(data, list):
            return data[:head] + data[head + 1 :]
        return {k: v for k, v in data.items() if k != head}
    if not isinstance(data, dict) or (edit.key != head and edit.key in data):
        raise CannotEdit(f"{edit.key} stands there already")
    return {(edit.key if k == head else k): (edit.value if k == head and edit.value is not None else v) for k, v in data.items()}


def _holds(data: Any, head: Any) -> bool:
    return head in data if isinstance(data, dict) else isinstance(head, int) and head < len(data)


def _replaced(data: Any, head: Any, value: Any) -> Any:
    if isinstance(data, list):
        if not _holds(data, head):
            raise CannotEdit(f"there is no item {head}")
        return [value if i == head else v for i, v in enumerate(data)]
    return {**data, head: value}


# The change in the text -----------------------------------------------------------------------------------------------


def _candidates(text: str, root: Any, edit: Edit, path: list[Any]) -> Iterator[str]:
    """Texts that may be what is wanted, the best first."""
    node, depth = root, 0
    while depth < len(path) - 1 and (inner := _value(node, path[depth])) is not None and not _is_null(inner):
        node, depth = inner, depth + 1
    key = path[depth]
    if edit.action == "set":
        value = edit.value
        for part in reversed(path[depth + 1 :]):
            value = {part: value}
        if _value(node, key) is not None:
            yield _set(text, node, key, value)
        else:
            for place in range(len(node.value) if isinstance(node.value, list) else 0, -1, -1):
                yield _insert(text, node, key, value, place)
    elif depth == len(path) - 1 and edit.action == "rename":
        yield _rename(text, node, key, edit)
    elif depth == len(path) - 1:
        yield from _delete(text, node, key)


def _entries(node: Any) -> list[tuple[Any, Any]]:
    """(key node or None, value node) of a mapping or a sequence."""
    if not isinstance(node.value, list):
        return []
    return [pair if isinstance(pair, tuple) else (None, pair) for pair in node.value]


def _position(node: Any, key: Any) -> int | None:
    entries = _entries(node)
    if isinstance(key, int) and entries and entries[0][0] is None:
        return key if key < len(entries) else None
    return next((i for i, (k, _) in enumerate(entries) if k is not None and k.value == _spelling(key)), None)


def _spelling(key: Any) -> str:
    return {True: "true", False: "false", None: "null"}.get(key, str(key)) if key is None or isinstance(key, bool) else str(key)


def _value(node: Any, key: Any) -> Any:
    at = _position(node, key)
    return None if at is None else _entries(node)[at][1]


def _is_null(node: Any) -> bool:
    return not isinstance(node.value, list) and str(node.ctag) == "tag:yaml.org,2002:null"


def _after_colon(text: str, key: Any) -> int:
    found = re.compile(r"\s*:").match(text, key.end_mark.index)
    return found.end() if found else key.end_mark.index


def _span(text: str, key: Any, value: Any) -> tuple[int, int]:
    """Characters of a value. An empty one is an empty stretch after the colon; an alias is its `*name`, not what it names."""
    if key is not None:
        colon = _after_colon(text, key)
        alias = re.compile(r"\s*(\*[^\s,\]}]+)").match(text, colon)
        if alias:
            return alias.span(1)
        if value.end_mark.index <= value.start_mark.index:
            return colon, colon
    return value.start_mark.index, _end(text, value)


def _end(text: str, node: Any) -> int:
    if isinstance(node.value, list) and node.value and not node.flow_style:
        return _span(text, *_entries(node)[-1])[1]
    end = int(node.end_mark.index)
    if getattr(node, "style", None) in ("|", ">"):
        return int(node.start_mark.index) + len(text[node.start_mark.index : end].rstrip())
    return end


def _line_start(text: str, at: int) -> int:
    while at > 0 and text[at - 1] not in _BREAKS:
        at -= 1
    return at


def _line_end(text: str, at: int) -> int:
    while at < len(text) and text[at] not in _BREAKS:
        at += 1
    return at


def _next_line(text: str, at: int) -> int:
    at = _line_end(text, at)
    return at + 2 if text[at : at + 2] == "\r\n" else min(at + 1, len(text))


def _set(text: str, node: Any, key: Any, value: Any) -> str:
    key_node, old = _entries(node)[_position(node, key) or 0]
    start, end = _span(text, key_node, old)
    written = _written(value, node.flow_style or False, getattr(old, "style", None))
    if start == end:
        colon = "" if text[start - 1] == ":" else ":"
        return f"{text[:start]}{colon} {written}{text[end:]}"
    if key_node is not None and _line_start(text, start) > key_node.end_mark.index:  # a block below its key, whose remark stays
        colon_end = _after_colon(text, key_node)
        return f"{text[:colon_end]} {written}{text[colon_end : _line_end(text, colon_end)]}{text[end:]}"
    return text[:start] + written + text[end:]


def _rename(text: str, node: Any, key: Any, edit: Edit) -> str:
    key_node = _entries(node)[_position(node, key) or 0][0]
    quote = key_node.style if key_node.style in ("'", '"') else ""
    if edit.value is not None:
        text = _set(text, node, key, edit.value)
    return text[: key_node.start_mark.index] + quote + edit.key + quote + text[key_node.end_mark.index :]


def _insert(text: str, node: Any, key: Any, value: Any, place: int) -> str:
    """A new key behind the entry before `place`; at the top level before `steps`, where people look for it."""
    entries = _entries(node)
    written_key = _written(key, node.flow_style or False, None)
    if node.flow_style or not entries:
        return _insert_flow(text, node, f"{written_key}: {_written(value, True, None)}")
    if place == len(entries) and (steps := _position(node, "steps")) and node.start_mark.column == 0:
        place = steps
    line = f"{written_key}: {_written(value, False, None)}"
    indent = " " * entries[0][0].start_mark.column
    newline = _newline(text)
    if place == 0:
        at = entries[0][0].start_mark.index
        return f"{text[:at]}{line}{newline}{indent}{text[at:]}"
    previous = entries[place - 1]
    at = _line_end(text, _span(text, *previous)[1])
    if at == len(text):
        return f"{text}{newline}{indent}{line}"
    at = max(_next_line(text, at), _tail_of_block_scalar(previous[1]))
    return f"{text[:at]}{indent}{line}{newline}{text[at:]}"


def _tail_of_block_scalar(node: Any) -> int:
    while isinstance(node.value, list) and node.value and not node.flow_style:
        node = _entries(node)[-1][1]
    return int(node.end_mark.index) if getattr(node, "style", None) in ("|", ">") else 0


def _insert_flow(text: str, node: Any, pair: str) -> str:
    entries = _entries(node)
    if not entries:
        close = node.end_mark.index - 1
        opening = text.rindex("{", node.start_mark.index, close + 1) + 1
        return text[:opening] + pair + text[opening:]
    at = _flow_end(text, *entries[-1])
    return f"{text[:at]}, {pair}{text[at:]}"


def _flow_end(text: str, key: Any, value: Any) -> int:
    return max(_span(text, key, value)[1], key.end_mark.index if key is not None else 0)


def _newline(text: str) -> str:
    found = re.search(r"\r\n|\n|\r", text)
    return found[0] if found else "\n"


def _delete(text: str, node: Any, key: Any) -> Iterator[str]:
    at = _position(node, key)
    if at is None:
        return
    entries = _entries(node)
    key_node, value = entries[at]
    start, end = (key_node or value).start_mark.index, _flow_end(text, key_node, value)
    if node.flow_style:
        yield _delete_flow(text, entries, at, start, end)
        return
    if key_node is None:
        dash = text.rindex("-", node.start_mark.index, start)
        start = dash
    if len(entries) == 1:
        yield text[:start] + ("{}" if key_node is not None else "[]") + text[end:]
        return
    line = _line_start(text, start)
    if not text[line:start].strip():
        stop = max(_next_line(text, end), 0)
        if stop == len(text) and text[-1:] not in _BREAKS:
            line = len(text[:line].removesuffix("\n").removesuffix("\r"))
        yield text[:line] + text[stop:]
    elif at + 1 < len(entries):  # the first key of `- key: value`
        following = (entries[at + 1][0] or entries[at + 1][1]).start_mark.index
        if "#" not in text[end:following]:
            yield text[:start] + text[following:]
        yield text[:start].rstrip(" \t") + text[_line_end(text, end) :]


def _delete_flow(text: str, entries: list[tuple[Any, Any]], at: int, start: int, end: int) -> str:
    comma = _comma(text, end)
    if comma is not None:
        stop = comma + 1
        while text[stop : stop + 1] in (" ", "\t"):
            stop += 1
        line = _line_start(text, start)
        if not text[line:start].strip() and (text[stop : stop + 1] in _BREAKS):
            return text[:line] + text[_next_line(text, stop) :]
        return text[:start] + text[stop:]
    if at == 0:
        return text[:start] + text[end:]
    before = _flow_end(text, *entries[at - 1])
    comma = _comma(text, before)
    if comma is None:
        return text
    gap = text[comma + 1 : start]
    return text[:comma] + (gap.rstrip() if "#" in gap else "") + text[end:]


def _comma(text: str, at: int) -> int | None:
    found = re.compile(r"(?:\s|#[^\n\r]*)*").match(text, at)
    stop = found.end() if found else at
    return stop if text[stop : stop + 1] == "," else None


def _written(value: Any, in_flow: bool, style: str | None) -> str:
    """`value` as YAML 1.2 on one line; a string keeps the quotes that stood there."""
    if value is None or isinstance(value, bool):
        return _spelling(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(k, True, None)}: {_written(v, True, None)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(v, True, None) for v in value) + "]"
    return _quoted(str(value), in_flow, style)


def _quoted(value: str, in_flow: bool, style: str | None) -> str:
    import json

    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    plain = _PLAIN.fullmatch(value) and value.strip() == value and value.lower() not in _WORDS
    if style != '"' and plain and not (in_flow and set(value) & set("{}[],")):
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())
