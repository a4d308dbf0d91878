"""The Turkish page: letters, capitals and suffix chains in a tokenizer."""

import pytest

from steps.text.tokenizers import open_tokenizer
from steps.text.trainers import TURKISH
from steps.text.turkish import CHAINS, lost_letters, page
from steps.train_tokenizer import TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext
from tests.steps.text.made import corpus, opened, stories


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_every_letter_comes_back(model):
    """Ğ too, which begins no word and is in no story."""
    tokens = opened(model)
    assert lost_letters(tokens) == []
    found = page(tokens, [row["text"] for row in stories().rows()])
    assert [entry["letter"] for entry in found["letters"]] == list(TURKISH)
    assert all(entry["kept"] for entry in [*found["letters"], *found["cases"]])
    assert sum(found["words"].values()) > 3000


def test_pieces_are_the_word():
    """Joined again, the pieces are the word, in every kind; cuts and borders are counted in it."""
    for model in ("bpe", "unigram", "byte_bpe"):
        for chain in page(opened(model), [])["chains"]:
            assert "".join(piece.split(" ×")[0] for piece in chain["pieces"]) == chain["word"] == "".join(chain["suffixes"])
            assert chain["cuts"] == chain["tokens"] - 1 or "×" in "".join(chain["pieces"])
            assert 0 <= chain["on_border"] <= min(chain["cuts"], chain["morphemes"] - 1)
    assert len(CHAINS) == 10


def test_a_tokenizer_that_folds_capitals_is_told(tmp_path):
    """nfkc_cf makes i of I: ılık and Ilık, IRAK and İRAK are no longer what they were."""
    made = train_tokenizer(TrainTokenizer(vocab_size=1000, normalization="nfkc_cf"), [stories()], FakeContext(tmp_path))
    tokens = open_tokenizer(made.path)
    lost = lost_letters(tokens)
    assert {"Ş", "I"} <= set(lost)
    assert "ı" not in lost
    kept = {entry["lower"]: entry["kept"] for entry in page(tokens, [])["cases"]}
    assert (kept["ılık"], kept["kıl"]) == (False, True)


def test_an_english_tokenizer_has_no_letters_for_it(tmp_path):
    """Unigram without bytes, trained on English alone: ğ, ş and ı are unknown."""
    rows = [{"text": row["text"]} for row in stories().rows() if row["lang"] == "en"]
    made = train_tokenizer(TrainTokenizer(model="unigram", vocab_size=800), [corpus(rows)], FakeContext(tmp_path))
    assert {"ğ", "ş", "ı", "İ"} <= set(lost_letters(open_tokenizer(made.path)))
