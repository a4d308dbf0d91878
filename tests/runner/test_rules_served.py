"""Bands that no loss lies in, rows of a few tokens, weights that are proved and others exported, names of Ollama's library."""

import sys
from pathlib import Path

import pytest

from tests.runner.judged import meant

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, Case, findings

STEPS = "max_steps: 1000"
EXPORT = "  - type: export_ollama\n"


@pytest.mark.parametrize(
    ("bands", "meant_by"),
    [
        ("val_loss: [15, 30]", [2.71, 3.4]),
        ("train_loss: [400, 900]", [5.99, 6.8]),
        ("train_loss: [5, 12]", None),
        ("train_loss: [9.5, 10.4]", None),
        ("val_bits_per_byte: [9, 12]", []),
        ("val_bits_per_byte: [1, 2]", None),
    ],
)
def test_bands_that_no_loss_lies_in(tmp_path: Path, bands: str, meant_by: list[float] | None):
    """S030: of 16,000 pieces chance is 9.7 nats; perplexities are turned into losses."""
    found = [f for f in meant(tmp_path, (STEPS, f"{STEPS}\n    expect: {{500: {{{bands}}}}}")).findings if f.code == "S030"]
    assert len(found) == (meant_by is not None)
    assert [e.value for f in found for e in f.edits] == ([meant_by] if meant_by else [])


def test_a_new_network_may_begin_above_chance(tmp_path: Path):
    """Of its first steps nothing is said."""
    found = meant(tmp_path, (STEPS, f"{STEPS}\n    expect: {{1: {{train_loss: [10.8, 12]}}}}")).findings
    assert not [f for f in found if f.code == "S030"]


@pytest.mark.parametrize(
    ("proof", "export", "found"),
    [("weights: best", "", 1), ("weights: best", "weights: best", 0), ("weights: best", "weights: last", 0), ("", "weights: best", 0)],
)
def test_what_is_proved_is_exported(tmp_path: Path, proof: str, export: str, found: int):
    """E031: where the export says nothing of it."""
    steps = f"  - type: validate_checkpoint\n    {proof}\n{EXPORT}    name: small\n    {export}\n"
    assert len([f for f in meant(tmp_path, (EXPORT, steps)).findings if f.code == "E031"]) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("llama3.1", 1),
        ("Mistral", 1),
        ("SmolLM", 1),
        ("qwen2.5:latest", 1),
        ("llama3.1:clinic", 0),
        ("me/llama3.1", 0),
        ("llama3.1-mine", 0),
    ],
)
def test_names_of_the_library(tmp_path: Path, name: str, found: int):
    """E032: an owner, a tag or a word more is a name of its own."""
    said = {f.code for f in meant(tmp_path, (EXPORT, f"{EXPORT}    name: {name}\n")).findings}
    assert ("E032" in said) == bool(found)


@pytest.mark.parametrize(("length", "document", "found"), [(8, "", 1), (32, "", 0), (8, "        document: line\n", 0)])
def test_rows_of_a_few_tokens(tmp_path: Path, length: int, document: str, found: int):
    """S031: names and words, a document each, are as short as their rows."""
    changes = {"max_seq_length: 256": f"max_seq_length: {length}", "data/stories.jsonl\n": f"data/long.txt\n{document}"}
    text = "\n\n".join("The hens sat on a wall and spoke of the fox. " * 40 for _ in range(60))
    said = findings(Case("", "", LM, changes, {"data/long.txt": text}), tmp_path / "p")
    assert len([f for f in said if f.code == "S031"]) == found


def test_documents_behind_the_tokens_reach_no_training(tmp_path: Path):
    """L010: of a second parse_corpus, unless a step names it; and of a first one that the second one hides."""
    other = "  - {type: parse_corpus, id: other, sources: [{path: data/b.txt}]}\n"
    bins = "  - type: tokenize_bin\n"
    (late,) = [f for f in meant(tmp_path, (bins, bins + other)).findings if f.code == "L010"]
    assert late.message == "no training reads the documents of other: the tokens were made before it"
    assert late.fix == "name them in tokenize_bin, corpus: [parse_corpus, other], and put other before it"
    proof = ("  - type: export_ollama\n", "  - type: validate_checkpoint\n    corpus: other\n")
    assert [f for f in meant(tmp_path, (bins, bins + other), proof).findings if f.code == "L010"] == []
    tokenizer = "  - type: train_tokenizer\n"
    (hidden,) = [f for f in meant(tmp_path, (tokenizer, other + tokenizer)).findings if f.code == "L010"]
    assert hidden.message == "no step reads the Corpus that parse_corpus makes: those behind it take the nearest, other"
    assert hidden.fix.endswith("name both where they are read: corpus: [parse_corpus, other]")


@pytest.mark.parametrize(("order", "found"), [("before", 0), ("behind", 1)])
def test_documents_are_split_before_they_become_ids(tmp_path: Path, order: str, found: int):
    """L010: behind tokenize_bin the pieces reach no training."""
    bins, split = "  - type: tokenize_bin\n", "  - type: split_long\n    max_tokens: 256\n"
    both = split + bins if order == "before" else bins + split
    said = [f for f in meant(tmp_path, (bins, both)).findings if f.code == "L010"]
    assert len(said) == found


def test_half_precision_on_the_16_series(tmp_path: Path):
    """P112: told where it is asked for."""
    changes = [("target: t4", "target: gtx1650"), (STEPS, f"{STEPS}\n    precision: fp16")]
    assert "P112" in {f.code for f in meant(tmp_path, *changes).findings}
