"""resume_from: going on where another training ended."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import Checkpoint, RecipeError, TrainLine
from steps.lm.bitwise import UNTOLD
from steps.lm.loop import Loop
from steps.sizing.fallback import Live
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, params, run, text, write_corpus

LONG: dict[str, Any] = {"scheduler": "constant", "warmup_steps": 2, "model": {**SIZES["gpt2"], "dropout": 0.2}, "eval_steps": 100}


def prolonged(context: FakeContext, checkpoint: Checkpoint, **written: Any) -> Checkpoint:
    """A training that goes on from `checkpoint`."""
    asked = params(**{**LONG, "resume_from": {"step": "first"}, **written})
    found = train(asked, text().bins, None, text().tokenizer, None, checkpoint, context)
    assert isinstance(found, Checkpoint)
    return found


def test_prolonged_it_ends_as_one_training(tmp_path: Path):
    """With a constant rate, 5 steps and then on to 9 are 9 steps, to the byte, dropout and optimizer included."""
    whole = run(FakeContext(tmp_path / "whole"), **LONG, max_steps=9)
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=5)
    context = FakeContext(tmp_path / "more")
    more = prolonged(context, first, max_steps=9)
    assert [line.step for line in context.lines if isinstance(line, TrainLine)] == [6, 7, 8, 9]
    for name in ("model.safetensors", "state/state.safetensors"):
        assert (more.path / name).read_bytes() == (whole.path / name).read_bytes()
    assert (more.step, more.trained_tokens) == (9, whole.trained_tokens)
    assert [(e["step"], e["bitwise"]) for e in context.events if e["event"] == "resumed"] == [(5, True)]
    assert context.warnings == []


@pytest.mark.parametrize(
    ("ref", "name"), [({"step": "first"}, "first"), ({"recipe": "other", "step": "train"}, "other train"), ({"path": "made"}, "made")]
)
def test_what_it_goes_on_from_is_told_by_its_name(ref: dict[str, str], name: str, tmp_path: Path):
    """As the recipe names it, not by a folder of the store."""
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=3)
    (tmp_path / "made").symlink_to(first.path)
    context = FakeContext(tmp_path / "more", project=tmp_path)
    prolonged(context, first, max_steps=5, resume_from=ref)
    assert [event["came_from"] for event in context.events if event["event"] == "resumed"] == [name]


def test_moments_in_a_byte_go_on(tmp_path: Path):
    """AdamW in 8 bits keeps its moments in tensors of its own kinds: prolonged, it ends as one training, to the byte."""
    pytest.importorskip("bitsandbytes")
    asked = {**LONG, "optimizer": "adamw_8bit"}
    whole = run(FakeContext(tmp_path / "whole"), **asked, max_steps=6)
    first = run(FakeContext(tmp_path / "first"), **asked, max_steps=3)
    more = prolonged(FakeContext(tmp_path / "more"), first, **asked, max_steps=6)
    for name in ("model.safetensors", "state/state.safetensors"):
        assert (more.path / name).read_bytes() == (whole.path / name).read_bytes()


def test_in_fp16_it_goes_on_from_a_training_that_scaled_no_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A state from a card with bf16 holds no scale; that of a new training begins, grows, and is kept."""
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=3)
    monkeypatch.setattr("steps.lm.precision.scaler", lambda *_: torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=2))
    context = FakeContext(tmp_path / "more")
    more = prolonged(context, first, max_steps=8)
    assert (more.step, len([line for line in context.lines if isinstance(line, TrainLine)])) == (8, 5)
    state = json.loads((more.path / "state" / "state.json").read_text("utf-8"))
    assert (state["scaler"]["scale"], state["scaler"]["_growth_tracker"]) == (32.0, 1)


