"""Targets, trackers, optimizers and models as other tools write them: each has a line to type."""

from pathlib import Path

import pytest

from runner.judge import mend
from runner.targets import HERE
from runner.targets import meant as meant_by
from schemas.machine import known
from tests.runner.judged import meant

MAC = "write here on that Mac, or its chip and memory, such as m2-16gb"
MODEL = "model: {family: mamba, d_model: 512, n_layers: 12}"


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("gpu", HERE), ("cuda:0", HERE), ("auto", HERE), ("laptop", HERE), ("mps", MAC),
        ("macbook pro", MAC), ("m2", "write m2-16gb: its chip and its memory"),
        ("m3-max", "write m3-36gb: its chip and its memory"), ("apple m3 pro 36gb", "write m3-36gb"), ("m7", MAC.replace("m2-16", "m4-32")),
        ("colab", "write the card that it has, such as t4"), ("g5.2xlarge", "write the card that it has, such as a10g"),
        ("p4d.24xlarge", "write the card that it has, such as a100-40"), ("a100x8", "write target: {gpu: a100, count: 8}"),
        ("2xT4", "write target: {gpu: t4, count: 2}"), ("t4:4", "write target: {gpu: t4, count: 4}"), ("h100-80gb", "write h100"),
        ("A100 80GB", "write a100-80"), ("4090", "write rtx4090"), ("rtx4090ti", "write rtx4090"),
    ],
)  # fmt: skip
def test_a_word_for_a_machine_leads_to_one(name: str, fix: str):
    """By kind, chip, cloud and number."""
    assert meant_by(name) == fix


@pytest.mark.parametrize("name", ["tpu", "tpu-v4-8", "amd", "mi300x", "rocm"])
def test_machines_that_nobody_knows_here_are_told_as_such(name: str):
    """Not as a slip of the pen for another card."""
    assert meant_by(name).startswith(f"{name} is no machine that recipe knows")


def test_what_is_offered_is_known():
    """Each name behind `write` that stands alone."""
    names = ["m2", "m3-max", "m4-pro-24gb", "m1-ultra", "4090", "h100-80gb", "v100-32gb", "rtx3090ti"]
    assert all(known(meant_by(name).removeprefix("write ").split(":")[0]) is not None for name in names)


@pytest.mark.parametrize(
    ("target", "fix", "mended"),
    [
        ("{gpu: t4, count: 4, memory_gb: 64}", "delete memory_gb: it is the memory of one card", True),
        ("{gpu: t4, memory_gb: 16GB}", "write memory_gb: 16, which counts gigabytes", True),
        ("{gpu: t4, memory_gb: 16384MB}", "write memory_gb: 16, which counts gigabytes", True),
        ("{gpu: t4, vram: 16}", "write memory_gb: 16", True),
        ("{name: t4, count: 2}", "write gpu: t4", True),
        ("{gpu: t4, num_gpus: 2}", "write count: 2", True),
        ("[t4, t4]", "write target: {gpu: t4, count: 2}", True),
        ("4090", "write rtx4090", False),
        ("{count: 4, memory_gb: 64}", "add gpu: and the card's name, such as {gpu: a100-80, count: 4}, or write here", False),
    ],
)
def test_a_target_in_another_shape(tmp_path: Path, target: str, fix: str, mended: bool):
    """One finding, and the mended recipe has none."""
    found = [f for f in meant(tmp_path, ("target: t4", f"target: {target}")).findings if f.path[:1] == ("target",) and f.severity != "info"]
    assert [f.fix for f in found] == [fix]
    if mended:
        left, _ = mend(tmp_path / "recipe.yaml")
        assert [f for f in left.findings if f.path[:1] == ("target",) and f.severity != "info"] == []


@pytest.mark.parametrize("word", ["none", "None", "off", "false", "'no'", "disabled"])
@pytest.mark.parametrize("place", ["top", "step"])
def test_no_tracker_is_no_line(tmp_path: Path, word: str, place: str):
    """`--fix` takes it away."""
    change = (
        ("target: t4", f"target: t4\ntracking: {word}") if place == "top" else ("max_steps: 1000", f"max_steps: 1000\n    tracking: {word}")
    )
    found = [f for f in meant(tmp_path, change).findings if f.path[-1:] == ("tracking",)]
    assert [f.fix for f in found] == ["delete the line: without it there is none"]
    left, _ = mend(tmp_path / "recipe.yaml")
    assert [f for f in left.findings if f.path[-1:] == ("tracking",)] == []


@pytest.mark.parametrize(
    ("line", "fix", "mended"),
    [
        ("optimizer: {_component_: torch.optim.AdamW, lr: 2e-5}", "write optimizer: adamw, learning_rate: 2e-5 as keys of the step", True),
        ("optimizer: {type: AdamW, params: {lr: 1e-4, weight_decay: 0.1}}",
         "write optimizer: adamw, learning_rate: 0.0001, weight_decay: 0.1 as keys of the step", True),
        ("optimizer: {_target_: bitsandbytes.optim.AdamW8bit}", "write optimizer: adamw_8bit", True),
        ("optimizer: torch.optim.AdamW", "write optimizer: adamw", False),
        ("optimizer: [adamw]", "write optimizer: adamw", True),
        ("scheduler: {type: cosine, num_warmup_steps: 100}", "write scheduler: cosine, warmup_steps: 100 as keys of the step", True),
        ("stages: [{steps: 10, freeze: [lm_head]}]", "write train: and the parts that learn, such as train: [layers]", False),
        ("stages: [{steps: 10, unfreeze: [layers]}]", "write train: [layers]", True),
        ("stages: [{steps: 10, layers: [1]}]", "write train: [layers.1]", True),
        ("stages: {train: all}", "write each of them behind a dash: - train: …", True),
        ("freeze: [embeddings]", "write stages: [{train: [layers]}], with the parts that learn; or method: lora", False),
    ],
)  # fmt: skip
def test_settings_of_training_in_another_shape(tmp_path: Path, line: str, fix: str, mended: bool):
    """One finding for each, with the line to type."""
    key = line.partition(":")[0]
    found = [f for f in meant(tmp_path, ("max_steps: 1000", f"max_steps: 1000\n    {line}")).findings if key in f.path and f.code[0] == "K"]
    assert [f.fix for f in found] == [fix]
    if mended:
        left, _ = mend(tmp_path / "recipe.yaml")
        assert [f for f in left.findings if f.code[0] == "K"] == []


