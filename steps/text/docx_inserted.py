"""What stands in a Word file as a file of its own: inserted pages and documents, and the texts of its diagrams."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from steps.text.docx_file import FALLBACK, root
from steps.text.parts import Part

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
PAGES = (".htm", ".html", ".xhtml")
MAIL = (".mht", ".mhtml", ".eml")


def inserted(part: Any, read: Callable[[Any], Iterator[Part]]) -> Iterator[Part]:
    """The parts of a page, a text or a Word file that was inserted as it is. read: the parts of a Word file."""
    from steps.text.encodings import decode

    if part is None or not part.blob:
        return
    name = str(part.partname).lower()
    if zipfile.is_zipfile(io.BytesIO(part.blob)):
        yield from read(io.BytesIO(part.blob))
    elif part.content_type == "message/rfc822" or name.endswith(MAIL):
        yield from _text(_of_mail(part.blob))
    elif "html" in part.content_type or name.endswith(PAGES):
        yield from _text(_of_page(part.blob))
    elif part.content_type.startswith("text/"):
        yield from _text(decode(part.blob)[0].strip())


def _text(text: str) -> Iterator[Part]:
    if text:
        yield Part("text", text)


def _of_page(page: bytes) -> str:
    from steps.text.encodings import decode
    from steps.text.html_text import html_charset, html_text

    return html_text(html_charset(page) or decode(page)[0])[0]


def _of_mail(data: bytes) -> str:
    """The first page of what browsers save as one file."""
    from email import message_from_bytes

    for message in message_from_bytes(data).walk():
        if message.get_content_type() == "text/html":
            page = message.get_payload(decode=True)
            charset = message.get_content_charset()
            if not isinstance(page, bytes):
                continue
            from steps.text.html_text import html_text

            try:
                return html_text(page.decode(charset))[0] if charset else _of_page(page)
            except (LookupError, UnicodeDecodeError):
                return _of_page(page)
    return ""


def diagrams(paragraph: Any, parts: Mapping[str, Any]) -> Iterator[Part]:
    """The texts of the diagrams that stand in a paragraph, each a line; what only draws them says them again."""
    for link in paragraph.iter(f"{DIAGRAM}relIds"):
        if any(above.tag == FALLBACK for above in link.iterancestors()):
            continue
        part = parts.get(link.get(f"{RELATION}dm", ""))
        if part is None:
            continue
        lines = []
        for point in root(part).iter(f"{DIAGRAM}pt"):
            if point.get(f"{DIAGRAM}type", point.get("type", "node")) in ("node", "asst"):
                for line in point.iter(f"{DRAWING}p"):
                    lines.append("".join(text.text or "" for text in line.iter(f"{DRAWING}t")).strip())
        if any(lines):
            yield Part("text", "\n".join(filter(None, lines)))
