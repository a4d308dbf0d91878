"""Styles of a Word file: what they say of the text that is set in them, each with what it takes from those that it is based on."""

import re
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BASES = 12  # styles that stand behind a style, at most: a file may say that each is based on the other
ONE_WIDTH = re.compile(r"courier|consol|menlo|monaco|typewriter|\bmono\b|\bcode\b|lucida console|letter gothic|fixedsys", re.IGNORECASE)
CAPITALS = {"tr": str.maketrans("iı", "İI"), "az": str.maketrans("iı", "İI")}  # languages in which I is no capital i
SHARP = str.maketrans({"ß": "ẞ"})  # Word sets no SS for it; made small again behind


class Styles:
    """Names of the styles, their lists, and what they do to letters."""

    def __init__(self, styles: Any) -> None:
        self.names: dict[str, str] = {}  # id to name, which Word does not translate
        self.bases: dict[str, str] = {}
        self.numbers: dict[str, tuple[str, str]] = {}  # id to (numId, level), as it is written there
        self._letters: dict[str, Any] = {}  # id to its properties of letters
        self._held: dict[str, dict[str, Any]] = {}  # the same with those of the styles that it is based on, once asked for
        language = styles.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang")
        self.language = language.get(f"{W}val", "") if language is not None else ""
        self.plain = ""  # id of the style of paragraphs that name none
        for style in styles.iterchildren(f"{W}style"):
            called = style.get(f"{W}styleId", "")
            self.names[called] = value(style, "name", "").lower()
            self.bases[called] = value(style, "basedOn", "")
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true", "on"):
                self.plain = called
            letters = style.find(f"{W}rPr")
            if letters is not None:
                self._letters[called] = letters
            given = style.find(f"{W}pPr/{W}numPr")
            if given is not None:
                self.numbers[called] = number_of(given)

    def line(self, called: str) -> list[str]:
        """The style and those that it is based on, nearest first."""
        found: list[str] = []
        while called and called not in found and len(found) < BASES:
            found.append(called)
            called = self.bases.get(called, "")
        return found

    def said(self, name: str, run: Any, paragraph: str) -> Any:
        """The property of that name that holds for a run: its own, else that of its style, else that of its paragraph's; or None.

        run: its properties, or None.
        """
        if run is not None:
            own = run.find(f"{W}{name}")
            if own is not None and _says(own):
                return own
            style = run.find(f"{W}rStyle")
            if style is not None:
                found = self._all(style.get(f"{W}val", "")).get(f"{W}{name}")
                if found is not None:
                    return found
        return self._all(paragraph).get(f"{W}{name}")

    def _all(self, called: str) -> dict[str, Any]:
        """Properties of letters that a style has, its own and others'."""
        if called not in self._held:
            self._held[called] = {}
            for each in self.line(called):
                for said in filter(_says, self._letters.get(each, ())):
                    self._held[called].setdefault(said.tag, said)
        return self._held[called]

    def capitals(self, text: str, run: Any, paragraph: str) -> str:
        """`text` in capitals, as the language that it is marked with has them."""
        marked = self.said("lang", run, paragraph)
        language = (marked.get(f"{W}val") if marked is not None else "") or self.language
        table = CAPITALS.get(language[:2].lower())
        return (text.translate(table) if table else text).translate(SHARP).upper().replace("ẞ", "ß")


def _says(said: Any) -> bool:
    """False for fonts that are named for eastern letters alone."""
    return said.tag != f"{W}rFonts" or said.get(f"{W}ascii") is not None


def of_one_width(fonts: Any) -> bool:
    """True when the fonts that a property names are such as listings are set in."""
    return fonts is not None and bool(ONE_WIDTH.search(fonts.get(f"{W}ascii") or ""))


def on(switch: Any) -> bool:
    """True for a property that is set, and not set to off."""
    return switch is not None and switch.get(f"{W}val", "true") not in ("0", "false", "off")


def value(parent: Any, name: str, usual: str) -> str:
    """What a child of that name says; `usual` where there is none."""
    child = parent.find(f"{W}{name}")
    return child.get(f"{W}val", usual) if child is not None else usual


def number_of(given: Any) -> tuple[str, str]:
    """List and level of a paragraph or a style, each empty where it is not said."""
    return value(given, "numId", ""), value(given, "ilvl", "")
