"""Fields of Word whose code is what is shown: EQ, the equations of old files, buttons, and signs of a font by their number."""

import re

from steps.text.docx_math import closed, denominator, rooted
from steps.text.docx_signs import drawn
from steps.text.raised import RAISED

SYMBOL = re.compile(r"\s*(0x[0-9A-Fa-f]{1,5}|\d{1,5})\b(?:.*?\\f\s*\"([^\"]*)\")?")  # its number, and the font
FORM = re.compile(r"\\\*\s*(?:\"[^\"]*\"|\w+)")  # how a reading is set beside its word: its place, font and size
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
MOVED = re.compile(r"\\s\s*\\(up|do)", re.IGNORECASE)
CIRCLES = {str(n): chr(0x245F + n) for n in range(1, 21)}
DEPTH = 20  # of commands inside of commands; what is deeper is left as it stands


def shown(code: str) -> str:
    """What Word shows of a field of that code."""
    kind, _, rest = code.strip().partition(" ")
    kind = kind.upper()
    if kind == "EQ":
        return _Equation(FORM.sub("", rest)).text()
    if kind in ("MACROBUTTON", "GOTOBUTTON"):
        return rest.strip().partition(" ")[2].strip()
    if kind == "SYMBOL" and (found := SYMBOL.match(rest)):
        return drawn(int(found[1], 0), found[2] or "")
    return ""


class _Equation:
    """`\\f(1,2)` and its like, read from left to right."""

    def __init__(self, code: str) -> None:
        self.code = code.strip()
        self.at = 0

    def text(self) -> str:
        return self._until("", 0).strip()

    def _until(self, ends: str, depth: int) -> str:
        """Text and commands up to one of `ends`, which is left standing."""
        out: list[str] = []
        inner = 0  # brackets of the text itself
        while self.at < len(self.code):
            sign = self.code[self.at]
            if not inner and sign in ends:
                break
            if sign == "\\" and depth < DEPTH:
                out.append(self._command(depth))
                continue
            inner += (sign == "(") - (sign == ")")
            out.append(sign)
            self.at += 1
        return "".join(out)

    def _command(self, depth: int) -> str:
        """A command with its options and what stands in its brackets."""
        found = re.compile(r"\\([a-zA-Z]+|.?)").match(self.code, self.at)
        assert found is not None
        self.at = found.end()
        name = found[1].lower()
        if not name.isalpha():  # a comma or a bracket that is meant as such
            return name
        options = re.compile(r"\s*(?:\\(?:[lr]c|bc)\s*\\.|\\[a-z]+\s*-?\d*\s*|\d+\s*)*").match(self.code, self.at)
        assert options is not None
        begin = options.end()
        if self.code[begin : begin + 1] != "(":
            return ""
        self.at = begin
        inside: list[str] = []
        codes: list[str] = []
        while not inside or self.code[self.at : self.at + 1] in (",", ";"):
            begin = self.at + 1
            self.at = begin
            inside.append(self._until(",;)", depth + 1).strip())
            codes.append(self.code[begin : self.at].strip())
        self.at += 1
        return _over_each_other(inside, codes) if name == "o" else _written(name, options[0], inside)


def _written(name: str, options: str, inside: list[str]) -> str:
    """A command as a line of text."""
    first, last = inside[0], inside[-1]
    if name == "f" and len(inside) == 2:
        return f"{closed(first)}/{denominator(last)}"
    if name == "r":
        return f"√[{first}]{rooted(last)}" if len(inside) == 2 and first not in ("", "2") else f"√{rooted(last)}"
    if name == "s" and r"\up" in options:
        return last.translate(RAISED) if all(ord(sign) in RAISED for sign in last) else f"^({last})"
    if name == "b":
        sign = re.search(r"\\bc\s*\\(.)", options)
        left = sign[1] if sign else "("
        return f"{left}{', '.join(inside)}{BRACKETS.get(left, left)}"
    if name == "i":
        large = "∑" if r"\su" in options else "∏" if r"\pr" in options else "∫"
        low, high, body = [*inside, "", "", ""][:3]
        return large + (f"_({low})" if low else "") + (f"^({high})" if high else "") + f" {body}"
    return ("; " if name == "a" else ", ").join(inside)


def _over_each_other(inside: list[str], codes: list[str]) -> str:
    """A figure in a circle, a word below its reading, which is not read, or letters that are set small in two rows."""
    if len(inside) == 2 and inside[0] in ("○", "◯"):
        return CIRCLES.get(inside[1], f"({inside[1]})")
    small = [MOVED.match(code) for code in codes]
    if any(found and found[1].lower() == "do" for found in small):
        bare = [each.removeprefix("^(").removesuffix(")") if found else each for each, found in zip(inside, small, strict=True)]
        if all(small):
            return "".join(bare)
        pairs = zip(bare, small, strict=True)
        return "".join([each if not found else f"{'_' if found[1].lower() == 'do' else '^'}({each})" for each, found in pairs])
    plain = [each for each in inside if not each.startswith("^(")]
    return "".join(plain or inside)
