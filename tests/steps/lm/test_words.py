"""Words of sampled text against those of the corpus."""

from steps.lm.words import Language, known_share, languages, words_of
from steps.text.tokenizers import open_tokenizer
from tests.steps.lm.small import IDS, SIZES, network, text


def test_words_are_runs_of_letters():
    """Case and punctuation go, an apostrophe inside a word stays, Turkish letters are letters."""
    assert words_of('"Ayşe\'nin 3 elması!" didn’t-stop') == ["ayşe'nin", "elması", "didn’t", "stop"]


def test_a_marked_language_opens_with_its_mark():
    """Where most documents begin with the mark it alone is the opening, else the beginnings of documents are."""
    found = languages([("tr", "<tr>Bir gün"), ("tr", "<tr>İki"), ("tr", "a piece of a split one"), ("", "Once upon a time")])
    assert found["tr"].openings == ["<tr>"]
    assert found[""].openings == ["Once upon a"]
    assert {"bir", "gün", "split"} <= found["tr"].words


def test_enough_words_are_sampled():
    """Sampling goes on until there are enough words, and the share is of all of them."""
    tokenizer = open_tokenizer(text().tokenizer.path)
    known = languages((row["lang"], row["text"]) for row in text().corpus.rows())
    found = known_share(network("mamba", tokenizer.vocab_size), tokenizer, known["en"], max_new_tokens=60, seed=1)
    assert found["sampled"] >= 1000
    assert found["share"] == found["known"] / found["sampled"]
    assert 0 < found["share"] < 1


def test_a_model_of_few_positions_is_sampled_behind_a_shorter_opening():
    """Openings that would fill its positions are cut: something has to follow."""
    from schemas import ModelConfig
    from steps.lm.build import build

    tokenizer = open_tokenizer(text().tokenizer.path)
    known = Language({"bir"}, ["Once upon a time there was an old well in a far village"])
    made = build(ModelConfig(**SIZES["gpt2"]), tokenizer.vocab_size, IDS, 9, 3).eval()
    assert len(tokenizer.encode(known.openings[0])) >= 9
    assert known_share(made, tokenizer, known, max_new_tokens=60, seed=1)["sampled"] > 0
