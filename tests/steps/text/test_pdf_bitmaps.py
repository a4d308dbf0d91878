"""Papers in fonts of dots that tell no size, as old dvips and Ghostscript make them; the tests write such a file themselves."""

from string import ascii_letters

import pymupdf
import pytest

from steps.text.documents import read_documents
from tests.steps.text.test_manuscripts import sentence

DOTS, SIZE = 21, 0.24  # width of a letter in units of its font, and the size that the page tells: five points in all
GLYPHS = {letter: letter for letter in ascii_letters} | {".": "period", ",": "comma", "-": "hyphen"}
NUMBERED = {figure: figure for figure in "123456789"} | {"\N{LATIN SMALL LIGATURE FI}": "12"}  # glyphs named by numbers


def paper(path, pages):
    """A PDF whose pages are lists of (left, base from the bottom, line), each word shown in two parts with a kern between them."""
    names = list((GLYPHS | NUMBERED).items())
    codes = {letter: 40 + code for code, (letter, _) in enumerate(names)}
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    first = 5
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    differences = " ".join(f"/{name}" for _, name in names)
    procs = " ".join(f"/{name} 4 0 R" for _, name in names)
    objects.append(
        f"<< /Type /Font /Subtype /Type3 /FontBBox [0 -10 {DOTS} 40] /FontMatrix [1 0 0 1 0 0] /FirstChar 40 /LastChar {39 + len(names)} "
        f"/Widths [{' '.join([str(DOTS)] * len(names))}] /Encoding << /Type /Encoding /Differences [40 {differences}] >> "
        f"/CharProcs << {procs} >> /Resources << >> >>"
    )
    objects.append(stream(f"{DOTS} 0 0 0 {DOTS - 1} 30 d1 1 0 {DOTS - 2} 29 re f"))
    for lines in pages:
        shown = []
        for left, base, line in lines:
            for word in line.split():
                parts = [word[: len(word) // 2], word[len(word) // 2 :]]
                for part in filter(None, parts):
                    hexed = "".join(f"{codes[letter]:02x}" for letter in part)
                    shown.append(f"BT /F {SIZE} Tf 1 0 0 1 {left:.2f} {base} Tm <{hexed}> Tj ET")
                    left += len(part) * DOTS * SIZE + 0.2
                left += 4
        number = len(objects) + 1
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> >> /Contents {number + 1} 0 R >>"
        )
        objects.append(stream("\n".join(shown)))
    body, places = "%PDF-1.4\n", []
    for number, said in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{said}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    trailer = f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    path.write_text(f"{body}xref\n0 {count}\n0000000000 65535 f \n{table}{trailer}", "latin-1")


def stream(said):
    return f"<< /Length {len(said)} >>\nstream\n{said}\nendstream"


def paragraph(first, count, left=72, top=700, indent=0):
    return [(left + (indent if i == 0 else 0), top - 13 * i, sentence(first + i)) for i in range(count)]


def texts(path):
    warned = []
    found = "\n\n".join(document.text for document in read_documents(path, complain=lambda *told: warned.append(told)))
    return found, warned


@pytest.fixture
def told(tmp_path):
    """What mupdf says of the size of such letters: the tests are of no use where it learns better."""
    paper(tmp_path / "p.pdf", [[(72, 700, "one line")]])
    with pymupdf.open(tmp_path / "p.pdf") as document:
        spans = [span for block in document[0].get_text("dict")["blocks"] for line in block["lines"] for span in line["spans"]]
    assert max(span["size"] for span in spans) == pytest.approx(SIZE, abs=0.01)


def test_words_and_paragraphs_are_whole(tmp_path, told):
    lines = [*paragraph(0, 5), *paragraph(5, 5, top=635, indent=15)]
    paper(tmp_path / "p.pdf", [lines])
    found, _ = texts(tmp_path / "p.pdf")
    assert found == "\n\n".join(" ".join(sentence(i) for i in range(first, first + 5)) for first in (0, 5))


def test_columns_are_read_one_after_the_other(tmp_path, told):
    narrow = [" ".join(sentence(i).split()[:5]) for i in range(12)]
    left = [(72, 700 - 13 * i, narrow[i]) for i in range(6)]
    right = [(330, 700 - 13 * i, narrow[6 + i]) for i in range(6)]
    both = [line for pair in zip(left, right, strict=True) for line in pair]
    paper(tmp_path / "p.pdf", [both])
    found, _ = texts(tmp_path / "p.pdf")
    assert " ".join(found.split()) == " ".join(narrow)


def test_figures_and_ligatures_that_came_as_codes_are_read(tmp_path, told):
    paper(tmp_path / "p.pdf", [[(72, 700, "The \N{LATIN SMALL LIGATURE FI}rst of 12 walls, 345 steps long"), *paragraph(1, 4, top=687)]])
    assert texts(tmp_path / "p.pdf")[0].startswith("The first of 12 walls, 345 steps long")
