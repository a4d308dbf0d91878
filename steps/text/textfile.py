"""Text files that are read as a stream: the encoding found, and cut into documents without holding the file."""

import codecs
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TextIO

from steps.text.encodings import WRONG, decode
from steps.text.left_out import ENCODED
from steps.text.packed import open_bytes
from steps.text.patchwork import BOTH, AsUtf8
from steps.text.unreadable import Unreadable

HEAD = 65536  # bytes by which encoding and delimiter are known
BLOCK = 2 << 20  # characters that are held at once
OTHERS = (
    (b"%PDF-", "a PDF"), (b"PK\x03\x04", "a ZIP archive (DOCX, XLSX, …)"), (b"\x89PNG", "a picture"), (b"\x1f\x8b", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file"),
)  # fmt: skip
Told = Callable[[str], None]  # the name of an encoding
GAP = re.compile(r"\n[^\S\n]*\n\s*")


def refuse_others(data: bytes) -> None:
    """Raise Unreadable for the beginning of a file that is no text, whatever its name says."""
    for mark, name in OTHERS:
        if data.startswith(mark):
            raise Unreadable(f"{name} under another name")


def tell_encoding(encoding: str, name: str, complain: Callable[[str, str], None]) -> None:
    """Count the file `name` by its encoding, where that is not UTF-8."""
    encoding = encoding.removesuffix(WRONG)
    if encoding and encoding != "utf-8":
        complain(f"{ENCODED}: {encoding}", name)


def encoding_of(path: Path) -> tuple[str, str]:
    """What a file of text is written in, and its beginning: UTF-8 when all of it is, else what the part says that is not.

    Of a file behind an address only the beginning is looked at. Raises Unreadable when it is no text.
    """
    check = codecs.getincrementaldecoder("utf-8")()
    with open_bytes(path) as file:
        head = file.read(HEAD)
        piece = head
        while piece:
            try:
                check.decode(piece)
            except UnicodeDecodeError:
                break
            piece = file.read(1 << 20) if isinstance(path, Path) else b""
    refuse_others(head)
    if not piece and b"\0" not in head:
        return "utf-8", head.decode("utf-8", "ignore").removeprefix("\ufeff")
    found = decode(head if len(head) < HEAD else head + (piece if piece is not head else b""))[1].removesuffix(WRONG)
    if found.startswith(BOTH):
        return found, decode(head)[0]
    return found, head.decode(found, "ignore").removeprefix("\ufeff")


@contextmanager
def open_text(path: Path, told: Told, newline: str | None = None) -> Iterator[tuple[TextIO, str]]:
    """The text of a file as a stream, and its beginning; a byte that is none of its encoding's becomes U+FFFD.

    told: called with the encoding.
    """
    encoding, head = encoding_of(path)
    told(encoding)
    with open_bytes(path) as file:
        table = encoding.removeprefix(BOTH) if encoding.startswith(BOTH) else ""
        opened = io.BufferedReader(AsUtf8(file, table), 1 << 20) if table else file
        with io.TextIOWrapper(opened, "utf-8" if table else encoding, errors="replace", newline=newline) as text:
            yield text, head


def pieces(path: Path, split: Literal["blank_line", "line"], told: Told, *, references: bool) -> Iterator[str]:
    """The documents of a file, each a line, or what stands between empty lines; those of blanks alone are left out.

    told: called with the encoding. references: keep the reference list, which is only looked for in a file that is held at once.
    """
    with open_text(path, told) as (text, _):
        first = text.read(1).removeprefix("\ufeff").removeprefix("\n")
        if split == "line":
            for line in text:
                line, first = (first + line if first else line).removesuffix("\n"), ""
                if line.strip():
                    yield line
            if first.strip():
                yield first
            return
        yield from _between_gaps(text, first, references)


def _between_gaps(text: TextIO, held: str, references: bool) -> Iterator[str]:
    from steps.text.papers import without_references
    from steps.text.wrapped import unwrapped

    whole = True
    while True:
        more = text.read(BLOCK)
        held = (held + more).lstrip("\n") if whole else (held + more).lstrip()
        end = _last_gap(held, max(0, len(held) - len(more) - 2)) if more else len(held)
        if end < 0:
            continue  # one document that is longer than a block
        block = unwrapped(held[:end])
        if whole and not more and not references:
            block = without_references(block)
        yield from (part.strip("\n") for part in GAP.split(block) if part.strip())
        if not more:
            return
        held, whole = held[end:], False


def _last_gap(text: str, start: int) -> int:
    """Where the last empty line behind `start` begins, -1 when there is none."""
    at = text.rfind("\n\n", start)
    if at < 0:
        at = max((match.start() for match in GAP.finditer(text, start)), default=-1)
    if at < 0:
        return -1
    first = text.find("\n", len(text[:at].rstrip()), at)  # lines of blanks before it are of the same gap
    return first if first >= 0 else at
