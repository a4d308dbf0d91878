"""What is particular to papers: reference lists, and words that were parted at line ends."""

import re
from collections import Counter
from functools import cached_property
from itertools import accumulate, pairwise

REFERENCES = re.compile(
    r"^(?:#+\s*)?(?:\d+\.?\s+|[IVX]+\.\s+)?\**"
    r"(references(?: and notes| cited)?|bibliography|works cited|literature cited|kaynaklar|kaynakça|referanslar"
    r"|bibliogra[fp]h?(?:ie|[ií]a)|r[eé]f[eé]r[eê]nci?[ae]s(?: bibliogr[aá][fp]h?i(?:ca|que)s)?|referències|riferimenti(?: bibliografici)?"
    r"|(?:(?:quellen- und )?literatur|(?:literatur- und )?quellen)(?:verzeichnis)?|literatuur(?:lijst)?|referenties|referenser|referanser"
    r"|litteratur(?:liste)?|literatura|lähteet|irodalom(?:jegyzék)?|(?:список )?литератур[аы]|βιβλιογραφία)"
    r"\**:?$",
    re.IGNORECASE,
)
AFTER = re.compile(
    r"^(?:#+\s*)?(?:\d+\.?\s+|[A-Z]\.?\s+|[IVX]+\.\s+)?\**"
    r"(appendix|appendices|supplement(?:ary|al)|supporting (?:information|material)|anhang|annexe?\b"
    r"|ekler\b|ek(?=\s+[A-Z\d]\b|\s*:)|acknowledge?ments?|teşekkür|curriculum vitae|öz ?geçmiş"
    r"|(?:list of |extended data )?(?:figure|table)s?(?: (?:legends?|captions?))?$|tablolar$|şekiller$|çizelgeler$"
    r"|(?:author|authors['’]) (?:contributions?|information|biograph)|about the authors?|(?:short )?biograph(?:y|ies)|yazar katkı"
    r"|(?:data|code) (?:and code )?availability|(?:declaration of )?(?:competing|conflicts? of) interests?|çıkar çatışması"
    r"|annexes\b|anexos?\b|ap[eéê]ndices?\b|appendice\b|allegat[oi]\b|bijlagen?\b|remerciements|agradecim(?:i?ento)s|ringraziamenti"
    r"|danksagung|dankwoord|glossaire$|sachverzeichnis$|zusammenfassung$|résumé$|resumen$|resumo$|riassunto$|samenvatting$"
    r"|funding\b|ethics|glossary$|index$|sözlük$|dizin$|extended abstract|(?:genişletilmiş|uzun) özet|abstract$|özet$)",
    re.IGNORECASE,
)
VERBS = (  # words of sentences, which titles and names of journals have few of
    "is are was were be been has have had we our us it its they them their this these that which who can could may might would should not "
    "does do did there here however therefore thus than while when if so because only also each every both such as "
    "bu şu ve ile için gibi olarak olan oldu olduğu değil daha çok ise ancak fakat kadar göre her bir biz"
)
FINITE = frozenset(VERBS.split())
PROSE = 0.08  # share of such words, at least
ENTRY = re.compile(r"^\s*(\[\w[\w+-]*\]|\d{1,3}[.)]\s|[-*]\s)|\(\d{4}[a-z]?\)|\b(19|20)\d\d[a-z]?\b|\bdoi\b|https?://", re.IGNORECASE)
ENTRY_MARK = re.compile(r"\s*(?:\[\w[\w+-]*\]|\d{1,3}[.)]\s|[^\W\d_][\w'’-]+,? (?:[A-ZÇĞİÖŞÜ]\.|and |& |et al))")
LETTERED = re.compile(r"[A-H](?:\.\d{1,2})*\.?\s+[A-ZÇĞİÖŞÜ][^.,&]{4,70}$")  # `A How the plots were drawn`
SOFT_HYPHEN = "\u00ad"
EDGES = ".,;:!?()[]“”\"'’"
SEEN = 1 << 14  # characters by which a script is known
PIECE = 1 << 17  # characters whose words are counted at once
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
TIGHT = ("–", "—", "/")  # a line may end behind one that stands between two words or figures without blanks: 10–\n20
_SIGNS = "\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60"
IDEOGRAPH = re.compile(f"[{_SIGNS}]{{2}}")
GAP = re.compile(f"(?<=[{_SIGNS}]) (?=[{_SIGNS}])")  # between lines in Chinese or Japanese
PARTED = (SOFT_HYPHEN, "– ", "— ", " —")  # a pattern for them costs twenty times as much
ADDRESS, PATH = re.compile(r"(?://|\.|\s/|^/)\S*/$"), re.compile(r"\S*[/.=_\d-]\S")  # of a page or file
ENDING = re.compile(  # of English words, none itself: that one begins a line says nothing
    r"[a-z]{0,2}(?:[ai]tions?|i[sz](?:e[drs]?|ing|ations?)|ments?|ness(?:es)?|it(?:y|ies)|[ai]bl[ey]|ically|ously|ances?|ences?)"
)
LONGEST_LINK = 200
LINK = re.compile(r"://([^\s/]+)(/?)\S*([._=&?~])$")  # that a line end may have parted there
SCHEMES = ("http:", "https:", "ftp:", "file:")  # a line may end behind one
TIGHT_DASH, LOOSE_DASH = re.compile(r"\w—\w"), re.compile(r"\s—")
SOFT_ONES = 2  # soft hyphens at line ends of a document whose other hyphens are all its author's
LINE_END = re.compile(r"- ?\n")
HALF, LAST_HALF = re.compile(r"[^\W\d_]+"), re.compile(r"[^\W\d_]+$")
SOME = 20  # words whose other places in the document are looked for
OFTEN, SELDOM = 0.06, 0.01  # shares of the lines that end in hyphens
LAST_WORD = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)*)-$")


