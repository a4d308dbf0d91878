"""Rules about what a tokenizer learns from: how much of it, whether its symbols stand there, and whose letters they are."""

import json
from pathlib import Path

import pytest

from tests.runner.judged import meant, said

ENGLISH = "The hen and the fox went to the market on a fine day, where {} birds sat upon the fence and quacked just like ducks."
RUSSIAN = "Курица и лиса пошли на рынок в хороший день, и {} птиц сидели там на заборе и крякали совсем как утки."


def rows(folder: Path, name: str, text: str, count: int = 400) -> None:
    lines = (json.dumps({"lang": "en", "text": text.format(n)}) + "\n" for n in range(count))
    (folder / name).write_text("".join(lines), "utf-8")


def recipe(tokenizer: str, source: str = "{path: a.jsonl}", corpus: str = "") -> str:
    steps = f"steps:\n  - {{type: parse_corpus, id: a, sources: [{source}]}}\n"
    more = "  - {type: parse_corpus, id: b, sources: [{path: b.jsonl}]}\n" if corpus else ""
    return f"recipe: r\ntarget: t4\n{steps}{more}  - {{type: train_tokenizer, {tokenizer}}}\n  - {{type: tokenize_bin{corpus}}}\n"


@pytest.mark.parametrize(
    ("tokenizer", "codes"),
    [
        ("vocab_size: 1000, sample_bytes: 100", ["T109"]),
        ("vocab_size: {at_most: 8000}, sample_bytes: 100", ["T109"]),
        ("vocab_size: 300, sample_bytes: 100000000", []),
        ("vocab_size: 300, sample_bytes: 30000", []),
    ],
)
def test_a_sample_holds_the_pieces_that_are_asked_for(tmp_path: Path, tokenizer: str, codes: list[str]):
    """Said at the sample, not at the size, where the corpus has more to give."""
    rows(tmp_path, "a.jsonl", ENGLISH)
    found = meant(tmp_path, base=recipe(tokenizer)).findings
    assert [f.code for f in found if f.severity != "info"] == codes
    assert all(f.path[-1] == "sample_bytes" for f in found if f.code == "T109")


@pytest.mark.parametrize(
    ("symbols", "columns", "codes"),
    [
        ('["<tr>", "<en>"]', '"[{lang}]{text}"', ["T110"]),
        ('["<tr>", "<en>"]', '"<{lang}>{text}"', []),
        ('["<tr>", "<en>"]', '"{text}"', ["(T110)"]),
        ('["<|user|>", "<tool>"]', '"[{lang}]{text}"', []),
        ("[]", '"[{lang}]{text}"', []),
    ],
)
def test_symbols_stand_in_the_text(tmp_path: Path, symbols: str, columns: str, codes: list[str]):
    """One that does is enough; marks of chats may come later; where the recipe writes other marks it is a warning."""
    rows(tmp_path, "a.jsonl", ENGLISH)
    source = f"{{path: a.jsonl, columns: {{text: {columns}}}}}"
    found = said(tmp_path, base=recipe(f"vocab_size: 300, user_symbols: {symbols}", source))
    assert [code for code in found if "T110" in code] == codes


@pytest.mark.parametrize(
    ("tokenizer", "text", "codes"),
    [
        ("model: unigram", RUSSIAN, ["T111"]),
        ("model: bpe", RUSSIAN, ["(T111)"]),
        ("model: byte_bpe", RUSSIAN, ["(T111)"]),
        ("model: unigram", ENGLISH.replace("ducks", "geese"), []),
        ("model: unigram, corpus: [a, b]", RUSSIAN, []),
    ],
)
def test_letters_that_no_piece_was_made_for(tmp_path: Path, tokenizer: str, text: str, codes: list[str]):
    """Without byte fallback they are unknown; with it they only take more tokens."""
    rows(tmp_path, "a.jsonl", ENGLISH)
    rows(tmp_path, "b.jsonl", text)
    with_corpus = tokenizer if "corpus" in tokenizer else f"{tokenizer}, corpus: a"
    found = meant(tmp_path, base=recipe(f"vocab_size: {{at_most: 400}}, {with_corpus}", corpus=", corpus: b")).findings
    assert [f"({f.code})" if f.severity == "info" else f.code for f in found if f.code == "T111"] == codes
    assert all(f.fix == "write corpus: [a, b]" for f in found if f.code == "T111")


