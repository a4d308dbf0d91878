"""What is said of a training whose loss or gradient is no number."""

import math

import torch
from torch import nn

from schemas import RecipeError
from steps.lm.build import few
from steps.lm.progress import Settings

LEAST_SCALE = 1e-4  # of an fp16 loss; what overflows below it is no matter of scale (fairseq stops there too: min_loss_scale)


def refuse_no_numbers(
    loss: float, norm: float, done: int, network: nn.Module, settings: Settings, scaler: torch.amp.GradScaler
) -> None:  # fmt: skip
    """Raise S101 where the loss of the step after `done` steps is no number, or its gradient's norm, which a scaler may mend a while."""
    if not math.isfinite(loss):
        raise no_number("loss", loss, done, network, settings)
    if not math.isfinite(norm) and not (scaler.is_enabled() and scaler.get_scale() >= LEAST_SCALE):
        raise no_number("gradient", norm, done, network, settings)


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