def reference_span(paragraphs: list[str], heads: frozenset[int] = frozenset()) -> tuple[int, int]:
    """First and last + 1 of the paragraphs that are the reference list, heading included; (n, n) where there is none.

    A heading of that name counts only in the second half, and only when most of what follows looks like entries. heads: paragraphs that
    are known to be headings.
    """
    n = len(paragraphs)
    lengths: list[int] = []  # of all paragraphs before each
    behind = n, n, 0, 0  # the heading that was looked at last: where it stands, where its list ends, paragraphs from it on, entries of them
    for i in range(n - 1, -1, -1):
        if not REFERENCES.match(paragraphs[i].strip().partition("\n")[0].strip()):
            continue
        lengths = lengths or list(accumulate(map(len, paragraphs), initial=0))
        end, filled, looks = _list_behind(paragraphs, heads, i + 1, *behind)
        inside = paragraphs[i].strip().partition("\n")[2]
        entries, like = filled + bool(inside), looks + bool(ENTRY.search(inside))
        if entries and like * 2 >= entries and lengths[i] * 2 >= lengths[end] * 0.6:
            return i, end
        behind = i, end, filled + 1, looks + bool(ENTRY.search(paragraphs[i]))
    return n, n


def _list_behind(
    paragraphs: list[str], heads: frozenset[int], start: int, known: int, end: int, filled: int, looks: int
) -> tuple[int, int, int]:
    """Where the list that begins at `start` ends, its paragraphs, and those that look like entries; of the list at `known` it is known.

    So a book of papers, each with its list, is looked at once.
    """
    more = entries = 0
    for at in range(start, known):
        if _ends_references(paragraphs, at, at in heads):
            return at, more, entries
        if paragraphs[at].strip():
            more += 1
            entries += bool(ENTRY.search(paragraphs[at]))
    return end, filled + more, looks + entries


