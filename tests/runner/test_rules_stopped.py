"""A training that was stopped, and a recipe that was changed since."""

import json
import os
from pathlib import Path

import pytest

from runner.fingerprint import keyed
from runner.halfdone import write_about
from tests.runner.judged import SOUND, meant

STEADY = ("max_steps: 1000", "max_steps: 1000\n    scheduler: constant\n    warmup_steps: 50")


def stop(folder: Path, *changes: tuple[str, str], done: int = 600, **more: str) -> Path:
    """What a run of the recipe leaves that was stopped after so many steps. more: parts of its key."""
    (train,) = [step for step in meant(folder, *changes).steps if step.type == "train"]
    assert train.params is not None
    parts = {**{f"param {name}": value for name, value in keyed(train.params).items()}, "param precision": "fp16", "seed": 0}
    assert train.step is not None
    parts |= {f"source {read.name}": read.identity for read in train.step.reads_function(train.params, folder)}  # type: ignore[misc]
    parts |= more
    kept = folder / ".recipe" / "store" / "keep" / "k1"
    (kept / "keep").mkdir(parents=True, exist_ok=True)
    (kept / "keep" / f"state-{done:08d}.pt").write_bytes(b"")
    write_about(kept, "sound", "train", parts)
    return kept


def told(folder: Path, *changes: tuple[str, str], base: str = SOUND) -> list[tuple[str, str, str]]:
    found = meant(folder, *changes, base=base).findings
    return [(f.severity, f.message, f.fix) for f in found if f.code == "R112"]


def test_the_same_recipe_goes_on(tmp_path: Path):
    """Nothing is said, nor of what the key does not hold."""
    stop(tmp_path)
    assert told(tmp_path) == []
    assert told(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    save_steps: 10\n    eval_steps: 50\n    tracking: tensorboard")) == []


def test_spikes_that_are_left_out_where_they_stopped_it(tmp_path: Path):
    """stop becomes skip: it goes on, and nothing is said; with no guard before, nothing is known of spikes, and it begins anew."""
    guard = lambda how: ("max_steps: 1000", f"max_steps: 1000\n    on_spike: {how}")  # noqa: E731
    stop(tmp_path, guard("stop"))
    assert told(tmp_path, guard("skip")) == []
    plain = tmp_path / "plain"
    plain.mkdir()
    stop(plain)
    ((severity, message, _),) = told(plain, guard("skip"))
    assert (severity, "on_spike changed, so this one begins at the first" in message) == ("info", True)


def test_validations_that_are_counted_are_part_of_the_training(tmp_path: Path):
    """Early stopping ends where eval_steps lets it: another spacing is another training, the same one written out is not."""
    patient = ("max_steps: 1000", "max_steps: 1000\n    early_stopping: {patience: 3}")
    stop(tmp_path, patient)
    every = lambda steps: (patient[0], f"{patient[1]}\n    eval_steps: {steps}")  # noqa: E731
    assert told(tmp_path, every(100)) == []
    ((severity, message, _),) = told(tmp_path, every(50))
    assert (severity, "eval_steps changed, so this one begins at the first" in message) == ("info", True)


def test_another_length_is_told_where_the_rates_differ(tmp_path: Path):
    """A cosine has fallen by then; a constant rate goes on."""
    stop(tmp_path)
    said = "600 of 1,000 steps were done when this training was stopped; this one has other rates for them, and begins at the first"
    fix = "max_steps: 1000 goes on; scheduler: constant with warmup_steps: N, or wsd, can be prolonged"
    assert told(tmp_path, ("max_steps: 1000", "max_steps: 2000")) == [("warning", said, fix)]
    other = tmp_path / "steady"
    other.mkdir()
    stop(other, STEADY)
    assert told(other, STEADY, ("max_steps: 1000", "max_steps: 2000")) == []
    assert [severity for severity, *_ in told(other, STEADY, ("max_steps: 1000", "max_steps: 500"))] == ["warning"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("max_steps: 1000", "max_steps: 1000\n    learning_rate: 1e-4")], "learning_rate"),
        ([("max_steps: 1000", "max_steps: 2000\n    learning_rate: 1e-4")], "learning_rate and max_steps"),
    ],
    ids=["one", "two"],
)
def test_another_training_is_told_by_what_changed(tmp_path: Path, changes: list[tuple[str, str]], words: str):
    """Only an information: it may well be meant."""
    stop(tmp_path)
    ((severity, message, _),) = told(tmp_path, *changes)
    assert severity == "info"
    assert message == f"a training of this step was stopped at step 600; {words} changed, so this one begins at the first"


@pytest.mark.parametrize(
    ("parts", "was", "fix"),
    [
        ({"step": "train version 1"}, "train version 1 (here {train})", "let the recipe that began it end it"),
        ({"library torch": "1.0"}, "torch 1.0 (here {torch})", "pip install torch==1.0"),
        ({"step": "train version 1", "library torch": "1.0"}, "train version 1 (here {train}), torch 1.0 (here {torch})",
         "let the recipe that began it end it"),
        ({"library torch": "absent"}, "", ""),
    ],
    ids=["the step", "a library", "both", "not here"],
)  # fmt: skip
@pytest.mark.parametrize("longer", [(), (STEADY, ("max_steps: 1000", "max_steps: 2000"))], ids=["the same", "longer"])
def test_what_it_was_begun_by_is_part_of_it(tmp_path: Path, monkeypatch, longer: tuple, parts: dict[str, str], was: str, fix: str):
    """Another version of recipe or of a library is another key, and the steps that were done are not gone on with: a warning."""
    monkeypatch.setattr("runner.rules.stopped.version_of", lambda name: "2.0" if name == "torch" else "absent")
    stop(tmp_path, *longer[:1], **parts)
    found = told(tmp_path, *longer)
    if not was:
        assert found == []
        return
    (train,) = [step for step in meant(tmp_path).steps if step.type == "train"]
    words = was.format(train=train.step.version, torch="2.0")  # type: ignore[union-attr]
    said = f"a training of this step was stopped at step 600; it was begun by {words}, so this one begins at the first"
    assert found == [("warning", said, f"{fix}, where those steps count; what was stopped stays in the store")]


def test_what_was_stopped_before_the_last_result_is_history(tmp_path: Path):
    """The step was done after that."""
    kept = stop(tmp_path)
    os.utime(kept / "keep", (0, 0))
    from runner.store import Entry, Store

    store = Store(tmp_path).open()
    store.remember(Entry("k2", "d", "Checkpoint", {}, {"at": "2026-01-01T00:00:00+00:00"}))
    (tmp_path / ".recipe" / "last").mkdir()
    rows = {"train": {"digest": "d", "key": "k2", "kind": "Checkpoint", "run": "r1"}}
    (tmp_path / ".recipe" / "last" / "sound.json").write_text(json.dumps({"format": 1, "steps": rows}))
    assert told(tmp_path, ("max_steps: 1000", "max_steps: 2000")) == []
    os.utime(kept / "keep")
    assert len(told(tmp_path, ("max_steps: 1000", "max_steps: 2000"))) == 1


@pytest.mark.parametrize("about", ["", "{", "[]", '{"recipe": "sound", "id": "train", "parts": 3}'])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, about: str):
    """A damaged note, or kept work without a save."""
    kept = stop(tmp_path)
    (kept / "about.json").write_text(about)
    assert told(tmp_path, ("max_steps: 1000", "max_steps: 2000")) == []
    kept = stop(tmp_path)
    (kept / "keep" / "state-00000600.pt").unlink()
    assert told(tmp_path, ("max_steps: 1000", "max_steps: 2000")) == []
