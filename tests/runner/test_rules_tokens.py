"""Tokenizers of bases that their library does not open, or that do not give a text back."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from batch_13_cases import with_added
from cases import SFT, Case, findings

FILE = "models/base/tokenizer.json"
pytest.importorskip("tokenizers")


def told(folder: Path, change: dict[str, Any], base: str = SFT) -> list[tuple[str, str]]:
    """Code and fix of what is said of the tokenizer with this change."""
    found = findings(Case("", "", base, files={FILE: change} if change else {}), folder / "project")
    return [(f.code, f.fix) for f in found if f.code in ("T101", "T120")]


@pytest.mark.parametrize(
    ("change", "newer"),
    [
        ({"model": {"type": "Zebra"}}, True),
        ({"pre_tokenizer": {"type": "Zebra"}}, True),
        ({"version": "2.0"}, True),
        ({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}}, False),
    ],
)
def test_a_tokenizer_that_its_library_does_not_open(tmp_path: Path, change: dict[str, Any], newer: bool):
    """A part of a kind that it does not know, of a newer one perhaps; merges of pieces that are not there."""
    ((code, fix),) = set(told(tmp_path, change))
    assert code == "T101"
    assert ("pip install -U tokenizers" in fix) is newer


def test_a_token_that_was_added_by_hand(tmp_path: Path):
    """Its library wants every field; a file in which no token has them was made to be looked at."""
    import json

    from cases import scaffold

    scaffold(tmp_path / "whole")
    added = json.loads((tmp_path / "whole" / FILE).read_text("utf-8"))["added_tokens"]
    ((code, fix),) = set(told(tmp_path / "1", {"added_tokens": [*added, {"id": 5, "content": "<tool>", "special": True}]}))
    assert (code, fix) == ("T101", "give <tool> of its added_tokens what the others have: lstrip, normalized, rstrip, single_word")
    assert told(tmp_path / "2", {"added_tokens": [{"id": each["id"], "content": each["content"]} for each in added]}) == []


@pytest.mark.parametrize("change", [{"decoder": None}, {"pre_tokenizer": None}, {"normalizer": {"type": "Lowercase"}}])
def test_a_tokenizer_that_does_not_give_a_text_back(tmp_path: Path, change: dict[str, Any]):
    """Blanks or capitals are gone: the step that proves it would end there, once, after the data was read."""
    assert [code for code, _ in told(tmp_path, change)] == ["T120"]
    without = SFT.replace("  - type: check_vocab_consistency\n    checkpoint: {path: models/base}\n", "")
    assert told(tmp_path / "b", change, without) == []


def test_a_damaged_file_beside_it(tmp_path: Path):
    """A SentencePiece model is read first; of files that are no JSON C047 tells alone."""
    damaged = (("tokenizer_config.json", "{", "C047"), ("special_tokens_map.json", "{", "C047"), ("tokenizer.model", b"junk", "T101"))
    for name, content, code in damaged:
        found = {f.code for f in findings(Case("", "", SFT, files={f"models/base/{name}": content}), tmp_path / name)}
        assert found & {"C047", "T101"} == {code}


def test_a_sound_one_is_opened_once(tmp_path: Path):
    """What was found is kept by the file's content."""
    assert told(tmp_path, {}) == []
    assert list((tmp_path / "project" / ".recipe" / "facts").glob("*.json"))


@pytest.mark.parametrize(
    ("number", "rows", "severity"),
    [(299, 300, "error"), (310, 320, "warning"), (300, 301, ""), (299, 301, "warning")],
)
def test_an_added_token_gets_the_next_free_id(tmp_path: Path, number: int, rows: int, severity: str):
    """Whatever its file says: an error where the embedding ends before it."""
    made = Case("", "", SFT, files=with_added(number, "<|pain|>", rows))
    said = [f for f in findings(made, tmp_path / "p") if f.code == "V110"]
    assert [f.severity for f in said] == ([severity] if severity else [])
    assert all("its library makes it 300" in f.message for f in said)
