"""Marks of items and cells: what stands between the pieces of text of lists and tables."""

from collections.abc import Callable
from dataclasses import dataclass, field

from steps.text.html_lines import FIRST, ITEM, LINE
from steps.text.html_names import Given
from steps.text.numerals import FORMATS

NUMERALS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}  # types of ordered lists


def number(given: str | None, usual: int) -> int:
    """What an attribute says, or what is usual."""
    return int(given) if given and given.isdecimal() and len(given) < 7 else usual


@dataclass(slots=True)
class _List:
    """count: of the last item, None where items are not counted. items: parts that are the marks of a list that counts down to 1."""

    count: int | None
    step: int
    said: Callable[[int], str]
    items: list[int] | None


class Lists:
    """The lists that are open."""

    def __init__(self) -> None:
        self._open: list[_List] = []

    def __len__(self) -> int:
        return len(self._open)

    def begin(self, tag: str, given: Given) -> str:
        """A list begins; what stands before it."""
        step = -1 if "reversed" in given else 1
        counted = tag == "ol"
        items: list[int] | None = [] if counted and step < 0 and not given.get("start") else None
        said = FORMATS.get(NUMERALS.get(given.get("type") or "", ""), str)
        self._open.append(_List(number(given.get("start"), 1) - step if counted else None, step, said, items))
        return "\n\n" if len(self._open) == 1 else LINE

    def item(self, given: Given, place: int) -> str:
        """The mark of an item, which becomes the part at `place`."""
        last = self._open[-1] if self._open else None
        if last is None or last.count is None:
            return f"{LINE}{ITEM}- "
        last.count = max(0, number(given.get("value"), last.count + last.step))
        if last.items is not None:
            last.items.append(place)
        return _mark(last, last.count)

    def end(self, parts: list[str]) -> None:
        """The last list ends."""
        if not self._open:
            return
        last = self._open.pop()
        for left, place in zip(range(len(last.items or ()), 0, -1), last.items or (), strict=True):
            if place < len(parts) and parts[place].startswith(f"{LINE}{ITEM}"):
                parts[place] = _mark(last, left)


def _mark(found: _List, count: int) -> str:
    return f"{LINE}{ITEM}{found.said(count)}. "


@dataclass(slots=True)
class Grid:
    """The tables that are open, each as column to how many rows a cell goes on, and its width.

    above: columns that cells of rows above fill, and how wide they are. first: the next cell begins its row. numbered: the last cell holds
    numbers of lines alone.
    """

    tables: list[dict[int, tuple[int, int]]] = field(default_factory=list)
    above: dict[int, int] = field(default_factory=dict)
    column: int = 0
    first: bool = False
    numbered: bool = False

    def row(self) -> None:
        """A row begins: cells that go on from the rows above fill their columns, one row less from here on."""
        self.column, self.above, self.first, self.numbered = 0, {}, True, False
        if self.tables:
            self.above = {column: width for column, (rows, width) in self.tables[-1].items() if rows > 0}
            self.tables[-1] = {column: (rows - 1, width) for column, (rows, width) in self.tables[-1].items() if rows > 1}

    def cell(self, given: Given) -> str:
        """A cell begins; what stands before it, empty cells for those that go on from above among it."""
        width, rows = number(given.get("colspan"), 1), number(given.get("rowspan"), 1)
        marks = ""
        while self.column in self.above:
            marks += FIRST if self.first else "\t"
            self.first = False
            self.column += max(1, self.above.pop(self.column))
        marks += FIRST if self.first else "" if self.numbered else "\t"
        self.first = self.numbered = False
        if self.tables and rows > 1:
            self.tables[-1][self.column] = rows - 1, width
        self.column += max(1, width)
        return marks
