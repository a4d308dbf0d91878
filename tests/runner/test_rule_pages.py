"""Every rule's page is complete, and what it calls wrong is found and what it calls right is not."""

import json
import re
from pathlib import Path

import pytest

from runner import ignores
from runner.document import value_of
from runner.pages import pages
from runner.rules import every
from runner.shapes import fields
from schemas.findings import RulePage
from steps import find
from tests.conftest import ROOT
from tests.runner.judged import SOUND, STORIES, meant
from tests.runner.told import told

PAGES = [page for rule in every() for page in rule.pages] + list(ignores.PAGES)
CHANGED = "    max_steps: 1000\n"
TOP = ("target", "store", "seed")


def as_recipe(text: str) -> str | None:
    """`text` as a whole recipe: as it is, or in the place of the same keys of a sound one; None when it is no such fragment."""
    if text.startswith("recipe:"):
        return text
    try:
        data = value_of("{}") if not text.strip() else value_of("\n" + "\n".join(f"  {line}" for line in text.splitlines()))
    except ValueError:
        return None
    train, tokenizer, export = (find(name) for name in ("train", "train_tokenizer", "export_ollama"))
    assert train is not None
    assert tokenizer is not None
    assert export is not None
    if not isinstance(data, dict) or "…" in text:
        return None
    lines, recipe = text.splitlines(), SOUND
    for key in data:
        own = [line for line in lines if line.startswith(f"{key}:")]
        if len(own) != 1:
            return None
        if key in TOP:
            recipe = recipe.replace("target: t4", own[0]) if key == "target" else recipe.replace("target: t4", f"target: t4\n{own[0]}")
        elif key == "model" and "base" in own[0]:
            return None
        elif key == "model":
            recipe = recipe.replace("model: {family: mamba, d_model: 512, n_layers: 12}", own[0])
        elif key == "vocab_size":
            recipe = recipe.replace("vocab_size: 16000", own[0])
        elif key in fields(train.params):
            old = CHANGED if key == "max_steps" or (key == "num_train_epochs" and "max_steps" not in data) else ""
            recipe = (
                recipe.replace(old, f"    {own[0]}\n") if old else recipe.replace("  - type: train\n", f"  - type: train\n    {own[0]}\n")
            )
        elif key in fields(export.params):
            recipe = recipe.replace("- type: export_ollama", f"- type: export_ollama\n    {own[0]}")
        else:
            return None
    return recipe


TRIED = [page for page in pages().values() if page.wrong and page.right and as_recipe(page.wrong) and as_recipe(page.right)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_rules_page_is_complete(page: RulePage):
    """One sentence of what, the reason, a wrong and a right recipe, where it was seen, and what it reads."""
    assert all((page.title, page.why, page.wrong, page.right, page.source, page.needs)), page.code


@pytest.mark.parametrize("code", sorted(told()))
def test_what_a_check_can_print_has_a_whole_page(code: str):
    """A code that a check can print, whoever raises it, is shown wrong and right. Those of a run alone may be told in words."""
    page = pages()[code]
    assert all((page.title, page.why, page.wrong, page.right, page.needs)), code


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.code)
def test_every_page_says_its_source(page: RulePage):
    """Whoever doubts a finding can read where the mistake was seen, or the document that it breaks."""
    assert page.source


def test_no_code_of_the_gallery_is_missed():
    """What stands on a screen of `recipe check` is known to be printed by it."""
    screens = [file.read_text("utf-8") for file in (ROOT / "tests" / "gallery").glob("*/screen.txt")]
    shown = {code for screen in screens for code in re.findall(r"^\S+:\d+:\d+: ([A-Z]\d{3}): ", screen, re.MULTILINE)}
    assert len(shown) > 100
    assert shown <= told()


