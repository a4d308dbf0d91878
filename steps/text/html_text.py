"""The main text of an HTML page: no navigation, no script, blocks as paragraphs."""

import re
from collections import Counter
from collections.abc import Set
from functools import cached_property
from html.parser import HTMLParser

from steps.text.html_flow import LISTS, Aside, Flow, Open, is_sign, is_step, misnamed
from steps.text.html_lines import END, KEPT, LINE, lines_of
from steps.text.html_lists import Grid, Lists
from steps.text.html_names import PICTURE, SILENT, TOP, Given, beside, has_line_number, is_hidden, is_note
from steps.text.mathml import Formula, plain
from steps.text.raised import power, raised

MAIN = ("main", "article")
BLOCKS = {
    "p", "div", "section", "article", "main", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr",
    "blockquote", "pre", "figure", "figcaption", "hr", "body", "address", "details", "summary", "caption", "thead", "tbody", "tfoot",
    "center", "fieldset", "legend", "menu", "dir",
}  # fmt: skip
ROWS = {"thead", "tbody", "tfoot"}  # parts of one table, with nothing between them
CELLS = {"td", "th"}
SIDES = {"aside", "div"}
UNCLOSED = {"p", "li", "tr", "dt", "dd", "option"}  # end where the next begins
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
HEADING = 500  # characters of one that are compared with the title
HELD_WORDS = 40  # words of paragraphs, outside links, that make a page header text; in a form words of anything but links and labels


def html_text(page: str) -> tuple[str, str]:
    """Text and title of a page; the text is that of <main> or <article> where they hold most of it."""
    end = page.rfind(">") + 1
    page = page[:end] + page[end:].replace("<", "&lt;")  # no tag: looking for the end of each would cost the square of their number
    reader = _read(page, set())
    if meant := misnamed(reader.asides, reader.flow):
        reader = _read(page, meant)
    parts = reader.flow.without_lists(reader.parts)
    everything = lines_of(parts)
    title = re.sub(r"\s+", " ", "".join(reader.title)).strip()
    if not (reader.mains == 1 or (not reader.mains and reader.articles == 1)):  # a list of articles is all of the page
        return everything, title
    name = "main" if reader.mains else "article"  # an article outside of <main> is a teaser
    inner = lines_of([part for part, place in zip(parts, reader.places, strict=True) if place == name])
    return inner if len(inner) * 2 >= len(everything) else everything, title


def _read(page: str, spared: Set[int]) -> "_Reader":
    reader = _Reader(spared)
    reader.feed(page)
    reader.close()
    return reader


