"""What is written on a page of a PDF, as mupdf writes it out, and what a look at the whole of it tells."""

import re
from typing import Any, NamedTuple

from steps.text.manuscripts import codes_apart
from steps.text.pdf_bidi import followed, has_letters
from steps.text.pdf_glyphs import has_signs
from steps.text.pdf_pi import MINUS
from steps.text.pdf_raised import glued

SIGNS = (  # hyphens, bullets; of each the byte that few texts have, which is looked for ten times as fast
    (b"\xc0", b"\xc0\x80", b"\0"),
    (b"\x90", b"\xe2\x80\x90", b"-"),
    (b"\x91", b"\xe2\x80\x91", b"-"),
    (b"\xef", b"\xef\x82\xb7", "•".encode()),
    (b"\x88", b"\n\xc2\x88 ", "\n• ".encode()),  # TeX's, of a font that names no signs
    (b"\x88", b"\n\xc2\x88\n", "\n•\n".encode()),
    (b"\xad", b"\xc2\xad-\n", b"\xc2\xad\n"),
)
AT_END = b"\xe2\x80\x90\n"  # U+2010 at a line end
CODES = bytes(range(0x10, 0x20))
HYPHENED = re.compile(rb"[a-z]-[a-z\n]")


class Said(NamedTuple):
    """What is written on a page, and what a look at the whole of it tells: each look at its blocks costs more."""

    texts: list[str]  # of its blocks, their lines parted by line feeds
    figures: dict[int, set[int]]  # where some may be raised: numbers of blocks and of their lines
    back: bool  # some run from right to left
    signs: bool  # there are some that WORDLESS may name
    relations: bool  # and RELATIONS


def said_on(found: Any, count: int, minus: list[bytes], *, parts: bool, names: set[str]) -> Said:
    """What each of `count` blocks says, and what of it needs no look. minus: what is read as such.

    parts: the program parts words with a hyphen of its own. names: those known to end in figures, see `glued`.
    """
    from pymupdf import mupdf

    buffer = mupdf.FzBuffer(8192)
    out = mupdf.FzOutput(buffer)
    mupdf.fz_print_stext_page_as_text(out, found)
    out.fz_close_output()
    data: bytes = buffer.fz_buffer_extract()
    if b"\x90" in data and AT_END in data and data.count(AT_END[:-1]) == data.count(AT_END) and (parts or HYPHENED.search(data)):
        data = data.replace(AT_END, b"\xc2\xad\n")  # a hyphen of the program's own, beside those of the author
    for sign in minus:
        data = data.replace(sign, MINUS.encode())
    for seldom, sign, plain in SIGNS:
        if seldom in data:
            data = data.replace(sign, plain)
    said = followed(data, data.decode("utf-8", "replace"))
    texts = (codes_apart(said) if len(data.translate(None, CODES)) < len(data) else said).split("\n\n")[:-1]
    if count == len(texts):
        signs = has_signs(data)
        relations = signs or b"=" in data or b"<" in data or b">" in data
        return Said(texts, glued(data, names), has_letters(data), signs, relations)
    letters = [[[chr(letter.m_internal.c) for letter in line] for line in block] for block in found]  # line feeds in the text itself
    return Said(["\n".join("".join(line).replace("\n", " ") for line in block) for block in letters], {}, False, True, True)
