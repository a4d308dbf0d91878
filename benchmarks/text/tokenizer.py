"""train_tokenizer against its bare engine on the same sample, in CPU seconds of one run, in turns.

python benchmarks/text/tokenizer.py [megabytes]
"""

import io
import sys
from functools import partial
from typing import Any

import sentencepiece
from workshop import VOCABULARY, context, corpus, least, row

from schemas import Corpus
from steps.text.trainers import PRINTABLE, SENTENCE_BYTES, THREADS, Sample, chunks_of, train_byte_bpe
from steps.train_tokenizer import TrainTokenizer, train_tokenizer

TIMES = 2


def ours_of(params: dict[str, Any], text: Corpus) -> None:
    """The whole step: reading, sampling, training, both forms written, ids proved."""
    train_tokenizer(TrainTokenizer(**params), [text], context())


def main(megabytes: float) -> bool:
    """Print a row for each model; True when all are within a tenth of the engine alone."""
    text = corpus(megabytes)
    chunks = [chunk for document in text.rows() for chunk in chunks_of(document["text"])]

    def engine(model: str) -> None:
        if model == "byte_bpe":
            train_byte_bpe(Sample(chunks=chunks, bytes=text.bytes), vocab_size=VOCABULARY, user_symbols=[])
            return
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(chunks), model_writer=io.BytesIO(), model_type=model, vocab_size=VOCABULARY,
            character_coverage=0.9995 if model == "bpe" else 1.0, byte_fallback=model == "bpe", normalization_rule_name="identity",
            remove_extra_whitespaces=False, add_dummy_prefix=False, required_chars=PRINTABLE, max_sentence_length=SENTENCE_BYTES,
            num_threads=THREADS, pad_id=0, unk_id=1, bos_id=2, eos_id=3, minloglevel=3,
        )  # fmt: skip

    good = True
    for model in ("unigram", "bpe", "byte_bpe"):
        params: dict[str, Any] = {"model": model, "vocab_size": VOCABULARY}
        ours, alone = least(TIMES, partial(ours_of, params, text), partial(engine, model))
        ratio = ours / alone
        good &= row(f"{model}: the step / its engine alone ({ours:.1f} s of {alone:.1f} s)", ratio, "x", "at most 1.10", ratio <= 1.10)
    return good


if __name__ == "__main__":
    sys.exit(0 if main(float(sys.argv[1]) if len(sys.argv) > 1 else 10) else 1)
