"""recipe doctor: each matter on a machine that has it wrong, the remedy, and the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from runner import health
from runner.hardware import cgroup_limit
from runner.libraries import IMPORT, PROBE, imported, libraries, probe, torch_seen
from runner.needs import needs_of
from tests.conftest import ROOT
from tests.steps.disks import close, small_disk

BLOCKED = "import sys; sys.modules.update({names!r}); sys.argv = ['recipe', *{arguments!r}]\nfrom runner.cli import main\nsys.exit(main())"


def doctor(*arguments: str, without: tuple[str, ...] = (), folder: Path = ROOT, first: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`recipe doctor` in a Python that lacks some modules. first: a folder whose modules come before all others."""
    code = BLOCKED.format(names=dict.fromkeys(without), arguments=["doctor", "--offline", *arguments])
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, env={"PATH": "/usr/bin", "PYTHONPATH": f"{first}:{ROOT}"}
    )


def test_a_python_without_ctypes_is_found_and_the_exit_code_says_so() -> None:
    """Where CI would go on to fail deep inside torch: broken, with the command that mends it, exit code 1."""
    done = doctor("--json", without=("_ctypes", "torch"))
    told = json.loads(done.stdout)
    (found,) = [each for each in told["seen"] if each["name"] == "modules"]
    assert (done.returncode, told["worst"], found["state"]) == (1, "broken", "broken")
    assert found["found"] == "this Python was built without _ctypes: torch and numpy load nothing"
    assert found["mend"]


def test_a_recipe_that_asks_for_flash_attention_needs_flash_attn(tmp_path: Path) -> None:
    """And no recipe else."""
    text = "recipe: small\nsteps:\n  - type: train\n    model: {{family: llama, d_model: 64, n_layers: 2}}\n    attn_implementation: {0}\n"
    for kernel, extras in (("flash_attention_2", {"train", "flash"}), ("sdpa", {"train"})):
        (tmp_path / "small.yaml").write_text(text.format(kernel), "utf-8")
        assert needs_of(tmp_path / "small.yaml").extras == extras


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


@pytest.mark.parametrize(
    ("name", "found", "mend"),
    [
        ("bad.yaml", "bad.yaml has a mistake (K007): recipe check names where", "recipe check bad.yaml"),
        ("bda.yaml", "there is no file bda.yaml", "recipe doctor bad.yaml"),
        ("other.yml", "there is no file other.yml", "ls *.yaml recipes/*.yaml"),
        (".", ". is a folder, not a recipe", "ls ."),
    ],
)
def test_a_recipe_that_is_wrong_or_not_there_is_said(tmp_path: Path, name: str, found: str, mend: str) -> None:
    """2, as everywhere, and never that all is well."""
    (tmp_path / "bad.yaml").write_text("recipe: bad\nsteps:\n  - type: trian\n", "utf-8")
    done = doctor(name, without=("torch",), folder=tmp_path)
    assert done.returncode == 2
    first, second, *_ = done.stdout.splitlines()
    assert (first.split(maxsplit=2), second.strip()) == (["broken", "recipe", found], f"fix: {mend}")
    assert "all is well" not in done.stdout


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
    assert probe(["triton"]) == {"error": "it ends the process (SIGABRT)", "triton": "not tried: torch does not work"}
    monkeypatch.setattr("runner.libraries.PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr("runner.libraries.PATIENCE_S", 0.5)
    assert probe([]) == {"error": "no answer within 0 s"}
    compile(PROBE, "probe", "exec")
    compile(IMPORT, "import", "exec")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "imports"),
        ("raise RuntimeError('\\n   CUDA Setup failed despite GPU being available.\\n   Please run: python -m bitsandbytes')",
         "RuntimeError: CUDA Setup failed despite GPU being available."),
        ("import os; os.abort()", "it ends the process (SIGABRT)"),
        ("import time; time.sleep(60)", "no answer within 2 s"),
        ("import bitsandbytes.cextension", "no libcudart.so.12"),
    ],
)  # fmt: skip
def test_bitsandbytes_is_imported_not_only_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str) -> None:
    """One that raises, ends the process, hangs, or puts the failure of its library off to the first call; in one line."""
    (tmp_path / "bitsandbytes").mkdir()
    (tmp_path / "bitsandbytes" / "__init__.py").write_text(code)
    late = "class Late:\n    def __init__(self):\n        self.error_msg = 'no libcudart.so.12\\nsee above'\nlib = Late()\n"
    (tmp_path / "bitsandbytes" / "cextension.py").write_text(late)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("runner.libraries.PATIENCE_S", 2.0)
    assert imported("bitsandbytes") == said


