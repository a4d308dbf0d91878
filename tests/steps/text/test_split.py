"""Cutting texts: nothing lost, nothing too long, cut where a reader would pause."""

import itertools
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from steps.text import split as room
from steps.text.conversations import split_conversation, split_messages
from steps.text.ruler import TokenRuler
from steps.text.sentences import last_sentence_end, sentence_ends
from steps.text.split import Cutter, split_text
from steps.text.tokenizers import open_tokenizer
from tests.steps.text.made import opened, stories, tokenizer

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


@pytest.mark.parametrize(("model", "fallback"), [("bpe", None), ("bpe", False), ("unigram", None), ("unigram", True), ("byte_bpe", None)])
@settings(max_examples=60, deadline=None)
@example("句子。é😀Ali geldi mi?" * 3, 12, 5, "sentence", 30)
@given(
    PROSE.map("".join), st.integers(12, 60), st.integers(0, 6), st.sampled_from(["auto", "paragraph", "sentence", "token"]),
    st.integers(1, 60),
)  # fmt: skip
def test_nothing_is_lost_and_every_count_is_real(model, fallback, text, max_tokens, overlap, strategy, part):
    """With every tokenizer, overlap and strategy, and whatever the parts in which the text comes.

    The pieces without what they repeat are the document; what they repeat is the end of the last piece; each has, by itself, the
    number of tokens that is told, and no more than allowed.
    """
    one = open_tokenizer(tokenizer(model, 1000, fallback).path)
    ruler = TokenRuler(one)
    parts = [text[i : i + part] for i in range(0, len(text), part)]
    whole = before = ""
    for piece in Cutter(max_tokens, ruler, strategy, overlap).pieces(ruler.windows(parts)):
        repeated, fresh = piece.text[: piece.repeated], piece.text[piece.repeated :]
        assert before.endswith(repeated)
        assert fresh
        assert piece.tokens == one.count(piece.text) <= max_tokens
        whole, before = whole + fresh, piece.text
    assert whole == text


def test_a_whole_book_is_split_exactly():
    """Real text in pieces of 200 tokens, each counted by itself: not one token too many, not one character lost."""
    text = "\n\n".join(row["text"] for row in stories().rows())
    for model in ("bpe", "unigram", "byte_bpe"):
        ruler = TokenRuler(opened(model))
        for strategy in ("auto", "token"):
            pieces = list(Cutter(200, ruler, strategy, 20).pieces(ruler.windows([text])))
            assert "".join(piece.text[piece.repeated :] for piece in pieces) == text
            assert [piece.tokens for piece in pieces] == [opened(model).count(piece.text) for piece in pieces]
            assert max(piece.tokens for piece in pieces) <= 200
            assert sum(piece.tokens for piece in pieces) > 150 * len(pieces)


