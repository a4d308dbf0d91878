"""How long a save of 200 MB holds up training, against torch.save of the same state: `python benchmarks/train/checkpoint.py`.

Wall time, alternately, the best of five: once as the training saves (a copy, then a thread that writes, syncs and renames), once where
memory has no room for the copy (written, synced and renamed at once).
"""

import tempfile
import time
from pathlib import Path

import torch

from steps.lm.checkpoint import Saver, save_state


def main() -> None:
    """Print one line for each."""
    state = {"network": {f"w{i}": torch.randn(1024, 1024) for i in range(50)}}
    spent: dict[str, list[float]] = {"torch.save": [], "in the background": [], "at once": []}
    with tempfile.TemporaryDirectory() as folder:
        saver = Saver(Path(folder), 1)
        for step in range(5):
            begun = time.perf_counter()
            torch.save(state, Path(folder) / "plain.pt")
            spent["torch.save"].append(time.perf_counter() - begun)
            begun = time.perf_counter()
            saver.save(2 * step, state)
            spent["in the background"].append(time.perf_counter() - begun)
            saver.wait()
            begun = time.perf_counter()
            save_state(Path(folder), 2 * step + 1, state, 1)
            spent["at once"].append(time.perf_counter() - begun)
    plain = min(spent["torch.save"])
    for name, times in spent.items():
        print(f"{name}: {min(times):.3f} s, {min(times) / plain:.2f} x torch.save (asked: 1.2)")


if __name__ == "__main__":
    main()
