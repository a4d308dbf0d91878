"""Bytes to text: byte order marks, UTF-8, UTF-16, the two tables of Turkish and western files, and others by a library."""

import codecs
import re
from contextlib import suppress
from unicodedata import category

from steps.text.alphabets import SIGNS, by_alphabet
from steps.text.patchwork import line_by_line
from steps.text.tongues import by_language
from steps.text.unreadable import Unreadable

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
FEW = 1000  # among so many bytes a text may have a zero, which is left out
INVISIBLE = re.compile("[\xad\ufeff\u2060\0]|\u200b(?![\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff])")  # there it parts words
WRONG = " with errors"  # behind the name of an encoding that some bytes are not of: they became U+FFFD
TURKISH = frozenset("ĞğİıŞş")  # where cp1254 and latin-1 differ: D0 F0 DD FD DE FE
ICELANDIC = frozenset("ÐðÝýÞþ")  # what the same bytes are in latin-1
TURKISH_BYTES = frozenset("ÇĞİÖŞÜçğıöşüâîûÂÎÛ".encode("cp1254"))
ACUTE = "áéíóúæÁÉÍÓÚÆ".encode("latin-1")  # beside ð þ ý in Icelandic, and in languages that have none of them; not in Turkish
UNITS = (("utf-32-le", "a000"), ("utf-32-be", "000a"), ("utf-16-le", "a0"), ("utf-16-be", "0a"))  # zeros beside a letter of ASCII
ASCII = frozenset(b"\t\r\n" + bytes(range(0x20, 0x7F)))
NO_TEXT = ("Cc", "Cn", "Co", "Cs")  # controls, and what is no sign of Unicode
LONG = 64  # bytes from which on one byte over and over is no text
PADDING = bytes(8)
CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HIGH = re.compile(rb"[\x80-\xff]")
MARKS = re.compile(rb"[\x80-\x9f]")  # in which cp1252 and latin-1 differ
BESIDE = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
MICRO = "µ".encode("cp1252")  # in units, and in no word
NO_LETTER = re.compile(r"[^\w\x00-\x7f]")
LETTER = re.compile(r"(?![ªµº])[^\W\d_\x00-\x7f]")
RUN = re.compile(rb"[\x80-\xff]{3}")  # as signs do not stand together
PAIR = re.compile(rb"[\x80-\xff]{2}")
EASTERN = ("big5", "cp9", "euc", "gb", "hz", "johab", "shift", "utf")  # how the names of tables begin whose letters are two bytes
SAMPLE = 200_000  # bytes by which a table is told
WESTERN = frozenset("àâäáãåçéèêëíìîïñóòôöõúùûüÿœæßøªºğışšžþðý")  # and their capitals, in words
BETWEEN = frozenset("’–—·")  # signs that stand between letters
ICELANDIC_WORDS = frozenset(
    ("það", "við", "með", "því", "þeir", "þær", "þess", "þau", "þá", "þegar", "síðan", "orðið", "verið", "eða", "maður")
)
COMMON_TURKISH = ("bir", "ve", "için", "olan", "ile", "bu", "olarak", "daha", "değil", "kadar", "çok", "gibi", "sonra", "göre")


def seen(text: str) -> str:
    """`text` without what nobody sees: hyphens that show only at line ends, marks of bytes and of places to break, zeros."""
    if text.isascii():
        return text.replace("\0", "")
    return INVISIBLE.sub("", text)


def decode(data: bytes) -> tuple[str, str]:
    """The text of a file and the encoding that it was in. Raises Unreadable when the bytes are no text."""
    for mark, name in BOMS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(name), name
            except UnicodeDecodeError as error:
                if found := _cut_short(data[len(mark) :], name, error) or (_some_utf8(data[len(mark) :]) if name == "utf-8" else None):
                    return found
                raise Unreadable(f"begins with the mark of {name}, but is no {name} at byte {error.start}") from error
    if b"\0" in data:
        from steps.text.frequent import utf16_by_script

        if name := utf16_by_script(data):
            return data.decode(name, "replace"), name
        data = _without_zeros(data)
    if name := _utf16_without_mark(data) or _utf32_without_mark(data):
        return data.decode(name, "replace"), name
    head = data[:65536]
    if b"\0" in head:
        if head.count(0) * FEW > len(head):
            raise Unreadable("binary content, not text" if head.strip(b"\0") else "nothing but zeros, as a disk or a download leaves them")
        data = data.replace(b"\0", b"")
    if b"\x1b$" in head and (found := _by_escapes(data)):
        return found
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        if len(head) >= LONG and len(set(head)) == 1:
            raise Unreadable(f"nothing but the byte {head[0]:02X}, which is no text") from None
        return _some_utf8(data) or _frequent(data) or _single_byte(data)


