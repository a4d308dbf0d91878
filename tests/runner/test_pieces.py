"""What plan is told of split_long, and the lengths that a check foresees from it."""

from pathlib import Path

import pytest

from runner.judge import judge
from runner.resolve import mean
from schemas import CheckpointForecast, PlanForecast

RECIPE = """\
recipe: r
target: t4
steps:
  - {type: parse_corpus, sources: [{path: texts/*.txt}]}
  - {type: train_tokenizer, vocab_size: 400}
  - {type: split_long, max_tokens: 6000}
  - {type: tokenize_bin}
  - {type: plan}
  - {type: train, model: {family: llama, d_model: 64, n_layers: 2, n_heads: 2}, max_steps: 5}
"""
TUNED = RECIPE.replace("  - {type: tokenize_bin}\n", "").replace("max_steps: 5", "max_steps: 5, objective: sft")


def written(folder: Path, text: str) -> Path:
    (folder / "texts").mkdir()
    for number in range(20):
        (folder / "texts" / f"{number}.txt").write_text("\n".join(f"The hen number {n} of {number} lays an egg." for n in range(400)))
    (folder / "recipes").mkdir()
    (folder / "recipes" / "r.yaml").write_text(text)
    return folder / "recipes" / "r.yaml"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (RECIPE, 6000),
        (TUNED, 6000),
        (RECIPE.replace("max_tokens: 6000", "max_tokens: 6000, analyze_only: true"), None),
        (RECIPE.replace("  - {type: split_long, max_tokens: 6000}\n", ""), None),
    ],
)
def test_plan_is_told_of_split_long(tmp_path: Path, text: str, asked: int | None):
    """By way of a bin or at once; not of one that only measures."""
    params = mean(written(tmp_path, text)).step("plan").params
    assert params.subject.get("split_long") == asked  # type: ignore[union-attr]
    assert "max_steps" in params.subject  # type: ignore[union-attr]


@pytest.mark.parametrize("text", [RECIPE, TUNED])
def test_a_check_reckons_with_the_planned_length(tmp_path: Path, text: str):
    """The train step's forecast is of rows as the plan makes them, and none says that a piece is longer than a row."""
    meant = mean(written(tmp_path, text))
    said = [f.code for f in judge(meant)]
    planned, trained = meant.step("plan").forecast, meant.step("train").forecast
    assert isinstance(planned, PlanForecast)
    assert isinstance(trained, CheckpointForecast)
    assert planned.settings["max_seq_length"] == 6016
    assert "D111" not in said
    if text == RECIPE:
        assert trained.tokens == 5 * 8 * 6016
