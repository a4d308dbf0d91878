"""Footnotes on a page of a PDF: set smaller than the text, at the foot of its column, nothing of the text below them."""

import re
from collections import Counter
from itertools import pairwise

from steps.text.columns import Block
from steps.text.parts import CAPTION

LOWER = 0.45  # of the page's height: a footnote begins below
SMALLER = 0.93  # of the text's size
CLEARLY = 0.87  # the same for what may be an item of a list
LISTED = re.compile(r"\s*\d{1,3}\. [^\W\d_]")
SYMBOLS = tuple("∗†‡§¶⋆★")  # only notes begin so, whatever their size
TINY = 0.5  # below this it is no line of text but cells side by side
WORDY = 12  # letters of a line on average: no cells of a table
MARKED = re.compile(r"^\s*(?:\d{1,3}(?:\.(?= [^\W\d_]))?|[*∗†‡§¶⋆★]{1,3}|\(?[a-z]\))\s?[^\s\d.,)%–-]")
RAISED = re.compile(r"(?:[a-z](?:,[a-z])*|\d{1,2}|[*∗†‡§¶]) ?[A-ZÇĞİÖŞÜÄÉ]")  # before the place of an author, where it is a raised mark
GLUED = re.compile(r"\s*\d{1,2}[^\W\d_]{2}")  # a raised mark, which makes its line look taller
SIGNED = re.compile(r"\s*(?:[*∗†‡§¶⋆★]{1,3}|©)\s?\S")
NUMBERED = re.compile(r"\s*\(?(\d{1,3})(?:[.)]?\s*[^\W\d_]|[.)]\s*$)")
CALLED = re.compile(r"\s*(\d{1,2})(?:\. )?\s?[^\W\d_]")
LETTER = "[^\\W\\d_A-Z\u2e80-\u9fff\uf900-\ufaff]"  # in Chinese and Japanese a number follows its word without a blank
LAST_WORD = re.compile(r"[^\W_]+$")
LARGER = 1.1  # times the size of the text: letters of headings
TALLER = 1.2
FOOT = 0.85  # of the page's height: no heading begins below

NOTICE = re.compile(  # how papers begin what they say of themselves at the foot of their first page
    r"^\s*(?:©|\(c\)|copyright|permission to|received|manuscript|accepted|published"
    r"|this (?:work|article|paper|research|document|manuscript|study|project|chapter|note) (?:is|was|has)"
    r"|corresponding|correspondence|e-?mail|authors?['’]? (?:addresses|address|contact)|funding|supported by|doi|isbn|issn|preprint"
    r"|[^@]{0,60}?\b\S+@\S+\.\w"
    r"|(?:[A-Z]\. )+[^\W\d_]+(?:,? (?:and|&) [^\n]{2,60})? (?:is|are) with |the authors? (?:is|are) with "
    r"|sorumlu yazar|yazışma|iletişim|geliş tarihi|bu çalışma|e-posta)",
    re.IGNORECASE,
)


def mark_notes(pages: list[tuple[float, list[Block]]], body: float, usual: float = 0.0) -> None:
    """Set `note` on the blocks that are footnotes. pages: height and blocks of each. body, usual: height of a line and size of the
    letters of running text.

    A block counts when its lines are smaller than the text's, it lies low, no text lies below it in its column, text lies above it, and
    it begins with a mark, or goes on below one that does, or is a notice of the first page.
    """
    glyph, skip = _line_of([block for _, blocks in pages for block in blocks], body)
    if not glyph:
        return
    for number, (height, blocks) in enumerate(pages):
        small = []
        for block in blocks:
            if block.y0 > LOWER * height and not block.listing and not block.size > LARGER * usual > 0:
                low = _takes_mark(block, body) and block.y0 > FOOT * height
                tall = (block.y1 - block.y0) / (glyph + (len(block.lines) - 1) * skip)  # 1: the size of running text
                if (low or _is_small(block, tall, usual, blocks)) and not CAPTION.match(block.lines[0]):
                    small.append(block)
        gone = {id(block) for block in small}
        large = [block for block in blocks if id(block) not in gone]
        notes: list[Block] = []
        for block in sorted(small, key=lambda b: b.y0):
            marked = MARKED.match(block.lines[0]) or (number == 0 and NOTICE.match(" ".join(block.lines[:5])))
            if not marked and not any(0 <= block.y0 - n.y1 < 1.5 * body and _share_column(n, block) for n in notes):
                continue
            if any(b.y0 > block.y0 and b.characters > 3 and _share_column(b, block) and not _floats(b, block, large, body) for b in large):
                continue
            above = any(b.y1 <= block.y0 + 0.3 * body and b.characters > 40 and _share_column(b, block) for b in large)
            if above and not _wordless(block):
                notes.append(block)
        if number == 0:
            for block in reversed(small):  # what the authors say of themselves without a mark, above what has one
                under = any(-1 < n.y0 - block.y1 < 0.5 * block.size and _share_column(n, block) for n in notes)
                if under and block not in notes and 0 < block.size < SMALLER * usual and not (block.table or "\t" in block.lines[0]):
                    notes.append(block)
        whole, noted = sum(b.characters for b in blocks), sum(b.characters for b in notes)
        if noted * 2 < whole:
            for block in notes:
                block.note = True


