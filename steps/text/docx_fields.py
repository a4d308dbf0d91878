"""Fields of a Word file: what Word shows of them is text, their codes are not."""

from typing import Any

from steps.text.docx_eq import shown
from steps.text.docx_styles import W


class Fields:
    """The fields that are open while a paragraph is read. open: whether the result has begun of each that is open where it begins."""

    def __init__(self, open: list[bool] | None = None) -> None:
        self.open = list(open or ())
        self.codes = self.open.count(False)  # how many of them are still in their code
        self.said: list[list[str]] = [[] for _ in self.open]  # the code of each
        self.chosen = ["" for _ in self.open]  # of the list of each, for which the result may stand too
        self.begun = [0 for _ in self.open]  # the piece of the paragraph with which the result of each begins

    def code(self, text: str) -> None:
        """Take a piece of the innermost field's code."""
        if self.open and not self.open[-1]:
            self.said[-1].append(text)

    def at(self, sign: Any, pieces: list[str]) -> str:
        """Take the beginning, the middle or the end of a field; gives what is shown of one that holds no text.

        pieces: of the paragraph's text up to here.
        """
        kind = sign.get(f"{W}fldCharType")
        if kind == "begin":
            box, chosen = ("", "") if self.codes else (_box(sign), _chosen(sign))
            self.open.append(False)
            self.said.append([])
            self.chosen.append(chosen)
            self.begun.append(0)
            self.codes += 1
            return box
        if self.open and kind == "separate" and not self.open[-1]:
            self.open[-1] = True
            self.begun[-1] = len(pieces)
            self.codes -= 1
        elif self.open and kind == "end":
            return self._ended(pieces)
        return ""

    def _ended(self, pieces: list[str]) -> str:
        """What the innermost field shows that has no result, or an empty one."""
        code, begun, chosen = "".join(self.said.pop()), self.begun.pop(), self.chosen.pop()
        has_result = self.open.pop()
        self.codes -= not has_result
        if has_result and (self.codes or any(piece.strip() for piece in pieces[begun:])):
            return ""
        seen = chosen or shown(code)
        if self.codes:  # a part of another's code, as `\\s\\up` stands in `\\o`
            self.code(seen)
            return ""
        return seen


def _box(sign: Any) -> str:
    """A box, ticked or not."""
    box = sign.find(f"{W}ffData/{W}checkBox")
    if box is None:
        return ""
    ticked = box.find(f"{W}checked")
    ticked = box.find(f"{W}default") if ticked is None else ticked
    return "☒" if ticked is not None and ticked.get(f"{W}val", "1") not in ("0", "false", "off") else "☐"


def _chosen(sign: Any) -> str:
    """The entry that is chosen of a list."""
    entries = sign.find(f"{W}ffData/{W}ddList")
    if entries is None:
        return ""
    named = [entry.get(f"{W}val", "") for entry in entries.iterchildren(f"{W}listEntry")]
    chosen = entries.find(f"{W}result")
    chosen = entries.find(f"{W}default") if chosen is None else chosen
    number = chosen.get(f"{W}val", "0") if chosen is not None else "0"
    return named[int(number)] if number.isdecimal() and int(number) < len(named) else ""


def codes_over_paragraphs(body: Any) -> dict[Any, list[bool]]:
    """Paragraphs that begin inside the code of a field that began before and ends: of each field, whether its result has begun."""
    open_: list[list[bool]] = []  # of each: whether its result has begun, and whether it ends
    held: list[tuple[Any, list[tuple[list[bool], bool]]]] = []
    for node in body.iter(f"{W}p", f"{W}fldChar"):
        kind = node.get(f"{W}fldCharType")
        if node.tag == f"{W}p":
            if any(not field[0] for field in open_):
                held.append((node, [(field, field[0]) for field in open_]))
        elif kind == "begin":
            open_.append([False, False])
        elif kind == "separate" and open_:
            open_[-1][0] = True
        elif kind == "end" and open_:
            open_.pop()[1] = True
    return {paragraph: begun for paragraph, fields in held if False in (begun := [said for field, said in fields if field[1]])}
