"""parse_corpus against a bare loop over the same rows, in CPU seconds of one run; what each choice of cleaning costs; its memory.

python benchmarks/text/parse.py [megabytes] [documents]
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from workshop import ROOT, context, corpus, least, row

from steps.parse_corpus import Clean, Languages, ParseCorpus, Source, parse_corpus

TINY = """
import re, sys
from pathlib import Path
from steps.parse_corpus import ParseCorpus, Source, parse_corpus
from tests.conftest import FakeContext
folder = Path(sys.argv[1])
made = parse_corpus(ParseCorpus(sources=[Source(path="tiny.jsonl")]), FakeContext(folder / "run", project=folder))
print(made.documents_count, int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def bare(path: Path, out: Path) -> None:
    """Read each row, decode it, write it again: what no parser of rows can do without."""
    with path.open("rb") as lines, out.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(json.loads(line), ensure_ascii=False) + "\n")


def step(path: Path, **clean: object) -> None:
    """parse_corpus on one file, with these choices of cleaning."""
    given = context()
    given.project = path.parent
    parse_corpus(ParseCorpus(sources=[Source(path=path.name)], clean=Clean(**clean)), given)  # type: ignore[arg-type]


def main() -> None:
    """The table."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 50
    documents = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    rows = corpus(megabytes).path / "corpus.jsonl"
    size = rows.stat().st_size / 1e6
    place = context().keep
    choices: tuple[tuple[str, float, dict[str, object]], ...] = (
        ("as it is by default", 0.5, {}),
        ("without nfc, whitespace, dedup", 0.5, {"nfc": False, "whitespace": False, "dedup": "none"}),
        ("mask: [all]", 0.05, {"mask": ["all"]}),
        ("near_duplicates: together", 0.08, {"near_duplicates": "together"}),
        ("languages: {allow: [tr, en]}", 0.05, {"languages": Languages(allow=["tr", "en"])}),
    )
    works = [lambda: bare(rows, place / "bare.jsonl"), *((lambda c=clean: step(rows, **c)) for _, _, clean in choices)]
    plain, *taken = least(2, *works)
    row("read, decode, encode, write: the bare loop", size / plain, "MB/CPU s", "the measure", good=True)
    for (name, wanted, _), seconds in zip(choices, taken, strict=True):
        row(f"parse_corpus, {name}", size / seconds, "MB/CPU s", f"{plain / seconds:.2f} of it, wanted {wanted}", plain / seconds >= wanted)
    tiny = place / "tiny.jsonl"
    with tiny.open("w", encoding="utf-8") as file:
        file.writelines(f'{{"text": "satır {i}"}}\n' for i in range(documents))
    command = [sys.executable, "-c", TINY, str(place)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    row(
        f"{int(said[0]):,} documents of one line each",
        int(said[0]) / seconds,
        "docs/CPU s",
        "at least 30,000",
        int(said[0]) / seconds > 30_000,
    )
    row("  the most memory that takes", float(said[1]), "MB", "at most 150", float(said[1]) <= 150)


if __name__ == "__main__":
    main()
