"""recipe explain: the page of a step and of a key, from the schema."""

import pytest
from click.testing import CliRunner

import steps
from runner.commands.explain import explain
from runner.manual import names, page_of


def printed(*words: str) -> str:
    done = CliRunner().invoke(explain, list(words), standalone_mode=False)
    assert done.exception is None, done.exception
    return done.output


def refused(word: str) -> str:
    return str(CliRunner().invoke(explain, [word], standalone_mode=False).exception)


def test_the_page_of_a_step():
    """What it does, its keys in the order of the schema, what it takes and makes; nothing of what it raises."""
    page = printed("split_long")
    assert page.startswith("type: split_long\n\nWrite the corpora again, as one, with no document above `max_tokens`.\n")
    assert "  max_tokens      whole number above 0; needed: longest piece in tokens of the tokenizer;" in page
    assert "  strategy        auto, paragraph, sentence or token; default auto: " in page
    assert "  corpus: Corpus, one or several\n  tokenizer: Tokenizer\nmakes: Corpus\n" in page
    assert "RecipeError" not in page


@pytest.mark.parametrize("name", steps.builtin())
def test_every_step_has_a_page(name: str):
    """Each with what it makes, in lines that a terminal shows whole."""
    page = page_of(name)
    assert page is not None
    assert "\nmakes: " in page
    assert max(map(len, page.splitlines())) <= 105


def test_the_page_of_a_key():
    """By its path, or by its last name; with its bounds, its default and the rules that speak of it."""
    assert printed("train.lora.r") == printed("r")
    page = printed("r")
    assert page.startswith("train.lora.r: whole number above 0; default 8\n\nrank\n")
    assert "A113 an adapter's scale that was not meant" in page
    assert printed("train.warmup_ratio").startswith("train.warmup_ratio: number from 0 to 1\n")
    assert printed("seed").startswith("seed: whole number from 0, below 4,294,967,296; default 0\n")


def test_a_map_lists_what_is_in_it():
    """And a list of maps what each may hold."""
    assert "\n  lora_dropout     number from 0, below 1; default 0\n" in printed("train.lora")
    assert "\n  train  list of text; needed: " in printed("train.stages")


def test_a_name_of_many_places_lists_them():
    """Each with what it is there."""
    page = printed("path")
    assert page.startswith("path stands in ")
    assert "  train.model.base.path " in page


def test_another_tools_name_leads_to_ours():
    """A key by its value's place, a step by what it is here."""
    assert printed("lr").startswith("lr is another tool's name for train.learning_rate\n\ntrain.learning_rate: number above 0\n")
    assert printed("logging_steps") == "logging_steps is another tool's key: every step is logged\n"
    assert "export_ollama writes an adapter into the weights" in printed("merge_lora")


def test_a_misspelt_word_leads_to_the_nearest():
    """Steps, keys and codes alike."""
    assert refused("trian").endswith("there is no code, step or field trian; did you mean train?")
    assert refused("train.lerning_rate").endswith("did you mean learning_rate?")
    assert refused("V0O1").endswith("there is no code V0O1; did you mean V001?")
    assert refused("zzzz").endswith("see `recipe explain` for the codes, `recipe explain train` for a step")
    assert "learning_rate" in names()


def test_the_steps_of_a_recipe_are_the_types_there_are():
    """Not the field of a stage of that name alone."""
    assert "\n  train_tokenizer\n" in printed("steps")
