"""Near duplicates: found when most runs of words are shared, under the first one's origin, the same every time."""

import random

import pytest

from steps.text.near import RUN, First, Near, Table, rows_of, runs

pytest.importorskip("rensa")
WORDS = [f"kelime{i}" for i in range(5000)]


def text_of(seed, count=300):
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def changed(text, share, seed=1):
    """`text` with this share of its words replaced."""
    rng = random.Random(seed)
    words = text.split()
    for at in rng.sample(range(len(words)), int(share * len(words))):
        words[at] = "başka"
    return " ".join(words)


def own(number):
    return First(number.to_bytes(16, "little"), (number + 1000).to_bytes(16, "little"))


def alike(a, b):
    """The true share of runs that both have."""
    first, second = set(runs(a).tolist()), set(runs(b).tolist())
    return len(first & second) / len(first | second)


def test_copies_with_small_changes_are_found_and_others_are_not(tmp_path):
    """Of 200 texts, copies with 1 % of the words changed are all found, copies with 20 % changed are not, nor any stranger."""
    near = Near(tmp_path, 0.8)
    texts = [text_of(seed) for seed in range(200)]
    assert [near.like(text, own(i), add=True) for i, text in enumerate(texts)] == [None] * 200
    close = [changed(text, 0.01) for text in texts]
    far = [changed(text, 0.2) for text in texts]
    assert min(alike(a, b) for a, b in zip(texts, close, strict=True)) > 0.85
    assert max(alike(a, b) for a, b in zip(texts, far, strict=True)) < 0.6
    found = [near.like(text, own(999), add=False) for text in close]
    assert sum(a == own(i) for i, a in enumerate(found)) >= 196
    assert [near.like(text, own(999), add=False) for text in far] == [None] * 200


def test_a_chain_is_one_cluster(tmp_path):
    """The third is like the second, the second like the first: all have the first one's digest and origin."""
    near = Near(tmp_path, 0.7)
    first = text_of(1, 1000)
    second, third = changed(first, 0.02, 1), changed(changed(first, 0.02, 1), 0.02, 2)
    assert near.like(first, own(1), add=True) is None
    assert near.like(second, own(2), add=True) == own(1)
    assert near.like(third, own(3), add=True) == own(1)


def test_short_texts_and_texts_without_blanks(tmp_path):
    """Under five words nothing is said; Chinese is compared by runs of characters; case and punctuation do not count."""
    near = Near(tmp_path, 0.8)
    assert near.like("bir iki üç dört", own(1), add=True) is None
    assert near.like("bir iki üç dört", own(2), add=True) is None
    chinese = "今天天气很好我们一起去公园散步看见了很多花和小鸟大家都非常高兴因为春天已经来了"
    assert near.like(chinese, own(3), add=True) is None
    assert near.like(chinese + "。", own(4), add=True) == own(3)
    assert near.like("Bir gün, küçük kız ormana gitti.", own(5), add=True) is None
    assert near.like("bir gün küçük kız: ormana gitti", own(6), add=True) == own(5)
    assert len(runs("a b c d e f")) == 6 - RUN + 1


def test_bands_are_made_for_the_similarity_that_is_asked():
    """The fewer must be alike, the narrower the bands."""
    assert [rows_of(s) for s in (0.5, 0.7, 0.8, 0.9, 1.0)] == [3, 5, 8, 13, 16]


def test_a_table_keeps_the_first_number():
    """Of ten thousand keys, also where they fall on the same place."""
    table = Table()
    keys = [i * 2654435761 % 2**32 for i in range(1, 10_001)]
    for number, key in enumerate(keys, 1):
        table.put(key, number)
        table.put(key, number + 1)
    assert [table.get(key) for key in keys] == list(range(1, 10_001))
    assert table.get(3) == 0
