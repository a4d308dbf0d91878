"""What plain counting reaches on the same split: smoothed n-grams of orders 1 to 5, and a trigram's text beside the model's."""

import math
from typing import Any

import numpy as np

from schemas import TokenBin
from steps.lm.batches import chosen_documents
from steps.lm.texts import prompt_ids
from steps.lm.words import Language
from steps.text.binfile import BinReader
from steps.text.ngram import SMOOTHING, Ngram
from steps.text.tokenizers import TextTokenizer

ORDERS = 5
TEXT_ORDER = 3


def ngrams(bins: TokenBin, limit: int | None, seed: int) -> list[dict[str, Any]]:
    """Bits a byte of each order on the documents that the model is validated on, counted on the same training side.

    Returns [{order, smoothing, bits_per_byte}].
    """
    train, val = BinReader(bins.path, "train"), BinReader(bins.path, "val")
    model = Ngram(ORDERS, bins.vocab_size).fit(train.tokens, train.offsets)
    documents = chosen_documents(val, limit, seed)
    ids = np.concatenate([val.document(i) for i in documents])
    offsets = np.cumsum([0, *(len(val.document(i)) for i in documents)])
    size = sum(val.meta[i]["bytes"] for i in documents)
    found = []
    for order in range(1, ORDERS + 1):
        nats, _ = model.nats(ids, offsets, order)
        found.append({"order": order, "smoothing": SMOOTHING, "bits_per_byte": nats / math.log(2) / max(1, size)})
    return found


def texts(bins: TokenBin, words: TextTokenizer, known: dict[str, Language], *, max_new_tokens: int, seed: int) -> list[dict[str, str]]:
    """A trigram's text in each language, drawn as the model's are: {lang, text}."""
    train = BinReader(bins.path, "train")
    trigram = Ngram(TEXT_ORDER, bins.vocab_size).fit(train.tokens, train.offsets)
    made: list[dict[str, str]] = []
    for lang, language in sorted(known.items()):
        before = prompt_ids(language.openings[0] if language.openings else "", words)
        rng = np.random.default_rng([seed, len(made)])
        ids = trigram.sample(before, max_new_tokens, rng, temperature=0.7, top_p=0.9, stop=words.eos_id)
        made.append({"lang": lang, "text": words.continued(before, ids)})
    return made
