"""Lists of contents of a Word file, which say each heading twice: made by a field, held by a control, or typed with page numbers."""

import re
from typing import Any

from steps.text.docx_styles import W

CONTENTS = "Table of Contents"  # what Word and Google Docs call the gallery of such lists, in every language
STYLES = ("toc ", "table of figures")  # names of the styles of such lists, which some use for headings
PAGE = re.compile(
    r"\S\s*(?:\t|[.…·_‥]{2,}|[ \xa0]{3,})\s*(?:[A-Z]{0,2}-?\d{1,4}(?:[-–.]\d{1,4})?|[ivxlc]{1,8})\s*$", re.IGNORECASE
)  # behind a tab or a leader
MARK = "_Toc"  # begins the names of the places that the entries lead to
NEAR = 6  # elements behind the heading of a list in which its first entry stands


def left_out(paragraph: Any, style: str, known: set[Any]) -> bool:
    """True for what belongs to a list of contents. known: paragraphs that do, by their fields."""
    return paragraph in known or (style.startswith(STYLES) and (_is_entry(paragraph) or _before_an_entry(paragraph, known)))


def _is_entry(paragraph: Any) -> bool:
    """True where a page number stands at the end, or a link leads to a heading."""
    if PAGE.search("".join(["\t" if node.tag != f"{W}t" else node.text or "" for node in paragraph.iter(f"{W}t", f"{W}tab", f"{W}ptab")])):
        return True
    if any((link.get(f"{W}anchor") or "").startswith(MARK) for link in paragraph.iter(f"{W}hyperlink")):
        return True
    return any(MARK in (code.text or "") for code in paragraph.iter(f"{W}instrText"))


def _before_an_entry(heading: Any, known: set[Any]) -> bool:
    """True where the next paragraph that has text is an entry."""
    following = heading
    for _ in range(NEAR):
        following = following.getnext()
        if following is None:
            return False
        if following.tag == f"{W}sdt" and is_contents(following):
            return True
        for paragraph in following.iter(f"{W}p"):
            if paragraph in known:
                return True
            if any((text.text or "").strip() for text in paragraph.iter(f"{W}t")):
                return _is_entry(paragraph)
    return False


def contents(body: Any) -> set[Any]:
    """Paragraphs of the lists of contents that a field makes, where no style says so; those of a field that ends."""
    if not any((code.text or "").split()[:1] == ["TOC"] for code in body.iter(f"{W}instrText")):
        return set()
    found: set[Any] = set()
    held: list[Any] = []  # of the list that is open
    open_at: list[bool] = []  # of each field that is open: whether it makes a list of contents
    paragraph = ended = None
    for node in body.iter(f"{W}p", f"{W}fldChar", f"{W}instrText", f"{W}t"):
        if node.tag == f"{W}p":
            paragraph = node
            if any(open_at):
                held.append(paragraph)
        elif node.tag == f"{W}instrText":
            if open_at and (node.text or "").split()[:1] == ["TOC"] and not any(open_at):
                open_at[-1] = True
                held = [paragraph]
        elif node.tag == f"{W}t":
            if paragraph is ended and not any(open_at):
                found.discard(paragraph)  # text goes on behind the list
        elif node.get(f"{W}fldCharType") == "begin":
            open_at.append(False)
        elif node.get(f"{W}fldCharType") == "end" and open_at and open_at.pop():
            found.update(held)
            ended = paragraph
    return found


def is_contents(control: Any) -> bool:
    """True for the control that holds a list of contents with its heading."""
    gallery = control.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
    return gallery is not None and gallery.get(f"{W}val") == CONTENTS
