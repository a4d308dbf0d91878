"""train_tokenizer as the runner calls it: ids proved equal, bytes the same every time, sizes that can be had."""

import json
import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from schemas import CorpusForecast, RecipeError
from steps.text.fast import HARD_LINES, first_difference
from steps.text.tokenizers import open_tokenizer
from steps.text.trainers import CHUNK, chunks_of, draw_sample
from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer
from tests.conftest import ROOT, FakeContext
from tests.steps.text.made import corpus, opened, stories, tokenizer


def made(tmp_path, rows=None, **params):
    context = FakeContext(tmp_path)
    return train_tokenizer(TrainTokenizer(**params), [corpus(rows) if rows else stories()], context), context


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_both_forms_give_the_same_ids(model):
    """tokenizer.json agrees with tokenizer.model on all stories and on lines made to be hard."""
    texts = [row["text"] for row in stories().rows()]
    assert first_difference(opened(model), tokenizer(model).path, [*texts, *HARD_LINES]) is None


def test_ids_agree_on_other_peoples_text(test_data):
    """Five thousand lines of Turkish and English that the tokenizer was not trained on."""
    lines = [
        line
        for name in ("tr/ud-boun.txt", "tr/ud-tourism.txt", "tr/xquad-tr-wikipedia.txt", "en/grimm.txt")
        for line in (test_data / name).read_text("utf-8").splitlines()[:1250]
    ]
    for model in ("bpe", "unigram"):
        assert first_difference(opened(model), tokenizer(model).path, lines) is None


def test_transformers_opens_the_folder():
    """AutoTokenizer gives the same ids after bos, the same text back, and the chat template that training uses."""
    AutoTokenizer = pytest.importorskip("transformers").AutoTokenizer

    from steps.text.chat import render

    folder = tokenizer().path
    theirs, ours = AutoTokenizer.from_pretrained(folder), opened()
    text = "<tr>Ayşe  güldü.\nSonra 3 elma yedi."
    assert theirs(text).input_ids == [2, *ours.encode(text)]
    assert theirs.decode(theirs(text, add_special_tokens=False).input_ids) == text
    assert (theirs.pad_token_id, theirs.unk_token_id, theirs.bos_token_id, theirs.eos_token_id) == (0, 1, 2, 3)
    talk = [{"role": "user", "content": "Selam"}, {"role": "assistant", "content": "Merhaba"}]
    assert theirs.apply_chat_template(talk, return_dict=False) == [2, *ours.encode(render(talk).text)]


def test_line_breaks_tabs_and_digits_are_known():
    """Trained on paragraphs, with their breaks inside: no story has an unknown token, in any kind."""
    for model in ("bpe", "unigram"):
        tokens = opened(model)
        assert not any(tokens.unk_id in tokens.encode(row["text"]) for row in stories().rows())
        assert not any(tokens.unk_id in tokens.encode(c) for c in "\n\t0123456789aZ<|>")


def test_the_same_corpus_gives_the_same_files(tmp_path):
    """Another process, one core instead of all: every file byte for byte."""
    script = (
        "import sys; from pathlib import Path; from schemas import Corpus; from tests.conftest import FakeContext\n"
        "from steps.train_tokenizer import TrainTokenizer, train_tokenizer\n"
        "for model in ('bpe', 'unigram', 'byte_bpe'):\n"
        "    context = FakeContext(Path(sys.argv[2]) / model)\n"
        "    train_tokenizer(TrainTokenizer(model=model, vocab_size=600), [Corpus.load(Path(sys.argv[1]))], context)\n"
    )
    small = corpus([row for i, row in enumerate(stories().rows()) if i % 8 == 0])
    for name, cores in (("one", {0}), ("all", os.sched_getaffinity(0))):
        code = f"import os; os.sched_setaffinity(0, {cores})\n{script}"
        environment = {**os.environ, "RAYON_NUM_THREADS": str(len(cores)), "PYTHONHASHSEED": str(len(cores))}
        subprocess.run([sys.executable, "-c", code, small.path, tmp_path / name], cwd=ROOT, env=environment, check=True)
    for path in sorted((tmp_path / "one").rglob("work/*")):
        assert path.read_bytes() == (tmp_path / "all" / path.relative_to(tmp_path / "one")).read_bytes(), path.name
    assert len(list((tmp_path / "one").rglob("tokenizer.json"))) == 3


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_the_largest_size_that_works_is_the_largest(tmp_path, model):
    """T102 names it; at_most takes it; one more fails."""
    rows = [{"text": "Bir gün Ali okula gitti.\nSonra eve döndü, çok mutluydu."}, {"text": "The cat sat on the red mat. It was happy."}] * 2
    with pytest.raises(RecipeError, match=r"T102: the corpus holds (\d+) pieces, not 50257") as error:
        made(tmp_path / "a", rows, model=model, vocab_size=50257)
    assert error.value.field == "vocab_size"
    largest = int(error.value.message.split()[3])
    taken, context = made(tmp_path / "b", rows, model=model, vocab_size=AtMost(at_most=50257))
    assert (taken.vocab_size, open_tokenizer(taken.path).vocab_size, context.kept["tokenizer"]["asked"]) == (largest, largest, 50257)
    assert made(tmp_path / "c", rows, model=model, vocab_size=largest)[0].vocab_size == largest
    with pytest.raises(RecipeError, match=f"T102: the corpus holds {largest} pieces"):
        made(tmp_path / "d", rows, model=model, vocab_size=largest + 1)


