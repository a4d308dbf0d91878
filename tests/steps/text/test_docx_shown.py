"""Word files as they are shown: capitals, emoji, numbers without text, boxes, columns of text, listings, what is moved or hidden."""

import pytest
from docx import Document
from docx.shared import Pt

from steps.text.docx_lists import W
from tests.steps.text.test_docx import element, numbered, read, run

MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def test_a_list_says_which_of_its_levels_a_heading_is_of(tmp_path):
    """The style of the heading names the list alone."""
    document = numbered(("", 3, 0))
    document.element.body.remove(document.paragraphs[0]._p)
    for depth, level in enumerate(document.part.numbering_part.element.findall(f"{W}abstractNum")[1].findall(f"{W}lvl")):
        level.insert(2, element(f'<w:pStyle w:val="Heading{depth + 1}"/>'))
        style = document.styles[f"Heading {depth + 1}"].element
        style.get_or_add_pPr().append(element('<w:numPr><w:numId w:val="3"/></w:numPr>'))
    for name, depth in (("Start", 1), ("Aims", 2), ("Means", 2), ("Work", 1)):
        document.add_heading(name, depth)
    assert read(document, tmp_path).split("\n\n") == ["1 Start", "1.1 Aims", "1.2 Means", "2 Work"]


def test_items_without_text_count(tmp_path):
    """A person reads the number in a cell of a table, and what is a word of its own: `Article 2`."""
    document = numbered(("", 1, 0), ("b", 1, 0), ("", 3, 0), ("in it", 3, 1))
    document.part.numbering_part.element.findall(f".//{W}lvlText")[3].set(f"{W}val", "Article %1")
    table = document.add_table(2, 2)
    for number, word in enumerate(("cat", "dog")):
        table.cell(number, 1).text = word
        table.cell(number, 0).paragraphs[0]._p.append(element('<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'))
    assert read(document, tmp_path) == "2. b\n\nArticle 1\n\n1.1 in it\n\n3.\tcat\n4.\tdog"


def test_an_item_of_a_list_that_is_gone_has_no_mark(tmp_path):
    assert read(numbered(("a", 99, 0), ("b", 1, 0)), tmp_path) == "a\n\n1. b"


def test_a_number_that_was_deleted_moved_or_hidden_does_not_count(tmp_path):
    document = numbered(*((word, 1, 0) for word in ("a", "", "", "", "b")))
    for paragraph, mark in zip(document.paragraphs[1:4], ("del", "moveFrom", "vanish"), strict=True):
        paragraph._p.get_or_add_pPr().append(element(f"<w:rPr><w:{mark}/></w:rPr>"))
    assert read(document, tmp_path) == "1. a\n\n2. b"


def test_capitals_are_read_as_they_are_shown(tmp_path):
    """Of a run, of a style, of a language whose i has a dot; small capitals stay small, and a run may say that it has none."""
    document = Document()
    document.styles["Heading 1"].font.all_caps = True
    heading = document.add_heading("", 1)
    heading.add_run("içerik ")._r.get_or_add_rPr().append(element('<w:lang w:val="tr-TR"/>'))
    heading.add_run("list")
    paragraph = document.add_paragraph()
    paragraph.add_run("Größe").font.all_caps = True
    paragraph.add_run(" small").font.small_caps = True
    document.add_heading("", 1).add_run("Plain").font.all_caps = False
    assert read(document, tmp_path) == "İÇERİK LIST\n\nGRÖßE small\n\nPlain"


def test_a_style_raises_figures_too(tmp_path):
    """An exponent stays; the number of a note, typed in the style of notes, goes."""
    document = Document()
    document.styles.add_style("Up", 2).font.superscript = True
    paragraph = document.add_paragraph("An area of 25 m")
    paragraph.add_run("2", style="Up")
    paragraph.add_run(" was seen.")
    paragraph.add_run("3", style="Up")
    assert read(document, tmp_path) == "An area of 25 m² was seen."


def test_emoji_are_read_once(tmp_path):
    """Word writes them for new and for old readers."""
    document = Document()
    space = 'xmlns:w16se="http://schemas.microsoft.com/office/word/2015/wordml/symex"'
    both = (
        f'<w:r {MC} {space}><mc:AlternateContent><mc:Choice Requires="w16se"><w16se:symEx w16se:font="Segoe UI Emoji" '
        'w16se:char="1F60A"/></mc:Choice><mc:Fallback><w:t>😊</w:t></mc:Fallback></mc:AlternateContent></w:r>'
    )
    old = f'<w:r {MC}><mc:AlternateContent><mc:Choice Requires="x"/><mc:Fallback><w:t>!</w:t></mc:Fallback></mc:AlternateContent></w:r>'
    paragraph = document.add_paragraph("Thanks ")
    paragraph._p.append(element(both))
    paragraph._p.append(element(old))
    assert read(document, tmp_path) == "Thanks 😊!"


