"""train: what it learns, leaves, refuses, and how it goes on after a kill."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import (
    Checkpoint,
    EvalLine,
    Machine,
    ModelConfig,
    Plan,
    RecipeError,
    TrainLine,
)
from schemas.machine import GIB
from steps.check_vocab_consistency import check_vocab_consistency
from steps.train import Train, train
from tests.conftest import ROOT, FakeContext
from tests.steps.lm.small import SIZES, params, run, text, write_corpus

CPU = Machine(name="here", kind="cpu", memory_bytes=8 * GIB, fp16=False)


def sha(folder: Path, name: str = "model.safetensors") -> str:
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


def losses(context: FakeContext) -> list[float]:
    return [line.train_loss for line in context.lines if isinstance(line, TrainLine)]


def evaluations(context: FakeContext) -> list[EvalLine]:
    return [line for line in context.lines if isinstance(line, EvalLine)]


@pytest.mark.parametrize("family", SIZES)
def test_every_family_learns(family: str, tmp_path: Path):
    """Thirty steps bring the validation loss of each family well below its start, and the checkpoint says so."""
    context = FakeContext(tmp_path)
    made = run(context, model=SIZES[family], max_steps=30, eval_steps=30, min_lr=0.0)
    first, *_, last = evaluations(context)
    assert (first.step, last.step) == (0, 30)
    assert last.eval_loss < first.eval_loss - 0.8
    assert made.val_loss == last.eval_loss
    assert made.parameters == ModelConfig(vocab_size=400, **SIZES[family]).parameters(48)
    assert (made.step, made.trained_tokens, made.vocab_size, made.max_seq_length) == (30, 30 * 2 * 48, 400, 48)
    assert Checkpoint.load(made.path) == made


def test_a_run_repeats_to_the_byte(tmp_path: Path):
    """Two runs write the same files, none of which holds a time or a path."""
    for name in "ab":
        run(FakeContext(tmp_path / name))
    made = tmp_path / "a" / "work"
    files = sorted(str(p.relative_to(made)) for p in made.rglob("*") if p.is_file())
    assert {
        "state/state.safetensors",
        "config.json",
        "model.safetensors",
        "tokenizer.model",
        "tokenizer.json",
        "artifact.json",
        "training.json",
    } <= set(files)
    assert all(sha(tmp_path / "a" / "work", f) == sha(tmp_path / "b" / "work", f) for f in files)
    run(FakeContext(tmp_path / "c", seed=2))
    assert sha(tmp_path / "c" / "work") != sha(tmp_path / "a" / "work")


def test_accumulation_is_the_whole_batch(tmp_path: Path):
    """Six rows at once, two at a time or four and two give the same losses: the mean is over tokens."""
    found = []
    for micro in (6, 2, 4):
        context = FakeContext(tmp_path / str(micro))
        run(context, total_batch_size=6, batch_size=micro, max_steps=4)
        found.append(losses(context))
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    assert found[2] == pytest.approx(found[0], rel=1e-5)


def test_accumulation_counts_learned_tokens(tmp_path: Path):
    """In fine-tuning, micro-batches of different numbers of learned tokens weigh by tokens, not alike."""
    rows = [{"text": "kedi " * n} for n in (1, 30, 2, 25, 3, 20)]
    found = []
    for micro in (6, 1):
        context = FakeContext(tmp_path / str(micro))
        corpus = write_corpus(tmp_path / f"corpus{micro}", rows)
        wanted = params(objective="sft", total_batch_size=6, batch_size=micro, max_steps=3, max_seq_length=128)
        train(wanted, None, [corpus], text().tokenizer, None, None, context)
        found.append(losses(context))
    assert found[1] == pytest.approx(found[0], rel=1e-5)


def test_validation_does_not_touch_the_training(tmp_path: Path):
    """With or without evaluations, samples and saves in between, dropout included, the weights are the same."""
    model = {**SIZES["mamba"], "dropout": 0.2}
    run(FakeContext(tmp_path / "a"), model=model, eval_steps=100)
    run(FakeContext(tmp_path / "b"), model=model, eval_steps=1, save_steps=1, samples=["<tr>", "<en>"])
    assert sha(tmp_path / "a" / "work") == sha(tmp_path / "b" / "work")


def test_samples_come_at_each_quarter_named(tmp_path: Path):
    """Texts are drawn at 0, 25, 50 and 100 % of the run, stand in the log beside the loss, and in the statistics with their language."""
    context = FakeContext(tmp_path)
    run(context, max_steps=8, eval_steps=8, samples=["<tr>", "Once"])
    assert [line.step for line in evaluations(context) if line.samples] == [0, 2, 4, 8]
    kept = context.kept["training"]["samples"]
    assert [(s["step"], s["prompt"], s["lang"]) for s in kept[:2]] == [(0, "<tr>", "tr"), (0, "Once", "")]
    assert len(kept) == 8


def test_the_log_has_a_line_a_step_and_loss_by_language(tmp_path: Path):
    """Every step: loss, rate, speed, memory, tokens; every evaluation: loss and bits a byte, whole and by language."""
    context = FakeContext(tmp_path)
    run(context, warmup_steps=2, learning_rate=1e-2, min_lr=1e-3, eval_tokens=None)
    lines = [line for line in context.lines if isinstance(line, TrainLine)]
    assert [line.step for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line.trained_tokens for line in lines] == [96 * k for k in range(1, 7)]
    assert lines[0].learning_rate == pytest.approx(5e-3)
    assert lines[-1].learning_rate == pytest.approx(1e-3)
    assert all(line.peak_memory_gb > 0 and line.tokens_per_sec > 0 and line.grad_norm for line in lines)
    last = evaluations(context)[-1]
    assert set(last.by) == {"tr", "en"}
    assert set(last.by["tr"]) == {"loss", "bits_per_byte"}
    stats = context.kept["training"]
    assert (stats["family"], stats["precision"], stats["steps"], stats["path"][:8]) == ("mamba", "fp32", 6, "own scan")


def test_what_is_expected_of_a_validation_is_that_step_s(tmp_path: Path):
    """A band between two validations is compared with one of its own, not with the one before; it chooses no best weights."""
    context, plain = FakeContext(tmp_path / "a"), FakeContext(tmp_path / "b")
    made = run(context, expect={1: {"val_loss": [0.0, 9.0]}, 5: {"val_bits_per_byte": [0.0, 9.0]}}, eval_steps=4)
    evals = {line.step: line for line in context.lines if isinstance(line, EvalLine)}
    assert list(evals) == [0, 1, 4, 5, 6]
    assert [row["found"] for row in context.kept["training"]["expect"]] == [evals[1].eval_loss, evals[5].bits_per_byte]
    assert (made.path / "model.safetensors").read_bytes() == (run(plain, eval_steps=4).path / "model.safetensors").read_bytes()


def test_expectations_are_compared(tmp_path: Path):
    """A figure outside its band is a warning of the run; both stand in the statistics."""
    context = FakeContext(tmp_path)
    run(context, expect={3: {"train_loss": [5.0, 7.0]}, 6: {"train_loss": [0.0, 0.1], "val_loss": [1.0, 9.0]}}, eval_steps=6)
    assert [(code, said.split(" is ")[0]) for code, said in context.warnings] == [("S110", "train_loss at step 6")]
    assert [(e["step"], e["metric"], e["inside"]) for e in context.kept["training"]["expect"]] == [
        (3, "train_loss", True), (6, "train_loss", False), (6, "val_loss", True)]  # fmt: skip


CHILD = """
import json, sys
from pathlib import Path
from tests.conftest import FakeContext
from tests.steps.lm.small import run
context = FakeContext(Path(sys.argv[1]))
for old in context.workdir.iterdir():
    old.unlink()
