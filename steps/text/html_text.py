"""The main text of an HTML page: no navigation, no script, blocks as paragraphs."""

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

from steps.text.mathml import Formula, plain
from steps.text.numerals import FORMATS
from steps.text.raised import raised

SILENT = {
    "script", "style", "noscript", "template", "svg", "nav", "header", "footer", "aside", "form", "button", "select", "textarea",
    "iframe", "object", "audio", "video", "canvas", "rt", "rp", "head", "amp-ad", "amp-embed", "amp-sidebar",
}  # fmt: skip
BLOCKS = {
    "p", "div", "section", "article", "main", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr",
    "blockquote", "pre", "figure", "figcaption", "hr", "body", "address", "details", "summary", "caption", "thead", "tbody", "tfoot",
    "center", "fieldset", "legend", "menu", "dir",
}  # fmt: skip
ROWS = {"thead", "tbody", "tfoot"}  # parts of one table, with nothing between them
CELLS = {"td", "th"}
UNCLOSED = {"p", "li", "tr", "dt", "dd", "option"}  # end where the next begins
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SKIP_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu", "dialog", "alertdialog"}
MAIN = ("main", "article")
BESIDE = re.compile(  # names of classes and ids of what stands beside the text on pages whose tags do not say it
    r"(?!(?:has|with|no)[-_])(?:.*[-_])?(?:cookies?|consent|gdpr|breadcrumbs?|navbar|navbox|nav|navigation|menu|sidebar|catlinks|editsection"
    r"|printfooter|toc|noprint|pagination|pager"
    r"|newsletter|advertisement|ads?|skip-link|screen-reader-text|sr-only)(?:[-_](?:banner|bar|notice|links?|list|container|wrapper|area|content"
    r"|menu|popup|modal|box|widget|trail|item))*"
    r"|(?:social|share|sharing)[-_](?:bar|buttons?|links?|icons?|list|post|this)|share|sharedaddy|addtoany.*|related(?:[-_](?:posts?|articles?|links?))?"
    r"|(?:site|page|main|global)?[-_]?footer|comments(?:[-_](?:area|list|section))?|comment[-_](?:list|respond|form)|widget[-_]area"
    r"|entry[-_]meta|post[-_]meta|byline",
    re.IGNORECASE,
)
NEVER_BESIDE = {
    "html",
    "body",
    "main",
    "article",
    "table",
    "tbody",
    "tr",
    "td",
    "th",
    "pre",
    "code",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
}
HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")  # topNav is top-nav
UNSEEN = {"sr-only", "visually-hidden", "screen-reader-text"}  # classes of what only a screen reader says
TOP = {"header", "masthead", "site-header", "siteSub"}  # ids of what stands above the page's own text
HEADERLINKS = {"headerlink", "anchor-link", "anchorlink", "hash-link", "header-anchor"}  # classes of the sign that links to a heading
BY_ID = {"div", "ul", "ol"}  # whose ids say what they are for; those of sections and headings say what they are about
HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
KEPT = str.maketrans(" \t\n", "\ue000\ue001\ue002")  # white space that browsers show, inside <pre>
SHOWN = str.maketrans("\ue000\ue001\ue002", " \t\n")
LINE, FIRST, ITEM = "\x1d", "\x1f", "\x1e"  # a new line, the first cell of a row, and an item with its mark behind it
BLANKS = re.compile(r"(?<! ) {2,}+")  # on either side of a tag or a comment: browsers show one
END = "\x1c"  # of a row or a table: what follows is in no cell of it, though the last one is empty
NUMERALS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}  # types of ordered lists
WIDE = re.compile(rf"[ \n{LINE}]{{33,}}+")  # more than a page has to say; what follows costs more than their number
CELL = re.compile(rf"\t[ \n{LINE}]*([^\n\t{LINE}{FIRST}{END}]{{0,200}})[ \n]*(?=[\t{LINE}{END}])")  # with one line in it
FIRST_CELL = re.compile(rf"{FIRST}[ \n{LINE}]*([^\n\t{LINE}{FIRST}{END}]{{0,200}})[ \n]*(?=\t)")
MARKED = re.compile(rf"^({ITEM}\S+)\n+(?=\S)", re.MULTILINE)  # an item whose text begins with a paragraph
UNMARKED = re.compile(rf"^{ITEM}\S+[ \n]*$", re.MULTILINE)  # one without text
BREAK = re.compile(rf"(?<![ \t])[ \t]*+(?:[{LINE}\n][ \t]*+)++")
FORMULA, PICTURE = "mwe-math-mathml", "mwe-math-fallback-image"  # of Wikipedia: a formula behind its picture, and the picture
HELD_WORDS = 40  # words of paragraphs, outside links, that make a page header text; in a form words of anything but links and labels
HELD = {"header", "form"}  # kept when they hold text: some systems put the whole page in a form
# Names that browsers take for a larger table, by https://encoding.spec.whatwg.org/#names-and-labels
MEANT = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254",
    "latin5": "cp1254", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8",
}  # fmt: skip
TWO_BYTES = ("utf", "gb", "big5", "euc", "cp9", "shift", "iso-2022")  # how the names of tables begin that are not of single bytes
ICELANDIC = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")  # in cp1252; in cp1254 the letters that Turkish has and no other language
TAG, SEEN = re.compile(rb"<[^>]{0,2000}>"), 1 << 16
CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)


