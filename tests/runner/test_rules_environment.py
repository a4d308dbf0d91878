"""What the environment of this machine has to do with a recipe that is meant for it."""

import os
from pathlib import Path

import pytest

from runner import surroundings
from tests.runner.judged import meant

HERE = ("target: t4", "target: here")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No login, no mode, and every tracker installed."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "MLFLOW_TRACKING_URI", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(surroundings, "find_spec", lambda name: object())


def told(folder: Path, tracking: str, *more: tuple[str, str]) -> list[str]:
    changes = (HERE, ("max_steps: 1000", f"max_steps: 1000\n    tracking: {tracking}"), *more)
    return [f"{f.code}: {f.message}" for f in meant(folder, *changes).findings if f.code in ("S120", "S121")]


def test_a_tracker_that_is_not_installed_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Each of those asked for, with what installs it; for another machine it is only told."""
    monkeypatch.setattr(surroundings, "find_spec", lambda name: None if name == "mlflow" else object())
    assert told(tmp_path, "[tensorboard, mlflow]") == ["S120: mlflow is not installed here: nothing is told to it"]
    changed = meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    tracking: mlflow"))
    assert [(f.code, f.severity) for f in changed.findings if f.code == "S120"] == [("S120", "info")]


def test_wandb_without_a_login_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """By a key, the file of `wandb login`, or the mode."""
    assert told(tmp_path, "wandb") == ["S121: wandb writes to the run's folder alone: nobody is logged in"]
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password abc\n")
    os.chmod(tmp_path / ".netrc", 0o600)
    assert told(tmp_path, "wandb") == []
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert told(tmp_path, "wandb") == ["S121: wandb writes to the run's folder alone: WANDB_MODE is offline"]
    monkeypatch.setenv("WANDB_MODE", "online")
    assert told(tmp_path, "wandb") == []


def test_a_folder_that_mlflow_cannot_write_is_told(tmp_path: Path):
    """A file stands where the folder would be."""
    (tmp_path / "taken").write_text("")
    assert told(tmp_path, f"{{mlflow: {{uri: 'file://{tmp_path}/new'}}}}") == []
    assert told(tmp_path, f"{{mlflow: {{uri: 'file://{tmp_path}/taken'}}}}") == [f"S120: mlflow cannot write to {tmp_path}/taken"]


def test_trackers_of_the_whole_recipe_are_looked_at_once(tmp_path: Path):
    """The finding stands at the recipe's own line."""
    second = "max_steps: 1000\n  - {type: train, id: two, model: {family: llama}, max_steps: 1000}"
    found = meant(tmp_path, ("target: t4", "target: here\ntracking: wandb"), ("max_steps: 1000", second)).findings
    assert [f.place.line for f in found if f.code == "S121" and f.place is not None] == [3]
