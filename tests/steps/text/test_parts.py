"""What a document consists of: sections by their headings, footnotes, tables, captions, references; each kept or dropped by choice."""

import io
from pathlib import Path

import pytest

from schemas import RecipeError
from steps.parse_corpus import ParseCorpus, parse_corpus
from steps.text.documents import read_documents
from steps.text.parts import CAPTION, Part, Wanted, in_sections, of_text, section_of
from tests.conftest import FakeContext

PARAGRAPH = "The snails were counted twice a week in every bed, at the same hour, by the same two people, for the whole of the summer. "


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("2. Materials and Methods", "methods"),
        ("ABSTRACT", "abstract"),
        ("IV. RESULTS AND DISCUSSION", "discussion"),
        ("## Conclusions", "conclusion"),
        ("3 Gereç ve Yöntem", "methods"),
        ("GİRİŞ", "introduction"),
        ("BULGULAR", "results"),
        ("Tartışma", "discussion"),
        ("Özet", "abstract"),
        ("**References**", "references"),
        ("Kaynakça", "references"),
        ("Acknowledgments", "acknowledgements"),
        ("Appendix A. Data", "appendix"),
        ("Results were good in all three years", ""),
        ("2. The methods of the ancients", ""),
    ],
)
def test_headings_are_known_in_english_and_turkish(line, name):
    """Numbered or not, in capitals or not; a sentence with the word in it is none."""
    assert section_of(line) == name


@pytest.mark.parametrize(
    ("begins", "caption"),
    [
        ("Figure 7. Flow through two gates", True),
        ("Fig. 5a and b. Two beds", True),
        ("Table 3.1 continued", True),
        ("Table IV Results of both years", True),
        ("Abbildung 2: Schnecken", True),
        ("Figura 1: Esquema del muro", True),
        ("Tabela 3.1. Wykaz murów", True),
        ("Рис. 2. Старая стена", True),
        ("图 3：结构", True),
        ("Figura 3 mostra que", False),
        ("Tabela 3.1 zawiera", False),
        ("Figure 7 shows the flow", False),
        ("Fig. 5a and b show two beds", False),
        ("Table 3 contains the times", False),
        ("Figure 2.1(a) shows the bed", False),
        ("Table II, as expected, lists more", False),
        ("Şekil 4.1 de gösterilmiştir", False),
        ("Tablo 2’de verilen", False),
    ],
)
def test_a_sentence_that_begins_with_a_figure_is_no_caption(begins, caption):
    """Behind the number of a caption stands a mark or a capital; a word in small letters goes on with a sentence."""
    assert bool(CAPTION.match(begins)) is caption


def test_a_text_falls_into_its_sections():
    """What stands before the first heading is the front; a reference list is one though it is told by its entries."""
    entries = "References\n\nAy, B. (2001) Snails.\n\nCan, D. (1999) Beds."
    text = f"A title\n\nMethods\n\n{PARAGRAPH}\n\nFigure 1. Beds.\n\nResults\n{PARAGRAPH}\n\n{entries}"
    found = in_sections(of_text(text))
    assert [name for name, _ in found] == ["front", "methods", "results", "references"]
    assert [part.kind for _, parts in found for part in parts] == [
        "text", "heading", "text", "caption", "heading", "text", "references", "references", "references",
    ]  # fmt: skip
    assert found[2][1][1] == Part("text", PARAGRAPH)


# ---------------------------------------------------------------- a paper whose truth is known
def paper(path: Path) -> Path:
    """Two pages in one column: running head, sections, a footnote in small type, a caption, page numbers, references."""
    pymupdf = pytest.importorskip("pymupdf")
    document = pymupdf.open()
    bodies = [
        ["1. Introduction", *[PARAGRAPH * 3] * 3, "2. Methods", PARAGRAPH * 4],
        ["3. Results", *[PARAGRAPH * 4] * 2, "References", "Ay, B. (2001). Snails of the north. J. Snails 4, 1-9.",
         "Can, D. (1999). Beds and covers. Garden Sci. 2, 3-8."],
    ]  # fmt: skip
    notes = ["1The beds were dug by hand, and the soil was left to rest for a week.", "2Rain stopped the count on two days in June."]
    for number, (body, note) in enumerate(zip(bodies, notes, strict=True), 1):
        page = document.new_page(width=595, height=842)
        page.insert_text((60, 40), "Journal of Garden Snails 12", fontsize=8)
        page.insert_text((290, 815), str(number), fontsize=9)
        html = "".join(f"<h3>{line}</h3>" if len(line) < 30 else f"<p>{line}</p>" for line in body)
        page.insert_htmlbox(pymupdf.Rect(60, 60, 535, 700), f'<div style="font-size:11px">{html}</div>')
        page.insert_htmlbox(pymupdf.Rect(60, 760, 535, 800), f'<p style="font-size:8px">{note}</p>')
    document.save(path)
    return path


