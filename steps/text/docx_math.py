"""Equations of Word as a line of text: `x = (a+b)/2`, `c^2`, `d_(ij)`, `√(n+1)`, `∑_(i=1)^n k`."""

from collections.abc import Callable
from typing import Any

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
BREAK = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}br"  # between two equations of a paragraph
ACCENTS = {"^": "\u0302", "~": "\u0303", "¯": "\u0304", "→": "\u20d7", "": "\u0302"}


def linear(node: Any) -> str:
    """The text of what is inside an element of Office MathML."""
    return "".join(_one(child) for child in node.iterchildren() if isinstance(child.tag, str))


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


def small(text: str) -> str:
    """`text` as an index or exponent: in brackets, unless it is a sign or a number."""
    return text if len(text) < 2 or text.isdecimal() else f"({text})"


def _fraction(node: Any) -> str:
    if _sign(node, "fPr", "type", "bar") == "noBar":  # a binomial
        return f"{_of(node, 'num')} choose {_of(node, 'den')}"
    return f"{closed(_of(node, 'num'))}/{closed(_of(node, 'den'))}"


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
    return {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree, f"√[{degree}]") + closed(_of(node, "e"))


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
    return f"{_of(node, 'fName')}{inside if inside.startswith('(') else f' {inside}'}"


def _accent(node: Any) -> str:
    sign = _sign(node, "accPr", "chr", "\u0302")
    return _of(node, "e") + ACCENTS.get(sign, sign)


def _limit(node: Any) -> str:
    return f"{_of(node, 'e')}{'_' if node.tag.endswith('limLow') else '^'}{small(_of(node, 'lim'))}"


def _matrix(node: Any) -> str:
    return "; ".join(", ".join(linear(e).strip() for e in row.iterchildren(f"{M}e")) for row in node.iterchildren(f"{M}mr"))


def _rows(node: Any) -> str:
    return "; ".join(linear(e).strip() for e in node.iterchildren(f"{M}e"))


FORMS: dict[str, Callable[[Any], str]] = {
    "f": _fraction, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "sPre": _scripts_before, "phant": _phantom, "rad": _root,
    "nary": _large, "d": _fenced, "func": _function, "acc": _accent, "limLow": _limit, "limUpp": _limit, "m": _matrix, "eqArr": _rows,
    "bar": lambda node: f"{_of(node, 'e')}\u0304",
}  # fmt: skip
