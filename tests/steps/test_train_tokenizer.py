"""train_tokenizer as the runner calls it: ids proved equal, bytes the same every time, sizes that can be had."""

import json
import os
import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import CorpusForecast, RecipeError
from steps.text.fast import HARD_LINES, first_difference
from steps.text.tokenizers import FastTokenizer, open_tokenizer
from steps.text.trainers import CHUNK, chunks_of, draw_sample
from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer
from tests.conftest import ROOT, FakeContext
from tests.steps.text.made import corpus, folder, opened, stories, tokenizer


def made(tmp_path, rows=None, **params):
    context = FakeContext(tmp_path)
    return train_tokenizer(TrainTokenizer(**params), [corpus(rows) if rows else stories()], context), context


@pytest.mark.parametrize("model", ["bpe", "unigram"])
def test_both_forms_give_the_same_ids(model):
    """tokenizer.json agrees with tokenizer.model on all stories and on lines made to be hard."""
    texts = [row["text"] for row in stories().rows()]
    assert first_difference(opened(model), tokenizer(model).path, [*texts, *HARD_LINES]) is None


KINDS = {
    "bpe": {},
    "bpe without bytes": {"model": "bpe", "byte_fallback": False},
    "bpe nfkc": {"model": "bpe", "normalization": "nfkc"},
    "unigram": {"model": "unigram"},
    "unigram with bytes": {"model": "unigram", "byte_fallback": True, "split_digits": True},
    "unigram nmt_nfkc_cf": {"model": "unigram", "normalization": "nmt_nfkc_cf"},
}


@cache
def of_kind(name):
    params = TrainTokenizer(vocab_size=1000, user_symbols=["<tr>", "<|x|>"], **KINDS[name])
    return train_tokenizer(params, [stories()], FakeContext(folder()))


@cache
def lines_of(test_data):
    files = sorted((test_data / "tr").glob("*.txt")) + sorted((test_data / "en").glob("*.txt"))
    return [line for file in files for line in file.read_text("utf-8").splitlines()[:700]][:10_000]


@pytest.mark.parametrize("kind", KINDS)
def test_ids_agree_on_other_peoples_text(kind, test_data):
    """Ten thousand lines of Turkish and English that the tokenizer was not trained on; the same text back, unknowns aside."""
    lines = lines_of(test_data)
    assert len(lines) > 9000
    exact, fast = open_tokenizer(of_kind(kind).path), FastTokenizer(of_kind(kind).path)
    ids = exact.encode_batch(lines)
    assert ids == fast.encode_batch(lines)
    known = [line for line in ids if exact.unk_id not in line]
    assert len(known) > 8000
    assert [exact.decode(line) for line in known] == [fast.decode(line) for line in known]


@pytest.mark.parametrize("kind", ["bpe", "bpe nfkc", "unigram", "unigram with bytes", "byte_bpe"])
def test_transformers_agrees_on_other_peoples_text(kind, test_data):
    """AutoTokenizer gives bos and the very ids on two thousand of these lines, and decodes them to the same text."""
    AutoTokenizer = pytest.importorskip("transformers").AutoTokenizer
    made = tokenizer("byte_bpe") if kind == "byte_bpe" else of_kind(kind)
    ours, theirs = open_tokenizer(made.path), AutoTokenizer.from_pretrained(made.path)
    lines = lines_of(test_data)[::5]
    ids = ours.encode_batch(lines)
    assert theirs(lines).input_ids == [[2, *line] for line in ids]
    known = [line for line in ids if ours.unk_id not in line]
    assert theirs.batch_decode(known, skip_special_tokens=True) == [ours.decode(line) for line in known]


ODD = [
    "<tr>",
    "<|x|>",
    "</s>",
    "<unk>",
    "<0x41>",
    "\u2581",
    "\u2585",
    "\0",
    "\r\n",
    "\t",
    "    ",
    "\u200d",
    "👩",
    "🇹",
    "\ufe0f",
    "e\u0301",
    "İ",
    "ı",
]


@settings(max_examples=250, deadline=None)
@given(st.lists(st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=12).map("".join))
def test_ids_agree_on_any_text(text):
    """Control characters, NUL, joined emoji, marks in the middle, literal special tokens: both forms, there and back."""
    for kind in ("bpe", "bpe without bytes", "unigram", "unigram with bytes"):
        exact, fast = both(kind)
        ids = exact.encode(text)
        assert ids == fast.encode(text)
        if exact.unk_id not in ids:
            assert exact.decode(ids) == fast.decode(ids)


