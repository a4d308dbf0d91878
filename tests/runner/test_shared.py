"""Keys of the top level that hold for every step with a param of that name."""

from pathlib import Path

import pytest

from runner.asmeant import rendered
from runner.judge import mend
from runner.meant import Meant
from runner.resolve import mean

HEAD = "recipe: r\ntarget: t4\n"
BODY = """\
steps:
  - type: parse_corpus
    sources: [{hub: a/b, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}]
  - {type: train_tokenizer, vocab_size: 16000}
  - type: tokenize_bin
  - {type: train, id: one, max_steps: 100}
  - {type: train, id: two, max_steps: 100, tracking: tensorboard}
  - {type: train, id: three, max_steps: 100, tracking: null}
"""


def understood(tmp_path: Path, top: str, body: str = BODY) -> Meant:
    file = tmp_path / "r.yaml"
    file.write_text(HEAD + top + body)
    return mean(file)


def tracked(meant: Meant) -> list[object]:
    return [getattr(meant.step(name).params, "tracking", "no params") for name in ("one", "two", "three")]


def test_trackers_of_the_recipe_are_those_of_every_training(tmp_path: Path):
    """A step's own, or none, wins over them; `show` says whence they come."""
    meant = understood(tmp_path, "tracking: [wandb, mlflow]\n")
    assert (tracked(meant), meant.findings) == ([["wandb", "mlflow"], "tensorboard", None], [])
    shown = [" ".join(line.split()) for line in rendered(meant).splitlines() if "tracking" in line]
    assert shown[1] == "tracking: [wandb, mlflow] # derived: the recipe's tracking"


def test_a_mistake_in_it_is_said_once_where_it_stands(tmp_path: Path):
    """And the steps are judged without it."""
    meant = understood(tmp_path, "tracking: wandbb\n")
    (found,) = meant.findings
    assert (found.code, found.path, found.place.line if found.place else 0) == ("K004", ("tracking",), 3)
    assert tracked(meant) == [None, "tensorboard", None]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("report_to: [wandb, tensorboard]", "tracking: [wandb, tensorboard]"),
        ("use_wandb: true", "tracking: wandb"),
        ("wandb_project: aether", "tracking: {wandb: {project: aether}}"),
        ("log_with: none", None),
    ],
)
def test_other_tools_names_for_it_are_mended(tmp_path: Path, theirs: str, ours: str | None):
    """At the top level they stay there."""
    file = tmp_path / "r.yaml"
    file.write_text(HEAD + theirs + "\n" + BODY)
    meant, fixed = mend(file)
    expected = tmp_path / "expected.yaml"
    expected.write_text(HEAD + (f"{ours}\n" if ours else "") + BODY)
    assert [f.code for f in fixed] == ["K010"]
    assert tracked(meant) == tracked(mean(expected))
    assert meant.errors == []


def test_a_file_of_another_tool_is_offered_it_at_the_top(tmp_path: Path):
    """The recipe that is offered instead of it has the trackers where they hold for all, with their settings."""
    file = tmp_path / "run.yaml"
    file.write_text("report_to: [wandb, mlflow]\nwandb_project: aether\nlearning_rate: 1e-4\n")
    offered = next(f.fix for f in mean(file).findings if f.code == "K011")
    assert offered.splitlines()[1:4] == ["recipe: run", "tracking: {wandb: {project: aether}, mlflow: {}}", "steps:"]
