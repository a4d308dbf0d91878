"""Word files inside of Word files, pages as mail, diagrams; and packages that Word opens though links of them lead nowhere."""

import io
import zipfile

import pytest
from docx import Document
from docx.opc.packuri import PackURI
from docx.opc.part import Part

from steps.text.documents import read_documents
from steps.text.docx_file import MAIN, OTHER_MAINS, reason
from steps.text.docx_inserted import CANVAS, DIAGRAM, DRAWING, LETTERING
from steps.text.docx_text import R
from steps.text.unreadable import Unreadable
from tests.steps.text.test_docx import changed, element, read

KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
MAIL = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><body><p>Gr=C3=BC=C3=9Fe</p></body></html>\r\n--b--\r\n"
)


def inner(depth: int = 0) -> bytes:
    """A Word file of one paragraph, inside of as many others."""
    document = Document()
    if depth:
        insert(document, inner(depth - 1), "inner.docx", "application/octet-stream")
    else:
        document.add_paragraph("Inner.")
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def insert(document, data: bytes, name: str, kind: str) -> None:
    part = Part(PackURI(f"/word/{name}"), kind, data, document.part.package)
    key = document.part.relate_to(part, f"{KIND}aFChunk")
    document.element.body.insert(-1, element(f'<w:altChunk xmlns:r="{R[1:-1]}" r:id="{key}"/>'))


@pytest.mark.parametrize(
    ("data", "name", "kind", "text"),
    [
        (inner(), "chunk.docx", MAIN.decode(), "Inner."),
        (inner(), "chunk.docx", OTHER_MAINS[0].decode(), "Inner."),
        (inner(2), "chunk.docx", "application/octet-stream", "Inner."),
        (MAIL, "chunk.mht", "message/rfc822", "Grüße"),
        ("Grüße".encode("utf-16"), "chunk.txt", "text/plain", "Grüße"),
    ],
)
def test_an_inserted_file_is_read_where_it_stands(tmp_path, data, name, kind, text):
    document = Document()
    document.add_paragraph("Before.")
    insert(document, data, name, kind)
    document.add_paragraph("After.")
    assert read(document, tmp_path) == f"Before.\n\n{text}\n\nAfter."


def test_files_inside_of_each_other_end_somewhere(tmp_path):
    document = Document()
    document.add_paragraph("Outer.")
    insert(document, inner(9), "chunk.docx", "application/octet-stream")
    assert read(document, tmp_path) == "Outer."


def test_the_texts_of_a_diagram_are_lines(tmp_path):
    document = Document()
    spaces = f'xmlns:dgm="{DIAGRAM[1:-1]}" xmlns:a="{DRAWING[1:-1]}"'
    points = "".join(f"<dgm:pt><dgm:t><a:p><a:r><a:t>{word}</a:t></a:r></a:p></dgm:t></dgm:pt>" for word in ("Plan", "Do"))
    drawn = "<dgm:pt type='pres'><dgm:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></dgm:t></dgm:pt>"
    data = f"<dgm:dataModel {spaces}><dgm:ptLst>{points}{drawn}</dgm:ptLst></dgm:dataModel>".encode()
    part = Part(PackURI("/word/diagrams/data1.xml"), "application/octet-stream", data, document.part.package)
    key = document.part.relate_to(part, f"{KIND}diagramData")
    link = f'<w:r><w:drawing><dgm:relIds {spaces} xmlns:r="{R[1:-1]}" r:dm="{key}"/></w:drawing></w:r>'
    document.add_paragraph("Steps:")._p.append(element(link))
    assert read(document, tmp_path) == "Steps:\n\nPlan\nDo"


def shape(tag: str, inside: str = "", said: str = "") -> str:
    """A drawing in its own name space."""
    space, _, name = tag[1:].partition("}")
    return f"<x:{name} xmlns:x='{space}' xmlns:a='{DRAWING[1:-1]}'{said}>{inside}</x:{name}>"


LINES = shape(CANVAS, "<a:p><a:r><a:t>Soil </a:t></a:r><a:r><a:t>layer</a:t></a:r></a:p><a:p><a:r><a:t>Rock</a:t></a:r></a:p>")


