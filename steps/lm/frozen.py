"""The frozen base under LoRA on a GPU: its matrices in the half precision that is computed in, all else in fp32."""

import json
import struct
from pathlib import Path
from typing import Any

import torch
from torch import nn

from schemas.training import ADAPTED
from steps.lm.precision import TYPES

STORED = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}  # safetensors' names


def held_dtype(method: str, precision: str, device: torch.device) -> torch.dtype | None:
    """What the base's matrices are held in, None for fp32: LoRA on CUDA does not train them, and autocast would halve them anyway."""
    return TYPES.get(precision) if method in ADAPTED and device.type == "cuda" else None


def halve(network: nn.Module, dtype: torch.dtype) -> None:
    """Matrices and embeddings in `dtype`, in place; norms, biases, convolutions and a scan's A stay, or go, to fp32.

    The embedding gives fp32, so the residual stream is as wide as over an fp32 base: only products are in half, as under autocast,
    and an fp16 stream cannot overflow. The network runs under autocast from then on.
    """
    for module in network.modules():
        large = isinstance(module, (nn.Linear, nn.Embedding)) or type(module).__name__ == "Conv1D"  # GPT-2's, a matrix too
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.is_floating_point():  # not what bitsandbytes packed into bytes
                parameter.data = parameter.data.to(dtype if large and name == "weight" else torch.float32)
    network.get_input_embeddings().register_forward_hook(_widened)


def _widened(_: nn.Module, __: Any, out: torch.Tensor) -> torch.Tensor:
    return out.float()


def stored_dtype(folder: Path) -> torch.dtype:
    """The type of most weights in a transformers folder, from the heads of its safetensors files; fp32 where it is none of STORED."""
    sizes: dict[str, int] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        for name, entry in header.items():
            if name != "__metadata__":
                start, end = entry["data_offsets"]
                sizes[entry["dtype"]] = sizes.get(entry["dtype"], 0) + end - start
    return STORED.get(max(sizes, key=lambda kind: sizes[kind]), torch.float32) if sizes else torch.float32


@torch.no_grad()
def rounded(network: nn.Module, stored: torch.dtype) -> None:
    """Give every weight the value that it will have when it is read back from a file in `stored`."""
    if stored != torch.float32:
        for parameter in network.parameters():
            parameter.copy_(parameter.to(stored))
