"""Lengths rounded up where each new one has its price: on a CPU in bf16.

oneDNN makes a kernel for every shape of a product in bf16, some 15 ms and 2.5 MB each, and keeps 1,024 of them: rows of many lengths
took 700 MB more than their tensors, and longer than in fp32. In fp32 nothing is made for a shape.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST = 64  # lengths are multiples of it, and of an eighth of the power of two below them: few are different, none is 1/8 longer


def pays(precision: str, device: torch.device) -> bool:
    """Whether lengths that differ are better rounded there."""
    return precision == "bf16" and device.type == "cpu"


def rounded(length: int) -> int:
    """The next length that is used."""
    step = max(LEAST, 1 << max(0, length.bit_length() - 4))
    return -(-length // step) * step


def filled(tensor: Tensor, dim: int, value: float = 0) -> Tensor:
    """`tensor` with its dimension `dim` rounded up, `value` behind what was there."""
    more = rounded(tensor.shape[dim]) - tensor.shape[dim]
    return F.pad(tensor, [0, 0] * (tensor.ndim - 1 - dim % tensor.ndim) + [0, more], value=value) if more else tensor