@pytest.mark.parametrize("page", TRIED, ids=lambda page: page.code)
def test_the_wrong_recipe_is_found_and_the_right_one_passes(page: RulePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fragments stand in a sound recipe; what needs data or a model is shown in the gallery."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    if page.code == "S120":  # what is right there is so where the tracker is installed
        pytest.importorskip("tensorboard")
    wrong, right = as_recipe(page.wrong), as_recipe(page.right)
    assert wrong is not None
    assert right is not None
    assert page.code not in {f.code for f in meant(tmp_path, base=right).findings}
    if page.code not in DATA:
        assert page.code in {f.code for f in meant(tmp_path, base=wrong).findings}


DATA = (  # what is wrong depends on the data, the disk, the base, another step or on what is installed: see the gallery
    "D010", "S013", "P011", "A112", "A114", "A115", "B021", "B101", "C121", "O001", "O003", "P108", "P110", "B106",
    "R108", "R109", "R111", "R112", "S018", "S019", "S027", "S029", "V109", "V111", "S031", "T109", "E026", "E027",
    "R001", "R002", "R003", "D113", "S120", "B102", "E009",
)  # fmt: skip


HEAD = f"recipe: shown\ntarget: t4\nsteps:\n  - type: parse_corpus\n    sources: [{STORIES}]\n"
TOKENS = "  - {type: train_tokenizer, vocab_size: 16000}\n  - type: tokenize_bin\n"
SIZES = "model: {family: mamba, d_model: 512, n_layers: 12}"
ROOMS = {  # code to what stands around its fragment: STEPS, or the lines of one TRAIN or PARSE step, or the whole FILE
    **dict.fromkeys(("A101", "A102", "C001", "C002", "M101"), "TRAIN"),
    **dict.fromkeys(("D102", "D104", "D107", "D112", "D117"), "PARSE"),
    **dict.fromkeys(("R102", "R104", "R105", "L004", "L005", "L020", "T106", "T121", "T122", "T123", "V101"), "STEPS"),
    **dict.fromkeys(("K011", "Y007", "Y008", "Y009", "Y010", "Y011"), "FILE"),
}
MODELS = {
    "llama": {"num_attention_heads": 4, "intermediate_size": 128, "hidden_size": 64, "num_hidden_layers": 2},
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 1024},
    "mamba": {"hidden_size": 64, "num_hidden_layers": 2, "state_size": 16},
}


def in_room(fragment: str, room: str) -> str:
    """The fragment in a whole recipe. A train step that says nothing of its model gets the sizes of one."""
    if room == "FILE":
        return fragment
    if room == "PARSE":
        return HEAD.replace(f"sources: [{STORIES}]\n", fragment.replace("\n", "\n    "))
    if room == "TRAIN":
        return HEAD + TOKENS + "  - type: train\n    max_steps: 10\n    " + fragment.replace("\n", "\n    ")
    lines = [f"  {line}" for line in fragment.splitlines() if line[:1] in "- "]
    sized = "model:" in fragment
    shown = "\n".join(f"{line}\n    {SIZES}" if line == "  - type: train" and not sized else line for line in lines)
    return HEAD + ("" if "train_tokenizer" in fragment else TOKENS) + shown


@pytest.mark.parametrize("code", ROOMS)
def test_a_wrong_step_is_told_and_a_right_one_is_not(code: str, tmp_path: Path):
    """Fragments of one step or several, beside small models and files."""
    for kind, sizes in MODELS.items():
        for folder in (kind, "small"):
            (tmp_path / "models" / folder).mkdir(parents=True, exist_ok=True)
            described = {"model_type": kind, "vocab_size": 16000, **sizes}
            (tmp_path / "models" / folder / "config.json").write_text(json.dumps(described), "utf-8")
    (tmp_path / "models/small/pytorch_model.bin").write_text("weights", "utf-8")
    (tmp_path / "data/papers/best").mkdir(parents=True)
    (tmp_path / "data/papers/best/one.pdf").write_text("a paper", "utf-8")
    (tmp_path / "data/minutes.pdf").write_text("pictures", "utf-8")
    (tmp_path / "data/one.txt").write_text("hello world\n" * 300, "utf-8")
    page = pages()[code]
    assert code in {f.code for f in meant(tmp_path, base=in_room(page.wrong, ROOMS[code])).findings}
    assert code not in {f.code for f in meant(tmp_path, base=in_room(page.right, ROOMS[code])).findings}
