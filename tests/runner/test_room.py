"""Disk that a recipe fills, by what it writes and where."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from runner.cost import forecast
from runner.judge import judge
from runner.meant import Meant, StepMeant
from runner.resolve import mean
from runner.room import downloads, needed, places
from schemas.artifacts import LINKED_BYTES, CheckpointForecast, CorpusForecast

RECIPE = """\
recipe: r
target: here
steps:
  - type: parse_corpus
    sources: [{path: "*.txt"}]
  - {type: train_tokenizer, vocab_size: 300}
  - type: tokenize_bin
  - {type: train, model: {family: llama, d_model: 64, n_layers: 2}, max_steps: 100, max_seq_length: 64}
"""


def understood(tmp_path: Path, train: str = "max_steps: 100") -> Meant:
    (tmp_path / "a.txt").write_text("the quick brown fox\n" * 2000)
    (tmp_path / "b.txt").write_text("and the lazy dog, too\n" * 2000)
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE.replace("max_steps: 100", train))
    meant = mean(file)
    judge(meant)
    return meant


def parts(meant: Meant) -> dict[str, int]:
    made = meant.step("train").forecast
    assert isinstance(made, CheckpointForecast)
    return made.disk_parts


def test_saves_of_a_step_make_room_for_the_next():
    """The fullest moment counts, and a large file is no copy in the run."""
    saved = {"saves": 100, "result": 10, "state/": 20, "copy in the run": 30}
    steps = [StepMeant(name, "train", forecast=CheckpointForecast(disk_bytes=160, disk_parts=saved)) for name in ("one", "two")]
    steps.append(StepMeant("large", "parse_corpus", forecast=CorpusForecast(disk_bytes=LINKED_BYTES + 1)))
    assert needed(steps[:1]) == (130, 30)
    assert needed(steps[:2]) == (160, 60)
    assert needed(steps) == (60 + LINKED_BYTES + 1, 60)


def test_what_a_training_leaves_is_counted(tmp_path: Path):
    """best/ is a whole result, state/ two moments of each weight; neither where the recipe leaves it out."""
    whole = parts(understood(tmp_path))
    weights = whole["result"]
    assert (whole["best/"], whole["state/"], whole["copy in the run"]) == (weights, 2 * weights, 4 * weights)
    assert whole["saves"] == 3 * 3 * weights + 3 * weights


def test_a_wsd_leaves_a_save_more(tmp_path: Path):
    """Of where its rate begins to fall, with the best weights of that time: in the store, not in the run; not where nothing is kept."""
    whole = parts(understood(tmp_path, "max_steps: 100, scheduler: wsd"))
    assert whole.pop("before it falls") == 4 * whole["result"]
    assert whole == parts(understood(tmp_path, "max_steps: 100"))
    assert "before it falls" not in parts(understood(tmp_path, "max_steps: 100, scheduler: wsd, save_only_model: true"))


def test_a_training_that_keeps_little_needs_little(tmp_path: Path):
    """save_only_model leaves state/ out; one validation, at the end, has no other best."""
    found = parts(understood(tmp_path, "max_steps: 100, save_only_model: true, eval_steps: 100, keep: 1"))
    assert found == {"saves": 6 * found["result"], "result": found["result"], "copy in the run": found["result"]}


def test_merged_weights_are_as_wide_as_the_base(tmp_path: Path):
    """A base in half precision gives a result in half precision, with the fp32 adapter beside it."""
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 300}
    (tmp_path / "base").mkdir()
    found = []
    for stored in ("float32", "bfloat16"):
        (tmp_path / "base" / "config.json").write_text(json.dumps({"model_type": "llama", "torch_dtype": stored, **sizes}))
        changed = "max_steps: 100, method: lora, objective: sft"
        text = understood(tmp_path, changed).file.read_text().replace("{family: llama, d_model: 64, n_layers: 2}", "{base: {path: base}}")
        (tmp_path / "r.yaml").write_text(text)
        meant = mean(tmp_path / "r.yaml")
        judge(meant)
        made = meant.step("train").forecast
        assert isinstance(made, CheckpointForecast)
        assert made.parameters is not None
        assert made.trained_parameters is not None
        found.append((made.disk_parts["result"] - 4 * made.trained_parameters) / made.parameters)
    assert found == [4, 2]


def test_store_and_runs_on_one_disk_are_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the last run left in the store is there already; a store elsewhere is judged by its own disk."""
    monkeypatch.delenv("RECIPE_STORE", raising=False)
    meant = understood(tmp_path)
    (one,) = places(meant)
    assert one.need == sum(needed(meant.steps)) > 0
    (tmp_path / ".recipe/last").mkdir(parents=True)
    (tmp_path / ".recipe/store/objects/abc").mkdir(parents=True)
    row = {"digest": "abc", "key": "k", "kind": "Checkpoint"}
    (tmp_path / ".recipe/last/r.json").write_text(
        json.dumps({"format": 1, "run": "x", "status": "done", "part": "", "steps": {"train": row}})
    )
    (left,) = places(meant)
    assert left.need == sum(needed(step for step in meant.steps if step.id != "train"))


def test_the_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of two disks only the one that is too small; and where saves fill it, how to keep fewer."""
    monkeypatch.setenv("RECIPE_STORE", str(tmp_path / "small"))
    (tmp_path / "small").mkdir()
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda p, **k: SimpleNamespace(st_dev=2) if str(p).endswith("small") and not k else stat(p, **k))
    monkeypatch.setattr(shutil, "disk_usage", lambda p: SimpleNamespace(free=1000 if str(p).endswith("small") else 10**12))
    found = [f for f in understood(tmp_path).findings if f.code == "P011"]
    assert len(found) == 1
    assert found[0].message.endswith("to the disk of small, 1 kB are free there")
    assert found[0].fix.endswith("with keep: 1 a training keeps one save, not two")


def test_weights_that_are_not_in_the_cache_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By the index of their files, less what is there; by the sizes in config.json; by a known name; a data set is streamed."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    changed = "max_steps: 100, method: lora, objective: sft"
    (tmp_path / "a.txt").write_text("the quick brown fox\n" * 2000)
    file = tmp_path / "r.yaml"
    base = "{base: {hub: openai-community/gpt2}}"
    file.write_text(RECIPE.replace("max_steps: 100", changed).replace("{family: llama, d_model: 64, n_layers: 2}", base))
    assert downloads(mean(file)) == {"openai-community/gpt2": 2 * 124_439_808}
    folder = tmp_path / "hub" / "models--openai-community--gpt2" / "snapshots" / ("a" * 40)
    folder.mkdir(parents=True)
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text("a" * 40)
    sizes = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 64, "vocab_size": 300}
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2", "torch_dtype": "float32", **sizes}))
    (found,) = downloads(mean(file)).values()
    assert found == 4 * (300 * 64 + 64 * 64 + 2 * 64 + 2 * (12 * 64 * 64 + 13 * 64))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": 5000}}))
    (folder / "model-00001-of-00002.safetensors").write_bytes(b"0" * 2000)
    meant = mean(file)
    assert downloads(meant) == {"openai-community/gpt2": 3000}
    judge(meant)
    assert any(tmp_path / "hub" in place.folders for place in places(meant))
    assert "3 kB of it weights from the hub" in forecast(meant)[-1]
    (folder / "model-00002-of-00002.safetensors").write_bytes(b"0" * 3000)
    assert downloads(mean(file)) == {}
