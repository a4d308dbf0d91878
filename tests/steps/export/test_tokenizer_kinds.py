"""Which tokenizers can go into a GGUF file."""

import pytest

from schemas import RecipeError
from steps.export.tokenizer_kinds import Refusal, gguf_tokenizer


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
