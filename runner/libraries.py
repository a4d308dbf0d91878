"""What `recipe doctor` looks at in the libraries: which are there, and, asked of a child process, what torch finds on this machine."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from runner.health import Seen, State
from steps.sizing.attention import INSTALL, MODULE

PATIENCE_S = 90.0
LEAST_TORCH, BELOW_TORCH = (2, 6), (2, 14)
DRIVERS = {11: (450, "450.80"), 12: (525, "525.60"), 13: (580, "580.65")}  # CUDA major to the driver it needs: CUDA's release notes
EXTRAS = {  # extra: what it is for, and its modules
    "train": ("training", ("torch", "transformers", "datasets", "peft", "safetensors", "sentencepiece", "tokenizers", "numpy")),
    "docs": ("PDF and Word files", ("pymupdf", "docx")),
    "export": ("GGUF and Ollama", ("gguf", "numpy", "safetensors")),
    "proof": ("the proof of an export in llama.cpp", ("xllamacpp",)),
    "qlora": ("QLoRA and 8-bit optimizers", ("bitsandbytes",)),
    "nvidia": ("memory and names of NVIDIA cards", ("pynvml",)),
    "wandb": ("tracking on Weights & Biases", ("wandb",)),
    "tensorboard": ("TensorBoard", ("tensorboard",)),
    "mlflow": ("tracking by MLflow", ("mlflow",)),
    "s3": ("stores on S3", ("s3fs",)),
}  # fmt: skip
PACKAGES = {"docx": ("python-docx",), "pynvml": ("nvidia-ml-py",), "mlflow": ("mlflow", "mlflow-skinny")}  # by their modules
KERNELS = "pip install --no-build-isolation causal-conv1d mamba-ssm"
FOR_CARDS = ("triton", "mamba_ssm", "causal_conv1d", MODULE)  # what counts on an NVIDIA card alone
UNTRIED = "not tried: torch "
PROBE = """
import json, sys
told = {}
try:
    import torch
    told["torch"], told["cuda_build"] = torch.__version__, torch.version.cuda
    told["available"] = torch.cuda.is_available()
    told["mps"] = bool(getattr(torch.backends, "mps", None)) and torch.backends.mps.is_available()
    if told["available"]:
        cards = range(torch.cuda.device_count())
        told["cards"] = [[torch.cuda.get_device_name(i), list(torch.cuda.get_device_capability(i))] for i in cards]
        told["arches"] = torch.cuda.get_arch_list()
        told["sum"] = float(torch.ones(8, device="cuda").sum())
except BaseException as error:
    told["error"] = f"{type(error).__name__}: {str(error).strip()}".splitlines()[0]
print("told " + json.dumps(told))
"""
IMPORT = """
import json, sys
name = sys.argv[1]
try:
    __import__(name)
    library = getattr(sys.modules.get(name + ".cextension"), "lib", None)  # bitsandbytes puts its failure off to the first call
    why = str(getattr(library, "__dict__", {}).get("error_msg") or "").strip()
    said = "imports" if not why or why.startswith("XPU/CPU") else why.splitlines()[0]
except BaseException as error:
    said = f"{type(error).__name__}: {str(error).strip()}".splitlines()[0]
