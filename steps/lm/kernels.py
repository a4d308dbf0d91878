"""The CUDA kernels of mamba-ssm and causal-conv1d: whether they import, and whether they compute what our own code computes."""

from typing import Any

import torch
from torch import nn

DEVICES = ("cuda",)  # what they run on
TOLERANCE = 1e-2  # of the largest value: their sums are in another order, and on some cards in TF32
FUNCTIONS = {
    "mamba": (("mamba_ssm.ops.selective_scan_interface", "selective_scan_fn"),),
    "mamba2": (("mamba_ssm", "mamba_chunk_scan_combined"), ("causal_conv1d", "causal_conv1d_fn")),  # as transformers takes them
}
_found: dict[tuple[str, str], Any] = {}
_refused: dict[str, str] = {}  # family to why its kernels are not used though they import


def kernel(module: str, name: str) -> Any:
    """A function of an optional package, None where it does not import."""
    if (module, name) not in _found:
        try:
            _found[module, name] = getattr(__import__(module, fromlist=[name]), name)
        except (ImportError, AttributeError, OSError, RuntimeError):  # absent, or built for another torch or card
            _found[module, name] = None
    return _found[module, name]


def missing(family: str) -> str:
    """The package that a family's kernels need and that does not import; empty when all do."""
    return next((module.split(".")[0].replace("_", "-") for module, name in FUNCTIONS[family] if kernel(module, name) is None), "")


def usable(device: torch.device, family: str) -> bool:
    """Whether a forward pass on `device` goes through the kernels."""
    return device.type in DEVICES and family not in _refused and not missing(family)


def verify(mixer: nn.Module, family: str) -> None:
    """Run one random batch through `mixer` by the kernels and by our own code; where outputs or gradients differ, or the kernels
    fail, they are not used from then on. torch's generators are left as they were.
    """
    weight = next(mixer.parameters())
    _refused.pop(family, None)
    if not usable(weight.device, family):
        return
    draw = torch.Generator().manual_seed(0)
    given = torch.randn(2, 96, mixer.hidden_size, generator=draw).to(weight.device)
    onto = torch.randn(2, 96, mixer.hidden_size, generator=draw).to(weight.device)

    def both(x: torch.Tensor) -> list[torch.Tensor]:
        trained = [p for p in mixer.parameters() if p.requires_grad]
        out = mixer(x)
        return [out.detach(), *torch.autograd.grad((out * onto).sum(), [x, *trained])]

    try:
        quick = both(given.clone().requires_grad_())
    except Exception as error:  # noqa: BLE001  kernels fail in ways of their own
        said = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        _refused[family] = f"mamba-ssm's kernels fail here: {said}"
        return
    _refused[family] = "being compared"
    own = both(given.clone().requires_grad_())
    furthest = max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6)) for a, b in zip(quick, own, strict=True))
    if furthest <= TOLERANCE:
        del _refused[family]
    else:
        _refused[family] = f"mamba-ssm's kernels differ by {furthest:.2g} from our own scan on one batch"


def path(device: torch.device, family: str, own: str) -> str:
    """Which way a family takes on `device`, and why. own: what our code is called."""
    if device.type not in DEVICES:
        return f"{own}: mamba-ssm's kernels need CUDA, this is {device.type}"
    if missing(family):
        return f"{own}: {missing(family)} does not import here"
    if family in _refused:
        return f"{own}: {_refused[family]}"
    return "mamba-ssm kernels: CUDA, mamba-ssm imports, and one batch agrees with our own scan"