def _takes_mark(block: Block, body: float) -> bool:
    """True where the first line is a raised mark alone; it is put before the words of the next, as `1.` is."""
    mark = block.lines[0].strip() if len(block.lines) > 1 else ""
    if not mark.removesuffix(".").isdecimal():
        return False
    if block.y1 - block.y0 < 1.6 * body * (len(block.lines) - 1):
        block.set_lines([f"{mark} {block.lines[1].lstrip()}", *block.lines[2:]])
    return mark.isdecimal()


def _is_small(block: Block, tall: float, usual: float, blocks: list[Block]) -> bool:
    """True for a block that is set smaller than the text, or begins with a mark that is. tall: its height, 1 for running text."""
    letters, first = block.marked or block.size, block.lines[0]
    if tall <= TINY and (block.table or not 0 < 2 * letters < block.y1 - block.y0 or block.characters < WORDY * len(block.lines)):
        return False  # cells side by side
    if first.lstrip()[:1] in SYMBOLS or (tall < TALLER and GLUED.match(first)) or 0 < block.marked < LARGER * usual:
        return True
    size = letters / usual if letters and usual else tall
    if CLEARLY <= size < SMALLER and LISTED.match(first):  # an item of a list, but for the white above it
        above = max((b.y1 for b in blocks if b.y1 < block.y1 and _share_column(b, block)), default=block.y0)
        return letters > 0 and block.y0 - above > 2 * letters
    return size < SMALLER


def notes_of(lines: list[str]) -> list[list[str]]:
    """The lines of each of several notes below each other: they are numbered in sequence, or have signs."""
    found = [lines[:1]]
    number = _number(lines[0])
    for above, line in pairwise(lines):
        mark = _number(line)
        first = mark > 0 == number and above.rstrip().endswith((".", "!", "?"))
        if first or (number and mark == number + 1) or SIGNED.match(line):
            found.append([])
            number = mark or number
        found[-1].append(line)
    return found


def _number(line: str) -> int:
    mark = NUMBERED.match(line)
    return int(mark[1]) if mark else 0


def drop_marks(blocks: list[Block], text: str = "") -> None:
    """Take the raised numbers that call the page's footnotes out of its text: `much1 of` becomes `much of`. One that is not sure stays.

    text: of the document, which has no name like it, as `latin1` beside `latin2`.
    """
    numbers = {match[1] for block in blocks if block.note for line in block.lines if (match := CALLED.match(line))}
    for number in numbers:
        call = re.compile(rf"(?:(?<={LETTER}{{3}})|(?<=[^\W\d_]{{2}}[.,;:)”\"’])|(?<=[\])][.,;:])){number}(?=[.,;:)]*(?:\s|$))")
        lines = [(block, i, line) for block in blocks if not block.note for i, line in enumerate(block.lines) if number in line]
        found = [(block, i, at) for block, i, line in lines for at in call.finditer(line)]
        if len(found) == 1:
            block, i, at = found[0]
            if not _ends_a_name(block.lines[i][: at.start()], text):
                block.set_lines([*block.lines[:i], call.sub("", block.lines[i]), *block.lines[i + 1 :]])


def _ends_a_name(before: str, text: str) -> bool:
    """True when the word that a line ends in has figures behind it in several places of a text."""
    word = LAST_WORD.search(before)
    return word is not None and len(re.findall(rf"(?<![^\W_]){re.escape(word[0])}\d", text, re.IGNORECASE)) > 1


def _line_of(blocks: list[Block], body: float) -> tuple[float, float]:
    """Height of a line of running text alone, and what each further line adds; zeros where there is too little to tell."""
    found: Counter[int] = Counter()
    skips: list[tuple[float, int]] = []
    for block in blocks:
        n = len(block.lines)
        if n > 2 and abs((block.y1 - block.y0) / n - body) < 0.08 * body:
            skips.append((block.y1 - block.y0, n))
            found[n] += 1
    if len(skips) < 3 or len(found) < 2:
        alone = sum(len(b.lines) == 1 and b.characters > 50 for b in blocks)
        return (0.92 * body, body) if skips else (body, 1.2 * body) if alone > 5 else (0.0, 0.0)
    mean_n = sum(n for _, n in skips) / len(skips)
    mean_h = sum(h for h, _ in skips) / len(skips)
    slope = sum((n - mean_n) * (h - mean_h) for h, n in skips) / sum((n - mean_n) ** 2 for _, n in skips)
    if not 0.7 * body < slope < 1.4 * body:
        return 0.92 * body, body
    return max(0.5 * slope, mean_h - (mean_n - 1) * slope), slope


def _share_column(other: Block, block: Block) -> bool:
    """True when another block stands above or below one, over a third of its width."""
    return min(other.x1, block.x1) - max(other.x0, block.x0) > 0.3 * (block.x1 - block.x0)


def _floats(other: Block, block: Block, blocks: list[Block], body: float) -> bool:
    """True for rows and captions of a table or picture that reaches over several columns: it may stand at the foot of the page."""
    if other.x1 < block.x1 + 2 * body and other.x0 > block.x0 - 2 * body:
        return False
    row = other.table or (len(other.lines) > 1 and other.y1 - other.y0 < 1.5 * body)
    return row or any(CAPTION.match(b.lines[0]) and abs(b.y0 - other.y0) < 3 * body for b in blocks)


def _wordless(block: Block) -> bool:
    text = "".join(block.lines)
    return sum(c.isalpha() for c in text) < 0.5 * max(1, len(text))
