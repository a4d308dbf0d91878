"""Text files whose lines were broken at a fixed width, set as paragraphs again."""

import itertools
import re

from steps.text.papers import Hyphens, join_lines

ITEM = re.compile(r"\s*([-*•]|\d{1,3}[.)]|\[\w+\])\s")
PAGES = re.compile(r"\n?\f")  # a form feed begins a line: between pages it is no part of a word
GAPS = re.compile(r"\S {3,}\S")


def unwrapped(text: str) -> str:
    """`text` with the lines of each paragraph joined, when its lines are broken at a width; else as it is.

    Tables set with blanks, lists and verses keep their lines. A hyphen at a line end stays unless the text itself writes the word
    without one: editors break only at hyphens that are there.
    """
    if "\f" in text:
        text = PAGES.sub("\n", text)
    lines = text.split("\n")
    width = _width(lines)
    if not width:
        return text
    hyphens = Hyphens(text)
    out: list[str] = []
    for block in re.split(r"(\n[^\S\n]*(?:\n[^\S\n]*)+)", text):
        out.append(block if not block.strip() else _joined(block, width, hyphens))
    return "".join(out)


def _width(lines: list[str]) -> int:
    """The width at which lines were broken, or 0 when they were not."""
    filled = [line for line in lines if line.strip()]
    inner = [a for a, b in itertools.pairwise(lines) if a.strip() and b.strip()]  # another line follows at once
    if len(inner) < 8 or len(inner) < len(filled) / 3:
        return 0
    width = sorted(len(line) for line in inner)[int(len(inner) * 0.98)]
    if not 40 <= width <= 100 or max(map(len, inner)) > width + 15:
        return 0
    full = 0
    for a, b in itertools.pairwise(lines):
        if a.strip() and b.strip() and len(a) + 1 + len(b.split()[0]) > width - 1:
            full += 1  # the next word would not have fitted
    return width if full >= 0.6 * len(inner) else 0


def _joined(block: str, width: int, hyphens: Hyphens) -> str:
    lines = block.split("\n")
    edges = block[: len(block) - len(block.lstrip("\n"))], block[len(block.rstrip("\n")) :]
    lines = block.strip("\n").split("\n")
    if len(lines) < 2 or sum(bool(GAPS.search(line)) for line in lines) * 2 >= len(lines):
        return block
    groups: list[list[str]] = [[lines[0]]]
    for before, line in itertools.pairwise(lines):
        fits = len(before) + 1 + len(line.split()[0]) <= width - 6  # the line was ended on purpose
        if ITEM.match(line) or (fits and not before.rstrip().endswith("-")):
            groups.append([line])
        else:
            groups[-1].append(line)
    return edges[0] + "\n".join(join_lines(group, hyphens, unknown=False) for group in groups) + edges[1]
