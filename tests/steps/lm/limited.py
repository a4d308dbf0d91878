"""`python -m tests.steps.lm.limited FOLDER HEADROOM_MB AFTER_STEP`: a training whose process may take only so much more memory.

The limit is the kernel's (RLIMIT_AS), set before the loop starts (AFTER_STEP 0) or once a step is logged; so allocations really fail.
Writes what happened to FOLDER/result.json.
"""

import ctypes
import json
import resource
import sys
from pathlib import Path
from typing import Any

from schemas import RecipeError, TrainLine
from tests.conftest import FakeContext
from tests.steps.lm.small import run

WRITTEN: dict[str, Any] = {
    "model": {"family": "llama", "d_model": 48, "n_layers": 4, "n_heads": 4}, "total_batch_size": 64, "batch_size": 64,
    "max_seq_length": 192, "max_steps": 4, "eval_batch_size": 2, "eval_tokens": 400,
}  # fmt: skip


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
    refused = ""
    try:
        run(context, **{**WRITTEN, **json.loads(sys.argv[4] if len(sys.argv) > 4 else "{}")})
    except RecipeError as error:
        refused = str(error)
    steps = [line.train_loss for line in context.lines if isinstance(line, TrainLine)]
    result = {"losses": steps, "events": [e for e in context.events if "memory" in e["event"]], "refused": refused,
              "stats": context.kept.get("training", {})}  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result, default=str))
