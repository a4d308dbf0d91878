"""What of a page is text by its form, not by its names: how much of it stands in links, and lists and lines of nothing but links."""

from dataclasses import dataclass, field

SIGNS = "¶§#^↩↵⏎↑⇑⬆▲⤴\ufe0e\ufe0f\u200b "  # of links to a place of the same page, which are no text
LINKING = {"next", "prev", "previous", "up"}  # what a link says of the page that it leads to
KEYS = {"n", "p", "u"}  # by which browsers follow such links
PARTING = "|>»›/·•→«‹<:[]–— \n\t\r\xa0"  # signs that stand between links in a row
LONG = 200  # characters outside of links of a paragraph with which the text has begun
LINKS, LETTERS = 8, 40  # in a list of nothing but links, and of each of them at most
PARAGRAPHS = 300  # characters in paragraphs of a page that has its text
HOLDING = 100  # in what has the text though its name says that it stands beside it
STEPS = 300  # characters that stand with such links at most
PARAGRAPH = 40  # characters outside of links of one
LEAVES = {"p", "div", "center"}  # that may be a row of links
LISTS = {"ul", "ol", "table", "div"}


@dataclass(slots=True)
class Open:
    """A tag that is open.

    silent: it silences what is inside. held: what it holds is text when there is enough of it. start: of its text among the parts.
    said, paragraphs, linked, links, parting: what was counted before it. section, sidebar, line, link: it is one; code: one of code, which
    fragments have. steps: links in it to the pages before and behind. words, heading: of what is held. leaf: it holds no block.
    flows: it holds paragraphs.
    """

    tag: str
    silent: bool
    held: bool
    start: int
    said: int
    paragraphs: int
    linked: int
    links: int
    parting: int
    section: bool = False
    sidebar: bool = False
    line: bool = False
    link: bool = False
    code: bool = False
    fragment: bool = False
    steps: int = 0
    words: int = 0
    heading: str = ""
    leaf: bool = True
    flows: bool = False


@dataclass(slots=True)
class Aside:
    """What is left out by its name. kind: whether it may be text after all. parent: what it is in, -1: in none. said: outside of links."""

    kind: str
    parent: int
    said: int = 0


@dataclass(slots=True)
class Flow:
    """Characters outside of links, and in paragraphs, and in links; links, and signs between them, of what is read.

    begun: the part with which the text has begun, or None. lists: parts that are lists of links before that.
    """

    said: int = 0
    paragraphs: int = 0
    linked: int = 0
    links: int = 0
    parting: int = 0
    begun: int | None = None
    lists: list[tuple[int, int, int]] = field(default_factory=list)
    _block: int = 0

    def count(self, data: str, *, linked: bool, paragraph: bool) -> None:
        """Text that is read."""
        if linked:
            self.linked += len(data.strip())
            return
        length = len(data.strip(PARTING))
        self.said += length
        self.paragraphs += length if paragraph else 0
        self.parting += not length and not data.isspace()

    def block(self, parts: int) -> None:
        """A block begins or ends."""
        if self.begun is None and self.said - self._block >= LONG:
            self.begun = parts
        self._block = self.said

    def opened(self, tag: str, parts: int, *, silent: bool, held: bool) -> Open:
        """A tag that is open from here on."""
        return Open(tag, silent, held, parts, self.said, self.paragraphs, self.linked, self.links, self.parting)

    def has_text(self, ended: Open) -> bool:
        """True for what has text outside of links, as much as in them."""
        return self.linked - ended.linked <= self.said - ended.said > 0

    def is_paragraph(self, ended: Open) -> bool:
        """True for a block with a paragraph and no block in it."""
        return ended.leaf and self.said - ended.said >= PARAGRAPH

    def is_row(self, ended: Open) -> bool:
        """True for a row of links with signs between them, and for what holds the links to the pages before and behind."""
        said, linked, links = self.said - ended.said, self.linked - ended.linked, self.links - ended.links
        if ended.steps:
            return said + linked < STEPS and (ended.steps > 1 or said <= linked)
        return links > 2 and not said and ended.tag in LEAVES and self.parting - ended.parting >= links - 1

    def ends(self, ended: Open, parts: int) -> None:
        """A list or a table has ended: it is kept in mind when it is one of links before the text."""
        said, linked, links = self.said - ended.said, self.linked - ended.linked, self.links - ended.links
        if self.begun is None and links >= LINKS and said * 10 <= linked <= LETTERS * links:
            while self.lists and self.lists[-1][0] >= ended.start:  # inside of it
                self.lists.pop()
            self.lists.append((ended.start, parts, linked))

    def back(self, ended: Open) -> None:
        """What was counted since a tag has begun is left out."""
        self.said, self.paragraphs, self.linked = ended.said, ended.paragraphs, ended.linked
        self.links, self.parting, self._block = ended.links, ended.parting, ended.said
        if self.begun is not None and self.begun > ended.start:
            self.begun = None
        while self.lists and self.lists[-1][1] > ended.start:
            self.lists.pop()

    def without_lists(self, parts: list[str]) -> list[str]:
        """The parts less the lists of links before the text, where there is a text."""
        if self.begun is None or self.said < sum(linked for _, _, linked in self.lists):
            return parts
        left = list(parts)
        for start, end, _ in self.lists:
            left[start:end] = [""] * (end - start)
        return left


def misnamed(asides: list[Aside], flow: Flow) -> set[int]:
    """Which of what was left out by its name is text: what has paragraphs of its own, on a page that has next to none elsewhere."""
    beside = {i for i, aside in enumerate(asides) if aside.kind == "beside"}
    if flow.said and (flow.paragraphs >= PARAGRAPHS or sum(asides[i].said for i in beside) <= flow.said):
        return set()
    holding = {i for i, aside in enumerate(asides) if aside.said >= HOLDING}
    meant = holding & beside or (set() if flow.said + flow.linked else holding or beside)
    for i in range(len(asides) - 1, -1, -1):  # what is inside of another stands behind it
        if i in meant and asides[i].parent >= 0:
            meant.add(asides[i].parent)
    return meant


def is_sign(data: str) -> bool:
    """True for a sign alone, which links to its place."""
    return len(data) < 9 and not data.strip(SIGNS) and not data.isspace()


def is_step(rel: str, key: str) -> bool:
    """True for a link to the page before, behind or above. rel, key: what it says of itself."""
    return key in KEYS or (bool(rel) and not LINKING.isdisjoint(rel.lower().split()))
