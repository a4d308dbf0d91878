"""n-gram models: they are what the formula says, and what the literature's numbers say."""

import itertools
import math
import tempfile
from pathlib import Path

import numpy as np

from steps.text.binfile import BinReader
from steps.text.ngram import Ngram
from steps.tokenize_bin import TokenizeBin, tokenize_bin
from tests.conftest import FakeContext
from tests.steps.text.made import stories, tokenizer

IDS = np.array([0, 1, 2, 1, 2, 3, 0, 1, 2, 2])  # two documents that begin with 0
OFFSETS = np.array([0, 6, 10])


def test_bigrams_by_hand():
    """Witten-Bell on a text small enough to count on one's fingers."""
    model = Ngram(2, 5).fit(IDS, OFFSETS)
    # ids that are predicted: 1 2 1 2 3 | 1 2 2; 3 kinds among 8; after 1 three times 2, one kind
    unigram = (4 + 3 * (1 / 5)) / (8 + 3)
    assert math.isclose(model.distribution([0])[1], (2 + 1 * (3 + 3 / 5) / 11) / (2 + 1))
    assert math.isclose(model.distribution([0, 1])[2], (3 + 1 * unigram) / (3 + 1))
    assert math.isclose(model.distribution([4])[2], unigram)  # a context never seen backs off


def test_every_distribution_sums_to_one():
    """For contexts seen, seen in part, and never seen."""
    model = Ngram(4, 5).fit(IDS, OFFSETS)
    for before in ([0], [0, 1], [0, 1, 2], [1, 2, 1], [4, 4], [0, 3, 1]):
        assert math.isclose(model.distribution(before).sum(), 1.0)


def test_total_nats_are_those_of_the_distributions():
    """The quick way over a whole text agrees with one step after the other, across documents."""
    for order in range(1, 6):
        model = Ngram(order, 5).fit(IDS, OFFSETS)
        text, borders = np.array([0, 2, 1, 2, 4, 0, 3, 3, 1, 2, 1]), np.array([0, 5, 11])
        slow = 0.0
        for a, b in itertools.pairwise(borders):
            slow -= sum(math.log(model.distribution(text[a:i].tolist())[text[i]]) for i in range(a + 1, b))
        found, count = model.nats(text, borders)
        assert (math.isclose(found, slow), count) == (True, 9)


def test_a_lower_order_is_part_of_the_model():
    """nats(order=2) of a model of order 4 is that of a model of order 2."""
    assert Ngram(4, 5).fit(IDS, OFFSETS).nats(IDS, OFFSETS, 2) == Ngram(2, 5).fit(IDS, OFFSETS).nats(IDS, OFFSETS)


def test_the_limit_bounds_the_tokens_counted():
    """Whole documents up to the limit."""
    assert Ngram(2, 5).fit(IDS, OFFSETS, limit=7).fitted_tokens == 6


def test_bits_per_byte_of_the_stories():
    """On held-out stories: bigram near 2.39, trigram near 2.28 and best, 5-gram near 2.35 bits per byte."""
    made = tokenize_bin(TokenizeBin(val_fraction=0.1), [stories()], tokenizer(vocab_size=1750), FakeContext(Path(tempfile.mkdtemp())))
    train, val = BinReader(made.path, "train"), BinReader(made.path, "val")
    model = Ngram(5, made.vocab_size).fit(train.tokens, train.offsets)
    bits = [model.nats(val.tokens, val.offsets, order)[0] / math.log(2) / made.val_bytes for order in range(1, 6)]
    assert min(bits) == bits[2]
    for found, known in zip(bits, (3.13, 2.39, 2.28, 2.32, 2.35), strict=True):
        assert abs(found - known) < 0.12


def test_samples_are_seeded_and_stop():
    """The same seed gives the same ids; `stop` is not among them."""
    model = Ngram(3, 5).fit(IDS, OFFSETS)
    drawn = [model.sample([0], 20, np.random.default_rng(5), temperature=0.7, top_p=0.9, stop=3) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 3 not in drawn[0]
