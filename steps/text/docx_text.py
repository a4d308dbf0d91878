"""The text of a Word file: paragraphs, lists and tables in order; no headers, footers, comments or deleted revisions."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text.papers import reference_span
from steps.text.unreadable import Unreadable

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"


def docx_text(path: Path, *, references: bool = False) -> tuple[str, str]:
    """Text (a blank line between blocks, list items marked, table rows by tabs) and title. Raises Unreadable with the reason."""
    document = _opened(path)
    blocks = [block for block in _blocks(document.element.body, _numbering(document)) if block.strip()]
    if not references:
        start, end = reference_span(blocks)
        blocks = blocks[:start] + blocks[end:]
    if not blocks:
        raise Unreadable("no text in it")
    return re.sub(r"\n\n(?=- )(?<=\n\n)", "\n\n", "\n\n".join(blocks)), (document.core_properties.title or "").strip()


def _opened(path: Path) -> Any:
    try:
        import docx
    except ImportError as error:
        raise RecipeError("D105", "DOCX files need python-docx, which is not installed", fix='pip install "recipe[docs]"') from error
    start = path.read_bytes()[:8]
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("an old .doc file or an encrypted one, not DOCX: save it as DOCX without a password")
    if not zipfile.is_zipfile(path):
        raise Unreadable("not a DOCX file: no ZIP archive")
    try:
        return docx.Document(str(path))
    except Exception as error:  # the library raises KeyError, ValueError and its own for damaged files
        raise Unreadable(f"not a DOCX file: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from error


def _numbering(document: Any) -> set[str]:
    """Names of styles that make list items."""
    names = set()
    for style in document.styles:
        if getattr(style, "name", None) and style.name.lower().startswith(("list bullet", "list number", "list paragraph")):
            names.add(style.style_id)
    return names


def _blocks(parent: Any, lists: set[str]) -> Iterator[str]:
    for child in parent.iterchildren():
        if child.tag == f"{W}p":
            text = _paragraph(child)
            if text.strip():
                yield f"- {text}" if _is_item(child, lists) else text
            for box in _boxes(child):
                yield from _blocks(box, lists)
        elif child.tag == f"{W}tbl":
            yield _table(child)
        elif child.tag == f"{W}sdt":
            for content in child.iterchildren(f"{W}sdtContent"):
                yield from _blocks(content, lists)
        elif child.tag in (f"{W}ins", f"{W}moveTo"):
            yield from _blocks(child, lists)


def _is_item(paragraph: Any, lists: set[str]) -> bool:
    properties = paragraph.find(f"{W}pPr")
    if properties is None:
        return False
    style = properties.find(f"{W}pStyle")
    if style is not None and style.get(f"{W}val", "") in lists and not style.get(f"{W}val", "").lower().startswith("listparagraph"):
        return True
    number = properties.find(f"{W}numPr")
    heading = style is not None and style.get(f"{W}val", "").lower().startswith(("heading", "title"))
    return number is not None and not heading


def _paragraph(paragraph: Any) -> str:
    """Runs of a paragraph, inserted ones too, deleted ones and text boxes not."""
    parts: list[str] = []

    def walk(node: Any) -> None:
        for child in node.iterchildren():
            tag = child.tag
            if tag in (f"{W}del", f"{W}moveFrom", f"{W}pPr", f"{W}txbxContent", f"{W}instrText", f"{W}delText", FALLBACK):
                continue
            if tag in (f"{W}t", MATH):
                parts.append(child.text or "")
            elif tag in (f"{W}tab", f"{W}ptab"):
                parts.append("\t")
            elif tag in (f"{W}br", f"{W}cr"):
                parts.append("\n")
            elif tag == f"{W}noBreakHyphen":
                parts.append("-")
            elif isinstance(tag, str):
                walk(child)

    walk(paragraph)
    return "".join(parts).strip()


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Contents of text boxes that hang on a paragraph, once each (Word keeps a second copy for old readers)."""
    for box in paragraph.iter(f"{W}txbxContent"):
        if not any(ancestor.tag == FALLBACK for ancestor in box.iterancestors()):
            yield box


def _table(table: Any) -> str:
    """Rows as lines, cells parted by tabs; a merged cell once."""
    lines = []
    for row in table.iterchildren(f"{W}tr"):
        cells = []
        for cell in row.iterchildren(f"{W}tc"):
            merge = cell.find(f"{W}tcPr/{W}vMerge")
            going_on = merge is not None and merge.get(f"{W}val") in (None, "continue")
            texts = [] if going_on else [block.replace("\n", " ").replace("\t", " ") for block in _blocks(cell, set())]
            cells.append(" ".join(texts))
        if any(cell.strip() for cell in cells):
            lines.append("\t".join(cells))
    return "\n".join(lines)
