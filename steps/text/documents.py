"""One file to documents, by its format. Whatever cannot be read is Unreadable, with the reason."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from schemas import Document
from steps.text.choices import Format, Split, format_of
from steps.text.disguise import PAGE, SIGNS, signed
from steps.text.encodings import decode, seen
from steps.text.left_out import ALTERED, TWICE
from steps.text.packed import open_bytes, told
from steps.text.parts import EVERYTHING_USUAL, Part, Wanted, in_sections, joined, of_text
from steps.text.rows import read
from steps.text.tables import TABLES, Complain, table
from steps.text.textfile import pieces, refuse_others, tell_encoding
from steps.text.unreadable import Incomplete, Unreadable

FRONT = re.compile(  # of a page in Markdown: keys, what belongs to them, and remarks, in YAML or TOML; a rule begins no front matter
    r"---[ \t]*\n(?:(?:[\w\"'.-]+[ \t]*:(?:[ \t][^\n]*)?|[ \t]+[^\n]*|- [^\n]*|#[^\n]*|[\]}],?)?\n)*?(?:---|\.\.\.)[ \t]*(?:\n|$)"
    r"|\+\+\+[ \t]*\n(?:(?:[\w\"'.-]+[ \t]*=[^\n]*|\[[^\n]*|[ \t]+[^\n]*|#[^\n]*|\],?)?\n)*?\+\+\+[ \t]*(?:\n|$)"
)
MARKUP = re.compile(  # in Markdown: code, which is kept as it is (1); comments of HTML and JSX, and tags, which are not text
    r"(^(?:```|~~~).*?(?:^(?:```|~~~)[^\S\n]*$|\Z)|`[^`\n]+`|<https?://[^>\s]+>)|<!--.*?-->|[^\S\n]*\{/\*.*?\*/\}"
    r"|</?[A-Za-z][\w.-]*(?:\s[^<>]*)?/?>",
    re.DOTALL | re.MULTILINE,
)


def read_documents(
    path: Path,
    *,
    wanted: Format = "auto",
    split: Split | None = None,
    columns: Mapping[str, str] | None = None,
    parts: Wanted = EVERYTHING_USUAL,
    complain: Complain,
) -> Iterator[Document]:
    """Documents of one file, streamed where the format allows it.

    parts: which parts of a text are read. With weights by section each section is a document of its own, of one origin. Raises
    Unreadable with the reason, Incomplete behind the last document where pages are left out, NoSuchColumn for a table without the columns
    named, RecipeError when the library that reads the format is not installed.
    """
    with told(path):
        kind = format_of(path, wanted)
        if path.stat().st_size == 0:
            raise Unreadable("empty file")
        kind = _really(path, kind) if wanted == "auto" else kind
        if kind in TABLES:
            yield from table(path, kind, columns, complain)
        elif kind == "txt" and split in ("line", "blank_line"):
            known = partial(tell_encoding, name=path.name, complain=complain)
            yield from _streamed(pieces(path, split, known, references=parts.references), path.name, complain)
        else:
            found, title, *lost = READERS[kind](path, parts, complain)
            if kind != "pdf":  # its lines are joined at soft hyphens
                found = [part._replace(text=seen(part.text)) for part in found]
            if kind in ("txt", "md", "html"):
                found = [_once(part, path.name, complain) for part in found]
            if kind in ("txt", "md", "html"):
                _tell_wrong(sum(part.text.count("\ufffd") for part in found), path.name, complain)
            if not parts.formulas:
                for part in found:
                    if part.kind == "formula":
                        complain("displayed formula", f"{path.name}: {part.text[:60]!r}")
            if parts.sections is not None and (split or "file") == "file":
                yield from _sections(found, title, parts, complain, path.name)
            else:
                yield from _parted(joined(found, parts), title, split or "file")
            if any(lost):
                raise Incomplete(*lost)


def _really(path: Path, kind: str) -> str:
    """What a file is by its first bytes, where they say something else than its name: a PDF or a page called .txt is read as one."""
    with open_bytes(path) as file:
        start = file.read(SIGNS)
    if start.startswith(b"%PDF-"):
        return "pdf"
    if kind in ("txt", "md", "html"):
        if other := signed(start):
            raise Unreadable(f"{other.reason.removeprefix('it is ')}: {other.fix}")
        return "html" if PAGE.match(start) else kind
    if kind in ("jsonl", "json", "csv"):
        refuse_others(start)
    if kind == "docx" and start[:1] == b"{" and start[1:2] == b"\\":
        raise Unreadable("an RTF file under another name: save it as DOCX")
    return kind


def _streamed(found: Iterator[str], name: str, complain: Complain) -> Iterator[Document]:
    """Each piece of a text as a document; behind the last, how many places of them could not be read."""
    wrong = 0
    for part in found:
        wrong += part.count("\ufffd")
        yield read(seen(part))
    _tell_wrong(wrong, name, complain)


def _tell_wrong(places: int, name: str, complain: Complain) -> None:
    if places:
        complain(ALTERED, f"{name}: {places} places became U+FFFD")


def _once(part: Part, name: str, complain: Complain) -> Part:
    """A text that was encoded twice as it was before, which is told."""
    from steps.text.mojibake import mended
    from steps.text.mojibake import told as twice

    once = mended(part.text)
    if not once:
        return part
    complain(TWICE, f"{name}: {twice(part.text, once)}")
    return part._replace(text=once)


def _sections(found: list[Part], title: str, parts: Wanted, complain: Complain, file: str) -> Iterator[Document]:
    """Each section that has a weight above 0, all under the origin of the whole."""
    from blake3 import blake3

    origin = blake3(joined(found, parts).encode("utf-8")).hexdigest(16)
    for name, inside in in_sections(found):
        weight = (parts.sections or {}).get(name, 1.0)
        text = joined(inside, parts)
        if not text.strip():
            continue
        if weight:
            yield Document(text=text, title=title, origin=origin, section=name, weight=weight)
        else:
            complain("section of weight 0", f"{file}: {name}: {text[:60]!r}")


def _parted(text: str, title: str, split: Split) -> Iterator[Document]:
    if split == "file":
        yield Document(text=text, title=title)
        return
    parts = text.splitlines() if split == "line" else re.split(r"\n[^\S\n]*\n\s*", text)
    for part in parts:
        if part.strip():
            yield Document(text=part)


# ---------------------------------------------------------------- texts
def _txt(path: Path, parts: Wanted, complain: Complain) -> tuple[list[Part], str]:
    from steps.text.wrapped import unwrapped

    return _as_parts(unwrapped(_text_of(path, complain).replace("\r\n", "\n").replace("\r", "\n")), parts), ""


def _as_parts(text: str, parts: Wanted, *, markdown: bool = False) -> list[Part]:
    """A text as it is, less what is not wanted of it; taken apart only where its sections or its tables are asked for by name."""
    from steps.text.papers import without_references

    if parts.sections is not None or not (parts.tables and parts.captions):
        return of_text(text, markdown=markdown)
    return [Part("text", text if parts.references else without_references(text))]


def _md(path: Path, parts: Wanted, complain: Complain) -> tuple[list[Part], str]:
    text = _text_of(path, complain).replace("\r\n", "\n")
    title = ""
    if match := FRONT.match(text):  # front matter is about the text, not of it
        text = text[match.end() :]
        if line := re.search(r"^title\s*[:=]\s*(.+)$", match[0], re.MULTILINE):
            title = line[1].strip("\"' ")
    text = MARKUP.sub(lambda found: found[1] or "", text)
    return _as_parts(text, parts, markdown=True), title


def _html(path: Path, parts: Wanted, complain: Complain) -> tuple[list[Part], str]:
    from steps.text.html_charset import html_charset
    from steps.text.html_text import html_text

    data = _all(path)
    page = html_charset(data)
    encoding = ""
    if not page:
        page, encoding = decode(data)
    text, title = html_text(page)
    if not text.strip():
        raise Unreadable("no text in it but markup")
    tell_encoding(encoding, path.name, complain)
    return _as_parts(text, parts), title


def _pdf(path: Path, parts: Wanted, complain: Complain) -> tuple[list[Part], str, str]:
    from steps.text.pdf_text import pdf_parts

    return pdf_parts(path, parts)


def _docx(path: Path, parts: Wanted, complain: Complain) -> tuple[list[Part], str]:
    from steps.text.docx_text import docx_parts

    return docx_parts(path, parts)


Reader = Callable[[Path, Wanted, Complain], tuple[list[Part], str] | tuple[list[Part], str, str]]  # with its title, and what is left out
READERS: dict[str, Reader] = {"txt": _txt, "md": _md, "html": _html, "pdf": _pdf, "docx": _docx}


def _text_of(path: Path, complain: Complain) -> str:
    data = _all(path)
    refuse_others(data)
    text, encoding = decode(data)
    if not text.strip():
        raise Unreadable("nothing but blanks")
    tell_encoding(encoding, path.name, complain)
    return text


def _all(path: Path) -> bytes:
    with open_bytes(path) as file:
        return file.read()
