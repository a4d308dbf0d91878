"""Whether a training can go on from another, where the gallery does not show it."""

import json
from pathlib import Path
from typing import Any

import pytest

from runner.fingerprint import keyed
from runner.store import Entry, Store
from tests.runner.judged import SOUND, meant

FACTS = {"method": "full", "objective": "lm", "optimizer": "adamw", "max_seq_length": 512, "packing": None, "batch": 8, "seed": 0}
RATES = {"steps": 500, "peak_rate": 1e-3, "lowest_rate": 1e-4, "warmup": 50, "scheduler": "constant", "decay_share": 0.2}
STATE = {"facts": FACTS, "progress": {"step": 500}, "schedule": RATES}


def told(folder: Path, named: str, more: str = "scheduler: constant\n    warmup_steps: 50") -> list[str]:
    changed = meant(folder, ("max_steps: 1000", f"max_steps: 1000\n    {more}\n    resume_from: {{path: {named}}}"))
    return [f"{f.code}: {f.severity}: {f.message}; {f.fix}" for f in changed.findings if f.code[:2] in ("C0", "R1", "R0")]


def keep(folder: Path, state: Any) -> None:
    (folder / "first" / "state").mkdir(parents=True)
    (folder / "first" / "state" / "state.json").write_text(state if isinstance(state, str) else json.dumps(state))


def test_the_same_training_goes_on(tmp_path: Path):
    """A constant rate, or wsd that has not fallen yet."""
    keep(tmp_path, STATE)
    assert told(tmp_path, "first") == []
    assert told(tmp_path, "first", "scheduler: wsd\n    warmup_steps: 50") == []
    assert [line[:4] for line in told(tmp_path, "first", "warmup_steps: 50")] == ["R105"]


def test_another_constant_rate_is_named(tmp_path: Path):
    """Of two constant schedules the rate is what differs, and is what to write."""
    keep(tmp_path, STATE)
    (line,) = told(tmp_path, "first", "scheduler: constant\n    warmup_steps: 50\n    learning_rate: 1e-5")
    assert "it goes from 0.001 to 1e-05" in line


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("family: mamba, dropout: 0.1", {"dropout": 0.1, "model": {"dropout": 0.0}}),
        ("family: mamba_hebbian, hebbian_decay: 0.9", {"model": {"family": "mamba_hebbian", "hebbian_decay": [0.9, 0.9]}}),
    ],
    ids=["dropout", "one number for all layers"],
)
def test_what_a_network_does_not_tell_of_itself_is_no_difference(tmp_path: Path, here: str, there: dict[str, Any]):
    """A state holds the sizes as its network has them: no dropout, which stands beside them, and a number for each layer."""
    keep(tmp_path, {**STATE, "facts": {**FACTS, **there}})
    more = "\n    scheduler: constant\n    warmup_steps: 50\n    resume_from: {path: first}"
    found = meant(tmp_path, ("family: mamba", here), ("max_steps: 1000", f"max_steps: 1000{more}")).findings
    assert [f.message for f in found if f.code[:2] in ("R1", "M0")] == []


@pytest.mark.parametrize(("rows", "found"), [(9000, 0), (17000, 1)])
def test_a_tokenizer_of_at_most_so_many_pieces_may_be_as_large_as_before(tmp_path: Path, rows: int, found: int):
    """Its size is known when it is made."""
    keep(tmp_path, {**STATE, "facts": {**FACTS, "model": {"family": "mamba", "vocab_size": rows}}})
    more = "\n    scheduler: constant\n    warmup_steps: 50\n    resume_from: {path: first}"
    changes = (("vocab_size: 16000", "vocab_size: {at_most: 16000}"), ("max_steps: 1000", f"max_steps: 1000{more}"))
    assert len([f for f in meant(tmp_path, *changes).findings if f.code == "R103"]) == found


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("optimizer", "muon", "optimizer is adamw here and muon there"),
        ("batch", 16, "a step has 8 rows here and 16 there"),
        ("seed", 7, "seed is 0 here and 7 there"),
        ("model", {"vocab_size": 8000}, "vocab_size is 16000 here and 8000 there"),
        ("attn_implementation", "eager", "attn_implementation is auto here and eager there"),
        ("dropout", 0.1, "dropout is 0 here and 0.1 there"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, name: str, value: Any, words: str):
    """As the run would name it, hours later."""
    keep(tmp_path, {**STATE, "facts": {**FACTS, name: value}})
    (said,) = told(tmp_path, "first")
    assert said.split("; ")[0] == f"R103: error: this training cannot go on from that one: {words}"