@pytest.mark.parametrize(("wanted", "state"), [(None, "note"), ({"train", "qlora"}, "broken")])
def test_a_failing_bitsandbytes_is_as_grave_as_its_need(monkeypatch: pytest.MonkeyPatch, wanted: set[str] | None, state: str) -> None:
    """A note where no recipe needs it; the remedy leaves torch as it is."""
    monkeypatch.delenv("BNB_CUDA_VERSION", raising=False)
    monkeypatch.setattr("runner.libraries._there", lambda name: True)
    failing = {"bitsandbytes": "RuntimeError: CUDA Setup failed"}
    monkeypatch.setattr("runner.libraries.probe", lambda names: CARD | {name: failing.get(name, "imports") for name in names})
    seen = {each.name: each for each in libraries(wanted, "550.90.07")}
    assert [seen[name].state for name in ("bitsandbytes", "qlora")] == [state, state]
    assert seen["bitsandbytes"].found == "does not import: RuntimeError: CUDA Setup failed"
    assert seen["bitsandbytes"].mend == 'pip install --force-reinstall --no-deps "bitsandbytes>=0.45"'
    assert seen["qlora"].found.endswith(", which does not import: no QLoRA and 8-bit optimizers")
    failing["bitsandbytes"] = "ModuleNotFoundError: No module named 'scipy'"
    assert {each.name: each.mend for each in libraries(wanted, "550.90.07")}["bitsandbytes"] == "pip install scipy"
    monkeypatch.setenv("BNB_CUDA_VERSION", "118")
    assert {each.name: each.mend for each in libraries(wanted, "550.90.07")}["bitsandbytes"] == "unset BNB_CUDA_VERSION"


def test_the_command_says_what_failed_in_bitsandbytes(tmp_path: Path) -> None:
    """From the import in the child process to the screen; without a recipe that needs it, the exit code stays 0."""
    pytest.importorskip("torch")
    (tmp_path / "bitsandbytes").mkdir()
    (tmp_path / "bitsandbytes" / "__init__.py").write_text("raise RuntimeError('CUDA Setup failed')")
    done = doctor(first=tmp_path)
    assert "does not import: RuntimeError: CUDA Setup failed" in done.stdout
    assert "ok       qlora" not in done.stdout
    assert done.returncode == 0


KERNELS = ("triton", "mamba_ssm", "causal_conv1d", "flash_attn")


@pytest.mark.parametrize("told", [{"torch": "2.13.0+cpu", "cuda_build": None, "available": False}, {"error": "OSError"}])
def test_libraries_for_cards_have_a_line_without_a_card(told: dict) -> None:
    """A note, and nothing to be done; a recipe that has no use for them is spared the lines."""
    seen = [each for each in torch_seen(told, "") if each.name in KERNELS]
    assert [(each.name, each.state, each.found, each.mend) for each in seen] == [
        (name, "note", "not installed; for NVIDIA cards", "") for name in KERNELS
    ]
    assert [each.name for each in torch_seen(told, "", {"train", "mamba"}) if each.name in KERNELS] == list(KERNELS[:3])
    assert [each.name for each in torch_seen(told, "", {"train", "flash"}) if each.name in KERNELS] == ["flash_attn"]
    (there,) = [each for each in torch_seen({**told, "mamba_ssm": "ImportError: libcuda"}, "") if each.name == "mamba_ssm"]
    assert (there.state, there.mend) == ("note", "")
    (unseen,) = [each for each in torch_seen(told, "550.90.07") if each.name == "triton"]
    assert (unseen.found, unseen.mend) == ("not installed; for NVIDIA cards, and torch sees none yet", "")


def test_libraries_for_cards_have_a_remedy_with_a_card() -> None:
    """flash-attn where the card is new enough for it."""
    ada = {**CARD, "cards": [["NVIDIA L4", [8, 9]]]}
    mends = {each.name: each.mend for each in torch_seen(ada, "550.90.07")}
    kernels = "pip install --no-build-isolation causal-conv1d mamba-ssm"
    flash = "pip install --no-build-isolation flash-attn"
    assert [mends[name] for name in KERNELS] == ["pip install triton", kernels, kernels, flash]
    (old,) = [each for each in torch_seen(CARD, "550.90.07") if each.name == "flash_attn"]
    assert (old.state, old.found, old.mend) == ("note", "not installed; for compute capability 8.0 and newer", "")


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
    (gone,) = health.hub(refuse, needed=True)
    assert gone.state == "broken"
    assert gone.found.endswith("only what is in the cache can be used: where all is there, nothing need be done")
    slow = list(health.hub(lambda address: (200, "Tue, 25 Nov 2025 10:00:00 GMT")))
    assert [(each.name, each.state) for each in slow] == [("hub", "ok"), ("clock", "warning")]
    (right,) = health.clock("Tue, 25 Nov 2025 10:00:00 GMT", 1764064800.0)
    (wrong,) = health.clock("Tue, 25 Nov 2025 10:00:00 GMT", 1764064800.0 - 3600)
    assert (right.state, wrong.found) == ("ok", "60 minutes behind: certificates may be refused")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (offline,) = health.hub(refuse, needed=True)
    assert (offline.state, offline.mend) == ("warning", "unset HF_HUB_OFFLINE")


