"""Rules about training: schedule, memory, precision, adapters, devices."""

import sys
from pathlib import Path

import pytest

from tests.runner.judged import STORIES, meant, said

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import SFT, Case, findings

STEPS = "max_steps: 1000"


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("eval_steps: 1000\n    save_steps: 1000", []),
        ("eval_steps: 1001", ["S011"]),
        ("save_steps: 5000", ["S011"]),
        ("warmup_steps: 0", []),
        ("expect: {1000: {train_loss: [3, 4]}}", []),
        ("expect: {1001: {train_loss: [3, 4]}}", ["S012"]),
        ("warmup_steps: 1000", ["S003"]),
        ("warmup_steps: 960", ["S003"]),
        ("warmup_steps: 500", []),
        ("learning_rate: 6e-2", ["S014"]),
        ("learning_rate: 2e-2", []),
        ("learning_rate: 4e-6", ["S014"]),
        ("learning_rate: 5e-6", []),
        ("learning_rate: 1e-3\n    min_lr: 1e-3", ["S005"]),
        ("scheduler: wsd\n    decay_share: 0", ["S003"]),
        ("early_stopping: {patience: 2, min_delta: 1.0}", ["S016"]),
        ("z_loss: 0.1", ["S016"]),
        ("z_loss: 1e-3", []),
        ("warmup_ratio: 0.9", ["S016"]),
        ("warmup_ratio: 0.5", []),
        ("num_train_epochs: 2", ["S001"]),
    ],
)
def test_what_is_planned_lies_within_the_run(tmp_path: Path, lines: str, codes: list[str]):
    """Intervals, warm-up and expected figures beyond the last step are told; those at it are right."""
    assert said(tmp_path, (STEPS, f"{STEPS}\n    {lines}")) == codes


def test_a_warm_up_longer_than_the_epochs(tmp_path: Path):
    """Without max_steps the length follows from the text; the finding is a warning, since that is an estimate."""
    (tmp_path / "a.txt").write_text("one two three four five " * 20_000, "utf-8")
    changes = (
        (STORIES, "{path: a.txt}"),
        ("vocab_size: 16000", "vocab_size: 1000"),
        (STEPS, "num_train_epochs: 1\n    warmup_steps: 5000"),
    )
    found = [f for f in meant(tmp_path, *changes).findings if f.code == "S003"]
    assert [(f.severity, f.edits[0].key) for f in found] == [("warning", "warmup_ratio")]


@pytest.mark.parametrize(
    ("target", "precision", "codes"),
    [
        ("t4", "bf16", ["P101"]),
        ("t4", "fp16", []),
        ("t4", "auto", []),
        ("v100", "bf16", ["P101"]),
        ("a100", "bf16", []),
        ("m2-16gb", "fp16", []),
    ],
)
def test_number_formats_of_the_target(tmp_path: Path, target: str, precision: str, codes: list[str]):
    """The target decides, not the machine that the recipe is checked on."""
    assert said(tmp_path, ("target: t4", f"target: {target}"), (STEPS, f"{STEPS}\n    precision: {precision}")) == codes


def test_a_batch_too_large_for_the_card_is_made_smaller(tmp_path: Path):
    """The fix keeps the effective batch: less at a time, more often."""
    large = (STEPS, f"{STEPS}\n    batch_size: 512\n    max_seq_length: 1024")
    (finding,) = meant(tmp_path, large).findings
    sizes = {edit.path[-1]: edit.value for edit in finding.edits}
    assert finding.code == "B010"
    assert sizes["batch_size"] * sizes["gradient_accumulation_steps"] == 512
    assert said(tmp_path, large, ("512\n    max_seq", f"{sizes['batch_size']}\n    max_seq")) == []


