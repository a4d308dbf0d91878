"""open_tokenizer: text to ids and back, the same by every way."""

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from schemas import RecipeError
from steps.text.fast import HARD_LINES
from steps.text.rowform import row_of
from steps.text.tokenizers import FastTokenizer, TextTokenizer, open_tokenizer
from tests.steps.text.made import opened, tokenizer

TEXTS = ["<tr>Ayşe'nin 3,5 kilosu\n\n\tvar.", "naïve 😀 text\x00 with\r\n NUL", *HARD_LINES]
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda t: "\u2581" not in t)


@pytest.mark.parametrize("model", ["bpe", "byte_bpe"])
def test_text_comes_back(model):
    """With bytes to fall back on, decoding gives the text that was encoded."""
    tokens = opened(model)
    assert [tokens.decode(tokens.encode(text)) for text in TEXTS] == TEXTS


@settings(max_examples=150, deadline=None)
@given(PLAIN)
def test_any_text_comes_back(text):
    """Any text without SentencePiece's own blank sign comes back."""
    assert opened().decode(opened().encode(text)) == text


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_special_tokens_in_a_text_are_text(model):
    """`</s>` written in a document never becomes the control token; the user's own marks do become theirs."""
    tokens = opened(model)
    ids = tokens.encode("<tr>a </s> b <s><pad>")
    assert not {tokens.pad_id, tokens.bos_id, tokens.eos_id, tokens.unk_id} & set(ids)
    assert tokens.piece(ids[0]) == "<tr>"
    assert tokens.user_symbols == ["<tr>", "<en>"]


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_a_batch_is_its_texts_one_by_one(model):
    """encode_batch, encode_arrays and count agree with encode."""
    tokens = opened(model)
    single = [tokens.encode(text) for text in TEXTS]
    assert tokens.encode_batch(TEXTS) == single
    assert [a.tolist() for a in tokens.encode_arrays(TEXTS)] == single
    assert [tokens.count(text) for text in TEXTS] == [len(ids) for ids in single]
    assert tokens.encode_arrays([]) == []


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_a_text_may_be_given_as_its_bytes(model):
    """The same ids, NUL, emoji and the empty text among them."""
    tokens = opened(model)
    assert tokens.takes_utf8
    given = [*TEXTS, ""]
    assert [a.tolist() for a in tokens.encode_arrays([text.encode() for text in given])] == [tokens.encode(text) for text in given]


def test_several_threads_encode_the_same():
    """With one open model at a time, each text in the very ids that it has alone."""
    tokens = opened("unigram")
    assert tokens.many_threads
    alone = [tokens.encode(text) for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(tokens.encode_arrays, [TEXTS] * 40):
            assert [ids.tolist() for ids in found] == alone


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_offsets_cover_the_text(model):
    """Spans go up without gaps from the first character to the last, one for each id."""
    tokens = opened(model)
    for text in filter(None, TEXTS):
        ids, spans = tokens.encode_offsets(text)
        assert ids == tokens.encode(text)
        assert len(spans) == len(ids)
        assert (spans[0][0], spans[-1][1]) == (0, len(text))
        assert all(b[0] in (a[0], a[1]) for a, b in pairwise(spans))


def test_offsets_name_the_characters_of_a_token():
    """The characters of a span are what its piece spells."""
    tokens = opened()
    text = "<en>The red button."
    ids, spans = tokens.encode_offsets(text)
    assert [text[a:b].replace(" ", "▁") for a, b in spans] == [tokens.piece(i) for i in ids]


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_starts_are_those_of_the_offsets(model):
    """The quick way to where tokens begin agrees with the spans."""
    tokens = opened(model)
    for text in TEXTS:
        ids = tokens.encode_arrays([text])[0]
        wanted = [start for start, _ in tokens.encode_offsets(text)[1]]
        assert list(tokens.starts(text)) == list(tokens.starts(text, ids)) == wanted


@settings(max_examples=150, deadline=None)
@example("e\u0301 a\u0327\u0301")
@given(st.text(alphabet="ab zğ句子é😀<tr>\u0301\u0327\n", max_size=30))
def test_starts_in_a_byte_level_vocabulary(text):
    """Where several tokens share a character, and where the normaliser joins two: the library's own offsets."""
    tokens = opened("byte_bpe")
    assert list(tokens.starts(text)) == [start for start, _ in tokens.encode_offsets(text)[1]]


@pytest.mark.parametrize("model", ["bpe", "unigram"])
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab zğ句子é😀▁<tr>\u2585\n", max_size=30))
def test_starts_of_texts_with_unknown_characters(model, text):
    """Without byte fallback an unk says not how long it is; where the tokens begin is still exact."""
    tokens = open_tokenizer(tokenizer(model, 1000, byte_fallback=False).path)
    assert list(tokens.starts(text)) == [start for start, _ in tokens.encode_offsets(text)[1]]


def test_special_ids():
    """pad, unk, bos, eos are 0, 1, 2, 3 in both forms."""
    folder = tokenizer().path
    for tokens in (open_tokenizer(folder), FastTokenizer(folder)):
        assert (tokens.pad_id, tokens.unk_id, tokens.bos_id, tokens.eos_id) == (0, 1, 2, 3)
        assert tokens.vocab_size == 1000


def test_a_folder_without_a_tokenizer(tmp_path):
    """T101 names the folder."""
    with pytest.raises(RecipeError, match=r"T101: .* holds neither tokenizer\.model nor tokenizer\.json"):
        open_tokenizer(tmp_path)


def test_a_damaged_tokenizer(tmp_path):
    """A file that is none is T101, no traceback."""
    (tmp_path / "tokenizer.model").write_bytes(b"nothing of the kind")
    with pytest.raises(RecipeError, match="T101"):
        open_tokenizer(tmp_path)


def test_what_follows_a_text_keeps_its_blank(tmp_path: Path):
    """A tokenizer that takes the blank off the beginning of a text must not glue what a model writes to its prompt."""
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"<unk>": 0, "<s>": 1, "▁once": 2, "▁upon": 3, "▁a": 4, "ly": 5}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer, made.decoder = tokenizers.pre_tokenizers.Metaspace(), tokenizers.decoders.Metaspace()
    made.add_special_tokens(["<s>"])
    made.save(str(tmp_path / "tokenizer.json"))
    opened = open_tokenizer(tmp_path)
    before = [1, *opened.encode("once upon")]
    assert opened.decode([4]) == "a"
    assert [opened.continued(before, ids) for ids in ([4], [5], [4, 5], [])] == [" a", "ly", " aly", ""]
    assert opened.continued([1], [4]) == "a"


