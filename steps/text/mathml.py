"""Formulas of web pages as a line of text: what the page says of itself in TeX, else its signs in a row, as in `x^2/(a+b)`."""

import re

from steps.text.docx_math import closed, denominator, goes_into, rooted, small

DEEPEST = 60  # elements inside each other, beyond which they are taken for one
UNSEEN = {"annotation", "annotation-xml", "mphantom", "mspace", "none", "mprescripts", "maligngroup", "malignmark"}
INVISIBLE = str.maketrans(dict.fromkeys("\u2061\u2062\u2063\u2064\u200b"))  # function application, times, comma, plus: not shown
STYLE = re.compile(r"\{\\(?:displaystyle|textstyle)\s+(.*)\}", re.DOTALL)  # what Wikipedia puts around every formula
Node = tuple[str, list["Node | str"]]


class Formula:
    """One <math>, told tag by tag. alttext: what it says of itself."""

    def __init__(self, alttext: str) -> None:
        self.alttext = alttext
        self.tex: list[str] = []
        self.open: list[Node] = [("math", [])]
        self.in_tex = False

    def start(self, tag: str, encoding: str) -> None:
        """An element begins; encoding: of an annotation."""
        if tag == "annotation":
            self.in_tex = "tex" in encoding.lower()
        if len(self.open) < DEEPEST:
            node: Node = (tag, [])
            self.open[-1][1].append(node)
            self.open.append(node)

    def end(self, tag: str) -> None:
        """An element ends, and what is open inside of it."""
        if tag == "annotation":
            self.in_tex = False
        for at in range(len(self.open) - 1, 0, -1):
            if self.open[at][0] == tag:
                del self.open[at:]
                return

    def data(self, text: str) -> None:
        """Characters."""
        if self.in_tex:
            self.tex.append(text)
        elif self.open[-1][0] not in UNSEEN:
            self.open[-1][1].append(" ".join(text.split()).translate(INVISIBLE))

    def text(self) -> str:
        """The formula as a line."""
        said = self.alttext.strip() or "".join(self.tex).strip()
        if match := STYLE.fullmatch(said):
            said = match[1]
        return " ".join((said or _row(self.open[0])).split())


def plain(said: str) -> str:
    """TeX of a formula without what is said of its style alone."""
    return Formula(said).text()


def _row(node: Node) -> str:
    return _joined([child if isinstance(child, str) else _one(child) for child in node[1]])


def _joined(pieces: list[str]) -> str:
    """Pieces one behind the other, set apart where one would be read as a part of the one before."""
    said = ""
    for piece in pieces:
        said += f" {piece}" if piece and goes_into(said, piece) else piece
    return said


def _one(node: Node) -> str:
    tag, children = node
    if tag in UNSEEN:
        return ""
    said = [child if isinstance(child, str) else _one(child) for child in children]  # each once: a second look doubles at every depth
    parts = [text.strip() for child, text in zip(children, said, strict=True) if not isinstance(child, str)]
    row = _joined(said)
    if tag == "mfrac" and len(parts) == 2:
        return f"{closed(parts[0])}/{denominator(parts[1])}"
    if tag in ("msup", "mover") and len(parts) == 2:
        return f"{closed(parts[0])}^{small(parts[1])}"
    if tag in ("msub", "munder") and len(parts) == 2:
        return f"{closed(parts[0])}_{small(parts[1])}"
    if tag in ("msubsup", "munderover") and len(parts) == 3:
        return f"{closed(parts[0])}_{small(parts[1])}^{small(parts[2])}"
    if tag == "mroot" and len(parts) == 2:
        return f"√[{parts[1]}]{rooted(parts[0])}"
    if tag == "msqrt":
        return f"√{rooted(row.strip())}"
    if tag == "mfenced":
        return f"({', '.join(parts)})"
    if tag in ("mtable", "mtr"):
        return ("; " if tag == "mtable" else ", ").join(parts)
    return f" {row} " if tag == "mtext" else row
