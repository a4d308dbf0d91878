"""What was probably meant by a band of `expect` that is none. Loaded when there is one."""

from math import log
from typing import Any

from runner.numerals import Hint
from schemas.findings import Edit, RecipePath

FIGURES = ("train_loss", "val_loss", "val_bits_per_byte")
PERPLEXITY = ("perplexity", "ppl", "val_perplexity", "val_ppl", "eval_perplexity", "train_perplexity", "train_ppl")
OTHERS = (
    "accuracy", "acc", "val_accuracy", "eval_accuracy", "token_accuracy", "bleu", "rouge", "f1", "wer", "lr", "learning_rate", "grad_norm",
)  # fmt: skip


def of_value(base: RecipePath, path: tuple[str | int, ...], value: Any) -> Hint:
    """For a value of the wrong kind at `path`, which begins with expect: a band of one number, a figure without its step."""
    name = str(path[-1])
    if name in FIGURES and isinstance(value, (int, float)) and not isinstance(value, bool):
        return Hint(f"a band has two ends: write {name}: [{0.9 * value:.3g}, {1.1 * value:.3g}]")
    if len(path) == 2 and name in (*FIGURES, *PERPLEXITY) and not name.isdigit():
        shown = value if isinstance(value, list) else "[3, 4]"
        return Hint(f"name the step first: write expect: {{1000: {{{name}: {shown}}}}}")
    return Hint()


def of_key(full: RecipePath, name: str, value: Any) -> Hint:
    """For a figure that is not measured, by its name."""
    word = name.lower()
    if word in PERPLEXITY:
        ours = "train_loss" if word.startswith("train") else "val_loss"
        if isinstance(value, list) and len(value) == 2 and all(isinstance(each, (int, float)) and each > 1 for each in value):
            losses = [round(log(each), 2) for each in value]
            return Hint(f"its logarithm is the loss: write {ours}: {losses}", (Edit("rename", full, losses, ours),))
        return Hint(f"its logarithm is the loss: write {ours}: [low, high]")
    if word in OTHERS:
        return Hint(f"only losses are expected: write one of {', '.join(FIGURES)}, or delete it")
    return Hint()
