"""Names in Hebrew or Arabic among Latin words: mupdf sets the signs and blanks that follow such a name before it."""

import re

LEADS = [bytes([byte]) for byte in range(0xD6, 0xDC)]  # begin their letters in UTF-8
LETTERS = "\u0590-\u06ff\u200f"
MOVED = re.compile(rf"(?<= )([ ,.;:!?)]+)([{LETTERS}](?:[{LETTERS} ]*[{LETTERS}])?)(?=[^\W_])")


def followed(data: bytes, text: str) -> str:
    """`text`, decoded from `data`, with what follows such names behind them again."""
    if data.isascii() or not any(lead in data for lead in LEADS):  # nearly all texts, at next to no cost
        return text
    return MOVED.sub(lambda found: found[2] + found[1][::-1], text)