def test_paragraphs_for_new_readers_are_read(tmp_path):
    document = Document()
    choice, fallback = (f"<mc:{name}><w:p><w:r><w:t>{name}</w:t></w:r></w:p></mc:{name}>" for name in ("Choice", "Fallback"))
    document.element.body.insert(0, element(f"<mc:AlternateContent {MC}>{choice}{fallback}</mc:AlternateContent>"))
    assert read(document, tmp_path) == "Choice"


def cells(*rows: list[list[str]]):
    """A document with a table; each cell is a list of paragraphs."""
    document = Document()
    table = document.add_table(len(rows), len(rows[0]))
    for row, given in zip(table.rows, rows, strict=True):
        for cell, (first, *more) in zip(row.cells, given, strict=True):
            cell.paragraphs[0].text = first
            for text in more:
                cell.add_paragraph(text)
    return document


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([[["Note", "Save first.", "Then close."]]], "Note\n\nSave first.\n\nThen close."),
        ([[["Tenant", "A. Demir"], ["Owner", "B. Kaya"]]], "Tenant\n\nA. Demir\n\nOwner\n\nB. Kaya"),
        ([[["Head"]], [["one", "two"]]], "Head\n\none\n\ntwo"),
        ([[["Head"]], [["one"]]], "Head\none"),
        ([[["2019"], ["Kew", "five people"]], [["2015"], ["Wisley"]]], "2019\tKew five people\n2015\tWisley"),
    ],
)
def test_boxes_and_columns_of_text_are_no_tables(tmp_path, rows, text):
    """One cell, one row or one column with paragraphs in its cells is there to set text beside text."""
    assert read(cells(*rows), tmp_path) == text


def test_rows_and_cells_that_are_hidden_or_deleted_are_not_read(tmp_path):
    document = cells([["a"], ["b"], ["c"]], [["d"], ["e"], ["f"]])
    rows = document.tables[0].rows
    rows[1]._tr.get_or_add_trPr().append(element("<w:hidden/>"))
    rows[0].cells[1]._tc.get_or_add_tcPr().append(element("<w:cellDel/>"))
    assert read(document, tmp_path) == "a\tc"


def test_a_box_that_was_deleted_is_not_read(tmp_path):
    document = Document()
    box = "<w:r><w:pict><w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
    paragraph = document.add_paragraph("Beside it.")
    paragraph._p.append(element(f"<w:del>{box.format('Deleted.')}</w:del>"))
    paragraph._p.append(element(box.format("A box.")))
    assert read(document, tmp_path) == "Beside it.\n\nA box."


def test_lines_of_a_listing_stay_lines(tmp_path):
    """In a font of one width, by the run or by the style, with their indents and empty lines; one line alone is a paragraph."""
    document = Document()
    document.styles.add_style("Code", 1).font.name = "Consolas"
    document.add_paragraph("The following function gives the area of a circle from its radius:")
    for line in ("def area(r):", "", "    return 3.14 * r ** 2"):
        document.add_paragraph(line, style="Code")
    document.add_paragraph("It is called so, with a radius of two, and prints the area:")
    document.add_paragraph().add_run("  area(2)").font.name = "Courier New"
    assert read(document, tmp_path) == (
        "The following function gives the area of a circle from its radius:\n\ndef area(r):\n\n    return 3.14 * r ** 2\n\n"
        "It is called so, with a radius of two, and prints the area:\n\narea(2)"
    )


def test_what_is_typed_on_a_typewriter_is_no_listing(tmp_path):
    document = Document()
    document.styles["Normal"].font.name = "Courier New"
    document.styles["Normal"].font.size = Pt(12)
    for line in ("It was late.", "Rain fell.", "Nobody came."):
        document.add_paragraph(line)
    assert read(document, tmp_path) == "It was late.\n\nRain fell.\n\nNobody came."


def test_a_line_end_in_the_markup_is_a_blank(tmp_path):
    document = Document()
    document.element.body.insert(0, element("<w:p><w:r><w:t>set out\n      to be read</w:t></w:r></w:p>"))
    assert read(document, tmp_path) == "set out to be read"


def test_displayed_equations_are_lines_of_their_own(tmp_path):
    """Beside paragraphs, and several in one; with what stands before a letter, and without what only takes room."""
    document = Document()
    line = "<m:oMathPara>{}</m:oMathPara>"
    document.element.body.insert(0, element(line.format(f"<m:oMath>{run('V=Ah')}</m:oMath>")))
    two = f"<m:oMath>{run('a=b')}<m:r><w:br/></m:r></m:oMath><m:oMath>{run('c=d')}</m:oMath>"
    document.add_paragraph("Thus")._p.append(element(line.format(two)))
    before = f"<m:sPre><m:sub>{run('6')}</m:sub><m:sup>{run('14')}</m:sup><m:e>{run('C')}</m:e></m:sPre>"
    room = f"<m:phant><m:phantPr><m:show m:val='0'/></m:phantPr><m:e>{run('x')}</m:e></m:phant>"
    document.add_paragraph("Of ")._p.append(element(f"<m:oMath>{before}{room}</m:oMath>"))
    assert read(document, tmp_path) == "V=Ah\n\nThus\na=b\nc=d\n\nOf _6^14C"
