"""How long the longest row is that training will meet: from a bin's offsets, or by encoding a corpus."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from schemas import Corpus, TokenBin

if TYPE_CHECKING:
    from steps.sizing.subject import Subject

BATCH = 256
SAMPLED = 2000  # rows that a mean is taken of where the longest is not asked for


def longest_in_bin(bins: TokenBin, *sides: str) -> int | None:
    """Tokens of the longest document of these `sides`, train when none is named, its marks included; None when the bin is empty."""
    import numpy as np

    offsets = (np.fromfile(bins.path / f"{side}.idx", "<u8") for side in sides or ("train",))
    return max((int(np.diff(found).max()) for found in offsets if len(found) > 1), default=None)


def longest_document(subject: "Subject", lengths: tuple[int, float] | None, bins: TokenBin | None) -> int | None:
    """Tokens of the longest document that `subject` meets, in validation too; None where it is not known: `lengths`, as `row_lengths` has
    them, are of a sample where the length of rows is written."""
    if subject.objective == "sft":
        return lengths[0] if lengths and subject.length is None else None
    return longest_in_bin(bins, "train", "val") if bins else None


def row_lengths(corpora: list[Corpus], tokenizer: Path, *, sampled: bool = False) -> tuple[int, float] | None:
    """Inputs of the longest row of fine-tuning, and of a row on the average: a document's tokens with begin and end, less the last, which
    is only a target. None without a document. sampled: of about SAMPLED of them, spread evenly.
    """
    from steps.text.chat import render
    from steps.text.tokenizers import open_tokenizer

    words = open_tokenizer(tokenizer)
    marks = (words.bos_id is not None) + (words.eos_id is not None)
    found: list[int] = []
    waiting: list[str] = []
    every = max(1, sum(corpus.documents_count for corpus in corpora) // SAMPLED) if sampled else 1
    for corpus in corpora:
        for row in islice(corpus.rows(), 0, None, every):
            if row.get("messages") and words.form.source:
                found.append(words.form.count(row["messages"], words) - marks)
                continue
            waiting.append(render(row["messages"]).text if row.get("messages") else row["text"])
            if len(waiting) == BATCH:
                found += map(len, words.encode_arrays(waiting))
                waiting = []
    if waiting:
        found += map(len, words.encode_arrays(waiting))
    return (max(found) + marks - 1, sum(found) / len(found) + marks - 1) if any(found) else None


def longest_rows(bins: TokenBin | None, corpora: list[Corpus], tokenizer: Path | None, length: int, count: int) -> list[list[int]]:
    """Up to `count` rows as training will meet them at its worst, ids of at most `length` + 1 tokens: what a dry run is made on.

    Of a bin: its documents from the longest on, end to end, cut. Of corpora: the documents with the most characters, encoded. Empty
    when there is neither, or no tokenizer.
    """
    import numpy as np

    if bins is not None:
        offsets = np.fromfile(bins.path / "train.idx", "<u8").astype(np.int64)
        tokens = np.memmap(bins.path / "train.bin", "<u2" if bins.dtype == "uint16" else "<u4", "r")
        order = np.argsort(-np.diff(offsets), kind="stable")
        stream: list[int] = []
        for document in order:
            stream += tokens[offsets[document] : offsets[document + 1]].tolist()
            if len(stream) > count * (length + 1):
                break
        rows = [stream[i : i + length + 1] for i in range(0, len(stream), length + 1)]
        return [row for row in rows[:count] if len(row) > 1]
    if tokenizer is None or not corpora:
        return []
    from heapq import nlargest

    from steps.text.chat import render
    from steps.text.tokenizers import open_tokenizer

    words = open_tokenizer(tokenizer)
    texts = (render(row["messages"]).text if row.get("messages") else row["text"] for corpus in corpora for row in corpus.rows())
    return [words.encode(text)[: length + 1] for text in nlargest(count, texts, key=len)]
