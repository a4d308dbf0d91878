"""Documents and conversations as rows of fine-tuning: answers are learned, questions are only read, nothing is cut."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas import Corpus, RecipeError
from steps.lm.batches import Row, chosen
from steps.text.choices import FEWEST, HELD_OUT, MOST_LEFT_OUT
from steps.text.rowform import row_of

if TYPE_CHECKING:
    from steps.text.tokenizers import TextTokenizer


@dataclass
class Rows:
    """train: each row as often as its document repeats. held: validation. chats: documents that are conversations.

    left_out: lengths of conversations that no splitting could make short enough.
    """

    train: list[Row] = field(default_factory=list)
    held: list[Row] = field(default_factory=list)
    chats: int = 0
    left_out: list[int] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)  # what `Row.document` counts


def rows_of(corpora: Iterable[Corpus], tokenizer: "TextTokenizer", max_seq_length: int, seed: int, eval_tokens: int | None = None) -> Rows:
    """Every document as a row, none of them cut. eval_tokens: of those held out so many are validated on, None: all.

    Which documents are held out follows from the seed and the digest of the document that they were made from, so that copies and
    pieces of one stay together. A conversation longer than `max_seq_length` is left out and counted (split_long keeps one whole
    whose question alone is too long), as long as these are few. Raises RecipeError D111 when a text is longer, or more than
    MOST_LEFT_OUT of the documents are; D112 when there is nothing to learn.
    """
    found = Rows()
    documents = found.documents = [row for corpus in corpora for row in corpus.rows()]
    origins = [document.get("origin") or _text(document) for document in documents]
    held = _held_out(set(origins), seed) if len(documents) >= FEWEST else set()
    seen: set[str] = set()
    long_texts: list[int] = []
    for number, (document, origin) in enumerate(zip(documents, origins, strict=True)):
        row = replace(encode(document, tokenizer), document=number)
        chat = bool(document.get("messages"))
        found.chats += chat
        if len(row.ids) - 1 > max_seq_length:
            (found.left_out if chat else long_texts).append(len(row.ids) - 1)
        elif origin not in held:
            found.train.extend([row] * document.get("repeat", 1))
        elif _text(document) not in seen:
            found.held.append(row)
            seen.add(_text(document))
    if long_texts or len(found.left_out) > MOST_LEFT_OUT * len(documents):
        _refuse(long_texts + found.left_out, len(documents), max_seq_length)
    sizes = np.array([len(row.ids) for row in found.held], np.int64)
    found.held = [found.held[number] for number in chosen(sizes, eval_tokens, seed)]
    found.train = [row for row in found.train if row.learned[1:].any()]
    if not found.train:
        raise RecipeError("D112", "no document has a token to learn", field="corpus", fix="give text, or conversations with answers")
    return found


def _refuse(lengths: list[int], documents: int, max_seq_length: int) -> None:
    raise RecipeError(
        "D111",
        f"{len(lengths)} of {documents} documents are longer than max_seq_length {max_seq_length}; the longest has {max(lengths)} tokens",
        field="max_seq_length",
        fix=f"put a split_long step with max_tokens: {max_seq_length} before train, or write max_seq_length: {max(lengths)}",
    )


def encode(document: dict[str, Any], tokenizer: "TextTokenizer") -> Row:
    """One document as tokens. A text stands between begin and end, and all of it is learned.

    A conversation is written as the tokenizer's folder has it (steps.text.chat_form); its answers with their end marks are learned.
    """
    written = row_of(document, tokenizer)
    ids, learned = np.array(written.ids, np.int64), np.array(written.learned, bool)
    return Row(ids, learned, document.get("lang", ""), written.size, document.get("source", ""))


def splitter(found: Rows, tokenizer: "TextTokenizer", left_out: Callable[[int], None]) -> Callable[[Row, int], list[Row]]:
    """How `found`'s rows are split again when memory asks for shorter ones: by split_long's rules, so that no token is lost.

    left_out: told the length of a conversation that cannot be made short enough, since its question alone is too long.
    """
    from steps.text.conversations import split_messages
    from steps.text.split import Overlap, split_text
    from steps.text.splitblock import overlapping

    known: dict[tuple[int, int], list[Row]] = {}
    marks = (tokenizer.bos_id is not None) + (tokenizer.eos_id is not None)

    def starts(text: str) -> Sequence[int]:
        return tokenizer.starts(text)

    def pieces(document: dict[str, Any], length: int) -> list[dict[str, Any]]:
        seen = Overlap(document.get("overlap", 0))
        if not document.get("messages"):
            texts = split_text(document["text"], length - marks, starts)
            return [overlapping({**document, "text": text}, seen.of(len(text), 0)) for text in texts]

        def size(messages: list[dict[str, str]]) -> int:
            return len(tokenizer.form.tokens(messages, tokenizer).ids)

        parts = split_messages(document["messages"], length, starts, "auto", 0, size)
        return [overlapping({**document, **part}, seen.of(len(part["messages"][-1]["content"]), 0)) for part in parts]

    def split(row: Row, length: int) -> list[Row]:
        key = (row.document, length)
        if key not in known:
            made: list[Row] = []
            for piece in pieces(found.documents[row.document], length):
                part = replace(encode(piece, tokenizer), document=len(found.documents))
                found.documents.append(piece)
                if len(part.ids) - 1 > length:
                    left_out(len(part.ids) - 1)
                elif part.learned[1:].any():
                    made.append(part)
            known[key] = made
        return known[key]

    return split


def _text(document: dict[str, Any]) -> str:
    return document["text"] + repr(document.get("messages"))


def _held_out(origins: set[str], seed: int) -> set[str]:
    """A HELD_OUT share of the origins, one at least: those with the smallest seeded digests."""
    from blake3 import blake3

    def digest(origin: str) -> bytes:
        return blake3(f"{seed}\n{origin}".encode("utf-8", "surrogatepass")).digest(16)

    return set(sorted(origins, key=digest)[: max(1, round(HELD_OUT * len(origins)))])
