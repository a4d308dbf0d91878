"""The text of a PDF as a person reads it: columns in order, words whole, no running heads, page numbers or reference lists.

Built on pymupdf's blocks (a box and its lines), the cheapest form that still knows where text stands.
"""

import re
import statistics
from collections import Counter
from functools import cache
from pathlib import Path

from steps.text.columns import ENDED, MARK, NUMBERED, Block, ends_of_paragraphs, ordered_pages, usual_size
from steps.text.manuscripts import close_lines, drop_line_numbers, name_letters
from steps.text.notes import RAISED, drop_marks, mark_notes, notes_of
from steps.text.papers import Hyphens, join_lines, reference_span
from steps.text.parts import CAPTION, Kind, Part, Wanted, section_of, with_references
from steps.text.pdf_damage import CODES, in_words, is_code, is_garbled
from steps.text.pdf_entries import with_entries
from steps.text.pdf_figures import drop_names, drop_signs
from steps.text.pdf_further import below, cells_of, goes_on_below, left_edges, without_head
from steps.text.pdf_joins import (
    HEADED,
    HEADED_LINE,
    HEADING,
    ITEM,
    NUMBER_ALONE,
    OTHER,
    SENTENCE,
    as_written,
    begins_within,
    dashed,
    goes_on,
    is_broken,
    is_caption_below,
    is_cited,
    is_flush,
    is_hung,
    is_indented,
    is_next_line,
    is_rest_of_note,
    is_stacked,
    is_title,
    labels_of_figure,
    left_open,
    left_open_by_labels,
    right_edges,
    told_apart,
)
from steps.text.pdf_margins import drop_margins
from steps.text.pdf_marks import LONE_MARK, set_marks
from steps.text.pdf_pages import Page, read_pages
from steps.text.pdf_verses import set_verses
from steps.text.unreadable import Unreadable

ITEMS = frozenset("•‣◦▪–▶►●■○◆➢✓([0123456789")
LABEL = re.compile(r"\s*(?:\d{1,2}(?:\.\d{1,2})*|[A-H](?:\.\d{1,2})*|[IVX]{1,4})\.?\s*$")  # of a heading
MARKS = "•‣◦▪▶►●■○◆➢✓ "
WORD = re.compile(r"[^\W\d_]{4}|^\W*[^\W\d_]{3}\W*$")
SAID = re.compile(  # some words of a sentence; an entry of contents
    r"(?:\S*[^\W\d_]{2}\S* ){2,}\S*[^\W\d_]{2}\S*[.,:;!?]$|\d+(?:\.\d+)*\.? .+\t\d+$"
)
ENTRY = re.compile(r"\t(?:\d{1,4}|[ivxlc]{1,6})$")  # of contents
INITIAL = re.compile("[“‘\"'«„(]?[^\\W\\d_]")
SPACED = re.compile(r"(?:[^\W\d_] ){3,}[^\W\d_]")
FOOTNOTE = tuple("∗*†‡§¶")  # a note at the foot of a column does not end the paragraph that goes on in the next
APART = ("formula", "listing")  # a paragraph does not go on behind them
ROWS = 0.7  # of the size of the letters, for a line: where there is less height, several stand side by side
TALLEST = 0.7  # share of the text in lines lower than the usual one: wide gaps between words part a line in two
FIGURE = re.compile(r"(?:fig|şekil|abb|grafik|gráf|rys|obr|рис|bild)", re.IGNORECASE)  # its caption stands below it
SMALL = 0.63  # of the body's line height: labels inside figures
BULLET = re.compile(r"[•‣▪–] [\w(]")  # of an item, whatever its font says of its height
LOWER = 0.48  # the same of fonts whose letters are all as wide: their boxes are low