run(context, **json.loads(sys.argv[2]))
"""


def in_child(folder: Path, kill_after: int | None, rest_s: float, **written: Any) -> bool:
    """Train in a process of its own, killed with -9 `rest_s` seconds after `kill_after` further saves. True when it came to its end."""
    keep = folder / "keep"
    newest = max((path.name for path in keep.glob("state-*.pt")), default="")
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(folder), json.dumps(written)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 120
        while child.poll() is None and time.monotonic() < deadline:
            if kill_after is not None and len([p for p in keep.glob("state-*.pt") if p.name > newest]) >= kill_after:
                time.sleep(rest_s)
                child.kill()
                child.wait()
                return False
            time.sleep(0.001)
        assert child.returncode == 0, "the training itself failed"
        return True
    finally:
        child.kill()
        child.wait()


def test_a_resumed_run_says_so_and_its_log_is_whole(tmp_path: Path):
    """Asked to stop, it saves and raises; run again, it goes on there: one line a step, the same losses, an event."""
    whole = FakeContext(tmp_path / "whole")
    run(whole, save_steps=100)

    class Stops(FakeContext):
        def stopping(self) -> bool:
            return len(losses(self)) >= 4

    first = Stops(tmp_path / "broken")
    with pytest.raises(InterruptedError):
        run(first, save_steps=100)
    again = FakeContext(tmp_path / "broken")
    again.lines = [*first.lines, first.lines[-1].model_copy(update={"step": 9})]  # as if the log had run ahead of the save
    run(again, save_steps=100)
    assert losses(again) == losses(whole)
    assert [e["step"] for e in again.events if e["event"] == "resumed"] == [4]
    assert again.kept["training"]["resumed"] == [4]
    assert sha(tmp_path / "broken" / "work") == sha(tmp_path / "whole" / "work")


def test_a_damaged_save_falls_back_to_the_one_before(tmp_path: Path):
    """A newest state that is cut off is skipped and named; a half-written one is never looked at."""
    context = FakeContext(tmp_path / "a")
    run(context, save_steps=2)
    newest = sorted(context.keep.glob("state-*.pt"))
    assert [p.name for p in newest] == ["state-00000002.pt", "state-00000004.pt"]
    newest[-1].write_bytes(newest[-1].read_bytes()[:1000])
    (context.keep / "state-00000005.half").write_bytes(b"half")
    again = FakeContext(tmp_path / "a")
    run(again, save_steps=2)
    assert [e["event"] for e in again.events if "state" in e["event"] or e["event"] == "resumed"] == ["state_damaged", "resumed"]
    assert next(e["step"] for e in again.events if e["event"] == "resumed") == 2
    for path in context.keep.glob("state-*.pt"):
        path.write_bytes(b"none of them")
    anew = FakeContext(tmp_path / "a")
    run(anew, save_steps=2)
    said = {e["message"].partition("; ")[2] for e in anew.events if e["event"] == "state_damaged"}
    assert said == {"there is no other, the training begins anew"}
    assert len(losses(anew)) == 6


def test_other_settings_do_not_resume(tmp_path: Path):
    """A state of a run with another learning rate is not gone on with, which is told."""
    run(FakeContext(tmp_path), save_steps=2)
    again = FakeContext(tmp_path)
    run(again, save_steps=2, learning_rate=2e-2)
    assert not [e for e in again.events if e["event"] == "resumed"]
    assert [e["message"] for e in again.events if e["event"] == "state_of_another"] == [
        "the save of step 4 is of another training, this one begins at the first"
    ]


def test_a_setting_that_came_later_does_not_keep_it_from_going_on(tmp_path: Path):
    """A newer recipe has a further field, whose default is in no key: what was stopped under an older one is the same training."""

    class Later(Train):
        further: int = 3

    def trained(kind: type[Train], context: FakeContext) -> None:
        asked = kind.model_validate(params(save_steps=2).model_dump(exclude_unset=True))
        train(asked, text().bins, None, text().tokenizer, None, None, context)

    trained(Train, FakeContext(tmp_path))
    again = FakeContext(tmp_path)
    trained(Later, again)
    assert [e["step"] for e in again.events if e["event"] == "resumed"] == [4]


def test_epochs_become_steps(tmp_path: Path):
    """num_train_epochs counts passes over the bin's tokens, the last one not cut short."""
    context = FakeContext(tmp_path)
    run(context, max_steps=None, num_train_epochs=0.02, total_batch_size=3)
    rows = 0.02 * text().bins.train_tokens / 48
    assert context.kept["training"]["steps"] == -(-rows // 3)
    assert context.kept["training"]["epochs"] == pytest.approx(0.02, abs=0.01)


def test_a_rate_that_is_too_high_is_named(tmp_path: Path):
    """A loss that is no number stops the run with the rate to lower."""
    with pytest.raises(RecipeError, match=r"S101: the (loss|gradient) is (nan|inf) at step") as error:
        run(FakeContext(tmp_path), learning_rate=1e18, warmup_steps=0, max_grad_norm=None)
    assert error.value.field == "learning_rate"


def test_weights_that_are_no_numbers_are_named(tmp_path: Path):
    """Before the first update no rate is to blame: what was begun with is."""
    from safetensors.torch import load_file, save_file

    first = run(FakeContext(tmp_path / "first"), max_steps=1)
    weights = load_file(first.path / "model.safetensors")
    weights["backbone.layers.1.mixer.in_proj.weight"][0, 0] = float("nan")
    save_file(weights, first.path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RecipeError) as error:
        run(FakeContext(tmp_path / "more"), max_steps=1, init_from={"path": str(first.path)})
    assert (error.value.code, error.value.field) == ("S101", "model")
    said = (
        "the loss is nan at step 1, before anything was learned: backbone.layers.1.mixer.in_proj.weight of the weights that it begins with"
    )
    assert error.value.message.startswith(said)


def test_the_plan_fills_what_is_not_written(tmp_path: Path):
    """A plan's batch_size is taken; one written by hand wins."""
    made = Plan(settings={"batch_size": 1, "gradient_accumulation_steps": 2}).save(tmp_path)
    for written, found in (({}, 1), ({"batch_size": 2}, 2)):
        context = FakeContext(tmp_path / str(found))
        wanted = params(max_steps=2, **written) if found == 1 else params(max_steps=2, gradient_accumulation_steps=1, **written)
        train(wanted, text().bins, None, text().tokenizer, made, None, context)
        assert context.kept["training"]["batch_size"] == found


def test_vocabularies_must_agree(tmp_path: Path):
    """A model of another size than the tokenizer is refused, one padded to a multiple is not."""
    with pytest.raises(RecipeError, match="V102: the model has 500 tokens, the tokenizer 400") as error:
        run(FakeContext(tmp_path / "a"), model={**SIZES["llama"], "vocab_size": 500})
    assert error.value.field == "model.vocab_size"
    padded = run(FakeContext(tmp_path / "b"), model={**SIZES["llama"], "vocab_size": 448}, max_steps=2)
    assert padded.vocab_size == 448


def test_the_model_has_the_rows_that_the_tokenizer_asks_for(tmp_path: Path):
    """check_vocab_consistency rounds 400 up to 500; the embedding and config.json follow; what is written by hand wins and is told."""
    tokenizer = check_vocab_consistency(
        check_vocab_consistency.params.model_validate({"pad_vocab_to_multiple_of": 125}),
        text().tokenizer, None, None, None, FakeContext(tmp_path / "check"),
    )  # fmt: skip
    made = train(params(max_steps=2), text().bins, None, tokenizer, None, None, FakeContext(tmp_path / "a"))
    assert made.vocab_size == json.loads((made.path / "config.json").read_text())["vocab_size"] == 500
    written = params(max_steps=2, model={**SIZES["llama"], "vocab_size": 448})
    context = FakeContext(tmp_path / "b")
    assert train(written, text().bins, None, tokenizer, None, None, context).vocab_size == 448
    assert ("V002", "the tokenizer's step rounds the rows up to 500, the model is written with 448: they stay so") in context.warnings


def chat(n: int) -> list[dict[str, Any]]:
    """Two kinds of document: questions with answers, and plain texts."""

    def asked(i: int) -> list[dict[str, str]]:
        return [{"role": "user", "content": f"What is {i}?"}, {"role": "assistant", "content": f"It is {i}."}]

    return [{"text": "", "messages": asked(i)} if i % 2 else {"text": f"Number {i} slept.", "repeat": 2} for i in range(n)]


def test_lora_on_a_base_leaves_adapter_and_merged_weights(tmp_path: Path):
    """Fine-tuned from a Checkpoint: peft's adapter, merged weights, our chat template, equal logits."""
    base = run(FakeContext(tmp_path / "base"))
    corpus = write_corpus(tmp_path / "corpus", chat(40), "chat")
    context = FakeContext(tmp_path / "tuned")
    wanted = Train.model_validate({
        "model": {"base": {"step": "base"}}, "method": "lora", "objective": "sft", "lora": {"r": 4, "lora_alpha": 8},
        "num_train_epochs": 1.0, "total_batch_size": 8, "max_seq_length": 64, "learning_rate": 1e-2})  # fmt: skip
    made = train(wanted, None, [corpus], None, None, base, context)
    assert (made.method, made.objective, made.parameters) == ("lora", "sft", base.parameters)
    assert (made.path / "adapter" / "adapter_model.safetensors").is_file()
    assert "<|assistant|>" in json.loads((made.path / "tokenizer_config.json").read_text())["chat_template"]
    assert context.kept["training"]["merge_difference"] < 1e-4
    assert sha(made.path) != sha(base.path)
    assert evaluations(context)[-1].eval_loss < evaluations(context)[0].eval_loss


def test_a_base_may_be_a_folder(tmp_path: Path):
    """base: {path} opens a transformers folder under the project, and all weights train on from it."""
    base = run(FakeContext(tmp_path / "base"), max_steps=12)
    context = FakeContext(tmp_path / "more", project=tmp_path)
    made = run_from(context, {"base": {"path": "base/work"}})
    assert losses(context)[0] < 6.0  # a new model of 400 pieces begins at ln 400 = 5.99
    assert made.parameters == base.parameters
    with pytest.raises(RecipeError, match="C002: the base model 'nowhere' is not there"):
        run_from(FakeContext(tmp_path / "x", project=tmp_path), {"base": {"path": "nowhere"}})


def test_a_base_that_is_not_trained_or_does_not_open_is_named(tmp_path: Path):
    """An xLSTM; and a config that transformers refuses, in the words of the check."""
    made = run(FakeContext(tmp_path / "base"), model=SIZES["llama"]).path
    config = json.loads((made / "config.json").read_text())
    for changed, said in (
        ({"model_type": "xlstm"}, "C043: work is an xlstm: transformers fails to write text with its state"),
        ({"hidden_size": "24"}, "C046: work/config.json: hidden_size is '24', where a whole number must stand"),
        ({"rms_norm_eps": "small"}, "C046: work/config.json: rms_norm_eps is 'small', where a number with a point must stand"),
    ):
        (made / "config.json").write_text(json.dumps({**config, **changed}))
        with pytest.raises(RecipeError, match=said):
            run_from(FakeContext(tmp_path / "x", project=tmp_path), {"base": {"path": "base/work"}})


def run_from(context: FakeContext, model: dict[str, Any]) -> Checkpoint:
    made = train(params(model=model), text().bins, None, text().tokenizer, None, None, context)
    assert isinstance(made, Checkpoint)
    return made


def test_fp16_on_a_cpu_is_refused(tmp_path: Path):
    """With the line to write."""
    with pytest.raises(RecipeError, match="P102") as error:
        run(FakeContext(tmp_path), precision="fp16")
    assert error.value.fix == "write precision: auto, or fp32"


def test_bf16_trains_on_a_cpu(tmp_path: Path):
    """Autocast leaves the weights in fp32, and the losses stay near those of fp32."""
    for name in ("fp32", "bf16"):
        context = FakeContext(tmp_path / name)
        run(context, precision=name, max_steps=4)
        if name == "fp32":
            exact = losses(context)
    assert losses(context) == pytest.approx(exact, rel=0.02)
    assert losses(context) != exact


def test_torch_is_left_as_it_was(tmp_path: Path):
    """Building and scoring draw nothing from torch's generator that a resumed run would not draw."""
    threads = torch.get_num_threads()
    run(FakeContext(tmp_path), max_steps=2)
    assert torch.get_num_threads() == threads


def test_a_bin_of_several_files_is_trained_on(tmp_path: Path):
    """As the one file of the same tokens: the same losses."""
    from steps.tokenize_bin import tokenize_bin

    given, found = text(), []
    for tokens in (1 << 31, 500):
        setting = tokenize_bin.params.model_validate({"val_fraction": 0.15, "shard_tokens": tokens})
        bins = tokenize_bin(setting, [given.corpus], given.tokenizer, FakeContext(tmp_path / f"bins{tokens}"))
        context = FakeContext(tmp_path / f"train{tokens}")
        train(params(max_steps=2), bins, None, given.tokenizer, None, None, context)
        found.append(losses(context))
    assert found[0]
    assert found[0] == found[1]
