"""Tables of single bytes told apart by the alphabets of languages: the bytes of Polish make Polish letters in the right one alone."""

import re
from collections import Counter
from itertools import pairwise
from typing import NamedTuple

SIGNS = frozenset("“”‘’„‚«»‹›–—…•°§€£©®™±×·½¼¾²³¡¿ºª´`№†‡%\xa0\xad")
JOINING = "\xa0·’–—"  # signs that stand between letters of one text
LATIN = {
    "western": ("àâæçéèêëîïôœùûüÿ", "äöüß", "áéíñóúü", "ãõáâàçéêíóôúü", "àèéìíîòóùú", "åäöéæøà", "ëéïóöüáè", "áðéíóúýþæö"),
    "turkish": ("çğıiöşüâîû",),
    "central": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíľĺňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšžôé", "äöüß"),
    "baltic": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
}
TABLES = (  # of equal ones the first is taken
    ("western", "cp1252"), ("turkish", "cp1254"), ("central", "cp1250"), ("central", "iso8859-2"), ("western", "iso8859-15"),
    ("baltic", "cp1257"), ("western", "cp850"), ("turkish", "cp857"), ("central", "cp852"), ("western", "mac_roman"),
    ("turkish", "mac_turkish"),
)  # fmt: skip
SELDOM = frozenset("âîûÂÎÛ")  # in Turkish, where Latvian has ā ī ū by the dozen
TURNED = 0.1  # share of capitals behind small letters from which on a reading is none
LEAST = 3  # bytes above 7F that a text must have
WHOLE = 0.97  # share of them that make sense in the right table
BETTER = 0.015  # by so much more than in those of Windows
BETWEEN = re.compile(rb"(?<=[A-Za-z])[\x80-\xff](?=[a-z])")


class Reading(NamedTuple):
    """share: of the bytes above 7F, of those that stand for letters of one language, or for signs outside of words."""

    share: float
    encoding: str


def by_alphabet(data: bytes) -> Reading | None:
    """The table in which nearly all bytes above 7F make letters of one language, when they do not in cp1252 or cp1254; else None."""
    sample = data[: 1 << 18]
    counts = Counter(byte for byte in sample if byte >= 0x80)
    total = counts.total()
    if total < LEAST:
        return None
    between = Counter(match[0][0] for match in BETWEEN.finditer(sample))
    found = [Reading(_share(counts, between, encoding, group) / total, encoding) for group, encoding in TABLES]
    usual = max(found[0].share, found[1].share)
    best = max(found, key=lambda reading: reading.share)
    return best if best.share >= WHOLE and best.share > usual + BETTER and _turned(sample, best.encoding) <= TURNED * total else None


def _turned(sample: bytes, encoding: str) -> int:
    """How often a capital that is no ASCII stands behind a small letter, as in no language."""
    text = sample.decode(encoding, "replace")
    return sum(a.islower() and b.isupper() and b > "\x7f" for a, b in pairwise(text))


def _share(counts: Counter[int], between: Counter[int], encoding: str, group: str) -> float:
    """How many of the bytes make sense in the language that fits best."""
    seen = {byte: bytes((byte,)).decode(encoding, "replace") for byte in counts}
    signs = sum(n - (0 if seen[byte] in JOINING else between[byte]) for byte, n in counts.items() if seen[byte] in SIGNS)
    if group == "turkish":
        few = sum(n for byte, n in counts.items() if seen[byte] in SELDOM)
        signs -= max(0, few - max(3, counts.total() // 5))
    return signs + max(sum(n for byte, n in counts.items() if seen[byte].lower()[:1] in letters) for letters in LATIN[group])
