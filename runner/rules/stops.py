"""Texts that should end an answer, and never stand in one as they are written."""

import re
from typing import Any

MARK = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Za-z_]{1,20}\]|</?[A-Za-z_|]{1,20}>?")  # as templates have them: <|im_end|>, </s>, [INST]
EDGES = " \"'`"


def stops_meant(stops: list[Any], end: str) -> tuple[list[Any], str]:
    """The list that was meant by `stops`, none of which is `end`, the mark at which answers end; and what is odd about one, in words.

    Several marks in one text are parted, blanks and quotes around a mark go, and one that is nearly `end` becomes it.
    """
    meant: list[Any] = []
    why = ""
    for stop in stops:
        parts = _parts(stop) if isinstance(stop, str) else [stop]
        if len(parts) > 1:
            why = f": {stop!r} is one text with commas, which no answer holds"
        for part in parts:
            better = end if isinstance(part, str) and _nearly(part, end) else part
            if better != stop and not why:
                why = f": {stop!r} is another text"
            meant += [better] if better not in meant else []
    return [*meant, end] if end not in meant else meant, why


def _parts(stop: str) -> list[str]:
    parts = [part.strip(EDGES) for part in re.split(r"\s*[,;]\s*|(?<=>)\s+(?=<)", stop) if part.strip(EDGES)]
    if len(parts) > 1 and all(MARK.fullmatch(part) for part in parts):
        return parts
    bare = stop.strip(EDGES)
    return [bare] if bare != stop and MARK.fullmatch(bare) else [stop]


def _nearly(stop: str, end: str) -> bool:
    """True for the mark without its bars, or in other letters."""
    plain = re.sub(r"[^a-z0-9]", "", end.lower())
    return stop != end and bool(plain) and re.sub(r"[^a-z0-9]", "", stop.lower()) == plain