def _ends_references(paragraphs: list[str], at: int, known: bool) -> bool:
    """True for the heading of an appendix: by its word, by its letter, or known as one, with text below that is no entry."""
    head = paragraphs[at].strip()
    if AFTER.match(head[:40]):
        return True
    line, _, rest = head.partition("\n")
    lettered = LETTERED.match(head.replace("\n", " ") if len(head) < 80 else line)
    if not (lettered or known) or len(line) > 80 or ENTRY.search(head[:80]):
        return False
    below = rest if len(rest) > 100 else next((p for p in paragraphs[at + 1 : at + 3] if len(p) > 100), "")
    return bool(below) and (not ENTRY.search(below) or is_prose(below))


def is_prose(paragraph: str) -> bool:
    """True for sentences, which may cite a year or an address, and are no entries of a list."""
    if ENTRY_MARK.match(paragraph):
        return False
    words = [word.strip(EDGES) for word in paragraph.lower().split()]
    return sum(word in FINITE for word in words) > PROSE * len(words)


def without_references(text: str) -> str:
    """`text` without its reference list."""
    if not any(REFERENCES.match(line.strip()) for line in text.splitlines() if len(line) < 60):
        return text
    paragraphs = re.split(r"(\n[^\S\n]*\n\s*|\n)", text)  # separators stand at the odd places
    start, end = reference_span(paragraphs[::2])
    return "".join(paragraphs[: 2 * start] + paragraphs[2 * end :]).rstrip("\n") + ("\n" if text.endswith("\n") else "")


MARKED = bytes(range(0xC3, 0xC9))  # with which letters with marks begin in UTF-8
GROWN = (  # words that begin others without a hyphen
    "above after back data down else every extra field fore further hand head here home house inter land life like micro more multi never "
    "none over photo poly post rain side some stand super their them then there thing time under upon wall water what when where which "
    "while whole wide wind with work note book news text foot team class frame"
)
SUSPENDING = frozenset(["und", "oder", "bzw", "sowie", "and", "or", "to"])
LINKS = frozenset(
    ["a", "an", "and", "at", "by", "de", "for", "in", "la", "of", "off", "on", "or", "out", "over", "per", "the", "to", "up", "with"]
)
LEADING = frozenset(  # English words that take a hyphen before nearly all that they begin
    [
        "half",
        "self",
        "well",
        "first",
        "second",
        "third",
        "high",
        "low",
        "long",
        "short",
        "large",
        "small",
        "middle",
        "full",
        "single",
        "double",
        "mixed",
        "cross",
        "twenty",
        "thirty",
        "forty",
        "fifty",
        "sixty",
        "seventy",
        "eighty",
        "ninety",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
    ]
)
# the same before these
TRAILING = frozenset(["based", "ready", "driven", "oriented", "aware", "specific", "induced", "dependent", "level", "friendly"])
ADVERB = re.compile(r"(?<![ntrdo]a)(?<![ntrdo]o)ly$")  # `statically-typed`; but `cataly-zed`, `hydroly-zing`
GROWING = ("ness", "ing", "ington", "land", "light", "ways", "ward", "hand", "head", "heart", "colon", "conduct", "fold", "teen", "lived")
JOINING = frozenset(GROWN.split())
AROUND = (("", ""), ("", ","), ("", "."), ("", ";"), ("", ":"), ("", ")"), ("", "),"), ("(", ""), ("“", ""), ("", "”"))


