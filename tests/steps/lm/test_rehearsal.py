"""Before step 1 and after it: the very step that will be made is rehearsed, the very model that will be exported is saved and converted."""

from pathlib import Path
from typing import Any

import pytest
import torch

from schemas import RecipeError
from steps.lm import first_save
from steps.lm.evaluate import score
from steps.lm.loop import Loop
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, params, run, text

EIGHT = {"optimizer": "adamw_8bit", "model": {"family": "llama", "d_model": 64, "n_layers": 1, "n_heads": 4}}  # tensors of 4,096 values


class Rehearsed(Exception):
    """Ends a training after its rehearsal."""


def rehearse(monkeypatch: pytest.MonkeyPatch, context: FakeContext, **written: Any) -> dict[str, Any]:
    """What a rehearsal did, and what it left behind."""
    seen: dict[str, Any] = {"networks": [], "tokens": []}
    rehearsal, gradients = Loop._rehearse, Loop.gradients

    def watched(self: Loop) -> None:
        seen["loop"], seen["rng"] = self, torch.get_rng_state()
        seen["before"] = {name: value.clone() for name, value in self.head.network.state_dict().items()}
        rehearsal(self)
        raise Rehearsed

    def counted(self: Loop, micro: Any, tokens: int) -> float:
        seen["tokens"].append(sum(part.ids.numel() for part in micro))
        return gradients(self, micro, tokens)

    def scored(head: Any, rows: Any, *given: Any) -> Any:
        parts = seen["loop"].optimizer.parts
        seen["state"] = {name for part in parts for one in part.state.values() for name in one}
        seen["kinds"] = {value.dtype for part in parts for one in part.state.values() for value in one.values() if torch.is_tensor(value)}
        seen["eval_rows"] = len(rows)
        return score(head, rows, *given)

    monkeypatch.setattr(Loop, "_rehearse", watched)
    monkeypatch.setattr(Loop, "gradients", counted)
    monkeypatch.setattr("steps.lm.loop.score", scored)
    with pytest.raises(Rehearsed):
        run(context, **written)
    return seen


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("written", "state"),
    [
        ({}, "exp_avg"),
        (EIGHT, "state1"),
        ({"optimizer": "muon", "model": SIZES["llama"]}, "momentum_buffer"),
        ({"activation_checkpointing": True, "model": {**SIZES["llama"], "dropout": 0.3}}, "exp_avg"),
        ({"precision": "bf16", "total_batch_size": 6, "batch_size": 2, "model": {**SIZES["mamba"], "dropout": 0.3}}, "exp_avg"),
        ({"stages": [{"steps": 2, "train": ["lm_head"]}, {"train": ["all"]}], "model": SIZES["llama"]}, "exp_avg"),
    ],
    ids=["adamw", "adamw_8bit", "muon", "checkpointing", "bf16 accumulated", "stages"],
)  # fmt: skip
def test_the_rehearsal_is_the_step_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: dict[str, Any], state: str):
    """The optimizer of the recipe has its state while the fullest validation is scored; then all weights and the generator are bit for bit
    what they were, no gradient is left, and the optimizer is new."""
    if written.get("optimizer") == "adamw_8bit":
        pytest.importorskip("bitsandbytes")
    seen = rehearse(monkeypatch, FakeContext(tmp_path), **written)
    loop: Loop = seen["loop"]
    assert state in seen["state"]
    assert (torch.uint8 in seen["kinds"]) == (written.get("optimizer") == "adamw_8bit")
    assert seen["eval_rows"] > 0
    assert len(seen["tokens"]) == (2 if "batch_size" in written else 1)
    assert loop.head.checkpointing == bool(written.get("activation_checkpointing"))
    after = loop.head.network.state_dict()
    assert [name for name in after if after[name].numpy().tobytes() != seen["before"][name].numpy().tobytes()] == []
    assert torch.equal(torch.get_rng_state(), seen["rng"])
    assert all(p.grad is None for p in loop.head.network.parameters())
    assert all(not part.state for part in loop.optimizer.parts)


def proved(context: FakeContext) -> list[str]:
    return [event["converted"] for event in context.events if event["event"] == "save_proved"]


def test_what_will_be_exported_is_converted_after_the_first_step(tmp_path: Path):
    """With an export in the recipe the GGUF is made once, in full; without one nothing is converted; nothing of it stays."""
    pytest.importorskip("gguf")
    context = FakeContext(tmp_path / "exported")
    context.readers = {"validate_checkpoint": {}, "export_ollama": {"quantization": "q8_0"}}
    run(context, model=SIZES["llama"])
    assert [said.endswith(" bytes") and int(said.split()[0]) > 10_000 for said in proved(context)] == [True]
    assert not (context.keep / "proof").exists()
    plain = FakeContext(tmp_path / "plain")
    run(plain, model=SIZES["llama"])
    assert proved(plain) == ["nothing: no export_ollama step reads it"]
    assert (plain.workdir / "model.safetensors").read_bytes() == (context.workdir / "model.safetensors").read_bytes()


