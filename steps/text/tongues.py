"""The table of a short text, told by its language: that by the words of ASCII, and the table by the letters that the language has."""

import re
from functools import cache
from math import exp, inf, log
from typing import Any
from unicodedata import normalize

WESTERN = ("cp1252", "iso8859-15", "cp850", "cp437", "mac_roman")
CENTRAL = ("cp1250", "iso8859-2", "cp852", "mac_latin2")
BALTIC = ("cp1257", "iso8859-13", "cp775")
TURKISH = ("cp1254", "cp857", "mac_turkish")
LETTERS = {  # of each language beside those of ASCII; behind the bar those of its loans and names
    "en": ("|éèêëïöüñçàâáíóúåæøœä", WESTERN), "fr": ("éèàêçôûîâùëïœ|üÿæöäñáóí", WESTERN), "de": ("äöüß|éèàêçñáóåø", WESTERN),
    "es": ("óíáéñúü|çºªö", WESTERN), "it": ("èàùòìéî|ºªçêüö", WESTERN), "pt": ("ãçáéíóõêúâàô|üºªèñ", WESTERN),
    "gl": ("óíáéñú|üïºªç", WESTERN), "ca": ("óàéíèçòú|ïüºªñ", WESTERN), "nl": ("ëéïèöü|óêáçàäîôñ", WESTERN),
    "sv": ("äåö|éàüèæøáô", WESTERN), "fi": ("äö|åéšžüèáô", WESTERN), "da": ("æøå|éöüäèáóôü", (*WESTERN, "cp865")),
    "no": ("øåæ|éòôêèàäöüóá", (*WESTERN, "cp865")), "ga": ("áéíóú|", WESTERN), "eu": ("ñ|çüéáíó", WESTERN), "sq": ("ëç|", WESTERN),
    "et": ("äõüö|šžåé", ("cp1252", "cp1257", "iso8859-15", "cp850", "cp775", "mac_roman")), "oc": ("òèéàóáíçú|ï", WESTERN),
    "is": ("áíðéöóþæúý|åøäüè", ("cp1252", "cp850", "cp861", "mac_iceland")), "tr": ("ıişğüçö|âîûéäêßáèô", TURKISH),
    "pl": ("łążęśćóńź|éöüäèáč", CENTRAL), "cs": ("íáéěřčšžýůúťďň|óöüäľł", CENTRAL), "sk": ("áíéčšžýúľťóďňôäĺŕ|öüěř", CENTRAL),
    "hu": ("áéöőíóüúű|äčš", CENTRAL), "sl": ("čšž|ćđáéöüä", (*CENTRAL, "mac_croatian")), "hr": ("čšžćđ|áéöüä", (*CENTRAL, "mac_croatian")),
    "ro": ("ăîţşâșț|áéöőüä", (*CENTRAL, "mac_romanian")), "lt": ("ėšįųžąūčę|éóöüäłõ", BALTIC), "lv": ("āīēšūņļģžčķ|õöüé", BALTIC),
}  # fmt: skip
SAME = {"bs": "hr", "sr": "hr", "sh": "hr", "nn": "no", "nb": "no", "lb": "de", "crh": "tr", "az": "tr", "vec": "it", "fy": "nl"}
LEAST = 12  # letters of ASCII by which a language is known
MOST = 2000  # bytes above 7F; of more of them the numbers alone tell the table
SEEN = 1 << 15  # bytes that are looked at
LIKELY, TURKISH_SHARE = 0.005, 0.02  # probability below which a language is not thought of, and the least that Turkish has
USUAL = {"cp12": 0.0, "iso8": -0.7, "cp": -1.5, "mac": -2.0}  # how often tables are met; this and what follows are logarithms
NATIVE, LOAN, QUOTE, SIGN, ODD, WRONG, LOST = -2.2, -5.0, -2.7, -3.5, -2.0, -6.0, -11.0
SURE = 1.0  # by so much a reading must be likelier than the next that differs
NO_SENSE, FEW = -7.0, 0.03  # what is less likely makes no sense, and such a share of the bytes may
PIECE = re.compile(rb"[A-Za-z]+")  # of words with marks too
HIGH = re.compile(rb"[\x80-\xff]")
QUOTES = frozenset("“”„‚‘’«»‹›")
GUILLEMETS = {"«": "«»", "»": "«»", "‹": "‹›", "›": "‹›"}
ENDS = frozenset("…™®©º°ª²³")
ALONE = frozenset("§€£°±×½¼¾•©¥÷‰")
DASHES, DASH = frozenset("–—"), -4.9  # between letters
STOPS = frozenset(".,!?;:…")
SINGLE = frozenset("aAI")  # letters that are words, on either side of a dash
APOSTROPHES = frozenset(("en", "fr", "it", "ca", "oc", "tr", "ro", "ga", "nl", "sq", "sl"))  # languages in which one stands inside of words
SPANISH = frozenset(("es", "gl", "ca", "eu", "oc"))
VOWELS = frozenset("aeiouyæøœıAEIOUYÆØŒİ")


