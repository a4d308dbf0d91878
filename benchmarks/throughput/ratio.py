"""The throughput model against real steps: `python benchmarks/throughput/ratio.py [--write]`, each setting in a process of its own.

Real: a dry run of steps/lm/probe.py, whose clock on a CPU is the CPU time of its one thread, so that neighbours count
little. Modelled: steps/sizing for one core of this machine. The ratio is real over modelled; a plan calls it too slow below 0.5.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT)]

from runner.hardware import here  # noqa: E402
from schemas import ModelConfig  # noqa: E402
from steps.sizing.subject import read_subject  # noqa: E402

SETTINGS: tuple[tuple[str, str, int, int, dict[str, Any]], ...] = tuple(
    (family, method, rows, length, size)
    for family in ("mamba", "mamba2", "llama", "gpt2")
    for method, rows, length, size in (
        ("full", 4, 128, {"d_model": 128, "n_layers": 3, "vocab_size": 2000}),
        ("full", 2, 512, {"d_model": 256, "n_layers": 4, "vocab_size": 8000}),
        ("lora", 4, 256, {"d_model": 256, "n_layers": 4, "vocab_size": 4000}),
    )
)
REPEATS = 1  # processes; the median of more is steadier


def real(family: str, method: str, rows: int, length: int, size: dict[str, Any]) -> float:
    """Tokens a second of one core, the median of REPEATS processes."""
    found = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "answer.json"
            question = {
                "model": {"family": family, **size}, "method": method, "lora": {}, "batch_size": rows, "length": length,
                "precision": "fp32", "steps": 3, "limit_s": 20, "answer": str(file),
            }  # fmt: skip
            subprocess.run([sys.executable, "-m", "steps.lm.probe"], input=json.dumps(question), text=True, cwd=ROOT, check=True,
                           capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip
            found.append(json.loads(file.read_text())["tokens_per_s"])
    return median(found)


def modelled(family: str, method: str, rows: int, length: int, size: dict[str, Any]) -> float:
    """The same by steps/sizing."""
    machine = here().model_copy(update={"cores": 1})
    return read_subject({"method": method}).speed(ModelConfig(family=family, **size), machine, rows, length, "fp32", 1)  # type: ignore[arg-type]


def main() -> int:
    """Print the table, and keep it with --write; 1 when a ratio is below 0.5 or above 2."""
    lines = [f"# The throughput model against real steps, {here().kind}", "",
             f"Made by `python benchmarks/throughput/ratio.py --write`: {time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, "
             f"torch {version('torch')}, {platform.machine()}, one thread, fp32.", "",
             "| setting | real tokens/s | modelled | ratio |", "|---|---:|---:|---:|"]  # fmt: skip
    ratios = []
    for each in SETTINGS:
        family, method, rows, length, size = each
        measured, expected = real(*each), modelled(*each)
        ratios.append(measured / expected)
        name = f"{family} {method} {rows}x{length} d{size['d_model']}L{size['n_layers']} V{size['vocab_size']}"
        lines.append(f"| {name} | {measured:,.0f} | {expected:,.0f} | {ratios[-1]:.2f} |")
        print(lines[-1], flush=True)
    said = f"Median ratio {median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f}."
    print(said)
    if "--write" in sys.argv:
        (HERE / f"{here().kind}.md").write_text("\n".join([*lines, "", said, ""]), "utf-8")
    return 0 if min(ratios) >= 0.5 and max(ratios) <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
