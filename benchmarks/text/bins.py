"""tokenize_bin against the bare engine and against nanoGPT's way, in CPU seconds of one run; its memory; what two workers save.

python benchmarks/text/bins.py [megabytes]
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from workshop import ROOT, context, corpus, least, row, tokenizer, tree_memory

from schemas import Corpus, Tokenizer
from steps.text.binfile import BinReader
from steps.text.tokenizers import open_tokenizer
from steps.tokenize_bin import TokenizeBin, tokenize_bin

NANO = """
import sys, numpy as np, sentencepiece, datasets
corpus, model, out = sys.argv[1:]
datasets.disable_progress_bars()
sp = sentencepiece.SentencePieceProcessor(model_file=model)
data = datasets.load_dataset("json", data_files=corpus, split="train", cache_dir=out + "/cache")
def process(example):
    ids = sp.encode(example["text"])
    ids.append(sp.eos_id())
    return {"ids": ids, "len": len(ids)}
data = data.map(process, remove_columns=["text"], num_proc=1)
size = int(np.sum(data["len"], dtype=np.uint64))
array = np.memmap(out + "/train.bin", dtype=np.uint16, mode="w+", shape=(size,))
at = 0
for number in range(64):
    batch = data.shard(num_shards=64, index=number, contiguous=True).with_format("numpy")
    ids = np.concatenate(batch["ids"])
    array[at : at + len(ids)] = ids
    at += len(ids)
array.flush()
"""

ALONE = """
import sys; sys.path[:0] = {paths!r}
from workshop import context; from schemas import Corpus, Tokenizer; from pathlib import Path
from steps.tokenize_bin import TokenizeBin, tokenize_bin
tokenize_bin(TokenizeBin(workers=int(sys.argv[3])), [Corpus.load(Path(sys.argv[1]))], Tokenizer.load(Path(sys.argv[2])), context())
"""


def ours(text: Corpus, words: Tokenizer) -> Path:
    """The step in this process."""
    return tokenize_bin(TokenizeBin(workers=1), [text], words, context()).path


def bare(text: Corpus, words: Tokenizer, held: list[str] | None = None) -> list[np.ndarray]:
    """The engine's own batches as numpy; of texts that are in memory already when they are `held`."""
    opened, found, batch, size = open_tokenizer(words.path), [], [], 0
    for one in held if held is not None else (r["text"] for r in text.rows()):
        batch.append(one)
        size += len(one)
        if size > 1 << 20:
            found += opened.encode_arrays(batch)
            batch, size = [], 0
    return found + opened.encode_arrays(batch)


def same_ids(made: Path, ids: list[np.ndarray]) -> bool:
    """Every document of the bin is one of the engine's, and none is missing."""
    left = {one.tobytes() for one in ids}
    total = 0
    for split in ("train", "val"):
        reader = BinReader(made, split)
        total += len(reader)
        if any(reader.document(i)[1:-1].astype(np.int32).tobytes() not in left for i in range(len(reader))):
            return False
    return total == len(ids)


def alone(text: Corpus, words: Tokenizer, workers: int) -> tuple[float, float]:
    """Peaks of memory: of the tree (PSS), of its largest process (RSS)."""
    code = ALONE.format(paths=[str(ROOT / "benchmarks" / "text"), str(ROOT)])
    running = subprocess.Popen([sys.executable, "-c", code, str(text.path), str(words.path), str(workers)])
    total = largest = 0.0
    while running.poll() is None:
        one, other = tree_memory(running.pid)
        total, largest = max(total, one), max(largest, other)
        time.sleep(0.1)
    if running.returncode:
        raise RuntimeError("tokenize_bin failed")
    return total, largest


def wall(text: Corpus, words: Tokenizer, workers: int) -> float:
    """Wall seconds, with the start of the workers and without a look at their memory, which costs a core itself."""
    began = time.perf_counter()
    tokenize_bin(TokenizeBin(workers=workers), [text], words, context())
    return time.perf_counter() - began


def nano(text: Corpus, words: Tokenizer) -> float:
    """CPU seconds of nanoGPT's way, its imports not counted."""
    import resource

    def children() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = children()
    subprocess.run([sys.executable, "-c", "import numpy, sentencepiece, datasets"], check=True)
    imports = children() - before
    command = [sys.executable, "-c", NANO, text.path / "corpus.jsonl", words.path / "tokenizer.model", context().workdir]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "HF_HUB_OFFLINE": "1"})
    return children() - before - 2 * imports


def speed(model: str, text: Corpus, small: Corpus) -> bool:
    """One tokenizer's figures."""
    words = tokenizer(model)
    held = [r["text"] for r in text.rows()]
    engine, reading, step = least(4, lambda: bare(text, words, held), lambda: bare(text, words), lambda: ours(text, words))
    row(f"{model}: MB a CPU second", text.bytes / 1e6 / step, "MB/s", "", True)
    good = row(f"{model}: throughput over the bare engine, text in memory", engine / step, "x", ">= 0.9", engine / step >= 0.9)
    row(f"{model}: throughput over the bare engine, reading the same file", reading / step, "x", "", True)
    same = same_ids(ours(text, words), bare(text, words))
    good &= row(f"{model}: same ids", same, "", "1", same)
    if model != "byte_bpe":
        way = nano(small, words) * text.bytes / small.bytes
        times = way / step
        row(f"{model}: throughput of the bare engine over nanoGPT's way", way / engine, "x", "", True)
        good &= row(f"{model}: throughput over nanoGPT's way", times, "x", ">= 3.5", times >= 3.5)
    return good


def main() -> bool:
    """All figures."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    text, small = corpus(megabytes), corpus(megabytes / 4)
    print(f"{text.bytes / 1e6:.0f} MB, {text.documents_count} documents; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    good = True
    for model in ("bpe", "unigram", "byte_bpe"):
        good &= speed(model, small if model == "byte_bpe" else text, small)
    words = tokenizer("unigram")
    for workers in (1, 2):
        few, many = alone(small, words, workers), alone(text, words, workers)
        good &= row(f"{workers} workers: peak of all processes (PSS), {megabytes} MB", many[0], "MB", "< 150", many[0] < 150)
        good &= row(f"{workers} workers: peak of the largest process (RSS)", many[1], "MB", "< 150", many[1] < 150)
        good &= row(f"{workers} workers: growth from {megabytes // 4} MB", many[0] - few[0], "MB", "< 10", many[0] - few[0] < 10)
    for model in ("bpe", "unigram"):
        one, two = (min(wall(text, tokenizer(model), workers) for _ in range(2)) for workers in (1, 2))
        good &= row(f"{model}: wall time of one worker over two (quiet cores only)", one / two, "x", ">= 1.6", one / two >= 1.6)
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
