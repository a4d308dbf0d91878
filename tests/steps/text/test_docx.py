"""Word files as a person reads them: equations, revisions, lists of contents, hidden text."""

import io
import re
import zipfile

import pytest
from docx import Document
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml

from steps.text.documents import read_documents
from steps.text.docx_file import MAIN, OTHER_MAINS, STRICT
from steps.text.docx_lists import W
from steps.text.docx_text import R
from steps.text.numerals import FORMATS
from steps.text.unreadable import Unreadable

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


def changed(document, path, change) -> str:
    """The text of a document after `change(name, data)` of each file in its package."""
    held = io.BytesIO()
    document.save(held)
    with zipfile.ZipFile(held) as usual, zipfile.ZipFile(path, "w") as out:
        for name in usual.namelist():
            out.writestr(name, change(name, usual.read(name)))
    [found] = read_documents(path, complain=print)
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


def raised(before: str, number: str, after: str):
    document = Document()
    paragraph = document.add_paragraph(before)
    paragraph.add_run(number).font.superscript = True
    paragraph.add_run(after)
    return document


@pytest.mark.parametrize(
    ("before", "number", "after", "line"),
    [
        ("The gate was red.", "12,13", " It stood.", "The gate was red. It stood."),
        ("An old wall", "[4]", " fell.", "An old wall fell."),
        ("It is 5 m", "2", " wide.", "It is 5 m² wide."),
        ("On the 5", "th", " day.", "On the 5th day."),
        ("", "1", "Institute of Lime", "1Institute of Lime"),
    ],
)
def test_raised_numbers_of_references_go_and_exponents_stay(tmp_path, before, number, after, line):
    assert read(raised(before, number, after), tmp_path) == line


def test_what_a_style_hides_is_not_read(tmp_path):
    """A run says by itself that it is shown all the same."""
    document = Document()
    document.styles.add_style("Unseen", 2).font.hidden = True
    document.styles.add_style("Below it", 2).base_style = document.styles["Unseen"]
    paragraph = document.add_paragraph("Seen")
    paragraph.add_run(" not seen", style="Unseen")
    paragraph.add_run(" nor this", style="Below it")
    paragraph.add_run(" and this.", style="Unseen").font.hidden = False
    document.styles.add_style("Unseen paragraph", 1).font.hidden = True
    document.add_paragraph("A whole one.", style="Unseen paragraph")
    assert read(document, tmp_path) == "Seen and this."


def test_rows_and_cells_inside_of_form_fields_are_read(tmp_path):
    document = Document()
    table = document.add_table(2, 2)
    for cell, text in zip(table._cells, "abcd", strict=True):
        cell.text = text
    for inner in (table.cell(0, 0)._tc, table.rows[1]._tr):
        field = element("<w:sdt><w:sdtContent/></w:sdt>")
        inner.addprevious(field)
        field[0].append(inner)
    assert read(document, tmp_path) == "a\tb\nc\td"


def test_letters_of_the_font_symbol_are_what_they_look_like(tmp_path):
    document = Document()
    run = document.add_paragraph().add_run("\uf062 and b")
    run.font.name = "Symbol"
    assert read(document, tmp_path) == "β ανδ β"


LEVELS = (("decimal", "%1."), ("lowerLetter", "%2)"), ("lowerRoman", "(%3)"))
HEADINGS = (("decimal", "%1"), ("decimal", "%1.%2"), ("upperRoman", "%3"))