def test_a_plan_step_chooses_a_batch_that_fits(tmp_path: Path):
    """Without a written micro-batch the plan decides; with one, it is told all the same."""
    plan = ("  - type: train\n", "  - type: plan\n  - type: train\n")
    wide = ("family: mamba, d_model: 512, n_layers: 12", "family: llama, d_model: 1024, n_layers: 12")
    assert said(tmp_path, plan, wide, (STEPS, f"{STEPS}\n    total_batch_size: 512\n    max_seq_length: 4096")) == []
    written = f"{STEPS}\n    batch_size: 512\n    max_seq_length: 4096"
    assert said(tmp_path, plan, wide, (STEPS, written)) == ["B010"]


def test_a_model_too_large_for_the_card(tmp_path: Path):
    """No batch helps: the finding points at the model and offers no edit."""
    found = meant(tmp_path, ("family: mamba, d_model: 512, n_layers: 12", "family: llama, d_model: 4096, n_layers: 32")).findings
    (finding,) = [f for f in found if f.severity != "info"]  # how full this machine's disk would be is only told
    assert (finding.code, finding.path[-1], finding.edits) == ("B010", "model", ())


def test_a_small_network_behind_a_large_table_is_mentioned(tmp_path: Path):
    """Only as information: it may be wanted."""
    assert said(tmp_path, ("d_model: 512, n_layers: 12", "d_model: 128, n_layers: 2")) == ["(M010)"]


def test_several_devices_are_not_used(tmp_path: Path):
    """Information at the target."""
    assert said(tmp_path, ("target: t4", "target: {gpu: t4, count: 4}")) == ["(P010)"]


TUNED = "  - {type: train, id: tuned, model: {base: {step: train}}, method: lora, lora: {target_modules: [in_proj]}, max_steps: 10}\n  - type: export_ollama\n    checkpoint: tuned\n"  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("layers", "codes"),
    [("in_proj, x_proj", []), ("dt_proj", []), ("out_proj", ["A102"]), ("q_proj", ["A101"]), ("embeddings", ["A102"])],
)
def test_adapters_go_where_they_learn(tmp_path: Path, layers: str, codes: list[str]):
    """Layers that do not exist, that peft refuses, or that are tied."""
    assert said(tmp_path, ("  - type: export_ollama\n", TUNED), ("[in_proj]", f"[{layers}]")) == codes