def pdf_parts(path: Path, wanted: Wanted) -> tuple[list[Part], str, str]:
    """What a PDF consists of, in reading order; its title; which pages are left out, and why, in words.

    Raises Unreadable with the reason, WrongPassword.
    """
    pages, title, parting = read_pages(path, wanted.password)
    _leave_out_codes(pages)
    lost = in_words([page.lost for page in pages])
    if not any(page.blocks for page in pages):
        if lost:
            raise Unreadable(f"no page can be read: {lost}")
        pictures = any(page.pictures for page in pages)
        raise Unreadable("a scan without a text layer: run OCR on it first" if pictures else "no text on any page")
    drop_line_numbers([page.blocks for page in pages])
    name_letters([block for page in pages for block in page.blocks])
    body = _body_height(pages)
    for page in pages:
        drop_signs(page.blocks)
        set_marks(page.blocks)
    usual = usual_size([block for page in pages for block in page.blocks])
    drop_margins(pages, body, usual)
    for page in pages[1:]:  # the first has the names of authors
        drop_names(page.blocks)
    mark_notes([(page.height, page.blocks) for page in pages], body, usual)
    if not wanted.footnotes:
        noted = [page for page in pages if any(block.note for block in page.blocks)]
        text = "\n".join(line for page in pages for block in page.blocks for line in block.lines) if noted else ""
        for page in noted:
            drop_marks(page.blocks, text)
    for page in pages:
        set_verses(page.blocks, body)
    for number, page in enumerate(pages):
        for block in page.blocks:
            block.page = number
    blocks = ordered_pages([close_lines([b for b in page.blocks if not _label(b, body)], ITEM) for page in pages])
    if lost:
        _part_at_gaps(pages, blocks)
    large = OTHER * usual
    heads = frozenset(at for at, block in enumerate(blocks) if len(block.lines) == 1 and (block.size > large > 0 or block.heads))
    start, end = reference_span(["\n".join(block.lines) for block in blocks], heads)
    for block in blocks[start:end]:  # known by their blocks, else by their paragraphs: some set each number in a box of its own
        block.reference = True
    blocks = with_entries(blocks, start, end)
    parts = paragraphs(blocks, body, parting=parting)
    parts = parts if any(block.reference for block in blocks) else with_references(parts)
    if not any(part.text.strip() for part in parts):
        raise Unreadable("nothing but running heads and numbers")
    if is_garbled([part.text for part in parts]):
        raise Unreadable(CODES)
    return parts, title, lost


def _leave_out_codes(pages: list[Page]) -> None:
    """Pages whose fonts say no letters, where others do."""
    found = [page for page in pages if page.blocks and is_code("".join(max(page.blocks, key=lambda b: b.characters).lines))]
    found = [page for page in found if is_code("".join("".join(block.lines) for block in page.blocks))]
    if found and len(found) < sum(bool(page.blocks) for page in pages):
        for page in found:
            page.blocks, page.lost = [], CODES


def _part_at_gaps(pages: list[Page], blocks: list[Block]) -> None:
    """Nothing goes on over a page that is left out: tell of the first of `blocks` behind each."""
    at = {id(block): number for number, page in enumerate(pages) for block in page.blocks}
    before = -1
    for block in blocks:
        number = at.get(id(block), before)
        block.apart = any(page.lost for page in pages[before + 1 : number])
        before = max(before, number)


def _body_height(pages: list[Page]) -> float:
    """Height of a line of running text: that of the most characters. Lines that stand alone count where most do, in wide spacing."""
    heights: Counter[float] = Counter()
    alone: Counter[float] = Counter()
    for page in pages:
        for block in page.blocks:
            if 0 < block.size * ROWS * len(block.lines) > block.y1 - block.y0:
                continue  # cells side by side
            if block.table and block.y1 - block.y0 > 1.5 * block.size * len(block.lines) > 0:
                continue  # cells of several lines
            if len(block.lines) > 1 and block.characters > 80:
                heights[round((block.y1 - block.y0) / len(block.lines), 1)] += block.characters
            elif len(block.lines) == 1 and block.characters > 50:
                alone[round(block.y1 - block.y0, 1)] += block.characters
    if alone.total() > 2 * heights.total():
        heights = alone
    if not heights and (usual := usual_size([block for page in pages for block in page.blocks])):
        return 1.2 * usual
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
    if block.characters > 60 or block.formula or block.listing:
        return False
    aslant = height > 3 * body and width < 0.3 * height * block.characters
    upright = len(block.lines) == 1 and block.characters > 3 and (height > 2 * width or height > 8 * body or aslant)
    if upright or height >= SMALL * body:  # nearly all
        return upright
    first = block.lines[0].strip()
    numbered = len(block.lines) == 2 and first.isdigit() and WORD.search(block.lines[1])  # a line of code
    if numbered or CAPTION.match(first) or BULLET.match(first):
        return False
    word = height > 0 and WORD.search(block.lines[0 if block.size else -1])
    if word and not block.size and height >= LOWER * body:
        return False
    if SAID.search(block.lines[-1].strip()):
        return False
    return not (block.size > SMALL * body > 0 and word)  # boxes of some fonts hold small letters alone


