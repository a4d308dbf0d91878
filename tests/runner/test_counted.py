"""Tokens of a forecast: estimated by the size of the vocabulary, or counted where they can be."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.judge import judge
from runner.resolve import mean
from runner.store import Store
from schemas.artifacts import TokenBinForecast
from steps.text.vocabulary import bytes_per_token

RECIPE = """
format: 1
recipe: counted
steps:
  - type: parse_corpus
    sources: [{path: text.txt, document: line}]
  - {type: train_tokenizer, model: bpe, vocab_size: VOCABULARY}
  - type: tokenize_bin
"""
LINES = 400


def bins(folder: Path, recipe: str) -> TokenBinForecast:
    """What the bin of `recipe` is expected to be."""
    (folder / "recipes").mkdir(exist_ok=True)
    (folder / "text.txt").write_text("bir varmış bir yokmuş\n" * LINES, "utf-8")
    (folder / "recipes" / "counted.yaml").write_text(recipe, "utf-8")
    meant = mean(folder / "recipes" / "counted.yaml")
    judge(meant)
    found = meant.step("tokenize_bin").forecast
    assert isinstance(found, TokenBinForecast)
    return found


def last_run(folder: Path, **said: Any) -> None:
    """A run that made a bin of which its description says `said`."""
    digest = "ab" * 32
    place = Store(folder, None).object(digest)
    place.mkdir(parents=True)
    (place / "artifact.json").write_text(json.dumps({"format": 1, "kind": "TokenBin", **said}), "utf-8")
    steps = {"tokenize_bin": {"digest": digest, "key": "cd" * 32, "kind": "TokenBin"}}
    (folder / ".recipe" / "last").mkdir(parents=True, exist_ok=True)
    (folder / ".recipe" / "last" / "counted.json").write_text(
        json.dumps({"format": 1, "run": "r", "status": "done", "steps": steps}), "utf-8"
    )


@pytest.mark.parametrize(
    ("asked", "made", "counted"),
    [("700", 700, True), ("700", 800, False), ("{at_most: 900}", 700, True), ("{at_most: 600}", 700, False)],
)
def test_the_last_run_says_how_long_a_token_is(tmp_path: Path, asked: str, made: int, counted: bool):
    """Where its tokenizer was as large as the one that is asked for; else by the number of pieces."""
    before = bins(tmp_path, RECIPE.replace("VOCABULARY", asked))
    last_run(tmp_path, vocab_size=made, train_bytes=5000, train_tokens=4000)
    after = bins(tmp_path, RECIPE.replace("VOCABULARY", asked))
    size = (tmp_path / "text.txt").stat().st_size
    whole = (after.train_tokens or 0) + (after.val_tokens or 0)
    if counted:
        assert whole == pytest.approx(size / 1.25, rel=0.01)
        assert after.because["train_tokens"].endswith("bytes at 1.25 bytes a token, as the last run counted")
    else:
        assert after == before


def test_a_model_on_this_machine_counts_with_its_own_tokenizer(tmp_path: Path, test_data: Path):
    """A base of 512 pieces that has read English alone takes a Turkish text letter by letter."""
    from steps.lm.llama2c import convert

    source = test_data / "models" / "stories260K"
    convert(source / "stories260K.bin", source / "tok512.bin", tmp_path / "base")
    recipe = RECIPE.replace("{type: train_tokenizer, model: bpe, vocab_size: VOCABULARY}",
                            "{type: check_vocab_consistency, checkpoint: {path: base}}")  # fmt: skip
    found = bins(tmp_path, recipe)
    from steps.text.tokenizers import open_tokenizer

    line = "bir varmış bir yokmuş"
    rate = len(line.encode()) / open_tokenizer(tmp_path / "base").count(line)
    assert rate < bytes_per_token(512)
    size = (tmp_path / "text.txt").stat().st_size
    assert (found.train_tokens or 0) + (found.val_tokens or 0) == pytest.approx(size / rate, rel=0.02)
    assert "as its tokenizer in the first documents counted" in found.because["train_tokens"]


@pytest.mark.parametrize(("pieces", "least", "most"), [(512, 1.9, 2.5), (1000, 2.4, 3.1), (1750, 2.9, 3.7), (4000, 3.2, 4.5)])
def test_a_small_vocabulary_has_short_tokens(pieces: int, least: float, most: float):
    """As measured on stories, manuals and novels in two languages."""
    assert least <= bytes_per_token(pieces) <= most
