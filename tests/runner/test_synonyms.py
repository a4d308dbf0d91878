"""Other tools' names are met by name, and converted where that is exact."""

from pathlib import Path
from typing import Any

import pytest

from runner.foreign import WRITES
from runner.meant import Meant
from runner.resolve import mean
from runner.synonyms import met
from schemas.findings import Edit, Finding
from tests.runner.judged import meant
from tests.runner.toys import toys  # noqa: F401

HEAD = "recipe: r\nsteps:\n  - {type: read, sources: [{path: a}]}\n  - type: pieces\n  - type: bins\n"
GUIDE = """\
# configs/my_run.yaml
model_id: mlx-community/Mistral-7B-Instruct-v0.2-4bit
batch_size: 2
max_seq_length: 1536
num_layers: 12
iters: 500
learning_rate: 1e-5
lora_rank: 8
enable_oom_fallback: true
preprocess_enabled: true
seed: 42
"""


def train(tmp_path: Path, *lines: str) -> Meant:
    file = tmp_path / "r.yaml"
    file.write_text(HEAD + "  - type: train\n" + "".join(f"    {line}\n" for line in lines))
    return mean(file)


def only(meant: Meant) -> Finding:
    assert len(meant.findings) == 1, meant.findings
    return meant.findings[0]


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("line", "ours", "value"),
    [
        ("per_device_train_batch_size: 4", "batch_size", None),
        ("micro_batch_size: 4", "batch_size", None),
        ("sequence_len: 128", "max_seq_length", None),
        ("cutoff_len: 128", "max_seq_length", None),
        ("block_size: 128", "max_seq_length", None),
        ("epochs: 3.0", "num_train_epochs", None),
        ("iters: 500", "max_steps", None),
        ("lr: 1e-4", "learning_rate", None),
        ("warmup: 100", "warmup_steps", None),
        ("warmup: 0.1", "warmup_ratio", None),
        ("eval_interval: 10", "eval_steps", None),
        ("grad_clip: 0.5", "max_grad_norm", None),
        ("bf16: true", "precision", "bf16"),
        ("full_determinism: true", "deterministic", None),
        ("fp16: true", "precision", "fp16"),
        ("adapter: lora", "method", None),
    ],
)
def test_a_name_of_the_same_map_is_renamed(tmp_path: Path, line: str, ours: str, value: Any):
    """One finding, both names, a safe rename."""
    theirs = line.split(":")[0]
    finding = only(train(tmp_path, line))
    assert (finding.code, finding.message) == ("K010", f"{theirs} is called {ours} here")
    assert finding.edits == (Edit("rename", ("steps", "train", theirs), value, ours),)


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("line", "target", "value"),
    [
        ("lora_rank: 8", ("lora",), {"r": 8}),
        ("lora_target_modules: [in_proj]", ("lora",), {"target_modules": ["in_proj"]}),
        ("n_embd: 64", ("model",), {"d_model": 64}),
        ("num_hidden_layers: 4", ("model",), {"n_layers": 4}),
        ("base_model: org/name", ("model",), {"base": {"hub": "org/name"}}),
        ("model_name_or_path: ./here", ("model",), {"base": {"path": "./here"}}),
    ],
)
def test_a_name_of_an_inner_map_moves_there(tmp_path: Path, line: str, target: tuple[str, ...], value: Any):
    """Delete and set, since a fix is safe where the right place is empty."""
    finding = only(train(tmp_path, line))
    theirs = line.split(":")[0]
    assert (finding.code, finding.edits) == (
        "K010",
        (Edit("delete", ("steps", "train", theirs)), Edit("set", ("steps", "train", *target), value)),
    )


@pytest.mark.usefixtures("toys")
def test_names_inside_the_model(tmp_path: Path):
    """GPT-2's and llama's words for the sizes of a network."""
    found = train(tmp_path, "model: {n_embd: 64, n_layer: 2, num_attention_heads: 4}").findings
    assert [(f.message, f.edits[0].key) for f in found] == [
        ("n_embd is called d_model here", "d_model"),
        ("n_layer is called n_layers here", "n_layers"),
        ("num_attention_heads is called n_heads here", "n_heads"),
    ]


