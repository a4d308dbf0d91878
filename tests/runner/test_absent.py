"""Why a path names nothing, and what to write in its place: the fix is a file that is there."""

import json
from pathlib import Path

import pytest

from runner.judge import mend
from tests.runner.judged import meant

ROWS = "".join(json.dumps({"text": f"{n} bears went home."}) + "\n" for n in range(300))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """data/texts/notes.jsonl, data/new.jsonl and models/base."""
    for name in ("data/texts/notes.jsonl", "data/new.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(ROWS, "utf-8")
    (tmp_path / "models" / "base").mkdir(parents=True)
    (tmp_path / "models" / "base" / "config.json").write_text('{"model_type": "llama"}')
    return tmp_path


def parse(path: str) -> str:
    return f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      - path: {path}\n"


@pytest.mark.parametrize(
    ("path", "why", "better"),
    [
        ('"data\\texts\\notes.jsonl"', "in double quotes \\t and \\n are a tab and a line end", "data/texts/notes.jsonl"),
        ('"data\\new.jsonl"', "in double quotes \\n is a line end", "data/new.jsonl"),
        ('"data/new.jsonl\\n"', "a line end or a tab is part of it", "data/new.jsonl"),
        ("data\\new.jsonl", "a path has / between its folders", "data/new.jsonl"),
        ("Data\\New.jsonl", "a path has / between its folders", "data/new.jsonl"),
        ("Data/Texts/Notes.jsonl", "capital and small letters count in a path", "data/texts/notes.jsonl"),
        ("DATA/texts/*.jsonl", "capital and small letters count in a path", "data/texts/*.jsonl"),
        ("/data/new.jsonl", "a path that begins with / begins at the disk's root", "data/new.jsonl"),
        ("../data/new.jsonl", "paths start at the project's folder", "data/new.jsonl"),
    ],
)
def test_the_file_that_was_meant_is_written(project: Path, path: str, why: str, better: str):
    """`--fix` writes it, and then nothing is missing."""
    (found,) = [f for f in meant(project, base=parse(path)).findings if f.code == "D102"]
    assert (found.message.split(": ", 1)[1], found.fix) == (why, f"write {better}")
    assert "\n" not in found.message
    fixed, _ = mend(project / "recipe.yaml")
    assert [f.code for f in fixed.findings if f.code == "D102"] == []
    assert fixed.steps[0].raw["sources"][0]["path"] == better


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("dta/nwe.jsonl", "write data/new.jsonl"),
        ("dta/texts/note.jsonl", "write data/texts/notes.jsonl"),
        ("new.jsonl", "write data/new.jsonl, which has that name"),
        ('"C:\\new\\a.jsonl"', "write C:/new/a.jsonl where that drive is, or a path from the project's folder"),
        ('"{{ folder }}/new.jsonl"', "write ${folder}/new.jsonl, and vars: {folder: …} at the top"),
        ("file:///data/new.jsonl", "write path: data/new.jsonl"),
    ],
)
def test_the_nearest_is_offered(project: Path, path: str, fix: str):
    """Every part of a path may be misspelt."""
    assert [f.fix for f in meant(project, base=parse(path)).findings if f.code == "D102"] == [fix]


@pytest.mark.parametrize("name", ["Models/Base", "models\\base", '"models\\base"', "/models/base"])
@pytest.mark.parametrize(("key", "code"), [("model: {base: {path: NAME}}", "H022"), ("init_from: {path: NAME}", "C002")])
def test_a_models_folder_is_found_by_other_letters(project: Path, name: str, key: str, code: str):
    """Not a name on the hub."""
    if key.startswith("model"):
        changes = [("model: {family: mamba, d_model: 512, n_layers: 12}", key.replace("NAME", name))]
    else:
        changes = [("max_steps: 1000", "max_steps: 1000\n    " + key.replace("NAME", name))]
    assert [f.fix for f in meant(project, *changes).findings if f.code == code] == ["write models/base"]


def test_a_folder_with_a_gguf_alone_is_named_by_it(project: Path):
    """As a base and as first weights."""
    (project / "models" / "small").mkdir()
    (project / "models" / "small" / "small-q4.gguf").write_bytes(b"GGUF")
    base = ("model: {family: mamba, d_model: 512, n_layers: 12}", "model: {base: {path: models/small}}")
    (found,) = [f for f in meant(project, base).findings if f.code == "H022"]
    assert found.message == "models/small holds small-q4.gguf and no config.json: a GGUF file cannot be trained"
    first = ("max_steps: 1000", "max_steps: 1000\n    init_from: {path: models/small}")
    (found,) = [f for f in meant(project, first).findings if f.code == "C001"]
    assert found.message == "models/small holds no *.safetensors, only small-q4.gguf, which gives no weights here"
    (project / "models" / "small" / "config.json").write_text('{"model_type": "llama"}')
    (found,) = [f for f in meant(project, base).findings if f.code == "C001"]
    assert found.message == "models/small holds no *.safetensors, only small-q4.gguf, which cannot be trained"