def numbered(*items: tuple[str, int, int], anew: int = 5):
    """A document of paragraphs with list and level. Lists 1 and 2 are one list; 2 starts anew at `anew`; 3 numbers headings."""
    document = Document()
    root = document.part.numbering_part.element
    for child in list(root):
        root.remove(child)
    for number, levels in ((1, LEVELS), (2, HEADINGS)):
        inner = "".join(
            f'<w:lvl w:ilvl="{i}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/></w:lvl>'
            for i, (kind, text) in enumerate(levels)
        )
        root.append(element(f'<w:abstractNum w:abstractNumId="{number}">{inner}</w:abstractNum>'))
    over = f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{anew}"/></w:lvlOverride>'
    for number, of, inner in ((1, 1, ""), (2, 1, over), (3, 2, "")):
        root.append(element(f'<w:num w:numId="{number}"><w:abstractNumId w:val="{of}"/>{inner}</w:num>'))
    for text, number, level in items:
        paragraph = document.add_paragraph(text)
        properties = paragraph._p.get_or_add_pPr()
        properties.append(element(f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'))
    return document


def test_items_are_numbered_as_word_writes_them(tmp_path):
    """Letters and Roman numbers, inner levels anew under each item, a list that starts elsewhere and goes on."""
    items = [("a", 1, 0), ("b", 1, 0), ("c", 1, 1), ("d", 1, 1), ("e", 1, 2), ("f", 1, 0), ("g", 1, 1), ("h", 2, 0), ("i", 1, 0)]
    text = read(numbered(*items), tmp_path)
    assert text.split("\n\n") == ["1. a", "2. b", "a) c", "b) d", "(i) e", "3. f", "a) g", "5. h", "6. i"]


def test_headings_have_the_numbers_of_their_levels(tmp_path):
    items = [("Start", 3, 0), ("Aims", 3, 1), ("Means", 3, 1), ("Work", 3, 0), ("Soil", 3, 1)]
    assert read(numbered(*items), tmp_path).split("\n\n") == ["1 Start", "1.1 Aims", "1.2 Means", "2 Work", "2.1 Soil"]


def test_a_level_may_write_all_numbers_in_figures_and_no_blank_behind(tmp_path):
    """As in laws: article II, 2-1; and a deeper level may go on through all of them."""
    document = numbered(("a", 3, 0), ("b", 3, 1), ("c", 3, 0), ("d", 3, 1))
    heads = document.part.numbering_part.element.findall(f"{W}abstractNum")[1].findall(f"{W}lvl")
    heads[0].find(f"{W}numFmt").set(f"{W}val", "upperRoman")
    heads[0].append(element('<w:suff w:val="nothing"/>'))
    heads[1].append(element("<w:isLgl/>"))
    heads[1].append(element('<w:lvlRestart w:val="0"/>'))
    assert read(document, tmp_path).split("\n\n") == ["Ia", "1.1 b", "IIc", "2.2 d"]


def test_a_list_may_have_the_levels_of_a_style(tmp_path):
    """It goes on counting with the list that the style holds."""
    document = numbered(("a", 1, 0), ("b", 7, 0))
    root = document.part.numbering_part.element
    root.find(f"{W}abstractNum").insert(0, element('<w:styleLink w:val="Laws"/>'))
    root.insert(2, element('<w:abstractNum w:abstractNumId="9"><w:numStyleLink w:val="Laws"/></w:abstractNum>'))
    root.append(element('<w:num w:numId="7"><w:abstractNumId w:val="9"/></w:num>'))
    assert read(document, tmp_path).split("\n\n") == ["1. a", "2. b"]


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("ordinal", "1st 2nd 3rd 11th 20th 21st 111th"),
        ("chineseCounting", "一 二 三 十一 二十 二十一 一百一十一"),
        ("japaneseCounting", "一 二 三 十一 二十 二十一 百十一"),
        ("chineseLegalSimplified", "壹 贰 叁 壹拾壹 贰拾 贰拾壹 壹佰壹拾壹"),
        ("decimalEnclosedCircle", "① ② ③ ⑪ ⑳ 21 111"),
        ("decimalFullWidth", "１ ２ ３ １１ ２０ ２１ １１１"),
        ("ganada", "가 나 다 카 바바 사사 파파파파파파파파"),
        ("russianLower", "а б в л ф х шшшш"),
    ],
)
def test_numbers_of_other_scripts(kind, written):
    assert [FORMATS[kind](count) for count in (1, 2, 3, 11, 20, 21, 111)] == written.split()


def test_a_chinese_number_says_that_tens_are_left_out():
    assert [FORMATS["chineseCounting"](count) for count in (105, 1003, 1010)] == ["一百〇五", "一千〇三", "一千〇一十"]


def test_the_strict_form_of_the_standard_is_read(tmp_path):
    """Also where only the text is of that form, not the package."""
    document = Document()
    document.add_paragraph("Strict moss")
    document.add_table(1, 2).rows[0].cells[1].text = "cell"

    def strict(data: bytes) -> bytes:
        for its, ours in STRICT:
            data = data.replace(ours, its)
        return data

    assert changed(document, tmp_path / "whole.docx", lambda name, data: strict(data)) == "Strict moss\n\n\tcell"
    text = changed(document, tmp_path / "half.docx", lambda name, data: strict(data) if name == "word/document.xml" else data)
    assert text == "Strict moss\n\n\tcell"


@pytest.mark.parametrize("kind", OTHER_MAINS)
def test_files_with_macros_and_templates_are_read(tmp_path, kind):
    document = Document()
    document.add_paragraph("Beside macros.")
    assert changed(document, tmp_path / "d.docm", lambda name, data: data.replace(MAIN, kind)) == "Beside macros."


