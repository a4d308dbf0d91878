"""Where a network that is only asked runs: on the card where it has room, in half precision if need be, else carried there by blocks.

A base in four bits, or in half beside its adapters, trains on a card that its merged weights do not fit in fp32.
"""

from typing import Any

import torch
from torch import nn

from steps.lm.frozen import halve
from steps.lm.oom import free

FILLED = 0.8  # of the card's free memory that weights may take; the rest is for what they are multiplied with
HALF = (torch.bfloat16, torch.float16)


def settle(network: nn.Module, device: torch.device, stored: torch.dtype) -> torch.dtype | None:
    """Put `network`, in fp32, on `device`; a card that has no room for it gets its matrices in half, if they are `stored` so.

    Returns that type, in which it is asked from then on (see steps.lm.precision.held), None for fp32.
    """
    half = None
    if stored in HALF and not _fits(network, device):
        real = stored is torch.float16 or torch.cuda.is_bf16_supported(including_emulation=False)
        half = stored if real else torch.float16
        halve(network, half)
    place(network, device)
    return half


def place(network: nn.Module, device: torch.device) -> None:
    """Put `network` on `device`. Blocks that a card has no room for stay in memory, and a copy of each is there while it is asked."""
    if _fits(network, device):
        network.to(device)
        return
    blocks = max((m for m in network.modules() if isinstance(m, nn.ModuleList)), key=len, default=nn.ModuleList())
    inside = {part for block in blocks for part in block.modules()}
    for module in network.modules():
        if module not in inside:
            module._apply(lambda tensor: tensor.to(device), recurse=False)
    network.carried = [Carried(block, device) for block in blocks]  # type: ignore[assignment]


class Carried:
    """A block whose weights are on `device` from the begin to the end of its forward pass; no gradient is asked of them."""

    def __init__(self, block: nn.Module, device: torch.device) -> None:
        self.block, self.device = block, device
        self.kept: list[tuple[dict[str, Any], str, Any]] = []
        self.hooks = [block.register_forward_pre_hook(self._bring), block.register_forward_hook(self._put_back, always_call=True)]

    def _bring(self, *_: Any) -> None:
        for module in self.block.modules():
            for held in (module._parameters, module._buffers):
                for name, tensor in held.items():
                    if tensor is not None:
                        self.kept.append((held, name, tensor))
                        copy = tensor.detach().to(self.device)
                        held[name] = nn.Parameter(copy, False) if isinstance(tensor, nn.Parameter) else copy

    def _put_back(self, *_: Any) -> None:
        for held, name, tensor in self.kept:
            held[name] = tensor
        self.kept = []


def take_back(network: nn.Module) -> None:
    """The network in memory again, all of it, and its room on the card free."""
    for each in getattr(network, "carried", []):
        for hook in each.hooks:
            hook.remove()
    network.carried = []  # type: ignore[assignment]
    network.to("cpu")


def _fits(network: nn.Module, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free(device)  # a training before it, too
    return sum(t.numel() * t.element_size() for t in _tensors(network)) <= FILLED * torch.cuda.mem_get_info(device)[0]


def _tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]