@pytest.mark.usefixtures("toys")
def test_nothing_is_overwritten(tmp_path: Path):
    """Where ours is written too, the line is to be deleted by hand; of two synonyms only one is renamed."""
    finding = only(train(tmp_path, "lr: 1e-4", "learning_rate: 1e-3"))
    assert (finding.edits, finding.fix) == ((), "delete the line")
    found = train(tmp_path, "micro_batch_size: 4", "per_device_train_batch_size: 8").findings
    assert [len(f.edits) for f in found] == [1, 0]


@pytest.mark.usefixtures("toys")
def test_what_the_step_does_not_have_is_not_offered(tmp_path: Path):
    """A name leads nowhere unless the step really has the key."""
    finding = only(train(tmp_path, "save_total_limit: 3"))
    assert (finding.message, finding.edits) == ("save_total_limit would be keep, which is not supported yet", ())


@pytest.mark.usefixtures("toys")
def test_names_without_a_counterpart_say_why(tmp_path: Path):
    """output_dir and logging_steps can go, and the reason is told."""
    found = train(tmp_path, "output_dir: out", "logging_steps: 10").findings
    assert [f.message for f in found] == [
        "output_dir is another tool's key: every run has a folder of its own under runs/",
        "logging_steps is another tool's key: every step is logged",
    ]
    assert all(f.edits[0].action == "delete" for f in found)


def test_mlx_scale_is_alpha_over_rank():
    """mlx's scale x r is lora_alpha; without r it cannot be said."""
    known = met("train", ("scale",), 20.0, {"lora_rank": 8})
    assert known is not None
    assert (known.path, known.value, known.exact) == (("lora", "lora_alpha"), 160, True)
    alone = met("train", ("scale",), 20.0, {})
    assert alone is not None
    assert (alone.value, alone.exact) == (None, False)


def test_the_guides_yaml_gets_only_helpful_findings(tmp_path: Path):
    """Another tool's file: each key is sent to its step, nothing is called unknown, and a recipe of the same values is offered."""
    file = tmp_path / "my_run.yaml"
    file.write_text(GUIDE)
    meant = mean(file)
    found = {f.path[0] if f.path else "": f for f in meant.findings}
    assert {f.code for f in meant.findings} <= {"K006", "K010", "K011"}
    assert set(found) == {"", "model_id", "batch_size", "max_seq_length", "num_layers", "iters", "learning_rate", "lora_rank",
                          "enable_oom_fallback", "preprocess_enabled"}  # fmt: skip
    assert found["iters"].message == "iters is max_steps of the step train"
    assert found["iters"].place is not None
    assert found["iters"].place.line == 6
    assert found["lora_rank"].fix == "write lora: {r: 8} in the step train"


def test_the_offered_recipe_is_one(tmp_path: Path):
    """What K011 says to type is read without errors."""
    file = tmp_path / "my_run.yaml"
    file.write_text(GUIDE)
    skeleton = mean(file).findings[0].fix.removeprefix(WRITES)
    (tmp_path / "new.yaml").write_text(skeleton)
    meant = mean(tmp_path / "new.yaml")
    assert [f for f in meant.errors if f.code[0] in "KYL"] == [], skeleton
    assert meant.step("train").raw["max_steps"] == 500