@pytest.mark.parametrize("text", [".", "a", "x.\n", ". ", "\n", " ", "kelimelerarasındaboşlukyok", "😀"])
@pytest.mark.parametrize("strategy", ["auto", "sentence"])
def test_odd_texts_are_split_in_linear_work(monkeypatch, text, strategy):
    """Nothing but periods, one giant word, no blanks: what is searched and tokenized grows with the text, not with its square."""
    looked = []
    for kind, real in room.FINDERS.items():
        monkeypatch.setitem(room.FINDERS, kind, lambda *given, real=real: looked.append(given[3] - given[2]) or real(*given))
    work = []
    for size in (20_000, 80_000):
        looked.clear()
        whole = text * (size // len(text))
        pieces = split_text(whole, 400, words, strategy)
        assert "".join(pieces) == whole
        work.append(sum(looked))
    assert work[1] <= 5 * work[0] <= 60 * 20_000


def test_a_run_of_marks_is_looked_at_once():
    """A hundred thousand of them, with nothing behind: as quick as any other text."""
    assert sentence_ends("." * 100_000) == []
    assert sentence_ends("?!" * 50_000 + " ") == [100_001]
    assert len(sentence_ends("ab.\nX" * 20_000)) == 20_000


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
        ('"Gel!" dedi. "Olmaz."', ['"Gel!" dedi. ', '"Olmaz."']),
        ("3. Selim tahta çıktı. 19. yüzyıldı.", ["3. Selim tahta çıktı. ", "19. yüzyıldı."]),
        ("II. Abdülhamit ve XIX. Yüzyıl. Son.", ["II. Abdülhamit ve XIX. Yüzyıl. ", "Son."]),
        ("15. 16. ve 17. yüzyıllarda. Evet.", ["15. 16. ve 17. yüzyıllarda. ", "Evet."]),
        ("Ali... sonra sustu… ve gitti. Bitti.", ["Ali... sonra sustu… ve gitti. ", "Bitti."]),
        ("Bekle... Geldi.", ["Bekle... ", "Geldi."]),
        ("See https://a.b/c?d=e.f for it. J. R. R. Tolkien.", ["See https://a.b/c?d=e.f for it. ", "J. R. R. Tolkien."]),
        ("The U.S. Army came. M.Ö. 5. yüzyıl.", ["The U.S. Army came. ", "M.Ö. 5. yüzyıl."]),
        ("Prof. Dr. Ayşe Kaya'nın çalışması (bkz. Şek. 3). Sonuç.", ["Prof. Dr. Ayşe Kaya'nın çalışması (bkz. Şek. 3). ", "Sonuç."]),
        ("He paid $3.50. Then 1,000.5 km.", ["He paid $3.50. ", "Then 1,000.5 km."]),
        ("“你好。”他说。价格是3.14元。", ["“你好。”", "他说。", "价格是3.14元。"]),
        ("「行くよ。」と言った。", ["「行くよ。」", "と言った。"]),
        ("你好。我们走吧！好吗？", ["你好。", "我们走吧！", "好吗？"]),
        ("我们很高兴……结束了。好", ["我们很高兴……", "结束了。", "好"]),
        ("“我……”他说。好吗？……我想……！对", ["“我……”", "他说。", "好吗？……", "我想……！", "对"]),
        ("他……，走了。Ali……gitti. Evet……", ["他……，走了。", "Ali……gitti. ", "Evet……"]),
        (
            "Kaya Tic. Ltd. Şti. Genel Md. KAYA SAN. VE TİC. LTD. ŞTİ. Satış.",
            ["Kaya Tic. Ltd. Şti. Genel Md. ", "KAYA SAN. VE TİC. LTD. ŞTİ. Satış."],
        ),
        ("Üniv. Fak. Enst. Dergisi. Lt. Brown came.", ["Üniv. Fak. Enst. Dergisi. ", "Lt. Brown came."]),
        ("e.g. this one, i.e. A. Yılmaz. Yes.", ["e.g. this one, i.e. A. Yılmaz. ", "Yes."]),
    ],
)
def test_sentence_ends(text, sentences):
    """Turkish, English and Chinese; not after abbreviations, initials, ordinals, nor inside numbers."""
    ends = [0, *sentence_ends(text)]
    ends = ends if ends[-1] == len(text) else [*ends, len(text)]
    assert [text[a:b] for a, b in itertools.pairwise(ends)] == sentences


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_the_blank_behind_a_sentence_is_no_piece(model):
    """A piece that begins with the blank behind the last one's end does not end there at once."""
    ruler = TokenRuler(opened(model))
    text = "Bir gün Ali eve geldi. Ali" + " bir gün" * 120
    pieces = [piece.text for piece in Cutter(100, ruler, "sentence").pieces(ruler.windows([text]))]
    assert pieces[0] == "Bir gün Ali eve geldi."
    assert min(map(len, pieces[1:])) > 100


