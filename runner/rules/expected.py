"""Expected: bands of `expect` that no loss can lie in, for what stands there is another figure."""

from collections.abc import Iterator
from math import exp, log
from typing import Any

from runner.meant import StepMeant
from runner.rules import View, at, path, rule, say
from schemas.artifacts import CheckpointForecast
from schemas.findings import Edit, Finding, RulePage

SLACK = 1.0  # nats above chance: a new network begins a little above it
BYTE = 8.0  # bits of a byte, by chance
FEW = 20  # steps, after which a model is better than chance


@rule(
    RulePage(
        "S030",
        "a loss that is worse than chance is expected",
        "Losses are nats a token. A model that knows nothing has the logarithm of its vocabulary's size, 10.8 for 50,257 tokens, and is "
        "below it after a few steps; of bits a byte it has 8. A band above that is a perplexity, a loss in bits, or a percentage, and no "
        "run ever lies in it.",
        wrong="expect: {1000: {val_loss: [15, 30]}}   # perplexities",
        right="expect: {1000: {val_loss: [2.7, 3.4]}}",
        source="arithmetic: the entropy of an even choice among V tokens is ln V",
        severity="warning",
    )
)
def bands_are_losses(view: View) -> Iterator[Finding]:
    """S030: the lower end of each band against chance."""
    for step in view.of_type("train"):
        expected = at(step.raw, "expect")
        size = _rows(view, step)
        for key, bands in expected.items() if isinstance(expected, dict) else ():
            if not str(key).isdigit() or int(key) < FEW or not isinstance(bands, dict):
                continue
            for name, band in bands.items():
                chance = BYTE if name == "val_bits_per_byte" else log(size) if size else None
                if not _numbers(band) or chance is None or band[0] <= chance + (0 if name == "val_bits_per_byte" else SLACK):
                    continue
                where = f"expect.{key}.{name}"
                message = f"{name} is expected from {band[0]:g} on, and a model that knows nothing has {chance:.3g}"
                better = [round(log(each), 2) for each in band]
                meant = name != "val_bits_per_byte" and size is not None and band[1] < size and band[1] > exp(1)
                edits = (Edit("set", path(step, where), better),) if meant else ()
                fix = f"of perplexities write their logarithms: {name}: {better}" if meant else "write the loss, in nats a token"
                yield say("S030", step, where, message, fix, severity="warning", edits=edits)


def _numbers(band: Any) -> bool:
    return (
        isinstance(band, list) and len(band) == 2 and all(isinstance(n, (int, float)) and not isinstance(n, bool) and n > 0 for n in band)
    )


def _rows(view: View, step: StepMeant) -> int | None:
    """How many tokens the model chooses among."""
    folder = view.base(step)
    found = step.forecast.vocab_size if isinstance(step.forecast, CheckpointForecast) else None
    return found or (folder.rows if folder is not None else None)
