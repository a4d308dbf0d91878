"""`python -m tests.steps.lm.limited FOLDER HEADROOM_MB AFTER_STEP [WRITTEN]`: a training whose process may take only so much more memory.

The limit is the kernel's (RLIMIT_AS), set before the loop starts (AFTER_STEP 0) or once a step is logged; so allocations really fail.
Writes what happened to FOLDER/result.json. With objective sft it trains on documents that nearly fill a row each, and looks whether they
are whole in the end. Rows must be long there: at one short row a time all that a step takes fits into what the heap has free already,
which no limit sees.
"""

import ctypes
import json
import resource
import sys
from pathlib import Path
from typing import Any

from schemas import RecipeError, TrainLine
from steps.lm import assemble
from steps.lm.batches import WholeRows
from steps.text.tokenizers import open_tokenizer
from steps.train import train
from tests.conftest import FakeContext
from tests.steps.lm.small import params, run, text, write_corpus

WRITTEN: dict[str, Any] = {
    "model": {"family": "llama", "d_model": 48, "n_layers": 4, "n_heads": 4}, "total_batch_size": 64, "batch_size": 64,
    "max_seq_length": 192, "max_steps": 4, "eval_batch_size": 2, "eval_tokens": 400,
}  # fmt: skip


def long_documents(length: int) -> list[str]:
    """Four texts of nearly `length` tokens, from other places of the stories."""
    words = open_tokenizer(text().tokenizer.path)
    whole = " ".join(row["text"] for row in text().corpus.rows())
    ids = words.encode(whole)
    return [words.decode(ids[start : start + length - 20]) for start in range(0, 2000, 500)]


def fine_tune(context: FakeContext, written: dict[str, Any]) -> bool:
    """Train on them. Returns whether, at the end, every document's rows together are the document, token by token."""
    kept: list[WholeRows] = []

    class Watched(WholeRows):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            kept.append(self)

    assemble.WholeRows = Watched  # type: ignore[misc,attr-defined]
    documents = long_documents(written["max_seq_length"])
    corpus = write_corpus(context.workdir.parent / "corpus", [{"text": text} for text in documents])
    train(params(**written), None, [corpus], text().tokenizer, None, None, context)
    words = open_tokenizer(text().tokenizer.path)
    ends = (words.bos_id, words.eos_id)
    found = ["".join(words.decode([i for i in row.ids.tolist() if i not in ends]) for row in group) for group in kept[0].groups]
    return found == documents and kept[0]._longest <= context.kept["training"]["max_seq_length"]


def limit(megabytes: int) -> None:
    """Allow this process `megabytes` more than it has mapped now."""
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (megabytes << 20),) * 2)


class Limited(FakeContext):
    """Sets the limit when it is told to."""

    def __init__(self, folder: Path, megabytes: int, after_step: int) -> None:
        super().__init__(folder)
        self.megabytes, self.after_step = megabytes, after_step

    def event(self, name: str, **fields: Any) -> None:
        super().event(name, **fields)
        if name == "training" and self.megabytes and not self.after_step:
            limit(self.megabytes)

    def log(self, line: Any) -> None:
        super().log(line)
        if isinstance(line, TrainLine) and line.step == self.after_step and self.megabytes:
            limit(self.megabytes)


if __name__ == "__main__":
    folder, context = Path(sys.argv[1]), Limited(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    refused, fix, whole = "", "", False
    written = json.loads(sys.argv[4] if len(sys.argv) > 4 else "{}")
    try:
        if written.get("objective") == "sft":
            whole = fine_tune(context, written)
        else:
            run(context, **{**WRITTEN, **written})
    except RecipeError as error:
        refused, fix = str(error), error.fix
    steps = [line.train_loss for line in context.lines if isinstance(line, TrainLine)]
    told = [e for e in context.events if "memory" in e["event"] + e.get("message", "")]
    result = {"losses": steps, "events": told, "refused": refused, "fix": fix,
              "whole": whole, "stats": context.kept.get("training", {})}  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result, default=str))
