"""fp32, bf16 or fp16: what `auto` means on a machine, and the contexts that a step of training runs in."""

from contextlib import AbstractContextManager, nullcontext

import torch

from schemas import RecipeError

TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def supported(precision: str, device: torch.device) -> None:
    """Raise RecipeError P101 or P102 unless `device` computes in `precision` by itself.

    A trap: is_bf16_supported() says True on a T4, by emulation.
    """
    if precision == "bf16" and device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        name = torch.cuda.get_device_name(device)
        raise RecipeError("P101", f"{name} has no bf16", field="precision", fix="write precision: auto, or fp16")
    if precision == "fp16" and device.type == "cpu":
        raise RecipeError(
            "P102", "fp16 training needs a GPU: a CPU has no fp16 arithmetic", field="precision", fix="write precision: auto, or fp32"
        )


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """The context of forward passes; weights, norms and the scan stay in fp32."""
    return nullcontext() if precision == "fp32" else torch.autocast(device.type, dtype=TYPES[precision])


def held(half: torch.dtype | None, device: torch.device) -> AbstractContextManager[object]:
    """The context in which a network runs whose matrices are held in `half`, outside of training too; none when it is None."""
    return nullcontext() if half is None else torch.autocast(device.type, dtype=half)


def scaler(precision: str, device: torch.device) -> torch.amp.GradScaler:
    """Loss scaling, on for fp16 alone (arXiv 1710.03740, section 3.2)."""
    return torch.amp.GradScaler(device.type, enabled=precision == "fp16")
