"""Numbers of list items as they are written: letters, Roman figures, and those of other scripts."""

from collections.abc import Callable

ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"),
         (4, "iv"), (1, "i"))  # fmt: skip


def _letter(count: int) -> str:
    return _series("abcdefghijklmnopqrstuvwxyz")(count)


def _series(letters: str) -> Callable[[int], str]:
    """Letters in turn; behind the last one twice each, and so on, as Word does."""

    def written(count: int) -> str:
        again, at = divmod(count - 1, len(letters))
        return letters[at] * (again + 1) if 0 < count < 1000 else str(count)

    return written


def _sign(first: str, most: int) -> Callable[[int], str]:
    """One sign for each number from 1 on, as ① is of 1."""
    return lambda count: chr(ord(first) + count - 1) if 0 < count <= most else str(count)


def _digits(digits: str) -> Callable[[int], str]:
    return lambda count: str(count).translate(str.maketrans("0123456789", digits))


def _counted(digits: str, powers: str, *, zero: str = "", ones: int = 0) -> Callable[[int], str]:
    """Tens, hundreds and thousands by name: 二十三. zero: said where one or more are left out; ones: said of powers from this one on."""

    def written(count: int) -> str:
        if not 0 < count < 10_000:
            return str(count)
        out = ""
        for power, digit in zip((3, 2, 1, 0), map(int, f"{count:04}"), strict=True):
            if not digit:
                continue
            if out and zero and count // 10 ** (power + 1) % 10 == 0:
                out += zero
            said = digit > 1 or power == 0 or power >= ones or (power == 1 and zero and out)
            out += (digits[digit - 1] if said else "") + (powers[power - 1] if power else "")
        return out

    return written


def _roman(count: int) -> str:
    if not 0 < count < 4000:
        return str(count)
    out = ""
    for value, letters in ROMAN:
        out += letters * (count // value)
        count %= value
    return out


def _ordinal(count: int) -> str:
    last = count % 10 if count // 10 % 10 != 1 else 0
    return f"{count}{('th', 'st', 'nd', 'rd')[last] if last < 4 else 'th'}"


_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_NTH = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}


def _words(count: int) -> str:
    """A number in English words."""
    if not 0 <= count < 1000:
        return str(count)
    hundreds, rest = divmod(count, 100)
    if hundreds:
        return f"{_ONES[hundreds]} hundred" + (f" {_words(rest)}" if rest else "")
    if count < 20:
        return _ONES[count]
    return _TENS[count // 10 - 2] + (f"-{_ONES[count % 10]}" if count % 10 else "")


def _nth(count: int) -> str:
    """`First`, `Twenty-second`, `Thirtieth`."""
    said = _words(count)
    if said.isdecimal():
        return said
    at = max(said.rfind("-"), said.rfind(" ")) + 1
    last = said[at:]
    return (said[:at] + _NTH.get(last, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")).capitalize()


def _hebrew(count: int) -> str:
    """Letters that are figures; 15 and 16 are 9 and 6, and 9 and 7, as the others would write a name."""
    if not 0 < count < 1000:
        return str(count)
    hundreds, rest = divmod(count, 100)
    out = "ת" * (hundreds // 4) + ("קרש"[hundreds % 4 - 1] if hundreds % 4 else "")
    if rest in (15, 16):
        return out + ("טו" if rest == 15 else "טז")
    return out + ("יכלמנסעפצ"[rest // 10 - 1] if rest >= 10 else "") + ("אבגדהוזחט"[rest % 10 - 1] if rest % 10 else "")


_CHINESE = _counted("一二三四五六七八九", "十百千", zero="〇", ones=2)
_CYRILLIC = _series("абвгдежзиклмнопрстуфхцчшщыэюя")
_CIRCLE = _sign("①", 20)
FORMATS: dict[str, Callable[[int], str]] = {
    "lowerLetter": _letter,
    "upperLetter": lambda count: _letter(count).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda count: _roman(count).upper(),
    "decimalZero": "{:02}".format,
    "none": lambda count: "",
    "ordinal": _ordinal,
    "cardinalText": lambda count: _words(count).capitalize(),
    "ordinalText": _nth,
    "chicago": _series("*†‡§"),
    "numberInDash": "- {} -".format,
    "decimalFullWidth": _digits("０１２３４５６７８９"),
    "decimalEnclosedCircle": _CIRCLE,
    "decimalEnclosedCircleChinese": _CIRCLE,
    "decimalEnclosedParen": _sign("⑴", 20),
    "decimalEnclosedFullstop": _sign("⒈", 20),
    "chineseCounting": _CHINESE,
    "chineseCountingThousand": _CHINESE,
    "taiwaneseCounting": _CHINESE,
    "taiwaneseCountingThousand": _CHINESE,
    "japaneseCounting": _counted("一二三四五六七八九", "十百千", ones=4),
    "chineseLegalSimplified": _counted("壹贰叁肆伍陆柒捌玖", "拾佰仟", zero="零", ones=1),
    "koreanCounting": _counted("일이삼사오육칠팔구", "십백천", ones=4),
    "ideographDigital": _digits("〇一二三四五六七八九"),
    "japaneseDigitalTenThousand": _digits("〇一二三四五六七八九"),
    "taiwaneseDigital": _digits("○一二三四五六七八九"),
    "koreanDigital": _digits("영일이삼사오육칠팔구"),
    "ideographTraditional": _series("甲乙丙丁戊己庚辛壬癸"),
    "ideographZodiac": _series("子丑寅卯辰巳午未申酉戌亥"),
    "aiueoFullWidth": _series("アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"),
    "irohaFullWidth": _series("イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセスン"),
    "ganada": _series("가나다라마바사아자차카타파하"),
    "chosung": _series("ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ"),
    "russianLower": _CYRILLIC,
    "russianUpper": lambda count: _CYRILLIC(count).upper(),
    "hebrew1": _hebrew,
    "hebrew2": _series("אבגדהוזחטיכלמנסעפצקרשת"),
    "arabicAlpha": _series("أبتثجحخدذرزسشصضطظعغفقكلمنهوي"),
    "arabicAbjad": _series("أبجدهوزحطيكلمنسعفصقرشتثخذضظغ"),
    "hindiNumbers": _digits("०१२३४५६७८९"),
    "thaiNumbers": _digits("๐๑๒๓๔๕๖๗๘๙"),
}