def paragraphs(blocks: list[Block], body: float, *, parting: bool | None = True) -> list[Part]:
    """Blocks in reading order as paragraphs: lines joined, words made whole, what a column or page parted put together.

    parting: as of Hyphens.
    """
    hyphens = Hyphens("\n".join("\n".join(block.lines) for block in blocks), parting=parting)
    blocks = _with_capitals(blocks, hyphens)
    out: list[Part] = []
    open_at = -1  # the paragraph that may go on in a later block
    last: Block | None = None  # the block in which it ends
    ends: list[Block] = []  # the block in which each part ends
    usual, indented = usual_size(blocks), is_indented(blocks)
    rights, lefts = cache(lambda: right_edges(blocks)), cache(lambda: left_edges(blocks))  # seldom asked for
    last_caption: Block | None = None  # the block in which the last part ends, if that is a caption
    above: Block | None = None  # the block of the last part, if that is a table or a listing
    cells = 0  # in its rows
    further: dict[int, list[str]] = {}  # rows by the number of the table or listing that they belong to
    for block in blocks:
        if block.apart:
            open_at, above = -1, None
        for number, lines in enumerate(_parts(block, body)):
            text = lines[0] if len(lines) == 1 else join_lines(lines, hyphens)
            if not block.listing and text[:1] in MARKS and not text.strip(MARKS):
                continue  # marks of a list that stands beside them
            if text[1:2] == " " and SPACED.fullmatch(text.strip()):
                text = text.replace(" ", "")  # a heading set wide
            kind = _kind(block, text, headed=len(lines) == 1 and lines[0] in block.heads)
            if kind == "text" and number == 0 and last is not None and is_rest_of_note(last, block, text, usual):
                kind = "footnote"
            floating = kind in ("footnote", "caption", "table") or text[:1] in FOOTNOTE
            listed = kind == "references"
            if number == 0 and out and not floating and begins_within(text) and (at := left_open_by_labels(out)) >= 0:
                open_at, last = at, ends[at]
            goes = open_at >= 0 and not block.entry and listed == (out[open_at].kind == "references")
            before = out[open_at] if goes else None
            if above is not None and out[-1].kind == kind and cells == cells_of(text) and goes_on_below(above, block):
                further.setdefault(len(out) - 1, []).append(
                    below(above, block, lefts) if block.listing else without_head(text, out[-1].text)
                )
            elif last_caption is not None and (
                is_caption_below(last_caption, block, text)
                if number == 0
                else number == 1 and last_caption is block and NUMBER_ALONE.fullmatch(out[-1].text)
            ):
                out[-1] = out[-1]._replace(text=join_lines([out[-1].text, text], hyphens))
                last_caption = block
            elif (
                number == 0
                and before is not None
                and last is not None
                and not (floating or block.verse or kind in APART or ENTRY.search(before.text))
                and (
                    is_title(last, block, usual)
                    or (
                        goes_on(before.text, text, code=not last.size, cited=listed)
                        and not (told_apart(last, block, text) or _is_numbered(block))
                    )
                    or (not before.text.endswith(ENDED) and is_next_line(last, block, rights, begun=len(before.text), listed=listed))
                    or is_hung(last, block, before.text, rights)
                    or (indented and is_flush(last, block) and len(before.text) > SENTENCE < len(text))
                )
            ):
                joined = join_lines([before.text, text], hyphens)
                kind = "text" if before.kind == "heading" and len(joined) > HEADED else before.kind
                out[open_at] = Part(kind, joined)
                last = ends[open_at] = block
            else:
                if kind == "caption":
                    text = text.replace("\t", " ")  # a wide gap behind its number
                    for at in labels_of_figure(out) if FIGURE.match(text) else ():
                        out[at] = out[at]._replace(text="")  # and with it the rows below it
                        further.pop(at, None)
                        open_at = -1 if open_at == at else open_at
                    if (at := left_open(out)) >= 0:
                        open_at, last = at, ends[at]
                ends.append(block)
                out.append(Part(kind, text.rstrip() if kind == "listing" else text.strip()))
                cells = cells_of(out[-1].text) if kind == "table" else 0
                if not floating:
                    open_at = len(out) - 1 if kind not in APART and not block.verse else -1
                    last = block
                last_caption = block if kind == "caption" else None
            above = block if kind in ("table", "listing") else None
    for at, rows in further.items():
        out[at] = out[at]._replace(text="\n".join(filter(None, [out[at].text, *rows])))
    return [part for part in as_written(out, hyphens.text) if part.text]


def _is_numbered(block: Block) -> bool:
    """True when it begins with its number, parted from its text by a wide gap."""
    return len(block.lines) > 1 and NUMBERED.fullmatch(block.lines[0].strip()) is not None


