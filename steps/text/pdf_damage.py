"""Pages of a PDF that are damaged: found by what mupdf says while it reads on, and told by their numbers.

mupdf raises for few of them. It reads a stream up to the damage, or takes a page that is not there for a blank one, and warns.
"""

import re
from itertools import groupby
from typing import Any

LOST = "its content is damaged"
MISSING = "it is missing: its entry in the file is damaged"
CODES = "its fonts do not say which letters they draw: run OCR on it"
SHARE = 0.3  # of the signs of a page: a table of glyphs has some, too
OPERATOR = re.compile(rb"(?:^|[\s)\]>}])(?:[A-Za-z]{1,3}[01*]?|['\"])\s*$")  # ends the content of a page
HARM = re.compile(r"^(?!ignoring).*(?:error|unknown)", re.MULTILINE)  # of a stream; a wrong checksum or length is none
ALPHANUMERIC = re.compile(r"[^\W_]+")
MOST = 3  # reasons that are told


def faults() -> tuple[type[Exception], ...]:
    """What mupdf raises. Where its words are no UTF-8, as a name in a damaged file, the bindings fail with a TypeError instead."""
    from pymupdf import mupdf

    return mupdf.FzErrorBase, RuntimeError, ValueError, TypeError


def warnings() -> str:
    """What mupdf has warned of since this was asked last."""
    import pymupdf

    said: str = pymupdf.TOOLS.mupdf_warnings()
    return said


def reason(page: Any, blank: bool) -> str:
    """Why the text of a page is not whole, for one at whose reading mupdf warned; nothing for a page whose content was read to its end.

    Fonts and pictures that are damaged, and words in a content that mean nothing, take no text away. blank: no text was read.
    """
    from pymupdf import mupdf

    entry = mupdf.pdf_page_from_fz_page(page).obj()
    if not mupdf.pdf_is_dict(entry):
        return MISSING
    content = mupdf.pdf_dict_gets(entry, "Contents")
    if content.m_internal is None:
        return ""
    listed = mupdf.pdf_is_array(content)
    streams = [mupdf.pdf_array_get(content, k) for k in range(mupdf.pdf_array_len(content))] if listed else [content]
    warnings()
    read = [_stream(stream) for stream in streams]
    if None in read or HARM.search(warnings()):
        return LOST
    data = b"\n".join(filter(None, read))
    return LOST if data.strip() and (not OPERATOR.search(data[-200:]) or (blank and b"BT" in data)) else ""


def _stream(entry: Any) -> bytes | None:
    """What a stream holds; None for what is none."""
    from pymupdf import mupdf

    try:
        if not mupdf.pdf_is_stream(entry):
            return None
        data: bytes = mupdf.pdf_load_stream(entry).fz_buffer_extract_copy()
    except faults():
        return None
    return data


def is_code(text: str) -> bool:
    """True when many signs are codes of none: glyphs by their numbers."""
    if text.isprintable():  # nearly always
        return False
    signs = "".join(text.split())
    return len(signs) > 100 and sum(not sign.isprintable() for sign in signs) > SHARE * len(signs)


def in_words(reasons: list[str]) -> str:
    """Which pages are left out, and why: `page 3 of 12: its content is damaged`; nothing when all were read.

    reasons: of each page, empty for one that was read.
    """
    lost: dict[str, list[int]] = {}
    for number, why in enumerate(reasons, 1):
        if why:
            lost.setdefault(why, []).append(number)
    return "; ".join(f"{_numbered(numbers)} of {len(reasons)}: {why}" for why, numbers in list(lost.items())[:MOST])


def _numbered(numbers: list[int]) -> str:
    """`page 3`, `pages 3 and 5`, `pages 3, 5 and 7 to 9`."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda each: each[1] - each[0])]
    words = [word for run in runs for word in ([f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run))]
    return f"page {words[0]}" if len(numbers) == 1 else f"pages {', '.join(words[:-1])}{' and ' if words[:-1] else ''}{words[-1]}"


def is_garbled(texts: list[str]) -> bool:
    """True when most signs are neither letters nor figures, or many are codes of no sign: glyphs by their numbers."""
    signs = "".join(("".join(texts[:20])[:2000] + max(texts, key=len)[:2000]).split())
    if len(signs) <= 100:
        return False
    codes = 0 if signs.isprintable() else sum(not sign.isprintable() for sign in signs)
    return codes > 0.05 * len(signs) or sum(map(len, ALPHANUMERIC.findall(signs))) < 0.3 * len(signs)
