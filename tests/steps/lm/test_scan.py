"""The scans of Mamba-1 and Mamba-2 and their convolution against the recurrences as the papers write them."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F

from steps.lm import scan
from steps.lm.conv import causal_conv
from steps.lm.mamba2 import ssd
from steps.lm.scan import selective_scan

NAMES = ("u", "delta", "A", "B", "C", "D", "z")


def inputs(T: int, b: int = 2, D: int = 6, N: int = 3, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    u, z, delta, B, C = (torch.randn(b, T, n, generator=g, dtype=dtype) for n in (D, D, D, N, N))
    A, skip = -torch.exp(torch.randn(D, N, generator=g, dtype=dtype)), torch.randn(D, generator=g, dtype=dtype)
    return [x.requires_grad_() for x in (u, delta, A, B, C, skip, z)]


def borders(T: int, b: int = 2) -> torch.Tensor:
    """Documents that begin at the row's start, side by side, at a chunk's first step, and not at all in the second row."""
    starts = torch.zeros(b, T, dtype=torch.bool)
    for t in (0, 3, 4, 16, T - 1):
        starts[0, min(t, T - 1)] = True
    return starts


def slow(u, delta, A, B, C, D, z, starts=None):
    """One time step after the other, everything recorded by autograd."""
    h = u.new_zeros(u.shape[0], *A.shape)  # (b, D, N)
    dt, out = F.softplus(delta), []
    for t in range(u.shape[1]):
        if starts is not None:
            h = h * ~starts[:, t, None, None]
        h = torch.exp(dt[:, t, :, None] * A) * h + (dt[:, t] * u[:, t])[:, :, None] * B[:, t, None, :]
        out.append(((h * C[:, t, None, :]).sum(-1) + D * u[:, t]) * F.silu(z[:, t]))
    return torch.stack(out, 1)


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("T", [1, 15, 16, 17, 50, 130])
def test_scan_is_the_recurrence(T: int, documents: bool):
    """At lengths below, at and across its chunks and blocks, output and every gradient equal those of the slow float64 loop."""
    given, starts = inputs(T), borders(T) if documents else None
    weights = torch.randn(2, T, 6, dtype=torch.float64)
    want = slow(*given, starts)
    y, _ = selective_scan(*given, starts=starts)
    torch.testing.assert_close(y, want, rtol=1e-12, atol=1e-12)
    slopes = torch.autograd.grad((want * weights).sum(), given)
    for name, a, b in zip(NAMES, torch.autograd.grad((y * weights).sum(), given), slopes, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10, msg=f"gradient of {name} at length {T}")


@pytest.mark.parametrize("elements", [3, 9, 12, 36, 10**6])
def test_blocks_of_sequences_and_channels_change_nothing(elements: int, monkeypatch: pytest.MonkeyPatch):
    """However many sequences and channels are scanned together, the result is the same."""
    given, starts = inputs(21, b=4), borders(21, b=4)
    want = torch.autograd.grad(slow(*given, starts).sum(), given)
    monkeypatch.setattr(scan, "STATE_ELEMENTS", elements)
    for a, b in zip(torch.autograd.grad(selective_scan(*given, starts=starts)[0].sum(), given), want, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def test_single_precision_stays_close():
    """In fp32 the scan is within rounding of the float64 loop."""
    single = [x.detach().float() for x in inputs(200)]
    want = slow(*(x.double() for x in single))
    assert float((selective_scan(*single)[0].double() - want).abs().max()) < 1e-5 * float(want.abs().max())


def test_half_precision_keeps_its_state_in_fp32():
    """Inputs in bf16 give what the same numbers give in fp32, rounded once; gradients come back in the types of the inputs."""
    A, D = (x.detach().float() for x in (inputs(90)[2], inputs(90)[5]))
    half = [x.detach().bfloat16().requires_grad_() for i, x in enumerate(inputs(90)) if i not in (2, 5)]
    u, delta, B, C, z = half
    y, state = selective_scan(u, delta, A, B, C, D, z)
    wide, _ = selective_scan(u.float(), delta.float(), A, B.float(), C.float(), D, z.float())
    assert (y.dtype, state.dtype) == (torch.bfloat16, torch.float32)
    assert torch.equal(y, wide.bfloat16())
    assert all(g.dtype == torch.bfloat16 for g in torch.autograd.grad(y.float().sum(), half))


def test_state_carries_over():
    """Scanning a sequence in two pieces, the state handed on, is scanning it whole."""
    u, delta, A, B, C, D, z = (x.detach() for x in inputs(40))
    whole, last = selective_scan(u, delta, A, B, C, D, z)
    first, state = selective_scan(u[:, :13], delta[:, :13], A, B[:, :13], C[:, :13], D, z[:, :13])
    second, end = selective_scan(u[:, 13:], delta[:, 13:], A, B[:, 13:], C[:, 13:], D, z[:, 13:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
    torch.testing.assert_close(end, last)


@pytest.mark.parametrize("documents", [False, True])
def test_convolution_is_conv1d(documents: bool, monkeypatch: pytest.MonkeyPatch):
    """The convolution by taps, in blocks, equals torch's depth-wise conv1d of each document with padding on its left."""
    monkeypatch.setattr("steps.lm.conv.BLOCK_ELEMENTS", 80)
    g = torch.Generator().manual_seed(2)
    x, w, b = (torch.randn(*shape, generator=g, dtype=torch.float64).requires_grad_() for shape in ((2, 29, 5), (5, 4), (5,)))
    starts = borders(29)
    cuts = [0, *(starts[0].nonzero()[1:, 0].tolist() if documents else []), 29]

    def alone(row: torch.Tensor, places: list[int]) -> torch.Tensor:
        parts = [row[:, s:e] for s, e in pairwise(places)]
        return torch.cat([F.conv1d(F.pad(p.transpose(1, 2), (3, 0)), w[:, None], b, groups=5).transpose(1, 2) for p in parts], 1)

    want = F.silu(torch.cat([alone(x[:1], cuts), alone(x[1:], [0, 29])]))
    got = causal_conv(x, w, b, starts=starts if documents else None)
    torch.testing.assert_close(got, want)
    weights = torch.randn_like(want)
    for a, c in zip(*(torch.autograd.grad((y * weights).sum(), (x, w, b)) for y in (got, want)), strict=True):
        torch.testing.assert_close(a, c)
    first = causal_conv(x[:, :2], w, b)
    torch.testing.assert_close(causal_conv(x[:, 2:], w, b, F.pad(x[:, :2], (0, 0, 1, 0))), causal_conv(x, w, b)[:, 2:])
    torch.testing.assert_close(first, causal_conv(x, w, b)[:, :2])


