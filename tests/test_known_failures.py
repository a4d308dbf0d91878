"""Failures that users of other trainers reported: each is a case of the gallery, or a test below shows that it cannot happen here."""

import json
from pathlib import Path

import pytest

from runner.judge import judge
from runner.resolve import mean
from runner.surroundings import standing_in
from tests.gallery_update import GALLERY, machine
from tests.runner.judged import SOUND, meant, said

KNOWN = json.loads((GALLERY / "known.json").read_text("utf-8"))
CASES = sorted({entry["case"] for entry in KNOWN.values() if "case" in entry})
TESTS = sorted({entry["test"] for entry in KNOWN.values() if "test" in entry})


def findings(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HF_HUB_CACHE", str(GALLERY / "hub"))
    with standing_in(machine(folder)):
        return judge(mean(Path(name)))


def test_every_known_failure_has_its_test():
    """103 of them; each names a case or a test of this file, once."""
    assert len(KNOWN) == 103
    assert all(("case" in entry) != ("test" in entry) for entry in KNOWN.values())
    assert [name for name in TESTS if name not in globals()] == []


@pytest.mark.parametrize("name", CASES)
def test_the_mistake_is_found_and_the_repaired_recipe_passes(name: str, monkeypatch: pytest.MonkeyPatch):
    """The code in the folder's name is raised; what --fix leaves, or the repaired recipe, has it no more and no other mistake."""
    folder = GALLERY / name
    assert name[:4].upper() in {f.code for f in findings(folder, "recipe.yaml", monkeypatch)}
    right = "repaired.yaml" if (folder / "repaired.yaml").exists() else "fixed.yaml"
    left = findings(folder, right, monkeypatch)
    assert [f"{f.code}: {f.message}" for f in left if f.severity != "info" or f.code == name[:4].upper()] == []


def test_exponents_are_numbers(tmp_path: Path):
    """YAML 1.2: 1e-4 needs no dot and no sign, so no example can carry it as text."""
    result = meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    learning_rate: 1e-4"))
    assert result.step("train").raw["learning_rate"] == 0.0001
    assert result.findings == []


def test_65536_ids_fit_16_bits(tmp_path: Path):
    """The largest id counts, not their number."""
    bins = ("- type: tokenize_bin", "- {type: tokenize_bin, dtype: uint16}")
    assert "D121" not in said(tmp_path, ("vocab_size: 16000", "vocab_size: 65536"), bins)
    assert "D121" in said(tmp_path, ("vocab_size: 16000", "vocab_size: 65537"), bins)


def test_more_rows_than_tokens_are_filled_up():
    """An embedding that was rounded up gets unused pieces in GGUF, so that both count the same."""
    from steps.export.vocabulary import GgufVocabulary

    padded = GgufVocabulary("llama", [b"a", b"b"], [1, 1], [0.0, 0.0]).padded(4)
    assert (padded.size, padded.pieces[2:]) == (4, [b"[PAD2]", b"[PAD3]"])


def test_the_target_is_judged_and_not_this_machine(tmp_path: Path):
    """bf16 for an A100 is right on a laptop, and wrong for a T4 on a machine that has it."""
    asked = ("max_steps: 1000", "max_steps: 1000\n    precision: bf16")
    assert said(tmp_path, ("target: t4", "target: a100"), asked) == []
    assert said(tmp_path, asked) == ["P101"]


def test_a_misspelt_variable_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """CUDA__VISIBLE_DEVICES has no effect; a variable of one's own is nobody's business."""
    monkeypatch.setenv("CUDA__VISIBLE_DEVICES", "1")
    monkeypatch.setenv("CUDA_ROOT_OF_MINE", "1")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = [f for f in meant(tmp_path, ("target: t4", "target: here")).findings if f.code == "H030"]
    assert [f.fix for f in found] == ['export CUDA_VISIBLE_DEVICES="$CUDA__VISIBLE_DEVICES"; unset CUDA__VISIBLE_DEVICES']


def test_no_launcher_file_is_read():
    """What accelerate wrote for another project changes nothing: no room of ours imports it or names its file."""
    rooms = [path for room in ("runner", "steps", "schemas") for path in (GALLERY.parents[1] / room).rglob("*.py")]
    assert [p.name for p in rooms if "import accelerate" in p.read_text("utf-8") or "default_config.yaml" in p.read_text("utf-8")] == []


def test_no_warm_up_is_no_warm_up():
    """An explicit zero is kept, and not taken for unset."""
    from steps.train import Train

    assert Train(max_steps=100, warmup_steps=0).warmup(100) == 0
    assert Train(max_steps=100).warmup(100) == 5


def test_the_last_step_is_saved_whatever_the_interval(tmp_path: Path):
    """949 is no multiple of 500: what is trained is the step's artifact, and nothing is lost at the end."""
    assert said(tmp_path, ("max_steps: 1000", "max_steps: 949\n    save_steps: 500")) == []
    from steps import find

    step = find("train")
    assert step is not None
    assert step.makes.kind() == "Checkpoint"


def test_a_disk_that_is_too_small_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the steps write against what is free, before the first of them runs."""
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=40960))
    assert "P011" in said(tmp_path, ("target: t4", "target: here"))


def test_texts_are_learned_whole_under_sft():
    """A text without turns is no invalid row: every token of it is learned."""
    pytest.importorskip("torch")
    from steps.lm.supervised import encode

    row = encode({"text": "ab"}, Letters())
    assert (row.ids.tolist(), row.learned.tolist()) == ([1, 97, 98, 2], [False, True, True, True])


def test_the_end_is_learned_though_it_pads():
    """Padding is masked by its place: a row's own end token is a target even where the same id fills up the batch."""
    pytest.importorskip("torch")
    from steps.lm.batches import IGNORED, pad
    from steps.lm.supervised import encode

    words = Letters()
    assert words.pad_id == words.eos_id
    targets = pad([encode({"text": "abcd"}, words), encode({"text": "a"}, words)])[1]
    assert targets.tolist() == [[97, 98, 99, 100, 2], [97, 2, IGNORED, IGNORED, IGNORED]]


class Letters:
    """A tokenizer of characters whose end token is its pad token too."""

    bos_id, eos_id, pad_id = 1, 2, 2

    def encode_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        return [ord(c) for c in text], [(i, i + 1) for i in range(len(text))]


def test_paths_start_at_the_project_and_not_at_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The same recipe means the same files from any folder."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("One.\n")
    file = tmp_path / "recipes" / "r.yaml"
    file.write_text("recipe: r\nsteps:\n  - {type: parse_corpus, sources: [{path: data/a.txt}]}\n")
    for folder in (tmp_path, tmp_path / "data", tmp_path / "recipes"):
        monkeypatch.chdir(folder)
        assert judge(mean(file)) == []


def test_what_was_edited_or_asked_otherwise_has_another_key(tmp_path: Path):
    """Neither edited data nor another number of documents is answered from a cache."""
    from runner.fingerprint import make_key
    from schemas import Read
    from schemas.machine import known
    from steps import find

    step, machine = find("parse_corpus"), known("t4")
    assert step is not None
    assert machine is not None

    def key(content: str, take: int) -> str:
        params = step.params.model_validate({"sources": [{"path": "a.txt", "take": take}]})
        return make_key(step, params, {}, [(Read("a.txt", tmp_path / "a.txt"), content)], 0, machine).value

    assert len({key("one", 100), key("two", 100), key("one", 7)}) == 3
    assert key("one", 100) == key("one", 100)


def test_a_mamba_needs_no_kernels(monkeypatch: pytest.MonkeyPatch):
    """Without mamba-ssm, or with one that does not import, the scan in PyTorch computes it."""
    pytest.importorskip("torch")
    import sys

    import torch

    from steps.lm import kernels

    monkeypatch.setattr(kernels, "_found", {})
    monkeypatch.setitem(sys.modules, "mamba_ssm", None)
    monkeypatch.setitem(sys.modules, "causal_conv1d", None)
    assert kernels.path(torch.device("cuda"), "mamba", "own scan") == "own scan: mamba-ssm does not import here"


def test_a_wheel_for_another_torch_is_told_and_the_training_goes_on_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """One whose symbols this torch does not have: the reason is said, and the scan in PyTorch computes it."""
    pytest.importorskip("torch")
    import sys

    import torch

    from steps.lm import kernels

    (tmp_path / "mamba_ssm").mkdir()
    broken = 'raise ImportError("selective_scan_cuda.so: undefined symbol: _ZN3c104cuda9SetDeviceEi")\n'
    (tmp_path / "mamba_ssm" / "__init__.py").write_text(broken)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(kernels, "_found", {})
    for name in [name for name in sys.modules if name.partition(".")[0] == "mamba_ssm"]:
        monkeypatch.delitem(sys.modules, name)
    assert kernels.path(torch.device("cuda"), "mamba", "own scan").startswith("own scan: mamba-ssm does not import here")


def test_accumulation_is_not_divided_by_the_cards_that_are_there(tmp_path: Path):
    """A step has the same tokens on one card and where eight are in sight, since a train step uses one."""
    written = ("max_steps: 1000", "max_steps: 1000\n    batch_size: 2\n    gradient_accumulation_steps: 40")
    tokens = []
    for target in ("t4", "{gpu: t4, count: 8}"):
        made = meant(tmp_path, written, ("target: t4", f"target: {target}")).step("train").forecast
        tokens.append(made.tokens)
    assert tokens[0] == tokens[1] == 1000 * 80 * 512


def test_the_modelfile_has_the_template_of_training():
    """Ollama is told how conversations were written: nothing is left to its guess."""
    from steps.export.modelfile import chat_template, modelfile
    from steps.text.chat import render

    text = modelfile("m.gguf", chat_template(), {"stop": ["<|end|>"]})
    assert "TEMPLATE" in text
    assert 'PARAMETER stop "<|end|>"' in text
    assert render([{"role": "user", "content": "a"}]).text.startswith("<|user|>\n")


def test_the_sound_recipe_is_sound(tmp_path: Path):
    """What the tests above change is right as it stands."""
    assert said(tmp_path, base=SOUND) == []
