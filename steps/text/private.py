"""What can name or reach a person, replaced by a mark: addresses, numbers of telephones, accounts, cards, identity cards, machines.

Numbers are only taken where their check digits are right (ISO 13616 for IBAN, Luhn for cards, the two last digits of a Turkish
identity number), so that other long numbers stay.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Sequence

from steps.text.choices import Private

# A run of letters is tried once, at its beginning: a lookbehind keeps these linear on megabytes without a blank.
EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[^\W_](?:[\w-]{0,62})\.){1,8}[^\W\d_]{2,24}(?![\w-])")
IBAN = re.compile(r"(?<![A-Za-z0-9])(?:[A-Za-z]{2}|[A-Z]{2} )\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])")
CARD = re.compile(r"(?<![\w.,+-])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5})(?![\w-]|[.,]\d)")
TR_ID = re.compile(r"(?<![\w.,+-])[1-9]\d{10}(?![\w-]|[.,]\d)")
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
PHONE = re.compile(
    r"(?<![\w+.,/-])(?:"
    r"(?:\+[1-9]\d{0,2}|00(?:20|[349]\d)(?=[ .\-/(]))(?:[ .\-/]?(?:\(\d{1,4}\)|\d{1,4})){2,6}"  # international
    r"|(?:00 ?90[ .\-/]?|0 ?)?(?:\(0?[2-5]\d\d\) ?|[2-5]\d\d[ .\-])\d{3}[ .\-]\d{2}[ .\-]?\d{2}"  # Turkish, in groups
    r"|(?:0 ?\([2-5]\d\d\)|\(0[2-5]\d\d\)) ?\d{7}"
    r"|0[2-5]\d\d(?:[ .\-/]\d{7}|/\d{3}[ .\-]\d{2}[ .\-]?\d{2})"
    r"|(?:00 ?90 ?|0)[2-5]\d{9}"  # in one
    r"|0 ?8(?:00|11|22|50|88)[ .\-]?(?:\d{7}|\d{3}[ .\-]\d{2}[ .\-]?\d{2}|\d{3}[ .\-]\d[ .\-]\d{3})"  # of services
    r"|(?<!\d[ -])444[ -]\d[ -]\d{3}(?! \d)"
    r"|(?:\(02\d\) ?|02\d[ -])\d{4}[ -]\d{4}|01(?:1\d|\d1)[ -]\d{3}[ -]\d{4}|07[3-9]\d\d[ -]\d{3}[ -]?\d{3}"  # British
    r"|(?:1[ .\-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .\-])\d{3}[ .\-]\d{4}"  # North American
    r")(?![\w-]|[.,/]\d)"
)
CALLED = re.compile(  # ten digits that a word before them makes the number of a Turkish mobile
    r"(?<!\w)(?:tel|telefon\w{0,8}|gsm|cep\w{0,4}|mobile?|cell|phone|whatsapp|faks|fax|iletişim|call(?: me| us)?(?: at| on)?)"
    r"(?:[ .:]{1,3}(?:no|num\w{0,6}|telefon\w{0,6}|hattı))?[ .:(]{1,3}(?P<number>5[0345]\d{8})(?![\w-]|[.,/]\d)",
    re.IGNORECASE,
)
FOURS = re.compile(r"\d{4}(?: \d{4})+")
MAYBE = re.compile(r"\d[\d .()/-]{5,}\d|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:")  # a line without it is looked at no further
LENGTHS = {  # of an IBAN, by country (ISO 13616 register)
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GE": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
    "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29, "XK": 20,
}  # fmt: skip


def iban(text: str) -> str:
    """The account number that `text` begins with, its remainder by 97 being 1; the pattern may have taken the next word along."""
    size = LENGTHS.get(text[:2].upper(), 0)
    for place, char in enumerate(text, 1):
        size -= char != " "
        if size == 0:
            plain = text[:place].replace(" ", "").upper()
            whole = place == len(text) or text[place] == " "
            return text[:place] if whole and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1 else ""
    return ""


def card(text: str) -> str:
    """The card's number in `text`: all of it, or less its last group, which may be a date."""
    shorter = text[: max(text.rfind(" "), text.rfind("-"), 0)]
    return next((found for found in (text, shorter) if _is_card(re.sub("[ -]", "", found))), "")


