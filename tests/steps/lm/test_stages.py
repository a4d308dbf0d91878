"""stages: what is trained when."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from schemas import RecipeError, TrainLine
from schemas.training import Stage
from steps.lm.optimizer import Optimizers
from steps.lm.stages import Stages
from steps.train import Train, train
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, network, params, run, text
from tests.steps.test_train import in_child, losses, sha

TWO: dict[str, Any] = {
    "model": {**SIZES["mamba_hebbian"], "dropout": 0.1},
    "stages": [{"steps": 4, "train": ["hebbian"]}, {"train": ["all"]}],
    "max_steps": 9,
    "save_steps": 1,
    "total_batch_size": 4,
    "batch_size": 2,
}


def changed(before: Path, after: Path) -> set[str]:
    """Names of the weights that two checkpoints do not share."""
    a, b = (load_file(folder / "model.safetensors") for folder in (before, after))
    return {name for name in a if float((a[name] - b[name]).abs().max()) > 1e-20}


def test_what_is_frozen_does_not_move(tmp_path: Path):
    """Through the first stage only the memories do; a weight that no stage names never does; each stage is told as it begins."""
    nothing = {"learning_rate": 1e-30, "min_lr": 0.0, "weight_decay": 0.0}
    start = run(FakeContext(tmp_path / "start"), **{**TWO, "max_steps": 1, "stages": None}, **nothing)
    one = run(FakeContext(tmp_path / "one"), **{**TWO, "max_steps": 4, "stages": [{"train": ["hebbian"]}]})
    assert {".hebbian." in name for name in changed(start.path, one.path)} == {True}
    context = FakeContext(tmp_path / "two")
    two = run(context, **{**TWO, "stages": [{"steps": 4, "train": ["hebbian"]}, {"train": ["layers", "norm_f"]}]})
    assert "backbone.embeddings.weight" not in changed(start.path, two.path)
    assert "backbone.layers.0.mixer.in_proj.weight" in changed(start.path, two.path)
    told = [(e["step"], e["number"], e["train"]) for e in context.events if e["event"] == "stage"]
    assert told == [(0, 1, ["hebbian"]), (4, 2, ["layers", "norm_f"])]
    assert next(e["message"] for e in context.events if e["event"] == "stage").startswith(
        "stage 1 of 2 from step 1: trains hebbian, 4,708 of 2"
    )
    assert context.kept["training"]["stages_words"] == "1 to 4: hebbian; 5 to 9: layers, norm_f"


def test_killed_in_either_stage_it_ends_with_the_same_bytes(tmp_path: Path):
    """kill -9 before, at and after the border: weights and moments are those of the undisturbed run."""
    long = {**TWO, "max_steps": 20, "keep": 40}
    assert in_child(tmp_path / "whole", None, 0, **long)
    for saves in (3, 2):
        assert not in_child(tmp_path / "killed", saves, 0.0, **long)
    assert in_child(tmp_path / "killed", None, 0, **long)
    for name in ("model.safetensors", "state/state.safetensors"):
        assert sha(tmp_path / "whole" / "work", name) == sha(tmp_path / "killed" / "work", name)


@pytest.mark.parametrize("border", [3, 4, 5])
def test_stopped_at_the_border_it_goes_on_alike(border: int, tmp_path: Path):
    """One step before, at and after it: the same losses and bytes, and no stage is told twice or left out."""
    whole = FakeContext(tmp_path / "whole")
    run(whole, **TWO)

    class Stops(FakeContext):
        def stopping(self) -> bool:
            return len(losses(self)) >= border

    first = Stops(tmp_path / "broken")
    with pytest.raises(InterruptedError):
        run(first, **TWO)
    again = FakeContext(tmp_path / "broken")
    again.lines = list(first.lines)
    run(again, **TWO)
    assert losses(again) == losses(whole)
    assert sha(tmp_path / "broken" / "work") == sha(tmp_path / "whole" / "work")
    assert [e["number"] for e in [*first.events, *again.events] if e["event"] == "stage"] == [1, 2]


def test_a_stage_of_more_weights_is_no_spike(tmp_path: Path):
    """The norm of more weights is not compared with the norms of fewer: where the second stage begins nothing is left out."""
    context = FakeContext(tmp_path)
    stages = [{"steps": 21, "train": ["norm"]}, {"train": ["all"]}]
    run(context, model=SIZES["llama"], max_steps=43, eval_steps=43, save_steps=43, stages=stages, on_spike="skip", spike_factor=3.0,
        scheduler="constant", learning_rate=1e-4)  # fmt: skip
    norms = [line.grad_norm for line in context.lines if isinstance(line, TrainLine)]
    assert min(norms[21:]) > 3 * max(norms[:21])
    assert [e["step"] for e in context.events if e["event"] == "spike"] == []


def test_a_training_prolonged_in_its_last_stage_is_one_training(tmp_path: Path):
    """resume_from brings the moments of both stages, and weights that are frozen for good too; other stages are refused by name."""
    same = {**TWO, "scheduler": "constant", "warmup_steps": 0, "stages": [{"steps": 2, "train": ["hebbian"]}, {"train": ["layers"]}]}
    whole = run(FakeContext(tmp_path / "whole"), **{**same, "max_steps": 7})
    first = run(FakeContext(tmp_path / "first"), **{**same, "max_steps": 4})

    def go_on(name: str, **written: Any) -> Any:
        asked = params(**{**same, "max_steps": 7, "resume_from": {"step": "first"}, **written})
        return train(asked, text().bins, None, text().tokenizer, None, first, FakeContext(tmp_path / name))

    assert sha(go_on("more").path, "model.safetensors") == sha(whole.path, "model.safetensors")
    with pytest.raises(RecipeError, match=r"R103.*stages is null here"):
        go_on("other", stages=None)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_the_optimizer_knows_what_is_frozen_now(kind: str, tmp_path: Path):
    """Made in any stage, it holds all that is trained in one; a scaler passes an optimizer whose weights are all frozen."""
    made = network("mamba_hebbian")
    stages = Stages([Stage(steps=2, train=["norm"]), Stage(train=["hebbian"])], made, 5, FakeContext(tmp_path))
    stages.enter(0)
    stages.enter(-1)
    optimizer = Optimizers(kind, made, 0.1)
    held = sum(p.numel() for part in optimizer.parts for group in part.param_groups for p in group["params"])
    assert held == sum(p.numel() for name, p in made.named_parameters() if ".norm." in name or ".hebbian." in name)
    stages.enter(0)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0)
    before = {name: p.clone() for name, p in made.named_parameters()}
    scaler.scale(made(input_ids=torch.arange(4, 20)[None]).logits.square().mean()).backward()
    optimizer.unscale(scaler)
    optimizer.set_rate(0.1)
    optimizer.step(scaler)
    assert {name for name, p in made.named_parameters() if not torch.equal(p, before[name])} == {n for n in before if ".norm." in n}


def test_a_tied_weight_has_both_names(tmp_path: Path):
    """lm_head is the embedding."""
    made = network("llama")
    Stages([Stage(train=["lm_head"])], made, 5, FakeContext(tmp_path))
    assert [name for name, p in made.named_parameters() if p.requires_grad] == ["model.embed_tokens.weight"]


def test_a_pattern_that_means_nothing_is_named(tmp_path: Path):
    """With the nearest part of a name, or else with all the parts that names have."""
    with pytest.raises(RecipeError) as error:
        run(FakeContext(tmp_path), **{**TWO, "stages": [{"train": ["all"], "steps": 3}, {"train": ["hebian"]}]})
    assert (error.value.code, error.value.field, error.value.fix) == ("S024", "stages.1.train.0", "write hebbian")
    assert error.value.message == "no weight of the network is called 'hebian'"
    with pytest.raises(RecipeError) as error:
        run(FakeContext(tmp_path), **{**TWO, "stages": [{"train": ["all"], "steps": 3}, {"train": ["xyz"]}]})
    assert "no weight of the network is called 'xyz'; parts of their names are A_log, D, backbone, bias" in error.value.message


def test_stages_must_fill_the_epochs_steps(tmp_path: Path):
    """How many steps an epoch has is known when the data is."""
    with pytest.raises(RecipeError, match="S023: the stages before the last take 4000 steps, and the run has"):
        run(FakeContext(tmp_path), **{**TWO, "max_steps": None, "num_train_epochs": 0.05, "stages": [
            {"steps": 4000, "train": ["hebbian"]}, {"train": ["all"]}]})  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"stages": [{"train": ["a"]}, {"train": ["all"]}]}, "stage 1 of 2 has no steps"),
        (
            {"stages": [{"steps": 5, "train": ["a"]}, {"train": ["all"]}], "max_steps": 5},
            "the stages before the last take 5 steps, max_steps is 5",
        ),
        (
            {"stages": [{"steps": 5, "train": ["a"]}, {"steps": 6, "train": ["all"]}], "max_steps": 12},
            "the stages take 11 steps, max_steps",
        ),
        ({"stages": [{"train": ["a"]}], "method": "lora", "model": {"base": {"path": "m"}}}, "trains its adapters alone"),
        ({"stages": []}, "at least 1 item"),
    ],
)
def test_stages_that_do_not_go_together(written: dict[str, Any], said: str):
    """Said before anything is opened."""
    with pytest.raises(ValueError, match=said):
        params(**written)


def test_a_smoke_run_goes_through_every_stage():
    """A step each, over as many layers as the patterns may name; weights of another recipe do not fit a tiny network."""
    smoke = train.smoke_function
    assert smoke is not None
    small = smoke({"model": {"family": "mamba_hebbian", "d_model": 512, "n_layers": 8}, "init_from": {"recipe": "a", "step": "b"},
                   "stages": [{"steps": 500, "train": ["layers.7"]}, {"train": ["all"]}], "max_steps": 9000})  # fmt: skip
    asked = Train.model_validate(small)
    assert (asked.model.n_layers, asked.max_steps, asked.init_from) == (8, 4, None)
    assert [stage.steps for stage in asked.stages or []] == [1, None]