def put_in_store(folder: Path, recipe: str, state: Any) -> None:
    """`state` is what the training of a recipe left in the store."""
    artifact = folder / ".recipe" / "store" / "objects" / "d1" / "artifact"
    artifact.mkdir(parents=True)
    (artifact / "artifact.json").write_text(json.dumps({"kind": "Checkpoint", "format": 1}))
    if state is not None:
        (artifact / "state").mkdir()
        (artifact / "state" / "state.json").write_text(json.dumps(state))
    (folder / ".recipe" / "last").mkdir()
    rows = {"train": {"digest": "d1", "key": "k1", "kind": "Checkpoint", "run": "r1"}}
    (folder / ".recipe" / "last" / f"{recipe}.json").write_text(json.dumps({"format": 1, "steps": rows}))


def of_another_recipe(folder: Path, state: Any, more: str = "scheduler: constant\n    warmup_steps: 50") -> list[str]:
    """What is said when `state` is what the training of a recipe called first left in the store."""
    put_in_store(folder, "first", state)
    changed = meant(folder, ("max_steps: 1000", f"max_steps: 1000\n    {more}\n    resume_from: {{recipe: first, step: train}}"))
    return [f"{f.code}: {f.message}; {f.fix}" for f in changed.findings if f.code[:2] in ("C0", "R1", "L0")]


def test_another_recipes_training_is_compared_in_the_store(tmp_path: Path):
    """What differs is named before the run, as it is for a folder."""
    sizes = {"family": "mamba", "d_model": 256}
    said = of_another_recipe(tmp_path, {**STATE, "facts": {**FACTS, "optimizer": "muon", "model": sizes}})
    assert said == [
        "R103: this training cannot go on from that one: optimizer is adamw here and muon there; d_model is 512 here and 256 there; write "
        "the same, or start from its weights alone: model: {base: {recipe: first, step: train}}"
    ]


def test_another_recipes_training_that_is_the_same_goes_on(tmp_path: Path):
    """Nothing is said, but that another schedule is another."""
    assert of_another_recipe(tmp_path / "same", STATE) == []
    assert [line[:4] for line in of_another_recipe(tmp_path / "cosine", STATE, "warmup_steps: 50")] == ["R105"]
    assert [line[:4] for line in of_another_recipe(tmp_path / "bare", None)] == ["R102"]


@pytest.mark.parametrize(
    ("state", "more", "fix"),
    [
        (STATE, "scheduler: constant\n    warmup_steps: 50", "resume_from: {path: runs/r1/artifacts/train} goes on from there"),
        (STATE, "warmup_steps: 50",
         "resume_from: {path: runs/r1/artifacts/train} goes on from there, and the rate jumps: it fell for fewer steps"),
        ({**STATE, "progress": {"step": 1000}}, "scheduler: constant\n    warmup_steps: 50", None),
        ({**STATE, "facts": {**FACTS, "batch": 16}}, "scheduler: constant\n    warmup_steps: 50", None),
        ({**STATE, "schedule": {**RATES, "steps": 1000}}, "scheduler: constant\n    warmup_steps: 50", None),
        (None, "scheduler: constant", None),
    ],
    ids=["constant", "cosine", "as long", "another batch", "ended early", "no state"],
)  # fmt: skip
def test_a_longer_training_is_told_what_is_there(tmp_path: Path, state: Any, more: str, fix: str | None):
    """After a raised max_steps: how to go on from the last run, and what that costs."""
    put_in_store(tmp_path, "sound", state)
    found = [f for f in meant(tmp_path, ("max_steps: 1000", f"max_steps: 1000\n    {more}")).findings if f.code == "R111"]
    assert [f.fix for f in found] == ([fix] if fix is not None else [])
    assert [f.message for f in found] in ([], ["the last run trained 500 of these 1,000 steps, and this one begins at the first"])


