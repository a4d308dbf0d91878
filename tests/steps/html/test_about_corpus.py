"""The corpus on the page: what parse_corpus decided stands there in numbers, from the statistics that it keeps."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas import RunRecord
from steps.html.about_corpus import corpus
from steps.html.runlog import RunLog
from steps.parse_corpus import ParseCorpus, parse_corpus
from tests.conftest import FakeContext

PAPER = "# Abstract\n\nWe count birds.\n\n# Methods\n\nEach bird was counted once at noon.\n"


def run_of(tmp_path, **params: Any) -> RunLog:
    """A run that made a corpus of these params below `tmp_path`."""
    context = FakeContext(tmp_path / "run", seed=7, project=tmp_path)
    parse_corpus(ParseCorpus.model_validate(params), context)
    step = cast(Any, SimpleNamespace(id="parse_corpus"))
    run = RunLog(cast(RunRecord, SimpleNamespace(steps=[step])))
    run._stats = {"parse_corpus": {"corpus": context.kept["corpus"]}}
    return run


def block_of(tmp_path, **params: Any) -> dict[str, Any]:
    section = corpus(run_of(tmp_path, **params))
    assert section is not None
    return section.data["blocks"][0]


@pytest.fixture
def texts(tmp_path):
    """Two kinds of texts, a folder of the best, a paper."""
    for name, text in {
        "a/one.txt": "Write to ada@example.org today.",
        "a/two.txt": "The ferry left at six and nobody was late.",
        "b/best/three.txt": "The market opened when the bells rang.",
        "b/four.txt": "Rain fell on the roofs of the town.",
        "paper.md": PAPER,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_sources_show_the_shares_asked_and_got(texts):
    """Beside each source with a weight stand the share of the characters that was asked for and the one that came."""
    block = block_of(texts, sources=[{"path": "a", "weight": 3}, {"path": "b", "weight": 1}])
    assert [(row["name"], row["asked"]) for row in block["sources"]] == [("a", "75.0 %"), ("b", "25.0 %")]
    assert block["weighed"]
    assert all(row["got"].endswith(" %") for row in block["sources"])


def test_repeats_of_folders_and_sections_stand_with_what_was_drawn(texts):
    """Documents, the repeat asked for, how many documents training sees, and the seed of the fractions."""
    sources = [{"path": "b"}, {"path": "paper.md", "sections": {"methods": 3, "abstract": 0}}]
    block = block_of(texts, sources=sources, priority={"best": 2})
    shown = {table["title"]: table for table in block["tables"]}
    assert shown["Priority folders"]["rows"] == [["best", "1", "2", "2"]]
    assert shown["Priority folders"]["note"] == "Fractions of a repeat are drawn with seed 7."
    assert shown["Sections of papers"]["rows"] == [["methods", "1", "3", "3"]]
    assert [(row["name"], row["documents"], row["seen"]) for row in block["sources"]] == [("b", "2", "3"), ("paper.md", "1", "3")]


def test_masks_and_near_duplicates_are_counted_on_the_page(texts):
    """Places that were masked by kind; what was done with documents that are much alike."""
    pytest.importorskip("rensa")
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    (texts / "a" / "x.txt").write_text(long)
    (texts / "a" / "y.txt").write_text(f"{long} seventeen")
    block = block_of(texts, sources=[{"path": "a"}], clean={"mask": ["email", "iban"], "near_duplicates": "drop"})
    shown = {table["title"]: table for table in block["tables"]}
    assert sorted(shown["Masked"]["rows"]) == [["IBAN", "0"], ["e-mail address", "1"]]
    assert shown["Near duplicates"]["note"] == "1 document like an earlier one, in 1 cluster: dropped (similarity 0.80 or more)."
    assert shown["Near duplicates"]["rows"][0][1] == "2"


def test_a_fallback_and_a_data_sets_revision_stand_on_the_page(texts):
    """Which source was read instead of which, and of which commit a data set is."""
    pytest.importorskip("datasets")
    (texts / "set").mkdir()
    (texts / "set" / "train.jsonl").write_text(json.dumps({"text": "A row of a set."}) + "\n")
    block = block_of(texts, sources=[{"path": "none.txt", "fallback": {"path": "a"}}, {"hub": "set"}])
    shown = {table["title"]: table["rows"] for table in block["tables"]}
    assert shown["Fallbacks taken"] == [["none.txt", "a"]]
    assert shown["Revisions"] == [["set", "a folder"]]


def test_nothing_empty_is_shown(texts):
    """A plain corpus has the tables of languages and sources alone, without columns that say nothing."""
    block = block_of(texts, sources=[{"path": "a"}])
    assert (block["tables"], block["weighed"], block["repeated"]) == ([], False, False)
