"""A Word file opened: its strict form, those with macros and templates as the usual kind, parts of no known type as XML."""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from schemas import RecipeError
from steps.text.unreadable import Unreadable

MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
OTHER_MAINS = (  # of files with macros and of templates, whose text is written the same way
    b"application/vnd.ms-word.document.macroEnabled.main+xml", b"application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)  # fmt: skip
ALTERNATE, CHOICE, FALLBACK = (  # the same for newer and for older readers
    f"{{http://schemas.openxmlformats.org/markup-compatibility/2006}}{name}" for name in ("AlternateContent", "Choice", "Fallback")
)
TYPES = "[Content_Types].xml"
INSERTED = re.compile(rb"<(?:Default|Override)[^>]*\.?docx\"[^>]*>")  # a Word file inside of this one, which is no XML
LONGEST = 160  # characters of what an error says
LINK = re.compile(rb"<(?:\w+:)?Relationship\s[^>]*?(?:/>|>\s*</(?:\w+:)?Relationship>)")
ATTRIBUTE = re.compile(rb"(\w+)\s*=\s*[\"']([^\"']*)[\"']")
PROPERTIES = "core-properties"
TEXTS = ("officeDocument", PROPERTIES, "styles", "numbering", "footnotes", "endnotes", "aFChunk", "diagramData")  # kinds of links
# What the strict form of the standard calls the name spaces, as the usual form does
STRICT = (
    (b"http://purl.oclc.org/ooxml/officeDocument/math", b"http://schemas.openxmlformats.org/officeDocument/2006/math"),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"),
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
)


def opened(file: Path | BinaryIO) -> Any:
    """The file as python-docx holds it; with the parts that hold text alone where others are damaged or gone. Raises Unreadable."""
    if isinstance(file, Path):
        with file.open("rb") as data:
            start = data.read(8)
        if start.startswith(b"\xd0\xcf\x11\xe0"):
            raise Unreadable("an old .doc file or an encrypted one, not DOCX: save it as DOCX without a password")
    if not zipfile.is_zipfile(file):
        raise Unreadable("not a DOCX file: no ZIP archive")
    try:
        document = _document(file, bare=False)
    except Unreadable as first:
        try:
            document = _document(file, bare=True)
        except Unreadable:
            raise first from first.__cause__
    if getattr(document.element, "body", None) is None:
        raise Unreadable("a DOCX file without a body")
    return document


def _document(file: Path | BinaryIO, *, bare: bool) -> Any:
    try:
        import docx
    except ImportError as error:
        raise RecipeError("D105", "DOCX files need python-docx, which is not installed", fix='pip install "recipe[docs]"') from error
    try:
        document = docx.Document(_rewritten(file, bare=True) if bare else _usual(file))
        return document if hasattr(document.element, "body") else docx.Document(_rewritten(file))  # strict, which the package does not say
    except Exception as error:  # the library raises KeyError, ValueError and its own for damaged files
        raise Unreadable(f"not a DOCX file: {reason(error)}") from error


def reason(error: Exception) -> str:
    """What an error says, in a line that a person can read: some hold all the bytes that were found."""
    first = next(iter(str(error).splitlines()), "").strip()
    return (first if len(first) <= LONGEST else f"{first[:LONGEST].rstrip()}…") or type(error).__name__


def root(part: Any) -> Any:
    """The outermost element of a part, of one too whose type the package does not tell."""
    from lxml import etree

    return part.element if hasattr(part, "element") else etree.fromstring(part.blob)


def _usual(file: Path | BinaryIO) -> Any:
    """The file, or in a form that the library does not know the same in the one that it knows."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        strict = "_rels/.rels" in names and b"purl.oclc.org/ooxml" in archive.read("_rels/.rels")
        other = TYPES in names and any(kind in archive.read(TYPES) for kind in OTHER_MAINS)
    return _rewritten(file) if strict or other else str(file) if isinstance(file, Path) else file


def _rewritten(file: Path | BinaryIO, *, bare: bool = False) -> Any:
    """The file in the form that the library knows. bare: without links to what holds no text or is not there, as Word opens it too."""
    held = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(held, "w") as out:
        names = {name.replace("\\", "/").lstrip("/"): name for name in archive.namelist()}
        for name, data in _texts(archive, names) if bare else ((name, archive.read(stored)) for name, stored in names.items()):
            if name.endswith((".xml", ".rels")):
                for strict, usual in STRICT:
                    data = data.replace(strict, usual)
            if name == TYPES:
                for kind in OTHER_MAINS:
                    data = data.replace(kind, MAIN)
                data = INSERTED.sub(lambda found: found[0].replace(MAIN, b"application/zip"), data) if bare else data
            out.writestr(name, data)
    held.seek(0)
    return held


def _texts(archive: zipfile.ZipFile, names: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """The parts that hold text, each with its links to others of them. Raises BadZipFile or zlib.error where one of them is damaged."""
    yield TYPES, archive.read(TYPES)
    waiting, found = [""], {""}
    while waiting:
        part = waiting.pop()
        if part:
            yield part, archive.read(names[part])
        folder, name = posixpath.split(part)
        links = posixpath.join(folder, "_rels", f"{name}.rels")
        if links not in names:
            continue
        data = archive.read(names[links])
        to = {link: _text_of(link, folder, archive, names) for link in LINK.findall(data)}
        waiting += [target for target in dict.fromkeys(to.values()) if target and target not in found]
        found.update(to.values())
        yield links, LINK.sub(lambda link, to=to: link[0] if to[link[0]] else b"", data)  # type: ignore[misc]


def _text_of(link: bytes, folder: str, archive: zipfile.ZipFile, names: Mapping[str, str]) -> str:
    """Name of the part that a link leads to; empty where it has no text, is not there, or is properties that are damaged."""
    said = {key.decode(): value.decode("utf-8", "replace") for key, value in ATTRIBUTE.findall(link)}
    target, kind = said.get("Target", ""), said.get("Type", "").rpartition("/")[2]
    whole = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    if whole not in names or kind not in TEXTS or (kind == PROPERTIES and not _is_whole(archive, names[whole])):
        return ""
    return whole


def _is_whole(archive: zipfile.ZipFile, stored: str) -> bool:
    from lxml import etree

    try:
        etree.fromstring(archive.read(stored))
    except (zipfile.BadZipFile, zlib.error, etree.XMLSyntaxError):
        return False
    return True
