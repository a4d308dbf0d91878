"""recipe doctor: each matter on a machine that has it wrong, the remedy, and the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner import health
from runner.hardware import cgroup_limit
from runner.libraries import PROBE, probe, torch_seen
from runner.needs import needs_of
from tests.conftest import ROOT
from tests.steps.disks import close, small_disk

BLOCKED = "import sys; sys.modules.update({names!r}); sys.argv = ['recipe', *{arguments!r}]\nfrom runner.cli import main\nsys.exit(main())"


def doctor(*arguments: str, without: tuple[str, ...] = (), folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`recipe doctor` in a Python that lacks some modules."""
    code = BLOCKED.format(names=dict.fromkeys(without), arguments=["doctor", "--offline", *arguments])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT)}
    )


def test_a_python_without_ctypes_is_found_and_the_exit_code_says_so() -> None:
    """Where CI would go on to fail deep inside torch: broken, with the command that mends it, exit code 1."""
    done = doctor("--json", without=("_ctypes", "torch"))
    told = json.loads(done.stdout)
    (found,) = [each for each in told["seen"] if each["name"] == "modules"]
    assert (done.returncode, told["worst"], found["state"]) == (1, "broken", "broken")
    assert found["found"] == "this Python was built without _ctypes: torch and numpy load nothing"
    assert found["mend"]


def test_without_torch_it_works_and_loads_nothing_heavy() -> None:
    """No training is a warning, not a fault: check and plan need no torch."""
    done = doctor(without=("torch", "numpy", "rich"))
    assert done.returncode == 0, done.stderr
    said = next(line for line in done.stdout.splitlines() if "no training" in line)
    assert "without torch" in said  # and whatever else of the extra is absent here
    assert 'fix: pip install "recipe[train]"' in done.stdout


def test_a_recipe_is_judged_by_its_own_needs() -> None:
    """phase1_tr reads the hub, trains and exports; it needs no tracking, no bitsandbytes and no PDF reader."""
    needs = needs_of(ROOT / "recipes" / "phase1_tr.yaml")
    assert (needs.extras, needs.hub, needs.errors) == ({"train", "export", "mamba"}, True, ())
    assert needs.disk_bytes > 1e6
    done = doctor("recipes/phase1_tr.yaml", without=("gguf",))
    assert done.returncode == 1
    assert 'fix: pip install "recipe[export]"' in done.stdout
    assert "wandb" not in done.stdout


def test_a_recipe_with_errors_has_a_code_of_its_own(tmp_path: Path) -> None:
    """2, as everywhere."""
    (tmp_path / "bad.yaml").write_text("recipe: bad\nsteps:\n  - type: trian\n", "utf-8")
    assert doctor("bad.yaml", without=("torch",), folder=tmp_path).returncode == 2


CARD = {
    "torch": "2.11.0+cu126",
    "cuda_build": "12.6",
    "available": True,
    "cards": [["Tesla T4", [7, 5]]],
    "arches": ["sm_70", "sm_75", "sm_80"],
}


@pytest.mark.parametrize(("title", "own", "index"), [("Tesla P100", [6, 0], "cu126"), ("NVIDIA GeForce RTX 5090", [12, 0], "cu128")])
def test_a_card_that_this_torch_was_not_built_for_has_another_build(title: str, own: list[int], index: str) -> None:
    """An old card an old one, a new card a new one: not the build that is there."""
    (seen,) = [each for each in torch_seen({**CARD, "cards": [[title, own]]}, "580.82.07") if each.name == "card"]
    assert seen.state == "broken"
    assert seen.mend == f"pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/{index}"


