"""The recurrence of Mamba-1 in plain PyTorch, with its own backward pass, and what stands around it: softplus, skip and gate.

Why not autograd: it would keep every state, or, with an index inside the loop, give each time step a full-size gradient.
"""

from itertools import product
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

CHUNK = 16  # time steps whose states exist at one time; only the state before each chunk is kept for the backward pass
BLOCK = 128  # time steps whose inputs are prepared together, a multiple of CHUNK
STATE_ELEMENTS = 8192  # of one time step on a CPU: a chunk's buffers then stay in a core's cache
Resets = dict[tuple[int, int], list[tuple[int, int]]]  # (group, chunk) to the (step, sequence) in it where a document begins


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, state: Tensor | None = None,
    starts: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """h_t = exp(dt_t A) h_{t-1} + dt_t u_t B_t, out_t = (C_t h_t + D u_t) silu(z_t), with dt = softplus(delta).

    arXiv 2312.00752, equations 2a and 2b, discretised as in section 3.3, gated as in figure 3.
    u, delta, z: (b, T, D). A: (D, N), negative. B, C: (b, T, N). D: (D,). state: (b, N, D), what was before the first step; zeros when
    left out. starts: (b, T), true where a document begins, which sees nothing before it. Returns out (b, T, D) in the type of `u` and
    the last state (b, N, D), which carries no gradient. Whatever type `u` has, the state is in that of `A`, fp32 at least.
    """
    wide = torch.promote_types(A.dtype, torch.float32)
    if state is None:
        state = u.new_zeros(u.shape[0], A.shape[1], u.shape[2], dtype=wide)
    return SelectiveScan.apply(u, delta, A.to(wide), B, C, D.to(wide), z, state.to(wide), starts, torch.is_grad_enabled())


