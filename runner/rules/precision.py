"""Precision: number formats that the target does not have."""

from collections.abc import Iterator

from runner.rules import View, at, rule, say
from schemas.findings import Edit, Finding


@rule()
def formats_exist(view: View) -> Iterator[Finding]:
    """P101: bf16 on a card before Ampere (a T4 emulates it, many times slower). P102: fp16 on a CPU."""
    machine = view.meant.target
    name = machine.title or machine.name
    for step in view.of_type("train"):
        asked = at(step.raw, "precision")
        edits = (Edit("set", ("steps", step.id, "precision"), "auto"),)
        if asked == "bf16" and machine.kind == "cuda" and not machine.bf16:
            message = f"{name} has no bf16 (compute capability {machine.capability / 10:.1f}, wanted 8.0)"
            yield say("P101", step, "precision", message, "write precision: auto, which takes fp16 there", edits=edits)
        elif asked == "fp16" and machine.kind == "cpu":
            yield say(
                "P102", step, "precision", "a CPU has no fp16 arithmetic", "write precision: auto, which takes fp32 there", edits=edits
            )
