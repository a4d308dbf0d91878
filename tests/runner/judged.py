"""Recipes for tests of rules: a sound one, changed in one place, and what is then said of it."""

from pathlib import Path

from runner.judge import judge
from runner.meant import Meant
from runner.resolve import mean

STORIES = "{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}"
SOUND = f"""\
recipe: sound
target: t4
steps:
  - type: parse_corpus
    sources: [{STORIES}]
  - type: train_tokenizer
    vocab_size: 16000
  - type: tokenize_bin
  - type: train
    model: {{family: mamba, d_model: 512, n_layers: 12}}
    max_steps: 1000
  - type: export_ollama
"""


def meant(folder: Path, *changes: tuple[str, str], base: str = SOUND) -> Meant:
    """`base` with each (old, new) text replaced, written to folder/recipe.yaml, resolved and judged."""
    for old, new in changes:
        assert old in base, old
        base = base.replace(old, new, 1)
    file = folder / "recipe.yaml"
    file.write_text(base, "utf-8")
    result = mean(file)
    judge(result)
    return result


def said(folder: Path, *changes: tuple[str, str], base: str = SOUND) -> list[str]:
    """Codes of the errors and warnings, in order; infos in brackets."""
    return [f"({f.code})" if f.severity == "info" else f.code for f in meant(folder, *changes, base=base).findings]
