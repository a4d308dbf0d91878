"""A page's text by the charset that it names, as browsers take it."""

import re

# Names that browsers take for a larger table, by https://encoding.spec.whatwg.org/#names-and-labels
MEANT = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "iso-8859-9": "cp1254",
    "latin5": "cp1254", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8",
}  # fmt: skip
TWO_BYTES = ("utf", "gb", "big5", "euc", "cp9", "shift", "iso-2022")  # how the names of tables begin that are not of single bytes
ICELANDIC = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")  # in cp1252; in cp1254 the letters that Turkish has and no other language
TAG, SEEN = re.compile(rb"<[^>]{0,2000}>"), 1 << 16
CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)


def html_charset(data: bytes) -> str:
    """The page's text by the charset that it names in its head, or nothing when it names none that fits.

    A page of UTF-8 that names a table of single bytes is UTF-8: its accents would come out as two letters each. One of Turkish that names
    the western table, as many editors wrote it, is Turkish.
    """
    match = CHARSET.search(data[:4096])
    if match is None or data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:3] == b"\xef\xbb\xbf":
        return ""
    name = (match[1] or match[2]).decode("ascii").lower()
    name = MEANT.get(name, name)
    for codec in (name,) if name.startswith(TWO_BYTES) or data.isascii() else ("utf-8", name):
        try:
            return data.decode("cp1254" if codec == "cp1252" and _is_turkish(data) else codec)
        except (LookupError, UnicodeDecodeError):
            continue
    return ""


def _is_turkish(data: bytes) -> bool:
    """True for a page whose bytes are Turkish where the western table has the letters of Icelandic: two of them, and none with an acute."""
    from steps.text.encodings import ACUTE, decode

    text = TAG.sub(b" ", data[:SEEN])
    several = len(set(ICELANDIC.findall(text))) > 1 and not any(byte in ACUTE for byte in text)
    return several and decode(text)[1] == "cp1254"
