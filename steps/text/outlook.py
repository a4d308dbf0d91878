"""What a corpus will be, told from file sizes and first rows, without reading it."""

import json
from typing import Any

from schemas import CorpusForecast, ForecastContext
from steps.text import rows
from steps.text.choices import format_of
from steps.text.heads import head_of
from steps.text.packed import packing, unpacked_bytes
from steps.text.tables import TABLES
from steps.text.unreadable import Unreadable

SHARE = {"pdf": 0.02, "docx": 0.3, "parquet": 2.0, "html": 0.4}  # bytes of text in a byte of file, roughly


def outlook(params: Any, context: ForecastContext) -> CorpusForecast:
    """The forecast of parse_corpus; None for what only the run can know."""
    total = documents = 0
    known = countable = True
    columns: list[str] | None = None
    languages: set[str] = set()
    chats = texts = 0
    because: dict[str, str] = {}
    for source in params.sources:
        if source.lang:
            languages.add(source.lang)
        if source.path is None:
            known = countable = False
            continue
        for path in context.files(source.path):
            try:
                kind = format_of(path, source.format)
            except Unreadable:
                continue
            size = unpacked_bytes(context.project / path, context.size(path)) if packing(path) else context.size(path)
            size = int(size * SHARE.get(kind, 1.0))
            head = head_of(context, path, kind) if kind in TABLES else None
            first = [row for _, row in head.rows[:50]] if head else []
            if head and first:
                columns = columns or rows.found_in(first)[0]
                chats, texts = _shapes(source, first, chats, texts)
                languages |= {row["lang"] for row in first if isinstance(row.get("lang"), str)}
                share, mean = _text_share(source, first)
                counted = head.total if head.total is not None else len(head.rows) if head.whole else None
                size = int(size * share) if counted is None or mean is None else int(counted * mean)
                documents += counted or max(1, round(size / (mean or 1000)))
            elif kind in TABLES or source.document in ("line", "blank_line"):
                countable = False
            else:
                documents += 1
            total += size
        if source.take is not None or source.weight is not None:
            known = countable = False
            because["bytes"] = "weight or take decides"
    return CorpusForecast(
        documents=documents if countable else None,
        bytes=total if known else None,
        characters=int(total * 0.93) if known else None,
        columns=columns,
        languages=sorted(languages),
        shape="chat" if chats and not texts else "text",
        seconds=1 + total / 5e6 if known else None,
        disk_bytes=int(total * 1.1) if known else None,
        because=because or {"bytes": "sizes of the files"},
    )


def _shapes(source: Any, first: list[dict[str, Any]], chats: int, texts: int) -> tuple[int, int]:
    try:
        chat = rows.is_chat(rows.meant(source.columns, *rows.found_in(first)))
    except rows.NoSuchColumn:
        return chats, texts
    return chats + chat, texts + (not chat)


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