def _narrow(found: re.Match[str]) -> str:
    """Blanks and line ends that say the same in three characters."""
    breaks = found[0].count("\n")
    return ("\n\n" if breaks > 1 else "\n" if breaks else " ") + (LINE if LINE in found[0] else "")


def html_charset(data: bytes) -> str:
    """The page's text by the charset that it names in its head, or nothing when it names none that fits.

    A page of UTF-8 that names a table of single bytes is UTF-8: its accents would come out as two letters each. One of Turkish that names
    the western table, as many editors wrote it, is Turkish.
    """
    match = CHARSET.search(data[:4096])
    if match is None or data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:3] == b"\xef\xbb\xbf":
        return ""
    name = (match[1] or match[2]).decode("ascii").lower()
    name = MEANT.get(name, name)
    for codec in (name,) if name.startswith(TWO_BYTES) or data.isascii() else ("utf-8", name):
        try:
            return data.decode("cp1254" if codec == "cp1252" and _is_turkish(data) else codec)
        except (LookupError, UnicodeDecodeError):
            continue
    return ""


def _is_turkish(data: bytes) -> bool:
    """True for a page whose bytes are Turkish where the western table has the letters of Icelandic: two of them, and none with an acute."""
    from steps.text.encodings import ACUTE, decode

    text = TAG.sub(b" ", data[:SEEN])
    several = len(set(ICELANDIC.findall(text))) > 1 and not any(byte in ACUTE for byte in text)
    return several and decode(text)[1] == "cp1254"


def html_text(page: str) -> tuple[str, str]:
    """Text and title of a page; the text is that of <main> or <article> where they hold most of it."""
    end = page.rfind(">") + 1
    page = page[:end] + page[end:].replace("<", "&lt;")  # no tag: looking for the end of each would cost the square of their number
    reader = _Reader()
    reader.feed(page)
    reader.close()
    if reader.beside > sum(map(len, reader.parts)):  # names that mean something else here
        reader = _Reader(by_name=False)
        reader.feed(page)
        reader.close()
    everything = reader.text(reader.parts)
    inner = reader.text(reader.inner["main" if reader.mains else "article"])  # an article outside of <main> is a teaser
    one = reader.mains == 1 or (not reader.mains and reader.articles == 1)  # a list of articles is all of the page
    chosen = inner if one and len(inner) * 2 >= len(everything) else everything
    return chosen, re.sub(r"\s+", " ", "".join(reader.title)).strip()


def _number(given: str | None, usual: int) -> int:
    return int(given) if given and given.isdecimal() and len(given) < 7 else usual


