"""Honest text for the benchmarks of text: real documents, no paragraph twice. Made once, kept in the temporary folder.

Turkish and English prose of RECIPE_TEST_DATA, the docstrings and manuals of installed packages, the manual pages of the system.
"""

import gzip
import json
import os
import re
import site
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("RECIPE_TEST_DATA", ROOT.parent / "shared" / "data"))
DOCSTRING = re.compile(r'"""(.{200,}?)"""', re.DOTALL)
TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]{1,300}>", re.DOTALL)
ROFF = re.compile(r"^[.'].*\n?|\\f[BIRP]|\\[-&]", re.MULTILINE)
LEAST = 300  # characters of a document


def raw() -> Iterator[tuple[str, str]]:
    """(language, text) of everything there is."""
    for lang in ("tr", "en"):
        for path in sorted((DATA / lang).glob("*.txt")):
            yield from ((lang, part) for part in articles(path.read_text("utf-8")))
    for path in sorted((ROOT / "data" / "stories").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield row["lang"], f"{row['title']}\n{row['text']}"
    packages = {sysconfig.get_paths()["purelib"], sysconfig.get_paths()["stdlib"], *site.getsitepackages()}
    for folder in sorted(packages):
        for path in sorted(Path(folder).rglob("*.py")):
            if "/test" not in str(path):
                text = path.read_text("utf-8", "ignore")
                if len(found := "\n\n".join(DOCSTRING.findall(text))) > LEAST:
                    yield "en", found
    for path in sorted(Path("/usr/share/doc").rglob("*")):
        if path.suffix in (".html", ".txt", ".md") and path.is_file():
            yield "en", TAGS.sub("", path.read_text("utf-8", "ignore"))
    for path in sorted(Path("/usr/share/man").rglob("*.gz")):
        if path.is_file():
            yield "en", ROFF.sub("", gzip.decompress(path.read_bytes()).decode("utf-8", "ignore"))


def articles(text: str) -> Iterator[str]:
    """Blank lines part documents in RECIPE_TEST_DATA; some together are as long as an article."""
    held: list[str] = []
    for part in text.split("\n\n"):
        held.append(part)
        if sum(map(len, held)) > 3000:
            yield "\n\n".join(held)
            held = []
    yield "\n\n".join(held)


def honest() -> Iterator[dict[str, str]]:
    """Rows without a paragraph that came before."""
    seen: set[bytes] = set()
    for lang, text in raw():
        kept = []
        for paragraph in re.split(r"\n\s*\n", text):
            digest = blake3(paragraph.strip().encode()).digest(8)
            if digest not in seen:
                seen.add(digest)
                kept.append(paragraph)
        whole = "\n\n".join(kept).strip("\n")
        if len(whole) >= LEAST:
            yield {"text": whole, "lang": lang, "source": f"{lang}.txt", "origin": blake3(whole.encode()).hexdigest(16)}


def gathered(megabytes: int = 60) -> Path:
    """corpus.jsonl with about so many megabytes of text, shuffled by digest so that any part of it is mixed."""
    path = Path(tempfile.gettempdir()) / f"recipe-honest-text-{megabytes}.jsonl"
    if not path.exists():
        rows = sorted(honest(), key=lambda row: row["origin"])
        size = 0
        with path.with_suffix(".part").open("w", encoding="utf-8", newline="\n") as out:
            for row in rows:
                size += len(row["text"].encode())
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                if size >= megabytes * 1e6:
                    break
        if size < megabytes * 0.8e6:
            print(f"only {size / 1e6:.0f} MB of text found", file=sys.stderr)
        path.with_suffix(".part").replace(path)
    return path


if __name__ == "__main__":
    file = gathered(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
    print(file, f"{file.stat().st_size / 1e6:.1f} MB")
