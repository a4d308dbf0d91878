"""Where the store is: told where it cannot be made, where it forgets, and where what is in it would be learned."""

from pathlib import Path

import pytest

from runner.rules.stores import MEMORY
from tests.runner.judged import meant

CODES = ("H038", "H039", "D175")
TEXTS = ("{hub: roneneldan/TinyStories, revision: f54c09fd23315a6f9c86f9dc80f725de7d8f9c64}", "{path: data}")


def told(folder: Path, store: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    found = meant(folder, ("target: t4", f"target: t4\nstore: {store}"), *more).findings
    return [(f.code, f.severity) for f in found if f.code in CODES]


def test_a_file_is_no_store(tmp_path: Path):
    """Nor is a folder below one; a new folder is made."""
    (tmp_path / "taken").write_text("")
    assert told(tmp_path, "taken") == [("H038", "error")]
    assert told(tmp_path, "taken/store") == [("H038", "error")]
    assert told(tmp_path, "kept/store") == []
    found = meant(tmp_path, ("target: t4", "target: t4\nstore: taken"))
    assert next(f.place.line for f in found.findings if f.code == "H038" and f.place is not None) == 3


@pytest.mark.parametrize("store", [*(f"{root}/recipe" for root in MEMORY if Path(root).is_dir()), "/tmp/store", "/content/store"])
def test_a_store_that_forgets_is_told(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, store: str):
    """Unless the whole project lies there."""
    place = tmp_path_factory.mktemp("p")
    beside = str(place.resolve()).startswith("/tmp/") and store.startswith("/tmp")
    assert ("H039", "warning") in told(place, store) or beside
    assert told(place, str(place / "store")) == []


def test_a_store_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Stands in no line of the recipe."""
    monkeypatch.setenv("RECIPE_STORE", "/dev/shm/recipe")
    found = [f for f in meant(tmp_path).findings if f.code == "H039"]
    assert [(f.path, f.fix) for f in found] == [((), "name a folder on a disk, or unset RECIPE_STORE")]


@pytest.mark.parametrize(
    ("store", "source", "codes"),
    [
        ("data/store", "{path: data}", ["D175"]),
        ("data/store", "{path: data/**}", ["D175"]),
        ("data/.store", "{path: data}", []),
        ("data/store", "{path: data/*.txt}", []),
        ("kept", "{path: data}", []),
    ],
)
def test_a_store_among_the_texts_is_told(tmp_path: Path, store: str, source: str, codes: list[str]):
    """Hidden folders are left out of a source; a pattern of one kind of files meets none of the store's."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "one.txt").write_text("A fox.\n\n" * 40)
    assert [code for code, _ in told(tmp_path, store, (TEXTS[0], source)) if code == "D175"] == codes
