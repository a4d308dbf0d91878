"""Fields of Word that show their code: equations of old files, buttons, signs by their number; and codes longer than a paragraph."""

import pytest
from docx import Document

from steps.text.docx_eq import shown
from tests.steps.text.test_docx import element, field, read


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (r"EQ \f(1,2)", "1/2"),
        (r"EQ \f(a+b;2)", "(a+b)/2"),
        (r"EQ \f(a,2b)", "a/(2b)"),
        (r"eq \r(3,x+1)", "√[3](x+1)"),
        (r"EQ \r(,x)", "√x"),
        (r"EQ 5 m\s\up8(2)", "5 m²"),
        (r"EQ \b\bc\[(\f(1,x))", "[1/x]"),
        (r"EQ \i\su(i=1,n,i)", "∑_(i=1)^(n) i"),
        (r"EQ \a\co2(1,2,3,4)", "1; 2; 3; 4"),
        (r"EQ \o\ac(○,12)", "⑫"),
        (r"EQ \* jc2 \* hps10 \o\ad(\s\up 9(かんじ),漢字)", "漢字"),
        (r'EQ \* jc0 \* "Font:MS Mincho" \* hps10 \o\ad(\s\up 9(にがつ),二月)', "二月"),
        (r"EQ \o(\s\up 12(Ex),\s\do 4(ample))", "Example"),
        (r"EQ \o(→,\s\up7(heat),\s\do7(Pt))", "→^(heat)_(Pt)"),
        (r"EQ f\,g", "f,g"),
        ("MACROBUTTON NoMacro [Name here]", "[Name here]"),
        (r'SYMBOL 97 \f "Symbol" \s 12', "α"),
        (r"SYMBOL 8364 \u", "€"),
        ('XE "moss"', ""),
    ],
)
def test_a_field_without_a_result_shows_what_its_code_says(code, line):
    assert shown(code) == line


def test_a_code_that_is_cut_off_ends():
    """Brackets that nobody closed, and more of them inside of each other than anybody writes."""
    assert shown(r"EQ \f(1,") == "1/"
    assert shown("EQ " + r"\f(1," * 500).startswith("1/")


def test_an_equation_stands_in_its_sentence(tmp_path):
    document = Document()
    begin, end = (f"<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>" for kind in ("begin", "end"))
    code = r"<w:r><w:instrText> EQ \f(1,</w:instrText></w:r><w:r><w:instrText>2) </w:instrText></w:r>"
    document.add_paragraph("It is ")._p.append(element(f"<w:ins>{begin}{code}{end}</w:ins>"))
    document.paragraphs[0].add_run(" of it.")
    assert read(document, tmp_path) == "It is 1/2 of it."


def test_words_in_a_code_may_be_written_as_text(tmp_path):
    document = Document()
    begin, end = (f"<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>" for kind in ("begin", "end"))
    code = r"<w:r><w:instrText>EQ \f(</w:instrText></w:r><w:r><w:t>a</w:t></w:r><w:r><w:instrText>,2)</w:instrText></w:r>"
    document.add_paragraph("It is ")._p.append(element(f"<w:ins>{begin}{code}{end}</w:ins>"))
    assert read(document, tmp_path) == "It is a/2"


def test_a_code_may_be_longer_than_its_paragraph(tmp_path):
    """What a field inside of it gave is not text; one that never ends hides nothing."""
    document = Document()
    begin, middle = field("IF ", "Ten years.").split("<w:r><w:fldChar w:fldCharType='separate'>")
    middle = "<w:r><w:fldChar w:fldCharType='separate'>" + middle
    open_end = "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:t>Seen.</w:t></w:r>"
    for inside in ("<w:r><w:t>Dear all,</w:t></w:r>", begin, field("MERGEFIELD Rest", "not seen") + middle, open_end):
        document.element.body.insert(-1, element(f"<w:p>{inside}</w:p>"))
    document.add_paragraph("The end.")
    assert read(document, tmp_path).split("\n\n") == ["Dear all,", "Ten years.", "The end."]


@pytest.mark.parametrize(
    ("code", "data", "result", "line"),
    [
        ("FORMDROPDOWN", "<w:result w:val='1'/>", "", "It is high."),
        ("FORMDROPDOWN", "<w:result w:val='1'/>", "high", "It is high."),
        ("SYMBOL 97", "", "", "It is a."),
        ("SYMBOL 97", "", "b", "It is b."),
        ("DATE", "", "", "It is ."),
    ],
)
def test_a_result_is_read_once(tmp_path, code, data, result, line):
    """An empty one is what the field itself shows."""
    entries = f"<w:ffData><w:ddList>{data}<w:listEntry w:val='low'/><w:listEntry w:val='high'/></w:ddList></w:ffData>" if data else ""
    document = Document()
    words = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
    document.element.body.insert(0, element(f"<w:p>{words.format('It is ')}{field(code, result, entries)}{words.format('.')}</w:p>"))
    assert read(document, tmp_path) == line
