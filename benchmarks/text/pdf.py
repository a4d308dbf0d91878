"""Reading PDFs against pymupdf alone: pages a CPU second of `page.get_text()`, of its blocks, and of ours; and workers against one.

    python benchmarks/text/pdf.py [FOLDER]

FOLDER: a folder of PDFs; without it, those of RECIPE_TEST_DATA, else the shipped papers. Each file is read by the three in turn, five
times, the best time of each counts.
"""

import os
import sys
import time
from pathlib import Path

import pymupdf

from steps.text.ahead import How, read
from steps.text.documents import read_documents
from steps.text.parts import Wanted
from steps.text.unreadable import Unreadable

ROUNDS = 5
LEAST = 3000  # pages for the workers, of the files again and again: starting them must not count for much


def bare(path: Path, kind: str) -> None:
    with pymupdf.open(path) as document:
        for page in document:
            page.get_text(kind)


def ours(path: Path) -> None:
    for _ in read_documents(path, complain=lambda *_: None):
        pass


def best(call, *arguments) -> float:
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def cpu_seconds() -> float:
    """Of this process and the workers that have ended."""
    return sum(os.times()[:4])


def main() -> None:
    given = sys.argv[1:2] or [os.environ.get("RECIPE_TEST_DATA", "") + "/docs"]
    folder = Path(given[0])
    folder = folder if folder.is_dir() else Path(__file__).parents[2] / "data" / "papers" / "raw"
    files, pages = [], 0
    for path in sorted(folder.rglob("*.pdf")):
        try:
            ours(path)
        except Unreadable:
            continue
        files.append(path)
        with pymupdf.open(path) as document:
            pages += document.page_count
    spent = {"get_text()": 0.0, "get_text('blocks')": 0.0, "recipe": 0.0}
    for path in files:
        times = [(best(bare, path, "text"), best(bare, path, "blocks"), best(ours, path)) for _ in range(ROUNDS)]
        for name, column in zip(spent, zip(*times, strict=True), strict=True):
            spent[name] += min(column)
    print(f"{len(files)} files, {pages} pages, CPU seconds of one core")
    for name, seconds in spent.items():
        print(f"{name:20} {pages / seconds:7.0f} pages/s   {spent['get_text()'] / seconds:.2f} x get_text()")

    copies = -(-LEAST // pages)
    named = [(path.name, path) for _ in range(copies) for path in files]
    walls, costs = {}, {}
    for workers in (1, 2):
        start, before = time.perf_counter(), cpu_seconds()
        for _, _, documents in read(How("auto", None, None, Wanted()), named, workers, lambda *_: None):
            for _ in documents:
                pass
        walls[workers], costs[workers] = time.perf_counter() - start, cpu_seconds() - before
    print(f"{len(named)} files, {copies * pages} pages, by one process and by two")
    print(f"CPU seconds a 1000 pages: {costs[1] / copies / pages * 1000:.2f}, {costs[2] / copies / pages * 1000:.2f}")
    print(f"two workers: {walls[1] / walls[2]:.2f} x the speed of one ({walls[1]:.1f} s, {walls[2]:.1f} s; load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