def read(path: Path, **wanted) -> list:
    return [*read_documents(path, parts=Wanted(**wanted), complain=lambda *_: None)]


def test_footnotes_and_references_are_kept_or_dropped_by_choice(tmp_path: Path):
    """Dropped unless asked for; running heads and page numbers always; the text itself is the same."""
    file = paper(tmp_path / "paper.pdf")
    (usual,) = read(file)
    assert usual.text.count("The snails were counted") == 21
    assert not any(word in usual.text for word in ("dug by hand", "Rain stopped", "Journal of", "Snails of the north"))
    (whole,) = read(file, footnotes=True, references=True)
    assert all(word in whole.text for word in ("1The beds were dug by hand", "2Rain stopped", "Snails of the north"))
    assert "Journal of" not in whole.text


def test_sections_have_weights_and_one_origin(tmp_path: Path):
    """A corpus of a paper by sections: methods thrice, the introduction left out and counted, all on one side of train and val."""
    paper(tmp_path / "paper.pdf")
    context = FakeContext(tmp_path / "run", project=tmp_path)
    asked = ParseCorpus.model_validate({"sources": [{"path": "paper.pdf", "sections": {"methods": 3.0, "introduction": 0}}]})
    rows = [*parse_corpus(asked, context).rows()]
    assert [(row["text"].split("\n")[0], row.get("repeat", 1)) for row in rows] == [("2. Methods", 3), ("3. Results", 1)]
    assert len({row["origin"] for row in rows}) == 1
    assert context.kept["corpus"]["sections"] == [
        {"section": "methods", "repeat": 3.0, "documents": 1, "seen": 3},
        {"section": "results", "repeat": 1.0, "documents": 1, "seen": 1},
    ]
    assert context.kept["corpus"]["dropped"]["section of weight 0"]["count"] == 1


