"""Training on a GPU: `python benchmarks/train/card.py > benchmarks/train/card.md`. Tokens a second and model-FLOPs utilisation.

Llamas and a Mamba in bf16 (fp16 on a card that has none): our loop against a bare hand-written one and transformers' Trainer, with the same
network, batch and card. They take laps in turn, each with a network of its own; a lap's clock begins after the first steps and ends when
the card has done all. Utilisation (arXiv 2204.02311, appendix B): 6 operations a parameter and token, and 12 x layers x width x length of
attention, or three times a scan's, over the card's dense peak. Where a batch does not fit, all have half of it. `--device cpu --small`
tries the same on a CPU, tiny, in fp32 or `--precision bf16`; its peak is that of a matrix product measured there.
"""

import argparse
import copy
import gc
import logging
import os
import statistics
import sys
import time
import warnings
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import nn

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from rivals import RIVALS, Work  # noqa: E402

from schemas import ModelConfig, RecipeError  # noqa: E402
from steps.lm import build  # noqa: E402
from steps.lm.oom import out_of_memory  # noqa: E402
from steps.lm.precision import TYPES  # noqa: E402
from steps.sizing.budget import matrix_parameters, mixing_flops  # noqa: E402

IDS: dict[str, int | None] = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
WARM, STEPS, ROUNDS = 5, 20, 3
PEAKS = (  # part of the name that CUDA gives, dense TFLOP/s in bf16 (fp16 where there is none) with sums in fp32. nvidia.com: data sheets
    # of data-center cards, of those with sparsity half of it; white papers of Turing, GA102 and Ada, appendix A, for the others
    ("H100 PCIe", 756), ("H100 NVL", 835), ("H100", 989), ("H200", 989), ("A100", 312), ("A10G", 70), ("A10", 125), ("A40", 150),
    ("L40S", 362), ("L4", 121), ("T4", 65), ("V100", 125), ("RTX A6000", 155), ("RTX 3090", 71), ("RTX 4090", 165), ("RTX 5090", 210),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A model and its batch."""

    title: str
    model: ModelConfig
    rows: int
    length: int


def _cases(small: bool) -> list[Case]:
    if small:
        llama = ModelConfig(family="llama", d_model=32, n_layers=2, n_heads=4, vocab_size=200)
        mamba = ModelConfig(family="mamba", d_model=32, n_layers=2, vocab_size=200)
        return [Case("llama, tiny", llama, 2, 32), Case("mamba, tiny", mamba, 2, 32)]
    middle = ModelConfig(family="llama", d_model=768, n_layers=12, n_heads=12, vocab_size=50304)
    large = ModelConfig(family="llama", d_model=1024, n_layers=24, n_heads=16, vocab_size=50304)
    mamba = ModelConfig(family="mamba", d_model=768, n_layers=24, vocab_size=50304)
    return [Case("llama 124M", middle, 16, 1024), Case("llama 124M", middle, 8, 2048), Case("llama 350M", large, 8, 1024),
            Case("llama 350M", large, 4, 2048), Case("mamba 130M", mamba, 8, 1024), Case("mamba 130M", mamba, 4, 2048)]  # fmt: skip


def flops(model: ModelConfig, length: int) -> int:
    """Operations of forward and backward a token; nothing that is computed twice is counted twice."""
    attention = model.family in ("llama", "gpt2")
    mixing = 12 * model.n_layers * model.d_model * length if attention else 3 * mixing_flops(model, length)
    return 6 * matrix_parameters(model) + mixing


def measured_peak(device: torch.device, dtype: torch.dtype, size: int) -> float:
    """Operations a second of the best of some products of two square matrices."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        finish(device)
        begun = time.perf_counter()
        a @ b
        finish(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def peak(device: torch.device, dtype: torch.dtype, small: bool) -> tuple[float, str]:
    """Operations a second at most, and where that is from."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    if listed := next((rate for part, rate in PEAKS if part in name), None):
        return listed * 1e12, f"{listed} TFLOP/s dense, the maker's"
    size = 512 if small else 8192
    found = measured_peak(device, dtype, size)
    return found, f"{found / 1e12:.3g} TFLOP/s, the best product of {size} x {size} matrices measured here"


def finish(device: torch.device) -> None:
    """Wait for all that the device was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def free(device: torch.device) -> None:
    """What the last lap held."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def raced(case: Case, work: Work, rounds: int) -> tuple[Work, dict[str, list[float]], str]:
    """Tokens a second of each lap, by name; the work as it fitted; and the code that computed the network.

    Raises RuntimeError when a single row does not fit.
    """
    plain = build.build(case.model, case.model.vocab_size or 0, IDS, case.length, 1)
    while True:
        try:
            return work, *_laps(plain, work, rounds)
        except Exception as error:  # allocators have many kinds; others are raised again
            full = error.code == "B021" if isinstance(error, RecipeError) else out_of_memory(error)
            if not full or work.rows == 1:
                raise
        work = replace(work, rows=work.rows // 2)
        free(work.device)
        sys.stderr.write(f"{case.title}, {case.length} tokens: out of memory, now {work.rows} rows\n")


def _laps(plain: nn.Module, work: Work, rounds: int) -> tuple[dict[str, list[float]], str]:
    found: dict[str, list[float]] = {name: [] for name in RIVALS}
    path = ""
    for number in range(rounds):
        for name in [*RIVALS][number % len(RIVALS) :] + [*RIVALS][: number % len(RIVALS)]:
            network = copy.deepcopy(plain).to(work.device)
            build.verify_kernels(network, work.precision)
            path = build.path(network, work.device)
            seconds = RIVALS[name](network, work)
            found[name].append(work.rows * work.length * work.steps / seconds)
            del network
            free(work.device)
    return found, path


def _of(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"


def told(device: torch.device, precision: str, top: str) -> str:
    """What was measured, on what, when."""
    if device.type == "cuda":
        card = torch.cuda.get_device_properties(device)
        what = f"{card.name}, {card.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    else:
        what = f"a CPU, {torch.get_num_threads()} threads: a trial of this program, no measurement of a card"
    versions = ", ".join(_of(name) for name in ("transformers", "accelerate", "mamba-ssm", "causal-conv1d"))
    return f"{what}; torch {torch.__version__}, {versions}; {precision}; {datetime.now(UTC):%Y-%m-%d}.\nPeak: {top}.\n"


def row(case: Case, work: Work, found: dict[str, list[float]], most: float) -> str:
    """A line of the table: the medians of the laps, and of the laps' ratios."""
    middle = {name: statistics.median(rates) for name, rates in found.items()}
    ours, *others = [*RIVALS]
    each = [f"{middle[name]:,.0f} ({middle[name] * flops(case.model, case.length) / most:.1%})" for name in RIVALS]
    ratios = [[a / b for a, b in zip(found[ours], found[name], strict=True)] for name in others]
    shown = [f"{statistics.median(one):.2f} ({min(one):.2f} to {max(one):.2f})" for one in ratios]
    cells = [case.title, f"{work.rows} x {case.length}", f"{flops(case.model, case.length) / 1e9:.3g}", *each, *shown]
    return f"| {' | '.join(cells)} |"


def measure(asked: argparse.Namespace, device: torch.device) -> None:
    """Print the head, the table and what computed each row."""
    precision = asked.precision or ("fp32" if device.type == "cpu" else "bf16")
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        precision = "fp16"
    most, top = peak(device, TYPES.get(precision, torch.float32), asked.small)
    print(told(device, f"{precision}{'' if precision != 'fp16' else ' (the card has no bf16)'}", top))
    columns = ["model", "batch", "GFLOP a token", *(f"{name}, tokens/s (utilisation)" for name in RIVALS)]
    columns += [f"{next(iter(RIVALS))} / {name} (laps)" for name in [*RIVALS][1:]]
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    paths: dict[str, str] = {}
    for case in _cases(asked.small):
        warm, steps = (1, 2) if asked.small else (WARM, STEPS)
        work = Work(case.rows, case.length, case.model.vocab_size or 0, warm, steps, precision, device)
        work, found, paths[case.title] = raced(case, work, asked.rounds)
        print(row(case, work, found, most), flush=True)
    print()
    for title, path in paths.items():
        print(f"{title}: {path}")


def main() -> int:
    """0, and 2 where there is no card to measure."""
    parser = argparse.ArgumentParser(description="tokens a second on a card")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--small", action="store_true", help="tiny models")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"))
    asked = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]  # Trainer would share among several
    if asked.device == "cuda" and not torch.cuda.is_available():
        sys.stderr.write("card.py measures a CUDA card and there is none: try the program itself with --device cpu --small\n")
        return 2
    build.quiet()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    measure(asked, torch.device(asked.device))
    return 0


if __name__ == "__main__":
    sys.exit(main())
