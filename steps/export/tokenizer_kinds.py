"""Which tokenizers llama.cpp reads with the very same ids: judged without opening a file, so that `recipe check` can say it early."""

from typing import Literal, NamedTuple

GgufTokenizer = Literal["llama", "t5", "gpt2"]


class Refusal(NamedTuple):
    """Why a tokenizer cannot go into a GGUF file, and what to write instead: the code, the train_tokenizer field, the reason, the fix."""

    code: str
    field: str
    why: str
    fix: str


def gguf_tokenizer(model: str, byte_fallback: bool | None, normalization: str = "identity") -> GgufTokenizer | Refusal:
    """The `tokenizer.ggml.model` that gives equal ids for a tokenizer of `model` (unigram, bpe, byte_bpe), or why there is none.

    Measured on 450 sentences with llama.cpp: bpe with byte fallback and without normalization is exact as `llama`; a normalized
    one is not (51 sentences differ), one without byte pieces aborts the process. unigram is exact as `t5`, which has no byte
    fallback (with it 61 differ). Byte-level bpe is the `gpt2` kind, which does not normalize either.
    """
    if model == "unigram":
        if byte_fallback:
            return Refusal(
                "E001", "byte_fallback", "a unigram tokenizer with byte fallback has no equal in GGUF: llama.cpp gives other ids",
                "write byte_fallback: false, or model: bpe",
            )  # fmt: skip
        return "t5"
    if normalization not in ("identity", ""):
        return Refusal(
            "E002", "normalization", f"llama.cpp does not apply {normalization} to the text of a {model} tokenizer, so ids would differ",
            "write normalization: identity",
        )  # fmt: skip
    if model == "byte_bpe":
        return "gpt2"
    if byte_fallback is False:
        return Refusal(
            "E001", "byte_fallback", "llama.cpp stops with an exception on a bpe tokenizer without byte pieces", "write byte_fallback: true"
        )
    return "llama"