def test_a_size_below_the_alphabet(tmp_path):
    """T103 says what characters, bytes and marks alone take."""
    with pytest.raises(RecipeError, match="T103: 200 pieces are too few: characters, bytes and marks alone take 3"):
        made(tmp_path, vocab_size=200)


def test_a_corpus_without_text(tmp_path):
    """T107, not a complaint of the engine."""
    with pytest.raises(RecipeError, match="T107: the corpus holds no text"):
        made(tmp_path, [{"text": " \n "}])


def test_statistics(tmp_path):
    """What was asked, what was made, from how much text, and the longest pieces."""
    _, context = made(tmp_path, vocab_size=800, sample_bytes=100_000)
    facts = context.kept["tokenizer"]
    assert (facts["vocab_size"], facts["asked"], facts["byte_fallback"], facts["normalization"]) == (800, 800, True, "identity")
    assert 80_000 < facts["sampled_bytes"] < 120_000
    assert len(facts["longest_pieces"]) == 24


def test_a_sample_is_seeded_and_bounded():
    """About the share that was asked, other chunks for another seed, the rest kept for the proof."""
    texts = [f"metin {i} " * 20 for i in range(400)]
    total = sum(map(len, texts))
    one, same, other = (draw_sample(texts, total, total // 4, seed) for seed in (1, 1, 2))
    assert one.chunks == same.chunks != other.chunks
    assert one.bytes <= total // 4 * 1.06
    assert len(one.held) == 200
    assert not set(one.held) & set(one.chunks)


def test_chunks_are_the_text():
    """Long documents are shown in stretches that end at line breaks or blanks; nothing is left out."""
    for text in ("kelime " * 3000, "uzun bir satır\n" * 900, "x" * 9001, "kısa"):
        chunks = list(chunks_of(text))
        assert "".join(chunks) == text
        assert max(map(len, chunks)) <= CHUNK


def test_no_path_of_this_machine_is_in_the_files(tmp_path):
    """The model holds no file name, the config no folder."""
    made(tmp_path, vocab_size=600)
    for name in ("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        assert str(tmp_path).encode() not in (tmp_path / "work" / name).read_bytes()
    assert json.loads((tmp_path / "work" / "tokenizer_config.json").read_text())["tokenizer_class"] == "PreTrainedTokenizerFast"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"model": "byte_bpe", "byte_fallback": True}, "T105"),
        ({"user_symbols": ["<a>", "<a>"]}, "T106"),
        ({"user_symbols": ["</s>"]}, "T106"),
        ({"user_symbols": [" "]}, "T106"),
    ],
)
def test_params_that_mean_nothing(params, code):
    """Refused before anything runs."""
    with pytest.raises(ValidationError) as error:
        TrainTokenizer(**params)
    assert error.value.errors()[0]["type"] == code


def test_forecast():
    """A number is certain, {at_most: N} an upper bound."""
    inputs = {"corpus": [CorpusForecast(bytes=1_000_000)]}
    exact = train_tokenizer.forecast_function(TrainTokenizer(model="unigram", vocab_size=50257), inputs, None)
    assert (exact.vocab_size, exact.exact, exact.model, exact.byte_fallback, exact.pad_id) == (50257, True, "unigram", False, 0)
    bound = train_tokenizer.forecast_function(TrainTokenizer(vocab_size=AtMost(at_most=8000)), {}, None)
    assert (bound.vocab_size, bound.exact, bound.byte_fallback) == (8000, False, True)
