"""Tables whose cells hold several lines: each test draws its own."""

import pytest

from steps.text.pdf_rows import rows_of
from tests.steps.text.test_manuscripts import drawn, read, sentence

COLUMNS = (72, 160, 420)
TABLE = [
    (["Tool", "What it is for", "Count"],),
    (["Ruler", "A ruler of steel that is thirty centimetres long", "4"], ["", "and does not rust in the rain", ""]),
    (["Meter", "A small device with two needles that meas-", "2"], ["", "ures how wet a wall is", ""]),
]
ROWS = [
    "Tool\tWhat it is for\tCount",
    "Ruler\tA ruler of steel that is thirty centimetres long and does not rust in the rain\t4",
    "Meter\tA small device with two needles that measures how wet a wall is\t2",
]


def table(page, top: float, columns=COLUMNS) -> float:
    """Draw the table; where it ends."""
    for row in TABLE:
        for cells in row:
            for x, cell in zip(columns, cells, strict=True):
                page.insert_text((x, top), cell, fontsize=10)
            top += 12
        top += 6
    return top


def lines(page, top: float, first: int, count: int) -> None:
    for i in range(count):
        page.insert_text((72, top + 14 * i), sentence(first + i), fontsize=11)


def test_a_cell_of_several_lines_is_one(tmp_path):
    def draw(page, _):
        lines(page, 80, 0, 6)
        end = table(page, 200)
        lines(page, end + 30, 6, 6)

    drawn(tmp_path / "t.pdf", 1, draw)
    text = " ".join(sentence(i) for i in range(12))  # which goes on below the table
    assert read(tmp_path / "t.pdf") == f"{text}\n\n" + "\n".join(ROWS)


def test_a_caption_above_such_a_table_is_none_of_its_rows(tmp_path):
    def draw(page, _):
        lines(page, 80, 0, 6)
        page.insert_text((120, 188), "Table 1: What we used", fontsize=10)
        table(page, 202)

    drawn(tmp_path / "t.pdf", 1, draw)
    assert read(tmp_path / "t.pdf", tables=False).endswith("Table 1: What we used")
    assert "\n".join(ROWS) in read(tmp_path / "t.pdf")


def test_words_set_far_apart_are_no_cells(tmp_path):
    """As in justified lines of a narrow column: others reach over such gaps."""

    def draw(page, _):
        for i in range(6):
            words = sentence(i, 8).split()
            for word, x in zip(words[:3], (72, 150, 240), strict=True) if i % 2 == 0 else [(" ".join(words), 72)]:
                page.insert_text((x, 100 + 14 * i), word, fontsize=11)

    drawn(tmp_path / "j.pdf", 1, draw)
    assert "\t" not in read(tmp_path / "j.pdf")


def test_a_cell_whose_font_has_low_boxes_stands_in_its_row():
    """As letters of formulas before what they mean."""
    lines = [(36.4, 548.4, 40.8, 552.8, "k"), (65.9, 542.3, 208.1, 554.9, "Thermal conductivity"), (36.1, 560.3, 41.1, 564.8, "q"),
             (65.9, 555.9, 167.3, 566.9, "Heat flux")]  # fmt: skip
    assert [[line[4] for line in row] for row in rows_of(lines)] == [["k", "Thermal conductivity"], ["q", "Heat flux"]]


WRAPPED = [
    (["Sample", "Porosity", "Mass"],),
    (["Limestone from the", "0.21", "12.1"], ["northern quarry", "", ""]),
    (["Marble", "0.02", "14.5"],),
    (["Sandstone, red and", "0.18", "11.2"], ["fine, of the coast", "", ""]),
]
WRAPPED_ROWS = [
    "Sample\tPorosity\tMass",
    "Limestone from the northern quarry\t0.21\t12.1",
    "Marble\t0.02\t14.5",
    "Sandstone, red and fine, of the coast\t0.18\t11.2",
]


def by_cells(page, top: float, rows: list, *, middle: bool = False, columns=(90, 220, 320)) -> float:
    """Draw a table cell by cell, as Typst does; where it ends. middle: shorter cells stand in the middle of taller ones."""
    for row in rows:
        for x, *cell in zip(columns, *row, strict=True):
            said = [line for line in cell if line]
            down = 6 * (len(row) - len(said)) if middle else 0
            for number, line in enumerate(said):
                page.insert_text((x, top + down + 12 * number), line, fontsize=10)
        top += 12 * len(row) + 6
    return top


@pytest.mark.parametrize("middle", [False, True])
def test_a_first_cell_of_several_lines_beside_cells_of_one_is_one_cell_of_its_row(tmp_path, middle):
    def draw(page, _):
        lines(page, 80, 0, 6)
        end = by_cells(page, 200, WRAPPED, middle=middle)
        lines(page, end + 30, 6, 6)

    drawn(tmp_path / "t.pdf", 1, draw)
    assert "\n".join(["", *WRAPPED_ROWS]) in read(tmp_path / "t.pdf")
    assert "Sandstone" not in read(tmp_path / "t.pdf", tables=False)