def test_memory_that_others_hold_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On this machine what is free now counts: less than the forecast is told, though the machine is large enough."""
    here = ("target: t4", "target: here")
    monkeypatch.setattr("runner.rules.memory.free_on", lambda machine: machine.usable_bytes)
    assert said(tmp_path, here) == []
    monkeypatch.setattr("runner.rules.memory.free_on", lambda machine: 2**27)
    (finding,) = [f for f in meant(tmp_path, here).findings if f.code == "B010"]
    assert finding.severity == "warning"
    assert finding.message.endswith("0.1 are free now")


def test_metal_does_not_give_all_of_the_memory(tmp_path: Path):
    """What fits 16 GB of a card does not fit the two thirds that a process may use of 16 GB on Apple Silicon."""
    large = (STEPS, f"{STEPS}\n    batch_size: 40\n    max_seq_length: 512")
    card, apple = (meant(tmp_path, ("target: t4", f"target: {name}"), large).findings for name in ("v100", "m1-16gb"))
    assert [f.code for f in card if f.code == "B010"] == []
    (finding,) = [f for f in apple if f.code == "B010"]
    assert "Apple M1, 16 GB lets a process use 10.7" in finding.message


def test_an_interval_longer_than_the_epochs_of_a_tuning(tmp_path: Path):
    """200 conversations in steps of 8 are 72 steps in 3 epochs; an interval a little beyond them may still be right."""
    changes = {"    num_train_epochs: 3\n": "    num_train_epochs: 3\n    save_steps: {n}\n"}
    for number, codes in ((500, ["S011"]), (80, [])):
        case = Case("test", "test", SFT, {old: new.replace("{n}", str(number)) for old, new in changes.items()})
        assert [f.code for f in findings(case, tmp_path / str(number)) if f.severity != "info"] == codes


@pytest.mark.parametrize(
    ("family", "words", "codes"),
    [("gpt2", 2000, ["C130"]), ("llama", 2000, ["C130"]), ("mamba", 2000, []), ("gpt2", 100, []), ("gpt2", 600, [])],
    ids=["learned positions", "turned positions", "no positions", "short", "perhaps too long"],
)
def test_a_prompt_leaves_room_for_what_follows(tmp_path: Path, family: str, words: int, codes: list[str]):
    """Without a tokenizer only what is far too long is told; rows have 512 tokens."""
    prompt = "word " * words
    changes = (STEPS, f"{STEPS}\n    max_seq_length: 512\n    samples: [{prompt!r}]"), ("family: mamba", f"family: {family}")
    assert [code for code in said(tmp_path, *changes) if code == "C130"] == codes


def told(folder: Path, recipe: str, changes: dict[str, str], files: dict[str, object] | None = None) -> list[tuple[str, str, str, str]]:
    """Code, severity, message and fix of each finding about a sound recipe that was changed."""
    found = findings(Case("test", "test", recipe, changes, files or {}), folder / "project")
    return [(f.code, f.severity, f.message, f.fix) for f in found]


@pytest.mark.parametrize(
    ("saved", "fix"), [("[embed_tokens, lm_head]", "take lm_head out"), ("[lm_head]", "write embed_tokens, which is both")]
)
def test_a_tied_head_is_no_module_of_its_own(tmp_path: Path, saved: str, fix: str):
    """Whether its matrix is stored beside the embedding's or not; untied it may be named."""
    lora = {"lora_alpha: 16}": f"lora_alpha: 16, modules_to_save: {saved}}}"}
    tied: dict[str, object] = {"models/base/config.json": {"tie_word_embeddings": True}}
    said = "lm_head is tied to embed_tokens: the two are one matrix, which is trained and saved once"
    assert ("A115", "warning", said, fix) in told(tmp_path / "tied", SFT, lora, tied)
    assert not [f for f in told(tmp_path / "untied", SFT, lora) if f[0] == "A115"]


def test_heads_that_the_convolution_does_not_take(tmp_path: Path):
    """Of a Mamba-2 on CUDA; 8 of them are taken, and on another machine none of it matters."""

    def codes(model: str, target: str = "t4") -> list[str]:
        return said(tmp_path, ("{family: mamba, d_model: 512, n_layers: 12}", model), ("target: t4", f"target: {target}"))

    assert "P014" in codes("{family: mamba2, d_model: 64, head_dim: 64}")
    assert "P014" not in codes("{family: mamba2, d_model: 64, head_dim: 16}")
    assert "P014" not in codes("{family: mamba2, d_model: 64, head_dim: 64}", "m2-16gb")


@pytest.mark.parametrize(
    ("keep", "store", "severity"), [(2, "", "info"), (200, "", "warning"), (2, "disk", "warning"), (2, "./disk", "info")]
)
def test_a_disk_that_is_too_small_is_told_as_the_machine_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: int, store: str, severity: str
):
    """Another machine's disk is not known; but hundreds of saves fill any, and a store that stands here is this one's."""
    monkeypatch.setattr("runner.room.free_bytes", lambda folder: 10**9)
    (tmp_path / "disk").mkdir()
    named = f"target: a100\nstore: {store if store.startswith('.') else tmp_path / store}" if store else "target: a100"
    large = ("{family: mamba, d_model: 512, n_layers: 12}", "{family: llama, d_model: 1024, n_layers: 22, n_heads: 16}")
    found = meant(tmp_path, ("target: t4", named), large, (STEPS, f"max_steps: 20000\n    save_steps: 100\n    keep: {keep}")).findings
    assert [f.severity for f in found if f.code == "P011"] == [severity]


