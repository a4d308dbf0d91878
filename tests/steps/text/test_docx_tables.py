"""Tables of Word files: tables inside of cells, and rows that begin further right than others."""

import pytest
from docx import Document

from tests.steps.text.test_docx import element, read
from tests.steps.text.test_docx_shown import cells


def nest(cell, *rows: list[str]) -> None:
    table = cell.add_table(len(rows), len(rows[0]))
    for row, texts in zip(table.rows, rows, strict=True):
        for inner, text in zip(row.cells, texts, strict=True):
            inner.text = text


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ([["1", "dig"], ["2", "sow"]], "Task\tPlace\nSteps\tYard\n1\tdig\n2\tsow"),
        ([["1", "dig"]], "Task\tPlace\nSteps 1 dig\tYard"),
        ([["dig"], ["sow"]], "Task\tPlace\nSteps dig sow\tYard"),
    ],
)
def test_rows_of_a_table_in_a_cell_follow_the_row_that_holds_it(tmp_path, inner, text):
    """A row or a column alone is a few words of the cell."""
    document = cells([["Task"], ["Place"]], [["Steps"], ["Yard"]])
    nest(document.tables[0].cell(1, 0), *inner)
    assert read(document, tmp_path) == text


def rows(*given: tuple[int, list[tuple[str, int]]]):
    """A table whose rows each leave out as many columns of the grid; each cell has a text and goes over so many columns."""
    document = Document()
    lines = []
    for before, texts in given:
        inner = "".join(
            f"<w:tc><w:tcPr><w:gridSpan w:val='{wide}'/></w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>" for text, wide in texts
        )
        lines.append(f"<w:tr><w:trPr><w:gridBefore w:val='{before}'/></w:trPr>{inner}</w:tr>")
    document.element.body.insert(0, element(f"<w:tbl>{''.join(lines)}</w:tbl>"))
    return document


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([(0, [("a", 1), ("b", 1), ("c", 1)]), (2, [("f", 1)]), (2, [("g", 1)])], "a\tb\tc\n\t\tf\n\t\tg"),
        ([(1, [("b", 1), ("c", 1)]), (0, [("d", 1), ("e", 1), ("f", 1)])], "\tb\tc\nd\te\tf"),
        ([(0, [("a", 2), ("b", 2)]), (1, [("c", 2), ("d", 2)])], "a\tb\nc\td"),
        ([(0, [("a", 1), ("b", 3)]), (1, [("c", 2), ("d", 2)])], "a\tb\nc\td"),
    ],
)
def test_a_row_that_begins_further_right_leaves_out_cells(tmp_path, given, text):
    """Not one that is merely shifted."""
    assert read(rows(*given), tmp_path) == text
