"""A value that a variable stands for: the finding is at its use, and says where the variable is set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from batch_9_cases import Base
from batch_11_cases import CLINIC, RADIO
from cases import Case, findings


def told(folder: Path, base: Base, changes: dict[str, str]) -> list[tuple[int, str]]:
    """Line and fix of all errors and warnings."""
    found = findings(Case("", "", base.text, changes, base.files), folder / "p")
    return [(f.place.line, f.fix) for f in found if f.severity != "info" and f.place is not None]


def test_a_number_that_a_variable_stands_for(tmp_path: Path):
    """Line 22 is where it is used."""
    ((line, fix),) = told(tmp_path, RADIO, {"  width: 128": "  width: -5"})
    assert (line, fix.endswith("; width is set in line 5")) == (22, True)


def test_a_folder_that_a_variable_stands_for(tmp_path: Path):
    """Named at the first of the places that use it."""
    found = told(tmp_path, CLINIC, {"{path: models/base}": "{path: models/bas}"})
    assert found == [(13, "write models/base; base is set in line 5")]


def test_what_is_written_out_says_no_more(tmp_path: Path):
    """No variable stands there."""
    found = told(tmp_path, RADIO, {"      d_model: ${width}\n": "      d_model: -5\n"})
    assert not any("is set in" in fix for _, fix in found)