def test_with_rows_as_short_as_memory_left_them_it_finds_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Documents that were split again in the first training are so in the one that goes on from it: a place is counted among those rows.
    The model is saved and opened after its first step, too."""
    once = iter([True])

    def shorter(live: Live, **_: Any) -> tuple[Live, str] | None:
        return (replace(live, length=60, cuts=1), "max_seq_length") if next(once, False) else None

    def trained(name: str, **written: Any) -> tuple[Checkpoint, FakeContext]:
        context = FakeContext(tmp_path / name)
        asked = {**LONG, "model": SIZES["llama"], "objective": "sft", "max_seq_length": 96, "total_batch_size": 3, **written}
        documents = [{"text": " ".join(row["text"].split()[i : i + 16])} for row in text().corpus.rows() for i in (0, 16)][:12]
        corpus = write_corpus(tmp_path / "corpus", documents)
        first = written.get("resume_from") and Checkpoint.load(tmp_path / "first" / "work")
        made = train(params(**asked), None, [corpus], text().tokenizer, None, first or None, context)
        assert isinstance(made, Checkpoint)
        return made, context

    def breaks(self: Loop, *given: Any) -> Any:
        if self.progress.step == 1 and self.live.length == 96:
            raise MemoryError("cannot allocate memory")
        return plain(self, *given)

    plain = Loop._step
    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_step", breaks)
        patched.setattr("steps.lm.loop.reduced", shorter)
        whole, _ = trained("whole", max_steps=7)
        once = iter([True])
        first, _ = trained("first", max_steps=4)
    more, context = trained("more", max_steps=7, resume_from={"step": "first"})
    assert (first.reduced, more.reduced, more.max_seq_length) == (["max_seq_length"], ["max_seq_length"], 60)
    assert (more.path / "model.safetensors").read_bytes() == (whole.path / "model.safetensors").read_bytes()
    assert [e["event"] for e in context.events if e["event"] == "save_proved"] == ["save_proved"]


def test_another_schedule_is_said(tmp_path: Path):
    """A cosine that is prolonged has been another one so far: a warning says from where, and what it costs."""
    first = run(FakeContext(tmp_path / "first"), **{**LONG, "scheduler": "cosine"}, max_steps=5)
    context = FakeContext(tmp_path / "more")
    prolonged(context, first, scheduler="cosine", max_steps=9)
    assert [code for code, _ in context.warnings] == ["R105"]
    assert context.warnings[0][1].startswith("from step 3 to 5 the rate was not this schedule's")


def test_a_warm_up_that_is_over_is_no_other_schedule(tmp_path: Path):
    """A constant rate that rose for a share of fewer steps: nothing jumps, so there is no warning, as the check has none either."""
    steady = {**LONG, "scheduler": "constant", "warmup_steps": None, "warmup_ratio": 0.2}
    first = run(FakeContext(tmp_path / "first"), **steady, max_steps=5)
    context = FakeContext(tmp_path / "more")
    prolonged(context, first, **{**steady, "max_steps": 10})
    resumed = next(event for event in context.events if event["event"] == "resumed")
    assert context.warnings == []
    assert resumed["message"].endswith("ended, not bitwise: warmup_steps was 1 there, 2 by this schedule")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ({"precision": "bf16"}, "precision: fp32 there, bf16 here"),
        ({"batch_size": 1}, "batch_size was 2 there, 1 here"),
        ({"loss_chunk_tokens": 40}, "loss_chunk_tokens was 1024 there, 40 here"),
        ({"weight_decay": 0.0, "z_loss": 1e-4}, "weight_decay was 0.1 there, 0.0 here, z_loss was 0.0 there, 0.0001 here"),
        ({"on_spike": "skip"}, "on_spike was none there, skip here"),
    ],
)
def test_what_makes_other_bits_is_said(written: dict[str, Any], why: str, tmp_path: Path):
    """Numbers, micro-batches or terms that are not those of the first half: it goes on, and is not called bit for bit."""
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=3)
    context = FakeContext(tmp_path / "more")
    prolonged(context, first, max_steps=5, **written)
    resumed = next(event for event in context.events if event["event"] == "resumed")
    assert (resumed["bitwise"], resumed["message"].partition("another training ended, ")[2]) == (False, f"not bitwise: {why}")


def test_a_state_that_does_not_tell_what_computed_it_is_not_called_bitwise(tmp_path: Path):
    """One that was written before that was kept goes on all the same."""
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=3)
    state = first.path / "state" / "state.json"
    state.write_text(json.dumps({k: v for k, v in json.loads(state.read_text("utf-8")).items() if k not in ("computed", "settings")}))
    context = FakeContext(tmp_path / "more")
    prolonged(context, first, max_steps=5)
    resumed = next(event for event in context.events if event["event"] == "resumed")
    assert (resumed["bitwise"], resumed["message"].partition("not bitwise: ")[2]) == (False, UNTOLD)


@pytest.mark.parametrize(
    ("written", "code", "said"),
    [
        ({"max_seq_length": 32}, "R103", "max_seq_length is 32 here and 48 there"),
        ({"total_batch_size": 4}, "R103", "batch is 4 here and 2 there"),
        ({"optimizer": "muon"}, "R103", 'optimizer is "muon" here and "adamw" there'),
        ({"model": {**LONG["model"], "dropout": 0.1}}, "R103", "dropout is 0.1 here and 0.2 there"),
        ({"model": {**LONG["model"], "dropout": 0.0}}, "R103", "dropout is 0.0 here and 0.2 there"),
        ({"max_steps": 3}, "R104", "that training did 3 steps"),
    ],
)
def test_what_differs_is_refused_by_name(written: dict[str, Any], code: str, said: str, tmp_path: Path):
    """Each with the two values."""
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=3)
    with pytest.raises(RecipeError, match=code) as error:
        prolonged(FakeContext(tmp_path / "more"), first, **{"max_steps": 9, **written})
    assert said in str(error.value)


def test_weights_alone_cannot_be_gone_on_from(tmp_path: Path):
    """save_only_model leaves the state out, and resume_from says so."""
    first = run(FakeContext(tmp_path / "first"), **LONG, max_steps=3, save_only_model=True)
    assert not (first.path / "state").exists()
    with pytest.raises(RecipeError, match="R102"):
        prolonged(FakeContext(tmp_path / "more"), first, max_steps=5)
