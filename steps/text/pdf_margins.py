"""What stands in the margins of a PDF's pages and is no text: page numbers, running heads and feet, notices of where a paper comes from."""

import re
import statistics
from collections import Counter
from difflib import SequenceMatcher
from itertools import pairwise

from steps.text.columns import Block
from steps.text.notes import MARKED
from steps.text.parts import CAPTION
from steps.text.pdf_pages import Page

PAGE_NUMBER = re.compile(
    r"^[\W_]*(?:page|seite|sayfa|s\.|p\.)?[\W_]*(?:\d{1,4}|[ivxlc]{1,6})[\W_]*(?:(?:of|/|von)\s*\d{1,4})?[\W_]*$", re.IGNORECASE
)
NUMBERS = re.compile(r"(?<![\d.,])\d{1,4}(?![\d,]|\.\d)")
DIGITS = re.compile(r"\d+")
MARGIN = 0.12  # share of the page's height in which running heads stand
OUTERMOST = 0.17  # in which they stand when nothing lies beyond them: wide margins, as of LaTeX's own classes
COUNTED = 0.23  # in which they stand with the number of the page, when nothing lies beyond: a small page on a larger sheet
LOWEST = 0.7  # below it a number alone is a page's
ROW = 1.6  # of its height, from one row of a table to the next, more or less
NEARER = 0.75  # of the white beside the text: what lies nearer to the foot of the only page stands below the text
RUNNING = 400  # characters of running text that a page must have, to be judged by itself
LARGER = 1.2  # times the size of the text: no running head
SURE = 3  # pages on which a line stands with their numbers
COUNTING = re.compile(r"^#\s+[^\W\d_]|[^\W\d_]\s+#$")  # what a page's number stands before or behind
BEHIND = re.compile(r"[^\W\d_]\s+#$")
FEW = 4  # pages: with fewer a running head need not come again
LEAST_HEAD = 10  # letters of a running head that is known again though some were misread
ALIKE = 0.87  # of 1: how much of both are the same letters in the same order, for these
LONGEST_STAMP = 120  # characters of a notice in the margin
STAMP = re.compile(  # begins what is set once in a margin: how far a paper has come, whose it is, when and from where a page was printed
    r"^\W*(?:(?:this is a |a )?pre-?print\b|(?:under|in) (?:peer )?review\b|(?:technical|research|working) (?:report|paper)\b|draft\b"
    r"|confidential\b|©|c?\u20dd|\(c\) ?\d|copyright\b|all rights reserved|arxiv:|accepted (?:for|at|by|manuscript)|to appear in\b|doi:"
    r"|(?:manuscript )?submitted (?:to|for|on)\b|published (?:as|in|by|online)\b|(?:in )?proceedings of\b|downloaded from\b"
    r"|(?:for )?internal use\b|not for distribution\b|(?:https?|file)://\S+\s*(?:\d+/\d+)?$|www\.\S+$"
    r"|ön ?baskı\b|taslak\b|gizli\b|tüm hakları\b|entwurf\b|vertraulich\b|\d{1,2}[./]\d{1,2}[./]\d{2,4},? \d{1,2}:\d\d)",
    re.IGNORECASE,
)
VOLUME = re.compile(r"\b(?:vol(?:ume)?\.?|cilt|sayı|issue|jahrgang) ?\d|\b\d{1,4} ?\((?:19|20)\d\d\)", re.IGNORECASE)  # of a journal


