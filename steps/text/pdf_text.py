"""The text of a PDF as a person reads it: columns in order, words whole, no running heads, page numbers or reference lists.

Built on pymupdf's blocks (a box and its lines), the cheapest form that still knows where text stands.
"""

import re
import statistics
from collections import Counter
from itertools import pairwise
from pathlib import Path

from steps.text.columns import MARK, Block, ordered_pages
from steps.text.manuscripts import close_lines, drop_line_numbers, name_letters
from steps.text.notes import MARKED, drop_marks, mark_notes
from steps.text.papers import Hyphens, join_lines, reference_span
from steps.text.parts import CAPTION, Kind, Part, Wanted, section_of, with_references
from steps.text.pdf_pages import Page, read_pages
from steps.text.unreadable import Unreadable

PAGE_NUMBER = re.compile(
    r"^[\W_]*(?:page|seite|sayfa|s\.|p\.)?[\W_]*(?:\d{1,4}|[ivxlc]{1,6})[\W_]*(?:(?:of|/|von)\s*\d{1,4})?[\W_]*$", re.IGNORECASE
)
HEADING = re.compile(
    r"^(?:abstract|özet|summary|keywords?|anahtar kelimeler|introduction|giriş|methods?|yöntem|results|bulgular|discussion|tartışma|"
    r"conclusions?|sonuç|(?:\d+\.)+\d*\s+\S.*|\d+\s+[A-ZÇĞİÖŞÜ]\S*.*)$",
    re.IGNORECASE,
)
ITEMS = frozenset("•‣◦▪–▶►●■○◆➢✓([0123456789")
ITEM = re.compile(r"\s*(?:[•‣◦▪–]\s|[▶►●■○◆➢✓]\s?|\(?\d{1,2}[.)]\s+\D|\[\d{1,3}\]\s)")
LABEL = re.compile(r"\s*(?:\d{1,2}(?:\.\d{1,2})*|[A-H]|[IVX]{1,4})\.?\s*$")  # of a heading
MARKS = "•‣◦▪▶►●■○◆➢✓ "
LONE_MARK = re.compile(r"\s*(?:[•‣◦▪–▶►●■○◆➢✓]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s*$")
SPACED = re.compile(r"(?:[^\W\d_] ){3,}[^\W\d_]")
NUMBERS = re.compile(r"(?<![\d.,])\d{1,4}(?![\d,]|\.\d)")
FIGURES = re.compile(r"[\d.,()]")
DIGITS = re.compile(r"\d+")
ALPHANUMERIC = re.compile(r"[^\W_]+")
ENDED = tuple(".!?:;…”’\"')]}»")
FOOTNOTE = tuple("∗*†‡§¶")  # a note at the foot of a column does not end the paragraph that goes on in the next
MARGIN = 0.12  # share of the page's height in which running heads stand
OUTERMOST = 0.17  # in which they stand when nothing lies beyond them: wide margins, as of LaTeX's own classes
TALLEST = 0.7  # share of the text in lines lower than the usual one: wide gaps between words part a line in two
SMALL = 0.63  # of the body's line height: labels inside figures


def pdf_parts(path: Path, wanted: Wanted) -> tuple[list[Part], str]:
    """What a PDF consists of, in reading order, and its title. Raises Unreadable with the reason, WrongPassword."""
    pages, title = read_pages(path, wanted.password)
    if not any(page.blocks for page in pages):
        pictures = any(page.pictures for page in pages)
        raise Unreadable("a scan without a text layer: run OCR on it first" if pictures else "no text on any page")
    drop_line_numbers([page.blocks for page in pages])
    name_letters([block for page in pages for block in page.blocks])
    body = _body_height(pages)
    drop_margins(pages, body)
    mark_notes([(page.height, page.blocks) for page in pages], body)
    if not wanted.footnotes:
        for page in pages:
            drop_marks(page.blocks)
    blocks = ordered_pages([close_lines([b for b in page.blocks if not _label(b, body)], ITEM) for page in pages])
    start, end = reference_span(["\n".join(block.lines) for block in blocks])
    for block in blocks[start:end]:  # known by their blocks, else by their paragraphs: some set each number in a box of its own
        block.reference = True
    parts = paragraphs(blocks, body)
    parts = parts if start < end else with_references(parts)
    if not any(part.text.strip() for part in parts):
        raise Unreadable("nothing but running heads and numbers")
    if _garbled(parts):
        raise Unreadable("its fonts do not say which letters they draw: run OCR on it")
    return parts, title


