"""Files of rows (JSONL, JSON, CSV, parquet), streamed: each row as a dict with its place in the file."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from schemas import Document, RecipeError
from steps.text import rows
from steps.text.encodings import decode, wide
from steps.text.jsonlines import HEAD, MARK, Lines, wide_lines
from steps.text.left_out import BROKEN, INCOMPLETE, NAMESAKES, OPEN, TWICE
from steps.text.packed import open_bytes
from steps.text.textfile import open_text, tell_encoding
from steps.text.unreadable import Unreadable

LONG = 1 << 20  # bytes of a line
_decode = json.JSONDecoder().decode
TABLES = ("jsonl", "json", "csv", "parquet")
NO_UTF8 = object()  # a value that is no UTF-8
SAMPLE = 20  # first rows, by which the columns of a file are known: a row may lack what the others have
Complain = Callable[[str, str], None]  # reason, example: a row that was left out
Row = tuple[str, dict[str, Any]]  # where it stands, and the row


def table(path: Path, kind: str, columns: Mapping[Any, str] | None, complain: Complain) -> Iterator[Document]:
    """Documents of a file of rows. Raises Unreadable when no row can be read, NoSuchColumn when the first rows lack what is asked."""
    if kind == "parquet":
        yield from documents(_parquet(path, columns, complain), columns, complain, path.name)
        return
    yield from documents(READERS[kind](path, complain), columns, complain, path.name)


def documents(found: Iterator[Row], columns: Mapping[Any, str] | None, complain: Complain, name: str) -> Iterator[Document]:
    """Rows as documents; a row that can be none is complained of. Raises Unreadable when there is no row at all."""
    from steps.text.mojibake import read_once

    first = list(islice(found, SAMPLE))
    if not first:
        raise Unreadable("no row that can be read")
    roles = rows.meant(columns, *rows.found_in(row for _, row in first))
    for where, row in chain(first, found):
        try:
            made, once = read_once(rows.document(row, roles))
        except rows.BadRow as error:
            complain(f"{INCOMPLETE}: {error.kind}", f"{name}, {where}: {error}")
            continue
        if once:
            complain(TWICE, f"{name}, {where}: {once}")
        yield made


def _jsonl(path: Path, complain: Complain) -> Iterator[Row]:
    with open_bytes(path) as file:
        head = file.read(HEAD)
    tell_encoding(wide(head[:4]), path.name, complain)
    with open_bytes(path) as file:
        yield from _json_lines(wide_lines(file, head) or file, path, complain, head)


def _json_lines(lines: Iterator[bytes] | BinaryIO, path: Path, complain: Complain, head: bytes = b"") -> Iterator[Row]:
    read = Lines(head)
    number = 0  # `enumerate` would hold the last line
    for line in lines:
        number += 1
        line = line.removeprefix(MARK)
        try:
            row = _row(line, read)
        except (ValueError, RecursionError) as error:
            if line.strip():
                complain(f"{BROKEN}: {_fault(error)}", f"{path.name}, line {number}: {_told(error)}")
            continue
        del line  # a long one would be held beside what is made of it
        if isinstance(row, dict):
            yield f"line {number}", row
        else:
            complain(f"{BROKEN}: no JSON object", f"{path.name}, line {number}: no JSON object")
    tell_encoding(read.other, path.name, complain)


def _row(line: bytes, read: Lines) -> Any:
    """What a line holds. Raises ValueError. A long one is read from its bytes, where orjson is: as text it is up to four times as large."""
    if len(line) > LONG:
        with suppress(ImportError, ValueError):  # it takes no NaN and no half of a pair; what is wrong is said below
            from orjson import loads

            return loads(line)
    return _decode(read.text(line))


def _fault(error: Exception) -> str:
    """What is wrong in general, by which such rows are counted."""
    if isinstance(error, json.JSONDecodeError):
        return error.msg.removesuffix(" at")
    return "no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _told(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 at byte {error.start + 1} of the line"
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')}, column {error.colno}"
    return str(error)


def _json(path: Path, complain: Complain) -> Iterator[Row]:
    """A list of rows, an object that holds one such list, a single row, or (by another name) JSON lines."""
    with open_bytes(path) as file:
        text, encoding = decode(file.read())
    tell_encoding(encoding, path.name, complain)
    decoder = json.JSONDecoder()
    at = _past_blanks(text, 0)
    if text[at : at + 1] != "[":
        try:
            whole, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"no JSON: {error}") from error
        if _past_blanks(text, end) < len(text):
            yield from _json_lines(iter(text.encode("utf-8").splitlines()), path, complain)
            return
        lists = [v for v in whole.values() if isinstance(v, list) and v and isinstance(v[0], dict)] if isinstance(whole, dict) else []
        found = lists[0] if len(lists) == 1 else [whole]
        yield from ((f"row {n}", row) for n, row in enumerate(found, 1) if isinstance(row, dict))
        return
    at, number = _past_blanks(text, at + 1), 0
    while at < len(text) and text[at] != "]":
        number += 1
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            complain(f"{BROKEN}: {_fault(error)}", f"{path.name}, row {number}: {error}; what follows it cannot be read")
            return
        if isinstance(row, dict):
            yield f"row {number}", row
        else:
            complain(f"{BROKEN}: no JSON object", f"{path.name}, row {number}: no JSON object")
        at = _past_blanks(text, at)
        if text[at : at + 1] == ",":
            at = _past_blanks(text, at + 1)
    if at >= len(text):
        complain(f"{BROKEN}: the list does not end", f"{path.name}, after row {number}: the list does not end, the file may be cut off")


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _csv(path: Path, complain: Complain) -> Iterator[Row]:
    from steps.text.delimited import Cells, dialect_of

    with open_text(path, lambda name: tell_encoding(name, path.name, complain), newline="") as (text, head):
        table = Cells(text, dialect_of(head, path))
        names = _distinct(table.names, path, complain)
        while True:
            number = table.line_num + 1
            try:
                cells = next(table, None)
            except csv.Error as error:
                complain(f"{BROKEN}: {_fault(error)}", f"{path.name}, line {number}: {error}")
                continue
            if cells is None:
                return
            if table.fault:
                complain(OPEN, f"{path.name}, line {number}: {table.fault}")
            if len(cells) == len(names):
                yield f"line {number}", dict(zip(names, cells, strict=True))
            elif cells:
                message = f"cells: {len(cells)}, columns: {len(names)}"
                complain(f"{BROKEN}: another number of cells", f"{path.name}, line {number}: {message}")


def _distinct(names: Sequence[str], path: Path, complain: Complain) -> list[str]:
    """The names of a table's columns, each once; it is told where one stands there twice."""
    told, again = rows.distinct(names)
    if again:
        complain(NAMESAKES, f"{path.name}: the first of {' and of '.join(map(repr, again))} has the name, the second is '{again[0]} (2)'")
    return told


