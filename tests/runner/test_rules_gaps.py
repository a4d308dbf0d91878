"""What was missed, or told with a fix that leads nowhere, of guesses at unknown failures: each with its neighbour that is right."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, SFT, Case, findings

BINS = "  - type: tokenize_bin\n"
RATE = "    learning_rate: 2e-4\n"
BASE = "{base: {path: models/base}}"


def told(folder: Path, code: str, recipe: str, changes: dict[str, str], files: dict[str, Any] | None = None) -> list[Any]:
    """Findings of one code."""
    return [f for f in findings(Case("test", "test", recipe, changes, files or {}), folder / "project") if f.code == code]


@pytest.mark.parametrize(
    ("hub", "written", "target", "severity"),
    [
        ("google/gemma-2-2b-it", "precision: fp16", "a100-80", "warning"),
        ("Qwen/Qwen2.5-1.5B", "precision: fp16", "a100-80", "warning"),
        ("google/gemma-2-2b-it", "precision: bf16", "a100-80", ""),
        ("EleutherAI/pythia-160m", "precision: fp16", "a100-80", ""),
        ("google/gemma-2-2b-it", "weight_decay: 0.1", "t4", "warning"),
        ("Qwen/Qwen2.5-1.5B", "weight_decay: 0.1", "t4", ""),
    ],
)
def test_half_precision_of_a_model_that_is_known_by_name(tmp_path: Path, hub: str, written: str, target: str, severity: str):
    """P103: the name alone tells of models that were made in bf16; for a card without it, of those that surely overflow."""
    base = f"hub: {hub}, revision: 4c5ff5e1e9a5f3a7e4ddf1e2b06b9a3c6f2d1a00"
    changes = {"target: rtx4090": f"target: {target}", "path: models/base": base, RATE: f"{RATE}    {written}\n"}
    changes["model: {base: {path: models/base"] = "model: {base: {" + base
    found = told(tmp_path, "P103", SFT, changes)
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_ids_of_two_bytes_read_by_four(tmp_path: Path):
    """V105: two of them would be one; of four bytes they are read as they are."""
    numpy = pytest.importorskip("numpy")
    ids = numpy.random.default_rng(7).integers(5, 900, 20_000)
    step = {BINS: f"  - type: check_vocab_consistency\n    bins: {{path: old, dtype: uint32}}\n{BINS}"}
    (wrong,) = told(tmp_path / "a", "V105", LM, step, {"old/train.bin": ids.astype("<u2").tobytes()})
    assert wrong.message.startswith("train.bin is written as uint16: read as uint32, two ids are one")
    assert (wrong.path[-2:], wrong.fix, wrong.edits[0].value) == (("bins", "dtype"), "write dtype: uint16", "uint16")
    assert told(tmp_path / "b", "V105", LM, step, {"old/train.bin": ids.astype("<u4").tobytes()}) == []


def test_a_share_that_is_less_than_a_row(tmp_path: Path):
    """D113: told where it is written, with one that is enough."""
    long = {"max_seq_length: 256": "max_seq_length: 1024"}
    (found,) = told(tmp_path / "a", "D113", LM, {**long, BINS: f"{BINS}    val_fraction: 0.005\n"})
    assert (found.path[-1], found.fix) == ("val_fraction", "write val_fraction: 0.09, or max_seq_length: 256, or give it more text")
    assert told(tmp_path / "b", "D113", LM, {**long, BINS: f"{BINS}    val_fraction: 0.09\n"}) == []


def test_one_conversation_leaves_none_for_validation(tmp_path: Path):
    """D120, and nothing of the rows of a step."""
    rows = [{"prompt": f"What is {n} and {n}?", "completion": f"It is {2 * n}."} for n in range(30)]
    (found,) = told(tmp_path / "a", "D120", SFT, {}, {"data/chat.jsonl": rows[:1]})
    assert (found.path[-1], found.severity) == ("path", "warning")
    assert told(tmp_path / "b", "S013", SFT, {}, {"data/chat.jsonl": rows[:1]}) == []
    assert told(tmp_path / "c", "D120", SFT, {}, {"data/chat.jsonl": rows}) == []


@pytest.mark.parametrize(
    ("template", "marks", "better"),
    [
        ("<s>{title}\\n{text}</s>", "<s> and </s>", "{title}\n{text}"),
        ("{text}<|endoftext|>", "<|endoftext|>", "{text}"),
        ("<en>{title}\\n{text}", "", ""),
    ],
)
def test_marks_of_a_document_in_a_template_of_columns(tmp_path: Path, template: str, marks: str, better: str):
    """D176, once: they are taken out of the template and not of the files, and are no symbols (D173), nor told by the texts (D169)."""
    columns = {"      - path: data/stories.jsonl\n": f'      - path: data/stories.jsonl\n        columns: {{text: "{template}"}}\n'}
    found = told(tmp_path / "a", "D176", LM, columns)
    assert [f.message.split(" into ")[0] for f in found] == ([f"columns write {marks}"] if marks else [])
    assert [edit.value for f in found for edit in f.edits] == ([better] if marks else [])
    assert told(tmp_path / "b", "D169", LM, columns) == []
    assert [f.message for f in told(tmp_path / "c", "D173", LM, columns) if not marks or "</s>" in f.message] == (
        [] if marks else ["columns write <en> into every text, and the tokenizer cuts it like words"]
    )


def test_each_template_with_such_marks_is_told(tmp_path: Path):
    """All at once, each at its own source."""
    source = "      - path: data/stories.jsonl\n"
    marked = f'{source}        columns: {{text: "<s>{{text}}"}}\n{source}        columns: {{text: "{{text}}</s>"}}\n'
    found = told(tmp_path, "D176", LM, {source: marked})
    assert [f.path[2:] for f in found] == [("sources", n, "columns", "text") for n in (0, 1)]


def test_layers_of_a_base_that_says_not_what_it_is(tmp_path: Path):
    """A101 is silent, since C002 tells that config.json names no model_type."""
    lora = {"lora: {r: 8, lora_alpha: 16}": "lora: {r: 8, lora_alpha: 16, target_modules: [in_proj]}"}
    assert len(told(tmp_path / "a", "A101", SFT, lora)) == 1
    assert told(tmp_path / "b", "A101", SFT, lora, {"models/base/config.json": {"model_type": ...}}) == []


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("models/base", "write model: {base: {path: models/base}}"),
        ("owner/name", "write model: {base: {hub: owner/name}}, or {base: {path: owner/name}} for a folder"),
    ],
)
def test_a_model_by_one_word_is_a_folder_where_it_looks_like_one(tmp_path: Path, word: str, fix: str):
    """K002: of a folder's usual names nothing is left open."""
    (found,) = told(tmp_path, "K002", SFT, {f"model: {BASE}": f"model: {word}"})
    assert found.fix == fix


