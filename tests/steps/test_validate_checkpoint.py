"""validate_checkpoint: what it vouches for, and each fault that it finds."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import torch
from safetensors.torch import load_file, save_file

from schemas import Checkpoint, CheckpointForecast, RecipeError
from steps.lm.finish import RECORD
from steps.validate_checkpoint import ValidateCheckpoint, validate_checkpoint
from tests.conftest import FakeContext
from tests.steps.lm.small import run, text


@cache
def trained() -> Checkpoint:
    """A small model trained for a moment."""
    made = run(FakeContext(Path(mkdtemp(prefix="recipe-validate-"))), max_steps=10)
    assert isinstance(made, Checkpoint)
    return made


def copied(folder: Path) -> Checkpoint:
    shutil.copytree(trained().path, folder)
    return trained().at(folder)


def validate(checkpoint: Checkpoint, context: FakeContext, **written) -> Checkpoint:
    made = validate_checkpoint(
        ValidateCheckpoint(max_new_tokens=40, **written), checkpoint, text().bins, [text().corpus], context
    )  # fmt: skip
    assert isinstance(made, Checkpoint)
    return made


def test_a_sound_checkpoint_is_vouched_for(context: FakeContext):
    """Handed on as it is, with its loss reproduced to the last digit, n-grams 1 to 5, words by language and texts beside the trigram's."""
    assert validate(trained(), context, prompts=["<tr>Bir gün"]) is trained()
    found = context.kept["validation"]
    assert [c["name"] for c in found["checks"]] == [
        "safetensors only", "keys and shapes", "parameter count", "finite weights", "vocabulary", "validation loss",
        "embedding"]  # fmt: skip
    assert all(c["passed"] for c in found["checks"])
    assert found["val_loss"] == pytest.approx(found["recorded_val_loss"], abs=1e-6)
    assert [n["order"] for n in found["ngrams"]] == [1, 2, 3, 4, 5]
    assert {n["smoothing"] for n in found["ngrams"]} == {"interpolated Witten-Bell"}
    assert found["best_ngram"] == min(found["ngrams"], key=lambda n: n["bits_per_byte"])
    assert found["ratio_to_best_ngram"] == found["bits_per_byte"] / found["best_ngram"]["bits_per_byte"]
    assert set(found["words"]) == {"tr", "en"}
    assert all(w["sampled"] >= 500 for w in found["words"].values())
    assert [s["prompt"] for s in found["samples"]] == ["<tr>Bir gün"]
    assert {s["lang"] for s in found["ngram_samples"]} == {"tr", "en"}
    assert context.warnings[0][0] == "C120"  # ten steps are not enough to beat counting, and it is said


def test_a_fine_tuned_model_samples_no_thousand_words(context: FakeContext, tmp_path: Path):
    """Its base could write before, and of a large one they take hours."""
    checkpoint = copied(tmp_path / "tuned")
    record = checkpoint.path / RECORD
    record.write_text(json.dumps({**json.loads(record.read_text()), "objective": "sft"}))
    validate(checkpoint, context, prompts=["Bir"])
    assert (context.kept["validation"]["words"], len(context.kept["validation"]["samples"])) == ({}, 1)


@pytest.mark.parametrize("best_step", [10, None])
def test_the_last_weights_do_not_pass_for_the_best_in_silence(best_step: int | None, context: FakeContext, tmp_path: Path):
    """Where no best ones are kept it is said; not where the last are the best."""
    checkpoint = copied(tmp_path / "tuned")
    record = checkpoint.path / RECORD
    record.write_text(json.dumps({**json.loads(record.read_text()), "objective": "sft"}))
    validate(checkpoint.model_copy(update={"best_step": best_step}).at(checkpoint.path), context, weights="best")
    assert [code for code, _ in context.warnings if code == "C122"] == ([] if best_step else ["C122"])