@pytest.mark.parametrize(
    ("before", "goes_on"),
    [
        ("", True),
        ("\n    save_steps: 10", True),
        ("\n    learning_rate: 1e-3\n    beside: none", False),
        ("\n    z_loss: 1e-4", False),
        ("\n    early_stopping: {patience: 3}", False),
        ("\n    early_stopping: {patience: 3}\n    eval_steps: 100", True),
        ("\n    early_stopping: {patience: 3}\n    eval_steps: 300", False),
        ("\n    warmup_ratio: 0.1", False),
    ],
    ids=[
        "the same",
        "no part of the key",
        "nothing beside it",
        "another",
        "validations elsewhere",
        "there too",
        "not at its end",
        "warmed up longer",
    ],
)
def test_one_that_goes_on_by_itself_is_told(tmp_path: Path, before: str, goes_on: bool):
    """Where its length alone is another, and the run will take what the last one did."""
    there = "" if "z_loss" in before else before.replace("\n    beside: none", "")
    steady = "\n    scheduler: constant" + ("" if "warmup" in before else "\n    warmup_steps: 50")
    (train,) = [step for step in meant(tmp_path, ("max_steps: 1000", f"max_steps: 500{steady}{there}")).steps if step.type == "train"]
    assert train.params is not None
    put_in_store(tmp_path, "sound", STATE)
    store = Store(tmp_path).open()
    parts = {f"param {name}": value for name, value in keyed(train.params).items()}
    parts |= {f"source {read.name}": read.identity for read in train.step.reads_function(train.params, tmp_path)}  # type: ignore[misc,union-attr]
    store.remember(Entry("k1", "d1", "Checkpoint", {**parts, "param precision": "fp16", "seed": 0}))
    if "beside" not in before:
        (store.side("k1") / "state").mkdir(parents=True)
        (store.side("k1") / "state" / "progress.json").write_text("{}")
    changed = ("max_steps: 1000", f"max_steps: 1000{steady}{before.replace(chr(10) + '    beside: none', '')}")
    (found,) = [f for f in meant(tmp_path, changed).findings if f.code == "R111"]
    ends = "goes on from there, if what it trains on is the same" if goes_on else "begins at the first"
    assert found.message == f"the last run trained 500 of these 1,000 steps, and this one {ends}"
    assert found.fix == ("nothing to do" if goes_on else "resume_from: {path: runs/r1/artifacts/train} goes on from there")


@pytest.mark.parametrize(
    ("stands", "ends"),
    [
        (400, "goes on from step 400, where its rate began to fall, if what it trains on is the same"),
        (0, "begins at the first"),
    ],
)
def test_a_wsd_goes_on_where_its_rate_began_to_fall(tmp_path: Path, stands: int, ends: str):
    """Where the state of that step stands beside the last run's training."""
    wsd = "\n    scheduler: wsd\n    warmup_steps: 50"
    (train,) = [step for step in meant(tmp_path, ("max_steps: 1000", f"max_steps: 500{wsd}")).steps if step.type == "train"]
    assert train.params is not None
    put_in_store(tmp_path, "sound", {**STATE, "schedule": {**RATES, "scheduler": "wsd"}})
    store = Store(tmp_path).open()
    parts = {f"param {name}": value for name, value in keyed(train.params).items()}
    store.remember(Entry("k1", "d1", "Checkpoint", {**parts, "param precision": "fp16", "seed": 0}))
    (store.side("k1") / "state").mkdir(parents=True)
    for name in ["progress.json", "steady-best.pt", *([f"steady-{stands:08d}.pt"] if stands else [])]:
        (store.side("k1") / "state" / name).write_text("{}")
    (found,) = [f for f in meant(tmp_path, ("max_steps: 1000", f"max_steps: 1000{wsd}")).findings if f.code == "R111"]
    assert found.message == f"the last run trained 500 of these 1,000 steps, and this one {ends}"


def test_a_folder_on_another_machine_may_be_there(tmp_path: Path):
    """Nobody can look: a warning. A file is no folder anywhere."""
    assert told(tmp_path, "/data/first")[0].startswith("C002: warning: the checkpoint /data/first is not there")
    assert told(tmp_path, "recipe.yaml")[0].startswith("C002: error: recipe.yaml is a file, a checkpoint is a folder")