def _garbled(parts: list[Part]) -> bool:
    """True when most signs are neither letters nor figures, or many are codes of no sign: glyphs by their numbers."""
    longest = max((part.text for part in parts), key=len)
    signs = "".join([part.text for part in parts[:20]])[:2000] + longest[:2000]
    signs = "".join(signs.split())
    if len(signs) <= 100:
        return False
    codes = 0 if signs.isprintable() else sum(not sign.isprintable() for sign in signs)
    return codes > 0.05 * len(signs) or sum(map(len, ALPHANUMERIC.findall(signs))) < 0.3 * len(signs)


def _body_height(pages: list[Page]) -> float:
    """Height of a line of running text: that of the most characters. Lines that stand alone count where most do, in wide spacing."""
    heights: Counter[float] = Counter()
    alone: Counter[float] = Counter()
    for page in pages:
        for block in page.blocks:
            if len(block.lines) > 1 and block.characters > 80:
                heights[round((block.y1 - block.y0) / len(block.lines), 1)] += block.characters
            elif block.characters > 50:
                alone[round(block.y1 - block.y0, 1)] += block.characters
    if alone.total() > 2 * heights.total():
        heights = alone
    if not heights:
        return statistics.median(b.y1 - b.y0 for page in pages for b in page.blocks)
    total, seen = sum(heights.values()), 0
    for height in sorted(heights):
        seen += heights[height]
        if seen >= TALLEST * total:
            return height
    return 12.0


def _label(block: Block, body: float) -> bool:
    """Axis labels and the like: one small or upright line, alone."""
    height, width = block.y1 - block.y0, block.x1 - block.x0
    if block.characters > 60 or block.formula:
        return False
    upright = len(block.lines) == 1 and block.characters > 3 and (height > 2 * width or height > 8 * body)  # or aslant over the page
    return upright or height < SMALL * body


