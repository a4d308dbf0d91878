"""Out of memory, with allocations that the kernel really refuses: the run goes on with less, and ends as it would have."""

import itertools
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS binds on Linux only")


@cache
def limited(megabytes: int, after_step: int, written: str = "{}") -> dict[str, Any]:
    """What came of a training that may take `megabytes` more from `after_step` on; 0: as much as it likes."""
    folder = mkdtemp(prefix="recipe-limited-")
    small = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}  # freed memory goes back at once
    command = [sys.executable, "-m", "tests.steps.lm.limited", folder, str(megabytes), str(after_step), written]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **small}, check=True, capture_output=True, timeout=300)
    found: dict[str, Any] = json.loads((Path(folder) / "result.json").read_text())
    return found


def given_up(found: dict[str, Any]) -> list[str]:
    return [e["given_up"] for e in found["events"] if e["event"] == "memory_fallback"]


def test_it_goes_on_in_the_middle_with_the_same_losses():
    """Memory runs out in step 3: the step is done again in smaller parts, on the same rows, to the same losses.

    With 50 to 66 MB more it gives up the same twice; with 40 MB a quarter of the batch fits at one time and not at another.
    """
    whole, cut = limited(0, 0), limited(55, 2)
    assert given_up(whole) == []
    assert given_up(cut)[:1] == ["batch_size"]
    assert all(e["step"] == 2 for e in cut["events"])
    assert cut["losses"] == pytest.approx(whole["losses"], rel=1e-5)
    assert cut["stats"]["batch_size"] < whole["stats"]["batch_size"] == 64
    assert cut["stats"]["batch_size"] * cut["stats"]["gradient_accumulation_steps"] == 64


def test_the_rehearsal_finds_it_before_the_first_step():
    """With too little from the start, what must be given up is known before step 1."""
    cut = limited(15, 0)
    assert len(given_up(cut)) >= 2
    assert all(e["step"] == 0 for e in cut["events"])
    assert cut["losses"] == pytest.approx(limited(0, 0)["losses"], rel=1e-5)


def test_a_save_that_memory_has_no_room_to_try_ends_no_training():
    """What is written after the first step to see that it can be takes more than a step of a small batch: told, and gone on."""
    large = {"model": {"family": "llama", "d_model": 320, "n_layers": 4, "n_heads": 4}, "total_batch_size": 2, "batch_size": 2,
             "max_seq_length": 32, "max_steps": 3, "eval_tokens": 200}  # fmt: skip
    whole, cut = limited(0, 1, json.dumps(large)), limited(20, 1, json.dumps(large))
    assert [e["event"] for e in whole["events"]] == []
    assert [(e["event"], e["step"]) for e in cut["events"]] == [("save_not_proved", 1)]
    assert cut["losses"] == whole["losses"]


def test_told_to_stop_it_stops_with_the_table():
    """on_oom: stop ends at the first failure and says what fills the memory, and what to write."""
    found = limited(15, 0, '{"on_oom": "stop"}')
    assert found["refused"].startswith("B021: out of memory in training at step 1")
    assert "activations" in found["refused"]
    assert found["fix"] == "write batch_size: 32, or on_oom: reduce, which does so by itself"
    assert found["losses"] == []


def test_a_length_cut_for_real_loses_no_token():
    """Fine-tuning on rows of 8,192 tokens, with memory refused in the second step: micro-batch, activation checkpointing, loss chunks and
    at last the length are given up in turn; the run goes on to its end, and every document is whole in its pieces (some 10 s of CPU time).
    """
    model = {"family": "mamba", "d_model": 72, "n_layers": 2, "d_state": 4}
    wanted = {"model": model, "objective": "sft", "max_seq_length": 8192, "total_batch_size": 2, "batch_size": 2, "max_steps": 3}
    found = limited(8, 1, json.dumps(wanted))
    ladder = ["batch_size", "activation_checkpointing", "loss_chunk_tokens", "loss_chunk_tokens", "max_seq_length"]
    assert (found["refused"], given_up(found)[:5]) == ("", ladder)
    assert [e["step"] for e in found["events"]][:5] == [1] * 5
    cut = next(e for e in found["events"] if e["given_up"] == "max_seq_length")
    assert (cut["changed"]["length"], cut["changed"]["rows"]) == ([8192, 6144], [2, 4])  # of the same tokens: each document is two now
    assert (len(found["losses"]), found["whole"]) == (3, True)
    assert all(a > b for a, b in itertools.pairwise(found["losses"]))
    stats = found["stats"]
    assert (stats["batch_size"], stats["activation_checkpointing"], stats["loss_chunk_tokens"]) == (1, True, 64)
    assert stats["epochs"] == pytest.approx(3 * 2 / 4, abs=0.26)  # as many as were asked for


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="/proc is Linux's")
def test_the_peak_of_a_process_is_its_own():
    """One that is started by a large one is not taken for large: dry runs are rejected by their peaks."""
    held = bytearray(b"1") * (3 << 29)  # 1.5 GiB
    code = "import torch; from steps.lm.oom import peak_memory_gb; print(peak_memory_gb(torch.device('cpu')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert len(held) == 3 << 29
    assert 0.05 < float(done.stdout) < 1.2
