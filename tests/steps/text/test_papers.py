"""The sample papers, as a person reads them: compared word by word with the texts they were made from."""

import re
import time
import tracemalloc
from collections import Counter
from difflib import SequenceMatcher

import pymupdf
import pytest

from steps.text.documents import read_documents
from steps.text.papers import Hyphens, join_lines, reference_span, without_references

PAPERS = [
    ("important_examples/01-height-and-cover.pdf", 0.999),
    ("important_examples/02-recovery-after-drying.pdf", 0.999),
    ("03-lime-and-cement.pdf", 0.999),
    ("04-rain-splash.docx", 0.99),
    ("05-weekly-watering.docx", 0.99),
    ("06-measuring-cover-utf8bom.txt", 0.985),
    ("07-duvar-yonu-tr.pdf", 0.999),
    ("08-salyangoz-otlamasi-tr-win1254.txt", 0.99),
]


def words(text):
    return re.findall(r"\w+|[^\w\s]", text)


def master(papers, name):
    """What the running text should be (no references, no figure data), and the running heads."""
    stem = re.sub(r"-(utf8bom|win1254)", "", name.rpartition("/")[2].partition(".")[0])
    _, head, body = (papers / "src" / f"{stem}.md").read_text("utf-8").replace("'", "’").split("---\n", 2)
    body, references = re.split(r"^## (?:References|Kaynaklar)\n", body, flags=re.MULTILINE)
    body = re.sub(r"<!--.*?-->|^\|[-| ]+\|$", "", body, flags=re.DOTALL | re.MULTILINE).replace("|", " ")
    return re.sub(r"[*#]", "", body), references, dict(line.split(": ", 1) for line in head.strip().splitlines())


def read(papers, name):
    [document] = read_documents(papers / "raw" / name, complain=print)
    return document.text


@pytest.mark.parametrize(("name", "bound"), PAPERS)
def test_the_paper_is_its_master(papers, name, bound):
    """Title, paragraphs, lists, tables and captions in order, words whole; no more and no less."""
    wanted, _, _ = master(papers, name)
    assert SequenceMatcher(None, words(wanted), words(read(papers, name)), autojunk=False).ratio() >= bound


@pytest.mark.parametrize("name", [name for name, _ in PAPERS])
def test_paragraphs_stand_whole_and_in_order(papers, name):
    """The words of each paragraph of the master follow each other; no column, page, figure or table stands between them."""
    wanted, _, _ = master(papers, name)
    text = " ".join(words(read(papers, name)))
    paragraphs = [" ".join(words(p)) for p in re.split(r"\n\s*\n", wanted) if len(p) > 200]
    places = [text.find(p) for p in paragraphs]
    assert len(paragraphs) > 8
    missing = [p[:60] for p, place in zip(paragraphs, places, strict=True) if place < 0]
    assert (missing, places) == ([], sorted(places))


@pytest.mark.parametrize("name", [name for name, _ in PAPERS])
def test_reference_lists_go(papers, name):
    """No entry of the list of references is left."""
    _, references, _ = master(papers, name)
    text = read(papers, name)
    entries = re.findall(r"^\[\d+\] (.{25})", references, flags=re.MULTILINE)
    assert len(entries) >= 8
    assert [entry for entry in entries if entry in text] == []