def test_a_package_may_forget_the_types_of_its_parts(tmp_path):
    """Lists and headings are known all the same."""
    document = Document()
    document.add_heading("Head", 1)
    document.add_paragraph("first", style="List Number")

    def forgotten(name: str, data: bytes) -> bytes:
        return re.sub(rb'<Override PartName="/(?:word/(?:styles|numbering)|docProps/core)\.xml"[^>]*>', b"", data)

    assert changed(document, tmp_path / "d.docx", forgotten) == "Head\n\n1. first"


def test_a_damaged_part_is_told_of_the_file(tmp_path):
    document = Document()
    document.add_paragraph("Angle ")._p.append(element("<w:r><w:sym w:font='Symbol' w:char='F0zz'/></w:r>"))
    with pytest.raises(Unreadable, match="a damaged DOCX file: invalid literal"):
        read(document, tmp_path)


def test_a_large_first_letter_belongs_to_its_paragraph(tmp_path):
    document = Document()
    document.add_paragraph("M")._p.get_or_add_pPr().append(element('<w:framePr w:dropCap="drop" w:lines="3"/>'))
    document.add_paragraph("oss grows.")
    assert read(document, tmp_path) == "Moss grows."


def test_an_inserted_page_is_read_where_it_stands(tmp_path):
    document = Document()
    document.add_paragraph("Before.")
    part = Part(PackURI("/word/chunk.html"), "text/html", b"<html><body><p>Inside.</p></body></html>", document.part.package)
    key = document.part.relate_to(part, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/aFChunk")
    document.element.body.append(element(f'<w:altChunk xmlns:r="{R[1:-1]}" r:id="{key}"/>'))
    document.element.body.append(element("<w:p><w:r><w:t>After</w:t></w:r><w:r><w:sym w:font='Wingdings' w:char='F0E0'/></w:r></w:p>"))
    assert read(document, tmp_path) == "Before.\n\nInside.\n\nAfter→"


def field(code: str, shown: str = "", data: str = "") -> str:
    """Runs of a field, with its code and what Word shows of it."""
    signs = [f"<w:r><w:fldChar w:fldCharType='{kind}'>{{}}</w:fldChar></w:r>" for kind in ("begin", "separate", "end")]
    inside = code if code.startswith("<") else f"<w:r><w:instrText>{code}</w:instrText></w:r>"
    return signs[0].format(data) + inside + signs[1].format("") + f"<w:r><w:t>{shown}</w:t></w:r>" + signs[2].format("")


def test_a_field_in_the_code_of_another_is_not_text(tmp_path):
    """What the inner one gave is what the outer one judges; only what that gave is shown."""
    document = Document()
    inner = f"<w:r><w:instrText>IF </w:instrText></w:r>{field('MERGEFIELD Sex', 'F')}<w:r><w:instrText>= F Madam Sir</w:instrText></w:r>"
    document.element.body.insert(0, element(f"<w:p>{field(inner, 'Madam')}<w:r><w:t>, hello.</w:t></w:r></w:p>"))
    assert read(document, tmp_path) == "Madam, hello."


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("<w:checkBox><w:default w:val='1'/></w:checkBox>", "☒ so"),
        ("<w:checkBox><w:default w:val='1'/><w:checked w:val='0'/></w:checkBox>", "☐ so"),
        ("<w:ddList><w:result w:val='1'/><w:listEntry w:val='Ankara'/><w:listEntry w:val='Bursa'/></w:ddList>", "Bursa so"),
    ],
)
def test_what_is_chosen_in_a_form_is_read(tmp_path, data, shown):
    document = Document()
    form = field("FORM", data=f"<w:ffData>{data}</w:ffData>")
    document.element.body.insert(0, element(f"<w:p>{form}<w:r><w:t xml:space='preserve'> so</w:t></w:r></w:p>"))
    assert read(document, tmp_path) == shown


def test_signs_of_fonts_with_letters_are_read(tmp_path):
    document = Document()
    document.add_paragraph("A ")._p.append(element("<w:r><w:sym w:font='Segoe UI Symbol' w:char='2605'/></w:r>"))
    assert read(document, tmp_path) == "A ★"


@pytest.mark.parametrize(("height", "line"), [("8", "25 m²"), ("0", "25 m2"), ("-4", "25 m2")])
def test_figures_set_higher_are_exponents(tmp_path, height, line):
    """LibreOffice writes so what was raised in a web page."""
    document = Document()
    run = f"<w:r><w:rPr><w:position w:val='{height}'/></w:rPr><w:t>2</w:t></w:r>"
    document.add_paragraph("25 m")._p.append(element(run))
    assert read(document, tmp_path) == line
