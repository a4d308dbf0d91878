"""Parts of a pass over the data: so small that no step is filled by them."""

from collections.abc import Iterator

from runner.rules import View, at, number, rule, say
from runner.rules.batches import SPARE, rows_a_step, rows_of
from schemas.findings import Finding, RulePage


@rule(
    RulePage(
        "S027",
        "less than a step is trained",
        "num_train_epochs counts passes over the data, and 0.01 of a few hundred rows are fewer than one optimizer step takes: one step is "
        "made, and the model is what it was. For a trial, max_steps says how many steps there are.",
        wrong="num_train_epochs: 0.01\ntotal_batch_size: 8   # of 200 conversations",
        right="max_steps: 20\ntotal_batch_size: 8",
        source="hiyouga/LlamaFactory#5499; axolotl-ai-cloud/axolotl#1212",
        severity="warning",
        needs="the recipe, sizes and first rows of the data",
    )
)
def a_part_of_a_pass_fills_a_step(view: View) -> Iterator[Finding]:
    """S027: the rows of num_train_epochs, below 1, against those of one step; where a whole pass is too few S013 says so."""
    for step in view.of_type("train"):
        passes = number(step, "num_train_epochs")
        if passes is None or not 0 < passes < 1 or at(step.raw, "max_steps") is not None:
            continue
        total = rows_a_step(step)
        have, what = rows_of(view, step)
        if have is None or not total or total > SPARE * have or passes * have * SPARE >= total:
            continue
        message = f"{passes:g} passes over about {int(have):,} {what} are about {passes * have:.1f} of them, one step takes {total:,}"
        fix = "write num_train_epochs: 1, or max_steps: 20 for a trial"
        yield say("S027", step, "num_train_epochs", message, fix, severity="warning")
