"""Files of all kinds with bytes that are wrong: each is read, or said to be unreadable with a reason.

python benchmarks/fuzz/documents.py [how many] [seed]

The shipped papers and stories, and with RECIPE_TEST_DATA the documents there.
"""

import os
import random
import sys
import tempfile
from pathlib import Path

from broken import ROOT, Met, wrong_bytes

from schemas import RecipeError
from steps.text.documents import read_documents
from steps.text.rows import NoSuchColumn
from steps.text.unreadable import Unreadable

LARGEST = 400_000  # bytes


def tables(folder: Path) -> list[Path]:
    """Rows in the forms that the samples do not come in."""
    import gzip

    import pyarrow
    from pyarrow import parquet

    rows = (ROOT / "data" / "stories" / "en.jsonl").read_bytes()
    (folder / "rows.jsonl.gz").write_bytes(gzip.compress(rows, mtime=0))
    parquet.write_table(pyarrow.table({"text": ["one two three " * 20] * 50, "n": list(range(50))}), folder / "rows.parquet")
    (folder / "rows.csv").write_text("id;text\n" + "".join(f'{n};"Çok güzel {n}, değil mi?"\n' for n in range(50)), "cp1254")
    return sorted(folder.iterdir())


def main() -> bool:
    """Print what came out as a traceback; True when nothing did."""
    count, seed = (int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 1000), (2, 1)))
    rng, met = random.Random(seed), Met()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "made").mkdir()
        others = [Path(os.environ["RECIPE_TEST_DATA"]) / "docs"] if os.environ.get("RECIPE_TEST_DATA") else []
        found = [p for root in (ROOT / "data", *others) for p in root.rglob("*") if p.is_file() and p.suffix != ".py"]
        files = [p for p in [*sorted(found), *tables(folder / "made")] if 0 < p.stat().st_size < LARGEST]
        for _ in range(count):
            source = rng.choice(files)
            path = folder / f"broken{''.join(source.suffixes[-2:]) if source.suffix == '.gz' else source.suffix}"
            path.write_bytes(wrong_bytes(source.read_bytes(), rng))

            def read(path: Path = path) -> None:
                for _ in read_documents(path, complain=lambda *_: None):
                    pass

            met.run(read, (Unreadable, NoSuchColumn, RecipeError), f"{source}, seed {seed}")
    return met.report()


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
