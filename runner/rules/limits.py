"""Limits that are set so high that nothing is left: processes beyond the cores of any machine, a plan for the last byte of memory."""

import os
from collections.abc import Iterator

from runner.rules import View, number, path, rule, say
from schemas.findings import Edit, Finding, RulePage

MANY = 256  # processes: no machine in common use has so many cores
FOR_EACH = 4  # processes for each core of this machine are borne
WHOLE = 0.97  # of the memory: less than this leaves room


@rule(
    RulePage(
        "P018",
        "more processes than cores",
        "Each of the workers is a process of its own, with the tokenizer and its libraries in memory. More than there are cores are no "
        "faster, they take turns; and by the hundred they fill the memory, so that the system ends one of them and with it the step.",
        wrong="- type: tokenize_bin\n  workers: 256",
        right="- type: tokenize_bin   # workers: auto, as many as there are cores and work",
        source="unslothai/unsloth#7831; MIC-DKFZ/nnUNet#1869",
        severity="warning",
        needs="the number of cores, when the target is here",
    ),
    RulePage(
        "B107",
        "a plan for the last byte",
        "A plan fills up to memory_margin of the memory, by a model that is right within a few percent. What is left is for the CUDA "
        "context, for fragments and for the longest batches: with nothing left, the run is out of memory at one of them.",
        wrong="- type: plan\n  memory_margin: 1.0",
        right="- type: plan   # memory_margin: 0.8",
        source="pytorch/pytorch#105806; docs.pytorch.org: memory management",
        severity="warning",
    ),
)
def something_is_left(view: View) -> Iterator[Finding]:
    """P018: workers of the steps that take any. B107: memory_margin of a plan."""
    cores = os.cpu_count() or 1
    here = view.meant.target.name == "here"
    for step in view.of_type("parse_corpus", "split_long", "tokenize_bin"):
        workers = number(step, "workers")
        if workers is not None and (workers >= MANY or (here and workers > 16 and workers > FOR_EACH * cores)):
            message = f"workers: {int(workers)} starts {int(workers)} processes" + (f", and this machine has {cores} cores" if here else "")
            edits = (Edit("set", path(step, "workers"), "auto"),)
            yield say("P018", step, "workers", message, "write workers: auto", severity="warning", edits=edits)
    for step in view.of_type("plan"):
        margin = number(step, "memory_margin")
        if margin is not None and WHOLE < margin <= 1:
            message = f"memory_margin is {margin:g}: nothing is left for the context of the card, for fragments and for longer batches"
            edits = (Edit("set", path(step, "memory_margin"), 0.9),)
            yield say("B107", step, "memory_margin", message, "write memory_margin: 0.9", severity="warning", edits=edits)
