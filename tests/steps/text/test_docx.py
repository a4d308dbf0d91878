"""Word files as a person reads them: equations, revisions, lists of contents, hidden text."""

import pytest
from docx import Document
from docx.oxml import parse_xml

from steps.text.documents import read_documents

SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def element(text: str):
    """A piece of WordprocessingML with its name spaces."""
    head, _, rest = text.partition(">")
    bare = head.removesuffix("/")
    return parse_xml(f"{bare} {SPACES}{head[len(bare) :]}>{rest}")


def read(document, path) -> str:
    document.save(path / "d.docx")
    [found] = read_documents(path / "d.docx", complain=print)
    return found.text


def run(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


@pytest.mark.parametrize(
    ("math", "line"),
    [
        (f"<m:f><m:num>{run('a+b')}</m:num><m:den>{run('2')}</m:den></m:f>", "(a+b)/2"),
        (f"<m:sSup><m:e>{run('c')}</m:e><m:sup>{run('2')}</m:sup></m:sSup>", "c^2"),
        (f"<m:sSub><m:e>{run('d')}</m:e><m:sub>{run('ij')}</m:sub></m:sSub>", "d_(ij)"),
        (f"<m:rad><m:deg/><m:e>{run('n+1')}</m:e></m:rad>", "√(n+1)"),
        (
            f'<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{run("i=1")}</m:sub><m:sup>{run("n")}</m:sup>'
            f"<m:e>{run('k')}</m:e></m:nary>",
            "∑_(i=1)^n k",
        ),
        (f"{run('f')}<m:d><m:e>{run('x')}</m:e></m:d>", "f(x)"),
        (f"<m:func><m:fName>{run('sin')}</m:fName><m:e>{run('x')}</m:e></m:func>", "sin x"),
    ],
)
def test_equations_are_a_line(tmp_path, math, line):
    document = Document()
    paragraph = document.add_paragraph("Where ")
    paragraph._p.append(element(f"<m:oMath>{math}</m:oMath>"))
    paragraph.add_run(" holds.")
    assert read(document, tmp_path) == f"Where {line} holds."


def test_a_list_of_contents_says_no_heading_twice(tmp_path):
    document = Document()
    document.styles.add_style("TOC 1", 1)
    document.add_paragraph("Methods\t2", style="TOC 1")
    document.add_heading("Methods", 1)
    document.add_paragraph("We looked.")
    assert read(document, tmp_path) == "Methods\n\nWe looked."


def test_deleted_paragraph_ends_and_rows_and_hidden_text_are_not_read(tmp_path):
    document = Document()
    document.add_paragraph("First half")._p.get_or_add_pPr().append(element("<w:rPr><w:del/></w:rPr>"))
    document.add_paragraph(" and second half.").add_run("secret").font.hidden = True
    table = document.add_table(2, 1)
    table.cell(0, 0).text, table.cell(1, 0).text = "kept", "deleted"
    table.rows[1]._tr.get_or_add_trPr().append(element("<w:del/>"))
    assert read(document, tmp_path) == "First half and second half.\n\nkept"


def test_exponents_and_symbols_are_seen(tmp_path):
    document = Document()
    paragraph = document.add_paragraph("10")
    paragraph.add_run("3").font.superscript = True
    paragraph.add_run(" cells of H")
    paragraph.add_run("2").font.subscript = True
    paragraph.add_run("O, ")
    paragraph._p.append(element('<w:r><w:sym w:font="Symbol" w:char="F061"/></w:r>'))
    assert read(document, tmp_path) == "10³ cells of H2O, α"
