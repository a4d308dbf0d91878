"""Recipes of the gallery with something wrong: `recipe check` answers, and a second --fix changes nothing more.

python benchmarks/fuzz/recipes.py [how many] [seed]
"""

import random
import sys
from pathlib import Path

import yaml
from broken import ROOT, Met, wrong_data

from runner.cost import forecast
from runner.judge import judge, mended
from runner.resolve import mean
from runner.screen import text as screen

KEYS = ("model", "train", "lora", "sources", "path", "type", "id", "target", "vars", "seed", "extends", "base", "quant", "stages", "expect",
        "checkpoint", "corpus", "tokenizer", "steps")  # fmt: skip
SIGNS = (
    "\t", " ", ":", "-", '"', "'", "{", "}", "[", "]", "#", "&", "*", "!", "|", ">", "%", "@", "`", "\n", "\r", "\u2028", "\x00", "\ufeff",
    "? ", "---\n", "...", "<<: *a\n", "é", ",", "  ",
)  # fmt: skip


def wrong_text(text: str, rng: random.Random) -> str:
    """Signs that are gone, or there and not meant."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(text) or 1)
        text = text[:at] + text[at + rng.choice((1, 2, 5, 20)) :] if rng.random() < 0.5 else text[:at] + rng.choice(SIGNS) + text[at:]
    return text


def looked_at(file: Path, text: str) -> None:
    """All that `recipe check` does of it."""
    texts = {file: text}
    meant = mean(file, texts=texts)
    judge(meant, texts)
    for finding in meant.findings:
        screen([finding], lambda _: text, file=str(file))
    forecast(meant)


def fixed(file: Path, text: str) -> None:
    """--fix, and --fix again."""
    file.write_text(text, "utf-8")
    try:
        after = mended(file, alone=True).texts.get(file)
        if after is not None:
            file.write_text(after, "utf-8")
            assert mended(file, alone=True).texts.get(file, after) == after, "a second --fix changes the file again"
    finally:
        file.unlink()


def main() -> bool:
    """Print what came out as a traceback; True when nothing did."""
    count, seed = (int(sys.argv[at]) if len(sys.argv) > at else usual for at, usual in ((1, 1000), (2, 1)))
    rng, met = random.Random(seed), Met()
    recipes = sorted((ROOT / "tests" / "gallery").glob("*/*.yaml"))
    for number in range(count):
        source = rng.choice(recipes)
        text, file = source.read_text("utf-8"), source.parent / f"_fuzz_{seed}.yaml"
        if number % 3 == 0:
            text = wrong_text(text, rng)
        else:
            try:
                data = yaml.safe_load(text)
                wrong_data(data, rng, KEYS)
                text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
            except (yaml.YAMLError, AttributeError):
                continue
        met.run(lambda file=file, text=text: looked_at(file, text), (), text)  # type: ignore[misc]
        if number % 3 == 2:
            met.run(lambda file=file, text=text: fixed(file, text), (), text)  # type: ignore[misc]
    return met.report()


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