def test_a_hub_name_that_is_a_folder_of_the_project(project: Path):
    """A warning: the hub may have one of that name too."""
    base = ("model: {family: mamba, d_model: 512, n_layers: 12}", "model: {base: {hub: models/base}}")
    assert [(f.severity, f.fix) for f in meant(project, base).findings if f.code == "H023"] == [("warning", "write path: models/base")]
    other = ("model: {family: mamba, d_model: 512, n_layers: 12}", "model: {base: {hub: models/other}}")
    assert [f for f in meant(project, other).findings if f.code == "H023"] == []


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("datasets/ada/texts", "write hub: ada/texts"), ("hf://datasets/ada/texts", "write hub: ada/texts"), 
        ("ada / texts", "write hub: ada/texts"),
        ("https://huggingface.co/datasets/ada/texts/blob/main/x.jsonl", "write hub: ada/texts"), ("ada/texts/data", "write hub: ada/texts"),
        ("ollama/llama3.2:1b", "write owner/name as huggingface.co has it, or path: for a folder"), ("ada/texts", None), ("imdb", None),
    ],
)  # fmt: skip
def test_what_is_no_name_on_the_hub_is_told(project: Path, name: str, fix: str | None):
    """One finding; a name alone may be an old one."""
    base = f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      - {{hub: '{name}', revision: abc}}\n"
    assert [f.fix for f in meant(project, base=base).findings if f.code in ("H020", "H023")] == ([fix] if fix else [])


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("url: s3:/bucket/x.jsonl", "write url: s3://bucket/x.jsonl"), ("url: https:/host/x.jsonl", "write url: https://host/x.jsonl"),
        ("url: huggingface.co/datasets/ada/texts", "write hub: ada/texts"), ("path: s3://bucket/x.jsonl", "write url: s3://bucket/x.jsonl"),
        ("path: 'data/new.jsonl, data/texts/notes.jsonl'",
         "write a source for each: sources: [{path: data/new.jsonl}, {path: data/texts/notes.jsonl}]"),
    ],
)  # fmt: skip
def test_addresses_and_lists_in_the_wrong_key(project: Path, line: str, fix: str):
    """Each with the key that takes it."""
    base = f"recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      - {line}\n"
    assert [f.fix for f in meant(project, base=base).findings if f.code == "D102"] == [fix]


def test_a_list_of_paths_is_several_sources(project: Path):
    """As is a variable of the shell no variable of the recipe."""
    base = "recipe: r\nsteps:\n  - type: parse_corpus\n    sources:\n      - path: [data/new.jsonl, b.jsonl]\n      - path: ${HOME}/c\n"
    found = {f.code: f.fix for f in meant(project, base=base).findings}
    assert found["K002"] == "write a source for each: sources: [{path: data/new.jsonl}, {path: b.jsonl}]"
    assert found["Y030"] == "write the value itself, or vars: {HOME: …} at the top: variables of the shell are not read"


def test_a_name_that_is_there_and_is_no_file(project: Path):
    """A link to nowhere or to itself, a pipe, an empty folder: nothing near it is offered, for the name is right."""
    import os

    (project / "data" / "lost.jsonl").symlink_to("gone.jsonl")
    (project / "data" / "ring.jsonl").symlink_to("ring.jsonl")
    (project / "data" / "empty.jsonl").mkdir()
    os.mkfifo(project / "data" / "pipe.jsonl")
    says = {
        "lost": "data/lost.jsonl is a link to gone.jsonl, which is not there",
        "ring": "data/ring.jsonl is a link to ring.jsonl, which leads back to itself",
        "empty": "data/empty.jsonl is a folder without files",
        "pipe": "data/pipe.jsonl is a pipe or a device, and is read more than once",
    }
    for name, message in says.items():
        found = meant(project, base=parse(f"data/{name}.jsonl")).findings
        assert [f.message for f in found if f.code == "D102"] == [message]


def test_a_name_in_other_signs_of_unicode(project: Path):
    """macOS writes names apart; the eye sees no difference."""
    from unicodedata import normalize

    (project / "data" / normalize("NFD", "größe.jsonl")).write_text(ROWS, "utf-8")
    (found,) = [f for f in meant(project, base=parse("data/größe.jsonl")).findings if f.code == "D102"]
    assert "by other signs (Unicode NFC and NFD)" in found.message
    assert [edit.value for edit in found.edits] == [normalize("NFD", "data/größe.jsonl")]


def test_data_above_the_recipe(project: Path):
    """A recipe in a folder that is not called recipes has its own folder for a project."""
    (project / "mine").mkdir()
    (found,) = [f for f in meant(project / "mine", base=parse("data/new.jsonl")).findings if f.code == "D102"]
    assert found.fix == "write ../data/new.jsonl, or put the recipe into a folder recipes/ beside data"
    assert not [f for f in meant(project / "mine", base=parse("../data/new.jsonl")).findings if f.code == "D102"]


@pytest.mark.parametrize(
    ("blocked", "store", "by_hand", "said"),
    [
        ("runs", "", "", [("R001", "runs cannot be written: it is a file")]),
        (".recipe", "", "", [("R001", ".recipe/store cannot be written: .recipe is a file")]),
        (".recipe", "store: a/b\n", "", []),
        ("", "store: data/new.jsonl\n", "", [("H038", "the store data/new.jsonl is a file: a store is a folder")]),
        ("", "", "data/new.jsonl", [("H038", "RECIPE_STORE data/new.jsonl is a file: a store is a folder")]),
        ("", "store: a/b\n", "data/new.jsonl", [("H038", "RECIPE_STORE data/new.jsonl is a file: a store is a folder")]),
    ],
)
def test_a_file_where_a_run_has_its_folders(
    project: Path, monkeypatch: pytest.MonkeyPatch, blocked: str, store: str, by_hand: str, said: list[tuple[str, str]]
):
    """The run could not begin, and it is told once: a store that somebody named by H038. Of another machine's own nothing is known."""
    if blocked:
        (project / blocked).write_text("x")
    if by_hand:
        monkeypatch.setenv("RECIPE_STORE", by_hand)
    for target, wanted in (("here", said), ("t4", [each for each in said if each[0] == "H038"])):
        found = meant(project, base=f"target: {target}\n{store}" + parse("data/new.jsonl")).findings
        assert [(f.code, f.message) for f in found if f.code in ("R001", "H038")] == wanted
