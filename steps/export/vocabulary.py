"""A tokenizer as GGUF keeps it: pieces, scores, types and the few switches that make llama.cpp give the same ids."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.export.tokenizer_kinds import Refusal, gguf_tokenizer
from steps.text.spmodel import CONTROL, NORMAL, UNUSED, USER, read_model
from steps.text.tokenizers import TextTokenizer


@dataclass
class GgufVocabulary:
    """What goes under `tokenizer.ggml`. kind: llama, t5 or gpt2. switches: bool keys. ids: special tokens, as `bos_token_id`."""

    kind: str
    pieces: list[bytes]
    types: list[int]
    scores: list[float] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    charsmap: bytes = b""
    pre: str = "default"
    switches: dict[str, bool] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of pieces, padding included."""
        return len(self.pieces)

    def padded(self, rows: int) -> "GgufVocabulary":
        """Filled up with unused pieces to the `rows` of the embedding."""
        for number in range(self.size, rows):
            self.pieces.append(f"[PAD{number}]".encode())
            self.types.append(UNUSED)
            if self.scores:
                self.scores.append(-1e4)
        return self

    def write(self, writer: Any) -> None:
        """Add it to a GGUFWriter."""
        writer.add_tokenizer_model(self.kind)
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(self.pieces)
        if self.scores:
            writer.add_token_scores(self.scores)
        writer.add_token_types(self.types)
        writer.add_token_merges(self.merges)
        if self.charsmap:
            writer.add_precompiled_charsmap(self.charsmap)
        for name, number in self.ids.items():
            writer.add_uint32(f"tokenizer.ggml.{name}", number)
        for name, on in self.switches.items():
            writer.add_bool(f"tokenizer.ggml.{name}", on)


def read_vocabulary(folder: Path, special: TextTokenizer) -> GgufVocabulary:
    """The vocabulary of the tokenizer in `folder`; `special` is the same, opened, and says which ids are pad, unk, bos and eos.

    Raises RecipeError E001, E002 or E003 for a tokenizer to which llama.cpp gives other ids.
    """
    model = folder / "tokenizer.model"
    if model.is_file() and len(read_model(model).pieces) < special.vocab_size:
        raise RecipeError(
            "E003", "tokens were added to the SentencePiece model, in tokenizer.json: a GGUF of the model alone would not have them",
            fix="export a model whose chat template needs no added tokens",
        )  # fmt: skip
    found = _sentencepiece(model) if model.is_file() else _byte_level(folder / "tokenizer.json")
    ids = {"bos": special.bos_id, "eos": special.eos_id, "unknown": special.unk_id, "padding": special.pad_id}
    found.ids = {f"{name}_token_id": number for name, number in ids.items() if number is not None}
    found.switches |= {"add_bos_token": special.bos_id is not None, "add_eos_token": False}
    return found


def _sentencepiece(path: Path) -> GgufVocabulary:
    model = read_model(path)
    kind = gguf_tokenizer(model.kind, model.byte_fallback, model.normalization)
    if isinstance(kind, Refusal):
        raise RecipeError(kind.code, kind.why, fix=f"in train_tokenizer {kind.fix}")
    if kind == "llama" and model.remove_extra_whitespaces:
        raise RecipeError(
            "E003", "the tokenizer drops repeated spaces, which llama.cpp does not, so ids would differ",
            fix="train it with recipe's train_tokenizer, which keeps every space",
        )  # fmt: skip
    switches = {"add_space_prefix": model.add_dummy_prefix}
    if kind == "t5":
        switches["remove_extra_whitespaces"] = model.remove_extra_whitespaces
    pieces = [piece.text.encode() for piece in model.pieces]
    types, scores = [piece.kind for piece in model.pieces], [piece.score for piece in model.pieces]
    return GgufVocabulary(kind, pieces, types, scores, charsmap=model.charsmap, switches=switches)


def _byte_level(path: Path) -> GgufVocabulary:
    """A byte-level bpe of the `tokenizers` library, split as GPT-2 splits."""
    data = json.loads(path.read_text("utf-8"))
    splitter = data.get("pre_tokenizer") or {}
    if data["model"].get("type") != "BPE" or splitter.get("type") != "ByteLevel" or data.get("normalizer"):
        raise RecipeError(
            "E003", f"the tokenizer in {path.name} is neither SentencePiece nor plain byte-level bpe: llama.cpp's ids are not known",
            fix="train it with recipe's train_tokenizer",
        )  # fmt: skip
    vocabulary: dict[str, int] = dict(data["model"]["vocab"])
    types = dict.fromkeys(vocabulary.values(), NORMAL)
    for token in data.get("added_tokens", []):
        vocabulary[token["content"]] = token["id"]
        types[token["id"]] = CONTROL if token["special"] else USER
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in data["model"]["merges"]]
    return GgufVocabulary(
        "gpt2", [piece.encode() for piece in pieces], [types[vocabulary[piece]] for piece in pieces],
        merges=merges, pre="gpt-2", switches={"add_space_prefix": bool(splitter.get("add_prefix_space"))},
    )  # fmt: skip
