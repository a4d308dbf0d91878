"""The characters that SentencePiece's pieces stand for: it tells the pieces of a text, and not where they are."""


def offsets(text: str, pieces: list[str], is_byte: list[bool]) -> list[tuple[int, int]]:
    """Spans of pieces that, joined, are the text itself (spaces written ▁, bytes spelled <0xAB>)."""
    spans: list[tuple[int, int]] = []
    at, waiting = 0, 0
    for piece, byte in zip(pieces, is_byte, strict=True):
        if byte:
            if not waiting:
                waiting = len(text[at].encode("utf-8"))
            waiting -= 1
            spans.append((at, at + 1))
            at += not waiting
        else:
            spans.append((at, at + len(piece)))
            at += len(piece)
    return spans


def offsets_by_search(text: str, pieces: list[str], is_byte: list[bool]) -> list[tuple[int, int]]:
    """Spans of pieces of a text that was normalised: each is looked for after the one before it, and is empty if it is not found."""
    spans: list[tuple[int, int]] = []
    at = 0
    for piece, byte in zip(pieces, is_byte, strict=True):
        surface = "" if byte else piece.replace("▁", " ")
        found = text.find(surface, at, at + len(surface) + 8) if surface else -1
        if found < 0 and surface.strip():
            surface = surface.strip()
            found = text.find(surface, at, at + len(surface) + 8)
        spans.append((found, found + len(surface)) if found >= 0 else (at, at))
        at = spans[-1][1]
    return spans
