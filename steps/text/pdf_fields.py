"""Fields of mupdf's structures at the least cost: a page has thousands of letters, each with a few of them.

The bindings' properties read a field in 0.3 µs, nearly all of it spent on finding the pointer in the proxy object. Their getters, given
the pointer itself (SWIG's `this`), need 0.02 µs.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from steps.text.columns import Line


class Fields:
    """Getters, each of the `this` of a structure; those of structures give a proxy, whose `this` is asked on, or None."""

    def __init__(self, mupdf: Any) -> None:
        self.block_box = mupdf.fz_stext_block.bbox.fget
        self.next_block = mupdf.fz_stext_block.next.fget
        self.line_box = mupdf.fz_stext_line.bbox.fget
        self.next_line = mupdf.fz_stext_line.next.fget
        self.first_letter = mupdf.fz_stext_line.first_char.fget
        self.last_letter = mupdf.fz_stext_line.last_char.fget
        self.code = mupdf.fz_stext_char.c.fget
        self.size = mupdf.fz_stext_char.size.fget
        self.flags = mupdf.fz_stext_char.flags.fget
        self.colour = mupdf.fz_stext_char.argb.fget
        self.font = mupdf.fz_stext_char.font.fget
        self.origin = mupdf.fz_stext_char.origin.fget
        self.next_letter = mupdf.fz_stext_char.next.fget
        self._quad, self._left, self._right = mupdf.fz_stext_char.quad.fget, mupdf.fz_quad.ll.fget, mupdf.fz_quad.lr.fget
        self.x, self.y = mupdf.fz_point.x.fget, mupdf.fz_point.y.fget
        self.x0, self.y0 = mupdf.fz_rect.x0.fget, mupdf.fz_rect.y0.fget
        self.x1, self.y1 = mupdf.fz_rect.x1.fget, mupdf.fz_rect.y1.fget
        self.font_name = mupdf._mupdf.ll_fz_font_name  # without the Python function around it
        # Lines of a block have no field; they are reached by its iterator, here without the proxies around it, which cost thrice as much.
        self._block, self._begin = mupdf._mupdf.new_FzStextBlock, mupdf._mupdf.FzStextBlock_begin
        self._line = mupdf.FzStextBlockIterator.m_internal.fget

    def box(self, this: Any) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a rectangle."""
        return self.x0(this), self.y0(this), self.x1(this), self.y1(this)

    def sides(self, letter: Any) -> tuple[float, float]:
        """Where a letter begins and ends."""
        quad = self._quad(letter).this
        return self.x(self._left(quad).this), self.x(self._right(quad).this)

    def first_line(self, block: Any) -> Any:
        """The first line of a block."""
        return self._line(self._begin(self._block(block)).this)


@cache
def fields() -> Fields:
    """Of the pymupdf that is installed."""
    from pymupdf import mupdf

    return Fields(mupdf)


def by_line(line: Any, text: str, asks: Callable[[str], object], change: Callable[[Any, str], str]) -> str:
    """The text of a block, which begins with `line`, with each line that `asks` is true of as `change` reads it."""
    get = fields()
    lines = text.split("\n")
    at = 0
    for number in [number for number, said in enumerate(lines) if asks(said)]:
        while line is not None and at < number:
            line, at = get.next_line(line.this), at + 1
        if line is None:
            break
        lines[number] = change(line, lines[number])
    return "\n".join(lines)


def letters_of(line: Any) -> tuple[list[tuple[str, float, float]], float]:
    """The letters of a line with where each begins and ends, and the size of the first."""
    get = fields()
    first = letter = get.first_letter(line.this)
    letters: list[tuple[str, float, float]] = []
    while letter is not None:
        letters.append((chr(get.code(letter.this)), *get.sides(letter.this)))
        letter = get.next_letter(letter.this)
    return letters, get.size(first.this)


def placed(line: Any, text: str) -> Iterator[Line]:
    """A line of mupdf and those of its block that follow it, with their places. text: what they say."""
    get = fields()
    for said in text.split("\n"):
        if line is None:
            return
        if said and not said.isspace():
            yield *get.box(get.line_box(line.this).this), said
        line = get.next_line(line.this)


def without_blank_lines(box: tuple[float, float, float, float], lines: Iterable[Line]) -> tuple[float, float, float, float]:
    """The box of a block, no higher than its lines that say something; its sides stay."""
    heights = [(line[1], line[3]) for line in lines]
    return (box[0], min(y0 for y0, _ in heights), box[2], max(y1 for _, y1 in heights)) if heights else box
