"""What other tools write where a recipe has another word, or one word: each is told with what it is here, and that is let be."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from batch_9_cases import Base
from batch_11_cases import ARCHIVE, CLINIC, RADIO
from cases import Case, findings

RATE, NAME = "    learning_rate: 2e-4\n", "    name: clinic\n"


def told(folder: Path, base: Base, changes: Mapping[str, str], files: Mapping[str, Any] | None = None) -> list[tuple[str, str]]:
    """Code and fix of what is said of a base with changes, informations left out."""
    case = Case("", "", base.text, changes, {**base.files, **(files or {})})
    return [(f.code, f.fix) for f in findings(case, folder / "p") if f.severity != "info"]


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("quantize: bnb.nf4", "{bits: 4}"),
        ("quantize: bnb.nf4-dq", "{bits: 4, double: true}"),
        ("quantize: bnb.fp4", "{bits: 4, type: fp4}"),
        ("quantize: bnb.int8-training", "{bits: 8}"),
        ("quantize: 4bit", "{bits: 4}"),
        ("quantization: 8bit", "{bits: 8}"),
        ("quantization_method: bitsandbytes", "{bits: 4}"),
        ("use_qlora: true", "{bits: 4}"),
        ("load_4bit: true", "{bits: 4}"),
    ],
)
def test_a_quantised_base_by_other_words(tmp_path: Path, written: str, fix: str):
    """K010 with the block of ours, which is sound."""
    assert told(tmp_path, CLINIC, {RATE: f"{RATE}    {written}\n"}) == [("K010", f"write quant: {fix} (with method: qlora)")]
    mended = {RATE: f"{RATE}    quant: {fix}\n", "    method: lora\n": "    method: qlora\n"}
    assert told(tmp_path / "q", CLINIC, mended) == []


def test_an_export_by_a_key_of_the_training(tmp_path: Path):
    """llama.cpp's names are the export's."""
    found = told(tmp_path, CLINIC, {RATE: f"{RATE}    quantization: q8_0\n"})
    assert found == [("K006", "write it under export_ollama")]


@pytest.mark.parametrize("key", ["max_steps_per_epoch", "steps_per_epoch", "epoch_length"])
def test_steps_of_each_pass_are_counted_together(tmp_path: Path, key: str):
    """max_steps counts all; the passes go."""
    found = told(tmp_path, CLINIC, {"    num_train_epochs: 3\n": f"    num_train_epochs: 2\n    {key}: 25\n"})
    assert found == [("K010", "write max_steps: 50 (it counts the steps of each pass; delete num_train_epochs)")]
    assert told(tmp_path / "q", CLINIC, {"    num_train_epochs: 3\n": "    max_steps: 50\n"}) == []


@pytest.mark.parametrize("key", ["defaults", "common", "shared", "train_settings", ".rate"])
def test_what_steps_share_stands_in_vars(tmp_path: Path, key: str):
    """No other key of the top level holds an anchor."""
    rate = "    learning_rate: 1e-3\n"
    ((_, fix),) = told(tmp_path, ARCHIVE, {rate: "    <<: *rate\n", "seed: 3\n": f"seed: 3\n{key}: &rate {{learning_rate: 1e-3}}\n"})
    assert "below vars:" in fix
    mended = {rate: "    <<: *rate\n", "seed: 3\n": "seed: 3\nvars: {common: &rate {learning_rate: 1e-3}}\n"}
    assert told(tmp_path / "q", ARCHIVE, mended) == []


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({NAME: f"{NAME}    quantization: [q4_0, q8_0]\n"},
         "one word is wanted: write quantization: q4_0, and for each of the others a step of its own"),
        ({NAME: f"{NAME}    quantization: fast_quantized\n"}, "write quantization: q8_0"),
        ({RATE: f"{RATE}    scheduler: [cosine, linear]\n"}, "one word is wanted: write scheduler: cosine"),
        ({RATE: f"{RATE}    optimizer: [adamw, muon]\n"}, "one word is wanted: write optimizer: adamw"),
        ({RATE: f"{RATE}    tracking: wandb,tensorboard\n"}, "part them: write tracking: [wandb, tensorboard]"),
        ({"      - path: data/desk.csv\n": "      - path: data/desk.csv\n        lang: [en, tr]\n"},
         "delete the line: each text's language is seen by itself; or write one, and a source for each"),
    ],
)  # fmt: skip
def test_several_words_where_one_is_wanted(tmp_path: Path, changes: dict[str, str], fix: str):
    """The first that is known, not the nearest to the list as a text."""
    assert [found for _, found in told(tmp_path, CLINIC, changes)] == [fix]


@pytest.mark.parametrize(
    ("allow", "fix"),
    [
        ("[turkish, english]", "write allow: [tr, en]"),
        ("[tr-TR]", "write allow: [tr]"),
        ('["tr, en"]', "write allow: [tr, en]"),
        ("[xx]", "write the code of ISO 639, such as tr, en, de; without languages: all are kept"),
    ],
)
def test_languages_by_other_names_are_told_once(tmp_path: Path, allow: str, fix: str):
    """D101 with the codes; nothing about what such a filter would drop."""
    made = {"  - type: train_tokenizer\n": f"    clean: {{languages: {{allow: {allow}}}}}\n  - type: train_tokenizer\n"}
    assert told(tmp_path, RADIO, made) == [("D101", fix)]


STOP = 'stop: ["<|im_end|>"]'


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ('["<|im_start|>, <|im_end|>, </s>"]', '["<|im_start|>", "<|im_end|>", "</s>"]'),
        ('["<|im_end|> "]', '["<|im_end|>"]'),
        ("['\"<|im_end|>\"']", '["<|im_end|>"]'),
        ('["<im_end>"]', '["<|im_end|>"]'),
        ('["User:"]', '["User:", "<|im_end|>"]'),
    ],
)
def test_a_stop_that_is_nearly_one_becomes_it(tmp_path: Path, written: str, fix: str):
    """E025 with the list that was meant, which is let be."""
    assert told(tmp_path, CLINIC, {STOP: f"stop: {written}"}) == [("E025", f"write stop: {fix}")]
    assert told(tmp_path / "q", CLINIC, {STOP: f"stop: {fix}"}) == []


HEADS = "      head_dim: 32\n"


@pytest.mark.parametrize(
    ("base", "changes", "fix"),
    [
        (RADIO, {HEADS: f"{HEADS}      num_heads: 8\n"}, "a Mamba-2 has expand x d_model / head_dim heads: write head_dim"),
        (RADIO, {HEADS: f"{HEADS}      conv_bias: true\n"}, "delete the line"),
        (RADIO, {HEADS: f"{HEADS}      attn_layer_idx: [1]\n"}, "delete the line"),
        (ARCHIVE, {"      n_heads: 6\n": "      num_heads: 6\n"}, "write n_heads: 6"),
        (CLINIC, {"{temperature: 0.3,": "{temp: 0.3,"}, "write temperature: 0.3"),
        (CLINIC, {"{temperature: 0.3,": "{ctx: 256,"}, "write num_ctx: 256"),
        (CLINIC, {"{temperature: 0.3,": "{repeat_last_n: -5,"}, "write repeat_last_n: 64, or delete it"),
    ],
)
def test_sizes_and_parameters_by_other_names(tmp_path: Path, base: Base, changes: dict[str, str], fix: str):
    """What has no counterpart goes; what would have no effect is not offered."""
    assert [found for _, found in told(tmp_path, base, changes)] == [fix]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("neat_packing: true", "write packing: documents"),
        ("packing_samples: true", "write packing: documents"),
        ("use_cache: false", "delete the line"),
        ("cache_dir: /scratch", "delete the line"),
        ("logging_dir: logs", "delete the line"),
    ],
)
def test_switches_of_trainers_that_say_what_is_done_anyway(tmp_path: Path, line: str, fix: str):
    """Packing is asked for; the rest goes."""
    assert told(tmp_path, CLINIC, {RATE: f"{RATE}    {line}\n"}) == [("K010", fix)]


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("cache_dir: /scratch", "delete the line"),
        ("download_mode: force_redownload", "delete the line"),
        ("streaming: true", "delete the line"),
        ("token: abc", "delete the line"),
        ("trust_remote_code: true", "delete the line"),
        ("data_dir: data", "write path:"),
    ],
)
def test_arguments_of_load_dataset_in_a_source(tmp_path: Path, line: str, fix: str):
    """Each has its place elsewhere, or none."""
    found = told(tmp_path, ARCHIVE, {"      - path: notes/*.md\n": f"      - path: notes/*.md\n        {line}\n"})
    assert found == [("K010", fix)]


@pytest.mark.parametrize(
    ("settings", "fixes"),
    [
        ("{wandb: {project: p, mode: offline}}", ["delete mode"]),
        ("{wandb: {project: p, name: one, team: lab}}", ["delete name", "write entity: lab"]),
        ("{mlflow: {experiment_name: p}}", ["write experiment: p"]),
        ("{tensorboard: {log_dir: logs}}", ["delete log_dir"]),
        ("{wandb: {project: p, entity: lab}}", []),
    ],
)
def test_arguments_of_a_tracker(tmp_path: Path, settings: str, fixes: list[str]):
    """In a step and at the top alike, never as another of its keys misspelt."""
    in_step = {"    learning_rate: 1e-3\n": f"    learning_rate: 1e-3\n    tracking: {settings}\n"}
    found = [(code, fix) for code, fix in told(tmp_path / "step", ARCHIVE, in_step) if code[0] == "K"]
    assert found == [("K010", fix) for fix in fixes]
    at_top = told(tmp_path / "top", ARCHIVE, {"seed: 3\n": f"seed: 3\ntracking: {settings}\n"})
    assert [code for code, _ in at_top if code[0] == "K"] == ["K010" for _ in fixes]


ALPHA = "      lora_alpha: 16\n"


@pytest.mark.parametrize(
    ("base", "changes", "fix"),
    [
        (CLINIC, {RATE: f"{RATE}    concat_samples: true\n"}, "write packing: documents"),
        (CLINIC, {RATE: f"{RATE}    remove_padding: true\n"}, "write packing: documents"),
        (CLINIC, {RATE: f"{RATE}    eval_packing: false\n"},
         "packing: says how rows are filled, in validation as in training: documents, or stream for lm"),
        (CLINIC, {RATE: f"{RATE}    train_layers: last\n"},
         "write stages: [{train: [layers.3]}], with the parts that learn; or lora: {layers: 2}, which adapts the last so many"),
        (CLINIC, {ALPHA: f"{ALPHA}      bias: none\n"}, "delete the line"),
        (CLINIC, {ALPHA: f"{ALPHA}      rank_dropout: 0.1\n"}, "there is one dropout, before the adapter: lora_dropout"),
        (CLINIC, {ALPHA: f"{ALPHA}      use_dora: 1\n"}, "write use_dora: true"),
        (CLINIC, {ALPHA: f"{ALPHA}      use_dora: n\n"}, "write use_dora: false"),
        (RADIO, {HEADS: f"{HEADS}      tie_embeddings: no\n"}, "write tie_embeddings: false"),
        (CLINIC, {RATE: f"{RATE}    gradient_checkpointing: no\n"}, "write activation_checkpointing: false"),
        (CLINIC, {RATE: '    lr: "1e-4"\n'}, "write learning_rate: 0.0001"),
    ],
)  # fmt: skip
def test_switches_and_adapters_by_other_names(tmp_path: Path, base: Base, changes: dict[str, str], fix: str):
    """A switch is written as one; what a recipe has otherwise is named."""
    assert [found for _, found in told(tmp_path, base, changes)] == [fix]


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("4", "write quant: {bits: 4}"), ("int8", "write quant: {bits: 8}"), ("nf4", "write quant: {type: nf4}"),
        ("true", "write quant: {bits: 4}"), ("bitsandbytes", "write quant: {bits: 4}"), ("gptq", ""),
    ],
)  # fmt: skip
def test_a_quantisation_in_one_word(tmp_path: Path, written: str, fix: str):
    """The bits, or the type; of a library that is not used here, nothing is guessed."""
    changes = {RATE: f"{RATE}    quant: {written}\n", "method: lora": "method: qlora"}
    assert [found for _, found in told(tmp_path, CLINIC, changes)] == [fix]
