"""Diagrams in a PDF: what is written inside of them is no text, and a table of numbers is no diagram."""

import pymupdf

from steps.text.columns import Block
from steps.text.pdf_figures import drop_names, drop_signs
from steps.text.pdf_plots import drop_labels
from tests.steps.text.test_manuscripts import drawn, read, sentence


def text_of(page, first, y):
    for i in range(8):
        page.insert_text((72, y + 14 * i), sentence(first + i), fontsize=11)


def test_numbers_and_labels_of_a_diagram_are_no_text(tmp_path):
    """Its caption and the text around it are."""

    def draw(page, _):
        text_of(page, 0, 80)
        page.draw_rect(pymupdf.Rect(120, 220, 420, 400))
        for k in range(5):
            page.insert_text((100, 399 - 44 * k), f"{0.5 * k:.1f}", fontsize=9)
            page.insert_text((120 + 70 * k, 418), f"{2010 + 2 * k}", fontsize=9)
        page.insert_text((260, 434), "year", fontsize=9)
        page.insert_text((330, 240), "north wall", fontsize=9)
        page.insert_text((72, 460), "Figure 1. Cover by year.", fontsize=10)
        text_of(page, 8, 500)

    drawn(tmp_path / "m.pdf", 1, draw)
    found = read(tmp_path / "m.pdf")
    assert "Figure 1. Cover by year." in found
    assert found.replace("Figure 1. Cover by year.", "").split() == " ".join(sentence(i) for i in range(16)).split()


def test_a_label_in_a_typewriter_is_no_listing(tmp_path):
    """Lines of such a font are kept as code later on, when those of diagrams are gone."""

    def draw(page, _):
        text_of(page, 0, 80)
        for k in range(5):
            page.insert_text((100, 399 - 44 * k), f"{0.5 * k:.1f}", fontsize=9)
        for k, label in enumerate(["grow(north)", "grow(south)"]):
            page.insert_text((330, 240 + 11 * k), label, fontsize=9, fontname="cour")
        text_of(page, 8, 500)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert read(tmp_path / "m.pdf").split() == " ".join(sentence(i) for i in range(16)).split()


def test_a_table_whose_first_column_counts_is_text(tmp_path):
    """Its cells stand beside the numbers."""

    def draw(page, _):
        text_of(page, 0, 80)
        for k in range(5):
            page.insert_text((100, 240 + 30 * k), str(2010 + k), fontsize=11)
            page.insert_text((180, 240 + 30 * k), ["moss", "fern", "grass", "ivy", "lichen"][k], fontsize=11)

    drawn(tmp_path / "m.pdf", 1, draw)
    assert [str(2010 + k) in read(tmp_path / "m.pdf") for k in range(5)] == [True] * 5


def test_scales_that_came_as_blocks_bound_a_diagram():
    """As R draws them: the numbers below in a row, those left of it upwards; several such diagrams may stand on a page."""
    text = Block(60, 60, 500, 120, ["The moss on the north wall covers more than that on the south wall."] * 4, size=10)
    caption = Block(60, 330, 500, 342, ["Figure 1: Cover by year."], size=10)
    diagrams = []
    for x in (60, 300):
        diagrams += [
            Block(x + 20, 300, x + 200, 310, ["0", "5", "10", "15", "20"], size=8),
            Block(x, 160, x + 10, 290, ["0.0", "0.2", "0.4", "0.6", "0.8"], size=8),
            Block(x + 80, 315, x + 130, 325, ["Years"], size=8),
            Block(x + 120, 180, x + 180, 190, ["north wall"], size=8),
        ]
    table = Block(60, 400, 200, 440, ["10", "12", "17", "11"], size=10)
    blocks = [text, *diagrams, caption, table]
    drop_labels(blocks)
    assert blocks == [text, caption, table]