@pytest.mark.parametrize("needed", [True, False])
def test_what_opens_the_way_to_the_hub(monkeypatch: pytest.MonkeyPatch, needed: bool) -> None:
    """By what stands in the way; to be offline by choice is no remedy."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_ENDPOINT", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)

    def mend(reason: str) -> str:
        def refuse(address: str) -> tuple[int, str]:
            raise OSError(reason)

        (seen,) = health.hub(refuse, needed=needed)
        return seen.mend

    assert mend("no route") == "export HTTPS_PROXY=http://proxy:port   # where the network has a proxy; else connect this machine"
    assert mend("[SSL: X] certificate verify failed").startswith("export SSL_CERT_FILE=/path/to/authority.pem")
    monkeypatch.setenv("HTTPS_PROXY", "http://old:1")
    assert mend("refused") == "export HTTPS_PROXY=http://proxy:port   # the one that is set leads nowhere"
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    assert mend("refused") == "unset HF_ENDPOINT   # asks huggingface.co itself"


def test_a_clock_that_no_hub_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the year of the release, by files that are here already, and by who keeps it; and it says that the hub was not asked."""
    monkeypatch.setattr("runner.health._files_of_the_past", lambda: [str(tmp_path / "installed.py")])
    noon = 1798459200.0  # 2026-12-28 12:00 UTC
    (tmp_path / "installed.py").touch()
    os.utime(tmp_path / "installed.py", (noon, noon))
    seen = [health.lone_clock(noon, kept=True), health.lone_clock(noon, kept=False)]
    assert [(each.state, each.found) for each in seen] == [
        ("ok", "2026-12-28 12:00 UTC, kept by the network's time, not compared with the hub"),
        ("note", "2026-12-28 12:00 UTC, not compared with the hub, and the network's time does not keep it"),
    ]
    assert health.lone_clock(noon - 60, kept=True).state == "ok"  # a file server's clock may be a little ahead
    slow = health.lone_clock(noon - 3 * 86400)
    assert (slow.state, bool(slow.mend)) == ("warning", True)
    assert slow.found.startswith(f"2026-12-25 12:00 UTC, 3 days behind {tmp_path / 'installed.py'}, which is here already")
    old = health.lone_clock(86400.0)
    assert (old.state, old.found) == ("warning", "1970-01-02 00:00 UTC, before this release (2026): certificates will be refused")
    monkeypatch.setattr("runner.health._kept", lambda: None)
    assert health.lone_clock(noon) == health.Seen("clock", "note", "2026-12-28 12:00 UTC, not compared with the hub")


def test_who_keeps_the_clock_is_asked_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """timedatectl where it is there and knows; and the files that a clock is held against are those of this package."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    program = tmp_path / "timedatectl"
    for body, kept in (("echo yes", True), ("echo no", False), ("exit 1", None)):
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)
        assert health._kept() is kept
    assert str(ROOT / "runner" / "health.py") in health._files_of_the_past()


def test_offline_there_is_a_clock_line_all_the_same() -> None:
    """One, whatever else is asked about."""
    told = json.loads(doctor("--json", without=("torch",)).stdout)
    (clock,) = [each for each in told["seen"] if each["name"] == "clock"]
    assert "not compared with the hub" in clock["found"]


def test_a_small_shared_memory_says_where_its_size_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pod, in a container, or on the machine itself."""
    monkeypatch.setattr("runner.health.shutil.disk_usage", lambda folder: SimpleNamespace(total=64 << 20))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    exists = {"/.dockerenv"}
    monkeypatch.setattr("runner.health.os.path.exists", lambda name: name in exists)
    docker = "start the container again with --shm-size=8g right behind `docker run`, or with shm_size: 8g in its service of compose.yaml"
    assert [each.mend for each in health.shared_memory(str(tmp_path))] == [docker]
    exists.clear()
    assert [each.mend for each in health.shared_memory(str(tmp_path))] == [f"sudo mount -o remount,size=8g {tmp_path}"]
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    pod = f"mount an emptyDir with `medium: Memory` at {tmp_path} in the pod's volumes"
    assert [each.mend for each in health.shared_memory(str(tmp_path))] == [pod]


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
