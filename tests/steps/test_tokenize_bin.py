"""tokenize_bin: the ids of the text, split by document, the same bytes every time."""

import numpy as np
import pytest

from schemas import CorpusForecast, RecipeError, TokenizerForecast
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.text.binfile import BinReader
from steps.text.vocabulary import ids_fit, sizes_agree
from steps.tokenize_bin import TokenizeBin, smoke, tokenize_bin
from tests.conftest import FakeContext
from tests.steps.text.made import corpus, folder, opened, stories, tokenizer


def made(*corpora, seed=1, model="bpe", **params):
    context = FakeContext(folder(), seed=seed)
    return tokenize_bin(TokenizeBin(**params), list(corpora), tokenizer(model), context), context


def texts(bins, split):
    reader = BinReader(bins.path, split)
    return [opened().decode(reader.document(i)[1:-1]) for i in range(len(reader))]


def rows(count, **more):
    return [{"text": f"Belge {i}: bir gün daha.", "origin": f"{i}", **more} for i in range(count)]


def test_every_document_stands_on_one_side(context):
    """Decoded again, train and val together are the corpus; about val_fraction of it is val."""
    bins, context = made(stories(), val_fraction=0.1)
    train, val = texts(bins, "train"), texts(bins, "val")
    assert sorted(train + val) == sorted(row["text"] for row in stories().rows())
    assert 15 < len(val) < 55
    assert (bins.train_documents, bins.val_documents, bins.dtype) == (len(train), len(val), "uint16")
    assert bins.train_bytes + bins.val_bytes == stories().bytes
    facts = context.kept["bins"]
    assert facts["val"] == {"tokens": bins.val_tokens, "documents": len(val), "bytes": bins.val_bytes}
    assert 2 < facts["bytes_per_token"] < 3


def test_documents_are_bos_ids_eos():
    """In the order of the corpus, with language and bytes of each."""
    bins, _ = made(stories(), val_fraction=0.1)
    reader = BinReader(bins.path, "train")
    first = reader.document(0).tolist()
    assert (first[0], first[-1], first[1:-1]) == (2, 3, opened().encode(texts(bins, "train")[0]))
    assert reader.meta[0] == {"lang": "en", "source": "en.jsonl", "bytes": len(texts(bins, "train")[0].encode())}
    assert len(reader.meta) == len(reader)


def test_new_documents_move_none():
    """What was val stays val when the corpus grows."""
    small, large = made(corpus(rows(200)))[0], made(corpus(rows(300)))[0]
    assert set(texts(small, "val")) <= set(texts(large, "val"))
    assert set(texts(small, "train")) <= set(texts(large, "train"))


def test_another_seed_splits_otherwise():
    """And the same seed the same, byte for byte."""
    one, same, other = (made(corpus(rows(200)), seed=seed)[0] for seed in (1, 1, 2))
    for name in ("train.bin", "val.bin", "train.idx", "val.meta.jsonl", "index.json"):
        assert (one.path / name).read_bytes() == (same.path / name).read_bytes()
    assert texts(one, "val") != texts(other, "val")


def test_pieces_and_copies_of_a_document_stay_together():
    """Whatever shares an origin is on one side; val holds equal texts once."""
    pieces = [{"text": f"{i} parça {k % 3}", "origin": f"{i}"} for i in range(60) for k in range(4)]
    bins, _ = made(corpus(pieces), val_fraction=0.3)
    train, val = texts(bins, "train"), texts(bins, "val")
    assert not {t.split()[0] for t in train} & {t.split()[0] for t in val}
    assert len(val) == len(set(val)) == 3 * len({t.split()[0] for t in val})
    assert len(train) == 4 * len({t.split()[0] for t in train})


