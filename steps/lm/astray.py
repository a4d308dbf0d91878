"""What is said of a training whose loss or gradient is no number."""

import torch
from torch import nn

from schemas import RecipeError
from steps.lm.build import few
from steps.lm.progress import Settings


def no_number(what: str, value: float, done: int, network: nn.Module, settings: Settings) -> RecipeError:
    """S101 of `what` after `done` steps. Before the first update no rate is to blame: the weights are, or the numbers they are held in."""
    said = f"the {what} is {value} at step {done + 1}"
    if done:
        slower = "set max_grad_norm" if what == "gradient" else "warm up longer"
        return RecipeError("S101", said, field="learning_rate", fix=f"lower learning_rate (now {settings.peak_rate:g}), or {slower}")
    spoilt = [name for name, weight in network.named_parameters() if not bool(torch.isfinite(weight).all())]
    if spoilt:
        message = f"{said}, before anything was learned: {few(spoilt)} of the weights that it begins with hold nan or inf"
        return RecipeError("S101", message, field="model", fix="take another copy of that model, or an earlier checkpoint of it")
    wider = "write precision: bf16 or fp32" if settings.precision == "fp16" else "write precision: fp32"
    fix = "take another model to begin with" if settings.precision == "fp32" else wider
    return RecipeError("S101", f"{said}, before anything was learned: its weights are too large for {settings.precision}", field="model",
                       fix=fix)  # fmt: skip