def by_language(data: bytes) -> str:
    """The table in which the bytes above 7F are letters of the text's language, or signs where such signs stand; else nothing."""
    data = data[:SEEN]
    high = [match.start() for match in HIGH.finditer(data)]
    words = " ".join([word.decode("ascii") for word in PIECE.findall(data)])[:2000]
    if not 0 < len(high) <= MOST or len(words) - words.count(" ") < LEAST:
        return ""
    texts: dict[str, str] = {}
    found: dict[str, list[tuple[float, str]]] = {}  # what the bytes are read as, to how likely that is, and the table
    for language, share in _languages(words):
        letters, tables = LETTERS[language]
        for table in tables:
            text = texts[table] = texts.get(table) or data.decode(table, "replace")
            each = _senses(text, high, letters, language)
            if sum(one < NO_SENSE for one in each) <= FEW * len(high):
                read = "".join([text[at] for at in high])
                found.setdefault(read, []).append((log(share) + _prior(table) + sum(each), table))
    likely = {read: _together(ways) for read, ways in found.items()}
    best = max(likely, key=likely.__getitem__, default="")
    usual = {"".join([texts[table][at] for at in high]) for table in ("cp1252", "cp1254") if table in texts}
    others = [value for read, value in likely.items() if read != best and (best in usual or read in usual)]
    return max(found[best])[1] if best and likely[best] >= max(others, default=-inf) + SURE else ""


def _together(ways: list[tuple[float, str]]) -> float:
    """How likely a reading is, in whatever language and table."""
    most = max(ways)[0]
    return most + log(sum(exp(way[0] - most) for way in ways))


def _prior(table: str) -> float:
    return next(value for start, value in USUAL.items() if table.startswith(start))


def _senses(text: str, high: list[int], letters: str, language: str) -> list[float]:
    """How likely each sign is where it stands, as a logarithm."""
    quotes = sum(map(text.count, QUOTES))
    found = []
    for at in high:
        sign, before, after = text[at], text[at - 1 : at] or " ", text[at + 1 : at + 2] or " "
        if sign == "\ufffd" or "\x80" <= sign < "\xa0" or "\u2500" <= sign < "\u25a0":
            found.append(LOST)
        elif sign.isalpha() and sign not in "ºªµ":
            found.append(_letter(sign, before, after, letters) + _apart(text, at))
        elif sign in QUOTES and sign != "’":
            single = quotes < 2 or (sign in GUILLEMETS and not all(map(text.__contains__, GUILLEMETS[sign])))  # they come in pairs
            found.append(_quote(sign, before, after) + (0.0 if not single else ODD if _placed(sign, before, after) else 2 * ODD))
        elif sign == "\xa0":
            word = before.isalpha() and after.isalpha() and text[max(0, at - 3) : at].isalpha()
            found.append(SIGN + (ODD if before == " " or after == " " or word else 0.0))
        elif sign in DASHES and before.isalpha() and after.isalpha():
            found.append(DASH + (WRONG if _lone(before, text[max(0, at - 2)]) or _lone(after, text[at + 2 : at + 3]) else 0.0))
        else:
            goes_on = sign == "…" and text[at + 2 : at + 3].islower()
            found.append(_sign(sign, before, after, language) + (ODD / 2 if goes_on else 0.0))
    return found