def _parquet(path: Path, columns: Mapping[Any, str] | None, complain: Complain) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow import parquet as engine
    except ImportError as error:
        fix = 'pip install "recipe[train]"'
        raise RecipeError("D105", "parquet files need pyarrow, which is not installed", field="path", fix=fix) from error
    try:
        number = 0
        with engine.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
            given = file.schema_arrow.names
            names = dict(zip(_distinct(given, path, complain), given, strict=True))
            wanted = _wanted(columns, list(names))
            for batch in file.iter_batches(batch_size=256, columns=wanted and [names[name] for name in wanted]):
                for row in rows_of_batch(batch):
                    number += 1
                    if isinstance(row, str):
                        complain(f"{BROKEN}: {row}", f"{path.name}, row {number}: {row}")
                    else:
                        yield f"row {number}", row
    except (ArrowException, UnicodeDecodeError) as error:
        raise Unreadable(f"no readable parquet file: {str(error).splitlines()[0]}") from error


def rows_of_batch(batch: Any) -> Iterator[dict[str, Any] | str]:
    """Rows of a record batch of arrow; why in words, of those whose text is no UTF-8, which parquet does not look at."""
    names = rows.distinct(batch.schema.names)[0]
    try:
        lists = [column.to_pylist() for column in batch.columns]
    except UnicodeDecodeError:
        lists = [[_value(scalar) for scalar in column] for column in batch.columns]
    for values in zip(*lists, strict=True):
        broken = next((name for name, value in zip(names, values, strict=True) if value is NO_UTF8), None)
        yield dict(zip(names, values, strict=True)) if broken is None else f"no UTF-8 in column {broken!r}"


def _value(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return NO_UTF8


def _wanted(columns: Mapping[Any, str] | None, names: Sequence[str]) -> list[str] | None:
    """The columns that are read of a file with `names`; all of them where what is asked cannot be told by names alone."""
    try:
        return rows.columns_of(rows.meant(columns, names), names) or None
    except rows.NoSuchColumn:
        return None


READERS: dict[str, Callable[[Path, Complain], Iterator[Row]]] = {"jsonl": _jsonl, "json": _json, "csv": _csv}
