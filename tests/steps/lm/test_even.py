"""Lengths rounded up on a CPU in bf16: few of them, and nothing else is changed by it."""

import json
import os
import subprocess
import sys

import pytest
import torch

from steps.lm import even
from steps.lm.batches import end_to_end, pad
from steps.lm.evaluate import score
from steps.lm.loss import Head
from steps.lm.pack import packed
from tests.conftest import ROOT
from tests.steps.lm.small import SIZES, network
from tests.steps.lm.test_flat import made_by, mistral, rows


def test_few_lengths_are_left():
    """Each is at least as long, by less than 64 tokens or an eighth; of all up to 16,384 no more than 50 are left."""
    lengths = range(1, 16385)
    assert all(0 <= even.rounded(n) - n < max(64, n / 8 + 1) for n in lengths)
    assert all(even.rounded(even.rounded(n)) == even.rounded(n) for n in lengths)
    assert len({even.rounded(n) for n in lengths}) <= 50


@pytest.mark.parametrize("make", [*map(made_by, SIZES), mistral], ids=[*SIZES, "mistral"])
def test_what_fills_up_changes_no_loss_and_no_gradient(make):
    """Documents end to end, with a filler behind each and behind all; some positions have no target."""
    found = []
    for rounded in (False, True):
        head = Head(make().train())
        assert head.lay_flat()
        head.rounded = rounded
        micro = end_to_end(rows())
        total, plain = head.summed(micro.ids, micro.targets, 1e-3, micro.starts)
        total.backward()
        found.append([total.detach(), plain, *(p.grad for p in head.network.parameters() if p.grad is not None)])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("family", ["llama", "mamba2"])
def test_validation_is_the_same(family: str):
    """By row, though the batch is longer than they are."""
    head = Head(network(family))
    assert head.lay_flat()
    plain = score(head, rows(), 2, torch.no_grad())
    head.rounded = True
    assert score(head, rows(), 2, torch.no_grad()).loss == pytest.approx(plain.loss, rel=1e-6)


def test_packed_rows_side_by_side_are_the_same():
    """Several rows of several documents: their number of tokens stays, the documents are filled up."""
    micro, found = pad(packed(rows(), 24)), []
    for rounded in (False, True):
        head = Head(network("llama"))
        assert head.lay_flat()
        head.rounded = rounded
        found.append(float(head.summed(micro.ids, micro.targets, 0.0, micro.starts)[0].detach()))
    assert found[1] == pytest.approx(found[0], rel=1e-6)


GROWTH = """
import json, re, sys
from pathlib import Path
import numpy as np, torch
from steps.lm.batches import Row, end_to_end
from steps.lm.loss import Head
from tests.steps.lm.small import network

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

torch.set_num_threads(1)
head = Head(network("llama").train())
head.lay_flat()
head.rounded = sys.argv[1] == "rounded"

def step(length):
    micro = end_to_end([Row(np.arange(length) % 50 + 4, np.ones(length, bool))])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        head.summed(micro.ids, micro.targets, 0.0, micro.starts)[0].backward()

step(320), step(256)
before = resident()
for length in range(258, 318):
    step(length)
print(json.dumps(resident() - before))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
def test_memory_does_not_grow_with_the_number_of_lengths():
    """Sixty lengths in bf16, of which rounding leaves one: a few MB. As they are, where oneDNN makes kernels, they took hundreds here."""

    def grown(how: str) -> float:
        done = subprocess.run([sys.executable, "-c", GROWTH, how], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
                              env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)})  # fmt: skip
        return float(json.loads(done.stdout.splitlines()[-1]))

    as_they_are = grown("as they are")
    if as_they_are < 50:
        pytest.skip(f"this CPU makes no kernels for shapes in bf16: {as_they_are:.0f} MB")
    assert grown("rounded") < as_they_are / 5