def test_rows_that_are_rounded_up_and_then_written_smaller(tmp_path: Path):
    """check_vocab_consistency pads, the model's own number wins: one of them is not meant."""
    padded = ("  - type: tokenize_bin\n", "  - {type: check_vocab_consistency, pad_vocab_to_multiple_of: 96}\n  - type: tokenize_bin\n")
    for rows_, codes in ((16000, ["V002"]), (16032, [])):
        assert said(tmp_path, padded, ("model: {family: mamba,", f"model: {{family: mamba, vocab_size: {rows_},")) == codes


@pytest.mark.parametrize(
    ("symbols", "fixes"),
    [
        ('["<|tr|>", "<|en|>"]', ['write user_symbols: ["<tr>", "<en>"]']),
        ('["[tr]", "<en>"]', ['write user_symbols: ["<tr>", "<en>"]']),
        ('["<tr>", "<en>"]', []),
        ('["<|user|>"]', []),
    ],
)
def test_symbols_are_spelled_as_the_columns_write_them(tmp_path: Path, symbols: str, fixes: list[str]):
    """By the word between the brackets; marks for later are let be."""
    rows(tmp_path, "a.jsonl", ENGLISH)
    source = '{path: a.jsonl, columns: {text: "<tr>{lang}<en>{text}"}}'
    found = meant(tmp_path, base=recipe(f"vocab_size: 300, user_symbols: {symbols}", source)).findings
    assert [f.fix for f in found if f.code == "T110" and f.severity == "warning"] == fixes
    mended = recipe('vocab_size: 300, user_symbols: ["<tr>", "<en>"]', source)
    assert not any(f.code in ("T110", "D173") for f in meant(tmp_path, base=mended).findings)


@pytest.mark.parametrize(
    ("mark", "symbols", "codes"),
    [
        ("<|endoftext|>", "", ["D176"]),
        ("</s>", "", ["D176"]),
        ("<|endoftext|>", ', user_symbols: ["<|endoftext|>"]', []),
        ("<end>", "", []),
        ("<s>", "", ["D176"]),
        ("<|im_start|>", "", ["D176"]),
        ("<|im_start|>", ', user_symbols: ["<|im_start|>"]', []),
        ("the <unk> of", "", ["D176"]),
    ],
)
def test_a_mark_of_another_tokenizer_is_told(tmp_path: Path, mark: str, symbols: str, codes: list[str]):
    """Three times in a sample; one that is a symbol is meant."""
    (tmp_path / "a.txt").write_text(f"\n{mark}\n".join(ENGLISH.format(n) for n in range(90)), "utf-8")
    text = recipe(f"vocab_size: 300{symbols}", "{path: a.txt, document: blank_line}")
    found = [f for f in meant(tmp_path, base=text).findings if f.code == "D176"]
    assert [f.code for f in found] == codes
    assert all(f.path[1] == "a" for f in found)
    once = ENGLISH + mark + "\n\n" + "\n\n".join(ENGLISH.format(n) for n in range(90))
    (tmp_path / "a.txt").write_text(once, "utf-8")
    assert not any(f.code == "D176" for f in meant(tmp_path, base=text).findings)


def test_signs_that_a_normalization_changes_are_told(tmp_path: Path):
    """The most frequent ones, of what was looked at."""
    rows(tmp_path, "a.jsonl", ENGLISH + " It has 9 m² and ½ of a roof…")
    found = [f for f in meant(tmp_path, base=recipe("model: unigram, vocab_size: 300, normalization: nfkc")).findings if f.code == "T122"]
    assert [(f.severity, f.fix) for f in found] == [("info", "write normalization: identity")]
    assert "'2' of '²'" in found[0].message
    rows(tmp_path, "a.jsonl", ENGLISH + " It has roofs, été, çay.")
    assert not any(f.code == "T122" for f in meant(tmp_path, base=recipe("model: unigram, vocab_size: 300, normalization: nfkc")).findings)
