"""Documents and conversations as rows of fine-tuning."""

from pathlib import Path

import pytest

from schemas import RecipeError
from steps.lm.supervised import encode, rows_of
from steps.text.chat import END
from steps.text.tokenizers import open_tokenizer
from tests.steps.lm.small import text, write_corpus

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Where is the cat?"},
    {"role": "assistant", "content": "On the mat."},
    {"role": "user", "content": "And now?"},
    {"role": "assistant", "content": "Gone."},
]


def tokenizer():
    return open_tokenizer(text().tokenizer.path)


def test_only_answers_are_learned():
    """The learned tokens of a conversation, decoded, are its answers with their end marks, and nothing else."""
    row = encode({"text": "", "messages": CHAT}, tokenizer())
    assert tokenizer().decode(row.ids[row.learned]) == f"On the mat.{END}Gone.{END}"
    assert row.ids[0] == 2
    assert row.ids[-1] == 3
    assert row.size == len(f"On the mat.{END}Gone.{END}")


def test_a_text_is_learned_whole():
    """Every token but the first is learned, the end included."""
    row = encode({"text": "Bir gün kedi uyudu.\n"}, tokenizer())
    assert row.learned.tolist() == [False] + [True] * (len(row.ids) - 1)
    assert tokenizer().decode(row.ids) == "Bir gün kedi uyudu.\n"


def test_a_long_document_is_an_error_that_names_split_long(tmp_path: Path):
    """Nothing is cut: the error says how many are too long and how long the longest is."""
    corpus = write_corpus(tmp_path, [{"text": "cat " * 90}, {"text": "cat"}])
    with pytest.raises(RecipeError, match=r"D111: 1 of 2 documents are longer than max_seq_length 64; the longest has \d+ tokens") as error:
        rows_of([corpus], tokenizer(), 64, 1)
    assert error.value.fix.startswith("put a split_long step with max_tokens: 64 before train")


def test_repeats_are_seen_in_training_only(tmp_path: Path):
    """A document of repeat 3 is three rows; pieces of one origin are all held out or none, and held out once."""
    rows = [{"text": f"story {i} piece {k}", "origin": f"o{i}", "repeat": 3} for i in range(40) for k in range(2)]
    found = rows_of([write_corpus(tmp_path, rows)], tokenizer(), 64, 1)
    assert len(found.train) == 3 * (80 - len(found.held))
    assert 0 < len(found.held) < 20
    assert len(found.held) % 2 == 0


def test_eval_tokens_bounds_what_is_validated_on(tmp_path: Path):
    """A seeded choice of the documents that are held out, the same each time; what is trained on stays."""
    corpus = write_corpus(tmp_path, [{"text": f"story {i} of a cat and a mat"} for i in range(200)])
    whole, some, again = (rows_of([corpus], tokenizer(), 64, 1, limit) for limit in (None, 60, 60))
    assert sum(len(row.ids) for row in whole.held) > 100
    assert 30 < sum(len(row.ids) for row in some.held) <= 60
    held = [[row.document for row in found.held] for found in (whole, some, again)]
    assert held[1] == held[2] != held[0][: len(held[1])]
    assert set(held[1]) < set(held[0])
    assert [row.document for row in some.train] == [row.document for row in whole.train]


def test_nothing_to_learn_is_an_error(tmp_path: Path):
    """A corpus of questions alone is refused."""
    corpus = write_corpus(tmp_path, [{"text": "", "messages": CHAT[:2]}])
    with pytest.raises(RecipeError, match="D112: no document has a token to learn"):
        rows_of([corpus], tokenizer(), 64, 1)


def test_a_conversation_that_cannot_be_split_is_left_out_and_counted(tmp_path: Path):
    """One of twenty is left out whole, its length known; were it more than a tenth, it would be an error."""
    long = [{"role": "user", "content": "cat " * 90}, {"role": "assistant", "content": "Yes."}]
    rows = [{"text": "", "messages": long}, *({"text": f"story {i}"} for i in range(19))]
    found = rows_of([write_corpus(tmp_path / "a", rows)], tokenizer(), 64, 1)
    assert len(found.left_out) == 1
    assert found.left_out[0] > 64
    assert len(found.train) + len(found.held) == 19
    with pytest.raises(RecipeError, match="D111: 1 of 6 documents"):
        rows_of([write_corpus(tmp_path / "b", rows[:6])], tokenizer(), 64, 1)
