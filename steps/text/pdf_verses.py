"""Lines of a PDF that end where their author ended them: verses, addresses, contents. Others end where the column does."""

import re
from itertools import islice
from typing import Any

from steps.text.columns import Block
from steps.text.parts import CAPTION
from steps.text.pdf_fields import fields, placed

ENDS = (",", ".", ";", ":", "!", "?", "—", "…", "”", "’")
WORD = re.compile(r"[^\W\d_]{3}")
ITEM = re.compile(r"\s*(?:\(?\d{1,2}[.)]|[•‣◦▪–])")
FLAT = 0.7  # of the usual height for a line: several stand side by side
MOST = 0.6  # share of a stanza's lines that end in such a sign: of prose one in seven
NEARLY_ALL = 0.75  # the same where they begin with small letters: prose beside a picture has room, too
LONGEST = 75  # letters of a line
ADDRESS = 36  # letters of a line, where three are all
ROOM = 0.3  # of the column that stays white beside the longest line: its first word would have fitted
STATEMENT = re.compile(  # begins or ends a line of an algorithm
    r"\s*(?:\d{1,2}:?\s+)?(?:(?:if|else|elseif|elif|end|endif|endfor|endwhile|while|for|foreach|repeat|until|return|begin|procedure|function|initiali[sz]e)\b"
    r"|(?:input|output|require|ensure|data|result):)|.*(?:;|\bdo|\bthen|[{}←⇐]|:=)\s*(?:$|(?<=[←⇐=]))",
    re.IGNORECASE,
)
CONTROL = re.compile(  # what few lines of prose have
    r"\s*(?:\d{1,2}:\s|(?:input|output|require|ensure|data|result):|end(?: ?(?:if|for|while))?$|else$|begin$)", re.IGNORECASE
)
OPENS = re.compile(r".*(?:\bdo|\bthen)$", re.IGNORECASE)  # the same at their ends
STEP = re.compile(r"\d{1,2}:?")  # the number of a line
STATEMENTS = 0.65  # share of the lines of an algorithm that are told, at least
LEADER = re.compile(r"\s*(?:\.\s?){4,}[\s\u2060\u200b]*((?:\d{1,4}|[ivxlc]{1,6})\s*)$")  # dots from an entry to the number of its page
PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,6}")
RIGHT = 0.5  # of the column that stays white before lines that end with it: a sender's address
AWAY = 18.0  # points of white before the number of a page, at least
WIDE = 0.6  # of the block: the first line of what is no entry
TITLE = 1.3  # the same of centred lines
LARGE = 1.5  # times the usual height: a title, whose lines are one

Found = tuple[Block, Any, str]  # a block, the first line of the one of mupdf that it is made of, and its text


def set_verses(blocks: list[Block], body: float) -> None:
    """Tell which blocks of a page keep their lines: all begin with capitals, or nearly all end in signs, and room is left beside them.

    body: height of a line of running text.
    """
    for block in blocks:
        n = len(block.lines)
        if not block.verse and (".." in block.lines[-1] or ". ." in block.lines[-1]):
            _set_contents(block)
        if n == 2 and not (block.verse or block.table or block.formula or block.listing or block.note) and _is_algorithm(block):
            _set_algorithm(block)
        if block.centred and _is_card(block, body):
            block.verse = True
            continue
        if (
            n < (2 if block.forced else 3)
            or block.verse
            or block.table
            or block.formula
            or block.listing
            or block.note
            or block.heads
            or ITEM.match(block.lines[0])
        ):
            continue
        first, second = block.lines[:2]
        if _is_algorithm(block):
            _set_algorithm(block)
            continue
        ends = first.rstrip().endswith(ENDS) or second.rstrip().endswith(ENDS)
        if not ends and second[:1].islower():
            continue  # nearly always: a look at each block of each page
        begun = all(map(_begins, block.lines)) and 2 * sum(line.lstrip()[:1].isdigit() for line in block.lines) < n
        ended = ends and sum(line.rstrip().endswith(ENDS) for line in block.lines) >= (MOST if begun else NEARLY_ALL) * n
        longest = max(map(len, block.lines))
        if not (begun or ended) or longest > LONGEST or CAPTION.match(first):
            continue
        if not FLAT * body < (block.y1 - block.y0) / n < LARGE * body:
            continue
        if any(line.rstrip().endswith("-") for line in block.lines) or (n == 3 and longest > ADDRESS):
            continue
        block.verse = (begun and ended and n > 3) or block.forced or _has_room(block, blocks)


def _is_card(block: Block, body: float) -> bool:
    """True for centred lines that are no title, heading or caption."""
    if block.table or block.formula or block.listing or block.note or block.heads or CAPTION.match(block.lines[0]):
        return False
    return (block.y1 - block.y0) / len(block.lines) < TITLE * body and not all(map(str.isupper, block.lines))