def drop_margins(pages: list[Page], body: float, usual: float = 0.0) -> int:
    """Take out page numbers, and lines in the margins that come again on other pages, by their text or by their place.

    body, usual: height of a line and size of the letters of running text.

    Returns how many blocks went.
    """
    sound = [page for page in pages if not page.lost]
    gap = max(0.8 * body, 1.3 * _spacing(sound))
    found = []
    for number, page in enumerate(pages):
        for block, side in _in_margins(page, body):
            apart = _apart(block, page, body, gap)
            outermost = apart and _outermost(block, page, side)
            found.append((number, page, block, side, apart, outermost, _numbers(block) if apart else set(), _key(block.lines)))
    n = len(sound)
    ends = _ends_of_text(sound)
    alone = _white_beside(pages[0]) if len(pages) == 1 else 0.0
    texts = Counter(key for key, _ in {(key, number) for number, *_, key in found})
    places: set[tuple[str, int, int]] = set()  # side, height and page of what stands apart in the margins
    counts: set[tuple[str, int, int, int]] = set()  # side, height, number less the page's, page
    for number, _, block, side, apart, _, numbers, _ in found:
        if apart:
            y = round(block.y0 / 2)
            places |= {(side, y - 1, number), (side, y, number), (side, y + 1, number)}
            counts |= {(side, y, count - number, number) for count in numbers}
    often = Counter((side, y) for side, y, _ in places)
    counting = Counter((side, y, offset) for side, y, offset, _ in counts)
    tops = [min((b.y0 for b in page.blocks), default=0.0) for page in pages]
    gone = 0
    heads = {(side, key) for _, _, block, side, *_, key in found if texts[key] >= max(3, 0.25 * n) and not CAPTION.match(block.lines[0])}
    for number, page, block, side, apart, outermost, numbers, key in found:
        y = round(block.y0 / 2)
        often_enough = max(3, 0.6 * n) if _large(block, body, usual) else max(2, 0.25 * n)  # titles come again
        again = texts[key] >= often_enough and not CAPTION.match(block.lines[0]) and not ("#" in key and _is_row(block, page))
        noted = side == "bottom" and block.characters > 25 and MARKED.match(block.lines[0])  # a footnote: its place is no habit
        plain = apart and not noted and not _large(block, body, usual) and not CAPTION.match(block.lines[0]) and not _is_row(block, page)
        again = again or (plain and outermost and any(side == where and _is_misread(key, head) for where, head in heads))
        if apart and outermost and texts[key] >= SURE and COUNTING.search(key) and not CAPTION.match(block.lines[0]):  # however large
            again = again or any(counting[side, y, count - number] >= SURE for count in numbers)
        beyond = block.y1 < ends[0] - gap if side == "top" else block.y0 > ends[1] + gap
        same_place = plain and outermost and n > 1 and often[side, y] >= max(2, 0.0 if beyond else 0.6 * n)
        counted = plain and any(counting[side, y, count - number] >= max(2, min(4, n // 3)) for count in numbers)
        stamp = apart and _is_stamp(block) and _outermost(block, page, side) and not _large(block, body, usual)
        if side == "top" and block.lines[0].lstrip()[:4] in ("http", "www.") and block.y0 > tops[number]:
            stamp = False  # below a running head it is text
        edge = plain and side == "bottom" and page.height - block.y1 < NEARER * alone and _outermost(block, page, side)
        if n < FEW and number and side == "top" and plain and outermost and number + 1 in numbers and BEHIND.search(key):
            again = True
        if again or same_place or counted or stamp or edge or _numbers_page(" ".join(block.lines).strip()):
            page.blocks.remove(block)
            gone += 1
    return gone + _drop_lowest(sound, gap) + _drop_grown(sound, body, usual)


def _ends_of_text(pages: list[Page]) -> tuple[float, float]:
    """Where the highest of all running text begins, and the lowest ends; beyond stands what belongs to the page."""
    long = [(b.y0, b.y1) for page in pages for b in page.blocks if len(b.lines) > 2 and b.characters > RUNNING / 2]
    return (min(y0 for y0, _ in long), max(y1 for _, y1 in long)) if len(long) >= len(pages) > 2 else (0.0, float("inf"))


def _white_beside(page: Page) -> float:
    """Points that stay white left of the running text of a page; 0 where it has little."""
    running = [block for block in page.blocks if len(block.lines) > 1 and block.characters > 100]
    return min(block.x0 for block in running) if sum(block.characters for block in running) > RUNNING else 0.0


def _is_stamp(block: Block) -> bool:
    """True for a short notice, or the line that names a journal and its volume; entries of reference lists end in a full stop."""
    if block.characters > LONGEST_STAMP or len(block.lines) > 3:
        return False
    line = block.lines[0].strip()
    return bool(STAMP.match(line) or (len(block.lines) == 1 and not line.endswith(".") and VOLUME.search(line)))


def _outermost(block: Block, page: Page, side: str) -> bool:
    """True when nothing lies between a block and the edge of the page."""
    return not any(b.y1 <= block.y0 if side == "top" else b.y0 >= block.y1 for b in page.blocks if b is not block)


def _drop_lowest(pages: list[Page], gap: float) -> int:
    """Take out page numbers and notices that stand apart below a text that ends far above the foot of the page; returns how many."""
    gone = 0
    for page in pages:
        lowest = max(page.blocks, key=lambda b: b.y1, default=None)
        if lowest is None or lowest.y0 < LOWEST * page.height or len(lowest.lines) > 1:
            continue
        if not _numbers_page(lowest.lines[0].strip()) and not _is_stamp(lowest):
            continue
        if all(lowest.y0 - other.y1 > gap for other in page.blocks if other is not lowest):
            page.blocks.remove(lowest)
            gone += 1
    return gone


def _in_margins(page: Page, body: float) -> list[tuple[Block, str]]:
    ends = (min(b.y0 for b in page.blocks), max(b.y1 for b in page.blocks)) if page.blocks else (0.0, 0.0)
    return [(block, side) for block in page.blocks if (side := _margin_of(block, page, body, ends))]


def _numbers(block: Block) -> set[int]:
    return {int(number) for number in NUMBERS.findall(" ".join(block.lines))}


def _is_row(block: Block, page: Page) -> bool:
    """True for a row of a table of three columns or more, of cells like those of the next row above or below."""
    if len(block.lines) < 3 and block.lines[0].count("\t") < 2:
        return False
    height = block.y1 - block.y0
    cells = len(block.lines), block.lines[0].count("\t")
    return any(
        (len(b.lines), b.lines[0].count("\t")) == cells and abs(b.x0 - block.x0) < 3 and abs(abs(b.y0 - block.y0) - ROW * height) < height
        for b in page.blocks
        if b is not block
    )


def _large(block: Block, body: float, usual: float) -> bool:
    """True for what is set larger than the text, as titles are and running heads are not. usual: size of the text's letters."""
    if usual and block.size:
        return block.size > LARGER * usual
    return len(block.lines) == 1 and block.y1 - block.y0 > 1.35 * body


def _drop_grown(pages: list[Page], body: float, usual: float) -> int:
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
                if not far and not block.table and not CAPTION.match(last) and not _is_row(block, page):
                    ends.append((page, block))
        texts = Counter(_head_key(block.lines[edge]) for _, block in ends)
        for page, block in ends:
            key = _head_key(block.lines[edge])
            full = len(block.lines) > 1 and len(key) > 0.85 * max(map(len, block.lines)) and "#" not in key  # a line of the text itself
            if len(key) < 4 or full or texts[key] < (max(3, 0.6 * len(pages)) if _large(block, body, usual) else max(2, 0.4 * len(pages))):
                continue
            if len(block.lines) == 1:
                page.blocks.remove(block)
            else:
                height = (block.y1 - block.y0) / len(block.lines)
                number = edge == 0 and len(block.lines) > 2 and _numbers_page(block.lines[1].strip())  # beside the head
                block.set_lines(block.lines[2 if number else 1 :] if edge == 0 else block.lines[:-1])
                block.y0, block.y1 = (block.y0 + height, block.y1) if edge == 0 else (block.y0, block.y1 - height)
            gone += 1
    return gone


def _margin_of(block: Block, page: Page, body: float, ends: tuple[float, float]) -> str:
    if block.y1 - block.y0 > 2.6 * body or block.characters > 200:
        return ""
    first, last = block.y0 < ends[0] + 3, block.y1 > ends[1] - 3
    if block.y1 <= (OUTERMOST if first else MARGIN) * page.height:
        return "top"
    if block.y0 >= (1 - (OUTERMOST if last else MARGIN)) * page.height:
        return "bottom"
    if first and block.y1 <= COUNTED * page.height and len(block.lines) < 3 and COUNTING.search(_key(block.lines)):
        return "top"
    return ""


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


def _head_key(line: str) -> str:
    """As `_key`, of a line alone, without the number of its page behind wide white."""
    head, _, number = line.partition("\t")
    return _key([head if PAGE_NUMBER.match(number) else line])


def _is_misread(key: str, head: str) -> bool:
    """True for a running head of which a letter or two were read wrongly, as in scans."""
    if key == head or abs(len(key) - len(head)) > 2 or len(key) < LEAST_HEAD:
        return False
    return SequenceMatcher(None, key, head, autojunk=False).ratio() > ALIKE


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
    top, bottom = block.y0 - gap, block.y1 + gap
    return not any(b.y0 < bottom and b.y1 > top and abs(b.y0 - block.y0) > body / 2 for b in page.blocks if b is not block)