def _cut_short(data: bytes, name: str, error: UnicodeDecodeError) -> tuple[str, str] | None:
    """The text of a file that ends inside of a letter, of which a download or a disk has lost the rest."""
    if not error.start or error.reason not in ("unexpected end of data", "truncated data"):
        return None
    return data.decode(name, "replace"), f"{name}{WRONG}"


def wide(start: bytes) -> str:
    """The encoding of two or four bytes a unit that a file is in by its first four; nothing for one of single bytes."""
    for mark, name in BOMS[1:]:
        if start.startswith(mark):
            return name
    signs = "".join("0" if byte == 0 else "a" if byte in ASCII else "?" for byte in start[:4])
    return next((name for name, shape in UNITS if signs.startswith(shape)), "")


def beginning(data: bytes, whole: bool) -> str:
    """The text of the first bytes of a file, `whole` when they are all of it; else up to the last line end. Raises Unreadable."""
    if name := wide(data[:4]):
        text = codecs.getincrementaldecoder(name)("replace").decode(data, whole).removeprefix("\ufeff")
        return text if whole else text[: text.rfind("\n") + 1] or text
    if whole:
        return decode(data)[0].removeprefix("\ufeff")
    if b"\n" not in data:
        with suppress(UnicodeDecodeError):
            data = codecs.getincrementaldecoder("utf-8")().decode(data).encode("utf-8")  # less the letter that is cut
    return decode(data[: data.rfind(b"\n") + 1] or data)[0].removeprefix("\ufeff")


def _frequent(data: bytes) -> tuple[str, str] | None:
    """A text whose words are of no Latin letters, by the commonest signs of its language."""
    if b"\0" in data[:SAMPLE]:
        return None
    from steps.text.frequent import by_common_letters, by_common_signs, utf16_by_script

    if name := by_common_signs(data) or by_common_letters(data) or utf16_by_script(data):
        return data.decode(name, "replace"), name
    return None


def _without_zeros(data: bytes) -> bytes:
    """A text without the zeros behind its end, as disks leave them, and two or three inside; what has other controls stays as it is."""
    text = data.rstrip(b"\0") if data.endswith(PADDING) else data
    few = text.count(0)
    return text.replace(b"\0", b"") if text and few < 4 and len(text) > 40 * few and not CONTROLS.search(text) else data


def _by_escapes(data: bytes) -> tuple[str, str] | None:
    """Japanese or Korean whose letters are ASCII behind an escape, as mail had them."""
    for name in ("iso2022_jp", "iso2022_jp_2", "iso2022_kr"):
        try:
            return data.decode(name), name
        except UnicodeDecodeError:
            continue
    return None


def _some_utf8(data: bytes) -> tuple[str, str] | None:
    """The text of a file that is UTF-8 in part: whole lines of it, or all but few bytes."""
    return line_by_line(data, _table_of) or _broken_utf8(data)


def _table_of(data: bytes) -> str:
    """The table that lines which are no UTF-8 are in; nothing where none fits."""
    try:
        return (_frequent(data) or _single_byte(data))[1].removesuffix(WRONG)
    except Unreadable:
        return ""


def _broken_utf8(data: bytes) -> tuple[str, str] | None:
    """The text of a UTF-8 file in which few bytes are wrong, U+FFFD for each: in any other table every accent of it would be wrong."""
    text = data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    right = sum(1 for c in text if c > "\x7f") - wrong
    return (text, f"utf-8{WRONG}") if right >= 4 * wrong else None


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
    return name if name and _is_text(head, name) else ""


def _utf32_without_mark(data: bytes) -> str:
    """utf-32-le or -be when of each four bytes of the beginning two are zero, and the signs are those of texts; else nothing."""
    head = data[:4096]
    if len(data) < 8 or len(data) % 4:
        return ""
    for name, high in (("utf-32-le", (2, 3)), ("utf-32-be", (0, 1))):
        if all(head[k::4].count(0) >= 0.9 * len(head[k::4]) for k in high) and _is_text(head, name):
            return name
    return ""


