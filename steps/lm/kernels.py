"""The CUDA kernels of mamba-ssm and causal-conv1d: whether they import, and whether they compute what our own code computes."""

import sys
from typing import Any

import torch
from torch import Tensor, nn

from steps.lm.precision import autocast

DEVICES = ("cuda",)  # what they run on
TOLERANCE = {"fp32": 1e-2, "bf16": 3e-2, "fp16": 3e-2}  # of the largest value: sums are in another order, and on some cards in TF32
LENGTH, BORDER = 96, 40  # of the batch that both are given, and where its second document begins
FUNCTIONS = {
    "mamba": (("mamba_ssm.ops.selective_scan_interface", "selective_scan_fn"),),
    "mamba2": (("mamba_ssm.ops.triton.ssd_combined", "mamba_chunk_scan_combined"), ("causal_conv1d", "causal_conv1d_fn")),
}
SWITCH = ("mamba_ssm.utils.determinism", "use_deterministic_mode")  # of mamba-ssm since 2.3, by which its Triton kernels go
TUNED = "mamba_ssm.ops.triton.ssd_"  # modules of those kernels
_found: dict[tuple[str, str], Any] = {}
_agreed: set[str] = set()  # families whose kernels gave what our own code gives
_refused: dict[str, str] = {}  # family to why its kernels are not used though they import


def kernel(module: str, name: str) -> Any:
    """A function of an optional package, None where it does not import."""
    if (module, name) not in _found:
        try:
            _found[module, name] = getattr(__import__(module, fromlist=[name]), name)
        except Exception:  # noqa: BLE001  absent, or built for another torch, Triton or card, which fails in ways of its own
            _found[module, name] = None
    return _found[module, name]


def missing(family: str) -> str:
    """The package that a family's kernels need and that does not import; empty when all do."""
    return next((module.split(".")[0].replace("_", "-") for module, name in FUNCTIONS[family] if kernel(module, name) is None), "")


def unordered(family: str) -> str:
    """Why a family's kernels do not add up in one order though torch is told to; empty where they do, or where it is not.

    A trap: mamba-ssm leaves each kernel one shape of its blocks when it is imported in that mode. One imported before measures which is
    the quickest, and the order of its sums goes by that.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return ""
    if family == "mamba":
        return "mamba-ssm's kernel adds up in no fixed order"
    switched = kernel(*SWITCH)
    if switched is None or not switched():
        return "this mamba-ssm has no deterministic kernels, or MAMBA_DETERMINISTIC switches them off"
    loaded = [module for name, module in sys.modules.items() if name.startswith(TUNED)]
    if any(len(getattr(found, "configs", ())) > 1 for module in loaded for found in vars(module).values()):
        return "mamba-ssm measures which kernels are quickest: it was imported before, or TRITON_CACHE_AUTOTUNING is set"
    return ""


def usable(device: torch.device, family: str) -> bool:
    """Whether a forward pass on `device` goes through the kernels."""
    return device.type in DEVICES and family in _agreed


def in_use(network: nn.Module) -> bool:
    """Whether a part of `network` is computed by kernels, whose sums are not those of our own code (see TOLERANCE)."""
    device = next(network.parameters()).device
    return any(usable(device, family) for family in FUNCTIONS) and any(hasattr(module, "fresh_memory") for module in network.modules())


def verify(mixer: nn.Module, family: str, precision: str) -> None:
    """Run a random batch through `mixer` by the kernels and by our own code, as one document and as two, as training computes it; only
    where outputs and gradients agree are they used from then on. torch's generators are left as they were.
    """
    device, training = next(mixer.parameters()).device, mixer.training
    _refused.pop(family, None)
    _agreed.discard(family)
    if device.type not in DEVICES or missing(family) or unordered(family):
        return
    draw = torch.Generator().manual_seed(0)
    given, onto = (torch.randn(2, LENGTH, mixer.hidden_size, generator=draw).to(device) for _ in range(2))
    places = torch.arange(LENGTH, device=device).expand(2, -1)
    trained = [p for p in mixer.parameters() if p.requires_grad]

    def both() -> list[Tensor]:
        found = []
        for positions in (None, torch.where(places < BORDER, places, places - BORDER)):
            x = given.clone().requires_grad_()
            with torch.enable_grad(), autocast(precision, device):
                out = mixer(x, position_ids=positions)
                aim = (out * onto).sum()
            grads = torch.autograd.grad(aim, [x, *trained], allow_unused=True)
            found += [out.detach(), *(g for g in grads if g is not None)]
        return found

    mixer.eval()  # no dropout, which would draw
    try:
        own = both()
        _agreed.add(family)
        quick = both()
        furthest = max(float((a - b).abs().max() / b.abs().max().clamp(min=1e-6)) for a, b in zip(quick, own, strict=True))
        if not furthest <= TOLERANCE[precision]:
            _refused[family] = f"mamba-ssm's kernels differ by {furthest:.2g} from our own scan on one batch"
    except Exception as error:
        if family not in _agreed:
            raise  # our own code failed
        said = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        _refused[family] = f"mamba-ssm's kernels fail here: {said}"
    finally:
        mixer.train(training)
        if family in _refused:
            _agreed.discard(family)


def path(device: torch.device, family: str, own: str) -> str:
    """Which way a family takes on `device`, and why. own: what our code is called."""
    if device.type not in DEVICES:
        return f"{own}: mamba-ssm's kernels need CUDA, this is {device.type}"
    if missing(family):
        return f"{own}: {missing(family)} does not import here"
    if (why := unordered(family)) and family not in _agreed:
        return f"{own}: deterministic is on, and {why}"
    if family not in _agreed:
        return f"{own}: {_refused.get(family, 'kernels are compared with it before a training')}"
    return "mamba-ssm kernels: CUDA, mamba-ssm imports, and one batch agrees with our own scan"
