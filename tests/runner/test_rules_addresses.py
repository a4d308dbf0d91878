"""Addresses of pages where files are meant, and of servers without http://."""

from pathlib import Path

import pytest

from runner import surroundings
from runner.rules.addresses import with_protocol
from tests.runner.judged import meant

HUB = "https://huggingface.co/datasets"


@pytest.mark.parametrize(
    ("address", "fix"),
    [
        (f"{HUB}/roneneldan/TinyStories", "write hub: roneneldan/TinyStories"),
        (f"{HUB}/roneneldan/TinyStories/tree/main/data", "write hub: roneneldan/TinyStories"),
        (f"{HUB}/imdb/viewer", "write hub: imdb"),
        (f"{HUB}/a/b/blob/main/x.jsonl", f"write url: {HUB}/a/b/resolve/main/x.jsonl"),
        ("https://github.com/a/b/blob/main/x.txt", "write url: https://raw.githubusercontent.com/a/b/main/x.txt"),
        ("https://drive.google.com/file/d/1Ab/view", "write url: https://drive.google.com/uc?export=download&id=1Ab"),
        ("https://www.dropbox.com/s/a/x.jsonl?dl=0", "write url: https://www.dropbox.com/s/a/x.jsonl?dl=1"),
        (f"{HUB}/a/b/resolve/main/x.jsonl", None),
        ("https://raw.githubusercontent.com/a/b/main/x.txt", None),
        ("https://en.wikipedia.org/wiki/Bear", None),
        ("https://github.com/a/b/raw/main/x.txt", None),
    ],
)
def test_pages_about_files_are_told(tmp_path: Path, address: str, fix: str | None):
    """With the address of the file, or the name on the hub."""
    found = [f for f in meant(tmp_path, ("sources: [", f"sources: [{{url: '{address}'}}, ")).findings if f.code == "H029"]
    assert [f.fix for f in found] == ([fix] if fix else [])
    assert all(f.edits for f in found)


@pytest.mark.parametrize(
    ("address", "better"),
    [
        ("localhost:5000", "http://localhost:5000"), ("127.0.0.1:5000/ml", "http://127.0.0.1:5000/ml"),
        ("my-server:8080", "http://my-server:8080"), ("http:/localhost:5000", "http://localhost:5000"),
        ("https:server", "https://server"), ("http//server:80", "http://server:80"), ("http://localhost:5000", ""), ("databricks", ""),
        ("sqlite:///ml.db", ""), ("file:./mlruns", ""), ("./mlruns", ""), ("mlruns", ""), ("postgresql://a/b", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_server_needs_its_protocol(address: str, better: str):
    """Folders, data bases and names that MLflow knows are left alone."""
    assert with_protocol(address) == better


def test_a_server_without_http_is_told_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In the recipe with its mend, in the environment with the command."""
    monkeypatch.setattr(surroundings, "find_spec", lambda name: object())
    written = ("max_steps: 1000", "max_steps: 1000\n    tracking: {mlflow: {uri: 'localhost:5000'}}")
    (found,) = [f for f in meant(tmp_path, written).findings if f.code == "S122"]
    assert (found.fix, found.edits[0].value) == ("write uri: http://localhost:5000", "http://localhost:5000")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "localhost:5000")
    (found,) = [f for f in meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    tracking: mlflow")).findings if f.code == "S122"]
    assert found.fix == "export MLFLOW_TRACKING_URI=http://localhost:5000"


@pytest.mark.parametrize(
    ("mode", "fix"), [("disabled", "unset WANDB_MODE"), ("offline", "unset WANDB_MODE, or send it later: wandb sync"), ("", "wandb login")]
)
def test_wandb_that_is_switched_off_needs_no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, fix: str):
    """The variable is what keeps it silent."""
    monkeypatch.setattr(surroundings, "find_spec", lambda name: object())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_MODE", mode)
    changed = meant(tmp_path, ("max_steps: 1000", "max_steps: 1000\n    tracking: wandb"))
    assert [f.fix for f in changed.findings if f.code == "S121"] == [fix]
