"""A document as the tokens of one training row, and which of them are learned: for training, and for whoever wants to see it before."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from steps.text.chat_form import Written

if TYPE_CHECKING:
    from steps.text.tokenizers import TextTokenizer


def row_of(document: Mapping[str, Any], tokenizer: "TextTokenizer") -> Written:
    """One document as tokens. A text stands between begin and end, and all of it but the begin is learned.

    A conversation is written as the tokenizer's folder has it (steps.text.chat_form); its answers with their end marks are learned.
    """
    if document.get("messages"):
        return tokenizer.form.tokens(document["messages"], tokenizer)
    text = document["text"]
    first = [] if tokenizer.bos_id is None else [tokenizer.bos_id]
    last = [] if tokenizer.eos_id is None else [tokenizer.eos_id]
    ids, offsets = tokenizer.encode_offsets(text)
    learned = [False] * len(first) + [a < len(text) and b > 0 for a, b in offsets] + [True] * len(last)
    return Written([*first, *ids, *last], learned, len(text.encode("utf-8")))