def _is_card(number: str) -> bool:
    """True for a length and beginning that a network gives, right by Luhn's check."""
    if len(number) < 13:
        return False
    first, size = int(number[:4]), len(number)
    visa = number[0] == "4" and size in (13, 16, 19)
    sixteen = 5100 <= first < 5600 or 2200 <= first < 2721 or first // 100 in (65, 97) or first == 6011 or 6440 <= first < 6500
    long = number[:2] in ("62", "35") and size >= 16
    maestro = number[:2] in ("50", "56", "57", "58", "67")
    american = (number[:2] in ("34", "37") and size == 15) or (number[:2] in ("30", "36", "38") and size == 14)
    if not (visa or (sixteen and size == 16) or long or maestro or american):
        return False
    doubled = (d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(int(c) for c in reversed(number)))
    return sum(doubled) % 10 == 0


def tr_id(text: str) -> str:
    """`text` when both check digits of a Turkish identity number are right."""
    d = [int(c) for c in text]
    right = (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]
    return text if right else ""


def ip(text: str) -> str:
    """`text` when it is an address of version 4 or 6. 1.0.0.0 is a program's version: two parts of version 4 must have two digits.

    So 10.0.0.1 stays, which is a version as well, and as an address is that of nobody outside of its own network.
    """
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return ""
    if ":" in text:
        return text if len(text) > 6 else ""
    return text if sum(len(part) > 1 for part in text.split(".")) > 1 or text == "127.0.0.1" else ""


def phone(text: str) -> str:
    """`text` when it has as many digits as a telephone number; figures in fours behind 00 are of something else."""
    digits = sum(c.isdigit() for c in text)
    short = text.startswith("444")
    if text.startswith("00") and (digits < 12 or FOURS.fullmatch(text)):
        return ""
    return text if (7 if short else 8) <= digits <= 15 else ""


def _any(text: str) -> str:
    return text


RULES: tuple[tuple[str, str, tuple[re.Pattern[str], ...], Callable[[str], str]], ...] = (  # in this order: the surest first
    ("email", "<EMAIL>", (EMAIL,), _any),
    ("iban", "<IBAN>", (IBAN,), iban),
    ("card", "<CARD>", (CARD,), card),
    ("tr_id", "<TR_ID>", (TR_ID,), tr_id),
    ("ip", "<IP>", (IPV4, IPV6), ip),
    ("phone", "<PHONE>", (PHONE, CALLED), phone),
)


class Masks:
    """Replaces the chosen kinds; `counts` says how many of each there were."""

    def __init__(self, kinds: Sequence[Private]) -> None:
        self.rules = [rule for rule in RULES if rule[0] in kinds or "all" in kinds]
        self.counts: Counter[str] = Counter()

    def masked(self, text: str) -> str:
        """`text` with a mark in the place of what was found."""
        if not self.rules or ("@" not in text and not MAYBE.search(text)):
            return text
        return "\n".join([self._line(line) if "@" in line or MAYBE.search(line) else line for line in text.split("\n")])

    def _line(self, text: str) -> str:
        for name, mark, patterns, taken in self.rules:
            if name != "email" or "@" in text:
                for pattern in patterns:
                    text = self._replaced(text, name, mark, pattern, taken)
        return text

    def _replaced(self, text: str, name: str, mark: str, pattern: re.Pattern[str], taken: Callable[[str], str]) -> str:
        out: list[str] = []
        at = start = 0
        while match := pattern.search(text, start):
            group = "number" if "number" in pattern.groupindex else 0
            found = taken(match[group])
            if found:
                self.counts[name] += 1
                out += (text[at : match.start(group)], mark)
                at = match.start(group) + len(found)
            start = max(at, match.start() + 1)
        return "".join([*out, text[at:]]) if out else text
