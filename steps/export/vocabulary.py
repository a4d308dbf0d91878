"""A tokenizer as GGUF keeps it: pieces, scores, types and the few switches that make llama.cpp give the same ids."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas import RecipeError
from steps.export.byte_fallback import scored
from steps.export.tokenizer_kinds import Refusal, byte_level_split, gguf_tokenizer
from steps.text.spmodel import CONTROL, NORMAL, UNUSED, USER, read_model
from steps.text.tokenizers import TextTokenizer, added_later


@dataclass
class GgufVocabulary:
    """What goes under `tokenizer.ggml`.

    kind: llama, t5 or gpt2. switches: bool keys. ids: special tokens, as `bos_token_id`.

    marks_strip: marks take the spaces behind them, which llama.cpp does by the model's name alone.
    """

    kind: str
    pieces: list[bytes]
    types: list[int]
    scores: list[float] = field(default_factory=list)
    merges: list[str] = field(default_factory=list)
    charsmap: bytes = b""
    pre: str = "default"
    switches: dict[str, bool] = field(default_factory=dict)
    marks_strip: bool = False
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

    Ids that the tokenizer has no name for are the model's own (Qwen's bos), where `folder` holds its config; no text begins with one.
    Raises RecipeError E001, E002 or E003 for a tokenizer to which llama.cpp gives other ids.
    """
    found = bare_vocabulary(folder)
    ids = {"bos": special.bos_id, "eos": special.eos_id, "unknown": special.unk_id, "padding": special.pad_id}
    found.ids = {f"{name}_token_id": number for name, number in (_ids_of_model(folder) | _known(ids)).items()}
    found.switches |= {"add_bos_token": special.bos_id is not None, "add_eos_token": False}
    return found


def bare_vocabulary(folder: Path) -> GgufVocabulary:
    """The same without ids of special tokens and their switches, from the files alone.

    tokenizer.json counts where it has tokens that tokenizer.model has not, as `open_tokenizer` has it.
    """
    model = folder / "tokenizer.model"
    if model.is_file() and not added_later(folder):
        return _sentencepiece(model)
    data = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    bytewise = data["model"].get("type") == "BPE" and data["model"].get("byte_fallback")
    return _byte_fallback(data) if bytewise else _byte_level(data)


def _ids_of_model(folder: Path) -> dict[str, int]:
    path = folder / "config.json"
    config = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return _known({"bos": config.get("bos_token_id"), "eos": config.get("eos_token_id"), "padding": config.get("pad_token_id")})


def _known(ids: dict[str, Any]) -> dict[str, int]:
    return {name: number for name, number in ids.items() if isinstance(number, int) and number >= 0}


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


def _byte_fallback(data: dict[str, Any]) -> GgufVocabulary:
    """A bpe of the `tokenizers` library that was made from a SentencePiece model, or like one."""
    found = scored(data)
    if isinstance(found, str):
        raise _unknown(found)
    pieces = [piece.encode() for piece in found.pieces]
    switches = {"add_space_prefix": found.space_prefix}
    return GgufVocabulary("llama", pieces, found.types, found.scores, switches=switches, marks_strip=found.strips)


def _unknown(why: str) -> RecipeError:
    return RecipeError(
        "E003", f"llama.cpp has no equal of this tokenizer: {why}",
        fix="start from a base of the Llama, Qwen, Mistral, Gemma or GPT-2 family, or delete the export",
    )  # fmt: skip


def _byte_level(data: dict[str, Any]) -> GgufVocabulary:
    """A byte-level bpe of the `tokenizers` library that splits words in a way llama.cpp knows; ids that nothing has are unused."""
    split = byte_level_split(data)
    if isinstance(split, str):
        raise _unknown(split)
    pieces = {number: piece for piece, number in data["model"]["vocab"].items()}
    types = dict.fromkeys(pieces, NORMAL)
    for token in data.get("added_tokens", []):
        pieces[token["id"]] = token["content"]
        types[token["id"]] = CONTROL if token["special"] else USER
    every = range(max(pieces) + 1)
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in data["model"]["merges"]]
    prefix = data["pre_tokenizer"].get("add_prefix_space")
    return GgufVocabulary(
        "gpt2", [pieces.get(number, f"[PAD{number}]").encode() for number in every], [types.get(number, UNUSED) for number in every],
        merges=merges, pre=split.pre, switches={"add_space_prefix": bool(prefix)},
    )  # fmt: skip
