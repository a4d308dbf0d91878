"""benchmarks/train/card.py, which measures a GPU, tried where there is none."""

import os
import re
import subprocess
import sys

import pytest

from schemas import ModelConfig
from tests.conftest import ROOT
from tests.steps.lm.small import IDS

BENCHMARKS = ROOT / "benchmarks" / "train"


def measured(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """What it prints on a machine without a card."""
    variables = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(BENCHMARKS / "card.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=variables, timeout=300, check=False)


def test_without_a_card_it_says_so():
    """One line, and no table."""
    done = measured()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        "card.py measures a CUDA card and there is none: try the program itself with --device cpu --small"
    )


def test_tiny_on_a_cpu_all_three_train():
    """A row for each model, with tokens a second and utilisation of each, and how ours stands to the others; with what, on what, when."""
    done = measured("--device", "cpu", "--small", "--rounds", "1")
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(
        r"^a CPU, 1 threads: a trial of this program.*; torch \d.*, transformers \d.*; fp32; 20\d\d-\d\d-\d\d\.$", done.stdout, re.M
    )
    assert re.search(r"^Peak: [\d.]+ TFLOP/s, the best product of 512 x 512 matrices measured here\.$", done.stdout, re.M)
    rate, ratio = r"[\d,]+ \([\d.]+%\)", r"[\d.]+ \([\d.]+ to [\d.]+\)"
    for name in ("llama", "mamba"):
        cells = " \\| ".join([f"{name}, tiny", "2 x 32", r"[\d.e-]+", rate, rate, rate, ratio, ratio])
        assert re.search(rf"^\| {cells} \|$", done.stdout, re.M), done.stdout
    assert "mamba, tiny: own scan in PyTorch" in done.stdout


def test_operations_are_those_of_the_paper(monkeypatch: pytest.MonkeyPatch):
    """Six a token and parameter, all but the last norm's, and twelve a layer, channel and position of attention."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from card import flops

    from steps.lm.build import build

    model = ModelConfig(family="llama", d_model=48, n_layers=3, n_heads=4, vocab_size=100)
    parameters = sum(p.numel() for p in build(model, 100, IDS, 64, 1).parameters())
    assert flops(model, 64) == 6 * (parameters - 48) + 12 * 3 * 48 * 64
