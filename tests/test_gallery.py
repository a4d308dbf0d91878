"""The gallery: a bad recipe beside its whole screen, and recipes that look odd and are right."""

from pathlib import Path

import pytest

from runner.judge import judge, mend
from runner.resolve import mean
from tests.conftest import ROOT
from tests.gallery_update import GALLERY, cases, screens

VALID = sorted((GALLERY / "valid").rglob("*.yaml"))
SHIPPED = sorted((ROOT / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("folder", cases(), ids=lambda path: path.name)
def test_the_screen_is_as_it_was_read_and_approved(folder: Path):
    """The whole screen, and the file after --fix. After a wanted change: `python -m tests.gallery_update`, and read the diff."""
    for name, content in screens(folder).items():
        assert (folder / name).read_bytes().decode("utf-8") == content
    assert (folder / "fixed.yaml").exists() == ("fixed.yaml" in screens(folder))


@pytest.mark.parametrize("folder", cases(), ids=lambda path: path.name)
def test_the_folder_names_the_code_that_it_shows(folder: Path):
    """v001_… shows V001."""
    assert f"{folder.name[:4].upper()}:" in (folder / "screen.txt").read_text("utf-8")


@pytest.mark.parametrize("file", VALID, ids=lambda path: path.stem)
def test_an_odd_recipe_that_is_right_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch):
    """No error and no warning: a false alarm costs more trust than a miss."""
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("HF_HUB_CACHE", str(GALLERY / "hub"))
    found = judge(mean(Path(file.name)))
    assert [f"{f.code}: {f.message}" for f in found if f.severity != "info"] == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_are_clean(file: Path):
    """Without network, torch or GPU."""
    assert [f"{f.code}: {f.message}" for f in judge(mean(file)) if f.severity != "info"] == []


def test_the_guides_mistake_put_back_is_found_and_fixed(tmp_path: Path):
    """vocab_size: 32000 in phase1_tr's model: one finding, at its line, mended in memory, the file as it was."""
    before = (ROOT / "recipes" / "phase1_tr.yaml").read_text("utf-8")
    wrong = before.replace("{family: mamba,", "{family: mamba, vocab_size: 32000,", 1)
    file = tmp_path / "phase1_tr.yaml"
    file.write_text(wrong, "utf-8")
    (found,) = [f for f in judge(mean(file)) if f.severity == "error"]
    assert found.message == "the model has rows for 32,000 tokens, tokenizer 'train_tokenizer' makes 50,257"
    assert wrong.splitlines()[found.place.line - 1][found.place.column - 1 :].startswith("vocab_size: 32000")
    meant, fixed = mend(file)
    assert ([f.code for f in fixed], meant.errors) == (["V001"], [])
    assert file.read_text("utf-8") == wrong
