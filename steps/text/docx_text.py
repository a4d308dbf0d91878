"""The text of a Word file: paragraphs, lists and tables in order; no headers, footers, comments or deleted revisions."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from steps.text.docx_contents import contents, is_contents, left_out
from steps.text.docx_fields import Fields, codes_over_paragraphs
from steps.text.docx_file import ALTERNATE, CHOICE, FALLBACK, opened, reason, root
from steps.text.docx_inserted import drawings, inserted
from steps.text.docx_listings import is_listing, with_listings
from steps.text.docx_lists import Lists
from steps.text.docx_math import M, linear
from steps.text.docx_signs import PICTURE_FONTS, drawn
from steps.text.docx_styles import Styles, W, on
from steps.text.docx_tables import WRAPPERS, table_parts
from steps.text.parts import CAPTION, Kind, Part, Wanted, section_of, with_references
from steps.text.raised import raised
from steps.text.unreadable import Unreadable

SYMBOL = "{http://schemas.microsoft.com/office/word/2015/wordml/symex}"  # of signs beyond the first 65536
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DEEPEST = 4  # Word files inside of Word files
WORD = re.compile(r"[^\W\d_]{3}")  # in the number of a paragraph without text: `Article 1`
SIGNS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
LEFT_OUT = frozenset([*(f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "txbxContent", "instrText", "delText", "rt")), FALLBACK])


def docx_parts(path: Path, wanted: Wanted) -> tuple[list[Part], str]:
    """What a Word file consists of, in order (list items marked, table rows by tabs), and its title. Raises Unreadable with the reason."""
    from lxml import etree

    document = opened(path)
    try:
        lists = Lists(document)
        parts = with_listings(list(_of_body(document, lists)))
        if wanted.footnotes:
            parts += _footnotes(document, lists)
        title = _title(document)
    except (etree.LxmlError, KeyError, ValueError) as error:
        raise Unreadable(f"a damaged DOCX file: {reason(error)}") from error
    if not parts:
        raise Unreadable("no text in it")
    return with_references(parts), title


def _of_body(document: Any, lists: Lists) -> Iterator[Part]:
    body = document.element.body
    lists.contents, lists.codes = contents(body), codes_over_paragraphs(body)
    return _blocks(body, lists)


def _of_file(file: Any, depth: int) -> Iterator[Part]:
    """Parts of a Word file inside of another, with the styles and lists of its own; nothing of one that is damaged."""
    try:
        document = opened(file)
    except Unreadable:
        return
    lists = Lists(document)
    lists.depth = depth
    yield from _of_body(document, lists) if depth < DEEPEST else ()


def _title(document: Any) -> str:
    try:
        return (document.core_properties.title or "").strip()
    except (AttributeError, ValueError):  # of properties whose type the package does not tell, or that it has twice
        return ""


def _footnotes(document: Any, lists: "Lists") -> Iterator[Part]:
    """Footnotes and endnotes, each once, at the end, with the sections that call them; not the lines that Word draws between them."""
    for kind in ("footnote", "endnote"):
        sections = _called(document.element.body, kind)
        for part in (r.target_part for r in document.part.rels.values() if r.reltype.endswith(f"/{kind}s")):
            for note in root(part).iterchildren(f"{W}{kind}"):
                if note.get(f"{W}type") in (None, "normal"):
                    text = " ".join(part.text for part in _blocks(note, lists))
                    if text.strip():
                        yield Part("footnote", text.strip(), sections.get(note.get(f"{W}id"), ""))


def _called(body: Any, kind: str) -> dict[str, str]:
    """The section in which each note's mark stands, by the note's id."""
    found: dict[str, str] = {}
    section = "front"
    for paragraph in body.iter(f"{W}p"):
        section = section_of("".join(text.text or "" for text in paragraph.iter(f"{W}t"))) or section
        found |= {mark.get(f"{W}id"): section for mark in paragraph.iter(f"{W}{kind}Reference")}
    return found


def _blocks(parent: Any, lists: Lists, *, in_cell: bool = False) -> Iterator[Part]:
    before: str | None = None  # a paragraph whose end was deleted or is unseen: it goes on in the next
    boxes: list[Any] = []
    for child in parent.iterchildren():
        if child.tag == f"{W}p":
            if left_out(child, lists.style(child), lists.contents):
                continue
            text = (before or "") + _paragraph(child, lists)
            boxes += _boxes(child)
            before = text if _goes_on(child, lists) else None
            if before is not None:
                continue
            mark = lists.mark(child)  # a number counts, also of an item without text
            if text.strip() or (len(mark) > 2 and (in_cell or WORD.search(mark))):
                yield _part(child, mark, text, lists)
            elif is_listing(child, lists.styles):
                yield Part("listing", "")
            for box in boxes:
                yield from _blocks(box, lists)
            boxes = []
            yield from drawings(child, lists.parts)
        elif child.tag == f"{W}tbl":
            yield from table_parts(child, lambda cell: _blocks(cell, lists, in_cell=True))
        elif child.tag in (f"{M}oMathPara", f"{M}oMath"):
            yield Part("text", _displayed(child))
        elif child.tag == f"{W}altChunk":
            part = lists.parts.get(child.get(f"{R}id", ""))
            yield from inserted(part, lambda file: _of_file(file, lists.depth + 1))
        elif child.tag == ALTERNATE:
            shown = child.find(CHOICE) if child.find(CHOICE) is not None else child.find(FALLBACK)
            yield from _blocks(shown, lists) if shown is not None else ()
        elif child.tag in WRAPPERS and not is_contents(child):
            yield from _blocks(child, lists)
    if before and before.strip():
        yield Part("text", before.strip())


def _part(paragraph: Any, mark: str, text: str, lists: Lists) -> Part:
    if not mark and is_listing(paragraph, lists.styles):
        return Part("listing", text.rstrip())
    return Part(_kind(paragraph, text.strip(), lists), (mark + text.strip()).rstrip())


def _goes_on(paragraph: Any, lists: Lists) -> bool:
    """True where nobody sees that a paragraph ends: a large first letter, an end that was deleted, moved away or is hidden."""
    properties = paragraph.find(f"{W}pPr")
    frame = properties.find(f"{W}framePr") if properties is not None else None
    if frame is not None and frame.get(f"{W}dropCap", "none") != "none":
        return True
    mark = properties.find(f"{W}rPr") if properties is not None else None
    gone = mark is not None and any(mark.find(f"{W}{name}") is not None for name in ("del", "moveFrom"))
    unseen = mark is not None and on(mark.find(f"{W}specVanish"))
    return gone or unseen or on(lists.styles.said("vanish", mark, _style_of(paragraph, lists)))


def _style_of(paragraph: Any, lists: Lists) -> str:
    """Id of the style that a paragraph has."""
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    return style.get(f"{W}val", "") if style is not None else lists.styles.plain


def _displayed(equations: Any) -> str:
    """Equations on lines of their own."""
    inside = [equations] if equations.tag == f"{M}oMath" else equations.iterchildren(f"{M}oMath")
    return "\n".join([line for each in inside if (line := linear(each).strip())])


def _kind(paragraph: Any, text: str, lists: Lists) -> Kind:
    name = lists.style(paragraph)
    if name.startswith(("heading", "title")) or section_of(text):
        return "heading"
    return "caption" if name == "caption" or (CAPTION.match(text) and len(text) < 300) else "text"


def _paragraph(paragraph: Any, lists: Lists) -> str:
    """Runs of a paragraph, inserted ones too, equations in a line; deleted and hidden ones and text boxes not."""
    parts: list[str] = []
    fields = Fields(lists.codes.get(paragraph))
    style = _style_of(paragraph, lists)

    def walk(node: Any) -> None:
        for child in node.iterchildren():
            tag = child.tag
            if tag == f"{W}instrText" or (fields.codes and tag == f"{W}t"):  # some write words in a code as text
                fields.code(child.text or "")
            if tag in LEFT_OUT:
                continue
            if tag == f"{W}r" and on(lists.styles.said("vanish", child.find(f"{W}rPr"), style)):
                continue
            if tag == f"{W}fldChar":
                parts.append(fields.at(child, parts))
            elif fields.codes:
                walk(child)  # to where the code ends
            elif tag == f"{W}t":
                parts.append(_text_of(child, parts, style, lists.styles))
            elif tag == f"{M}oMath":
                parts.append(linear(child))
            elif tag == f"{M}oMathPara":
                parts.append(f"\n{_displayed(child)}\n")
            elif tag == f"{W}sym":
                parts.append(drawn(int(child.get(f"{W}char", "0"), 16), child.get(f"{W}font", "")))
            elif tag == f"{SYMBOL}symEx":
                parts.append(drawn(int(child.get(f"{SYMBOL}char", "0"), 16), child.get(f"{SYMBOL}font", "")))
            elif tag in SIGNS:
                parts.append(SIGNS[tag])
            elif tag == ALTERNATE:
                known, older = len(parts), child.find(FALLBACK)
                walk(child)
                if older is not None and not any(parts[known:]):
                    walk(older)
            elif isinstance(tag, str):
                walk(child)

    walk(paragraph)
    return "".join(parts)


def _text_of(text: Any, before: list[str], style: str, styles: Styles) -> str:
    """What is read of a run's text: capitals, signs of picture fonts as the signs that they draw, raised figures by what they are."""
    said = text.text or ""
    if "\n" in said:  # of a file that was set out to be read: to Word it is a blank
        said = re.sub(r"[ \t\r]*\n\s*", " ", said)
    run = text.getparent().find(f"{W}rPr")
    if run is not None:
        fonts = run.find(f"{W}rFonts")
        known = PICTURE_FONTS.get((fonts.get(f"{W}ascii") or "").lower()) if fonts is not None else None
        if known is not None:
            said = "".join([known.get(chr(ord(sign) & 0xFF), "" if sign >= "\uf000" else sign) for sign in said])
    if on(styles.said("caps", run, style)):
        said = styles.capitals(said, run, style)
    place, lifted = styles.said("vertAlign", run, style), run.find(f"{W}position") if run is not None else None
    if (place is not None and place.get(f"{W}val") == "superscript") or (
        lifted is not None and lifted.get(f"{W}val", "0")[:1] in "123456789"
    ):
        return raised(said, "".join(before[-2:]))
    return said


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Contents of text boxes that hang on a paragraph, once each (Word keeps a second copy for old readers)."""
    for box in paragraph.iter(f"{W}txbxContent"):
        above = []
        for ancestor in box.iterancestors():
            if ancestor is paragraph:
                break
            above.append(ancestor.tag)
        if not {FALLBACK, f"{W}del", f"{W}moveFrom", f"{W}txbxContent"}.intersection(above):
            yield box
