"""The last evaluation by source, and what a training gave up for want of memory."""

import json
from pathlib import Path
from typing import Any

from schemas import RunRecord
from steps.html.about_evaluation import given_up, sources
from steps.html.about_model import validation
from steps.html.about_training import _loss_words, figures
from steps.html.curves import Curve
from steps.html.page import page
from steps.html.runlog import RunLog, read_run
from tests.steps.html import example_run

REDUCTIONS = [
    {"step": step, "during": during, "given_up": name, "changed": changed, "error": error}
    for step, during, name, changed, error in (
        (0, "training", "batch_size", {"batch_size": [4, 2], "accumulation": [1, 2]}, "can't allocate <8> bytes"),
        (7, "validation", "eval_batch_size", {"eval_batch_size": [8, 4]}, ""),
        (7, "training", "activation_checkpointing", {"checkpointing": [False, True]}, "x" * 500),
        (9, "training", "max_seq_length", {"length": [2048, 1536], "cuts": [0, 1]}, ""),
    )
]
SOURCES = {
    "stories": {"loss": 2.5, "bits_per_byte": 1.2},
    "papers": {"loss": 3.5, "bits_per_byte": 1.9},
    "": {"loss": 1.5, "bits_per_byte": 0.8},
}


def run(tmp_path: Path, **training: Any) -> RunLog:
    record: RunRecord = example_run.record(tmp_path)
    steps = [
        s.model_copy(update={"stats": {"training": {**s.stats["training"], **training}}}) if s.id == "train" else s for s in record.steps
    ]
    return read_run(record.model_copy(update={"steps": steps}))


def test_the_worst_source_stands_first(tmp_path: Path):
    """Bits per byte where they are known; one source alone says nothing that the loss does not."""
    found = sources(run(tmp_path, by_source=SOURCES))
    assert found is not None
    (block,) = found.data["blocks"]
    assert [(row["name"], row["bits"], row["loss"]) for row in block["rows"]] == [
        ("papers", "1.900", "3.500"), ("stories", "1.200", "2.500"), ("not said", "0.800", "1.500")]  # fmt: skip
    assert sources(run(tmp_path, by_source={"stories": SOURCES["stories"]})) is None
    by_loss = sources(run(tmp_path, by_source={"a": {"loss": 1.0}, "b": {"loss": 2.0}}))
    assert by_loss is not None
    assert [row["name"] for row in by_loss.data["blocks"][0]["rows"]] == ["b", "a"]


def test_of_many_sources_the_worst_are_shown(tmp_path: Path):
    """And how many more there are."""
    many = {f"paper {n:03}": {"loss": 1 + n / 100} for n in range(55)}
    found = sources(run(tmp_path, by_source=many))
    assert found is not None
    (block,) = found.data["blocks"]
    assert (len(block["rows"]), block["rows"][0]["name"], block["left"]) == (40, "paper 054", "15")


def test_each_thing_given_up_is_a_line(tmp_path: Path):
    """The step that was being made, from what to what in words, and the allocator's own words, cut."""
    found = given_up(run(tmp_path, reductions=REDUCTIONS))
    assert found is not None
    (block,) = found.data["blocks"]
    assert [(row["step"], row["during"], row["changed"]) for row in block["rows"]] == [
        ("1", "training", [("sequences at a time", "4 → 2"), ("micro-batches of a step", "1 → 2")]),
        ("7", "validation", [("sequences at a time in validation", "8 → 4")]),
        ("8", "training", [("activations computed again", "no → yes")]),
        ("10", "training", [("tokens of a row", "2,048 → 1,536")]),
    ]
    assert len(block["rows"][2]["error"]) < 200
    assert given_up(run(tmp_path)) is None


def test_both_stand_on_the_page(tmp_path: Path):
    """In the contents, escaped."""
    text = page(run(tmp_path, reductions=REDUCTIONS, by_source=SOURCES))
    assert 'href="#sources"' in text
    assert 'href="#memory"' in text
    assert "can&#39;t allocate &lt;8&gt; bytes" in text


def test_how_a_training_ended_stands_among_its_figures(tmp_path: Path):
    """Also in a run that reused it, where no event tells of it: why it ended early, the best validation, and updates that were left out."""
    found = figures(run(tmp_path, ended="validation has not improved since step 400", kept={"step": 400, "loss": 2.5}, spikes=3))
    assert found is not None
    rows = dict(found.data["blocks"][0]["rows"])
    assert [rows[name] for name in ("ended early", "best evaluation", "updates left out as spikes")] == [
        "validation has not improved since step 400", "2.50 at step 400", "3"]  # fmt: skip
    plain = figures(run(tmp_path, ended="", kept={}, spikes=None))
    assert plain is not None
    assert {"ended early", "best evaluation", "updates left out as spikes"}.isdisjoint(dict(plain.data["blocks"][0]["rows"]))


def test_the_mark_of_a_lack_of_memory_stands_at_its_step(tmp_path: Path):
    """Of a step that was being made, after so many, and of the validation after a step, under the same numbers as the table."""
    record = example_run.record(tmp_path)
    with (record.folder / "logs" / "events.jsonl").open("a", encoding="utf-8") as out:
        for during in ("training", "validation"):
            out.write(json.dumps({"event": "memory_fallback", "id": "train", "step": 7, "during": during, "message": during}) + "\n")
    (log,) = read_run(record).logs
    assert log.marks[-2:] == [(8, "training"), (7, "validation")]


def test_the_smoothing_of_the_n_grams_is_named(tmp_path: Path):
    """Below the table that compares with them."""
    found = validation(run(tmp_path))
    assert found is not None
    assert found.data["blocks"][0]["smoothing"] == "interpolated Witten-Bell"
    assert "which pieces follow each other (interpolated Witten-Bell smoothing)." in page(run(tmp_path))


def test_a_lower_validation_whose_weights_are_not_kept_is_told(tmp_path: Path):
    """It looked there for samples or bands alone; nothing is said where the best is the lowest."""
    kept = {"step": 20, "loss": 4.1913}
    for best, said in (({"step": 15, "loss": 4.1886}, "4.1886 at step 15, which was validated for its samples or bands: eval_steps alone "
                        "chooses"), ({"step": 0, "loss": 4.1}, "4.1000 before the first step"), (kept, None)):  # fmt: skip
        found = figures(run(tmp_path, best=best, kept=kept))
        assert found is not None
        assert dict(found.data["blocks"][0]["rows"]).get("lower, and not kept") == said


def test_a_loss_that_ends_a_little_above_its_lowest_is_not_called_lowest(tmp_path: Path):
    """Both are said, in as many figures as tell them apart."""
    log = read_run(example_run.record(tmp_path)).logs[0]
    for last, said in (
        (4.1913, "was lowest at step 15 with 4.1886 and ends as good as there, at 4.1913."),
        (4.1886, "ends at its lowest, 4.19."),
    ):
        log.curves["eval_loss"] = Curve([10, 15, 20], [5.0, 4.1886, last])
        assert f"The evaluation set {said}" in _loss_words(log)
