"""Paths and names that a manual writes for a reader's own, and paths that go on behind a file."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "check"))

from batch_11_cases import CLINIC
from cases import Case, findings


def told(folder: Path, old: str, new: str, files: dict[str, Any] | None = None) -> set[tuple[str, str, str]]:
    """Code, severity and message of all errors and warnings."""
    case = Case("", "", CLINIC.text, {old: new}, {**CLINIC.files, **(files or {})})
    return {(f.code, f.severity, f.message) for f in findings(case, folder / "p") if f.severity != "info"}


@pytest.mark.parametrize(
    "name",
    ["/path/to/model", "path/to/weights/", "your_model", "./your-model-here", "<model folder>", "{model}", "TODO", "MODEL_PATH", "xxx"],
)
def test_a_folder_of_a_manual_is_told_as_one(tmp_path: Path, name: str):
    """H022, once for each place that it is named at."""
    assert told(tmp_path, "{path: models/base}", f"{{path: '{name}'}}") == {
        ("H022", "error", f"{name} stands for a path of your own, as manuals write it")
    }


@pytest.mark.parametrize("name", ["your-username/your-model", "<owner>/<name>", "username/model", "org/model-name", "hf-username/x"])
def test_a_hub_name_of_a_manual_is_told_as_one(tmp_path: Path, name: str):
    """H036: no such owner is asked for."""
    assert told(tmp_path, "{path: models/base}", f"{{hub: '{name}'}}") == {
        ("H036", "error", f"{name} stands for a name of your own, as manuals write it")
    }


@pytest.mark.parametrize("name", ["owner-ai/Llama-3", "my-org/bears-7b", "yourtts/model", "path-to/x-7b"])
def test_names_like_those_are_let_be(tmp_path: Path, name: str):
    """Somebody may be called so."""
    assert not any("stands for" in message for _, _, message in told(tmp_path, "{path: models/base}", f"{{hub: '{name}'}}"))


@pytest.mark.parametrize("name", ["/path/to/desk.csv", "data/your_file.csv", "data/XXX.csv", "<data>.csv"])
def test_a_file_of_a_manual_is_an_error_on_any_machine(tmp_path: Path, name: str):
    """No other machine has it either."""
    ((code, severity, message),) = told(tmp_path, "path: data/desk.csv", f"path: '{name}'")
    assert (code, severity, message) == ("D102", "error", f"{name} stands for a path of your own, as manuals write it")


@pytest.mark.parametrize("name", ["data/your_file.csv", "path/to/desk.csv"])
def test_a_file_that_is_there_is_read_whatever_it_is_called(tmp_path: Path, name: str):
    """Its name is its own affair."""
    assert told(tmp_path, "path: data/desk.csv", f"path: {name}", {name: CLINIC.files["data/desk.csv"]}) == set()


@pytest.mark.parametrize("tail", ["/", "/*", "/*.csv", "/**/*.csv"])
def test_a_path_behind_a_file_names_the_file(tmp_path: Path, tail: str):
    """Not another folder."""
    ((code, _, message),) = told(tmp_path, "path: data/desk.csv", f"path: data/desk.csv{tail}")
    assert (code, message) == ("D102", f"no file matches data/desk.csv{tail}: data/desk.csv is a file, and no folder")


def test_a_glob_in_other_letters(tmp_path: Path):
    """*.CSV where *.csv is there."""
    ((_, _, message),) = told(tmp_path, "path: data/desk.csv", "path: data/desk*.CSV")
    assert message == "no file matches data/desk*.CSV: capital and small letters count in a path"


def test_a_base_without_a_path(tmp_path: Path):
    """An empty text is no folder."""
    assert told(tmp_path, "{path: models/base}", "{path: ''}") == {("H022", "error", "the path is empty")}