def test_a_model_that_answers_is_asked(context: FakeContext, tmp_path: Path):
    """A fine-tuned one gives its answer to each prompt, the one that `recipe generate` prints with that seed; others continue it."""
    from steps.lm.speak import speak

    tuned = copied(tmp_path / "tuned").model_copy(update={"objective": "sft"}).save(tmp_path / "tuned")
    record = tuned.path / RECORD
    record.write_text(json.dumps({**json.loads(record.read_text()), "objective": "sft"}))
    how = {"system": "", "max_new_tokens": 40, "temperature": 0.7, "top_k": 0, "top_p": 0.9, "seed": context.seed}
    answer, more = ("".join(speak(tuned.path, "Bir gün", chat=chat, **how)) for chat in (True, False))
    validate(tuned, context, prompts=["Bir gün"])
    assert context.kept["validation"]["samples"][0]["text"] == answer
    validate(copied(tmp_path / "plain"), context, prompts=["Bir gün"])
    assert context.kept["validation"]["samples"][0]["text"] == more != answer


def test_it_stops_between_the_texts_that_it_samples(context: FakeContext, monkeypatch: pytest.MonkeyPatch):
    """After the first of them, when asked to."""
    told: list[float] = []
    monkeypatch.setattr(context, "progress", lambda done, *_: told.append(done))
    context.asked_to_stop = True
    with pytest.raises(InterruptedError):
        validate(trained(), context)
    assert len(told) == 1


def rewritten(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    return apply


def nan(weights: dict[str, torch.Tensor]) -> None:
    weights["backbone.norm_f.weight"][3] = torch.nan


def drop(weights: dict[str, torch.Tensor]) -> None:
    del weights["backbone.norm_f.weight"]


def reshape(weights: dict[str, torch.Tensor]) -> None:
    weights["backbone.norm_f.weight"] = torch.ones(7)


def disturb(weights: dict[str, torch.Tensor]) -> None:
    weights["backbone.embeddings.weight"] *= 1.1


def cut(folder: Path) -> None:
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])


def pickle(folder: Path) -> None:
    torch.save({}, folder / "pytorch_model.bin")


def shrink(folder: Path) -> None:
    """Fewer rows than the tokenizer has ids, in weights and config alike."""

    def fewer(weights: dict[str, torch.Tensor]) -> None:
        weights["backbone.embeddings.weight"] = weights["backbone.embeddings.weight"][:300].clone()

    rewritten(fewer)(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": 300}))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (pickle, "C001: the checkpoint is not what it says: safetensors only: pytorch_model.bin"),
        (cut, "C010: the checkpoint is not what it says: weights can be read: model.safetensors is cut off"),
        (rewritten(drop), "C011: the checkpoint is not what it says: keys and shapes: missing: backbone.norm_f.weight"),
        (rewritten(reshape), "C011: the checkpoint is not what it says: keys and shapes: another shape: backbone.norm_f.weight"),
        (rewritten(nan), "C013: the checkpoint is not what it says: finite weights: backbone.norm_f.weight"),
        (rewritten(disturb), "C015: the checkpoint is not what it says: validation loss: "),
    ],
    ids=["pickle", "cut", "missing", "shape", "nan", "weights"],
)
def test_each_fault_has_its_code_and_remedy(harm: Callable[[Path], None], said: str, tmp_path: Path):
    """The error names the fault and what to do; the checks so far stand in the statistics."""
    checkpoint = copied(tmp_path / "copy")
    harm(checkpoint.path)
    context = FakeContext(tmp_path / "run")
    with pytest.raises(RecipeError) as error:
        validate(checkpoint, context)
    assert str(error.value).startswith(said)
    assert error.value.fix
    assert said.split(": ")[2] in [c["name"] for c in context.kept["validation"]["checks"] if not c["passed"]]