@cache
def both(kind):
    return open_tokenizer(of_kind(kind).path), FastTokenizer(of_kind(kind).path)


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_digits_stand_alone_when_asked(tmp_path, model):
    """No piece holds a digit and anything else; without the param some do."""
    rows = [{"text": f"Yıl 2024, {i % 7}. gün 2024 yılında 12,50 lira ödedi."} for i in range(60)]
    digits = {True: 0, False: 0}
    for split in digits:
        made_, _ = made(tmp_path / str(split), rows, model=model, vocab_size=AtMost(at_most=600), split_digits=split)
        tokens = open_tokenizer(made_.path)
        pieces = [tokens.piece(i) for i in range(tokens.vocab_size)]
        digits[split] = sum(any(c.isdigit() and c.isascii() for c in p) and len(p) > 1 and not p.startswith("<0x") for p in pieces)
        assert tokens.decode(tokens.encode("2024 ve 12,50")) == "2024 ve 12,50"
    assert digits[True] == 0 < digits[False]


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


@pytest.mark.parametrize("model", ["bpe", "unigram", "byte_bpe"])
def test_a_mark_that_a_text_spells_is_text_in_transformers_when_asked(model):
    """With `split_special_tokens=True`, which the statistics name, the ids are those of training; without it the mark itself is read."""
    AutoTokenizer = pytest.importorskip("transformers").AutoTokenizer
    theirs, text = AutoTokenizer.from_pretrained(tokenizer(model).path), "Ali </s> dedi, <pad> ve <unk>."
    ours = opened(model).encode(text)
    assert theirs(text, add_special_tokens=False, split_special_tokens=True).input_ids == ours
    assert 3 not in ours
    assert 3 in theirs(text, add_special_tokens=False).input_ids


def test_a_dotted_capital_i_in_two_parts_is_compared(tmp_path):
    """A normalisation to small letters takes it otherwise in `tokenizers`, which is told at the step and in its statistics (T104)."""
    _, context = made(tmp_path, model="unigram", vocab_size=800, normalization="nfkc_cf")
    [(code, message)] = context.warnings
    assert (code, "from token 0 of 'I\u0307stanbul, I\u0307, aI\u0307b' on" in message) == ("T104", True)
    assert "others for unusual text, from token 0 of 'I\u0307stanbul" in context.kept["tokenizer"]["ids"]


def test_line_breaks_tabs_and_digits_are_known():
    """Trained on paragraphs, with their breaks inside: no story has an unknown token, in any kind."""
    for model in ("bpe", "unigram"):
        tokens = opened(model)
        assert not any(tokens.unk_id in tokens.encode(row["text"]) for row in stories().rows())
        assert not any(tokens.unk_id in tokens.encode(c) for c in "\n\t0123456789aZ<|>")


def test_the_same_corpus_gives_the_same_files(tmp_path):
    """Another process, one core instead of all, another locale, hash seed and time zone: every file byte for byte."""
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
        many = str(len(cores))
        environment = {**os.environ, "RAYON_NUM_THREADS": many, "OMP_NUM_THREADS": many, "PYTHONHASHSEED": many}
        environment |= {"LC_ALL": "C" if name == "one" else "C.UTF-8", "PYTHONUTF8": "0", "TZ": "UTC" if name == "one" else "Asia/Tokyo"}
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
    assert facts["ids"].startswith("tokenizer.json gives those of tokenizer.model on ")
    assert facts["ids"].endswith("such as </s>, stays text, in transformers with split_special_tokens=True")


def test_a_sample_is_seeded_and_bounded():
    """About the share that was asked, other chunks for another seed, the rest kept for the proof."""
    texts = [f"metin {i} " * 20 for i in range(400)]
    total = sum(map(len, texts))
    one, same, other = (draw_sample(texts, total, total // 4, seed) for seed in (1, 1, 2))
    assert one.chunks == same.chunks != other.chunks
    assert one.bytes <= total // 4 * 1.06
    assert 0 < sum(map(len, one.held)) < total - one.bytes
    assert not set(one.held) & set(one.chunks)


def test_what_is_held_comes_from_all_of_the_text():
    """Whole chunks, evenly: no more from its beginning than from its end, and not more than bounds allow."""
    texts = [f"metin {i} " * 300 for i in range(2000)]
    total = sum(map(len, texts))
    for kind, sample_bytes, wanted in (("bpe", total, total // 50), ("bpe", total // 4, 100_000), ("unigram", total // 4, 500_000)):
        held = draw_sample(texts, total, sample_bytes, 1, kind).held
        assert sum(map(len, held)) == pytest.approx(wanted, rel=0.05)
        numbers = [int(text.split()[1]) for text in held]
        assert numbers == sorted(numbers)
        assert [sum(k * 500 <= n < k * 500 + 500 for n in numbers) for k in range(4)] == pytest.approx([len(held) / 4] * 4, abs=2)


def test_a_text_in_parts_has_the_chunks_of_the_whole():
    """However a document comes, the trainer is shown the same."""
    for text in ("kelime " * 3000, "uzun bir satır\n" * 900, "x" * 9001, "kısa", ""):
        for size in (1, 3999, 4001, 10_000):
            assert list(chunks_of(text[i : i + size] for i in range(0, len(text), size))) == list(chunks_of(text))


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