print("told " + json.dumps({"said": said}))
"""


def libraries(wanted: set[str] | None, driver: str) -> Iterator[Seen]:
    """torch and what it finds, then the extras. wanted: extras that a recipe needs, None: no recipe is asked about.

    driver: the NVIDIA driver's version, empty without one. An extra that a recipe needs and that is absent is broken; without a
    recipe an absent extra is a note, training excepted.
    """
    told: dict[str, Any] = {}
    if wanted is None or wanted & {"train", "qlora", "mamba"}:
        quantising = ("bitsandbytes",) if wanted is None or "qlora" in wanted else ()
        asked = [name for name in (*FOR_CARDS, *quantising) if _there(name)]
        if _there("torch"):
            told = probe(asked)
            yield from torch_seen(told, driver, wanted)
        else:
            told = dict.fromkeys(asked, f"{UNTRIED}is not installed")
            yield from _kernels(told, driver, wanted)
    for extra, (purpose, modules) in EXTRAS.items():
        if wanted is not None and extra not in wanted:
            continue
        absent = [name for name in modules if not _there(name)]
        if not absent and extra == "qlora" and _fails(said := told.get("bitsandbytes", "imports")):
            found = f"{_versions(modules)}, which does not import: no {purpose}"
            yield Seen(extra, "note" if wanted is None else "broken", found, _mend_bitsandbytes(said))
        elif not absent:
            yield Seen(extra, "ok", _versions(modules))
        else:
            needed = wanted is not None or extra == "train"
            state = "broken" if wanted is not None else "warning" if needed else "note"
            yield Seen(extra, state, f"without {', '.join(absent)}: no {purpose}", f'pip install "recipe[{extra}]"')  # type: ignore[arg-type]


def torch_seen(told: dict[str, Any], driver: str, wanted: set[str] | None = None) -> Iterator[Seen]:
    """What the child process told, as findings."""
    if "error" in told:
        mend = 'pip install --force-reinstall "torch>=2.6,<2.14"'
        yield Seen("torch", "broken", f"torch does not work: {told['error']}", mend)
        yield from _kernels(told, driver, wanted)
        return
    numbers = tuple(int(n) for n in re.findall(r"\d+", told["torch"])[:2])
    build = told["cuda_build"]
    shown = f"{told['torch']}, " + (f"built for CUDA {build}" if build else "built for CPU alone")
    if not LEAST_TORCH <= numbers < BELOW_TORCH:
        yield Seen("torch", "warning", f"{shown}; tried from 2.6 to 2.13", 'pip install "torch>=2.6,<2.14"')
    else:
        yield Seen("torch", "ok", shown)
    yield from _cuda(told, driver, build)
    yield from _kernels(told, driver, wanted)


def _cuda(told: dict[str, Any], driver: str, build: str | None) -> Iterator[Seen]:
    if not driver:
        yield Seen("accelerator", "note", "Apple GPU" if told.get("mps") else "none: training runs on the CPU")
        return
    if not build:
        found = f"an NVIDIA driver {driver} is here, and torch was built for CPU alone"
        yield Seen("CUDA", "broken", found, "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu126")
        return
    major = int(build.split(".")[0])
    least, name = DRIVERS.get(major, DRIVERS[max(DRIVERS)])
    if int(driver.split(".")[0] or 0) < least:
        older = {13: "cu126", 12: "cu118"}.get(major, "cpu")
        yield Seen("CUDA", "broken", f"torch was built for CUDA {build}, which needs driver {name}; here is {driver}",
                   f"pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/{older}")  # fmt: skip
        return
    if not told["available"]:
        yield Seen("CUDA", "broken", f"driver {driver} is here and torch sees no card", 'nvidia-smi && echo "$CUDA_VISIBLE_DEVICES"')
        return
    for title, (high, low) in told["cards"]:
        yield from _card(title, high, low, told["arches"])


def _card(title: str, high: int, low: int, arches: list[str]) -> Iterator[Seen]:
    built = [int(n) for name in arches if (n := name.rpartition("_")[2]).isdigit()]
    own = 10 * high + low
    if not any(n // 10 == high and n <= own for n in built) and not any(name.startswith("compute_") for name in arches):
        found = f"{title} (compute capability {high}.{low}): this torch was built for {', '.join(arches)}"
        other = "cu128" if own > max(built, default=0) else "cu126"  # the first with Blackwell's, and one that still has the old ones
        yield Seen("card", "broken", found, f"pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/{other}")
        return
    formats = "bf16" if high >= 8 else "fp16 with a loss scaler: no bf16"
    attention = "flash attention" if high >= 8 else "memory-efficient attention: flash needs 8.0"
    yield Seen("card", "ok", f"{title}, compute capability {high}.{low}, {formats}, {attention}")


def _kernels(told: dict[str, Any], driver: str, wanted: set[str] | None) -> Iterator[Seen]:
    """What counts on an NVIDIA card alone, a note where there is none, and bitsandbytes where it was asked."""
    for name in FOR_CARDS:
        said = told.get(name, "")
        if said:
            yield _imported(name, said, wanted, card=bool(told.get("available")))
        elif wanted is not None and ("flash" if name == MODULE else "mamba") not in wanted:
            continue
        elif told.get("available"):
            yield _missed(name, wanted, max(high for _, (high, _) in told["cards"]))
        else:
            yield Seen(name, "note", "not installed; for NVIDIA cards" + (", and torch sees none yet" if driver else ""))
    if said := told.get("bitsandbytes", ""):
        yield _imported("bitsandbytes", said, wanted, card=True)  # it is for CPUs too


def _imported(name: str, said: str, wanted: set[str] | None, *, card: bool) -> Seen:
    """Of an installed library: what its import told."""
    if said == "imports":
        return Seen(name, "ok", f"{_version(name.replace('_', '-'))}, imports")
    if not _fails(said):
        return Seen(name, "note", said)
    if name == "bitsandbytes":
        needed = wanted is not None and "qlora" in wanted
        return Seen(name, "broken" if needed else "note", f"does not import: {said}", _mend_bitsandbytes(said))
    if not card:
        return Seen(name, "note", f"does not import here; for NVIDIA cards: {said}")
    mends = {"triton": "pip install --force-reinstall triton", MODULE: f"{INSTALL} --force-reinstall --no-deps"}
    return Seen(name, "warning", f"does not import: {said}", mends.get(name, KERNELS))


def _missed(name: str, wanted: set[str] | None, capability: int) -> Seen:
    """Of a library that is not installed where a card could use it. capability: of the best card, its first figure."""
    state: State = "note" if wanted is None else "warning"
    if name != MODULE:
        found = "not installed: a Mamba trains with our own scan, slower"
        return Seen(name, state, found, "pip install triton" if name == "triton" else KERNELS)
    if capability < 8:
        return Seen(name, "note", "not installed; for compute capability 8.0 and newer")
    return Seen(name, state, "not installed: attn_implementation: flash_attention_2 needs it, sdpa does not", INSTALL)


def _fails(said: str) -> bool:
    return said != "imports" and not said.startswith(UNTRIED)


def _mend_bitsandbytes(said: str) -> str:
    """The command for what its import told. --no-deps: torch stays the build that it is."""
    if os.environ.get("BNB_CUDA_VERSION"):
        return "unset BNB_CUDA_VERSION"
    absent = re.search(r"No module named '(\w+)", said)
    if absent and absent[1] != "bitsandbytes":
        return f"pip install {absent[1]}"
    return 'pip install --force-reinstall --no-deps "bitsandbytes>=0.45"'


def probe(modules: list[str]) -> dict[str, Any]:
    """What torch finds, and whether `modules` import, each asked of a child process: one that crashes or hangs harms no other."""
    told = _child(PROBE)
    if "error" in told:
        return told | dict.fromkeys(modules, f"{UNTRIED}does not work")
    return told | {name: imported(name) for name in modules}


def imported(name: str) -> str:
    """ "imports", or why the module does not, in one line."""
    told = _child(IMPORT, name)
    return str(told.get("said") or told["error"])[:200]


def _child(code: str, *arguments: str) -> dict[str, Any]:
    """What `code` tells in a process of its own; under "error" how it ended when it told nothing."""
    try:
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False,
                              encoding="utf-8", errors="replace")  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {PATIENCE_S:.0f} s"}
    for line in done.stdout.splitlines():
        if line.startswith("told "):
            told: dict[str, Any] = json.loads(line[5:])
            return told
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode < 0 or not lines:
        names = {-each.value: each.name for each in signal.Signals}
        return {"error": f"it ends the process ({names.get(done.returncode, f'exit code {done.returncode}')})"}
    return {"error": lines[-1][:200]}


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _versions(modules: tuple[str, ...]) -> str:
    shown = [f"{name} {_version(name)}" for name in modules[:4]]
    return ", ".join(shown) + (" …" if len(modules) > 4 else "")


def _version(name: str) -> str:
    for package in PACKAGES.get(name, (name,)):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "of an unknown version"
