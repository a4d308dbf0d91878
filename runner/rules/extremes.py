"""Extremes: numbers that the schema takes and nobody means, slips of a unit or an exponent."""

from collections.abc import Iterator
from typing import NamedTuple

from runner.rules import View, number, rule, say
from schemas.findings import Finding, RulePage


class Usual(NamedTuple):
    """What a field usually is, and from where to where it may be meant. above, below: what the schema takes; of the rest K003 speaks."""

    low: float
    high: float
    usual: float
    above: float = 0.0
    below: float = float("inf")


MOST = float("inf")
USUAL: dict[str, dict[str, Usual]] = {
    "parse_corpus": {"clean.similarity": Usual(0.5, MOST, 0.8, above=0.3, below=1.0)},
    "check_vocab_consistency": {"max_unknown_rate": Usual(0.0, 0.1, 1e-4)},
    "split_long": {"max_tokens": Usual(48, MOST, 512, above=15)},
    "plan": {"memory_margin": Usual(0.2, MOST, 0.8), "dry_run_steps": Usual(1, 50, 3)},
    "train": {
        "weight_decay": Usual(0.0, 2.0, 0.1),
        "max_grad_norm": Usual(1e-3, 1e4, 1.0),
        "spike_factor": Usual(2.0, MOST, 10, above=1.0),
        "z_loss": Usual(0.0, 0.05, 1e-4),
        "warmup_ratio": Usual(0.0, 0.5, 0.03, below=1.0),
        "loss_chunk_tokens": Usual(16, MOST, 1024),
        "early_stopping.min_delta": Usual(0.0, 0.2, 0.001),
        "lora.lora_dropout": Usual(0.0, 0.5, 0.05, below=1.0),
        "model.dropout": Usual(0.0, 0.5, 0.1, below=1.0),
    },
    "validate_checkpoint": {"tolerance": Usual(1e-8, 0.1, 1e-4)},
}


@rule(
    RulePage(
        "S016",
        "a factor out of all reason",
        "AdamW's weight decay is 0 to 0.3, gradients are clipped at 0.1 to 10, z-loss is 1e-4 to 1e-3, a spike is several times the usual "
        "gradient, the rate rises over a small part of the steps, and validation gets a small share of the documents. Values far off are "
        "slips of units or of the exponent: the weights shrink to nothing, no step moves, a gate lets all or nothing through, or hardly "
        "any text is left to train on.",
        wrong="weight_decay: 100\nmax_grad_norm: 1e-6",
        right="weight_decay: 0.1\nmax_grad_norm: 1.0",
        source="arXiv 1711.05101; arXiv 2204.02311, 5 (z-loss and spikes); hiyouga/LlamaFactory#3119",
        severity="warning",
    )
)
def factors_are_factors(view: View) -> Iterator[Finding]:
    """S016: every field of USUAL, and val_fraction."""
    for step in view.meant.steps:
        for name, (low, high, usual, above, below) in USUAL.get(step.type, {}).items():
            value, last = number(step, name), name.rpartition(".")[2]
            if value is not None and above < value < below and not low <= value <= high:
                yield say("S016", step, name, f"{last} is {value:g}, usual is {usual:g}", f"write {last}: {usual:g}", severity="warning")
    for step in view.of_type("tokenize_bin"):
        share = number(step, "val_fraction")
        if share is not None and 0.5 < share < 1:
            message = f"val_fraction is {share:g}: more is kept for validation than is trained on"
            better = round(1 - share, 6)
            yield say("S016", step, "val_fraction", message, f"write val_fraction: {better:g}", severity="warning")
