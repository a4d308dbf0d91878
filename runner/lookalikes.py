"""Letters that look like those of the keyboard and are others, and characters that nobody sees. Loaded when a key is unknown."""

from unicodedata import category, name, normalize

ALIKE = str.maketrans(  # Cyrillic, Greek and Turkish letters, by the Latin one that they look like
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425"
    "\u03bf\u03b1\u03bd\u03c1\u03b9\u03ba\u03c5\u0131\u2010\u2011\u2012\u2013\u2014\u2212",
    "aeopcyxijshdABEKMHOPCTXoavpikui------",
)  # fmt: skip


def plain(word: str) -> str:
    """`word` in letters of the keyboard, without what nobody sees."""
    seen = "".join(c for c in word if category(c) not in ("Cf", "Mn", "Zs"))
    return "".join(c for c in normalize("NFKD", seen.translate(ALIKE)) if category(c) != "Mn")


def said(word: str) -> str:
    """What is strange in it: the first character that is none of the keyboard."""
    at, odd = next((n, c) for n, c in enumerate(word) if ord(c) > 126)
    if category(odd) in ("Cf", "Zs", "Mn"):
        return f"character {at + 1} is {name(odd, 'a sign').lower()} (U+{ord(odd):04X}), which nobody sees"
    return f"letter {at + 1}, {odd}, is {name(odd, 'another').lower()} (U+{ord(odd):04X})"
