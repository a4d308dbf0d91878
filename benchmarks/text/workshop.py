"""What the benchmarks of text share: a corpus artifact, tokenizers, a step's context, rows of a table, memory of a process tree."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from gather import gathered  # noqa: E402

from schemas import Corpus, Tokenizer  # noqa: E402
from tests.conftest import FakeContext  # noqa: E402

VOCABULARY = 16000
PLACE = Path(tempfile.gettempdir())


def context() -> FakeContext:
    """A step's context in a new folder."""
    return FakeContext(Path(tempfile.mkdtemp(prefix="recipe-bench-")))


def corpus(megabytes: float, whole: int = 60) -> Corpus:
    """The first `megabytes` of the honest text."""
    folder = PLACE / f"recipe-bench-corpus-{megabytes}-{whole}"
    if not (folder / "artifact.json").exists():
        folder.mkdir(exist_ok=True)
        size = documents = characters = 0
        with gathered(whole).open(encoding="utf-8") as lines, (folder / "corpus.jsonl").open("w", encoding="utf-8", newline="\n") as out:
            for line in lines:
                text = json.loads(line)["text"]
                out.write(line)
                size, documents, characters = size + len(text.encode()), documents + 1, characters + len(text)
                if size >= megabytes * 1e6:
                    break
        Corpus(documents_count=documents, bytes=size, characters=characters).save(folder)
    return Corpus.load(folder)


def tokenizer(model: str) -> Tokenizer:
    """Trained on a sample of the honest text."""
    from steps.train_tokenizer import TrainTokenizer, train_tokenizer

    folder = PLACE / f"recipe-bench-tokenizer-{model}-{VOCABULARY}"
    if not (folder / "artifact.json").exists():
        params: Any = {"model": model, "vocab_size": VOCABULARY, "sample_bytes": 8_000_000}
        train_tokenizer(TrainTokenizer(**params), [corpus(60)], context()).path.rename(folder)
    return Tokenizer.load(folder)


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    before = time.process_time()
    work()
    return time.process_time() - before


def least(times: int, *works: Callable[[], object]) -> list[float]:
    """The least CPU seconds of each work, taken in turns: what else runs on the machine disturbs them alike."""
    found = [[cpu(work) for work in works] for _ in range(times)]
    return [min(one) for one in zip(*found, strict=True)]


def row(what: str, value: float, unit: str, wanted: str, good: bool) -> bool:
    """Print one figure beside what is wanted."""
    print(f"{'ok  ' if good else 'MISS'} {what:58} {value:10.2f} {unit:10} {wanted}", flush=True)
    return good


def tree_memory(pid: int) -> tuple[float, float]:
    """MB of a process with its children: shared pages counted once (PSS), and the largest single one (RSS)."""
    import psutil

    total = largest = 0.0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0, 0.0
    for process in processes:
        try:
            known = process.memory_full_info()
        except psutil.Error:
            continue
        total, largest = total + known.pss / 1e6, max(largest, known.rss / 1e6)
    return total, largest
