"""Which way a Mamba is computed: kernels where they import, run, and agree with our own code on one batch. Stand-ins are the kernels."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from schemas.training import LoraSettings
from steps.lm import adapters, build, kernels
from steps.lm.batches import pad
from steps.lm.build import _drop_out
from steps.lm.frozen import halve
from steps.lm.loss import Head
from steps.lm.mamba2 import SsdMixer
from steps.lm.pack import packed
from steps.lm.precision import held
from tests.steps.lm.small import network
from tests.steps.lm.test_pack import documents

CPU = torch.device("cpu")
SCAN, CHUNKS, CONV = *kernels.FUNCTIONS["mamba"], *kernels.FUNCTIONS["mamba2"]


def selective_scan_fn(u, delta, A, B, C, D, z, delta_bias, delta_softplus):
    """The reference of mamba_ssm (selective_scan_ref): u, delta, z (b, D, T), B and C (b, N, T), all of one type."""
    assert delta_softplus
    assert {x.dtype for x in (delta, B, C, z)} == {u.dtype}
    kind, (u, delta, B, C, z) = u.dtype, (x.float() for x in (u, delta, B, C, z))
    dt = F.softplus(delta + delta_bias[:, None])
    h, out = u.new_zeros(u.shape[0], *A.shape), []
    for t in range(u.shape[2]):
        h = torch.exp(dt[:, :, t, None] * A) * h + (dt * u)[:, :, t, None] * B[:, None, :, t]
        out.append((h * C[:, None, :, t]).sum(-1))
    return ((torch.stack(out, 2) + D[:, None] * u) * F.silu(z)).to(kind)


def mamba_chunk_scan_combined(x, dt, A, B, C, chunk_size, D, dt_bias, dt_softplus, seq_idx, dt_limit):
    """What mamba_ssm computes, step by step: x (b, T, H, P), dt (b, T, H), B and C (b, T, G, N), seq_idx (b, T) or None."""
    assert dt_softplus
    kind, (x, dt, B, C) = x.dtype, (v.float() for v in (x, dt, B, C))
    dt = F.softplus(dt + dt_bias).clamp(*dt_limit)
    B, C = (v.repeat_interleave(x.shape[2] // v.shape[2], 2) for v in (B, C))
    h, out = x.new_zeros(*x.shape[:1], *x.shape[2:], B.shape[-1]), []
    for t in range(x.shape[1]):
        goes_on = 1.0 if seq_idx is None or t == 0 else (seq_idx[:, t] == seq_idx[:, t - 1])[:, None, None, None]
        kept = torch.exp(dt[:, t] * A)[..., None, None] * goes_on
        h = kept * h + (dt[:, t, :, None] * x[:, t])[..., None] * B[:, t, :, None]
        out.append((h * C[:, t, :, None]).sum(-1))
    return (torch.stack(out, 1) + D[:, None] * x).to(kind)


def causal_conv1d_fn(x, weight, bias, seq_idx=None, activation=None):
    """What causal_conv1d computes, and refuses: x (b, D, T); numbers of documents ask for channels side by side, in eights."""
    assert activation == "silu"
    assert x.dtype == weight.dtype == bias.dtype
    if x.stride(1) == 1 and x.stride(2) > 1:
        assert x.shape[1] % 8 == x.stride(2) % 8 == x.stride(0) % 8 == 0
    else:
        assert x.stride(2) == 1
        assert seq_idx is None, "seq_idx is only supported for channel last layout"
    T, K = x.shape[2], weight.shape[1]
    wide, numbers = F.pad(x, (K - 1, 0)), None
    if seq_idx is not None:
        assert (seq_idx.dtype, seq_idx.is_contiguous()) == (torch.int32, True)
        numbers = F.pad(seq_idx, (K - 1, 0), value=-1)
    y = bias[:, None].float()
    for k in range(K):
        same = 1.0 if numbers is None else (numbers[:, k : k + T] == seq_idx)[:, None]
        y = y + weight[:, k, None].float() * wide[:, :, k : k + T].float() * same
    return F.silu(y).to(x.dtype)


@pytest.fixture(autouse=True)
def on_this_device(monkeypatch: pytest.MonkeyPatch):
    """As on CUDA, with mamba-ssm there and causal-conv1d too."""
    monkeypatch.setattr(kernels, "DEVICES", ("cpu",))
    monkeypatch.setattr(kernels, "_refused", {})
    monkeypatch.setattr(kernels, "_agreed", set())
    monkeypatch.setattr(kernels, "_found", {SCAN: selective_scan_fn, CHUNKS: mamba_chunk_scan_combined, CONV: causal_conv1d_fn})


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
@pytest.mark.parametrize("conv", [causal_conv1d_fn, None], ids=["conv", "no conv"])
def test_kernels_that_agree_are_used(family: str, conv: Any):
    """The path says so, and the network's logits are those of our own scan. Mamba-1 needs no convolution of the package."""
    kernels._found[CONV] = conv
    made, ids = network(family), torch.arange(2, 50)[None]
    with torch.no_grad():
        own = made(input_ids=ids, use_cache=False).logits
        build.verify_kernels(made, "fp32")
        if family == "mamba2" and conv is None:
            assert build.path(made, CPU) == "own chunked scan in PyTorch: causal-conv1d does not import here"
            return
        assert build.path(made, CPU).startswith("mamba-ssm kernels")
        torch.testing.assert_close(made(input_ids=ids, use_cache=False).logits, own, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda *a, **k: 1.05 * selective_scan_fn(*a, **k), "differ by"),
        (lambda *a, **k: torch.zeros(1)[7], "fail here: index 7 is out of bounds"),
    ],
)
def test_kernels_that_do_not_are_left(wrong, said: str):
    """A wrong scale, an error: our own scan runs, and the reason is in the path."""
    kernels._found[SCAN] = wrong
    made = network("mamba")
    build.verify_kernels(made, "fp32")
    assert build.path(made, CPU).startswith(f"own scan in PyTorch: mamba-ssm's kernels {said}")
    assert torch.isfinite(made(input_ids=torch.arange(2, 50)[None], use_cache=False).logits).all()


