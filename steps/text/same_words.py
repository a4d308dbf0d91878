"""Whether a bin's ids mean to a tokenizer what they meant to the one that made them."""

import json
from pathlib import Path

from schemas import RecipeError, TokenBin

FIX = "make the bin again with this tokenizer, or name the tokenizer that it was made with"


def words_digest(folder: Path) -> str:
    """Of the pieces of `folder`'s tokenizer.json and their ids, however the file is written; empty where it cannot be read.

    Tokens that were added behind the vocabulary, the merges and the scores are left out: they change no row's meaning.
    """
    from blake3 import blake3

    try:
        vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
        pieces = vocabulary.items() if isinstance(vocabulary, dict) else ((piece, i) for i, (piece, _) in enumerate(vocabulary))
        return str(blake3(json.dumps(sorted((i, piece) for piece, i in pieces)).encode()).hexdigest())
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def refuse_other_words(bins: TokenBin, folder: Path, size: int) -> None:
    """Raise RecipeError V108 where the ids are of another vocabulary than that in `folder`, of `size` tokens.

    Without a word on either side about the pieces nothing is said: sizes are held against each other elsewhere.
    """
    there = words_digest(folder)
    if not bins.words_digest or not there or there == bins.words_digest:
        return
    other = (
        f"of {bins.vocab_size:,} tokens, this one has {size:,}" if bins.vocab_size != size else f"with other pieces for its {size:,} ids"
    )
    raise RecipeError("V108", f"the bin was made with a tokenizer {other}", field="bins", fix=FIX)
