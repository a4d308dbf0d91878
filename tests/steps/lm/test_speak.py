"""recipe generate: the same text as without a cache, in whole characters, by seed; answers in the model's own template."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import torch

from schemas import RecipeError
from steps.lm import build
from steps.lm.generate import choose
from steps.lm.speak import speak
from steps.lm.texts import prompt_ids, samples
from steps.text.tokenizers import open_tokenizer
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run

HOW = {"chat": None, "system": "", "max_new_tokens": 24, "temperature": 0.7, "top_k": 0, "top_p": 0.9, "seed": 5}


@pytest.fixture(scope="module", params=SIZES)
def model(request, tmp_path_factory) -> Path:
    """A checkpoint of each family that has seen the stories for a moment."""
    folder = tmp_path_factory.mktemp(request.param)
    return run(FakeContext(folder), model=SIZES[request.param], max_steps=3).path


def test_cached_decoding_is_the_uncached_one(model: Path):
    """Greedily, each token is the likeliest of a forward pass over all that came before."""
    text = "".join(speak(model, "<tr>Bir gün", **{**HOW, "temperature": 0, "max_new_tokens": 12}))
    network, words = build.open_model(model).eval(), open_tokenizer(model)
    ids = prompt_ids("<tr>Bir gün", words)
    start = len(ids)
    with torch.no_grad():
        for _ in range(12):
            logits = network(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
            logits[[0, 1, 2]] = -torch.inf
            if int(logits.argmax()) == words.eos_id:
                break
            ids.append(int(logits.argmax()))
    assert text == words.decode(ids[start:])


def test_pieces_are_whole_characters_and_the_seed_decides(model: Path):
    """No half of a letter is shown; the same seed gives the same text, another one another."""
    pieces = [*speak(model, "<tr>", **HOW)]
    assert len(pieces) > 5
    assert "".join(pieces).encode("utf-8", "strict")
    assert all(piece for piece in pieces)
    assert pieces == [*speak(model, "<tr>", **HOW)]
    assert "".join(pieces) != "".join(speak(model, "<tr>", **{**HOW, "seed": 6}))


def test_top_k_draws_of_the_likeliest_only():
    """Of three likeliest, whatever the temperature; temperature 0 takes the first."""
    logits = torch.tensor([[0.0, 5.0, 4.0, 3.0, -1.0]])
    drawn = {int(choose(logits, 50.0, 1.0, torch.Generator().manual_seed(seed), top_k=3)) for seed in range(60)}
    assert drawn == {1, 2, 3}
    assert int(choose(logits, 0, 1.0, torch.Generator())) == 1


def test_a_prompt_as_long_as_the_model_is_refused(tmp_path: Path):
    """With both numbers."""
    made = run(FakeContext(tmp_path), model=SIZES["gpt2"], max_steps=1).path
    with pytest.raises(RecipeError, match=r"C130: the prompt has \d+ tokens and the model 48 positions"):
        next(speak(made, "kedi " * 60, **HOW))


def test_a_prompt_of_a_recipe_as_long_as_the_model_is_named(tmp_path: Path):
    """Of a list, by its number, whatever the network does with positions that it does not have."""
    made = run(FakeContext(tmp_path), model=SIZES["gpt2"], max_steps=1).path
    with pytest.raises(RecipeError, match="C130") as error:
        samples(build.open_model(made), open_tokenizer(made), ["kedi", "kedi " * 60], max_new_tokens=4, seed=1)
    assert error.value.field == "prompts.1"


def test_a_text_that_fills_the_model_says_so(tmp_path: Path):
    """Once, with both numbers, when positions end before the tokens that were asked for; not when those were few."""
    made = run(FakeContext(tmp_path), model=SIZES["gpt2"], max_steps=1).path
    heard: list[str] = []
    full = "".join(speak(made, "kedi", **{**HOW, "max_new_tokens": 1000, "seed": 1}, told=heard.append))
    assert full
    assert len(heard) == 1
    assert heard[0].endswith("of 1000 new tokens: the model has 48 positions")
    heard.clear()
    assert [*speak(made, "kedi", **{**HOW, "max_new_tokens": 4}, told=heard.append)]
    assert heard == []


def asked(folder: Path, *words: str) -> Any:
    """`recipe generate` in this process."""
    from click.testing import CliRunner

    from runner.commands.generate import generate

    return CliRunner().invoke(generate, [str(folder), *words, "--max-new-tokens", "6"], standalone_mode=False)


def test_an_answer_begins_on_a_line_of_its_own(tmp_path: Path):
    """A text that is continued does not; a system message that nobody reads is told, after the text."""
    made = run(FakeContext(tmp_path), max_steps=1).path
    text = "".join(speak(made, "kedi", **{**HOW, "max_new_tokens": 6}))
    said = asked(made, "-p", "kedi", "--seed", "5", "--system", "Be brief.")
    assert said.stdout == f"kedi{text}\n"
    assert said.stderr == "the system message is left out: the prompt is continued, not answered (--chat)\n"
    answer = asked(made, "-p", "kedi", "--chat", "--system", "Be brief.")
    assert (answer.stdout.startswith("kedi\n"), answer.stderr) == (True, "")


@pytest.mark.parametrize("words", [("--temperature", "nan"), ("--temperature", "inf"), ("--top-p", "nan")], ids=" ".join)
def test_what_is_no_number_is_refused(tmp_path: Path, words: tuple[str, ...]):
    """Before a model is opened."""
    said = asked(tmp_path, "-p", "kedi", *words)
    assert isinstance(said.exception, click.BadParameter)
    assert "is no number to sample with" in said.exception.message


def test_an_adapter_alone_is_told_as_such(tmp_path: Path):
    """And not as a run that is not there."""
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(RecipeError, match=r"R017: .* holds an adapter, and no model without its base"):
        raise asked(tmp_path, "-p", "kedi").exception


def test_an_end_mark_that_is_no_token_ends_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A base without our marks learned to spell <|end|>: neither it nor its beginning is shown."""
    made = run(FakeContext(tmp_path), max_steps=1).path
    words = open_tokenizer(made)
    spelled = iter([*words.encode("Evet < a <|end|> hayır"), 0])
    monkeypatch.setattr("steps.lm.speak.choose", lambda *_, **__: torch.tensor([next(spelled)]))
    pieces = [*speak(made, "kedi", **{**HOW, "chat": True, "max_new_tokens": 40})]
    assert "".join(pieces) == "Evet < a "
    assert not any("<|" in piece for piece in pieces)