def test_the_numbers_of_an_axis_that_run_up_are_no_text():
    """However many they are; a column of a table is wider than its letters are high."""
    axis = Block(151, 268, 158, 354, ["−0.04", "0.00", "0.04"], size=7)
    column = Block(200, 268, 222, 310, ["0.04", "0.10", "0.08"], size=10)
    blocks = [axis, column]
    drop_labels(blocks)
    assert blocks == [column]


def test_an_axis_that_is_lettered_upwards_bounds_its_diagram():
    """With the numbers below it, the label below those, and what stands above: another axis, however its numbers count."""
    text = Block(72, 40, 500, 60, ["The moss on the north wall covers more than that on the south wall, as the figure shows."], size=10)
    blocks = [
        text,
        Block(138, 72, 460, 83, ["0", "4", "8", "10", "10", "13", "19"], size=12),
        Block(95, 110, 106, 260, ["−0.4", "0.0", "0.4"], size=12),
        Block(133, 290, 462, 302, ["0.0", "0.5", "1.0"], size=12),
        Block(293, 315, 340, 327, ["L1 Norm"], size=12),
    ]
    drop_labels(blocks)
    assert blocks == [text]


def drawing(page, caption: str) -> None:
    text_of(page, 0, 80)
    for k, name in enumerate(["wall", "north", "south", "rain", "stone", "moss"]):
        page.insert_text((120 + 60 * (k % 4), 230 + 25 * k), name, fontsize=9)
    page.insert_text((72, 430), caption, fontsize=10)
    text_of(page, 8, 460)


def test_names_above_the_caption_of_a_figure_are_no_text(tmp_path):
    """Boxes and points of drawings have no axes; on the first page names of authors may stand above a figure."""

    def draw(page, number):
        if number < 2:
            drawing(page, "Figure 2. The walls.")
        else:
            text_of(page, 0, 80)

    drawn(tmp_path / "m.pdf", 3, draw)
    first, second = read(tmp_path / "m.pdf").split("Figure 2.")[:2]
    assert "rain\n" in first
    assert "rain\n" not in second


def test_a_session_and_a_list_above_a_figure_are_text():
    """As is what stands above them."""
    names = [Block(120 + 60 * (k % 4), 230 + 25 * k, 160 + 60 * (k % 4), 241 + 25 * k, [f"wall {k}"]) for k in range(6)]
    caption = Block(72, 420, 500, 432, ["Figure 2. The walls."])
    shown = Block(72, 385, 200, 397, ["7", "R> plot(walls)"])
    heading = Block(72, 200, 200, 212, ["2.1 On Walls"])
    blocks = [heading, *names, caption]
    drop_names(blocks)
    assert blocks == [heading, caption]
    blocks = [heading, *names, shown, caption]
    drop_names(blocks)
    assert blocks == [heading, *names, shown, caption]


def test_signs_that_mark_points_are_no_text():
    """They stand all over a diagram; those of a list or a table stand in a column."""
    points = [Block(100 + 7 * k, 300 + 31 * k % 90, 106 + 7 * k, 308 + 31 * k % 90, ["G" * (1 + k % 2)]) for k in range(20)]
    text = Block(72, 100, 500, 112, [sentence(1)])
    blocks = [text, *points]
    drop_signs(blocks)
    assert blocks == [text]
    blocks = column = [Block(72, 100 + 14 * k, 78, 110 + 14 * k, ["x"]) for k in range(20)]
    drop_signs(column)
    assert len(blocks) == 20


def test_numbers_with_fewer_figures_belong_to_an_axis():
    """They end farther left where all begin at one place, as numbers of every fifth line of a law do."""
    numbers = [Block(537, 170 + 84 * k, 542 if k == 0 else 547, 180 + 84 * k, [str(5 + 5 * k)]) for k in range(4)]
    blocks = [Block(72, 100, 500, 112, [sentence(1)]), *numbers]
    drop_labels(blocks)
    assert len(blocks) == 1
