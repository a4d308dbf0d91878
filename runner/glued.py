"""A key that is glued to its value: `max_steps:1000`, `max_steps=1000`, `quantization q4_0`. To YAML each is one word, or two."""

import re
from typing import Any, NamedTuple

WORD = r"[A-Za-z_][\w-]*"


class Glued(NamedTuple):
    """A key and its value as they were meant; start, end: where they stand."""

    key: str
    value: str
    start: int
    end: int
    sign: str

    @property
    def message(self) -> str:
        """What is wrong with it."""
        if self.sign == ":":
            return f"no blank behind the colon of {self.key}: to YAML it is one word with what follows"
        return f"{'=' if self.sign == '=' else 'a blank'} stands between {self.key} and its value, not a colon and a blank"

    @property
    def fix(self) -> str:
        """What to write."""
        return f"write {self.key}: {self.value}"


def pair(text: str) -> tuple[str, str] | None:
    """`key:value` or `key=value` as the two that were meant; None for an address, a path of Windows and all other text."""
    found = re.fullmatch(rf"({WORD})[:=](?![/\\:=])(\S.*)", text)
    return (found[1], found[2]) if found is not None and len(found[1]) > 1 else None


def key_of(name: str, known: Any) -> tuple[str, str] | None:
    """A key that is glued to its value in braces, where the first is one of the `known`: `r:8`, `r=8`."""
    found = re.fullmatch(rf"({WORD})\s*[:=]\s*(\S.*)", name)
    return (found[1], found[2]) if found is not None and found[1] in known else None


def in_lines(text: str, first: int, last: int) -> Glued | None:
    """The first glued key in the lines from the one with character `first` to the one before character `last`.

    A word and a number with a blank between them are one, too; a word and a word may be a text.
    """
    at = text.rfind("\n", 0, first) + 1
    while at < last:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end]
        found = re.match(rf"[ ]*(?:- +)*({WORD})(?:(:)(?![/\\:\s])| *(=)(?!=) *)([^\s#].*?) *(?: #.*)?$", line)
        found = found or re.match(rf"[ ]*(?:- +)*({WORD})( ) *()([-+.\d]+(?:e-?\d+)?|true|false) *(?: #.*)?$", line)
        if found is not None and len(found[1]) > 1:
            return Glued(found[1], found[4], at + found.start(1), at + found.end(4), found[2] or found[3])
        at = end + 1
    return None
