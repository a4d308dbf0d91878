"""recipe show --rows: what training will see of the first rows, and what is wrong with them."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.commands.show import show
from tests.steps.text.models_with_templates import CHATML, MISTRAL, SPECIAL, folder

TUNE = """\
recipe: tune
target: rtx4090
steps:
  - {type: parse_corpus, sources: [{path: chat.jsonl}]}
  - {type: train, objective: sft, model: {base: {path: model}}, max_seq_length: 96}
"""
NEW = """\
recipe: new
target: t4
steps:
  - {type: parse_corpus, sources: [{path: chat.jsonl}]}
  - {type: train_tokenizer, vocab_size: {at_most: 300}}
  - type: tokenize_bin
  - {type: train, max_seq_length: 96, max_steps: 1}
"""


def shown(place: Path, template: str | None, answer: str = "Four.", recipe: str = TUNE) -> tuple[list[str], str]:
    pytest.importorskip("tokenizers")
    folder(place / "model", template)
    (place / "model" / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 300}))
    turns = [{"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": answer}]
    (place / "chat.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    (place / "r.yaml").write_text(recipe)
    done = CliRunner().invoke(show, [str(place / "r.yaml"), "--rows", "3"])
    return done.stdout.splitlines(), done.stderr


def test_the_answer_and_its_mark_are_learned(tmp_path: Path):
    """The stretches that are read and learned, token by token, in the base's own template."""
    lines, said = shown(tmp_path, CHATML)
    assert lines[0] == "train: 96 tokens a row"
    assert lines[1].startswith("  row 1, chat.jsonl:1: ")
    assert [line[4:10].strip() for line in lines[2:]] == ["read", "learn", "read", "ids"]
    assert lines[3] == "    learn  F|o|u|r|.|<|im_end|>"
    assert said == ""


def test_what_does_not_fit_is_never_cut(tmp_path: Path):
    """A row longer than the window says so."""
    lines, _ = shown(tmp_path, CHATML, "Four. " * 50)
    assert "longer than a row of 96, and never cut: put a split_long step before the training" in lines[1]


def test_added_tokens_are_one_token_each(tmp_path: Path):
    """As the training will add them to the base's tokenizer."""
    recipe = TUNE.replace("objective: sft,", 'objective: sft, add_tokens: ["<|tool|>"],')
    lines, said = shown(tmp_path, CHATML, "F<|tool|>r", recipe)
    assert (lines[3], said) == ("    learn  F|<|tool|>|r|<|im_end|>", "")


def test_a_second_begin_token_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Written by the template twice."""
    monkeypatch.setitem(SPECIAL, "{{ bos_token }}" + MISTRAL, SPECIAL[MISTRAL])
    assert "D148" not in shown(tmp_path / "one", MISTRAL)[1]
    assert "D148: warning: row 1, chat.jsonl:1, begins twice" in shown(tmp_path / "two", "{{ bos_token }}" + MISTRAL)[1]


def test_without_a_tokenizer_the_text_is_shown(tmp_path: Path):
    """One that the recipe trains itself is there after its step has run."""
    lines, _ = shown(tmp_path, CHATML, recipe=NEW)
    assert lines[0] == "train: text alone: train_tokenizer has not run yet; recipe run --to train_tokenizer makes it"
    assert lines[2] == "    text   <|user|>⏎Two and two?<|end|>⏎<|assistant|>⏎Four.<|end|>⏎"


@pytest.mark.parametrize(
    "head", ["", "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*\n---\n"]
)
def test_rows_of_the_hubs_cache_are_shown_without_the_network(head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Those of the split that is asked for, named as on the hub."""
    commit = "a" * 40
    files = tmp_path / "hub" / "datasets--owner--chats" / "snapshots" / commit
    (files / "data").mkdir(parents=True)
    (files.parents[1] / "refs").mkdir()
    (files.parents[1] / "refs" / "main").write_text(commit)
    (files / "README.md").write_text(head)
    for split, answer in (("test", "Five."), ("train", "Four.")):
        turns = [{"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": answer}]
        (files / "data" / f"{split}-00000-of-00001.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    lines, _ = shown(tmp_path, CHATML, recipe=TUNE.replace("path: chat.jsonl", "hub: owner/chats"))
    assert lines[1].startswith("  row 1, owner/chats/data/train-00000-of-00001.jsonl:1: ")
    assert lines[3] == "    learn  F|o|u|r|.|<|im_end|>"
    lines, _ = shown(tmp_path, CHATML, recipe=TUNE.replace("path: chat.jsonl", "hub: owner/chats, split: test"))
    assert head or lines[3] == "    learn  F|i|v|e|.|<|im_end|>"


def test_a_data_set_that_is_not_in_the_cache_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing is fetched."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    lines, _ = shown(tmp_path, CHATML, recipe=TUNE.replace("path: chat.jsonl", "hub: owner/chats"))
    assert lines[1].startswith("  no row can be shown: its sources are on a hub and not in its cache")


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("path: a.txt, document: line", ["a.txt:1: 9 characters", "a.txt:2: 9 characters", "a.txt:4: 11 characters"]),
        ("path: a.txt, document: blank_line", ["a.txt: 19 characters", "a.txt: 11 characters"]),
        ("path: a.txt", ["a.txt: 32 characters"]),
        ("path: a.py, format: txt", ["a.py: 5 characters"]),
        ("path: long.txt", ["long.txt, its first 64 kB: 65,535 characters"]),
        ("path: long.txt, document: line", [f"long.txt:{n}: 1 characters" for n in (1, 2, 3)]),
    ],
)
def test_texts_are_parted_as_their_source_says(tmp_path: Path, source: str, rows: list[str]):
    """By lines or empty ones, by any name that is said to be a text; of a long one it is said that its beginning is looked at."""
    (tmp_path / "a.txt").write_text("Two bees.\nOne wasp.\n\nThree moths")
    (tmp_path / "a.py").write_text("x = 1")
    (tmp_path / "long.txt").write_text("x\n" * 40_000)
    (tmp_path / "r.yaml").write_text(NEW.replace("path: chat.jsonl", source))
    done = CliRunner().invoke(show, [str(tmp_path / "r.yaml"), "--rows", "3"])
    assert [line.partition(", ")[2] for line in done.stdout.splitlines() if line.startswith("  row ")] == rows


