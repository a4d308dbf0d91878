"""Rules about training, on models of the hub whose sizes are known: what fits a card, what is adapted, what begins a network."""

import sys
from pathlib import Path

import pytest

from tests.runner.judged import meant, said
from tests.runner.test_rules_training import HUB, QWEN, STEPS, TUNED

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import SFT, Case, findings


@pytest.mark.parametrize(
    ("name", "more", "fix", "edits"),
    [
        ("state-spaces/mamba-130m", "", "write hub: state-spaces/mamba-130m-hf", 1),
        ("state-spaces/mamba-2.8b", ", revision: abc1234", "write hub: state-spaces/mamba-2.8b-hf, without revision", 0),
        ("state-spaces/mamba2-370m", "", "take one that ends in -hf, such as state-spaces/mamba-130m-hf", 0),
        ("state-spaces/mamba-130m-hf", "", "", 0),
    ],
)
def test_a_checkpoint_of_mamba_ssm_is_known_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: str, fix: str, edits: int
):
    """Without a network: the same weights for transformers end in -hf."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    changes = HUB | {"target: rtx4090": "target: a100-80", "{path: HUB}": f"{{hub: {name}{more}}}"}
    found = [f for f in findings(Case("test", "test", SFT, changes), tmp_path / "project") if f.code == "C002"]
    assert [(f.fix, len(f.edits)) for f in found] == ([(fix, edits)] if fix else [])


LORA, METHOD = "    lora: {r: 8, lora_alpha: 16}\n", "    method: lora\n"
TABLES = "    lora: {r: 8, lora_alpha: 16, modules_to_save: [embed_tokens, lm_head]}\n"


@pytest.mark.parametrize(
    ("name", "card", "changes", "fix", "mended"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "rtx4090", {}, "write batch_size: 1; gradient accumulation follows, the effective batch stays",
         {"    total_batch_size: 8\n": "    total_batch_size: 8\n    batch_size: 1\n"}),
        ("Qwen/Qwen2.5-7B-Instruct", "rtx3060", {}, "write method: qlora, with batch_size: 1",
         {METHOD: "    method: qlora\n    batch_size: 1\n"}),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "rtx4090", {LORA: TABLES},
         "delete modules_to_save: [embed_tokens, lm_head] from lora, with batch_size: 1", {TABLES: LORA + "    batch_size: 1\n"}),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "a100-80", {LORA: TABLES}, "", {}),
        ("Qwen/Qwen2.5-1.5B-Instruct", "rtx4090", {METHOD: "    method: full\n", LORA: ""}, "write method: lora",
         {"    method: full\n": METHOD}),
        ("Qwen/Qwen2.5-1.5B-Instruct", "rtx4090", {"max_seq_length: 512": "max_seq_length: 8192\n    batch_size: 1"},
         "write activation_checkpointing: true", {"    batch_size: 1\n": "    batch_size: 1\n    activation_checkpointing: true\n"}),
        ("Qwen/Qwen2.5-72B-Instruct", "rtx4090", {}, "take a smaller model, or a target with 159 GiB, for one row at a time", {}),
    ],
    ids=["batch", "qlora", "tables", "room", "adapters", "again", "nothing"],
)  # fmt: skip
def test_only_what_fits_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, card: str, changes: dict[str, str], fix: str, mended: dict[str, str]
):
    """The mildest change whose own forecast fits; where it is made, nothing is said."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    hub = {old: new.replace("{target}", card) for old, new in HUB.items()} | {"models/base}}": "HUB}}"}
    written = {old: new.replace("Qwen/Qwen2.5-7B-Instruct", name) for old, new in hub.items()} | {"{path: HUB}": QWEN.replace(
        "Qwen/Qwen2.5-7B-Instruct", name)} | changes  # fmt: skip
    found = [f for f in findings(Case("test", "test", SFT, written), tmp_path / "one") if f.code == "B010"]
    assert [f.fix for f in found] == ([fix] if fix else [])
    if mended:
        again = Case("test", "test", Case("test", "test", SFT, written).text(), mended)
        assert [f for f in findings(again, tmp_path / "two") if f.code == "B010"] == []


