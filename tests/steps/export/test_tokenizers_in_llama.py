"""Tokenizers of the bases that people fine-tune, made here as theirs are: the same ids in llama.cpp, or a refusal that says why."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("torch")
pytest.importorskip("sentencepiece")

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from schemas import RecipeError
from steps.export.gguf import write_gguf
from steps.export.proof import ask_llama
from steps.export.tokenizer_kinds import SPLITS, Split
from steps.export.vocabulary import bare_vocabulary, read_vocabulary
from steps.text.fast import HARD_LINES, build_fast
from steps.text.spmodel import read_model
from steps.text.tokenizers import open_tokenizer
from tests.steps.export import small_models
from tests.steps.export.test_llama_proof import HARD

RUNS = ["\n" * count for count in range(2, 9)] + ["▁" * count for count in range(2, 9)]
LINES = [
    *HARD,
    *(line for line in HARD_LINES if line),
    "a\n\n\n\n\n\n\n\n\n\n\nb",
    "x" + " " * 21 + "y  z",
    "  <b>two</b>",
    "<|user|> </s>",
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Stories."""
    return small_models.stories(Path(__file__).parents[3] / "data" / "stories")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder."""
    return tmp_path_factory.mktemp("tokenizers")


def made(folder: Path, texts: list[str], *, prefix: bool, marks: list[dict[str, Any]], user: list[str], keep_model: bool = False) -> Path:
    """A SentencePiece bpe as Llama 2 (prefix) or Gemma (none) has it, written as their tokenizer.json is, with `marks` added."""
    small_models.tokenizer(folder, texts, add_dummy_prefix=prefix, user_defined_symbols=user)
    data = json.loads(build_fast(read_model(folder / "tokenizer.model")).to_str())
    spaces = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    if prefix:
        data["normalizer"], data["pre_tokenizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, spaces]}, None
    else:
        split = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
        data["normalizer"], data["pre_tokenizer"] = spaces, split
    runs = [("▁" * left, "▁" * right) for left in range(8, 0, -1) for right in range(8 - left, 0, -1) if "▁▁" in user]
    data["model"]["merges"] = [*runs, *data["model"]["merges"]]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    data["added_tokens"] += [{**plain, "id": 500 + number, **mark} for number, mark in enumerate(marks)]
    (folder / "tokenizer.json").write_text(json.dumps(data), "utf-8")
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names), "utf-8")
    if not keep_model:
        (folder / "tokenizer.model").unlink()
    return folder


def ids(place: Path, folder: Path, lines: list[str], marked: list[str], rows: int = 768) -> tuple[list[Any], list[Any]]:
    """What llama.cpp makes of them, and what the tokenizer does."""
    model = small_models.base(place / f"{folder.name}-model", folder, "llama", {}, rows=rows)
    opened = open_tokenizer(model.path)
    vocabulary = read_vocabulary(model.path, opened).padded(rows)
    write_gguf(model.path, place / "t.gguf", name="x", quantization="f32", vocabulary=vocabulary, context_length=128)
    answer = ask_llama(place / "t.gguf", lines, [], marked=marked)
    ours = [opened.encode_marked(text, ["<|user|>", "<|end|>"])[0] for text in marked]
    return [*answer["ids"], *answer["marked"]], [*opened.encode_batch(lines), *ours]


MARKS = [{"content": "<|user|>"}, {"content": "<|end|>"}]
PHI3 = [*MARKS, {"content": "<|endoftext|>"}]
CHAT = ["<|user|>\nHello  there<|end|>\n<|user|> Merhaba, nasılsın?<|end|>", "a <|user|>b"]
KINDS: dict[str, dict[str, Any]] = {
    "llama2": {"prefix": True, "marks": [], "user": []},
    "llama2 marks": {"prefix": True, "marks": MARKS, "user": []},
    "llama2 model and marks": {"prefix": True, "marks": MARKS, "user": [], "keep_model": True},
    "phi3": {"prefix": True, "marks": PHI3, "user": [], "keep_model": True},
    "gemma": {"prefix": False, "marks": MARKS, "user": [*RUNS, "<b>", "</b>"]},
    "gemma model": {"prefix": False, "marks": [], "user": [*RUNS, "<b>", "</b>"], "keep_model": True},
}


@pytest.mark.parametrize("name", list(KINDS))
def test_sentencepiece_bpe_by_its_tokenizer_json(place: Path, texts: list[str], name: str) -> None:
    """Prefix or none, runs of spaces and breaks, marks with text around them."""
    folder = made(place / name.replace(" ", "-"), texts, **KINDS[name])
    if name == "phi3":
        data = json.loads((folder / "tokenizer.json").read_text())
        for token in data["added_tokens"]:
            token["normalized"], token["rstrip"] = False, token["content"] not in ("<unk>", "<s>", "<|endoftext|>")
        (folder / "tokenizer.json").write_text(json.dumps(data))
    drawn = [paragraph for text in texts[:60] for paragraph in text.split("\n") if paragraph]
    theirs, ours = ids(place, folder, drawn + LINES, CHAT if KINDS[name]["marks"] else [])
    asked = drawn + LINES + CHAT
    assert [(asked[at], a, b) for at, (a, b) in enumerate(zip(theirs, ours, strict=True)) if a != b] == []
    assert len(theirs) > 200


def test_digits_one_by_one_as_smollm_has_them(place: Path, texts: list[str]) -> None:
    """GPT-2's words, and each digit one."""
    folder = small_models.byte_level(place / "smollm", texts, r"\d", nfc=False)
    data = json.loads((folder / "tokenizer.json").read_text())
    data["pre_tokenizer"]["pretokenizers"] = [
        {"type": "Digits", "individual_digits": True},
        {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
    ]
    (folder / "tokenizer.json").write_text(json.dumps(data))
    assert bare_vocabulary(folder).pre == "smollm"
    theirs, ours = ids(place, folder, texts[:100] + LINES, [])
    assert theirs == ours


LETTERS = [
    *"aAbBzZçÇışŞİéÉ", "e\u0301", "\u0301", "ǅ", "ʰ", "ª", "अ", "ि", "नी", "中", "한", "あ", "я", "Я", "1", "٣", "½", "²", "Ⅷ", " ", " ",
    " ", "\n", "\r\n", "\t", "\u00a0", "'", "'s", "'S", "'ll", ".", "/", "!", "-", "(", "_", "\u200d", "👩", "€", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.pre)
def test_every_border_between_words_is_where_llama_cpp_has_it(place: Path, split: Split) -> None:
    """Merges learned across all borders, on letters drawn at random: a border that is elsewhere gives other ids."""
    draw = random.Random(5)
    learned, lines = (["".join(draw.choices(LETTERS, k=length)) for _ in range(count)] for count, length in ((1500, 60), (500, 30)))
    folder = place / f"borders-{split.pre}"
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trained = Tokenizer(models.BPE(ignore_merges=split.ignore_merges))
    trained.pre_tokenizer = bytewise
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trained.train_from_iterator(learned, trainers.BpeTrainer(vocab_size=4000, show_progress=False, initial_alphabet=alphabet))
    words = pre_tokenizers.Split(Regex(split.regex), "isolated") if split.regex else pre_tokenizers.Digits(individual_digits=True)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trained.pre_tokenizer = pre_tokenizers.Sequence([words, bytewise if split.regex else gpt2]) if split.regex or split.digits else gpt2
    folder.mkdir()
    trained.save(str(folder / "tokenizer.json"))
    assert bare_vocabulary(folder).pre == split.pre
    theirs, ours = ids(place, folder, lines, [], rows=4096)
    assert theirs == ours


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False}, "normalizer": None},
         "it puts a space before a text that begins with none, and llama.cpp before any"),
        ({"normalizer": {"type": "NFKC"}}, "it normalizes text with NFKC"),
        ({"pre_tokenizer": {"type": "Whitespace"}}, "it splits words with Whitespace"),
        ({"model.ignore_merges": True}, "its bpe has ignore_merges"),
        ({"drop": 1}, "its merges leave out"),
        ({"swap": 1}, "alternate, where llama.cpp has one score for each"),
        ({"strip": 1}, "its token <|end|> takes the spaces beside it"),
    ],
)  # fmt: skip
def test_what_llama_cpp_does_otherwise_is_refused(place: Path, texts: list[str], change: dict[str, Any], why: str) -> None:
    """Each with its reason."""
    folder = made(place / "refused", texts, prefix=True, marks=MARKS, user=[])
    data = json.loads((folder / "tokenizer.json").read_text())
    merges = data["model"]["merges"]
    if "drop" in change:
        last = next(at for at in range(len(merges)) if sum("".join(pair) == "".join(merges[at]) for pair in merges) > 1)
        merges.pop(last)
    elif "swap" in change:
        at = next(at for at in range(len(merges) - 2) if "".join(merges[at]) == "".join(merges[at + 1]) != "".join(merges[at + 2]))
        merges[at + 1], merges[at + 2] = merges[at + 2], merges[at + 1]
    elif "strip" in change:
        data["added_tokens"][-1]["rstrip"] = True
    elif "model.ignore_merges" in change:
        data["model"]["ignore_merges"] = True
    else:
        data |= change
    (folder / "tokenizer.json").write_text(json.dumps(data))
    with pytest.raises(RecipeError, match=r"E003: llama.cpp has no equal of this tokenizer") as error:
        bare_vocabulary(folder)
    assert why in error.value.message
