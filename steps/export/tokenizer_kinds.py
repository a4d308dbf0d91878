"""Which tokenizers llama.cpp reads with the very same ids: judged without opening a file, so that `recipe check` can say it early."""

from typing import Any, Literal, NamedTuple

GgufTokenizer = Literal["llama", "t5", "gpt2"]


class Refusal(NamedTuple):
    """Why a tokenizer cannot go into a GGUF file, and what to write instead: the code, the train_tokenizer field, the reason, the fix."""

    code: str
    field: str
    why: str
    fix: str


class Split(NamedTuple):
    """How a byte-level bpe splits text into words, by llama.cpp's name for it (`tokenizer.ggml.pre`).

    regex: of tokenizer.json's Split; empty for ByteLevel's own, GPT-2's. ignore_merges: words of the vocabulary are taken whole.
    digits: each digit is a word. normalizers: those that leave composed text as it is; llama.cpp applies none.
    """

    pre: str
    regex: str
    ignore_merges: bool = False
    normalizers: tuple[str, ...] = ()
    digits: bool = False


_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = (  # llama.cpp src/llama-vocab.cpp: llm_tokenizer_bpe, which quotes each regex
    Split("gpt-2", ""),
    Split("qwen2", _WORDS + r"\p{N}" + _REST, normalizers=("NFC",)),
    Split("llama-bpe", _WORDS + r"\p{N}{1,3}" + _REST, ignore_merges=True),
    Split("smollm", "", digits=True),
)
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE = r"[^\r\n\p{L}\p{N}]?"
TEKKEN = (  # of Mistral from Nemo on
    f"{_BEFORE}{_UPPER}*{_LOWER}+|{_BEFORE}{_UPPER}+{_LOWER}*|" + r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level_split(data: dict[str, Any]) -> Split | str:
    """Which of SPLITS a parsed `tokenizer.json` is, or in words what llama.cpp has no equal of."""
    model, splitter, normalizer = data["model"], data.get("pre_tokenizer") or {}, data.get("normalizer") or {}
    steps = splitter.get("pretokenizers", []) if splitter.get("type") == "Sequence" else [splitter]
    if model.get("type") != "BPE" or not steps or steps[-1].get("type") != "ByteLevel":
        return "it is no byte-level bpe"
    odd = [name for name in ("dropout", "byte_fallback", "continuing_subword_prefix", "end_of_word_suffix") if model.get(name)]
    if odd:
        return f"its bpe has {odd[0]}"
    digits = steps[0] == {"type": "Digits", "individual_digits": True} and not steps[-1].get("add_prefix_space", True)
    regex = _regex(steps[1:] if digits else steps)
    asked = (regex, bool(model.get("ignore_merges")), digits)
    found = next((split for split in SPLITS if (split.regex, split.ignore_merges, split.digits) == asked), None)
    if regex == TEKKEN:  # 1351 of 1500 lines of mixed letters had other words there
        return "it splits words as Mistral's tekken does, which llama.cpp only comes near to beyond English letters"
    if found is None:
        return f"it splits words in another way than {', '.join(split.pre for split in SPLITS)}"
    if normalizer and normalizer.get("type") not in found.normalizers:
        return f"it normalizes text with {normalizer.get('type')}"
    return found


def _regex(steps: list[dict[str, Any]]) -> str | None:
    """The regex that splits words, empty for ByteLevel's own; None where there is more to it than one regex."""
    if not steps:
        return None
    first, last = steps[0], steps[-1]
    if len(steps) == 1:
        return "" if last.get("use_regex", True) else None
    regex = first.get("pattern", {}).get("Regex")
    alone = first == {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
    plain = not last.get("use_regex", True) and not last.get("add_prefix_space", True)
    return regex if len(steps) == 2 and regex and alone and plain else None


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
