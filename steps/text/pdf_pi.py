"""Signs of the fonts of signs in which many publishers set their papers (Elsevier, Springer, Wiley: names that begin with Adv).

They call each glyph by whatever stands at its code in an alphabet: `¼` is an equals sign. Most are fonts of TeX under another name.
"""

import re
from collections.abc import Iterator
from typing import Any

from steps.text.pdf_damage import faults
from steps.text.pdf_fields import by_line, fields

SUBSET = re.compile(r"[A-Z]{6}\+|[A-Z][a-z]{5}(?=Adv)")  # what a program puts before the name of a font of which it takes a part
PUBLISHED = re.compile(rf"(?:{SUBSET.pattern})?(?:Adv[A-Z]|TeX_?CM_?Maths)")
# Fonts of TeX by their codes (The TeXbook, Appendix F); a blank: what is no sign of text.
SYMBOLS = (
    "−·×∗÷⋄±∓⊕⊖⊗⊘⊙○∘•≍≡⊆⊇≤≥⪯⪰∼≈⊂⊃≪≫≺≻←→↑↓↔↗↘≃⇐⇒⇑⇓⇔↖↙∝′∞∈∋△▽ ↦∀∃¬∅ℜℑ⊤⊥ℵABCDEFGHIJKLMNOPQRSTUVWXYZ∪∩⊎∧∨⊢⊣⌊⌋⌈⌉{}⟨⟩|‖↕⇕\\≀√⨿∇∫⊔⊓⊑⊒§†‡¶♣♢♡♠"
)
ITALICS = "ΓΔΘΛΞΠΣΥΦΨΩαβγδεζηθικλμνξπρστυφχψωεϑϖϱςϕ    ’‘  0123456789.,</>⋆∂ABCDEFGHIJKLMNOPQRSTUVWXYZ♭♮♯  ℓabcdefghijklmnopqrstuvwxyzıȷ℘  "
ROMAN = "ΓΔΘΛΞΠΣΥΦΨΩ     ıȷ`´ˇ˘¯˚¸ßæœøÆŒØ "
NAMED = {"¼": "=", "½": "[", "Þ": ")", "ð": "(", "þ": "+"}  # of the first, by the names of their glyphs
TEX = {  # of each: its codes, what else it calls by which sign
    **dict.fromkeys(
        ("AdvP4C4E74", "AdvMacMthSy", "AdvMacMthSyN", "AdvMathSymb", "AdvMT_SY", "TeX_CM_Maths_Symbols", "TeXCMMathsSymbols"),
        (SYMBOLS, NAMED),
    ),
    **dict.fromkeys(("AdvP4C4E51", "AdvMacMthIt", "AdvMT_MI", "TeX_CM_Maths_Italic"), (ITALICS, {})),
    "AdvP4C4E59": (ROMAN, {"€": "¨", "_": "˙", "}": "˝"}),
    "AdvP4C4E46": ("", dict(zip("XPZRYQ", "∑∑∫∫∏∏", strict=True))),
}
GREEK = ("abdgpstmDFS", "αβδγπστμΔΦΣ")
SIGNS = {  # others, by what mupdf reads and what is shown
    "AdvEls-ent2": ("w", "†"),
    "AdvEls-ent3": ("r", "©"),
    "AdvEls-ent4": ("orp", "<≤≤"),
    "AdvEls-ent5": ("1Z", "°≥"),
    "AdvEls-ent7": ("BE", "∼≈"),
    "AdvEls-ent8": ("7", "±"),
    "AdvP7DA6": ("8,2.5693$#", "°<−>=±′×≥≤"),
    "AdvPS7DA6": ("8,2.$#", "°<−>≥≤"),
    "AdvP80675": ("62531", "±−=×+"),
    "AdvPi1": (f"845+*6&{{{GREEK[0]}", f"°><±∼×≈†{GREEK[1]}"),
    "AdvPi3": ("#21", "©™®"),
    "AdvPS44A44B": ("edC$G", "–—+·±"),
    "AdvPSMP4": ("\\[P", "<>≥"),
    "AdvPSMP10": ("rqldasgjbkcpm", "σρμδατηκβλγπν"),
    "AdvPSMP13": ("lDrdRXaqvb", "μΔσδΣΩαρχβ"),
    "AdvTA42": ("&n", "©∗"),
    "AdvTT454a7a89": ("bN84d", "<>,∗·"),
    "AdvTTab7e17fd": ("masrbqdfktpehnc", "μασρβθδφκτπεηνχ"),
}
WIDE = 700  # thousandths of the size: a figure is half as wide
MINUS = "−"
CONTROL = " "  # signs below it stand in no other font


