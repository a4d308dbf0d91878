"""One file to documents, by its format. Whatever cannot be read is Unreadable, with the reason."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal

from schemas import Document, RecipeError
from steps.text import rows
from steps.text.encodings import decode
from steps.text.unreadable import Unreadable

Format = Literal["auto", "txt", "md", "html", "jsonl", "csv", "parquet", "pdf", "docx"]
Split = Literal["file", "blank_line", "line"]
BY_EXTENSION = {
    "txt": "txt", "text": "txt", "md": "md", "markdown": "md", "html": "html", "htm": "html", "xhtml": "html", "jsonl": "jsonl",
    "ndjson": "jsonl", "csv": "csv", "tsv": "csv", "parquet": "parquet", "pdf": "pdf", "docx": "docx",
}  # fmt: skip
TABLES = ("jsonl", "csv", "parquet")
Complain = Callable[[str, str], None]  # reason, example: a row that was left out


def format_of(path: Path, wanted: Format = "auto") -> str:
    """The format of a file: as written, or by its extension (before `.gz`). Raises Unreadable for an extension nobody reads."""
    if wanted != "auto":
        return wanted
    suffixes = [s.lower().lstrip(".") for s in path.suffixes]
    if suffixes and suffixes[-1] == "gz":
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
    try:
        kind = format_of(path, wanted)
        if path.stat().st_size == 0:
            raise Unreadable("empty file")
        if kind in TABLES:
            yield from _table(path, kind, columns, complain)
        else:
            text, title = READERS[kind](path, references)
            yield from _parted(text, title, split or "file")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable(f"damaged gzip: {error}") from error
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from error


def _parted(text: str, title: str, split: Split) -> Iterator[Document]:
    if split == "file":
        yield Document(text=text, title=title)
        return
    parts = text.splitlines() if split == "line" else re.split(r"\n[^\S\n]*\n\s*", text)
    for part in parts:
        if part.strip():
            yield Document(text=part)


# ---------------------------------------------------------------- tables
def _table(path: Path, kind: str, columns: Mapping[str, str] | None, complain: Complain) -> Iterator[Document]:
    roles: dict[str, str] | None = None
    seen_bad = seen_good = 0
    for where, row in TABLE_READERS[kind](path, complain):
        if roles is None:
            roles = rows.meant(columns, list(row))
        try:
            found = rows.document(row, roles)
        except rows.BadRow as error:
            complain("incomplete row", f"{path.name}, {where}: {error}")
            seen_bad += 1
            continue
        seen_good += 1
        yield found
    if not seen_good and not seen_bad:
        raise Unreadable("no row that can be read")


def _jsonl(path: Path, complain: Complain) -> Iterator[tuple[str, dict[str, Any]]]:
    with _stream(path) as file:
        start = file.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        lines: Iterator[bytes] = iter(decode(_all(path))[0].encode("utf-8").splitlines())
        yield from _json_lines(lines, path, complain)
        return
    with _stream(path) as file:
        yield from _json_lines(iter(file), path, complain)


def _json_lines(lines: Iterator[bytes], path: Path, complain: Complain) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            complain("broken row", f"{path.name}, line {number}: {error}")
            continue
        if isinstance(row, dict):
            yield f"line {number}", row
        else:
            complain("broken row", f"{path.name}, line {number}: no JSON object")


def _csv(path: Path, complain: Complain) -> Iterator[tuple[str, dict[str, Any]]]:
    data = _all(path)
    text, _ = decode(data)
    head = text[:8192]
    tab = ".tsv" in path.suffixes or (head.count("\t") > head.count(",") and head.count("\t") > head.count(";"))
    delimiter = "\t" if tab else ";" if head.partition("\n")[0].count(";") > head.partition("\n")[0].count(",") else ","
    csv.field_size_limit(1 << 30)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        if None in row or None in row.values():
            complain("broken row", f"{path.name}, line {reader.line_num}: not as many cells as columns")
            continue
        yield f"line {reader.line_num}", row


def _parquet(path: Path, complain: Complain) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        from pyarrow import ArrowException
        from pyarrow import parquet as engine
    except ImportError as error:
        raise RecipeError("D105", "parquet files need pyarrow, which is not installed", fix='pip install "recipe[train]"') from error
    try:
        number = 0
        with engine.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=512):
                for row in batch.to_pylist():
                    number += 1
                    yield f"row {number}", row
    except ArrowException as error:
        raise Unreadable(f"no readable parquet file: {str(error).splitlines()[0]}") from error


TABLE_READERS: dict[str, Callable[[Path, Complain], Iterator[tuple[str, dict[str, Any]]]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
}


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
    with _stream(path) as file:
        return file.read()


def _stream(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]
