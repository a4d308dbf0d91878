"""recipe convert: the configuration of another trainer becomes a recipe, and what it does not have is told with why."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.commands.convert import convert
from runner.judge import judge
from runner.otherconfigs import read_config
from runner.resolve import mean
from schemas.findings import RecipeError

AXOLOTL = """base_model: NousResearch/Meta-Llama-3-8B
load_in_4bit: true
strict: false
datasets:
  - path: mhenrichsen/alpaca_2k_test
    type: alpaca
val_set_size: 0.1
sequence_len: 4096
adapter: qlora
lora_r: 32
lora_target_linear: true
micro_batch_size: 2
gradient_accumulation_steps: 4
optimizer: adamw_bnb_8bit
lr_scheduler: cosine
learning_rate: 0.0002
zeta_of_mine: 3
"""
NANO = """# config for training GPT-2
import time
batch_size = 12
gradient_accumulation_steps = 5 * 8
block_size = 1024
n_layer = 12
n_head = 12
n_embd = 768
dropout = 0.1
max_iters = 600000
wandb_log = True
wandb_project = 'owt'
out_dir = 'out-' + str(time.time())
init_from = 'scratch'
"""
SCRIPT = """#!/bin/bash
accelerate launch train.py \\
  --model_name_or_path mistralai/Mistral-7B-v0.1 --max_seq_length=2048 \\
  --per-device-train-batch-size 4 --bf16 True --gradient_checkpointing \\
  --lora_target_modules q_proj k_proj --learning_rate 2e-5  # as they did
"""
TUNE = """model:
  _component_: torchtune.models.llama3_1.lora_llama3_1_8b
  lora_attn_modules: [q_proj, output_proj]
  apply_lora_to_mlp: True
  lora_rank: 8
checkpointer:
  _component_: torchtune.training.FullModelHFCheckpointer
  checkpoint_dir: /models/Meta-Llama-3.1-8B-Instruct
  recipe_checkpoint: null
optimizer: {_component_: torch.optim.AdamW, fused: True, lr: 3e-4}
epochs: 1
batch_size: 2
dtype: bf16
"""
OF_TUNE = """model: {base: {path: /models/Meta-Llama-3.1-8B-Instruct}}
method: lora
lora: {r: 8, target_modules: [q_proj, o_proj, gate_proj, up_proj, down_proj]}
learning_rate: 0.0003
num_train_epochs: 1
precision: bf16
"""
LIT = """checkpoint_dir: checkpoints/meta-llama/Llama-2-7b-hf
quantize: bnb.nf4
lora_r: 32
lora_query: true
lora_key: false
lora_value: true
train: {global_batch_size: 8, micro_batch_size: 2, max_seq_length: 1024}
eval: {interval: 100}
optimizer: {class_path: torch.optim.AdamW, init_args: {lr: 0.0002}}
"""
OF_LIT = """model: {base: {path: checkpoints/meta-llama/Llama-2-7b-hf}}
method: qlora
quant: {bits: 4}
lora: {r: 32, target_modules: [q_proj, v_proj]}
max_tokens: 1024
total_batch_size: 8
eval_steps: 100
learning_rate: 0.0002
"""
UNSLOTH = """from unsloth import FastLanguageModel
max_seq_length = 2048
fourbit = True
model, tokenizer = FastLanguageModel.from_pretrained(
    model_name = "unsloth/Llama-3.2-3B-Instruct", max_seq_length = max_seq_length, load_in_4bit = fourbit,
)
model = FastLanguageModel.get_peft_model(model, r = 16, target_modules = ["q_proj", "v_proj"], use_gradient_checkpointing = "unsloth")
dataset = load_dataset("mlabonne/FineTome-100k", split = "train")
trainer = SFTTrainer(model = model, args = SFTConfig(
    per_device_train_batch_size = 2, learning_rate = 2e-4, optim = "adamw_8bit", bf16 = torch.cuda.is_bf16_supported(),
))
"""
OF_UNSLOTH = """sources: [{hub: mlabonne/FineTome-100k}]
model: {base: {hub: unsloth/Llama-3.2-3B-Instruct}}
max_tokens: 2048
quant: {bits: 4}
lora: {r: 16, target_modules: [q_proj, v_proj]}
activation_checkpointing: true
batch_size: 2
"""


def converted(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What the verb prints, and the recipe that it writes."""
    monkeypatch.chdir(folder)
    (folder / name).write_text(text)
    said = CliRunner().invoke(convert, [name], standalone_mode=False)
    assert said.exception is None, said.exception
    return said.output, (folder / "recipes" / f"{Path(name).stem}.yaml").read_text()


def sound(recipe: Path) -> bool:
    """No key or value that a step does not take."""
    meant = mean(recipe)
    judge(meant)
    return not [f for f in meant.errors if f.code.startswith(("K", "Y", "L", "M"))]


