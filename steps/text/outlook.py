"""What a corpus will be, told from file sizes and first rows, without reading it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import CorpusForecast, ForecastContext
from steps.text import rows
from steps.text.choices import format_of
from steps.text.disguise import disguise
from steps.text.forms import FILES, first_other
from steps.text.heads import head_of
from steps.text.hubpage import told
from steps.text.packed import packing, unpacked_bytes
from steps.text.tables import TABLES
from steps.text.unreadable import Unreadable

SHARE = {"pdf": 0.12, "docx": 0.12, "parquet": 2.0, "html": 0.4}  # bytes of text in a byte of file, roughly
GUESSED = ("pdf", "docx")  # of 12 PDFs 0.03 to 0.29, of 10 DOCX 0.006 to 0.44, by how many pictures they hold


@dataclass(slots=True)
class _Drawn:
    """What one source gives; None for what is not known."""

    documents: int | None = 0
    bytes: int | None = 0

    def add(self, documents: int | None, size: int | None) -> None:
        """One file's."""
        self.documents = None if self.documents is None or documents is None else self.documents + documents
        self.bytes = None if self.bytes is None or size is None else self.bytes + size

    def cut(self, share: float) -> None:
        """So much of it."""
        self.documents = None if self.documents is None else int(self.documents * share)
        self.bytes = None if self.bytes is None else int(self.bytes * share)


@dataclass(slots=True)
class _Seen:
    """What the sources are made of."""

    columns: list[str] | None = None
    languages: set[str] = field(default_factory=set)
    chats: int = 0
    texts: int = 0
    pages: list[str] = field(default_factory=list)  # data sets whose page was read
    guessed: bool = False


def outlook(params: Any, context: ForecastContext) -> CorpusForecast:
    """The forecast of parse_corpus; None for what only the run can know."""
    seen = _Seen()
    drawn = [_of(source, seen, context) for source in params.sources]
    for source, one in zip(params.sources, drawn, strict=True):
        if source.take is not None:
            if one.documents is None:
                one.bytes = None
            elif one.documents > source.take:
                one.cut(source.take / one.documents)
    _weigh(params, drawn)
    documents, total = (_sum([one.documents for one in drawn]), _sum([one.bytes for one in drawn]))
    decides = total is None and any(s.take is not None or s.weight is not None for s in params.sources)
    files = ["sizes of the files"] if any(source.path is not None for source in params.sources) or not seen.pages else []
    because = "weight or take decides" if decides else " and ".join([*files, *seen.pages])
    return CorpusForecast(
        documents=documents,
        bytes=total,
        guessed=seen.guessed,
        characters=int(total * 0.93) if total is not None else None,
        columns=seen.columns,
        languages=sorted(seen.languages),
        shape="chat" if seen.chats and not seen.texts else "text",
        seconds=1 + total / 5e6 if total is not None else None,
        disk_bytes=int(total * 1.1) if total is not None else None,
        because={"bytes": because},
    )


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _weigh(params: Any, drawn: list[_Drawn]) -> None:
    """Weighed sources end with the first that is spent; with `repeat` each is read to its end once."""
    weighed = [(source.weight, one) for source, one in zip(params.sources, drawn, strict=True) if source.weight is not None]
    sizes = [(weight, one.bytes) for weight, one in weighed if one.bytes]
    if len(sizes) < len(weighed):
        for _, one in weighed:
            one.documents = one.bytes = None
        return
    rounds = [size / weight for weight, size in sizes]
    most = (max if params.exhausted == "repeat" else min)(rounds, default=0.0)
    for weight, one in weighed:
        one.cut(most * weight / (one.bytes or 1))


def sizes(params: Any, context: ForecastContext) -> dict[int, tuple[int, float]] | None:
    """Bytes and weight of each source that has a weight, by its place; None where one's size is not known, or it has none."""
    found: dict[int, tuple[int, float]] = {}
    for place, source in enumerate(params.sources):
        if source.weight is None:
            continue
        one = _of(source, _Seen(), context)
        if source.take is not None and one.documents is not None and one.documents > source.take:
            one.cut(source.take / one.documents)
        if not one.bytes or (source.take is not None and one.documents is None):
            return None
        found[place] = one.bytes, source.weight
    return found


def _of(source: Any, seen: _Seen, context: ForecastContext) -> _Drawn:
    """One source, by its files or, on the hub, by its page where that is at hand."""
    one = _Drawn()
    if source.lang:
        seen.languages.add(source.lang)
    if source.path is None:
        page = told(context, source.hub, source.revision, source.config, source.split) if source.hub else None
        if page is None:
            return _Drawn(None, None)
        seen.columns = seen.columns or page.columns or None
        _shape(source, page.columns, None, seen)
        seen.pages.append(f"the page of {source.hub}")
        return _Drawn(page.rows, page.bytes)
    files = context.files(source.path)
    if not files:
        return _Drawn(None, None)  # another machine has them, or nobody: told as D102, and nothing can be counted
    if any(disguise(context, path, source.format) is not None for path in files[:FILES]):
        return _Drawn(None, None)  # told as D104
    read = False
    for path in files:
        try:
            kind = format_of(path, source.format)
        except Unreadable:
            continue
        read = True
        seen.guessed |= kind in GUESSED
        one.add(*_file(source, path, kind, seen, context))
    if not read:
        return _Drawn(None, None)  # told as D104
    if first_other(context, context.files(source.path), source.format) is not None:
        one.documents = None  # a file is no document then
    return one


def _file(source: Any, path: Path, kind: str, seen: _Seen, context: ForecastContext) -> tuple[int | None, int | None]:
    """Documents of a file, and the bytes of their text; None for both of one that gives nothing."""
    size = unpacked_bytes(context.project / path, context.size(path)) if packing(path) else context.size(path)
    size = int(size * SHARE.get(kind, 1.0))
    head = head_of(context, path, kind) if kind in TABLES else None
    first = [row for _, row in head.rows[:50]] if head else []
    if head and head.whole and not head.rows and not head.broken:
        return None, None  # told as D104
    if not head or not first:
        return None if kind in TABLES or source.document in ("line", "blank_line") else 1, size
    seen.columns = seen.columns or rows.found_in(first)[0]
    _shape(source, *rows.found_in(first), seen)
    seen.languages |= {row["lang"] for row in first if isinstance(row.get("lang"), str)}
    share, mean = _text_share(source, first)
    counted = head.total if head.total is not None else len(head.rows) if head.whole else None
    size = int(size * share) if counted is None or mean is None else int(counted * mean)
    return counted or max(1, round(size / (mean or 1000))), size


def _shape(source: Any, found: list[str], row: dict[str, Any] | None, seen: _Seen) -> None:
    """Whether rows with these columns are conversations or texts; neither, when they cannot be read."""
    try:
        chat = rows.is_chat(rows.meant(source.columns, found, row))
    except rows.NoSuchColumn:
        return
    seen.chats += chat
    seen.texts += not chat


def _text_share(source: Any, first: list[dict[str, Any]]) -> tuple[float, float | None]:
    """Share of the file's bytes that become text, and the mean bytes of a document, None when no row becomes one."""
    read = made = count = 0
    try:
        roles = rows.meant(source.columns, *rows.found_in(first))
    except rows.NoSuchColumn:
        return 1.0, None
    for row in first:
        read += len(json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "replace")) + 1
        try:
            made += len(rows.document(row, roles).text.encode("utf-8", "replace"))
            count += 1
        except (rows.BadRow, KeyError):  # KeyError: columns names no text, which recipe check says
            continue
    return (made / read, made / count) if count and made else (1.0, None)
