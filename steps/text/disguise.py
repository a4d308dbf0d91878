"""What a file is by its first bytes, where that is not what its name or its source's `format` says: half a download, or packed.

Told from the head, and of parquet from the last four bytes: no file is read.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

from schemas.context import ForecastContext
from steps.text.choices import BY_EXTENSION, format_of
from steps.text.packed import packing
from steps.text.unreadable import Unreadable

HEAD = 65536
SIGNS = 4096  # bytes by which texts with the signs of another format are known
POINTER = b"version https://git-lfs"  # github.com/git-lfs/git-lfs/blob/main/docs/spec.md
PACKERS = {"gz": (b"\x1f\x8b", "gzip"), "zst": (b"\x28\xb5\x2f\xfd", "zstandard"), "bz2": (b"BZh", "bzip2"), "xz": (b"\xfd7zXZ", "xz")}
FOOT = b"PAR1"  # github.com/apache/parquet-format: at both ends; PARE where the foot is encrypted
ANSWERS = (b"404", b"403", b"401", b"entry not found", b"not found", b"repository not found", b"invalid username or password",
           b"access denied", b"unauthorized", b"forbidden", b"accessdenied", b'{"error"')  # fmt: skip
WHOLE_ANSWERS = (b"entry not found", b"repository not found", b"404: not found", b"invalid username or password", b"not found", b"404")
BINARIES = {
    b"SQLite format 3\0": "a data base of SQLite", b"ARROW1\0": "an Arrow file", b"\x80\x04\x95": "a pickle of Python",
    b"\x93NUMPY": "an array of numpy", b"\x89HDF\r\n": "an HDF5 file", b"Obj\x01": "an Avro file", b"GGUF": "a GGUF file",
}  # fmt: skip
START = rb"(?:\xef\xbb\xbf)?\s*"
SIGNED = (  # texts with the signs of another format in them: how they begin, what they are, what would be learned as words, what to do
    (re.compile(START + rb"\{\\rtf"), "RTF", "its signs for fonts", "save it as .docx or .txt, and name that file"),
    (re.compile(START + rb"%!PS"), "PostScript", "its commands", "make a PDF of it, such as with ps2pdf, and name that file"),
    (re.compile(START + rb"[\w-]+: (?=(?s:.*?)\n(?i:mime-version:))(?s:.*?)\n(?i:content-type:\s*multipart/related\b)(?s:.*?)text/html"),
     "a web archive (MHT)", "its markup", "save the page as HTML, and name that file"),
)  # fmt: skip
PAGE = re.compile(START + rb"(?i:<\?xml[^>]*>\s*)?(?s:<!--.*?-->\s*)?(?i:<!doctype\s+html\b|<html[\s>])")
SAVED = ("dataset_info.json", "state.json", "dataset_dict.json")  # of datasets' save_to_disk, beside the Arrow files
TO_ROWS = "datasets.load_from_disk(FOLDER).to_json('rows.jsonl') writes its rows: name that file"
SHORT = 400  # bytes of a server's word in place of a file
AGAIN = "fetch the file again, and look into it; on the hub files stand under /resolve/, and /blob/ is a page about one"


class Disguise(NamedTuple):
    """reason: what it is, behind the file's name. fix: what to do; empty where it is another file that is needed."""

    reason: str
    fix: str


def disguise(context: ForecastContext, path: Path, wanted: object = "auto") -> Disguise | None:
    """Why `path` cannot be what it is read as; None for a file that may be, or is empty or of no kind."""
    try:
        kind = format_of(path, wanted if isinstance(wanted, str) else "auto")  # type: ignore[arg-type]
    except Unreadable:
        return None
    size = context.size(path)
    head = context.head(path, HEAD)
    if not size or not head:
        return None
    if head.startswith(POINTER) and size < 1024:
        return Disguise("it is a pointer of Git LFS, not the file", "git lfs pull")
    packed = packing(path)
    if packed:
        frames = packed == "zst" and head[1:4] == b"\x2a\x4d\x18"  # RFC 8878, 3.1.2: frames that are skipped may come first
        return None if frames or head.startswith(PACKERS[packed][0]) else _not_packed(path, packed, head)
    if path.name in SAVED and any(each.suffix == ".arrow" for each in context.files(str(path.parent))):
        return Disguise("it describes a data set that datasets has saved, in Arrow files", TO_ROWS)
    if kind == "parquet":
        return _no_parquet(context, path, head)
    if kind in ("pdf", "docx"):
        return _of_document(kind, head)
    return _of_text(path, kind, head, size, wanted)


def _not_packed(path: Path, packed: str, head: bytes) -> Disguise:
    if _is_page(head):
        return Disguise("it is a web page, as a failed download leaves one", AGAIN)
    other = next((name for name, (magic, _) in PACKERS.items() if head.startswith(magic)), "")
    plain = path.name.removesuffix(path.suffix)
    if other:
        return Disguise(f"it is called .{packed} and packed with {PACKERS[other][1]}", f"call it {plain}.{other}")
    if not _is_binary(head):
        return Disguise(f"it is called .{packed} and is not packed", f"call it {plain}")
    return Disguise(f"it is called .{packed} and begins with {head[:12]!r}", "fetch or make it again, or name another file")