def _is_algorithm(block: Block) -> bool:
    """True for lines of pseudocode, set in the letters of the text."""
    lines = block.lines
    if max(map(len, lines)) > LONGEST or not any(map(_is_control, lines)):
        return False
    return sum(STATEMENT.match(line) is not None for line in lines) >= STATEMENTS * len(lines)


def _is_control(line: str) -> bool:
    return CONTROL.match(line) is not None or (line[-1:] in ("o", "n", "O", "N") and OPENS.match(line) is not None)


def _set_algorithm(block: Block) -> None:
    """Keep the lines of an algorithm, the number of each before it."""
    lines: list[str] = []
    for line in map(str.strip, block.lines):
        if lines and STEP.fullmatch(lines[-1]):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    block.set_lines(lines)
    block.verse = True


def set_entries(block: Block, rows: list[list[str]]) -> None:
    """Entries of contents whose numbers, names, dots and pages came as lines of their own. rows: those that stand side by side.

    A long title may take several rows, of which the last one has the page.
    """
    entries: list[str] = []
    begun, led = "", False
    for row in rows:
        line = " ".join(" ".join(row).split())
        if begun and line[:1].isdigit():  # a heading above its entries
            entries.append(begun)
            begun = ""
        line = f"{begun[:-1]}{line}" if begun.endswith("-") and line[:1].islower() else f"{begun} {line}".strip()
        if LEADER.search(line) is not None:
            led = True
            line = LEADER.sub(r"\t\1", line)
        elif len(row) > 1 and PAGE.fullmatch(row[-1].strip()):
            line = "\t".join(line.rsplit(" ", 1))
        else:
            begun = line
            continue
        entries.append(line)
        begun = ""
    if led and not begun and 2 * len(entries) >= len(rows):
        block.set_lines(entries)
        block.verse = True


def part_entries(told: list[Found]) -> list[Found]:
    """`told` with the last entry of contents that came in one block with the text below it as a block of its own."""
    out: list[Found] = []
    for found in told:
        block, first, text = found
        lines = block.lines
        at = 2 if len(lines) > 4 and len(lines[2]) < 5 else 1
        if len(lines) > 4 and len(lines[at]) < 5 and PAGE.fullmatch(lines[at].strip()) and first is not None and not block.formula:
            *entry, below = islice(placed(first, text), at + 2)
            row = (
                all(line[1] < (entry[0][1] + entry[0][3]) / 2 for line in entry)
                and entry[-1][2] > block.x1 - 2
                and entry[-1][0] - entry[-2][2] > AWAY
            )
            wide = below[2] - below[0] > WIDE * (block.x1 - block.x0) and LEADER.search(below[4]) is None
            if row and wide and below[1] > (entry[0][1] + entry[0][3]) / 2 and below[0] < entry[0][0] + AWAY:
                number = " ".join(line[4].strip() for line in entry[:-1])
                bottom = min(below[1], max(line[3] for line in entry))
                out.append((Block(block.x0, block.y0, block.x1, bottom, [f"{number}\t{entry[-1][4].strip()}"], verse=True), first, ""))
                for _ in range(at + 1):
                    first = fields().next_line(first.this)
                block.set_lines(lines[at + 1 :])
                block.y0 = below[1]
                found = block, first, "\n".join(text.split("\n")[at + 1 :])
        out.append(found)
    return out


def _set_contents(block: Block) -> None:
    """Entries that dots lead to the numbers of their pages are lines, with a tab for the dots; a long title may take two."""
    if block.table or block.listing or 2 * sum(LEADER.search(line) is not None for line in block.lines) < len(block.lines):
        return
    lines: list[str] = []
    for line in block.lines:
        line = LEADER.sub(r"\t\1", line)
        if line.startswith("\t") and lines:
            lines[-1] += line
        else:
            lines.append(line)
    block.verse = True
    block.set_lines(lines)


def _begins(line: str) -> bool:
    first = line.lstrip("“\"'‘( ")[:1]
    return first.isupper() or (first.isdigit() and WORD.search(line) is not None)


def _has_room(block: Block, blocks: list[Block]) -> bool:
    """True when the column that the block stands in, by its running text, is far wider than the block's lines."""
    left, right = block.x0 + 3, block.x1 - 3
    text = [b for b in blocks if b is not block and len(b.lines) > 2 and b.characters > 150]
    edge = max([b.x1 for b in text if b.x0 < left and b.x1 > block.x1], default=0.0)
    if block.x1 < edge - ROOM * (edge - block.x0):
        return True
    over = [b for b in text if b.x0 < left and b.x1 > right]  # it is set at the right edge of their column
    return bool(over) and all(abs(b.x1 - block.x1) < 6 and block.x0 > b.x0 + RIGHT * (b.x1 - b.x0) for b in over)