def test_the_offered_fixes_do_what_they_say(tmp_path: Path):
    """Every synonym of train leads to a key that the real step has, or says that it is not there."""
    from runner import shapes, synonyms
    from steps import find

    step = find("train")
    assert step is not None
    for name in synonyms.TRAIN:
        known = met("train", (name,), 1, {})
        assert known is not None
        assert known.path or known.words
        assert name not in shapes.fields(step.params) or known.path == (name,) or not known.path, name


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("use_flash_attention_2: true", "write attn_implementation: flash_attention_2"),
        ("flash_attention: true", "write attn_implementation: flash_attention_2"),
        ("flash_attention: false", "delete the line"),
        ("flash_attn: fa2", "write attn_implementation: flash_attention_2"),
        ("flash_attn: disabled", "write attn_implementation: eager"),
        ("attention_implementation: sdpa", "write attn_implementation: sdpa"),
        ("_attn_implementation: eager", "write attn_implementation: eager"),
        ("xformers_attention: true", "write attn_implementation: sdpa"),
        ("attn_implementaton: sdpa", "write attn_implementation"),
        ("attn_implementation: fa2", "write attn_implementation: flash_attention_2"),
        ("attn_implementation: flash_attention_3", "write attn_implementation: flash_attention_2"),
        ("attn_implementation: flash-attention-2", "write attn_implementation: flash_attention_2"),
        ("attn_implementation: flex_attention", "write attn_implementation: sdpa"),
        ("attn_implementation: math", "write attn_implementation: eager"),
    ],
)
def test_attention_by_other_tools_names(tmp_path: Path, line: str, fix: str):
    """Keys of transformers, axolotl and LLaMA-Factory, and their words, lead to the right spelling."""
    text = "recipe: r\nsteps:\n  - type: train\n    model: {family: llama}\n    max_steps: 10\n"
    (tmp_path / "r.yaml").write_text(f"{text}    {line}\n")
    found = [finding for finding in mean(tmp_path / "r.yaml").findings if finding.code[0] == "K"]
    assert [finding.fix for finding in found] == [fix]


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ("max_steps: 10", "max_steps: 10\n    backend: mlx", "another engine than PyTorch is not supported yet; delete the line"),
        ("max_steps: 10", "max_steps: 10\n    load_in_4bit: true", "write quant: {bits: 4} (with method: qlora)"),
    ],
)
def test_what_is_planned_is_told_as_such(tmp_path: Path, old: str, new: str, fix: str):
    """No fix sends a reader to a word that the next check refuses, nor takes a planned word for a slip of the pen."""
    text = "recipe: r\nsteps:\n  - type: train\n    model: {family: mamba}\n    max_steps: 10\n"
    (tmp_path / "r.yaml").write_text(text.replace(old, new))
    assert fix in [finding.fix for finding in mean(tmp_path / "r.yaml").findings]


@pytest.mark.parametrize(
    ("name", "value", "beside", "step", "path", "ours"),
    [
        ("new_special_tokens", "<a>, <b>", {"model": {"base": {"path": "b"}}}, "train", "add_tokens", ["<a>", "<b>"]),
        ("additional_special_tokens", ["<a>"], {"base_model": "b"}, "train", "add_tokens", ["<a>"]),
        ("special_tokens", {"additional_special_tokens": ["<a>"]}, {"base_model": "b"}, "train", "add_tokens", ["<a>"]),
        ("new_special_tokens", "<a>,<b>", {"model": {"family": "llama"}}, "train_tokenizer", "user_symbols", ["<a>", "<b>"]),
    ],
)
def test_new_tokens_go_to_the_base_or_to_the_tokenizer_that_is_trained(
    name: str, value: Any, beside: dict[str, Any], step: str, path: str, ours: list[str]
):
    """One text with commas is a list."""
    known = met("train", (name,), value, beside)
    assert known is not None
    assert (known.step, known.path, known.value) == (step, (path,), ours)


@pytest.mark.parametrize("value", [{"pad_token": "<pad>"}, True, "", [3, 4]])
def test_special_tokens_that_name_no_new_one_are_the_tokenizers_matter(value: Any):
    """As axolotl's map of marks, or a switch."""
    known = met("train", ("special_tokens",), value, {"model": {"base": {"path": "b"}}})
    assert known is not None
    assert known.path == ()
    assert known.words.startswith("the tokenizer is the base's")


def test_rows_of_tokens_by_their_numbers_are_no_modules():
    """modules_to_save takes names."""
    known = met("train", ("lora", "trainable_token_indices"), [3, 4], {})
    assert known is not None
    assert (known.path, known.value) == ((), None)
    assert "modules_to_save: [embed_tokens]" in known.words


@pytest.mark.parametrize("name", ["dropout", "dropout_rate", "drop_rate"])
def test_dropout_in_lora_is_the_adapters(name: str):
    """In model it is the network's."""
    inside, network = met("train", ("lora", name), 0.1, {}), met("train", ("model", "dropout_rate"), 0.1, {})
    assert inside is not None
    assert network is not None
    assert (inside.path, network.path) == (("lora", "lora_dropout"), ("model", "dropout"))