def test_stopped_before_it_was_proved_it_is_proved_when_it_goes_on(tmp_path: Path):
    """A signal in the first step: saved, not tried. Gone on with, the model is written and opened after the next step, and then no more."""
    context = FakeContext(tmp_path)
    for stop_at, saves in ((1, 0), (3, 1), (None, 0)):
        context.events.clear()
        context.log = lambda line, at=stop_at: (context.lines.append(line), setattr(context, "asked_to_stop", line.step == at))  # type: ignore
        context.asked_to_stop = False
        if stop_at:
            with pytest.raises(InterruptedError):
                run(context, eval_steps=6)
        else:
            run(context, eval_steps=6)
        assert len(proved(context)) == saves


def tuned(folder: Path, family: str, readers: dict[str, Any], **more: Any) -> FakeContext:
    """A fine-tuning by adapters of a model that was trained for two steps."""
    run(FakeContext(folder / "base"), model={**SIZES[family], **({"d_model": 64} if family == "llama" else {})}, max_steps=2)
    context = FakeContext(folder / "adapted", project=folder)
    context.readers = readers
    wanted = params(model={"base": {"path": "base/work"}}, **more)
    train(wanted, text().bins, None, text().tokenizer, None, None, context)
    return context


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize(
    ("family", "lora"),
    [
        ("llama", {"r": 2, "modules_to_save": ["norm"]}),
        ("llama", {"r": 2, "use_dora": True}),
        ("gpt2", {"r": 2, "layers": 1}),
        ("mamba", {"r": 2, "use_rslora": True}),
        ("mamba2", {"r": 2}),
    ],
    ids=["whole norm", "dora", "last layer of gpt2", "mamba", "mamba2"],
)
def test_under_adapters_a_merged_copy_is_converted(tmp_path: Path, family: str, lora: dict[str, Any]):
    """After step 1 the GGUF is made of a copy; what is trained is bit for bit what it is without an export."""
    pytest.importorskip("gguf")
    context = tuned(tmp_path / "exported", family, {"export_ollama": {}}, method="lora", lora=lora)
    plain = tuned(tmp_path / "plain", family, {}, method="lora", lora=lora)
    assert [said.endswith(" bytes") and int(said.split()[0]) > 10_000 for said in proved(context)] == [True]
    assert proved(plain) == ["nothing: no export_ollama step reads it"]
    assert (plain.workdir / "model.safetensors").read_bytes() == (context.workdir / "model.safetensors").read_bytes()


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_where_no_copy_is_made_every_merged_tensor_is_seen_to_have_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str):
    """Names and shapes as merging gives them, over a base in four bits or one too large: as many as the export writes."""
    pytest.importorskip("gguf")
    if method == "qlora":
        pytest.importorskip("bitsandbytes")
    else:
        monkeypatch.setattr(first_save, "COPIED", 1000)
    lora = {"r": 2, "modules_to_save": ["norm"]} if method == "lora" else {"r": 2}
    context = tuned(tmp_path, "llama", {"export_ollama": {}}, method=method, lora=lora)
    why = "the base is quantised" if method == "qlora" else "a merged copy has 0.0 GiB, of 0.0 that it may have"
    assert proved(context) == [f"20 tensors have a place; not their values: {why}"]


def test_adapters_on_what_cannot_be_exported_end_after_one_step(tmp_path: Path):
    """A network that llama.cpp has no place for is told at step 1, under adapters too."""
    pytest.importorskip("gguf")
    with pytest.raises(RecipeError) as error:
        tuned(tmp_path, "mamba_hebbian", {"export_ollama": {}}, method="lora", lora={"r": 2}, max_steps=50)
    assert (error.value.code, "export_ollama could not export what is trained here" in error.value.message) == ("E004", True)


def test_a_model_that_cannot_be_exported_ends_after_one_step(tmp_path: Path):
    """A family without a place in GGUF is refused at step 1, not after the training; what was trained is saved."""
    pytest.importorskip("gguf")
    context = FakeContext(tmp_path)
    context.readers = {"export_ollama": {}}
    with pytest.raises(RecipeError) as error:
        run(context, model=SIZES["mamba_hebbian"], max_steps=50)
    assert (error.value.code, "export_ollama could not export what is trained here" in error.value.message) == ("E004", True)
    assert error.value.fix.endswith("; or delete the export_ollama step")
    assert [line.step for line in context.lines if hasattr(line, "train_loss")] == [1]
    assert [path.name for path in context.keep.glob("state-*")] == ["state-00000001.pt"]
