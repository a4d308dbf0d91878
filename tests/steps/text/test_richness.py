"""How many pieces a text can give: above what SentencePiece reached, and close enough to warn."""

import pytest

from runner.facts import Facts
from schemas import Machine
from schemas.machine import GIB
from steps.parse_corpus import Source
from steps.text.richness import SAMPLED, most_pieces, pieces_of_words, sampled_texts, words_in

MACHINE = Machine(name="here", kind="cpu", memory_bytes=8 * GIB, system_bytes=8 * GIB, fp16=False, cores=2)


@pytest.mark.parametrize(
    ("files", "unigram", "bpe"),  # the largest sizes that SentencePiece 0.2.3 trained on all of the text
    [("tr/*.txt", 43_462, 165_492), ("en/*.txt", 20_652, 58_136), ("tr/visualstudio-docs-tr.txt", 17_904, 69_641)],
)
def test_the_estimate_is_above_and_near(test_data, files, unigram, bpe):
    """Above what can be had, so that a warning is right, and at most 1.2 of it (unigram) and 1.7 (bpe)."""
    facts = Facts(test_data, MACHINE, 0)
    total = sum(facts.size(path) for path in facts.files(files))
    words = words_in(sampled_texts([Source(path=files)], facts), total)
    assert words is not None
    assert unigram <= pieces_of_words(words, total, "unigram") <= 1.2 * unigram
    assert bpe <= pieces_of_words(words, total, "bpe") <= 1.7 * bpe
    assert pieces_of_words(words, total, "unigram") < most_pieces(total, "unigram")


def test_rows_are_read_as_text(stories):
    """Of a jsonl file the texts count, not names and quotes; a template is followed."""
    [text, *_] = sampled_texts([Source(path="en.jsonl", columns={"text": "<{lang}>{text}"})], Facts(stories, MACHINE, 0))
    assert text.startswith("<en>Mina had a yellow coat")


def test_what_cannot_be_sampled_says_nothing(tmp_path):
    """Too little text, packed files, hub sources."""
    (tmp_path / "a.txt.gz").write_bytes(b"\x1f\x8b not read")
    facts = Facts(tmp_path, MACHINE, 0)
    assert sampled_texts([Source(path="*.gz"), Source(hub="a/b")], facts) == []
    assert words_in(["a b c"], 10**6) is None


def test_a_sample_is_bounded(tmp_path):
    """Of a large file only the beginning is read."""
    (tmp_path / "a.txt").write_text("bir iki üç dört\n" * 400_000, "utf-8")
    texts = sampled_texts([Source(path="a.txt")], Facts(tmp_path, MACHINE, 0))
    assert 0.9 * SAMPLED < sum(len(t.encode()) for t in texts) <= SAMPLED
