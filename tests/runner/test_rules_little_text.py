"""Rules about tokenizers of little text, and of text that is changed first."""

import shutil
import sys
from pathlib import Path

import pytest

from steps.text.richness import pieces_of_little
from tests.runner.judged import STORIES, meant, said

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

ROWS = "\n".join(f"The hen number {n} went to the old well in the rain and came back with {7 * n} grains." for n in range(300))
PROSE = "\n".join(
    f"{a} {b} of the {c} {d} near {e}."
    for a in ("Hens", "Foxes", "Owls", "Bears") for b in ("ran", "sang", "slept") for c in ("barn", "river", "castle", "market")
    for d in ("quietly", "gladly", "together") for e in ("London", "Ankara", "Bergen")
)  # fmt: skip


def told(tmp_path: Path, text: str, *changes: tuple[str, str], code: str) -> list[tuple[str, str]]:
    (tmp_path / "a.txt").write_text(text, "utf-8")
    found = meant(tmp_path, (STORIES, "{path: a.txt}"), *changes).findings
    return [(f.message, f.fix) for f in found if f.code == code]


@pytest.mark.parametrize(("size", "codes"), [(1000, ["T102"]), (1200, ["T102"]), (700, [])])
def test_lines_that_differ_in_a_number_hold_few_pieces(tmp_path: Path, size: int, codes: list[str]):
    """The words in them are counted, not the bytes: 300 such lines hold about 1,000 pieces at 24 kB, and the first 10 kB about 700."""
    found = told(tmp_path, ROWS[:10_000], ("vocab_size: 16000", f"vocab_size: {size}"), code="T102")
    assert len(found) == len(codes)


@pytest.mark.parametrize(("text", "model"), [(t, m) for t in (ROWS, ROWS[:3000], PROSE) for m in ("bpe", "unigram")])
def test_no_text_gives_more_pieces_than_are_said(text: str, model: str):
    """Against the largest vocabulary that SentencePiece makes of it."""
    pytest.importorskip("sentencepiece")
    from steps.text.trainers import Sample, TooFewPieces, train_sentencepiece

    sample = Sample([text[at : at + 2000] for at in range(0, len(text), 2000)], bytes=len(text))
    size = 10**6
    for _ in range(4):
        try:
            train_sentencepiece(sample, kind=model, vocab_size=size, coverage=0.9995, byte_fallback=model == "bpe",
                                normalization="identity", user_symbols=[])  # fmt: skip
            break
        except TooFewPieces as error:
            size = error.largest
    said = pieces_of_little([text], model, model == "bpe", len(text))
    assert said is not None
    assert size <= said


def test_a_sample_of_a_few_lines_is_told(tmp_path: Path):
    """A thousand bytes for a thousand pieces: megabytes were meant. A hundred bytes a piece are enough."""
    pieces = ("vocab_size: 16000", "vocab_size: 1000\n    sample_bytes: {n}")
    text = "\n".join(f"{PROSE}{n}" for n in range(20))
    few, enough = (told(tmp_path, text, (pieces[0], pieces[1].replace("{n}", str(n))), code="T109") for n in (1000, 100_000))
    assert [fix for _, fix in few] == ["delete it: 100 MB are taken; megabytes are written with six zeros"]
    assert enough == []


@pytest.mark.parametrize(
    ("written", "lost"),
    [
        ("nmt_nfkc", "blanks of line breaks and tabs"),
        ("nfkc_cf", "small letters of capitals"),
        ("nmt_nfkc_cf", "blanks of line breaks and tabs and small letters of capitals"),
        ("nfkc", ""),
        ("identity", ""),
    ],
)
def test_a_normalization_that_takes_from_every_text_is_told(tmp_path: Path, written: str, lost: str):
    """Where nothing is exported; an export refuses it, and says so."""
    changes = ("vocab_size: 16000", f"vocab_size: 16000\n    normalization: {written}")
    export = ("  - type: export_ollama\n", "  - type: validate_checkpoint\n")
    found = [f.message for f in meant(tmp_path, changes, export).findings if f.code == "T122"]
    assert found == ([f"{written} makes {lost}: no model of this tokenizer writes them"] if lost else [])
    assert "T122" not in said(tmp_path, changes)


def test_pages_that_nobody_counted_are_no_small_text(tmp_path: Path, test_data: Path):
    """Of PDFs the text is a guess, and one document at least is held out: an error needs far less than a row."""
    (tmp_path / "papers").mkdir()
    for name in ("paper-lme4-lmer.pdf", "paper-sandwich.pdf"):
        shutil.copy(test_data / "docs" / name, tmp_path / "papers")
    papers = (STORIES, "{path: papers}")
    row = ("    max_steps: 1000\n", "    max_steps: 1000\n    max_seq_length: 1024\n")
    assert "D113" not in said(tmp_path, papers, row)
    assert "D113" in said(tmp_path, papers, (row[0], row[1].replace("1024", "131072")))
    assert "T102" not in said(tmp_path, papers)
