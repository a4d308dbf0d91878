"""Whether a block of a PDF goes on with the paragraph of the one before it, as the eye sees it: letters, edges, room, indents."""

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from steps.text.columns import ENDED, NUMBERED, SHORT, Block
from steps.text.parts import CAPTION, Part

_NAMES = (
    "abstract|özet|summary|keywords?|anahtar kelimeler|introduction|giriş|methods?|yöntem|results|bulgular|discussion|tartışma|"
    "conclusions?|sonuç"
)
_CAPITAL = r"(?=(?-i:[a-z]*[A-ZÀ-ÖØ-ÞĞİŞΑ-ΩА-Я]))"
_SAID = r"(?!.*[;,-]$|(?:\S+\s+){4,}\S+[.。]$|(?:\S+\s+){3,}\S+:$)"  # items of a list are: sentences and clauses
_PLACE = r"(?=[^,]*,)(?=.*(?:universit|institut|department|laborator|facult|üniversite|fakülte|enstitü))"  # of an author
HEADING = re.compile(
    rf"^(?:{_NAMES}|(?:\d+\.)+\d+\.?\s+(?![\d\s.,()\[\]–−-]+$|.*[;,]$)\S.*|\d{{1,3}}(?:\.\s+(?!(?-i:[a-zß-öø-ÿğış])[\w,;]*(?:[\s.]|$)|\d)"
    rf"|\s+{_CAPITAL}(?!\w+\.?\s\d{{4}}$)){_SAID}(?!{_PLACE})\S.*)$",
    re.IGNORECASE,
)
HEADED_LINE = re.compile(rf"(?:{_NAMES}|(?:(?:\d+\.)+\d*|\d{{1,3}}(?=\s+[A-ZÇĞİÖŞÜ]))\s+\S.*(?<![;,-]))$", re.IGNORECASE)
ITEM = re.compile(
    r"\s*(?:[•‣◦▪–]\s|[▶►●■○◆➢✓]\s?|\(?\d{1,2}[.)]\s+\D|\d{1,2}(?:\.\d{1,2})?(?:\.[a-z]{1,4}){1,3}[.)]\s+[^\W\d]|\[\d{1,3}\]\s)"
)
ABBREVIATED = re.compile(r"\b(?:et al|e\.g|i\.e|cf|vs|[Ff]igs?|Eqs?|Secs?|Dr|Mrs?|Ms|Prof|St|vd|bkz|Bkz|örn|approx|ca|resp|z\.B)\.$")
CITING = re.compile(  # before a figure that closes what was opened: (see Fig.\n2) and so on
    r"\((?:[^()\n]*\s)?(?:figs?|eqs?|secs?|tabs?|chap|ch|nos?|pp?|vol|ref|refs|table|figure|section|equation|chapter|appendix|step|bkz|şekil|tablo"
    r"|çizelge|bölüm|s|sayfa|denklem)\.?\s*$",
    re.IGNORECASE,
)
WITHIN = re.compile(r"\s*(?:\(\d{1,2}\)|\[\d{1,3}\])\s+[a-zçğıöşü]{2}")  # of a sentence
NUMBERS_OF = re.compile(  # sections 9 and / 10
    r"\b(?:sections?|chapters?|figures?|figs?\.|tables?|equations?|eqs?\.|refs?\.|steps?|appendi(?:x|ces))"
    r"\s(?:\d[\d.]*,?\s)*\d[\d.]*,?\s(?:and|or|to|through)\s*$",
    re.IGNORECASE,
)
CITED = re.compile(r"\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\](?:[,.;:)]|\s+[a-zçğıöşü])")
CLOSING = ("”", "’", '"', "'", ")", "]", "»")
STOPPED = tuple(f"{stop}{mark}" for stop in ".!?…" for mark in CLOSING)
FIGURES = re.compile(r"[\d.,()]")
AMOUNT = re.compile(r"\d+(?:[.,]\d+)*\s?%\s+[a-zçğıöşü]")  # `3% over the whole`: no heading and no row
PLACE = re.compile(r"/\w+/")  # of a file
WORD = re.compile(r"[^\W\d_]{3}")
PANEL = re.compile(r"\([a-h]\) \S.{0,60}$")  # a caption of a part of a figure
COUNTED = re.compile(r"\s*\((\d{1,2}|[ivx]{1,4}|[b-h])\)\s")
ROMANS = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
OTHER = 1.12  # times the size of letters: another one
ROOM = 0.6  # of their size: how wide a letter of a word is, at most
NARROW = 0.38  # the same, at least
LARGE = 1.3  # times the usual size: letters of a title
LEAST_INDENTED = 0.6  # share of the blocks that begin so, at least, where all paragraphs do; the others go on
SENTENCE = 60  # letters: shorter parts are no running text
LINE = 40  # letters of a line of a column, at least
SAYING = 15  # letters of a line that says something
STACKED = 1.7  # times the size of their letters: two lines that take more stand one below the other
LABELS = 20  # letters of a few words inside a figure
STRETCHED = 0.03  # of their size: so much wider or narrower are letters of some lines, that they may be full
HANGING = 0.15  # the same: so far out hangs a parenthesis or a quotation mark before a line
HEADED = 120  # letters of a heading, at most
HUNG = 3.0  # the same: so far in hang lines of references
FARTHEST, CLOSE = 5.0, 0.6  # the same: further lines of an item stand no farther in, and no farther below
NAME = 12  # letters of the name of a point in a drawing
POINTS = 3  # of them, at least
WRITTEN = (  # degrees as TeX sets them; soft hyphens and places to break; TeX draws a circle around a letter
    ("◦C", "°C"), ("◦ C", "°C"), ("◦F", "°F"),
    ("\u00ad", ""), ("\u200b", ""), ("\u2060", ""), ("\ufeff", ""), ("c\u20dd", "©"), ("R\u20dd", "®"), ("ĳ", "ij"), ("Ĳ", "IJ"),
)  # fmt: skip
BLANKS = re.compile(r"(?<=\S) {2,}(?=\S)")
RUNNING = frozenset(("text", "heading", "caption", "footnote", "references"))  # kinds whose blanks are nothing but white between words
CONTROLS = bytes([*range(9), *range(11, 32), 127])
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]+")  # glyphs of fonts that say no letters
PARAGRAPH = 40  # letters that a block of running text has more than a short part
SPACED = 2.0  # sizes of the letters: white between lines in wide spacing
NUMBER_ALONE = re.compile(r"[^\W\d_]+\.?\s?[A-Z]?\d{1,3}(?:\.\d{1,2})?[.:]?")  # of a caption
FLOATING = ("caption", "table", "footnote")
FLOATS = 12  # parts between two of a paragraph
STEP = 4.0  # points: edges that differ by less are one


