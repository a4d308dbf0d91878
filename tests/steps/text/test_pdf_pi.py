"""Papers set in fonts of signs that name no signs: each test draws its own page."""

import pymupdf
import pytest

from steps.text.pdf_pi import SIGNS, TEX
from tests.steps.text.test_manuscripts import read, sentence

BODY = "ABCDEF+AdvOT863180fb"
SYMBOLS = ("ABCDEF+AdvMacMthSyN", "<</Differences[2/C0/C2 188/onequarter 254/thorn]>>")
LATIN = "/WinAnsiEncoding"
WIDTH = 0.5  # of its size, for each letter
EVEN = f"/FirstChar 0/LastChar 255/Widths[{'500 ' * 256}]"


def set_in(path, body: str, *pieces: tuple[tuple[str, str] | None, bytes, int]) -> None:
    """A PDF that begins with a line of pieces one behind the other, each with its font, its text and how far it is raised.

    body: name of the font of the text. A font: its name and encoding, None for that of the text.
    """
    paper = pymupdf.open()
    page = paper.new_page(width=612, height=792)
    page.insert_text((72, 100), " ", fontsize=11)
    for i in range(4):
        page.insert_text((72, 114 + 14 * i), sentence(i), fontsize=11)
    resources = int(paper.xref_get_key(page.xref, "Resources")[1].split()[0])
    paper.update_object(page.get_fonts()[0][0], f"<</Type/Font/Subtype/Type1/BaseFont/{body}/Encoding{LATIN}{EVEN}>>")
    x, content = 72.0, b""
    for number, (font, said, rise) in enumerate(pieces):
        if font is not None:
            xref = paper.get_new_xref()
            widths = "" if "Widths" in font[1] else EVEN
            paper.update_object(xref, f"<</Type/Font/Subtype/Type1/BaseFont/{font[0]}/Encoding {font[1]}{widths}>>")
            paper.xref_set_key(resources, f"Font/P{number}", f"{xref} 0 R")
        size = 7 if rise else 11
        content += b"BT /%s %d Tf 1 0 0 1 %.2f %d Tm <%s> Tj ET\n" % (
            b"P%d" % number if font else b"helv", size, x, 712 + rise, said.hex().encode()
        )  # fmt: skip
        x += WIDTH * size * len(said)
    paper.update_stream(page.get_contents()[0], content)
    paper.save(path)


def test_signs_of_publishers_fonts_are_read_as_shown(tmp_path):
    """By the names of their glyphs, which are their codes in TeX, or by the font; an exponent with such a minus sign is one."""
    path = tmp_path / "m.pdf"
    micro = ("ABCDEF+AdvPi1", LATIN), b"m", 0
    set_in(
        path, BODY, (None, b"measured where T ", 0), (SYMBOLS, b"\xbc", 0), (None, b" 650 ", 0), micro, (None, b"m at 10", 0),
        (SYMBOLS, b"\x02", 4), (None, b"10", 4), (None, b" mbar", 0),
    )  # fmt: skip
    assert read(path).startswith("measured where T = 650 μm at 10⁻¹⁰ mbar ")


def test_signs_of_other_fonts_are_what_they_are(tmp_path):
    """A quarter is one in the font of the text, and in a paper that is set in other fonts."""
    for body, symbols, said in ((BODY, None, "¼"), ("Helvetica", ("Symbols", LATIN), "¼"), (BODY, SYMBOLS, "=")):
        set_in(tmp_path / "m.pdf", body, (None, b"It is ", 0), (symbols, b"\xbc", 0), (None, b" of it", 0))
        assert read(tmp_path / "m.pdf").startswith(f"It is {said} of it\n")


@pytest.mark.parametrize(("width", "said"), [(822, "− .24 and a = b"), (500, "2 .24 and a 5 b")])
def test_figures_far_too_wide_are_signs(tmp_path, width, said):
    """A font that has nothing but three of them, whose name says nothing."""
    signs = "ABCDEF+AdvTT61dabe7c", f"{LATIN}/FirstChar 49/LastChar 53/Widths[{width} {width} 0 0 {width}]"
    path = tmp_path / "m.pdf"
    set_in(path, BODY, (None, b"It is ", 0), (signs, b"2", 0), (None, b" .24 and a ", 0), (signs, b"5", 0), (None, b" b", 0))
    assert " ".join(read(path).split()).startswith(f"It is {said} ")


def test_a_font_whose_name_begins_with_other_letters_is_known(tmp_path):
    """Some programs set six letters before it without a plus sign."""
    symbols = "SrphvrAdvP4C4E74", LATIN
    set_in(tmp_path / "m.pdf", "RrnyjgAdvTT86d47313", (None, b"It is a ", 0), (symbols, b"\xbc", 0), (None, b" b of it", 0))
    assert read(tmp_path / "m.pdf").startswith("It is a = b of it\n")


def test_a_formula_in_publishers_fonts_is_one(tmp_path):
    path = tmp_path / "m.pdf"
    set_in(path, BODY, (None, b"x", 0), (None, b"2", 4), (SYMBOLS, b"\xbc", 0), (None, b"y", 0), (SYMBOLS, b"\x03", 0), (None, b"z", 0))
    assert read(path).startswith("x^2 =y×z\n")


@pytest.mark.parametrize("name", SIGNS)
def test_every_sign_of_a_font_is_shown_as_another(name):
    said, shown = SIGNS[name]
    assert len(said) == len(set(said)) == len(shown)
    assert name not in TEX