@settings(max_examples=200, deadline=None)
@example("Dr. x... A. B.  ", 0, 16)
@example("。……a", 0, 4)
@example("好……」好", 0, 4)
@given(st.text(alphabet='aA1 .!。\n"…好」', max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_the_last_sentence_end_is_one_of_all(text, low, limit):
    """Looked for from its end, a text has the very last end that it has when it is read through."""
    limit = min(limit, len(text))
    ends = [end for end in sentence_ends(text) if low < end <= limit]
    assert last_sentence_end(text, 0, low, limit) == max(ends, default=0)


def blank_ends(pattern, text, low, limit):
    """Ends of the stretches of `pattern` in text[low:] that lie in (low, limit]; the word's before its last blank."""
    ends = [m.end() for m in re.compile(pattern).finditer(text, low)]
    if "n" not in pattern:
        ends = [end - 1 if text[end - 1] == " " and end - 1 > low else end for end in ends]
    return [end for end in ends if low < end <= limit]


@settings(max_examples=200, deadline=None)
@example("a \n b", 0, 2)
@given(st.text(alphabet="ab \n\t\u2003", max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_the_last_blank_stretch_is_one_of_all(text, low, limit):
    """As with sentences: paragraphs and words found from the end are those found from the beginning."""
    limit = min(limit, len(text))
    for kind, pattern in (("p", r"[^\S\n]*\n\s*"), ("w", r"\s+")):
        assert room.FINDERS[kind](text, 0, low, limit) == max(blank_ends(pattern, text, low, limit), default=0)


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


def test_a_long_early_round_leaves_the_later_ones_whole():
    """Of several turns the first is too long: it is split by itself, the others follow together, and what was done is told."""
    short = [{"role": role, "content": f"{role} {i}"} for i in range(3) for role in ("user", "assistant")]
    done = split_conversation([*ROUND, *short], 120, starts, "auto", 0)
    early = [row["messages"] for row in done.rows if row["messages"][0] == ROUND[0]]
    assert (len(early) > 2, done.answers, done.whole, done.apart) == (True, 1, [], len(done.rows) - len(early))
    assert "".join(messages[1]["content"] for messages in early) == ROUND[1]["content"]
    assert [m for row in done.rows[len(early) :] for m in row["messages"]] == short
    assert all(len(starts(row["text"])) <= 120 for row in done.rows)


def test_a_round_is_apart_once_however_many_pieces_its_answer_has():
    """Pieces of one answer part no round from another; the first round has none before it."""
    assert split_conversation(ROUND, 120, starts, "auto", 0).apart == 0
    done = split_conversation([*ROUND, *ROUND, *ROUND], 120, starts, "auto", 0)
    assert (done.answers, done.apart) == (3, 2)


def test_rounds_that_cannot_be_split_are_told_with_the_reason():
    """A question without an answer, two answers in a row, a question that fills the window."""
    long = "uzun soru " * 80
    user, assistant = {"role": "user", "content": long}, {"role": "assistant", "content": long}
    for talk, why in (
        ([user], "a question without an answer"),
        ([{**user, "content": "?"}, assistant, assistant], "several answers in a row"),
        ([user, assistant], "its question leaves no room for an answer"),
    ):
        done = split_conversation(talk, 60, starts, "auto", 0)
        assert ([row["messages"] for row in done.rows], done.whole) == ([talk], [why])


def test_many_small_rounds_are_measured_once_each():
    """A talk of a thousand rounds costs a thousand measurings and some at the limit, not one of all that is held for each."""
    talk = [{"role": role, "content": f"{i}"} for i in range(1000) for role in ("user", "assistant")]
    measured = []

    def size(messages):
        measured.append(len(messages))
        return 4 * len(messages)

    done = split_conversation(talk, 1600, words, "auto", 0, size)
    assert [m for row in done.rows for m in row["messages"]] == talk
    assert [len(row["messages"]) for row in done.rows] == [400] * 5
    assert sum(measured) < 20 * len(talk)
