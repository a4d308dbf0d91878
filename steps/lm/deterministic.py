"""The deterministic mode of a card: what torch, cuBLAS and the kernels are told, and a record of what the bits then depend on."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas import RecipeError

FIELD = "deterministic"
VARIABLE, FIXED = "CUBLAS_WORKSPACE_CONFIG", (":4096:8", ":16:8")  # what torch takes for deterministic; the first is the quicker one
PACKAGES = ("triton", "mamba-ssm", "causal-conv1d", "flash-attn")  # whose kernels may be in use
REFUSED = "does not have a deterministic implementation"  # as torch says it of an operation
COMPILED = "torch.compile chooses its kernels by the lengths that it has met"
LATE = "but this operation is not deterministic because it uses"  # and of cuBLAS


@contextmanager
def mode(asked: bool, device: torch.device) -> Iterator[None]:
    """Compute in one order on `device`, where it is a card, and as before afterwards. A CPU does so anyway.

    With the flag PyTorch's scaled_dot_product_attention leaves cuDNN's kernels out, and its others go back in one order. The variable
    stays: cuBLAS has read it. Raises RecipeError P120 where cuBLAS began without it, P121 for an operation that has no such form.
    """
    if not asked or device.type != "cuda":
        yield
        return
    held = os.environ.setdefault(VARIABLE, FIXED[0])
    if held not in FIXED:
        raise _unfixed(f"{VARIABLE} is {held!r}")
    flag, warning = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    tuned = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        one = torch.ones(2, 2, device=device)
        torch.mm(one, one)  # asks what torch found at the first product of the process
        yield
    except RuntimeError as error:
        said = str(error)
        if LATE in said:
            raise _unfixed("an earlier step of this run has used the card") from error
        if REFUSED not in said:
            raise
        message = f"{said.partition(REFUSED)[0].strip()} has no deterministic form on CUDA"
        raise RecipeError("P121", message, field=FIELD, fix=f"delete {FIELD}: a resume is not bitwise then") from error
    finally:
        torch.use_deterministic_algorithms(flag, warn_only=warning)
        torch.backends.cudnn.benchmark = tuned


def on(device: torch.device) -> bool:
    """Whether what is computed on `device` has to come in one order by our care; a CPU's does by itself."""
    return device.type == "cuda" and torch.are_deterministic_algorithms_enabled()


def computed_by(params: Any, network: nn.Module, device: torch.device, path: str) -> dict[str, Any]:
    """What the bits of a training depend on beside its settings, as plain data. path: which code computes the network, in words."""
    compiled = [COMPILED] if params.compile else []
    if device.type != "cuda":
        precision = "fp32" if params.precision == "auto" else params.precision
        facts = {"torch": str(torch.__version__), "the processor": _processor(), "precision": precision, "compile": params.compile}
        even = params.objective == "lm" and params.packing != "documents"  # all rows as long: it has met all of them at the first
        return {"device": device.type, "facts": facts, "loose": [] if even else compiled}
    loose = compiled
    if params.method == "qlora" or params.optimizer == "adamw_8bit":
        loose.append("bitsandbytes promises no order of its sums")
    facts = {
        "the card": torch.cuda.get_device_name(device), "the number of cards": torch.cuda.device_count(), "torch": str(torch.__version__),
        "CUDA": torch.version.cuda, "cuDNN": torch.backends.cudnn.version(), "precision": params.precision,
        "products in fp32": torch.get_float32_matmul_precision(), "the code": path, **{name: _version(name) for name in PACKAGES},
    }  # fmt: skip
    return {"device": "cuda", "deterministic": on(device), "loose": loose, "facts": facts}


def _processor() -> str:
    """What torch and the library of its products choose their kernels by, as far as it is told: kind, maker, and widest instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    maker = next((line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id")), "")
    return " ".join(filter(None, (platform.machine(), maker, torch.backends.cpu.get_cpu_capability())))


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _unfixed(why: str) -> RecipeError:
    message = f"deterministic needs {VARIABLE}={FIXED[0]} before cuBLAS begins, and {why}"
    return RecipeError("P120", message, field=FIELD, fix=f"type `export {VARIABLE}={FIXED[0]}` before `recipe run`")
