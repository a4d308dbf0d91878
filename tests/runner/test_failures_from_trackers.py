"""Failures that users of other tools reported, said in our language: each is seen at its line, by its cause, and its repair is not.

About three seconds, for two hundred recipes: each of these cost somebody hours.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "check"
sys.path.insert(0, str(BENCHMARKS))

import batch_3  # noqa: E402
import batch_4  # noqa: E402
import batch_5  # noqa: E402
import batch_6  # noqa: E402
from cases import findings  # noqa: E402
from rate_card import names_the_cause  # noqa: E402

BATCHES = (batch_3, batch_4, batch_5, batch_6)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No login, no token and no cache of the hub."""
    for name in ("WANDB_MODE", "WANDB_API_KEY", "NETRC", "HF_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


@pytest.mark.parametrize("case", [case for batch in BATCHES for case in batch.CASES], ids=lambda case: f"{case.source} {case.title}")
def test_a_reported_failure_is_seen(case: Any, tmp_path: Path):
    """A finding at the true line names the true cause."""
    assert any(names_the_cause(case, finding) for finding in findings(case, tmp_path / "p"))


@pytest.mark.parametrize("case", [case for batch in BATCHES for case in batch.SOUND], ids=lambda case: case.title)
def test_a_sound_recipe_is_left_alone(case: Any, tmp_path: Path):
    """The repaired recipes and the unusual ones raise no alarm."""
    assert [f"{f.code}: {f.message}" for f in findings(case, tmp_path / "p") if f.severity != "info"] == []
