"""The five steps of text on one document of 100 MB on one line, and on a million documents of two words:
`python benchmarks/text/hard.py [MEGABYTES] [DOCUMENTS] [STEP…]`.

Each step runs in a process of its own, on a tenth and on the whole: CPU seconds, the most memory that it held, and whether what came out is
right: all of the text, exactly.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from workshop import ROOT, context, gathered, tokenizer

from schemas import Corpus
from steps.text.binfile import BinReader
from steps.text.encodings import INVISIBLE

KINDS = {"one line": 100, "tiny documents": 1_000_000}


def one_line(megabytes: int) -> tuple[Path, Path, Corpus]:
    """The honest text without line breaks: as a .txt, as a row of a .jsonl, as a corpus."""
    place = Path(tempfile.mkdtemp(prefix="recipe-hard-"))
    texts = []
    size = 0
    while size < megabytes * 1_000_000:
        with gathered(60).open(encoding="utf-8") as lines:
            for line in lines:
                texts.append(" ".join(INVISIBLE.sub("", json.loads(line)["text"]).split()))  # as text files are read
                size += len(texts[-1].encode()) + 1
                if size >= megabytes * 1_000_000:
                    break
    text = " ".join(texts)
    (place / "a.txt").write_text(text, "utf-8")
    return place, *_written(place, [text])


def tiny(documents: int) -> tuple[Path, Path, Corpus]:
    """So many documents of two words, each another."""
    place = Path(tempfile.mkdtemp(prefix="recipe-hard-"))
    texts = [f"söz {number}" for number in range(documents)]
    (place / "a.txt").write_text("\n".join(texts), "utf-8")
    return place, *_written(place, texts)


def _written(place: Path, texts: list[str]) -> tuple[Path, Corpus]:
    (place / "corpus").mkdir()
    with (place / "corpus" / "corpus.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps({"text": text, "lang": "tr"}, ensure_ascii=False) + "\n" for text in texts)
    size, characters = sum(len(text.encode()) for text in texts), sum(map(len, texts))
    return place / "corpus" / "corpus.jsonl", Corpus(documents_count=len(texts), bytes=size, characters=characters).save(place / "corpus")


def child(step: str, kind: str, place: Path) -> bool:
    """Do it, here. Returns whether the result is right."""
    given = Corpus.load(place / "corpus")
    made: Any
    if step.startswith("parse_corpus"):
        from steps.parse_corpus import Clean, ParseCorpus, Source, parse_corpus

        path = place / ("a.txt" if step.endswith("txt") else "corpus/corpus.jsonl")
        by_line = "line" if kind != "one line" and step.endswith("txt") else None
        as_it_is = Clean(nfc=False, whitespace=False)
        made = parse_corpus(ParseCorpus(sources=[Source(path=str(path), document=by_line)], clean=as_it_is), context())
        return bool(made.characters == given.characters and made.documents_count == given.documents_count)
    if step == "train_tokenizer":
        from steps.train_tokenizer import AtMost, TrainTokenizer, train_tokenizer

        made = train_tokenizer(TrainTokenizer(vocab_size=AtMost(at_most=4000), sample_bytes=10_000_000), [given], context())
        return bool(made.vocab_size > 100)
    words = tokenizer("bpe")
    if step == "check_vocab_consistency":
        from steps.check_vocab_consistency import CheckVocabConsistency, check_vocab_consistency

        return bool(check_vocab_consistency(CheckVocabConsistency(), words, [given], None, None, context()).path == words.path)
    if step == "split_long":
        from steps.split_long import SplitLong, split_long

        made = split_long(SplitLong(max_tokens=512, workers=1), [given], words, context())
        return bool(made.characters == given.characters)
    from steps.tokenize_bin import TokenizeBin, tokenize_bin

    if kind == "one line":  # a second document, so that both sides have one
        with (given.path / "corpus.jsonl").open("a", encoding="utf-8") as out:
            out.write('{"text": "ek"}\n')
        given = given.model_copy(update={"documents_count": 2, "bytes": given.bytes + 2}).at(given.path)
    made = tokenize_bin(TokenizeBin(workers=1), [given], words, context())
    found = sum(len(BinReader(made.path, split)) for split in ("train", "val"))
    return bool(made.train_bytes + made.val_bytes == given.bytes and found == given.documents_count)


STEPS = ("parse_corpus txt", "parse_corpus jsonl", "train_tokenizer", "check_vocab_consistency", "split_long", "tokenize_bin")


def main(sizes: dict[str, int], steps: list[str]) -> int:
    """Print a line for each step and kind; return 1 when a result was wrong."""
    import shutil

    tokenizer("bpe")
    wrong = 0
    for kind, size in sizes.items():
        made = {n: (one_line if kind == "one line" else tiny)(n)[0] for n in (size // 10, size)}
        for step in steps:
            said = []
            for place in made.values():
                command = [sys.executable, __file__, "--child", step, kind, str(place)]
                done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
                wrong += done.returncode != 0
                why = (done.stderr.strip().splitlines() or ["not all of the text came out"])[-1]
                said.append(done.stdout.strip() if not done.returncode else f"WRONG {done.stdout.strip()} {why}")
            print(f"{kind:15} {step:24} " + "   ".join(f"{n:>9,}: {s:20}" for n, s in zip(made, said, strict=True)), flush=True)
        for place in made.values():
            shutil.rmtree(place)
    return 1 if wrong else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        right = child(*sys.argv[2:4], Path(sys.argv[4]))
        peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{used.ru_utime + used.ru_stime:.1f} CPU s, {int(peak) / 1000:.0f} MB")
        sys.exit(0 if right else 1)
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    names = [word for word in sys.argv[1:] if not word.isdigit()]
    asked = dict(zip(KINDS, [*numbers, *list(KINDS.values())[len(numbers) :]], strict=True))
    sys.exit(main(asked, [step for step in STEPS if not names or step.split()[0] in names]))
