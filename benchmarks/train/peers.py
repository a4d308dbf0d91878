"""Our training loop against others' on the same Llama: `python benchmarks/train/peers.py [LAPS]`. Real tokens per CPU second of one thread.

From scratch on the shipped stories: transformers' Trainer and a loop in nanoGPT's manner. LoRA on the shipped conversations:
transformers' Trainer with peft, and TRL's SFTTrainer with packing where trl is installed. They take laps in turn, the first of each
is not counted; a ratio is the median of the laps' ratios, with their range behind it. Each step of fine-tuning has about as many real
tokens for all.
"""

import json
import logging
import statistics
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from contestants import Lap, nanogpt, ours, trainer, trl  # noqa: E402

from schemas import Corpus, ModelConfig, Tokenizer  # noqa: E402
from schemas.training import LoraSettings  # noqa: E402
from steps.lm import adapters  # noqa: E402
from steps.lm.batches import Micro, PackedRows, Row, WholeRows  # noqa: E402
from steps.lm.build import build, quiet  # noqa: E402
from steps.lm.supervised import encode  # noqa: E402
from steps.parse_corpus import parse_corpus  # noqa: E402
from steps.text.binfile import BinReader  # noqa: E402
from steps.text.chat import MARKS  # noqa: E402
from steps.text.tokenizers import open_tokenizer  # noqa: E402
from steps.tokenize_bin import tokenize_bin  # noqa: E402
from steps.train_tokenizer import train_tokenizer  # noqa: E402
from tests.conftest import FakeContext  # noqa: E402

VOCABULARY, LENGTH, ROWS, STEPS, LAPS = 4000, 256, 8, 8, 9
TRL_ROWS, TRL_LENGTH = 3, 512
IDS = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}


def context() -> FakeContext:
    """A step's context in a new folder."""
    return FakeContext(Path(tempfile.mkdtemp(prefix="recipe-peers-")))


def corpus(*names: str) -> Corpus:
    """Shipped files as a corpus."""
    asked = parse_corpus.params.model_validate({"sources": [{"path": f"data/{name}"} for name in names]})
    return parse_corpus(asked, context())  # type: ignore[arg-type,return-value]


def words(found: Corpus) -> Tokenizer:
    """A tokenizer of the stories with the marks of conversations."""
    asked = train_tokenizer.params.model_validate({"model": "bpe", "vocab_size": VOCABULARY, "user_symbols": list(MARKS)})
    return train_tokenizer(asked, [found], context())  # type: ignore[return-value]


def network() -> torch.nn.Module:
    """The same Llama for all."""
    sizes = ModelConfig(family="llama", d_model=256, n_layers=6, n_heads=8, vocab_size=VOCABULARY)
    return build(sizes, VOCABULARY, IDS, TRL_LENGTH, 1)


def adapted() -> Any:
    """The same adapters on it, as peft sees it."""
    return adapters.add(network(), "llama", LoraSettings(), 1)


def laps(contestants: dict[str, Lap], asked: dict[str, float], times: int) -> None:
    """Let them run in turn and print a row for each peer."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(times + 1):
        order = list(contestants)[number % len(contestants) :] + list(contestants)[: number % len(contestants)]
        for name in order:
            rate = contestants[name](STEPS)
            if number:
                found[name].append(rate)
    mine = found["recipe"]
    print(f"     recipe: {statistics.median(mine):,.0f} tokens per CPU second", flush=True)
    for name, wanted in asked.items():
        if name in found:
            ratios = sorted(a / b for a, b in zip(mine, found[name], strict=True))
            ratio, rate = statistics.median(ratios), statistics.median(found[name])
            print(f"{'ok  ' if ratio >= wanted else 'MISS'} {name}: {rate:,.0f}; ratio {ratio:.2f} (asked: {wanted} at least; "
                  f"laps {ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)  # fmt: skip


def from_scratch(stories: Corpus, tokenizer: Tokenizer, times: int) -> None:
    """Rows of a stream."""
    bins = tokenize_bin(tokenize_bin.params.model_validate({"val_fraction": 0.05}), [stories], tokenizer, context())
    reader = BinReader(bins.path, "train")
    stream = np.asarray(reader.tokens)
    blocks = [Row(stream[i : i + LENGTH], np.ones(LENGTH, bool)) for i in range(0, len(stream) - LENGTH, LENGTH)]
    print(f"from scratch, {len(stream):,} tokens of stories, {ROWS} rows of {LENGTH} a step:")
    contestants = {
        "recipe": ours(network(), PackedRows(reader, LENGTH, 1), ROWS, LENGTH, lambda made: sum(m.ids.numel() for m in made)),
        "transformers' Trainer": trainer(network(), blocks, ROWS),
        "nanoGPT's loop": nanogpt(network(), stream, ROWS, LENGTH),
    }
    laps(contestants, {"transformers' Trainer": 1.0, "nanoGPT's loop": 1.0}, times)


def lora(tokenizer: Tokenizer, times: int) -> None:
    """Conversations of all lengths."""
    opened = open_tokenizer(tokenizer.path)
    lines = (corpus("papers/pairs.jsonl").path / "corpus.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in (encode(json.loads(line), opened) for line in lines) if len(row.ids) <= TRL_LENGTH]
    sizes = [len(row.ids) for row in rows]
    print(
        f"LoRA, {len(rows)} conversations of {min(sizes)} to {max(sizes)} tokens, {statistics.mean(sizes):.0f} in the mean, {ROWS} a step:"
    )

    def real(made: list[Micro]) -> int:
        return sum(int(m.ids.numel() + m.starts.sum()) for m in made if m.starts is not None)  # the last of a row is only a target

    contestants = {
        "recipe": ours(adapted().base_model.model, WholeRows(rows, 1), ROWS, max(sizes) - 1, real),
        "transformers' Trainer + peft": trainer(adapted(), rows, ROWS),
    }
    if find_spec("trl"):
        contestants["TRL's SFTTrainer, packing"] = trl(adapted(), rows, TRL_ROWS, TRL_LENGTH)
    else:
        print("     trl is not installed: no such peer")
    laps(contestants, {"transformers' Trainer + peft": 1.3, "TRL's SFTTrainer, packing": 1.5}, times)


def main(times: int) -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    quiet()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    stories = corpus("stories")
    tokenizer = words(stories)
    from_scratch(stories, tokenizer, times)
    lora(tokenizer, times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LAPS)