def test_nothing_is_said_of_a_machine_that_is_not_known(tmp_path: Path):
    """An unknown card is no CPU: of what follows from the machine there is not a word."""
    assert said(tmp_path, ("target: t4", "target: rtx9999"), (STEPS, f"{STEPS}\n    precision: fp16")) == ["H001"]


@pytest.mark.parametrize(
    ("sizes", "fix"),
    [
        ("d_model: 255, n_layers: 4, n_heads: 3", "write d_model: 258"),
        ("d_model: 252, n_layers: 4, n_heads: 36", "write n_heads: 42"),
        ("d_model: 256, n_layers: 4, n_heads: 4", ""),
    ],
)
def test_heads_of_a_llama_are_of_an_even_width(tmp_path: Path, sizes: str, fix: str):
    """Rotary positions turn pairs; transformers refuses the model only when it is made. The fix leads to a model that stands."""
    model = ("model: {family: mamba, d_model: 512, n_layers: 12}", f"model: {{family: llama, {sizes}}}")
    found = [f for f in meant(tmp_path, model).findings if f.severity == "error"]
    assert [(f.code, f.fix) for f in found] == ([("M001", fix)] if fix else [])
    if fix:
        name, number = fix.removeprefix("write ").split(": ")
        written = sizes.replace(next(part for part in sizes.split(", ") if part.startswith(name)), f"{name}: {number}")
        assert said(tmp_path, (model[0], f"model: {{family: llama, {written}}}")) in ([], ["(M010)"])


@pytest.mark.parametrize(("every", "codes"), [(1, ["S019"]), (200, [])])
def test_validation_takes_less_time_than_training(tmp_path: Path, every: int, codes: list[str]):
    """By tokens: a validation of a whole set after every step of a few rows."""
    (tmp_path / "a.txt").write_text("one two three four five\n\n" * 40_000, "utf-8")
    changes = (
        (STORIES, "{path: a.txt, document: blank_line}"), ("vocab_size: 16000", "vocab_size: {at_most: 400}"),
        (STEPS, f"{STEPS}\n    eval_steps: {every}\n    total_batch_size: 2\n    max_seq_length: 64"),
    )  # fmt: skip
    assert [f.code for f in meant(tmp_path, *changes).findings if f.code == "S019"] == codes


@pytest.mark.parametrize(("family", "asked", "codes"), [("llama", 512, ["C131"]), ("llama", 511, []), ("mamba", 512, [])])
def test_a_continuation_needs_positions(tmp_path: Path, family: str, asked: int, codes: list[str]):
    """It stops at the rows' length, prompt and all; Mamba has no such end."""
    changes = (
        ("family: mamba", f"family: {family}"), (STEPS, f"{STEPS}\n    max_seq_length: 512"),
        ("  - type: export_ollama\n", f"  - {{type: validate_checkpoint, max_new_tokens: {asked}}}\n  - type: export_ollama\n"),
    )  # fmt: skip
    assert [f.code for f in meant(tmp_path, *changes).findings if f.code == "C131"] == codes


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  - type: export_ollama\n", "  - {type: validate_checkpoint, tolerance: 10}\n  - type: export_ollama\n"),
        ("  - type: train\n", "  - {type: plan, memory_margin: 0.01}\n  - type: train\n"),
    ],
)
def test_proofs_that_prove_nothing(tmp_path: Path, old: str, new: str):
    """A tolerance that any model passes, a margin that none does."""
    assert "S016" in said(tmp_path, (old, new))


QWEN = "{hub: Qwen/Qwen2.5-7B-Instruct, revision: a09a35458c702b33eeacc393d103063234e8bc28}"
HUB = {
    "target: rtx4090": "target: {target}",
    "models/base}}": "HUB}}",
    "{path: models/base}\n  - type: split": f"{QWEN}\n  - type: split",
    "{path: HUB}": QWEN,
}


