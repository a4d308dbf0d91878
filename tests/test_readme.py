"""README.md says what is so: its screen, its example step, its links and its commands."""

import json
import re
import sys
import types

import click
import pytest

from runner.resolve import mean
from schemas import Corpus
from tests.conftest import ROOT, FakeContext

README = (ROOT / "README.md").read_text("utf-8")


def block(mark: str) -> str:
    """The code block behind a mark."""
    return README.split(mark, 1)[1].split("```", 2)[1].split("\n", 1)[1]


def test_the_screen_is_what_check_prints(tmp_path, monkeypatch, capsys):
    """The guide's mistake, put into phase1_tr, gives the very screen that README shows."""
    from runner.commands.check import check

    text = (ROOT / "recipes" / "phase1_tr.yaml").read_text("utf-8")
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "phase1_tr.yaml").write_text(text.replace("n_layers: 6}", "n_layers: 6, vocab_size: 32000}"), "utf-8")
    monkeypatch.chdir(tmp_path)
    with click.Context(check) as context:
        assert context.invoke(check, files=("recipes/phase1_tr.yaml",)) == 2
    shown = block("<!-- screen: recipe check -->").strip().split("\n", 1)[1]
    printed = re.sub(r"^recipes/\S+ M010:.*?\n\n", "", capsys.readouterr().out, flags=re.DOTALL)  # an information, not the error
    assert printed.strip() == shown


def test_the_example_step_works(tmp_path):
    """The step of "Add a step", pasted into a module, is registered by its signature and runs."""
    module = types.ModuleType("shout")
    sys.modules["shout"] = module
    exec(block("## Add a step"), module.__dict__)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "corpus.jsonl").write_text('{"text": "merhaba"}\n')
    corpus = Corpus(documents_count=1).save(tmp_path / "in")
    made = module.shout(module.Shout(), corpus, FakeContext(tmp_path))
    assert module.shout.inputs[0].kind is Corpus
    assert json.loads((made.path / "corpus.jsonl").read_text())["text"] == "MERHABA!"


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"\]\((?!http)([^)]+)\)", README) + re.findall(r"python (benchmarks/\S+\.py)", README)))
)
def test_what_it_names_is_there(path):
    """Every file that README links to, or starts, exists."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("name", re.findall(r"recipe run (recipes/\S+?\.yaml)", README))
def test_the_recipes_it_runs_are_sound(name):
    """No recipe that README tells to run has an error."""
    assert mean(ROOT / name).errors == []