def test_a_learning_rate_that_is_written_is_left(tmp_path: Path):
    """The optimizer's own is told and not written over it."""
    line = "max_steps: 1000\n    learning_rate: 1e-3\n    optimizer: {name: adamw, lr: 2e-5}"
    (found,) = [f for f in meant(tmp_path, ("max_steps: 1000", line)).findings if f.code == "K004"]
    assert (found.fix, len(found.edits)) == ("write optimizer: adamw; learning_rate is written already", 1)


@pytest.mark.parametrize(
    ("model", "fix"),
    [
        ("llama", "write model: {family: llama, d_model: 256, n_layers: 6} for a new one; to go on with one, {base: {hub: owner/name}}"),
        ("meta-llama/Llama-3.2-1B",
         "write model: {base: {hub: meta-llama/Llama-3.2-1B}}, or {base: {path: meta-llama/Llama-3.2-1B}} for a folder"),
        ("./models/base", "write model: {base: {path: ./models/base}}"),
        ("{llama: {d_model: 256}}", "write model: {family: llama, d_model: 256}"),
        ("{type: llama}", "write family: llama"),
        ("{family: mixtral}", "write family: llama"),
        ("{family: mixtral-8x7b}", "write family: llama"),
        ("{family: LlamaForCausalLM}", "write family: llama"),
        ("{family: rwkv7}", "write family: mamba2"),
    ],
)  # fmt: skip
def test_a_model_by_its_name_alone(tmp_path: Path, model: str, fix: str):
    """A family of ours, or a base."""
    found = [f for f in meant(tmp_path, (MODEL, f"model: {model}")).findings if f.code in ("K002", "K004", "K010")]
    assert [f.fix for f in found] == [fix]


@pytest.mark.parametrize("parameters", ["[temperature 0.7, top_p 0.9]", "[{temperature: 0.7}, {top_p: 0.9}]", "temperature=0.7; top_p=0.9"])
def test_parameters_as_a_modelfile_lists_them(tmp_path: Path, parameters: str):
    """They become a map."""
    changed = meant(tmp_path, ("- type: export_ollama", f"- type: export_ollama\n    parameters: {parameters}"))
    assert [f.fix for f in changed.findings if f.code == "K002"] == ["write parameters: {temperature: 0.7, top_p: 0.9}"]
    left, _ = mend(tmp_path / "recipe.yaml")
    assert [f for f in left.findings if f.code == "K002"] == []


def test_a_batch_that_counted_the_cards_in_is_told_so(tmp_path: Path):
    """Only where the target has several."""
    line = "max_steps: 1000\n    total_batch_size: 8\n    batch_size: 2\n    gradient_accumulation_steps: 1"
    said = [
        f.message
        for target in ("t4", "{gpu: t4, count: 4}")
        for f in meant(tmp_path, ("max_steps: 1000", line), ("target: t4", f"target: {target}")).findings
        if f.code == "B002"
    ]
    product = "batch_size 2 x gradient_accumulation_steps 1"
    assert said == [
        f"{product} is not the effective batch of 8",
        f"{product} on one device is not the effective batch of 8; of the target's 4 a train step uses one",
    ]


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("24gb", "write the card that has them, such as rtx3090, rtx4090, a5000"),
        ("80 GB gpu", "write the card that has them, such as a100-80, h100"),
    ],
)
def test_memory_alone_is_a_card_that_has_it(name: str, fix: str):
    """No chip of Apple's of that memory."""
    assert meant_by(name) == fix


@pytest.mark.parametrize(
    ("name", "card", "capability"),
    [
        ("Quadro RTX 8000", "rtx2080ti", 75), ("TITAN RTX", "rtx2080ti", 75), ("GTX 1660 Ti", "gtx1650", 75), ("gtx1070", "gtx1080ti", 61),
        ("RTX 3080 Ti", "rtx3090", 86), ("rtx4070ti", "rtx4070", 89), ("NVIDIA A30", "a100-40", 80), ("RTX 6000 Ada", "l40s", 89),
        ("RTX 3070 Ti Laptop GPU", "rtx3070", 86),
    ],
)  # fmt: skip
def test_a_card_that_the_table_has_not_stands_for_one_of_its_generation(tmp_path: Path, name: str, card: str, capability: int):
    """With its own memory; what is offered can be written."""
    fix = meant_by(name)
    assert fix.startswith(f"write target: {{gpu: {card}, memory_gb: ")
    machine = known(card)
    assert machine is not None
    assert machine.capability == capability
    offered = fix.removeprefix("write ").partition("}")[0] + "}"
    assert not any(f.code == "H001" for f in meant(tmp_path, ("target: t4", offered)).findings)
