"""Plain values as they are typed in a recipe."""

import json
import re
from typing import Any

from runner.document import scalar

UNREADABLE = re.compile("[\x7f-\x9f\ufffe\uffff]")  # what YAML 1.2 takes in no text, 5.1
_PLAIN = re.compile(r"[A-Za-z0-9_./+\\-][A-Za-z0-9_./+\\ @-]*")


def written(value: Any) -> str:
    """A value in one line of YAML that is read back as the same value: `512`, `'512'`, `{a: [1, x]}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(child)}" for key, child in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(written(child) for child in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return number(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if text and _PLAIN.fullmatch(text) and text == text.strip() and isinstance(scalar(text), str) and not text.startswith("-"):
        return text
    if "'" not in text and text.isprintable() and "\\" not in text:
        return f"'{text}'"
    return UNREADABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def number(value: float) -> str:
    """A float as YAML 1.2 reads it back."""
    if value != value:
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    return re.sub(r"e([+-])0+", r"e\1", repr(value))