def test_a_run_is_answered_with_its_training(tmp_path: Path):
    """The state lies deeper: the fix says where."""
    keep(tmp_path / "runs" / "latest" / "artifacts", STATE)
    assert told(tmp_path, "runs/latest")[0].endswith("; write runs/latest/artifacts/first")


@pytest.mark.parametrize(
    ("state", "codes"),
    [("[1,", ["R102"]), ({"progress": {"step": "x"}, "facts": {"model": [1], "batch": "8"}, "schedule": {"steps": 0}}, [])],
)
def test_a_damaged_state_is_no_stumble(tmp_path: Path, state: Any, codes: list[str]):
    """It is said that there is none; of what cannot be read, nothing is said, and the rule itself goes on."""
    keep(tmp_path, state)
    assert [line[:4] for line in told(tmp_path, "first")] == codes


def test_a_step_goes_on_from_one_with_the_same_adapters(tmp_path: Path):
    """Rank, scale and stages are compared with those of a step of this recipe too; what feeds it as well."""
    text = SOUND.replace("  - type: export_ollama\n", "")
    text = text.replace("- type: train\n", "- type: train\n    id: first\n    scheduler: constant\n    warmup_steps: 50\n")
    first = text[text.index("  - type: train\n    id: first") :]
    second = first.replace("id: first", "id: second\n    resume_from: {step: first}").replace("1000", "2000")
    stages = "    stages: [{steps: 500, train: [mixer]}, {train: [all]}]\n"
    for more, words in (("", []), (stages, ["second cannot go on from first: stages are not the same in both"])):
        found = meant(tmp_path, base=text + second + more).findings
        assert [f.message for f in found if f.code == "R103"] == words
    other = text.replace("tokenize_bin\n", "tokenize_bin\n  - type: tokenize_bin\n    id: others\n    val_fraction: 0.5\n", 1)
    other = other.replace("id: first\n", "id: first\n    bins: tokenize_bin\n") + second + "    bins: others\n"
    found = meant(tmp_path, base=other).findings
    assert [f.message for f in found if f.code == "R103"] == [
        "second cannot go on from first: its tokens come from others here and from tokenize_bin there"
    ]


def test_a_step_that_cannot_be_gone_on_from_is_not_compared(tmp_path: Path):
    """Itself, or a later one: that alone is told."""
    found = meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    resume_from: {step: train}")).findings
    assert [f.code for f in found if f.severity == "error"] == ["L004"]
    assert not any(f.code[:2] == "R1" for f in found)


@pytest.mark.parametrize("named", ["step: train", "recipe: sound, step: train"])
def test_a_training_that_is_to_go_on_from_itself(tmp_path: Path, named: str):
    """It does so by itself; nothing is said of steps that would be left."""
    found = meant(tmp_path, ("max_steps: 1000", f"max_steps: 1000\n    resume_from: {{{named}}}")).findings
    told = [(f.code, f.fix) for f in found if f.code in ("L004", "L020", "R104")]
    assert told == [("L004", "delete resume_from: a training that was stopped, or is made longer, goes on by itself when it is run again")]


def test_a_step_that_is_no_training_is_told_to_name_another(tmp_path: Path):
    """It goes on by no means: its input is what another makes."""
    found = meant(tmp_path, ("type: tokenize_bin", "type: tokenize_bin\n    corpus: {recipe: sound, step: tokenize_bin}")).findings
    assert [(f.code, f.fix) for f in found if f.code == "L004"] == [("L004", "name another step, or delete corpus")]


@pytest.mark.parametrize(("here", "words"), [("0.1", []), ("0", ["second cannot go on from first: dropout is 0 here and 0.1 there"])])
def test_a_dropout_is_compared_between_steps(tmp_path: Path, here: str, words: list[str]):
    """A state keeps it beside its network."""
    text = SOUND.replace("  - type: export_ollama\n", "").replace("family: mamba", "family: mamba, dropout: 0.1")
    text = text.replace("- type: train\n", "- type: train\n    id: first\n    scheduler: constant\n    warmup_steps: 50\n")
    first = text[text.index("  - type: train\n    id: first") :]
    second = first.replace("id: first", "id: second\n    resume_from: {step: first}").replace("1000", "2000")
    found = meant(tmp_path, base=text + second.replace("dropout: 0.1", f"dropout: {here}")).findings
    assert [f.message for f in found if f.code == "R103"] == words