class _Reader(HTMLParser):
    """What is known of the tags that are open is counted as they come and go: however deep a page is, its length is what it costs."""

    def __init__(self, spared: Set[int]) -> None:
        super().__init__(convert_charrefs=True)
        self.spared = spared  # numbers of asides that are text
        self.asides: list[Aside] = []  # what is left out by its name
        self.named: list[tuple[int, int]] = []  # those that are open: places in `open`, and numbers
        self.flow = Flow()
        self.parts: list[str] = []
        self.places: list[str] = []  # of MAIN where each is, or nothing
        self.title: list[str] = []
        self.open: list[Open] = []
        self.inside: Counter[str] = Counter()  # how many of each tag are open
        self.silencing = 0  # how many of them silence
        self.held: list[Open] = []  # those whose text is looked at when they end
        self.lists = Lists()
        self.formula: Formula | None = None
        self.last_formula = ""
        self.in_title = False
        self.mains = self.articles = 0
        self.grid = Grid()
        self.numbers: list[int] = []  # places in `open` of what holds the numbers of lines
        self.jumps = False  # the link that is open leads to a place of the page
        self.up: list[str] = []  # what is raised, until it ends
        self.up_silence = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.formula is not None:
            if tag not in BLOCKS:
                self.formula.start(tag, given.get("encoding") or "")
                return
            self._close("math")  # nobody closed it: no paragraph stands in a formula
        if tag == "title" and not self.inside["svg"]:
            self.in_title = True
        if tag == "body":  # a head that nobody closed ends here
            self._close("head")
        self._end_before(tag)
        self.mains += tag == "main"
        self.articles += tag == "article" and not self.inside["article"]
        names = (given.get("class") or "").split()
        line = tag == "div" and "line" in names
        self._begin(tag, given, line=line)
        if tag == "img" and any(name == "tex" or name.startswith(PICTURE) for name in names):
            said = plain(given.get("alt") or "")
            if said != self.last_formula:
                self._put(said)
            self.last_formula = ""
        if tag not in EMPTY:
            self._push(tag, given, names, line=line)
        if tag == "math" and not self.silencing:
            self._put("\n\n" if given.get("display") == "block" else "")
            self.formula = Formula(given.get("alttext") or "")

    def _push(self, tag: str, given: Given, names: list[str], *, line: bool) -> None:
        silent, side = is_hidden(tag, given, names), tag in SIDES and "sidebar" in names and self._flows()
        held = not silent and not self.silencing and (side or self._is_held(tag, given))
        if not silent and not held:
            silent = tag in SILENT and tag != "header" and not (tag == "aside" and is_note(given, names))
            if not silent and (kind := beside(tag, names, given.get("id") or "")):
                silent = self._name(kind)
        if self.open and tag in BLOCKS:
            self.open[-1].leaf = False
        opened = self.flow.opened(tag, len(self.parts), silent=silent, held=held)
        opened.section, opened.sidebar, opened.line = tag in ("section", "article") or "section" in names, side, line
        if held:
            self._put("\n\n")
            self.held.append(opened)
        if tag == "div" or has_line_number(tag, names):
            self._push_code(opened, names)
        if tag == "a" and given.get("href"):
            opened.link = True
            self.inside[".link"] += 1
            if not self.silencing:
                self._link(given)
        if tag == "sup" and not self.inside["sup"]:
            self.up_silence = self.silencing + silent
        self.open.append(opened)
        self.inside[tag] += 1
        self.silencing += silent

    def _push_code(self, opened: Open, names: list[str]) -> None:
        """What is known of code that no <pre> holds, and of the numbers of its lines."""
        opened.code, opened.fragment = opened.line and self.inside[".fragment"] > 0, opened.tag == "div" and "fragment" in names
        self.inside[".code"] += opened.code
        self.inside[".fragment"] += opened.fragment
        if has_line_number(opened.tag, names):
            self.numbers.append(len(self.open))
            self.grid.numbered |= opened.tag in CELLS

    def _is_held(self, tag: str, given: Given) -> bool:
        """True for a page header or a form, which is text when there is enough of it: some systems put the whole page in a form."""
        return tag == "form" or (tag == "header" and not self._in_section()) or (tag == "div" and given.get("id") in TOP)

    def _name(self, kind: str) -> bool:
        """True for what is left out by its name, which is kept in mind."""
        parent = self.named[-1][1] if self.named else -1
        if parent >= 0 and self.asides[parent].kind == "never":
            kind = "never"
        number = len(self.asides)
        self.asides.append(Aside(kind, parent))
        if number in self.spared:
            return False
        self.named.append((len(self.open), number))
        return True

    def _flows(self) -> bool:
        """True where paragraphs stand, or a section has begun: a sidebar there is one of the text, not of the page."""
        above = self.open[-1] if self.open else None
        if above is None or above.tag == "body":
            return False
        return above.flows or (above.section and self.flow.said > above.said)

    def _link(self, given: Given) -> None:
        href = given.get("href") or ""
        self.flow.links += 1
        self.jumps = href.startswith(("#", "javascript:"))
        if is_step(given.get("rel") or "", given.get("accesskey") or ""):
            above = next((each for each in reversed(self.open[-3:]) if each.tag in BLOCKS or each.tag in CELLS), None)
            if above is not None:
                above.steps += 1

    def _pop(self) -> Open:
        """The last tag that is open ends."""
        if self.up and self.open[-1].tag == "sup" and self.inside["sup"] == 1:
            self._raise()
        ended = self.open.pop()
        tag = ended.tag
        self.inside[tag] -= 1
        self.inside[".link"] -= ended.link
        self.inside[".code"] -= ended.code
        self.inside[".fragment"] -= ended.fragment
        self.silencing -= ended.silent
        if self.named and self.named[-1][0] == len(self.open):
            self.named.pop()
        if self.numbers and self.numbers[-1] == len(self.open):
            self.numbers.pop()
        if tag == "math" and self.formula is not None:
            self.last_formula, self.formula = self.formula.text(), None
            self._put(self.last_formula)
        if not self.silencing and not ended.silent:
            self._look(ended)
        return ended

    def _look(self, ended: Open) -> None:
        """What is read has ended: it may be no text by what it holds."""
        tag, flow = ended.tag, self.flow
        if ended.held:
            self.held.pop()
            if not self._is_text(ended):
                self._cut(ended)
                return
            self._put("\n\n")
            if self.held:
                self.held[-1].words += ended.words
        elif tag in BLOCKS or tag in CELLS:
            if (ended.steps or flow.links > ended.links) and flow.is_row(ended):
                self._cut(ended)
            elif tag in ("p", "div") and self.open and flow.is_paragraph(ended):
                self.open[-1].flows = True
            elif tag in LISTS:
                flow.ends(ended, len(self.parts))
            if ended.steps and self.open and (tag in CELLS or tag == "tr" or tag in ROWS):
                self.open[-1].steps += ended.steps

    def _is_text(self, ended: Open) -> bool:
        """True for a page header, a form or a sidebar that holds text: enough of it, or the title of the page."""
        if ended.words >= HELD_WORDS or ended.tag == "form":
            return ended.words >= HELD_WORDS
        if ended.sidebar:
            return self.flow.has_text(ended)
        heading = " ".join(ended.heading.split())
        return bool(heading) and heading.startswith(self._titled) and self.flow.has_text(ended)

    @cached_property
    def _titled(self) -> str:
        return " ".join("".join(self.title).split())[:HEADING]

    def _cut(self, ended: Open) -> None:
        """What a tag holds is left out."""
        del self.parts[ended.start :], self.places[ended.start :]
        self.flow.back(ended)

    def close(self) -> None:
        """The page ends, and with it a form that nobody closed."""
        super().close()
        while self.open:
            self._pop()

    def _close(self, tag: str) -> Open | None:
        """The innermost `tag` that is open ends, and all that is open inside of it."""
        while self.inside[tag]:
            last = self._pop()
            if last.tag == tag:
                return last
        return None

    def _where(self) -> str:
        """In which of MAIN the page is, the outer one, or nothing."""
        return next((name for name in MAIN if self.inside[name]), "")

    def _in_section(self) -> bool:
        return self.inside["section"] > 0 or bool(self._where())

    def _end_before(self, tag: str) -> None:
        """Close what the start of a tag ends where nobody closed it: a paragraph by any block, an item, a cell or a row by the next."""
        while self.open:
            last = self.open[-1].tag
            row = tag == "tr" and last in CELLS
            if not (row or (last == tag and tag in UNCLOSED) or (last == "p" and tag in BLOCKS) or (last in CELLS and tag in CELLS)):
                return
            self._pop()
            if row:
                continue
            return

    def _begin(self, tag: str, given: Given, *, line: bool) -> None:
        """What stands between the text before a tag and the text inside."""
        if self.up and (tag in BLOCKS or tag in CELLS or tag in ("br", "img", "math")):
            self._raise()
        if tag == "br":
            self._put("\n")
        elif tag == "q":
            self._put("“")
        elif tag == "tr":
            self._put(LINE)
            self.grid.row()
        elif tag in CELLS:
            self._put(self.grid.cell(given))
        elif tag in ("ul", "ol"):
            self._put(self.lists.begin(tag, given))
        elif tag == "li":
            self._put(self.lists.item(given, len(self.parts)))
        elif tag in ROWS or line:
            self._put(LINE)
        elif tag in BLOCKS:
            self.grid.tables += [{}] if tag == "table" else []
            self._put("\n\n")
        if tag in BLOCKS or tag in CELLS:
            self.flow.block(len(self.parts))

    def handle_endtag(self, tag: str) -> None:
        if self.formula is not None and tag != "math" and not self.inside[tag]:
            self.formula.end(tag)
            return
        if tag == "title":
            self.in_title = False
        ended = self._close(tag)
        if tag in ("ul", "ol"):
            self.lists.end(self.parts)
        if tag == "q":
            self._put("”")
        if tag == "table" and self.grid.tables:
            self.grid.tables.pop()
        if tag in BLOCKS:
            self.flow.block(len(self.parts))
            inner = tag in ("li", "tr") or tag in ROWS or (tag in ("ul", "ol") and len(self.lists)) or (ended is not None and ended.line)
            self._put(END if tag in ("tr", "table") else "")
            self._put(LINE if inner else f"{LINE}\n\n" if tag == "table" else "\n\n")

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.title.append(data)
            return
        if self.formula is not None:
            self.formula.data(data)
            return
        if self.numbers and all(word.isdecimal() for word in data.split()):
            self.grid.numbered |= self.inside["td"] > 0 and not data.isspace()
            return
        if self.jumps and self.inside[".link"] and self.open[-1].link and is_sign(data):
            return
        self._count(data)
        if self.inside["pre"]:
            self._put(data.replace("\r\n", "\n").translate(KEPT))
        elif self.inside[".code"]:
            self._put(data.translate(KEPT))
        elif self.inside["sup"] and self.silencing == self.up_silence:
            self.up.append(re.sub(r"[ \t\r\n\f]+", " ", data))
        else:
            self._put(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _count(self, data: str) -> None:
        linked = self.inside[".link"] > 0
        if self.silencing:
            if not linked and self.silencing == len(self.named):
                self.asides[self.named[-1][1]].said += len(data.strip())
            return
        self.flow.count(data, linked=linked, paragraph=self.inside["p"] > 0)
        if self.held and not linked:
            held = self.held[-1]
            if self.inside["p"] if held.tag != "form" else not self.inside["label"]:
                held.words += len(data.split())
            if self.inside["h1"] and held.tag != "form" and len(held.heading) < HEADING:
                held.heading += data

    def _raise(self) -> None:
        """What is raised has ended, or a block begins in it: it is read by what stands before it."""
        said, before = "".join(self.up), "".join(self.parts[-3:])
        self.up.clear()
        self._put(power(said, before) or raised(said, before))

    def _put(self, text: str) -> None:
        if not self.silencing:
            self.parts.append(text)
            self.places.append(self._where())