def test_a_file_of_axolotl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Values are written as our steps take them; what means nothing here stands below, with why."""
    said, recipe = converted(tmp_path, "qlora.yml", AXOLOTL, monkeypatch)
    assert said.splitlines() == [
        "recipes/qlora.yaml: 12 of 15 keys of qlora.yml; 3 left out, each with why at its end",
        "  next: recipe check recipes/qlora.yaml",
    ]
    assert "    lora: {r: 32}\n    batch_size: 2\n" in recipe
    assert "    optimizer: adamw_8bit\n" in recipe
    assert "#   val_set_size: val_fraction: 0.1 of the step tokenize_bin, which this recipe does not have\n" in recipe
    assert "#   lora_target_linear: lora.target_modules is every linear layer when it is left out\n" in recipe
    assert "#   zeta_of_mine: no key of a recipe, nor one that is known of another tool\n" in recipe
    assert "strict" not in recipe
    assert sound(tmp_path / "recipes" / "qlora.yaml")


def test_keys_of_a_family_are_left_out_with_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What no table names is told by the words in its name."""
    _, recipe = converted(tmp_path, "watched.yml", f"{AXOLOTL}\nloss_watchdog_threshold: 5.0\nparallelism_config: {{dp: 2}}\n", monkeypatch)
    assert (
        "#   loss_watchdog_threshold: on_spike: stop ends a run whose gradient jumps; expect: with on_expect: stop one whose loss" in recipe
    )
    assert "#   parallelism_config: training runs on one device, which target: names at the top\n" in recipe


def test_a_file_of_nanogpt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Assignments of literals and of numbers that are worked out; a call is not run. The names of the sizes tell the family."""
    _, recipe = converted(tmp_path, "train_gpt2.py", NANO, monkeypatch)
    assert "    model: {n_layers: 12, n_heads: 12, d_model: 768, dropout: 0.1, family: gpt2}\n" in recipe
    assert "    gradient_accumulation_steps: 40\n" in recipe
    assert recipe.splitlines()[1:3] == ["recipe: train_gpt2", "tracking: {wandb: {project: owt}}"]
    assert "out_dir" not in recipe
    assert sound(tmp_path / "recipes" / "train_gpt2.yaml")


def test_the_flags_of_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Over several lines, with = or a blank, alone, or with several values."""
    _, recipe = converted(tmp_path, "run.sh", SCRIPT, monkeypatch)
    for line in (
        "    batch_size: 4\n",
        "    precision: bf16\n",
        "    activation_checkpointing: true\n",
        "    lora: {target_modules: [q_proj, k_proj]}\n",
        "    max_tokens: 2048\n",
        "    learning_rate: 2e-5\n",
    ):
        assert line in recipe
    assert sound(tmp_path / "recipes" / "run.yaml")


@pytest.mark.parametrize(
    ("name", "text", "lines"), [("tune.yaml", TUNE, OF_TUNE), ("lit.yaml", LIT, OF_LIT), ("tune.py", UNSLOTH, OF_UNSLOTH)]
)
def test_sections_and_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, lines: str):
    """What torchtune and LitGPT set in sections, and a script of Unsloth and TRL in its calls, each in a way of its own."""
    _, recipe = converted(tmp_path, name, text, monkeypatch)
    assert [line for line in lines.splitlines() if f"    {line}\n" not in recipe] == []
    assert sound(tmp_path / "recipes" / f"{Path(name).stem}.yaml")


def test_llama_factory_names_its_data_by_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """And its stages by letters; what Muon is there is an optimizer here."""
    text = "model_name_or_path: Qwen/Qwen2-1.5B\nstage: sft\ndataset: identity, pairs\nuse_muon: true\nfinetuning_type: full\n"
    _, recipe = converted(tmp_path, "lf.yaml", text, monkeypatch)
    assert "    sources: [{path: data/identity.json}, {path: data/pairs.json}]\n" in recipe
    assert "    optimizer: muon\n" in recipe
    assert "    objective: sft\n" in recipe


def test_a_base_that_goes_on_with_plain_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """axolotl's pretraining_dataset and nanoGPT's init_from: no answers are learnt there, so a bin is made with the base's tokenizer."""
    text = (
        "base_model: TinyLlama/TinyLlama-1.1B\npretraining_dataset:\n  - {path: allenai/c4, name: en, type: pretrain}\n"
        "max_steps: 200\nnum_epochs: 4\n"
    )
    _, recipe = converted(tmp_path, "pretrain.yml", text, monkeypatch)
    assert "    sources: [{hub: allenai/c4, config: en}]\n" in recipe
    assert "  - type: tokenize_bin\n  - type: train\n    model: {base: {hub: TinyLlama/TinyLlama-1.1B}}\n" in recipe
    assert "    objective: lm\n" in recipe
    assert "#   num_epochs: max_steps says how long it trains\n" in recipe
    _, recipe = converted(tmp_path, "ft.py", "init_from = 'gpt2-xl'\nblock_size = 512\n", monkeypatch)
    assert "    model: {base: {hub: gpt2-xl}}\n    objective: lm\n" in recipe