class _Reader(HTMLParser):
    """What is known of the tags that are open is counted as they come and go: however deep a page is, its length is what it costs."""

    def __init__(self, *, by_name: bool = True) -> None:
        super().__init__(convert_charrefs=True)
        self.by_name = by_name
        self.beside = 0  # characters left out by the name of what holds them
        self.named: list[int] = []  # places in `open` of what is left out by its name
        self.first = False  # the next cell begins its row
        self.lists: list[int] = []  # items so far of each list that is open; -1: not counted
        self.numerals: list[Callable[[int], str]] = []  # how the items of each are counted
        self.parts: list[str] = []
        self.inner: dict[str, list[str]] = {name: [] for name in MAIN}
        self.title: list[str] = []
        self.open: list[tuple[str, bool]] = []  # tag, and whether it silences what is inside
        self.inside: Counter[str] = Counter()  # how many of each tag are open
        self.silencing: list[str] = []  # those among them that silence
        self.formula: Formula | None = None
        self.last_formula = ""
        self.in_title = False
        self.mains = self.articles = 0
        self.held: list[tuple[str, str]] = []  # what a page header or a form holds, and of MAIN where that is
        self.tables: list[
            dict[int, tuple[int, int]]
        ] = []  # of each table that is open, column to how many rows a cell goes on, and its width
        self.above: dict[int, int] = {}  # columns that cells of rows above fill, and how wide they are
        self.column = 0
        self.held_words = 0

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
        hidden = (
            "hidden" in given
            or (tag == "dialog" and "open" not in given)
            or given.get("role") in SKIP_ROLES
            or given.get("aria-hidden") == "true"
        )
        hidden = hidden or (bool(HIDDEN.search(given.get("style") or "")) and not any(name.startswith(FORMULA) for name in names))
        silent = hidden or not UNSEEN.isdisjoint(names) or (tag in SILENT and not (tag == "header" and self._in_section()))
        named = self.by_name and tag not in NEVER_BESIDE and tag not in EMPTY and "section" not in names
        if not silent and named and self._is_beside(tag, names, given.get("id") or ""):
            self.named.append(len(self.open))
            silent = True
        self._begin(tag, given)
        if tag == "img" and any(name == "tex" or name.startswith(PICTURE) for name in names):
            said = plain(given.get("alt") or "")
            if said != self.last_formula:
                self._put(said)
            self.last_formula = ""
        if tag not in EMPTY:
            self.open.append((tag, silent))
            self.inside[tag] += 1
            if silent:
                self.silencing.append(tag)
        if tag == "math" and not self.silencing:
            self._put("\n\n" if given.get("display") == "block" else "")
            self.formula = Formula(given.get("alttext") or "")

    def _pop(self) -> None:
        """The last tag that is open ends."""
        tag, silent = self.open.pop()
        self.inside[tag] -= 1
        if silent:
            self.silencing.pop()
        if self.named and self.named[-1] == len(self.open):
            self.named.pop()
        if self.held and not self.silencing:
            self._keep_held()
        if tag == "math" and self.formula is not None:
            self.last_formula, self.formula = self.formula.text(), None
            self._put(self.last_formula)

    def _keep_held(self) -> None:
        """A page header or a form has ended: what it held is text when there is enough of it."""
        if self.held_words >= HELD_WORDS:
            for text, where in [("\n\n", self._where()), *self.held, ("\n\n", self._where())]:
                self._add(text, where)
        self.held, self.held_words = [], 0

    def close(self) -> None:
        """The page ends, and with it a form that nobody closed."""
        super().close()
        self._keep_held()

    def _close(self, tag: str) -> None:
        """The innermost `tag` that is open ends, and all that is open inside of it."""
        while self.inside[tag]:
            last = self.open[-1][0]
            self._pop()
            if last == tag:
                return

    def _where(self) -> str:
        """In which of MAIN the page is, the outer one, or nothing."""
        return next((name for name in MAIN if self.inside[name]), "")

    def _in_section(self) -> bool:
        return self.inside["section"] > 0 or bool(self._where())

    def _end_before(self, tag: str) -> None:
        """Close what the start of a tag ends where nobody closed it: a paragraph by any block, an item, a cell or a row by the next."""
        while self.open:
            last = self.open[-1][0]
            row = tag == "tr" and last in CELLS
            if not (row or (last == tag and tag in UNCLOSED) or (last == "p" and tag in BLOCKS) or (last in CELLS and tag in CELLS)):
                return
            self._pop()
            if row:
                continue
            return

    @staticmethod
    def _is_beside(tag: str, names: list[str], called: str) -> bool:
        """True for what stands beside the text by its classes or id, and for the raised number of a reference."""
        if (
            (tag == "sup" and "reference" in names)
            or (tag == "a" and not HEADERLINKS.isdisjoint(names))
            or (tag in BY_ID and called in TOP)
        ):
            return True
        given = [*names, *([called] if tag in BY_ID else [])]
        return any(BESIDE.fullmatch(name) or BESIDE.fullmatch(HUMP.sub("-", name)) for name in given)

    def _begin(self, tag: str, given: dict[str, str | None]) -> None:
        """What stands between the text before a tag and the text inside."""
        if tag == "br":
            self._put("\n")
        elif tag == "q":
            self._put("“")
        elif tag == "tr":
            self.first = True
            self._put(LINE)
            self._next_row()
        elif tag in CELLS:
            self._cell(_number(given.get("colspan"), 1), _number(given.get("rowspan"), 1))
        elif tag in ("ul", "ol"):
            self.lists.append(_number(given.get("start"), 1) - 1 if tag == "ol" else -1)
            self.numerals.append(FORMATS.get(NUMERALS.get(given.get("type") or "", ""), str))
            self._put("\n\n" if len(self.lists) == 1 else LINE)
        elif tag == "li":
            counted = self.lists and self.lists[-1] >= 0
            if counted:
                self.lists[-1] = _number(given.get("value"), self.lists[-1] + 1)
            self._put(f"{LINE}{ITEM}{self.numerals[-1](self.lists[-1])}. " if counted else f"{LINE}{ITEM}- ")
        elif tag in ROWS:
            self._put(LINE)
        elif tag in BLOCKS:
            self.tables += [{}] if tag == "table" else []
            self._put("\n\n")

    def _next_row(self) -> None:
        """Cells that go on from the rows above fill their columns, one row less from here on."""
        self.column, self.above = 0, {}
        if self.tables:
            self.above = {column: width for column, (rows, width) in self.tables[-1].items() if rows > 0}
            self.tables[-1] = {column: (rows - 1, width) for column, (rows, width) in self.tables[-1].items() if rows > 1}

    def _cell(self, width: int, rows: int) -> None:
        """A cell begins, behind empty ones for those that go on from above."""
        while self.column in self.above:
            self._put(FIRST if self.first else "\t")
            self.first = False
            self.column += max(1, self.above.pop(self.column))
        self._put(FIRST if self.first else "\t")
        self.first = False
        if self.tables and rows > 1:
            self.tables[-1][self.column] = rows - 1, width
        self.column += max(1, width)

    def handle_endtag(self, tag: str) -> None:
        if self.formula is not None and tag != "math" and not self.inside[tag]:
            self.formula.end(tag)
            return
        if tag == "title":
            self.in_title = False
        self._close(tag)
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.numerals.pop()
        if tag == "q":
            self._put("”")
        if tag == "table" and self.tables:
            self.tables.pop()
        if tag in BLOCKS:
            inner = tag in ("li", "tr") or tag in ROWS or (tag in ("ul", "ol") and self.lists)
            self._put(END if tag in ("tr", "table") else "")
            self._put(LINE if inner else f"{LINE}\n\n" if tag == "table" else "\n\n")

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.title.append(data)
            return
        if self.formula is not None:
            self.formula.data(data)
        elif self.inside["sup"] and not self.inside["pre"]:
            self._put(raised(re.sub(r"[ \t\r\n\f]+", " ", data), "".join(self.parts[-3:])))
        elif self.inside["pre"]:
            self._put(data.replace("\r\n", "\n").translate(KEPT))
        else:
            self._put(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _put(self, text: str) -> None:
        if len(self.silencing) == 1 and self.silencing[0] in HELD:
            self.held.append((text, self._where()))
            told = self.inside["p"] if self.silencing[0] == "header" else not self.inside["label"]
            self.held_words += len(text.split()) if told and not self.inside["a"] else 0
        if self.silencing:
            self.beside += len(text) if len(self.silencing) == len(self.named) else 0
            return
        self._add(text, self._where())

    def _add(self, text: str, where: str) -> None:
        self.parts.append(text)
        if where:
            self.inner[where].append(text)

    @staticmethod
    def text(parts: list[str]) -> str:
        """Parts joined, with the blanks that browsers would not show taken out."""
        joined = WIDE.sub(_narrow, "".join(parts))
        joined = CELL.sub(r"\t\1", FIRST_CELL.sub(rf"{FIRST}\1", joined)).replace(END, "")
        joined = re.sub(r"(?<! ) *+\t *+", "\t", BLANKS.sub(" ", joined))
        joined = BREAK.sub(lambda found: "\n\n" if found[0].count("\n") > 1 else "\n", joined)
        joined = MARKED.sub(r"\1 ", joined)
        joined = UNMARKED.sub("", joined).replace(ITEM, "")
        return re.sub(r"\n{3,}", "\n\n", joined).replace(FIRST, "").strip().translate(SHOWN)
