"""Bytes to text: byte order marks, UTF-8, UTF-16, and the two single-byte tables that Turkish and western files come in."""

import codecs

from steps.text.unreadable import Unreadable

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
TURKISH = frozenset("ĞğİıŞş")  # where cp1254 and latin-1 differ: D0 F0 DD FD DE FE
ICELANDIC = frozenset("ÐðÝýÞþ")  # what the same bytes are in latin-1
COMMON_TURKISH = ("bir", "ve", "için", "olan", "ile", "bu", "olarak", "daha", "değil", "kadar", "çok", "gibi", "sonra", "göre")


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file and the encoding that it was in. Raises Unreadable when the bytes are no text."""
    for mark, name in BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(name), name
            except UnicodeDecodeError as error:
                raise Unreadable(f"begins with the mark of {name}, but is no {name} at byte {error.start}") from error
    if name := _utf16_without_mark(data):
        return data.decode(name), name
    if b"\0" in data[:65536]:
        raise Unreadable("binary content, not text")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _single_byte(data)


def _utf16_without_mark(data: bytes) -> str:
    """utf-16-le or -be when every second byte of the beginning is zero, as in European text; else nothing."""
    head = data[:4096]
    if len(data) < 4 or len(data) % 2:
        return ""
    even, odd = head[::2].count(0) / len(head[::2]), head[1::2].count(0) / len(head[1::2])
    name = "utf-16-le" if odd > 0.4 and even < 0.05 else "utf-16-be" if even > 0.4 and odd < 0.05 else ""
    try:
        if name:
            data.decode(name)
    except UnicodeDecodeError:
        return ""
    return name


def _single_byte(data: bytes) -> tuple[str, str]:
    """cp1254 or cp1252 by which of their letters make sense; the bytes 80-9F are typographic marks in both."""
    control = sum(1 for byte in data if byte < 32 and byte not in (9, 10, 12, 13))
    if control > len(data) / 100:
        raise Unreadable("binary content, not text")
    turkish = data.decode("cp1254", "replace")
    western = data.decode("cp1252", "replace")
    lone = sum(1 for a, b in zip(turkish, western, strict=True) if a in TURKISH and b in ICELANDIC)
    words = turkish.lower().split()
    evidence = sum(words.count(word) for word in COMMON_TURKISH) / max(1, len(words))
    if lone and evidence > 0.01:
        return turkish, "cp1254"
    name = "cp1252" if any(0x80 <= byte < 0xA0 for byte in data) else "latin-1"
    return western, name