@pytest.mark.parametrize(
    ("typed", "fix"),
    [
        ("datasets: [{path: data/a.jsonl, type: alpaca}]", "write sources: [{path: data/a.jsonl}] (what the rows hold is seen by itself)"),
        ("datasets: [{path: tatsu-lab/alpaca}]", "write sources: [{hub: tatsu-lab/alpaca}]"),
        ("dataset: data/a.jsonl", "write sources: [{path: data/a.jsonl}]"),
        ("dataset: tatsu-lab/alpaca", "write sources: [{hub: tatsu-lab/alpaca}]"),
        ("train_files: [data/a.jsonl]", "write sources: [{path: data/a.jsonl}]"),
        ("source: [{path: data/a.jsonl}]", "write sources"),
    ],
)
def test_data_by_another_name_are_sources_once(typed: str, fix: str, tmp_path: Path):
    """A file is no name on the hub, and what is there by another name is not missing, too."""
    found = meant(tmp_path, base=f"recipe: r\nsteps:\n  - type: parse_corpus\n    {typed}\n").findings
    assert [(f.code, f.fix) for f in found if f.severity == "error"] == [("K001" if typed.startswith("source:") else "K010", fix)]


@pytest.mark.parametrize(("name", "way"), [("models/base", "path"), ("./base", "path"), ("a/b/c", "path"), ("Qwen/Qwen2.5-0.5B", "hub")])
def test_a_model_that_is_checked_is_its_checkpoint(name: str, way: str, tmp_path: Path):
    """A folder of the project is no name on the hub."""
    step = f"- type: check_vocab_consistency\n    model_name_or_path: {name}\n  - type: tokenize_bin"
    fixes = [f.fix for f in meant(tmp_path, ("- type: tokenize_bin", step)).findings if f.code == "K010"]
    assert fixes == [f"write checkpoint: {{{way}: {name}}}"]


@pytest.mark.parametrize(("word", "on"), [("unsloth", True), ("true", True), ("none", False), (False, False)])
def test_a_switch_that_a_word_turns_on(word: str | bool, on: bool):
    """Unsloth's own way to compute again is a way to compute again."""
    known = met("train", ("use_gradient_checkpointing",), word, {})
    assert known is not None
    assert known.value is on


@pytest.mark.parametrize(
    ("step", "key", "path"),
    [
        ("train", "ckpt_interval", ("save_steps",)),
        ("train", "use_gradient_checkpointing", ("activation_checkpointing",)),
        ("train_tokenizer", "max_vocab_size", ("vocab_size",)),
        ("tokenize_bin", "token_dtype", ("dtype",)),
        ("tokenize_bin", "num_proc", ("workers",)),
        ("parse_corpus", "min_length", ("clean", "min_characters")),
        ("export_ollama", "gguf_type", ("quantization",)),
    ],
)
def test_keys_of_other_steps_lead_to_ours(step: str, key: str, path: tuple[str, ...]):
    """By name, where the value is the same."""
    known = met(step, (key,), 1, {})
    assert known is not None
    assert known.path == path


@pytest.mark.parametrize(
    ("step", "key"),
    [
        ("train", "use_peft"), ("train", "max_time"), ("train", "cpu_offload"), ("train", "merge_lora"),
        ("train_tokenizer", "pre_tokenizer"),
        ("tokenize_bin", "append_eos"), ("parse_corpus", "dedupe"), ("validate_checkpoint", "tasks"), ("export_ollama", "imatrix"),
        ("", "secrets"),
    ],
)  # fmt: skip
def test_keys_without_a_counterpart_are_told_where_the_matter_is_settled(step: str, key: str):
    """In words, and nothing is renamed."""
    known = met(step, (key,), 1, {})
    assert known is not None
    assert known.words
    assert not known.path


def test_a_key_of_a_source_belongs_to_the_source(tmp_path: Path):
    """It stands beside sources: in recipes of those who know other tools."""
    (tmp_path / "r.yaml").write_text("recipe: a\nsteps:\n  - {type: parse_corpus, columns: {text: b}, sources: [{path: a.jsonl}]}\n")
    found = mean(tmp_path / "r.yaml").findings
    assert [each.message for each in found if each.code == "K006"] == ["columns belongs to a source, not to parse_corpus"]