@pytest.mark.parametrize("name", [name for name, _ in PAPERS if name.endswith("pdf")])
def test_running_heads_and_page_numbers_go(papers, name):
    """Short authors, journal line and running title stand on no line of the text, nor does a bare number."""
    _, _, head = master(papers, name)
    lines = read(papers, name).split("\n")
    assert [line for line in lines if line in (head["journal"], head["short"], head["running"]) or line.isdigit()] == []


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (["the compar-", "ison"], "the comparison"),
        (["a two-", "pin meter"], "a two-pin meter"),
        (["ka-", "dar"], "kadar"),
        (["48-", "hour"], "48-hour"),
        (["pre-", "Roman"], "pre-Roman"),
        (["soft\u00ad", "ware"], "software"),
        (["one –", "two"], "one – two"),
        (["at 10–", "20 m"], "at 10–20 m"),
        (["so clean—", "that is"], "so clean—that is"),
        (["the teacher/", "tutor"], "the teacher/tutor"),
        (["he stays stay-", "at-home"], "he stays stay-at-home"),
        (["at https://example.org/doc/", "and elsewhere"], "at https://example.org/doc/ and elsewhere"),
        (["at https://example.org/doc/", "a-b.html"], "at https://example.org/doc/a-b.html"),
        (["at https:", "//example.org/doc"], "at https://example.org/doc"),
        (["at http://www.", "tree-puzzle.de."], "at http://www.tree-puzzle.de."),
        (["at https://", "example.org/doc"], "at https://example.org/doc"),
        (["see https://doi.org/10.", "1115/1.4042912 and"], "see https://doi.org/10.1115/1.4042912 and"),
        (["see https://example.org/walls.", "Moss grows"], "see https://example.org/walls. Moss grows"),
        (["see https://example.org/a?id=", "65280 and"], "see https://example.org/a?id=65280 and"),
        (["see http://www.walls.", "org/moss and"], "see http://www.walls.org/moss and"),
        (["see http://www.walls.org.", "where moss grows"], "see http://www.walls.org. where moss grows"),
        (["a note:", "// of code"], "a note: // of code"),
    ],
)
def test_hyphens_at_line_ends(lines, joined):
    """Parted words are joined; a hyphen that the document writes elsewhere, or before digits and capitals, stays."""
    assert join_lines(lines, Hyphens("We used a two-pin meter.\nthe comparison")) == joined


@pytest.mark.parametrize(
    ("parting", "text", "joined"),
    [
        (False, "The frock-\ncoat" + "\nof a man" * 30, "The frock-coat" + " of a man" * 30),  # of a program that parts no words
        (False, "The cov-\nering and the covering.", "The covering and the covering."),  # asked to
        (None, "The cov-\nering was new.", "The covering was new."),
        (None, "The frock-\ncoat" + "\nof a man" * 200, "The frock-coat" + " of a man" * 200),  # the only one of so many lines
        (True, "The bo\u00ad\ndy of a ga\u00ad\nte in a frock-\ncoat", "The body of a gate in a frock-coat"),  # parted by soft ones
    ],
)
def test_hyphens_of_programs_that_part_no_words_stay(parting, text, joined):
    """Their lines end only at hyphens that the author wrote."""
    assert join_lines(text.split("\n"), Hyphens(text, parting=parting)) == joined


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("in REF-\nERENCES, as references", "in REFERENCES, as references"),
        ("the NON-\nNATO states, and NATO", "the NON-NATO states, and NATO"),
        ("Trace-\nMonkey, as TraceMonkey", "TraceMonkey, as TraceMonkey"),
        ("non-\nEuclidean, as Euclidean", "non-Euclidean, as Euclidean"),
        ("two φ-\nnodes", "two φ-nodes"),
        ("a mixed-\nmode run", "a mixed-mode run"),
        ("capital letters and capital-\nization", "capital letters and capitalization"),
        ("a simple man, simple-\nminded", "a simple man, simple-minded"),
    ],
)
def test_a_parted_word_that_stands_nowhere_else(text, joined):
    """Capitals are joined as the document has them; nobody parts one letter; that an ending begins a line makes no word of it."""
    assert join_lines(text.split("\n"), Hyphens(text)) == joined


def test_a_text_about_references_keeps_them():
    """A heading of that name in the middle of a text, with prose after it, is no list."""
    text = "A guide\n\nReferences\n\nEvery man should cite. It is polite.\n\nConclusion\n\n" + "Prose goes on. " * 30
    assert without_references(text) == text


