"""What stands before the paragraphs of a Word file that no run holds: bullets, and numbers as Word counts and writes them."""

import re
from collections.abc import Callable
from typing import Any

from steps.text.docx_file import root
from steps.text.docx_styles import Styles, W, number_of, value
from steps.text.numerals import FORMATS

PLACE = re.compile(r"%(\d)")
WORDS = ("cardinalText", "ordinalText")  # formats that are words of the text's language


class Level:
    """How one level of a list is numbered."""

    def __init__(self, level: Any) -> None:
        self.format = value(level, "numFmt", "decimal")
        self.text = value(level, "lvlText", "")
        start = value(level, "start", "0")
        self.start = int(start) if start.isdecimal() else 1
        self.unseen = not self.text.strip(" \xa0\u200b") and level.find(f"{W}lvlPicBulletId") is None  # a bullet that draws nothing
        self.legal = level.find(f"{W}isLgl") is not None  # the numbers of all levels in figures
        self.glued = value(level, "suff", "tab") == "nothing"  # no blank behind it
        anew = value(level, "lvlRestart", "")
        self.style = value(level, "pStyle", "")  # headings that it numbers
        self.anew = int(anew) if anew.isdecimal() else 9  # it begins anew behind the levels above this one


class Lists:
    """Which paragraphs are list items, and what stands before each: `-`, or its number."""

    def __init__(self, document: Any) -> None:
        self.depth = 0  # how many other Word files the file stands in
        self.contents: set[Any] = set()  # paragraphs of lists of contents, by their fields
        self.codes: dict[Any, list[bool]] = {}  # paragraphs that begin inside the code of a field
        held = {called: r for called, r in document.part.rels.items() if not r.is_external}
        self.parts = {called: r.target_part for called, r in held.items()}
        kinds = {r.reltype.rsplit("/", 1)[-1]: r.target_part for r in held.values()}
        made = kinds.get("styles")
        self.styles = Styles(document.styles.element if made is None else root(made))
        self.levels: dict[tuple[str, int], Level] = {}  # of (numId, level)
        self.lists: dict[str, str] = {}  # numId to the list that it goes on
        self.anew: dict[tuple[str, int], int] = {}  # (numId, level) to where it starts its list anew
        self.counts: dict[str, list[int | None]] = {}  # of each list
        part = kinds.get("numbering")
        if part is not None:
            self._read(root(part))
        self.by_style = {called: self._of_style(called) for called in self.styles.names}

    def _of_style(self, called: str) -> tuple[str, str]:
        """List and level of a style. Where it does not say the level itself, the list says which of its levels the style is for."""
        line = self.styles.line(called)
        given = [self.styles.numbers[each] for each in line if each in self.styles.numbers]
        number = next((number for number, _ in given if number), "")
        own = self.styles.numbers.get(called, ("", ""))[1]
        meant = (str(depth) for depth in range(9) if (level := self.levels.get((number, depth))) and level.style == called)
        return number, own or next(meant, "") or next((level for _, level in given if level), "")

    def _read(self, numbering: Any) -> None:
        abstract = {each.get(f"{W}abstractNumId", ""): each for each in numbering.iterchildren(f"{W}abstractNum")}
        shared = {value(each, "styleLink", " "): called for called, each in abstract.items()}  # lists that a style holds for others
        for number in numbering.iterchildren(f"{W}num"):
            called, of = number.get(f"{W}numId", ""), value(number, "abstractNumId", "")
            of = shared.get(value(abstract[of], "numStyleLink", ""), of) if of in abstract else of
            self.lists[called] = of
            if of in abstract:
                for level in abstract[of].iterchildren(f"{W}lvl"):
                    self.levels[called, _depth(level)] = Level(level)
            for override in number.iterchildren(f"{W}lvlOverride"):
                inner = override.find(f"{W}lvl")
                if inner is not None:
                    self.levels[called, _depth(override)] = Level(inner)
                start = value(override, "startOverride", "")
                if start.isdecimal():
                    self.anew[called, _depth(override)] = int(start)

    def style(self, paragraph: Any) -> str:
        """Name of the paragraph's style, empty where it has none of its own."""
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        return self.styles.names.get(style.get(f"{W}val", ""), "") if style is not None else ""

    def mark(self, paragraph: Any) -> str:
        """`- `, `3. `, `b) `, `2.1 ` or nothing."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return ""
        number, level = self.by_style.get(value(properties, "pStyle", ""), ("", ""))
        given = properties.find(f"{W}numPr")
        if given is not None:
            own, deep = number_of(given)
            number, level = own or number, deep or level
        if not number or number == "0":
            return ""
        depth = int(level) if level.isdecimal() else 0
        known = self.levels.get((number, depth))
        if known is None and self.lists and number not in self.lists:  # a list that is gone
            return ""
        if known is None or known.format == "bullet":
            return "" if known is not None and known.unseen else "- "
        text = self._counted(number, min(depth, 8))
        return text + ("" if known.glued else " ") if text.strip() else ""

    def _counted(self, number: str, depth: int) -> str:
        """The next number at this depth, as it is written; the deeper ones begin anew behind it."""
        counts = self.counts.setdefault(self.lists.get(number, number), [None] * 9)
        start = self.anew.pop((number, depth), None)
        if start is not None:
            counts[depth] = start
        else:
            held = counts[depth]
            counts[depth] = self.levels[number, depth].start if held is None else held + 1
        for deep in range(depth + 1, 9):
            below = self.levels.get((number, deep))
            if below is None or depth < below.anew:
                counts[deep] = None

        legal = self.levels[number, depth].legal

        def written(place: re.Match[str]) -> str:
            at = int(place[1]) - 1
            level = self.levels.get((number, at))
            if not 0 <= at <= depth or level is None:
                return ""
            held = counts[at]
            return self._written(level, legal)(level.start if held is None else held)

        return PLACE.sub(written, self.levels[number, depth].text)

    def _written(self, level: Level, legal: bool) -> Callable[[int], str]:
        """How a number of that level is written."""
        foreign = level.format in WORDS and self.styles.language[:2].lower() not in ("", "en")
        figures = foreign or (legal and level.format != "decimalZero")
        return str if figures else FORMATS.get(level.format, str)


def _depth(level: Any) -> int:
    said = level.get(f"{W}ilvl", "0")
    return int(said) if said.isdecimal() else 0
