"""Lists of contents of Word files: they say no heading twice, and what merely has their style is text."""

import pytest
from docx import Document

from tests.steps.text.test_docx import element, field, read


def test_a_list_of_contents_says_no_heading_twice(tmp_path):
    document = Document()
    document.styles.add_style("TOC 1", 1)
    document.add_paragraph("Methods\t2", style="TOC 1")
    document.add_heading("Methods", 1)
    document.add_paragraph("We looked.")
    assert read(document, tmp_path) == "Methods\n\nWe looked."


def styled(*paragraphs: tuple[str, str]):
    document = Document()
    for name in {name for _, name in paragraphs if name and name not in document.styles}:
        document.styles.add_style(name, 1)
    for text, name in paragraphs:
        document.add_paragraph(text, style=name or None)
    return document


def test_headings_in_a_style_of_lists_of_contents_are_read(tmp_path):
    document = styled(("Drug", "TOC Heading"), ("Synthesis", "TOC 1"), ("It is made.", ""), ("Room\t4 mm", "TOC 2"), ("It is stored.", ""))
    assert read(document, tmp_path).split("\n\n") == ["Drug", "Synthesis", "It is made.", "Room\t4 mm", "It is stored."]


@pytest.mark.parametrize("entry", ["Moss\t2", "Moss.......12", "Moss ....... xii", "A. Moss\tA-3", "Moss\t 2-14"])
def test_entries_end_in_a_page_number(tmp_path, entry):
    """Their heading, and a line among them that has no number, go with them."""
    lines = (("Contents", "TOC Heading"), ("", ""), (entry, "TOC 2"), ("Part two", "TOC 1"), (entry, "TOC 2"), ("It begins.", ""))
    assert read(styled(*lines), tmp_path) == "It begins."


def test_entries_lead_to_headings(tmp_path):
    """By a link, or by a field for the page."""
    document = styled(("", "TOC 1"), ("", "TOC 2"), ("It begins.", ""))
    words = "<w:r><w:t>Moss</w:t></w:r>"
    document.paragraphs[0]._p.append(element(f"<w:hyperlink w:anchor='_Toc1'>{words}</w:hyperlink>"))
    document.paragraphs[1]._p.append(element(words))
    document.paragraphs[1]._p.append(element(f"<w:ins>{field('PAGEREF _Toc2', 'two')}</w:ins>"))
    assert read(document, tmp_path) == "It begins."


def test_a_list_of_contents_is_known_by_its_field(tmp_path):
    """Its entries have no style here; what stands behind its end is text."""
    document = Document()
    begin, end = field("TOC \\o", "Moss 1").rsplit("<w:r>", 1)
    end = f"<w:r>{end}"
    for paragraph in (begin, "<w:r><w:t>Fern 2</w:t></w:r>", f"{end}<w:r><w:t>It begins.</w:t></w:r>", "<w:r><w:t>It ends.</w:t></w:r>"):
        document.element.body.insert(-1, element(f"<w:p>{paragraph}</w:p>"))
    assert read(document, tmp_path) == "It begins.\n\nIt ends."


def test_a_list_of_contents_is_known_by_its_control(tmp_path):
    document = Document()
    gallery = "<w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj>"
    document.element.body.insert(
        0, element(f"<w:sdt><w:sdtPr>{gallery}</w:sdtPr><w:sdtContent><w:p><w:r><w:t>Moss 1</w:t></w:r></w:p></w:sdtContent></w:sdt>")
    )
    document.add_paragraph("It begins.")
    assert read(document, tmp_path) == "It begins."