def test_a_new_model_for_which_no_batch_fits_is_offered_none(tmp_path: Path):
    """--fix writes no micro-batch of one that ends the same way."""
    large = ("family: mamba, d_model: 512, n_layers: 12", "family: llama, d_model: 4096, n_layers: 32")
    found = [f for f in meant(tmp_path, large, (STEPS, f"{STEPS}\n    batch_size: 512")).findings if f.code == "B010"]
    assert [(f.fix[:26], f.edits) for f in found] == [("take a smaller model, or a", ())]


def test_a_plan_that_finds_no_batch_is_told_before_the_run(tmp_path: Path):
    """It would end the run with B102."""
    plan = ("  - type: train\n", "  - type: plan\n  - type: train\n")
    large = ("family: mamba, d_model: 512, n_layers: 12", "family: llama, d_model: 4096, n_layers: 32")
    assert "B010" in said(tmp_path, plan, large, (STEPS, f"{STEPS}\n    max_seq_length: 512"))


ADAPTER = {
    "out/adapter/adapter_config.json": {
        "peft_type": "LORA",
        "r": 8,
        "base_model_name_or_path": "models/base",
    },
    "out/adapter/adapter_model.safetensors": {"safetensors": {"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": (8, 64)}},
}
BEGUN = "    learning_rate: 2e-4\n    init_from: {path: out/adapter}\n"


@pytest.mark.parametrize(
    ("changes", "codes", "fix"),
    [
        ({"    learning_rate: 2e-4\n": BEGUN}, ["R107", "C040"], "delete init_from: a new adapter is trained on the base; "),
        ({"    learning_rate: 2e-4\n": BEGUN, "    model: {base: {path: models/base}}\n": "", METHOD + LORA: ""},
         ["C040"], "delete init_from; to go on from it, merge it"),
    ],
    ids=["beside a base", "for a new network"],
)  # fmt: skip
def test_an_adapter_alone_begins_no_network(tmp_path: Path, changes: dict[str, str], codes: list[str], fix: str):
    """Nobody is told to delete the base instead."""
    found = [f for f in findings(Case("test", "test", SFT, changes, ADAPTER), tmp_path / "project") if f.path[2:3] == ("init_from",)]
    assert [f.code for f in found] == codes
    assert found[-1].fix.startswith(fix)
    assert found[0].fix.startswith("delete init_from")


TOKENS = {
    "  - type: split_long\n    max_tokens: 512\n": "  - type: tokenize_bin\n    dtype: {dtype}\n",
    "    objective: sft\n": "",
}


@pytest.mark.parametrize(
    ("name", "dtype", "said"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "uint16", "the tokenizer is of a model with 152,064 rows: uint32 is needed"),
        ("google/gemma-2-2b", "uint16", "the tokenizer is of a model with 256,000 rows: uint32 is needed"),
        ("Qwen/Qwen2.5-7B-Instruct", "uint32", ""),
        ("mistralai/Mistral-7B-v0.1", "uint16", ""),
        ("somebody/unknown", "uint16", ""),
    ],
)
def test_sixteen_bits_for_a_base_whose_rows_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, dtype: str, said: str):
    """By the name on the hub alone; rows that may be padding do not count."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    changes = {
        "checkpoint: {path: models/base}": f"checkpoint: {{hub: {name}}}",
        "{base: {path: models/base}}": f"{{base: {{hub: {name}}}}}",
    }
    changes |= {old: new.replace("{dtype}", dtype) for old, new in TOKENS.items()}
    found = [f for f in findings(Case("test", "test", SFT, changes), tmp_path / "project") if f.code == "D121"]
    assert [(f.message.split(", ", 1)[1], f.edits[0].value) for f in found] == ([(said, "auto")] if said else [])


@pytest.mark.parametrize(
    ("layers", "fixes"),
    [
        ("q_proj, v_proj", ["write target_modules: [in_proj, x_proj]"] * 2),
        ("in_prj", ["write in_proj"]),
        ("x_proj, x_proj", ["write target_modules: [x_proj]"]),
        ("in_proj, x_poj", ["write x_proj"]),
    ],
)
def test_names_of_another_family_are_mended_as_a_list(tmp_path: Path, layers: str, fixes: list[str]):
    """Each by itself would become the same name, and a name that stands twice is told."""
    found = meant(tmp_path, ("  - type: export_ollama\n", TUNED), ("[in_proj]", f"[{layers}]")).findings
    assert [f.fix for f in found if f.code == "A101"] == fixes