def goes_on(before: str, text: str, *, code: bool = False, cited: bool = False) -> bool:
    """True when `text` is the rest of the paragraph `before`, parted by a column or page break.

    code: the latter may be a line of it. cited: both stand in a reference list, full of figures.
    """
    if len(before) < 15 or (len(before) < 80 and HEADING.match(before)):
        return False
    if before.endswith(ENDED):
        if text[:1].isdigit() and CITING.search(before[-60:]):
            return True
        closed = text[:1].islower() and before.endswith(CLOSING) and not before.endswith(STOPPED)  # a word in quotes or parentheses
        if not closed or code:
            return before.endswith(".") and ABBREVIATED.search(before[-9:]) is not None and not ITEM.match(text)
    if text[:1] == "[" and CITED.match(text):
        return True
    first = text.lstrip("([“\"'")[:1]
    caseless = first.isalpha() and first.lower() == first.upper()  # as of scripts without capitals
    within = text[:1] == "(" and min(len(before), len(text)) > SENTENCE and not ITEM.match(text)  # machine\n(SVM), so
    if not (first.islower() or caseless or within) and not AMOUNT.match(text):
        if before.endswith(("-", "\u00ad")) or not (first.isdigit() or first.isupper() or PLACE.match(text)):
            return False
        if len(before) <= 120 or len(text) <= 60 or (len(text) < 80 and HEADING.match(text)):
            return False
    start = text[:200]
    return cited or len(FIGURES.findall(start)) * 3 <= len(start)  # no rows of them


