"""AdamW, its 8-bit form, and Muon for hidden matrices; and which parameters are decayed."""

from typing import Any

import torch
from torch import nn

from schemas import RecipeError

BETAS = (0.9, 0.95)  # arXiv 2005.14165, appendix B; arXiv 2312.00752, appendix E.2
EPSILON = 1e-8
ADAMW_STATE = ("step", "exp_avg", "exp_avg_sq")  # of a weight, made in this order when it first has a gradient
UNDECAYED = ("A_log", "D", "dt_bias")  # marked _no_weight_decay in github.com/state-spaces/mamba


def groups(network: nn.Module, weight_decay: float, decay_embeddings: bool = True) -> list[dict[str, Any]]:
    """Trainable parameters in two groups: matrices are decayed; norms, biases, and a Mamba's A, D and dt bias are not.

    A parameter that its module marked `_no_weight_decay` is not decayed either, nor embeddings unless `decay_embeddings`.
    """
    return _groups(network, _trained(network), weight_decay, decay_embeddings)


def _trained(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]


def _groups(network: nn.Module, named: list[tuple[str, nn.Parameter]], decay: float, decay_embeddings: bool) -> list[dict[str, Any]]:
    spared = set() if decay_embeddings else _ends(network)
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, weight in named:
        marked = getattr(weight, "_no_weight_decay", False) or id(weight) in spared
        skip = weight.ndim < 2 or name.rsplit(".", 1)[-1] in UNDECAYED or marked
        (plain if skip else decayed).append(weight)
    made = [{"params": decayed, "weight_decay": decay}, {"params": plain, "weight_decay": 0.0}]
    return [group for group in made if group["params"]]


def _ends(network: nn.Module) -> set[int]:
    """Ids of the parameters of the embedding and the output head."""
    modules = [network.get_input_embeddings(), network.get_output_embeddings()]
    embeddings = [m for m in network.modules() if isinstance(m, nn.Embedding)]  # positions, too
    return {id(p) for m in [*modules, *embeddings] if m is not None for p in m.parameters()}


def adamw(network: nn.Module, weight_decay: float, decay_embeddings: bool = True) -> torch.optim.AdamW:
    """AdamW (arXiv 1711.05101) over `groups`, in one fused kernel; the rate is set before each step."""
    return _adamw(groups(network, weight_decay, decay_embeddings))


def _adamw(made: list[dict[str, Any]]) -> torch.optim.AdamW:
    return torch.optim.AdamW(made, lr=0.0, betas=BETAS, eps=EPSILON, fused=True)


def embeddings_trained(network: nn.Module) -> set[int]:
    """Ids of the trained weights of embeddings: of tokens, a head tied to it, and of positions."""
    return {id(m.weight) for m in network.modules() if isinstance(m, nn.Embedding) and m.weight.requires_grad}


def _adamw_8bit(network: nn.Module, weight_decay: float, decay_embeddings: bool) -> list[torch.optim.Optimizer]:
    """Both moments in a byte, by blocks (arXiv 2110.02861); tensors below 4,096 values stay in 32 bits. So do embeddings, whose gradients
    are the most uneven (section 2.3 there), by AdamW as it is.
    """
    try:
        import bitsandbytes
    except ImportError as error:
        message = "optimizer: adamw_8bit needs bitsandbytes"
        raise RecipeError("O001", message, field="optimizer", fix="pip install bitsandbytes, or write optimizer: adamw") from error
    kind: Any = bitsandbytes.optim
    tables = embeddings_trained(network)
    wide = [(name, p) for name, p in _trained(network) if id(p) in tables]
    others = _groups(network, [(name, p) for name, p in _trained(network) if id(p) not in tables], weight_decay, decay_embeddings)
    narrow: list[torch.optim.Optimizer] = [kind.AdamW8bit(others, lr=0.0, betas=BETAS, eps=EPSILON)] if others else []
    return [*narrow, _adamw(_groups(network, wide, weight_decay, decay_embeddings))] if wide else narrow


def hidden_matrices(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """What Muon is for: trained matrices between the embedding and the head; not convolutions, nor a Mamba's A."""
    ends = _ends(network)
    return [(name, p) for name, p in _trained(network) if p.ndim == 2 and id(p) not in ends and name.rsplit(".", 1)[-1] not in UNDECAYED]


def _muon(network: nn.Module, weight_decay: float, decay_embeddings: bool) -> list[torch.optim.Optimizer]:
    """Muon (kellerjordan.github.io/posts/muon) at AdamW's rate, its update scaled to AdamW's size (arXiv 2502.16982, section 2.2)."""
    if not hasattr(torch.optim, "Muon"):
        message = f"optimizer: muon needs torch 2.9 or newer, this is {torch.__version__}"
        raise RecipeError("O002", message, field="optimizer", fix="pip install -U torch, or write optimizer: adamw")
    hidden = hidden_matrices(network)
    inside = {id(p) for _, p in hidden}
    others = [(name, p) for name, p in _trained(network) if id(p) not in inside]
    muon = torch.optim.Muon([p for _, p in hidden], lr=0.0, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    return [muon, _adamw(_groups(network, others, weight_decay, decay_embeddings))]


class Optimizers:
    """One optimizer, or several that share the parameters, moved together.

    whole: whether a step that runs out of memory leaves every weight as it was (fused kernels, which allocate nothing).
    """

    def __init__(self, kind: str, network: nn.Module, weight_decay: float, decay_embeddings: bool = True) -> None:
        self.whole = kind == "adamw"
        if kind == "muon":
            self.parts = _muon(network, weight_decay, decay_embeddings)
        elif kind == "adamw_8bit":
            self.parts = _adamw_8bit(network, weight_decay, decay_embeddings)
        else:
            self.parts = [adamw(network, weight_decay, decay_embeddings)]

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next step."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate

    @property
    def moves(self) -> bool:
        """Whether a step changes weights: not at a rate of 0, as in a rehearsal."""
        return any(group["lr"] for part in self.parts for group in part.param_groups)

    def unscale(self, scaler: torch.amp.GradScaler) -> None:
        """Bring gradients back to their own scale (fp16)."""
        for part in self._with_gradients(scaler):
            scaler.unscale_(part)

    def step(self, scaler: torch.amp.GradScaler) -> None:
        """Move the weights. Gradients in which the scaler found an overflow are not given to it: one part would move without another."""
        if self.whole:
            self._make_state()
        for part in self._with_gradients(scaler):
            scaler.step(part)
        scaler.update()

    def _make_state(self) -> None:
        """Give AdamW what it makes when a weight first has a gradient, before the first group moves: memory may run out in the second."""
        for part in self.parts:
            for weight in (p for group in part.param_groups for p in group["params"] if p.grad is not None and p not in part.state):
                first = torch.zeros((), dtype=torch.float32, device=weight.device)
                part.state[weight] = dict(zip(ADAMW_STATE, (first, torch.zeros_like(weight), torch.zeros_like(weight)), strict=True))

    def _with_gradients(self, scaler: torch.amp.GradScaler) -> list[torch.optim.Optimizer]:
        """A scaler takes no optimizer whose weights are all frozen in this stage."""
        if not scaler.is_enabled():
            return self.parts
        return [part for part in self.parts if any(p.grad is not None for group in part.param_groups for p in group["params"])]

    def forget_gradients(self) -> None:
        """Free them."""
        for part in self.parts:
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """Of each part."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """What `state_dict` gave."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)