def _is_text(head: bytes, name: str) -> bool:
    """True when of the signs that bytes are in an encoding nearly none is a control, or one that does not exist, as in programs."""
    signs = head.decode(name, "replace").rstrip("\0\ufffd")
    wrong = sum(sign == "\ufffd" or (category(sign) in NO_TEXT and not sign.isspace()) for sign in signs)
    return bool(signs) and wrong <= max(1, len(signs) // 100)


def _single_byte(data: bytes) -> tuple[str, str]:
    """cp1254 or cp1252 by which of their letters make sense; the bytes 80-9F are typographic marks in both."""
    control = sum(1 for byte in data if byte < 32 and byte not in (9, 10, 12, 13))
    if control > len(data) / 100:
        raise Unreadable("binary content, not text")
    if name := by_language(data):
        return data.decode(name, "replace"), "latin-1" if name == "cp1252" and not MARKS.search(data) else name
    if name := _macintosh(data[:SAMPLE]):
        return data.decode(name), name
    western = data.decode("cp1252", "replace")
    few = _few_letters(data)
    if not (few and not LETTER.search(western)) and (other := by_alphabet(data)):
        return data.decode(other.encoding, "replace"), other.encoding
    turkish = data.decode("cp1254", "replace")
    letters = [byte for byte in data if byte >= 0xC0]
    if not ICELANDIC_WORDS.isdisjoint(re.findall(r"\w+", western.lower())):  # which say nothing in Turkish
        return western, "latin-1"
    lone = sum(1 for a, b in zip(turkish, western, strict=True) if a in TURKISH and b in ICELANDIC)
    if lone and sum(byte in TURKISH_BYTES for byte in letters) >= 0.8 * len(letters):
        return turkish, "cp1254"
    if not few and _neither(data, western) and (known := _by_library(data)):
        return known
    if lone and lone > sum(data.count(byte) for byte in ACUTE):
        return turkish, "cp1254"
    words = turkish.lower().split()
    if lone and sum(words.count(word) for word in COMMON_TURKISH) > 0.01 * len(words):
        return turkish, "cp1254"
    return western, "cp1252" if MARKS.search(data) else "latin-1"


def _macintosh(data: bytes) -> str:
    """mac_roman or mac_turkish where the text makes sense in it and in no table of Windows or DOS; else nothing.

    Their letters stand where Windows has typographic marks (é at 8E, a Ž) and their marks where it has capitals (’ at D5, an Õ).
    """
    high = sum(byte >= 0x80 for byte in data)
    if high < 3:
        return ""
    name = min(("mac_roman", "mac_turkish"), key=lambda name: _senseless(data, name))
    if _senseless(data, name) > 0.02 * high:
        return ""
    others = ("cp1252", "cp1254", "cp850", "cp437", "cp857")
    return name if all(_senseless(data, other) >= max(2, 0.3 * high) for other in others) else ""


def _senseless(data: bytes, name: str) -> int:
    """How many of the bytes from 80 on make no sense where they stand: capitals after small letters, signs inside of words, frames."""
    text = f" {data.decode(name, 'replace')} "
    wrong = 0
    for found in re.finditer("[^\0-\x7f]", text):
        at = found.start()
        sign, before, after = found[0], text[at - 1], text[at + 1]
        if sign.isalpha():
            wrong += (sign.lower() not in WESTERN and sign != "İ") or (sign.isupper() and before.islower())
        else:
            wrong += sign == "\ufffd" or "\u2500" <= sign < "\u25a0" or (before.isalpha() and after.isalpha() and sign not in BETWEEN)
    return wrong


def _neither(data: bytes, western: str) -> bool:
    """True when the bytes read as western text make no sense: accents in every second letter, or signs in the middle of words."""
    high = sum(byte >= 0x80 for byte in data)
    letters = sum(c.isalpha() for c in western)
    unusual = sum(c > "\x7f" and c not in SIGNS for c in western)
    inside = len(re.findall(r"(?<=[a-zA-Z])[\u00a1-\u00bf\u0080-\u009f\u2020-\u203a\u20ac](?=[a-zA-Z])", western))
    together = RUN.search(data) or not HIGH.search(PAIR.sub(b"", data[:FEW]))
    return (high if together else unusual) > 0.25 * max(1, letters) or inside > 0.1 * high


def _few_letters(data: bytes) -> bool:
    """True of a name or a few words: letters beside ASCII ones, and signs where signs stand, too few for a library to judge."""
    high = HIGH.findall(data[:FEW])
    if len(data) >= FEW or len(high) >= 6:
        return False
    if all(byte >= b"\xc0" or byte in b"\xa1\xbf" for byte in high) and BESIDE.search(data):
        return True
    if RUN.search(data) or not HIGH.search(PAIR.sub(b"", data)):  # as letters of two bytes stand
        return False
    data = data.replace(MICRO, b"u")
    return SIGNS.issuperset(NO_LETTER.findall(data.decode("cp1252", "replace"))) and not _senseless(data, "cp1252")


def _by_library(data: bytes) -> tuple[str, str] | None:
    """What charset-normalizer takes a file for, from its first 200 kB: Cyrillic, Greek, Central European, East Asian tables."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    best = from_bytes(data[:SAMPLE]).best()
    if best is None or best.encoding in ("ascii", "utf_8") or (best.encoding.startswith(EASTERN) and not PAIR.search(data[:SAMPLE])):
        return None
    try:
        return data.decode(best.encoding), best.encoding
    except UnicodeDecodeError:
        return data.decode(best.encoding, "replace"), f"{best.encoding}{WRONG}"