def test_a_vocabulary_too_small_is_found(tmp_path: Path):
    """Rows for 300 of 400 ids: C014, whatever the recorded count says."""
    checkpoint = copied(tmp_path / "copy")
    shrink(checkpoint.path)
    fewer = checkpoint.model_copy(update={"parameters": checkpoint.parameters - 100 * 24}).at(checkpoint.path)
    with pytest.raises(RecipeError, match="C014: the checkpoint is not what it says: vocabulary: 300 rows, 400 tokens"):
        validate(fewer, FakeContext(tmp_path / "run"))


def test_without_data_the_loss_is_not_tried(context: FakeContext):
    """Files and weights are proved all the same, and what was not tried is called so."""
    assert validate_checkpoint(ValidateCheckpoint(), trained(), None, None, context) is trained()
    found = context.kept["validation"]
    assert found["checks"][-2]["detail"] == "not tried: no validation data is wired to this step"
    assert (found["ngrams"], found["words"]) == ([], {})


def test_the_forecast_hands_the_checkpoints_on(context: FakeContext):
    """It makes what it is given, so later steps see the same sizes."""
    assert validate_checkpoint.forecast_function is not None
    given = CheckpointForecast(vocab_size=400, parameters=7, disk_bytes=9, seconds=3.0)
    found = validate_checkpoint.forecast_function(ValidateCheckpoint(), {"checkpoint": given}, context)
    assert (found.vocab_size, found.parameters, found.disk_bytes, found.seconds) == (400, 7, 0, None)


def test_the_best_weights_are_vouched_for_by_choice(tmp_path: Path):
    """weights: best looks at the best validation's folder and its loss, and hands the whole checkpoint on.

    With a rate that is far too high losses jump, on each kind of processor to others: so the first of several that ends above its best.
    """
    for rate in (0.3, 1.0, 3.0, 0.1, 10.0):
        made = run(FakeContext(tmp_path / f"made{rate}"), max_steps=12, eval_steps=2, learning_rate=rate, warmup_steps=10, eval_tokens=None)
        if made.best_step is not None and made.best_step < made.step:
            break
    else:
        raise AssertionError("no rate made it worse")
    for weights, loss in (("last", made.val_loss), ("best", made.best_val_loss)):
        context = FakeContext(tmp_path / weights)
        params = validate_checkpoint.params.model_validate({"weights": weights, "max_new_tokens": 5})
        assert validate_checkpoint(params, made, text().bins, None, context) is made
        assert context.kept["validation"]["val_loss"] == pytest.approx(loss, abs=1e-5)


def test_dead_rows_of_the_embedding_are_counted(tmp_path: Path):
    """Rows of zero and twins are dead; a fresh table has none; what the training text never says is told beside it."""
    from steps.lm.build import open_model
    from steps.lm.proof import embedding_check, embedding_facts
    from steps.text.tokenizers import open_tokenizer
    from tests.steps.lm.small import run, text

    made = run(FakeContext(tmp_path), max_steps=1).path
    network, words = open_model(made), open_tokenizer(made)
    assert embedding_facts(network, words, None)["dead"] == 0.0
    with torch.no_grad():
        network.get_input_embeddings().weight[10:14] = 0.0
        network.get_input_embeddings().weight[20] = network.get_input_embeddings().weight[21]
    found = embedding_facts(network, words, text().bins)
    assert found["dead"] == pytest.approx(6 / 400)
    assert 0 < found["unseen"] < 0.9
    assert embedding_check(found).detail.startswith("1.50% of the tokens' rows are dead; ")


def test_a_trusted_pickle_beside_the_weights_is_borne(tmp_path: Path):
    """It is named in the checks, and nothing opens it."""
    checkpoint = copied(tmp_path / "copy")
    pickle(checkpoint.path)
    context = FakeContext(tmp_path / "run")
    assert validate(checkpoint, context, trust_pickle=True).path == checkpoint.path
    first = context.kept["validation"]["checks"][0]
    assert (first["name"], first["passed"], first["detail"]) == ("safetensors only", True, "pytorch_model.bin")
