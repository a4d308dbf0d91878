"""From a transformers folder to a GGUF file: what an export does, and what a training tries after its first step."""

import json
from collections.abc import Callable
from pathlib import Path

from schemas import RecipeError
from steps.export.architectures import architecture, metadata
from steps.export.gguf import Shapes, plan_tensors, write_gguf
from steps.export.vocabulary import GgufVocabulary, read_vocabulary
from steps.text.tokenizers import TextTokenizer
from steps.text.vocabulary import ids_fit

CONTEXT = 2048  # positions that the file names where the model does not know its own


def convert(
    folder: Path,
    file: Path,
    tokenizer: TextTokenizer,
    *,
    rows: int,
    name: str,
    quantization: str,
    max_seq_length: int,
    chat: bool,
    begins: bool = True,
    progress: Callable[[float, float], None] = lambda done, total: None,
) -> int:
    """Write the model in `folder`, whose embedding has `rows` rows, to `file` with its tokenizer; returns the file's bytes.

    chat: with its chat template. begins: whether a text begins with the begin token. Raises RecipeError E001 to E004 for what a GGUF file
    cannot hold, V101 for an id without a row.
    """
    return write_gguf(
        folder, file, name=name, quantization=quantization, vocabulary=_vocabulary(folder, tokenizer, rows, begins),
        context_length=max_seq_length or CONTEXT, chat_template=tokenizer.form.jinja if chat else "", progress=progress,
    )  # fmt: skip


def convertible(folder: Path, tensors: Shapes, tokenizer: TextTokenizer, *, rows: int, quantization: str, max_seq_length: int) -> int:
    """The number of tensors that `convert` would write, from their names and shapes alone; refuses what it would refuse."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    architecture(config)
    metadata(config, max_seq_length or CONTEXT)
    _vocabulary(folder, tokenizer, rows, True)
    return len(plan_tensors(config, tensors, quantization))


def _vocabulary(folder: Path, tokenizer: TextTokenizer, rows: int, begins: bool) -> GgufVocabulary:
    ids_fit(tokenizer.vocab_size - 1, rows, "the model")
    vocabulary = read_vocabulary(folder, tokenizer).padded(rows)
    vocabulary.switches["add_bos_token"] &= begins
    if vocabulary.size != rows:
        message = f"the tokenizer's files name {vocabulary.size} tokens, the embedding has {rows} rows"
        raise RecipeError("E004", message, fix="train with this tokenizer, or export the right one")
    return vocabulary