def told_apart(above: Block, block: Block, text: str) -> bool:
    """True when the eye sees that no paragraph goes on from one block in another: in letters of another size, or where the line had room.

    text: of the latter's first paragraph.
    """
    size = above.size or above.marked
    if block.marked or (size and block.size and not 1 / OTHER < size / block.size < OTHER):
        return True
    if not above.size or above.lines[-1].rstrip().endswith(("-", "\u00ad", "–", "—", "/")):
        return False
    if above.y0 < block.y0 < above.y1 - 0.5 * above.size and above.x0 - 3 < block.x0 < above.x1 + 2 * above.size and not ITEM.match(text):
        return False  # a script has parted a line
    if block.characters < NAME and block.y0 > above.y1 + above.size and above.x0 + 3 * above.size < block.x0 < block.x1 < above.x1:
        return True  # a word that stands by itself, with white above it
    inwards = block.x0 - above.x0
    hanging = -FARTHEST * above.size < inwards < 0 and (above.lines[-1].endswith(ENDED) or WORD.search(above.lines[-1]))
    below = block.y0 >= above.y1 - 1 and (abs(inwards) < 3 * above.size or hanging)  # in the same column
    right = max(above.x1, block.x1) if below else above.x1
    end = above.end or (above.x1 if len(above.lines) == 1 else right)
    word = text.split(None, 1)[0] if text[:1] else ""
    room = right - end - ROOM * above.size * (len(word) + 1)
    return room > (0.3 * (right - above.x0) if word[:1].islower() else 0)


def right_edges(blocks: list[Block]) -> dict[int, float]:
    """The right edges of most lines by their left ones, both in steps of a few points."""
    edges: dict[int, Counter[int]] = {}
    for block in blocks:
        if block.characters > SENTENCE:
            edges.setdefault(round(block.x0 / STEP), Counter())[round(block.x1 / STEP)] += 1
    return {left: STEP * rights.most_common(1)[0][0] for left, rights in edges.items() if rights.total() > 5}


def is_next_line(above: Block, block: Block, rights: Callable[[], dict[int, float]], *, begun: int, listed: bool = False) -> bool:
    """True for lines set so wide that each came as a block: the upper one is full, the lower one begins as far left.

    begun: letters of the paragraph so far. listed: of a reference list, where the lower one may hang.
    """
    if not 0 < block.y0 - above.y1 < 1.3 * above.size or abs(block.size - above.size) > STRETCHED * block.size > 0:
        return False
    if len(above.lines) == 2 and NUMBERED.fullmatch(above.lines[0].strip()):  # its text begins farther right, as do its other lines
        return above.x1 > block.x1 - 1 and 0 <= block.x0 - above.x0 < 5 * above.size and len(block.lines) == 1
    if abs(above.x0 - block.x0) > HANGING * above.size and not (listed and 0 < block.x0 - above.x0 < HUNG * above.size):
        return False
    if ITEM.match(block.lines[0]):
        return False
    end = above.end or (above.x1 if len(above.lines) == 1 else 0.0)
    right = rights().get(round(above.x0 / STEP), 0.0)
    if not right and len(above.lines) == len(block.lines) == 1 and abs(above.x1 - block.x1) < 1 and min(begun, block.characters) > LINE:
        right = block.x1  # both are
    word = block.lines[0].split(None, 1)[0]
    if word[0].isupper() and max(begun, above.characters) < SENTENCE:
        return False  # a heading
    return end + NARROW * above.size * len(word) > right > 0


def is_hung(above: Block, block: Block, before: str, rights: Callable[[], dict[int, float]]) -> bool:
    """True for further lines of an item whose first line hangs out before them and came by itself: it is full, and they begin farther in.

    before: what the paragraph says so far.
    """
    size = above.size
    if not 0.8 * size < block.x0 - above.x0 < FARTHEST * size or not -size < block.y0 - above.y1 < CLOSE * size:
        return False
    if above.y1 - above.y0 > STACKED * size or abs(block.size - size) > STRETCHED * size or ITEM.match(block.lines[0]):
        return False
    if block.x1 > above.x1 + HANGING * size or block.heads or NUMBERED.match(block.lines[0]):
        return False
    if above.lines[0][:1].isdigit() and block.lines[0][:1].isdigit():
        return False  # numbered lines of code
    if len(block.lines) > 1:
        return abs(block.x1 - above.x1) < HANGING * size and block.indent < 1
    centred = abs(above.x0 + above.x1 - block.x0 - block.x1) < STEP and not block.lines[0][:1].islower()
    if centred or len(before) < SENTENCE or before.endswith(ENDED):
        return False
    right = max(rights().get(round(x0 / STEP), 0.0) for x0 in (above.x0, block.x0))
    return above.x1 + NARROW * size * len(block.lines[0].split(None, 1)[0]) > right


