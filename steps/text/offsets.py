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


def offsets_after_prefix(text: str, pieces: list[str], is_byte: list[bool]) -> list[tuple[int, int]] | None:
    """The same for pieces that, joined, are the text with a blank before it; None where they are not. Nothing in `text` is that blank."""
    spans = offsets(f" {text}", pieces, is_byte)
    if spans and spans[-1][1] != len(text) + 1:
        return None
    return [(max(0, start - 1), max(0, end - 1)) for start, end in spans]


def offsets_as_told(spans: list[tuple[int, int]], is_byte: list[bool]) -> list[tuple[int, int]]:
    """The library's own spans, in which the last byte piece alone has the character: all of its bytes get it."""
    found = list(spans)
    for at in range(len(found) - 2, -1, -1):
        if is_byte[at] and is_byte[at + 1] and found[at][0] == found[at][1]:
            found[at] = found[at + 1]
    return found


def offsets_by_search(text: str, pieces: list[str], is_byte: list[bool]) -> list[tuple[int, int]]:
    """Spans of pieces of a text that was normalised: each is looked for after the one before it, and is empty if it is not found.

    For versions of SentencePiece that do not tell. A blank may be none of the text's: it is taken only where one stands.
    """
    spans: list[tuple[int, int]] = []
    at = 0
    for piece, byte in zip(pieces, is_byte, strict=True):
        surface = "" if byte else piece.replace("▁", " ")
        if not surface.strip() and not text[at : at + len(surface)].isspace():
            surface = ""
        found = text.find(surface, at, at + len(surface) + 8) if surface else -1
        if found < 0 and surface.strip():
            surface = surface.strip()
            found = text.find(surface, at, at + len(surface) + 8)
        spans.append((found, found + len(surface)) if found >= 0 else (at, at))
        at = spans[-1][1]
    return spans
