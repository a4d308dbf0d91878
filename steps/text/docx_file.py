"""A Word file opened: its strict form, those with macros and templates as the usual kind, parts of no known type as XML."""

import io
import zipfile
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.text.unreadable import Unreadable

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
OTHER_MAINS = (  # of files with macros and of templates, whose text is written the same way
    b"application/vnd.ms-word.document.macroEnabled.main+xml", b"application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)  # fmt: skip
TYPES = "[Content_Types].xml"
# What the strict form of the standard calls the name spaces, as the usual form does
STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/math", b"http://schemas.openxmlformats.org/officeDocument/2006/math"),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
)


def opened(path: Path) -> Any:
    """The file as python-docx holds it. Raises Unreadable with the reason."""
    try:
        import docx
    except ImportError as error:
        raise RecipeError("D105", "DOCX files need python-docx, which is not installed", fix='pip install "recipe[docs]"') from error
    start = path.read_bytes()[:8]
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable("an old .doc file or an encrypted one, not DOCX: save it as DOCX without a password")
    if not zipfile.is_zipfile(path):
        raise Unreadable("not a DOCX file: no ZIP archive")
    try:
        document = docx.Document(_usual(path))
        if not hasattr(document.element, "body"):  # of the strict form, which the package does not say
            document = docx.Document(_rewritten(path))
    except Exception as error:  # the library raises KeyError, ValueError and its own for damaged files
        raise Unreadable(f"not a DOCX file: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from error
    if getattr(document.element, "body", None) is None:
        raise Unreadable("a DOCX file without a body")
    return document


def root(part: Any) -> Any:
    """The outermost element of a part, of one too whose type the package does not tell."""
    from lxml import etree

    return part.element if hasattr(part, "element") else etree.fromstring(part.blob)


def _usual(path: Path) -> Any:
    """The file, or in a form that the library does not know the same in the one that it knows."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        strict = "_rels/.rels" in names and b"purl.oclc.org/ooxml" in archive.read("_rels/.rels")
        other = TYPES in names and any(kind in archive.read(TYPES) for kind in OTHER_MAINS)
    return _rewritten(path) if strict or other else str(path)


def _rewritten(path: Path) -> Any:
    held = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(held, "w") as out:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith((".xml", ".rels")):
                for strict, usual in STRICT:
                    data = data.replace(strict, usual)
            if name == TYPES:
                for kind in OTHER_MAINS:
                    data = data.replace(kind, MAIN)
            out.writestr(name, data)
    held.seek(0)
    return held
