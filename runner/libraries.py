"""What `recipe doctor` looks at in the libraries: which are there, and, asked of a child process, what torch finds on this machine."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from runner.health import Seen

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
    told["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
for name in sys.argv[1:]:
    try:
        __import__(name)
        told[name] = "imports"
    except BaseException as error:
        told[name] = f"{type(error).__name__}: {error}".splitlines()[0]
print("told " + json.dumps(told))
"""


def libraries(wanted: set[str] | None, driver: str) -> Iterator[Seen]:
    """torch and what it finds, then the extras. wanted: extras that a recipe needs, None: no recipe is asked about.

    driver: the NVIDIA driver's version, empty without one. An extra that a recipe needs and that is absent is broken; without a
    recipe an absent extra is a note, training excepted.
    """
    if (wanted is None or wanted & {"train", "qlora", "mamba"}) and find_spec("torch") is not None:
        asked = [name for name in ("mamba_ssm", "causal_conv1d", "triton") if find_spec(name) is not None]
        if wanted is not None and "qlora" in wanted and find_spec("bitsandbytes") is not None:
            asked.append("bitsandbytes")
        yield from torch_seen(probe(asked), driver, wanted)
    for extra, (purpose, modules) in EXTRAS.items():
        if wanted is not None and extra not in wanted:
            continue
        absent = [name for name in modules if not _there(name)]
        if not absent:
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
        return
    numbers = tuple(int(n) for n in re.findall(r"\d+", told["torch"])[:2])
    build = told["cuda_build"]
    shown = f"{told['torch']}, " + (f"built for CUDA {build}" if build else "built for CPU alone")
    if not LEAST_TORCH <= numbers < BELOW_TORCH:
        yield Seen("torch", "warning", f"{shown}; tried from 2.6 to 2.13", 'pip install "torch>=2.6,<2.14"')
    else:
        yield Seen("torch", "ok", shown)
    yield from _cuda(told, driver, build)
    yield from _kernels(told, wanted)


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


def _kernels(told: dict[str, Any], wanted: set[str] | None) -> Iterator[Seen]:
    """Triton, mamba-ssm and causal-conv1d, which count on a CUDA card alone; bitsandbytes where it was asked."""
    for name in ("triton", "mamba_ssm", "causal_conv1d", "bitsandbytes"):
        said = told.get(name)
        if said == "imports":
            yield Seen(name, "ok", f"{_version(name.replace('_', '-'))}, imports")
        elif said:
            mend = KERNELS if name in ("mamba_ssm", "causal_conv1d") else f"pip install --force-reinstall {name}"
            yield Seen(name, "warning", f"does not import: {said}", mend)
        elif told.get("available") and name != "bitsandbytes" and (wanted is None or "mamba" in wanted):
            mend = "pip install triton" if name == "triton" else KERNELS
            yield Seen(name, "note" if wanted is None else "warning", "not installed: a Mamba trains with our own scan, slower", mend)


def probe(modules: list[str]) -> dict[str, Any]:
    """What torch finds, and whether `modules` import, asked of a child process: a driver that crashes or hangs harms nobody."""
    try:
        done = subprocess.run([sys.executable, "-c", PROBE, *modules], capture_output=True, text=True, timeout=PATIENCE_S, check=False,
                              encoding="utf-8", errors="replace")  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {PATIENCE_S:.0f} s"}
    for line in done.stdout.splitlines():
        if line.startswith("told "):
            told: dict[str, Any] = json.loads(line[5:])
            return told
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return {"error": lines[-1][:200] if lines else f"exit code {done.returncode}"}


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
