"""Paragraphs that a tall sign within a line has parted are one."""

import pytest

from steps.text.columns import Block
from steps.text.pdf_inline import join_inline
from steps.text.pdf_text import paragraphs
from tests.steps.text.test_manuscripts import sentence


def parted(last: str, first: str) -> list[Block]:
    """A paragraph whose second line ends at 114 in a sum, and the block that begins behind it."""
    above = Block(72, 100, 512, 136, [sentence(0), last], size=11.0, end=114.0)
    return [above, Block(72, 108, 512, 142, [f"{first} of the walls", sentence(1)], indent=38.0)]


@pytest.mark.parametrize(
    ("last", "first", "said"),
    [
        ("the share Pn", "i=1 ni", "the share ∑_(i=1)^n ni of the walls"),
        ("the share S", "i∈N wi", "the share ⋃_(i∈N) wi of the walls"),
        ("such as P", "j aj", "such as ∑_j aj of the walls"),
        ("the kernel exp", "−x2", "the kernel exp −x2 of the walls"),
    ],
)
def test_what_begins_where_the_line_above_ended_goes_on_in_it(last, first, said):
    blocks = parted(last, first)
    join_inline(blocks)
    assert [block.lines for block in blocks] == [[sentence(0), said, sentence(1)]]


def test_lines_beside_each_other_are_not_joined():
    """Words over their translations, and cells, begin at one height."""
    blocks = [
        Block(72, 100, 90, 124, ["den", "the"], size=11.0, end=90.0),
        Block(92, 100, 120, 124, ["Hans", "Hans"], size=11.0, indent=0.0),
    ]
    join_inline(blocks)
    assert len(blocks) == 2


def test_a_paragraph_below_another_is_its_own():
    blocks = parted("the share", "of moss")
    blocks[1].y0, blocks[1].y1 = 137, 170
    join_inline(blocks)
    assert len(blocks) == 2


def test_a_lower_script_below_the_upper_one_with_which_the_line_ended():
    """mupdf begins a block with it; its letters are smaller than those behind it."""
    above = Block(306.6, 558.2, 341.8, 569.5, ["Here Aml"], size=10)
    below = Block(
        306.6, 558.2, 557.7, 593.4, ["1,39 and Bml", "1,39 are the coefficients.", "They are listed.", "So"], size=7.0, indent=28.2
    )
    blocks = [above, below]
    join_inline(blocks)
    assert [block.lines[0] for block in blocks] == ["Here Aml 1,39 and Bml"]


@pytest.mark.parametrize(("last", "said"), [("39 l mol", "39 l mol⁻¹ cm⁻¹"), ("of the wall", "of the wall -1 cm⁻¹")])
def test_a_block_that_begins_with_the_exponent_of_a_unit(last, said):
    """mupdf begins one where no sign stands on the line of the text; in the first such block others follow the exponent."""
    above = Block(44.5, 362.6, 274.6, 399.9, [sentence(0), sentence(1), last], size=11.0, end=156.1)
    blocks = [above, Block(156.1, 383.4, 178.0, 399.9, ["-1 cm"]), Block(178.0, 386.7, 183.5, 393.3, ["-1"], size=6.6)]
    join_inline(blocks)
    assert [block.lines for block in blocks] == [[sentence(0), sentence(1), said]]


def test_a_large_first_letter_in_the_block_of_the_heading_is_no_sign_of_a_sum():
    heading = Block(72, 291, 170, 338, ["Introduction", "T"], size=14.3, end=100.6, heads=("Introduction",))
    text = Block(72, 308, 315, 401, ["his wall is old", sentence(0), sentence(1)], size=9.0, indent=30.8)
    blocks = [heading, text]
    join_inline(blocks)
    assert [part.text for part in paragraphs(blocks, 12.0)] == ["Introduction", f"This wall is old {sentence(0)} {sentence(1)}"]
