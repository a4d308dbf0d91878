"""Out of memory, with allocations that the kernel really refuses: the run goes on with less, and ends as it would have."""

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
    """Memory runs out in step 3: the step is done again in smaller parts, on the same rows, to the same losses."""
    whole, cut = limited(0, 0), limited(40, 2)
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


def test_told_to_stop_it_stops_with_the_table():
    """on_oom: stop ends at the first failure and says what fills the memory."""
    found = limited(15, 0, '{"on_oom": "stop"}')
    assert found["refused"].startswith("B021: out of memory in training at step 1")
    assert "activations" in found["refused"]
    assert found["losses"] == []
