"""Which tokenizers can go into a GGUF file."""

import json

import pytest

from schemas import RecipeError
from steps.export.tokenizer_kinds import SPLITS, Refusal, Split, byte_level_split, gguf_tokenizer

QWEN2 = {  # as in the tokenizer.json of Qwen2.5
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [
            {
                "type": "Split",
                "pattern": {
                    "Regex": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
                    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
                },
                "behavior": "Isolated",
                "invert": False,
            },
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        ],
    },
    "model": {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
        "byte_fallback": False,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("model", "byte_fallback", "normalization", "kind"),
    [
        ("bpe", True, "identity", "llama"),
        ("bpe", None, "", "llama"),
        ("unigram", False, "nmt_nfkc", "t5"),
        ("byte_bpe", None, "identity", "gpt2"),
    ],
)
def test_exact_pairs_are_taken(model: str, byte_fallback: bool | None, normalization: str, kind: str) -> None:
    """Those whose ids were equal."""
    assert gguf_tokenizer(model, byte_fallback, normalization) == kind


@pytest.mark.parametrize(
    ("model", "byte_fallback", "normalization", "code", "field"),
    [
        ("unigram", True, "identity", "E001", "byte_fallback"),
        ("bpe", False, "identity", "E001", "byte_fallback"),
        ("bpe", True, "nmt_nfkc", "E002", "normalization"),
    ],
)
def test_other_pairs_are_refused_with_a_fix(model: str, byte_fallback: bool, normalization: str, code: str, field: str) -> None:
    """The code, and the field to change."""
    found = gguf_tokenizer(model, byte_fallback, normalization)
    assert isinstance(found, Refusal)
    assert (found.code, found.field) == (code, field)
    assert field in found.fix


def test_a_tokenizer_that_drops_spaces_is_refused(tmp_path, stories) -> None:
    """SentencePiece's own default, for bpe, differs in llama.cpp on doubled spaces."""
    pytest.importorskip("sentencepiece")
    from steps.export.vocabulary import read_vocabulary
    from steps.text.tokenizers import open_tokenizer
    from tests.steps.export import small_models

    made = small_models.tokenizer(tmp_path / "t", small_models.stories(stories)[:60], remove_extra_whitespaces=True)
    with pytest.raises(RecipeError, match=r"E003"):
        read_vocabulary(made, open_tokenizer(made))


def test_a_split_is_known_by_its_regex() -> None:
    """Qwen's as its tokenizer.json has it, Llama-3's with numbers by three and whole words first, GPT-2's own."""
    assert byte_level_split(QWEN2) == SPLITS[1]
    assert byte_level_split({**QWEN2, "normalizer": None}) == SPLITS[1]
    words = json.loads(json.dumps(QWEN2["pre_tokenizer"]).replace("|\\\\p{N}|", "|\\\\p{N}{1,3}|"))
    llama = {"pre_tokenizer": words, "model": {"type": "BPE", "ignore_merges": True}}
    found = byte_level_split(llama)
    assert isinstance(found, Split)
    assert found.pre == "llama-bpe"
    assert byte_level_split({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False}, "model": {"type": "BPE"}}) == SPLITS[0]


def test_tekken_is_refused_by_name() -> None:
    """As the tokenizer.json of Mistral Nemo has it: llama.cpp's own regex for it parts other words."""
    words = json.loads(json.dumps(QWEN2["pre_tokenizer"]))
    words["pretokenizers"][0]["pattern"]["Regex"] = (
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    )
    found = byte_level_split({"pre_tokenizer": words, "model": {"type": "BPE", "ignore_merges": True}})
    assert isinstance(found, str)
    assert "Mistral's tekken" in found


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("\\\\p{N}|", "\\\\p{N}{1,2}|", "splits words in another way"),
        ('"Isolated"', '"Removed"', "splits words in another way"),
        ('"use_regex": false', '"use_regex": true', "splits words in another way"),
        ('"fuse_unk": false', '"ignore_merges": true', "splits words in another way"),
        ('"NFC"', '"NFKC"', "normalizes text with NFKC"),
        ('"dropout": null', '"dropout": 0.1', "its bpe has dropout"),
        ('"ByteLevel"', '"Metaspace"', "no byte-level bpe"),
    ],
)
def test_a_split_that_is_almost_the_same_is_refused(before: str, after: str, why: str) -> None:
    """A letter of the regex, a switch, another normalizer: each gives other ids somewhere."""
    text = json.dumps(QWEN2)
    assert before in text
    found = byte_level_split(json.loads(text.replace(before, after)))
    assert isinstance(found, str)
    assert why in found
