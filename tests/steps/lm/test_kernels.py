"""Which way a Mamba is computed: kernels where they import, run, and agree with our own code on one batch. A stand-in is the kernel."""

import pytest
import torch
import torch.nn.functional as F

from steps.lm import build, kernels
from steps.lm.batches import pad
from steps.lm.loss import Head
from steps.lm.pack import packed
from tests.steps.lm.small import network
from tests.steps.lm.test_pack import documents

NAME = ("mamba_ssm.ops.selective_scan_interface", "selective_scan_fn")


def selective_scan_fn(u, delta, A, B, C, D, z, delta_bias, delta_softplus):
    """The reference of mamba_ssm (selective_scan_ref): u, delta, z (b, D, T), B and C (b, N, T)."""
    assert delta_softplus
    dt = F.softplus(delta + delta_bias[:, None])
    h, out = u.new_zeros(u.shape[0], *A.shape), []
    for t in range(u.shape[2]):
        h = torch.exp(dt[:, :, t, None] * A) * h + (dt * u)[:, :, t, None] * B[:, None, :, t]
        out.append((h * C[:, None, :, t]).sum(-1))
    return (torch.stack(out, 2) + D[:, None] * u) * F.silu(z)


@pytest.fixture(autouse=True)
def on_this_device(monkeypatch: pytest.MonkeyPatch):
    """As on CUDA, with mamba-ssm's scan there and causal-conv1d not."""
    monkeypatch.setattr(kernels, "DEVICES", ("cpu",))
    monkeypatch.setattr(kernels, "_refused", {})
    monkeypatch.setattr(kernels, "_found", {NAME: selective_scan_fn, ("causal_conv1d", "causal_conv1d_fn"): None})


def test_kernels_that_agree_are_used():
    """The path says so, and the network's logits are those of our own scan."""
    made, ids = network("mamba"), torch.arange(2, 50)[None]
    build.verify_kernels(made)
    assert build.path(made, torch.device("cpu")).startswith("mamba-ssm kernels")
    with torch.no_grad():
        quick = made(input_ids=ids, use_cache=False).logits
        kernels._refused["mamba"] = "tried"
        torch.testing.assert_close(quick, made(input_ids=ids, use_cache=False).logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda *a, **k: 1.05 * selective_scan_fn(*a, **k), "differ by"),
        (lambda *a, **k: torch.zeros(1)[7], "fail here: index 7 is out of bounds"),
    ],
)
def test_kernels_that_do_not_are_left(wrong, said: str):
    """A wrong scale, an error: our own scan runs, and the reason is in the path."""
    kernels._found[NAME] = wrong
    made = network("mamba")
    build.verify_kernels(made)
    assert build.path(made, torch.device("cpu")).startswith(f"own scan in PyTorch: mamba-ssm's kernels {said}")
    assert torch.isfinite(made(input_ids=torch.arange(2, 50)[None], use_cache=False).logits).all()


def test_documents_stay_apart_in_a_kernel_that_knows_none():
    """Loss and gradients of packed documents through the kernel are those of each document alone through our own scan."""
    found = []
    for rows, refused in ((documents(), {"mamba": "own"}), (packed(documents(), 20), {})):
        kernels._refused = refused
        made = network("mamba")
        head, total = Head(made), torch.zeros(())
        for row in rows:
            micro = pad([row])
            total = total + head.summed(micro.ids, micro.targets, 0.0, micro.starts)[0]
        total.backward()
        found.append((total.item(), [p.grad for p in made.parameters()]))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-5)
    assert all(torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(found[0][1], found[1][1], strict=True))
