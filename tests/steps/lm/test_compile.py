"""torch.compile around a network whose scan stays outside of the graph."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from steps.lm.loss import Head
from tests.conftest import ROOT, FakeContext
from tests.steps.lm.small import SIZES, run

CHILD = """
import json, sys
from tests.conftest import FakeContext
from tests.steps.lm.small import SIZES, run
from pathlib import Path
from schemas import TrainLine

found = {}
for compile in (False, True):
    context = FakeContext(Path(sys.argv[1]) / str(compile))
    run(context, model={**SIZES["mamba"], "n_layers": 1}, max_steps=3, compile=compile)
    found[compile] = [line.train_loss for line in context.lines if isinstance(line, TrainLine)]
    assert not context.warnings, context.warnings
print(json.dumps([found[False], found[True]]))
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_a_mamba_compiles_and_learns_the_same(tmp_path: Path):
    """The same losses as without, in a process of its own (some 15 s of CPU time: the compiler's); it took minutes with the scan inside."""
    import json

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    plain, compiled = json.loads(done.stdout.splitlines()[-1])
    assert compiled == pytest.approx(plain, rel=1e-5)


def test_it_is_tried_as_training_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Under autocast: over a base in half precision a pass without fails for its types, and compiling would be given up for that."""
    seen: list[bool] = []
    monkeypatch.setattr(Head, "compile", lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    for precision in ("fp32", "bf16"):
        run(FakeContext(tmp_path / precision), model=SIZES["llama"], max_steps=1, compile=True, precision=precision)
    assert seen == [False, True]