def word_file(path: Path) -> Path:
    """Headings, a table, a caption, and a footnote as Word keeps it."""
    docx = pytest.importorskip("docx")
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.packuri import PackURI
    from docx.opc.part import Part as Piece

    document = docx.Document()
    document.add_heading("Methods", 1)
    document.add_paragraph(PARAGRAPH)
    table = document.add_table(2, 2)
    for row, texts in zip(table.rows, (("bed", "snails"), ("a", "12")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.add_paragraph("Table 1. Snails by bed.", style="Caption")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    line, note = '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>', "<w:p><w:r><w:t>Dug by hand.</w:t></w:r></w:p>"
    notes = f'<w:footnotes {space}>{line}<w:footnote w:id="1">{note}</w:footnote></w:footnotes>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    piece = Piece(PackURI("/word/footnotes.xml"), kind, notes.encode(), document.part.package)
    document.part.relate_to(piece, RELATIONSHIP_TYPE.FOOTNOTES)
    out = io.BytesIO()
    document.save(out)
    path.write_bytes(out.getvalue())
    return path


def test_parts_of_a_word_file_are_kept_or_dropped_by_choice(tmp_path: Path):
    """Tables, captions, footnotes."""
    file = word_file(tmp_path / "a.docx")
    (usual,) = read(file)
    assert usual.text == f"Methods\n\n{PARAGRAPH.strip()}\n\nbed\tsnails\na\t12\n\nTable 1. Snails by bed."
    (bare,) = read(file, tables=False, captions=False, footnotes=True)
    assert bare.text == f"Methods\n\n{PARAGRAPH.strip()}\n\nDug by hand."


def test_a_note_of_a_word_file_is_in_the_section_that_calls_it(tmp_path: Path):
    """Not in the reference list, which stands last."""
    import docx
    from docx.oxml import parse_xml

    document = docx.Document(word_file(tmp_path / "a.docx"))
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document.paragraphs[1]._p.append(parse_xml(f'<w:r {space}><w:footnoteReference w:id="1"/></w:r>'))
    document.add_heading("References", 1)
    for entry in ("[1] Ay, B. (2001). Snails. J. Snails 4, 1-9.", "[2] Can, D. (1999). Beds. Garden Sci. 2, 3-8."):
        document.add_paragraph(entry)
    document.save(tmp_path / "b.docx")
    methods, references = read(tmp_path / "b.docx", footnotes=True, references=True, sections={"methods": 2})
    assert methods.text.endswith("Dug by hand.")
    assert references.text.endswith("3-8.")


# ---------------------------------------------------------------- passwords
def locked(path: Path) -> Path:
    pymupdf = pytest.importorskip("pymupdf")
    document = pymupdf.open()
    document.new_page().insert_text((60, 100), "What is locked away is text too.", fontsize=11)
    document.save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="sesame", owner_pw="owner")
    return path


def corpus_of(folder: Path, **source) -> list:
    context = FakeContext(folder / "run", project=folder)
    return [*parse_corpus(ParseCorpus.model_validate({"sources": [{"path": "locked.pdf", **source}]}), context).rows()]


def test_a_password_from_the_environment_opens_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The variable's value opens it, and is nowhere in what is written."""
    locked(tmp_path / "locked.pdf")
    monkeypatch.setenv("PDF_PASSWORD", "sesame")
    rows = corpus_of(tmp_path, password="${env:PDF_PASSWORD}")
    assert [row["text"] for row in rows] == ["What is locked away is text too."]
    assert all(b"sesame" not in file.read_bytes() for file in (tmp_path / "run").rglob("*") if file.is_file())


@pytest.mark.parametrize(
    ("value", "said"),
    [("wrong", "D118: locked.pdf is encrypted, and the password that is given does not open it"),
     (None, r"D118: the password \$\{env:PDF_PASSWORD\} is not set in the environment")],
)  # fmt: skip
def test_a_password_that_fails_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str | None, said: str):
    """Never a file that is left out in silence."""
    locked(tmp_path / "locked.pdf")
    monkeypatch.setenv("PDF_PASSWORD", value) if value else monkeypatch.delenv("PDF_PASSWORD", raising=False)
    with pytest.raises(RecipeError, match=said):
        corpus_of(tmp_path, password="${env:PDF_PASSWORD}")


def test_a_pdf_under_another_name_is_read(tmp_path: Path):
    """Its first bytes say what it is."""
    file = paper(tmp_path / "paper.txt")
    assert "2. Methods" in read(file)[0].text


def test_markup_in_markdown_is_no_text(tmp_path: Path):
    """Tags and comments go, what they hold and what code says stays."""
    text = '# Title {/*start*/}\n\n<Intro>\n\nWrite `<div>` here. <img src="a.png" />\n\n</Intro>\n\n'
    text += "```html\n<p>kept</p>\n```\n\n2 < 3 and 4 > 3.\n"
    (tmp_path / "a.md").write_text(text)
    found = read(tmp_path / "a.md")[0].text
    assert [line.rstrip() for line in found.splitlines() if line.strip()] == [
        "# Title", "Write `<div>` here.", "```html", "<p>kept</p>", "```", "2 < 3 and 4 > 3.",
    ]  # fmt: skip


def test_a_note_at_the_end_is_of_the_section_that_calls_it():
    """Word's notes stand behind the reference list and are not of it; one that nothing is known of stays where it is."""
    parts = [
        Part("heading", "Methods"), Part("text", "Counted."), Part("references", "References"), Part("footnote", "By hand.", "methods"),
        Part("footnote", "Unknown."),
    ]  # fmt: skip
    assert [(name, [part.text for part in inside]) for name, inside in in_sections(parts)] == [
        ("methods", ["Methods", "Counted.", "By hand."]),
        ("references", ["References", "Unknown."]),
    ]
