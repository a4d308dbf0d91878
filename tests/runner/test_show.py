"""recipe show: the recipe as meant."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from runner.asmeant import rendered
from runner.commands.show import show
from runner.resolve import Overrides, mean
from tests.conftest import ROOT
from tests.runner.toys import toys  # noqa: F401

RECIPE = """\
recipe: r
vars: {n: 10}
steps:
  - {type: read, sources: [{path: a.txt}]}
  - type: pieces
  - type: bins
  - type: train
    id: base
    model: {d_model: 32}
    max_steps: ${n}
    expect: {5: {loss: [1.0, 2.0]}}
"""


@pytest.mark.usefixtures("toys")
def test_every_value_has_its_origin(tmp_path: Path):
    """Written with its line, by default, from the command line, derived."""
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE)
    lines = [" ".join(line.split()) for line in rendered(mean(file, Overrides((("steps.base.learning_rate", "1e-4"),)))).splitlines()]
    assert f"max_steps: 10 # written {file}:10, vars.n" in lines
    assert "# vars:" in lines
    assert f"d_model: 32 # written {file}:9" in lines
    assert "# n_layers: 2 # default" in lines
    assert "learning_rate: 0.0001 # command line" in lines
    assert "corpus: read # derived: the nearest Corpus before it" in lines
    assert f"loss: [1.0, 2.0] # written {file}:11" in lines


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("origins", [True, False])
def test_what_is_shown_means_the_same(tmp_path: Path, origins: bool):
    """The text can be run: same params, same wiring."""
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE)
    first = mean(file)
    file.write_text(rendered(first, origins))
    again = mean(file)
    assert again.findings == []
    assert [(s.id, s.params, s.inputs) for s in again.steps] == [(s.id, s.params, s.inputs) for s in first.steps]


@pytest.mark.usefixtures("toys")
def test_defaults_that_cannot_stand_beside_the_rest_are_left_out(tmp_path: Path):
    """A base model has its own sizes: the defaults of a new one are not shown beside it."""
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE.replace("model: {d_model: 32}", "model: {base: {hub: a/b}}"))
    text = rendered(mean(file), origins=False)
    assert "hub: a/b" in text
    assert "d_model" not in text


@pytest.mark.usefixtures("toys")
def test_a_map_from_a_variable_names_it(tmp_path: Path):
    """Inside a map that a variable stands for, the origin is the variable."""
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE.replace("{n: 10}", "{n: 10, size: {d_model: 16}}").replace("{d_model: 32}", "${size}"))
    assert mean(file).origins["steps", "base", "model", "d_model"] == ("written", f"{file}:9, vars.size")


@pytest.mark.usefixtures("toys")
def test_the_verb_prints_recipe_and_findings(tmp_path: Path):
    """The recipe on the screen, what is wrong with it beside, and exit code 2."""
    file = tmp_path / "r.yaml"
    file.write_text(RECIPE)
    good = CliRunner().invoke(show, [str(file), "--set", "seed=7", "--no-origins"], standalone_mode=False)
    assert (good.return_value, "seed: 7" in good.stdout) == (0, True)
    bad = CliRunner().invoke(show, [str(file), "--set", "steps.base.max_step=7"], standalone_mode=False)
    assert bad.return_value == 2
    assert "unknown key max_step" in bad.stderr


@pytest.mark.parametrize("name", ["phase1_tr", "phase2_tr", "quickstart", "style_lora", "style_lora_sample"])
def test_shipped_recipes_mean_the_same_when_shown(name: str, tmp_path: Path):
    """Every shipped recipe, shown and read again, has the same params and no new findings."""
    first = mean(ROOT / "recipes" / f"{name}.yaml")
    if any(step.step is None for step in first.steps):
        pytest.skip("a step type is not here")
    (tmp_path / "recipes").mkdir()
    file = tmp_path / "recipes" / f"{name}.yaml"
    file.write_text(rendered(first))
    again = mean(file)
    assert [(f.code, f.message) for f in again.findings] == [(f.code, f.message) for f in first.findings]
    assert [s.params for s in again.steps] == [s.params for s in first.steps]
