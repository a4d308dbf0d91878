"""Lines of Hebrew as they are read, in whatever order a program wrote their words and figures."""

import pymupdf
import pytest

from tests.steps.text.test_manuscripts import read

HEBREW = dict(
    zip("אבגדהוזחטיכלמנסעפצקרשתםןף", "abcdefghijklmnopqrstuvwxy", strict=True)
)  # letters to the codes of the font that draws them


def set_in_hebrew(document: pymupdf.Document) -> None:
    """Say of the fonts of a document that their small Latin letters are Hebrew ones, as a font of few letters does."""
    name_letters(document, {code: letter for letter, code in HEBREW.items()} | {"z": "אל"})


def name_letters(document: pymupdf.Document, letters: dict[str, str]) -> None:
    """Say what the codes of a document's fonts stand for."""
    codes = "\n".join(f"<{ord(code):02x}> <{''.join(f'{ord(letter):04x}' for letter in said)}>" for code, said in letters.items())
    names = f"/CMapName /x def 1 begincodespacerange <00> <ff> endcodespacerange {len(letters)} beginbfchar\n{codes}\nendbfchar"
    cmap = document.get_new_xref()
    document.update_object(cmap, "<<>>")
    document.update_stream(cmap, f"/CIDInit /ProcSet findresource begin begincmap {names} endcmap end".encode())
    for xref, *_ in document.get_page_fonts(0):
        document.xref_set_key(xref, "ToUnicode", f"{cmap} 0 R")


def drawn_at(path, *runs: tuple[float, float, str]) -> str:
    """What is read of a page with runs of signs, each at its place, given as they stand there from left to right."""
    document = pymupdf.open()
    page = document.new_page()
    for x, y, signs in runs:
        page.insert_text((x, y), "".join(HEBREW.get(sign, sign) for sign in signs), fontsize=11)
    set_in_hebrew(document)
    document.save(path)
    return read(path)


LINE = "שלום לכם 12 ימים בבית הזה, 3.5 בשנה."


def seen(line: str) -> str:
    """A line as it stands on the page, figures from left to right."""
    return " ".join(word if word[0].isdigit() else word[::-1] for word in reversed(line.split(" ")))


@pytest.mark.parametrize("parted", [False, True])
def test_a_line_from_right_to_left_is_read_so(tmp_path, parted):
    """Its figures and full stop in their places, written as one run or word by word from the right."""
    runs = [(100.0, 100.0, seen(LINE))]
    if parted:
        font, x = pymupdf.Font("helv"), 400.0
        runs = []
        for word in LINE.split(" "):
            x -= font.text_length("".join(HEBREW.get(sign, sign) for sign in word), 11)
            runs.append((x, 100.0, word if word[0].isdigit() else word[::-1]))
            x -= font.text_length(" ", 11)
    assert drawn_at(tmp_path / "m.pdf", *runs) == LINE


def test_lines_from_right_to_left_are_one_paragraph(tmp_path):
    """Their letters have no capitals that could tell."""
    lines = ["שלום לכם וברכה מן הים ומן ההר ומן העיר", "ומכל מקום שיש בו בית אחד לפחות."]
    found = drawn_at(tmp_path / "m.pdf", *[(100.0, 100.0 + 14 * at, seen(line)) for at, line in enumerate(lines)])
    assert found == " ".join(lines)


def test_letters_of_one_glyph_stand_in_their_order(tmp_path):
    """As lam and alef in Arabic, which one sign stands for in nearly all fonts."""
    assert drawn_at(tmp_path / "m.pdf", (100.0, 100.0, seen("שלום zיכם אל הבית הזה"))) == "שלום אליכם אל הבית הזה"
