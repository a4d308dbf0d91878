"""Texts that were encoded twice: UTF-8 that somebody read as Windows-1252 and wrote as UTF-8 again, `gÃ¼neÅŸ` for `güneş`."""

import re

from schemas import Document
from steps.text.chat import render

LEAST = 3  # letters that must come out of it: one alone may be meant as it stands
OTHER = re.compile("[^\0-\x7f]")
PAIR = re.compile("[\xc2-\xf4][\x80-\xbf\u0152-\u0192\u02c6-\u2122]")
BACK = {ord(bytes((byte,)).decode("cp1252")): byte for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


def mended(text: str) -> str:
    """The text as it was before, or nothing: every sign of it that is no ASCII must be a part of UTF-8."""
    first = OTHER.search(text)
    if first is None or not PAIR.match(text, first.start()):
        return ""
    try:
        once = text.translate(BACK).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return ""
    return once if sum(sign > "\x7f" for sign in once) >= LEAST else ""


def read_once(document: Document) -> tuple[Document, str]:
    """A row as it was before, and what was mended in words; where there is nothing to mend the same and nothing."""
    if document.text.isascii():
        return document, ""
    if document.messages is None:
        once = mended(document.text)
        return (document.model_copy(update={"text": once}), told(document.text, once)) if once else (document, "")
    messages = [{**each, "content": mended(each["content"]) or each["content"]} for each in document.messages]
    changed = next((pair for pair in zip(document.messages, messages, strict=True) if pair[0] != pair[1]), None)
    if changed is None:
        return document, ""
    update = {"text": render(messages).text, "messages": messages}
    return document.model_copy(update=update), told(changed[0]["content"], changed[1]["content"])


def told(text: str, once: str) -> str:
    """A text and what it was, by their beginnings."""
    return f"{text[:30]!r} is {once[:30]!r}"
