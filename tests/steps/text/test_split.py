"""Cutting texts: nothing lost, nothing too long, cut where a reader would pause."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steps.text.conversations import split_messages
from steps.text.split import sentence_ends, split_text
from tests.steps.text.made import opened

PROSE = st.lists(
    st.sampled_from(["Bir gün. ", "Ali geldi mi?\n", "\n\n", "çok-uzun-bir-kelimeyle ", "3.14 ", "句子。", "é😀", " "]), max_size=60
)


def starts(text):
    return opened().starts(text)


def words(text):
    """A tokenizer of the simplest kind: every character is a token."""
    return list(range(len(text)))


@settings(max_examples=60, deadline=None)
@example("句子。é😀Ali geldi mi?", 5, "sentence")  # a character of several tokens at the very limit
@given(PROSE.map("".join), st.integers(5, 60), st.sampled_from(["auto", "paragraph", "sentence", "token"]))
def test_splitting_loses_nothing(text, max_tokens, strategy):
    """Joined again, the pieces are the document, and none is longer than the limit."""
    pieces = split_text(text, max_tokens, starts, strategy)
    assert "".join(pieces) == text
    assert all(len(starts(piece)) <= max_tokens for piece in pieces)


@settings(max_examples=40, deadline=None)
@given(PROSE.map("".join), st.integers(12, 60), st.integers(1, 6))
def test_overlap_repeats_the_end_of_the_last_piece(text, max_tokens, overlap):
    """Each piece begins with the end of the one before it; without those beginnings they are the document."""
    pieces = split_text(text, max_tokens, starts, "auto", overlap)
    rest = text
    whole = ""
    for piece in pieces:
        fresh = next(piece[i:] for i in range(len(piece) + 1) if whole.endswith(piece[:i]) and rest.startswith(piece[i:]) and piece[i:])
        whole, rest = whole + fresh, rest[len(fresh) :]
    assert whole == text
    assert all(len(starts(piece)) <= max_tokens for piece in pieces)


def test_a_cut_stands_between_paragraphs_where_it_can():
    """A paragraph break beats a sentence end, a sentence end a blank, a blank the middle of a word."""
    assert split_text("Aaa bb.\nCcc dd. Eee.", 16, words) == ["Aaa bb.\n", "Ccc dd. Eee."]
    assert split_text("Aaa bb. Ccc dd ee ff", 14, words) == ["Aaa bb. ", "Ccc dd ee ff"]
    assert split_text("aaa bbb ccc ddd", 9, words) == ["aaa bbb", " ccc ddd"]
    assert split_text("aaaaaaaaaaaa", 5, words) == ["aaaaa", "aaaaa", "aa"]


def test_token_strategy_fills_every_piece():
    """Exactly the limit, but for the last."""
    assert [len(p) for p in split_text("a b. " * 9, 10, words, "token")] == [10, 10, 10, 10, 5]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Ayşe geldi. Sonra gitti.", ["Dr. Ayşe geldi. ", "Sonra gitti."]),
        ("Saat 3.15 oldu! Kim var? Ali…", ["Saat 3.15 oldu! ", "Kim var? ", "Ali…"]),
        ("19. Yüzyılda yaşadı. Öldü.", ["19. Yüzyılda yaşadı. ", "Öldü."]),
        ("He left in 1996. She stayed.", ["He left in 1996. ", "She stayed."]),
        ('"Gel!" dedi. "Olmaz."', ['"Gel!" ', "dedi. ", '"Olmaz."']),
        ("你好。我们走吧！好吗？", ["你好。", "我们走吧！", "好吗？"]),
        ("e.g. this one, i.e. A. Yılmaz. Yes.", ["e.g. this one, i.e. A. Yılmaz. ", "Yes."]),
    ],
)
def test_sentence_ends(text, sentences):
    """Turkish, English and Chinese; not after abbreviations, initials, ordinals, nor inside numbers."""
    ends = [0, *sentence_ends(text)]
    ends = ends if ends[-1] == len(text) else [*ends, len(text)]
    assert [text[a:b] for a, b in itertools.pairwise(ends)] == sentences


def test_a_book_on_one_line_is_split_in_linear_time():
    """A document far longer than the window of characters that is tokenized at once."""
    text = "kelime " * 40_000
    pieces = split_text(text, 500, starts)
    assert "".join(pieces) == text
    assert max(len(starts(p)) for p in pieces) <= 500


ROUND = [{"role": "user", "content": "Anlat."}, {"role": "assistant", "content": "Bir gün Ali geldi. Sonra Ayşe geldi. " * 20}]


def test_a_long_answer_is_split_with_its_question_repeated():
    """Every part begins with system and question; the answers, joined, are the answer."""
    talk = [{"role": "system", "content": "Kısa."}, *ROUND]
    parts = split_messages(talk, 120, starts, "auto", 0)
    assert len(parts) > 2
    assert all(part["messages"][:2] == talk[:2] for part in parts)
    assert "".join(part["messages"][2]["content"] for part in parts) == talk[2]["content"]
    assert all(len(starts(part["text"])) <= 120 for part in parts)


def test_rounds_of_a_conversation_stay_whole():
    """A question is never parted from its answer."""
    talk = [{"role": role, "content": f"{role} {i}"} for i in range(12) for role in ("user", "assistant")]
    parts = split_messages(talk, 90, starts, "auto", 0)
    assert len(parts) > 2
    assert [m for part in parts for m in part["messages"]] == talk
    assert all([m["role"] for m in part["messages"]][:2] == ["user", "assistant"] for part in parts)


def test_a_question_that_fills_the_window_stays_with_its_answer():
    """It is kept whole, above the limit, for the caller to count."""
    talk = [{"role": "user", "content": "uzun soru " * 80}, {"role": "assistant", "content": "Evet."}]
    assert [part["messages"] for part in split_messages(talk, 60, starts, "auto", 0)] == [talk]
