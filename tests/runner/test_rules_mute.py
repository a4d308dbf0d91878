"""Documents that are there, open and give no text: scans, those under a password, without their end, filled by a script."""

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from batch_11_cases import LOCKED, pdf_bytes
from cases import LM, Case, findings

BODY = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>'
SPOKEN = "The meeting began at seven and ended at nine."
APP = (
    "<!DOCTYPE html><html><head><script src='a.js'></script></head><body><div id='root'></div><noscript>Enable it.</noscript></body></html>"
)


def packed(**parts: str) -> bytes:
    """A ZIP file; in the names of its parts __ stands for / and _ for a dot."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name.replace("__", "/").replace("_", "."), (2026, 1, 1, 0, 0, 0))  # the same bytes at any hour
            archive.writestr(entry, content)
    return into.getvalue()


def told(folder: Path, name: str, content: Any, more: str = "") -> list[tuple[str, str, str]]:
    """Severity, message and fix of each D104 where this file is a source beside the stories."""
    source = f"path: data/stories.jsonl\n      - path: {name}" + (f"\n        {more}" if more else "")
    case = Case("", "", LM, {"path: data/stories.jsonl": source}, {name: content})
    return [(f.severity, f.message, f.fix) for f in findings(case, folder / "p") if f.code == "D104"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("data/a.docx", packed(word__document_xml=BODY % "<w:p/>", word__media__image1_png="x"), "it holds pictures and no text"),
        ("data/a.docx", packed(word__document_xml=BODY % "<w:p><w:r><w:t> </w:t></w:r></w:p>"), "it holds no text"),
        ("data/a.docx", packed(xl__workbook_xml="<x/>"), "it is a table of Excel, no DOCX"),
        ("data/a.docx", packed(word__document_xml=BODY % SPOKEN)[:90], "it is cut off or damaged: a DOCX is a ZIP file"),
        ("data/a.html", APP, "there is no text in it: a script fills the page"),
        ("data/a.html", "<html><body><p> </p></body></html>", "there is no text in it but markup"),
        ("data/a.md", "---\ntitle: x\n---\n", "there is no text in it"),
        ("data/a.txt", " \n\n \n", "there is nothing but blanks"),
        ("data/a.txt", bytes(range(256)) * 20, "it is binary content, not text"),
        ("data/a.txt", r"{\rtf1\ansi\f0 " + SPOKEN + "}", "it is RTF, and its signs for fonts would be learned as words"),
        ("data/a.md", "%!PS-Adobe-3.0\n(" + SPOKEN + ") show\n", "it is PostScript, and its commands would be learned as words"),
    ],
)
def test_a_document_without_text_is_told(tmp_path: Path, name: str, content: Any, reason: str):
    """D104, an error where it is all of its source."""
    ((severity, message, fix),) = told(tmp_path, name, content)
    assert (severity, message) == ("error", f"{name} cannot be read: {reason}")
    assert fix


@pytest.mark.parametrize(
    ("content", "severity", "reason", "fix"),
    [
        (pdf_bytes(""), "error", "it is a scan without a text layer",
         "run OCR over it, such as ocrmypdf a.pdf a.pdf, or name another file"),
        (LOCKED, "error", "it is encrypted and opens only with a password",
         "write password: ${env:NAME} beside path, and export that variable"),
        (pdf_bytes(SPOKEN)[:300], "error", "it is cut off: a PDF ends with %%EOF",
         "fetch or make it again: it was not written to its end"),
    ],
)  # fmt: skip
def test_a_pdf_without_text_is_told(tmp_path: Path, content: bytes, severity: str, reason: str, fix: str):
    """By what pymupdf says of it, remembered by content."""
    pytest.importorskip("pymupdf")
    assert told(tmp_path, "data/a.pdf", content) == [(severity, f"data/a.pdf cannot be read: {reason}", fix)]


def test_a_pdf_that_lost_its_end_but_not_its_pages_is_a_warning(tmp_path: Path):
    """Readers mend it as far as it goes."""
    pytest.importorskip("pymupdf")
    whole = pdf_bytes(SPOKEN)
    ((severity, message, _),) = told(tmp_path, "data/a.pdf", whole[: whole.index(b"xref\n")])
    assert severity == "warning"
    assert "cut off" in message


def test_a_scan_among_pages_with_text_is_a_warning(tmp_path: Path):
    """The run leaves it out, with its name."""
    pytest.importorskip("pymupdf")
    files = {"data/scans/a.pdf": pdf_bytes(SPOKEN), "data/scans/b.pdf": pdf_bytes("")}
    case = Case("", "", LM, {"path: data/stories.jsonl": "path: data/stories.jsonl\n      - path: data/scans/*.pdf"}, files)
    found = [(f.severity, f.message) for f in findings(case, tmp_path / "p") if f.code == "D104"]
    assert found == [("warning", "data/scans/b.pdf cannot be read: it is a scan without a text layer (1 of 2 files)")]


@pytest.mark.parametrize(
    ("name", "content", "more"),
    [
        ("data/a.pdf", pdf_bytes(SPOKEN), ""),
        ("data/a.pdf", LOCKED, "password: ${env:HOME}"),
        ("data/a.docx", packed(word__document_xml=BODY % f"<w:p><w:r><w:t>{SPOKEN}</w:t></w:r></w:p>"), ""),
        ("data/a.docx", packed(word__document_xml=BODY % "<w:altChunk/>", word__afchunk_html=f"<p>{SPOKEN}</p>"), ""),
        ("data/a.html", f"<html><head><script>x()</script></head><body><p>{SPOKEN}</p></body></html>", ""),
        ("data/a.md", f"---\ntitle: x\n---\n{SPOKEN}\n", ""),
        ("data/a.txt", SPOKEN.encode("utf-16"), ""),
        ("data/a.txt", r"{\rtf1\ansi\f0 " + SPOKEN + "}", "format: txt"),
    ],
)
def test_documents_with_text_are_let_be(tmp_path: Path, name: str, content: Any, more: str):
    """However little it is, and in whatever form."""
    assert told(tmp_path, name, content, more) == []
