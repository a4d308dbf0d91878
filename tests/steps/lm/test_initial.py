"""init_from: weights of another training in a new network."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from schemas import Checkpoint, RecipeError
from steps.train import Train, train
from steps.train_tokenizer import train_tokenizer
from steps.validate_checkpoint import ValidateCheckpoint, validate_checkpoint
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, params, run, text
from tests.steps.test_train import evaluations


def second(context: FakeContext, first: Checkpoint | None, **written: Any) -> Checkpoint:
    """A training that begins with the weights of `first`."""
    asked = params(**{"model": SIZES["mamba_hebbian"], "init_from": {"step": "first"}, **written})
    found = train(asked, text().bins, None, text().tokenizer, None, first, context)
    assert isinstance(found, Checkpoint)
    return found


def test_phase_two_begins_where_phase_one_ended(tmp_path: Path):
    """With its memories closed, the new network has the validation loss of the old one to the last digit; what is new is told by name."""
    first = run(FakeContext(tmp_path / "first"), max_steps=20)
    context = FakeContext(tmp_path / "second")
    made = second(context, first)
    assert evaluations(context)[0].eval_loss == first.val_loss
    (told,) = [e for e in context.events if e["event"] == "init_from"]
    assert (told["from"], told["taken"], told["missing"], told["unused"]) == ("first", 22, [], [])
    assert len(told["new"]) == 16
    assert all(".hebbian." in name for name in told["new"])
    assert told["message"].startswith("22 weights from first; new: backbone.layers.0.hebbian.")
    assert told["message"].endswith(" and 13 more; missing: none; unused: none")
    kept = {key: told[key] for key in ("from", "taken", "new", "missing", "unused")}
    assert json.loads((made.path / "training.json").read_text("utf-8"))["init_from"] == kept
    assert context.kept["training"]["init_from"] == kept
    checked = FakeContext(tmp_path / "checked")
    validate_checkpoint(ValidateCheckpoint(prompts=["<en>"]), made, None, None, checked)
    assert context.kept["training"]["init_from_words"] == told["message"]


def test_a_folder_and_other_layers(tmp_path: Path):
    """By path; the layers that this network has not are unused, and stay unread."""
    first = run(FakeContext(tmp_path / "first"), max_steps=2)
    context = FakeContext(tmp_path / "second", project=tmp_path)
    second(context, None, init_from={"path": "first/work"}, model={**SIZES["mamba"], "n_layers": 1}, max_steps=1)
    (told,) = [e for e in context.events if e["event"] == "init_from"]
    names = {name for name in load_file(first.path / "model.safetensors") if ".layers.1." in name}
    assert (told["from"], told["new"], set(told["unused"])) == ("first/work", [], names)


def test_an_untied_head_does_not_overwrite_a_tied_embedding(tmp_path: Path):
    """lm_head of an untied checkpoint has no place in a tied network."""
    run(FakeContext(tmp_path / "first"), max_steps=2, model={**SIZES["mamba"], "tie_embeddings": False})
    context = FakeContext(tmp_path / "second", project=tmp_path)
    made = second(context, None, init_from={"path": "first/work"}, model=SIZES["mamba"], learning_rate=1e-12, weight_decay=0.0, max_steps=1)
    name = "backbone.embeddings.weight"
    before, after = (load_file(folder / "model.safetensors")[name] for folder in (tmp_path / "first" / "work", made.path))
    assert float((before - after).abs().max()) < 1e-9
    (told,) = [e for e in context.events if e["event"] == "init_from"]
    assert told["unused"] == ["lm_head.weight"]


def test_a_file_that_lacks_weights_is_said(tmp_path: Path):
    """A weight that its own config asks for is missing, not new."""
    first = run(FakeContext(tmp_path / "first"), max_steps=2)
    weights = load_file(first.path / "model.safetensors")
    del weights["backbone.layers.1.mixer.D"]
    save_file(weights, first.path / "model.safetensors", metadata={"format": "pt"})
    context = FakeContext(tmp_path / "second")
    second(context, first, max_steps=1)
    assert [code for code, _ in context.warnings] == ["R110"]
    assert next(e for e in context.events if e["event"] == "init_from")["missing"] == ["backbone.layers.1.mixer.D"]


def test_shapes_that_differ_are_refused_by_name(tmp_path: Path):
    """Both sizes are said, and how many more there are."""
    first = run(FakeContext(tmp_path / "first"), max_steps=1)
    with pytest.raises(RecipeError, match="R108") as error:
        second(FakeContext(tmp_path / "b"), first, model={**SIZES["mamba_hebbian"], "d_state": 8})
    assert "backbone.layers.0.mixer.A_log is 48 x 8 here and 48 x 4 there" in str(error.value)
    with pytest.raises(RecipeError, match="R109"):
        second(FakeContext(tmp_path / "c"), first, model=SIZES["llama"])


def test_another_vocabulary_is_refused(tmp_path: Path):
    """Of another size, of the same size with other pieces, and none at all."""
    first = run(FakeContext(tmp_path / "first"), max_steps=1)
    (first.path / "tokenizer.json").unlink(missing_ok=True)
    for size, said in ((380, "was trained on 380 tokens, this tokenizer has 400"), (400, "token ")):
        marks = {"model": "unigram", "vocab_size": size, "user_symbols": ["<tr>", "<en>"]}
        other = train_tokenizer(train_tokenizer.params.model_validate(marks), [text().corpus], FakeContext(tmp_path / f"t{size}"))
        shutil.copyfile(other.path / "tokenizer.model", first.path / "tokenizer.model")
        with pytest.raises(RecipeError, match="V106") as error:
            second(FakeContext(tmp_path / f"b{size}"), first)
        assert said in str(error.value)
    for file in first.path.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(RecipeError, match=r"V106: .* has no tokenizer to compare with"):
        second(FakeContext(tmp_path / "none"), first)


@pytest.mark.parametrize("other", [{"model": {"base": {"path": "m"}}}, {"resume_from": {"path": "m"}}])
def test_weights_come_from_one_place(other: dict[str, Any]):
    """A base, or another training's end, has weights of its own."""
    with pytest.raises(ValueError, match="both say what the weights are"):
        params(init_from={"path": "first"}, **other)


def test_the_checkpoint_is_wired_and_its_files_count(tmp_path: Path):
    """A step is the checkpoint input; a folder's files are in the key, the weights among them."""
    needs, reads = train.needs_function, train.reads_function
    assert needs is not None
    assert reads is not None
    assert needs(params(init_from={"step": "base"}))["checkpoint"] == "base"
    assert needs(params(init_from={"recipe": "phase1_tr", "step": "train"}))["checkpoint"] == {"recipe": "phase1_tr", "step": "train"}
    for name in ("model.safetensors", "config.json", "notes.md"):
        (tmp_path / name).write_text("x")
    asked = Train.model_validate({"init_from": {"path": "."}})
    assert [read.name for read in reads(asked, tmp_path)] == ["init_from/config.json", "init_from/model.safetensors"]