def _no_parquet(context: ForecastContext, path: Path, head: bytes) -> Disguise | None:
    if not head.startswith((FOOT, b"PARE")):
        if _is_page(head):
            return Disguise("it is a web page, as a failed download leaves one", AGAIN)
        real = "jsonl" if head.lstrip()[:1] == b"{" else ""
        fix = f"write format: {real} beside path" if real else "fetch or make it again, or name another file"
        return Disguise(f"it is no parquet file: it begins with {head[:12]!r}", fix)
    try:
        with open(context.project / os.path.expanduser(path), "rb") as file:
            file.seek(-4, os.SEEK_END)
            foot = file.read(4)
    except OSError:
        return None
    if foot in (FOOT, b"PARE"):
        return None
    return Disguise("it is cut off: a parquet file ends with PAR1", "fetch or make it again: it was not written to its end")


def _of_document(kind: str, head: bytes) -> Disguise | None:
    """PDF readers look for %PDF in the first kilobyte (ISO 32000-1, annex H)."""
    if kind == "pdf" and b"%PDF" not in head[:1024]:
        what = "a web page, as a failed download leaves one" if _is_page(head) else f"no PDF: it begins with {head[:12]!r}"
        return Disguise(f"it is {what}", AGAIN if _is_page(head) else "fetch it again, or say what it is with format:")
    if kind == "docx" and not head.startswith(b"PK"):
        old = head.startswith(b"\xd0\xcf\x11\xe0")
        reason = "it is an old .doc file or an encrypted one" if old else f"it is no DOCX: it begins with {head[:12]!r}"
        return Disguise(reason, "save it as DOCX, without a password" if old else "fetch it again, or say what it is with format:")
    return None


def _of_text(path: Path, kind: str, head: bytes, size: int, wanted: object) -> Disguise | None:
    other = next((name for name, (magic, _) in PACKERS.items() if head.startswith(magic)), "")
    if other and (other != "bz2" or head[3:4].isdigit()):
        return Disguise(f"it is packed with {PACKERS[other][1]}", f"it is packed: call it {path.name}.{other}")
    if head.startswith(FOOT) and b"\0" in head:
        return Disguise("it is a parquet file", "write format: parquet beside path, or call it by that name")
    if head.startswith((b"PK\x03\x04", b"%PDF-")):
        if head.startswith(b"PK"):
            if b"xl/" in head or b"[Content_Types].xml" in head:
                return Disguise("it is a table of Excel, or another file of an office", "save it as CSV or text, and name that file")
            return Disguise("it is a ZIP file", "unzip it, and name what is in it")
        return Disguise("it is a PDF", "write format: pdf beside path")
    binary = next((what for magic, what in BINARIES.items() if head.startswith(magic)), "")
    if binary and (b"\0" in head or head[0] >= 0x80):
        return Disguise(f"it is {binary}", "write its rows as JSON lines or parquet, and name that file")
    if kind in ("txt", "md", "html") and wanted in (None, "auto") and (other_signs := signed(head[:SIGNS])):
        return other_signs
    if kind in ("txt", "md", "html"):
        short = head.strip().lower().rstrip(b".") if kind != "html" and size <= SHORT else b""
        return Disguise(f"it holds what a server answered: {short.decode('ascii')}", AGAIN) if short in WHOLE_ANSWERS else None
    if head.startswith(b"<?xml") and (error := re.search(rb"<Code>(\w+)</Code>", head)) is not None:
        return Disguise(f"it holds what a server answered: {error[1].decode('ascii')}", "fetch the file again, with the right to read it")
    if _is_page(head):
        return Disguise("it is a web page, as a failed download leaves one", AGAIN)
    if size <= SHORT and head.strip().lower().startswith(ANSWERS):
        return Disguise(f"it holds what a server answered: {head.decode('utf-8', 'replace').strip().splitlines()[0][:80]}", AGAIN)
    real = BY_EXTENSION.get(path.suffix.lower().lstrip("."), "")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    rows = start.startswith((b'{"', b'{ "', b"[{", b"[\n"))
    if wanted == "csv" and rows and real != "csv":
        mended = "delete format: csv" if real in ("json", "jsonl") else f"write format: {'json' if start[:1] == b'[' else 'jsonl'}"
        return Disguise("it is read as a table, format: csv, and holds rows of JSON", mended)
    if wanted in ("json", "jsonl") and real == "csv" and not rows:
        return Disguise(f"it is read as rows of JSON, format: {wanted}, and holds a table", f"delete format: {wanted}")
    return None


def signed(start: bytes) -> Disguise | None:
    """What a text is by its beginning, where what it says stands among the signs of another format."""
    for begins, what, signs, fix in SIGNED:
        if begins.match(start):
            return Disguise(f"it is {what}, and {signs} would be learned as words", fix)
    return None


def _is_page(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:100].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")) or (start.startswith(b"<!--") and b"<html" in head.lower())


def _is_binary(head: bytes) -> bool:
    return b"\0" in head[:1024] or head[:1024].decode("utf-8", "ignore").count("\ufffd") > 0 or any(b < 9 for b in head[:1024])