def test_kernels_that_forget_borders_are_left():
    """One document is right and two are not: packed rows would see each other."""
    kernels._found[CHUNKS] = lambda *a, **k: mamba_chunk_scan_combined(*a, **{**k, "seq_idx": None})
    made = network("mamba2")
    build.verify_kernels(made, "fp32")
    assert "differ by" in build.path(made, CPU)


def test_rounding_in_kernels_is_no_border_that_leaks():
    """Triton multiplies fp32 in TF32: the same document, elsewhere in its row, comes out a thousandth off."""
    kernels._found[CHUNKS] = lambda x, *a, **k: (
        mamba_chunk_scan_combined(x, *a, **k) * (1 + 1e-3 * torch.arange(x.shape[1]).sin())[:, None, None]
    )
    made = network("mamba2")
    build.verify_kernels(made, "fp32")
    assert build.path(made, CPU).startswith("mamba-ssm kernels")
    assert Head(made).keeps_documents_apart()


def test_kernels_that_were_not_compared_are_not_used():
    """A process that has not tried them, such as one that only opens a checkpoint, computes by our own scan."""
    kernels._found[SCAN] = lambda *a, **k: torch.zeros(1)[7]
    made = network("mamba")
    assert torch.isfinite(made(input_ids=torch.arange(2, 50)[None], use_cache=False).logits).all()
    assert build.path(made, CPU).startswith("own scan in PyTorch: kernels are compared")


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
@pytest.mark.parametrize("half", [torch.bfloat16, None], ids=["held in half", "whole"])
def test_kernels_are_compared_as_training_computes(family: str, half: torch.dtype | None):
    """Under autocast, over a base whose matrices are in half precision as well: the type of what they are given is one."""
    made = network(family)
    if half is not None:
        halve(made, half)
    build.verify_kernels(made, "bf16")
    assert build.path(made, CPU).startswith("mamba-ssm kernels")
    with held(torch.bfloat16, CPU):
        assert torch.isfinite(made(input_ids=torch.arange(2, 50)[None], use_cache=False).logits).all()


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
def test_dropout_is_no_difference(family: str):
    """A network that drops is compared without; nothing is drawn, and it trains on."""
    made = network(family).train()
    _drop_out(made, 0.5)
    before = torch.get_rng_state()
    build.verify_kernels(made, "fp32")
    assert build.path(made, CPU).startswith("mamba-ssm kernels")
    assert torch.equal(torch.get_rng_state(), before)
    assert all(module.training for module in made.modules())


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
def test_adapters_learn_through_kernels(family: str):
    """In training every adapter gets a gradient: no kernel is handed the weight of a layer that is adapted."""
    made = network(family).train()
    adapters.add(made, family, LoraSettings(), 1)
    build.verify_kernels(made, "fp32")
    assert build.path(made, CPU).startswith("mamba-ssm kernels")
    ids = torch.arange(2, 50)[None]
    Head(made).summed(ids[:, :-1], ids[:, 1:])[0].backward()
    adapters.every_adapter_learns(made)


@pytest.mark.parametrize("family", ["mamba", "mamba2"])
def test_documents_stay_apart_in_kernels(family: str, monkeypatch: pytest.MonkeyPatch):
    """Loss and gradients of packed documents through kernels are those of each document alone through our own scan."""
    own, called = SsdMixer._with_ssd, []
    monkeypatch.setattr(SsdMixer, "_with_ssd", lambda *a: called.append(a) or own(*a))
    found = []
    for rows, agreed in ((documents(), False), (packed(documents(), 20), True)):
        made = network(family)
        if agreed:
            build.verify_kernels(made, "fp32")
            called.clear()
        head, total = Head(made), torch.zeros(())
        for row in rows:
            micro = pad([row])
            total = total + head.summed(micro.ids, micro.targets, 0.0, micro.starts)[0]
        total.backward()
        found.append((total.item(), [p.grad for p in made.parameters()]))
    assert not called
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-5)
    assert all(torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(found[0][1], found[1][1], strict=True))
