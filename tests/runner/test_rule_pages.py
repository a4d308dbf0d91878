"""Every rule's page is complete, and what it calls wrong is found and what it calls right is not."""

from pathlib import Path

import pytest

from runner import ignores
from runner.document import value_of
from runner.pages import pages
from runner.rules import every
from runner.shapes import fields
from schemas.findings import RulePage
from steps import find
from tests.runner.judged import SOUND, meant

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


@pytest.mark.parametrize("page", TRIED, ids=lambda page: page.code)
def test_the_wrong_recipe_is_found_and_the_right_one_passes(page: RulePage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fragments stand in a sound recipe; what needs data or a model is shown in the gallery."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    wrong, right = as_recipe(page.wrong), as_recipe(page.right)
    assert wrong is not None
    assert right is not None
    assert page.code not in {f.code for f in meant(tmp_path, base=right).findings}
    if page.code not in DATA:
        assert page.code in {f.code for f in meant(tmp_path, base=wrong).findings}


DATA = (  # what is wrong depends on the data, the disk, the base, another step or on what is installed: see the gallery
    "D010", "S013", "P011", "A112", "A114", "A115", "B021", "B101", "C121", "O001", "O003", "P108", "P110", "B106",
    "R108", "R109", "R111", "R112", "S018", "S019", "S027", "S029", "V109", "V111", "S031", "T109", "E026", "E027",
)  # fmt: skip
