"""A paper of which one page is damaged: the others are read, and that page is named."""

import re
from pathlib import Path

import pymupdf
import pytest

from schemas import RecipeError
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.text.documents import read_documents
from steps.text.pdf_damage import in_words
from steps.text.unreadable import Incomplete, Unreadable
from tests.conftest import FakeContext
from tests.steps.text.made import folder

PAPER = Path(__file__).parents[3] / "data" / "papers" / "raw" / "03-lime-and-cement.pdf"
CONTENT, MISSING = "its content is damaged", "it is missing: its entry in the file is damaged"
CODES = "its fonts do not say which letters they draw: run OCR on it"


def garbage(paper, page):
    paper.update_stream(page.get_contents()[0], b"\0\xff ((( <<< BT /F1 12 Tf [", compress=False)


def cut(paper, page):
    stream = page.get_contents()[0]
    paper.update_stream(stream, paper.xref_stream(stream)[:9000])


def loop(paper, page):
    paper.xref_set_key(page.xref, "Contents", f"{page.xref} 0 R")


def no_reader(paper, page):
    paper.xref_set_key(page.get_contents()[0], "Filter", "/NoSuch")


def number(paper, page):
    paper.update_object(page.xref, "42")


def no_fonts(paper, page):
    paper.xref_set_key(page.xref, "Resources", "17")


def bits(paper, page):
    """Not here: in the bytes of the file."""


def flipped(data: bytes, stream: bytes) -> bytes:
    """A file whose packed `stream` has other bits in its middle."""
    at = data.index(stream) + len(stream) // 3
    return data[:at] + bytes(byte ^ 0x5A for byte in data[at : at + 200]) + data[at + 200 :]


def damaged(target: Path, how, pages: list[int]) -> Path:
    with pymupdf.open(PAPER) as paper:
        streams = [paper.xref_stream_raw(paper[page].get_contents()[0]) for page in pages]
        for page in [paper[page] for page in pages]:
            how(paper, page)
        paper.save(target)
    if how is bits:
        data = PAPER.read_bytes()
        for stream in streams:
            data = flipped(data, stream)
        target.write_bytes(data)
    return target


def read(path: Path) -> tuple[str, str]:
    """The text of a file, and what is said at its end."""
    texts = []
    try:
        for document in read_documents(path, complain=lambda *_: None):
            texts.append(document.text)
    except Incomplete as error:
        return "".join(texts), str(error)
    return "".join(texts), ""


@pytest.mark.parametrize(
    ("how", "reason"),
    [(garbage, CONTENT), (cut, CONTENT), (loop, CONTENT), (no_reader, CONTENT), (bits, CONTENT), (number, MISSING), (no_fonts, CODES)],
)
def test_one_damaged_page_is_left_out(tmp_path, how, reason):
    """By its number; the text of the others is what it was, and no paragraph goes on over the gap."""
    path = damaged(tmp_path / "a.pdf", how, [1])
    text, said = read(path)
    assert said == f"page 2 of 3: {reason}"
    whole, nothing = read(PAPER)
    assert nothing == ""
    first, behind = "the others had reached long before.", "yoghurt and the buttermilk that are so often recommended"
    assert whole.count(first) == whole.count(behind) == 1
    assert first not in text
    assert f"\n\n{behind}" in text
    lines = text.split("\n\n")
    assert sum(line in whole for line in lines) >= len(lines) - 2  # but for the two that went on


@pytest.mark.parametrize("how", [garbage, number, bits])
def test_a_file_without_a_sound_page_cannot_be_read(tmp_path, how):
    """As before: the reason is that of its pages."""
    with pytest.raises(Unreadable, match="no page can be read: pages 1 to 3 of 3: it"):
        read(damaged(tmp_path / "a.pdf", how, [0, 1, 2]))


def test_a_damaged_name_that_is_no_utf8_is_an_unreadable_file(tmp_path):
    """mupdf says it in words that its bindings cannot make a text of."""
    with pymupdf.open(PAPER) as paper:
        paper.save(tmp_path / "a.pdf", encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="a", owner_pw="b")
    data = (tmp_path / "a.pdf").read_bytes()
    (tmp_path / "a.pdf").write_bytes(data.replace(b"/Filter/Standard", b"/Filter/St\xff\xfedard"))
    with pytest.raises(Unreadable, match="damaged: it cannot be opened as a PDF"):
        read(tmp_path / "a.pdf")


def test_what_takes_no_text_away_is_nothing(tmp_path):
    """A word that no reader knows, a wrong checksum, and a page that is blank."""
    path = tmp_path / "a.pdf"
    with pymupdf.open(PAPER) as paper:
        stream = paper[1].get_contents()[0]
        paper.update_stream(stream, b"nosuchword " + paper.xref_stream(stream))
        paper.new_page()
        paper.save(path)
    assert read(path) == read(PAPER)
    with pymupdf.open(PAPER) as paper:
        raw = paper.xref_stream_raw(paper[1].get_contents()[0])
    path.write_bytes(PAPER.read_bytes().replace(raw, raw[:-4] + b"\0\0\0\0"))
    assert read(path) == read(PAPER)


def test_pages_that_are_counted_and_are_not_there(tmp_path):
    """They are missing by number."""
    path = tmp_path / "a.pdf"
    with pymupdf.open(PAPER) as paper:
        pages = int(re.match(r"(\d+)", paper.xref_get_key(paper.pdf_catalog(), "Pages")[1])[1])
        paper.xref_set_key(pages, "Count", "9")
        paper.save(path)
    text, said = read(path)
    assert text == read(PAPER)[0]
    assert said == f"pages 4 to 9 of 9: {MISSING}"


def test_pages_are_named_by_runs():
    """Each reason once."""
    assert in_words(["", "a", "", "b", "a", "a", "a"]) == "pages 2 and 5 to 7 of 7: a; page 4 of 7: b"
    assert in_words(["", ""]) == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_the_step_lists_the_file_and_uses_what_was_read(tmp_path, workers):
    """In the statistics, in what it says, in the report; `strict` makes it an error."""
    (tmp_path / "project" / "papers").mkdir(parents=True)
    damaged(tmp_path / "project" / "papers" / "a.pdf", bits, [1])
    (tmp_path / "project" / "papers" / "b.pdf").write_bytes(PAPER.read_bytes())
    context = FakeContext(folder(), project=tmp_path / "project")
    source = Source(path="papers/*.pdf")
    made = parse_corpus(ParseCorpus(sources=[source], workers=workers), context)
    reason = f"page 2 of 3: {CONTENT}"
    assert made.documents_count == 2
    assert context.kept["corpus"]["unreadable"] == [{"file": "a.pdf", "reason": reason, "read": "read in part"}]
    assert context.events[0]["message"] == f"1 of 2 files was read in part: a.pdf: {reason}"
    with pytest.raises(RecipeError, match=f"D103: 1 file cannot be read whole: a.pdf: {reason}"):
        parse_corpus(ParseCorpus(sources=[source], workers=workers, strict=True), FakeContext(folder(), project=tmp_path / "project"))