def test_what_the_trainer_of_transformers_left_is_no_state(tmp_path: Path):
    """R102 says whose it is, and what of it can be used."""
    resume = {RATE: f"{RATE}    resume_from: {{path: out}}\n"}
    adapter = {"out/adapter_config.json": {"base_model_name_or_path": "models/base", "r": 8}, "out/adapter_model.safetensors": b"w"}
    (found,) = told(tmp_path / "a", "R102", SFT, resume, adapter)
    assert found.message.endswith("it is an adapter of peft, whose optimizer is not read here")
    assert found.fix == "merge it into models/base and start from that, or delete resume_from"
    whole = {"out/optimizer.pt": b"w", "out/model.safetensors": b"w", "out/config.json": {"model_type": "llama"}}
    (found,) = told(tmp_path / "b", "R102", SFT, resume, whole)
    assert found.message.endswith("the Trainer of transformers left it, whose optimizer is not read here")
    assert found.fix == "start from its weights: model: {base: {path: out}}"


@pytest.mark.parametrize(("every", "severity"), [(1, "info"), (2, "warning")])
def test_lists_among_texts_are_a_slip(tmp_path: Path, every: int, severity: str):
    """D170: where every answer is a list it may be meant."""
    rows = [{"instruction": f"Name {n}.", "output": [f"It is {n}.", f"{n}."] if n % every == 0 else f"It is {n}."} for n in range(40)]
    (found,) = told(tmp_path, "D170", SFT, {}, {"data/chat.jsonl": rows})
    assert found.severity == severity


