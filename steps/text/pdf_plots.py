"""What is written inside of a diagram of a PDF: the numbers of its axes, which tell where it is, and short labels beside its lines."""

import re
from itertools import pairwise

from steps.text.columns import Block
from steps.text.parts import CAPTION

NUMBER = re.compile(r"[−–-]?\d+(?:[.,]\d+)?\s?%?$")
LEAST = 3  # numbers of an axis
EVEN = 0.1  # of the mean step: two steps, of places and of values, are alike
ALIGNED = 2.0  # points: numbers of an axis end at one place
FLAT = 1.2  # of the size of the letters: so narrow is a block whose lines run up the page
FREE = 60.0  # points right of an axis that hold no text
AROUND, BELOW = 14.0, 38.0  # points around and below an axis that are part of the diagram
ABOVE = 30.0  # points more above it, in which numbers of another axis stand
LONGEST = 40  # letters of a line of a label
Box = tuple[float, float, float, float]


def drop_labels(blocks: list[Block]) -> None:
    """Take the numbers and labels of diagrams out of the blocks of a page."""
    upright = [b for b in blocks if b.size and len(b.lines) > 1 and _runs_up(b)]
    _drop_around_axes(blocks, upright)
    if upright:  # nearly never
        gone = set(map(id, upright))
        blocks[:] = [b for b in blocks if id(b) not in gone]


def _drop_around_axes(blocks: list[Block], upright: list[Block]) -> None:
    least = LEAST if upright else LEAST + 1  # beside an axis that is lettered upwards three numbers are one
    scales = upright + [b for b in blocks if len(b.lines) >= least and b.characters < 8 * len(b.lines) and _is_scale(b.lines)]
    if len(scales) > 1:  # nearly never
        _drop_between(scales, blocks)
    numbers = [b for b in blocks if len(b.lines) == 1 and len(b.lines[0]) < 8 and NUMBER.match(b.lines[0].strip())]
    if len(numbers) < LEAST:  # nearly always
        return
    for axis in _axes(numbers, blocks):
        box = _diagram(axis, blocks)
        for block in blocks[:]:
            short = max(map(len, block.lines)) < LONGEST and (not block.size or block.size <= 1.2 * (axis[0].size or block.size))
            if block in axis or (short and _is_inside(block, box) and not CAPTION.match(block.lines[0])):
                blocks.remove(block)


def _runs_up(block: Block) -> bool:
    """True for the numbers of an axis that are set along it."""
    upright = block.x1 - block.x0 < FLAT * block.size
    return upright and max(map(len, block.lines)) > 2 and all(NUMBER.match(line.strip()) for line in block.lines)


def _is_scale(lines: list[str]) -> bool:
    """True for the numbers of an axis that came as one block: they count evenly."""
    if not all(NUMBER.match(line.strip()) for line in lines):
        return False
    values = [float(line.strip().rstrip("% ").replace(",", ".").replace("−", "-").replace("–", "-")) for line in lines]
    return _are_even([b - a for a, b in pairwise(values)])


def _drop_between(scales: list[Block], blocks: list[Block]) -> None:
    """Take out what two scales, one below and one left of a diagram, stand around."""
    for below in scales:
        if below.y1 - below.y0 > 2 * (below.size or below.y1 - below.y0):
            continue
        for left in scales:
            apart = below.x0 - left.x1, below.y0 - left.y1
            near = min(apart) > -AROUND and apart[0] < FREE and apart[1] < BELOW
            if near and left is not below and left.y1 - left.y0 > left.x1 - left.x0:
                box = left.x0 - 2 * AROUND, left.y0 - 2 * AROUND, below.x1 + 2 * AROUND, below.y1 + BELOW
                for block in blocks[:]:
                    short = max(map(len, block.lines)) < LONGEST and not CAPTION.match(block.lines[0])
                    above = box[1] - ABOVE < block.y0 < box[1] and all(NUMBER.match(line.strip()) for line in block.lines)
                    around = (box[0], block.y0, box[2], box[3]) if above else box
                    if block is below or block is left or (short and _is_inside(block, around)):
                        blocks.remove(block)
                break


def _axes(numbers: list[Block], blocks: list[Block]) -> list[list[Block]]:
    """Numbers that stand one below the other, evenly, count evenly, and have no text right of them."""
    columns: dict[int, list[Block]] = {}
    for number in numbers:
        columns.setdefault(round(number.x1 / ALIGNED), []).append(number)
    found = []
    for column in columns.values():
        column.sort(key=lambda b: b.y0)
        steps = [b.y0 - a.y0 for a, b in pairwise(column)]
        values = [_value(b) - _value(a) for a, b in pairwise(column)]
        even = len(column) >= LEAST and _are_even(steps) and _are_even(values) and min(steps) > 1.5 * (column[0].y1 - column[0].y0)
        if even and not any(_is_beside(block, column) for block in blocks):
            found.append(column + _shorter(column, numbers))
    return found


def _shorter(column: list[Block], numbers: list[Block]) -> list[Block]:
    """The number above an axis that would be its next one, but has fewer figures and ends farther left: 5 above 10, 15 and 20."""
    first, second = column[:2]
    top, value = 2 * first.y0 - second.y0, 2 * _value(first) - _value(second)
    return [b for b in numbers if abs(b.y0 - top) < ALIGNED and first.x0 - 1 < b.x0 < b.x1 < first.x1 - 1 and _value(b) == value]


def _value(number: Block) -> float:
    said = number.lines[0].strip().rstrip("% ").replace(",", ".").replace("−", "-").replace("–", "-")
    return float(said)


def _are_even(steps: list[float]) -> bool:
    mean = sum(steps) / len(steps) if steps else 0.0
    return mean != 0 and all(abs(step - mean) < EVEN * abs(mean) for step in steps)


def _is_beside(block: Block, axis: list[Block]) -> bool:
    """True for text in a row with one of the numbers, as other cells of a table are."""
    if not axis[0].x1 - 1 < block.x0 < axis[0].x1 + FREE:
        return False
    return any(min(block.y1, number.y1) - max(block.y0, number.y0) > 0.5 * (number.y1 - number.y0) for number in axis)


def _diagram(axis: list[Block], blocks: list[Block]) -> Box:
    """The diagram right of an axis, as far as no running text begins."""
    left, top, bottom = min(b.x0 for b in axis) - AROUND, axis[0].y0 - AROUND, axis[-1].y1 + BELOW
    running = [b.x0 for b in blocks if b.characters > 2 * LONGEST and b.x0 > axis[0].x1 and b.y0 < bottom and b.y1 > top]
    return left, top, min(running, default=float("inf")), bottom


def _is_inside(block: Block, box: Box) -> bool:
    return box[0] <= block.x0 and block.x1 <= box[2] and box[1] <= block.y0 and block.y1 <= box[3]