@pytest.mark.parametrize(
    ("drawing", "text"),
    [
        (LINES, "Beside it.\n\nSoil layer\nRock"),
        (shape(LETTERING, said=" on='t' string='Annual&#xA;Report'"), "Beside it.\n\nAnnual\nReport"),
        (shape(LETTERING, said=" on='f' string='Annual'"), "Beside it."),
        (f"<w:del>{LINES}</w:del>", "Beside it."),
        (f"<w:txbxContent><w:p><w:r>{LINES}</w:r></w:p></w:txbxContent>", "Beside it.\n\nSoil layer\nRock"),
    ],
)
def test_texts_of_drawings_are_read_once(tmp_path, drawing, text):
    document = Document()
    document.add_paragraph("Beside it.")._p.append(element(f"<w:r>{drawing}</w:r>"))
    assert read(document, tmp_path) == text


@pytest.mark.parametrize(
    "link",
    [
        f'<Relationship Id="rId90" Type="{KIND}image" Target="NULL"/>',
        f'<Relationship Id="rId90" Type="{KIND}image" Target="media/gone.png"/>',
        f'<Relationship Id="rId90" Type="{KIND}hyperlink" Target="#_ftn1"/>',
        f'<Relationship Id="rId90" Type="{KIND}header" Target="document.xml.rels"/>',
    ],
)
def test_a_link_that_leads_nowhere_is_no_damage(tmp_path, link):
    """Lists, which stand in a part of their own, are still known."""
    document = Document()
    document.add_paragraph("one", style="List Number")

    def broken(name: str, data: bytes) -> bytes:
        return data.replace(b"</Relationships>", f"{link}</Relationships>".encode()) if name == "word/_rels/document.xml.rels" else data

    assert changed(document, tmp_path / "d.docx", broken) == "1. one"


def test_names_may_be_written_as_windows_does(tmp_path):
    held = io.BytesIO()
    document = Document()
    document.add_paragraph("Backwards.")
    document.save(held)
    with zipfile.ZipFile(held) as usual, zipfile.ZipFile(tmp_path / "d.docx", "w") as out:
        for name in usual.namelist():
            out.writestr(name.replace("/", "\\"), usual.read(name))
    [found] = read_documents(tmp_path / "d.docx", complain=print)
    assert found.text == "Backwards."


@pytest.mark.parametrize("name", ["d.dotx", "d.dotm", "d.docm"])
def test_templates_are_known_by_their_names(tmp_path, name):
    document = Document()
    document.add_paragraph("Dear reader,")
    assert changed(document, tmp_path / name, lambda name, data: data) == "Dear reader,"


def damaged(document, path, part: str) -> None:
    """The document with one byte of a part changed, so that its check sum is wrong."""
    held = io.BytesIO()
    document.save(held)
    with zipfile.ZipFile(held) as usual, zipfile.ZipFile(path, "w") as out:
        data = usual.read(part)
        for name in usual.namelist():
            out.writestr(name, usual.read(name))
    whole = path.read_bytes()
    at = whole.index(data)
    path.write_bytes(whole[: at + 9] + bytes([whole[at + 9] ^ 1]) + whole[at + 10 :])


@pytest.mark.parametrize("part", ["word/header1.xml", "word/settings.xml", "docProps/core.xml"])
def test_damage_where_no_text_stands_harms_none(tmp_path, part):
    """Lists are still known."""
    document = Document()
    document.sections[0].header.paragraphs[0].text = "Page"
    document.add_paragraph("one", style="List Number")
    damaged(document, tmp_path / "d.docx", part)
    [found] = read_documents(tmp_path / "d.docx", complain=print)
    assert found.text == "1. one"


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml"])
def test_damage_of_a_text_is_told(tmp_path, part):
    document = Document()
    document.add_paragraph("one")
    damaged(document, tmp_path / "d.docx", part)
    with pytest.raises(Unreadable, match=f"not a DOCX file: Bad CRC-32 for file '{part}'"):
        list(read_documents(tmp_path / "d.docx", complain=print))


def test_properties_that_stand_there_twice_are_no_damage(tmp_path):
    document = Document()
    document.add_paragraph("one")
    kind = b"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    link = b'<Relationship Id="rId90" Type="' + kind + b'" Target="docProps/core.xml"/>'

    def twice(name: str, data: bytes) -> bytes:
        return data.replace(b"</Relationships>", link + b"</Relationships>") if name == "_rels/.rels" else data

    assert changed(document, tmp_path / "d.docx", twice) == "one"


def test_a_reason_is_short():
    assert reason(ValueError("x" * 20_000)) == "x" * 160 + "…"
    assert reason(ValueError("first\nsecond")) == "first"
    assert reason(ValueError()) == "ValueError"
