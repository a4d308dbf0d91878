"""A bin beside a tokenizer: its ids must be of that vocabulary, however the tokenizer's file is written."""

import json
import shutil

import pytest

from schemas import RecipeError
from steps.text.added import add_tokens
from steps.text.same_words import refuse_other_words, words_digest
from steps.tokenize_bin import TokenizeBin, tokenize_bin
from tests.conftest import FakeContext
from tests.steps.text.made import folder, stories, tokenizer

MODELS = [("bpe", 1000), ("unigram", 1000), ("byte_bpe", 1000)]


@pytest.fixture(scope="module", params=MODELS, ids=lambda one: one[0])
def made(request):
    """A bin of the stories, and the tokenizer that made it."""
    return tokenize_bin(TokenizeBin(val_fraction=0.1), [stories()], tokenizer(*request.param), FakeContext(folder())), request.param


def test_the_tokenizer_that_made_it_is_known(made):
    bins, which = made
    assert words_digest(tokenizer(*which).path) == bins.words_digest != ""
    refuse_other_words(bins, tokenizer(*which).path, 1000)


def test_the_same_tokenizer_written_otherwise_and_with_tokens_added_is_known(made, tmp_path):
    bins, which = made
    shutil.copytree(tokenizer(*which).path, tmp_path / "again")
    add_tokens(tmp_path / "again", ["<|tool|>"])
    file = tmp_path / "again" / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")), indent=3), "utf-8")
    assert words_digest(tmp_path / "again") == bins.words_digest
    refuse_other_words(bins, tmp_path / "again", 1001)


def test_another_tokenizer_of_the_same_size_is_refused(made):
    """Every id has a row, and means another piece."""
    bins, which = made
    other = next(one for one in MODELS if one != which)
    with pytest.raises(RecipeError, match="the bin was made with a tokenizer with other pieces for its 1,000 ids") as error:
        refuse_other_words(bins, tokenizer(*other).path, 1000)
    assert (error.value.code, error.value.field) == ("V108", "bins")


def test_a_smaller_tokenizer_is_refused_by_its_size(made):
    bins, _ = made
    with pytest.raises(RecipeError, match="a tokenizer of 1,000 tokens, this one has 600"):
        refuse_other_words(bins, tokenizer("bpe", 600).path, 600)