@pytest.mark.parametrize(
    ("target", "found"),
    [("rtx3060", "training needs about"), ("a100-80", "")],
)
def test_a_hub_model_whose_sizes_are_known_is_held_against_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, found: str
):
    """Without a network and without anything of it in the cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    changes = {old: new.replace("{target}", target) for old, new in HUB.items()} | {"total_batch_size: 8": "total_batch_size: 1"}
    case = Case("test", "test", SFT, changes)
    messages = [f.message for f in findings(case, tmp_path / "project") if f.code == "B010"]
    assert [message[: len(found)] for message in messages] == ([found] if found else [])


def test_a_rate_that_is_not_written_is_judged_by_what_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """1e-3 is for new models: all weights of a large base are undone by it, an adapter has a default of its own."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    changes = {old: new.replace("{target}", "a100-80") for old, new in HUB.items()} | {"    learning_rate: 2e-4\n": ""}
    whole = {**changes, "    method: lora\n    lora: {r: 8, lora_alpha: 16}\n": "    method: full\n"}
    for number, (case, codes) in enumerate(((whole, ["S014"]), (changes, []))):
        made = findings(Case("test", "test", SFT, case), tmp_path / str(number))
        assert [f.code for f in made if f.code == "S014"] == codes


@pytest.mark.parametrize(
    ("target", "line", "codes"),
    [
        ("t4", "optimizer: adamw_8bit", ["P017"]),
        ("a100-80", "compile: true", ["P017"]),
        ("m2-32gb", "optimizer: adamw", ["P017"]),
        ("t4", "optimizer: adamw", []),
        ("cpu", "compile: true", []),
    ],
)
def test_a_mode_that_keeps_the_order_beside_what_does_not(tmp_path: Path, target: str, line: str, codes: list[str]):
    """Slower for nothing; on a CPU there is nothing to keep."""
    found = said(tmp_path, ("target: t4", f"target: {target}"), (STEPS, f"{STEPS}\n    deterministic: true\n    {line}"))
    assert [code for code in found if "P017" in code] == codes


def test_a_batch_of_any_size_is_answered(tmp_path: Path):
    """A slip of the pen: its divisors are not looked for one by one to the last."""
    lines = f"{STEPS}\n    batch_size: 1000000000\n    total_batch_size: 9999999967"
    assert {"(B003)", "B010"} <= set(said(tmp_path, (STEPS, lines)))


@pytest.mark.parametrize(("micro", "codes"), [(6, ["(B003)"]), (4, [])])
def test_a_batch_in_tokens_is_rows_for_the_micro_batch(tmp_path: Path, micro: int, codes: list[str]):
    """4,096 tokens are 16 rows of 256."""
    lines = f"{STEPS}\n    total_batch_tokens: 4096\n    max_seq_length: 256\n    batch_size: {micro}"
    assert said(tmp_path, (STEPS, lines)) == codes


@pytest.mark.parametrize(("times", "codes"), [(3, ["(B003)"]), (6, ["(B003)"]), (4, [])])
def test_rows_that_are_no_equal_micro_batches(tmp_path: Path, times: int, codes: list[str]):
    """Of 8 rows in 3 parts the last has two; in 6 parts of two rows only four are made."""
    assert said(tmp_path, (STEPS, f"{STEPS}\n    total_batch_size: 8\n    gradient_accumulation_steps: {times}")) == codes


QUANTISED = "  - {{type: train, id: tuned, model: {{base: {{step: train}}}}, method: qlora, quant: {{bits: {bits}}}, max_steps: 10}}\n"


@pytest.mark.parametrize(
    ("card", "bits", "fixes"),
    [("p100", 8, ["write bits: 4, which runs there"]), ("v100-16", 8, ["write bits: 4, which runs there"]), ("p100", 4, []), ("t4", 8, [])],
)
def test_eight_bits_are_for_turing_and_newer(tmp_path: Path, card: str, bits: int, fixes: list[str]):
    """Four run from Pascal on."""
    tuned = ("  - type: export_ollama\n", QUANTISED.format(bits=bits))
    found = meant(tmp_path, tuned, ("target: t4", f"target: {card}")).findings
    assert [f.fix for f in found if f.code == "A111"] == fixes


