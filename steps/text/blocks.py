"""A corpus file in blocks of whole lines, which processes can share; a line too long to be held comes apart, its text in parts."""

import codecs
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, BinaryIO

from schemas import Corpus, RecipeError

BLOCK = 1 << 19  # bytes that one process takes at once
TAIL = 1 << 15  # bytes at its end where the last line break mostly is
LONG = 1 << 22  # a longer line is not held whole
OPENING = '{"text": "'  # how parse_corpus begins a row; another long row is held whole
WHOLE = re.compile(r'(?:[^"\\]++|\\u[0-9a-fA-F]{4}|\\[^u])*+')  # JSON characters, none cut in two
HIGH = re.compile(r"(?<!\\)(?:\\\\)*\\u[dD][89abAB][0-9a-fA-F]{2}\Z")  # ends with the first half of a pair
LOOK_BACK = 1 << 10  # characters; so many backslashes in a row decide what the last of them means


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes [start, stop) of a corpus file: whole lines; `long`: one that is longer than LONG."""

    path: str
    start: int
    stop: int
    long: bool = False


class BadRow(ValueError):
    """A line of a block, counted from 0, that is no row."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(line, why)
        self.line, self.why = line, why


class Changed(ValueError):
    """The file is not what it was when reading began."""


def blocks(path: Path, start: int = 0) -> Iterator[Block]:
    """The file from byte `start` in blocks. Raises Changed when it is cut or replaced while it is read, OSError when it is gone."""
    name = str(path)
    with path.open("rb") as file:
        before = _state(os.fstat(file.fileno()))
        while start < before[0]:
            stop = _end(file, start, before[0])
            yield Block(name, start, stop, stop - start > LONG)
            start = stop
        if _state(path.stat()) != before:
            raise Changed(f"{path.name} was changed while it was read")


def _state(known: os.stat_result) -> tuple[int, int, int]:
    return known.st_size, known.st_mtime_ns, known.st_ino


def _end(file: BinaryIO, start: int, size: int) -> int:
    """Where the block that begins at `start` ends: after a line break, the first one if it holds only one line.

    Looked for from its end on: a process that only hands blocks out need not read all of them.
    """
    at = min(start + BLOCK, size)
    for begin in (max(start, at - TAIL), start):
        file.seek(begin)
        last = file.read(at - begin).rfind(b"\n")
        if last >= 0:
            return begin + last + 1
    while at < size:
        data = file.read(BLOCK)
        if not data:
            raise Changed(f"{file.name} was cut while it was read")
        found = data.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(data)
    return at


