"""Any value of a recipe may be of any kind: what is wrong is told, and neither the reading nor a rule stumbles."""

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from runner.judge import judge
from runner.resolve import mean

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))
from cases import LM, SFT, scaffold

TUNED = SFT.replace(
    "lora: {r: 8, lora_alpha: 16}",
    "lora: {r: 8, target_modules: [q_proj], modules_to_save: [lm_head]}\n    add_tokens: ['<x>']\n    quant: {bits: 4}",
)
PLANNED = """\
recipe: planned
target: t4
tracking: {tensorboard: true}
steps:
  - type: parse_corpus
    sources:
      - {path: data/stories.jsonl, columns: {text: "{title} {text}"}, weight: 2, take: 100, fallback: {path: data/more.txt}}
      - {hub: owner/name, config: tr, split: train, revision: main}
    clean: {near_duplicates: true, languages: [en], min_chars: 1}
  - type: train_tokenizer
    vocab_size: {at_most: 1000}
    user_symbols: [a]
  - type: tokenize_bin
    val_fraction: 0.1
  - type: plan
  - type: train
    plan: auto
    model: {family: mamba, d_model: 256, n_layers: 4}
    max_steps: 100
    total_batch_size: 8
    max_seq_length: 64
    expect: {50: {train_loss: [1, 2]}}
    early_stopping: {patience: 2}
    stages: [{until: 50, train: [all]}]
    optimizer: adamw
    precision: fp32
  - type: validate_checkpoint
    prompts: [a]
  - type: export_ollama
    parameters: {temperature: 0.1}
  - type: report
"""
STRANGE = (None, -1, float("nan"), "x", [], [{}], {"a": {}})


def _places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value of plain data."""
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _replaced(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(data)
    holder = changed
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    return changed


@pytest.mark.parametrize("text", [LM, TUNED, PLANNED], ids=["from nothing", "tuned", "planned"])
def test_no_value_makes_the_check_stumble(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scaffold(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    yaml = YAML(typ="safe", pure=True)
    sound = yaml.load(text)
    stumbled = []
    for path in _places(sound):
        for value in STRANGE:
            with Path("recipe.yaml").open("w", encoding="utf-8") as file:
                yaml.dump(_replaced(sound, path, value), file)
            found = judge(mean(Path("recipe.yaml")))
            stumbled += [(path, value, f.message) for f in found if f.code == "R090"]
    assert stumbled == []
