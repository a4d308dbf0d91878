"""Findings are left out by a comment with a reason, and the comments are looked at themselves."""

from pathlib import Path

import pytest

from runner.judge import mend
from tests.runner.judged import meant, said

ASKED = "max_steps: 1000\n    save_steps: 5000"


def with_comment(comment: str) -> tuple[str, str]:
    return "max_steps: 1000", f"{ASKED}{comment}"


@pytest.mark.parametrize(
    ("comment", "codes"),
    [
        ("", ["S011"]),
        ("  # recipe: ignore[S011] saved by the platform", []),
        ("  #recipe: ignore[s011, P101]: saved by the platform", ["Y051"]),
        ("  # recipe: ignore[S011]", ["S011", "Y050"]),
        ("  # recipe: ignore[S012] another", ["S011", "Y051"]),
        ("  # ignore S011 please", ["S011"]),
    ],
)
def test_a_reason_is_needed_and_the_code_must_be_found(tmp_path: Path, comment: str, codes: list[str]):
    """What is named and explained is left out; a comment without effect is a finding."""
    assert said(tmp_path, with_comment(comment)) == codes


def test_a_comment_of_its_own_is_about_the_next_line(tmp_path: Path):
    """Other comments may stand between."""
    above = "max_steps: 1000\n    # recipe: ignore[S011] saved by the platform\n    # every day\n    save_steps: 5000"
    assert said(tmp_path, ("max_steps: 1000", above)) == []


def test_an_error_that_is_left_out_is_still_mentioned(tmp_path: Path):
    """The run may go on, and stops there if the finding was right; --fix leaves it alone."""
    change = ("max_steps: 1000", "max_steps: 1000\n    precision: bf16  # recipe: ignore[P101] the emulation is what is tested")
    result = meant(tmp_path, change)
    assert result.errors == []
    assert [f.message for f in result.findings] == ["P101 is left out: NVIDIA Tesla T4 has no bf16 (compute capability 7.5, wanted 8.0)"]
    assert mend(result.file)[1] == []


def test_what_leaves_nothing_to_run_cannot_be_left_out(tmp_path: Path):
    """A value of the wrong kind stays an error, and the comment is said to be in vain."""
    assert said(tmp_path, ("max_steps: 1000", "max_steps: many  # recipe: ignore[K002] later")) == ["K002", "Y053"]
