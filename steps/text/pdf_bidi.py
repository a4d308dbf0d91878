"""Names in Hebrew or Arabic among Latin words: mupdf sets the signs and blanks that follow such a name before it."""

import re

LEAD = re.compile(rb"[\xd6-\xdb]")  # begins a letter of theirs in UTF-8
LETTERS = "\u0590-\u06ff\u200f"
MOVED = re.compile(rf"(?<= )([ ,.;:!?)]+)([{LETTERS}](?:[{LETTERS} ]*[{LETTERS}])?)(?=[^\W_])")


def followed(data: bytes, text: str) -> str:
    """`text`, decoded from `data`, with what follows such names behind them again."""
    return MOVED.sub(lambda found: found[2] + found[1][::-1], text) if LEAD.search(data) else text
