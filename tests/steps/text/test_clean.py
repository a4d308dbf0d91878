"""Cleaning, counting what was dropped, and mixing."""

import pytest

from steps.text.clean import Dropped, Seen, cleaned
from steps.text.language import guessed_language
from steps.text.mix import mixed


def test_whitespace_and_accents():
    """Windows line breaks, blanks at line ends, empty lines, control characters, loose accents, lone surrogates."""
    text = "\ufeffa\u0306 \t\r\nb\x00\x07  c\u2028\n\n\n\nd\ud800  \n\n"
    assert cleaned(text, nfc=True, whitespace=True) == "ă\nb  c\n\nd\ufffd"
    assert cleaned("a\u0306 \r\n", nfc=False, whitespace=False) == "a\u0306 \r\n"


def test_a_form_feed_begins_a_line():
    """It is no part of a word, nor a line more than there is."""
    tidy = cleaned("one\ftwo\n\fthree\r\n\ffour\n\n\f\nfive\vsix\f", nfc=False, whitespace=True)
    assert tidy == "one\ntwo\nthree\nfour\n\nfive\nsix"


def test_a_set_of_digests_grows():
    """Each is new once."""
    seen = Seen()
    assert [seen.add(i * 2**40 + i) for i in range(5000)] == [True] * 5000
    assert not any(seen.add(i * 2**40 + i) for i in range(5000))
    assert len(seen) == 5000


def test_drops_are_counted_with_three_examples():
    """By reason, sorted."""
    dropped = Dropped()
    for i in range(5):
        dropped.add("too short", f"text {i}")
    dropped.add("duplicate", "x" * 500)
    facts = {"duplicate": {"count": 1, "examples": ["x" * 120]}, "too short": {"count": 5, "examples": ["text 0", "text 1", "text 2"]}}
    assert (dropped.facts(), dropped.total()) == (facts, 6)


def documents(count, size):
    return lambda number: iter([(size, "x" * size)] * count)


@pytest.mark.parametrize("weights", [[1.0, 1.0], [3.0, 1.0], [0.2, 0.7]])
def test_shares_of_characters_are_exact(weights):
    """At every moment each source is within one document of its share."""
    drawn = [0, 0]
    for i, document in mixed([documents(300, 100), documents(900, 37)], weights, repeat=False, seed=1):
        drawn[i] += len(document)
        share = weights[0] / sum(weights)
        assert abs(drawn[0] - share * sum(drawn)) <= 100
    assert sum(drawn) > 10_000


def test_mixing_ends_with_the_first_source_that_is_spent():
    """Or, with repeat, when each was read to its end once."""
    pair = [documents(3, 10), documents(10, 10)]
    assert [i for i, _ in mixed(pair, [1, 1], repeat=False, seed=1)] == [0, 1, 0, 1, 0, 1]
    again = [i for i, _ in mixed(pair, [1, 1], repeat=True, seed=1)]
    assert (again.count(0), again.count(1)) == (11, 10)


def test_turkish_and_english_are_told_apart():
    """By common words; too little text is not guessed at."""
    assert guessed_language("Bu çok güzel bir gün ve biz de onun için geldik ama sonra ne oldu daha kadar gibi sen ile ben") == "tr"
    assert guessed_language("It was the best of times and it was the worst of times, for the people of that old town on the hill") == "en"
    assert guessed_language("Selam") == ""
