"""Corpora and tokenizers that several tests use, made once a process from the sample stories."""

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from schemas import Corpus, Tokenizer
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from steps.text.tokenizers import TextTokenizer, open_tokenizer
from steps.train_tokenizer import TrainTokenizer, train_tokenizer
from tests.conftest import FakeContext


def folder() -> Path:
    """A temporary folder that goes when the process ends."""
    path = Path(tempfile.mkdtemp(prefix="recipe-test-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@cache
def stories() -> Corpus:
    """The 330 sample stories with their language marks."""
    source = Source(path="data/stories/*.jsonl", columns={"text": "<{lang}>{title}\n{text}"})
    return parse_corpus(ParseCorpus(sources=[source]), FakeContext(folder()))


@cache
def tokenizer(model: str = "bpe", vocab_size: int = 1000, byte_fallback: bool | None = None) -> Tokenizer:
    """A tokenizer trained on the stories."""
    params = TrainTokenizer(model=model, vocab_size=vocab_size, byte_fallback=byte_fallback, user_symbols=["<tr>", "<en>"])  # type: ignore[arg-type]
    return train_tokenizer(params, [stories()], FakeContext(folder()))


@cache
def opened(model: str = "bpe", vocab_size: int = 1000) -> TextTokenizer:
    """The same, opened."""
    return open_tokenizer(tokenizer(model, vocab_size).path)


def corpus(rows: list[dict[str, Any]]) -> Corpus:
    """A corpus of these rows."""
    path = folder()
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (path / "corpus.jsonl").write_text("".join(lines), "utf-8")
    size = sum(len(row["text"].encode()) for row in rows)
    return Corpus(documents_count=len(rows), bytes=size, characters=sum(len(row["text"]) for row in rows)).save(path)