def test_the_tokenizer_of_another_recipes_model_is_taken(tmp_path: Path):
    """As its last run left it in the store; before that the command is named that makes it."""
    again = TUNE.replace("{path: model}", "{recipe: phase1, step: writer}")
    lines, _ = shown(tmp_path, CHATML, recipe=again)
    assert lines[0] == "train: text alone: writer of phase1 has not run yet; recipe run phase1 makes it"
    row = {"digest": "d1", "key": "k", "kind": "Checkpoint"}
    (tmp_path / ".recipe" / "last").mkdir(parents=True)
    (tmp_path / ".recipe" / "last" / "phase1.json").write_text(json.dumps({"steps": {"writer": row}}))
    kept = tmp_path / ".recipe" / "store" / "objects" / "d1" / "artifact"
    shutil.copytree(tmp_path / "model", kept)
    (kept / "artifact.json").write_text(json.dumps({"kind": "Checkpoint"}))
    lines, _ = shown(tmp_path, CHATML, recipe=again)
    assert (lines[0], lines[3]) == ("train: 96 tokens a row", "    learn  F|o|u|r|.|<|im_end|>")


def test_what_split_long_makes_of_a_row_is_shown(tmp_path: Path):
    """The pieces that the training will see, each whole, in place of the long row."""
    split = "  - {type: check_vocab_consistency, checkpoint: {path: model}}\n  - {type: split_long, max_tokens: 96}\n  - {type: train, obj"
    lines, _ = shown(tmp_path, CHATML, "Four. " * 50, TUNE.replace("  - {type: train, obj", split))
    heads = [line for line in lines if line.startswith("  row ")]
    assert len(heads) == 3
    assert all(f"chat.jsonl:1, piece {n} of " in head and head.endswith("; whole") for n, head in enumerate(heads, 1))


def test_a_row_that_becomes_no_document_is_shown_as_left_out(tmp_path: Path):
    """With the reason, and as a finding; so where none becomes one."""
    pytest.importorskip("tokenizers")
    folder(tmp_path / "model", CHATML)
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": 300}))
    asked = json.dumps({"messages": [{"role": "user", "content": "Two and two?"}]})
    (tmp_path / "chat.jsonl").write_text(f"{asked}\n{asked}\n")
    (tmp_path / "r.yaml").write_text(TUNE)
    done = CliRunner().invoke(show, [str(tmp_path / "r.yaml"), "--rows", "3"])
    assert done.stdout.splitlines()[1:] == [f"  row {n}, chat.jsonl:{n}: left out: no answer to learn from" for n in (1, 2)]
    assert "D141: warning: row 1, chat.jsonl:1, is left out: no answer to learn from" in done.stderr
