"""Optimizers: who is decayed, what Muon takes, and that each of them trains and goes on after a stop to the same bytes."""

from pathlib import Path

import pytest
import torch

from schemas import ModelConfig, TrainLine
from steps.lm.build import build
from steps.lm.optimizer import Optimizers, groups, hidden_matrices
from tests.conftest import FakeContext
from tests.steps.lm.small import IDS, SIZES, network, run


def losses(context: FakeContext) -> list[float]:
    return [line.train_loss for line in context.lines if isinstance(line, TrainLine)]


def test_norms_biases_and_a_mambas_own_are_not_decayed():
    """Matrices are; embeddings by choice."""
    made = network("mamba")
    names = {id(p): name for name, p in made.named_parameters()}
    decayed, plain = ([names[id(p)] for p in group["params"]] for group in groups(made, 0.1))
    assert all(name.rsplit(".", 1)[-1] == "weight" for name in decayed)
    assert {name.rsplit(".", 1)[-1] for name in plain} >= {"A_log", "D", "bias"}
    spared, _ = groups(made, 0.1, decay_embeddings=False)
    assert {names[id(p)] for p in spared["params"]} == {name for name in decayed if "embeddings" not in name}


def test_muon_takes_hidden_matrices_alone():
    """Not embeddings, the head, norms, convolutions nor A."""
    assert {name.rsplit(".", 2)[-2] for name, _ in hidden_matrices(network("mamba"))} == {"in_proj", "x_proj", "dt_proj", "out_proj"}
    parts = Optimizers("muon", network("llama"), 0.1).parts
    assert [type(part).__name__ for part in parts] == ["Muon", "AdamW"]


@pytest.mark.parametrize("name", ["llama", "gpt2", "mamba"])
def test_moments_of_embeddings_stay_in_32_bits(name: str):
    """adamw_8bit keeps those of matrices in bytes; those of tokens and positions, and a tied head's, are AdamW's own."""
    pytest.importorskip("bitsandbytes")
    made = build(ModelConfig(**{**SIZES[name], "d_model": 72}), 60, IDS, 64, 3)
    names = {id(p): name for name, p in made.named_parameters()}
    optimizer = Optimizers("adamw_8bit", made, 0.1)
    optimizer.set_rate(1e-3)
    for weight in made.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step(torch.amp.GradScaler("cpu", enabled=False))
    kinds = [{names[id(p)]: state["exp_avg" if "exp_avg" in state else "state1"].dtype for p, state in part.state.items()}
             for part in optimizer.parts]  # fmt: skip
    narrow, wide = kinds
    assert set(wide) == {n for n in names.values() if any(table in n for table in ("embed", "wte", "wpe"))}
    assert set(wide.values()) == {torch.float32}
    large = {n for n, p in made.named_parameters() if p.numel() >= 4096}
    assert large - set(wide) == {n for n, kind in narrow.items() if kind == torch.uint8} != set()
    assert set(narrow) | set(wide) == set(names.values())


def test_adapters_alone_need_no_second_optimizer():
    """Where no embedding is trained, there is one part."""
    pytest.importorskip("bitsandbytes")
    made = network("llama")
    made.get_input_embeddings().requires_grad_(False)
    assert len(Optimizers("adamw_8bit", made, 0.1).parts) == 1


@pytest.mark.parametrize("kind", ["adamw_8bit", "muon"])
def test_each_learns_and_goes_on_to_the_same_bytes(kind: str, tmp_path: Path):
    """Stopped after step 4 and run again, losses and weights are those of the whole run."""
    if kind == "adamw_8bit":
        pytest.importorskip("bitsandbytes")
    written = {"optimizer": kind, "max_steps": 8, "model": SIZES["llama"], "save_steps": 100}
    whole = FakeContext(tmp_path / "whole")
    run(whole, **written)
    assert losses(whole)[-1] < losses(whole)[0] - 0.1

    class Stops(FakeContext):
        def stopping(self) -> bool:
            return len(losses(self)) >= 4

    first = Stops(tmp_path / "broken")
    with pytest.raises(InterruptedError):
        run(first, **written)
    again = FakeContext(tmp_path / "broken")
    run(again, **written)
    assert losses(first) + losses(again) == losses(whole)
    assert (again.workdir / "model.safetensors").read_bytes() == (whole.workdir / "model.safetensors").read_bytes()


@pytest.mark.parametrize("longest", [0.05, None])
def test_a_gradient_that_is_too_long_is_scaled_down(longest: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The whole of it, summed over its micro-batches; the log has the norm that it had. null leaves it alone."""
    moved, step = [], Optimizers.step

    def watched(self: Optimizers, scaler: torch.amp.GradScaler) -> None:
        weights = [weight for part in self.parts for group in part.param_groups for weight in group["params"]]
        moved.append(float(torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None]).norm()))
        step(self, scaler)

    monkeypatch.setattr(Optimizers, "step", watched)
    context = FakeContext(tmp_path)
    run(context, max_grad_norm=longest, batch_size=1, max_steps=3, model=SIZES["llama"])
    norms = [line.grad_norm for line in context.lines if isinstance(line, TrainLine)]
    assert min(norms) > 0.05
    assert moved == pytest.approx([longest] * 3 if longest else norms, rel=1e-3)


def test_checkpointing_draws_the_same_dropout(tmp_path: Path):
    """Computed again in the backward pass, layers drop the same values: the same losses as without, to the last bit or nearly."""
    found = []
    for checkpointing in (False, True):
        context = FakeContext(tmp_path / str(checkpointing))
        run(context, model={**SIZES["gpt2"], "dropout": 0.3}, activation_checkpointing=checkpointing)
        found.append(losses(context))
    assert found[1] == pytest.approx(found[0], rel=1e-6)


def test_nothing_of_the_rehearsal_remains(tmp_path: Path):
    """The step that is rehearsed moves no weight, leaves no moments and no random number drawn."""
    from steps.lm.loop import Loop

    made = []
    rehearse = Loop._rehearse
    for keep in (True, False):
        context = FakeContext(tmp_path / str(keep))
        Loop._rehearse = rehearse if keep else lambda self: None  # type: ignore[method-assign]
        try:
            run(context, model={**SIZES["gpt2"], "dropout": 0.3}, max_steps=3)
        finally:
            Loop._rehearse = rehearse  # type: ignore[method-assign]
        made.append((losses(context), (context.workdir / "model.safetensors").read_bytes()))
    assert made[0] == made[1]
    assert torch.get_rng_state() is not None