class Hyphens:
    """Decides for a word parted at a line end whether its hyphen is part of it, by how the document itself writes it elsewhere.

    parting: whether the program that set the text parts words at line ends; others break lines only at hyphens that are there. None:
    nobody knows.
    """

    def __init__(self, text: str, *, parting: bool | None = True) -> None:
        self.text = text
        self._said = parting

    @cached_property
    def parting(self) -> bool:
        """Words are parted at line ends: as the program does, or by how many lines end in hyphens and how those words stand elsewhere."""
        if self.text.count(f"{SOFT_HYPHEN}\n") >= SOFT_ONES:  # of which these are the marks
            return False
        if self._said:
            return True
        found = self._parted()
        share = len(found) / (self.text.count("\n") + 1)
        one, two = (sum(self.met(f"{left}{mark}{right}".lower()) > 0 for left, right in found[:SOME]) for mark in ("", "-"))
        if self._said is None:
            return one > 0 or share > SELDOM
        return one > two or (one == two and share > OFTEN)

    def _parted(self) -> list[tuple[str, str]]:
        """The halves of all words at whose hyphens a line ends."""
        pieces = LINE_END.split(self.text) if "-\n" in self.text or "- \n" in self.text else []
        found = [(LAST_HALF.search(left[-40:]), HALF.match(right)) for left, right in pairwise(pieces)]
        return [(left[0], right[0]) for left, right in found if left and right]

    @cached_property
    def _second_halves(self) -> Counter[str]:
        """How often each begins a line behind a hyphen."""
        return Counter(right.lower() for _, right in self._parted())

    @cached_property
    def words(self) -> Counter[str]:
        """Between blanks, lower case, marks at their ends included. A word that a line end parts is two, and no evidence."""
        words: Counter[str] = Counter()
        start = 0
        while start < len(self.text):  # in pieces: all words of a book at once are ten times its text
            end = self.text.find("\n", start + PIECE)
            end = len(self.text) if end < 0 else end
            words.update(self.text[start:end].replace(SOFT_HYPHEN, "").lower().split())
            start = end
        return words

    @cached_property
    def tight(self) -> bool:
        """Dashes stand between words without blanks."""
        return len(TIGHT_DASH.findall(self.text)) > len(LOOSE_DASH.findall(self.text))

    @cached_property
    def unspaced(self) -> bool:
        """There are words in a script that parts none by blanks."""
        start = self.text[:SEEN]
        return not start.isascii() and IDEOGRAPH.search(start) is not None

    @cached_property
    def behind_hyphens(self) -> frozenset[str]:
        """What stands behind a hyphen in words of the document, as `facing` in `north-facing`."""
        return frozenset(word.rpartition("-")[2].strip(EDGES) for word in self.words if "-" in word)

    @cached_property
    def english(self) -> bool:
        """Next to no letter of the Latin alphabet has a mark."""
        start = self.text[:50_000]
        data = start.encode("utf-8", "surrogatepass")
        return len(data) - len(data.translate(None, MARKED)) < 0.01 * (len(start) or 1)

    def met(self, word: str) -> int:
        """How often the document has the word, with what may stand around it."""
        found = self.words.get
        return sum([found(f"{before}{word}{after}", 0) for before, after in AROUND])

    def compound(self, first: str, second: str) -> bool:
        """True when both halves are words that the document has by themselves, and the first is not one that grows together with others.

        English alone: other languages break long words where halves are words too.
        """
        if not self.english or min(len(first), len(second)) < 4 or first in JOINING or not self.met(first):
            return False
        return self.met(second) > (self._second_halves[second] if ENDING.fullmatch(second) else 0)

    def _hyphened(self, first: str, second: str) -> bool:
        """True when a word that the document has nowhere else is written with a hyphen."""
        before, last = first.rpartition("-")[::2]
        next_, after = second.partition("-")[::2]
        if before and (after or all(half in LINKS or self.met(half) for half in (last, next_))):  # state-of-\nthe-art
            return True
        if after and next_ in LINKS:  # stay-\nat-home
            return True
        if len(first) == 1:  # φ-nodes
            return True
        if self.english and first in LEADING and len(second) > 3 and not second.startswith(GROWING):
            return True
        if (
            self.english
            and len(first) > 4
            and (second in TRAILING or (ADVERB.search(first) and len(second) > 4 and second.endswith(("ed", "ing"))))
        ):
            return first not in JOINING
        if self.english and len(second) > 3 and second in self.behind_hyphens and self.met(first):  # south-\nfacing, beside north-facing
            return True
        return self.compound(first, second)

    def join(self, left: str, right: str, *, unknown: bool = True) -> str:
        """`left` ends in a hyphen at a line end, `right` is the next line: both joined. unknown: drop the hyphen of a word never met."""
        first = LAST_WORD.search(left[-80:].rsplit(None, 1)[-1])
        second = WORD.match(right)
        if first is None or second is None or not second[0][0].islower():
            if first is not None and second is not None and second[0][0].isupper() and self.parting:
                whole, parted = (f"{first[1]}{mark}{second[0]}" for mark in ("", "-"))
                if whole.isupper():  # "REF-\nERENCES", which stands elsewhere as one
                    return (left[:-1] if self.met(whole.lower()) > self.met(parted.lower()) else left) + right
                if (times := self.text.count(whole)) and times > self.text.count(parted):
                    return left[:-1] + right  # "Trace-\nMonkey"
            return left + right  # "48-\nhour", "pre-\nRoman", a lone dash: the hyphen stays
        if second[0] in SUSPENDING and right[len(second[0]) : len(second[0]) + 1] == " " and not self.met(f"{first[1]}{second[0]}".lower()):
            return f"{left} {right}"  # "Ein- und Ausfuhr", "pre- and post-war"
        if any(sign in left[-80:].rsplit(None, 1)[-1] for sign in ("//", "www")):
            return left + right  # nobody parts an address with a hyphen of his own
        whole, parted = (first[1] + second[0]).lower(), f"{first[1]}-{second[0]}".lower()
        as_one, as_two = self.met(whole), self.met(parted)
        known = as_one or as_two
        if known:
            drop = as_one >= as_two
        elif len(first[1]) > 1 and first[1].isupper():  # "CPU-\narchitectures"
            drop = f"{first[1]}{second[0]}" in self.text
        else:
            drop = unknown and self.parting and not self._hyphened(first[1].lower(), second[0].lower())
        return left[:-1] + right if drop else left + right