def test_repeats_are_for_training_only():
    """A document to be seen three times is in train three times, far apart, and in val once."""
    bins, _ = made(corpus(rows(50, repeat=3)), val_fraction=0.2)
    train, val = texts(bins, "train"), texts(bins, "val")
    assert len(val) == len(set(val))
    assert train == train[: len(train) // 3] * 3


def test_a_tiny_corpus_has_something_on_both_sides():
    """Two documents are enough, whatever the fraction; one is D120 with the remedy."""
    for fraction in (0.01, 0.99):
        bins, _ = made(corpus(rows(2)), val_fraction=fraction)
        assert (bins.train_documents, bins.val_documents) == (1, 1)
    with pytest.raises(RecipeError, match="D120: the corpus holds one document: nothing can be kept for validation"):
        made(corpus(rows(1) * 3))


def test_uint32_and_a_dtype_too_small():
    """uint32 on request; D121 when ids would not fit."""
    bins, _ = made(corpus(rows(9)), dtype="uint32")
    assert (bins.path / "train.bin").stat().st_size == 4 * bins.train_tokens
    assert BinReader(bins.path, "train").tokens.dtype == np.uint32


@pytest.mark.parametrize("model", ["unigram", "byte_bpe"])
def test_other_tokenizers(model):
    """All kinds of tokenizers fill bins."""
    bins, _ = made(corpus(rows(20)), model=model)
    assert bins.largest_id < bins.vocab_size == 1000


def test_several_corpora_follow_each_other():
    """As the recipe lists them."""
    other = [{"text": f"Başka {i}."} for i in range(20)]
    bins, _ = made(corpus(rows(20)), corpus(other))
    train = texts(bins, "train")
    assert [t.startswith("Başka") for t in train] == sorted(t.startswith("Başka") for t in train)
    assert bins.train_documents + bins.val_documents == 40


def test_priority_papers_end_to_end():
    """From files: the priority papers are in train more often, never on both sides."""
    params = ParseCorpus(sources=[Source(path="data/papers/raw")], priority={"important_examples": 2.0})
    papers = parse_corpus(params, FakeContext(folder()))
    bins, _ = made(papers, val_fraction=0.3)
    meta = {split: [m["source"] for m in BinReader(bins.path, split).meta] for split in ("train", "val")}
    assert not set(meta["train"]) & set(meta["val"])
    for name in set(meta["train"]):
        assert meta["train"].count(name) == (2 if name.startswith("important_examples/") else 1)


def test_ids_beyond_the_vocabulary_are_refused():
    """The one judgement that bins, models and exports share."""
    ids_fit(999, 1000, "the model")
    with pytest.raises(RecipeError, match=r"V101: the model has rows for 1000 tokens \(ids 0 to 999\), but id 1000 occurs"):
        ids_fit(1000, 1000, "the model")
    sizes_agree(50257, 50304, "the model", multiple_of=64)
    with pytest.raises(RecipeError, match="V102: the model has 32000 tokens, the tokenizer 50257"):
        sizes_agree(50257, 32000, "the model")


def test_forecast_is_near_what_is_made():
    """Vocabulary and dtype exactly; tokens within a fifth."""
    inputs = {"tokenizer": TokenizerForecast(vocab_size=1000), "corpus": [CorpusForecast(bytes=stories().bytes)]}
    said = tokenize_bin.forecast_function(TokenizeBin(val_fraction=0.1), inputs, None)
    bins, _ = made(stories(), val_fraction=0.1)
    assert (said.vocab_size, said.dtype) == (1000, "uint16")
    assert 0.8 < said.train_tokens / bins.train_tokens < 1.2
    nothing = tokenize_bin.forecast_function(TokenizeBin(), {"tokenizer": TokenizerForecast(vocab_size=70000), "corpus": []}, None)
    assert (nothing.dtype, nothing.train_tokens) == ("uint32", None)


def test_smoke_keeps_a_fifth_for_validation():
    """Forty documents need more than 5 %."""
    assert smoke({"val_fraction": 0.005}) == {"val_fraction": 0.2}
