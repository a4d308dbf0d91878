"""The text of a Word file: paragraphs, lists and tables in order; no headers, footers, comments or deleted revisions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from steps.text.docx_fields import Fields, contents, is_contents
from steps.text.docx_file import opened, root
from steps.text.docx_lists import Lists, W
from steps.text.docx_math import M, linear
from steps.text.parts import CAPTION, Kind, Part, Wanted, section_of, with_references
from steps.text.raised import raised
from steps.text.unreadable import Unreadable

R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
CONTENTS = ("toc ", "table of figures")  # names of the styles of lists of headings, which say each heading twice
SYMBOLS = dict(zip("abcdefghijklmnopqrstuvwxyz", "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)) | {
    "D": "Δ", "S": "Σ", "W": "Ω", "F": "Φ", "G": "Γ", "L": "Λ", "P": "Π", "Q": "Θ", "Y": "Ψ", "X": "Ξ", "\xb1": "±", "\xb4": "×",
    "\xa3": "≤", "\xb3": "≥", "\xb0": "°", "\xb9": "≠", "\xbb": "≈", "\xae": "→", "\xb7": "•", "\xa5": "∞",
}  # fmt: skip
PICTURES = dict(zip("àßáâØüûþ¨§lnqvoJ", "→←↑↓➢✓✗☑◻▪●■❑❖□☺", strict=True))  # of the font Wingdings, those that stand in texts
PICTURE_FONTS = {"symbol": SYMBOLS, "wingdings": PICTURES}
LEFT_OUT = frozenset([*(f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "txbxContent", "instrText", "delText", "rt")), FALLBACK])
WRAPPERS = tuple(f"{W}{name}" for name in ("sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo"))  # of what is in a text or table


def docx_parts(path: Path, wanted: Wanted) -> tuple[list[Part], str]:
    """What a Word file consists of, in order (list items marked, table rows by tabs), and its title. Raises Unreadable with the reason."""
    from lxml import etree

    document = opened(path)
    try:
        lists = Lists(document)
        lists.contents = contents(document.element.body)
        parts = [part for part in _blocks(document.element.body, lists) if part.text.strip()]
        if wanted.footnotes:
            parts += _footnotes(document, lists)
        title = _title(document)
    except (etree.LxmlError, KeyError, ValueError) as error:
        raise Unreadable(f"a damaged DOCX file: {error}") from error
    if not parts:
        raise Unreadable("no text in it")
    return with_references(parts), title


def _title(document: Any) -> str:
    try:
        return (document.core_properties.title or "").strip()
    except AttributeError:  # of properties whose type the package does not tell
        return ""


def _footnotes(document: Any, lists: "Lists") -> Iterator[Part]:
    """Footnotes and endnotes, each once, at the end; not the lines that Word draws between them."""
    for kind in ("footnote", "endnote"):
        for part in (r.target_part for r in document.part.rels.values() if r.reltype.endswith(f"/{kind}s")):
            for note in root(part).iterchildren(f"{W}{kind}"):
                if note.get(f"{W}type") in (None, "normal"):
                    text = " ".join(part.text for part in _blocks(note, lists))
                    if text.strip():
                        yield Part("footnote", text.strip())


def _blocks(parent: Any, lists: Lists) -> Iterator[Part]:
    before: str | None = None  # a paragraph whose end was deleted or is unseen: it goes on in the next
    for child in parent.iterchildren():
        if child.tag == f"{W}p":
            if lists.style(child).startswith(CONTENTS) or child in lists.contents:
                continue
            text = _paragraph(child, lists)
            frame = child.find(f"{W}pPr/{W}framePr")
            capital = frame is not None and frame.get(f"{W}dropCap", "none") != "none"  # a large first letter, in a paragraph of its own
            mark = child.find(f"{W}pPr/{W}rPr")  # of the paragraph's end
            if capital or (mark is not None and (mark.find(f"{W}del") is not None or _on(mark.find(f"{W}specVanish")))):
                before = (before or "") + text
                continue
            text, before = (before or "") + text, None
            if text.strip():
                yield Part(_kind(child, text.strip(), lists), lists.mark(child) + text.strip())
            for box in _boxes(child):
                yield from _blocks(box, lists)
        elif child.tag == f"{W}tbl":
            yield Part("table", _table(child, lists))
        elif child.tag == f"{W}altChunk":
            yield from _inserted(lists.parts.get(child.get(f"{R}id", "")))
        elif child.tag in WRAPPERS and not is_contents(child):
            yield from _blocks(child, lists)
    if before and before.strip():
        yield Part("text", before.strip())


def _inserted(part: Any) -> Iterator[Part]:
    """A page or a text that was inserted as a file of its own."""
    from steps.text.encodings import decode
    from steps.text.html_text import html_charset, html_text

    if part is None or not part.blob:
        return
    if "html" in part.content_type or str(part.partname).lower().endswith((".htm", ".html", ".xhtml")):
        text = html_text(html_charset(part.blob) or decode(part.blob)[0])[0]
    elif part.content_type.startswith("text/"):
        text = decode(part.blob)[0].strip()
    else:
        return
    if text:
        yield Part("text", text)


def _kind(paragraph: Any, text: str, lists: Lists) -> Kind:
    name = lists.style(paragraph)
    if name.startswith(("heading", "title")) or section_of(text):
        return "heading"
    return "caption" if name == "caption" or (CAPTION.match(text) and len(text) < 300) else "text"


def _paragraph(paragraph: Any, lists: Lists) -> str:
    """Runs of a paragraph, inserted ones too, equations in a line; deleted and hidden ones and text boxes not."""
    parts: list[str] = []
    fields = Fields()
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    unseen = style is not None and style.get(f"{W}val", "") in lists.hidden

    def walk(node: Any) -> None:
        for child in node.iterchildren():
            tag = child.tag
            if tag in LEFT_OUT:
                continue
            if tag == f"{W}r" and _hidden(child, unseen, lists):
                continue
            if tag == f"{W}fldChar":
                parts.append(fields.at(child))
            elif fields.codes:
                walk(child)  # to where the code ends
            elif tag == f"{W}t":
                parts.append(_text_of(child, parts))
            elif tag == f"{M}oMath":
                parts.append(linear(child))
            elif tag == f"{W}sym":
                parts.append(_symbol(child))
            elif tag in (f"{W}tab", f"{W}ptab"):
                parts.append("\t")
            elif tag in (f"{W}br", f"{W}cr"):
                parts.append("\n")
            elif tag == f"{W}noBreakHyphen":
                parts.append("-")
            elif isinstance(tag, str):
                walk(child)

    walk(paragraph)
    return "".join(parts)


def _on(switch: Any) -> bool:
    return switch is not None and switch.get(f"{W}val", "true") not in ("0", "false", "off")


def _hidden(run: Any, unseen: bool, lists: Lists) -> bool:
    """True for a run that Word does not show: what it says itself goes before its style, that before its paragraph's."""
    own = run.find(f"{W}rPr/{W}vanish")
    if own is not None:
        return _on(own)
    style = run.find(f"{W}rPr/{W}rStyle")
    return unseen or (style is not None and style.get(f"{W}val", "") in lists.hidden)