def slow_ssd(x, dt, A, B, C, starts=None):
    """Mamba-2's recurrence, one time step after the other."""
    b, T, H, P = x.shape
    share = H // B.shape[2]
    h = x.new_zeros(b, H, B.shape[3], P)
    out = []
    for t in range(T):
        if starts is not None:
            h = h * ~starts[:, t, None, None, None]
        Bt, Ct = (v[:, t].repeat_interleave(share, 1) for v in (B, C))  # (b, H, N)
        h = torch.exp(dt[:, t] * A)[..., None, None] * h + dt[:, t, :, None, None] * Bt[..., None] * x[:, t, :, None]
        out.append((Ct[..., None] * h).sum(2))
    return torch.stack(out, 1)


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize(("T", "groups"), [(1, 1), (20, 2), (64, 1), (150, 2)])
def test_ssd_is_the_recurrence(T: int, groups: int, documents: bool):
    """Mamba-2's chunks give the slow loop's output and gradients, with documents and without, and carry a state on."""
    g = torch.Generator().manual_seed(3)
    shapes = ((2, T, 4, 3), (2, T, 4), (4,), (2, T, groups, 5), (2, T, groups, 5))
    x, dt, A, B, C = (torch.randn(*shape, generator=g, dtype=torch.float64) for shape in shapes)
    given = [v.requires_grad_() for v in (x, F.softplus(dt), -torch.exp(A), B, C)]
    starts = borders(T) if documents else None
    y, last = ssd(*given, starts=starts)
    want = slow_ssd(*given, starts)
    torch.testing.assert_close(y, want, rtol=1e-10, atol=1e-11)
    weights = torch.randn_like(want)
    for a, c in zip(*(torch.autograd.grad((v * weights).sum(), given) for v in (y, want)), strict=True):
        torch.testing.assert_close(a, c, rtol=1e-9, atol=1e-10)
    if T > 7 and not documents:
        x, dt, A, B, C = (v.detach() for v in given)
        _, state = ssd(x[:, :7], dt[:, :7], A, B[:, :7], C[:, :7])
        rest, end = ssd(x[:, 7:], dt[:, 7:], A, B[:, 7:], C[:, 7:], state)
        torch.testing.assert_close(rest, y[:, 7:])
        torch.testing.assert_close(end, last)
