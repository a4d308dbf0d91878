"""split_long against tokenizing the same text once, in CPU seconds of one run; and how its time and memory grow.

The step also draws a picture of the lengths, which tokenizing leaves out and which takes as long for 20 MB as for 40 GB: so each figure
stands a second time without it.

python benchmarks/text/split.py [megabytes]
"""

import json
import os
import subprocess
import sys
import time

from bins import bare
from workshop import PLACE, ROOT, context, corpus, cpu, least, row, tokenizer, tree_memory

from schemas import Corpus, Tokenizer
from steps.split_long import SplitLong, split_long
from steps.text.lengths import Lengths, draw
from steps.text.split import Cutter
from steps.text.splitblock import tools

ALONE = """
import sys; sys.path[:0] = {paths!r}
from workshop import context; from schemas import Corpus, Tokenizer; from pathlib import Path
from steps.split_long import SplitLong, split_long
split_long(SplitLong(max_tokens=512, workers=1), [Corpus.load(Path(sys.argv[1]))], Tokenizer.load(Path(sys.argv[2])), context())
"""
ODD = {  # a million characters of each
    "no spaces": "kelimelerarasındaboşlukyok",
    "all periods": ".",
    "one giant word": "a",
    "short lines, no spaces": "x.\n",
    "marks and spaces": ". ",
    "only line breaks": "\n",
}


def split(text: Corpus, words: Tokenizer, **params: object) -> Corpus:
    """The step in this process."""
    return split_long(SplitLong.model_validate({"max_tokens": 256, "workers": 1, **params}), [text], words, context())


def speed(model: str, text: Corpus) -> bool:
    """One tokenizer's figures."""
    words, good = tokenizer(model), True
    picture = min(cpu(lambda: draw(Lengths(256).facts() | {"max_tokens": 256}, context().workdir / "picture.png")) for _ in range(4))
    ways: list[dict[str, object]] = [{}, {"strategy": "sentence"}, {"strategy": "token"}, {"overlap_tokens": 32}, {"max_tokens": 2048}]
    for way in ways:
        once, step = least(3, lambda: bare(text, words), lambda way=way: split(text, words, **way))  # type: ignore[misc]
        name = ", ".join(f"{k} {v}" for k, v in way.items()) or "as it is"
        good &= row(f"{model}, {name}: CPU time over tokenizing once", step / once, "x", "<= 1.3", step / once <= 1.3)
        row(f"{model}, {name}: the same without the picture", (step - picture) / once, "x", "", True)
    return good


def linear(model: str) -> bool:
    """A text four times as long takes four times as long, whatever stands in it."""
    _, ruler = tools(str(tokenizer(model).path))
    good = True
    for name, part in ODD.items():
        times = []
        for size in (250_000, 1_000_000):
            text = part * (size // len(part))
            times.append(min(cpu(lambda text=text: list(Cutter(500, ruler).pieces(ruler.windows([text])))) for _ in range(2)))  # type: ignore[misc]
        good &= row(f"{model}, {name}: time of four times the text", times[1] / times[0], "x", "<= 6", times[1] / times[0] <= 6)
    return good


def one_line(megabytes: int) -> Corpus:
    """All of the honest text as one document on one line."""
    folder = PLACE / f"recipe-bench-book-{megabytes}"
    if not (folder / "artifact.json").exists():
        folder.mkdir(exist_ok=True)
        size = 0
        with (folder / "corpus.jsonl").open("w", encoding="utf-8", newline="\n") as out:
            out.write('{"text": "')
            for one in corpus(megabytes, max(60, megabytes)).rows():
                text = one["text"].replace("\n", " ") + " "
                out.write(json.dumps(text, ensure_ascii=False)[1:-1])
                size += len(text.encode())
            out.write('", "lang": "tr"}\n')
        Corpus(documents_count=1, bytes=size).save(folder)
    return Corpus.load(folder)


def memory(text: Corpus, words: Tokenizer) -> float:
    """Peak MB of the step on its own."""
    code = ALONE.format(paths=[str(ROOT / "benchmarks" / "text"), str(ROOT)])
    running = subprocess.Popen([sys.executable, "-c", code, str(text.path), str(words.path)])
    largest = 0.0
    while running.poll() is None:
        largest = max(largest, tree_memory(running.pid)[1])
        time.sleep(0.05)
    if running.returncode:
        raise RuntimeError("split_long failed")
    return largest


def main() -> bool:
    """All figures."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    text = corpus(megabytes)
    print(f"{text.bytes / 1e6:.0f} MB, {text.documents_count} documents; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    good = True
    for model in ("bpe", "unigram", "byte_bpe"):
        good &= speed(model, text if model != "byte_bpe" else corpus(megabytes / 4))
    for model in ("bpe", "byte_bpe"):
        good &= linear(model)
    words = tokenizer("unigram")
    small, book = memory(text, words), memory(one_line(100), words)
    good &= row(f"peak memory (RSS), {megabytes} MB in documents", small, "MB", "< 150", small < 150)
    return row("peak memory (RSS), 100 MB on one line", book, "MB", "< 150", book < 150) and good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