def _with_capitals(blocks: list[Block], hyphens: Hyphens) -> list[Block]:
    """Large first letters, which came as blocks or lines of their own, before the words that they begin."""
    out: list[Block] = []
    for block in blocks:
        last = out[-1] if out else None
        letter = last.lines[-1].strip() if last is not None and len(last.lines[-1]) < 4 else ""
        if last is not None and INITIAL.fullmatch(letter) and letter[-1].isupper() and _begins_small(block, last) and block.y0 < last.y1:
            alone = letter in "AIO" and hyphens.met(block.lines[0].split()[0]) > 1  # "A wall", but "And"
            block.set_lines([f"{letter}{' ' if alone else ''}{block.lines[0]}", *block.lines[1:]])
            last.set_lines(last.lines[:-1])
            if not last.lines:
                out.pop()
        out.append(block)
    return out


def _begins_small(block: Block, letter: Block) -> bool:
    """True for the rest of a word whose first letter is set large: in small letters, or in capitals as the whole first line may be."""
    said = block.lines[0]
    return said[:1].islower() or (said[:2].isalpha() and said[:2].isupper() and letter.size > 1.8 * block.size > 0)


def _kind(block: Block, text: str, *, headed: bool = False) -> Kind:
    if block.reference or (headed and not (block.note or CAPTION.match(text))):
        return "references" if block.reference else "heading"
    if block.note:
        return "footnote"
    if block.table or block.formula or block.listing:
        return "table" if block.table else "formula" if block.formula else "listing"
    if CAPTION.match(text):
        return "caption"
    if "\t" in text and (text.count("\t") > 1 or ENTRY.search(text) or not HEADING.match(text)):
        return "table"
    return "heading" if len(text) < 80 and (section_of(text) or HEADING.match(text)) else "text"


def _parts(block: Block, body: float) -> list[list[str]]:
    """The paragraphs inside a block: a heading set off from its text, lines that end short, cells of one table row."""
    lines = block.lines
    if block.table or block.formula or block.listing or block.verse:
        return [["\n".join([line.rstrip() for line in lines] if block.verse else lines)]]
    if len(lines) == 1 or block.entry:
        return [lines]
    if block.note:
        return notes_of(lines)
    if block.y1 - block.y0 < 1.5 * body and not is_stacked(block):
        first = lines[0].strip()
        label = (LABEL.match(first) or MARK.match(first) or NUMBERED.fullmatch(first)) and INITIAL.match(lines[1].lstrip())
        if len(lines) > 2 and NUMBERED.fullmatch(first) and label and block.characters > 20 * (len(lines) - 1):
            return [[" ".join(line.strip() for line in lines)]]  # a wide gap parts its text
        one = len(lines) == 2 and (label or (len(lines[0]) > 30 and lines[0].rstrip().endswith((".", "?", "!")) and len(lines[1]) > 20))
        return [[(" " if one else "\t").join(line.strip() for line in lines)]]
    found = []
    named = len(lines[0]) < 60 and (section_of(lines[0]) or (len(lines[0]) < 40 and HEADED_LINE.match(lines[0].strip())))
    if (named and not is_broken(block)) or lines[0] in block.heads:
        found.append(lines[:1])
        lines = lines[1:]
    heads = set(block.heads)
    if len(lines) > 2 and lines[1] in heads and LABEL.match(lines[0]):
        found.append([f"{lines[0].strip()} {lines[1].strip()}"])
        lines = lines[2:]
    lines, items = _with_marks(lines)
    ended, told = ends_of_paragraphs(lines) | dashed(lines), bool(block.heads or block.ended)
    begun = 0
    for at in range(1, len(lines)):
        above, following = lines[at - 1], lines[at]
        first = following[:1] if following[:1] > " " else following.lstrip()[:1]
        ends = at in items or (first in ITEMS and ITEM.match(following) is not None and not is_cited(lines, at))
        if block.marked and not ends:
            ends = RAISED.match(following) is not None
        if told and not ends:
            ends = above in block.ended or above in heads or following in heads
        if ends or (at - 1 in ended and above not in block.full):
            found.append(lines[begun:at])
            begun = at
    found.append(lines[begun:])
    return [lines for lines in found if lines]


def _with_marks(lines: list[str]) -> tuple[list[str], set[int]]:
    """Lines with the marks of items that came as lines of their own set before their items, and the places of those."""
    if min(map(len, lines)) > 7 or not any(len(line) < 8 and LONE_MARK.match(line) for line in lines[:-1]):
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