def another(folder: Path, **settings: Any) -> TextTokenizer:
    """A SentencePiece tokenizer as others train it: with a blank before every text."""
    sentencepiece = pytest.importorskip("sentencepiece")
    lines = iter(["hello world naïve", "kedi köpek  ağaç\tyol", "It is 1, dear 😀. Thanks! [INST] q [/INST]"] * 40)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=model, vocab_size=330, model_type="bpe", byte_fallback=True, minloglevel=2,
        hard_vocab_limit=False, num_threads=1, **settings,
    )  # fmt: skip
    (folder / "tokenizer.model").write_bytes(model.getvalue())
    return open_tokenizer(folder)


AS_IT_IS = {"normalization_rule_name": "identity", "remove_extra_whitespaces": False}  # as Llama 2's and Mistral's
PREFIXED = ["[INST] Thanks! [/INST] You are 😀é.", "  two  x ", "hello", " ", "é", "\n\nIt is 1"]


def test_offsets_behind_a_blank_that_no_text_has(tmp_path: Path):
    """It stands for no character, and each piece behind it for its own: what is learned of a conversation hangs on it."""
    tokens = another(tmp_path, **AS_IT_IS)
    for text in PREFIXED:
        ids, spans = tokens.encode_offsets(text)
        pieces = [tokens.piece(i) for i in ids]
        whole = [(piece, text[a:b].replace(" ", "▁")) for piece, (a, b) in zip(pieces, spans, strict=True) if not piece.startswith("<0x")]
        assert [shown for _, shown in whole] == [whole[0][0][1:], *(piece for piece, _ in whole[1:])]
        assert {c for a, b in spans for c in range(a, b)} == set(range(len(text)))
        assert list(tokens.starts(text)) == [start for start, _ in spans]


@pytest.mark.parametrize("told", [True, False])
def test_offsets_after_a_normalisation(tmp_path: Path, told: bool):
    """By the library where it tells, else by looking: every word is where it stands, whatever was taken out or put before it."""
    tokens = another(tmp_path)
    tokens._tells_offsets &= told
    for text in PREFIXED:
        ids, spans = tokens.encode_offsets(text)
        for i, (a, b) in zip(ids, spans, strict=True):
            if (word := tokens.piece(i).strip("▁")) and not word.startswith("<0x"):
                assert text[a:b].strip() == word


def test_all_of_a_text_is_learned_behind_its_blank(tmp_path: Path):
    """The blank too: a model that begins a text writes it first."""
    written = row_of({"text": "[INST] Thanks!"}, another(tmp_path, **AS_IT_IS))
    assert written.learned == [False] + [True] * (len(written.ids) - 1)
