"""The causal depth-wise convolution of Mamba's blocks with its SiLU, in plain PyTorch, with its own backward pass.

One multiply-add a tap on blocks that stay in cache is several times quicker on a CPU than conv1d, whose layout is another.
"""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK_ELEMENTS = 131072


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor | None, before: Tensor | None = None, starts: Tensor | None = None) -> Tensor:
    """silu(bias + sum_k weight[:, k] x_{t - K + 1 + k}), per channel.

    x: (b, T, D). weight: (D, K). before: (b, K - 1, D), the inputs before the first, zeros when left out. starts: (b, T), true where a
    document begins, which sees nothing before it. Returns (b, T, D) in the type of `x`; computed in that of `weight`, fp32 at least.
    """
    wide = torch.promote_types(weight.dtype, torch.float32)
    if before is None:
        before = x.new_zeros(x.shape[0], weight.shape[1] - 1, x.shape[2])
    bias = weight.new_zeros(weight.shape[0]) if bias is None else bias
    return CausalConv.apply(x, weight.to(wide), bias.to(wide), before, starts)


class CausalConv(torch.autograd.Function):
    """What is kept for the backward pass is the input; the sum before the SiLU is formed once more."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, before: Tensor, starts: Tensor | None) -> Tensor:
        out = torch.empty_like(x, memory_format=torch.contiguous_format)
        taps = weight.T.contiguous()  # (K, D)
        reach = _reach(starts, len(taps))
        for s, given in _blocks(x, before, len(taps), weight.dtype):
            end = s + given.shape[1] - len(taps) + 1
            out[:, s:end] = F.silu(_summed(given, taps, bias, _cut(reach, s, end, len(taps))))
        ctx.save_for_backward(x, taps, bias, before)
        ctx.reach = reach
        return out

    @staticmethod
    def backward(ctx: Any, g_out: Tensor) -> tuple[Tensor | None, ...]:
        x, taps, bias, before = ctx.saved_tensors
        K, T = len(taps), x.shape[1]
        gx = taps.new_zeros(x.shape[0], T + K - 1, x.shape[2])
        g_taps, g_bias = torch.zeros_like(taps), torch.zeros_like(bias)
        for s, given in _blocks(x, before, K, taps.dtype):
            m = given.shape[1] - K + 1
            reach = _cut(ctx.reach, s, s + m, K)
            g = torch.ops.aten.silu_backward(g_out[:, s : s + m].to(taps.dtype), _summed(given, taps, bias, reach))
            g_bias += g.sum((0, 1))
            for k in range(K):
                seen = g if reach is None or k == K - 1 else g * (reach >= K - 1 - k)
                gx[:, s + k : s + k + m].addcmul_(seen, taps[k])
                g_taps[k] += (seen * given[:, k : k + m]).sum((0, 1))
        return gx[:, K - 1 :].to(x.dtype), g_taps.T, g_bias, None, None


def _summed(given: Tensor, taps: Tensor, bias: Tensor, reach: Tensor | None) -> Tensor:
    """(b, m, D) of `given` (b, m + K - 1, D). reach: (b, m, 1), how many inputs back each position may look; None: all."""
    K = len(taps)
    m = given.shape[1] - K + 1
    y = torch.addcmul(bias, given[:, K - 1 :], taps[-1])
    for k in range(K - 1):
        tap = given[:, k : k + m]
        y.addcmul_(tap if reach is None else tap * (reach >= K - 1 - k), taps[k])
    return y


def _blocks(x: Tensor, before: Tensor, K: int, dtype: torch.dtype) -> Iterator[tuple[int, Tensor]]:
    """Parts of the sequence, each with the K - 1 inputs before it, and where it begins."""
    b, T, D = x.shape
    step = T if x.device.type != "cpu" else max(8, BLOCK_ELEMENTS // (b * D))
    for s in range(0, T, step):
        head = torch.cat([before, x[:, :s]], 1)[:, -(K - 1) :] if s < K - 1 else x[:, s - K + 1 : s]
        yield s, torch.cat([head, x[:, s : s + step]], 1).to(dtype) if K > 1 else x[:, s : s + step].to(dtype)


def _reach(starts: Tensor | None, K: int) -> Tensor | None:
    """How many inputs back each position may look, K - 1 where nothing hinders: (b, T, 1). None where no document begins.

    Only a CPU is asked, here and in `_cut`: a card would be waited for in every layer, and does all blocks in one.
    """
    if starts is None or (starts.device.type == "cpu" and not bool(starts.any())):
        return None
    place = torch.arange(starts.shape[1], device=starts.device).expand(starts.shape)
    first = torch.where(starts, place, -K).cummax(1).values
    return (place - first).clamp(max=K - 1)[..., None]


def _cut(reach: Tensor | None, start: int, end: int, K: int) -> Tensor | None:
    """`reach` of a part, None where no border is near."""
    part = None if reach is None else reach[:, start:end]
    return None if part is None or (part.device.type == "cpu" and bool((part == K - 1).all())) else part
