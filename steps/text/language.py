"""Which language a text is in: by common words for those that do not say, by py3langid where a recipe chooses languages."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from schemas import RecipeError

WORDS = {
    "tr": frozenset(
        ("ve", "bir", "bu", "için", "ile", "da", "de", "çok", "olarak", "ama", "ne", "daha", "gibi", "kadar", "sonra", "değil")
    ),
    "en": frozenset(("the", "of", "and", "to", "in", "a", "is", "that", "was", "it", "for", "with", "on", "as", "we", "at", "he", "she")),
}
OWN_NAMES = {  # as they call themselves, and ISO 639-2
    "türkçe": "tr", "turkce": "tr", "deutsch": "de", "français": "fr", "español": "es", "italiano": "it", "русский": "ru", "中文": "zh",
    "tur": "tr", "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "rus": "ru", "zho": "zh",
    "jpn": "ja", "kor": "ko", "por": "pt", "nld": "nl", "pol": "pl", "ara": "ar", "aze": "az",
}  # fmt: skip
SAMPLE = 2000  # characters that the guess looks at
NAMES = (  # of the languages that py3langid 0.4 knows
    "ace af am an ar ary arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es et eu ext fa fi fo fr fuv fy ga gcf gcr gd gl "
    "gom grc gu gug guw ha hbo he hi hr ht hu hy id ig is it ja jv ka kab kik kk km kn ko ku ky la lb lg lij ln lo lt ltg lv mg mk ml mn "
    "mr ms mt my ne nl nn no nso oc om or pa pcm pl ps pt qu ro ru rw sa sdh se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug "
    "uk ur uz uzs vec vi vo wa wuu xh yo yue zh zu zxx"
)
KNOWN = frozenset(NAMES.split())
PARTS = 8  # of a long document are looked at, evenly spread
PART = 400  # characters of each


def code_of(name: str) -> str | None:
    """The code of a language that is named another way: `Turkish`, `türkçe`, `TR`, `tur`. None where it is a code, or unknown."""
    from steps.html.words import LANGUAGES

    lower = name.strip().lower()
    if name in KNOWN or not lower:
        return None
    names = {full.lower(): code for code, full in LANGUAGES.items()} | OWN_NAMES
    return names.get(lower) or (lower if lower in KNOWN else None)


def codes_meant(names: Sequence[str]) -> str:
    """What to write for a list of languages of which one is no code."""
    found = [codes_in(name) for name in names]
    if all(found):
        return f"write allow: [{', '.join(dict.fromkeys(code for codes in found for code in codes))}]"
    return "write the code of ISO 639, such as tr, en, de; without languages: all are kept"


def codes_in(name: str) -> list[str]:
    """The codes that were meant by what is none: a name, a code with its country, several with commas. Empty where one is unknown."""
    parts = [part.strip() for part in name.replace("[", "").replace("]", "").split(",") if part.strip()]
    found = [part if part in KNOWN else code_of(part) for part in parts]
    bases = [part.replace("_", "-").partition("-")[0].lower() for part in parts]
    codes = [code or (base if base in KNOWN else None) for code, base in zip(found, bases, strict=True)]
    return [code for code in codes if code] if all(codes) else []


def guessed_language(text: str) -> str:
    """`tr`, `en`, or nothing when neither has at least 4 % common words and twice as many as the other."""
    head = text[:SAMPLE]
    if "ı" in head or "İ" in head:
        head = head.replace("İ", "i").replace("I", "ı")
    words = head.lower().replace(",", "").replace(".", "").split()
    if len(words) < 20:
        return ""
    turkish = sum(map(WORDS["tr"].__contains__, words))
    english = sum(map(WORDS["en"].__contains__, words))
    if turkish > english:
        return "tr" if turkish >= 0.04 * len(words) and turkish >= 2 * english else ""
    return "en" if english >= 0.04 * len(words) and english >= 2 * turkish else ""


class Languages:
    """Judges texts by py3langid, which knows 140 languages, needs no network and says the same every time."""

    def __init__(self, allowed: Sequence[str]) -> None:
        try:
            from py3langid.langid import MODEL_FILE, LanguageIdentifier
        except ImportError as error:
            fix = 'pip install "recipe[train]"'
            raise RecipeError("D105", "languages need py3langid, which is not installed", field="clean.languages", fix=fix) from error
        self._judge: Any = LanguageIdentifier.from_model_file(MODEL_FILE)
        self.allowed = frozenset(allowed)

    def shares(self, text: str) -> tuple[str, float]:
        """The language of most of a text, and the share of its characters that is in an allowed one.

        A long text is judged by PARTS pieces of it, each from a line's or word's beginning.
        """
        found: Counter[str] = Counter()
        for part in _parts(text):
            if any(c.isalpha() for c in part):
                found[self._judge.classify(part)[0]] += len(part)
        if not found:
            return "", 0.0
        total = sum(found.values())
        best = min(found, key=lambda lang: (-found[lang], lang))
        return best, sum(n for lang, n in found.items() if lang in self.allowed) / total


def _parts(text: str) -> list[str]:
    """All of a short text, line by line where it has several; PARTS pieces of a long one."""
    if len(text) <= PARTS * PART:
        pieces: list[str] = []
        for line in text.split("\n"):
            if pieces and len(pieces[-1]) + len(line) < PART:
                pieces[-1] += "\n" + line
            elif line.strip():
                pieces.append(line)
        return pieces
    step = len(text) // PARTS
    starts = []
    for i in range(PARTS):
        at = i * step
        if i:  # to the next line, or word
            end, blank = text.find("\n", at, at + step - PART), text.find(" ", at, at + step - PART)
            at = end + 1 if end >= 0 else blank + 1 if blank >= 0 else at
        starts.append(text[at : at + PART])
    return starts