@pytest.mark.parametrize(
    ("lora", "fixes"),
    [
        ("r: 16, lora_alpha: 128, use_rslora: true", ["write lora_alpha: 8"]),
        ("r: 64, lora_alpha: 128, use_rslora: true", []),
        ("r: 256, lora_alpha: 256, use_rslora: true", []),
        ("r: 16, lora_alpha: 128", []),
        ("r: 1, lora_alpha: 64", ["write lora_alpha: 2"]),
    ],
)
def test_the_scale_of_an_adapter_is_a_usual_one(tmp_path: Path, lora: str, fixes: list[str]):
    """With use_rslora the root of the rank divides."""
    found = meant(tmp_path, ("  - type: export_ollama\n", TUNED.replace("{target_modules: [in_proj]}", f"{{{lora}}}"))).findings
    assert [f.fix for f in found if f.code == "A113"] == fixes


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("family: gpt2, d_model: 64, n_layers: 48, n_heads: 8", [("n_layers", "write n_layers: 2, or a d_model of some 1536")]),
        ("family: llama, d_model: 256, n_layers: 4, n_heads: 128", [("n_heads", "write n_heads: 4")]),
        ("family: llama, d_model: 256, n_layers: 4, n_heads: 64, n_kv_heads: 32", [("n_heads", "write n_heads: 4 and n_kv_heads: 4")]),
        ("family: llama, d_model: 768, n_layers: 12, n_heads: 1", [("n_heads", "write n_heads: 12")]),
        ("family: llama, d_model: 256, n_layers: 4, n_heads: 4, d_ff: 64", [("d_ff", "delete it, which means 704")]),
        ("family: gpt2, d_model: 256, n_layers: 4, n_heads: 4, d_ff: 65536", [("d_ff", "delete it, which means 1,024")]),
        ("family: mamba, d_model: 256, n_layers: 4, expand: 32", [("expand", "write expand: 2")]),
        ("family: llama, d_model: 576, n_layers: 30, n_heads: 9, n_kv_heads: 3, d_ff: 1536", []),
        ("family: gpt2, d_model: 768, n_layers: 12, n_heads: 12", []),
        ("family: mamba, d_model: 64, n_layers: 12", []),
        ("family: llama, d_model: 64, n_layers: 5, n_heads: 8, n_kv_heads: 4, d_ff: 172", []),
    ],
)
def test_sizes_of_a_network_go_together(tmp_path: Path, model: str, found: list[tuple[str, str]]):
    """Numbers in each other's place are told; networks that people trained are left alone."""
    changes = ("family: mamba, d_model: 512, n_layers: 12", model)
    assert [(f.path[-1], f.fix) for f in meant(tmp_path, changes).findings if f.code == "M012"] == found


@pytest.mark.parametrize(
    ("name", "rate", "codes"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "2e-4", ["S014"]),
        ("Qwen/Qwen2.5-7B-Instruct", "1e-4", []),
        ("Qwen/Qwen2.5-0.5B-Instruct", "2e-4", []),
    ],
)
def test_the_rate_of_an_adapter_undoes_a_large_base(tmp_path: Path, name: str, rate: str, codes: list[str]):
    """Where all of its weights are trained on answers; smaller ones bear it."""
    base = "{hub: NAME, revision: 989aa7980e4cf806f80c7fef2b1adb7bc71aa306}".replace("NAME", name)
    whole = {"    method: lora\n    lora: {r: 8, lora_alpha: 16}\n": "    method: full\n", "learning_rate: 2e-4": f"learning_rate: {rate}"}
    text = Case("", "", SFT, whole).text().replace("{path: models/base}", base).replace("rtx4090", "h200")
    found = findings(Case("", "", SFT, raw=text), tmp_path / "p")
    assert [f.code for f in found if f.code == "S014"] == codes