def has_pi(page: Any) -> bool:
    """Whether a page of mupdf is set in such fonts."""
    return any(PUBLISHED.match(name) for name, _ in _fonts(page))


def pi_signs(page: Any, met: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The fonts of a page by their names, of each what is read and what is shown. met: those of the document, which are added to."""
    found = {}
    for name, font in _fonts(page):
        if name not in met:
            met[name] = _signs(SUBSET.sub("", name, count=1), font)
        if met[name]:
            found[name] = met[name]
    return found


def minus_signs(fonts: dict[str, dict[str, str]]) -> list[bytes]:
    """Control signs that stand for nothing but a minus sign: exponents are found by it."""
    shown = [pair for signs in fonts.values() for pair in signs.items() if pair[0] < CONTROL]
    other = {said for said, sign in shown if sign != MINUS}
    return [said.encode() for said, sign in shown if sign == MINUS and said not in other]


def signs_of(fonts: dict[str, dict[str, str]]) -> frozenset[str]:
    """What such fonts may mean otherwise than it is read."""
    return frozenset(said for signs in fonts.values() for said in signs)


def with_signs(line: Any, text: str, fonts: dict[str, dict[str, str]], signs: frozenset[str]) -> str:
    """The text of a block, which begins with `line`, with the signs that such fonts show. signs: of `signs_of`."""
    return by_line(line, text, lambda said: not signs.isdisjoint(said), lambda at, said: _shown(at, said, fonts, signs))


def _shown(line: Any, said: str, fonts: dict[str, dict[str, str]], any_of: frozenset[str]) -> str:
    get = fields()
    out = list(said)
    letter, at = get.first_letter(line.this), 0
    while letter is not None and at < len(out):
        if out[at] in any_of and chr(get.code(letter.this)) == out[at]:
            signs = fonts.get(get.font_name(get.font(letter.this).this))
            if signs:
                out[at] = signs.get(out[at], out[at])
        letter, at = get.next_letter(letter.this), at + 1
    return "".join(out)


def _fonts(page: Any) -> list[tuple[str, Any]]:
    """Names and dictionaries of the fonts that a page of mupdf names; none, where it is damaged."""
    from pymupdf import mupdf

    try:
        fonts = mupdf.pdf_dict_gets(mupdf.pdf_page_resources(mupdf.pdf_page_from_fz_page(page)), "Font")
        found = [mupdf.pdf_dict_get_val(fonts, number) for number in range(mupdf.pdf_dict_len(fonts))]
        return [(mupdf.pdf_to_name(mupdf.pdf_dict_gets(font, "BaseFont")), font) for font in found]
    except faults():
        return []


def _signs(name: str, font: Any) -> dict[str, str]:
    """What is read of a font, whose name this is, and what is shown."""
    if name in SIGNS:
        return dict(zip(*SIGNS[name], strict=True))
    if name.startswith("Adv") and _has_wide_figures(font):
        return dict(zip(*SIGNS["AdvP80675"], strict=True))
    codes, named = TEX.get(name.rstrip("0123456789") if name.startswith("TeX") else name, ("", {}))
    signs = {chr(at): sign for at, sign in enumerate(codes) if at > ord(" ") and sign not in (" ", chr(at))} | named
    for code, glyph in _glyphs(font) if codes else ():
        if glyph[:1] == "C" and glyph[1:].isdecimal():  # its code in TeX's font
            at = int(glyph[1:])
            signs[chr(code)] = codes[at] if at < len(codes) and codes[at] != " " else chr(code)
    return signs


def _has_wide_figures(font: Any) -> bool:
    """True of a font of nothing but figures, all far too wide for such: signs between numbers, called by figures."""
    from pymupdf import mupdf

    first, widths = mupdf.pdf_to_int(mupdf.pdf_dict_gets(font, "FirstChar")), mupdf.pdf_dict_gets(font, "Widths")
    if not ord("0") <= first <= ord("9"):
        return False
    count = mupdf.pdf_array_len(widths)
    wide = [mupdf.pdf_to_real(mupdf.pdf_array_get(widths, at)) for at in range(count)]
    return first + count - 1 <= ord("9") and all(not width or width > WIDE for width in wide)


def _glyphs(font: Any) -> Iterator[tuple[int, str]]:
    """Codes of a font whose glyphs it names itself, and the names."""
    from pymupdf import mupdf

    named = mupdf.pdf_dict_gets(mupdf.pdf_dict_gets(font, "Encoding"), "Differences")
    code = 0
    for number in range(mupdf.pdf_array_len(named)):
        one = mupdf.pdf_array_get(named, number)
        if mupdf.pdf_is_int(one):
            code = mupdf.pdf_to_int(one)
        else:
            yield code, mupdf.pdf_to_name(one)
            code += 1
