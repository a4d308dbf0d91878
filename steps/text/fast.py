"""A Hugging Face fast tokenizer with the very ids of a SentencePiece model, built here and proved on text.

transformers guesses the wrong algorithm for a unigram `.model` and the wrong prefix for others, so nothing is left to it.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from steps.text.chat import JINJA_TEMPLATE
from steps.text.spmodel import CONTROL, NORMAL, UNKNOWN, USER, Model
from steps.text.tokenizers import FastTokenizer, TextTokenizer, _library

SPECIAL = {"pad": "<pad>", "unk": "<unk>", "bos": "<s>", "eos": "</s>"}  # ids 0, 1, 2, 3
OUT_OF_REACH = -1e4  # a score no path takes: in a literal "<s>" or "<0x41>" the letters must win over the mark of that name

HARD_LINES = (
    "",
    " ",
    "  two  spaces   and three ",
    "\n\n\tTab and lines\r\n end \n",
    " " * 40,
    "=" * 33 + "-" * 17 + "aaaaaaaaaaaaaaa",
    "İıŞşĞğÇçÖöÜü Iğdır'ın ılık ışığı, kitaplaştıramadıklarımızdanmışsınızcasına.",
    "naïve café coöperate e\u0301 ﬁ ﬂ Å ½ ² № …",
    "😀👩‍👩‍👧‍👦🇹🇷 中文 日本語 한국어 العربية עברית हिन्दी",
    "a\u00a0b\u200bc\ufeffd\u2028e\u0085f\x01g\x7fh",
    "<s> </s> <unk> <pad> <0x41> <0x0A> [INST] <|user|>",
    "0123456789 3,14159 1e-5 0xFF 2026-11-21",
    "def f(x):\n    return {'a': [x**2, x//3]}  # ok\n",
    "\x00 NUL inside \x00\x00",
    "I\u0307stanbul, I\u0307, aI\u0307b",  # İ in two parts
    "\u2585 ﬁ\u0301 \u00a0\u0327 \u1112\u1161 क\u093c",
)


def build_fast(model: Model) -> Any:
    """A `tokenizers.Tokenizer` that gives the ids of `model`. Raises ValueError for a kind that has no such twin."""
    tokenizers = _library("tokenizers")
    from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers

    if model.kind == "unigram":
        scores = [p.score if p.kind == NORMAL else OUT_OF_REACH for p in model.pieces]
        vocab = [(p.text, score) for p, score in zip(model.pieces, scores, strict=True)]
        unk = next(i for i, p in enumerate(model.pieces) if p.kind == UNKNOWN)
        engine: Any = models.Unigram(vocab, unk, byte_fallback=model.byte_fallback)
    elif model.kind == "bpe":
        ids = {p.text: i for i, p in enumerate(model.pieces)}
        engine = models.BPE(
            ids, _merges(model), unk_token=model.of_kind(UNKNOWN)[0], fuse_unk=True, byte_fallback=model.byte_fallback, dropout=None
        )
    else:
        raise ValueError(f"no fast tokenizer can be built for a {model.kind} model")
    fast = tokenizers.Tokenizer(engine)
    steps: list[Any] = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
    if model.normalization.startswith("nmt_"):  # it sees this pair as one character, and SentencePiece as two blanks
        steps.insert(0, normalizers.Replace("\r\n", "  "))
    if model.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")]
    if model.add_dummy_prefix and not model.remove_extra_whitespaces:  # Metaspace puts none before a text that begins with a blank
        steps += [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    else:
        fast.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first" if model.add_dummy_prefix else "never", split=False)
    if steps:
        fast.normalizer = normalizers.Sequence(steps)
    parts: list[Any] = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    if model.add_dummy_prefix:
        parts.append(decoders.Strip(" ", 1, 0))
    fast.decoder = decoders.Sequence(parts)
    fast.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in model.of_kind(CONTROL) + model.of_kind(UNKNOWN)])
    fast.add_tokens([AddedToken(t, special=False, normalized=False) for t in model.of_kind(USER)])
    return fast


def _merges(model: Model) -> list[tuple[str, str]]:
    """Every pair of pieces that makes a piece, in the order in which SentencePiece prefers their results."""
    normal = {p.text: p.score for p in model.pieces if p.kind == NORMAL}
    merges: list[tuple[float, int, str, str]] = []
    for text, score in normal.items():
        for cut in range(1, len(text)):
            left = text[:cut]
            if left in normal and (right := text[cut:]) in normal:
                merges.append((-score, cut, left, right))
    merges.sort(key=lambda merge: merge[:2])
    return [(left, right) for _, _, left, right in merges]


def save_fast(fast: Any, folder: Path, *, special: dict[str, str], chat_template: str | None = JINJA_TEMPLATE) -> None:
    """Write `tokenizer.json`, `tokenizer_config.json` and `special_tokens_map.json`: AutoTokenizer opens the folder.

    Called by a user, the tokenizer begins a text with bos, as training did; `add_special_tokens=False` gives the bare ids.
    """
    from tokenizers import processors

    if "bos" in special:
        bos = (special["bos"], fast.token_to_id(special["bos"]))
        pair = f"{bos[0]} $A {bos[0]}:1 $B:1"
        # transformers 5 ignores add_bos_token beside a tokenizer.json: what begins every training text must stand in the file itself
        fast.post_processor = processors.TemplateProcessing(single=f"{bos[0]} $A", pair=pair, special_tokens=[bos])
    (folder / "tokenizer.json").write_text(fast.to_str(pretty=True), "utf-8")  # its own `save` hides what the disk said
    roles = {f"{role}_token": token for role, token in special.items()}
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **roles,
        "add_bos_token": "bos" in special,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 10**30,  # transformers' own word for "not limited here"
        **({"chat_template": chat_template} if chat_template else {}),
    }
    _write(folder / "tokenizer_config.json", config)
    _write(folder / "special_tokens_map.json", {**roles, "additional_special_tokens": []})


def first_difference(exact: TextTokenizer, folder: Path | FastTokenizer, texts: Iterable[str]) -> tuple[int, str] | None:
    """Compare the ids of `exact` with those of `tokenizer.json` in `folder`, or of it when it is open already.

    Returns None when all texts agree, else the number of the first text that differs and a short account of where.
    """
    fast = folder if isinstance(folder, FastTokenizer) else FastTokenizer(folder)
    texts = list(texts)
    both = zip(exact.encode_arrays(texts), fast.encode_arrays(texts), strict=True)
    for number, (one, other) in enumerate(both):
        if one.tobytes() != other.tobytes():
            text, ours, theirs = texts[number], one.tolist(), other.tolist()
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
            left = [exact.piece(i) for i in ours[at : at + 4]]
            right = [fast.piece(i) for i in theirs[at : at + 4]]
            return number, f"from token {at} of {text[:40]!r} on: {left} against {right}"
    return None


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
