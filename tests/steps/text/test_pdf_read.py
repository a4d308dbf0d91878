"""What readers of real papers miss at once: numbers of citations at line beginnings, headings of small capitals, and the like."""

import pytest

from steps.text.columns import Block
from steps.text.pdf_text import _label, goes_on, paragraphs

TEXT = "The moss on the north wall covers more than that on the south wall, as the numbers of"


@pytest.mark.parametrize("number", ["(3)", "[3]"])
def test_a_number_cited_at_the_beginning_of_a_line_is_no_item(number):
    """Where the sentence goes on behind it, and nothing else is numbered."""
    lines = [TEXT, f"{number} tell us; we have counted them again in all four years and found the same.", "No wall was left out."]
    [part] = paragraphs([Block(72, 100, 500, 142, lines)], 14.0)
    assert part.text == " ".join(lines)


def test_items_of_a_list_in_small_letters_are_items():
    lines = ["Of the walls that we have seen we know", "(1) their height and the year in which they were built", "(2) their moss"]
    assert [part.text for part in paragraphs([Block(72, 100, 500, 142, lines)], 14.0)] == lines


def test_a_column_that_begins_with_a_citation_goes_on():
    assert goes_on("The moss covers the north wall", "[12, 14–16], whereas the south wall is bare.")
    assert not goes_on("The moss covers the north wall", "[12] Berg, H. Walls of the north.")


def test_a_heading_whose_font_has_low_boxes_is_no_label():
    """Small capitals come in boxes of half the height; their size says that they are no label of a figure."""
    assert not _label(Block(60, 100, 300, 106, ["2. On the age of walls"], size=11.0), 12.0)
    assert _label(Block(60, 100, 300, 106, ["age of walls"], size=6.0), 12.0)
    assert _label(Block(60, 100, 70, 106, ["X"], size=11.0), 12.0)
