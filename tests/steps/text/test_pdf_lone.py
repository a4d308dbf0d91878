"""Headings that came as blocks of one line, told by their letters from the text below; each test draws its own pages."""

import pytest

from steps.text.parts import Wanted
from steps.text.pdf_text import pdf_parts
from tests.steps.text.test_manuscripts import drawn, sentence
from tests.steps.text.test_pdf_heads import set_lines


@pytest.mark.parametrize(
    ("said", "how", "heading"),
    [
        ("Finding suitable values", {"fontname": "hebo"}, True),
        ("Finding suitable values", {"fontsize": 14}, True),
        ("SAMPLE DESIGN", {}, True),
        ("Finding suitable values", {}, False),
        ("Finding suitable values:", {"fontname": "hebo"}, False),
    ],
)
def test_a_line_by_itself_in_other_letters_is_the_heading_of_the_text_below(tmp_path, said, how, heading):
    def draw(page, _):
        set_lines(page, 72, 100, [sentence(i) for i in range(4)])
        page.insert_text((72, 180), said, **{"fontsize": 11, **how})
        set_lines(page, 72, 208, [sentence(i) for i in range(4, 9)])

    drawn(tmp_path / "m.pdf", 1, draw)
    assert [part.kind for part in pdf_parts(tmp_path / "m.pdf", Wanted())[0] if part.text == said] == ["heading" if heading else "text"]


def test_a_bold_line_that_stands_beside_another_or_above_no_text_is_no_heading(tmp_path):
    """Heads of tables and words of figures are bold, too."""

    def draw(page, _):
        set_lines(page, 72, 100, [sentence(i) for i in range(4)])
        page.insert_text((72, 180), "North side", fontname="hebo", fontsize=11)
        page.insert_text((300, 180), "South side", fontname="hebo", fontsize=11)
        set_lines(page, 72, 208, [sentence(i) for i in range(4, 9)])
        page.insert_text((72, 400), "Old walls", fontname="hebo", fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert [part.kind for part in pdf_parts(tmp_path / "m.pdf", Wanted())[0]].count("heading") == 0


@pytest.mark.parametrize(("label", "heading"), [("B", True), ("A.2", True), ("Cat", False)])
def test_a_number_parted_from_its_heading_by_white_is_a_part_of_it(tmp_path, label, heading):
    def draw(page, _):
        set_lines(page, 72, 100, [sentence(i) for i in range(4)])
        page.insert_text((72, 180), label, fontname="hebo", fontsize=11)
        page.insert_text((108, 180), "Details of the walls", fontname="hebo", fontsize=11)
        set_lines(page, 72, 208, [sentence(i) for i in range(4, 9)])

    drawn(tmp_path / "m.pdf", 1, draw)
    kinds = {part.text: part.kind for part in pdf_parts(tmp_path / "m.pdf", Wanted())[0]}
    assert kinds.get(f"{label} Details of the walls") == ("heading" if heading else None)
