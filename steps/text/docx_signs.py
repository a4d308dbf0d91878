"""Signs of the fonts Symbol and Wingdings, whose letters draw something else."""

SYMBOLS = dict(zip("abcdefghijklmnopqrstuvwxyz", "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True)) | {
    "D": "Δ", "S": "Σ", "W": "Ω", "F": "Φ", "G": "Γ", "L": "Λ", "P": "Π", "Q": "Θ", "Y": "Ψ", "X": "Ξ", "\xb1": "±", "\xb4": "×",
    "\xa3": "≤", "\xb3": "≥", "\xb0": "°", "\xb9": "≠", "\xbb": "≈", "\xae": "→", "\xb7": "•", "\xa5": "∞",
}  # fmt: skip
PICTURES = dict(zip("àßáâØüûþ¨§lnqvoJ", "→←↑↓➢✓✗☑◻▪●■❑❖□☺", strict=True))  # of the font Wingdings, those that stand in texts
PICTURE_FONTS = {"symbol": SYMBOLS, "wingdings": PICTURES}


def drawn(code: int, font: str) -> str:
    """What a sign looks like; those of other picture fonts say nothing."""
    known = PICTURE_FONTS.get(font.lower())
    if known is not None:
        return known.get(chr(code & 0xFF), "")
    private = 0xE000 <= code < 0xF900 or code < 0x20 or code > 0x10FFFF or "dings" in font.lower()
    return "" if private else chr(code)
