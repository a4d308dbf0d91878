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
import torch

from tests.conftest import ROOT

bound = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS binds on Linux only")
SMALL = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}  # freed memory goes back at once
ONE_HEAP = (("MALLOC_ARENA_MAX", "1"),)  # no other takes in what this one is refused: the limit holds to the megabyte
WIDE: dict[str, Any] = {"model": {"family": "llama", "d_model": 384, "n_layers": 4, "n_heads": 6}, "precision": "fp32"}
LONG: dict[str, Any] = {"model": {"family": "mamba", "d_model": 72, "n_layers": 2, "d_state": 4}, "objective": "sft",
                        "max_seq_length": 8192, "total_batch_size": 2, "batch_size": 2, "max_steps": 6, "save_steps": 1,
                        "keep": 9}  # fmt: skip


@cache
def limited(
    headroom: float, when: int | str, written: str = "{}", device: str = "cpu", folder: str = "", more: tuple[tuple[str, str], ...] = ()
) -> dict[str, Any]:  # fmt: skip
    """What came of a training that may take `headroom` more, as tests/steps/lm/limited.py says it; 0: as much as it likes."""
    folder = folder or mkdtemp(prefix="recipe-limited-")
    variables = {**os.environ, **SMALL, **({"CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else {}), **dict(more)}
    command = [sys.executable, "-m", "tests.steps.lm.limited", folder, str(headroom), str(when), written]
    done = subprocess.run(command, cwd=ROOT, env=variables, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads((Path(folder) / "result.json").read_text())
    return {**found, "folder": folder}


def given_up(found: dict[str, Any]) -> list[str]:
    return [e["given_up"] for e in found["events"] if e["event"] == "memory_fallback"]


@pytest.mark.parametrize(
    ("device", "headroom", "within"),
    [
        pytest.param("cpu", 55, 1e-5, marks=bound),
        pytest.param(
            "cuda", 0.6, 1e-4, marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here")]
        ),
    ],
)
def test_it_goes_on_in_the_middle_with_the_same_losses(device: str, headroom: float, within: float):
    """Memory runs out in the step after the limit is set: it is done again in smaller parts, on the same rows, to the same losses.

    On a CPU, with 50 to 66 MB more, it gives up the same twice; with 40 MB a quarter of the batch fits at one time and not at another.
    On a card a share of what the whole batch took is left, and the model is so wide that the allocator's blocks do not matter.
    """
    after = 2 if device == "cpu" else 1
    written = "{}" if device == "cpu" else json.dumps(WIDE)
    whole, cut = limited(0, 0, written, device), limited(headroom, after, written, device)
    assert given_up(whole) == []
    assert given_up(cut)[:1] == ["batch_size"]
    assert cut["refused"] == ""
    assert all((e["event"], e["step"], e["during"]) == ("memory_fallback", after, "training") for e in cut["events"])
    assert cut["losses"] == pytest.approx(whole["losses"], rel=within)
    assert cut["stats"]["batch_size"] < whole["stats"]["batch_size"] == 64
    assert cut["stats"]["batch_size"] * cut["stats"]["gradient_accumulation_steps"] == 64
    assert (len(cut["losses"]), cut["device"]) == (4, device)


@bound
def test_a_validation_that_does_not_fit_is_done_in_smaller_parts():
    """Rows come one at a time in a step and 64 in a validation: after step 2 memory does not suffice for those. Only they become fewer, and
    every loss, also of the validations, is what it was."""
    asked = json.dumps({"model": {"family": "llama", "d_model": 128, "n_layers": 3, "n_heads": 4}, "total_batch_size": 1, "batch_size": 1,
                        "eval_batch_size": 64, "max_seq_length": 64, "eval_steps": 2, "eval_tokens": 8000})  # fmt: skip
    whole, cut = limited(0, 0, asked), limited(8, 2, asked, more=ONE_HEAP)
    assert whole["events"] == []
    first = cut["events"][0]
    assert (first["step"], first["during"], first["changed"]) == (2, "validation", {"eval_batch_size": [64, 32]})
    assert "memory" in first["error"]
    assert set(given_up(cut)) == {"eval_batch_size"}
    assert (cut["refused"], cut["losses"]) == ("", whole["losses"])
    assert list(cut["scored"]) == list(whole["scored"]) == ["0", "2", "4"]
    assert list(cut["scored"].values()) == pytest.approx(list(whole["scored"].values()), rel=1e-6)


@bound
def test_an_update_that_breaks_off_goes_back_to_the_last_save():
    """Muon needs memory of its own to move a matrix. In the update of step 4 it has enough for the small ones and not for the wide one:
    some weights are moved, the save of step 2 is gone back to, and the losses are those of a run that nothing befell."""
    asked = json.dumps({"model": {"family": "llama", "d_model": 128, "n_layers": 2, "n_heads": 4, "d_ff": 4096}, "optimizer": "muon",
                        "total_batch_size": 2, "batch_size": 2, "max_seq_length": 64, "save_steps": 2, "max_steps": 5})  # fmt: skip
    whole, cut = limited(0, 0, asked), limited(2, "update 4", asked, more=ONE_HEAP)
    moved, not_moved = cut["moved"]
    assert (moved > 0, not_moved > 0) == (True, True)
    assert (cut["resumed"], given_up(cut), cut["refused"]) == ([2], ["batch_size"], "")
    assert len(cut["losses"]) == 5
    assert cut["losses"] == pytest.approx(whole["losses"], rel=1e-4)


@bound
def test_the_rehearsal_finds_it_before_the_first_step():
    """With too little from the start, what must be given up is known before step 1."""
    cut = limited(15, 0)
    assert len(given_up(cut)) >= 2
    assert all(e["step"] == 0 for e in cut["events"])
    assert cut["losses"] == pytest.approx(limited(0, 0)["losses"], rel=1e-5)


@bound
def test_a_save_that_memory_has_no_room_to_try_ends_no_training():
    """What is written after the first step to see that it can be takes more than a step of a small batch: told, and gone on."""
    large = {"model": {"family": "llama", "d_model": 320, "n_layers": 4, "n_heads": 4}, "total_batch_size": 2, "batch_size": 2,
             "max_seq_length": 32, "max_steps": 3, "eval_tokens": 200}  # fmt: skip
    whole, cut = limited(0, 1, json.dumps(large)), limited(20, 1, json.dumps(large))
    assert [e["event"] for e in whole["events"]] == []
    assert [(e["event"], e["step"]) for e in cut["events"]] == [("save_not_proved", 1)]
    assert cut["losses"] == whole["losses"]


@bound
def test_told_to_stop_it_stops_with_the_table():
    """on_oom: stop ends at the first failure and says what fills the memory, and what to write."""
    found = limited(15, 0, '{"on_oom": "stop"}')
    assert found["refused"].startswith("B021: out of memory in training at step 1")
    assert "activations" in found["refused"]
    assert found["fix"] == "write batch_size: 32, or on_oom: reduce, which does so by itself"
    assert found["losses"] == []


@bound
def test_a_length_cut_for_real_loses_no_token():
    """Fine-tuning on rows of 8,192 tokens, with memory refused in the second step: micro-batch, activation checkpointing, loss chunks and
    at last the length are given up in turn; the run goes on to its end, and every document is whole in its pieces (some 20 s of CPU time).
    """
    found = limited(8, "1-3", json.dumps(LONG))
    ladder = ["batch_size", "activation_checkpointing", "loss_chunk_tokens", "loss_chunk_tokens", "max_seq_length"]
    assert (found["refused"], given_up(found)[:5]) == ("", ladder)
    assert [e["step"] for e in found["events"]][:5] == [1] * 5
    cut = next(e for e in found["events"] if e["given_up"] == "max_seq_length")
    assert (cut["changed"]["length"], cut["changed"]["rows"]) == ([8192, 6144], [2, 4])  # of the same tokens: each document is two now
    assert (len(found["losses"]), found["whole"]) == (6, True)
    assert all(a > b for a, b in itertools.pairwise(found["losses"]))
    stats = found["stats"]
    assert (stats["batch_size"], stats["activation_checkpointing"], stats["loss_chunk_tokens"]) == (1, True, 64)
    assert stats["epochs"] == pytest.approx(6 * 2 / 4, abs=0.26)  # as many as were asked for


@bound
def test_killed_after_its_length_was_cut_it_finds_its_place():
    """Run again, the same training goes on among rows as short as memory left them: its losses and weights are those of the one that was
    not killed, to the bit."""
    whole = limited(8, "1-3", json.dumps(LONG))
    left = Path(whole["folder"]) / "left"
    again = limited(0, 0, json.dumps(LONG), folder=str(left))
    (at,) = again["resumed"]
    assert at in (3, 4)
    assert (again["events"], again["stats"]["max_seq_length"]) == ([], whole["stats"]["max_seq_length"])
    assert again["losses"] == whole["losses"][at:]
    weights = "work/model.safetensors"
    assert (left / weights).read_bytes() == (Path(whole["folder"]) / weights).read_bytes()


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="/proc is Linux's")
def test_the_peak_of_a_process_is_its_own():
    """One that is started by a large one is not taken for large: dry runs are rejected by their peaks."""
    held = bytearray(b"1") * (3 << 29)  # 1.5 GiB
    code = "import torch; from steps.lm.oom import peak_memory_gb; print(peak_memory_gb(torch.device('cpu')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert len(held) == 3 << 29
    assert 0.05 < float(done.stdout) < 1.2
