"""Numbers, sizes, times and languages as words for people: every figure on the page is written here, so that all read alike."""

from collections.abc import Mapping, Sequence
from math import floor, isfinite, isinf, isnan, log10
from typing import Any

NONE = "–"
LANGUAGES = {
    "ar": "Arabic", "az": "Azerbaijani", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish",
    "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "eu": "Basque", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "ga": "Irish", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian",
    "hy": "Armenian", "id": "Indonesian", "is": "Icelandic", "it": "Italian", "ja": "Japanese", "ka": "Georgian", "kk": "Kazakh",
    "ko": "Korean", "ku": "Kurdish", "ky": "Kyrgyz", "la": "Latin", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovene",
    "sq": "Albanian", "sr": "Serbian", "sv": "Swedish", "sw": "Swahili", "ta": "Tamil", "th": "Thai", "tk": "Turkmen",
    "tr": "Turkish", "tt": "Tatar", "uk": "Ukrainian", "ur": "Urdu", "uz": "Uzbek", "vi": "Vietnamese", "zh": "Chinese",
    "und": "language not said",
}  # fmt: skip
FAMILIES = {"mamba": "Mamba", "mamba2": "Mamba-2", "mamba_hebbian": "Hebbian Mamba", "llama": "Llama", "gpt2": "GPT-2"}


def number(value: Any) -> float | None:
    """`value` as a float if it is a number (NaN and infinity are), else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def figure(value: Any, digits: int = 3) -> str:
    """A measured value with `digits` significant digits; large ones by thousands, `not a number` said in words."""
    x = number(value)
    if x is None:
        return NONE
    if isnan(x):
        return "not a number"
    if isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    if abs(x) >= 10 ** (digits - 1):
        return f"{x:,.0f}".replace("-", "−")
    if abs(x) < 1e-3:
        head, exponent = f"{x:.{digits - 1}e}".split("e")
        head = head.rstrip("0").rstrip(".") if "." in head else head
        return f"{head}e{int(exponent)}".replace("-", "−")
    return f"{x:.{max(0, digits - 1 - floor(log10(abs(x))))}f}".replace("-", "−")


def fixed(value: Any, decimals: int = 2) -> str:
    """A value with as many decimals as its neighbours in a column have."""
    x = number(value)
    return figure(x) if x is None or not isfinite(x) else f"{x:,.{decimals}f}".replace("-", "−")


def count(value: Any) -> str:
    """A whole number in full, by thousands."""
    x = number(value)
    return figure(x) if x is None or not isfinite(x) else f"{x:,.0f}".replace("-", "−")


def short(value: Any) -> str:
    """A large number in three digits or so: 0.6 M, 15.5 M, 1.2 B; below a hundred thousand in full."""
    x = number(value)
    if x is None or not isfinite(x) or abs(x) < 1e5:
        return count(x)
    for size, word in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if abs(x) >= size / 10:
            shown = x / size
            return f"{shown:,.1f} {word}" if abs(shown) < 100 else f"{shown:,.0f} {word}"
    return count(x)


def size(value: Any) -> str:
    """Bytes of a file, by powers of a thousand."""
    x = number(value)
    if x is None or not isfinite(x):
        return figure(x)
    for unit, word in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(x) >= unit:
            return f"{x / unit:.{1 if abs(x) < 100 * unit else 0}f} {word}"
    return f"{x:.0f} bytes"


def memory(value: Any) -> str:
    """Bytes of memory, by powers of 1024."""
    x = number(value)
    if x is None or not isfinite(x):
        return figure(x)
    unit, word = (1024**3, "GiB") if abs(x) >= 1024**3 / 10 else (1024**2, "MiB")
    return f"{x / unit:.{1 if abs(x) < 100 * unit else 0}f} {word}"


def span(value: Any) -> str:
    """Seconds as people say them."""
    x = number(value)
    if x is None or not isfinite(x):
        return figure(x)
    if x < 0.0005:
        return "0 s"
    if x < 1:
        return f"{x * 1000:.0f} ms"
    if x < 9.95:
        return f"{x:.1f} s"
    whole = round(x)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(x / 60)
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(x / 3600)
    return f"{hours // 24} days {hours % 24} h"


def percent(value: Any, decimals: int = 0) -> str:
    """A share of one as per cent; a share that is not quite nothing or not quite all is not rounded to it."""
    x = number(value)
    if x is None or not isfinite(x):
        return figure(x)
    if x in (0, 1):
        return f"{x * 100:.0f} %"
    shown = f"{x * 100:.{decimals}f}"
    if 0 < x < 1 and float(shown) in (0.0, 100.0):
        shown = f"{x * 100:.{min(decimals + 2, 4)}f}"
        if float(shown) in (0.0, 100.0):
            return "under 0.01 %" if x < 0.5 else "over 99.99 %"
    return f"{shown} %"


def plural(value: Any, one: str, many: str = "") -> str:
    """`1 document`, `3 documents`."""
    return f"{count(value)} {one if number(value) == 1 else many or one + 's'}"


def language(code: str) -> str:
    """The English name of a language's code; a code that is not known stands as it is, none is `und`."""
    return LANGUAGES.get(code.split("-")[0].split("_")[0].lower(), code) if code else LANGUAGES["und"]


def family(name: Any) -> str:
    """A model family as its papers write it."""
    return FAMILIES.get(str(name), str(name or "language"))


def listed(words: Sequence[str], most: int = 3) -> str:
    """`Turkish, English and Azerbaijani`; beyond `most`, `and 4 more`."""
    if len(words) > most + 1:
        return ", ".join(words[:most]) + f" and {len(words) - most} more"
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else ""


def moment(stamp: str) -> str:
    """`2026-11-21T21:42:35Z` as `21 November 2026, 21:42`; anything else as it is."""
    from datetime import datetime

    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    return f"{when.day} {when:%B %Y, %H:%M}"


def cut(text: str, most: int) -> tuple[str, int]:
    """The first `most` characters of a text, and how many are left out; a text only a little longer stays whole."""
    return (text, 0) if len(text) <= most * 1.1 else (text[:most], len(text) - most)


def flat(data: Any, prefix: str = "", most: int = 200) -> list[tuple[str, str]]:
    """Nested data as (dotted name, text) pairs, at most `most` of them."""
    rows: list[tuple[str, str]] = []
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            rows += flat(value, f"{prefix}.{key}" if prefix else str(key), most - len(rows))
            if len(rows) >= most:
                break
    elif isinstance(data, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in data):
        for place, item in enumerate(data):
            rows += flat(item, f"{prefix}.{place}" if prefix else str(place), most - len(rows))
            if len(rows) >= most:
                break
    elif prefix:
        sized = prefix.endswith("bytes") and number(data) is not None
        rows.append((prefix.removesuffix("bytes").rstrip("_.") or "size", memory(data)) if sized else (prefix, plain(data)))
    return rows[:most]


def plain(value: Any) -> str:
    """A value as a reader of the recipe would write it."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value) or NONE
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items()) or NONE
    return str(value)