def rows_of(block: Block, every: int = 1, first: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The rows of a block, and how many lines it has. Raises BadRow, Changed, OSError. every, first: as `lines_of`."""
    found, lines = lines_of(block, every, first)
    return [row for row, _ in found], lines


def lines_of(block: Block, every: int = 1, first: int = 0) -> tuple[list[tuple[dict[str, Any], bytes]], int]:
    """The rows of a block, each with its line as it stands there, and how many lines it has. Raises BadRow, Changed, OSError.

    every, first: of each so many lines one, from that line on (counted from 0); the others are not looked at.
    """
    with open(block.path, "rb", buffering=0) as file:
        file.seek(block.start)
        data = file.read(block.stop - block.start)
    if len(data) != block.stop - block.start:
        raise Changed(f"{Path(block.path).name} was cut while it was read")
    parse = _parser()
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    rows = []
    for number in range(first, len(lines), every):
        line = lines[number]
        try:
            row = parse(line)
        except ValueError:
            row = _again(line, number)
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise BadRow(number, "it is no object with a text")
        rows.append((row, line))
    return rows, len(lines)


def _again(line: bytes, number: int) -> Any:
    """What the quick parser refused, by the patient one, which also says why."""
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise BadRow(number, "it holds half of a surrogate pair, which is no character") from None
    except ValueError as error:
        raise BadRow(number, f"it is no JSON: {error}") from None
    return row


@cache
def _parser() -> Callable[[bytes], Any]:
    try:
        from orjson import loads
    except ImportError:
        return _plain
    return loads


def _plain(line: bytes) -> Any:
    """The standard library's, which takes half of a surrogate pair for a character. Raises ValueError."""
    row = json.loads(line)
    if b"\\ud" in line.lower():
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    return row


class LongRow:
    """The row of a long block. row: all of it but its text, which `parts` gives, or the whole of it when it cannot be parted."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.characters = 0
        self.row: dict[str, Any] = {}
        with open(block.path, "rb") as file:
            file.seek(block.start)
            self.parted = file.read(len(OPENING)) == OPENING.encode()
        if not self.parted:
            rows, _ = rows_of(block)
            self.row = rows[0]
            self.characters = len(self.row["text"])
            return
        rest = ""
        for part, last in self._parts():
            self.characters += len(part)
            rest = last
        try:
            self.row = json.loads("{" + rest.lstrip(", \t")) if rest.strip() != "}" else {}
            if not isinstance(self.row, dict):
                raise ValueError("no object")
        except ValueError as error:
            raise BadRow(0, f"it is no JSON: {error}") from None

    @property
    def repeated(self) -> int:
        """Characters at its beginning that the piece before it has too."""
        return 0 if self.row.get("messages") else int(self.row.get("overlap", 0))

    @property
    def new(self) -> int:
        """Characters of the text that no piece before it has."""
        return max(0, self.characters - self.repeated)

    def parts(self, start: int = 0) -> Iterator[str]:
        """The text from character `start` on, about BLOCK bytes at a time."""
        if not self.parted:
            yield self.row["text"][start:]
            return
        for part, _ in self._parts():
            if start < len(part):
                yield part[start:] if start else part
            start = max(0, start - len(part))

    def _parts(self) -> Iterator[tuple[str, str]]:
        """Parts of the text; beside the last one, what stands behind its closing quote."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        held, left = "", self.block.stop - self.block.start - len(OPENING)
        with open(self.block.path, "rb") as file:
            file.seek(self.block.start + len(OPENING))
            while True:
                data = file.read(min(BLOCK, left))
                if not data and left:
                    raise Changed(f"{Path(self.block.path).name} was cut while it was read")
                left -= len(data)
                try:
                    held += decoder.decode(data, final=not left)
                except UnicodeDecodeError as error:
                    raise BadRow(0, f"it is no UTF-8: {error}") from None
                end = _whole(held) if left else len(held)
                try:
                    part, stop = scanstring(held[:end] + '"', 0, False)  # with an end of our own, unless its own comes first
                    part.encode("utf-8")
                except UnicodeEncodeError:
                    raise BadRow(0, "it holds half of a surrogate pair, which is no character") from None
                except ValueError as error:
                    raise BadRow(0, f"it is no JSON: {error}") from None
                if stop <= end:
                    yield part, held[stop:] + decoder.decode(file.read(left), final=True)
                    return
                if not left:
                    raise BadRow(0, "its text has no end")
                yield part, ""
                held = held[end:]


def _whole(text: str) -> int:
    """How much of the inside of a JSON string can be read by itself: no escape, and no pair of them, is cut in two."""
    for end in range(len(text), max(0, len(text) - LOOK_BACK), -1):
        if "\\" not in text[max(0, end - 12) : end]:
            return end
    found = WHOLE.match(text)
    end = found.end() if found else 0
    half = HIGH.search(text, max(0, end - LOOK_BACK), end)
    return half.end() - 6 if half else end


class Place:
    """Where in the corpora we are. corpus: its number. at: byte of its file. line: lines of it that are done."""

    def __init__(self, corpora: list[Corpus], corpus: int = 0, at: int = 0, line: int = 0) -> None:
        self.corpora, self.corpus, self.at, self.line = corpora, corpus, at, line

    def blocks(self) -> Iterator[tuple[int, Block]]:
        """From here on, with the number of the corpus. Raises RecipeError D122 when a file cannot be read as it was."""
        for number in range(self.corpus, len(self.corpora)):
            start = self.at if number == self.corpus else 0
            try:
                for block in blocks(self.corpora[number].path / "corpus.jsonl", start):
                    yield number, block
            except (Changed, OSError) as error:
                raise damaged(error) from error

    def texts(self) -> "Iterator[str | Iterator[str]]":
        """The text of each document from here on; one that is not held comes in parts. Raises RecipeError D122."""
        for number, block in self.blocks():
            try:
                if block.long:
                    found: list[str | Iterator[str]] = [self._told(number, LongRow(block).parts())]
                    lines = 1
                else:
                    rows, lines = rows_of(block)
                    found = [row["text"] for row in rows]
            except (BadRow, Changed, OSError) as error:
                raise self.error(number, error) from error
            yield from found
            self.passed(number, block, lines)
        self.finish()

    def beginnings(self, every: int, characters: int) -> Iterator[dict[str, Any]]:
        """Of each so many documents one, its text cut to its first `characters`; no more of it is held. Raises RecipeError D122."""
        before = 0
        for number, block in self.blocks():
            try:
                if block.long:
                    rows, lines = [] if before % every else [_beginning(LongRow(block), characters)], 1
                else:
                    rows, lines = rows_of(block, every, -before % every)
            except (BadRow, Changed, OSError) as error:
                raise self.error(number, error) from error
            yield from ({**row, "text": row["text"][:characters]} for row in rows)
            before += lines
            self.passed(number, block, lines)
        self.finish()

    def _told(self, number: int, parts: Iterator[str]) -> Iterator[str]:
        try:
            yield from parts
        except (BadRow, Changed, OSError) as error:
            raise self.error(number, error) from error

    def passed(self, number: int, block: Block, lines: int) -> None:
        """A block is done."""
        if number != self.corpus:
            self._whole(number)
            self.corpus, self.line = number, 0
        self.at = block.stop
        self.line += lines

    def finish(self) -> None:
        """Raise RecipeError D122 unless each corpus had as many lines as its description says."""
        self._whole(len(self.corpora))

    def _whole(self, until: int) -> None:
        for number in range(self.corpus, until):
            said, found = self.corpora[number].documents_count, self.line if number == self.corpus else 0
            if said and said != found:
                where = self.corpora[number].path.name
                raise damaged(Changed(f"{where}/corpus.jsonl has {found} lines, its description says {said}: it was cut or changed"))

    def error(self, number: int, error: Exception) -> RecipeError:
        """What went wrong in the block after here, with the line's number in the file."""
        if isinstance(error, BadRow):
            line = (self.line if number == self.corpus else 0) + error.line + 1
            return damaged(Changed(f"corpus.jsonl, line {line}: {error.why}"))
        return damaged(error)


def _beginning(long: LongRow, characters: int) -> dict[str, Any]:
    """The row, with as many of the first parts of its text as hold so many characters."""
    text = ""
    for part in long.parts():
        text += part
        if len(text) >= characters:
            break
    return {**long.row, "text": text}


def damaged(error: Exception) -> RecipeError:
    """RecipeError D122 for a corpus that cannot be read."""
    said = f"{Path(error.filename).name} cannot be read: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
    return Corpus.damaged(said)
