"""How long a save of 200 MB holds up training, against torch.save of the same state: `python benchmarks/train/checkpoint.py`.

Wall time, alternately, the best of nine: once as the training saves (a copy, then a thread that writes, syncs and renames), once where
memory has no room for the copy (written at once, then a thread that syncs and renames).
"""

import tempfile
import time
from pathlib import Path
from statistics import median

import torch

from steps.lm.checkpoint import Saver

ROUNDS = 9


def main() -> None:
    """Print one line for each."""
    state = {"network": {f"w{i}": torch.randn(1024, 1024) for i in range(50)}}
    spent: dict[str, list[float]] = {"torch.save": [], "in the background": [], "at once": []}
    with tempfile.TemporaryDirectory() as folder:
        copies = Saver(Path(folder), 1, free=lambda: 1 << 62)
        cramped = Saver(Path(folder), 1, free=lambda: 0)
        for step in range(ROUNDS):
            begun = time.perf_counter()
            torch.save(state, Path(folder) / "plain.pt")  # a new file each time, as the others write
            spent["torch.save"].append(time.perf_counter() - begun)
            (Path(folder) / "plain.pt").unlink()
            for number, (name, saver) in enumerate((("in the background", copies), ("at once", cramped))):
                begun = time.perf_counter()
                saver.save(2 * step + number, state)
                spent[name].append(time.perf_counter() - begun)
                saver.wait()
    plain = spent["torch.save"]
    for name, times in spent.items():
        ratios = f"{min(times) / min(plain):.2f} x torch.save (asked: 1.2), medians {median(times) / median(plain):.2f} x"
        print(f"{name}: {min(times):.3f} s, {ratios}")


if __name__ == "__main__":
    main()
