"""Rules about vocabularies: who counts tokens must count the same ones."""

from pathlib import Path
from random import Random

import pytest

from schemas import Edit
from steps.text.richness import most_pieces
from tests.runner.judged import meant, said

MODEL = "model: {family: mamba,"


def test_the_sound_recipe_is_sound(tmp_path: Path):
    """What the other tests change is right before they do."""
    assert said(tmp_path) == []


@pytest.mark.parametrize(
    ("rows", "codes"),
    [(15999, ["V001"]), (16000, []), (16001, ["V002"]), (16008, ["V002"]), (16128, []), (20000, ["V002"])],
)
def test_rows_of_the_model_against_the_tokenizer(tmp_path: Path, rows: int, codes: list[str]):
    """Fewer rows, or rows that only waste, are told; equal or rounded up to a usual multiple is right. 16000 is a multiple of 128."""
    assert said(tmp_path, (MODEL, f"{MODEL} vocab_size: {rows},")) == codes


def test_a_size_that_is_no_multiple_may_be_rounded_up(tmp_path: Path):
    """50257 becomes 50264, 50304 or 50432, nothing between."""
    for rows, codes in ((50264, []), (50304, []), (50432, []), (50300, ["V002"])):
        found = said(tmp_path, ("16000", "50257"), (MODEL, f"{MODEL} vocab_size: {rows},"))
        assert [c for c in found if c != "(M010)"] == codes, rows


def test_the_fix_is_the_tokenizers_size(tmp_path: Path):
    """The edit is exact, and safe to make without asking."""
    (finding,) = meant(tmp_path, (MODEL, f"{MODEL} vocab_size: 8000,")).findings
    assert finding.edits == (Edit("set", ("steps", "train", "model", "vocab_size"), 16000),)
    assert (finding.place.line, finding.place.column) == (10, 28)


def test_the_mistake_is_seen_through_a_check_step_and_by_name(tmp_path: Path):
    """check_vocab_consistency hands its tokenizer on; the finding names the one that was trained."""
    between = ("  - type: tokenize_bin\n", "  - type: check_vocab_consistency\n  - type: tokenize_bin\n")
    (finding,) = meant(
        tmp_path, between, (MODEL, f"{MODEL} vocab_size: 8000,"), ("train_tokenizer\n", "train_tokenizer\n    id: tok\n")
    ).findings
    assert finding.message == "the model has rows for 8,000 tokens, tokenizer 'tok' makes 16,000"


def test_an_upper_bound_is_no_size(tmp_path: Path):
    """With {at_most: N} a smaller model may be right: a warning, and the line goes. A larger one cannot be."""
    bound = ("vocab_size: 16000", "vocab_size: {at_most: 16000}")
    (finding,) = meant(tmp_path, bound, (MODEL, f"{MODEL} vocab_size: 8000,")).findings
    assert (finding.code, finding.severity, finding.edits[0].action) == ("V001", "warning", "delete")
    (finding,) = meant(tmp_path, bound, (MODEL, f"{MODEL} vocab_size: 20000,")).findings
    assert (finding.code, finding.severity, finding.edits[0].action) == ("V002", "error", "delete")


def test_sixteen_bits_hold_65536_tokens(tmp_path: Path):
    """The boundary is the largest id, not the size."""
    narrow = ("tokenize_bin\n", "tokenize_bin\n    dtype: uint16\n")
    assert "D121" not in said(tmp_path, narrow, ("16000", "65536"))
    assert "D121" in said(tmp_path, narrow, ("16000", "65537"))


def test_a_vocabulary_beyond_any_text_of_that_size_is_told(tmp_path: Path):
    """The bound lies above what SentencePiece was seen to reach, so that a warning is right."""
    draw = Random(1)
    different = " ".join("".join(draw.choices("abcdefghijklmnoprstuvyz", k=6)) for _ in range(4000))
    (tmp_path / "a.txt").write_text(different, "utf-8")  # 28 kB that hold some 20,000 pieces
    changes = (("{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}", "{path: a.txt}"),)
    assert "T102" in said(tmp_path, *changes, ("16000", "30000"))
    assert "T102" not in said(tmp_path, *changes, ("16000", "2000"))
    for text_bytes, unigram, bpe in ((52_958, 1623, 6278), (248_239, 8799, 41_144), (561_763, 7019, 24_419), (1_090_238, 11_318, 43_274)):
        assert unigram <= most_pieces(text_bytes, "unigram")
        assert bpe <= most_pieces(text_bytes, "bpe")


@pytest.mark.parametrize(
    ("size", "model", "codes"), [(50257, "unigram", ["T102"]), (40000, "unigram", []), (50257, "bpe", []), (250_000, "byte_bpe", ["T102"])]
)
def test_real_text_is_looked_into(tmp_path: Path, test_data: Path, size: int, model: str, codes: list[str]):
    """5.4 MB of Turkish hold 43,462 unigram pieces and 165,492 of bpe: a sample of its words tells, where its size alone does not."""
    sources = ("{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}", f"{{path: {test_data}/tr/*.txt}}")
    assert [c for c in said(tmp_path, sources, ("vocab_size: 16000", f"vocab_size: {size}\n    model: {model}")) if c == "T102"] == codes


