"""Papers read ahead by several processes: the same corpus, the same complaints, in the same order."""

from pathlib import Path

import pytest

from steps.parse_corpus import ParseCorpus, parse_corpus
from steps.text.ahead import How, _workers
from steps.text.parts import Wanted
from steps.text.pool import cores
from tests.conftest import ROOT, FakeContext

PAPERS = ROOT / "data" / "papers" / "raw"


def made(folder: Path, project: Path, workers: int | str) -> tuple[bytes, dict]:
    """The corpus's bytes, and its statistics."""
    context = FakeContext(folder, project=project)
    asked = ParseCorpus.model_validate({"sources": [{"path": "raw"}], "workers": workers})
    return (parse_corpus(asked, context).path / "corpus.jsonl").read_bytes(), context.kept["corpus"]


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    """The sample papers, and between them files that cannot be read."""
    pytest.importorskip("pymupdf")
    for path in PAPERS.rglob("*"):
        if path.is_file():
            target = tmp_path / "raw" / path.relative_to(PAPERS)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    (tmp_path / "raw" / "04-broken.pdf").write_bytes((PAPERS / "03-lime-and-cement.pdf").read_bytes()[:5000])
    (tmp_path / "raw" / "empty.docx").write_bytes(b"")
    (tmp_path / "raw" / "note.txt").write_bytes("Kısa bir not: güneş açtı, ".encode() + b"\xff" + "kuşlar döndü.".encode())
    return tmp_path


def test_any_number_of_workers_makes_the_same_corpus(papers: Path):
    """Byte for byte, with the same files listed and the same complaints."""
    one, facts = made(papers / "one", papers, 1)
    assert made(papers / "three", papers, 3) == (one, facts)
    assert [entry["file"] for entry in facts["unreadable"]] == ["04-broken.pdf", "empty.docx"]
    assert facts["dropped"]["unreadable bytes"]["examples"] == ["note.txt: 1 places became U+FFFD"]
    assert facts["documents"] == 9


def test_processes_are_started_for_much_to_read_alone(tmp_path: Path):
    """Each takes as long to start as two megabytes of papers take to read."""
    few, many = tmp_path / "few", tmp_path / "many"
    for folder, size in ((few, 1 << 14), (many, 1 << 21)):
        folder.mkdir()
        for i in range(20):
            with (folder / f"{i}.pdf").open("wb") as file:
                file.truncate(size)
    how = How("auto", None, None, Wanted())
    started = [_workers(how, [(path.name, path) for path in sorted(folder.iterdir())], "auto") for folder in (few, many)]
    assert started == [1, min(10, cores())]