def is_caption_below(above: Block, block: Block, text: str) -> bool:
    """True for further lines of a caption, which came as a block of their own because they are centred, or set in wide spacing."""
    if above.size != block.size or above.lines[-1].rstrip().endswith(ENDED) or CAPTION.match(text):
        return False
    white, inside = block.y0 - above.y1, above.x0 - 2 < block.x0 < block.x1 < above.x1 + 2
    if text[:1].islower() and abs(block.x0 - above.x0) < 2:
        return -2 < white < SPACED * above.size
    return inside and -2 < white < 0.7 * above.size


def is_rest_of_note(above: Block, block: Block, text: str, usual: float) -> bool:
    """True for the rest of a note of the page before: small words that go on with a sentence, where one of the text is not at its end."""
    small = 0 < OTHER * block.size < usual and abs(above.size - usual) < 0.5 and min(len(text), above.characters - PARAGRAPH) > SENTENCE
    return small and begins_within(text) and not above.lines[-1].rstrip().endswith(ENDED) and block.y0 > above.y1 - 1


def is_indented(blocks: list[Block]) -> bool:
    """True when nearly all paragraphs begin with an indent: a block without one goes on with what stands before it."""
    long = [block for block in blocks if len(block.lines) > 2 and block.indent >= 0 and not ITEM.match(block.lines[0])]
    begun = sum(0.6 * block.size < block.indent < 4 * block.size for block in long)
    return begun > LEAST_INDENTED * len(long) and begun > 2


def is_flush(above: Block, block: Block) -> bool:
    """True when a column or page ends with a full line and the next begins without an indent: a paragraph broken between sentences."""
    if not (above.size and abs(above.size - block.size) < 0.1 and 0 <= block.indent < 1 and len(above.lines) > 1 < len(block.lines)):
        return False
    beyond = block.y0 < above.y0 or block.x0 > above.x1
    return beyond and above.x1 - above.end < 1.5 and not ITEM.match(block.lines[0]) and not block.heads


def is_title(above: Block, block: Block, usual: float) -> bool:
    """True for lines of one title: large letters of one size, one below the other."""
    if not usual or not above.size or abs(above.size - block.size) > 0.1:
        return False
    if above.size < LARGE * usual and not (above.size > OTHER * usual and _are_centred(above, block)):
        return False
    return -LARGE * usual < block.y0 - above.y1 < 0.6 * above.size and not HEADING.match(block.lines[0])


def _are_centred(above: Block, block: Block) -> bool:
    """True for two blocks of a line of capitals each, of which one is wider on both sides."""
    alone = len(above.lines) == len(block.lines) == 1 and above.lines[0].isupper() and block.lines[0].isupper()
    return alone and abs(above.x0 + above.x1 - block.x0 - block.x1) < STEP < abs(above.x0 - block.x0)


def is_stacked(block: Block) -> bool:
    """True for two lines, one below the other, that are no cells of a row: they say enough to be text."""
    if len(block.lines) != 2 or min(map(len, block.lines)) < SAYING or CAPTION.match(block.lines[0]):
        return False
    wider = NARROW * block.size * block.characters > block.x1 - block.x0  # than both would stand side by side
    return wider or block.y1 - block.y0 > STACKED * block.size > 0


def is_broken(block: Block) -> bool:
    """True for a heading whose first line ends within a word or behind an abbreviation."""
    first, second = block.lines[0].rstrip(), block.lines[1].lstrip()
    return block.characters < HEADED and second[:1].islower() and (first.endswith("-") or ABBREVIATED.search(first) is not None)


def labels_of_figure(parts: list[Part]) -> list[int]:
    """Numbers, from the last one, of the letters and figures that name points of a drawing, which came before its caption; or none."""
    found = []
    for at in range(len(parts) - 1, -1, -1):
        kind, text = parts[at][:2]
        if kind in ("text", "heading", "formula", "table") and len(text) <= NAME and WORD.search(text) is None and not ITEM.match(text):
            found.append(at)
        elif not PANEL.match(text):
            break
    return found if len(found) >= POINTS else []


