"""Cleaning of documents, and the tally of what was dropped and why."""

import re
import unicodedata
from array import array
from collections.abc import Iterable
from typing import Any

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffe\uffff]")
BREAKS = re.compile("(?:\r\n?|\n)?[\v\f]|\r\n?|\u2028|\u2029|\x85")  # a form feed begins a line, wherever it stands
BLANKS = " \t\u00a0\u3000"  # taken from the ends of lines
MANY_BREAKS = re.compile(r"\n{3,}")
SURROGATE = re.compile("[\ud800-\udfff]")


def plain_text(text: str) -> str:
    """Always done: lone surrogates, which no UTF-8 file can hold, become U+FFFD."""
    return text if text.isascii() else SURROGATE.sub("\ufffd", text)


def tidy(text: str) -> str:
    """Line breaks as \\n, no control characters, no blanks at line ends, at most one empty line, none at the edges."""
    if "\r" in text or "\f" in text or "\v" in text or not text.isascii():
        text = BREAKS.sub("\n", text)
    text = CONTROL.sub("", text)
    if any(blank + "\n" in text for blank in BLANKS):
        text = "\n".join([line.rstrip(BLANKS) for line in text.split("\n")])
    if "\n\n\n" in text:
        text = MANY_BREAKS.sub("\n\n", text)
    return text.strip("\n").rstrip()


def cleaned(text: str, *, nfc: bool, whitespace: bool) -> str:
    """`text` after the chosen steps."""
    text = plain_text(text)
    if nfc and not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return tidy(text) if whitespace else text


def repeated_share(text: str) -> float:
    """Share of a text's characters that stands in lines which came before in it: menus, footers, the same sentence again and again."""
    seen: set[str] = set()
    again = total = 0
    for line in text.split("\n"):
        line = line.strip()
        total += len(line)
        if len(line) > 1:
            again += len(line) if line in seen else 0
            seen.add(line)
    return again / total if total else 0.0


def unfit(text: str, clean: Any) -> str:
    """Why a text is dropped for its length or its repetitions, or nothing. clean: the limits, as parse_corpus has them."""
    if not text.strip():
        return "empty"
    if len(text) < clean.min_characters:
        return "too short"
    if clean.max_characters is not None and len(text) > clean.max_characters:
        return "too long"
    if clean.min_words is not None or clean.max_words is not None:
        words = len(text.split())
        if clean.min_words is not None and words < clean.min_words:
            return "too few words"
        if clean.max_words is not None and words > clean.max_words:
            return "too many words"
    if clean.max_repeated_lines is not None and repeated_share(text) > clean.max_repeated_lines:
        return "repeated lines"
    return ""


class Dropped:
    """What was left out, by reason, with three examples of each."""

    def __init__(self) -> None:
        self._by_reason: dict[str, dict[str, Any]] = {}

    def add(self, reason: str, example: str) -> None:
        """Count one."""
        entry = self._by_reason.setdefault(reason, {"count": 0, "examples": []})
        entry["count"] += 1
        if len(entry["examples"]) < 3:
            entry["examples"].append(example[:120])

    def facts(self) -> dict[str, Any]:
        """For the statistics, sorted by reason."""
        return dict(sorted(self._by_reason.items()))

    def total(self) -> int:
        """All of them."""
        return sum(entry["count"] for entry in self._by_reason.values())


class Seen:
    """A set of 64-bit digests in 8 to 16 bytes each: a million documents take 16 MB."""

    def __init__(self, digests: Iterable[int] = ()) -> None:
        self._slots = array("Q", bytes(8 << 10))
        self._count = 0
        for digest in digests:
            self.add(digest)

    def __len__(self) -> int:
        return self._count

    def add(self, digest: int) -> bool:
        """True when `digest` was not there before."""
        if not _put(self._slots, digest or 1):
            return False
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            old = self._slots
            self._slots = array("Q", bytes(16 * len(old)))
            for value in old:
                if value:
                    _put(self._slots, value)
        return True


class Origins:
    """The origin that the first of each text has: equal sections of two papers have that of the first paper.

    A text whose origin is its own digest takes 8 to 16 bytes, another one some 150 more.
    """

    def __init__(self) -> None:
        self._seen = Seen()
        self._others: dict[int, bytes] = {}

    def first(self, digest: bytes, origin: bytes) -> bytes:
        """The origin of the first text of this digest: this one's, when it is the first."""
        key = int.from_bytes(digest[:8], "little")
        if not self._seen.add(key):
            return self._others.get(key, digest)
        if origin != digest:
            self._others[key] = origin
        return origin


def _put(slots: "array[int]", digest: int) -> bool:
    mask = len(slots) - 1
    at = digest & mask
    while slots[at]:
        if slots[at] == digest:
            return False
        at = (at + 1) & mask
    slots[at] = digest
    return True