class SelectiveScan(torch.autograd.Function):
    """Channels are independent, so they are scanned in blocks; sequences too, or some together where one state is small.

    The layout inside is (time, sequence, state, channel): one time step is one `addcmul_` on contiguous memory, whatever the state size.
    Buffers are made once and written with `out=` or in place: a new tensor of this size costs more than the arithmetic on it.
    """

    @staticmethod
    def forward(
        ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, z: Tensor, state: Tensor, starts: Tensor | None,
        with_gradient: bool,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        (b, T, width), N = u.shape, A.shape[1]
        A = A.T.contiguous()  # (N, D)
        groups, blocks = _plan(b, N, width, u.device)
        resets = _resets(starts, len(groups[0]))
        kept = A.new_empty(b, -(-T // CHUNK) if with_gradient else 0, N, width)  # the state before each chunk
        dts = A.new_empty(u.shape if with_gradient else 0)
        out, last = torch.empty_like(u, memory_format=torch.contiguous_format), torch.empty_like(state)
        work = Work(A[:, blocks[0]], len(groups[0]), T, with_gradient=False)
        y, ys = work.rows()
        for (i, r), w in product(enumerate(groups), blocks):
            rows = slice(r.start, r.stop)
            work.begin(A[:, w], state[rows, :, w])
            saved = kept[rows, ..., w].unbind(1)
            for s in range(0, T, BLOCK):
                at = slice(s, s + BLOCK)
                ut, low, zt, Bt, Ct = _turned(A.dtype, *(x[rows, at, w] for x in (u, delta, z)), *(x[rows, at] for x in (B, C)))
                dt = F.softplus(low)
                if with_gradient:
                    dts[rows, at, w] = dt.transpose(0, 1)
                steps = (x.split(CHUNK) for x in (dt, dt * ut, Bt))
                chunks = zip(*steps, Ct.view(-1, 1, N).split(CHUNK * len(r)), ys, strict=False)
                for k, (dtc, xc, Bc, flat_C, yc) in enumerate(chunks, s // CHUNK):
                    if with_gradient:
                        saved[k].copy_(work.first)
                    h = work.scan(dtc, xc, Bc, resets.get((i, k), ()))
                    torch.bmm(flat_C, h.flatten(0, 1), out=yc[: len(flat_C)])
                    work.first.copy_(h[-1])
                out[rows, at, w] = y[: ut.shape[0] * len(r)].view(ut.shape).addcmul_(ut, D[w]).mul_(F.silu(zt)).transpose(0, 1)
            last[rows, :, w] = work.first
        ctx.save_for_backward(u, delta, dts, A, B, C, D, z, kept)
        ctx.plan = groups, blocks, resets
        ctx.mark_non_differentiable(last)
        return out, last

    @staticmethod
    def backward(ctx: Any, g_out: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        u, delta, dts, A, B, C, D, z, kept = ctx.saved_tensors
        groups, blocks, resets = ctx.plan
        T, N, g = u.shape[1], A.shape[0], len(groups[0])
        gu, g_delta, gz = (torch.empty_like(x, memory_format=torch.contiguous_format) for x in (u, delta, z))
        gA, gD, gB, gC = torch.zeros_like(A), torch.zeros_like(D), A.new_zeros(B.shape), A.new_zeros(C.shape)
        work = Work(A[:, blocks[0]], g, T, with_gradient=True)
        (y, ys), (gx, gxs), (g_dt, g_dts) = (work.rows() for _ in range(3))
        (gBw, gBs), (gCw, gCs) = (work.rows(N) for _ in range(2))
        for (i, r), w in product(enumerate(groups), blocks):
            rows = slice(r.start, r.stop)
            work.begin(A[:, w])
            saved, gAw = kept[rows, ..., w].unbind(1), gA[:, w]
            for s in range((T - 1) // BLOCK * BLOCK, -1, -BLOCK):
                at = slice(s, s + BLOCK)
                dt, ut, low, zt, go, Bt, Ct = _turned(
                    A.dtype, *(x[rows, at, w] for x in (dts, u, delta, z, g_out)), *(x[rows, at] for x in (B, C))
                )
                x, gy = dt * ut, go * F.silu(zt)
                steps = (v.split(CHUNK) for v in (dt, x, gy, Bt, Ct))
                flats = (v.view(-1, 1, v.shape[-1]).split(CHUNK * g) for v in (x, gy, Bt, Ct))
                chunks = list(enumerate(zip(*steps, *flats, ys, gxs, g_dts, gBs, gCs, strict=False), s // CHUNK))
                for k, (dtc, xc, gyc, Bc, Cc, flat_x, flat_gy, flat_B, flat_C, yc, gxc, g_dtc, gBc, gCc) in reversed(chunks):
                    m = len(flat_x)
                    work.first.copy_(saved[k])
                    h = work.scan(dtc, xc, Bc, resets.get((i, k), ())).flatten(0, 1)  # the states once more
                    torch.bmm(flat_C, h, out=yc[:m])
                    torch.bmm(flat_gy, h.transpose(1, 2), out=gCc[:m])  # a trap: h @ gy is the same, three times slower
                    q = work.scan_back(gyc, Cc).flatten(0, 1)  # their gradients
                    torch.bmm(flat_x, q.transpose(1, 2), out=gBc[:m])
                    torch.bmm(flat_B, q, out=gxc[:m])
                    gAw.add_(work.decay_gradients(dtc, out=g_dtc[:m].view(dtc.shape)))
                yt, gxt, g_dtt, gBt, gCt = (v[: len(ut) * g].view(len(ut), g, -1) for v in (y, gx, g_dt, gBw, gCw))
                gz[rows, at, w] = torch.ops.aten.silu_backward(yt.addcmul_(ut, D[w]).mul_(go), zt).transpose(0, 1)
                g_delta[rows, at, w] = torch.ops.aten.softplus_backward(g_dtt.addcmul_(gxt, ut), low, 1.0, 20.0).transpose(0, 1)
                gu[rows, at, w] = gxt.mul_(dt).addcmul_(gy, D[w]).transpose(0, 1)
                gD[w].add_(gy.mul_(ut).sum((0, 1)))
                gB[rows, at].add_(gBt.transpose(0, 1))
                gC[rows, at].add_(gCt.transpose(0, 1))
        return gu, g_delta, gA.T, gB.to(B.dtype), gC.to(C.dtype), gD, gz, None, None, None


class Work:
    """The buffers of one chunk, and what is computed in them. A: (N, W). g: sequences side by side."""

    def __init__(self, A: Tensor, g: int, T: int, *, with_gradient: bool) -> None:
        self.A, self.g, self.block = A.clone(), g, min(BLOCK, T)
        shape = (min(CHUNK, T), g, *A.shape)
        self.decay, self.states = A.new_empty(shape), A.new_empty(shape[0] + 1, *shape[1:])
        self.each_decay, self.each_state = list(self.decay), list(self.states)
        self.first = self.states[0]  # what was before the chunk
        if with_gradient:
            self.grads, self.carry = A.new_empty(shape), A.new_empty(shape[1:])
            self.each_grad = list(self.grads)

    def begin(self, A: Tensor, state: Tensor | None = None) -> None:
        """Take up other sequences or channels: A (N, W), state (g, N, W) before their first step, or going backwards."""
        self.A.copy_(A)
        if state is not None:
            self.first.copy_(state)
        else:
            self.carry.zero_()

    def rows(self, width: int | None = None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A buffer for the rows of a block, (rows * g, 1, width), and its chunks."""
        made = self.A.new_empty(self.block * self.g, 1, width or self.A.shape[1])
        return made, made.split(CHUNK * self.g)

    def scan(self, dt: Tensor, x: Tensor, B: Tensor, resets: Any) -> Tensor:
        """States of a chunk, behind `states[0]`. dt, x: (m, g, W). B: (m, g, N). Returns (m, g, N, W), a view of the buffer."""
        m = len(dt)
        torch.mul(dt.unsqueeze(2), self.A, out=self.decay[:m]).exp_()
        for t, j in resets:
            self.decay[t, j] = 0.0  # what was before does not count
        h = self.states[1 : m + 1]
        torch.mul(x.unsqueeze(2), B.unsqueeze(3), out=h)
        _recur(self.each_state[1 : m + 1], self.each_decay[:m], self.each_state[:m])
        return h

    def scan_back(self, gy: Tensor, C: Tensor) -> Tensor:
        """Gradients of a chunk's states; what its first step gives to the step before it is carried on. gy: (m, g, W). C: (m, g, N)."""
        m = len(gy)
        q = self.grads[:m]
        torch.mul(gy.unsqueeze(2), C.unsqueeze(3), out=q)
        self.each_grad[m - 1].add_(self.carry)
        _recur(self.each_grad[: m - 1][::-1], self.each_decay[1:m][::-1], self.each_grad[1:m][::-1])
        torch.mul(self.each_decay[0], self.each_grad[0], out=self.carry)
        return q

    def decay_gradients(self, dt: Tensor, out: Tensor) -> Tensor:
        """Gradient of A (N, W), and that of dt into `out` (m, g, W), from the states and their gradients, which are lost."""
        m = len(dt)
        w = self.grads[:m].mul_(self.states[:m]).mul_(self.decay[:m])  # gradient of dt A
        torch.sum(torch.mul(w, self.A, out=self.decay[:m]), 2, out=out)
        return w.mul_(dt.unsqueeze(2)).sum((0, 1))


def _recur(states: list[Tensor], decays: list[Tensor], before: list[Tensor]) -> None:
    """state += decay * before, one after the other: each `before` is the state of the last line. One call for all on a CPU.

    A trap: on CUDA the `foreach` functions do not keep the order.
    """
    if states and states[0].device.type == "cpu":
        torch._foreach_addcmul_(states, decays, before)
    else:
        for h, a, last in zip(states, decays, before, strict=True):
            h.addcmul_(a, last)


def _turned(dtype: torch.dtype, *parts: Tensor) -> list[Tensor]:
    """Each (g, m, ...) as (m, g, ...), contiguous: the sequences side by side in each time step."""
    return [part.transpose(0, 1).to(dtype).contiguous() for part in parts]


def _plan(b: int, N: int, width: int, device: torch.device) -> tuple[list[range], list[slice]]:
    """The sequences that are scanned together, as many in each group, and equal blocks of the channels."""
    if device.type != "cpu":
        return [range(b)], [slice(0, width)]
    most = max(1, STATE_ELEMENTS // N)  # channels
    g = max(n for n in range(1, b + 1) if b % n == 0 and (n == 1 or n * width <= most))
    step = max(n for n in range(1, width + 1) if width % n == 0 and n <= most)
    step = step if step >= most // 2 else width
    return [range(i, i + g) for i in range(0, b, g)], [slice(s, s + step) for s in range(0, width, step)]


def _resets(starts: Tensor | None, g: int) -> Resets:
    found: Resets = {}
    for row, t in starts.nonzero().tolist() if starts is not None else ():
        found.setdefault((row // g, t // CHUNK), []).append((t % CHUNK, row % g))
    return found
