"""Seams: a text parted at them has the ids of the whole."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import normalizers, pre_tokenizers

from steps.text.seams import PATTERNS, WHOLE_UNIGRAM, Seams, WordSeams, seams_of
from steps.text.tokenizers import FastTokenizer
from tests.conftest import ROOT
from tests.steps.text.made import opened, stories, tokenizer

PARTS = [
    "Bir gün ",
    "\n",
    "\n\n",
    "  ",
    "   \n ",
    "<tr>",
    "ğüş",
    "don't ",
    "3.14159",
    "句子。",
    "é😀",
    "😀😀",
    "\u00a0",
    "aaaa",
    "\t",
    "x",
    "▁",
]
TEXT = st.lists(st.sampled_from([*PARTS, "(", ").", "\u00a0", "▁"]), max_size=80).map("".join)


def parts(one, text, stretch):
    seams = seams_of(one)
    seams.stretch = seams.whole = stretch
    return seams.parted(text)


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
@settings(max_examples=150, deadline=None)
@given(text=TEXT, stretch=st.integers(1, 12))
def test_the_ids_of_the_parts_are_the_ids_of_the_whole(model, text, stretch):
    """Whatever the text and however short the stretches; also where unknown characters stand side by side."""
    one = opened(model)
    found = parts(one, text, stretch)
    assert "".join(found) == text
    assert [i for part in found for i in one.encode(part)] == one.encode(text)


def test_real_texts_are_parted_often():
    """Stories come apart in stretches of about the size that was asked for."""
    for model in ("bpe", "unigram", "byte_bpe"):
        text = "\n".join(row["text"] for row in stories().rows())[:50_000]
        found = parts(opened(model), text, 500)
        assert len(found) > 60
        assert np.array_equal(np.concatenate(opened(model).encode_arrays(found)), opened(model).encode_arrays([text])[0])


def test_where_nothing_is_proved_nothing_is_parted():
    """One letter without end for BPE, a normalisation, an unknown pattern: the text is taken whole."""
    assert parts(opened("bpe"), "a" * 5000, 100) == ["a" * 5000] or len(opened("bpe").encode("aa")) == 2
    backend = Backend.from_str(opened("byte_bpe").backend.to_str())
    assert isinstance(_fast(backend), WordSeams)
    backend.normalizer = normalizers.Lowercase()
    assert not isinstance(_fast(backend), WordSeams)
    backend = Backend.from_str(opened("byte_bpe").backend.to_str())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    assert Seams.parted(_fast(backend), "a b " * 9999) == ["a b " * 9999]


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=60, deadline=None)
@given(text=TEXT, stretch=st.integers(1, 12))
def test_the_patterns_of_llama_and_qwen(pattern, text, stretch):
    """Words begin at a blank behind a visible character, with each of them."""
    from tokenizers import Regex

    data = json.loads(opened("byte_bpe").backend.to_str())
    backend = Backend.from_str(json.dumps(data))
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    backend.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    seams = _fast(backend)
    assert isinstance(seams, WordSeams)
    seams.stretch = seams.whole = stretch
    found = [i for part in seams.parted(text) for i in backend.encode(part, add_special_tokens=False).ids]
    assert found == backend.encode(text, add_special_tokens=False).ids


def test_a_long_unigram_text_gets_the_exact_best_path():
    """SentencePiece's float32 sums go wrong far into a text; parted, the ids are those of the same text at a page's length."""
    seams = seams_of(opened("unigram"))
    page = (ROOT / "data" / "stories" / "tr_a.jsonl").read_text("utf-8")[:40_000] + "\n"
    book = page * (WHOLE_UNIGRAM // len(page) + 2)
    assert len(book) > seams.whole
    ids = np.concatenate(opened("unigram").encode_arrays(seams.parted(book)))
    one = opened("unigram").encode_arrays([page])[0]
    assert np.array_equal(ids, np.tile(one, len(book) // len(page)))
    assert tokenizer("unigram").model == "unigram"


def _fast(backend):
    one = FastTokenizer.__new__(FastTokenizer)
    one.backend = backend
    return seams_of(one)