def test_the_sample_bounds_the_text(tmp_path: Path, test_data: Path):
    """What the trainer is not shown holds no pieces for it."""
    sources = ("{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}", f"{{path: {test_data}/tr/*.txt}}")
    assert "T109" in said(tmp_path, sources, ("vocab_size: 16000", "vocab_size: 16000\n    model: unigram\n    sample_bytes: 500000"))


def test_bins_of_one_tokenizer_and_a_model_of_another(tmp_path: Path):
    """Both are named."""
    two = ("train_tokenizer\n", "train_tokenizer\n    id: small\n    vocab_size: 8000\n  - type: train_tokenizer\n    id: large\n")
    (finding,) = meant(tmp_path, two, ("tokenize_bin\n", "tokenize_bin\n    tokenizer: small\n")).findings
    assert finding.message == "train uses tokenizer 'large', its token files were made with 'small'"


CHECKED = ("  - type: tokenize_bin\n", "  - type: check_vocab_consistency\n    {}\n  - type: tokenize_bin\n")


def checked(params: str) -> tuple[str, str]:
    """The sound recipe with a check_vocab_consistency step of these params."""
    return CHECKED[0], CHECKED[1].format(params)


def test_rows_may_be_padded_by_the_check_step(tmp_path: Path):
    """The train step's model follows; a size written by hand may be the padded one, whatever the multiple."""
    result = meant(tmp_path, checked("pad_vocab_to_multiple_of: 4096"), ("16000", "16001"))
    train = next(step for step in result.steps if step.id == "train")
    assert train.forecast is not None
    assert (train.forecast.vocab_size, train.forecast.because["vocab_size"]) == (16384, "follows the tokenizer")
    assert said(tmp_path, checked("pad_vocab_to_multiple_of: 100"), ("16000", "16001"), (MODEL, f"{MODEL} vocab_size: 16100,")) == []


def test_ids_of_a_bin_that_is_there(tmp_path: Path):
    """nanoGPT's flat file against a model of 32,000 rows, before anything runs: file, id, position."""
    numpy = pytest.importorskip("numpy")
    ids = numpy.arange(40_000, dtype=numpy.uint16)
    ids.tofile(tmp_path / "train.bin")
    (finding,) = meant(tmp_path, checked("bins: {path: train.bin}\n    model: {vocab_size: 32000}")).findings
    assert (finding.code, finding.place.line, finding.place.column) == ("V101", 9, 12)
    assert finding.message == "train.bin holds id 32,000 (in train.bin, token 32,000), the model has rows for 32,000 tokens"
    assert said(tmp_path, checked("bins: {path: train.bin}\n    model: {vocab_size: 40000}")) == []
    assert said(tmp_path, checked("bins: {path: train.bin}")) == ["V101"]  # against the recipe's own tokenizer of 16,000
    assert said(tmp_path, checked("bins: {path: none.bin}")) == ["V105"]


def test_a_model_folder_with_too_few_rows(tmp_path: Path):
    """Its config.json is read, and a number is taken as it is written."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"vocab_size": 15000}')
    (finding,) = meant(tmp_path, checked("model: {path: model}")).findings
    assert finding.message == "the model has rows for 15,000 tokens, its tokenizer makes 16,000"
    assert said(tmp_path, checked("model: {vocab_size: 15999}")) == ["V101"]
    assert said(tmp_path, checked("model: {vocab_size: 16000}")) == []


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("vocab_size: 80\n    model: unigram", ["special tokens and symbols alone take 100"]),
        ("vocab_size: 300\n    model: unigram\n    byte_fallback: true", ["special tokens and symbols alone take 356"]),
        ("vocab_size: 280", ["the beginning of the text has 27 characters to be known"]),
        ("vocab_size: 300", []),
        ("vocab_size: 110\n    model: unigram", []),
        ("vocab_size: {at_most: 60}\n    model: unigram", ["special tokens and symbols alone take 100"]),
    ],
)
def test_a_vocabulary_holds_the_characters(tmp_path: Path, typed: str, taken: list[str]):
    """Those that SentencePiece is told to know, and those of the text; where they fit, nothing is said of them."""
    (tmp_path / "a.txt").write_text("the quick brown fox jumps over the lazy dog " * 4000, "utf-8")
    stories = "{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}"
    found = meant(tmp_path, ("vocab_size: 16000", typed), (stories, "{path: a.txt}")).findings
    assert [f.message[-len(words) :] for f, words in zip((f for f in found if f.code == "T103"), taken, strict=True)] == taken


def test_rows_for_pieces_that_the_text_does_not_hold(tmp_path: Path):
    """{at_most: N} may make fewer, and the run ends where the model has many more; --fix of T102 takes the number off both."""
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "The hen number {n} drank from the old well."}}\n' for n in range(300)))
    here = ("{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}", "{path: a.jsonl}")
    rows = (MODEL, f"{MODEL} vocab_size: 60000,")
    found = {f.code: f for f in meant(tmp_path, here, ("16000", "{at_most: 60000}"), rows).findings}
    assert found["V002"].fix == "delete vocab_size to use the tokenizer's size, whatever it will be"
    found = {f.code: f for f in meant(tmp_path, here, ("16000", "60000"), rows).findings}
    assert found["T102"].fix.endswith(", and delete vocab_size of train")
    assert [edit.action for edit in found["T102"].edits] == ["set", "delete"]