def _text_of(text: Any, before: list[str]) -> str:
    """What is read of a run's text: signs of picture fonts as the signs that they draw, raised figures by what they are."""
    said = text.text or ""
    properties = text.getparent().find(f"{W}rPr")
    if properties is None:
        return said
    fonts = properties.find(f"{W}rFonts")
    drawn = PICTURE_FONTS.get((fonts.get(f"{W}ascii") or "").lower()) if fonts is not None else None
    if drawn is not None:
        said = "".join([drawn.get(chr(ord(sign) & 0xFF), "" if sign >= "\uf000" else sign) for sign in said])
    place, lifted = properties.find(f"{W}vertAlign"), properties.find(f"{W}position")
    if (place is not None and place.get(f"{W}val") == "superscript") or (
        lifted is not None and lifted.get(f"{W}val", "0")[:1] in "123456789"
    ):
        return raised(said, "".join(before[-2:]))
    return said


def _symbol(symbol: Any) -> str:
    """What a character of the fonts Symbol and Wingdings looks like; those of other picture fonts say nothing."""
    code = int(symbol.get(f"{W}char", "0"), 16)
    font = symbol.get(f"{W}font", "").lower()
    known = PICTURE_FONTS.get(font)
    if known is None:
        private = 0xE000 <= code < 0xF900 or code < 0x20 or "dings" in font
        return "" if private else chr(code)
    return known.get(chr(code & 0xFF), "")


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Contents of text boxes that hang on a paragraph, once each (Word keeps a second copy for old readers)."""
    for box in paragraph.iter(f"{W}txbxContent"):
        if not any(ancestor.tag == FALLBACK for ancestor in box.iterancestors()):
            yield box


def _inside(parent: Any, tag: str) -> Iterator[Any]:
    """Children of a table or a row, those too that stand in a form's field, in markup of its own or in a revision."""
    for child in parent.iterchildren():
        if child.tag == tag:
            yield child
        elif child.tag in WRAPPERS:
            yield from _inside(child, tag)


def _table(table: Any, lists: Lists) -> str:
    """Rows as lines, cells parted by tabs; a merged cell once."""
    lines = []
    for row in _inside(table, f"{W}tr"):
        if row.find(f"{W}trPr/{W}del") is not None:
            continue
        cells = []
        for cell in _inside(row, f"{W}tc"):
            merge = cell.find(f"{W}tcPr/{W}vMerge")
            going_on = merge is not None and merge.get(f"{W}val") in (None, "continue")
            texts = [] if going_on else [part.text.replace("\n", " ").replace("\t", " ") for part in _blocks(cell, lists)]
            cells.append(" ".join(texts))
        if any(cell.strip() for cell in cells):
            lines.append("\t".join(cells))
    return "\n".join(lines)