def test_a_text_ends_where_the_folder_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """generation_config.json may name several ends."""
    made = run(FakeContext(tmp_path), max_steps=1).path
    words = open_tokenizer(made)
    (stop,) = words.encode("<en>")
    ids = iter([*words.encode("kedi"), stop, *words.encode("uyudu")])
    monkeypatch.setattr("steps.lm.speak.choose", lambda *_, **__: torch.tensor([next(ids)]))
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    (copy / "generation_config.json").chmod(0o644)
    (copy / "generation_config.json").write_text(json.dumps({"eos_token_id": [3, stop]}))
    assert "".join(speak(copy, "bir", **HOW)) == "kedi"


def test_the_command_writes_from_a_models_folder(tmp_path: Path):
    """`recipe generate FOLDER`: the prompt and what follows; --json the same text."""
    made = run(FakeContext(tmp_path), max_steps=1).path
    words = [sys.executable, "-c", "import sys; from runner.cli import main; sys.exit(main())", "generate", str(made), "-p", "<tr>Bir"]
    how = {"capture_output": True, "text": True, "check": True, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}
    plain = subprocess.run([*words, "--max-new-tokens", "8"], **how).stdout
    told = json.loads(subprocess.run([*words, "--max-new-tokens", "8", "--json"], **how).stdout)
    assert plain == f"<tr>Bir{told['text']}\n"