# ---------------------------------------------------------------- running heads
def drop_margins(pages: list[Page], body: float) -> int:
    """Take out page numbers, and lines in the margins that come again on other pages, by their text or by their place.

    Returns how many blocks went.
    """
    gap = max(0.8 * body, 1.3 * _spacing(pages))
    found = [
        (number, page, block, side, _apart(block, page, body, gap), _key(block.lines))
        for number, page in enumerate(pages)
        for block, side in _in_margins(page, body)
    ]
    n = len(pages)
    texts = Counter(key for key, _ in {(key, number) for number, *_, key in found})
    places: set[tuple[str, int, int]] = set()  # side, height and page of what stands apart in the margins
    counts: set[tuple[str, int, int, int]] = set()  # side, height, number less the page's, page
    for number, _, block, side, apart, _ in found:
        if apart:
            places |= {(side, round(block.y0 / 2) + shift, number) for shift in (-1, 0, 1)}
            counts |= {(side, round(block.y0 / 2), count - number, number) for count in _numbers(block)}
    often = Counter((side, y) for side, y, _ in places)
    counting = Counter((side, y, offset) for side, y, offset, _ in counts)
    gone = 0
    for number, page, block, side, apart, key in found:
        y = round(block.y0 / 2)
        again = texts[key] >= max(2, 0.25 * n) and not CAPTION.match(block.lines[0])
        noted = side == "bottom" and block.characters > 25 and MARKED.match(block.lines[0])  # a footnote: its place is no habit
        plain = apart and not noted and not _large(block, body) and not CAPTION.match(block.lines[0])
        same_place = plain and n > 1 and often[side, y] >= max(2, 0.6 * n)
        counted = plain and any(counting[side, y, count - number] >= max(2, min(4, n // 3)) for count in _numbers(block))
        if again or same_place or counted or _numbers_page(" ".join(block.lines).strip()):
            page.blocks.remove(block)
            gone += 1
    return gone + _drop_grown(pages, body)


def _in_margins(page: Page, body: float) -> list[tuple[Block, str]]:
    ends = (min(b.y0 for b in page.blocks), max(b.y1 for b in page.blocks)) if page.blocks else (0.0, 0.0)
    return [(block, side) for block in page.blocks if (side := _margin_of(block, page, body, ends))]


def _numbers(block: Block) -> set[int]:
    return {int(number) for number in NUMBERS.findall(" ".join(block.lines))}


def _large(block: Block, body: float) -> bool:
    """True for what is set larger than the text, as titles are and running heads are not."""
    return len(block.lines) == 1 and block.y1 - block.y0 > 1.35 * body


def _drop_grown(pages: list[Page], body: float) -> int:
    """Take out running heads and feet that stand so close to the text that they came as lines of its blocks; returns how many.

    They are the first or the last line of several pages, but for the numbers in them.
    """
    gone = 0
    for edge in (0, -1):
        ends: list[tuple[Page, Block]] = []
        for page in pages:
            if page.blocks:
                block = min(page.blocks, key=lambda b: b.y0) if edge == 0 else max(page.blocks, key=lambda b: b.y1)
                last = block.lines[edge].strip()
                if edge and len(block.lines) > 1 and PAGE_NUMBER.match(last) and last[0].isalpha() and any(map(str.isdecimal, last)):
                    block.y1 -= body
                    block.set_lines(block.lines[:-1])  # "Page 1 of 2" below a footnote
                far = block.y1 < 0.85 * page.height if edge else block.y0 > MARGIN * page.height
                if not far and not block.table and not CAPTION.match(last):
                    ends.append((page, block))
        texts = Counter(_key([block.lines[edge]]) for _, block in ends)
        for page, block in ends:
            key = _key([block.lines[edge]])
            full = len(block.lines) > 1 and len(key) > 0.85 * max(map(len, block.lines)) and "#" not in key  # a line of the text itself
            if len(key) < 4 or full or texts[key] < max(2, 0.4 * len(pages)):
                continue
            if len(block.lines) == 1:
                page.blocks.remove(block)
            else:
                height = (block.y1 - block.y0) / len(block.lines)
                block.set_lines(block.lines[1:] if edge == 0 else block.lines[:-1])
                block.y0, block.y1 = (block.y0 + height, block.y1) if edge == 0 else (block.y0, block.y1 - height)
            gone += 1
    return gone


def _margin_of(block: Block, page: Page, body: float, ends: tuple[float, float]) -> str:
    if block.y1 - block.y0 > 2.6 * body or block.characters > 200:
        return ""
    if block.y1 <= (OUTERMOST if block.y0 < ends[0] + 3 else MARGIN) * page.height:
        return "top"
    return "bottom" if block.y0 >= (1 - (OUTERMOST if block.y1 > ends[1] - 3 else MARGIN)) * page.height else ""


def _numbers_page(text: str) -> bool:
    """True for a page number; `7].` at the top of a column is the end of a sentence."""
    return (
        bool(PAGE_NUMBER.match(text))
        and not text.endswith(".")
        and text.count("[") == text.count("]")
        and text.count("(") == text.count(")")
    )


def _key(lines: list[str]) -> str:
    return DIGITS.sub("#", " ".join(lines)).casefold().strip()


def _spacing(pages: list[Page]) -> float:
    """White between lines that stand alone, in manuscripts of wide spacing; 0 elsewhere."""
    gaps = [
        b.y0 - a.y1
        for page in pages
        for a, b in pairwise(page.blocks)
        if len(a.lines) == len(b.lines) == 1 and min(a.characters, b.characters) > 50 and b.y0 > a.y1
    ]
    return statistics.median(gaps) if len(gaps) > 3 * len(pages) else 0.0


def _apart(block: Block, page: Page, body: float, gap: float) -> bool:
    """True when a gap parts the block from the text of the page."""
    others = [b for b in page.blocks if b is not block and abs(b.y0 - block.y0) > body / 2]
    if not others:
        return True
    return min(max(b.y0 - block.y1, block.y0 - b.y1) for b in others) >= gap


# ---------------------------------------------------------------- paragraphs
def paragraphs(blocks: list[Block], body: float) -> list[Part]:
    """Blocks in reading order as paragraphs: lines joined, words made whole, what a column or page parted put together."""
    hyphens = Hyphens("\n".join("\n".join(block.lines) for block in blocks))
    blocks = _with_capitals(blocks, hyphens)
    out: list[Part] = []
    open_at = -1  # the paragraph that may go on in a later block
    for block in blocks:
        for number, lines in enumerate(_parts(block, body)):
            text = lines[0] if len(lines) == 1 else join_lines(lines, hyphens)
            if text[:1] in MARKS and not text.strip(MARKS):
                continue  # marks of a list that stands beside them
            if text[1:2] == " " and SPACED.fullmatch(text.strip()):
                text = text.replace(" ", "")  # a heading set wide
            kind = _kind(block, text)
            floating = kind in ("footnote", "caption", "table") or text[:1] in FOOTNOTE
            listed = kind == "references"
            before = out[open_at] if open_at >= 0 and listed == (out[open_at].kind == "references") else None
            if number == 0 and before is not None and not floating and kind != "formula" and goes_on(before.text, text):
                out[open_at] = before._replace(text=join_lines([before.text, text], hyphens))
            else:
                out.append(Part(kind, text.strip().replace("\u00ad", "")))
                if not floating:
                    open_at = len(out) - 1 if kind != "formula" else -1
    return [part for part in out if part.text]


def _with_capitals(blocks: list[Block], hyphens: Hyphens) -> list[Block]:
    """Large first letters, which came as blocks or lines of their own, before the words that they begin."""
    out: list[Block] = []
    for block in blocks:
        last = out[-1] if out else None
        letter = last.lines[-1].strip() if last is not None and len(last.lines[-1]) < 3 else ""
        if last is not None and len(letter) == 1 and letter.isupper() and block.lines[0][:1].islower() and block.y0 < last.y1:
            alone = letter in "AIO" and hyphens.met(block.lines[0].split()[0]) > 1  # "A wall", but "And"
            block.set_lines([f"{letter}{' ' if alone else ''}{block.lines[0]}", *block.lines[1:]])
            last.set_lines(last.lines[:-1])
            if not last.lines:
                out.pop()
        out.append(block)
    return out


def _kind(block: Block, text: str) -> Kind:
    if block.reference:
        return "references"
    if block.note:
        return "footnote"
    if block.table or block.formula:
        return "table" if block.table else "formula"
    if CAPTION.match(text):
        return "caption"
    if text.count("\t") > 1 or ("\t" in text and not HEADING.match(text)):
        return "table"
    return "heading" if len(text) < 80 and (section_of(text) or HEADING.match(text)) else "text"


def goes_on(before: str, text: str) -> bool:
    """True when `text` is the rest of the paragraph `before`, parted by a column or page break."""
    if before.endswith(ENDED) or (len(before) < 80 and HEADING.match(before)) or len(before) < 15:
        return False
    if len(FIGURES.findall(text[:200])) * 3 > len(text[:200]):  # rows of them
        return False
    first = text.lstrip("([“\"'")[:1]
    if before.endswith(("-", "\u00ad")):
        return first.islower()
    return first.islower() or (
        len(before) > 120 and not (len(text) < 80 and HEADING.match(text)) and (first.isdigit() or first.isupper()) and len(text) > 60
    )


def _parts(block: Block, body: float) -> list[list[str]]:
    """The paragraphs inside a block: a heading set off from its text, lines that end short, cells of one table row."""
    lines = block.lines
    if block.table or block.formula:
        return [["\n".join(lines)]]
    if len(lines) == 1:
        return [lines]
    if block.y1 - block.y0 < 1.5 * body:
        label = (LABEL.match(lines[0]) or MARK.match(lines[0].strip())) and lines[1].lstrip()[:1].isalpha()
        one = len(lines) == 2 and (label or (len(lines[0]) > 30 and lines[0].rstrip().endswith((".", "?", "!")) and len(lines[1]) > 20))
        return [[(" " if one else "\t").join(line.strip() for line in lines)]]
    found = []
    if len(lines[0]) < 60 and (section_of(lines[0]) or (len(lines[0]) < 40 and HEADING.match(lines[0].strip()))):
        found.append(lines[:1])
        lines = lines[1:]
    lines, items = _with_marks(lines)
    short = 0.8 * max(map(len, lines))
    begun = 0
    for at in range(1, len(lines)):
        line, following = lines[at - 1], lines[at]
        first = following[:1] if following[:1] > " " else following.lstrip()[:1]
        if first in ITEMS:
            ends = at in items or ITEM.match(following) is not None
        else:
            ends = at in items
        if not ends and (first.isupper() or not first.isalnum()) and len(line.rstrip()) < short:
            ends = line.rstrip().endswith(ENDED)
        if ends:
            found.append(lines[begun:at])
            begun = at
    found.append(lines[begun:])
    return found


def _with_marks(lines: list[str]) -> tuple[list[str], set[int]]:
    """Lines with the marks of items that came as lines of their own set before their items, and the places of those."""
    if not any(len(line) < 8 and LONE_MARK.match(line) for line in lines[:-1]):
        return lines, set()
    out: list[str] = []
    items: set[int] = set()
    mark = ""
    for line in lines:
        if not mark and len(line) < 8 and LONE_MARK.match(line):
            mark = line.strip()
            continue
        if mark:
            items.add(len(out))
        out.append(f"{mark} {line.lstrip()}" if mark else line)
        mark = ""
    return [*out, mark] if mark else out, items
