"""The recurrence of Mamba-1 and its causal convolution in plain PyTorch, each with its own backward pass.

Why not autograd: it would keep every state, or, with an index inside the loop, give each time step a full-size gradient.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 16  # time steps whose states exist at one time; only the state before each chunk is kept for the backward pass


def selective_scan(u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """h_t = exp(dt_t A) h_{t-1} + dt_t u_t B_t, y_t = C_t h_t (arXiv 2312.00752, equations 2a and 2b, discretised as in section 3.3).

    u, dt: (T, B, D), dt after softplus. A: (D, N), negative. B, C: (T, B, N). state: (B, N, D), zeros when left out.
    Returns y (T, B, D) and the last state (B, N, D), which carries no gradient. Computed in the type of `u`.
    """
    if state is None:
        state = u.new_zeros(u.shape[1], A.shape[1], u.shape[2])
    return SelectiveScan.apply(u, dt, A.transpose(0, 1), B, C, state)


class SelectiveScan(torch.autograd.Function):
    """The layout inside is (time, batch, state, channel): one time step is one `addcmul_` on contiguous memory, whatever the state size.

    Buffers are made once and written with `out=`: a new tensor of this size costs more in page faults than in arithmetic.
    """

    @staticmethod
    def forward(ctx: Any, u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        u, dt, A, B, C = (x.contiguous() for x in (u, dt, A, B, C))
        T, b, D = u.shape
        N = A.shape[0]
        y = torch.empty_like(u)
        starts = u.new_empty((T + CHUNK - 1) // CHUNK + 1, b, N, D)  # the state before each chunk, and the last one
        starts[0] = state
        du = dt * u
        decay, states = (u.new_empty(min(CHUNK, T), b, N, D) for _ in range(2))
        each_decay, each_state = decay.unbind(0), states.unbind(0)
        for k, s in enumerate(range(0, T, CHUNK)):
            e = min(s + CHUNK, T)
            m = e - s
            torch.mul(dt[s:e, :, None, :], A, out=decay[:m]).exp_()  # (m, b, N, D)
            torch.mul(du[s:e, :, None, :], B[s:e, :, :, None], out=states[:m])
            h = starts[k]
            for t in range(m):
                h = each_state[t].addcmul_(each_decay[t], h)
            starts[k + 1] = h
            torch.bmm(C[s:e].view(m * b, 1, N), states[:m].view(m * b, N, D), out=y[s:e].view(m * b, 1, D))
        ctx.save_for_backward(u, dt, A, B, C, starts)
        last = starts[-1].clone()
        ctx.mark_non_differentiable(last)
        return y, last

    @staticmethod
    def backward(ctx: Any, gy: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        u, dt, A, B, C, starts = ctx.saved_tensors
        gy = gy.contiguous()
        T, b, D = u.shape
        N = A.shape[0]
        size = min(CHUNK, T)
        gdt, gdu, gB, gC = (torch.empty_like(x) for x in (u, u, B, C))
        gA = torch.zeros_like(A)
        du = dt * u
        decay, grads, states = u.new_empty(size, b, N, D), u.new_empty(size, b, N, D), u.new_empty(size + 1, b, N, D)
        carry = u.new_zeros(b, N, D)
        each_decay, each_grad, each_state = decay.unbind(0), grads.unbind(0), states.unbind(0)
        for s in range((T - 1) // CHUNK * CHUNK, -1, -CHUNK):
            e = min(s + CHUNK, T)
            m = e - s
            a, g, h = decay[:m], grads[:m], states[1 : m + 1]
            torch.mul(dt[s:e, :, None, :], A, out=a).exp_()
            each_state[0].copy_(starts[s // CHUNK])
            torch.mul(du[s:e, :, None, :], B[s:e, :, :, None], out=h)
            for t in range(m):  # the states of this chunk once more
                each_state[t + 1].addcmul_(each_decay[t], each_state[t])
            torch.bmm(h.view(m * b, N, D), gy[s:e].view(m * b, D, 1), out=gC[s:e].view(m * b, N, 1))
            torch.mul(gy[s:e, :, None, :], C[s:e, :, :, None], out=g)
            each_grad[m - 1].add_(carry)
            for t in range(m - 2, -1, -1):  # the same recurrence, backwards
                each_grad[t].addcmul_(each_decay[t + 1], each_grad[t + 1])
            torch.mul(each_decay[0], each_grad[0], out=carry)
            torch.bmm(g.view(m * b, N, D), du[s:e].view(m * b, D, 1), out=gB[s:e].view(m * b, N, 1))
            torch.bmm(B[s:e].view(m * b, 1, N), g.view(m * b, N, D), out=gdu[s:e].view(m * b, 1, D))
            w = g.mul_(states[:m]).mul_(a)  # gradient of dt A
            torch.sum(torch.mul(w, A, out=a), 2, out=gdt[s:e])
            gA += w.mul_(dt[s:e, :, None, :]).sum((0, 1))
        gdt.addcmul_(gdu, u)
        return gdu.mul_(dt), gdt, gA, gB, gC, None


class CausalConv(torch.autograd.Function):
    """Depth-wise causal convolution over the first dimension, one multiply-add a tap: four times quicker than conv1d on a CPU."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        T, taps = x.shape[0] - weight.shape[1] + 1, weight.shape[1]
        y = torch.addcmul(bias, x[:T], weight[:, 0])
        for k in range(1, taps):
            y.addcmul_(x[k : k + T], weight[:, k])
        ctx.save_for_backward(x, weight)
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        T, taps = gy.shape[0], weight.shape[1]
        gx = torch.zeros_like(x)
        gw = torch.empty_like(weight)
        for k in range(taps):
            gx[k : k + T].addcmul_(gy, weight[:, k])
            gw[:, k] = (gy * x[k : k + T]).sum((0, 1))
        return gx, gw, gy.sum((0, 1))


def causal_conv(x: Tensor, weight: Tensor, bias: Tensor | None, before: Tensor | None = None) -> Tensor:
    """y_t = bias + sum_k weight[:, k] x_{t - K + 1 + k}, per channel.

    x: (T, B, D). weight: (D, K). before: (K - 1, B, D), the inputs before the first, zeros when left out. Returns (T, B, D).
    """
    taps = weight.shape[1]
    x = F.pad(x, (0, 0, 0, 0, taps - 1, 0)) if before is None else torch.cat([before, x])
    return CausalConv.apply(x, weight, weight.new_zeros(weight.shape[0]) if bias is None else bias)