@pytest.mark.parametrize(
    ("told", "driver", "wanted"),
    [
        ({"error": "OSError: no libcudart.so.12"}, "", ("torch", "broken", "torch does not work: OSError: no libcudart.so.12")),
        ({"torch": "2.13.0+cpu", "cuda_build": None, "available": False}, "550.90.07",
         ("CUDA", "broken", "an NVIDIA driver 550.90.07 is here, and torch was built for CPU alone")),
        ({**CARD, "cuda_build": "13.0"}, "550.90.07",
         ("CUDA", "broken", "torch was built for CUDA 13.0, which needs driver 580.65; here is 550.90.07")),
        ({**CARD, "available": False}, "550.90.07", ("CUDA", "broken", "driver 550.90.07 is here and torch sees no card")),
        ({**CARD, "cards": [["Tesla P100", [6, 0]]]}, "550.90.07",
         ("card", "broken", "Tesla P100 (compute capability 6.0): this torch was built for sm_70, sm_75, sm_80")),
        (CARD, "550.90.07",
         ("card", "ok", "Tesla T4, compute capability 7.5, fp16 with a loss scaler: no bf16, memory-efficient attention: flash needs 8.0")),
        ({**CARD, "cards": [["NVIDIA H100", [9, 0]]], "arches": ["sm_80", "sm_90"]}, "580.82.07",
         ("card", "ok", "NVIDIA H100, compute capability 9.0, bf16, flash attention")),
        ({**CARD, "torch": "2.15.0+cu126"}, "550.90.07", ("torch", "warning", "2.15.0+cu126, built for CUDA 12.6; tried from 2.6 to 2.13")),
        ({**CARD, "mamba_ssm": "ImportError: selective_scan_cuda"}, "550.90.07",
         ("mamba_ssm", "warning", "does not import: ImportError: selective_scan_cuda")),
    ],
)  # fmt: skip
def test_torch_driver_and_card_are_held_against_each_other(told: dict, driver: str, wanted: tuple[str, str, str]) -> None:
    """What the child process tells, on machines that we do not have; what is not well has a command."""
    seen = {each.name: each for each in torch_seen(told, driver)}
    each = seen[wanted[0]]
    assert (each.name, each.state, each.found) == wanted
    assert bool(each.mend) == (each.state != "ok")


def test_a_child_that_crashes_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that ends the process takes nobody with it, and one that hangs is given up."""
    monkeypatch.setattr("runner.libraries.PROBE", "import os; os.abort()")
    assert probe([]) == {"error": "exit code -6"}
    monkeypatch.setattr("runner.libraries.PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr("runner.libraries.PATIENCE_S", 0.5)
    assert probe([]) == {"error": "no answer within 0 s"}
    compile(PROBE, "probe", "exec")


def test_limits_of_containers_in_both_versions(tmp_path: Path) -> None:
    """The lowest limit from the group up to the root counts; "max" and version 1's huge number are none."""
    group = tmp_path / "a" / "b"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (tmp_path / "a" / "memory.max").write_text("4000000000\n")
    assert cgroup_limit(tmp_path, "0::/a/b\n") == 4_000_000_000
    old = tmp_path / "memory" / "docker" / "x"
    old.mkdir(parents=True)
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (old / "memory.limit_in_bytes").write_text("2000000000\n")
    assert cgroup_limit(tmp_path, "5:memory:/docker/x\n") == 2_000_000_000
    assert cgroup_limit(tmp_path / "none", "") == 0


def test_the_hub_and_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is a note, unless the recipe reads the hub; a wrong clock is found by the Date header."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def refuse(address: str) -> tuple[int, str]:
        raise ConnectionRefusedError(111, "Connection refused")

    assert [each.state for each in health.hub(refuse)] == ["note"]
    assert [each.state for each in health.hub(refuse, needed=True)] == ["broken"]
    slow = list(health.hub(lambda address: (200, "Tue, 25 Nov 2025 10:00:00 GMT")))
    assert [(each.name, each.state) for each in slow] == [("hub", "ok"), ("clock", "warning")]
    (right,) = health.clock("Tue, 25 Nov 2025 10:00:00 GMT", 1764064800.0)
    (wrong,) = health.clock("Tue, 25 Nov 2025 10:00:00 GMT", 1764064800.0 - 3600)
    assert (right.state, wrong.found) == ("ok", "60 minutes behind: certificates may be refused")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (offline,) = health.hub(refuse, needed=True)
    assert (offline.state, offline.mend) == ("warning", "unset HF_HUB_OFFLINE")


def test_disk_that_is_full_or_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe that writes more than is free, and a folder that may not be written."""
    seen = {each.name: each for each in health.disk(tmp_path, tmp_path / "store", 1e18)}
    assert (seen["store"].state, seen["store"].mend) == ("broken", "export RECIPE_STORE=/a/larger/disk")
    monkeypatch.setattr("runner.health.os.access", lambda path, mode: False)
    closed = {each.name: each for each in health.disk(tmp_path, tmp_path / "store")}
    assert (closed["project"].state, closed["hub cache"].state) == ("broken", "warning")
    assert closed["project"].mend == f'sudo chown -R "$USER" {tmp_path}'


def test_a_disk_that_is_mounted_for_reading_is_no_matter_of_owners(tmp_path: Path) -> None:
    """The remedy names where it is mounted."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        (disk / "project").mkdir()
        close(disk)
        seen = {each.name: each for each in health.disk(disk / "project", disk / "project" / "store")}
    assert (seen["project"].state, seen["project"].mend) == ("broken", f"sudo mount -o remount,rw {disk}")


def test_few_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A soft limit of 256, as on macOS, with a higher one allowed."""
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda what: (256, 65536))
    (found,) = health.handles()
    assert (found.state, found.mend) == ("warning", "ulimit -n 65536")
