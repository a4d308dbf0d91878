"""Where sentences end, in Turkish, English and Chinese, found in one pass: no text makes it slow, and none is changed.

Apart from the cutting because its knowledge is of languages. pysbd 0.3.4 was tried: it knows no Turkish ("3. | Selim"), puts a Chinese
closing quote behind the cut, and reads 0.3 MB a second, where a tokenizer reads 5 to 20.
"""

import re
from functools import lru_cache

LATIN = ".!?…؟।۔"
WIDE = "。！？｡"
ABBREVIATIONS = frozenset(
    """dr prof doç yrd mr mrs ms st sr jr no nr vol fig figs eq eqs ref refs vs etc cf al approx dept inc ltd co corp gen col sgt capt rev
    hon gov sen rep est ca ed eds pp örn bkz vb vd yy çev haz alm ing fr av cad sok mah apt tel sn sy şek tab yay der op müh arş gör öğr
    uzm ord alb yzb tğm çvş hz krş ans age agm sf jan feb mar apr jun jul aug sep sept oct nov dec oca şub nis tem ağu eyl eki
    kas tic san şti paz inş ith ihr taah teks mak koop koll hiz nak gn şb bşk üniv fak enst blv psk dyt dt ecz okt nşr bsk üstğm atğm astsb
    bçvş yrb tuğg tümg korg org lt maj adm brig cpl pvt messrs mme bros assn univ vols ibid cit viz esq""".split()  # noqa: SIM905
)
# A run of marks begins where no mark stands before it: so each is looked at once, however long it is.
CLOSING = r"[\"'”’»)\]]*+"
WIDE_CLOSING = r"[”’』」）》】\"']*+"
GOING_ON = (
    "“「『《\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # what follows …… in Chinese, where it ends a sentence
)
ENDS = re.compile(
    rf"(?:(?<![{LATIN}])[{LATIN}]++{CLOSING}(?=\s)|(?<![{LATIN}])…{{2,}}+[{WIDE}…]*+{WIDE_CLOSING}(?=[{GOING_ON}])"
    rf"|[{WIDE}][{WIDE}…]*+{WIDE_CLOSING})\s*+"
)
MARKS = [(mark, mark in WIDE) for mark in LATIN + WIDE]
FOLLOWING = frozenset("\"'”’»)]") | {chr(i) for i in range(1 << 16) if chr(i).isspace()}  # what may follow a Latin one
ROMANS = "IVXLC"
ROMAN = re.compile(rf"[{ROMANS}]{{1,7}}")
DOTTED = re.compile(r"(?:\w\.)+\w")  # e.g, U.S, M.Ö
DOTTED_I = "i\u0307"  # İ in small letters
LONGEST_WORD = 40  # characters looked back at before a mark


def sentence_ends(text: str) -> list[int]:
    """Positions at which a sentence has just ended, its following blanks included.

    Not after abbreviations (Dr., örn., U.S.), initials (A. Yılmaz), ordinals (19. yüzyıl, 3. Selim, II. Abdülhamit), nor inside numbers
    (3.14) and addresses (a.b/c?d=e); and not where the next word goes on in small letters ("Gel!" dedi.).
    """
    return [match.end() for match in ENDS.finditer(text) if _ends_here(text, 0, match.start(), match.end())]


def last_sentence_end(text: str, begin: int, low: int, limit: int) -> int:
    """The last of `sentence_ends` in (low, limit], looked for from its end on; 0 when there is none. What is before `begin` is not seen."""
    floor = max(begin, low - LONGEST_WORD)
    marks, mark = _marks_of(text), limit
    while (mark := _last_likely(marks, text, floor, mark)) >= 0:
        kind = LATIN if text[mark] in LATIN else WIDE
        while mark > floor and text[mark - 1] in kind:
            mark -= 1  # where its run of marks begins
        match = ENDS.match(text, mark, limit + 1)
        if match and (end := match.end()) <= limit and _ends_here(text, floor, mark, end):
            return end if end > low else 0
    return 0


@lru_cache(1)
def _marks_of(text: str) -> list[tuple[str, bool]]:
    """Those marks that stand in the text at all, mostly three of twelve: it is asked for again and again of the same one."""
    return [(mark, wide) for mark, wide in MARKS if mark in text]


def _last_likely(marks: list[tuple[str, bool]], text: str, low: int, stop: int) -> int:
    """The last mark in [low, stop) that may end a sentence; -1 when none may. Each kind by itself: one character is found far quicker."""
    found, inner = low - 1, max(0, stop - 1)
    for mark, wide in marks:
        dots = mark == "…"  # two of them may end a sentence with no blank behind
        at = text.rfind(mark, found + 1, stop if wide or dots else inner)
        while at >= 0 and not wide and text[at + 1 : at + 2] not in FOLLOWING and not (dots and text[at - 1 : at] == "…"):
            at = text.rfind(mark, found + 1, at)
        if at > found:
            found = at
    return found if found >= low else -1


def _ends_here(text: str, begin: int, at: int, after: int) -> bool:
    """Whether what looks like the end of a sentence is one. at: its first mark. after: where what follows it begins."""
    mark = text[at]
    return mark in WIDE or not (text[after : after + 1].islower() or (mark == "." and _short(text, begin, at, after)))


def _short(text: str, begin: int, dot: int, after: int) -> bool:
    """Whether the point belongs to the word before it, of which nothing is before `begin`."""
    if text[dot : dot + 2] == "..":
        return False
    begin = max(begin, dot - LONGEST_WORD)
    start = max(text.rfind(" ", begin, dot), text.rfind("\n", begin, dot), begin - 1) + 1
    word = text[start:dot].lstrip("([{\"'“‘«„")
    following = text[after : after + 1]
    if word.isdigit():
        return len(word) <= 2 and following.isalnum()
    if word.lower().replace(DOTTED_I, "i") in ABBREVIATIONS or ("." in word and DOTTED.fullmatch(word)):
        return True
    return (len(word) == 1 and word.isalpha()) or (word[:1] in ROMANS and ROMAN.fullmatch(word) is not None and following.isalpha())
