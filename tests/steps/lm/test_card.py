"""Trainings on a CUDA card: a true one where there is one, else that of tests/steps/lm/card.py, which refuses what a card refuses."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from steps.lm.bitwise import FREE
from tests.conftest import ROOT
from tests.steps.lm.small import SIZES

LIBRARIES = Path(torch.__file__).parent / "lib"
INCLUDED = Path(torch.__file__).parent / "include"
TWICE = {
    "loop.py: return float(total)": 1,
    "loop.py: norm = float(torch.nn.utils.clip_grad_norm_(self.trained, s.max_grad_norm or math.inf))": 1,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tests/steps/lm/on_card.py found, in a process of its own."""
    folder = tmp_path_factory.mktemp("card")
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}  # of all that run in it
    if not torch.cuda.is_available():
        variables["CARD"] = str(compiled(folder))
        del variables["CUBLAS_WORKSPACE_CONFIG"]  # set by the first that asks for it
    done = subprocess.run([sys.executable, "-m", "tests.steps.lm.on_card", str(folder)], env=variables, cwd=ROOT, capture_output=True,
                          text=True, timeout=600)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    return told


def compiled(folder: Path) -> Path:
    """The library of card.cpp."""
    pytest.importorskip("bitsandbytes")
    compiler = shutil.which("g++")
    if compiler is None or torch.version.cuda is not None or sys.platform != "linux":
        pytest.skip("no CUDA card, and none is made without g++ and a torch that was built for the CPU")
    made = folder / "card.so"
    source, torchs = str(Path(__file__).parent / "card.cpp"), [f"-L{LIBRARIES}", "-lc10", "-ltorch_cpu", f"-Wl,-rpath,{LIBRARIES}"]
    done = subprocess.run([compiler, "-O0", "-std=c++20", "-shared", "-fPIC", f"-I{INCLUDED}", source, "-o", str(made), *torchs],
                          capture_output=True, text=True)  # fmt: skip
    if done.returncode:
        pytest.skip(f"card.cpp does not fit this torch: {done.stderr[:300]}")
    return made


def told(found: dict[str, Any], name: str) -> Any:
    assert "error" not in found[name], found[name]["error"]
    return found[name]


@pytest.mark.parametrize("family", SIZES)
def test_a_card_trains_what_the_cpu_trains(found: dict[str, Any], family: str):
    """In fp32 the losses of every step are the CPU's; no tensor is where it should not be, in either pass, in validation, or at the end."""
    facts = told(found, f"full {family}")
    assert facts["card"] == pytest.approx(facts["cpu"], rel=2e-4)
    assert facts["device"] != "cpu"


@pytest.mark.parametrize("family", ["llama", "mamba2"])
def test_a_step_waits_for_the_card_twice(found: dict[str, Any], family: str):
    """For its loss and for its gradient's norm; not for what the CPU knows before: which tokens are learned, where documents begin."""
    facts = told(found, f"rows {family}")
    assert facts["losses"][-1] < facts["losses"][0]
    assert facts["waits"] in (None, TWICE)


@pytest.mark.parametrize("family", ["mamba", "mamba2", "mamba_hebbian"])
def test_kernels_on_a_card_give_what_our_own_code_gives(found: dict[str, Any], family: str):
    """For documents in a row, under autocast; Mamba-1, whose kernel knows no documents, is waited for once more, not in every layer."""
    own, quick = (told(found, f"kernels {family}")[name] for name in ("own", "kernels"))
    assert quick["path"].startswith("mamba-ssm kernels")
    assert own["path"].startswith("own")
    assert quick["losses"] == pytest.approx(own["losses"], rel=2e-3)
    once = {} if family == "mamba2" else {"mamba.py: most = int(before[:, -1].max())": 1}
    assert quick["waits"] in (None, TWICE | once)


@pytest.mark.parametrize("family", ["llama", "mamba"])
def test_adapters_over_a_base_in_half_are_merged_scored_and_asked(found: dict[str, Any], family: str):
    """The best weights, too, which are not the last; validate_checkpoint finds their loss again, and the model writes."""
    facts = told(found, f"lora {family}")
    assert facts["best"] == 1
    assert facts["found"] == pytest.approx(facts["recorded"], abs=1e-4)
    assert facts["said"]


@pytest.mark.parametrize("name", ["fp16", "8 bit", "muon"])
def test_it_goes_on_where_it_stopped(found: dict[str, Any], name: str):
    """Scaler, moments in bytes, and what dropout draws are put back on the card: the weights are those of a run that was left alone."""
    facts = told(found, name)
    assert facts["resumed"] == [2]
    assert facts["equal"] or torch.cuda.is_available()  # a true card's sums may come in another order


