"""Tables whose cells hold several lines: each test draws its own."""

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
