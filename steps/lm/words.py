"""Does a model write words: of what it samples in each language, the share that occurs in the corpus."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from steps.lm.build import longest_input
from steps.lm.texts import MARK, prompt_ids, write
from steps.text.tokenizers import TextTokenizer

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
WANTED = 1000  # sampled words of each language: with 500 the share varies by five points from seed to seed
COPIES = 32
ROUNDS = 12
READ_CHARACTERS = 64_000_000  # of the corpus, for its words
OPENINGS = 4  # beginnings of documents, where a language has no mark
OPENING_CHARACTERS = 40


@dataclass
class Language:
    """What the corpus has of one language: its words, and how its documents begin."""

    words: set[str] = field(default_factory=set)
    openings: list[str] = field(default_factory=list)
    documents: int = 0
    marked: int = 0  # documents that begin with the language's mark


def words_of(text: str) -> list[str]:
    """Runs of letters, lower case, an apostrophe inside allowed."""
    return WORD.findall(text.lower())


def languages(documents: Iterable[tuple[str, str]]) -> dict[str, Language]:
    """By language, from (lang, text) of documents. Where most begin with their language's mark, such as `<tr>`, that is the opening.

    (Not all: a document that was split has its mark on the first piece only.)
    """
    found: dict[str, Language] = {}
    read = 0
    for lang, text in documents:
        known = found.setdefault(lang, Language())
        known.words.update(words_of(MARK.sub("", text)))
        mark = MARK.match(text)
        known.documents += 1
        known.marked += mark is not None and mark[1] == lang
        if len(known.openings) < OPENINGS:
            known.openings.append(text[:OPENING_CHARACTERS].rsplit(" ", 1)[0])
        read += len(text)
        if read > READ_CHARACTERS:
            break
    for lang, known in found.items():
        if 2 * known.marked > known.documents:
            known.openings = [f"<{lang}>"]
    return found


def known_share(
    network: nn.Module,
    tokenizer: TextTokenizer,
    known: Language,
    *,
    max_new_tokens: int,
    seed: int,
    going: Callable[[int], None] = lambda sampled: None,
) -> dict[str, Any]:
    """Sample at T 0.7, top_p 0.9 until there are WANTED words: {sampled, known, share, unknown}. `going` is told how many there are.

    The last word of a text that ran to its limit may be cut, and is left out.
    """
    sampled: list[str] = []
    copies = max(1, COPIES // len(known.openings))
    longest = longest_input(network)
    most = None if longest is None else max(1, longest // 2)  # of an opening: the other half is for what follows
    for turn in range(ROUNDS):
        for i, opening in enumerate(known.openings):
            before = prompt_ids(opening, tokenizer)[:most]
            texts = write(network, tokenizer, before, copies=copies, max_new_tokens=max_new_tokens, seed=seed + 1000 * turn + i)
            for ids in texts:
                whole = words_of(tokenizer.decode(ids))
                sampled += whole[:-1] if len(ids) >= max_new_tokens else whole
            going(len(sampled))
        if len(sampled) >= WANTED:
            break
    right = sum(word in known.words for word in sampled)
    strange = sorted({word for word in sampled if word not in known.words})
    return {"sampled": len(sampled), "known": right, "share": right / max(1, len(sampled)), "unknown": strange[:20]}
