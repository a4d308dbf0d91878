"""Equations of Word as a line of text: `x = (a+b)/2`, `c^2`, `d_(ij)`, `√(n+1)`, `∑_(i=1)^n k`."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
BREAK = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}br"  # between two equations of a paragraph
ACCENTS = {"^": "\u0302", "~": "\u0303", "¯": "\u0304", "→": "\u20d7", "": "\u0302"}
MARK = "[\u0300-\u036f\u20d0-\u20ff]"  # on the letter before it
OPEN = re.compile(rf"[_^√∛∜]\w{MARK}*\w*$")  # an index, a power, a root without brackets, into which a letter behind it would go
FRACTION = re.compile(rf"/(?:\w{MARK}*|\w+|\([^()]*\))$")
PRODUCT = re.compile(r"\d+[^\W\d_]")
FENCED = re.compile(r"\([^()]*\)")
RUNS = ("r", "word", "t")
LARGE = "√∛∜∑∏∫"
RELATION = tuple("=<>≤≥≠≈≡≅≃∼∝→⇒⇔∈∉⊂⊆")
BRACES = "⏞⏟⏜⏝⎴⎵"  # over and under what they hold together; the other signs that stand so are arrows


def linear(node: Any) -> str:
    """The text of what is inside an element of Office MathML."""
    said, before = "", ""
    for child in _pieces(node):
        if more := _one(child):
            name = _name(child, more)
            said += f" {more}" if said and _apart(said[-100:], before, more, name) else more
            before = name
    return said


def _pieces(node: Any) -> Iterator[Any]:
    """What stands in an element, inserted too."""
    for child in node.iterchildren():
        if isinstance(child.tag, str):
            yield from _pieces(child) if child.tag.endswith(("}ins", "}moveTo")) else (child,)


def _name(node: Any, text: str) -> str:
    """What a piece is: the name of its element; of a run that is set upright and is a word: `word`."""
    name: str = node.tag.rpartition("}")[2]
    if name == "r" and len(text) > 1 and text.isalpha():
        upright = node.find(f"{M}rPr/{M}nor") is not None or _sign(node, "rPr", "sty", "i") == "p"
        return "word" if upright else name
    return name


def _apart(said: str, before: str, more: str, name: str) -> bool:
    """True where `more` would be read as a part of what stands before it. before, name: what each is."""
    if before in RUNS and name in RUNS:
        return before != name and said[-1].isalpha() and more[0].isalpha()
    last, first = said[-1], more[0]
    if (last.isdecimal() and first.isdecimal()) or (name == "sPre" and last.isalnum()):
        return True
    if first.isalnum() or first in LARGE:
        return (name == "func" and last.isalpha()) or before == "f" or goes_into(said, more)
    return first in "([{" and (before == "f" or bool(FRACTION.search(said)))


def _one(node: Any) -> str:
    if node.tag == f"{M}t":
        return node.text or ""
    if node.tag == BREAK:
        return "\n"
    name = node.tag.rpartition("}")[2]
    if name.endswith("Pr") or name in ("del", "moveFrom"):
        return ""
    return FORMS[name](node) if name in FORMS and node.tag.startswith(M) else linear(node)


def _of(node: Any, name: str) -> str:
    inside = node.find(f"{M}{name}")
    return linear(inside).strip() if inside is not None else ""


def _sign(node: Any, properties: str, name: str, usual: str) -> str:
    """A character that the properties name; `usual` where they do not."""
    given = node.find(f"{M}{properties}/{M}{name}")
    return usual if given is None else given.get(f"{M}val", "")


def closed(text: str) -> str:
    """`text` in brackets, unless it is one thing."""
    fenced = text[:1] + text[-1:] in ("()", "[]", "{}") and text.count(text[0]) == 1
    return text if len(text) < 2 or text.isalnum() or fenced else f"({text})"


def goes_into(said: str, more: str) -> bool:
    """True where `more` would be read as a part of the index, the power or the fraction with which `said` ends."""
    tail = said[-100:]
    return bool(more) and (more[0].isalnum() or more[0] in LARGE) and bool(OPEN.search(tail) or FRACTION.search(tail))


def denominator(text: str) -> str:
    """`text` behind a stroke: `2b` in brackets too, which would be a half of b."""
    return f"({text})" if PRODUCT.match(text) and text.isalnum() else closed(text)


def rooted(text: str) -> str:
    """`text` under a root."""
    return f"({text})" if len(text) > 1 and text.isalpha() else denominator(text)


def small(text: str) -> str:
    """`text` as an index or exponent: in brackets, unless it is a sign or a number."""
    return text if len(text) < 2 or text.isdecimal() else f"({text})"


def _fraction(node: Any) -> str:
    if _sign(node, "fPr", "type", "bar") == "noBar":  # a binomial
        return f"{_of(node, 'num')} choose {_of(node, 'den')}"
    return f"{closed(_of(node, 'num'))}/{denominator(_of(node, 'den'))}"


def _scripts(node: Any) -> str:
    low, high = _of(node, "sub"), _of(node, "sup")
    return closed(_of(node, "e")) + (f"_{small(low)}" if low else "") + (f"^{small(high)}" if high else "")


def _scripts_before(node: Any) -> str:
    low, high = _of(node, "sub"), _of(node, "sup")
    return (f"_{small(low)}" if low else "") + (f"^{small(high)}" if high else "") + closed(_of(node, "e"))


def _phantom(node: Any) -> str:
    """What takes room, and is only seen where nothing says that it is not."""
    return "" if _sign(node, "phantPr", "show", "1") in ("0", "off", "false") else _of(node, "e")


def _root(node: Any) -> str:
    degree = _of(node, "deg")
    return {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree, f"√[{degree}]") + rooted(_of(node, "e"))


def _large(node: Any) -> str:
    low, high = _of(node, "sub"), _of(node, "sup")
    sign = _sign(node, "naryPr", "chr", "∫")
    return sign + (f"_{small(low)}" if low else "") + (f"^{small(high)}" if high else "") + f" {_of(node, 'e')}"


def _fenced(node: Any) -> str:
    between = _sign(node, "dPr", "sepChr", "|")
    inside = between.join(linear(e).strip() for e in node.iterchildren(f"{M}e"))
    return _sign(node, "dPr", "begChr", "(") + inside + _sign(node, "dPr", "endChr", ")")


def _function(node: Any) -> str:
    inside = _of(node, "e")
    if node.find(f"{M}fName//{M}limLow") is None and "/" in _unfenced(inside):
        inside = f"({inside})"
    return f"{_of(node, 'fName')}{inside if inside.startswith('(') else f' {inside}'}"


def _unfenced(text: str) -> str:
    """`text` without what stands in brackets."""
    count = 1
    while count:
        text, count = FENCED.subn("", text)
    return text


def _marked(node: Any, mark: str) -> str:
    """A letter with a mark on it, or letters in brackets."""
    text = _of(node, "e")
    return (text if len(re.sub(MARK, "", text)) < 2 else f"({text})") + mark


def _accent(node: Any) -> str:
    sign = _sign(node, "accPr", "chr", "\u0302")
    return _marked(node, ACCENTS.get(sign, sign))


def _grouped(node: Any) -> str:
    """What a brace holds together; what stands over or under an arrow."""
    sign, text = _sign(node, "groupChrPr", "chr", "⏟"), _of(node, "e")
    if not sign or sign in BRACES or not text:
        return text or sign
    return f"{sign}{'_' if _sign(node, 'groupChrPr', 'pos', 'bot') == 'top' else '^'}{small(text)}"


def _limit(node: Any) -> str:
    text, said = _of(node, "e"), _of(node, "lim")
    brace = node.find(f"{M}e/{M}groupChr")
    if brace is not None and said and (sign := _sign(brace, "groupChrPr", "chr", "⏟")) in BRACES:
        text = f"{sign}({text})"
    return f"{text}{'_' if node.tag.endswith('limLow') else '^'}{small(said)}"


def _matrix(node: Any) -> str:
    return "; ".join(_row([linear(e).strip() for e in row.iterchildren(f"{M}e")]) for row in node.iterchildren(f"{M}mr"))


def _row(cells: list[str]) -> str:
    """Cells of a matrix; those of equations that are set below each other are one line."""
    said = cells[0] if cells else ""
    for before, cell in pairwise(cells):
        said += (" " if before.endswith((",", ";", ":")) else "" if cell.startswith(RELATION) else ", ") + cell
    return said


def _rows(node: Any) -> str:
    return "; ".join(_aligned(linear(e)) for e in node.iterchildren(f"{M}e"))


def _aligned(line: str) -> str:
    """A row without the marks by which rows stand below each other."""
    return re.sub(r"\s*&+\s*", lambda mark: _room(line, mark), line).strip() if "&" in line else line.strip()


def _room(line: str, mark: re.Match[str]) -> str:
    before, behind = line[: mark.start()][-1:], line[mark.end() :][:1]
    return " " if len(mark[0].strip("&")) or before in (",", ";", ":") or (before.isalnum() and behind.isalnum()) else ""


FORMS: dict[str, Callable[[Any], str]] = {
    "f": _fraction, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "sPre": _scripts_before, "phant": _phantom, "rad": _root,
    "nary": _large, "d": _fenced, "func": _function, "acc": _accent, "limLow": _limit, "limUpp": _limit, "m": _matrix, "eqArr": _rows,
    "groupChr": _grouped, "bar": lambda node: _marked(node, "\u0332" if _sign(node, "barPr", "pos", "top") == "bot" else "\u0304"),
}  # fmt: skip
