"""Languages by py3langid: real sentences, and the share of mixed documents."""

import pytest

from steps.text.language import KNOWN, Languages

pytest.importorskip("py3langid")
TURKISH = "Küçük kız sabah erkenden kalktı ve bahçedeki çiçekleri suladı."
ENGLISH = "The little girl got up early and watered the flowers in the garden."
GERMAN = "Das kleine Mädchen stand früh auf und goss die Blumen im Garten."


@pytest.fixture(scope="module")
def languages():
    return Languages(["tr", "en"])


def test_a_sentence_is_enough(languages):
    """Turkish and English are allowed, German is not; also in capitals."""
    assert languages.shares(TURKISH) == ("tr", 1.0)
    assert languages.shares(ENGLISH) == ("en", 1.0)
    assert languages.shares(GERMAN) == ("de", 0.0)
    assert languages.shares("KÜÇÜK KIZ SABAH ERKENDEN KALKTI VE BAHÇEDEKİ ÇİÇEKLERİ SULADI.")[0] == "tr"


def test_a_mixed_document_has_a_share(languages):
    """By characters of its paragraphs; a long one by pieces of it."""
    lang, share = languages.shares(f"{TURKISH * 9}\n\n{GERMAN * 8}")
    assert (lang, round(share, 1)) == ("tr", 0.5)
    long = f"{ENGLISH}\n" * 240 + f"{GERMAN}\n" * 160
    assert languages.shares(long) == ("en", 0.625)


def test_numbers_are_in_no_language(languages):
    """Nothing to judge: no language, no share."""
    assert languages.shares("12 34 56\n78 90") == ("", 0.0)


def test_the_names_are_those_of_the_library(languages):
    """What `allow` takes is what can be told apart."""
    assert set(languages._judge.labels) == KNOWN


def test_other_peoples_sentences(languages, test_data):
    """Of 200 real Turkish sentences of 40 to 200 characters, and as many English paragraphs, 98 of 100 are told right."""
    for lang, file, parted in (("tr", "tr/ud-kenet.txt", "\n"), ("en", "en/grimm.txt", "\n\n")):
        texts = [t for t in (test_data / file).read_text("utf-8").split(parted) if 40 <= len(t) <= 200][:200]
        assert len(texts) == 200
        assert sum(languages.shares(" ".join(t.split()))[0] == lang for t in texts) >= 196
