"""What stands in a Word file in a form of its own: inserted pages and documents, and the texts of its diagrams and drawings."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from steps.text.docx_file import FALLBACK, root
from steps.text.docx_styles import W
from steps.text.parts import Part

RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
CANVAS = "{http://schemas.openxmlformats.org/drawingml/2006/lockedCanvas}lockedCanvas"  # what was drawn elsewhere, as in PowerPoint
LETTERING = "{urn:schemas-microsoft-com:vml}textpath"  # of WordArt
UNREAD = frozenset([FALLBACK, *(f"{W}{name}" for name in ("del", "moveFrom", "txbxContent"))])  # the last is read as a box
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
    from steps.text.html_charset import html_charset
    from steps.text.html_text import html_text

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


def drawings(paragraph: Any, parts: Mapping[str, Any]) -> Iterator[Part]:
    """The texts of the diagrams, drawings and WordArt that stand in a paragraph, each a line; what only draws them says them again."""
    for drawing in paragraph.iter(f"{DIAGRAM}relIds", CANVAS, LETTERING):
        if _is_unread(drawing, paragraph):
            continue
        if drawing.tag == LETTERING:
            lines = [] if drawing.get("on", "t") in ("f", "false") else drawing.get("string", "").splitlines()
        elif drawing.tag == CANVAS:
            lines = _lines(drawing)
        else:
            lines = _of_diagram(parts.get(drawing.get(f"{RELATION}dm", "")))
        shown = [line.strip() for line in lines if line.strip()]
        if shown:
            yield Part("text", "\n".join(shown))


def _is_unread(drawing: Any, paragraph: Any) -> bool:
    """True for the copy for old readers, what was deleted, and what is read where it stands in a box."""
    for above in drawing.iterancestors():
        if above is paragraph:
            return False
        if above.tag in UNREAD:
            return True
    return False


def _of_diagram(part: Any) -> list[str]:
    points = root(part).iter(f"{DIAGRAM}pt") if part is not None else ()
    shown = (point for point in points if point.get(f"{DIAGRAM}type", point.get("type", "node")) in ("node", "asst"))
    return [line for point in shown for line in _lines(point)]


def _lines(drawing: Any) -> list[str]:
    return ["".join(text.text or "" for text in line.iter(f"{DRAWING}t")) for line in drawing.iter(f"{DRAWING}p")]
