"""A document as the tokens of one training row, and which of them are learned: for training, and for whoever wants to see it before."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from steps.text.chat_form import Written

if TYPE_CHECKING:
    from steps.text.tokenizers import TextTokenizer


def row_of(document: Mapping[str, Any], tokenizer: "TextTokenizer") -> Written:
    """One document as tokens. A text stands between begin and end, and all of it but the begin is learned.

    A conversation is written as the tokenizer's folder has it (steps.text.chat_form); its answers with their end marks are learned.
    What the piece before it has too, its `overlap`, is not: each character of a document that was split is learned once.
    """
    overlap = document.get("overlap", 0)
    if document.get("messages"):
        return tokenizer.form.tokens(document["messages"], tokenizer, overlap)
    text = document["text"]
    first = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
    last = [] if tokenizer.eos_id is None else [tokenizer.eos_id]
    ids, offsets = tokenizer.encode_offsets(text)
    learned = [False] * len(first) + [a < len(text) and (b > overlap or not overlap) for a, b in offsets] + [True] * len(last)
    return Written([*first, *ids, *last], learned, len(text[overlap:].encode("utf-8")))
