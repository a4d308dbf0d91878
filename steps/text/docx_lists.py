"""What stands before the paragraphs of a Word file that no run holds: bullets, and numbers as Word counts and writes them."""

import re
from typing import Any

from steps.text.docx_file import root
from steps.text.numerals import FORMATS

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PLACE = re.compile(r"%(\d)")
BASES = 12  # styles that stand behind a style, at most: a file may say that each is based on the other


class Level:
    """How one level of a list is numbered."""

    def __init__(self, level: Any) -> None:
        self.format = _value(level, "numFmt", "decimal")
        self.text = _value(level, "lvlText", "")
        start = _value(level, "start", "1")
        self.start = int(start) if start.isdecimal() else 1
        self.legal = level.find(f"{W}isLgl") is not None  # the numbers of all levels in figures
        self.glued = _value(level, "suff", "tab") == "nothing"  # no blank behind it
        anew = _value(level, "lvlRestart", "")
        self.anew = int(anew) if anew.isdecimal() else 9  # it begins anew behind the levels above this one


class Lists:
    """Which paragraphs are list items, and what stands before each: `-`, or its number."""

    def __init__(self, document: Any) -> None:
        self.names: dict[str, str] = {}  # style id to its name, which Word does not translate
        self.styles: dict[str, tuple[str, str]] = {}  # style id to (numId, level)
        self.contents: set[Any] = set()  # paragraphs of lists of contents, by their fields
        self.hidden: set[str] = set()  # ids of styles whose text is not shown
        bases: dict[str, str] = {}
        shown: dict[str, bool] = {}
        held = {called: r for called, r in document.part.rels.items() if not r.is_external}
        self.parts = {called: r.target_part for called, r in held.items()}
        kinds = {r.reltype.rsplit("/", 1)[-1]: r.target_part for r in held.values()}
        made = kinds.get("styles")
        for style in (document.styles.element if made is None else root(made)).iterchildren(f"{W}style"):
            called = style.get(f"{W}styleId", "")
            self.names[called] = _value(style, "name", "").lower()
            bases[called] = _value(style, "basedOn", "")
            unseen = style.find(f"{W}rPr/{W}vanish")
            if unseen is not None:
                shown[called] = unseen.get(f"{W}val", "true") in ("0", "false", "off")
            given = style.find(f"{W}pPr/{W}numPr")
            if given is not None:
                self.styles[called] = _number_of(given)
        for called in bases:
            line = [called]
            while len(line) < BASES and line[-1] not in shown and bases.get(line[-1]):
                line.append(bases[line[-1]])
            if not shown.get(line[-1], True):
                self.hidden.add(called)
            base, number = called, self.styles.get(called, ("", ""))
            for _ in range(BASES):
                base = bases.get(base, "")
                if number[0] or not base:
                    break
                number = self.styles.get(base, ("", ""))
            if number[0]:
                level = self.styles.get(called, ("", ""))[1]
                self.styles[called] = number[0], level or number[1]
        self.levels: dict[tuple[str, int], Level] = {}  # of (numId, level)
        self.lists: dict[str, str] = {}  # numId to the list that it goes on
        self.anew: dict[tuple[str, int], int] = {}  # (numId, level) to where it starts its list anew
        self.counts: dict[str, list[int | None]] = {}  # of each list
        part = kinds.get("numbering")
        if part is not None:
            self._read(root(part))

    def _read(self, numbering: Any) -> None:
        abstract = {each.get(f"{W}abstractNumId", ""): each for each in numbering.iterchildren(f"{W}abstractNum")}
        shared = {_value(each, "styleLink", " "): called for called, each in abstract.items()}  # lists that a style holds for others
        for number in numbering.iterchildren(f"{W}num"):
            called, of = number.get(f"{W}numId", ""), _value(number, "abstractNumId", "")
            of = shared.get(_value(abstract[of], "numStyleLink", ""), of) if of in abstract else of
            self.lists[called] = of
            if of in abstract:
                for level in abstract[of].iterchildren(f"{W}lvl"):
                    self.levels[called, _depth(level)] = Level(level)
            for override in number.iterchildren(f"{W}lvlOverride"):
                inner = override.find(f"{W}lvl")
                if inner is not None:
                    self.levels[called, _depth(override)] = Level(inner)
                start = _value(override, "startOverride", "")
                if start.isdecimal():
                    self.anew[called, _depth(override)] = int(start)

    def style(self, paragraph: Any) -> str:
        """Name of the paragraph's style, empty where it has none of its own."""
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        return self.names.get(style.get(f"{W}val", ""), "") if style is not None else ""

    def mark(self, paragraph: Any) -> str:
        """`- `, `3. `, `b) `, `2.1 ` or nothing."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return ""
        number, level = self.styles.get(_value(properties, "pStyle", ""), ("", ""))
        given = properties.find(f"{W}numPr")
        if given is not None:
            own, deep = _number_of(given)
            number, level = own or number, deep or level
        if not number or number == "0":
            return ""
        depth = int(level) if level.isdecimal() else 0
        known = self.levels.get((number, depth))
        if known is None or known.format == "bullet":
            return "- "
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
            return (str if legal else FORMATS.get(level.format, str))(level.start if held is None else held)

        return PLACE.sub(written, self.levels[number, depth].text)


def _depth(level: Any) -> int:
    said = level.get(f"{W}ilvl", "0")
    return int(said) if said.isdecimal() else 0


def _value(parent: Any, name: str, usual: str) -> str:
    child = parent.find(f"{W}{name}")
    return child.get(f"{W}val", usual) if child is not None else usual


def _number_of(given: Any) -> tuple[str, str]:
    return _value(given, "numId", ""), _value(given, "ilvl", "")
