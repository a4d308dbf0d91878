"""AdamW and which parameters are decayed."""

import torch
from torch import nn

BETAS = (0.9, 0.95)  # arXiv 2005.14165, appendix B; arXiv 2312.00752, appendix E.2
EPSILON = 1e-8
UNDECAYED = ("A_log", "D", "dt_bias")  # marked _no_weight_decay in github.com/state-spaces/mamba


def groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Trainable parameters in two groups: matrices are decayed; norms, biases, and a Mamba's A, D and dt bias are not."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            skip = weight.ndim < 2 or name.rsplit(".", 1)[-1] in UNDECAYED
            (plain if skip else decayed).append(weight)
    made = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return [group for group in made if group["params"]]


def adamw(network: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (arXiv 1711.05101) over `groups`, in one fused kernel; the rate is set before each step."""
    return torch.optim.AdamW(groups(network, weight_decay), lr=0.0, betas=BETAS, eps=EPSILON, fused=True)
