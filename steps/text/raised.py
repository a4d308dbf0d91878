"""Raised figures: numbers of references and notes are no part of the text that calls them; exponents are.

A number belongs to a reference or a note behind a word of three letters or a mark. It is an exponent behind a figure (`10` and a raised `3`
are not 103), a unit or a letter alone.
"""

import re

RAISED = str.maketrans("0123456789+-−–kn", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ᵏⁿ")
_ONE = r"(?:\d{1,3}[a-z]?|[*∗†‡§¶]{1,3}|[a-h])"
CALL = re.compile(rf"\[?{_ONE}(?:\s?[,;–-]\s?{_ONE})*,?\]?")
CALLING = re.compile(r"(?:[^\W\d_]{2}[^\W\d_A-Z]|[A-ZÇĞİÖŞÜ]{3}|[^\W\d_]{2}[.,;:?!)\]”’\"']{1,2}|[\])][.,;:])\s?$")
NAMES = re.compile(  # of functions and units, which have exponents
    r"(?:\b(?:sinh?|cosh?|tanh?|cot|sec|csc|log|exp|mol|rad)|\d\s?(?:deg|arcmin|arcsec|pix))$"
)
FRACTION = re.compile(r"[+−–-]?\d{1,2}\.\d{1,2}")
PRODUCT = re.compile(r"(?:[=<>≤≥≈∼≅+−·×/]\s?\([^\W\d_]{2,3}|\([x-z]{2,3})\)$")  # of letters, which are no word in a formula
BEHIND = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵏⁿ][^\W\d_]$")  # a letter behind an exponent, which makes no word of them
POWERED = re.compile(r"(?:\d|\b[kcdmµμn]?[ms]|\b(?:kg|ha)|(?<![^\W_⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵏⁿ])[^\W\d_])$")  # a figure, a unit, a letter
OPERATION = re.compile(r"[+−–=/·×*<>]|(?<![^\W\d_]{2})-(?![^\W\d_]{2})")  # in an exponent that is one of several signs
BASE = re.compile(rf"{POWERED.pattern}|[)\]]$")


def power(said: str, before: str) -> str:
    """An exponent that no raised signs can write, as `^(n − k)`; nothing for any other."""
    plain = " ".join(said.split())
    if len(plain) < 2 or CALL.fullmatch(plain) or all(ord(sign) in RAISED for sign in plain):
        return ""
    return f"^({plain})" if OPERATION.search(plain) and any(map(str.isalnum, plain)) and BASE.search(before) else ""


def raised(said: str, before: str) -> str:
    """What is read of raised signs behind `before`: nothing of a call, exponents as such, the rest as it is."""
    plain = said.strip()
    has_power = NAMES.search(before) or PRODUCT.search(before) or BEHIND.search(before)
    if CALL.fullmatch(plain) and CALLING.search(before) and not has_power:
        return ""
    if plain and (has_power or POWERED.search(before)) and all(ord(sign) in RAISED for sign in plain):
        return said.translate(RAISED)
    return f"^{said}" if FRACTION.fullmatch(plain) and before.endswith("10") else said
