"""One file to documents, by its format. Whatever cannot be read is Unreadable, with the reason."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from schemas import Document
from steps.text.encodings import decode
from steps.text.packed import PACKED, open_bytes, told
from steps.text.tables import TABLES, Complain, table
from steps.text.unreadable import Unreadable

Format = Literal["auto", "txt", "md", "html", "jsonl", "json", "csv", "parquet", "pdf", "docx"]
Split = Literal["file", "blank_line", "line"]
BY_EXTENSION = {
    "txt": "txt", "text": "txt", "md": "md", "markdown": "md", "html": "html", "htm": "html", "xhtml": "html", "jsonl": "jsonl",
    "ndjson": "jsonl", "json": "json", "csv": "csv", "tsv": "csv", "parquet": "parquet", "pdf": "pdf", "docx": "docx",
}  # fmt: skip


def format_of(path: Path, wanted: Format = "auto") -> str:
    """The format of a file: as written, or by its extension (before `.gz`). Raises Unreadable for an extension nobody reads."""
    if wanted != "auto":
        return wanted
    suffixes = [s.lower().lstrip(".") for s in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    found = BY_EXTENSION.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise Unreadable(f"no reader for .{suffixes[-1]} files" if suffixes else "no extension to tell what it is")
    return found


def read_documents(
    path: Path,
    *,
    wanted: Format = "auto",
    split: Split | None = None,
    columns: Mapping[str, str] | None = None,
    references: bool = False,
    complain: Complain,
) -> Iterator[Document]:
    """Documents of one file, streamed where the format allows it.

    references: keep the reference lists of papers. Raises Unreadable with the reason, NoSuchColumn for a table without the columns
    named, RecipeError when the library that reads the format is not installed.
    """
    with told(path):
        kind = format_of(path, wanted)
        if path.stat().st_size == 0:
            raise Unreadable("empty file")
        if kind in TABLES:
            yield from table(path, kind, columns, complain)
        else:
            text, title = READERS[kind](path, references)
            yield from _parted(text, title, split or "file")


def _parted(text: str, title: str, split: Split) -> Iterator[Document]:
    if split == "file":
        yield Document(text=text, title=title)
        return
    parts = text.splitlines() if split == "line" else re.split(r"\n[^\S\n]*\n\s*", text)
    for part in parts:
        if part.strip():
            yield Document(text=part)


# ---------------------------------------------------------------- texts
def _txt(path: Path, references: bool) -> tuple[str, str]:
    from steps.text.papers import without_references
    from steps.text.wrapped import unwrapped

    text = unwrapped(_text_of(path).replace("\r\n", "\n").replace("\r", "\n"))
    return (text if references else without_references(text)), ""


def _md(path: Path, references: bool) -> tuple[str, str]:
    from steps.text.papers import without_references

    text = _text_of(path).replace("\r\n", "\n")
    title = ""
    if match := re.match(r"---\n(.*?)\n---\n", text, re.DOTALL):  # front matter is about the text, not of it
        text = text[match.end() :]
        if line := re.search(r"^title:\s*(.+)$", match[1], re.MULTILINE):
            title = line[1].strip("\"' ")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    return (text if references else without_references(text)), title


def _html(path: Path, references: bool) -> tuple[str, str]:
    from steps.text.html_text import html_charset, html_text
    from steps.text.papers import without_references

    data = _all(path)
    text, title = html_text(html_charset(data) or decode(data)[0])
    if not text.strip():
        raise Unreadable("no text in it but markup")
    return (text if references else without_references(text)), title


def _pdf(path: Path, references: bool) -> tuple[str, str]:
    from steps.text.pdf_text import pdf_text

    return pdf_text(path, references=references)


def _docx(path: Path, references: bool) -> tuple[str, str]:
    from steps.text.docx_text import docx_text

    return docx_text(path, references=references)


READERS: dict[str, Callable[[Path, bool], tuple[str, str]]] = {"txt": _txt, "md": _md, "html": _html, "pdf": _pdf, "docx": _docx}


def _text_of(path: Path) -> str:
    data = _all(path)
    for mark, name in ((b"%PDF-", "a PDF"), (b"PK\x03\x04", "a ZIP archive (DOCX, XLSX, …)"), (b"\x89PNG", "a picture")):
        if data.startswith(mark):
            raise Unreadable(f"{name} under another name")
    text, _ = decode(data)
    if not text.strip():
        raise Unreadable("nothing but blanks")
    return text


def _all(path: Path) -> bytes:
    with open_bytes(path) as file:
        return file.read()
