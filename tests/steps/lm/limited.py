"""`python -m tests.steps.lm.limited FOLDER HEADROOM WHEN [WRITTEN]`: a training whose process may take only so much more memory.

The limit is the kernel's (RLIMIT_AS), HEADROOM in MB; on a card it is the allocator's, HEADROOM a share of what a step took so far. So
allocations really fail. WHEN: 0 for before the loop starts, a step for once that is logged, two with a dash for until the second is
logged, or `update N` for the N-th update alone. Writes what happened to FOLDER/result.json, and states as a kill in the step after the
next would leave them to FOLDER/left. With objective sft it trains on documents that nearly fill a row each, and looks whether they are
whole in the end. Rows must be long there: at one short row a time all that a step takes fits into what the heap has free already, which
no limit sees.
"""

import ctypes
import json
import resource
import shutil
import sys
from pathlib import Path
from typing import Any

import torch

from schemas import RecipeError, TrainLine
from steps.lm import assemble
from steps.lm.batches import WholeRows
from steps.lm.build import device
from steps.lm.checkpoint import states
from steps.lm.loop import Loop
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


def limit(headroom: float) -> None:
    """Allow this process `headroom` MB more than it has mapped now; on a card so large a share of what it took at most beside what it
    holds there now.
    """
    if torch.cuda.is_available():
        held, most = torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
        torch.cuda.empty_cache()
        torch.cuda.set_per_process_memory_fraction((held + headroom * (most - held)) / torch.cuda.get_device_properties(0).total_memory)
        return
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    allowed = pages * resource.getpagesize() + int(headroom * (1 << 20))
    resource.setrlimit(resource.RLIMIT_AS, (allowed, resource.RLIM_INFINITY))


def lift() -> None:
    """Allow all that there is."""
    if torch.cuda.is_available():
        torch.cuda.set_per_process_memory_fraction(1.0)
    else:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)


class Limited(FakeContext):
    """Sets the limit when it is told to, and lifts it."""

    def __init__(self, folder: Path, headroom: float, when: str) -> None:
        super().__init__(folder)
        self.headroom = headroom
        first, _, last = when.partition("-") if "update" not in when else ("-1", "", "")
        self.first, self.last = int(first), int(last or -9)

    def event(self, name: str, **fields: Any) -> None:
        super().event(name, **fields)
        if name == "training" and self.headroom and not self.first:
            limit(self.headroom)

    def log(self, line: Any) -> None:
        super().log(line)
        if not isinstance(line, TrainLine):
            return
        if line.step == self.first and self.headroom:
            limit(self.headroom)
        if line.step == self.last:
            lift()
        if line.step == self.last + 2:  # the save of the step before the last is whole by now
            left = self.workdir.parent / "left" / "keep"
            left.mkdir(parents=True)
            for state in states(self.keep):
                shutil.copy(state, left)


def limit_update(number: int, headroom: float) -> list[int]:
    """Limit the memory within the `number`-th update alone. Returns where it will stand how many weights that moved, and how many not."""
    plain, updates, found = Loop._update, 0, []

    def update(self: Loop, rate: float) -> None:
        nonlocal updates
        updates += 1
        if updates != number:
            return plain(self, rate)
        before = [weight.detach().clone() for weight in self.trained]
        limit(headroom)
        try:
            return plain(self, rate)
        finally:
            lift()
            same = sum(torch.equal(a, b) for a, b in zip(before, self.trained, strict=True))
            found.extend([len(before) - same, same])

    Loop._update = update  # type: ignore[method-assign]
    return found


if __name__ == "__main__":
    folder, headroom, when = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    context = Limited(folder, headroom, when)
    refused, fix, whole = "", "", False
    written = json.loads(sys.argv[4] if len(sys.argv) > 4 else "{}")
    moved = limit_update(int(when.split()[1]), headroom) if "update" in when else []
    try:
        if written.get("objective") == "sft":
            whole = fine_tune(context, written)
        else:
            run(context, **{**WRITTEN, **written})
    except RecipeError as error:
        refused, fix = str(error), error.fix
    steps = [line.train_loss for line in context.lines if isinstance(line, TrainLine)]
    scored = {line.step: line.eval_loss for line in context.lines if not isinstance(line, TrainLine)}
    told = [e for e in context.events if "memory" in e["event"] + e.get("message", "")]
    result = {"losses": steps, "events": told, "refused": refused, "fix": fix,
              "scored": scored, "moved": moved, "device": device().type, "whole": whole, "stats": context.kept.get("training", {}),
              "resumed": [e["step"] for e in context.events if e["event"] == "resumed"]}  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result, default=str))
