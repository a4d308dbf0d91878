"""The main text of an HTML page: no navigation, no script, blocks as paragraphs."""

import re
from html.parser import HTMLParser

SILENT = {
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "nav",
    "header",
    "footer",
    "aside",
    "form",
    "button",
    "select",
    "iframe",
    "head",
    "math",
}
BLOCKS = {
    "p", "div", "section", "article", "main", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "tr",
    "blockquote", "pre", "figure", "figcaption", "hr", "body", "address", "details", "summary", "caption", "thead", "tbody",
}  # fmt: skip
CELLS = {"td", "th"}
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SKIP_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "menu"}
MAIN = ("main", "article")
HEADER_WORDS = 40  # words of paragraphs, outside links, that make a page header text


def html_charset(data: bytes) -> str:
    """The page's text by the charset that it names in its head, or nothing when it names none that fits."""
    match = re.search(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", data[:4096], re.IGNORECASE)
    if match is None or data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:3] == b"\xef\xbb\xbf":
        return ""
    try:
        return data.decode(match[1].decode("ascii"))
    except (LookupError, UnicodeDecodeError):
        return ""


def html_text(page: str) -> tuple[str, str]:
    """Text and title of a page; the text is that of <main> or <article> where they hold most of it."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    everything = reader.text(reader.parts)
    inner = reader.text(reader.main)
    one = reader.mains == 1 or (not reader.mains and reader.articles == 1)  # a list of articles is all of the page
    chosen = inner if one and len(inner) * 2 >= len(everything) else everything
    return chosen, re.sub(r"\s+", " ", "".join(reader.title)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.main: list[str] = []
        self.title: list[str] = []
        self.open: list[tuple[str, bool]] = []  # tag, and whether it silences what is inside
        self.in_title = False
        self.mains = self.articles = 0
        self.header: list[str] = []  # what a page header holds: kept when it is text and no menu
        self.header_words = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and not any(name == "svg" for name, _ in self.open):
            self.in_title = True
        if tag == "body":  # a head that nobody closed ends here
            self.open = [(name, silent) for name, silent in self.open if name != "head"]
        given = dict(attrs)
        self.mains += tag == "main"
        self.articles += tag == "article" and not any(name == "article" for name, _ in self.open)
        hidden = "hidden" in given or given.get("role") in SKIP_ROLES or given.get("aria-hidden") == "true"
        in_article = any(name in MAIN for name, _ in self.open)
        silent = hidden or (tag in SILENT and not (tag == "header" and in_article))
        if tag == "br":
            self._put("\n")
        elif tag in CELLS:
            self._put("\t")
        elif tag in BLOCKS:
            self._put("\n\n" if tag != "li" else "\n")
        if tag not in EMPTY:
            self.open.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self.in_title = False
        for i in range(len(self.open) - 1, -1, -1):
            if self.open[i][0] == tag:
                del self.open[i:]
                break
        if tag == "header" and self.header and not any(silent for _, silent in self.open):
            if self.header_words >= HEADER_WORDS:
                self._put("\n\n" + "".join(self.header) + "\n\n")
            self.header, self.header_words = [], 0
        if tag in BLOCKS:
            self._put("\n\n" if tag not in ("li", "tr") else "\n")

    def handle_data(self, data: str) -> None:
        if self.in_title:
            self.title.append(data)
            return
        if any(name == "pre" for name, _ in self.open):
            self._put(data.replace("\r\n", "\n"))
        else:
            self._put(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _put(self, text: str) -> None:
        silencing = [name for name, silent in self.open if silent]
        if silencing == ["header"]:
            self.header.append(text)
            names = [name for name, _ in self.open]
            self.header_words += len(text.split()) if "p" in names and "a" not in names else 0
        if silencing:
            return
        self.parts.append(text)
        if any(name in MAIN for name, _ in self.open):
            self.main.append(text)

    @staticmethod
    def text(parts: list[str]) -> str:
        """Parts joined, with the blanks that browsers would not show taken out."""
        joined = re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(parts))
        joined = re.sub(r" *\t[ \t]*", "\t", joined)
        return re.sub(r"\n{3,}", "\n\n", joined).strip()
