"""Rules about trainings in phases: what cannot be begun with is known before it is trained."""

import json
from pathlib import Path

import pytest

from tests.runner.judged import SOUND, meant, said

SECOND = """\
  - type: train
    id: second
    model: {family: mamba_hebbian, d_model: 512, n_layers: 12}
    init_from: {step: train}
    max_steps: 1000
  - {type: export_ollama, checkpoint: train}
"""
TWO = SOUND.replace("  - type: export_ollama\n", SECOND)


def test_a_second_phase_of_the_same_sizes_is_sound(tmp_path: Path):
    """More layers and a memory are new, and may be."""
    assert said(tmp_path, base=TWO) == []
    assert said(tmp_path, ("hebbian, d_model: 512, n_layers: 12", "hebbian, d_model: 512, n_layers: 14"), base=TWO) == []


@pytest.mark.parametrize(
    ("sizes", "code", "words"),
    [
        (
            "family: mamba_hebbian, d_model: 256, n_layers: 12",
            "R108",
            "backbone.embeddings.weight is 16000 x 256 here and 16000 x 512 there",
        ),
        ("family: mamba_hebbian, d_model: 512, n_layers: 12, d_state: 8", "R108", "mixer.A_log is 1024 x 8 here and 1024 x 16 there"),
        ("family: llama, d_model: 512, n_layers: 12", "R109", "no weight of a mamba has a name that a llama has"),
    ],
)
def test_weights_that_do_not_fit(tmp_path: Path, sizes: str, code: str, words: str):
    """By name and shape, at the key that asks for them."""
    found = meant(tmp_path, ("family: mamba_hebbian, d_model: 512, n_layers: 12", sizes), base=TWO).findings
    assert [(f.code, f.path[-2:]) for f in found] == [(code, ("second", "init_from"))]
    assert words in found[0].message


def test_a_tokenizer_of_at_most_so_many_pieces_may_be_as_large_as_the_first_one(tmp_path: Path):
    """Its size is known when it is made; the other sizes are compared."""
    one = SOUND.replace("vocab_size: 16000", "vocab_size: {at_most: 16000}")
    one = one.replace("    max_steps: 1000\n", "    max_steps: 1000\n    init_from: {path: runs/old}\n")
    (tmp_path / "runs" / "old").mkdir(parents=True)
    config = {"model_type": "mamba", "hidden_size": 512, "num_hidden_layers": 12, "vocab_size": 9000, "expand": 2, "state_size": 16}
    for changed, codes in (({}, []), ({"vocab_size": 17000}, ["R108"]), ({"state_size": 32}, ["R108"])):
        (tmp_path / "runs" / "old" / "config.json").write_text(json.dumps({**config, **changed}))
        assert [code for code in said(tmp_path, base=one) if "R1" in code] == codes


def test_a_folder_is_looked_at(tmp_path: Path):
    """It must be there, and its config says what its weights are."""
    one = SOUND.replace("    max_steps: 1000\n", "    max_steps: 1000\n    init_from: {path: runs/old}\n")
    assert said(tmp_path, base=one) == ["C002"]
    (tmp_path / "runs" / "old").mkdir(parents=True)
    config = {"model_type": "mamba", "hidden_size": 512, "num_hidden_layers": 12, "vocab_size": 16000, "expand": 2, "state_size": 32}
    (tmp_path / "runs" / "old" / "config.json").write_text(json.dumps(config))
    assert said(tmp_path, base=one) == ["R108"]
    (tmp_path / "runs" / "old" / "config.json").write_text(json.dumps({**config, "state_size": 16}))
    assert said(tmp_path, base=one) == []


def test_a_run_is_no_checkpoint_and_its_training_is_named(tmp_path: Path):
    """Weights and bases lie below artifacts/; what a check vouched for is the same one and is not named twice."""
    for step in ("train", "validate_checkpoint"):
        folder = tmp_path / "runs" / "old" / "artifacts" / step
        folder.mkdir(parents=True)
        (folder / "artifact.json").write_text('{"kind": "Checkpoint", "digest": "a"}')
        (folder / "model.safetensors").write_bytes(b"w")
        (folder / "config.json").write_text("{}")
    first = SOUND.replace("    max_steps: 1000\n", "    max_steps: 1000\n    init_from: {path: runs/old}\n")
    base = SOUND.replace("model: {family: mamba, d_model: 512, n_layers: 12}", "model: {base: {path: runs/old}}\n    objective: sft")
    given = SOUND.replace("  - type: export_ollama\n", "  - type: export_ollama\n    checkpoint: {path: runs/old}\n")
    for code, text in (("C001", first), ("H022", base), ("L022", given)):
        (finding,) = [f for f in meant(tmp_path, base=text).findings if f.code == code]
        assert finding.fix == "write runs/old/artifacts/train", code


@pytest.mark.parametrize(("word", "fix"), [("train", "{step: train}"), ("runs/old", "{path: runs/old}")])
def test_a_name_alone_is_mended(tmp_path: Path, word: str, fix: str):
    """A step where it has no slash, else a folder."""
    (found,) = meant(tmp_path, ("init_from: {step: train}", f"init_from: {word}"), base=TWO).findings
    assert (found.code, found.fix, len(found.edits)) == ("K002", f"write init_from: {fix}", 1)