def _lone(letter: str, beyond: str) -> bool:
    """True of a letter beside a dash that is alone, and no word."""
    return letter not in SINGLE and not beyond.isalpha() and beyond not in ("’", "'")


def _letter(sign: str, before: str, after: str, letters: str) -> float:
    small = "i" if sign == "İ" else sign.lower()[:1]
    native, _, loans = letters.partition("|")
    score = NATIVE if small in native else LOAN if small in loans else NATIVE + WRONG
    if before.islower() if sign.isupper() else after.isupper():
        score += WRONG
    beside = [_vowel(each) for each in (before, after) if each.isalpha()]
    return score + (ODD if beside == [_vowel(sign)] * 2 else 0.0)  # three vowels, or three consonants


def _apart(text: str, at: int) -> float:
    """What a letter loses alone: behind the end of a sentence, as a capital, beside a number as one; a capital before another, too."""
    sign, before, after = text[at], text[at - 1 : at] or " ", text[at + 1 : at + 2] or " "
    if after.isalpha():
        return ODD if sign.isupper() and after.isupper() and text[at + 2 : at + 3].islower() and not before.isalpha() else 0.0
    if before.isalpha():
        return 0.0
    if sign.isupper() and (text[max(0, at - 2) : at].strip().isdigit() or text[at + 1 : at + 3].strip().isdigit()):
        return WRONG
    return WRONG if before in STOPS and after != "." else ODD if sign.isupper() else 0.0


@cache
def _vowel(sign: str) -> bool:
    return normalize("NFD", sign)[:1] in VOWELS


def _quote(sign: str, before: str, after: str) -> float:
    opening = sign in "„‚"
    wrong = before.isalnum() if opening else before.isalnum() and after.isalnum()
    return SIGN + WRONG if wrong or (opening and sign in (before, after)) else QUOTE


def _placed(sign: str, before: str, after: str) -> bool:
    """True of a quote that opens a word, or stands behind one."""
    if sign in "“‘":
        return after.isalnum() and not before.isalnum()
    return sign == "”" and before > " " and not after.isalnum()


def _sign(sign: str, before: str, after: str, language: str) -> float:
    if before.isalpha() and after.isalpha():
        if sign == "’":
            return SIGN + (0.0 if language in APOSTROPHES else ODD)
        return SIGN if sign == "·" and language in SPANISH else SIGN + (1.5 * ODD if sign == "…" else WRONG)
    if sign == "’":
        return QUOTE
    if sign in "¿¡":
        return SIGN if language in SPANISH and not before.isalnum() else SIGN + WRONG
    if sign in "–—":
        return SIGN + (0.0 if before.isalpha() == after.isalpha() else ODD)
    if sign in ENDS and not after.isalnum() and before != " ":
        return SIGN
    if sign == "…" or (sign in "™®" and not after.isalnum()):
        return SIGN + ODD
    if sign == "µ":
        return SIGN - 1 if not before.isalpha() and after.isalpha() else SIGN + WRONG
    return SIGN - 1 if sign in ALONE and not before.isalpha() and (sign in "°©" or not after.isalpha()) else SIGN + WRONG


def _languages(words: str) -> list[tuple[str, float]]:
    """Languages that words may be in, with their probabilities; none without the library. Turkish is always thought of."""
    judge = _judge()
    found: dict[str, float] = {}
    for language, share in judge.rank(words)[:8] if judge is not None else ():
        language = SAME.get(language, language)
        if language in LETTERS:
            found[language] = found.get(language, 0.0) + float(share)
    if found:
        found["tr"] = max(found.get("tr", 0.0), TURKISH_SHARE)
    return [(language, share) for language, share in found.items() if share >= LIKELY]


@cache
def _judge() -> Any:
    """The library that knows 140 languages, or None; loading it takes a second."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        return None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