def test_tokens_to_train_on_as_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """LitGPT's length of a pretraining; the sizes of its network tell a Llama."""
    text = (
        "model_name: stories15M\nmodel_config: {n_layer: 6, n_head: 6, n_embd: 288, head_size: 48, mlp_class_name: LLaMAMLP}\n"
        "train: {global_batch_size: 512, max_tokens: 9700000000, max_seq_length: 256}\n"
    )
    _, recipe = converted(tmp_path, "lit.yaml", text, monkeypatch)
    assert "    max_steps: 74006\n" in recipe
    assert "    model: {n_layers: 6, n_heads: 6, d_model: 288, family: llama}\n" in recipe
    assert sound(tmp_path / "recipes" / "lit.yaml")


def test_attributes_of_a_config(tmp_path: Path):
    """As in files of ml_collections, inside of a function; other assignments of a program are not settings."""
    (tmp_path / "a.py").write_text("def get():\n    config = new()\n    local = 3\n    config.learning_rate = 1e-4\n    return config\n")
    assert read_config(tmp_path / "a.py") == {"learning_rate": 1e-4}


def test_json_and_toml(tmp_path: Path):
    """What is null is not set."""
    (tmp_path / "a.json").write_text('{"learning_rate": 1e-4, "max_steps": null}')
    (tmp_path / "a.toml").write_text("learning_rate = 1e-4\n")
    assert read_config(tmp_path / "a.json") == read_config(tmp_path / "a.toml") == {"learning_rate": 1e-4}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", '{"a": 1,\n "b"}', "a.json:2: Expecting ':' delimiter"),
        ("a.py", "x = (1,\n", "a.py:1: '(' was never closed"),
        ("a.sh", "echo hello\n", "a.sh is no configuration: no --key value in it"),
        ("a.sh", "run --name 'x\n", "a.sh: No closing quotation"),
        ("a.toml", "x = \n", "a.toml: Invalid value (at line 1, column 5)"),
        ("a.json", "[1]", "a.json is no configuration: it holds no map of keys"),
        ("a.yaml", "recipe: a\nsteps:\n  - {type: report}\n", "a.yaml is a recipe already"),
    ],
)
def test_what_is_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, message: str):
    """With the place, where its reader tells one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    error = CliRunner().invoke(convert, [name], standalone_mode=False).exception
    assert isinstance(error, RecipeError)
    assert (error.code, error.message) == ("C052", message)


def test_a_file_of_yaml_that_does_not_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The finding of `recipe check`, with line and column."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("a: [1\nb: 2\n")
    said = CliRunner().invoke(convert, ["a.yaml"], standalone_mode=False)
    assert said.return_value == 2
    assert said.output.startswith("a.yaml:2:")


def test_a_recipe_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where, why, and another way; nothing of it is left."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yml").write_text(AXOLOTL)
    (tmp_path / "recipes").write_text("a file, no folder")
    error = CliRunner().invoke(convert, ["a.yml"], standalone_mode=False).exception
    assert isinstance(error, RecipeError)
    assert (error.code, error.fix) == ("C052", "name another place: --out FILE")
    assert error.message.startswith("recipes/a.yaml cannot be written: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yml", "recipes"]


def test_nothing_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A recipe of that name stays; another name is taken."""
    converted(tmp_path, "a.yml", AXOLOTL, monkeypatch)
    error = CliRunner().invoke(convert, ["a.yml"], standalone_mode=False).exception
    assert isinstance(error, RecipeError)
    assert error.code == "C051"
    assert CliRunner().invoke(convert, ["a.yml", "--out", "b.yaml"], standalone_mode=False).exception is None
    assert (tmp_path / "b.yaml").is_file()


def test_files_that_a_loader_of_datasets_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In a script and in axolotl's list, by one name, several or by split: they are files, `json` is no data set."""
    call = 'model = AutoModelForCausalLM.from_pretrained("gpt2")\nds = load_dataset("json", data_files={0})\n'
    for given, sources in (
        ('"a.jsonl"', "[{path: a.jsonl}]"),
        ('["a.jsonl", "b.jsonl"]', "[{path: a.jsonl}, {path: b.jsonl}]"),
        ('{"train": "a.jsonl", "test": "b.jsonl"}', "[{path: a.jsonl}]"),
    ):
        _, recipe = converted(tmp_path, "train.py", call.replace("{0}", given), monkeypatch)
        assert f"    sources: {sources}\n" in recipe
        (tmp_path / "recipes" / "train.yaml").unlink()
    text = "base_model: a/b\ndatasets:\n  - {path: json, data_files: a.jsonl, type: alpaca}\nsample_packing: true\n"
    _, recipe = converted(tmp_path, "ax.yml", text, monkeypatch)
    assert "    sources: [{path: a.jsonl}]\n" in recipe
    assert "    packing: documents\n" in recipe


def test_blocks_of_a_base_are_rows_of_a_bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """run_clm of transformers joins its texts and cuts them into blocks: nothing there is too long for a row."""
    _, recipe = converted(
        tmp_path, "run.sh", "python run_clm.py --model_name_or_path gpt2 --train_file a.txt --block_size 256", monkeypatch
    )
    assert "  - type: tokenize_bin\n  - type: train\n" in recipe
    assert "    objective: lm\n" in recipe
    assert "    max_seq_length: 256\n" in recipe
