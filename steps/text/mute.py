"""Documents that open and give no text: scans, those under a password, pages that a script fills, blanks.

A check asks before a run does. What is dear to ask is remembered by content; a PDF is opened only where pymupdf is installed.
"""

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from schemas.context import ForecastContext
from schemas.findings import RecipeError
from steps.text.disguise import Disguise
from steps.text.packed import packing
from steps.text.unreadable import Unreadable

SMALL = 65536  # bytes of a text or page that is read whole
ENDS = 65536  # bytes of a PDF's end in which its table of contents is looked for; readers look into the last kilobyte (ISO 32000-1, H.3)
PAGES = 40  # of a PDF, spread over it, that may all be without text
HIDDEN = re.compile(rb"(?is)<(script|style|head|noscript|template)\b.*?</\1\s*>|<[^>]*>")  # of a page
WORDY = 60  # words of a page that surely has text
DOUBTFUL = re.compile(rb"\s*(?:\{\\rtf|---|\+\+\+|%!PS)")  # a file of another kind, or what may be front matter alone
WORDS = re.compile(rb"<(?:w:t|m:t|a:t)(?:\s[^>]*)?>[^<]*[^<\s]")
OCR = "run OCR over it, such as ocrmypdf {name} {name}, or name another file"
AGAIN = "fetch or make it again: it was not written to its end"
OFFICE = {
    "xl/": "a table of Excel",
    "ppt/": "slides",
    "Contents/": "a document of another office",
    "META-INF/": "a document of another office",
}
SAID = {  # what a PDF was found to be, and what to do
    "password": ("it is encrypted and opens only with a password", "write password: ${env:NAME} beside path, and export that variable"),
    "scan": ("it is a scan without a text layer", OCR),
    "blank": ("there is no text on any page", "make the file again, or name another"),
    "cut": ("it is cut off: a PDF ends with %%EOF", AGAIN),
    "damaged": ("it is damaged: it cannot be opened as a PDF", "fetch or make it again"),
}


def mute(context: ForecastContext, path: Path, kind: str, password: object = None) -> Disguise | None:
    """Why a document that is what it is called gives no text; None for one that does, or that is too large to be asked here.

    kind: its format. password: what is given to open it with; such a file is let be.
    """
    if packing(path):
        return None
    if kind == "pdf":
        return _of_pdf(context, path, password)
    if kind == "docx":
        found = context.remembered("docx without text 1", [path], lambda: _docx(context.project / os.path.expanduser(path)))
        return Disguise(*found) if found else None
    if kind in ("txt", "md", "html") and context.size(path) <= SMALL:
        return _of_text(context.project / os.path.expanduser(path), kind, context.head(path, SMALL))
    return None


def is_cut(context: ForecastContext, path: Path) -> bool:
    """True for a PDF whose end, with the table of what is in it, is not there: readers mend it as far as it goes."""
    try:
        with (context.project / os.path.expanduser(path)).open("rb") as file:
            file.seek(-min(ENDS, context.size(path)), os.SEEK_END)
            end = file.read()
    except OSError:
        return False
    return b"startxref" not in end and b"%%EOF" not in end


def _of_pdf(context: ForecastContext, path: Path, password: object) -> Disguise | None:
    if password:
        return None
    full = context.project / os.path.expanduser(path)
    found = context.remembered("pdf without text 1", [path], lambda: _pdf(full))
    if not found:
        return None
    reason, fix = SAID["cut"] if found != "password" and is_cut(context, path) else SAID[found]
    return Disguise(reason, fix.format(name=path.name) if fix is OCR else fix)


def _pdf(path: Path) -> str:
    """A key of SAID, or nothing: it has text, or nobody here can open it."""
    try:
        import pymupdf
    except ImportError:
        return ""
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    try:
        with pymupdf.open(path, filetype="pdf") as document:
            if document.needs_pass:
                return "password"
            pages = [document[number] for number in _spread(document.page_count)]
            if any(page.get_text("text").strip() for page in pages):
                return ""
            return "scan" if any(page.get_images() for page in pages) else "blank"
    except (RuntimeError, ValueError, TypeError):  # pymupdf's FileDataError and mupdf's errors are of the first kind
        return "damaged"


def _spread(count: int) -> Iterator[int]:
    """Numbers of at most PAGES pages, over the whole of a document."""
    return iter(sorted({number * count // min(count, PAGES) for number in range(min(count, PAGES))}))


def _docx(path: Path) -> tuple[str, str] | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            parts = [name for name in names if name.startswith("word/") and name.endswith(".xml")]
            if not any("word/" in name for name in names):
                what = next((what for folder, what in OFFICE.items() if any(name.startswith(folder) for name in names)), "a ZIP file")
                return f"it is {what}, no DOCX", "save it as .docx or .txt, and name that file"
            if any(WORDS.search(archive.read(name)) for name in parts):
                return None
            pictures = any(name.startswith("word/media/") for name in names)
            inside = any(name.endswith((".docx", ".html", ".htm", ".mht", ".txt", ".rtf")) for name in names)  # an altChunk
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return "it is cut off or damaged: a DOCX is a ZIP file", AGAIN
    if inside:
        return None
    return ("it holds pictures and no text", "write its text down, or name another file") if pictures else ("it holds no text", EMPTY)


EMPTY = "make the file again, or name another"


def _of_text(path: Path, kind: str, head: bytes) -> Disguise | None:
    """By the run's own reader, for a small file that does not plainly hold some."""
    bare = HIDDEN.sub(b"", head) if kind == "html" else head
    if not DOUBTFUL.match(head) and b"\0" not in head and len(bare.split()) > (WORDY if kind == "html" else 0):
        return None
    from steps.text.documents import read_documents

    nobody: Any = lambda reason, example: None  # noqa: E731 - what is dropped of it is told by the run
    try:
        if any(document.text.strip() for document in read_documents(path, wanted=kind, complain=nobody)):  # type: ignore[arg-type]
            return None
    except Unreadable as error:
        if kind == "html" and b"<script" in head.lower():
            return Disguise("there is no text in it: a script fills the page", "save it from a browser once it shows, or fetch its text")
        before = "there is" if str(error).startswith(("no ", "nothing ")) else "it" if str(error).startswith("begins ") else "it is"
        return Disguise(f"{before} {error}", EMPTY)
    except (RecipeError, OSError, ValueError):
        return None
    return Disguise("there is no text in it", EMPTY)