def join_lines(lines: list[str], hyphens: Hyphens, *, unknown: bool = True) -> str:
    """Lines of one paragraph as running text."""
    lines = [line for line in map(str.strip, lines) if line]
    text = " ".join(lines)
    if hyphens.unspaced:
        text = GAP.sub("", text)
    if (
        "- " not in text
        and "/ " not in text
        and ": //" not in text
        and "://" not in text
        and (text.isascii() or not any(sign in text for sign in PARTED))
    ):
        return text
    whole = lines[:1]  # what blanks part; a line goes on in the next one or is followed by a blank
    for line in lines[1:]:
        last = whole[-1]
        if last.endswith(SOFT_HYPHEN):
            whole[-1] = last[:-1] + line
        elif last.endswith("-") and not last.endswith((" -", "--")) and (last != "-" or len(whole) == 1):
            whole[-1] = hyphens.join(last, line, unknown=unknown)
        elif _is_tight(last, line, hyphens):
            whole[-1] = last + line
        else:
            whole.append(line)
    text = " ".join(whole)
    return text[:-1].replace(SOFT_HYPHEN, "") + text[-1:]  # one at the end goes on elsewhere


def _is_tight(last: str, line: str, hyphens: Hyphens) -> bool:
    """True when a dash or stroke between two words without blanks ends a line or begins the next; an address may end with a stroke."""
    if link := LINK.search(last[-LONGEST_LINK:]):
        goes_on = line[0].isdigit() or line[0].islower()  # no sentence behind a full stop
        return line[0].isalnum() and (link[3] != "." or (goes_on and (link[2] != "" or link[1] == "www" or "/" in line.split(None, 1)[0])))
    if line.startswith("//") or last.endswith("://"):
        return last.endswith(SCHEMES) or line[0].isalnum()
    if last.endswith(TIGHT):
        joined = last[-2:-1].isalnum() and line[0].isalnum()
        return joined and (last[-1] != "/" or ADDRESS.search(last[-60:]) is None or PATH.match(line) is not None)
    return line[0] == "—" and line[1:2].isalpha() and last[-1].isalnum() and hyphens.tight