def test_a_book_of_papers_is_looked_through_once():
    """Each has its list, and none is the list of the book: the next is not read again for each heading."""
    paper = [
        "1. Introduction",
        *["The moss grew on the wall for two years, as we had hoped."] * 9,
        "References",
        "[1] A. Author, 2001.",
        "Notes",
    ]
    papers = [*paper, *["What follows is no entry of any list, and there is much of it."] * 9] * 2000
    start = time.process_time()
    assert reference_span(papers) == (len(papers), len(papers))
    assert time.process_time() - start < 5
    assert reference_span([*papers, "References", "[1] A. Author, 2001."]) == (len(papers), len(papers) + 2)


def test_the_words_of_a_book_are_counted_in_pieces(monkeypatch):
    """As if at once, in a tenth of the memory."""
    text = "Dün gel\u00adince\nkuş Öttü kuş\n\nson ΣΑΣ\n" * 50
    monkeypatch.setattr("steps.text.papers.PIECE", 7)
    assert Hyphens(text).words == Counter(text.replace("\u00ad", "").lower().split())


def test_little_stays_of_a_page_that_was_read(papers, tmp_path):
    """Its lines and where they stand: some 30 KB with what is made of them, whatever the pages hold besides."""
    path = tmp_path / "a.pdf"
    with pymupdf.open(papers / "raw" / "03-lime-and-cement.pdf") as paper, pymupdf.open() as book:
        for _ in range(40):
            book.insert_pdf(paper)
        book.save(path)
    list(read_documents(path, complain=lambda *_: None))  # what is loaded stays
    tracemalloc.start()
    try:
        list(read_documents(path, complain=lambda *_: None))
        assert tracemalloc.get_traced_memory()[1] / 120 < 40_000
    finally:
        tracemalloc.stop()


PROOF = "We show that the offset is bounded, as it has been by Bell et al. (2004), when each field is finite. " * 2
LIST = ["1. Introduction", *["The moss grew on the wall for two years, as we had hoped."] * 9, "References"]
ENTRIES = ["Bell, J., 2004. Offsets of the western fog belt. Coastal Reports 12.", "Cho, D., 1999. Fluids. Flat Press, Galway."]


@pytest.mark.parametrize(
    ("heading", "known", "below"),
    [
        (
            "A Proof of the bound",
            False,
            "We show that the offset is bounded, as it has been by Bell et al. (2004), when each field is finite. " * 2,
        ),
        (
            "Proof of the bound",
            True,
            "We show that the offset is bounded, as it has been by Bell et al. (2004), when each field is finite. " * 2,
        ),
        ("Figure legends", False, "Figure 1. Mean offset per month, from Bell (2004)."),
        ("Data availability", False, "All data are at https://example.org."),
        ("Özgeçmiş", False, "1996 yılında İzmir’de doğdu."),
    ],
)
def test_what_follows_the_list_of_references_stays(heading, known, below):
    """Though it cites years and addresses, as entries do."""
    heads = frozenset([len(LIST) + 2]) if known else frozenset()
    assert reference_span([*LIST, *ENTRIES, heading, below], heads) == (len(LIST) - 1, len(LIST) + 2)


@pytest.mark.parametrize(
    "heading", ["Références", "REFERÊNCIAS BIBLIOGRÁFICAS", "5. Bibliografía", "Riferimenti bibliografici", "Literatuurlijst"]
)
def test_lists_of_references_are_known_in_other_languages(heading):
    """By their headings and those of what follows."""
    assert reference_span([*LIST[:-1], heading, *ENTRIES, "Annexes", "Autre texte."]) == (len(LIST) - 1, len(LIST) + 2)


def test_a_heading_within_the_list_ends_it_not():
    """Entries stand below it, too."""
    assert reference_span([*LIST, *ENTRIES, "Books", *ENTRIES], frozenset([len(LIST) + 2])) == (len(LIST) - 1, len(LIST) + 5)


def test_lines_in_scripts_without_blanks_are_joined_without():
    """Chinese and Japanese; a word in Latin letters keeps its blanks."""
    lines = ["清晨港口上空笼罩着浓雾，船只都停在", "原地。灯塔的", "keeper of the", "light 写道"]
    assert join_lines(lines, Hyphens("\n".join(lines))) == "清晨港口上空笼罩着浓雾，船只都停在原地。灯塔的 keeper of the light 写道"