@pytest.mark.parametrize("family", SIZES)
def test_deterministic_a_card_goes_on_bit_for_bit(found: dict[str, Any], family: str):
    """Killed in its third step. All the while torch is in that mode and cuDNN measures nothing; afterwards both are as they were."""
    facts = told(found, f"deterministic {family}")
    assert facts["equal"]
    assert (facts["bitwise"], facts["said"]) == (True, "resumed at step 2 of 4, bit for bit")
    assert facts["began"].endswith("; bf16; resumed it is bit for bit")
    assert (facts["modes"], facts["left"], facts["variable"]) == ([[True, False]], [False, True], ":4096:8")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("as it comes", FREE),
        ("loose", "bitsandbytes promises no order of its sums"),
        ("another card", "the card: another card there, {card} here"),
    ],
)
def test_a_card_goes_on_otherwise_and_says_why(found: dict[str, Any], name: str, why: str):
    """Out of the mode, with kernels that promise nothing, on another card. What is known before is said when the training begins."""
    facts = told(found, name)
    why = why.format(card=facts["card"])
    assert (facts["bitwise"], facts["said"]) == (False, f"resumed at step 2 of 4, not bitwise: {why}")
    assert facts["began"].endswith("resumed it is bit for bit" if name == "another card" else f"resumed it is not bitwise: {why}")


def test_a_card_goes_on_from_another_training_bit_for_bit(found: dict[str, Any]):
    """resume_from, with what dropout draws; not where that one was out of the mode."""
    facts = told(found, "prolonged")
    assert (facts["equal"], facts["kept"]) == (True, True)
    assert (facts["bitwise"], facts["said"]) == (True, "goes on at step 4 of 6 where another training ended, bit for bit")
    before = told(found, "prolonged, off before")
    assert (before["bitwise"], before["said"].partition("not bitwise: ")[2]) == (False, "deterministic was off in that run")


def test_deterministic_only_kernels_that_add_up_in_one_order_are_used(found: dict[str, Any]):
    """Those of Mamba-2 where mamba-ssm has them so and chooses none by measuring; never that of Mamba-1."""
    if "in order" not in found:
        pytest.skip("stand-ins are the kernels")
    facts = told(found, "in order")
    own = "scan in PyTorch: deterministic is on, and "
    assert {name: one["path"].partition(own)[2] or one["path"].partition(":")[0] for name, one in facts.items()} == {
        "mamba": "mamba-ssm's kernel adds up in no fixed order",
        "old": "this mamba-ssm has no deterministic kernels, or MAMBA_DETERMINISTIC switches them off",
        "new": "mamba-ssm kernels",
        "late": "mamba-ssm measures which kernels are quickest: it was imported before, or TRITON_CACHE_AUTOTUNING is set",
    }
    assert facts["old"]["losses"] == facts["late"]["losses"] == pytest.approx(facts["new"]["losses"], rel=2e-3)
    assert facts["new"]["losses"] != facts["old"]["losses"]


def test_what_cannot_be_deterministic_is_an_error_with_its_remedy(found: dict[str, Any]):
    """cuBLAS with another workspace, or begun without one; an operation without such a form. The mode is off again after each."""
    if "refused" not in found:
        pytest.skip("a true card's cuBLAS is asked once")
    needs, typed = "P120: deterministic needs CUBLAS_WORKSPACE_CONFIG=:4096:8 before cuBLAS begins, and", "type `export "
    typed += "CUBLAS_WORKSPACE_CONFIG=:4096:8` before `recipe run`"
    assert told(found, "refused") == {
        "other": ["P120", f"{needs} CUBLAS_WORKSPACE_CONFIG is ':8:8'", "deterministic", typed, False],
        "late": ["P120", f"{needs} an earlier step of this run has used the card", "deterministic", typed, False],
        "operation": ["P121", "P121: aten.cumsum.default has no deterministic form on CUDA", "deterministic",
                      "delete deterministic: a resume is not bitwise then", False],
    }  # fmt: skip


def test_a_model_runs_on_a_card_that_has_no_room_for_it(found: dict[str, Any]):
    """Stored in half it is held so; larger than that, its blocks come one by one and go again. Logits are the same but for rounding."""
    if "room" not in found:
        pytest.skip("a true card is not that full")
    facts = told(found, "room")
    assert {name: (one["half"], one["blocks"], one["left"]) for name, one in facts.items()} == {
        "whole": ("None", ["cuda"], ["cpu"]),
        "half": ("torch.bfloat16", ["cuda"], ["cpu"]),
        "blocks": ("torch.bfloat16", ["cpu"], ["cpu"]),
    }
    assert facts["whole"]["off"] < 1e-5
    assert facts["half"]["off"] == facts["blocks"]["off"] < 0.1
