"""bf16 on a CPU: what autocast computes in half, what stays in fp32, and that a killed run ends with the same bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from schemas import EvalLine, TrainLine
from steps.lm.batches import PackedRows
from steps.lm.checkpoint import load_state
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, params, run, write_corpus

STEPS = 20


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The ids of every batch that a training asks for, in their order."""
    asked: list[list[int]] = []
    plain = PackedRows.batches

    def batches(self: PackedRows, position: int, rows: int, batch_size: int) -> Any:
        made, after = plain(self, position, rows, batch_size)
        asked.append([position, *torch.cat([part.ids for part in made]).flatten().tolist()])
        return made, after

    monkeypatch.setattr(PackedRows, "batches", batches)
    return asked


def figures(context: FakeContext) -> tuple[list[float], list[float]]:
    """Losses of the training and of its validations."""
    return ([line.train_loss for line in context.lines if isinstance(line, TrainLine)],
            [line.eval_loss for line in context.lines if isinstance(line, EvalLine)])  # fmt: skip


@pytest.mark.parametrize("family", SIZES)
def test_the_same_rows_give_nearly_the_losses_of_fp32(family: str, tmp_path: Path, drawn: list[list[int]]):
    """Both see the same data in the same order, and every loss is within 2 % of the other's: none is equal to the bit."""
    found, seen = {}, {}
    for precision in ("fp32", "bf16"):
        drawn.clear()
        context = FakeContext(tmp_path / precision)
        run(context, precision=precision, model=SIZES[family], max_steps=STEPS, total_batch_size=4, batch_size=2, eval_steps=5)
        found[precision], seen[precision] = figures(context), [list(ids) for ids in drawn]
    assert seen["bf16"] == seen["fp32"]
    for half, whole in zip(found["bf16"], found["fp32"], strict=True):
        assert half == pytest.approx(whole, rel=0.02)
        assert half != whole
    assert found["bf16"][0][-1] < 0.95 * found["bf16"][0][0]


@pytest.mark.parametrize("family", ["mamba", "llama"])
def test_weights_and_what_is_saved_are_fp32(family: str, tmp_path: Path):
    """The checkpoint, its config, the optimizer's state and the saves of a killed run: only products are in half."""
    context = FakeContext(tmp_path)
    made = run(context, precision="bf16", model=SIZES[family], save_steps=2)
    assert {tensor.dtype for tensor in load_file(made.path / "model.safetensors").values()} == {torch.float32}
    assert {tensor.dtype for tensor in load_file(made.path / "state" / "state.safetensors").values() if tensor.is_floating_point()} == {
        torch.float32
    }
    assert json.loads((made.path / "config.json").read_text())["dtype"] == "float32"
    state, _ = load_state(context.keep)
    assert state is not None
    assert {tensor.dtype for tensor in state["network"].values()} == {torch.float32}
    assert context.kept["training"]["precision"] == "bf16"


@pytest.mark.parametrize(
    "written",
    [
        {"model": {**SIZES["mamba"], "dropout": 0.1}, "packing": "documents"},
        {"model": {**SIZES["llama"], "dropout": 0.1}, "packing": "documents", "activation_checkpointing": True},
        {"model": SIZES["gpt2"], "optimizer": "muon"},
        {"model": SIZES["mamba2"], "z_loss": 1e-4},
    ],
    ids=["mamba", "llama", "gpt2", "mamba2"],
)
def test_stopped_and_taken_up_it_ends_with_the_same_bytes(written: dict[str, Any], tmp_path: Path):
    """With accumulation, dropout, packed rows and a falling rate."""
    asked = {**written, "precision": "bf16", "max_steps": 12, "total_batch_size": 4, "batch_size": 2, "eval_steps": 4, "save_steps": 3}
    whole, broken = FakeContext(tmp_path / "whole"), Stopped(tmp_path / "broken", at=7)
    run(whole, **asked)
    with pytest.raises(KeyboardInterrupt):
        run(broken, **asked)
    again = FakeContext(tmp_path / "broken")
    run(again, **asked)
    resumed = [event for event in again.events if event["event"] == "resumed"]
    assert [(event["step"], event["bitwise"]) for event in resumed] == [(6, True)]
    for name in ("model.safetensors", "state/state.safetensors"):
        assert (again.workdir / name).read_bytes() == (whole.workdir / name).read_bytes()
    assert figures(again)[0] == figures(whole)[0][6:]


def test_adapters_over_a_base_follow_fp32(tmp_path: Path):
    """LoRA on conversations end to end: near losses, and merged weights in the type that the base's are stored in."""
    base = run(FakeContext(tmp_path / "base"), model=SIZES["llama"], max_steps=4, max_seq_length=96)
    rows = []
    for i in range(24):
        asked, said = f"kedi {i}", "uyur " * (1 + i % 5)
        messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
        rows.append({"text": f"{asked}\n{said}", "messages": messages})
    corpus = write_corpus(tmp_path / "corpus", rows, "chat")
    found = {}
    for precision in ("fp32", "bf16"):
        context = FakeContext(tmp_path / precision)
        wanted = params(model={"base": {"step": "base"}}, method="lora", objective="sft", lora={"r": 4}, precision=precision,
                        total_batch_size=4, max_steps=8, max_seq_length=96, learning_rate=2e-3)  # fmt: skip
        made = train(wanted, None, [corpus], None, None, base, context)
        found[precision] = figures(context)[0]
        assert {tensor.dtype for tensor in load_file(made.path / "model.safetensors").values()} == {torch.float32}
        assert {tensor.dtype for tensor in load_file(made.path / "adapter" / "adapter_model.safetensors").values()} == {torch.float32}
    assert found["bf16"] == pytest.approx(found["fp32"], rel=0.02)
    assert found["bf16"] != found["fp32"]


class Stopped(FakeContext):
    """A context whose process ends, without a word, when step `at` is told."""

    def __init__(self, folder: Path, at: int) -> None:
        super().__init__(folder)
        self.at = at

    def log(self, line: Any) -> None:
        """As ever, but for that step."""
        if isinstance(line, TrainLine) and line.step == self.at:
            raise KeyboardInterrupt
        super().log(line)