def left_open(parts: list[Part]) -> int:
    """The paragraph that a figure has parted, before the words in it, which came before its caption; below 0 where there is none.

    Of names in it that were taken out nothing is left but their numbers. Captions of other figures, tables and notes may stand between.
    """
    at = len(parts) - 1
    while at > max(0, len(parts) - FLOATS) and (not parts[at].text or _is_label(parts[at]) or parts[at].kind in FLOATING):
        at -= 1
    found = at < len(parts) - 1 and parts[at].kind == "text" and len(parts[at].text) > SENTENCE and not parts[at].text.endswith(ENDED)
    return at if found else -1


def begins_within(text: str) -> bool:
    """True of words that go on with a sentence: they begin small, and are no list of names."""
    return text[:1].islower() and len(text) > SENTENCE and text[:LABELS].isascii() and "_" not in text[:LABELS]


def left_open_by_labels(parts: list[Part]) -> int:
    """As `left_open`, where what was read last is a word or two beside a figure or a table, and no heading."""
    at = left_open(parts) if _is_label(parts[-1]) else -1
    kinds = {part.kind for part in parts[at + 1 :]}
    return at if kinds & {"caption", "table"} and "heading" not in kinds else -1


def _is_label(part: Part) -> bool:
    return part.kind in ("text", "heading") and len(part.text) <= LABELS and not part.text.endswith(ENDED)


def dashed(lines: list[str]) -> set[int]:
    """Numbers of the lines above those that begin with a dash, as items of a list and what people say do, and of the last of such items."""
    if sum(line.startswith("— ") for line in lines) < 2:
        return set()
    most = SHORT * max(map(len, lines))
    found = set()
    for at, (line, below) in enumerate(pairwise(lines)):
        short, item = len(line) < most, below.startswith("— ")
        if (item and (short or (line.rstrip().endswith((*ENDED, ";")) and below[2:3].isupper()))) or (
            short and line.startswith("— ") and below[:1].isupper()
        ):
            found.add(at)
    return found


def counts_on(lines: list[str], at: int) -> bool:
    """True when a line begins with the next number of a list within the text: `the steps are (1) to fit a model,\\n(2) to test`."""
    mark = COUNTED.match(lines[at])
    if mark is None:
        return False
    before = (
        str(int(mark[1]) - 1)
        if mark[1].isdecimal()
        else ROMANS[ROMANS.index(mark[1]) - 1]
        if mark[1] in ROMANS[1:]
        else chr(ord(mark[1]) - 1)
    )
    return any(line.find(f"({before}) ", 1) > 0 and not line.lstrip().startswith("(") for line in lines[:at])


def as_written(parts: list[Part], said: str) -> list[Part]:
    """`parts`, of a document that says `said`, without signs that nobody writes."""
    for sign, written in WRITTEN:
        if sign in said:
            parts = [part._replace(text=part.text.replace(sign, written)) if sign in part.text else part for part in parts]
    if "  " in said:
        parts = [
            part._replace(text=BLANKS.sub(" ", part.text)) if "  " in part.text and part.kind in RUNNING and "\n" not in part.text else part
            for part in parts
        ]
    data = said.encode("utf-8", "surrogatepass")
    if len(data.translate(None, CONTROLS)) < len(data):  # five times as quick as to search
        parts = [part._replace(text=_without_controls(part)) if CONTROL.search(part.text) else part for part in parts]
    return parts


def _without_controls(part: Part) -> str:
    text = CONTROL.sub(_blank, part.text)
    return text.rstrip() if part.kind == "listing" else text.strip()


def _blank(found: re.Match[str]) -> str:
    """What stands for glyphs that say nothing: a blank between figures, which would be one number."""
    return (
        " " if found.string[found.start() - 1 : found.start()].isdigit() and found.string[found.end() : found.end() + 1].isdigit() else ""
    )


def is_cited(lines: list[str], at: int) -> bool:
    """True when a line begins with the number of what is cited, and is no item: (see Fig. / 2) and so on, or: as Equation / (2) says."""
    before = " ".join(lines[max(0, at - 2) : at])
    if CITING.search(before) or NUMBERS_OF.search(before[-60:]) or counts_on(lines, at):
        return True
    within = WITHIN.match(lines[at]) is not None and not lines[at - 1].rstrip().endswith((*ENDED, ","))
    return within and not any(ITEM.match(line) for line in lines[:at] + lines[at + 1 :])