@pytest.mark.parametrize(("max_steps", "every", "found"), [(1000, 1, 1), (1000, 50, 0), (20, 1, 0)])
def test_a_validation_after_every_step_of_unknown_data(tmp_path: Path, max_steps: int, every: int, found: int):
    """S019: of data that nobody has looked at as many tokens are held as eval_tokens takes; a short trial may look at each step."""
    hub = "      - {hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}\n"
    changes = {"      - path: data/stories.jsonl\n": hub, "max_steps: 1000": f"max_steps: {max_steps}\n    eval_steps: {every}"}
    assert len(told(tmp_path, "S019", LM, changes)) == found


@pytest.mark.parametrize(("min_lr", "fix"), [("0.1", "1e-04"), ("3e-3", "3e-06"), ("5", "1e-04")])
def test_a_lowest_rate_above_the_highest_may_be_a_share(tmp_path: Path, min_lr: str, fix: str):
    """S005 says what the share would be as a rate."""
    (found,) = told(tmp_path, "S005", LM, {"learning_rate: 1e-3": f"learning_rate: 1e-3\n    min_lr: {min_lr}"})
    assert found.fix == f"it is a rate, and no share of one: write min_lr: {float(fix):g}"


NEW = """\
recipe: talk
target: t4
steps:
  - type: parse_corpus
    sources: [{path: data/chat.jsonl}]
  - type: train_tokenizer
    vocab_size: 1000
  - type: train
    objective: sft
    model: {family: llama, d_model: 64, n_layers: 2}
    max_seq_length: 128
    max_steps: 20
"""


@pytest.mark.parametrize(("words", "long", "severity"), [(60, 40, ""), (105, 40, "warning"), (400, 40, "error"), (400, 1, "")])
def test_long_rows_before_their_tokenizer_is_made(tmp_path: Path, words: int, long: int, severity: str):
    """D111 by the tokens that so many pieces make of them; a few conversations are left out by the training, which says so."""
    rows = [{"prompt": f"What is {n}?", "completion": "rain on roofs " * ((words if n < long else 3) // 3) + str(n)} for n in range(40)]
    found = told(tmp_path, "D111", NEW, {}, {"data/chat.jsonl": rows})
    assert [f.severity for f in found] == ([severity] if severity else [])
    assert all("in 1,000 pieces" in f.message and f.path[-1] == "max_seq_length" for f in found)


@pytest.mark.parametrize(("plan", "before", "found"), [("auto", "", 1), ("null", "", 0), ("auto", "  - type: plan\n", 0)])
def test_a_plan_that_nothing_makes(tmp_path: Path, plan: str, before: str, found: int):
    """L012: the line would have no effect."""
    changes = {"  - type: train\n    model": f"{before}  - type: train\n    plan: {plan}\n    model"}
    assert len(told(tmp_path, "L012", LM, changes)) == found


@pytest.mark.parametrize("more", ["", ", bins: {path: old}"])
def test_damaged_weights_of_a_model_that_is_compared(tmp_path: Path, more: str):
    """V103 at its path; no rule stumbles over them."""
    step = {BINS: f"  - {{type: check_vocab_consistency, model: {{path: models/base}}{more}}}\n{BINS}"}
    files = {"models/base/model.safetensors": b"\x10" + bytes(7) + b"no header at all", "old/train.bin": bytes(4000)}
    found = findings(Case("test", "test", LM, step, files), tmp_path / "project")
    assert [f.path[-2:] for f in found if f.code == "V103"] == [("model", "path")]
    assert "R090" not in {f.code for f in found}


@pytest.mark.parametrize(("rows", "found"), [(420, 0), (600, 1)])
def test_a_written_batch_that_fits_as_it_is_planned_is_kept(tmp_path: Path, rows: int, found: int):
    """B010 judges it with the checkpointing that the plan chooses beside it, also above the plan's margin; none has more than the card."""
    sizes = "{family: llama, d_model: 512, n_layers: 8, n_heads: 8}"
    changes = {
        "{family: llama, d_model: 256, n_layers: 4, n_heads: 4}": sizes,
        "  - type: train\n": f"  - type: plan\n  - type: train\n    batch_size: {rows}\n",
        "total_batch_size: 16": f"total_batch_size: {rows}",
        "max_seq_length: 256": "max_seq_length: 512",
    }
    assert len([f for f in told(tmp_path, "B010", LM, changes) if f.severity == "error"]) == found