STAGES = "    max_steps: 1000\n    stages: [{steps: 100, train: [PART]}, {train: [all]}]\n"


def test_patterns_of_stages_are_looked_up_in_the_names(tmp_path: Path):
    """A slip of the pen is named at its place, with the nearest part of a name, before anything is trained."""
    (found,) = meant(tmp_path, ("    max_steps: 1000\n", STAGES.replace("PART", "mixr"))).findings
    assert (found.code, found.path[-4:], found.fix) == ("S024", ("stages", 0, "train", 0), "write mixer")
    assert said(tmp_path, ("    max_steps: 1000\n", STAGES.replace("PART", "layers.11.mixer"))) == []
    assert said(tmp_path, ("    max_steps: 1000\n", STAGES.replace("PART", "layers.12"))) == ["S024"]
    assert said(tmp_path, ("    max_steps: 1000\n", STAGES.replace("{steps: 100", "{steps: 1000").replace("PART", "mixer"))) == ["S023"]


@pytest.mark.parametrize(
    ("part", "codes"), [("lm_head", ["(S026)"]), ("embeddings", ["(S026)"]), ("lm_head, embeddings", []), ("mixer", [])]
)
def test_a_stage_of_one_end_of_a_tied_weight(tmp_path: Path, part: str, codes: list[str]):
    """It trains the other end too; with two weights nothing is said."""
    stages = ("    max_steps: 1000\n", STAGES.replace("PART", part))
    assert said(tmp_path, stages) == codes
    assert said(tmp_path, stages, ("n_layers: 12", "n_layers: 12, tie_embeddings: false")) == []


def tokenizer(folder: Path, tokens: list[str]) -> None:
    """A model's folder of which the tokenizer can be read."""
    folder.mkdir(parents=True)
    data = {"model": {"type": "BPE", "vocab": {token: number for number, token in enumerate(tokens)}, "merges": []}}
    (folder / "tokenizer.json").write_text(json.dumps(data), "utf-8")


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["<pad>", "<unk>", "<s>", "</s>", *map(str, range(15996))], None),
        (["<pad>", "<unk>", "<s>", "</s>", "a"], "old was trained on 5 tokens, train_tokenizer makes 16,000: its rows mean other pieces"),
        (["<unk>", "<s>", "</s>", *map(str, range(15997))], "token 0 is '<pad>' here and '<unk>' in old: its rows mean other pieces"),
    ],
)
def test_weights_of_a_folder_with_another_tokenizer(tmp_path: Path, tokens: list[str], message: str | None):
    """The run refuses them at its first step; by size or first tokens that is known before."""
    tokenizer(tmp_path / "old", tokens)
    found = meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    init_from: {path: old}")).findings
    assert [f.message for f in found if f.code == "V106"] == ([message] if message else [])


LEARNED = SOUND.replace("family: mamba, d_model: 512, n_layers: 12", "family: gpt2, d_model: 512, n_layers: 12")
AGAIN = """\
  - type: train
    id: second
    model: {MODEL}
    max_seq_length: LENGTH
    max_steps: 1000
  - {type: export_ollama, checkpoint: train}
"""


@pytest.mark.parametrize(
    ("model", "length", "found"),
    [
        ("family: gpt2, d_model: 512, n_layers: 12}\n    init_from: {step: train", 512, []),
        ("family: gpt2, d_model: 512, n_layers: 12}\n    init_from: {step: train", 256, [("R108", "init_from")]),
        ("family: gpt2, d_model: 512, n_layers: 12}\n    init_from: {step: train", 1024, [("R108", "init_from")]),
        ("base: {step: train}", 512, []),
        ("base: {step: train}", 256, []),
        ("base: {step: train}", 1024, [("M101", "max_seq_length")]),
    ],
)
def test_positions_that_were_learned_are_as_many(tmp_path: Path, model: str, length: int, found: list[tuple[str, str]]):
    """First weights want the very length; a base takes shorter rows, too."""
    second = AGAIN.replace("MODEL", model).replace("LENGTH", str(length))
    result = meant(tmp_path, base=LEARNED.replace("  - type: export_ollama\n", second)).findings
    assert [(f.code, f.path[-1]) for f in result] == found
    assert all(f.edits[0].value == 512 for f in result)


def test_a_base_that_was_trained_on_a_base_has_its_positions(tmp_path: Path):
    """However many trainings lie between, and whatever length their rows have."""
    second = AGAIN.replace("MODEL", "base: {step: train}").replace("LENGTH", "256")
    third = AGAIN.replace("MODEL", "base: {step: second}").replace("LENGTH", "1024").replace("id: second", "id: third")
    text = LEARNED.replace("  - type: export_ollama\n", second.split("  - {")[0] + third)
    assert [(f.code, f.path[1]) for f in meant(tmp_path, base=text).findings] == [("M101", "third")]
