"""Listings of a Word file: paragraphs in a font of one width, each a line of what they show together."""

from typing import Any

from steps.text.docx_styles import Styles, W, of_one_width
from steps.text.parts import Part

MOST = 0.8  # share of a document's characters in such fonts from which on it is typed on a typewriter, and no listing


def is_listing(paragraph: Any, styles: Styles) -> bool:
    """True when all that stands in a paragraph is set in a font of one width; of an empty one, what would stand there."""
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    called = style.get(f"{W}val", "") if style is not None else styles.plain
    if styles.names.get(called, "").startswith(("heading", "title")):
        return False
    empty = True
    for run in paragraph.iter(f"{W}r"):
        if any(text.text and text.text.strip() for text in run.iterchildren(f"{W}t")):
            empty = False
            if not of_one_width(styles.said("rFonts", run.find(f"{W}rPr"), called)):
                return False
    return not empty or of_one_width(styles.said("rFonts", paragraph.find(f"{W}pPr/{W}rPr"), called))


def with_listings(parts: list[Part]) -> list[Part]:
    """`parts` without empty ones, lines that follow each other as one listing."""
    shown = sum(len(part.text) for part in parts)
    typed = sum(len(part.text) for part in parts if part.kind == "listing") > MOST * shown
    found: list[Part] = []
    lines: list[str] = []

    def ended() -> None:
        text = "\n".join(lines).strip("\n").rstrip()
        several = "\n" in text
        if text.strip():
            found.append(Part("listing" if several else "text", text if several else text.strip()))
        lines.clear()

    for part in parts:
        if part.kind == "listing" and not typed:
            lines.append(part.text)
            continue
        ended()
        if part.text.strip():
            found.append(Part("text", part.text.strip()) if part.kind == "listing" else part)
    ended()
    return found
