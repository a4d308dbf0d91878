"""The scan of Mamba-1 against the recurrence as the paper writes it."""

import torch
import torch.nn.functional as F

from steps.lm.scan import causal_conv, selective_scan

NAMES = ("u", "dt", "A", "B", "C")


def inputs(T: int, b: int = 2, D: int = 6, N: int = 3, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    g = torch.Generator().manual_seed(1)
    u, B, C = (torch.randn(T, b, n, generator=g, dtype=dtype) for n in (D, N, N))
    dt = F.softplus(torch.randn(T, b, D, generator=g, dtype=dtype))
    A = -torch.exp(torch.randn(D, N, generator=g, dtype=dtype))
    return [x.requires_grad_() for x in (u, dt, A, B, C)]


def slow(u, dt, A, B, C):
    """One time step after the other, everything recorded by autograd."""
    h = u.new_zeros(u.shape[1], A.shape[0], A.shape[1])  # (B, D, N)
    out = []
    for t in range(u.shape[0]):
        h = torch.exp(dt[t, :, :, None] * A) * h + (dt[t] * u[t])[:, :, None] * B[t, :, None, :]
        out.append((h * C[t, :, None, :]).sum(-1))
    return torch.stack(out)


def test_scan_is_the_recurrence():
    """At lengths below, at and across the chunk, output and every gradient equal those of the slow float64 loop."""
    for T in (1, 15, 16, 17, 50):
        given = inputs(T)
        weights = torch.randn(T, 2, 6, dtype=torch.float64)
        want = torch.autograd.grad((slow(*given) * weights).sum(), given)
        y, _ = selective_scan(*given)
        got = torch.autograd.grad((y * weights).sum(), given)
        torch.testing.assert_close(y, slow(*given), rtol=1e-12, atol=1e-12)
        for name, a, b in zip(NAMES, got, want, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-11, msg=f"gradient of {name} at length {T}")


def test_single_precision_stays_close():
    """In fp32 the scan is within rounding of the float64 loop."""
    single = [x.detach().float().requires_grad_() for x in inputs(200)]
    y, _ = selective_scan(*single)
    want = slow(*(x.detach().double() for x in single))
    assert float((y.double() - want).abs().max()) < 1e-5 * float(want.abs().max())


def test_state_carries_over():
    """Scanning a sequence in two pieces, the state handed on, is scanning it whole."""
    u, dt, A, B, C = (x.detach() for x in inputs(40))
    whole, last = selective_scan(u, dt, A, B, C)
    first, state = selective_scan(u[:13], dt[:13], A, B[:13], C[:13])
    second, end = selective_scan(u[13:], dt[13:], A, B[13:], C[13:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end, last)


def test_convolution_is_conv1d():
    """The convolution by taps equals torch's depth-wise conv1d with left padding, gradients included."""
    g = torch.Generator().manual_seed(2)
    x, w, b = (torch.randn(*shape, generator=g, dtype=torch.float64).requires_grad_() for shape in ((9, 2, 5), (5, 4), (5,)))
    want = F.conv1d(F.pad(x.permute(1, 2, 0), (3, 0)), w[:, None], b, groups=5).permute(2, 0, 1)
    got = causal_conv(x, w, b)
    torch.testing.assert_close(got, want)
    weights = torch.randn_like(want)
    for a, c in zip(
        torch.autograd.grad((got * weights).sum(), (x, w, b)), torch.autograd.grad((want * weights).sum(), (x, w, b)), strict=True
    ):
        torch.testing.assert_close(a, c)
