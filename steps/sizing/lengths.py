"""How long the longest row is that training will meet: from a bin's offsets, or by encoding a corpus."""

from collections.abc import Iterable
from pathlib import Path

from schemas import Corpus, TokenBin

BATCH = 256


def longest_in_bin(bins: TokenBin) -> int | None:
    """Tokens of the longest training document, its marks included; None when the bin is empty."""
    import numpy as np

    offsets = np.fromfile(bins.path / "train.idx", "<u8")
    return int(np.diff(offsets).max()) if len(offsets) > 1 else None


def longest_row(corpora: Iterable[Corpus], tokenizer: Path) -> int | None:
    """Inputs of the longest row of fine-tuning: a document's tokens with begin and end, less the last, which is only a target."""
    from steps.text.chat import render
    from steps.text.tokenizers import open_tokenizer

    words = open_tokenizer(tokenizer)
    marks = (words.bos_id is not None) + (words.eos_id is not None)
    longest, waiting = 0, []
    for corpus in corpora:
        for row in corpus.rows():
            if row.get("messages") and words.form.source:
                longest = max(longest, words.form.count(row["messages"], words) - marks)
                continue
            waiting.append(render(row["messages"]).text if row.get("messages") else row["text"])
            if len(waiting) == BATCH:
                longest = max(longest, *map(len, words.encode_arrays(waiting)))
                waiting = []
    if waiting:
        longest = max([longest, *map(len, words.encode_arrays(waiting))])
    return longest + marks - 1 if longest else None
